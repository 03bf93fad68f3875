"""Results of the first experiment: curves over the runs, and the comparison with the authors' values."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from spectral_core.wording import counted

QUANTITIES = {"path_norm": "‖Γ‖", "mean_abs_eigenvalue": "mean |λ|"}
"""Symbols of the measured quantities that are shown."""


@dataclass(frozen=True)
class Curve:
    """A quantity against α at one β over the runs: mean and standard error (NaN for one run), median, and 5 to 95 % of the runs.

    `largest` is the largest mean.
    """

    beta: float
    quantity: str
    alphas: np.ndarray
    means: np.ndarray
    errors: np.ndarray
    runs: np.ndarray
    largest: float
    medians: np.ndarray
    low: np.ndarray
    high: np.ndarray


def curves(rows: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """One curve for each β and quantity, from the rows of a sweep; trainings that diverged are left out.

    mean = Σ v / n, standard error = √(Σ (v - mean)² / (n - 1)) / √n, both over the n runs of one (α, β).

    By hand: statistics of runs. Checked by test_sparcs_first.test_curves_and_comparisons_by_hand.
    """
    found = []
    for beta in sorted({row["beta"] for row in rows}):
        for quantity in QUANTITIES:
            values = _values(rows, quantity, beta)
            alphas = sorted(values)
            samples = [values[alpha] for alpha in alphas]
            means = np.array([v.mean() for v in samples])
            errors = np.array([v.std(ddof=1) / np.sqrt(len(v)) if len(v) > 1 else np.nan for v in samples])
            runs = np.array([len(v) for v in samples])
            low, medians, high = np.array([np.quantile(v, (0.05, 0.5, 0.95)) for v in samples]).reshape(-1, 3).T
            largest = float(means.max(initial=0))
            found.append(
                Curve(beta, quantity, np.array(alphas, float), means, errors, runs, largest, medians, low, high)
            )
    return found


def _values(rows: Sequence[Mapping[str, Any]], quantity: str, beta: float) -> dict[float, np.ndarray]:
    """The runs' values at one β by α."""
    found: dict[float, list[float]] = {}
    for row in rows:
        if row["beta"] == beta and row.get(quantity) is not None:
            found.setdefault(row["alpha"], []).append(row[quantity])
    return {alpha: np.array(values) for alpha, values in found.items()}


def reference() -> list[dict[str, float]]:
    """Values of the authors' implementation: one run for each line, with other seeds, not normalised."""
    text = resources.files(__package__).joinpath("reference.csv").read_text(encoding="utf-8")
    names = {
        "gamma_norm": "path_norm",
        "mean_abs_input_and_hidden_eigenvalue": "mean_abs_eigenvalue",
        "train_mse": "loss",
    }
    return [
        {names.get(name, name): float(value) for name, value in row.items() if name != "seed"}
        for row in csv.DictReader(text.splitlines())
    ]


@dataclass(frozen=True)
class Comparison:
    """One value of the reference beside our runs at the same α and β.

    `beyond`: it is less than all of ours or more than all of ours; a value from the distribution of our n runs is so with
    chance 2/(n + 1). `deviations` is its distance from our mean in standard deviations of our runs (NaN for one run).
    """

    beta: float
    alpha: float
    quantity: str
    reference: float
    runs: int
    least: float
    median: float
    mean: float
    greatest: float
    deviations: float
    beyond: bool


def comparisons(rows: Sequence[Mapping[str, Any]]) -> list[Comparison]:
    """Ours and the reference, wherever both have a value."""
    found = []
    for quantity in QUANTITIES:
        for line in reference():
            ours = _values(rows, quantity, line["beta"]).get(line["alpha"])
            if ours is not None:
                found.append(_compared(line, quantity, ours))
    return found


def _compared(line: Mapping[str, float], quantity: str, ours: np.ndarray) -> Comparison:
    """By hand: statistics of runs. Checked by test_sparcs_first.test_curves_and_comparisons_by_hand."""
    value, spread = line[quantity], float(ours.std(ddof=1)) if len(ours) > 1 else 0.0
    return Comparison(
        beta=line["beta"],
        alpha=line["alpha"],
        quantity=quantity,
        reference=value,
        runs=len(ours),
        least=float(ours.min()),
        median=float(np.median(ours)),
        mean=float(ours.mean()),
        greatest=float(ours.max()),
        deviations=float((value - ours.mean()) / spread) if spread else np.nan,
        beyond=bool(value < ours.min() or value > ours.max()),
    )


def details(rows: Sequence[Mapping[str, Any]], compared: bool = True) -> dict[str, Any]:
    """Curves and comparisons, for a program; without `compared` there are no comparisons."""
    return {
        "curves": [vars(curve) for curve in curves(rows)],
        "comparisons": [vars(comparison) for comparison in comparisons(rows)] if compared else [],
    }


def table(rows: Sequence[Mapping[str, Any]], compared: bool = True) -> str:
    """The comparison as text, with the number of differences that chance alone would make; else our values alone.

    By hand: a sum of counts. Checked by test_sparcs_first.test_the_table_says_where_the_reference_lies.
    """
    if not compared:
        return _own(rows)
    found = comparisons(rows)
    if not found:
        return "no α and β in common with the reference\n"
    layout = "{:<10} {:>5} {:>5} {:>5} {:>10} {:>10} {:>10} {:>10} {:>10} {:>7}  {}\n"
    head = ["quantity", "β", "α", "runs", "least", "median", "mean", "greatest", "reference", "(r-m)/s"]
    text = layout.format(*head, "the reference is")
    for line in found:
        side = "below all ours" if line.reference < line.least else "above all ours"
        numbers = (f"{v:.3g}" for v in (line.least, line.median, line.mean, line.greatest, line.reference))
        point = (QUANTITIES[line.quantity], f"{line.beta:g}", f"{line.alpha:g}", line.runs)
        text += layout.format(*point, *numbers, f"{line.deviations:.2f}", side if line.beyond else "within ours")
    beyond, chance = sum(line.beyond for line in found), sum(2 / (line.runs + 1) for line in found)
    return text + (
        f"{beyond} of {counted(len(found), 'value')} of the reference lie beyond the spread of our runs; chance alone would put "
        f"{chance:.2g} there\n"
    )


def _own(rows: Sequence[Mapping[str, Any]]) -> str:
    """Our values at every α and β.

    By hand: statistics of runs. Checked by test_sparcs_first.test_the_median_and_the_band_of_the_runs.
    """
    layout = "{:<10} {:>5} {:>5} {:>5} {:>10} {:>10} {:>10} {:>10}\n"
    text = layout.format("quantity", "β", "α", "runs", "least", "median", "mean", "greatest")
    for quantity, name in QUANTITIES.items():
        for beta in sorted({row["beta"] for row in rows}):
            for alpha, ours in sorted(_values(rows, quantity, beta).items()):
                numbers = (f"{v:.3g}" for v in (ours.min(), np.median(ours), ours.mean(), ours.max()))
                text += layout.format(name, f"{beta:g}", f"{alpha:g}", len(ours), *numbers)
    return text
