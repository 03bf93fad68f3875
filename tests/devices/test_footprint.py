"""What `footprint` says of flash and memory is what a linked program takes, and not much more."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.chips.emulated import CORES, Case, linked_bytes, stack_bytes
from spectral_core.exchange.c import c_source
from spectral_core.exchange.footprint import footprint
from tests.exchange.c_programs import needs
from tests.exchange.test_c import predictor
from tests.exchange.test_c_int8 import data

NETWORKS = [
    (activation, widths, share)
    for activation in ("relu", "tanh", "swish")
    for widths, share in (([4, 3], 1.0), ([6, 8, 3], 1.0), ([20, 12, 6, 3], 1.0), ([30, 12, 6, 3], 0.2))
]


@needs("arm-none-eabi-gcc")
@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize(("activation", "widths", "share"), NETWORKS)
def test_flash_and_memory_are_bounded(
    tmp_path: Path, activation: str, widths: list[int], share: float, int8: bool
) -> None:
    model = predictor("direct", widths, activation, 5, share, "classification")
    rows = data(model, 0)
    options = {"int8": True, "calibration": rows} if int8 else {}
    source, cost = c_source(model, name="n", **options), footprint(model, **options)  # type: ignore[arg-type]
    samples = np.zeros((1, widths[0]), np.int16 if int8 else np.float32)
    case = Case("n", source, "n_class", samples, widths[-1], real=not int8)
    taken = linked_bytes(tmp_path, [case], CORES[0])
    assert taken <= cost.flash <= taken + 500
    # Functions that `NAME_class` does not call need no stack at the same time.
    alone = re.sub(r"\nvoid n_(float|predict)\(.*?\n}\n", "\n", source, flags=re.DOTALL)
    stack = stack_bytes(tmp_path, replace(case, source=alone), CORES[0])
    assert stack <= cost.ram <= stack + 200
