"""Exported C that trains: a step has the bits of the plain reference, and is that of the trainer's kernels."""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, Predictor, SpectralNetwork, compact
from spectral_core.data.scaling import Scaling
from spectral_core.exchange.c import c_source, form_of
from spectral_core.exchange.c_trainable import TrainableForm
from spectral_core.exchange.network_rows import rows_of
from spectral_core.kernels.tables import ACTIVATIONS, ZERO_AT_ZERO
from tests import plain
from tests.exchange.c_programs import STRICT, library, needs, run
from tests.exchange.test_c import KINDS, predictor, same_bits, samples

TASKS = ("regression", "classification", "multilabel")
RATE = 0.125


def model_of(kind: str, widths: list[int], activation: str, seed: int, share: float, task: str) -> Predictor:
    """A predictor of any task."""
    found = predictor(kind, widths, activation, seed, share, "regression" if task == "multilabel" else task)
    return found if task != "multilabel" else replace(found, task=task, outputs=Scaling.none(widths[-1]))


MODELS = st.builds(
    model_of, st.sampled_from(KINDS), st.lists(st.integers(2, 6), min_size=2, max_size=4), st.sampled_from(ACTIVATIONS),
    st.integers(0, 999), st.sampled_from([1.0, 0.5]), st.sampled_from(TASKS),
)  # fmt: skip


def trainable(model: Any, double: bool = False) -> TrainableForm:
    form = form_of(model, double=double, trainable=True)
    assert isinstance(form, TrainableForm)
    return form


def first_weights(form: TrainableForm) -> np.ndarray:
    rows = form.rows
    return np.concatenate([np.append(bias, row) for bias, row in zip(rows.bias, rows.weights, strict=True)])


def target_of(form: TrainableForm, seed: int, dtype: Any) -> Any:
    generator = np.random.default_rng(seed)
    if form.task == "classification":
        return int(generator.integers(form.rows.n_outputs))
    if form.task == "multilabel":
        return generator.integers(0, 2, form.rows.n_outputs).astype(dtype)
    return generator.normal(size=form.rows.n_outputs).astype(dtype)


def stepped(home: ctypes.CDLL, name: str, form: TrainableForm, x: np.ndarray, target: Any, every: bool) -> np.ndarray:
    """The weights of the file after a step, which start from where they are."""
    number = ctypes.c_float if x.dtype == np.float32 else ctypes.c_double
    count = len(first_weights(form))
    stored = (number * count).in_dll(home, f"{name}_weight")
    given = target if isinstance(target, int) else ctypes.c_void_p(target.ctypes.data)
    getattr(home, f"{name}_train")(ctypes.c_void_p(x.ctypes.data), given, number(RATE), int(every))
    return np.array(stored[:], x.dtype)


@needs("gcc")
@pytest.mark.parametrize("double", [False, True])
@given(st.lists(MODELS, min_size=10, max_size=14))
@settings(deadline=None, max_examples=3, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_a_step_has_the_bits_of_the_plain_reference(
    tmp_path_factory: Any, double: bool, models: list[Predictor]
) -> None:
    dtype = np.float64 if double else np.float32
    sources = {f"t{i}": c_source(model, double=double, trainable=True, name=f"t{i}") for i, model in enumerate(models)}
    home = library(tmp_path_factory.mktemp("c"), sources)
    for i, model in enumerate(models):
        form = trainable(model, double)
        weights, x = first_weights(form), samples(model, dtype, i, False)
        for turn, row in enumerate(x[:4]):
            target, every = target_of(form, turn, dtype), turn % 2 == 0
            with np.errstate(all="ignore"):
                weights = plain.trained(form, weights, row, target, RATE, every)
                same_bits(stepped(home, f"t{i}", form, np.ascontiguousarray(row), target, every), weights)


@given(
    st.sampled_from([2, 3]), st.sampled_from(ACTIVATIONS), st.sampled_from(TASKS), st.booleans(), st.booleans(),
    st.integers(0, 99),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_a_step_is_that_of_the_kernels(
    layers: int, activation: str, task: str, bias: bool, sparse: bool, seed: int
) -> None:
    """θ - rate ∂ℓ/∂θ for the weights that are there, with the gradient of the Numba kernels."""
    generator = np.random.default_rng(seed)
    net = SpectralNetwork.initialize(
        [4, *[5] * (layers - 1), 3],
        activation=activation,
        bias=bias,
        seed=seed,
        parametrization="direct",
        dtype="float64",
    )
    blocks = {
        (i, j): generator.normal(size=(n, net.widths[j - 1]))
        for i, n in enumerate(net.widths[1:], 2) for j in range(1, i)
    }  # fmt: skip
    keep = {pair: generator.random(block.shape) < (0.6 if sparse else 2.0) for pair, block in blocks.items()}
    for (_, j), kept in keep.items():
        # Neurons that receive nothing but a bias are constants, which the export takes into other biases.
        kept[:, [0, -1]] |= bool(j == 1)
    blocks = {pair: block * keep[pair] for pair, block in blocks.items()}
    net = SpectralNetwork(blocks=blocks, activation=activation, bias=bias, parametrization="direct")
    scaling = Scaling(generator.normal(size=4), 1 + generator.random(4))
    outputs = Scaling(generator.normal(size=3), 1 + generator.random(3)) if task == "regression" else Scaling.none(3)
    classes = ("a", "b", "c") if task == "classification" else ()
    model = Predictor(net, task, scaling, outputs, classes)
    form, x = trainable(model, True), generator.normal(size=4)
    target = target_of(form, seed, np.float64)
    y: Any = np.array([target]) if isinstance(target, int) else model.outputs.transform(target[None])
    _, gradients = net.loss_and_gradients(model.inputs.transform(x[None]), y, model.loss)
    moved = {pair: block - RATE * gradients.blocks[pair] * keep[pair] for pair, block in net.transfer_blocks().items()}
    after = SpectralNetwork(blocks=moved, activation=activation, bias=bias, parametrization="direct")
    expected = first_weights(
        replace(form, rows=rows_of(replace(model, network=after, outputs=Scaling.none(3)), folded=False))
    )
    found = plain.trained(form, first_weights(form), x, target, RATE, True)
    assert np.abs(found - expected).max() <= 1e-12 * (1 + np.abs(expected).max())
    # The last layer alone.
    found = plain.trained(form, first_weights(form), x, target, RATE, False)
    start = sum(len(row) + 1 for row in form.rows.weights[: form.rows.n_hidden])
    assert np.array_equal(found[:start], first_weights(form)[:start])
    assert np.abs(found[start:] - expected[start:]).max() <= 1e-12 * (1 + np.abs(expected).max())


@needs("gcc")
def test_a_device_learns(tmp_path: Path) -> None:
    """Two shifted classes: after some epochs of single steps the file tells apart what it did not before."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(80, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    net = SpectralNetwork.initialize([2, 8, 2], activation="tanh", bias=True, seed=1, parametrization="direct")
    net = net.with_parameters(generator.normal(size=net.n_parameters))
    model = Predictor(compact(net), "classification", Scaling.none(2), Scaling.none(1), ("no", "yes"))
    home = library(tmp_path, {"chip": c_source(model, trainable=True, name="chip")})

    def accuracy() -> float:
        out = np.zeros(2, np.float32)
        given = [(ctypes.c_void_p(row.ctypes.data), ctypes.c_void_p(out.ctypes.data)) for row in x]
        return float(np.mean([home.chip_class(*one) == label for one, label in zip(given, y, strict=True)]))

    before = accuracy()
    for _ in range(60):
        for row, label in zip(x, y, strict=True):
            home.chip_train(ctypes.c_void_p(row.ctypes.data), int(label), ctypes.c_float(0.1), 1)
    assert accuracy() >= max(0.95, before + 0.1)
    weights = (ctypes.c_float * 4).in_dll(home, "chip_weight")[:]
    home.chip_train(ctypes.c_void_p(x[0].ctypes.data), 2, ctypes.c_float(0.1), 1)
    assert (ctypes.c_float * 4).in_dll(home, "chip_weight")[:] == weights  # no such class


@needs("gcc")
def test_predictions_before_a_step_are_those_of_the_model(tmp_path: Path) -> None:
    for number, task in enumerate(TASKS):
        model = model_of("direct", [3, 4, 2], "swish", 5 + number, 1.0, task)
        x = samples(model, np.float64, 1, False)
        (tmp_path / task).mkdir()
        home = library(tmp_path / task, {f"p{number}": c_source(model, double=True, trainable=True, name=f"p{number}")})
        out = np.zeros((len(x), 2))
        for row, sample in zip(out, x, strict=True):
            home[f"p{number}_raw"](ctypes.c_void_p(sample.ctypes.data), ctypes.c_void_p(row.ctypes.data))
        expected = model.predict(x) if task == "regression" else model.raw(x)
        np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_bytes_are_counted(share: float) -> None:
    model = model_of("direct", [6, 5, 3], "tanh", 4, share, "regression")
    form, text = trainable(model), c_source(model, trainable=True)
    sizes = {"float": 4, "uint8_t": 1, "uint16_t": 2}
    tables = re.findall(r"static const (\w+) \w+\[(\d+)\]", text)
    weights = len(first_weights(form))
    assert f"NET_WEIGHTS = {weights} " in text
    assert form.data_bytes == 4 * weights
    assert form.constant_bytes == 4 * weights + sum(sizes[kind] * int(count) for kind, count in tables)
    constants = {name: int(size) for name, size in re.findall(r"(NET_\w+) = (\d+)", text)}
    step = text[text.index("void net_train(") :].split("{", 1)[1]
    declared = re.findall(r"\b\w+\[([A-Z_ +\d]+)\](?=[,;])", step[: step.index("float *w")])
    assert len(declared) == 4
    sums = [[part.strip() for part in length.split("+")] for length in declared]
    numbers = sum(constants[part] if part in constants else int(part) for parts in sums for part in parts)
    assert form.training_bytes == 4 * numbers
    assert f"Data: {form.data_bytes:,} bytes, the weights" in " ".join(text.split())


def test_wrong_requests_for_training_are_one_clear_line() -> None:
    model = model_of("direct", [3, 4, 2], "relu", 1, 1.0, "regression")
    with pytest.raises(InvalidInputError, match="trainable and int8 exclude each other"):
        c_source(model, int8=True, calibration=np.ones((3, 3)), trainable=True)
    with pytest.raises(InvalidInputError, match="trainable must be"):
        c_source(model, trainable="yes")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="a factor of the scaling is no normal float32 number"):
        c_source(replace(model, inputs=Scaling(np.zeros(3), np.full(3, 1e-42))), trainable=True)


@needs("gcc")
def test_the_sanitizers_find_nothing(tmp_path: Path) -> None:
    """The largest indices of every loop: dense, sparse, long gaps, no hidden layer."""
    main, sources = ["#include <stdio.h>"], []
    kinds = [([3, 4, 2], 1.0), ([300, 6, 3], 0.02), ([5, 2], 1.0), ([400, 2], 0.01), ([4, 3, 3, 2], 0.5)]
    for number, (widths, share) in enumerate(kinds):
        for task in TASKS:
            name = f"s{number}{task[0]}"
            sources.append(tmp_path / f"{name}.c")
            sources[-1].write_text(
                c_source(model_of("direct", widths, "gelu", number, share, task), trainable=True, name=name)
            )
            kind, target = ("int", "0") if task == "classification" else ("const float *", "y")
            main += [f"void {name}_train(const float *, {kind}, float, int);", f"static void r{name}(void) {{"]
            main += [
                f"    static float x[{widths[0]}], y[{widths[-1]}];",
                f"    (void)y; {name}_train(x, {target}, 0.1f, 1);",
                "}",
            ]
    calls = " ".join(f"r{path.stem}();" for path in sources)
    (tmp_path / "main.c").write_text("\n".join([*main, f"int main(void) {{ {calls} return 0; }}", ""]))
    flags = [*STRICT, "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    run("gcc", *flags, "-o", tmp_path / "program", tmp_path / "main.c", *sources)
    assert run(tmp_path / "program") == ""


def test_activations_that_are_zero_at_zero_are_compact() -> None:
    """A compact network trains too, whatever its activation."""
    net = SpectralNetwork.initialize([3, 4, 2], activation=ZERO_AT_ZERO[0], seed=0)
    assert trainable(compact(net)).rows.n_outputs == 2
