"""Gradual pruning in PyTorch: one hidden layer whose weights go while it trains (Zhu and Gupta 2017).

Magnitude: |w| beside the mean magnitude of its matrix. Fisher: w² times the running mean of the squared gradient of the
mini-batches, an estimate of how much the loss rises (Theis and others 2018). 150 epochs, Adam at 2e-3 with a cosine down to
0, mini-batches of 32, label smoothing 0.05; the number of weights falls from the first tenth of the epochs on, for six
tenths of them, by the cubic rule. Each network counts once more after the polish that our search ends with.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.quality.records import Result
from benchmarks.quality.sets import LARGE, Split
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.lbfgs import polish
from spectral_core.refitting.samples import Samples

SMOOTHING, RATE = 0.05, 2e-3
POLISH_ITERATIONS, POLISH_L2 = 150, 1e-3
MEMORY = 0.95
"""Of the running mean of squared gradients."""


@dataclass(frozen=True)
class Effort:
    """Epochs and mini-batches of a training."""

    epochs: int
    batch: int

    @classmethod
    def on(cls, rows: int) -> Effort:
        """The usual 150 epochs of batches of 32; on many rows 30 epochs of 128."""
        return cls(150, 32) if rows < LARGE else cls(30, 128)


class Dense:
    """A network of one hidden layer of relu with masks on its weights."""

    def __init__(self, data: Split, hidden: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.classifies = data.classifies
        self.x = torch.tensor(data.x)
        self.y = torch.tensor(data.y) if data.classifies else torch.tensor(data.y, dtype=torch.float32)[:, None]
        self.first = torch.nn.Linear(data.x.shape[1], hidden)
        self.last = torch.nn.Linear(hidden, data.outputs)
        self.net = torch.nn.Sequential(self.first, torch.nn.ReLU(), self.last)
        self.weights = [self.first.weight, self.last.weight]
        self.masks = [torch.ones_like(weight) for weight in self.weights]
        self.fisher = [torch.zeros_like(weight) for weight in self.weights]

    def loss(self, rows: torch.Tensor) -> torch.Tensor:
        output = self.net(self.x[rows])
        if self.classifies:
            return torch.nn.functional.cross_entropy(output, self.y[rows], label_smoothing=SMOOTHING)
        return torch.nn.functional.mse_loss(output, self.y[rows])

    @torch.no_grad()
    def prune(self, keep: int, saliency: str) -> None:
        """Keep the `keep` weights of greatest saliency; those gone before stay gone."""
        if saliency == "magnitude":
            scores = [weight.abs() / weight.abs().mean() for weight in self.weights]
        else:
            scores = [weight**2 * mean for weight, mean in zip(self.weights, self.fisher, strict=True)]
        alive = [torch.where(mask > 0, score, -1.0) for mask, score in zip(self.masks, scores, strict=True)]
        kept = torch.topk(torch.cat([score.flatten() for score in alive]), keep).indices
        flat = torch.zeros(sum(mask.numel() for mask in self.masks))
        flat[kept] = 1
        for mask, part in zip(self.masks, flat.split([mask.numel() for mask in self.masks]), strict=True):
            mask.copy_(part.view_as(mask))
        self.apply_masks()

    @torch.no_grad()
    def apply_masks(self) -> None:
        for weight, mask in zip(self.weights, self.masks, strict=True):
            weight.mul_(mask)

    def train(self, keep: int, saliency: str, effort: Effort) -> None:
        """Train; with fewer weights to keep than there are, prune meanwhile."""
        total = sum(weight.numel() for weight in self.weights)
        batch = min(effort.batch, len(self.x))
        steps = len(self.x) // batch
        optimizer = torch.optim.Adam(self.net.parameters(), RATE, fused=True)
        total_steps = effort.epochs * steps
        for epoch in range(effort.epochs):
            done = min(1.0, max(0.0, (epoch - effort.epochs / 10) / (0.6 * effort.epochs)))
            count = int(keep + (total - keep) * (1 - done) ** 3)
            if count < total:
                self.prune(count, saliency)
            order = torch.randperm(len(self.x))
            for step in range(steps):
                progress = (epoch * steps + step) / total_steps
                optimizer.param_groups[0]["lr"] = RATE / 2 * (1 + math.cos(math.pi * progress))
                optimizer.zero_grad()
                self.loss(order[step * batch : (step + 1) * batch]).backward()
                if saliency == "Fisher":
                    for mean, weight in zip(self.fisher, self.weights, strict=True):
                        mean.mul_(MEMORY).addcmul_(weight.grad, weight.grad, value=1 - MEMORY)
                optimizer.step()
                if count < total:
                    self.apply_masks()

    def sparse(self) -> SparseNetwork:
        """The network as a list of its weights that are not 0, and of all its biases."""
        inputs, hidden, outputs = self.first.in_features, self.first.out_features, self.last.out_features
        weights, senders, receivers = [], [], []
        for layer, start, base in ((self.first, 0, inputs + 1), (self.last, inputs + 1, inputs + 1 + hidden)):
            matrix = layer.weight.detach().numpy()
            rows, columns = np.nonzero(matrix)
            constant = np.full(len(matrix), inputs)
            weights += [matrix[rows, columns], layer.bias.detach().numpy()]
            senders += [start + columns, constant]
            receivers += [base + rows, base + np.arange(len(matrix))]
        parts = (np.concatenate(part) for part in (weights, senders, receivers))
        return SparseNetwork.sorted((inputs + 1, hidden, outputs), "relu", True, *parts).cleaned()


def gradual(
    data: Split, size: int, saliency: str, hidden: int, seed: int, effort: Effort | None = None
) -> list[Result]:
    """The network of `size` weights as trained, and after the polish on all training rows."""
    scaled = data.scaled()
    begin = time.process_time()
    dense = Dense(scaled, hidden, seed)
    dense.train(size, saliency, effort or Effort.on(len(scaled.x)))
    net, name = dense.sparse(), f"gradual {saliency}"
    results = [result(name, size, net, scaled, time.process_time() - begin)]
    loss = "cross_entropy" if data.classifies else "squared_error"
    target = scaled.y if data.classifies else scaled.y[:, None]
    samples = Samples.of(scaled.x, target, loss, True, smoothing=SMOOTHING if data.classifies else 0.0)
    net, _ = polish(net, samples, POLISH_ITERATIONS, POLISH_L2)
    return [*results, result(f"{name}, polished", size, net, scaled, time.process_time() - begin)]


def result(method: str, size: int, net: SparseNetwork, scaled: Split, seconds: float) -> Result:
    """The result of a sparse network; weights that act count."""
    labels = scaled.y_test if scaled.classifies else scaled.y_test[:, None]
    loss = "cross_entropy" if scaled.classifies else "squared_error"
    output = Samples.of(scaled.x_test, labels, loss, True).forward(net)
    return Result(method, size, scaled.score(output), seconds, net.n_products, net.n_biases, len(net.live))
