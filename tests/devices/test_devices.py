"""Exported networks on emulated Cortex-M3, M0 and M4F give the numbers of the plain reference; sanitizers find nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.chips.emulated import CORES, LINKED, Case, Core, built, emulated, values
from spectral_core.exchange.c import c_source
from spectral_core.exchange.c_float import FloatForm
from spectral_core.exchange.network_rows import rows_of
from spectral_core.kernels.tables import ACTIVATIONS
from tests import plain
from tests.exchange.c_programs import needs
from tests.exchange.test_c import predictor, same_bits, samples
from tests.exchange.test_c_int8 import data, integer_form
from tests.exchange.test_c_training import first_weights, trainable


def all_cases() -> tuple[list[Case], list[np.ndarray]]:
    """Every activation, dense and sparse, in floating point and in integers, and what they must give."""
    cases, expected = [], []
    for number, name in enumerate(ACTIVATIONS):
        for share in (1.0, 0.2):
            model = predictor("direct", [4, 5, 3, 2], name, number, share, "classification")
            title = f"n{number}{'d' if share == 1 else 's'}"
            x = samples(model, np.float32, number, True)
            form = FloatForm.of(rows_of(model), False)
            source = c_source(model, name=title)
            cases.append(Case(title, source, f"{title}_class", x, form.rows.n_outputs))
            with np.errstate(all="ignore"):
                expected.append(plain.forward(form.rows, x, form.sparse))
            cases.append(Case(f"{title}p", source.replace(title, f"{title}p"), f"{title}p_predict", x[:5], 2))
            expected.append(plain.softmax(expected[-1][:5]))
            rows = data(model, number)
            net = integer_form(model, rows).net
            source = c_source(model, int8=True, calibration=rows, name=f"i{title}")
            whole = net.inputs(x).astype(np.int16)
            cases.append(Case(f"i{title}", source, f"i{title}_class", whole, net.rows.n_outputs, real=False))
            expected.append(net.outputs(whole.astype(np.int64)).astype(np.int32))
    return cases, expected


def training_cases() -> tuple[list[Case], list[np.ndarray]]:
    """Steps of training, one sample after the other, and the outputs after each of them."""
    cases, expected = [], []
    for number, (name, share) in enumerate((("relu", 1.0), ("tanh", 0.3), ("gelu", 1.0), ("swish", 0.3))):
        model, title = predictor("direct", [4, 5, 3, 2], name, number, share, "classification"), f"t{number}"
        form, x = trainable(model), samples(model, np.float32, number, False)
        call = f"    {title}_train(x, 1, 0.125f, 1);\n    {title}_raw(x, y);\n"
        source = (
            f"{c_source(model, trainable=True, name=title)}void {title}_step(const float *x, float *y)\n{{\n{call}}}\n"
        )
        cases.append(Case(title, source, f"{title}_step", x, 2))
        weights, rows = first_weights(form), []
        for row in x:
            weights = plain.trained(form, weights, row, 1, 0.125, True)
            rows.append(plain.propagated(form, weights, row)[2])
        expected.append(np.array(rows))
    return cases, expected


def compare(text: str, cases: list[Case], expected: list[np.ndarray]) -> int:
    found, ticks = values(text, cases)
    for one, truth in zip(found, expected, strict=True):
        same_bits(one, truth) if one.dtype == np.float32 else np.testing.assert_array_equal(one, truth)
    return ticks


@needs("gcc")
def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    cases, expected = all_cases()
    flags = ("-O1", "-std=c99", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")
    program = built(tmp_path, cases, "gcc", flags, start=False)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    compare(done.stdout, cases, expected)


@needs("arm-none-eabi-gcc", "qemu-system-arm")
@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
def test_an_emulated_chip_gives_the_same_bits(tmp_path: Path, core: Core) -> None:
    cases, expected = (one + two for one, two in zip(all_cases(), training_cases(), strict=True))
    program = built(tmp_path, cases, "arm-none-eabi-gcc", (*core.flags, *LINKED), start=True)
    assert compare(emulated(program, core), cases, expected) > 0
