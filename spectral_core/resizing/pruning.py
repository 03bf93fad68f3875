"""Pruning: remove neurons and layers by a ranking, let those that stay take over, and make the network really smaller."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of, sequence
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import path_scores
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import Blocks, compact
from spectral_core.resizing.compensation import compensate as refit
from spectral_core.resizing.merging import merge as merged_blocks
from spectral_core.resizing.rankings import neuron_scores
from spectral_core.training.options import TRAIN_OPTIONS
from spectral_core.training.trainer import train

GRID = 32
"""Numbers of removed neurons tried first; the gap behind the best one is then searched one by one."""

LATENCY_ROWS = 1000
LATENCY_CALLS = 5


@dataclass
class PruneReport:
    """What was removed, and what that did.

    `removed`, `live` : neurons by hidden layer. `parameters` : of the given network; `dense_parameters` : of all its
    transfer blocks; `compact_parameters` : of what is left. Losses are those on (X, y), before and after, None without
    y. `latency` : seconds for the outputs of `LATENCY_ROWS` samples, the least of `LATENCY_CALLS` calls.
    """

    by: str
    unit: str
    merged: int
    compensated: bool
    retrained_epochs: int
    widths: list[int]
    removed: list[int]
    live: list[int]
    parameters: int
    dense_parameters: int
    compact_parameters: int
    bytes_before: int
    bytes_after: int
    latency_before: float
    latency_after: float
    loss_before: float | None = None
    loss_after: float | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    def to_text(self) -> str:
        """A few lines for people."""
        how = [f"{self.unit}s ranked by {self.by}"]
        how += [f"{self.merged} merged"] if self.merged else []
        how += ["compensated"] if self.compensated else []
        how += [f"retrained {self.retrained_epochs} epochs"] if self.retrained_epochs else []
        lines = [
            ", ".join(how),
            f"hidden neurons {'-'.join(map(str, self.widths[1:-1]))} -> {'-'.join(map(str, self.live[1:-1]))}",
            f"parameters {self.parameters:,} ({self.dense_parameters:,} in its blocks) -> {self.compact_parameters:,}",
            f"bytes {self.bytes_before:,} -> {self.bytes_after:,}",
            f"{LATENCY_ROWS:,} samples in {1e3 * self.latency_before:.3g} ms -> {1e3 * self.latency_after:.3g} ms",
        ]
        if self.loss_before is not None and self.loss_after is not None:
            lines.append(f"loss {self.loss_before:.5g} -> {self.loss_after:.5g}")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, eq=False)
class PruneResult:
    """`network` is direct, in the widths of the given one, 0 where something was removed; `compact` the same function."""

    network: SpectralNetwork
    compact: CompactNetwork
    report: PruneReport


def prune(
    net: SpectralNetwork | CompactNetwork,
    *,
    by: str = "path",
    fraction: float | None = None,
    threshold: float | None = None,
    tolerance: float | None = None,
    unit: str = "neuron",
    layers: Sequence[int] | None = None,
    even: bool = False,
    X: Any = None,
    y: Any = None,
    loss: str = "squared_error",
    validation_data: tuple[Any, Any] | None = None,
    compensate: bool | None = None,
    ridge: float = 1e-8,
    merge: float | None = None,
    retrain: Mapping[str, Any] | None = None,
) -> PruneResult:
    """Remove hidden neurons, or whole layers, in the order of a ranking; the given network is left as it was.

    The result is in the direct parametrization: a global network cannot lose a neuron and keep its function, since a
    silent neuron still carries the linear path through Φ⁻¹ (M10, M11).

    Parameters
    ----------
    net : any parametrization, any depth, also a compact network; activations with f(0) = 0.
    by : ``path``, ``eigenvalue``, ``scaled_eigenvalue``, ``connectivity``, ``pivoted_qr``; `rankings.neuron_scores` has
        their formulas.
    fraction : this share of all hidden neurons of the `layers` (rounded down) goes, the least scores of all of them together
        first; or
    threshold : all neurons with a score below it go; or
    tolerance : as many go as keep the loss within (1 + tolerance) of what it was, on `validation_data`, else on (X, y).
    unit : ``neuron``, or ``layer``: whole layers go, in the order of the norm of their neurons' scores.
    layers : the hidden layers, counted from 2 (of a compact network: in its own count), that may lose neurons or have them
        merged; by default all.
    even : compare neurons by their rank within their layer, so that all layers shrink alike; for rankings whose scores
        grow with the number of incoming weights. Not with a threshold.
    X, y : (samples, features) and targets, on which neurons are ranked, weights refitted, losses measured.
    compensate : refit the weights of the neurons that stay to the pre-activations of the whole network on X, in closed
        form (M15, with `ridge`); by default wherever X is given.
    merge : first merge neurons whose incoming rows are positive multiples of each other up to this sine of their angle
        (M16; 0 is exact; relu, leaky_relu, identity), then rank what came of it; not with a ranking by eigenvalue. With a
        tolerance that merging alone would break, nothing is merged.
    retrain : options of `train` with which the compact network is trained on (X, y) afterwards: all its live weights, also
        those that were frozen.

    Returns
    -------
    PruneResult : `.network`, `.compact`, `.report`.

    Raises
    ------
    InvalidInputError : none or several of fraction, threshold, tolerance; values out of range; data that is missing.
    """
    if validation_data is not None and (not isinstance(validation_data, tuple) or len(validation_data) != 2):
        raise InvalidInputError("validation_data must be a pair (X, y)")
    if isinstance(net, CompactNetwork):
        inner = prune(
            net.direct, by=by, fraction=fraction, threshold=threshold, tolerance=tolerance, unit=unit, layers=layers, even=even,
            X=None if X is None else net.columns(X), y=y, loss=loss,
            validation_data=validation_data and (net.columns(validation_data[0]), validation_data[1]),
            compensate=compensate, ridge=ridge, merge=merge, retrain=retrain,
        )  # fmt: skip
        small = net.narrowed(inner.compact)
        return PruneResult(small.expanded(), small, inner.report)
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork or a CompactNetwork; got {type(net).__name__}")
    _needs_zero(net, "pruning")
    amount = _amount(fraction, threshold, tolerance)
    one_of(unit, ("neuron", "layer"), "unit")
    checks.real_number(ridge, "ridge", 0, open_low=True)
    x = None if X is None else checks.features(X, np.float64, net.n_features)
    refits = (x is not None) if compensate is None else checks.boolean(compensate, "compensate")
    if x is None and (refits or y is not None or retrain is not None):
        raise InvalidInputError("compensation, retraining and losses need X")
    if y is None and (retrain is not None or (tolerance is not None and validation_data is None)):
        raise InvalidInputError("retraining and a tolerance need X and y")
    may_shrink = _layers(layers, net.n_layers)
    options = _retraining(retrain)
    if validation_data is not None:
        net.problem(*validation_data, loss)
    whole = as_direct(net, net.transfer_blocks())
    judged = validation_data if validation_data is not None else (X, y)
    limit = whole.loss(*judged, loss) * (1 + amount) if tolerance is not None else np.inf
    blocks: Blocks = whole.blocks
    keep = [np.ones(width, dtype=bool) for width in net.widths]
    if checks.boolean(even, "even") and (threshold is not None or unit == "layer"):
        raise InvalidInputError("even compares ranks of neurons; give a fraction or a tolerance, and unit='neuron'")
    ranked = net
    if merge is not None:
        if "eigenvalue" in by:
            raise InvalidInputError(
                f"merged neurons have no eigenvalue of their own; rank them by weights, not by={by!r}"
            )
        sine = checks.real_number(merge, "merge", 0, 1)
        joined, left = merged_blocks(blocks, net.widths, net.activation, sine, may_shrink)
        ranked = as_direct(net, joined)
        if tolerance is None or ranked.loss(*judged, loss) <= limit:
            blocks, keep = joined, left
        else:
            ranked = net  # merging alone costs more than the tolerance
    merged = sum(int((~mask).sum()) for mask in keep)
    scores = neuron_scores(ranked, by, X)
    if even:
        scores = [(1 + np.argsort(np.argsort(score, kind="stable"))) / len(score) for score in scores]
    scores = [np.where(mask, score, -1.0) for mask, score in zip(keep[1:-1], scores, strict=True)]
    places, neurons, values = _units(scores, unit, may_shrink)

    def without(count: int) -> SpectralNetwork:
        masks = [mask.copy() for mask in keep]
        for layer, neuron in zip(places[:count], neurons[:count], strict=True):
            masks[layer - 1][neuron] = False
        parts = {(i, j): block * masks[i - 1][:, None] * masks[j - 1] for (i, j), block in blocks.items()}
        if refits and x is not None:
            parts = refit(net, parts, masks, x, ridge)
        return as_direct(net, parts)

    if tolerance is not None:
        count = _largest(len(values), lambda n: without(n).loss(*judged, loss) <= limit)
    elif threshold is not None:
        count = int((values < amount).sum())
    else:
        count = int(np.floor(amount * len(values) + 1e-9))
    result = without(count)
    small = compact(result)
    epochs = 0
    if retrain is not None:
        trained = train(small, X, y, **{"loss": loss, **options})
        small, epochs = trained.network, len(trained.history)
        result = small.expanded()
    report = PruneReport(
        by=by, unit=unit, merged=merged, compensated=refits, retrained_epochs=epochs, widths=list(net.widths),
        removed=[width - live for width, live in zip(net.widths, small.live, strict=True)][1:-1], live=list(small.live),
        parameters=net.n_parameters, dense_parameters=sum(block.size for block in net.transfer_blocks().values()),
        compact_parameters=small.n_parameters, bytes_before=net.parameters.nbytes,
        bytes_after=small.direct.parameters.nbytes, latency_before=latency(net), latency_after=latency(small),
    )  # fmt: skip
    if y is not None:
        report.loss_before, report.loss_after = net.loss(X, y, loss), result.loss(X, y, loss)
    return PruneResult(result, small, report)


def _retraining(given: Any) -> dict[str, Any]:
    """Options of `train` by name."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InvalidInputError(f"retrain must be a dictionary of options of train; got {given!r}")
    unknown = [name for name in given if name not in TRAIN_OPTIONS]
    if unknown:
        raise InvalidInputError(f"retrain: train has no option {unknown[0]!r}; there are {', '.join(TRAIN_OPTIONS)}")
    return dict(given)


def _needs_zero(net: SpectralNetwork, what: str) -> None:
    if net.activation not in ZERO_AT_ZERO:
        raise InvalidInputError(f"{what} needs f(0) = 0; {net.activation} has f(0) != 0")


def _amount(fraction: float | None, threshold: float | None, tolerance: float | None) -> float:
    given = {"fraction": fraction, "threshold": threshold, "tolerance": tolerance}
    chosen = [(name, value) for name, value in given.items() if value is not None]
    if len(chosen) != 1:
        raise InvalidInputError(
            f"prune takes one of fraction, threshold, tolerance; got {', '.join(n for n, _ in chosen) or 'none'}"
        )
    name, value = chosen[0]
    return checks.real_number(value, name, 0, 1 if name == "fraction" else np.inf)


def _layers(given: Sequence[int] | None, n_layers: int) -> list[int]:
    """The hidden layers that may lose neurons."""
    hidden = list(range(2, n_layers))
    chosen = hidden if given is None else [checks.integer(layer, "layers", 1) for layer in sequence(given, "layers")]
    wrong = [layer for layer in chosen if layer not in hidden]
    if wrong:
        raise InvalidInputError(f"layers must be hidden layers, {hidden or 'of which there are none'}; got {wrong[0]}")
    return chosen


def _units(scores: list[np.ndarray], unit: str, layers: Sequence[int]) -> tuple[list[int], list[Any], np.ndarray]:
    """Layer (from 1), neuron (or all of the layer) and score of everything that may go, the least score first.

    By hand: orders whole layers. Checked by test_pruning.test_whole_layers_go_in_the_order_of_their_norms.
    """
    found: list[tuple[int, Any, float]] = []
    for layer in layers:
        score = scores[layer - 2]
        if unit == "layer":
            found.append((layer, slice(None), float(np.linalg.norm(np.maximum(score, 0)))))
        else:
            found += [(layer, neuron, value) for neuron, value in enumerate(score.tolist())]
    found.sort(key=lambda entry: entry[2])
    return [layer for layer, _, _ in found], [neuron for _, neuron, _ in found], np.array([v for _, _, v in found])


def latency(network: SpectralNetwork | CompactNetwork) -> float:
    """Seconds for the outputs of `LATENCY_ROWS` samples: the least of `LATENCY_CALLS` calls, after one to warm up."""
    x = np.random.default_rng(0).normal(size=(LATENCY_ROWS, network.n_features)).astype(network.dtype)
    network.forward(x)
    least = np.inf
    for _ in range(LATENCY_CALLS):
        start = time.perf_counter()
        network.forward(x)
        least = min(least, time.perf_counter() - start)
    return least


@dataclass(frozen=True)
class Trimmed:
    """`network` is direct, with zeros where something was removed; `compact` the same function without them."""

    network: SpectralNetwork
    compact: CompactNetwork
    loss_before: float
    loss_after: float
    limit: float


def trim(net: SpectralNetwork, loss: Callable[[SpectralNetwork], float], limit: float) -> Trimmed:
    """Remove as many hidden neurons, then blocks, as a loss limit allows; nothing is retrained.

    Neurons go in the order of their path score over all hidden layers together, so whole layers go too; blocks
    that are left go in the order of their Frobenius norm.

    Parameters
    ----------
    net : any parametrization; it is left as it was.
    loss : of a network, on data that did not train it.
    limit : the greatest loss the result may have; where `net` itself exceeds it, nothing is removed.

    By hand: a search; losses come from the kernels. Checked by test_trimming.test_trimming_stays_within_the_limit_and_leaves_the_network_alone.
    """
    _needs_zero(net, "trimming")
    blocks = net.transfer_blocks()
    layers, neurons, values = _units(path_scores(blocks, net.widths), "neuron", _layers(None, net.n_layers))

    def without(count: int) -> dict[tuple[int, int], np.ndarray]:
        keep = [np.ones(width, dtype=bool) for width in net.widths]
        for layer, neuron in zip(layers[:count], neurons[:count], strict=True):
            keep[layer - 1][neuron] = False
        return {(i, j): block * keep[i - 1][:, None] * keep[j - 1] for (i, j), block in blocks.items()}

    def judge(parts: Blocks) -> float:
        return loss(as_direct(net, parts))

    before = loss(net)
    count = _largest(len(values), lambda n: judge(without(n)) <= limit)
    parts = without(count)
    for pair in sorted(parts, key=lambda pair: float(np.linalg.norm(parts[pair]))):
        if parts[pair].any():
            candidate = {**parts, pair: np.zeros_like(parts[pair])}
            if judge(candidate) <= limit:
                parts = candidate
    result = as_direct(net, parts)
    return Trimmed(result, compact(result), before, loss(result), limit)


def as_direct(net: SpectralNetwork, blocks: Blocks) -> SpectralNetwork:
    return SpectralNetwork(
        blocks=blocks, activation=net.activation, bias=net.bias, parametrization="direct", dtype=net.dtype
    )


def _largest(total: int, fits: Callable[[int], bool]) -> int:
    """The largest n in 0..total found to fit: a coarse grid from above, then one by one behind its best point.

    Losses are not monotone in n, so a bisection could stop short.
    """
    grid = sorted({round(total * step / GRID) for step in range(GRID + 1)}, reverse=True)
    above = total + 1
    best = 0
    for n in grid:
        if n == 0 or fits(n):
            best = n
            break
        above = n
    while best + 1 < above and fits(best + 1):
        best += 1
    return best
