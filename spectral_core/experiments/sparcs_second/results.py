"""Results of the second experiment: how narrow the trained student can become, beside the authors' run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.experiments.sparcs_second.experiment import (
    FULL_WIDTH,
    SETTINGS,
    Data,
    trimmable_eigenvalues,
    without_small_eigenvalues,
)
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import compact
from spectral_core.resizing.pruning import prune
from spectral_core.resizing.report import latency
from spectral_core.wording import counted

Report = Callable[[int, int, str], object]

REFERENCE = {
    "hidden_layers": 1,
    "hidden_neurons": 280,
    "teacher_neurons": 20,
    "trimmed_eigenvalues": 0.9254,
    "test_loss": 8.12e-5,
    "rise_by_trimming": 6.1e-4,
    "r2": 0.9993,
    "linear_r2": 0.7385,
    "linear_loss": 0.0295,
}
"""The authors' run, from their stored results."""
WIDTHS = (
    *(1000, 500, 280, 200, 150, 120, 100),
    *range(80, 50, -10),
    *range(50, 30, -5),
    *(32, 30),
    *range(28, 18, -1),
    *range(18, 8, -2),
)
"""Hidden neurons at which the curves are measured, if the trained network has more."""
RANKINGS = tuple((by, compensated) for by in ("path", "connectivity", "pivoted_qr") for compensated in (False, True))
"""Rankings, without and with compensation (M15)."""


@dataclass(frozen=True)
class Point:
    """One network of a curve: the number of hidden neurons that a ranking left, the test loss, and the loss to choose by."""

    by: str
    compensated: bool
    hidden: int
    loss: float
    parameters: int
    validation_loss: float


@dataclass(frozen=True, eq=False)
class Findings:
    """The student after training, after the published trimming, and at its narrowest.

    `eigenvalues` : of input and hidden layers that were trained. `live` : neurons by layer after the published trimming.
    `smallest` : the point with the fewest hidden neurons among all curves whose validation loss is at most `limit`; its test
    loss had no part in the choice. `networks` : the student, the trimmed one, the smallest. `hidden`, `epochs` : widths of
    the student's hidden layers, and its training.
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
    hidden: tuple[int, ...]
    epochs: int

    @property
    def differences(self) -> list[str]:
        """The settings that are not those of the reference, as words."""
        rows = [
            ("hidden", "-".join(map(str, self.hidden)), f"{FULL_WIDTH}-{FULL_WIDTH}"),
            ("epochs", str(self.epochs), str(SETTINGS["epochs"])),
        ]
        return [f"{name} {ours}, not {published}" for name, ours, published in rows if ours != published]

    @property
    def compared(self) -> bool:
        """Whether the reference is shown: for students of the published width or a tenth of it, trained as long."""
        tenth = all(width in (FULL_WIDTH, FULL_WIDTH // 10) for width in self.hidden)
        return tenth and self.epochs == SETTINGS["epochs"]

    def summary(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        record = {name: value for name, value in vars(self).items() if name not in ("networks", "curve", "smallest")}
        record["curve"] = [asdict(point) for point in self.curve]
        record["smallest"] = None if self.smallest is None else asdict(self.smallest)
        return record | {"reference": REFERENCE if self.compared else None}


def findings(
    net: SpectralNetwork,
    data: Data,
    settings: Mapping[str, Any],
    *,
    limit: float = 1e-4,
    widths: Sequence[int] = WIDTHS,
    report: Report | None = None,
) -> Findings:
    """Trim as published, compact, then narrow the network by every ranking of `RANKINGS`.

    The published trimming is exact compaction after a threshold. Narrowing removes neurons by rank and refits the weights
    on the training points (M15). There is no gradient step.

    By hand: statistics of runs. Checked by test_sparcs_second.test_the_second_experiment_in_small.
    """
    threshold = checks.real_number(settings["threshold"], "threshold", 0)
    trimmed, count = without_small_eigenvalues(net, threshold)
    small = compact(trimmed)
    before, after = (network.loss(data.x_test, data.y_test) for network in (net, trimmed))
    variance = float(np.square(data.y_test - data.y_test.mean(axis=0)).mean())
    linear_loss = linear_regression_loss(data)
    curve, smallest, narrowest = narrow(small, data, widths, limit, report)
    networks: dict[str, SpectralNetwork | CompactNetwork] = {"student": net, "trimmed": small}
    if narrowest is not None:
        networks["smallest"] = narrowest
    return Findings(
        eigenvalues=sum(net.widths[place] for place in trimmable_eigenvalues(net)),
        trimmed_eigenvalues=count,
        live=small.live,
        test_loss=before,
        test_loss_trimmed=after,
        r2=1 - after / variance,
        linear_loss=linear_loss,
        linear_r2=1 - linear_loss / variance,
        curve=curve,
        limit=limit,
        smallest=smallest,
        latency={name: latency(network) for name, network in networks.items()},
        parameters={name: network.n_parameters for name, network in networks.items()},
        networks=networks,
        hidden=tuple(settings["hidden"]),
        epochs=settings["epochs"],
    )


def linear_regression_loss(data: Data) -> float:
    """Mean squared error on the test points of the linear function that fits the training points best.

    By hand: a loss to compare with. Checked by test_sparcs_second.test_the_second_experiment_in_small.
    """
    design = np.hstack([data.x, np.ones((len(data.x), 1))]).astype(np.float64)
    solution = np.linalg.lstsq(design, data.y, rcond=None)[0]
    prediction = data.x_test @ solution[:-1] + solution[-1]
    return float(np.square(prediction - data.y_test).mean())


def narrow(
    small: CompactNetwork, data: Data, widths: Sequence[int], limit: float, report: Report | None
) -> tuple[list[Point], Point | None, CompactNetwork | None]:
    """Remove neurons by every ranking; the curve, and the narrowest network with a validation loss of at most `limit`."""
    hidden = sum(small.live[1:-1])
    measured = [hidden, *(width for width in widths if width < hidden)] if hidden else []
    curve: list[Point] = []
    smallest: Point | None = None
    narrowest: CompactNetwork | None = None
    for number, (by, compensated) in enumerate(RANKINGS):
        for step, width in enumerate(measured):
            if report is not None:
                done, total = number * len(measured) + step, len(RANKINGS) * len(measured)
                report(done, total, f"{by}, {counted(width, 'hidden neuron')}")
            ranking = "plain_path" if by == "path" else by  # the published curve: M6, whatever the data
            share = (hidden - width) / hidden
            pruned = prune(small, by=ranking, fraction=share, X=data.x, compensate=compensated).compact
            loss, judged = pruned.loss(data.x_test, data.y_test), pruned.loss(data.x_valid, data.y_valid)
            point = Point(by, compensated, sum(pruned.live[1:-1]), loss, pruned.n_parameters, judged)
            curve.append(point)
            better = smallest is None or (point.hidden, judged) < (smallest.hidden, smallest.validation_loss)
            if judged <= limit and better:
                smallest, narrowest = point, pruned
    return curve, smallest, narrowest


def table(found: Findings) -> str:
    """Our numbers beside the authors' run, and the curves."""
    return _comparison(found) + _sizes(found) + _curves(found)


def _comparison(found: Findings) -> str:
    """By hand: a ratio of counts. Checked by test_sparcs_second.test_only_what_can_be_compared_is_compared."""
    r = REFERENCE
    hidden_layers, neurons = sum(live > 0 for live in found.live[1:-1]), sum(found.live[1:-1])
    trimmed, rise = found.trimmed_eigenvalues / found.eigenvalues, found.test_loss_trimmed / found.test_loss - 1
    smallest = "-" if found.smallest is None else str(found.smallest.hidden)
    rows = [
        ("hidden layers left", f"{hidden_layers}", f"{r['hidden_layers']}"),
        ("hidden neurons left", f"{neurons}", f"{r['hidden_neurons']}"),
        ("trained eigenvalues trimmed", f"{trimmed:.2%}", f"{r['trimmed_eigenvalues']:.2%}"),
        ("test loss", f"{found.test_loss:.3g}", ""),
        ("test loss, trimmed", f"{found.test_loss_trimmed:.3g}", f"{r['test_loss']:.3g}"),
        ("rise by trimming", f"{rise:+.3%}", f"{r['rise_by_trimming']:+.3%}"),
        ("R² on test points", f"{found.r2:.4f}", f"{r['r2']}"),
        ("linear regression: test loss", f"{found.linear_loss:.3g}", f"{r['linear_loss']}"),
        ("linear regression: R²", f"{found.linear_r2:.4f}", f"{r['linear_r2']}"),
        (f"hidden neurons at loss <= {found.limit:g}", smallest, f"{r['hidden_neurons']}"),
        ("  their test loss", "-" if found.smallest is None else f"{found.smallest.loss:.3g}", ""),
    ]
    differences = ", ".join(found.differences)
    if not found.compared:
        text = f"the reference is left out: {differences}\n{'':<36}{'ours':>12}\n"
        return text + "".join(f"{name:<36}{ours:>12}\n" for name, ours, _ in rows)
    text = f"beside a reference with other settings: {differences}\n" if differences else ""
    text += f"{'':<36}{'ours':>12}{'reference':>12}\n"
    return text + "".join(f"{name:<36}{ours:>12}{theirs:>12}\n" for name, ours, theirs in rows)


def _sizes(found: Findings) -> str:
    """Parameters and times of the networks, and which of them do not exist or are larger than the student."""
    text = "".join(
        f"{name:<9} {found.parameters[name]:>10,} parameters, 1,000 samples in {1e3 * found.latency[name]:.3g} ms\n"
        for name in found.networks
    )
    if found.parameters["trimmed"] > found.parameters["student"]:
        text += "trimmed has fewer neurons and more parameters: the blocks between all layers are larger than the spectral form\n"
    if found.smallest is None:
        text += f"there is no smallest network: none of the curves reaches a loss of {found.limit:g}\n"
    return text


def _curves(found: Findings) -> str:
    rankings = list(dict.fromkeys((point.by, point.compensated) for point in found.curve))
    heads = [f"{by}{' + M15' if compensated else ''}" for by, compensated in rankings]
    text = "\ntest loss by hidden neurons left\n" + "".join(f"{head:>20}" for head in ("hidden", *heads)) + "\n"
    for width in sorted({point.hidden for point in found.curve}, reverse=True):
        losses = {(p.by, p.compensated): p.loss for p in found.curve if p.hidden == width}
        cells = (f"{losses[ranking]:.3g}" if ranking in losses else "-" for ranking in rankings)
        text += "".join(f"{cell:>20}" for cell in (str(width), *cells)) + "\n"
    return text
