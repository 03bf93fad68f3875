"""The networks that a search chooses from: one training, or one growth, for each strength of the penalty."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectral_core.architecture import growing
from spectral_core.data.preparation import PreparedData
from spectral_core.errors import DivergenceError
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.results import History, Progress
from spectral_core.training.trainer import train


@dataclass(frozen=True, eq=False)
class Candidate:
    """One network of a training: its penalty, epoch and validation loss."""

    strength: float
    epoch: int
    network: SpectralNetwork
    loss: float
    history: History


def train_all(
    net: SpectralNetwork,
    data: PreparedData,
    strengths: list[float],
    stores: Stores,
    options: dict[str, Any],
    with_best: bool,
    progress: Callable[[int, int, str], object] | None,
) -> list[Candidate]:
    """Train once with each strength of the eigenvector penalty; a training that diverges is left out.

    Each training gives its network, and the best of all epochs beside it `with_best`.
    """
    candidates: list[Candidate] = []
    failure: DivergenceError | None = None
    total = len(strengths) * options["epochs"]

    def tell(index: int, epoch: int, text: str) -> None:
        if progress is not None:
            progress(index * options["epochs"] + epoch, total, f"φ penalty {strengths[index]:g}, {text}")

    def watch(index: int) -> Callable[[Progress[SpectralNetwork]], None]:
        return lambda p: tell(index, p.epoch, f"loss {p.history.validation_loss[-1]:.4g}")

    for index, strength in enumerate(strengths):
        try:
            result = train(
                net, data.x, data.y, loss=data.loss, validation_data=(data.x_valid, data.y_valid),
                eigenvector_penalty=strength, checkpoint=stores.of(str(index)), keep_checkpoint=True,
                callbacks=[watch(index)], **options,
            )  # fmt: skip
        except DivergenceError as error:
            failure = error
            continue
        tell(index, options["epochs"], "done")
        kept = {result.epoch: result.network}
        if with_best:
            kept[result.best_epoch] = result.best_network
        for epoch, network in kept.items():
            candidates.append(Candidate(strength, epoch, network, data.validation_loss(network), result.history))
    if not candidates:
        assert failure is not None
        raise failure
    return candidates


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


def grow_all(
    start: SpectralNetwork,
    hidden: tuple[int, ...],
    data: PreparedData,
    strengths: list[float],
    stores: Stores,
    options: dict[str, Any],
    tolerance: float,
    progress: Callable[[int, int, str], object] | None,
) -> list[Candidate]:
    """Grow once with each strength of the penalty on weights; every stage is a candidate."""
    candidates: list[Candidate] = []
    failure: DivergenceError | None = None
    for index, strength in enumerate(strengths):

        def store(stage: int, index: int = index) -> Path | None:
            return stores.of(f"{index}-{stage}")

        def tell(stage: int, loss: float, index: int = index, strength: float = strength) -> None:
            if progress is not None:  # how many stages there will be is not known before
                share = stage / (stage + growing.PATIENCE)
                done = round(100 * (index + share))
                progress(done, 100 * len(strengths), f"φ penalty {strength:g}, stage {stage}, loss {loss:.4g}")

        chosen = {name: options[name] for name in ("epochs", "batch_size", "learning_rate", "seed", "backend")}
        try:
            stages = growing.grow(
                data, start, hidden, chosen | {"eigenvector_penalty": strength}, tolerance, store, tell
            )
        except DivergenceError as error:
            failure = error
            continue
        candidates += [Candidate(strength, s.epoch, s.network, s.loss, s.history) for s in stages]
    if not candidates:
        assert failure is not None
        raise failure
    if progress is not None:
        progress(100 * len(strengths), 100 * len(strengths), "done")
    return candidates
