"""A plain Python function with branches as C99, with the bits of NumPy scalars of one type in the order that is written."""

from __future__ import annotations

import ast

from derivations.codegen.c.expressions import Lines
from derivations.codegen.expressions import indent

COMPARED = {ast.Lt: "<", ast.Gt: ">", ast.GtE: ">="}
HALF_OF_BITS = {"float": "0xfffff000u", "double": "0xffffffff00000000ull"}
"""What keeps half of the digits of a number, so that its square is exact."""


class Function(Lines):
    """Statements of assignments, branches and returns; numbers are compared as integers, which is false for NaN where it matters."""

    def definition(self, source: str, name: str) -> str:
        """The function of the source under another name."""
        (node,) = ast.parse(source).body
        if not isinstance(node, ast.FunctionDef):
            raise ValueError("no function")
        (argument,) = node.args.args
        body = indent(self.block(node.body[1:], {argument.arg}))
        return "\n".join([f"static {self.real.name} {name}({self.real.name} {argument.arg})", "{", *body, "}"])

    def block(self, nodes: list[ast.stmt], known: set[str]) -> list[str]:
        """Statements; names that are first set here belong to the block."""
        known, lines = set(known), []
        for node in nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    lines.append(f"{'' if name in known else self.real.name + ' '}{name} = {self.number(value)};")
                    known.add(name)
                case ast.If(test=test, body=body, orelse=rest):
                    lines += [f"if ({self.truth(test)}) {{", *indent(self.block(body, known))]
                    lines += [*(["} else {", *indent(self.block(rest, known))] if rest else []), "}"]
                case ast.Return(value=ast.expr() as value):
                    lines.append(f"return {self.number(value)};")
                case _:
                    raise ValueError(f"no C for {ast.unparse(node)}")
        return lines

    def truth(self, node: ast.expr) -> str:
        """A comparison of numbers, by integers of their order."""
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"!({self.truth(operand)})"
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in COMPARED:
                return f"order({self.number(left)}) {COMPARED[type(operator)]} order({self.number(right)})"
        raise ValueError(f"no C for {ast.unparse(node)}")

    def number(self, node: ast.expr) -> str:
        """A floating-point expression; two constants are one, as in Python."""
        constant = self.constant(node)
        if constant is not None:
            return self.real.literal(constant)
        match node:
            case ast.Name(id=name):
                return name
            case ast.IfExp(test=test, body=body, orelse=rest):
                return f"{self.truth(test)} ? {self.number(body)} : {self.number(rest)}"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"negative({self.number(operand)})"
            case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
                return f"{self.inside(left)} {'*' if isinstance(op, ast.Mult) else '/'} {self.inside(right)}"
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return f"{self.number(left)} + {self.inside(right, (ast.Mult, ast.Div))}"
            case ast.BinOp(left=left, op=ast.Sub(), right=right) if self.constant(right) is not None:
                return f"negative(negative({self.number(left)}) + {self.number(right)})"
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return f"{self.number(left)} + negative({self.number(right)})"
            case ast.Call(func=ast.Name(id="abs"), args=[inner]):
                return f"magnitude({self.number(inner)})"
            case ast.Call(func=ast.Name(id="float32"), args=[inner]):
                return f"number(bits({self.number(inner)}) & {HALF_OF_BITS[self.real.name]})"
            case ast.Subscript(value=ast.Call(func=ast.Name(id="exponential_float64"), args=[inner])):
                return f"exponential({self.number(inner)}, 0)"
        raise ValueError(f"no C for {ast.unparse(node)}")

    def constant(self, node: ast.expr) -> float | None:
        """The value of an expression of constants alone."""
        if any(
            not isinstance(part, (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop))
            for part in ast.walk(node)
        ):
            return None
        return value_of(node)

    def inside(self, node: ast.expr, loose: tuple[type[ast.operator], ...] = ()) -> str:
        """An operand, in brackets where it is a sum, a product or a quotient but of the loose kinds."""
        text = self.number(node)
        wrapped = isinstance(node, (ast.BinOp, ast.IfExp)) and self.constant(node) is None
        return f"({text})" if wrapped and not (isinstance(node, ast.BinOp) and isinstance(node.op, loose)) else text


def value_of(node: ast.expr) -> float:
    """The value of constants, in float64."""
    match node:
        case ast.Constant(value=float(value)):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value_of(operand)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return value_of(left) - value_of(right)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return value_of(left) + value_of(right)
    raise ValueError(f"no constant: {ast.unparse(node)}")
