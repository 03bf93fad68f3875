"""Our form in PyTorch (M7): u_1 = x_1, z_i = M_i u_{i-1}, u_i = f(z_i) - φ^(i-1) u_{i-1}; autodiff."""

from __future__ import annotations

import torch

from benchmarks.peers.torch_training import Tensors, Training
from benchmarks.tasks import Task


def output(phi: Tensors, lam: Tensors, x: torch.Tensor) -> torch.Tensor:
    u = x
    for i in range(len(phi)):
        z = u @ (phi[i] * (lam[i] - lam[i + 1][:, None])).T
        if i + 1 < len(phi):
            u = torch.relu(z) - u @ phi[i].T
    return z


def make(task: Task, device: str = "cpu") -> Training:
    return Training(task, output, task.start, device=device)
