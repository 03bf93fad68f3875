"""The generated kernel modules as text: header, tables, proven functions, orchestration."""

import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path

import sympy

from derivations.codegen import templates
from derivations.codegen.cpu import elementwise, images, one_hidden, sparse
from derivations.codegen.cpu import layers as cpu
from derivations.codegen.expressions import choice
from derivations.codegen.host import host_functions
from derivations.codegen.one_hidden import SIZES, theorems
from derivations.codegen.programs import ADJOINTS, PROGRAMS, PROPAGATIONS, VARIANTS
from derivations.proof.programs import Program
from derivations.theorems.scalar import (
    accuracy,
    exponential,
    exponential_error,
    losses,
    optimizers,
    penalties,
)
from derivations.theorems.scalar.activations import ACTIVATIONS
from derivations.theorems.spectral import adjoint, curvature, factors, propagation
from derivations.theorems.spectral.merging import POSITIVELY_HOMOGENEOUS

FOLDER = Path(__file__).parent
SPARSE = {
    "propagate_sparse": propagation.DIRECT,
    "adjoint_sparse": adjoint.DIRECT,
    "jacobian_rows_sparse": curvature.JACOBIAN,
    "curvature_squares_sparse": curvature.CURVATURE,
}
"""The functions that are printed weight by weight."""
SPARSE_CALLS = ("PROPAGATE", "ADJOINT", "JACOBIAN", "CURVATURE")
"""The words of the template that stand for their arguments."""
NAMES = {
    "activations": [activation.name for activation in ACTIVATIONS],
    "losses": [program.name for program in losses.PROGRAMS],
    "penalties": [program.name.removeprefix("penalty_") for program in penalties.PROGRAMS],
    "optimizers": [program.name for program in optimizers.PROGRAMS],
}
"""Names of the choices that kernels take as numbers, in the order of the derivations."""
SETTINGS = ("BETA1", "BETA2", "EPSILON", "MOMENTUM", "NESTEROV", "SMOOTHING", "CLIP_NORM")

HEADER = '''"""Numba kernels for the CPU, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations
SymPy         {sympy}
certificates  sha256 {digest}

Proven: every function that names a theorem computes what it states, layer by layer; of a whole epoch these are the means
over mini-batches. Not proven, but compared with exact numbers: storage, the order of calls, and rounding outside of the
exponential.

Storage. `layout` has one row for each layer, its columns named below; for the direct network the columns from
BLOCKS on say where W_ij starts, -1 where there is no such block. `parameters`, `gradient` and the moments are flat
vectors of one order. `u_all`, `z_all` and `du_all` hold all layers of one mini-batch: layer i starts at
n_samples * layout[i, START], sample first.
"""

import math

import numpy as np
from numba import njit, types
from numba.extending import overload

ACTIVATIONS = {activations}
LOSSES = {losses}
PENALTIES = {penalties}
OPTIMIZERS = {optimizers}

{numbers}
{settings}
WIDTH, START, PHI, LAMBDA_IN, LAMBDA_OUT = 0, 1, 2, 3, 4
BLOCKS = 2
'''


ONE_HIDDEN_HEADER = '''
"""Numba kernels for one hidden layer with few inputs and outputs: the programs of `dense.py`, neuron by neuron. Do not edit.

made by       python -m derivations
SymPy         {sympy}
certificates  sha256 {digest}
dense.py      sha256 {general}

Losses, penalties, optimizers and the exponential are those of `dense.py`. Numba's cache does not see a change in another
module; so the line above changes this one with it.
"""

import math

import numpy as np
from numba import njit

from spectral_core.kernels.cpu.dense import (
    CLIP_NORM, LAMBDA_IN, LAMBDA_OUT, PHI, SMOOTHING, WIDTH, add_penalty, exponential, limit_norm, matrix, output_loss,
    shrink, update,
)
'''


SPARSE_HEADER = '''
"""Numba kernels for sparse networks: the programs of the direct network, weight by weight. Do not edit.

made by       python -m derivations
SymPy         {sympy}
certificates  sha256 {digest}
dense.py      sha256 {general}

A sparse network is a list of weights, sorted by receiver. `u_all`, `z_all` and `du_all` are (n_neurons, n_samples): inputs
first, then hidden neurons layer by layer, then outputs. Losses and activations are those of `dense.py`.
"""

import math

import numpy as np
from numba import njit

from spectral_core.kernels.cpu.dense import (
    CROSS_ENTROPY, HUBER, POISSON, SQUARED_ERROR, activate, exponential, matrix, output_loss,
)
'''


TABLES = '''"""Names and numbers the kernels understand, without importing Numba. Printed by `python -m derivations`."""

ACTIVATIONS = {activations}
ZERO_AT_ZERO = {at_zero}
"""The activations with f(0) = 0, which silence, compaction and the linear start need."""
POSITIVELY_HOMOGENEOUS = {homogeneous}
"""The activations with f(c z) = c f(z) for c > 0, which merging needs."""
LOSSES = {losses}
TARGET_RANGES = {{{ranges}}}
"""The least and the greatest target that a loss has a meaning for, where not every number is one."""
PENALTIES = {penalties}
OPTIMIZERS = {optimizers}
SETTINGS = {settings}
ONE_HIDDEN_SIZES = {one_hidden}
"""Inputs and outputs of networks with one hidden layer that have kernels of their own."""
'''


def programs() -> list[Program]:
    """Every program that is printed here."""
    return [*PROGRAMS, *SPARSE.values(), *factors.PROGRAMS, propagation.GLOBAL, adjoint.GLOBAL]


def functions() -> dict[str, tuple[str, ...]]:
    """Name of each generated function -> the theorems it rests on."""
    proven = tuple(theorem.id for theorem in exponential_error.THEOREMS)
    accurate = tuple(theorem.id for theorem in accuracy.THEOREMS)
    table: dict[str, tuple[str, ...]] = {
        f"exponential_{form.name}": (name,) for form, name in zip(exponential.FORMATS, proven, strict=True)
    }
    table["activate"] = (*(f"F.{a.name}" for a in ACTIVATIONS), *accurate, *proven)
    for inputs, outputs in SIZES:
        table[f"propagate_{inputs}_{outputs}"] = theorems(propagation.GLOBAL)
        table[f"adjoint_{inputs}_{outputs}"] = theorems(adjoint.GLOBAL)
    table |= {name: program.theorems for name, program in SPARSE.items()}
    table |= {program.name: program.theorems for program in factors.PROGRAMS}
    table |= images.functions()
    sizes = tuple(f"{inputs}_{outputs}" for inputs, outputs in SIZES)
    table |= templates.theorems(FOLDER, "dense", VARIANTS) | templates.theorems(FOLDER, "one_hidden", sizes)
    table |= templates.theorems(FOLDER, "sparse") | host_functions()
    return table | {program.name: program.theorems for program in PROGRAMS}


def certificate_digest(certificates: list[dict[str, object]]) -> str:
    """Changes with any statement, assumption or step, and so with it the header of every kernel module."""
    return hashlib.sha256(json.dumps(certificates, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def tables_module() -> str:
    """The text of `spectral_core/kernels/tables.py`."""
    return TABLES.format(
        **{family: _tuple(names) for family, names in NAMES.items()},
        at_zero=_tuple(a.name for a in ACTIVATIONS if a.at_zero == 0),
        homogeneous=_tuple(a.name for a in POSITIVELY_HOMOGENEOUS),
        ranges=", ".join(
            f'"{item.name}": ({_bound(item.targets[0])}, {_bound(item.targets[1])})' for item in _bounded()
        ),
        settings=_tuple(name.lower() for name in SETTINGS),
        one_hidden=SIZES,
    )


def _bounded() -> list[losses.Elementwise]:
    return [item for item in losses.ELEMENTWISE if item.targets != (-math.inf, math.inf)]


def _bound(number: float) -> str:
    return f"{number}" if math.isfinite(number) else f'float("{number}")'


def _numbers(names: list[str]) -> str:
    """The names as constants, numbered from 0."""
    return f"{', '.join(name.upper() for name in names)} = {', '.join(map(str, range(len(names))))}"


def _tuple(names: Iterable[str]) -> str:
    return repr(tuple(names)).replace("'", '"')


def _elementwise() -> str:
    """One branch for each loss that sums over samples and outputs."""
    lines: list[str] = []
    for number, item in enumerate(losses.ELEMENTWISE):
        lines.append(choice("loss", item.name.upper(), number, len(losses.ELEMENTWISE)))
        lines.append(f"    value = {item.name}(output, target, weight, share)")
    return "\n".join(lines)


def _factors() -> str:
    """One branch for each loss that sums over samples and outputs: its column of the factor F."""
    lines: list[str] = []
    for number, item in enumerate(losses.ELEMENTWISE):
        program = factors.PROGRAMS[number]
        target = ["y_data[start : start + n_samples]"] * any(array.name == "target" for array in program.arrays)
        lines.append(choice("loss", item.name.upper(), number, len(losses.ELEMENTWISE)))
        lines.append(f"    {program.name}({', '.join(['output', *target, 'label', 'weight', 'share'])})")
    return "\n".join(lines)


def cpu_module(certificates: list[dict[str, object]]) -> str:
    """The text of `spectral_core/kernels/cpu/dense.py`."""
    header = HEADER.format(
        sympy=sympy.__version__,
        digest=certificate_digest(certificates),
        **{family: _tuple(names) for family, names in NAMES.items()},
        numbers="\n".join(_numbers(NAMES[family]) for family in ("losses", "penalties", "optimizers")),
        settings=f"{', '.join(SETTINGS)} = {', '.join(map(str, range(len(SETTINGS))))}",
    )
    sources = templates.read(FOLDER, "dense")
    *helpers, predict, gradient, jacobian, epoch = sources.values()
    helpers = [templates.specialise(source, cpu.DECORATOR, ELEMENTWISE=_elementwise()) for source in helpers]
    printed = [*elementwise.exponential_functions(), elementwise.activation_function(), *map(cpu.function, PROGRAMS)]
    # The helpers that call losses, penalties and optimizers come behind them, for reading from top to bottom.
    storage, callers = helpers[:4], helpers[4:]
    runners = [
        templates.specialise(
            source,
            cpu.RUNNER,
            VARIANT=variant,
            PROPAGATE=", ".join(cpu.signature(forward)),
            ADJOINT=", ".join(cpu.signature(backward)),
        )
        for variant, forward, backward in zip(VARIANTS, PROPAGATIONS, ADJOINTS, strict=True)
        for source in (predict, gradient, jacobian, epoch)
    ]
    return "\n\n\n".join([header.rstrip(), *storage, *printed, *callers, *runners]) + "\n"


def one_hidden_module(certificates: list[dict[str, object]], general: str) -> str:
    """The text of `spectral_core/kernels/cpu/one_hidden.py`, which calls functions of `general`, the text of `dense.py`."""
    header = ONE_HIDDEN_HEADER.format(
        sympy=sympy.__version__,
        digest=certificate_digest(certificates),
        general=hashlib.sha256(general.encode()).hexdigest()[:16],
    )
    load, epoch = templates.read(FOLDER, "one_hidden").values()
    helper = templates.specialise(load, cpu.DECORATOR)
    runners = [
        templates.specialise(epoch, cpu.RUNNER, VARIANT=f"{inputs}_{outputs}", INPUTS=str(inputs), OUTPUTS=str(outputs))
        for inputs, outputs in SIZES
    ]
    return "\n\n\n".join([header.strip(), helper, *one_hidden.functions(), *runners]) + "\n"


def sparse_module(certificates: list[dict[str, object]], general: str) -> str:
    """The text of `spectral_core/kernels/cpu/sparse.py`, which calls functions of `general`, the text of `dense.py`."""
    header = SPARSE_HEADER.format(
        sympy=sympy.__version__,
        digest=certificate_digest(certificates),
        general=hashlib.sha256(general.encode()).hexdigest()[:16],
    )
    printed = {name: sparse.SparsePrinter(program) for name, program in SPARSE.items()}
    texts = [printer.function(name) for name, printer in printed.items()] + [*map(cpu.function, factors.PROGRAMS)]
    calls = {word: ", ".join(printer.signature()) for word, printer in zip(SPARSE_CALLS, printed.values(), strict=True)}
    sources = templates.read(FOLDER, "sparse")
    inlined = ("load_chunk", "factor_column")
    runners = [
        templates.specialise(source, cpu.DECORATOR if name in inlined else cpu.RUNNER, FACTORS=_factors(), **calls)
        for name, source in sources.items()
    ]
    return "\n\n\n".join([header.strip(), *texts, *runners]) + "\n"
