"""One training of a search."""

from __future__ import annotations

from typing import Any

from spectral_core.architecture.options import SearchOptions
from spectral_core.data.preparation import PreparedData
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.results import TrainingResult
from spectral_core.training.trainer import train


def train_candidate(
    net: SpectralNetwork, data: PreparedData, options: SearchOptions, strength: float, **others: Any
) -> TrainingResult[SpectralNetwork]:
    """Train on the training part with a strength of the eigenvector penalty; `others` are further options of `train`."""
    return train(
        net,
        data.x,
        data.y,
        loss=data.loss,
        sample_weight=data.weights,
        validation_data=(data.x_valid, data.y_valid),
        batch_size=options.batch_size_for(len(data.x)),
        learning_rate=options.learning_rate,
        eigenvector_penalty=strength,
        seed=options.seed,
        backend=options.backend,
        keep_checkpoint=True,
        **others,
    )
