"""Every theorem, in reading order."""

from derivations.proof.theorem import Theorem
from derivations.theorems.images.batch_norm import I8
from derivations.theorems.images.channels import G3, G4, G5
from derivations.theorems.images.convolution import I2
from derivations.theorems.images.evaluation import I9, I10
from derivations.theorems.images.gates import I13, I14
from derivations.theorems.images.geometry import I1, I18
from derivations.theorems.images.graph import C1, I15, I16
from derivations.theorems.images.growth import G6, G7, G8
from derivations.theorems.images.max_pool import I7
from derivations.theorems.images.mean_pool import I6
from derivations.theorems.images.pointwise import I3, I4, I5
from derivations.theorems.images.sample_gradients import I17, S5, S6
from derivations.theorems.images.spectral_channels import G1, G2
from derivations.theorems.images.statistics import I8_BLOCKS
from derivations.theorems.images.towers import I11, I12
from derivations.theorems.scalar import (
    accuracy,
    activations,
    decay_and_clipping,
    exponential_error,
    integers,
    losses,
    optimizers,
    orchestration,
    penalties,
    proximal,
    schedules,
    smoothing,
    training_step,
)
from derivations.theorems.spectral.adjoint import M8, M8_DIRECT, M8_LAYERWISE
from derivations.theorems.spectral.blocks import M4
from derivations.theorems.spectral.compensation import M15
from derivations.theorems.spectral.factors import M20_FACTOR
from derivations.theorems.spectral.gauge import M9
from derivations.theorems.spectral.growth import M12, M13, M14
from derivations.theorems.spectral.identities import M18
from derivations.theorems.spectral.inversion import M3
from derivations.theorems.spectral.kinks import M19
from derivations.theorems.spectral.leave_one_out import M17
from derivations.theorems.spectral.masking import M21
from derivations.theorems.spectral.merging import M16
from derivations.theorems.spectral.nilpotency import M1
from derivations.theorems.spectral.path_tensor import M6
from derivations.theorems.spectral.projection import M20
from derivations.theorems.spectral.propagation import M7, M7_DIRECT, M7_LAYERWISE
from derivations.theorems.spectral.saliency import M22
from derivations.theorems.spectral.scale import M23, M24
from derivations.theorems.spectral.silence import M10, M11
from derivations.theorems.spectral.spectrum import M5
from derivations.theorems.spectral.two_layers import M2

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
    M17,
    M18,
    M19,
    *exponential_error.THEOREMS,
    *activations.THEOREMS,
    *accuracy.THEOREMS,
    *losses.THEOREMS,
    *smoothing.THEOREMS,
    *penalties.THEOREMS,
    *proximal.THEOREMS,
    *optimizers.THEOREMS,
    *decay_and_clipping.THEOREMS,
    *schedules.THEOREMS,
    *orchestration.THEOREMS,
    *training_step.THEOREMS,
    M20,
    M20_FACTOR,
    M21,
    M22,
    M23,
    M24,
    I1,
    I2,
    I3,
    I4,
    I5,
    I6,
    I7,
    I8,
    I8_BLOCKS,
    I9,
    I10,
    I11,
    I12,
    I13,
    I14,
    I15,
    I16,
    I17,
    I18,
    C1,
    S5,
    S6,
    G1,
    G2,
    G3,
    G4,
    G5,
    G6,
    G7,
    G8,
    *integers.THEOREMS,
)
