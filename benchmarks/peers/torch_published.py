"""The published formulation: all blocks W_ij formed (M4), z_i = Σ_{j<i} W_ij x_j, autodiff."""

from __future__ import annotations

import torch

from benchmarks.peers.torch_training import Tensors, Training
from benchmarks.tasks import Task

Blocks = dict[tuple[int, int], torch.Tensor]


def blocks(phi: Tensors, lam: Tensors) -> Blocks:
    """Layers from 0. The products φ^(i-2) ... φ^(j) are shared by all i, and diagonal matrices are vectors."""
    weights = [phi[i] * (lam[i] - lam[i + 1][:, None]) for i in range(len(phi))]
    result = {}
    for j in range(len(phi)):
        result[j + 1, j] = weights[j]
        path = phi[j]
        for i in range(j + 2, len(lam)):
            path = -path
            result[i, j] = weights[i - 1] @ path
            if i + 1 < len(lam):
                path = phi[i - 1] @ path
    return result


def blocks_as_printed(phi: Tensors, lam: Tensors) -> Blocks:
    """W_ij = (-1)^{i-1-j} [φ^(i-1) L_{i-1} - L_i φ^(i-1)] φ^(i-2) ... φ^(j), each block by itself, from left to right."""
    diagonal = [torch.diag(values) for values in lam]
    result = {}
    for i in range(1, len(lam)):
        for j in range(i):
            block = (-1) ** (i - 1 - j) * (phi[i - 1] @ diagonal[i - 1] - diagonal[i] @ phi[i - 1])
            for k in range(i - 2, j - 1, -1):
                block = block @ phi[k]
            result[i, j] = block
    return result


def propagate(formed: Blocks, layers: int, x: torch.Tensor) -> torch.Tensor:
    active = [x]
    for i in range(1, layers):
        z = active[0] @ formed[i, 0].T
        for j in range(1, i):
            z = z + active[j] @ formed[i, j].T
        active.append(torch.relu(z))
    return z


def make(task: Task, device: str = "cpu") -> Training:
    return Training(task, lambda phi, lam, x: propagate(blocks(phi, lam), len(lam), x), task.start, device=device)


def make_as_printed(task: Task, device: str = "cpu") -> Training:
    """With the optimizer as `torch.optim.Adam(parameters)` gives it."""
    return Training(
        task,
        lambda phi, lam, x: propagate(blocks_as_printed(phi, lam), len(lam), x),
        task.start,
        fused=False,
        device=device,
    )
