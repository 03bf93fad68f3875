"""Weights as named arrays: a `state_dict` for PyTorch as NPZ, or a safetensors file. Reading safetensors needs the extra `exchange`."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from spectral_core import __version__, checks
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.files import atomic
from spectral_core.kernels.support.activations import recorded
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork

Model = SpectralNetwork | CompactNetwork | Predictor
Affine = tuple[dict[tuple[int, int], np.ndarray], dict[int, np.ndarray]]
"""W_ij by (i, j), and the biases of the layers i = 2..K."""


def state_dict(model: Model) -> dict[str, np.ndarray]:
    """The weights of a model by the names that PyTorch uses; a predictor's scaling is part of them.

    z_i = b_i + Σ_j W_ij x_j, x_1 the features in the units of the data. A network whose layers receive from the layer before alone has the
    names of ``nn.Sequential(Linear, activation, Linear, ...)``: ``0.weight``, ``0.bias``, ``2.weight``, ... Any other has
    ``layers.I.from_J.weight`` (receivers, senders) and ``layers.I.bias``, layers counted from 1.

    Examples
    --------
    >>> from spectral_core import SpectralNetwork
    >>> from spectral_core.exchange.tensors import state_dict
    >>> net = SpectralNetwork.initialize([2, 5, 1], parametrization="layerwise", seed=0)
    >>> {name: array.shape for name, array in state_dict(net).items()}
    {'0.weight': (5, 2), '0.bias': (5,), '2.weight': (1, 5), '2.bias': (1,)}
    """
    if not isinstance(model, (SpectralNetwork, CompactNetwork, Predictor)):
        raise InvalidInputError(f"only networks and predictors can be exported; got {type(model).__name__}")
    network = model.network if isinstance(model, Predictor) else model
    blocks, biases = _affine(network)
    if isinstance(model, Predictor):
        blocks, biases = _in_data_units(model, blocks, biases)
    layers, dtype = max(biases), network.dtype
    neighbours = {(i, i - 1) for i in range(2, layers + 1)}
    # A step without weights keeps its place.
    present = {pair for pair, block in blocks.items() if block.any()} | (neighbours & blocks.keys())
    state: dict[str, np.ndarray] = {}
    for i in range(2, layers + 1):
        if present == neighbours:
            state[f"{2 * (i - 2)}.weight"] = blocks[i, i - 1].astype(dtype)
            state[f"{2 * (i - 2)}.bias"] = biases[i].astype(dtype)
            continue
        for j in range(1, i):
            if (i, j) in present:
                state[f"layers.{i}.from_{j}.weight"] = blocks[i, j].astype(dtype)
        state[f"layers.{i}.bias"] = biases[i].astype(dtype)
    return state


def _affine(network: SpectralNetwork | CompactNetwork) -> Affine:
    """The blocks of a network with a column for every feature, and the column of the constant neuron as biases."""
    if isinstance(network, CompactNetwork):
        direct, features = network.direct, network.neurons[0]
        constant = network.original_widths[0] > network.n_features
    else:
        direct, features, constant = network, np.arange(network.widths[0]), network.bias
    blocks: dict[tuple[int, int], np.ndarray] = {}
    biases = {i: np.zeros(width) for i, width in enumerate(direct.widths, 1) if i > 1}
    for (i, j), block in direct.transfer_blocks().items():
        blocks[i, j] = np.asarray(block, np.float64)
        if j == 1:
            columns = np.zeros((len(block), network.n_features + constant))
            columns[:, features] = block
            blocks[i, 1] = columns[:, : network.n_features]
            biases[i] = columns[:, -1] if constant else biases[i]
    return blocks, biases


def _in_data_units(
    model: Predictor, blocks: dict[tuple[int, int], np.ndarray], biases: dict[int, np.ndarray]
) -> Affine:
    """The same with the scaling of a predictor: W (x - mean)/deviation = W' x - W' mean, and the last layer in the units of the targets.

    By hand: scales weights once. Checked by test_tensors.test_the_state_of_a_predictor_takes_data_in_their_units.
    """
    blocks, biases, last = dict(blocks), dict(biases), max(biases)
    for i in range(2, last + 1):
        if (i, 1) in blocks:
            blocks[i, 1] = blocks[i, 1] / model.inputs.divisor
            biases[i] = biases[i] - blocks[i, 1] @ model.inputs.mean
    if model.task == "regression":
        for pair in [pair for pair in blocks if pair[0] == last]:
            blocks[pair] = blocks[pair] * model.outputs.deviation[:, None]
        biases[last] = biases[last] * model.outputs.deviation + model.outputs.mean
    return blocks, biases


def export_torch(model: Model, path: str | os.PathLike[str]) -> None:
    """Write `state_dict(model)` as an NPZ file: ``{k: torch.from_numpy(v) for k, v in numpy.load(path).items()}`` loads it.

    Raises
    ------
    InvalidInputError : `model` is neither a network nor a predictor.
    """
    state: dict[str, Any] = state_dict(model)
    atomic.write_atomically(path, lambda file: np.savez(file, **state))


def export_safetensors(model: Model, path: str | os.PathLike[str]) -> None:
    """Write `state_dict(model)` as a safetensors file; its metadata hold activation, task, names and classes as JSON.

    Raises
    ------
    MissingDependencyError : safetensors is not installed.
    InvalidInputError : `model` is neither a network nor a predictor.
    """
    library = checks.optional("safetensors.numpy", "safetensors export", "exchange")
    state = {name: np.ascontiguousarray(array) for name, array in state_dict(model).items()}
    stored: bytes = library.save(state, metadata=_metadata(model))
    atomic.write_atomically(path, lambda file: file.write(stored))


def _metadata(model: Model) -> dict[str, str]:
    """What a user of the file must know; safetensors takes texts alone."""
    network = model.network if isinstance(model, Predictor) else model
    record: dict[str, Any] = {"activation": recorded(network.activation)}
    if isinstance(model, Predictor):
        names = {"feature_names": model.feature_names, "target_names": model.target_names, "classes": model.classes}
        record |= {"task": model.task} | {name: list(value) for name, value in names.items()}
    return {"format": "pt", "writer": f"spectral-core {__version__}"} | {
        name: json.dumps(value, ensure_ascii=False) for name, value in record.items()
    }


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file by name.

    Raises
    ------
    MissingDependencyError : safetensors is not installed.
    DataFileError : the file is missing or damaged, or has a type of numbers that NumPy lacks.
    """
    library = checks.optional("safetensors", "reading safetensors", "exchange")
    numpy_part = checks.optional("safetensors.numpy", "reading safetensors", "exchange")
    try:
        arrays: dict[str, np.ndarray] = numpy_part.load_file(path)
    except (OSError, TypeError, KeyError, AttributeError, library.SafetensorError) as error:
        raise DataFileError(f"{path} cannot be read as a safetensors file: {error}") from None
    return arrays
