"""The report of `prune`, from its networks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.report import Pruned, PruneReport, latency
from spectral_core.resizing.request import PruneRequest


def report_of(
    net: SpectralNetwork | CompactNetwork, pruned: Pruned, limit: float, request: PruneRequest
) -> PruneReport:
    """The report on a network that was pruned; losses and the limit where they were measured."""
    measured, limited = request.y is not None, request.tolerance is not None
    small = pruned.compact
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
        bytes_before=net.parameters.nbytes,
        bytes_after=small.direct.parameters.nbytes,
        latency_before=latency(net),
        latency_after=latency(small),
        loss_before=net.loss(request.X, request.y, request.loss) if measured else None,
        loss_after=pruned.network.loss(request.X, request.y, request.loss) if measured else None,
        limit=limit if limited else None,
        within=request.evaluate(pruned.network) <= limit if limited else None,
        **_numbers(net, small),
    )


def with_numbers(report: PruneReport, net: SpectralNetwork | CompactNetwork, small: CompactNetwork) -> PruneReport:
    """The report with the products and biases of these networks."""
    return replace(report, **_numbers(net, small))


def _numbers(net: SpectralNetwork | CompactNetwork, small: CompactNetwork) -> dict[str, Any]:
    """Products and biases of a network and of its result."""
    before, after = (
        SparseNetwork.of(one.expanded() if isinstance(one, CompactNetwork) else one) for one in (net, small)
    )
    return {
        "weights_before": before.n_products,
        "weights_after": after.n_products,
        "biases_before": before.n_biases,
        "biases_after": after.n_biases,
    }
