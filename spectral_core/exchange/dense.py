"""Dense networks of other libraries as networks of this package, and back: the same function, weight for weight."""

from __future__ import annotations

import io
import os
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data.scaling import Scaling
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.exchange.layers import Layer, dense
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork

SKLEARN_ACTIVATIONS = {"identity": "identity", "relu": "relu", "tanh": "tanh", "logistic": "sigmoid"}
SKIPPING = re.compile(r"layers\.(\d+)\.(?:bias|from_(\d+)\.weight)")
"""The names of a network with skip connections."""


def from_sklearn(model: Any, parametrization: str = "direct") -> Predictor:
    """A fitted MLPClassifier or MLPRegressor of scikit-learn as a predictor: the same predictions within rounding.

    A pipeline of a StandardScaler and such a model is taken too. A logistic output z becomes the two outputs (0, z), whose
    softmax is the same. `parametrization` is that of `from_torch`.

    Raises
    ------
    InvalidInputError : another model, one that is not fitted, several labels for a row, outputs of another kind.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPRegressor
    >>> from spectral_core.exchange import from_sklearn
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> mlp = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0).fit(X, np.abs(X[:, 0]))
    >>> bool(np.allclose(from_sklearn(mlp).predict(X).ravel(), mlp.predict(X)))
    True
    """
    scaler, mlp = _steps(model)
    if not hasattr(mlp, "coefs_") or not hasattr(mlp, "out_activation_"):
        raise InvalidInputError(f"from_sklearn takes a fitted MLPClassifier or MLPRegressor; got {type(mlp).__name__}")
    # The layers; a logistic output gets the class 0 beside it.
    layers = [(w.T, b) for w, b in zip(mlp.coefs_, mlp.intercepts_, strict=True)]
    classes = tuple(np.asarray(getattr(mlp, "classes_", ())).tolist())
    if mlp.out_activation_ == "logistic" and len(layers[-1][1]) == 1:
        w, b = layers[-1]
        layers[-1] = (np.vstack([np.zeros_like(w), w]), np.concatenate([np.zeros_like(b), b]))
    elif mlp.out_activation_ not in ("identity", "softmax"):
        kind = "several labels for a row" if mlp.out_activation_ == "logistic" else f"outputs {mlp.out_activation_}(z)"
        raise InvalidInputError(f"a predictor has one label or numbers for a row; this {type(mlp).__name__} has {kind}")
    net = dense(layers, SKLEARN_ACTIVATIONS[mlp.activation], parametrization)
    # Scaling and names.
    inputs = Scaling.none(net.n_features)
    if scaler is not None:
        mean, scale = getattr(scaler, "mean_", None), getattr(scaler, "scale_", None)
        inputs = Scaling(inputs.mean if mean is None else mean, inputs.deviation if scale is None else scale)
    named = getattr(scaler if scaler is not None else mlp, "feature_names_in_", None)
    names = tuple(f"x{i + 1}" for i in range(net.n_features)) if named is None else tuple(map(str, named))
    n_targets = 1 if classes else net.widths[-1]
    targets = ("y",) if n_targets == 1 else tuple(f"y{i + 1}" for i in range(n_targets))
    outputs = Scaling.none(n_targets)
    task = "classification" if classes else "regression"
    return Predictor(net, task, inputs, outputs, classes, names, targets, form="imported")


def _steps(model: Any) -> tuple[Any, Any]:
    """The scaler of a pipeline, or None, and its last step."""
    if not hasattr(model, "steps"):
        return None, model
    steps = [step for _, step in model.steps]
    if len(steps) != 2 or type(steps[0]).__name__ != "StandardScaler":
        found = ", ".join(type(step).__name__ for step in steps)
        raise InvalidInputError(f"a pipeline must be a StandardScaler and a model; got {found}")
    return steps[0], steps[1]


def from_keras(
    weights: Sequence[Any], activation: str | Sequence[str] = "relu", parametrization: str = "direct"
) -> SpectralNetwork:
    """The network of a dense Keras model, from the arrays of its `get_weights()`: kernels (senders, receivers) and biases.

    A kernel without a bias behind it has the bias 0. The output is the raw z_K, before a softmax. `activation` and `parametrization`
    are those of `from_torch`.

    Raises
    ------
    InvalidInputError : an array that is neither kernel nor bias of a dense layer, or shapes that do not follow each other.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core.exchange import from_keras
    >>> kernel = np.array([[1.0], [2.0]])
    >>> from_keras([kernel, np.array([0.5])]).forward([[1.0, 1.0]]).tolist()
    [[3.5]]
    """
    layers: list[Layer] = []
    for number, value in enumerate(checks.sequence(weights, "weights")):
        array = checks.as_array(value, f"weights[{number}]")
        if array.ndim == 2:
            layers.append((array.T, np.zeros(array.shape[1], array.dtype)))
        elif array.ndim == 1 and layers and number and np.ndim(weights[number - 1]) == 2:
            layers[-1] = (layers[-1][0], array)
        else:
            raise InvalidInputError(
                f"weights[{number}] of shape {array.shape} is neither kernel nor bias of a dense layer"
            )
    return dense(layers, activation, parametrization)


def from_torch(
    state: Mapping[str, Any] | str | os.PathLike[str],
    activation: str | Sequence[str] = "relu",
    parametrization: str = "direct",
    order: Sequence[str] | None = None,
) -> SpectralNetwork:
    """The network of linear layers of PyTorch, from their `state_dict`.

    Parameters
    ----------
    state : tensors or arrays by name, or a file of them, NPZ or safetensors: ``NAME.weight`` (receivers, senders) and, where there
        is a bias, ``NAME.bias``. Or the names that `state_dict` gives a network with skip connections, which is always ``direct``.
    activation : between the layers, one name or a name for each hidden layer; the output is the raw z_K.
    parametrization : ``direct``: biases become skip connections of the constant neuron. ``layerwise``: M_i = -φ^(i) with λ^in = 0 and
        λ^out = 1; each hidden layer gets one more neuron, the constant that its biases need.
    order : names of the layers from the first to the last. By default their numbers order them where all names end with one, else the order of
        the mapping or file does.

    Raises
    ------
    InvalidInputError : parameters that are not of linear layers, or shapes that do not follow each other.
    DataFileError : the file cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core.exchange import from_torch
    >>> state = {"0.weight": np.array([[1.0], [-1.0]]), "2.weight": np.array([[1.0, 1.0]]), "2.bias": np.array([3.0])}
    >>> from_torch(state).forward([[-2.0], [5.0]]).tolist()
    [[5.0], [8.0]]
    """
    tensors = state if isinstance(state, Mapping) else _stored(Path(state))
    arrays = {name: _array(name, value) for name, value in tensors.items()}
    if arrays and all(SKIPPING.fullmatch(name) for name in arrays):
        return _with_skips(arrays, activation, parametrization)
    known = [name.removesuffix(".weight").removesuffix(".bias") for name in arrays]
    strange = [
        name for name, layer in zip(arrays, known, strict=True) if name == layer and name not in ("weight", "bias")
    ]
    if strange or not arrays:
        found = f"{strange[0]!r} of shape {arrays[strange[0]].shape}" if strange else "no parameters"
        raise InvalidInputError(f"from_torch takes NAME.weight and NAME.bias of linear layers; got {found}")
    layers = []
    for name in _ordered(list(dict.fromkeys(known)), order):
        weight = arrays.get(f"{name}.weight")
        if weight is None or weight.ndim != 2:
            raise InvalidInputError(f"layer {name!r} has no weight with two dimensions, as a linear layer has")
        layers.append((weight, arrays.get(f"{name}.bias", np.zeros(len(weight), weight.dtype))))
    return dense(layers, activation, parametrization)


def _with_skips(
    arrays: dict[str, np.ndarray], activation: str | Sequence[str], parametrization: str
) -> SpectralNetwork:
    """The direct network of ``layers.I.from_J.weight`` and ``layers.I.bias``."""
    if parametrization != "direct":
        raise InvalidInputError(f"a network with skip connections is direct; got parametrization={parametrization!r}")
    blocks: dict[tuple[int, int], np.ndarray] = {}
    biases: dict[int, np.ndarray] = {}
    for name, array in arrays.items():
        receiver, sender = SKIPPING.fullmatch(name).groups()  # type: ignore[union-attr]
        if sender is None:
            biases[int(receiver)] = array
        else:
            blocks[int(receiver), int(sender)] = array
    inputs = [block.shape[1] for (_, j), block in blocks.items() if j == 1 and block.ndim == 2]
    if not inputs:
        raise InvalidInputError("no layer receives from layer 1, so the number of features is not known")
    for i, bias in biases.items():
        weight = blocks.get((i, 1), np.zeros((len(bias), inputs[0]), bias.dtype))
        blocks[i, 1] = np.column_stack([weight, bias])
    return SpectralNetwork(blocks=blocks, activation=activation, bias=True, parametrization="direct")


def _array(name: str, value: Any) -> np.ndarray:
    """A tensor or an array in float32 or float64."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = (value if str(value.dtype) in ("torch.float32", "torch.float64") else value.float()).numpy()
    array = checks.as_array(value, name)
    return array if array.dtype.name in checks.DTYPES else array.astype(np.float32)


def _ordered(names: list[str], order: Sequence[str] | None) -> list[str]:
    """The names of the layers from the first to the last."""
    if order is not None:
        if sorted(order) != sorted(names):
            raise InvalidInputError(f"order must name each layer once, {', '.join(names)}; got {list(order)}")
        return list(order)
    numbers = [re.search(r"(\d+)$", name) for name in names]
    if all(numbers):
        return sorted(names, key=lambda name: int(re.search(r"(\d+)$", name)[1]))  # type: ignore[index]
    return names


def _stored(path: Path) -> Mapping[str, np.ndarray]:
    """The arrays of an NPZ or a safetensors file."""
    if path.suffix.lower() == ".safetensors":
        from spectral_core.exchange.tensors import read_safetensors

        return read_safetensors(path)
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (
        OSError,
        ValueError,
        AttributeError,
        TypeError,
        KeyError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise DataFileError(f"{path} cannot be read as an NPZ file of arrays: {error}") from None
