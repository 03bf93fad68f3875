"""Pruning of neurons and layers: by a ranking, with a closed refit of the remaining weights, and a training at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import Blocks
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import compact
from spectral_core.resizing.compensation import compensate as refit
from spectral_core.resizing.compensation import fit_targets
from spectral_core.resizing.merging import activity_sizes
from spectral_core.resizing.merging import merge as merged_blocks
from spectral_core.resizing.rankings import neuron_scores
from spectral_core.resizing.report import Pruned
from spectral_core.resizing.request import PruneRequest
from spectral_core.resizing.trimming import Removal, as_direct, largest_fitting, masked, masks_without, removal_order
from spectral_core.training.trainer import train


@dataclass(frozen=True, eq=False)
class Merged:
    """The transfer blocks after merging, the neurons that are kept, by layer, and the network whose neurons are ranked."""

    blocks: Blocks
    keep: list[np.ndarray]
    ranked: SpectralNetwork


def prune_neurons(net: SpectralNetwork, request: PruneRequest, limit: float) -> Pruned:
    """The phases of `prune` for neurons and layers, for a network with all its inputs."""
    start, pruned = _chosen(net, request, limit)
    small = compact(pruned)
    trained, epochs = _retrain(small, request)
    if epochs and (request.tolerance is None or request.evaluate(trained.expanded()) <= limit):
        small, pruned = trained, trained.expanded()
    else:
        epochs = 0
    return Pruned(pruned, small, epochs, sum(int((~mask).sum()) for mask in start.keep))


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
    scores = neuron_scores(start.ranked, request.by, request.X, request.loss, request.skip_connections)
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
        parts = refit(net, parts, keep, request.x, request.strength, request.loss, request.skip_connections)
        if request.towards == "targets":
            problem = net.problem(request.X, request.y, request.loss)
            parts = fit_targets(net, parts, keep, request.x, problem, request.strength)
    return as_direct(net, parts)


def _retrain(small: CompactNetwork, request: PruneRequest) -> tuple[CompactNetwork, int]:
    """The compact network after retraining, and the number of epochs; 0 where none was asked for."""
    if request.retrain is None:
        return small, 0
    trained = train(small, request.X, request.y, **{"loss": request.loss, **request.retrain})
    return trained.network, len(trained.history)
