"""Exported C computes, bit for bit, what the plain reference computes in the printed order."""

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

from spectral_core import InvalidInputError, Predictor, SpectralNetwork
from spectral_core.data.scaling import Scaling
from spectral_core.exchange import export_c
from spectral_core.exchange.c import c_source
from spectral_core.exchange.c_float import FloatForm
from spectral_core.exchange.network_rows import rows_of
from spectral_core.kernels.tables import ACTIVATIONS
from tests import plain
from tests.builders import random_network
from tests.exchange.c_programs import STRICT, called, library, needs

KINDS = ("global", "layerwise", "direct")
SPECIAL = (0.0, -0.0, 1e-30, -3.0, 1e6, np.inf, -np.inf, np.nan)


def predictor(kind: str, widths: list[int], activation: str, seed: int, share: float, task: str) -> Predictor:
    """A predictor with skip connections, of whose weights a share is kept, and with scalings of all sorts."""
    generator = np.random.default_rng(seed)
    net = random_network(kind, widths, activation, seed, bool(seed % 3))
    if share < 1:
        blocks = {
            pair: block * (generator.random(block.shape) < share) for pair, block in net.transfer_blocks().items()
        }
        net = SpectralNetwork(blocks=blocks, activation=activation, bias=net.bias, parametrization="direct")
    n, outputs = net.n_features, widths[-1]
    scale = 10.0 ** generator.integers(-3, 4, n)
    far = np.where(generator.random(n) < 0.1, 1000.0, 1.0)
    inputs = Scaling(scale * far * generator.normal(size=n), scale * (generator.random(n) > 0.1))
    classes = tuple(f'é "{k}"\\ ?\n*/' for k in range(outputs)) if task == "classification" else ()
    output = Scaling.none(1) if classes else Scaling(generator.normal(size=outputs), 1 + generator.random(outputs))
    return Predictor(net, task, inputs, output, classes)


MODELS = st.builds(
    predictor, st.sampled_from(KINDS), st.lists(st.integers(1, 6), min_size=2, max_size=5), st.sampled_from(ACTIVATIONS),
    st.integers(0, 999), st.sampled_from([1.0, 0.5, 0.1]), st.sampled_from(["regression", "classification"]),
)  # fmt: skip


def samples(model: Predictor, dtype: Any, seed: int, special: bool) -> np.ndarray:
    """Rows in the units of the data, some cells zero, huge, infinite or no number."""
    generator = np.random.default_rng(seed)
    x = model.inputs.inverse_transform(generator.normal(size=(9, model.network.n_features)) * 2)
    x[generator.random(x.shape) < 0.2] = 0
    if special:
        x[-3:] = np.where(generator.random(x[-3:].shape) < 0.4, generator.choice(SPECIAL, x[-3:].shape), x[-3:])
    return x.astype(dtype)


def same_bits(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal bits, but for the sign and payload of what is not a number."""
    assert found.dtype == expected.dtype
    unsigned = f"u{found.dtype.itemsize}"
    right = (found.view(unsigned) == expected.view(unsigned)) | (np.isnan(found) & np.isnan(expected))
    assert right.all(), (found[~right], expected[~right])


def compare(
    folder: Path, models: list[Predictor], double: bool, tool: str = "gcc", flags: tuple[str, ...] = STRICT
) -> None:
    """All models in one compilation, against the plain reference."""
    dtype = np.float64 if double else np.float32
    sources = {f"n{i}": c_source(model, double=double, name=f"n{i}") for i, model in enumerate(models)}
    home = library(folder, sources, tool, flags)
    for i, model in enumerate(models):
        form = FloatForm.of(rows_of(model), double)
        x = samples(model, dtype, i, True)
        outputs = form.rows.n_outputs
        with np.errstate(all="ignore"):
            expected = plain.forward(form.rows, x, form.sparse)
            same_bits(called(home, f"n{i}_raw", x, outputs, dtype)[0], expected)
            if model.task == "classification":
                z, number = called(home, f"n{i}_class", x, outputs, dtype)
                same_bits(z, expected)
                assert np.array_equal(number, plain.classes(expected))
                finite = np.isfinite(expected).all(axis=1)
                share = called(home, f"n{i}_predict", x, outputs, dtype)[0]
                same_bits(share[finite], plain.softmax(expected[finite]))
                label = getattr(home, f"n{i}_label")
                label.restype = ctypes.c_char_p
                assert [label(k).decode() for k in range(outputs)] == list(model.classes)
                assert label(-1) == label(outputs) == b""


@needs("gcc")
@pytest.mark.parametrize("double", [False, True])
@given(st.lists(MODELS, min_size=12, max_size=16))
@settings(deadline=None, max_examples=3, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_gcc_gives_the_bits_of_the_plain_reference(
    tmp_path_factory: Any, double: bool, models: list[Predictor]
) -> None:
    compare(tmp_path_factory.mktemp("c"), models, double)


def every_activation() -> list[Predictor]:
    return [
        predictor(kind, [3, 4, 3, 2], name, seed, share, task)
        for seed, name in enumerate(ACTIVATIONS)
        for kind, share, task in (("direct", 1.0, "classification"), ("global", 0.3, "regression"))
    ]


FUSED = ("-O3", "-march=native", "-Wall")
COMPILERS = {
    "gcc fused": ("gcc", FUSED),
    "g++": ("g++", (*STRICT[:-1], "-O2")),
    "clang": ("clang", (*STRICT, "-O2")),
    "clang fused": ("clang", FUSED),
    "clang++ fused": ("clang++", FUSED),
}


@pytest.mark.parametrize(
    ("tool", "flags"), [pytest.param(*given, marks=needs(given[0]), id=name) for name, given in COMPILERS.items()]
)
def test_every_compiler_gives_the_same_bits(tmp_path: Path, tool: str, flags: tuple[str, ...]) -> None:
    compare(tmp_path, every_activation(), False, tool, flags)


ULPS = 4096
"""Units in the last place of the greatest output, and of 1, by which another order of sums, the folded scaling and the cast of
the inputs may move an output."""


@given(MODELS)
@settings(deadline=None, max_examples=60)
def test_the_printed_order_is_near_the_kernels(model: Predictor) -> None:
    for dtype, unit in ((np.float64, 2.0**-53), (np.float32, 2.0**-24)):
        x = samples(model, dtype, 3, False)
        form = FloatForm.of(rows_of(model), dtype is np.float64)
        found = plain.forward(form.rows, x, form.sparse).astype(np.float64)
        given_x = x.astype(np.float64)
        expected = model.raw(given_x) if model.classes else model.predict(given_x).reshape(len(x), -1)
        assert np.abs(found - expected).max() <= ULPS * unit * (1 + np.abs(expected).max())


@given(MODELS, st.booleans())
@settings(deadline=None, max_examples=40)
def test_decimals_read_back_and_the_smaller_form_is_taken(model: Predictor, double: bool) -> None:
    form = FloatForm.of(rows_of(model), double)
    text = c_source(model, double=double)
    numbers = re.search(r"weight\[\d+\] = \{(.*?)\};", text, re.DOTALL).group(1).split(",")  # type: ignore[union-attr]
    values = [type(form.rows.bias[0])(number.strip().rstrip("f")) for number in numbers]
    pairs = zip(form.rows.bias, form.stored, strict=True)
    stored = np.concatenate([np.append(bias, row) for bias, row in pairs])
    assert form.constant_bytes - form.other_bytes >= stored.nbytes
    assert np.array_equal(values, stored)
    assert form.sparse == (form.sparse_bytes < form.dense_bytes)
    assert f"Constants without labels: {form.constant_bytes:,} bytes" in " ".join(text.split())


def test_a_mean_far_from_zero_is_taken_off_first() -> None:
    """Years around 2020 that vary by one: folded into a bias in float32, most digits would be lost."""
    net = SpectralNetwork(blocks={(2, 1): np.array([[1.0, 0.5]])}, parametrization="direct", bias=True)
    model = Predictor(net, "regression", Scaling(np.array([2e6]), np.ones(1)), Scaling.none(1))
    form = FloatForm.of(rows_of(model), False)
    assert form.rows.shift is not None
    x = np.array([[2e6 + 1.25]], np.float32)
    assert plain.forward(form.rows, x, form.sparse)[0, 0] == 1.75
    assert "input[k] + shift[k]" in c_source(model)


@needs("gcc")
def test_a_class_without_weights_is_not_multiplied(tmp_path: Path) -> None:
    """As scikit-learn's two classes have it: z_0 = 0, z_1 from the hidden neurons."""
    generator = np.random.default_rng(0)
    blocks = {(2, 1): generator.normal(size=(5, 4)), (3, 2): np.vstack([np.zeros(5), generator.normal(size=5)])}
    net = SpectralNetwork(blocks=blocks, parametrization="direct", activation="relu", bias=True)
    model = Predictor(net, "classification", Scaling.none(3), Scaling.none(1), ("no", "yes"))
    form = FloatForm.of(rows_of(model), False)
    assert not form.sparse
    assert [len(row) for row in form.stored] == [3, 3, 3, 3, 3, 0, 5]
    assert form.constant_bytes == 4 * (20 + 7)
    x = generator.normal(size=(20, 3)).astype(np.float32)
    home = library(tmp_path, {"two": c_source(model, name="two")})
    z = called(home, "two_raw", x, 2)[0]
    same_bits(z, plain.forward(form.rows, x, False))
    assert (z[:, 0] == 0).all()
    np.testing.assert_allclose(z, model.raw(x), rtol=1e-5, atol=1e-5)


def test_features_that_are_not_read_are_left_out() -> None:
    net = SpectralNetwork(blocks={(2, 1): np.array([[0.0, 1.0, 0.0, 2.0, 0.25]])}, parametrization="direct", bias=True)
    rows = rows_of(net)
    assert rows.features.tolist() == [1, 3]
    assert rows.bias.tolist() == [0.25]
    scaled = Predictor(net, "regression", Scaling(np.zeros(4), np.array([1.0, 0.0, 1.0, 1.0])), Scaling.none(1))
    assert rows_of(scaled).features.tolist() == [3]


def test_weights_that_are_not_finite_are_refused() -> None:
    """Finite eigenvectors and eigenvalues can have infinite products. Left out, the file would compute another function."""
    nets = [
        SpectralNetwork([np.array([[1e200, 1.0]])], [np.array([value, 1.0]), np.ones(1)]) for value in (1e200, -1e200)
    ]
    nets.append(
        SpectralNetwork([np.ones((2, 2)), np.array([[1e200, 1e200]])], [np.ones(2), np.full(2, 1e200), np.ones(1)])
    )
    for net in nets:
        for options in ({}, {"double": True}, {"int8": True, "calibration": np.ones((3, 2))}):
            with pytest.raises(InvalidInputError, match="a weight of the network is not finite in float64"):
                c_source(net, **options)  # type: ignore[arg-type]
    scaled = Predictor(
        SpectralNetwork(blocks={(2, 1): np.full((1, 2), 1e10)}, parametrization="direct"),
        "regression", Scaling(np.zeros(2), np.full(2, 1e-300)), Scaling.none(1),
    )  # fmt: skip
    with pytest.raises(InvalidInputError, match="not finite in the units of the data"):
        c_source(scaled, double=True)


def test_another_prefix_leaves_labels_and_names_alone() -> None:
    net = SpectralNetwork(blocks={(2, 1): np.array([[1.0, 2.0], [3.0, 4.0]])}, parametrization="direct")
    names = ("net_weight", "NET_INPUTS")
    model = Predictor(net, "classification", Scaling.none(2), Scaling.none(1), names, ("net_a", "NET_B"), ("t",))
    text = c_source(model, name="chip")
    assert '{"net_weight", "NET_INPUTS"}' in text
    assert "input: net_a, NET_B." in text
    assert "classes: net_weight, NET_INPUTS." in text
    assert "int chip_class(const float input[CHIP_INPUTS], float output[CHIP_OUTPUTS])" in text
    code = text.partition("*/")[2].replace("net_weight", "").replace("NET_INPUTS", "")
    assert not re.search(r"\bnet_|\bNET_", code)


def test_wrong_requests_are_one_clear_line(tmp_path: Path) -> None:
    model = predictor("direct", [3, 4, 2], "gelu", 1, 1.0, "regression")
    with pytest.raises(InvalidInputError, match="only networks and predictors"):
        export_c(np.zeros(3), tmp_path / "a.c")  # type: ignore[arg-type]
    for name in ("Net", "1net", "a-b", "", "n" * 40):
        with pytest.raises(InvalidInputError, match="name must be lower-case"):
            export_c(model.network, tmp_path / "a.c", name=name)
    small = predictor("direct", [3, 4, 2], "relu", 1, 1.0, "regression")
    tiny = replace(small, inputs=Scaling(np.zeros(3), np.full(3, 1e-45)))
    with pytest.raises(InvalidInputError, match="is no normal float32 number; a model in these units needs double"):
        export_c(tiny, tmp_path / "a.c")
    export_c(tiny, tmp_path / "b.c", double=True)
    least = replace(small, outputs=Scaling(np.zeros(2), np.full(2, 1e-310)))
    with pytest.raises(InvalidInputError, match="is no normal float64 number; scale the data before the training"):
        export_c(least, tmp_path / "a.c", double=True)
    assert not (tmp_path / "a.c").exists()
