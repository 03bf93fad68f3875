"""The networks that a search chooses from: one training, or one growth, for each strength of the penalty."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spectral_core.architecture import growing
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.training import train_candidate
from spectral_core.architecture.validation import ValidationLoss
from spectral_core.data.preparation import PreparedData
from spectral_core.errors import DivergenceError
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.results import History, Progress


@dataclass(frozen=True, eq=False)
class Candidate:
    """One network of a training: its penalty, epoch and validation loss."""

    strength: float
    epoch: int
    network: SpectralNetwork
    loss: float
    history: History


class Stores:
    """The checkpoint files of a search, by name; none where no checkpoint was asked for."""

    def __init__(self, base: str | os.PathLike[str] | None) -> None:
        self.base, self.names = base, set[str]()

    def of(self, name: str) -> Path | None:
        self.names.add(name)
        return None if self.base is None else Path(f"{self.base}.{name}")

    def remove(self) -> None:
        for name in self.names if self.base is not None else ():
            Path(f"{self.base}.{name}").unlink(missing_ok=True)


def train_all(
    net: SpectralNetwork, data: PreparedData, validation_loss: ValidationLoss, options: SearchOptions, stores: Stores
) -> list[Candidate]:
    """Train once with each strength of the eigenvector penalty; a training that diverges is left out.

    Each training gives its network. With ``keep="simplest"`` the best of all its epochs is a candidate too.
    """
    total = len(options.strengths) * options.epochs

    def trained(index: int, strength: float) -> list[Candidate]:
        def progress(epoch: int, text: str) -> None:
            options.report_progress(index * options.epochs + epoch, total, f"φ penalty {strength:g}, {text}")

        def watch(epoch: Progress[SpectralNetwork]) -> None:
            progress(epoch.epoch, f"loss {epoch.history.validation_loss[-1]:.4g}")

        result = train_candidate(
            net,
            data,
            options,
            strength,
            epochs=options.epochs,
            eigenvalue_learning_rate=options.eigenvalue_rate,
            penalty=options.penalty,
            penalty_strength=options.penalty_strength,
            patience=options.patience,
            best_of_last=options.best_of_last,
            checkpoint=stores.of(str(index)),
            callbacks=[watch],
        )
        progress(options.epochs, "done")
        networks = {result.epoch: result.network}
        if options.keep == "simplest":
            networks[result.best_epoch] = result.best_network
        return [
            Candidate(strength, epoch, network, validation_loss(network), result.history)
            for epoch, network in networks.items()
        ]

    return _for_each_strength(options, trained)


def grow_all(
    start: SpectralNetwork, data: PreparedData, validation_loss: ValidationLoss, options: SearchOptions, stores: Stores
) -> list[Candidate]:
    """Grow once with each strength of the penalty on weights; every stage is a candidate."""
    total = 100 * len(options.strengths)

    def grown(index: int, strength: float) -> list[Candidate]:
        def store(stage: int) -> Path | None:
            return stores.of(f"{index}-{stage}")

        def progress(stage: int, loss: float) -> None:
            share = stage / (stage + growing.PATIENCE)  # the number of stages is not known before
            text = f"φ penalty {strength:g}, stage {stage}, loss {loss:.4g}"
            options.report_progress(round(100 * (index + share)), total, text)

        stages = growing.grow(start, data, validation_loss, options, strength, store, progress)
        return [Candidate(strength, stage.epoch, stage.network, stage.loss, stage.history) for stage in stages]

    candidates = _for_each_strength(options, grown)
    options.report_progress(total, total, "done")
    return candidates


def _for_each_strength(
    options: SearchOptions, candidates_of: Callable[[int, float], list[Candidate]]
) -> list[Candidate]:
    """The candidates of all strengths; raises `DivergenceError` where every training diverged."""
    candidates: list[Candidate] = []
    failure: DivergenceError | None = None
    for index, strength in enumerate(options.strengths):
        try:
            candidates += candidates_of(index, strength)
        except DivergenceError as error:
            failure = error
    if not candidates:
        assert failure is not None
        raise failure
    return candidates
