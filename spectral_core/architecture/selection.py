"""The choice among the candidates of a search."""

from __future__ import annotations

from spectral_core.architecture.candidates import Candidate
from spectral_core.architecture.validation import ValidationLoss
from spectral_core.data.preparation import PreparedData
from spectral_core.resizing.trimming import Tolerance, Trimmed, as_direct, trim


def simplest(
    candidates: list[Candidate], data: PreparedData, validation_loss: ValidationLoss, tolerance: Tolerance
) -> tuple[Candidate, Trimmed]:
    """The candidate with the fewest weights after trimming, of those within one standard error of the best one.

    Validation losses that differ by less than one standard error do not tell networks apart (Breiman et al. 1984).
    """
    best = min(candidates, key=lambda candidate: candidate.loss)
    reach = best.loss + data.standard_error(best.network)
    trials = []
    for candidate in candidates:
        if candidate.loss <= reach:
            # The loss of the same weights multiplied in the order that the trimmed ones will be: rounding is no change.
            start = validation_loss(as_direct(candidate.network, candidate.network.transfer_blocks()))
            trials.append((candidate, trim(candidate.network, validation_loss, tolerance.limit(start))))
    return min(trials, key=lambda trial: (trial[1].compact.n_parameters, trial[0].loss))
