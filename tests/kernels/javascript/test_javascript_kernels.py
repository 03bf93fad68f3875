"""The JavaScript kernels: bit for bit the plain reference in the printed order, and close to the Numba kernels."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import links
from spectral_core import SpectralNetwork, train
from spectral_core.backends import cpu
from spectral_core.backends.problem import Problem
from spectral_core.kernels.support.layout import Layout
from spectral_core.kernels.tables import ACTIVATIONS, LOSSES
from tests import oracles
from tests.builders import PARAMETRIZATIONS, ROOT
from tests.derivations.printed import SPACE
from tests.kernels.javascript.node import call, calls, needs_node
from tests.kernels.javascript.reference import reference

pytestmark = needs_node
FORMS = ("float32", "float64")
EDGES = (
    0.0,
    -0.0,
    1e-30,
    -1e-30,
    87.3,
    -87.4,
    88.9,
    -103.9,
    -104.1,
    709.7,
    -745.2,
    1e30,
    -1e30,
    math.inf,
    -math.inf,
    math.nan,
)


def module(form: str) -> Path:
    return ROOT / "spectral_core" / "kernels" / "javascript" / f"{form}.js"


def same(left: Any, right: Any) -> bool:
    """Equal bits, whatever the bits of a NaN; -0 is not 0."""
    left, right = np.asarray(left, np.float64), np.asarray(right, np.float64)
    return np.array_equal(left, right, equal_nan=True) and np.array_equal(
        np.signbit(left) & (left == 0), np.signbit(right) & (right == 0)
    )


def ulps(found: list[float], truth: list[float]) -> float:
    return max(abs(a - b) / np.spacing(abs(b)) for a, b in zip(found, truth, strict=True))


# --- single functions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_the_exponential_has_the_bits_of_the_kernels(form: str) -> None:
    generator = np.random.default_rng(0)
    x = np.concatenate([generator.uniform(-110, 95, 400), generator.normal(0, 1, 200), EDGES]).astype(form)
    name = f"exponential{form.capitalize()}"
    found = [answer["result"] for answer in calls(module(form), [(name, [value]) for value in x])]
    with np.errstate(all="ignore"):
        truth = [SPACE[f"exponential_{form}"](value)[0] for value in x]
    assert same(found, truth)


@pytest.mark.parametrize(("name", "limit"), [("log", 2), ("log1p", 3), ("erfc", 5)])
def test_functions_without_a_theorem_are_those_of_the_c_library(name: str, limit: float) -> None:
    """And their bits are those of the plain reference."""
    points = {
        "log": [*np.exp(np.linspace(-700, 700, 301)), *np.linspace(0.5, 2.1, 300)],
        "log1p": [*np.exp(np.linspace(-60, 3, 301)), 0.0],
        "erfc": [*np.linspace(-7, 26.5, 700), 0.84375, 1.25, 1 / 0.35, -6.0],
    }[name]
    found = [answer["result"] for answer in calls(module("float64"), [(name, [float(x)]) for x in points])]
    assert same(found, [reference("float64")[name](float(x)) for x in points])
    assert (
        ulps([y for y in found if y], [getattr(math, name)(x) for x, y in zip(points, found, strict=True) if y])
        <= limit
    )


@pytest.mark.parametrize("name", ["log", "log1p", "erfc"])
def test_functions_without_a_theorem_at_the_edges(name: str) -> None:
    edges = {"log": (0.0, -1.0, math.inf, math.nan), "log1p": (math.inf, math.nan), "erfc": (40.0, -40.0, math.nan)}[
        name
    ]
    truth = {
        "log": (-math.inf, math.nan, math.inf, math.nan),
        "log1p": (math.inf, math.nan),
        "erfc": (0.0, 2.0, math.nan),
    }
    assert same([answer["result"] for answer in calls(module("float64"), [(name, [x]) for x in edges])], truth[name])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(form: str, activation: str) -> None:
    generator = np.random.default_rng(1)
    z = np.concatenate([generator.normal(0, 3, 300), generator.uniform(-100, 100, 100), EDGES]).astype(form)
    code, slope, value = ACTIVATIONS.index(activation), z.copy(), np.zeros_like(z)
    with np.errstate(all="ignore"):
        reference(form)["activate"](code, slope, value, z.size)
    _, args = call(module(form), "activate", code, z, np.zeros_like(z), z.size)
    assert same(args[1], slope)
    assert same(args[2], value)
    # The compiled kernel may regroup; Φ it takes from the C library.
    inside = np.abs(z) < 20
    kernel, kernel_slope = cpu.activate(activation, z[inside].reshape(1, -1))
    unit = np.finfo(form).eps
    np.testing.assert_allclose(value[inside], kernel[0], rtol=16 * unit, atol=4 * unit)
    np.testing.assert_allclose(slope[inside], kernel_slope[0], rtol=16 * unit, atol=16 * unit)


# --- networks and training --------------------------------------------------------------------------------------------


def groups(layout: Layout, names: list[str], **values: Any) -> list[SimpleNamespace]:
    return [SimpleNamespace(start=int(a), stop=int(b), **values) for a, b in layout.segments(names)]


def options(layout: Layout, **changed: Any) -> SimpleNamespace:
    common = {
        "loss": "squared_error", "batch_size": 4, "smoothing": 0.0, "penalised": [], "shrunk": [], "clip_norm": 0.0,
        "trainable": groups(layout, list(layout.groups), rate=0.01, decay=0.0), "factors": [1.0] * 100, "optimizer": "adam",
        "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "momentum": 0.0, "nesterov": 0.0,
    }  # fmt: skip
    return SimpleNamespace(**(common | changed))


def fresh(size: int, form: str) -> SimpleNamespace:
    return SimpleNamespace(
        gradient=np.zeros(size, form), first=np.zeros(size, form), second=np.zeros(size, form), step=0
    )


def data_for(loss: str, form: str, widths: tuple[int, ...], bias: bool, seed: int, rows: int = 9) -> SimpleNamespace:
    generator = np.random.default_rng(seed)
    x, features = generator.uniform(-1, 1, (rows, widths[0] - bias)), widths[0] - bias
    y = oracles.targets(loss, generator, rows, widths[-1])
    labels = y.astype(np.int32) if loss == "cross_entropy" else np.zeros(rows, np.int32)
    y = np.zeros(rows * widths[-1]) if loss == "cross_entropy" else y
    weights = generator.uniform(0.5, 2, rows)
    return SimpleNamespace(
        x=x.astype(form).ravel(),
        features=features,
        y=np.asarray(y, form).ravel(),
        labels=labels,
        weights=weights.astype(form),
    )


def epochs_agree(
    form: str,
    layout: Layout,
    activation: str,
    data: SimpleNamespace,
    chosen: SimpleNamespace,
    start: np.ndarray,
    epochs: int,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Some epochs in Node and in the plain reference, with `==`: parameters, gradient and loss of the last epoch."""
    code, space = ACTIVATIONS.index(activation), reference(form)
    mine, state, order = start.copy(), fresh(layout.size, form), np.arange(len(data.labels), dtype=np.int32)
    theirs, their_state = start.copy(), fresh(layout.size, form)
    name = f"epoch{layout.parametrization.capitalize()}"
    loss = math.nan
    for epoch in range(epochs):
        turned = np.roll(order, epoch)
        with np.errstate(all="ignore"):
            told = space[f"epoch_{layout.parametrization}"](data, turned, layout.table, code, mine, chosen, state)
        result, args = call(
            module(form), name, copy.deepcopy(data), turned, layout.table.tolist(), code, theirs, chosen, their_state
        )
        theirs = np.array(args[4], form)
        after = args[6]
        their_state = SimpleNamespace(
            step=after["step"], **{n: np.array(after[n], form) for n in ("gradient", "first", "second")}
        )
        assert same(result, told)
        for ours, other in ((mine, theirs), (state.gradient, their_state.gradient), (state.second, their_state.second)):
            assert same(ours, other)
        loss = float(result[0])
    return theirs, their_state.gradient, loss


@st.composite
def networks(draw: Any) -> tuple[Layout, str, bool, int]:
    """Every parametrization, activation, depth; in the direct network any blocks may be missing."""
    kind = draw(st.sampled_from(PARAMETRIZATIONS))
    widths = tuple(draw(st.lists(st.integers(1, 4), min_size=2, max_size=5)))
    bias = draw(st.booleans())
    widths = (widths[0] + bias, *widths[1:])
    pairs = [(i, j) for i in range(2, len(widths) + 1) for j in range(1, i)]
    kept = draw(st.lists(st.sampled_from(pairs), unique=True)) if kind == "direct" else []
    layout = Layout(kind, widths, tuple(sorted({*kept, (len(widths), 1)}, key=pairs.index)) if kind == "direct" else ())
    return layout, draw(st.sampled_from(ACTIVATIONS)), bias, draw(st.integers(0, 999))


@given(networks(), st.sampled_from(FORMS), st.sampled_from(LOSSES), st.sampled_from([0.0, 0.4, 0.9]))
@settings(deadline=None, max_examples=60)
def test_networks(network: tuple[Layout, str, bool, int], form: str, loss: str, sparsity: float) -> None:
    """One step without motion: outputs, loss and gradient are the plain reference's, and those of the Numba kernels closely."""
    layout, activation, bias, seed = network
    generator = np.random.default_rng(seed)
    theta = generator.normal(size=layout.size) * (generator.random(layout.size) >= sparsity)
    theta, data = theta.astype(form), data_for(loss, form, layout.widths, bias, seed)
    still = options(layout, loss=loss, batch_size=9, trainable=[])
    _, gradient, value = epochs_agree(form, layout, activation, data, still, theta, 1)
    # Outputs.
    rows, features = len(data.labels), data.features
    with np.errstate(all="ignore"):
        told = reference(form)[f"predict_{layout.parametrization}"](
            data.x, rows, features, layout.table, ACTIVATIONS.index(activation), theta
        )
    name, table = f"predict{layout.parametrization.capitalize()}", layout.table.tolist()
    found, _ = call(module(form), name, data.x, rows, features, table, ACTIVATIONS.index(activation), theta)
    assert same(found, told)
    # The compiled kernels.
    x, unit = data.x.reshape(rows, features), np.finfo(form).eps
    outputs = cpu.predict(layout, activation, theta, x).ravel()
    np.testing.assert_allclose(found, outputs, rtol=0, atol=64 * unit * (1 + np.abs(outputs).max()))
    y = data.y.reshape(rows, -1)
    problem = Problem(x, y, data.labels.astype(np.int64), data.weights, loss)
    kernel_value, flat = cpu.loss_and_gradient(layout, activation, theta, problem)
    size = 1 + np.abs(outputs).max() ** 2
    assert math.isclose(value, kernel_value, rel_tol=64 * unit * size, abs_tol=64 * unit * size)
    np.testing.assert_allclose(gradient, flat, rtol=0, atol=256 * unit * size * (1 + np.abs(flat).max()))


TRAININGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "group": {"penalty": "group"},
    "l1": {"penalty": "l1"},
    "l2 and clipping": {"penalty": "l2", "clip_norm": 0.05},
    "proximal group": {"penalty": "group", "proximal": True},
    "proximal l1": {"penalty": "l1", "proximal": True, "weight_decay": 0.3},
    "proximal l2": {"penalty": "l2", "proximal": True},
    "sgd": {"optimizer": "sgd", "momentum": 0.7, "nesterov": True, "penalty": "group"},
}


@pytest.mark.parametrize("name", TRAININGS)
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", "binary_cross_entropy"])
@pytest.mark.parametrize("kind", ["global", "direct"])
def test_a_whole_training(kind: str, loss: str, name: str) -> None:
    """Several epochs: the bits of the plain reference in both formats, and `train` in float64 within 1e-12."""
    chosen = TRAININGS[name]
    net = SpectralNetwork.initialize([3, 6, 4, 2], activation="tanh", parametrization=kind, dtype="float64", seed=3)
    theta = net.parameters + np.random.default_rng(1).normal(0, 0.3, net.parameters.size)
    layout, strength = net.layout, 0.02 if "penalty" in chosen else 0.0
    smoothing = 0.1 if "entropy" in loss else 0.0
    spectral = groups(layout, layout.spectral_groups(), kind=chosen.get("penalty", "group"))
    for group in spectral:
        group.strength, group.threshold = strength, 0.01 * strength
    proximal = chosen.get("proximal", False)
    ours = options(
        layout, loss=loss, smoothing=smoothing, penalised=[] if proximal else spectral, shrunk=spectral if proximal else [],
        clip_norm=chosen.get("clip_norm", 0.0), optimizer=chosen.get("optimizer", "adam"),
        momentum=chosen.get("momentum", 0.0), nesterov=float(chosen.get("nesterov", False)),
    )  # fmt: skip
    ours.trainable = [
        group
        for name in layout.groups
        for group in groups(
            layout, [name], rate=0.01, decay=0.0 if "eigenvalues" in name else chosen.get("weight_decay", 0.0)
        )
    ]
    for form in FORMS:
        data = data_for(loss, form, net.widths, True, 5, rows=10)
        found, _, _ = epochs_agree(form, layout, "tanh", data, ours, theta.astype(form), 3)
    x, y = data.x.reshape(10, -1), data.labels if loss == "cross_entropy" else data.y.reshape(10, -1)
    # `epochs_agree` turns the rows by one in each epoch; so does this loop of single epochs.
    trained, state = net.with_parameters(theta), None
    for epoch in range(3):
        result = train(
            trained, np.roll(x, epoch, axis=0), np.roll(y, epoch, axis=0), loss=loss, epochs=1, batch_size=4,
            learning_rate=0.01, penalty_strength=strength, label_smoothing=smoothing, shuffle=False, state=state,
            sample_weight=np.roll(data.weights, epoch), backend="cpu", **chosen,
        )  # fmt: skip
        trained, state = result.network, result.state
    np.testing.assert_allclose(found, trained.parameters, rtol=0, atol=1e-12 * (1 + np.abs(trained.parameters).max()))


def test_the_layout_is_that_of_the_package() -> None:
    """`layoutOf` and `parametersOf` for every parametrization."""
    for kind in PARAMETRIZATIONS:
        pairs = ((2, 1), (4, 1), (4, 3), (3, 2)) if kind == "direct" else ()
        layout = Layout(kind, (3, 5, 2, 4), pairs)
        table, _ = call(module("float64"), "layoutOf", kind, [3, 5, 2, 4], [list(pair) for pair in pairs])
        # Row 1 has no step into it; its columns behind the first two are not read.
        assert table[1:] == layout.table.tolist()[1:]
        assert [row[:2] for row in table] == layout.table[:, :2].tolist()
        assert call(module("float64"), "parametersOf", table, kind)[0] == layout.size


def test_a_loss_that_is_not_finite_stops_the_epoch() -> None:
    layout = Layout("global", (2, 3, 1))
    data = data_for("squared_error", "float64", layout.widths, False, 0)
    data.y[5] = math.inf
    _, gradient, loss = epochs_agree("float64", layout, "relu", data, options(layout), np.ones(layout.size), 1)
    assert loss == math.inf
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("form", FORMS)
def test_every_function_with_a_theorem_is_printed_from_it(form: str) -> None:
    """The comments name the theorems that the Numba kernels name."""
    python = links.theorems_of(ROOT / "spectral_core" / "kernels" / "cpu" / "dense.py")
    printed = links.theorems_of_javascript(module(form))
    known = {name.replace("_", ""): theorems for name, theorems in python.items() if theorems}
    mine = {name.lower(): theorems for name, theorems in printed.items() if theorems}
    assert mine == {name: theorems for name, theorems in known.items() if name in mine}
    left_out = {name for name in known if name not in mine}
    assert left_out == ({"exponentialfloat32"} if form == "float64" else set())
