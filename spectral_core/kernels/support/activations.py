"""Which activation each hidden layer has: one name for all of them, or a name for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import ACTIVATIONS

Activation = str | tuple[str, ...]
"""One name for all hidden layers. Where they differ, a tuple with a name for each, from the first hidden layer to the last."""


def checked(given: Any, hidden: int) -> Activation:
    """The activation of a network with `hidden` hidden layers; a name, or a sequence of names, one for each hidden layer.

    Raises
    ------
    InvalidInputError : an unknown name, or another number of names than of hidden layers.

    Examples
    --------
    >>> from spectral_core.kernels.support.activations import checked
    >>> checked(["relu", "tanh"], 2), checked(("relu", "relu"), 2), checked("tanh", 2)
    (('relu', 'tanh'), 'relu', 'tanh')
    """
    if not isinstance(given, (list, tuple)):
        return _name(given, "activation")
    names = tuple(_name(name, f"activation[{i}]") for i, name in enumerate(given))
    if not names:
        raise InvalidInputError("activation must be a name, or one name for each hidden layer; got none")
    if len(names) != hidden:
        raise InvalidInputError(
            f"activation must be one name, or one for each hidden layer: {hidden} here; got {len(names)}, {written(names)}"
        )
    return joined(names)


def _name(given: Any, what: str) -> str:
    if isinstance(given, str) and given in ACTIVATIONS:
        return given
    raise InvalidInputError(f"{what} must be one of {', '.join(ACTIVATIONS)}; got {given!r}")


def joined(names: Sequence[str]) -> Activation:
    """The names of the hidden layers; one name where all are the same."""
    return names[0] if len(set(names)) == 1 else tuple(names)


def by_layer(activation: Activation, hidden: int) -> tuple[str, ...]:
    """The name of each hidden layer's activation."""
    return (activation,) * hidden if isinstance(activation, str) else activation


def of_layer(activation: Activation, layer: int) -> str:
    """The name of the activation of hidden layer `layer`; layers count from 1, and layer 1 is the input."""
    return activation if isinstance(activation, str) else activation[layer - 2]


def of_layers(activation: Activation, layers: Iterable[int]) -> Activation:
    """The activation of a network of some layers, numbered from 1, of another; without a hidden layer it has that of the first."""
    if isinstance(activation, str):
        return activation
    return joined([activation[layer - 2] for layer in layers if 1 < layer < len(activation) + 2] or activation[:1])


def distinct(activation: Activation) -> tuple[str, ...]:
    """The names that occur, each once."""
    return (activation,) if isinstance(activation, str) else tuple(dict.fromkeys(activation))


def codes(activation: Activation, layers: int) -> np.ndarray:
    """What a kernel takes: the number of f in ``ACTIVATIONS`` for each of all layers (layers,); input and output have 0, which none reads.

    Examples
    --------
    >>> from spectral_core.kernels.support.activations import codes
    >>> codes(("relu", "tanh"), 4).tolist()
    [0, 1, 4, 0]
    """
    numbers = np.zeros(layers, np.int64)
    numbers[1:-1] = [ACTIVATIONS.index(name) for name in by_layer(activation, layers - 2)]
    return numbers


def one_for_all(activation: Activation) -> str:
    """The activation of all hidden layers, for an export that has one; raises `InvalidInputError` where they differ."""
    if isinstance(activation, str):
        return activation
    raise InvalidInputError(
        f"this export has one activation for all hidden layers; the network has {written(activation)}. ONNX, safetensors and "
        "PyTorch take several"
    )


def written(activation: Activation) -> str:
    """The names as on the command line, ``relu,tanh``."""
    return activation if isinstance(activation, str) else ",".join(activation)


def recorded(activation: Activation) -> str | list[str]:
    """The names for JSON."""
    return activation if isinstance(activation, str) else list(activation)
