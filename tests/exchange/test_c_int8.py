"""Exported integers: C equals NumPy's integers, and these stay near the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, Predictor, SpectralNetwork
from spectral_core.exchange import export_c
from spectral_core.exchange.c import c_source, form_of
from spectral_core.exchange.c_int8 import IntegerForm
from spectral_core.exchange.integers import REACH, quantised
from spectral_core.exchange.rows import rows_of
from spectral_core.kernels.tables import ACTIVATIONS
from tests.exchange.c_programs import called, library, needs
from tests.exchange.test_c import KINDS, predictor

EXTREME = (-(2**15), -REACH - 1, -1, 0, 1, REACH, 2**15 - 1)
MODELS = st.builds(
    predictor, st.sampled_from(KINDS), st.lists(st.integers(1, 6), min_size=2, max_size=5), st.sampled_from(ACTIVATIONS),
    st.integers(0, 999), st.sampled_from([1.0, 0.5, 0.1]), st.sampled_from(["regression", "classification"]),
)  # fmt: skip


def data(model: Predictor, seed: int, rows: int = 60) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return model.inputs.inverse_transform(generator.normal(size=(rows, model.network.n_features)))


def integer_form(model: Predictor, x: np.ndarray) -> IntegerForm:
    form = form_of(model, int8=True, calibration=x)
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
            generator.integers(-REACH, REACH + 1, (8, n)), generator.choice(EXTREME, (8, n))
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
    integers = np.rint(scaled[:, rows.features] / np.where(reach > 0, reach, 1) * REACH)
    whole, real = net.rows.dense()[0], rows.dense()[0]
    unit = np.max(np.abs(real) * reach[layer.first : layer.last]) / REACH / 127
    assert np.abs(whole).max() <= 127
    sums = integers[:, layer.first : layer.last] @ whole.T
    truth = scaled[:, rows.features][:, layer.first : layer.last] @ real.T
    inputs = 0.5 * np.abs(real).sum(axis=1) * (reach.max() / REACH)
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


def test_wrong_requests_are_one_clear_line(tmp_path: Path) -> None:
    model = predictor("direct", [4, 8, 3], "relu", 3, 1.0, "classification")
    for options, words in (
        ({"int8": True}, "int8 needs calibration"),
        ({"int8": True, "calibration": np.zeros((3, 5))}, "4"),
        ({"int8": True, "calibration": np.zeros((0, 4))}, "at least one row"),
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
