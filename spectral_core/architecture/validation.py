"""The validation loss of the networks of a search."""

from __future__ import annotations

from spectral_core.backends import cpu
from spectral_core.data.preparation import PreparedData
from spectral_core.networks.spectral import SpectralNetwork


class ValidationLoss:
    """The loss of a network on the validation data.

    The data are checked and converted once, for `network`; all other networks have its inputs, outputs and precision.
    """

    def __init__(self, data: PreparedData, network: SpectralNetwork) -> None:
        self.problem = network.problem(data.x_valid, data.y_valid, data.loss, data.weights_valid)

    def __call__(self, network: SpectralNetwork) -> float:
        output = cpu.predict(network.layout, network.activation, network.parameters, self.problem.x)
        return cpu.output_loss(output, self.problem)
