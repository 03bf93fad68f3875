"""Results beside each other: means with standard errors, paired differences at equal size, and the rows with targets."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.quality.sets import CHOOSING, SETS
from benchmarks.rows import Row, row

OURS = "our curve"
PEERS = ("gradual magnitude", "gradual magnitude, polished", "gradual Fisher", "gradual Fisher, polished")
WHOLE = (
    "ours", "ours, best", "ours, one error", "MLP 100", "MLP 300", "MLP, random search", "torch-pruning", "gradient boosting", "linear",
)  # fmt: skip
DIGITS = {250: 0.972, 150: 0.960, 100: 0.945, 50: 0.88}
"""Test accuracies to reach with these numbers of weights."""
LESS = -0.002
"""What a score may be below that of the MLP."""


@dataclass(frozen=True)
class Mean:
    """A mean over splits, its standard error (NaN for one split), and the number of splits."""

    value: float
    error: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Mean:
        error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
        return cls(statistics.fmean(values), error, len(values))

    def __str__(self) -> str:
        return f"{self.value:.4f}" if math.isnan(self.error) else f"{self.value:.4f} ± {self.error:.4f}"


class Comparison:
    """Results by set, method, size and split."""

    def __init__(self, lines: Iterable[dict[str, Any]]) -> None:
        self.lines: dict[tuple[str, str, int], dict[int, dict[str, Any]]] = {}
        for line in lines:
            key = line["job"]["set"], line["method"], line["size"]
            self.lines.setdefault(key, {})[line["job"]["split"]] = line

    def sets(self, group: Sequence[str] = SETS) -> list[str]:
        """The sets of a group that have results."""
        return [name for name in group if any(key[0] == name for key in self.lines)]

    def sizes(self, name: str) -> list[int]:
        """The sizes of a set's curves, the smallest first."""
        return sorted({size for key, _, size in self.lines if key == name and size})

    def values(self, name: str, method: str, size: int = 0, what: str = "score") -> dict[int, float]:
        """One number of a method by split; splits without it are left out."""
        found = self.lines.get((name, method, size), {})
        return {number: line[what] for number, line in found.items() if what in line}

    def mean(self, name: str, method: str, size: int = 0, what: str = "score") -> Mean | None:
        values = self.values(name, method, size, what)
        return Mean.of(list(values.values())) if values else None

    def difference(self, name: str, ours: tuple[str, int], theirs: tuple[str, int]) -> Mean | None:
        """Ours less theirs on the splits that both have."""
        a, b = self.values(name, *ours), self.values(name, *theirs)
        common = sorted(a.keys() & b.keys())
        return Mean.of([a[number] - b[number] for number in common]) if common else None


def curves(found: Comparison, name: str) -> str:
    """The scores of a set at each size, and below them what ours is ahead by."""
    sizes = found.sizes(name)
    head = ["| weights | " + " | ".join(map(str, sizes)) + " |", "|---" * (len(sizes) + 1) + "|"]

    def line(title: str, means: Iterable[Mean | None]) -> str:
        return f"| {title} | " + " | ".join("-" if mean is None else str(mean) for mean in means) + " |"

    peers = [method for method in PEERS if any(found.mean(name, method, size) for size in sizes)]
    scores = [line(method, (found.mean(name, method, size) for size in sizes)) for method in (OURS, *peers)]
    ahead = [
        line(f"ours less {method}", (found.difference(name, (OURS, size), (method, size)) for size in sizes))
        for method in peers
    ]
    return "\n".join([*head, *scores, *ahead])


def whole(found: Comparison, name: str) -> str:
    """Models without a given size: score, weights, biases, bytes, neurons, seconds."""
    head = [
        "| model | splits | score | ours less it | weights | biases | bytes | neurons | seconds |",
        "|---" * 9 + "|",
    ]
    rows = []
    for method in WHOLE:
        score = found.mean(name, method)
        if score is None:
            continue
        counts = [found.mean(name, method, 0, what) for what in ("weights", "biases", "neurons", "seconds")]
        weights, biases, neurons, seconds = (None if mean is None else mean.value for mean in counts)
        size = None if weights is None or biases is None else 4 * (weights + biases)
        less = found.difference(name, ("ours", 0), (method, 0))
        cells = ["-" if value is None else f"{value:.0f}" for value in (weights, biases, size, neurons)]
        taken = "-" if seconds is None else f"{seconds:.2f}"
        rows.append(f"| {method} | {score.count} | {score} | {less or '-'} | {' | '.join(cells)} | {taken} |")
    return "\n".join([*head, *rows])


OTHERS = ("MLP, random search", "gradient boosting", "linear")
"""Models beside the MLP of 100 neurons in the overview."""


def overview(found: Comparison, sets: Sequence[str]) -> str:
    """A row for each set: our chosen network beside other models; weights and seconds are medians over the splits."""
    heads = ["set", "splits", "ours", "MLP 100", "ours less it", *OTHERS]
    heads += ["weights", "of MLP 100", "seconds", "of MLP 100"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]

    def median(name: str, method: str, what: str) -> float:
        values = found.values(name, method, 0, what).values()
        return statistics.median(values) if values else math.nan

    for name in sets:
        score, mlp = found.mean(name, "ours"), found.mean(name, "MLP 100")
        if score is None:
            continue
        less = found.difference(name, ("ours", 0), ("MLP 100", 0))
        cells = [name, score.count, f"{score.value:.4f}", "-" if mlp is None else f"{mlp.value:.4f}", less or "-"]
        means = (found.mean(name, method) for method in OTHERS)
        cells += ["-" if mean is None else f"{mean.value:.4f}" for mean in means]
        cells += [f"{median(name, method, 'weights'):,.0f}" for method in ("ours", "MLP 100")]
        cells += [f"{median(name, method, 'seconds'):.1f}" for method in ("ours", "MLP 100")]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def page(found: Comparison) -> str:
    """All tables, the sets that defaults were chosen on apart from the others."""
    parts = []
    judging = [name for name in SETS if name not in CHOOSING]
    for title, group in (("Sets that defaults were chosen on", CHOOSING), ("Sets that judge", judging)):
        parts += [f"## {title}", overview(found, found.sets(group))]
        for name in found.sets(group):
            parts += [f"### {name}", curves(found, name), whole(found, name)]
    return "\n\n".join(parts) + "\n"


def rows(found: Comparison) -> list[Row]:
    """The figures with targets."""
    result = _digits(found) + _small(found)
    chosen_on = set(CHOOSING)
    for title, group in (("choosing", CHOOSING), ("judging", [name for name in SETS if name not in chosen_on])):
        for part in (_at_sizes, _chosen, _for_the_mlp):
            result += part(found, title, found.sets(group))
    fashion = found.mean("fashion_60000", OURS, 1600)
    if fashion:
        result.append(row("fashion_60000: accuracy with 1600 weights", fashion.value, at_least=0.865))
    return result


def _digits(found: Comparison) -> list[Row]:
    result = []
    ahead = found.difference("digits", (OURS, 400), ("MLP 100", 0))
    if ahead:
        result.append(row("digits: ours with 400 weights less MLP 100", ahead.value, at_least=-0.002))
    for size, least in DIGITS.items():
        mean = found.mean("digits", OURS, size)
        if mean:
            result.append(row(f"digits: accuracy with {size} weights", mean.value, at_least=least))
    return result


def _small(found: Comparison) -> list[Row]:
    result = []
    for name, size in (("wine", 25), ("breast_cancer", 25), ("friedman1", 50)):
        ahead = found.difference(name, (OURS, size), ("MLP 100", 0))
        if ahead:
            result.append(row(f"{name}: ours with {size} weights less MLP 100", ahead.value, at_least=0))
    return result


def _at_sizes(found: Comparison, title: str, sets: Sequence[str]) -> list[Row]:
    """How many sizes lose against gradual magnitude, and how many of the two smallest against polished Fisher."""
    behind, compared, lost, smallest = [], 0, [], 0
    for name in sets:
        sizes = found.sizes(name)
        for size in sizes:
            ahead = found.difference(name, (OURS, size), ("gradual magnitude", size))
            if ahead is None:
                continue
            slack = ahead.error if size in sizes[-2:] and not math.isnan(ahead.error) else 0.0
            compared += 1
            behind += [f"{name} {size}"] if ahead.value < -slack else []
        for size in sizes[:2]:
            ahead = found.difference(name, (OURS, size), ("gradual Fisher, polished", size))
            smallest += ahead is not None
            lost += [f"{name} {size}"] if ahead is not None and ahead.value <= 0 else []
    if not compared:
        return []
    of = f"of {compared}" + (": " + ", ".join(behind) if behind else "")
    of_smallest = f"of {smallest}" + (": " + ", ".join(lost) if lost else "")
    return [
        row(f"{title} half: sizes behind gradual magnitude", len(behind), "sizes", of, at_most=0),
        row(
            f"{title} half: of the two smallest sizes, not ahead of polished gradual Fisher", len(lost), "sizes",
            of_smallest, at_most=0,
        ),
    ]  # fmt: skip


def _chosen(found: Comparison, title: str, sets: Sequence[str]) -> list[Row]:
    """The chosen network beside scikit-learn's MLP: mean difference, share of the weights and of the time in the median set."""
    ahead = [d.value for name in sets if (d := found.difference(name, ("ours", 0), ("MLP 100", 0)))]
    shares: dict[str, list[float]] = {"weights": [], "seconds": []}
    for name in sets:
        for what, values in shares.items():
            a, b = found.values(name, "ours", 0, what), found.values(name, "MLP 100", 0, what)
            both = a.keys() & b.keys()
            values += [statistics.median(a[number] / b[number] for number in both)] if both else []
    if not ahead:
        return []
    score = statistics.fmean(ahead)
    return [
        row(f"{title} half: the chosen network less MLP 100, mean of {len(ahead)} sets", score, at_least=LESS),
        row(
            f"{title} half: its share of the weights, median set", statistics.median(shares["weights"]), at_most=1 / 30
        ),
        row(f"{title} half: its share of the time, median set", statistics.median(shares["seconds"]), at_most=2),
    ]


def _for_the_mlp(found: Comparison, title: str, sets: Sequence[str]) -> list[Row]:
    """The curve with a thirtieth of the weights of scikit-learn's MLP, and the weights with which it has the MLP's score."""
    ahead, needed = [], []
    for name in sets:
        weights = found.mean(name, "MLP 100", 0, "weights")
        less = {size: found.difference(name, (OURS, size), ("MLP 100", 0)) for size in found.sizes(name)}
        less = {size: mean for size, mean in less.items() if mean}
        if weights is None or not less:
            continue
        few = [mean.value for size, mean in less.items() if size <= weights.value / 30]
        ahead += few[-1:]
        needed.append(
            min((size for size, mean in less.items() if mean.value >= LESS), default=weights.value) / weights.value
        )
    if not needed:
        return []
    what = f"{title} half: the curve with a thirtieth of the weights of MLP 100 less it, mean of {len(ahead)} sets"
    share = (
        f"{title} half: share of the weights of MLP 100 with which the curve has its score less {-LESS:g}, median set"
    )
    return [
        *([row(what, statistics.fmean(ahead), at_least=LESS)] if ahead else []),
        row(share, statistics.median(needed), at_most=1 / 30),
    ]
