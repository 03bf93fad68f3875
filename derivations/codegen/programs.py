"""The proven programs that the printers of more than one language print, in one order."""

from derivations.proof.programs import Program
from derivations.theorems.scalar import decay_and_clipping, losses, optimizers, penalties, proximal, smoothing
from derivations.theorems.spectral import adjoint, propagation

VARIANTS = ("global", "layerwise", "direct")
PROPAGATIONS = (propagation.GLOBAL, propagation.LAYERWISE, propagation.DIRECT)
ADJOINTS = (adjoint.GLOBAL, adjoint.LAYERWISE, adjoint.DIRECT)
PROGRAMS: tuple[Program, ...] = (
    *PROPAGATIONS,
    *ADJOINTS,
    *losses.PROGRAMS,
    smoothing.SMOOTH_TARGETS,
    *penalties.PROGRAMS,
    *proximal.PROGRAMS,
    *optimizers.PROGRAMS,
    *decay_and_clipping.PROGRAMS,
)
