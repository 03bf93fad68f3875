"""A plain dense network of the same widths in PyTorch, without biases: what spectral training is measured against."""

from __future__ import annotations

import torch

from benchmarks.peers.torch_training import Tensors, Training
from benchmarks.tasks import Task


def output(weights: Tensors, nothing: Tensors, x: torch.Tensor) -> torch.Tensor:
    for weight in weights[:-1]:
        x = torch.relu(x @ weight.T)
    return x @ weights[-1].T


def make(task: Task, device: str = "cpu") -> Training:
    phi, lam = task.start
    return Training(
        task, output, ([phi[i] * (lam[i] - lam[i + 1][:, None]) for i in range(len(phi))], []), device=device
    )
