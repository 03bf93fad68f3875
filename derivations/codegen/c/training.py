"""The parts of an exported C file that trains: activations with their slopes, the adjoint, one step of SGD, gradients of losses."""

from __future__ import annotations

import sympy as sp

from derivations.codegen.c.expressions import CPrinter, Real, declared
from derivations.codegen.expressions import add, indent
from derivations.proof.assignments import Assign, flatten
from derivations.proof.programs import Program
from derivations.theorems.scalar import losses, optimizers
from derivations.theorems.scalar.activations import Activation, E, d, m
from derivations.theorems.spectral import adjoint, propagation

PLACES = {
    "x_source": "x[place]", "W": "w[1 + j]", "dz": "delta", "dx": "dx[k]", "slope": "slope[k]", "shifted": "dz[k]", "output": "z",
}  # fmt: skip
"""Where the function that trains keeps the arrays of the programs."""


class TrainingPrinter(CPrinter):
    """At a kink the slope is the one from the left, so z = +0 must count as z <= 0."""

    def _print_Relational(self, e: sp.Rel) -> str:
        if e.rel_op != "<=" or e.rhs != 0 or not e.lhs.is_Symbol:
            raise ValueError(f"no C for the condition {e}")
        return f"!positive({e.lhs})"

    def _print_exp(self, e: sp.exp) -> str:
        return f"exponential({self._print(e.args[0])}, 0)"


def assigned(program: Program, name: str) -> Assign:
    """The one assignment of a program to an array."""
    (found,) = (a for a in flatten(program.body) if isinstance(a, Assign) and a.name == name)
    return found


def placed(e: sp.Expr, **places: str) -> sp.Expr:
    """The expression with every element of an array at its place."""
    names = PLACES | places
    return e.xreplace({o: sp.Symbol(names[str(o.base)]) for o in e.atoms(sp.Indexed)})


def activation_function(item: Activation, real: Real) -> str:
    """f(z), and f'(z) where it is asked for: the operations of `value_and_slope`, what only the slope needs apart."""
    printer = TrainingPrinter(real)
    common, (value, slope) = sp.cse(
        [printer.name_irrationals(e) for e in (item.value, item.slope)], symbols=sp.numbered_symbols("c")
    )
    # Names in their order: the exponential, the reciprocal, and what value and slope have in common.
    named: list[tuple[sp.Symbol, sp.Expr, str]] = []
    for symbol, minus_one in ((E, 0), (m, 1)):
        if item.exponent is not None:
            power = f"exponential({printer.doprint(item.exponent)}, {minus_one})"
            named.append((symbol, sp.Integer(0), f"const {real.name} {symbol} = {power};"))
    if item.denominator is not None:
        named.append((d, item.denominator, f"const {real.name} d = {printer.doprint(1 / item.denominator)};"))
    named += [(name, e, declared(printer, name, e)) for name, e in common]
    first, second = _names_in(named, value), _names_in(named, slope)
    before = [line for name, _, line in named if name in first]
    inside = [line for name, _, line in named if name in second - first]
    lines = [
        *before,
        "if (at) {",
        *indent([*inside, f"*at = {printer.doprint(slope)};"]),
        "}",
        f"return {printer.doprint(value)};",
    ]
    title = f"/* f(z) = {item.function}, and f'(z) unless its place is 0. Theorem F.{item.name}. */"
    return "\n".join(
        [title, f"static {real.name} activation({real.name} z, {real.name} *at)", "{", *indent(lines), "}"]
    )


def _names_in(named: list[tuple[sp.Symbol, sp.Expr, str]], e: sp.Expr) -> set[sp.Symbol]:
    """The names that an expression needs, those of other names included."""
    names = set(e.free_symbols)
    for name, value, _ in reversed(named):
        if name in names:
            names |= value.free_symbols
    return names


def step(gradient: str, parameter: str) -> sp.Expr:
    """θ - rate g: SGD without momentum, `descent` for -rate."""
    values = {
        optimizers.first_new.element: assigned(optimizers.SGD, "first_new").value,
        optimizers.momentum: sp.Integer(0),
        optimizers.nesterov: sp.Integer(0),
    }
    moved = assigned(optimizers.SGD, "updated").value
    for symbol, value in values.items():
        moved = moved.subs(symbol, value)
    return moved.subs(optimizers.rate, -sp.Symbol("descent")).xreplace({
        optimizers.gradient.element: sp.Symbol(gradient), optimizers.parameter.element: sp.Symbol(parameter)
    })  # fmt: skip


def words(real: Real) -> dict[str, str]:
    """What the words of the template stand for in one type."""
    printer = TrainingPrinter(real)
    forward, back = _added(propagation.DIRECT), _added(adjoint.DIRECT)
    slope = placed(assigned(adjoint.DIRECT, "dW").value)
    weighted = {losses.weight.element: sp.Integer(1), losses.scale: sp.Symbol("SHARE")}
    minus_y = {losses.target.element: -sp.Symbol("minus_y")}

    def loss(item: losses.Elementwise) -> str:
        value = assigned(item.program, "d_output").value
        return printer.doprint(placed(value.subs(weighted).xreplace(minus_y)))

    entropy = assigned(losses.CROSS_ENTROPY, "d_output").value.subs(
        {losses.smoothing: 0, losses.spread: 0, losses.scale: 1}
    )
    entropy = entropy.subs(losses.weight.element, 1).replace(sp.KroneckerDelta, lambda *_: -sp.Symbol("minus_hit"))
    return {
        "PRODUCT": f"{add('z', printer.doprint(placed(forward.value, W='*w')))};",
        "DELTA": printer.doprint(placed(assigned(adjoint.DIRECT, "dz").value)),
        "ADJOINT": f"{add('dx[place - NET_USED]', printer.doprint(placed(back.value)))};",
        "UPDATE": printer.doprint(step(f"({printer.doprint(slope)})", "w[1 + j]")),
        "BIAS": f"*w = {printer.doprint(step('delta', '*w'))};",
        "CROSS_ENTROPY": printer.doprint(placed(entropy)),
        "SQUARED_ERROR": loss(losses.SQUARED_ERROR),
        "BINARY": loss(losses.BINARY_CROSS_ENTROPY),
        "MINUS_ONE": real.literal(-1.0),
    }


def _added(program: Program) -> Assign:
    """The assignment of a program that adds."""
    (found,) = (a for a in flatten(program.body) if isinstance(a, Assign) and a.accumulate)
    return found
