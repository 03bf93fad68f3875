"""Results of SpiderNet in small: means over runs, and whether chance does better at equal size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core.architecture.image_memory import sized
from spectral_core.experiments.spidernet.experiment import ARMS, SHARES
from spectral_core.wording import counted

REFERENCE = (
    "reference: a network of four residual separable convolutions with 28,474 parameters, made by hand in PyTorch, reaches "
    "68.3 % on CIFAR-10 at 16×16 after 240,000 images (84 s on one core)"
)


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, float], dict[str, float]]:
    """By arm and share of channels: mean and deviation of the accuracy in per cent, mean parameters and products, runs.

    By hand: statistics of runs. Checked by test_spidernet.test_summaries_by_hand.
    """
    found = {}
    for arm in ARMS:
        own = [row for row in rows if row["arm"] == arm and row.get("failure") is None]
        for share in SHARES if own else ():
            hits = 100 * np.array([row[f"accuracy@{share:g}"] for row in own])
            found[arm, share] = {
                "accuracy": float(hits.mean()),
                "deviation": float(hits.std(ddof=1)) if len(own) > 1 else math.nan,
                "parameters": float(np.mean([row[f"parameters@{share:g}"] for row in own])),
                "products": float(np.mean([row[f"products@{share:g}"] for row in own])),
                "bytes": float(np.mean([row["bytes"] for row in own])),
                "runs": len(own),
            }
    return found


def details(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The numbers of the table, for JSON."""
    found = summary(rows)
    return {"arms": [{"arm": arm, "share": share, **values} for (arm, share), values in found.items()]}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Accuracy, parameters, products and memory of each arm and share, and a sentence on chance."""
    found = summary(rows)
    lines = [
        f"{'arm':<12}{'channels cut':>13}{'test accuracy, %':>20}{'parameters':>13}{'multiply-adds':>16}{'step':>11}"
    ]
    for (arm, share), values in found.items():
        spread = "" if math.isnan(values["deviation"]) else f" ± {values['deviation']:.1f}"
        hits, cut = f"{values['accuracy']:.1f}{spread}", f"{share:.0%}"
        lines.append(
            f"{arm:<12}{cut:>13}{hits:>20}{values['parameters']:>13,.0f}"
            f"{values['products']:>16,.0f}{sized(values['bytes']):>11}"
        )
    counts = {arm: int(values["runs"]) for (arm, _), values in found.items()}
    runs = f"{counted(max(counts.values(), default=0), 'run')} of each arm"
    if len(set(counts.values())) > 1:  # some failed, or were not run
        runs = ", ".join(f"{counted(count, 'run')} of {arm}" for arm, count in counts.items())
    lines += [
        "",
        f"{runs}; compact networks, refitted where channels are cut",
        *verdicts(found),
    ]
    return "\n".join([*lines, REFERENCE]) + "\n"


def verdicts(found: Mapping[tuple[str, float], Mapping[str, float]]) -> list[str]:
    """One sentence for each arm beside the search: the difference at no cut, in standard errors.

    By hand: statistics of runs. Checked by test_spidernet.test_summaries_by_hand.
    """
    sentences, own = [], found.get(("search", 0.0))
    for arm in ARMS[1:]:
        other = found.get((arm, 0.0))
        if own is None or other is None:
            continue
        gap = own["accuracy"] - other["accuracy"]
        error = math.sqrt(own["deviation"] ** 2 / own["runs"] + other["deviation"] ** 2 / other["runs"])
        if math.isnan(error):
            known = "one run says nothing on chance"
        else:
            known = "more than" if abs(gap) > error else "less than"
            known = f"{known} the standard error of {error:.1f}"
        size = own["parameters"] / other["parameters"]
        sentences.append(f"search - {arm}: {gap:+.1f} points ({known}) at {size:.2f} times the parameters")
    return sentences
