"""Export to C99: one file that needs no library."""

from __future__ import annotations

import os
from typing import Any

from spectral_core import __version__, checks
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.c_float import FloatForm
from spectral_core.exchange.c_images import ImageNet, image_source
from spectral_core.exchange.c_int8 import IntegerForm
from spectral_core.exchange.c_text import checked_name, comment, labels_function, renamed, size_of
from spectral_core.exchange.c_trainable import TARGETS, TrainableForm
from spectral_core.exchange.calibration import Model, integers_of, measured
from spectral_core.exchange.network_rows import rows_of
from spectral_core.exchange.printed_c_network import PARTS
from spectral_core.exchange.rows import Rows
from spectral_core.files import atomic
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.wording import counted

OF_FLOATS = (
    "Proven: theorem M7.direct for the sums, F for the activation, E for the exponential. Every operation rounds once, in "
    "the order of the text: the same bits on every machine that keeps IEEE 754.",
    "An input that is infinite or not a number goes through as IEEE 754 says.",
)


def export_c(
    model: Model | ImageNet,
    path: str | os.PathLike[str],
    *,
    double: bool = False,
    int8: bool = False,
    calibration: Any = None,
    name: str = "net",
    trainable: bool = False,
) -> None:
    """Write a network, or a predictor with its scaling, as one C99 file: no library, no heap, no static memory.

    ``NAME_raw(input, output)`` takes all features in the units of the data. It gives z_K of a network or classifier, and the
    targets of a regression in the units of the data. Of a classifier there are ``NAME_class``, ``NAME_predict`` (probabilities)
    and ``NAME_label`` too. z_i = Σ_{j<i} W_ij x_j (M7) with the scaling folded into the weights; every operation is one of
    IEEE 754 in a fixed order, so every compiler and chip gives the same bits. Weights are the shortest decimals that read
    back to the same number, dense or sparse, whichever takes fewer bytes.

    With `int8` the network is integers: weights of 8 bits, activations of 12 in int16, sums of 32 (D1: none overflows; D2: how
    far each layer rounds). Inputs are integers; ``NAME_float`` makes them of numbers in the units of the data. One unit of an
    output is ``NAME_UNIT``. There are no probabilities.

    With `trainable` the weights are variables, and ``NAME_train(input, target, rate, all)`` makes a step of gradient descent for one
    sample: w = w - rate ∂ℓ/∂w (M8, O.sgd) for the weights that are there, with the loss of the model's task; of a network alone the squared
    error. With ``all = 0`` the last layer alone is adapted. The scaling stays apart, so that steps are those of the trainer.

    Of an image network or image model the file has the compact form (I2 to I12, I15). ``NAME_raw`` takes an image, channel after channel
    and row after row, in the numbers that the model was trained on, and gives the logits; ``NAME_class``, ``NAME_predict`` and, of a
    model, ``NAME_label`` are there too. Its planes are static memory, so one call runs at a time.

    Parameters
    ----------
    double : numbers in float64 instead of float32.
    int8 : integers instead.
    calibration : with `int8`, X (samples, n_features) in the units of the data, or a pair (X, y): the greatest inputs and
        activations, beyond which they are cut off, and the score in the head of the file.
    name : the prefix of the functions.
    trainable : weights that a device adapts.

    Raises
    ------
    InvalidInputError : `model` is neither a network nor a predictor, its activation needs libm, a number is out of the range
        of float32, `name` is no name of C, or calibration is missing or does not fit the
        model.

    Examples
    --------
    >>> from pathlib import Path
    >>> from spectral_core import SpectralNetwork
    >>> from spectral_core.exchange import export_c
    >>> export_c(SpectralNetwork.initialize([2, 3, 1], seed=0), "small.c", name="small")
    >>> "void small_raw(const float input[SMALL_INPUTS], float output[SMALL_OUTPUTS])" in Path("small.c").read_text()
    True
    """
    atomic.write_text(
        path, c_source(model, double=double, int8=int8, calibration=calibration, name=name, trainable=trainable)
    )


def c_source(
    model: Model | ImageNet,
    *,
    double: bool = False,
    int8: bool = False,
    calibration: Any = None,
    name: str = "net",
    trainable: bool = False,
) -> str:
    """The text that `export_c` writes."""
    checked_name(name)
    if isinstance(model, ImageNet):
        for option, given in (("int8", int8), ("trainable", trainable), ("calibration", calibration)):
            if given is not None and given is not False:
                raise InvalidInputError(
                    f"{option} is for networks of features; an image network is exported in float32 or float64"
                )
        return image_source(model, checks.boolean(double, "double"), name)
    form = form_of(model, double=double, int8=int8, calibration=calibration, trainable=trainable)
    classes = isinstance(model, Predictor) and model.task == "classification"
    remarks = measured(model, form.net, calibration) if isinstance(form, IntegerForm) else []
    code = [
        PARTS["start"],
        _sizes(form.rows),
        form.tables(),
        form.functions(classes),
    ]
    # Names and labels of the data stay as they are, so they come after the new prefix.
    parts = [comment([*_header(model, form), *remarks]), *(renamed(part, name) for part in code)]
    if isinstance(model, Predictor) and classes:
        parts.append(labels_function([str(label) for label in model.classes], name))
    return "\n\n".join(parts) + "\n"


def form_of(
    model: Model, *, double: bool = False, int8: bool = False, calibration: Any = None, trainable: bool = False
) -> FloatForm | IntegerForm:
    """The numbers of a model as the file holds them; arguments as of `export_c`."""
    if not isinstance(model, (SpectralNetwork, CompactNetwork, Predictor)):
        raise InvalidInputError(f"only networks and predictors can be exported; got {type(model).__name__}")
    if not checks.boolean(int8, "int8"):
        if calibration is not None:
            raise InvalidInputError("calibration belongs to int8")
        if checks.boolean(trainable, "trainable"):
            return TrainableForm.of_model(model, checks.boolean(double, "double"))
        return FloatForm.of(rows_of(model), checks.boolean(double, "double"))
    if trainable:
        raise InvalidInputError("trainable and int8 exclude each other: a step is smaller than one unit of an integer")
    if double:
        raise InvalidInputError("double and int8 exclude each other")
    if calibration is None:
        raise InvalidInputError("int8 needs calibration: rows X like those that the device will see")
    return IntegerForm.of(integers_of(model, calibration))


def _sizes(rows: Rows) -> str:
    return (
        f"enum {{ NET_INPUTS = {rows.n_features}, NET_USED = {rows.n_used}, NET_HIDDEN = {rows.n_hidden}, "
        f"NET_OUTPUTS = {rows.n_outputs} }};"
    )


def _header(model: Model, form: FloatForm | IntegerForm) -> list[str]:
    """What a reader of the file must know."""
    rows = form.rows
    hidden = [str(layer.rows) for layer in rows.layers[:-1]]
    widths = "-".join([str(rows.n_used), *hidden, str(rows.n_outputs)])
    used = counted(rows.n_features, "feature") + ("" if not form.selected else f", {rows.n_used} of them read")
    weights = f"{counted(rows.n_weights, 'weight')}, {counted(len(rows.bias), 'bias', 'biases')}"
    lines = [
        f"{widths} network, {weights}, {rows.activation}; {used}.",
        f"Printed by spectral-core {__version__}. {form.kind}, {'sparse' if form.sparse else 'dense'}.",
        _sizes_of(form),
        *(_of_integers(form) if isinstance(form, IntegerForm) else OF_FLOATS),
    ]
    if isinstance(form, TrainableForm):
        lines.append(
            f"Training: theorem M8.direct for the gradient, L.{TARGETS[form.task][2]} for the loss, O.sgd for the step."
        )
    if isinstance(model, Predictor):
        lines += _meaning(model)
    return lines


def _sizes_of(form: FloatForm | IntegerForm) -> str:
    """Bytes of flash and memory.

    By hand: counts bytes. Checked by test_c.test_decimals_read_back_and_the_smaller_form_is_taken.
    """
    text = f"Constants without labels: {form.constant_bytes:,} bytes. Stack: a buffer of {form.buffer_bytes:,} bytes"
    if isinstance(form, IntegerForm):
        extra = 2 * size_of("float") * form.rows.n_features
        return (
            f"{text} and the frames of the calls. The two tables of the function for floating-point inputs take {extra:,} bytes more. "
            "No data, no bss, no heap, no library."
        )
    if isinstance(form, TrainableForm):
        return (
            f"{text}, of {form.training_bytes:,} in a step of training, and the frames of the calls. Data: {form.data_bytes:,} bytes, the "
            "weights. No bss, no heap, no library."
        )
    return f"{text} and the frames of the calls. No data, no bss, no heap, no library."


def _of_integers(form: IntegerForm) -> list[str]:
    """Scales and bounds of a network in integers."""
    net = form.net
    errors = ", ".join(f"{error:.3g}" for error in net.errors)
    lines = [
        "Weights of 8 bits, activations of 12 bits, sums of 32 bits, integers only. The same numbers on every machine.",
        f"No overflow (D1): |z_k| <= |b_k| + sum over j of |W_kj| X <= {int(net.bounds.max())} < 2^31 for every input.",
        f"Rounding (D2): for inputs within -2047 to 2047 rounded weights and biases change the z of a layer by at most {errors}.",
    ]
    if net.step_errors:
        away = ", ".join(f"{error:.2g}" for error in net.step_errors)
        lines.append(
            f"Measured between the least and the greatest sum of the calibration: an activation is at most {away} of its units away "
            "from f, of 2047."
        )
    return [
        *lines,
        "Not bounded: what an input or activation loses beyond the greatest one of the calibration, where it is cut off.",
    ]


def _meaning(model: Predictor) -> list[str]:
    """Inputs and outputs by name, and the encoding that comes before."""
    lines = []
    if model.encoder is not None:
        lines.append("The inputs are encoded features, not the raw columns of the table.")
    if model.feature_names:
        lines.append(f"input: {', '.join(model.feature_names)}.")
    if model.task == "classification":
        lines.append(f"classes: {', '.join(map(str, model.classes))}.")
    elif model.target_names:
        label = "; a label is 1 where its output is greater than 0" if model.task == "multilabel" else ""
        lines.append(f"output: {', '.join(model.target_names)}{label}.")
    return [line.encode("ascii", "backslashreplace").decode() for line in lines]
