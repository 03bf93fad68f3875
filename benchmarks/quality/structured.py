"""torch-pruning: whole neurons go, in five rounds, each followed by training."""

from __future__ import annotations

import time

import torch

from benchmarks.quality.gradual import Dense, Effort, result
from benchmarks.quality.records import Result
from benchmarks.quality.sets import Split

ROUNDS = 5


def torch_pruning(data: Split, neurons: int, hidden: int, seed: int) -> list[Result]:
    """`neurons` of the `hidden` ones stay, by group magnitude; the epochs are those of a gradual pruning in all."""
    import torch_pruning as tp

    scaled = data.scaled()
    begin = time.process_time()
    dense = Dense(scaled, hidden, seed)
    effort = Effort.on(len(scaled.x))
    part = Effort(max(1, effort.epochs // (ROUNDS + 1)), effort.batch)
    total = sum(weight.numel() for weight in dense.weights)
    dense.train(total, "magnitude", part)
    keep = max(1, min(neurons, hidden))
    for number in range(1, ROUNDS + 1):
        count = round(hidden * (keep / hidden) ** (number / ROUNDS))
        share = 1 - count / dense.first.out_features
        pruner = tp.pruner.MagnitudePruner(
            dense.net, torch.tensor(scaled.x[:1]), tp.importance.GroupMagnitudeImportance(p=2),
            pruning_ratio=share, ignored_layers=[dense.last],
        )  # fmt: skip
        pruner.step()
        dense.weights = [dense.first.weight, dense.last.weight]
        dense.masks = [torch.ones_like(weight) for weight in dense.weights]
        dense.fisher = [torch.zeros_like(weight) for weight in dense.weights]
        dense.train(sum(weight.numel() for weight in dense.weights), "magnitude", part)
    return [result("torch-pruning", 0, dense.sparse(), scaled, time.process_time() - begin)]
