"""The activations of a layer and their exponential as Numba source for the CPU."""

from __future__ import annotations

import textwrap

from derivations.codegen.cpu.layers import DECORATOR
from derivations.codegen.elementwise import activation_theorems, value_and_slope
from derivations.codegen.expressions import RealPrinter, choice, indent, typed_constants
from derivations.theorems.scalar import activations, exponential, exponential_error
from derivations.theorems.scalar.activations import Activation

# No "reassoc": regrouped, the reduction of the exponential is no longer exact. The flags belong to the instructions,
# so they hold wherever the function is inlined.
EXACT_ORDER = '{"nogil": True, "error_model": "numpy", "fastmath": {"contract"}, "forceinline": True}'
CHOICE = '''
def exponential(x):
    """exp(x) and expm1(x) in the type of x."""
    return exponential_float32(x) if type(x) is np.float32 else exponential_float64(x)


@overload(exponential, jit_options={options})
def exponential_by_type(x):
    return exponential_float32 if x == types.float32 else exponential_float64
'''


def activation_function(table: tuple[Activation, ...] = activations.ACTIVATIONS) -> str:
    """`activate`: one branch for each activation, value and derivative in one pass over z."""
    printer = RealPrinter()
    body: list[str] = []
    for code, item in enumerate(table):
        body += [
            f"{choice('activation', code, code, len(table))}  # {item.name}, theorem F.{item.name}",
            "    for i in range(pre.size):",
            *indent(["z = z_all[i]", *value_and_slope(printer, item), "x_all[i] = value", "z_all[i] = slope"], 2),
        ]
    doc = [
        '"""post = f(pre), and f\'(pre) in the place of pre, by the number of f in ACTIVATIONS.',
        "",
        f"Theorem: {', '.join(activation_theorems(table))}",
        "",
        "pre (n_samples, n_out) z, overwritten by f'(z); post (n_samples, n_out) x = f(z)",
        '"""',
    ]
    # One loop over all elements: a loop over the neurons of a narrow layer is too short to be vectorised.
    flat = ["z_all, x_all = pre.reshape(pre.size), post.reshape(post.size)"]
    lines = indent([*doc, *typed_constants(printer.constants, "pre"), *flat, *body])
    return "\n".join([DECORATOR, "def activate(activation, pre, post):", *lines])


def exponential_functions() -> list[str]:
    """The programs of the theorems E in each format, and `exponential` that chooses by the type of its argument."""
    parts = []
    for form, theorem in zip(exponential.FORMATS, exponential_error.THEOREMS, strict=True):
        doc = [
            '"""exp(x) and expm1(x).',
            "",
            f"Theorem: {theorem.id}",
            "",
            *textwrap.wrap(f"{theorem.statement}, for {theorem.scope}.", 110),
            '"""',
        ]
        constants = [f"{name} = np.{form.name}({float(value)!r})" for name, value in form.constants.items()]
        body = indent([*doc, *constants, *form.lines, "return power, difference"])
        parts.append("\n".join([f"def exponential_{form.name}(x):", *body]))
    return [*parts, *CHOICE.format(options=EXACT_ORDER).strip().split("\n\n\n")]
