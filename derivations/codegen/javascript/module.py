"""The generated JavaScript modules as text: header, exponential, proven functions, training; one module for each format."""

from __future__ import annotations

import json
from pathlib import Path

import sympy

from derivations.codegen import elementwise, plain, templates
from derivations.codegen.expressions import choice
from derivations.codegen.formulas import FormulaPrinter
from derivations.codegen.javascript.translate import Translator
from derivations.codegen.programs import ADJOINTS, PROGRAMS, PROPAGATIONS, VARIANTS
from derivations.theorems.scalar import exponential, losses
from derivations.theorems.scalar.activations import ACTIVATIONS

FOLDER = Path(__file__).parent
POWERS = 640
"""Where 2^0 stands in the table of powers of two; the exponential needs those from 2^-540 to 2^540."""
HEADER = """\
/*
 * Spectral networks in {format}: propagation, adjoint, losses, penalties, optimizers, training. Do not edit.
 *
 * made by       python -m derivations
 * SymPy         {sympy}
 * certificates  sha256 {digest}
 *
 * Printed from the proven programs in `derivations`: every function that names a theorem computes what it states.
 * Not proven, but compared with the other kernels by the tests: the other functions (layout, mini-batches, order of
 * calls) and rounding outside of the exponential. {arithmetic}
 *
 * No function but these computes: neither Math.exp nor Math.log, whose last digits differ between engines.
 * All arrays are flat: parameters and states are {array}, labels and orders of rows Int32Array. A layout has one row
 * for each layer, its columns named below; in the direct network the columns from BLOCKS on say where W_ij starts, -1
 * where there is no such block.
 */

export const ACTIVATIONS = {activations};
export const WIDTH = 0, START = 1, PHI = 2, LAMBDA_IN = 3, LAMBDA_OUT = 4;
export const BLOCKS = 2;
{fround}// 2^n stands at POWERS[n + {powers}]: a table, so that no conversion of bits depends on the machine.
const POWERS = new Float64Array({length});
POWERS[{powers}] = 1;
for (let n = 1; n < {powers}; n++) {{
    POWERS[{powers} + n] = 2 * POWERS[{last} + n];
    POWERS[{powers} - n] = POWERS[{next} - n] / 2;
}}
// expm1 of the last argument of an exponential.
let expm1 = 0;
"""
ARITHMETIC = {
    "float32": "Math.fround rounds each operation:\n * the results have the bits of float32 arithmetic in this order.",
    "float64": "Numbers are\n * float64, and sums run in the order that stands here.",
}


class Powers(FormulaPrinter):
    """A power with a symbol above is a call: `**` differs from engine to engine."""

    def _print_Pow(self, e: sympy.Pow) -> str:
        if e.exp.is_number:
            return str(super()._print_Pow(e))
        return f"power({self._print(e.base)}, {self._print(e.exp)})"


def scaling_from_table(form: exponential.Format, source: str, places: int = POWERS) -> str:
    """The exponential with s1 = 2^half, s2 = 2^rest and q2 = 2^-rest from the table instead of the bits of t."""
    own = (
        "k = integer(n)",
        "half = k >> 1",
        "rest = k - half",
        f"s1 = POWERS[half + {places}]",
        f"s2 = POWERS[rest + {places}]",
        f"q2 = POWERS[{places} - rest]",
    )
    before, after = "\n    ".join(form.scaling), "\n    ".join(own)
    if source.count(before) != 1:
        raise ValueError(f"the exponential in {form.name} has no lines that scale")
    return source.replace(before, after)


def exponential_function(form: exponential.Format, exported: bool = True) -> str:
    """The exponential in one format as JavaScript."""
    source = scaling_from_table(form, elementwise.exponential_function(form))
    return Translator(form.name, form.name).function(source, exported)


def _elementwise() -> str:
    """One branch for each loss that sums over samples and outputs."""
    lines: list[str] = []
    for number, item in enumerate(losses.ELEMENTWISE):
        lines.append(choice("loss", f'"{item.name}"', number, len(losses.ELEMENTWISE)))
        lines.append(f"    value = float({item.name}(output, target, weight, share, n_samples, n_outputs))")
    return "\n".join(lines)


def orchestration() -> list[str]:
    """Training: storage, order of calls, and the proven formulas of scalars in their places, as plain Python."""
    *helpers, predict, epoch = templates.read(FOLDER, "training", Powers).values()
    runners = [
        templates.specialise(
            source,
            "",
            VARIANT=variant,
            PROPAGATE=", ".join(plain.signature(forward)),
            ADJOINT=", ".join(plain.signature(backward)),
        )
        for variant, forward, backward in zip(VARIANTS, PROPAGATIONS, ADJOINTS, strict=True)
        for source in (predict, epoch)
    ]
    helpers = [templates.specialise(source, "", ELEMENTWISE=_elementwise()) for source in helpers]
    return [source.lstrip("\n") for source in (*helpers, *runners)]


def special() -> list[str]:
    """log, log1p, erfc and powers, as plain Python."""
    return list(templates.read(FOLDER, "special").values())


def plain_text() -> str:
    """All functions as plain Python: the reference, to be run with the scalars of either format."""
    exponentials = [elementwise.exponential_function(form) for form in exponential.FORMATS]
    printed = [plain.activate(), *map(plain.function, PROGRAMS)]
    return "\n\n\n".join([*exponentials, *special(), *printed, *orchestration()]) + "\n"


def javascript_module(form: exponential.Format, digest: str) -> str:
    """The text of the module in one format."""
    double = exponential.FLOAT64
    header = HEADER.format(
        format=form.name,
        sympy=sympy.__version__,
        digest=digest,
        arithmetic=ARITHMETIC[form.name],
        array="Float32Array" if form.name == "float32" else "Float64Array",
        activations=json.dumps([item.name for item in ACTIVATIONS]),
        fround="const fround = Math.fround;\n" if form.name == "float32" else "",
        powers=POWERS,
        length=2 * POWERS + 1,
        last=POWERS - 1,
        next=POWERS + 1,
    )
    proven, outside = Translator(form.name, form.name), Translator("float64", form.name)
    forms = [form] if form is double else [form, double]
    parts = [exponential_function(one) for one in forms]
    parts += [outside.function(source) for source in special()]
    parts += [proven.function(source) for source in (plain.activate(), *map(plain.function, PROGRAMS))]
    parts += [outside.function(source) for source in orchestration()]
    return "\n\n".join([header.rstrip(), *parts]) + "\n"


def javascript_modules(digest: str) -> dict[str, str]:
    """The modules by name; `digest` is that of the certificates."""
    return {form.name: javascript_module(form, digest) for form in exponential.FORMATS}
