"""Results of spectral pruning: means and deviations of the runs, and the authors' accuracies."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np

from spectral_core.experiments.pruning.methods import METHODS, published_width
from spectral_core.wording import counted

PUBLISHED = ("spectral", "dense", "alternate")
"""Methods of which the authors give accuracies."""


def compared_with(data: str) -> str:
    """The data set of the authors that ours are shown beside: Fashion-MNIST where the path says so, else MNIST."""
    return "Fashion-MNIST" if "fashion" in data.lower() else "MNIST"


def authors_data(rows: Sequence[Mapping[str, Any]]) -> str:
    """The data set of the authors that these rows belong beside; rows of earlier versions do not name it."""
    return next((row["authors"] for row in rows if row.get("authors")), "MNIST")


def reference(dataset: str) -> dict[tuple[int, str, str, float], float]:
    """Accuracy in per cent of the authors on a data set, by (hidden layers, activation, method, percentile)."""
    text = resources.files(__package__).joinpath("reference.csv").read_text(encoding="utf-8")
    return {
        (int(row["hidden_layers"]), row["activation"], row["arm"], float(row["percentile_trimmed"])): float(
            row["accuracy_mean"]
        )
        for row in csv.DictReader(text.splitlines())
        if row["dataset"] == dataset
    }


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[int, str, str, int], tuple[float, float, int]]:
    """Mean, standard deviation (n - 1) in per cent and number of runs, by (hidden layers, activation, method, percentile).

    By hand: statistics of runs. Checked by test_pruning.test_summaries_by_hand.
    """
    values: dict[tuple[int, str, str, int], list[float]] = {}
    for row in rows:
        for name, value in row.items():
            method, at, percentile = name.rpartition("@")
            if at and value is not None:
                values.setdefault((row["layers"], row["activation"], method, int(percentile)), []).append(100 * value)
    return {
        key: (float(np.mean(v)), float(np.std(v, ddof=1)) if len(v) > 1 else math.nan, len(v))
        for key, v in values.items()
    }


def details(rows: Sequence[Mapping[str, Any]], compared: bool = True) -> dict[str, Any]:
    """The numbers of the table, for JSON; they are ours alone, whether `compared` or not."""
    names = ("hidden_layers", "activation", "arm", "percentile", "mean", "deviation", "runs")
    return {"accuracy": [dict(zip(names, (*key, *value), strict=True)) for key, value in sorted(summary(rows).items())]}


def table(rows: Sequence[Mapping[str, Any]], compared: bool = True) -> str:
    """Accuracies of every method by percentile, ours and, with `compared`, the authors' on MNIST or Fashion-MNIST.

    The authors' lines name the neurons of their hidden layers, where ours have others.
    """
    dataset, widths = authors_data(rows), {row["layers"]: row["hidden"] for row in rows if "hidden" in row}
    found, published = summary(rows), reference(dataset) if compared else {}
    percentiles = sorted({key[3] for key in found})
    text = "accuracy on held-out samples, %, mean ± standard deviation"
    text += f"; '{dataset}' lines: the authors' values\n" if compared else "\n"
    for layers, activation in sorted({key[:2] for key in found}):
        runs = max(value[2] for key, value in found.items() if key[:2] == (layers, activation))
        own = widths.get(layers)
        of = "" if own is None else f" of {own} neurons"
        text += f"\n{counted(layers, 'hidden layer')}{of}, {activation}, {counted(runs, 'run')}\n"
        text += f"{'% trimmed':<34}" + "".join(f"{p:>14}" for p in percentiles) + "\n"
        for method in METHODS:
            cells = []
            for percentile in percentiles:
                entry = found.get((layers, activation, method, percentile))
                spread = "" if entry is None or math.isnan(entry[1]) else f" ± {entry[1]:.1f}"
                cells.append("-" if entry is None else f"{entry[0]:.1f}{spread}")
            text += f"{method:<34}" + "".join(f"{cell:>14}" for cell in cells) + "\n"
        for method in PUBLISHED:
            values = [published.get((layers, activation, method, float(p))) for p in percentiles]
            if any(value is not None for value in values):
                shown = "".join(f"{'-' if value is None else f'{value:.1f}':>14}" for value in values)
                theirs = published_width(layers)
                name = f"{dataset}, {method}" + (f" ({theirs})" if own not in (None, theirs) else "")
                text += f"{name:<34}{shown}\n"
    return text
