"""The compiled float64 kernels against exact arithmetic: `==`, not a tolerance, wherever the numbers allow it.

Small integers and their quotients by powers of two are exact in float64, and so is every sum and product of them that
needs no more than 53 bits. On such numbers a kernel computes without rounding, in whatever order the compiler
chooses, and its result must equal the brute force of `dense` on `Fraction`s to the last bit. Exponentials, logarithms
and the 0.01 of leaky_relu are no dyadic rationals: there the kernels are compared with mpmath at 50 digits, and the
evidence states the error allowed and the worst one seen, in units of the last place.

`KERNEL_CHECKS` has one entry for each kernel that names a theorem. A check takes a `Comparison` and calls its methods.
"""

from __future__ import annotations

from derivations.recheck.exact_comparison import Check, KernelEvidence, run
from derivations.recheck.exact_epochs import CPU_CHECKS
from derivations.recheck.exact_functions import (
    activations,
    adam,
    clip,
    decay,
    exponential_float32,
    exponential_float64,
    penalty_group,
    penalty_l1,
    penalty_l2,
    proximal_group,
    proximal_l1,
    proximal_l2,
    sgd,
    squared_norm,
)
from derivations.recheck.exact_host import HOST_CHECKS
from derivations.recheck.exact_losses import (
    binary_cross_entropy,
    cross_entropy,
    huber,
    poisson,
    smooth_targets,
    squared_error,
)
from derivations.recheck.exact_networks import adjoint, one_hidden, propagation
from derivations.recheck.exact_orchestration import ORCHESTRATION
from derivations.recheck.exact_sparse import CURVATURES, factor, factor_of_softmax
from derivations.recheck.exact_sparse import adjoint as sparse_adjoint
from derivations.recheck.exact_sparse import backward as sparse_backward
from derivations.recheck.exact_sparse import propagate as sparse_propagate
from spectral_core.kernels.tables import ONE_HIDDEN_SIZES

KERNEL_CHECKS: dict[str, Check] = {
    "exponential_float32": exponential_float32,
    "exponential_float64": exponential_float64,
    "activate": activations,
    "propagate_global": propagation("global"),
    "propagate_layerwise": propagation("layerwise"),
    "propagate_direct": propagation("direct"),
    "adjoint_global": adjoint("global"),
    "adjoint_layerwise": adjoint("layerwise"),
    "adjoint_direct": adjoint("direct"),
    **{f"propagate_{a}_{b}": one_hidden(a, b, backward=False) for a, b in ONE_HIDDEN_SIZES},
    **{f"adjoint_{a}_{b}": one_hidden(a, b, backward=True) for a, b in ONE_HIDDEN_SIZES},
    "propagate_sparse": sparse_propagate,
    "adjoint_sparse": sparse_adjoint,
    "jacobian_rows_sparse": sparse_backward("jacobian"),
    "curvature_squares_sparse": sparse_backward("squares"),
    **{f"factor_{loss}": factor(loss) for loss in CURVATURES},
    "factor_cross_entropy": factor_of_softmax,
    "squared_error": squared_error,
    "huber": huber,
    "poisson": poisson,
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
    "penalty_group": penalty_group,
    "penalty_l1": penalty_l1,
    "penalty_l2": penalty_l2,
    "proximal_group": proximal_group,
    "proximal_l1": proximal_l1,
    "proximal_l2": proximal_l2,
    "adam": adam,
    "sgd": sgd,
    "smooth_targets": smooth_targets,
    "decay": decay,
    "squared_norm": squared_norm,
    "clip": clip,
    **ORCHESTRATION,
    **HOST_CHECKS,
    **CPU_CHECKS,
}
"""Name of a kernel -> its check. A new kernel that names a theorem needs an entry; a test compares the two lists."""


def compare(kernel: str, seed: int = 0) -> KernelEvidence:
    """Run the check of one kernel; deterministic for a seed except for the time, which is mostly compilation."""
    return run(kernel, KERNEL_CHECKS[kernel], seed)
