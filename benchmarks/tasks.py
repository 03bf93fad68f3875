"""What is trained: widths, batch, loss, penalty; the data and the start that every peer gets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Task:
    """One training of layers 1..K with relu and Adam at 1e-3, float32.

    widths : neurons of layers 1..K; with `bias` the last neuron of layer 1 is the constant 1.
    rows, batch : points and mini-batch; the batch divides the rows.
    loss : ``squared_error`` (mean over samples and outputs) or ``cross_entropy`` (softmax, mean over samples).
    penalised : layers, counted from 0, whose ‖λ‖₂ times `strength` is added to the loss.
    """

    widths: tuple[int, ...]
    batch: int
    rows: int
    loss: str = "squared_error"
    bias: bool = False
    penalised: tuple[int, ...] = ()
    strength: float = 0.0

    @property
    def steps(self) -> int:
        """Optimizer steps of an epoch."""
        return self.rows // self.batch

    @cached_property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """x (rows, n_1), the constant included; y (rows, n_K), or class indices (rows,)."""
        generator = np.random.default_rng(1)
        x = generator.uniform(-1, 1, (self.rows, self.widths[0])).astype(np.float32)
        if self.bias:
            x[:, -1] = 1
        signal = x @ generator.normal(size=(self.widths[0], self.widths[-1])).astype(np.float32)
        if self.loss == "cross_entropy":
            return x, signal.argmax(axis=1)
        return x, np.maximum(signal, 0)

    @cached_property
    def start(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """φ^(i) by Xavier, and random λ^(i): λ = 0 would hide what a gradient does."""
        generator = np.random.default_rng(2)
        bounds = [np.sqrt(6 / (m + n)) for m, n in pairwise(self.widths)]
        phi = [generator.uniform(-b, b, (self.widths[i + 1], self.widths[i])) for i, b in enumerate(bounds)]
        lam = [generator.uniform(-1, 1, width) for width in self.widths]
        return [a.astype(np.float32) for a in phi], [a.astype(np.float32) for a in lam]

    @property
    def flops(self) -> int:
        """Of the matrix products of one step in the form M7, M8: the part that a share of the GEMM rate speaks of.

        Every block: z and ∂φ; all but the last: v and the second part of ∂φ; the same again for ∂u, which layer 1 does
        not need.
        """
        blocks = len(self.widths) - 1
        total = 0
        for i in range(blocks):
            twice = 1 if i == blocks - 1 else 2
            total += self.widths[i] * self.widths[i + 1] * twice * (3 if i else 2)
        return 2 * self.batch * total

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, record: dict[str, Any]) -> Task:
        lists = {name: tuple(value) for name, value in record.items() if isinstance(value, list)}
        return cls(**{**record, **lists})


SMALL = Task((3, 300, 1), 100, 10_000, bias=True, penalised=(0, 1), strength=1e-4)
"""The step of the published first experiment, P1."""
MEDIUM = Task((65, 128, 128, 10), 100, 2_000, "cross_entropy", bias=True)
LARGE = Task((20, 2000, 2000, 20), 1024, 2_048, penalised=(1, 2), strength=1e-4)
"""The step of the published second experiment, P2."""


def chain(blocks: int, width: int, batch: int = 100, steps: int = 10) -> Task:
    """`blocks` blocks between layers of one width."""
    return Task((width,) * (blocks + 1), batch, batch * steps)
