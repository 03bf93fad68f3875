"""The result of `prune`: networks, sizes, losses and latency."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.wording import counted

Evaluated = SpectralNetwork | CompactNetwork
LATENCY_ROWS = 1000
LATENCY_CALLS = 5


@dataclass(frozen=True)
class PruneReport:
    """What was removed, and sizes, latency and loss before and after.

    `removed`, `live` : neurons by hidden layer, and by layer. `parameters` : of the given network; `dense_parameters` : of
    all its transfer blocks; `compact_parameters` : of the compact network. `bytes_before`, `bytes_after` : of the given
    parameters and of the compact ones; with unit ``weight`` those of the weights and biases below alone, 4 each, as in the
    curve of a search. `loss_before`, `loss_after` : on (X, y); None without y. `latency_before`, `latency_after` : see
    `latency`. `limit`, `within` : with a tolerance the greatest loss that it allows on the judging data, and whether the loss
    of the result is at most that; else None. `weights_before`, `weights_after` : numbers of the transfer blocks that are not 0
    and multiply an input or an activation; `biases_before`, `biases_after` : those that are added. `samples` : a sentence on
    the samples behind these numbers, where the caller knows them.
    """

    by: str
    unit: str
    merged: int
    compensated: bool
    retrained_epochs: int
    widths: list[int]
    removed: list[int]
    live: list[int]
    parameters: int
    dense_parameters: int
    compact_parameters: int
    bytes_before: int
    bytes_after: int
    latency_before: float
    latency_after: float
    loss_before: float | None = None
    loss_after: float | None = None
    limit: float | None = None
    within: bool | None = None
    weights_before: int = 0
    weights_after: int = 0
    biases_before: int = 0
    biases_after: int = 0
    samples: str = ""

    def with_losses(
        self, whole: Evaluated, small: Evaluated, pair: tuple[Any, Any], loss: str, sentence: str
    ) -> PruneReport:
        """The same report with the losses of both networks on other data, and a sentence on the samples."""
        before, after = whole.loss(*pair, loss), small.loss(*pair, loss)
        return replace(self, loss_before=before, loss_after=after, samples=sentence)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    def to_text(self) -> str:
        """A few lines for people."""
        how = [f"{self.unit}s ranked by {self.by}"]
        how += [f"{self.merged} merged"] if self.merged else []
        how += ["compensated"] if self.compensated else []
        how += [f"retrained {counted(self.retrained_epochs, 'epoch')}"] if self.retrained_epochs else []
        counting = " of these weights and biases in float32" if self.unit == "weight" else ""
        lines = [
            ", ".join(how),
            f"hidden neurons {_widths(self.widths)} -> {_widths(self.live)}",
            f"parameters {self.parameters:,} ({self.dense_parameters:,} in its blocks) -> {self.compact_parameters:,}",
            f"weights {self.weights_before:,} -> {self.weights_after:,}, biases {self.biases_before:,} -> {self.biases_after:,}",
            f"bytes{counting} {self.bytes_before:,} -> {self.bytes_after:,}",
            f"{LATENCY_ROWS:,} samples in {1e3 * self.latency_before:.3g} ms -> {1e3 * self.latency_after:.3g} ms",
        ]
        if self.loss_before is not None and self.loss_after is not None:
            lines.append(f"loss {self.loss_before:.5g} -> {self.loss_after:.5g}")
        if self.limit is not None:
            lines.append(f"limit {self.limit:.5g} of the loss that judges: {'kept' if self.within else 'exceeded'}")
        return "\n".join([*lines, *([self.samples] if self.samples else [])]) + "\n"


def _widths(widths: Sequence[int]) -> str:
    return "-".join(map(str, widths[1:-1])) or "none"


@dataclass(frozen=True, eq=False)
class PruneResult:
    """`network` is direct and as wide as the given one, 0 where a neuron was removed; `compact` is the same function."""

    network: SpectralNetwork
    compact: CompactNetwork
    report: PruneReport

    def plot(self, path: str | os.PathLike[str] | None = None, *, ax: Any = None, **options: Any) -> Any:
        """Draw the compact network; returns the figure. See `CompactNetwork.plot`."""
        return self.compact.plot(path, ax=ax, **options)

    def __repr__(self) -> str:
        report = self.report
        sizes = "-".join(map(str, report.widths)), "-".join(map(str, report.live))
        losses = (report.loss_before, report.loss_after)
        loss = "" if None in losses else f", loss {losses[0]:.4g} -> {losses[1]:.4g}"
        return f"{type(self).__name__}({sizes[0]} -> {sizes[1]} by {report.by}{loss},\n  {self.compact!r})"


@dataclass(frozen=True, eq=False)
class Pruned:
    """What a removal ends with: the networks of `PruneResult`, epochs of its training, and merged neurons."""

    network: SpectralNetwork
    compact: CompactNetwork
    epochs: int
    merged: int = 0


def latency(network: SpectralNetwork | CompactNetwork) -> float:
    """Seconds for the outputs of `LATENCY_ROWS` samples: the least of `LATENCY_CALLS` calls, after one to warm up."""
    x = np.random.default_rng(0).normal(size=(LATENCY_ROWS, network.n_features)).astype(network.dtype)
    network.forward(x)
    least = np.inf
    for _ in range(LATENCY_CALLS):
        start = time.perf_counter()
        network.forward(x)
        least = min(least, time.perf_counter() - start)
    return least
