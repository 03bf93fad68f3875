"""The generated CUDA modules as text: device functions, trainings by blocks, launches on the whole device."""

import hashlib
import textwrap
from pathlib import Path

import sympy

from derivations.codegen import templates
from derivations.codegen.cuda import images
from derivations.codegen.cuda.flat import FlatPrinter
from derivations.codegen.cuda.layers import KERNEL, LAYERED, Blocks, Launches, wide_kernel
from derivations.codegen.cuda.parts import DEVICE, PartPrinter
from derivations.codegen.cuda.trainings import ensemble_module, one_hidden_module
from derivations.codegen.elementwise import activation_theorems, value_and_slope
from derivations.codegen.expressions import RealPrinter, choice, indent, typed_constants
from derivations.codegen.formulas import TypedPrinter
from derivations.codegen.one_hidden import SIZES, theorems
from derivations.proof.programs import Program
from derivations.theorems.scalar import decay_and_clipping, losses, optimizers, penalties, proximal, smoothing
from derivations.theorems.scalar.activations import ACTIVATIONS
from derivations.theorems.spectral import adjoint, propagation

FOLDER = Path(__file__).parent
LAUNCHED = ("map", "line")
"""Parts with a kernel of their own; `wide_activate` launches activations, a library does the products."""
CONSTANTS = (
    *("ADAM", "BETA1", "BETA2", "BLOCKS", "EPSILON", "GROUP", "L1", "LAMBDA_IN", "LAMBDA_OUT", "MOMENTUM", "NESTEROV"),
    *("PHI", "START", "WIDTH"),
)
FLAT = (
    *losses.PROGRAMS,
    smoothing.SMOOTH_TARGETS,
    *penalties.PROGRAMS,
    *proximal.PROGRAMS,
    *optimizers.PROGRAMS,
    *decay_and_clipping.PROGRAMS,
)


HEADER = '''"""{title}. Do not edit.

made by       python -m derivations
SymPy         {sympy}
certificates  sha256 {digest}
{leans}
{text}
"""

'''
GENERAL_TEXT = """Device functions of `rank` and `count`: a thread's number and how many share the work, those of a block or of a whole
grid. Arrays are flat, a matrix row by row. Not proven, but compared with brute force by the tests: the functions that name
no theorem (storage, sums over threads), barriers, and rounding outside of the exponential, which is that of `cpu/dense.py`."""
BLOCKS_TEXT = """A block trains a network of its own for whole epochs, of any parametrization, depth and width."""
ONE_HIDDEN_TEXT = """`train_2_1` and its like: a block trains a network of one hidden layer with so many inputs and outputs. A sample's output
and a neuron's gradient are sums in one thread's registers."""
WIDE_TEXT = """Every part of a program is a launch on the whole device, products of matrices are calls of a library: the functions of
the host below say in which order, on a `device` that does it or takes it down (`spectral_core.backends.gpu`)."""

GENERAL_IMPORTS = """import math

import numpy as np

from spectral_core.kernels.support.device import cuda, overload, types
from spectral_core.kernels.cpu.dense import (
    ADAM, BETA1, BETA2, BINARY_CROSS_ENTROPY, BLOCKS, CLIP_NORM, CROSS_ENTROPY, EPSILON, GROUP, HUBER, L1, LAMBDA_IN,
    LAMBDA_OUT, MOMENTUM, NESTEROV, PHI, POISSON, SMOOTHING, SQUARED_ERROR, START, WIDTH, exponential_float32,
    exponential_float64,
)
from spectral_core.kernels.support.shuffling import round_function

one_round = round_function(cuda.jit(device=True))


def exponential(x):
    \"\"\"exp(x) and expm1(x) in the type of x.\"\"\"
    return exponential_float32(x) if type(x) is np.float32 else exponential_float64(x)


@overload(exponential)
def exponential_on_device(x):
    return exponential_float32 if x == types.float32 else exponential_float64"""


def cuda_programs() -> list[Program]:
    """Every program that is printed here."""
    return [*FLAT, *(program for _, *programs in LAYERED for program in programs), propagation.GLOBAL, adjoint.GLOBAL]


def cuda_functions() -> dict[str, tuple[str, ...]]:
    """Name of each generated function -> the theorems it rests on."""
    table = {"gpu_activation": activation_theorems(), "gpu_activate": activation_theorems()}
    for _, *programs in LAYERED:
        for program in programs:
            printer = PartPrinter(program)
            Blocks(program, printer).function()
            names = [part.name for part in printer.parts if part.text]
            names += [part.name.replace("gpu_", "wide_", 1) for part in printer.parts if part.kind in LAUNCHED]
            table |= dict.fromkeys((*names, f"gpu_{program.name}", f"wide_{program.name}"), program.theorems)
    for program in FLAT:
        for text in FlatPrinter(program).functions():
            table[_name(text)] = program.theorems
    sizes = tuple(f"{inputs}_{outputs}" for inputs, outputs in SIZES)
    table |= templates.theorems(FOLDER, "ensemble", (*(variant for variant, _, _ in LAYERED), *sizes))
    table |= templates.theorems(FOLDER, "parts") | templates.theorems(FOLDER, "wide") | images.functions()
    for inputs, outputs in SIZES:
        table[f"gpu_propagate_{inputs}_{outputs}"] = theorems(propagation.GLOBAL)
        table[f"gpu_adjoint_{inputs}_{outputs}"] = (*theorems(adjoint.GLOBAL), *theorems(propagation.GLOBAL))
    return table


def _name(text: str) -> str:
    return text.split("def ", 1)[1].split("(", 1)[0]


def activation_function() -> str:
    """`gpu_activation`: value and slope of one number, one branch for each activation."""
    printer = RealPrinter()
    body: list[str] = []
    for code, item in enumerate(ACTIVATIONS):
        lines = [*value_and_slope(printer, item), "return value, slope"]
        body += [
            f"{choice('activation', code, code, len(ACTIVATIONS))}  # {item.name}, theorem F.{item.name}",
            *indent(lines),
        ]
    doc = [
        '"""f(z) and f\'(z) in the type of the array `like`, by the number of f in ACTIVATIONS.',
        "",
        f"Theorem: {', '.join(activation_theorems())}",
        '"""',
    ]
    lines = [*doc, *typed_constants(printer.constants, "like"), *body]
    return "\n".join([DEVICE, "def gpu_activation(activation, z, like):", *indent(lines)])


def cuda_modules(digest: str, general: str, planes: str) -> dict[str, str]:
    """The texts by the names of the modules; `general` and `planes` are the texts of `cpu/dense.py` and `cpu/images.py`."""
    devices = _device_module(digest, general)
    leans = {"parts.py": devices}
    ensemble = _header("Many trainings at once on CUDA, one block for each", digest, leans, BLOCKS_TEXT)
    title = "Many trainings of one hidden layer at once on CUDA, one block for each"
    one_hidden = _header(title, digest, leans, ONE_HIDDEN_TEXT)
    return {
        "parts": devices,
        "ensemble": ensemble_module(ensemble),
        "one_hidden": one_hidden_module(one_hidden),
        "wide": _wide_module(digest, devices),
        "images": _images_module(digest, {"parts.py": devices, "images.py": planes}),
    }


def _header(title: str, digest: str, leans: dict[str, str], text: str) -> str:
    lines = [f"{name:<14}sha256 {hashlib.sha256(body.encode()).hexdigest()[:16]}" for name, body in leans.items()]
    return HEADER.format(title=title, sympy=sympy.__version__, digest=digest, leans="\n".join([*lines, ""]), text=text)


def _device_module(digest: str, general: str) -> str:
    layered = []
    for _, *programs in LAYERED:
        for program in programs:
            printer = PartPrinter(program)
            block = Blocks(program, printer).function()
            layered += [*(part.text for part in printer.parts if part.text), block]
    flat = [text for program in FLAT for text in FlatPrinter(program).functions()]
    branches = []
    for number, item in enumerate(losses.ELEMENTWISE):
        branches.append(f"{choice('loss', item.name.upper(), number, len(losses.ELEMENTWISE))}")
        branches.append(f"    return gpu_{item.name}(rank, count, n_samples, n_out, output, target, weight, scale)")
    words = {"ELEMENTWISE": "\n".join(branches), "THEOREMS": ", ".join(activation_theorems())}
    helpers = {
        name: templates.specialise(source, DEVICE, **words)
        for name, source in templates.read(FOLDER, "parts", TypedPrinter).items()
    }
    # Activations come before the programs that call them, losses, penalties and optimizers before their callers.
    behind = ("gpu_loss", "gpu_add_penalty", "gpu_limit_norm", "gpu_update", "gpu_shrink")
    head = _header(
        "Numba functions for CUDA, printed from the proven programs in `derivations`",
        digest,
        {"dense.py": general},
        GENERAL_TEXT,
    )
    parts = [
        head + GENERAL_IMPORTS,
        *(text for name, text in helpers.items() if name not in (*behind, "gpu_activate")),
        activation_function(),
        helpers["gpu_activate"],
        *layered,
        *flat,
        *(helpers[name] for name in behind),
    ]
    return "\n\n\n".join(parts) + "\n"


def _images_module(digest: str, leans: dict[str, str]) -> str:
    head = _header("Image networks on CUDA, operation by operation on the whole device", digest, leans, images.TEXT)
    return "\n\n\n".join([head + images.IMPORTS, *images.sources()]) + "\n"


def _wide_module(digest: str, devices: str) -> str:
    head = _header("Wide networks on CUDA, part by part on the whole device", digest, {"parts.py": devices}, WIDE_TEXT)
    launches = [
        templates.specialise(source, KERNEL) for source in templates.read(FOLDER, "wide", TypedPrinter).values()
    ]
    hosts, kernels, called = [], [], set()
    for _, *programs in LAYERED:
        for program in programs:
            printer = PartPrinter(program)
            hosts.append(Launches(program, printer).function())
            launched = [part for part in printer.parts if part.kind in LAUNCHED]
            kernels += [wide_kernel(part, program.theorems) for part in launched]
            called |= {part.name for part in launched}
    called |= {"gpu_activate", "gpu_adam", "gpu_clip", "gpu_decay", "gpu_load", "gpu_loss", "gpu_sgd", "gpu_sum"}
    called |= {_name(text) for p in (*penalties.PROGRAMS, *proximal.PROGRAMS) for text in FlatPrinter(p).functions()}
    called -= {"gpu_proximal_group_squares"}  # the same sum as the penalty's
    names = textwrap.fill(
        ", ".join([*CONSTANTS, *sorted(called)]) + ",", 120, initial_indent="    ", subsequent_indent="    "
    )
    imports = f"from spectral_core.kernels.support.device import LANES, LINES, REDUCTION_SLOTS, THREADS, cuda, kernel\nfrom spectral_core.kernels.cuda.parts import (\n{names}\n)"
    return "\n\n\n".join([head + imports, *launches, *kernels, *hosts]) + "\n"
