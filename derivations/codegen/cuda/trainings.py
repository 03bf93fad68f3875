"""The modules of whole trainings, one block of threads for each: any network, and networks of one hidden layer."""

from pathlib import Path

from derivations.codegen import templates
from derivations.codegen.cuda.layers import KERNEL, LAYERED, ONE_HIDDEN_KERNEL, Blocks
from derivations.codegen.cuda.one_hidden import CudaOneHiddenPrinter
from derivations.codegen.cuda.parts import PartPrinter
from derivations.codegen.formulas import TypedPrinter
from derivations.codegen.one_hidden import SIZES

FOLDER = Path(__file__).parent
EPOCHS = "Epochs of many trainings at once, one block for each"
EITHER = """if inside:
    store = shared
else:
    store = work[replica]"""
SHARED = "store = shared"
"""Where a block keeps its training: in shared memory or in its part of `work`."""
GENERAL_VIEWS = """u_all, z_all, du_all = space[places[0] :], space[places[1] :], space[places[2] :]
block_scratch, sample_scratch = space[places[3] :], space[places[4] :]
target, weight = space[places[5] :], space[places[6] :]"""
ONE_HIDDEN_VIEWS = """u_all, output, partial = space[places[0] :], space[places[1] :], space[places[2] :]
target, weight = space[places[3] :], space[places[4] :]"""
GENERAL_OUTPUT = "output = z_all[n_samples * layout[last, START] :]"


def ensemble_module(header: str) -> str:
    """The text of `kernels/cuda/ensemble.py` behind its header."""
    imports = """import math

from spectral_core.kernels.support.device import REDUCTION_SLOTS, cuda, kernel
from spectral_core.kernels.cuda.parts import (
    CLIP_NORM, CROSS_ENTROPY, SMOOTHING, START, WIDTH, gpu_add_penalty, gpu_adjoint_direct, gpu_adjoint_global,
    gpu_adjoint_layerwise, gpu_limit_norm, gpu_load, gpu_loss, gpu_propagate_direct, gpu_propagate_global, gpu_propagate_layerwise, gpu_row, gpu_shrink, gpu_sum, gpu_update,
)"""
    (train,) = templates.read(FOLDER, "ensemble", TypedPrinter).values()
    kernels = []
    for variant, forward, backward in LAYERED:
        calls = {}
        for kind, program in (("propagate", forward), ("adjoint", backward)):
            blocks = Blocks(program, PartPrinter(program))
            blocks.function()
            arguments = ", ".join(blocks.signature()).replace("parameters", "theta")
            calls[kind] = f"gpu_{program.name}(rank, count, {arguments})"
        kernels.append(
            templates.specialise(
                train,
                KERNEL,
                VARIANT=variant,
                SUMMARY=EPOCHS,
                STORE=EITHER,
                VIEWS=GENERAL_VIEWS,
                OUTPUT=GENERAL_OUTPUT,
                PROPAGATE=calls["propagate"],
                ADJOINT=calls["adjoint"],
            )
        )
    return "\n\n\n".join([header + imports, *kernels]) + "\n"


def one_hidden_module(header: str) -> str:
    """The text of `kernels/cuda/one_hidden.py` behind its header."""
    imports = """import math

from spectral_core.kernels.support.device import REDUCTION_SLOTS, cuda, kernel
from spectral_core.kernels.cuda.parts import (
    CLIP_NORM, CROSS_ENTROPY, LAMBDA_IN, LAMBDA_OUT, PHI, SMOOTHING, WIDTH, gpu_activation, gpu_add_penalty, gpu_clear,
    gpu_limit_norm, gpu_load, gpu_loss, gpu_parts, gpu_row, gpu_shrink, gpu_sum, gpu_update,
)"""
    (train,) = templates.read(FOLDER, "ensemble", TypedPrinter).values()
    passes, kernels = [], []
    for inputs, outputs in SIZES:
        passes += [CudaOneHiddenPrinter(inputs, outputs).propagate(), CudaOneHiddenPrinter(inputs, outputs).adjoint()]
        name = f"{inputs}_{outputs}"
        onward = f"gpu_propagate_{name}(rank, count, layout, activation, n_samples, theta, u_all, output, partial)"
        back = f"gpu_adjoint_{name}(rank, count, layout, activation, n_samples, theta, gradient, u_all, output, room)"
        text = templates.specialise(
            train,
            ONE_HIDDEN_KERNEL,
            VARIANT=name,
            SUMMARY=f"{EPOCHS}; one hidden layer, {inputs} inputs, {outputs} output(s); in shared memory alone",
            STORE=SHARED,
            VIEWS=ONE_HIDDEN_VIEWS,
            OUTPUT="",
            PROPAGATE=onward,
            ADJOINT=back,
        )
        kernels.append(text)
    return "\n\n\n".join([header + imports, *passes, *kernels]) + "\n"
