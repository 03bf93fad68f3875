"""Plain Python expressions as JavaScript."""

from __future__ import annotations

import ast
import struct
from dataclasses import dataclass, field

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
class Expressions:
    """Expressions, with what is known of the function around them.

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

    def name(self, name: str) -> str:
        """camelCase; names of constants stay."""
        if name.isupper() or self.short:
            return name
        first, *others = name.lstrip("_").split("_") if name != "_" else ["turn"]
        return first + "".join(word[:1].upper() + word[1:] for word in others)

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
            case ast.BinOp(left, operator, right) if type(operator) in BINARY:
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


def is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
