"""Pruning: remove neurons or layers by a ranking, refit the remaining weights, and make the network smaller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import Blocks
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import compact
from spectral_core.resizing.compensation import compensate as refit
from spectral_core.resizing.compensation import fit_targets
from spectral_core.resizing.merging import activity_sizes
from spectral_core.resizing.merging import merge as merged_blocks
from spectral_core.resizing.predicting import PrunedPredictor, in_network_units, overlap_sentence, prints_by_part
from spectral_core.resizing.rankings import neuron_scores
from spectral_core.resizing.report import PruneResult
from spectral_core.resizing.reporting import report_of
from spectral_core.resizing.request import PruneRequest, checked_request
from spectral_core.resizing.trimming import Removal, as_direct, largest_fitting, masked, masks_without, removal_order
from spectral_core.training.trainer import train


@runtime_checkable
class Prunable(Protocol):
    """A result that prunes itself on the data it was made from, such as that of `search`."""

    def prune(self, **options: Any) -> PruneResult: ...


def prune(
    net: SpectralNetwork | CompactNetwork | Predictor | Prunable,
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
    towards: str = "network",
    merge: float | None = None,
    retrain: Mapping[str, Any] | None = None,
) -> PruneResult:
    """Remove hidden neurons, or whole layers, in the order of a ranking; the given network is left as it was.

    The result is in the direct parametrization: a global network cannot lose a neuron and keep its function, since a
    silent neuron still carries the linear path through Φ⁻¹ (M10, M11).

    Parameters
    ----------
    net : any parametrization, any depth, also a compact network; activations with f(0) = 0. Or a `Predictor`: X, y and
        `validation_data` are then in the units of its data, y of a classifier are labels, and the loss is that of its task
        unless another is given. Or the result of a `search`, which has its data: the same as `result.prune(...)`.
    by : ``path``, ``eigenvalue``, ``scaled_eigenvalue``, ``connectivity``, ``pivoted_qr``, ``leave_one_out``;
        `rankings.neuron_scores` has their formulas.
    fraction : remove this share of all hidden neurons of the `layers` (rounded down), the least scores of all these layers
        first; or
    threshold : remove all neurons with a score below it; or
    tolerance : remove as many as keep the loss on `validation_data`, else on (X, y), at most at
        loss + tolerance · (loss - least + 0.001 (constant - least)). `least` is the least loss that any outputs have on these
        data (0 for all losses but poisson, and binary_cross_entropy of soft targets), `constant` the loss of their mean. So a
        loss of 0, or below 0, has a tolerance too. The network that is returned keeps the limit.
    unit : ``neuron``, or ``layer``: remove whole layers, in the order of the norm of their neurons' scores.
    layers : the hidden layers, counted from 2 (of a compact network: in its own count), whose neurons may be removed or
        merged; by default all.
    even : compare neurons by their rank within their layer, so that all layers shrink alike; for rankings whose scores
        grow with the number of incoming weights. Not with a threshold.
    X, y : (samples, features) and targets. They serve to rank neurons, refit weights and measure losses.
    compensate : refit the weights of the remaining neurons to the pre-activations of the whole network on X, in closed
        form (M15, with `ridge`); by default wherever X is given. Errors of the outputs are weighted by the second derivative
        of the `loss`.
    towards : ``network``; or ``targets``: the weights into the output are then refitted to y, by Newton's steps in closed
        form. With few samples this fits their noise; a larger `ridge` holds against it.
    merge : first merge neurons whose incoming rows are positive multiples of each other up to this sine of their angle
        (M16; 0 is exact; relu, leaky_relu, identity), then rank the merged neurons; not with a ranking by eigenvalue. With X
        the angle is that of the weights times the root mean squares of their senders' values, so units do not change it.
        Nothing is merged where merging and its refit alone would exceed the tolerance.
    retrain : options of `train`. The compact network is then trained with them on (X, y): all its live weights, also those
        that were frozen. A retraining that ends above the limit of the tolerance is not kept.

    Returns
    -------
    PruneResult : `.network`, `.compact`, `.report`; of a predictor or a search a `PrunedPredictor`, which also has `.predictor`,
        `.predict(X)`, `.predict_proba(X)`, `.score(X, y)` and `.save(directory)`.

    Raises
    ------
    InvalidInputError : none or several of fraction, threshold, tolerance; values out of range; data that is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import SpectralNetwork, prune
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> net = SpectralNetwork.initialize([1, 10, 1], parametrization="direct", seed=0)
    >>> prune(net, fraction=0.5, X=X, y=np.abs(X)).compact.live
    (2, 5, 1)
    """
    request = PruneRequest(
        by=by,
        fraction=fraction,
        threshold=threshold,
        tolerance=tolerance,
        unit=unit,
        layers=layers,
        even=even,
        X=X,
        y=y,
        loss=loss,
        validation_data=validation_data,
        compensate=compensate,
        ridge=ridge,
        towards=towards,
        merge=merge,
        retrain=retrain,
    )
    if isinstance(net, Predictor):
        inner, prints = in_network_units(net, request), prints_by_part(net, request)
        pruned = PrunedPredictor.of(net, _pruned_network(net.network, inner), overlap_sentence(net, prints))
        return pruned.having_seen(prints)
    if isinstance(net, Prunable):
        options = dict(vars(request))
        del options["x"]
        return net.prune(**options)
    return _pruned_network(net, request)


def _pruned_network(net: SpectralNetwork | CompactNetwork, request: PruneRequest) -> PruneResult:
    """The result for a network, or for the live part of a compact one."""
    if isinstance(net, CompactNetwork):
        inner = _pruned(net.direct, request.for_live_inputs(net))
        small = net.narrowed(inner.compact)
        return PruneResult(small.expanded(), small, inner.report)
    return _pruned(net, request)


@dataclass(frozen=True, eq=False)
class Merged:
    """The transfer blocks after merging, the neurons that are kept, by layer, and the network whose neurons are ranked."""

    blocks: Blocks
    keep: list[np.ndarray]
    ranked: SpectralNetwork


def _pruned(net: SpectralNetwork, request: PruneRequest) -> PruneResult:
    """The phases of `prune`, for a network with all its inputs."""
    request = checked_request(net, request)
    limit = request.limit(net)
    start, pruned = _chosen(net, request, limit)
    small = compact(pruned)
    trained, epochs = _retrain(small, request)
    if epochs and (request.tolerance is None or request.evaluate(trained.expanded()) <= limit):
        small, pruned = trained, trained.expanded()
    else:
        epochs = 0
    merged = sum(int((~mask).sum()) for mask in start.keep)
    return PruneResult(pruned, small, report_of(net, pruned, small, request, limit, merged, epochs))


def _chosen(net: SpectralNetwork, request: PruneRequest, limit: float) -> tuple[Merged, SpectralNetwork]:
    """The network without neurons and what it started from: merged where that was asked for and keeps the limit."""
    blocks = as_direct(net, net.transfer_blocks()).blocks
    if request.merge is not None:
        sizes = None if request.x is None else activity_sizes(net, request.x)
        joined, keep = merged_blocks(blocks, net.widths, net.activation, request.merge, request.layers, sizes)
        merged = Merged(joined, keep, as_direct(net, joined))
        smallest = _smallest(net, merged, request, limit)
        if smallest is not None:
            return merged, smallest
    whole = Merged(blocks, [np.ones(width, dtype=bool) for width in net.widths], net)
    smallest = _smallest(net, whole, request, limit)
    return whole, as_direct(net, blocks) if smallest is None else smallest


def _smallest(net: SpectralNetwork, start: Merged, request: PruneRequest, limit: float) -> SpectralNetwork | None:
    """The network without as many neurons as were asked for, or as the limit allows; None where it cannot be kept."""
    order = _rank(start, request)
    if request.tolerance is None:
        return _remove(net, start, order[: _count(order, request)], request)

    def fits(network: SpectralNetwork) -> bool:
        return request.evaluate(network) <= limit

    count = largest_fitting(len(order), lambda count: fits(_remove(net, start, order[:count], request)))
    refitted = _remove(net, start, order[:count], request)
    if count or fits(refitted):
        return refitted
    # A refit on X alone may cost more on the judging data than the limit allows.
    plain = as_direct(net, start.blocks)
    return plain if fits(plain) else None


def _rank(start: Merged, request: PruneRequest) -> list[Removal]:
    """The neurons, or layers, in the order of their removal; merged neurons come first."""
    scores = neuron_scores(start.ranked, request.by, request.X, request.loss)
    if request.even:
        scores = [(1 + np.argsort(np.argsort(score, kind="stable"))) / len(score) for score in scores]
    scores = [np.where(mask, score, -1.0) for mask, score in zip(start.keep[1:-1], scores, strict=True)]
    return removal_order(scores, request.unit, request.layers or [])


def _count(order: Sequence[Removal], request: PruneRequest) -> int:
    """How many neurons, or layers, to remove for a threshold or a fraction."""
    if request.threshold is not None:
        return sum(removal.score < request.threshold for removal in order)
    return int(np.floor((request.fraction or 0) * len(order) + 1e-9))


def _remove(net: SpectralNetwork, start: Merged, removals: Sequence[Removal], request: PruneRequest) -> SpectralNetwork:
    """The direct network without some neurons, its weights refitted where that was asked for."""
    keep = masks_without(start.keep, removals)
    parts = masked(start.blocks, keep)
    removed = not all(mask.all() for mask in keep)
    if removed and request.compensate and request.x is not None:
        parts = refit(net, parts, keep, request.x, request.ridge, request.loss)
        if request.towards == "targets":
            parts = fit_targets(
                net, parts, keep, request.x, net.problem(request.X, request.y, request.loss), request.ridge
            )
    return as_direct(net, parts)


def _retrain(small: CompactNetwork, request: PruneRequest) -> tuple[CompactNetwork, int]:
    """The compact network after retraining, and the number of epochs; 0 where none was asked for."""
    if request.retrain is None:
        return small, 0
    trained = train(small, request.X, request.y, **{"loss": request.loss, **request.retrain})
    return trained.network, len(trained.history)
