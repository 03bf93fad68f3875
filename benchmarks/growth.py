"""Growing beside trimming: `search(strategy="grow")` and `strategy="seed"` on the same splits.

Four random splits of each built-in set, 30 % for the test, of the rest a fifth to judge by; and the first experiment at α = 1
with fresh points to judge by, where the seed strategy has the published settings. Losses are those of the trimmed networks on
the samples that judge; weights those of the compact networks.
"""

import math
from typing import Any

import numpy as np

from benchmarks.rows import Row, row
from spectral_core import search
from spectral_core.architecture.report import SearchReport
from spectral_core.architecture.result import SearchResult
from spectral_core.architecture.search import PUBLISHED
from spectral_core.data.datasets import load
from spectral_core.data.splitting import train_test_split

SEEDS = range(4)
SETS = ("digits", "wine", "breast_cancer", "diabetes")
STRATEGIES = ("grow", "seed")


def found_in(name: str, seed: int, strategy: str) -> tuple[tuple[float, ...], SearchReport]:
    """Validation loss, weights, hidden neurons left, test score, seconds; and the whole report."""
    training, test = train_test_split(load(name), 0.3, seed)
    labels = np.asarray(training.classes)
    classifies = training.task == "classification"
    target, truth = (labels[training.y], labels[test.y]) if classifies else (training.y, test.y)
    found = search(training.x, target, task=training.task, seed=seed, strategy=strategy)
    report = found.report
    return (
        report.validation_loss_after,
        report.compact_parameters,
        sum(report.live[1:-1]),
        found.compact_predictor.score(test.x, truth),
        report.seconds,
    ), report


def reached(grown: SearchReport, loss: float) -> float:
    """The weights of the smallest stage with at most this validation loss, before trimming; NaN if there is none."""
    return min((c["parameters"] for c in grown.candidates if c["validation_loss"] <= loss), default=math.nan)


def experiment(strategy: str, seed: int) -> SearchResult:
    """The first experiment at α = 1, β = 5."""
    data = load("sparcs", alpha=1.0, beta=5.0, seed=seed)
    assert data.fresh is not None
    options: dict[str, Any] = {"standardize": False, "eigenvector_penalties": (0.0,)}
    return search(
        data.x, data.y, validation_data=(data.fresh.x, data.fresh.y), seed=seed, strategy=strategy,
        **(dict(PUBLISHED) if strategy == "seed" else options),
    )  # fmt: skip


def measure() -> list[Row]:
    """Means over the splits, and the trade-off of the first experiment."""
    rows = []
    for name in SETS:
        pairs = [(found_in(name, seed, "grow"), found_in(name, seed, "seed")) for seed in SEEDS]
        grown, seeded = (np.mean([pair[k][0] for pair in pairs], axis=0) for k in (0, 1))
        loss, weights, hidden, score, seconds = grown
        equal = [reached(grow[1], trim[0][0]) / trim[0][1] for grow, trim in pairs]
        never = sum(map(math.isnan, equal))
        beside = f"{seeded[0]:.4g} (seed)"
        rows += [
            row(f"{name}, grown: validation loss", loss, "", beside),
            row(f"{name}, grown: weights", weights, "", f"{seeded[1]:.4g} (seed)"),
            row(f"{name}, grown: hidden neurons", hidden, "", f"{seeded[2]:.4g} (seed)"),
            row(f"{name}, grown: test score", score, "", f"{seeded[3]:.4g} (seed)"),
            row(
                f"{name}: weights at which a grown network has the loss of the trimmed one, over its weights (median of "
                f"those that do; {never} of {len(equal)} splits never)",
                float(np.nanmedian(equal)) if never < len(equal) else math.nan,
                at_most=1 / 3,
            ),
            row(f"{name}, grown: time of a search", seconds, "s", f"{seeded[4]:.3g} (seed)"),
        ]
    for seed in SEEDS:
        grow, trim = experiment("grow", seed).report, experiment("seed", seed).report
        least = trim.validation_loss_after
        rows.append(
            row(f"P1, α = 1, seed {seed}: weights at which a grown network has the loss of the trimmed one, {least:.3g}",
                reached(grow, least), "", f"{trim.compact_parameters} (seed)")
        )  # fmt: skip
        curve = ", ".join(f"{c['parameters']}: {c['validation_loss']:.2g}" for c in grow.candidates[::3])
        rows.append(row(f"P1, α = 1, seed {seed}: weights of the grown network chosen (stages, weights: loss: {curve})",
                        grow.compact_parameters, "", f"loss {grow.validation_loss_after:.3g}"))  # fmt: skip
    return rows
