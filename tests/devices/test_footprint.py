"""What `footprint` says of flash and memory is what a linked program takes, and not much more."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.chips.emulated import CORES, Case, Core, linked_bytes, stack_bytes
from spectral_core import Predictor
from spectral_core.exchange.c import c_source
from spectral_core.exchange.footprint import footprint
from tests.exchange.c_programs import needs
from tests.exchange.test_c import predictor
from tests.exchange.test_c_int8 import data

NETWORKS = [
    ("identity", [4, 3], 1.0), ("relu", [6, 8, 3], 1.0), ("relu", [20, 12, 6, 3], 1.0), ("relu", [30, 12, 6, 3], 0.2),
    ("elu", [6, 8, 3], 1.0), ("tanh", [20, 12, 6, 3], 1.0), ("swish", [30, 12, 6, 3], 0.2), ("gelu", [6, 8, 3], 1.0),
    ("tanh", [5, 5, 5, 5, 5, 5, 5, 3], 0.6), ("relu", [300, 20, 3], 0.05), ("identity", [60, 3], 0.1), ("gelu", [30, 12, 6, 3], 0.2),
]  # fmt: skip


def case_of(activation: str, widths: list[int], share: float, int8: bool) -> tuple[Predictor, dict[str, Any], Case]:
    """A model, how it is exported, and the call of `NAME_class`."""
    model = predictor("direct", widths, activation, 5, share, "classification")
    options: dict[str, Any] = {"int8": True, "calibration": data(model, 0)} if int8 else {}
    samples = np.zeros((1, widths[0]), np.int16 if int8 else np.float32)
    return (
        model,
        options,
        Case("n", c_source(model, name="n", **options), "n_class", samples, widths[-1], real=not int8),
    )


@needs("arm-none-eabi-gcc")
@pytest.mark.parametrize("core", CORES[:2], ids=lambda core: core.name)
@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize(("activation", "widths", "share"), NETWORKS)
def test_flash_and_memory_are_bounded(
    tmp_path: Path, activation: str, widths: list[int], share: float, int8: bool, core: Core
) -> None:
    model, options, case = case_of(activation, widths, share, int8)
    cost, taken = footprint(model, **options), linked_bytes(tmp_path, [case], core)
    # A Cortex-M3 needs fewer bytes for floating-point numbers, up to a half of its own code.
    assert taken <= cost.flash <= taken + (200 if int8 else 400 if core.name == "M0" else 1950)
    # Functions that `NAME_class` does not call need no stack at the same time.
    alone = re.sub(r"\nvoid n_(float|predict)\(.*?\n}\n", "\n", case.source, flags=re.DOTALL)
    stack = stack_bytes(tmp_path, replace(case, source=alone), core)
    assert stack <= cost.ram <= stack + 160


@needs("arm-none-eabi-gcc")
@pytest.mark.parametrize("core", CORES[:2], ids=lambda core: core.name)
@pytest.mark.parametrize(("activation", "int8"), [("relu", False), ("elu", False), ("tanh", False), ("relu", True)])
def test_other_functions_are_bounded(tmp_path: Path, activation: str, int8: bool, core: Core) -> None:
    """Each function of the file, called beside `NAME_class` by one more function."""
    model, options, case = case_of(activation, [6, 8, 3], 1.0, int8)
    calls = {
        "float": "    int16_t q[6];\n    n_float((const float *)x, q);\n    n_class(q, (int32_t *)y);\n",
        "predict": "    n_class(x, y);\n    n_predict(x, y);\n",
        "label": "    place = n_label(n_class(x, y));\n",
    }
    given, out = case.types
    more = footprint(model, **options).more
    assert set(more) == ({"float", "label"} if int8 else {"predict", "label"})
    alone = linked_bytes(tmp_path, [case], core)
    for name, bound in more.items():
        place = "static const char *volatile place;\n" if name == "label" else ""
        source = f"{case.source}{place}void n_all(const {given} *x, {out} *y)\n{{\n{calls[name]}}}\n"
        taken = linked_bytes(tmp_path, [replace(case, source=source, function="n_all")], core) - alone
        assert taken <= bound, name
        assert bound <= taken + (200 if core.name == "M0" else 1150), name
