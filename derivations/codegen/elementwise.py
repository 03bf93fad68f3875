"""The activations and the exponential as plain source: value and derivative of one number at a time."""

from __future__ import annotations

import textwrap

import sympy as sp

from derivations.codegen.expressions import RealPrinter, choice, indent, typed_constants
from derivations.theorems.scalar import accuracy, activations, exponential, exponential_error
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


def activate_function(
    printer: RealPrinter, table: tuple[Activation, ...], head: str, places: dict[str, str], before: tuple[str, ...] = ()
) -> str:
    """`activate`: one branch for each activation, value and slope in one pass over z.

    places : how many elements there are (``size``), where z and x are (``z``, ``x``), and the shape in words.
    """
    body: list[str] = []
    for code, item in enumerate(table):
        turn = [
            f"z = {places['z']}",
            *value_and_slope(printer, item),
            f"{places['x']} = value",
            f"{places['z']} = slope",
        ]
        body.append(f"{choice('activation', code, code, len(table))}  # {item.name}, theorem F.{item.name}")
        body += [f"    for i in range({places['size']}):", *indent(turn, 2)]
    doc = [
        '"""post = f(pre), and f\'(pre) in the place of pre, by the number of f in ACTIVATIONS.',
        "",
        f"Theorem: {', '.join(activation_theorems(table))}",
        "",
        f"pre ({places['shape']}) z, overwritten by f'(z); post ({places['shape']}) x = f(z)",
        '"""',
    ]
    return "\n".join([head, *indent([*doc, *typed_constants(printer.constants, "pre"), *before, *body])])


def exponential_function(form: exponential.Format) -> str:
    """exp(x) and expm1(x) in one format, the lines of the theorem as they stand."""
    theorem = next(theorem for theorem in exponential_error.THEOREMS if theorem.id == f"E.{form.name}")
    doc = [
        '"""exp(x) and expm1(x).',
        "",
        f"Theorem: {theorem.id}",
        "",
        *textwrap.wrap(f"{theorem.words}, for {theorem.scope}.", 110),
        '"""',
    ]
    constants = [f"{name} = np.{form.name}({float(value)!r})" for name, value in form.constants.items()]
    lines = indent([*doc, *constants, *form.lines, "return power, difference"])
    return "\n".join([f"def exponential_{form.name}(x):", *lines])
