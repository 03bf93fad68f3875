"""Plain Python functions as JavaScript: the small part of the language that the printers and the templates use.

Names become camelCase, views of flat vectors `subarray`, tuples arrays. JavaScript computes in float64: in the format float32
every operation on numbers is rounded by `Math.fround`, which gives the bits of float32 arithmetic, since a sum, product,
quotient or root of two float32 numbers rounded to float64 and then to float32 is the one rounded once. Indices and counts
are whole numbers and stay as they are. Whatever is not known here is refused.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass

from derivations.codegen.expressions import indent
from derivations.codegen.javascript.values import BINARY, Expressions, is_name


@dataclass
class Translator(Expressions):
    """Functions and their statements."""

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
            case ast.Return(ast.Tuple([power, difference])) if is_name(power, "power") and is_name(
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
        if isinstance(call, ast.Call) and is_name(call.func, "range"):
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


def _assigned(node: ast.AST) -> list[str]:
    """The names that a statement and what is inside of it set, each as often as it is set; `x += 1` counts twice."""
    names = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            names.append(inner.id)
        elif isinstance(inner, ast.AugAssign) and isinstance(inner.target, ast.Name):
            names.append(inner.target.id)
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
