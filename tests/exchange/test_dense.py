"""Dense networks of other libraries compute the same here."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import DataFileError, InvalidInputError
from spectral_core.exchange import from_keras, from_sklearn, from_torch
from spectral_core.exchange.layers import dense
from spectral_core.kernels.tables import ACTIVATIONS
from tests import oracles
from tests.builders import mixed

pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install -e '.[full]'")
WIDTHS = st.lists(st.integers(1, 5), min_size=2, max_size=5)


def random_layers(widths: list[int], seed: int, dtype: str = "float64") -> list[tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(seed)
    pairs = zip(widths[1:], widths[:-1], strict=True)
    return [(generator.normal(size=(n, m)).astype(dtype), generator.normal(size=n).astype(dtype)) for n, m in pairs]


def by_hand(layers: list[tuple[np.ndarray, np.ndarray]], activation: Any, x: np.ndarray) -> np.ndarray:
    names = oracles.names_of(activation, len(layers) - 1)
    for number, (weight, bias) in enumerate(layers, 1):
        x = x @ weight.T + bias
        if number < len(layers):
            x = np.asarray(oracles.activation(names[number - 1], x), dtype=np.float64)
    return x


@given(WIDTHS, st.sampled_from(ACTIVATIONS), st.sampled_from(["direct", "layerwise"]), st.integers(0, 999))
@settings(deadline=None, max_examples=60)
def test_a_dense_network_is_the_same_function(widths: list[int], activation: str, kind: str, seed: int) -> None:
    layers = random_layers(widths, seed)
    x = np.random.default_rng(seed + 1).normal(size=(6, widths[0]))
    activation = mixed(activation, ACTIVATIONS, len(widths) - 2, seed)  # type: ignore[assignment]
    net = dense(layers, activation, kind)
    assert net.parametrization == kind
    expected = by_hand(layers, activation, x)
    np.testing.assert_allclose(net.forward(x), expected, rtol=0, atol=1e-12 * (1 + np.abs(expected).max()))


@given(WIDTHS, st.booleans(), st.integers(0, 999), st.sampled_from(["float32", "float64"]))
@settings(deadline=None, max_examples=30)
def test_keras_and_torch_hold_the_same_weights(widths: list[int], biases: bool, seed: int, dtype: str) -> None:
    layers = random_layers(widths, seed, dtype)
    layers = layers if biases else [(weight, np.zeros_like(bias)) for weight, bias in layers]
    keras = [part for weight, bias in layers for part in ([weight.T, bias] if biases else [weight.T])]
    named = [(f"{2 * n}", *layer) for n, layer in enumerate(layers)]
    torch = {f"{n}.weight": weight for n, weight, _ in named} | {f"{n}.bias": bias for n, _, bias in named if biases}
    # Names sorted as text put 10 before 2.
    torch = dict(sorted(torch.items()))
    x = np.random.default_rng(seed).normal(size=(4, widths[0])).astype(dtype)
    expected = dense(layers, "relu").forward(x)
    for net in (from_keras(keras), from_torch(torch)):
        assert net.dtype.name == dtype
        assert np.array_equal(net.forward(x), expected)


def test_many_layers_of_torch_come_in_the_order_of_their_numbers() -> None:
    layers = random_layers([2, 3, 4, 3, 2, 3, 4, 1], 0)
    state = {f"{2 * n}.weight": weight for n, (weight, _) in enumerate(layers)}
    net = from_torch(dict(sorted(state.items())))
    assert list(dict(sorted(state.items())))[1] == "10.weight"
    assert net.widths[1:] == (3, 4, 3, 2, 3, 4, 1)


@pytest.mark.parametrize("activation", ["identity", "relu", "tanh", "logistic"])
@pytest.mark.parametrize("kind", ["direct", "layerwise"])
@pytest.mark.parametrize("task", ["one target", "two targets", "two classes", "three classes"])
def test_scikit_learn_predicts_the_same(activation: str, kind: str, task: str) -> None:
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    generator = np.random.default_rng(0)
    x = generator.normal(size=(80, 3)) * [1, 100, 0.01] + [5, 0, 1]
    targets: dict[str, Any] = {
        "one target": x[:, 0] * x[:, 1],
        "two targets": x[:, :2] ** 2,
        "two classes": np.where(x[:, 1] > 0, "yes", "no"),
        "three classes": np.digitize(x[:, 1], [-50, 50]),
    }
    home = MLPClassifier if "classes" in task else MLPRegressor
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # too few epochs to converge
        model = home(hidden_layer_sizes=(5, 4), activation=activation, max_iter=20, random_state=1)
        model = make_pipeline(StandardScaler(), model).fit(x, targets[task])
    predictor = from_sklearn(model, kind)
    if "classes" in task:
        np.testing.assert_allclose(predictor.predict_proba(x), model.predict_proba(x), rtol=0, atol=1e-10)
        assert predictor.predict(x).tolist() == model.predict(x).tolist()
        assert predictor.classes == tuple(model.classes_.tolist())
    else:
        expected = model.predict(x)
        np.testing.assert_allclose(predictor.predict(x).reshape(expected.shape), expected, rtol=1e-9, atol=1e-9)


def test_what_is_no_dense_network_is_refused(tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression
    from sklearn.neural_network import MLPClassifier

    square = np.ones((2, 2))
    wrong: list[tuple[Any, str]] = [
        (
            lambda: from_sklearn(LinearRegression()),
            "takes a fitted MLPClassifier or MLPRegressor; got LinearRegression",
        ),
        (lambda: from_sklearn(MLPClassifier()), "takes a fitted MLPClassifier"),
        (lambda: from_keras([np.ones(2)]), r"weights\[0\] of shape \(2,\) is neither kernel nor bias"),
        (lambda: from_keras([square, np.ones(2), np.ones(2)]), r"weights\[2\]"),
        (lambda: from_keras([]), "at least one layer"),
        (lambda: from_keras([square, np.ones((3, 1))]), "it receives 2 values"),
        (lambda: from_keras([square, np.ones(3)]), r"biases \(3,\)"),
        (lambda: from_torch({"conv.weight": np.ones((2, 2, 3, 3))}), "'conv' has no weight with two dimensions"),
        (lambda: from_torch({"a.running_mean": np.ones(2)}), "'a.running_mean' of shape"),
        (lambda: from_torch({}), "no parameters"),
        (lambda: from_torch({"a.weight": square}, order=["b"]), "order must name each layer once"),
        (lambda: from_torch({"a.weight": square}, parametrization="global"), "parametrization must be one of"),
    ]
    for call, message in wrong:
        with pytest.raises(InvalidInputError, match=message):
            call()
    several = MLPClassifier(hidden_layer_sizes=(2,), max_iter=1, solver="sgd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        several.fit(np.ones((4, 2)) * np.arange(4)[:, None], np.array([[0, 1], [1, 1], [1, 0], [0, 0]]))
    with pytest.raises(InvalidInputError, match="several labels for a row"):
        from_sklearn(several)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04")
    for name in ("broken.npz", "missing.npz"):
        with pytest.raises(DataFileError, match=f"{name} cannot be read"):
            from_torch(tmp_path / name)
