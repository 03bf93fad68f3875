"""What the PyTorch peers share: data, loss, penalty, Adam, the loop over mini-batches."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from benchmarks.tasks import Task

Tensors = list[torch.Tensor]


class Training:
    """Autodiff of output(phi, lam, x); for a dense network `phi` are its weights and `lam` is empty."""

    def __init__(
        self,
        task: Task,
        output: Callable[[Tensors, Tensors, torch.Tensor], torch.Tensor],
        start: tuple[list[np.ndarray], list[np.ndarray]],
        fused: bool = True,
        device: str = "cpu",
    ) -> None:
        x, y = task.data
        self.task, self.output, self.device = task, output, torch.device(device)
        self.x, self.y = torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)
        self.phi, self.lam = (
            [torch.tensor(value, requires_grad=True, device=device) for value in values] for values in start
        )
        self.penalised = [self.lam[i] for i in task.penalised] if self.lam else []
        self.optimizer = torch.optim.Adam(self.phi + self.lam, lr=1e-3, fused=fused or None)
        self.distance = torch.nn.functional.mse_loss
        if task.loss == "cross_entropy":
            self.distance = torch.nn.functional.cross_entropy

    def loss(self, rows: torch.Tensor) -> torch.Tensor:
        value = self.distance(self.output(self.phi, self.lam, self.x[rows]), self.y[rows])
        for lam in self.penalised:
            value = value + self.task.strength * torch.linalg.vector_norm(lam)
        return value

    def compiled(self) -> Training:
        """Loss and derivatives by `torch.compile`."""
        self.loss = torch.compile(self.loss)  # type: ignore[method-assign]
        return self

    def run(self, epochs: int) -> float:
        start = time.perf_counter()
        for _ in range(epochs):
            for rows in torch.randperm(self.task.rows, device=self.device).split(self.task.batch):
                self.optimizer.zero_grad()
                self.loss(rows).backward()
                self.optimizer.step()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    def loss_and_gradients(self) -> tuple[float, list[np.ndarray]]:
        self.optimizer.zero_grad()
        loss = self.loss(torch.arange(self.task.batch, device=self.device))
        loss.backward()
        return loss.item(), [value.grad.cpu().numpy().copy() for value in self.phi + self.lam]

    def parameters(self) -> list[np.ndarray]:
        return [value.detach().cpu().numpy().copy() for value in self.phi + self.lam]
