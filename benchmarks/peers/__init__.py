"""The same step, written for other libraries: `make(name, task)` builds a peer by its name.

Every peer starts from `task.start`, draws a new order of the rows for each epoch, and steps with Adam at 1e-3. None of
them logs, validates or checks anything between the steps; ours neither: it is timed where `train` calls the kernels.
tests/benchmarks/test_benchmarks.py compares loss, gradients and the first step of each with ours.
"""

from __future__ import annotations

import importlib
from typing import Protocol

import numpy as np

from benchmarks.tasks import Task


class Peer(Protocol):
    def run(self, epochs: int) -> float:
        """Seconds for that many passes over the data."""

    def loss_and_gradients(self) -> tuple[float, list[np.ndarray]]:
        """Of loss + penalty over the first batch, at the present parameters."""

    def parameters(self) -> list[np.ndarray]:
        """Copies, in the order of the gradients: φ^(1).. and λ^(1).., or the weights."""


PEERS = {
    "ours": "ours.make",
    "ours_direct": "ours.make_direct",
    "ours_dense": "ours.make_dense",
    "torch_published": "torch_published.make",
    "torch_as_printed": "torch_published.make_as_printed",
    "torch_m7": "torch_m7.make",
    "torch_dense": "torch_dense.make",
    "jax_m7": "jax_m7.make",
    "sklearn_mlp": "sklearn_mlp.make",
    "gemm": "gemm.make",
}
TITLES = {
    "ours": "ours",
    "torch_published": "published way in PyTorch (blocks formed; products shared, diagonals as vectors, fused Adam)",
    "torch_as_printed": "published way in PyTorch, as printed (each block its own product, diagonal matrices, default Adam)",
    "torch_m7": "M7 in PyTorch (autodiff, fused Adam)",
    "torch_dense": "dense network of these widths in PyTorch (autodiff, fused Adam; no skip connections, no spectrum)",
    "jax_m7": "M7 in JAX (jit, one scan for an epoch)",
    "sklearn_mlp": "scikit-learn MLP of these widths (no skip connections, no spectrum; a bias in every layer)",
}


def make(name: str, task: Task) -> Peer:
    module, function = PEERS[name].split(".")
    return getattr(importlib.import_module(f"benchmarks.peers.{module}"), function)(task)
