"""Plain Python functions as JavaScript: the small part of the language that the printers and the templates use.

Names become camelCase, views of flat vectors `subarray`, tuples arrays. JavaScript computes in float64: in the format float32
every operation on numbers is rounded by `Math.fround`, which gives the bits of float32 arithmetic, since a sum, product,
quotient or root of two float32 numbers rounded to float64 and then to float32 is the one rounded once. Indices and counts
are whole numbers and stay as they are. Whatever is not known here is refused.
"""

from __future__ import annotations

import ast
import re
import struct
from collections import Counter
from dataclasses import dataclass, field

from derivations.codegen.expressions import indent

BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.RShift: ">>"}
COMPARED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "===", ast.NotEq: "!=="}
JOINED = {ast.And: "&&", ast.Or: "||"}
ARRAYS = {"float32": "Float32Array", "float64": "Float64Array"}
SPECIAL = {
    "math.log": "log",
    "math.log1p": "log1p",
    "math.erfc": "erfc",
    "math.sqrt": "Math.sqrt",
    "math.floor": "Math.floor",
}
"""Functions whose result is rounded in float32; `log`, `log1p` and `erfc` compute in float64."""
UNROUNDED = {"abs": "Math.abs", "math.isfinite": "Number.isFinite", "float32": "Math.fround"}
METHODS = {"append": "push", "copy": "slice"}
INTEGERS = {"layout", "label", "labels", "rows", "order", "widths", "pairs"}
"""Arrays of whole numbers."""


@dataclass
class Translator:
    """One function after the other.

    Parameters
    ----------
    rounded : ``float32`` for arithmetic in float32, ``float64`` for that of JavaScript itself.
    array : the format of new arrays, and of `exponential`.
    fround : what rounds to float32.
    short : names stay as they are, and there are no comments: for modules that are to be small.
    """

    rounded: str = "float64"
    array: str = "float64"
    fround: str = "fround"
    short: bool = False
    constants: dict[str, str] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)

    def function(self, source: str, exported: bool = True) -> str:
        """A Python function as a JavaScript function."""
        (node,) = ast.parse(_comments_as_statements(source)).body
        if not isinstance(node, ast.FunctionDef):
            raise ValueError(f"no function: {source[:60]}")
        self.constants, self.whole = {}, {"n_samples", "n_out", "n_in", "size", "activation", "n_layers", "n_outputs"}
        doc, body = ast.get_docstring(node), node.body
        lines = self._comment(doc) if doc and not self.short else []
        arguments = [argument.arg for argument in node.args.args]
        body = body[1:] if doc else body
        head = (
            f"{'export ' if exported else ''}function {self.name(node.name)}({', '.join(map(self.name, arguments))}) {{"
        )
        return "\n".join([*lines, head, *indent(self.block(body, set(arguments))), "}"])

    @staticmethod
    def _comment(text: str) -> list[str]:
        lines = text.splitlines()
        return ["/**", *(f" * {line}".rstrip() for line in lines), " */"]

    def name(self, name: str) -> str:
        """camelCase; names of constants stay."""
        if name.isupper() or self.short:
            return name
        first, *others = name.lstrip("_").split("_") if name != "_" else ["turn"]
        return first + "".join(word[:1].upper() + word[1:] for word in others)

    # --- statements -------------------------------------------------------------------------------

    def block(self, body: list[ast.stmt], declared: set[str]) -> list[str]:
        """Statements; a name is declared where it is set first."""
        inside = set(declared)
        counts = Counter(name for node in body for name in _assigned(node))
        return [line for node in body for line in self.statement(node, inside, counts)]

    def statement(self, node: ast.stmt, declared: set[str], counts: Counter[str]) -> list[str]:
        match node:
            case ast.Expr(ast.Constant(str(text))):
                return [] if self.short else [f"// {text}"]
            case ast.Expr(value):
                return [f"{self.expression(value)};"]
            case ast.Assign([target], value):
                return self.assignment(target, value, declared, counts)
            case ast.AugAssign(target, operator, value):
                return [self.augmented(target, operator, value)]
            case ast.For():
                return self.loop(node, declared)
            case ast.While(test, body):
                return [f"while ({self.expression(test)}) {{", *indent(self.block(body, declared)), "}"]
            case ast.If():
                return self.choice(node, declared)
            case ast.Return(None):
                return ["return;"]
            case ast.Return(ast.Tuple([power, difference])) if _is_name(power, "power") and _is_name(
                difference, "difference"
            ):
                return ["expm1 = difference;", "return power;"]
            case ast.Return(value) if value is not None:
                return [f"return {self.expression(value)};"]
            case ast.Continue():
                return ["continue;"]
        raise ValueError(f"no JavaScript for the statement {ast.unparse(node)}")

    def assignment(self, target: ast.expr, value: ast.expr, declared: set[str], counts: Counter[str]) -> list[str]:
        if isinstance(target, ast.Name) and counts[target.id] == 1 and (number := self.constant(value)) is not None:
            self.constants[target.id] = number
            return []
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
            return [f"{self.expression(target.value)}.fill({self.expression(value)});"]
        if isinstance(target, ast.Tuple):
            names = [name.id for name in target.elts if isinstance(name, ast.Name)]
            if names == ["E", "m"]:
                declared.update(names)
                return [f"const E = {self.expression(value)}, m = expm1;"]
            if isinstance(value, ast.Tuple):
                pairs = zip(target.elts, value.elts, strict=True)
                return [line for name, one in pairs for line in self.assignment(name, one, declared, counts)]
            if set(names) & declared:
                raise ValueError(f"a tuple sets what is declared: {names}")
            declared.update(names)
            return [f"const [{', '.join(map(self.name, names))}] = {self.expression(value)};"]
        word = ""
        if isinstance(target, ast.Name):
            if target.id not in declared:
                word = "const " if counts[target.id] == 1 else "let "
                declared.add(target.id)
            if self.is_whole(value):
                self.whole.add(target.id)
            if f"{word}{target.id}" == ast.unparse(value):
                return []
            if target.id == ast.unparse(value):
                return []
        return [f"{word}{self.expression(target)} = {self.expression(value)};"]

    def augmented(self, target: ast.expr, operator: ast.operator, value: ast.expr) -> str:
        """`a += b`, written out where it is to be rounded, and the target is no array, which rounds by itself."""
        left, right = self.expression(target), self.expression(value)
        sign = BINARY[type(operator)]
        if self.rounded == "float32" and isinstance(target, ast.Name) and not self.is_whole(target):
            return f"{left} = {self.fround}({left} {sign} {right});"
        return f"{left} {sign}= {right};"

    def loop(self, node: ast.For, declared: set[str]) -> list[str]:
        if not isinstance(node.target, ast.Name):
            raise ValueError(f"no JavaScript for the loop {ast.unparse(node)}")
        name = self.name(node.target.id)
        call = node.iter
        if isinstance(call, ast.Call) and _is_name(call.func, "range"):
            self.whole.add(node.target.id)
            bounds = [self.expression(bound) for bound in call.args]
            start, stop = ("0", bounds[0]) if len(bounds) == 1 else bounds[:2]
            step = bounds[2] if len(bounds) == 3 else "1"
            down = step.startswith("-")
            move = f"{name}{'--' if down else '++'}" if step.lstrip("-") == "1" else f"{name} += {step}"
            head = f"for (let {name} = {start}; {name} {'>' if down else '<'} {stop}; {move}) {{"
        else:
            head = f"for (const {name} of {self.expression(call)}) {{"
        return [head, *indent(self.block(node.body, {*declared, node.target.id})), "}"]

    def choice(self, node: ast.If, declared: set[str]) -> list[str]:
        lines = [f"if ({self.expression(node.test)}) {{", *indent(self.block(node.body, declared))]
        other = node.orelse
        while other:
            if len(other) == 1 and isinstance(other[0], ast.If):
                lines += [
                    f"}} else if ({self.expression(other[0].test)}) {{",
                    *indent(self.block(other[0].body, declared)),
                ]
                other = other[0].orelse
            else:
                lines += ["} else {", *indent(self.block(other, declared))]
                other = []
        return [*lines, "}"]

    # --- expressions ------------------------------------------------------------------------------

    def constant(self, value: ast.expr) -> str | None:
        """The number of `X.dtype.type(number)` or `np.float32(number)`, in the format of the operations."""
        if not (isinstance(value, ast.Call) and len(value.args) == 1):
            return None
        name, argument = ast.unparse(value.func), value.args[0]
        if not (name.endswith("dtype.type") or name in ("np.float32", "np.float64")):
            return None
        try:
            number = float(ast.literal_eval(argument))
        except ValueError:
            return "-Infinity" if ast.unparse(argument) == "-math.inf" else None
        return literal(number, self.rounded)

    def is_whole(self, node: ast.expr) -> bool:
        """Whether an expression is an index or a count."""
        match node:
            case ast.Constant(value):
                return isinstance(value, int)
            case ast.Name(name):
                return name in self.whole or name.isupper()
            case ast.Subscript(array, _):
                return ast.unparse(array).split("[")[0] in INTEGERS
            case ast.Attribute(_, "size"):
                return True
            case ast.BinOp(left, _, right):
                return self.is_whole(left) and self.is_whole(right)
            case ast.UnaryOp(_, operand):
                return self.is_whole(operand)
            case ast.Call(ast.Name("len" | "integer")):
                return True
            case ast.Call(ast.Attribute(_, "view")):
                return True
        return False

    def round(self, text: str, node: ast.expr) -> str:
        """The result of an operation on numbers."""
        return f"{self.fround}({text})" if self.rounded == "float32" and not self.is_whole(node) else text

    def expression(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(bool(value)):
                return str(value).lower()
            case ast.Constant(None):
                return "null"
            case ast.Constant(str(value)):
                return f'"{value}"'
            case ast.Constant(int(value) | float(value)):
                return literal(float(value), "float64")
            case ast.Name(name):
                return self.constants.get(name) or self.name(name)
            case ast.Attribute(value, "size"):
                return f"{self.expression(value)}.length"
            case ast.Attribute(ast.Name("math"), name):
                return {"inf": "Infinity", "nan": "NaN"}[name]
            case ast.Attribute(value, name):
                return f"{self.expression(value)}.{self.name(name)}"
            case ast.List(elements) | ast.Tuple(elements):
                return f"[{', '.join(map(self.expression, elements))}]"
            case ast.Subscript():
                return self.element(node)
            case ast.UnaryOp(ast.USub(), operand):
                return f"-{self.inner(operand)}"
            case ast.UnaryOp(ast.Not(), operand):
                return f"!{self.inner(operand)}"
            case ast.BoolOp(operator, values):
                return f" {JOINED[type(operator)]} ".join(map(self.inner, values))
            case ast.Compare(left, [operator], [right]):
                return f"{self.expression(left)} {COMPARED[type(operator)]} {self.expression(right)}"
            case ast.IfExp(test, body, orelse):
                return f"{self.inner(test)} ? {self.inner(body)} : {self.inner(orelse)}"
            case ast.BinOp(left, ast.FloorDiv(), right):
                return f"Math.floor({self.inner(left)} / {self.inner(right)})"
            case ast.BinOp(left, operator, right):
                return self.operation(node, left, operator, right)
            case ast.Call():
                return self.call(node)
        raise ValueError(f"no JavaScript for {ast.unparse(node)}")

    def operation(self, node: ast.BinOp, left: ast.expr, operator: ast.operator, right: ast.expr) -> str:
        """Two operands; brackets where the order of Python would else be lost."""
        level = _LEVELS[type(operator)]
        rounded = self.rounded == "float32" and not self.is_whole(node)
        texts = []
        for operand, side in ((left, 0), (right, 1)):
            text = self.expression(operand)
            own = _LEVELS.get(type(operand.op), 9) if isinstance(operand, ast.BinOp) else 9
            wrapped = rounded and isinstance(operand, ast.BinOp)
            loose = isinstance(operand, (ast.IfExp, ast.Compare, ast.BoolOp)) or (own < level + side and not wrapped)
            texts.append(f"({text})" if loose or (text.startswith("-") and side) else text)
        return self.round(f"{texts[0]} {BINARY[type(operator)]} {texts[1]}", node)

    def inner(self, node: ast.expr) -> str:
        """An operand in brackets, unless it is one word."""
        text = self.expression(node)
        rounded = self.rounded == "float32" and isinstance(node, ast.BinOp) and not self.is_whole(node)
        return (
            f"({text})" if isinstance(node, (ast.BinOp, ast.IfExp, ast.Compare, ast.BoolOp)) and not rounded else text
        )

    def element(self, node: ast.Subscript) -> str:
        array, place = node.value, node.slice
        text = self.expression(array)
        if isinstance(array, ast.Attribute) and array.attr == "shape":
            return f"{self.expression(array.value)}.length"
        if isinstance(array, ast.Call) and "exponential" in ast.unparse(array.func) and ast.unparse(place) == "0":
            return text
        if isinstance(place, ast.Slice):
            bounds = [self.expression(bound) for bound in (place.lower, place.upper) if bound is not None]
            return f"{text}.subarray({', '.join(bounds)})"
        whole = [self.whole_expression(one) for one in (place.elts if isinstance(place, ast.Tuple) else [place])]
        return text + "".join(f"[{one}]" for one in whole)

    def whole_expression(self, node: ast.expr) -> str:
        """An index: never rounded."""
        before, self.rounded = self.rounded, "float64"
        text = self.expression(node)
        self.rounded = before
        return text

    def call(self, node: ast.Call) -> str:
        name, texts = ast.unparse(node.func), [self.expression(argument) for argument in node.args]
        if name == "part":
            flat, _, length = texts
            start = self.whole_expression(node.args[1])
            end = length if start == "0" else f"{start} + {length}"
            return f"{flat}.subarray({start}, {end})"
        if name == "np.empty" or name == "np.zeros":
            return f"new {ARRAYS[self.array]}({texts[0]})"
        if name.endswith("dtype.type"):
            return self.constant(node) or (f"{self.fround}({texts[0]})" if self.array == "float32" else texts[0])
        if name == "exponential":
            return f"{self.name(f'exponential_{self.array}')}({texts[0]})"
        if name in SPECIAL:
            return self.round(f"{SPECIAL[name]}({', '.join(texts)})", node)
        if name in UNROUNDED:
            return f"{UNROUNDED[name]}({', '.join(texts)})"
        if name == "max":
            return f"({texts[1]} > {texts[0]} ? {texts[1]} : {texts[0]})"
        if name == "len":
            return f"{texts[0]}.length"
        if name == "float":
            return texts[0]
        if name == "integer":
            return f"{texts[0]} | 0"
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            return f"{self.expression(node.func.value)}.{METHODS[node.func.attr]}({', '.join(texts)})"
        if isinstance(node.func, ast.Name):
            return f"{self.name(name)}({', '.join(texts)})"
        raise ValueError(f"no JavaScript for the call {ast.unparse(node)}")


_LEVELS = {ast.RShift: 1, ast.Add: 2, ast.Sub: 2, ast.Mult: 3, ast.Div: 3, ast.Mod: 3, ast.FloorDiv: 3}


def literal(number: float, form: str) -> str:
    """The shortest decimal that JavaScript reads back to the number, which in float32 is first rounded to it."""
    if form == "float32":
        number = struct.unpack("<f", struct.pack("<f", number))[0]
    if number != number or abs(number) == float("inf"):
        return "NaN" if number != number else ("Infinity" if number > 0 else "-Infinity")
    text = repr(number)
    return text.removesuffix(".0")


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _assigned(node: ast.AST) -> list[str]:
    """The names that a statement and what is inside of it set, each as often as it is set."""
    names = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            names.append(inner.id)
            names += [inner.id] * any(isinstance(n, ast.AugAssign) and n.target is inner for n in ast.walk(node))
    return names


def _comments_as_statements(source: str) -> str:
    """Comments as texts that stand alone, so that the syntax tree keeps them; one behind a colon goes into the block."""
    lines = []
    for line in source.splitlines():
        found = re.fullmatch(r"(?P<space> *)(?P<code>[^#]*?) *# (?P<text>.*)", line)
        if not found or line.count('"') % 2:
            lines.append(line)
            continue
        space, code, text = found["space"], found["code"], found["text"]
        if code.endswith(":"):
            lines += [f"{space}{code}", f"{space}    {text!r}"]
        else:
            lines += [f"{space}{text!r}", *([f"{space}{code}"] if code else [])]
    return "\n".join(lines)
