"""The report of `prune`, from its networks."""

from __future__ import annotations

from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.report import PruneReport, latency
from spectral_core.resizing.request import PruneRequest


def report_of(
    net: SpectralNetwork,
    pruned: SpectralNetwork,
    small: CompactNetwork,
    request: PruneRequest,
    limit: float,
    merged: int,
    epochs: int,
) -> PruneReport:
    """The report on a network that was pruned; losses and the limit where they were measured."""
    measured, limited = request.y is not None, request.tolerance is not None
    return PruneReport(
        by=request.by,
        unit=request.unit,
        merged=merged,
        compensated=bool(request.compensate),
        retrained_epochs=epochs,
        widths=list(net.widths),
        removed=[width - live for width, live in zip(net.widths, small.live, strict=True)][1:-1],
        live=list(small.live),
        parameters=net.n_parameters,
        dense_parameters=sum(block.size for block in net.transfer_blocks().values()),
        compact_parameters=small.n_parameters,
        bytes_before=net.parameters.nbytes,
        bytes_after=small.direct.parameters.nbytes,
        latency_before=latency(net),
        latency_after=latency(small),
        loss_before=net.loss(request.X, request.y, request.loss) if measured else None,
        loss_after=pruned.loss(request.X, request.y, request.loss) if measured else None,
        limit=limit if limited else None,
        within=request.evaluate(pruned) <= limit if limited else None,
    )
