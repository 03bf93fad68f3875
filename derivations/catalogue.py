"""Every theorem, in reading order."""

from derivations import accuracy, activations, exponential_error, losses, optimizers, penalties, proximal
from derivations.adjoint import M8, M8_DIRECT, M8_LAYERWISE
from derivations.blocks import M4
from derivations.compensation import M15
from derivations.gauge import M9
from derivations.growth import M12, M13, M14
from derivations.inversion import M3
from derivations.merging import M16
from derivations.nilpotency import M1
from derivations.path_tensor import M6
from derivations.propagation import M7, M7_DIRECT, M7_LAYERWISE
from derivations.silence import M10, M11
from derivations.spectrum import M5
from derivations.theorem import Theorem
from derivations.two_layers import M2

THEOREMS: tuple[Theorem, ...] = (
    M1,
    M2,
    M3,
    M4,
    M5,
    M6,
    M7,
    M7_LAYERWISE,
    M7_DIRECT,
    M8,
    M8_LAYERWISE,
    M8_DIRECT,
    M9,
    M10,
    M11,
    M12,
    M13,
    M14,
    M15,
    M16,
    *exponential_error.THEOREMS,
    *activations.THEOREMS,
    *accuracy.THEOREMS,
    *losses.THEOREMS,
    *penalties.THEOREMS,
    *proximal.THEOREMS,
    *optimizers.THEOREMS,
)
