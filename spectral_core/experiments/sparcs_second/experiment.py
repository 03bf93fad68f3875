"""The second experiment of arXiv 2504.00885 (P2): a student four layers deep finds a teacher of three.

Teacher y = R relu(R x), R one random rotation of 20 dimensions; 100,000 training and 100,000 test points, uniform in
[-1, 1]^20. Student 20-2000-2000-20, relu, no constant, linear start with the input's eigenvalues fixed at 0; Adam, 100
epochs, batch 1024 without the last partial one, penalty 1e-4 ‖λ‖₂ on each hidden layer. Afterwards eigenvalues below 1e-3
are set to 0. Ours goes on from there: how narrow the student can become, by ranking and compensation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import compact
from spectral_core.resizing.pruning import prune
from spectral_core.resizing.report import latency
from spectral_core.training.loop import Progress
from spectral_core.training.trainer import train

NAME = "sparcs-second"
FULL_WIDTH = 2000
SETTINGS: dict[str, Any] = {
    "dimensions": 20, "points": 100_000, "hidden": [FULL_WIDTH, FULL_WIDTH], "epochs": 100, "batch_size": 1024,
    "learning_rate": 1e-3, "penalty": "group", "penalty_strength": 1e-4, "threshold": 1e-3,
}  # fmt: skip
REFERENCE = {
    "hidden_layers": 1, "hidden_neurons": 280, "teacher_neurons": 20, "trimmed_eigenvalues": 0.9254,
    "test_loss": 8.12e-5, "rise_by_trimming": 6.1e-4, "r2": 0.9993, "linear_r2": 0.7385, "linear_loss": 0.0295,
}  # fmt: skip
"""The authors' run, from their stored results."""
WIDTHS = (
    1000,
    500,
    280,
    200,
    150,
    120,
    100,
    80,
    70,
    60,
    50,
    45,
    40,
    35,
    32,
    30,
    28,
    27,
    26,
    25,
    24,
    23,
    22,
    21,
    20,
    19,
    18,
    16,
    14,
    12,
    10,
)
"""Hidden neurons at which the curves are measured, as far as the trained network has more."""
ARMS = (
    ("path", False), ("path", True), ("connectivity", False), ("connectivity", True), ("pivoted_qr", False),
    ("pivoted_qr", True),
)  # fmt: skip
"""Rankings, without and with compensation (M15)."""


@dataclass(frozen=True)
class Data:
    """x (points, 20) uniform in [-1, 1], y = R relu(R x), for training and for testing."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def rotation_teacher(dimensions: int = 20, points: int = 100_000, seed: int = 0) -> Data:
    """Points and targets of the teacher with a rotation drawn uniformly (Haar); `seed` sets both."""
    from scipy.stats import special_ortho_group

    checks.integer(seed, "seed", 0)
    rotation = special_ortho_group(dimensions, seed=np.random.default_rng((seed, 0))).rvs()
    x = np.random.default_rng((seed, 1)).uniform(-1, 1, (2 * points, dimensions)).astype(np.float32)
    y = (np.maximum(x @ rotation.T, 0) @ rotation.T).astype(np.float32)
    return Data(x[:points], y[:points], x[points:], y[points:])


def student(
    settings: Mapping[str, Any],
    data: Data,
    seed: int,
    *,
    threads: int = 1,
    backend: str = "auto",
    checkpoint: str | os.PathLike[str] | None = None,
    keep_checkpoint: bool = False,
    report: Callable[[Progress[SpectralNetwork]], Any] | None = None,
) -> SpectralNetwork:
    """The student after training; arguments as those of `train`."""
    widths = [settings["dimensions"], *settings["hidden"], settings["dimensions"]]
    net = SpectralNetwork.initialize(widths, activation="relu", bias=False, seed=seed)
    net = net.with_parameters(net.parameters, frozen=("eigenvalues[0]",))
    names = ("epochs", "batch_size", "learning_rate", "penalty", "penalty_strength")
    return train(
        net, data.x, data.y, drop_last=True, seed=seed, threads=threads, backend=backend, checkpoint=checkpoint,
        keep_checkpoint=keep_checkpoint, callbacks=() if report is None else (report,),
        **{name: settings[name] for name in names},
    ).network  # fmt: skip


def without_small_eigenvalues(net: SpectralNetwork, threshold: float) -> tuple[SpectralNetwork, int]:
    """The published trimming: eigenvalues of input and hidden layers with |λ| < threshold become 0; and how many."""
    copy = net.with_parameters(net.parameters)
    count = 0
    for values in copy.eigenvalues[:-1]:
        small = np.abs(values) < threshold
        np.asarray(values)[small] = 0
        count += int(small.sum())
    return copy, count


@dataclass(frozen=True)
class Point:
    """One network of a curve: so many hidden neurons left by a ranking, and its test loss."""

    by: str
    compensated: bool
    hidden: int
    loss: float
    parameters: int


@dataclass(frozen=True, eq=False)
class Findings:
    """What became of the student.

    `live` : neurons by layer after the published trimming. `smallest` : the fewest hidden neurons of any curve with a test
    loss of at most `limit`, and that point; `networks` : the student, the trimmed one, the smallest.
    """

    eigenvalues: int
    trimmed_eigenvalues: int
    live: tuple[int, ...]
    test_loss: float
    test_loss_trimmed: float
    r2: float
    linear_loss: float
    linear_r2: float
    curve: list[Point]
    limit: float
    smallest: Point | None
    latency: dict[str, float]
    parameters: dict[str, int]
    networks: dict[str, SpectralNetwork | CompactNetwork]

    def summary(self) -> dict[str, Any]:
        """For JSON."""
        record = {name: value for name, value in vars(self).items() if name not in ("networks", "curve", "smallest")}
        record["curve"] = [asdict(point) for point in self.curve]
        record["smallest"] = None if self.smallest is None else asdict(self.smallest)
        return record | {"reference": REFERENCE}


def findings(
    net: SpectralNetwork,
    data: Data,
    settings: Mapping[str, Any],
    *,
    limit: float = 1e-4,
    widths: Sequence[int] = WIDTHS,
    report: Callable[[int, int, str], object] | None = None,
) -> Findings:
    """Trim as published, compact, and narrow what is left by every ranking of `ARMS`.

    The published trimming is exact compaction behind a threshold; on the narrow side neurons go by rank, and weights
    are refitted on the training points (M15). No step of gradient descent.
    """
    threshold = checks.real_number(settings["threshold"], "threshold", 0)
    trimmed, count = without_small_eigenvalues(net, threshold)
    small = compact(trimmed)
    before, after = (n.loss(data.x_test, data.y_test) for n in (net, trimmed))
    solution = np.linalg.lstsq(np.hstack([data.x, np.ones((len(data.x), 1))]).astype(np.float64), data.y, rcond=None)[0]
    linear = data.x_test @ solution[:-1] + solution[-1]
    variance = float(np.square(data.y_test - data.y_test.mean(axis=0)).mean())
    linear_loss = float(np.square(linear - data.y_test).mean())
    hidden = sum(small.live[1:-1])
    wanted = [hidden, *(width for width in widths if width < hidden)] if hidden else []
    curve: list[Point] = []
    best: tuple[int, float] | None = None
    found: CompactNetwork | None = None
    for arm, (by, refits) in enumerate(ARMS):
        for step, width in enumerate(wanted):
            if report is not None:
                report(arm * len(wanted) + step, len(ARMS) * len(wanted), f"{by}, {width} hidden neurons")
            pruned = prune(small, by=by, fraction=(hidden - width) / hidden, X=data.x, compensate=refits)
            loss = pruned.compact.loss(data.x_test, data.y_test)
            count_left = sum(pruned.compact.live[1:-1])
            curve.append(Point(by, refits, count_left, loss, pruned.compact.n_parameters))
            if loss <= limit and (best is None or (count_left, loss) < best):
                best, found = (count_left, loss), pruned.compact
    smallest = min(
        (point for point in curve if point.loss <= limit), key=lambda point: (point.hidden, point.loss), default=None
    )
    networks: dict[str, SpectralNetwork | CompactNetwork] = {"student": net, "trimmed": small}
    if found is not None:
        networks["smallest"] = found
    return Findings(
        eigenvalues=sum(net.widths[:-1]), trimmed_eigenvalues=count, live=small.live, test_loss=before,
        test_loss_trimmed=after, r2=1 - after / variance, linear_loss=linear_loss, linear_r2=1 - linear_loss / variance,
        curve=curve, limit=limit, smallest=smallest, latency={name: latency(n) for name, n in networks.items()},
        parameters={name: n.n_parameters for name, n in networks.items()}, networks=networks,
    )  # fmt: skip


def table(found: Findings) -> str:
    """Ours beside the authors' run, and the curves."""
    r = REFERENCE
    hidden_layers = sum(live > 0 for live in found.live[1:-1])
    rows = [
        ("hidden layers left", f"{hidden_layers}", f"{r['hidden_layers']}"),
        ("hidden neurons left", f"{sum(found.live[1:-1])}", f"{r['hidden_neurons']}"),
        ("eigenvalues trimmed", f"{found.trimmed_eigenvalues / found.eigenvalues:.2%}", f"{r['trimmed_eigenvalues']:.2%}"),
        ("test loss", f"{found.test_loss:.3g}", ""),
        ("test loss, trimmed", f"{found.test_loss_trimmed:.3g}", f"{r['test_loss']:.3g}"),
        ("rise by trimming", f"{found.test_loss_trimmed / found.test_loss - 1:+.3%}", f"{r['rise_by_trimming']:+.3%}"),
        ("R² on test points", f"{found.r2:.4f}", f"{r['r2']}"),
        ("linear regression: test loss", f"{found.linear_loss:.3g}", f"{r['linear_loss']}"),
        ("linear regression: R²", f"{found.linear_r2:.4f}", f"{r['linear_r2']}"),
        (f"hidden neurons at test loss <= {found.limit:g}", "-" if found.smallest is None else str(found.smallest.hidden), f"{r['hidden_neurons']}"),
    ]  # fmt: skip
    text = f"{'':<36}{'ours':>12}{'reference':>12}\n"
    text += "".join(f"{name:<36}{ours:>12}{theirs:>12}\n" for name, ours, theirs in rows)
    text += "".join(
        f"{name:<9} {found.parameters[name]:>10,} parameters, 1,000 samples in {1e3 * found.latency[name]:.3g} ms\n"
        for name in found.networks
    )
    arms = list(dict.fromkeys((point.by, point.compensated) for point in found.curve))
    heads = [f"{by}{' + M15' if refits else ''}" for by, refits in arms]
    text += "\ntest loss by hidden neurons left\n" + "".join(f"{head:>20}" for head in ("hidden", *heads)) + "\n"
    for width in sorted({point.hidden for point in found.curve}, reverse=True):
        losses = {(p.by, p.compensated): p.loss for p in found.curve if p.hidden == width}
        cells = (f"{losses[arm]:.3g}" if arm in losses else "-" for arm in arms)
        text += "".join(f"{cell:>20}" for cell in (str(width), *cells)) + "\n"
    return text


def figure(path: str | os.PathLike[str], found: Findings) -> None:
    """Test loss against hidden neurons left, each ranking without (thin) and with compensation; the reference's point."""
    from spectral_core.reports.curves import COLOURS, FAINT, MARKERS, figure_file, heading

    with figure_file(path, 7.2, 4.6, layout="constrained") as canvas:
        heading(canvas, "How narrow the student can become")
        axes = canvas.add_subplot()
        rankings = list(dict.fromkeys(point.by for point in found.curve))
        for by, refits in dict.fromkeys((point.by, point.compensated) for point in found.curve):
            points = [point for point in found.curve if (point.by, point.compensated) == (by, refits)]
            k = rankings.index(by)
            axes.plot(
                [p.hidden for p in points], [p.loss for p in points], color=COLOURS[k], marker=MARKERS[k], ms=4,
                lw=1.6 if refits else 0.8, ls="-" if refits else ":", label=f"{by}{', compensated' if refits else ''}",
            )  # fmt: skip
        axes.scatter(
            [REFERENCE["hidden_neurons"]], [REFERENCE["test_loss"]], s=70, facecolors="none", edgecolors=FAINT,
            zorder=4, label="reference",
        )  # fmt: skip
        axes.axvline(REFERENCE["teacher_neurons"], color=FAINT, lw=0.8, ls="--")
        axes.axhline(found.limit, color=FAINT, lw=0.8, ls="--")
        axes.set(xscale="log", yscale="log", xlabel="hidden neurons left", ylabel="mean squared error on test points")
        axes.legend(fontsize=7.5)
