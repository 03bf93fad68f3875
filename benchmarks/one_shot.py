"""Pruning without a gradient step: `python -m benchmarks one_shot --data IMAGES --test-data IMAGES`.

A network of one hidden layer is trained, then most of its neurons go by each ranking, with the refits of `prune`. Each result is
trained for a few epochs more, and a network of that size is trained from scratch. `--data` takes what `search` takes, such as the
IDX files of Fashion-MNIST; classes only.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from benchmarks.rows import Row, row
from spectral_core import SpectralNetwork, prune, train
from spectral_core.data import datasets

RANKINGS: dict[str, dict[str, Any]] = {
    "path": {"by": "path"},
    "plain_path": {"by": "plain_path"},
    "pivoted_qr": {"by": "pivoted_qr"},
    "leave_one_out": {"by": "leave_one_out"},
    "leave_one_out, loss": {"by": "leave_one_out", "loss": "cross_entropy"},
    "leave_one_out, loss, targets": {"by": "leave_one_out", "loss": "cross_entropy", "towards": "targets"},
    "leave_one_out, loss, skip connections": {"by": "leave_one_out", "loss": "cross_entropy", "skip_connections": True},
}
TRAINING: dict[str, Any] = {"loss": "cross_entropy", "batch_size": 100, "schedule": "cosine"}


def measure(arguments: list[str]) -> list[Row]:
    """Accuracies on the test data, means over the runs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks one_shot", description=__doc__)
    parser.add_argument("--data", required=True, help="training data")
    parser.add_argument("--test-data", required=True, help="test data")
    parser.add_argument("--hidden", type=int, default=500, help="hidden neurons (default: 500)")
    parser.add_argument("--fraction", type=float, default=0.9, help="share of the neurons that goes (default: 0.9)")
    parser.add_argument("--epochs", type=int, default=10, help="epochs of the training (default: 10)")
    parser.add_argument("--more", type=int, default=5, help="epochs after pruning (default: 5)")
    parser.add_argument("--runs", type=int, default=3, help="seeds (default: 3)")
    options = parser.parse_args(arguments)
    data, test = (datasets.load(name, task="classification") for name in (options.data, options.test_data))
    scale = float(np.abs(data.x).max())
    x, x_test = ((part.x / scale).astype(np.float32) for part in (data, test))
    found: dict[str, list[float]] = {}
    for seed in range(options.runs):
        for name, value in _run(options, seed, (x, data.y), (x_test, test.y)).items():
            found.setdefault(name, []).append(value)
    rows = [row(name, float(np.mean(values)), spread=(min(values), max(values))) for name, values in found.items()]
    best, whole = list(RANKINGS)[-1], np.mean(found["whole network"])
    for name, most in ((best, 0.01), (f"{best}; {options.more} epochs", 0.003)):
        rows.append(row(f"whole network less {name}", float(whole - np.mean(found[name])), at_most=most))
    return rows


def _run(options: argparse.Namespace, seed: int, data: tuple[Any, Any], test: tuple[Any, Any]) -> dict[str, float]:
    def accuracy(net: Any) -> float:
        return float(np.mean(net.forward(test[0]).argmax(axis=1) == test[1]))

    def trained(net: Any, epochs: int) -> Any:
        return train(net, *data, epochs=epochs, seed=seed, **TRAINING).network

    def dense(hidden: int) -> SpectralNetwork:
        widths = [data[0].shape[1], hidden, int(data[1].max()) + 1]
        return SpectralNetwork.initialize(widths, parametrization="layerwise", start="dense", seed=seed)

    def joined(net: SpectralNetwork) -> SpectralNetwork:
        """The same network with skip connections from the inputs to the outputs, of weight 0."""
        blocks = {pair: np.array(block) for pair, block in net.transfer_blocks().items()}
        blocks[3, 1] = np.zeros((net.widths[2], net.widths[0]), net.dtype)
        return SpectralNetwork(
            blocks=blocks, activation=net.activation, bias=net.bias, parametrization="direct", dtype=net.dtype.name
        )

    net = trained(dense(options.hidden), options.epochs)
    found = {"whole network": accuracy(net)}
    for name, how in RANKINGS.items():
        begin = time.perf_counter()
        labels = data[1] if "loss" in how else None
        small = prune(net, fraction=options.fraction, X=data[0], y=labels, **how).compact
        print(f"{name}: {time.perf_counter() - begin:.1f} s", flush=True)
        found[name] = accuracy(small)
        found[f"{name}; {options.more} epochs"] = accuracy(trained(small, options.more))
    rest = options.hidden - int(options.fraction * options.hidden)
    found[f"{rest} neurons from scratch"] = accuracy(trained(dense(rest), options.epochs))
    found[f"{rest} neurons and skip connections from scratch"] = accuracy(trained(joined(dense(rest)), options.epochs))
    return found
