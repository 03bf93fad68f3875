"""The report of `prune`, from its networks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.sparse import BYTES_A_NUMBER, SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.report import Pruned, PruneReport, latency
from spectral_core.resizing.request import PruneRequest


def report_of(
    net: SpectralNetwork | CompactNetwork, pruned: Pruned, limit: float, request: PruneRequest
) -> PruneReport:
    """The report on a network that was pruned; losses and the limit where they were measured."""
    measured, limited = request.y is not None, request.tolerance is not None
    small = pruned.compact
    before, after = _sparse(net), _sparse(small)
    if isinstance(net, CompactNetwork):
        widths, blocks = net.live, net.blocks
    else:
        widths, blocks = net.widths, net.transfer_blocks()
    return PruneReport(
        by="saliency" if request.unit == "weight" else request.by,
        unit=request.unit,
        merged=pruned.merged,
        compensated=bool(request.compensate),
        retrained_epochs=pruned.epochs,
        widths=list(widths),
        removed=[width - live for width, live in zip(widths, small.live, strict=True)][1:-1],
        live=list(small.live),
        parameters=net.n_parameters,
        dense_parameters=sum(block.size for block in blocks.values()),
        compact_parameters=small.n_parameters,
        bytes_before=_bytes(net.parameters, before, request),
        bytes_after=_bytes(small.direct.parameters, after, request),
        latency_before=latency(net),
        latency_after=latency(small),
        loss_before=net.loss(request.X, request.y, request.loss) if measured else None,
        loss_after=pruned.network.loss(request.X, request.y, request.loss) if measured else None,
        limit=limit if limited else None,
        within=request.evaluate(pruned.network) <= limit if limited else None,
        **_numbers(before, after),
    )


def _bytes(parameters: np.ndarray, net: SparseNetwork, request: PruneRequest) -> int:
    """Bytes of all parameters; of single weights those that are there, each in float32 as in the curve of a search.

    By hand: bytes of a number. Checked by test_prune_weights.test_bytes_are_counted_as_in_the_curve_of_a_search.
    """
    return BYTES_A_NUMBER * (net.n_products + net.n_biases) if request.unit == "weight" else parameters.nbytes


def with_numbers(report: PruneReport, net: SpectralNetwork | CompactNetwork, small: CompactNetwork) -> PruneReport:
    """The report with the products and biases of these networks."""
    return replace(report, **_numbers(_sparse(net), _sparse(small)))


def _sparse(net: SpectralNetwork | CompactNetwork) -> SparseNetwork:
    return SparseNetwork.of(net.expanded() if isinstance(net, CompactNetwork) else net)


def _numbers(before: SparseNetwork, after: SparseNetwork) -> dict[str, Any]:
    """Products and biases of a network and of its result."""
    return {
        "weights_before": before.n_products,
        "weights_after": after.n_products,
        "biases_before": before.n_biases,
        "biases_after": after.n_biases,
    }
