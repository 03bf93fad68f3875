"""Exported integers: C equals NumPy's integers, and these stay near the network."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from benchmarks.chips.emulated import Case, built, values
from spectral_core import InvalidInputError, Predictor, SpectralNetwork
from spectral_core.backends import cpu
from spectral_core.data.scaling import Scaling
from spectral_core.exchange import export_c
from spectral_core.exchange.c import c_source, form_of
from spectral_core.exchange.c_int8 import IntegerForm
from spectral_core.exchange.integers import MAX_ACTIVATION
from spectral_core.exchange.network_rows import rows_of
from spectral_core.exchange.quantisation import SHIFT, quantised
from spectral_core.kernels.tables import ACTIVATIONS
from tests.exchange.c_programs import STRICT, called, library, needs
from tests.exchange.test_c import KINDS, predictor

EXTREME = (-(2**15), -MAX_ACTIVATION - 1, -1, 0, 1, MAX_ACTIVATION, 2**15 - 1)
MODELS = st.builds(
    predictor, st.sampled_from(KINDS), st.lists(st.integers(1, 6), min_size=2, max_size=5), st.sampled_from(ACTIVATIONS),
    st.integers(0, 999), st.sampled_from([1.0, 0.5, 0.1]), st.sampled_from(["regression", "classification"]),
)  # fmt: skip


def data(model: Predictor, seed: int, rows: int = 60) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return model.inputs.inverse_transform(generator.normal(size=(rows, model.network.n_features)))


def integer_form(model: Predictor, x: np.ndarray) -> IntegerForm:
    try:
        form = form_of(model, int8=True, calibration=x)
    except InvalidInputError as error:
        if "round to 0 beside a bias" in str(error):  # refused on purpose, as the test on vanishing weights says
            reject()
        raise
    assert isinstance(form, IntegerForm)
    return form


@needs("gcc")
@given(st.lists(MODELS, min_size=12, max_size=16))
@settings(deadline=None, max_examples=3, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_c_equals_the_integers_of_numpy(tmp_path_factory: Any, models: list[Predictor]) -> None:
    sources, forms = {}, []
    for i, model in enumerate(models):
        x = data(model, i)
        forms.append(integer_form(model, x))
        sources[f"i{i}"] = c_source(model, int8=True, calibration=x, name=f"i{i}")
    home = library(tmp_path_factory.mktemp("c"), sources)
    for i, (model, form) in enumerate(zip(models, forms, strict=True)):
        generator = np.random.default_rng(i)
        n, outputs = model.network.n_features, form.net.rows.n_outputs
        integers = np.concatenate([
            generator.integers(-MAX_ACTIVATION, MAX_ACTIVATION + 1, (8, n)), generator.choice(EXTREME, (8, n))
        ]).astype(np.int16)  # fmt: skip
        expected = form.net.outputs(integers.astype(np.int64))
        assert np.abs(expected).max() <= form.net.bounds.max() < 2**31
        found, number = called(home, f"i{i}_{'class' if model.classes else 'raw'}", integers, outputs, np.int32)
        assert np.array_equal(found, expected)
        if model.classes:
            assert np.array_equal(number, expected.argmax(axis=1))
        x = (3 * data(model, i + 1, 9)).astype(np.float32)
        x[0], x[1], x[2] = np.nan, np.inf, -np.inf
        made = called(home, f"i{i}_float", x, n, np.int16)[0]
        assert np.array_equal(made, form.net.inputs(x).astype(np.int16))


@given(MODELS, st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_the_first_layer_rounds_by_no_more_than_is_stated(model: Predictor, seed: int) -> None:
    """Where no input is cut off: D2, with half a unit of every input besides."""
    x = data(model, seed)
    rows, net = rows_of(model, folded=False), integer_form(model, x).net
    scaled = model.inputs.transform(x)
    layer = rows.layers[0]
    if layer.last > rows.n_used or len(rows.layers) == 1 or layer.last == layer.first:
        return
    reach = np.abs(scaled[:, rows.features]).max(axis=0)
    integers = np.rint(scaled[:, rows.features] / np.where(reach > 0, reach, 1) * MAX_ACTIVATION)
    whole, real = net.rows.dense()[0], rows.dense()[0]
    unit = np.max(np.abs(real) * reach[layer.first : layer.last]) / MAX_ACTIVATION / 127
    assert np.abs(whole).max() <= 127
    sums = integers[:, layer.first : layer.last] @ whole.T
    truth = scaled[:, rows.features][:, layer.first : layer.last] @ real.T
    inputs = 0.5 * np.abs(real).sum(axis=1) * (reach.max() / MAX_ACTIVATION)
    if unit:
        assert (np.abs(sums * unit - truth) <= net.errors[0] + inputs + 1e-9).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_integers_are_near_the_network(activation: str) -> None:
    model = predictor("direct", [5, 12, 6, 3], activation, 4, 1.0, "classification")
    x = data(model, 1, 400)
    net = integer_form(model, x).net
    values = net.outputs(net.inputs(x)) * net.unit
    truth = model.raw(x)
    assert np.abs(values - truth).max() <= 0.05 * np.abs(truth).max()


def test_a_table_ends_at_its_last_entry_and_keeps_zero() -> None:
    model = predictor("direct", [3, 6, 2], "leaky_relu", 2, 1.0, "regression")
    x = data(model, 0)
    (step,) = integer_form(model, x).net.steps
    far = np.array([-(2**30), 2**30])
    assert step(far).tolist() == [step.entries[0], step.entries[-1]]
    assert step(np.zeros(1, np.int64))[0] == 0


def test_a_layer_of_many_inputs_takes_a_coarser_scale_before_it_overflows() -> None:
    net = SpectralNetwork(blocks={(2, 1): np.ones((1, 4000))}, parametrization="direct", activation="relu")
    form = quantised(rows_of(net), np.ones((2, 4000)), np.zeros(4000), np.ones(4000))
    assert form.bounds.max() < 2**31
    assert form.rows.weights[0].max() < 127


def test_the_head_names_the_scores_of_the_rows_given(tmp_path: Path) -> None:
    model = predictor("direct", [4, 8, 3], "relu", 3, 1.0, "classification")
    x = data(model, 0, 200)
    y = model.predict(x)
    export_c(model, tmp_path / "a.c", int8=True, calibration=(x, y))
    text = (tmp_path / "a.c").read_text(encoding="utf-8")
    net = integer_form(model, x).net
    score = np.mean(np.asarray(model.classes)[net.outputs(net.inputs(x)).argmax(axis=1)] == y)
    assert f"calibration: {score:.4f} (the model: 1.0000)" in " ".join(text.split())
    assert f"<= {net.bounds.max()} < 2^31" in " ".join(text.split())
    export_c(model, tmp_path / "a.c", int8=True, calibration=x)
    assert "was not measured" in (tmp_path / "a.c").read_text(encoding="utf-8")


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "elu", "swish", "gelu"])
@pytest.mark.parametrize("far", [2.0, 30.0, 5000.0, 1e9])
def test_a_table_ends_where_the_activation_stops_changing(activation: str, far: float) -> None:
    """Sums that go far beyond the curved part leave it all entries."""
    block = np.array([[far, 0.0], [1.0, 0.0], [0.0, 0.5]])
    net = SpectralNetwork(
        blocks={(2, 1): block, (3, 2): np.ones((1, 3))}, parametrization="direct", activation=activation
    )
    x = np.linspace(-1, 1, 801)[:, None] * [1.0, -1.0]
    form = form_of(net, int8=True, calibration=x)
    assert isinstance(form, IntegerForm)
    (step,) = form.net.steps
    sums = np.unique(np.rint(np.linspace(-far, far, 20001) / form.net.units[0]).astype(np.int64))
    places = (step.low + np.arange(len(step.entries)) * 2.0**step.shift) * form.net.units[0]
    scale = np.abs(cpu.activate(activation, places[None].copy())[0]).max() / MAX_ACTIVATION
    truth = cpu.activate(activation, (sums * form.net.units[0])[None].copy())[0][0] / scale
    away = np.abs(step(sums) - truth).max()
    assert away <= 20
    assert away <= form.net.step_errors[0] + 0.5
    assert len(step.entries) <= 65
    assert step.shift <= SHIFT


def test_weights_that_round_to_zero_are_left_out() -> None:
    """What reads nothing, and what nothing reads, costs no byte; the integers stay the same."""
    blocks = {
        (2, 1): np.array([[1.0, 1e-6, 0.0], [1e-7, 1e-6, 1.0], [1.0, 0.5, 1e-6]]),
        (3, 2): np.array([[1e-6, 1.0, 1e-6], [0.5, 1e-5, 1e-6]]),
    }
    net = SpectralNetwork(blocks=blocks, parametrization="direct", activation="relu")
    form = form_of(net, int8=True, calibration=np.random.default_rng(0).normal(size=(50, 3)))
    assert isinstance(form, IntegerForm)
    assert form.net.rows.features.tolist() == [0, 2]
    assert [row.tolist() for row in form.net.rows.senders] == [[0], [1], [3], [2]]
    assert all(row.all() for row in form.net.rows.weights)


def test_a_feature_without_weights_does_not_cost_a_copy() -> None:
    """One of many features that is not read: its zeros take fewer bytes than the numbers of all others and their copy."""
    block = np.random.default_rng(0).normal(size=(4, 30))
    block[:, 7] = 0
    net = SpectralNetwork(blocks={(2, 1): block, (3, 2): np.ones((2, 4))}, parametrization="direct", activation="relu")
    form = form_of(net, int8=True, calibration=np.random.default_rng(1).normal(size=(50, 30)))
    assert isinstance(form, IntegerForm)
    assert form.net.rows.n_used == 29
    assert not form.selected
    assert not form.buffered
    assert form.constant_bytes == 4 * 30 + 2 * 4 + 2 * 6


@needs("gcc")
def test_fixed_cases_are_clean_under_the_sanitizers(tmp_path: Path) -> None:
    """Long gaps, no hidden layer, biases far above the weights, weights that round to 0, and no weight at all."""
    kinds = [
        ([300, 20, 3], "tanh", 0.02, 1.0), ([300, 20, 3], "relu", 0.02, 1e3), ([700, 2], "relu", 0.01, 1.0),
        ([5, 4, 2], "swish", 0.3, 1e5), ([5, 4, 2], "relu", 1.0, 1e5), ([4, 3, 2], "sigmoid", 0.0, 1.0), ([4, 3, 2], "elu", 1.0, 1e-6),
    ]  # fmt: skip
    cases, expected = [], []
    for number, (widths, activation, share, huge) in enumerate(kinds):
        model = predictor("direct", widths, activation, number, share, "classification")
        blocks = {pair: block.copy() for pair, block in model.network.transfer_blocks().items()}
        if model.network.bias:
            for (_, j), block in blocks.items():
                block[:, -1] *= huge if j == 1 else 1.0
        net = SpectralNetwork(blocks=blocks, activation=activation, bias=model.network.bias, parametrization="direct")
        model = replace(model, network=net)
        x = data(model, number)
        form = integer_form(model, x)
        whole = np.concatenate(
            [form.net.inputs(x[:5]), np.full((1, widths[0]), 2**15 - 1), np.full((1, widths[0]), -(2**15))]
        )
        title = f"f{number}"
        source = c_source(model, int8=True, calibration=x, name=title)
        cases.append(Case(title, source, f"{title}_class", whole.astype(np.int16), widths[-1], real=False))
        expected.append(form.net.outputs(whole.astype(np.int64)))
    flags = (
        *STRICT,
        "-Wno-missing-braces",
        "-O1",
        "-fsanitize=address,undefined,float-cast-overflow",
        "-fno-sanitize-recover=all",
    )
    program = built(tmp_path, cases, "gcc", flags, start=False)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for found, truth in zip(values(done.stdout, cases)[0], expected, strict=True):
        np.testing.assert_array_equal(found, truth)


@given(MODELS, st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_a_relu_rounds_to_the_nearest_integer(model: Predictor, seed: int) -> None:
    """D2: the half of the shift is in the bias, so an activation is within half a unit of its sum; without it, within one."""
    model = replace(model, network=replace_activation(model.network, "relu"))
    net = integer_form(model, data(model, seed)).net
    rows, real = net.rows, rows_of(model, folded=False)
    generator = np.random.default_rng(seed)
    x = generator.integers(-MAX_ACTIVATION, MAX_ACTIVATION + 1, (50, rows.n_used))
    if not net.steps or rows.n_hidden != real.n_hidden:
        return
    layer, step = rows.layers[0], net.steps[0]
    z = x[:, layer.first : layer.last] @ rows.dense()[0].T
    exact = (z + real.bias[: layer.rows] / net.units[0]) / 2.0**step.shift
    inside = (exact > 0) & (exact < MAX_ACTIVATION - 1)
    away = np.abs(step(z + rows.bias[: layer.rows]) - exact)[inside]
    assert (away <= 0.5 + 0.5 / 2.0**step.shift + 1e-6).all()


def replace_activation(network: Any, activation: str) -> SpectralNetwork:
    blocks = network.transfer_blocks()
    return SpectralNetwork(blocks=blocks, activation=activation, bias=network.bias, parametrization="direct")


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        (1.0, 1e300, "one unit of an output"), (1.0, 1e-60, "one unit of an output"),
        (1e50, 1.0, "the factor that makes an integer"), (1e-50, 1.0, "the factor that makes an integer"),
    ],
)  # fmt: skip
def test_numbers_out_of_the_range_of_float32_are_refused(inputs: float, outputs: float, words: str) -> None:
    net = SpectralNetwork(blocks={(2, 1): np.array([[1.0, 2.0]])}, parametrization="direct")
    scaling = Scaling(np.zeros(2), np.full(2, inputs)), Scaling(np.zeros(1), np.full(1, outputs))
    model = Predictor(net, "regression", *scaling)
    x = np.random.default_rng(0).normal(size=(30, 2)) * inputs
    with pytest.raises(InvalidInputError, match=f"{words}.* no normal float32 number"):
        c_source(model, int8=True, calibration=x)


def test_a_layer_whose_weights_vanish_beside_a_bias_is_refused() -> None:
    net = SpectralNetwork(blocks={(2, 1): np.array([[1.0, 2.0, 1e9]])}, parametrization="direct", bias=True)
    with pytest.raises(InvalidInputError, match="all weights of layer 2 round to 0 beside a bias of the size 1e"):
        c_source(net, int8=True, calibration=np.random.default_rng(0).normal(size=(30, 2)))


def test_several_labels_are_scored_as_labels() -> None:
    net = SpectralNetwork(blocks={(2, 1): np.array([[1.0, 2.0], [3.0, -4.0]])}, parametrization="direct")
    model = Predictor(net, "multilabel", Scaling.none(2), Scaling.none(2), (), ("a", "b"), ("s", "t"))
    x = np.random.default_rng(0).normal(size=(200, 2))
    text = " ".join(c_source(model, int8=True, calibration=(x, model.predict(x))).split())
    net_of = integer_form(model, x).net
    score = np.mean(((net_of.outputs(net_of.inputs(x)) > 0) == model.predict(x)).all(axis=1))
    assert (
        f"Share of rows with all labels right on the 200 rows of the calibration: {score:.4f} (the model: 1.0000)"
        in text
    )
    assert "a label is 1 where its output is greater than 0" in text
    assert "R2" not in text


def test_targets_that_do_not_fit_are_refused() -> None:
    net = SpectralNetwork(blocks={(2, 1): np.array([[1.0, 2.0]])}, parametrization="direct")
    model = Predictor(net, "regression", Scaling.none(2), Scaling.none(1))
    x = np.random.default_rng(0).normal(size=(30, 2))
    for y, words in ((x[:3, 0], "shape"), (None, "y must"), (np.array(["a"] * 30), "numbers"), (x, "shape")):
        with pytest.raises(InvalidInputError, match=words):
            c_source(model, int8=True, calibration=(x, y))
    assert "R2 is not defined" in c_source(model, int8=True, calibration=(x, np.ones(30)))


def test_wrong_requests_are_one_clear_line(tmp_path: Path) -> None:
    model = predictor("direct", [4, 8, 3], "relu", 3, 1.0, "classification")
    for options, words in (
        ({"int8": True}, "int8 needs calibration"),
        ({"int8": True, "calibration": np.zeros((3, 5))}, "4"),
        ({"int8": True, "calibration": np.zeros((0, 4))}, "at least one row"),
        ({"int8": True, "calibration": ()}, r"calibration must be a pair \(X, y\)"),
        ({"int8": True, "calibration": (np.zeros((3, 4)),)}, r"calibration must be a pair \(X, y\)"),
        ({"int8": True, "calibration": (np.zeros((3, 4)), np.zeros(3), 1)}, r"calibration must be a pair \(X, y\)"),
        ({"calibration": np.zeros((3, 4))}, "calibration belongs to int8"),
        ({"int8": True, "double": True, "calibration": np.zeros((3, 4))}, "exclude each other"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            export_c(model, tmp_path / "a.c", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "a.c").exists()


def test_a_table_has_no_interval_that_overflows() -> None:
    """A layer without inputs has the greatest biases that its unit allows; times an entry of 12 bits they must stay below 2^31."""
    model = predictor("layerwise", [1, 2, 2, 2, 1], "swish", 886, 0.5, "regression")
    net = integer_form(model, data(model, 0)).net
    assert max(step.shift for step in net.steps) <= 18
