"""The cost of an exported network on a chip: flash, memory, multiplications.

The constants are counted exactly. The code was measured with gcc 12, -Os, on a Cortex-M3 and a Cortex-M0; the numbers here bound the
greater of both, routines for floating-point numbers included, and test_footprint measures them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spectral_core.exchange.c import form_of
from spectral_core.exchange.c_float import FloatForm
from spectral_core.exchange.c_form import Form
from spectral_core.exchange.c_int8 import IntegerForm
from spectral_core.exchange.c_text import size_of
from spectral_core.exchange.calibration import Model
from spectral_core.networks.predictor import Predictor

CODE = {"float": 1760, "int8": 115}
"""Bytes of code of `NAME_class` of a network without hidden layers."""
HIDDEN = {"float": 100, "int8": 115}
"""More for the first hidden layer."""
LAYER = {"float": 48, "int8": 90}
"""More for every further one, but in the sparse form of floats, which has one loop for all."""
SPARSE = {"float": 0, "int8": 70}
SHIFTED, UNROLLED = 760, 4
"""More where means are taken off so few inputs first that the compiler unrolls the loop and makes subtractions of it."""
CURVES = {"elu": 380, "tanh": 1080, "sigmoid": 1080, "swish": 1080, "gelu": 3080}
"""More for an activation with the exponential."""
TABLE, SPARSE_TABLE = 80, 50
"""More for the function that reads a table, and again more for it in the sparse form."""
FRAMES = {"float": 184, "int8": 120}
"""Bytes of stack beside the buffer."""
PREDICT = 1270
"""More for `NAME_predict`, the exponential included."""
AFTER_CURVE = {"elu": 950, "tanh": 250, "sigmoid": 250, "swish": 250, "gelu": 250}
"""The same where the activation has the exponential already."""
FLOAT = 2320
"""More for `NAME_float`, without its tables."""
LABEL = 40
"""More for `NAME_label`, without its texts."""


@dataclass(frozen=True)
class Footprint:
    """Flash and memory in bytes, and how many weights are multiplied.

    flash : constants, exactly, and an upper bound of the code of `NAME_class`, or of `NAME_raw` where there are no classes.
    ram : the buffer, exactly, and an upper bound of the frames. operations : weights that a prediction multiplies; what the
    activations multiply is not counted. more : bytes of flash that other functions of the file add at most, where they are called.
    """

    flash: int
    ram: int
    operations: int
    more: Mapping[str, int] = field(default_factory=dict)


def footprint(model: Model, *, int8: bool = False, calibration: Any = None) -> Footprint:
    """The cost of the file that `export_c` writes with the same arguments.

    Examples
    --------
    >>> from spectral_core import SpectralNetwork
    >>> from spectral_core.exchange.footprint import footprint
    >>> footprint(SpectralNetwork.initialize([2, 3, 1], seed=0)).operations
    2

    By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
    """
    form = form_of(model, int8=int8, calibration=calibration)
    rows, kind = form.rows, form.kind
    code = CODE[kind] + HIDDEN[kind] * (rows.n_hidden > 0) + SPARSE[kind] * form.sparse + _more_code(form)
    return Footprint(
        form.constant_bytes + code,
        form.buffer_bytes + FRAMES[kind],
        rows.n_weights if form.sparse else form.n_slots,
        _of_other_functions(form, model),
    )


def _more_code(form: Form) -> int:
    """Code that depends on layers and activation.

    By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
    """
    rows, further = form.rows, max(len(form.rows.layers) - 2, 0)
    if isinstance(form, IntegerForm):
        curved = any(len(step.entries) for step in form.net.steps)
        return LAYER["int8"] * further + (TABLE + SPARSE_TABLE * form.sparse) * curved
    curve = CURVES.get(rows.activation, 0) if rows.n_hidden else 0
    return (
        LAYER["float"] * further * (not form.sparse)
        + curve
        + SHIFTED * (rows.shift is not None and rows.n_used <= UNROLLED)
    )


def _of_other_functions(form: FloatForm | IntegerForm, model: Model) -> dict[str, int]:
    """Bytes of flash by function.

    By hand: counts bytes. Checked by test_footprint.test_other_functions_are_bounded.
    """
    rows, more = form.rows, {}
    if isinstance(form, IntegerForm):
        more["float"] = FLOAT + 2 * size_of("float") * rows.n_features
    if isinstance(model, Predictor) and model.task == "classification":
        if isinstance(form, FloatForm):
            more["predict"] = AFTER_CURVE.get(rows.activation, PREDICT) if rows.n_hidden else PREDICT
        # A text ends with 0 and begins at a multiple of 4; its address has 4 bytes.
        texts = [len(str(label).encode()) // 4 * 4 + 8 for label in model.classes]
        more["label"] = LABEL + sum(texts)
    return more
