"""What an exported network costs a chip: flash, memory, multiplications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spectral_core.exchange.c import form_of
from spectral_core.exchange.c_float import FloatForm
from spectral_core.exchange.c_int8 import IntegerForm
from spectral_core.exchange.calibration import Model

CODE = {"float": 1180, "int8": 120}
"""Bytes of code that `NAME_class` or `NAME_raw` of a network without hidden layers links on a Cortex-M3 (gcc 12, -Os), with the
routines for floating-point numbers. These numbers bound what was measured, and test_footprint measures it again."""
HIDDEN = {"float": 120, "int8": 120}
"""More for the first hidden layer."""
LAYER = {"float": 40, "int8": 100}
"""More for every further one."""
BUFFERED = {"float": 240, "int8": 40}
"""More where inputs are copied into the buffer."""
SPARSE = {"float": 0, "int8": 100}
"""More for the sparse form."""
CURVED = {"float": 720, "int8": 80}
"""More for an activation with the exponential, or with a table."""
FRAMES = {"float": 160, "int8": 120}
"""Bytes of stack beside the buffer."""
PIECEWISE = {
    "float": ("identity", "relu", "leaky_relu"),
    "double": ("identity", "relu", "leaky_relu"),
    "int8": ("relu",),
}
"""Activations without the exponential, or without a table."""


@dataclass(frozen=True)
class Footprint:
    """Flash and memory in bytes, and how many weights are multiplied.

    flash : constants, exactly, and an upper bound of the code. ram : the buffer, exactly, and an upper bound of the frames.
    """

    flash: int
    ram: int
    operations: int


def footprint(model: Model, *, int8: bool = False, calibration: Any = None) -> Footprint:
    """The cost of the file that `export_c` writes with the same arguments.

    Examples
    --------
    >>> from spectral_core import SpectralNetwork
    >>> from spectral_core.exchange.footprint import footprint
    >>> footprint(SpectralNetwork.initialize([2, 3, 1], seed=0)).operations
    2
    """
    return cost(form_of(model, int8=int8, calibration=calibration))


def cost(form: FloatForm | IntegerForm) -> Footprint:
    """The cost of a network as a file holds it.

    By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
    """
    rows, kind = form.rows, form.kind
    curved = rows.n_hidden > 0 and rows.activation not in PIECEWISE[kind]
    hidden = len(rows.layers) - 1
    code = CODE[kind] + HIDDEN[kind] * (hidden > 0) + LAYER[kind] * max(hidden - 1, 0)
    code += CURVED[kind] * curved + SPARSE[kind] * form.sparse + BUFFERED[kind] * form.buffered
    operations = rows.n_weights if form.sparse else rows.n_slots
    return Footprint(form.constant_bytes + code, form.buffer_bytes + FRAMES[kind], operations)
