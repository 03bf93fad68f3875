"""The activations as Numba source: value and derivative of one number at a time."""

from __future__ import annotations

import sympy as sp

from derivations.codegen.expressions import RealPrinter
from derivations.theorems.scalar import accuracy, activations, exponential_error
from derivations.theorems.scalar.activations import Activation


def activation_theorems(table: tuple[Activation, ...] = activations.ACTIVATIONS) -> tuple[str, ...]:
    """The theorems that the printed activations rest on."""
    theorems = (*accuracy.THEOREMS, *exponential_error.THEOREMS)
    return (*(f"F.{item.name}" for item in table), *(theorem.id for theorem in theorems))


def value_and_slope(printer: RealPrinter, item: Activation) -> list[str]:
    """`value` and `slope` of z, the exponential and the reciprocal first."""
    lines = []
    if item.exponent is not None:
        lines.append(f"E, m = exponential({printer.doprint(item.exponent)})")
    if item.denominator is not None:
        lines.append(f"d = {printer.doprint(1 / item.denominator)}")
    common, (value, slope) = sp.cse(
        [printer.name_irrationals(e) for e in (item.value, item.slope)], symbols=sp.numbered_symbols("c")
    )
    lines += [f"{name} = {printer.doprint(e)}" for name, e in common]
    return [*lines, f"value = {printer.doprint(value)}", f"slope = {printer.doprint(slope)}"]
