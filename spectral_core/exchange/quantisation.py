"""From numbers to integers: the scale of every layer, weights and biases, and the step to activations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectral_core.backends import cpu
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.integers import MAX_ACTIVATION, MAX_INPUT, MAX_WEIGHT, IntegerRows, Step
from spectral_core.exchange.rows import Rows
from spectral_core.wording import counted

LIMIT = 2**31
INTERVALS = (16, 32, 64)
"""Of a table; the next number is taken where an activation is more than `TOLERANCE` units away from the curve."""
TOLERANCE = 2.0
SHIFT = 18
"""Between two entries of a table lie 2^18 units at most: times an entry of 12 bits and the 4096 of the printed function that
stays below 2^31."""
SPAN = (INTERVALS[-1] - 1 << SHIFT) - 1
"""Units from the first to the last entry of a table."""
MEASURED = 4097
"""Sums between the least and the greatest at which the error of an activation is measured."""
LEAST, GREATEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
"""The normal numbers of float32."""


def quantised(rows: Rows, x: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> IntegerRows:
    """The rows in integers.

    Parameters
    ----------
    rows : without the scaling of the inputs.
    x : calibration (samples, n_features), scaled. The greatest values here set the scales; greater ones are cut off later.
    mean, deviation : of the features in the units of the data.

    By hand: makes integers of numbers, once for a file. Checked by test_c_int8.test_the_integers_are_near_the_network.
    """
    # The greatest values of inputs and sums.
    places, sums = _values(rows, x)
    scales = np.ones(rows.n_used + rows.n_hidden)
    greatest = np.abs(places).max(axis=0, initial=0.0)
    scales[: rows.n_used] = np.where(greatest > 0, greatest, 1.0)[: rows.n_used] / MAX_ACTIVATION
    # Layer by layer, since the scale of a layer's activations is needed by the next.
    weights: list[np.ndarray] = []
    bias, bounds = np.zeros(len(rows.bias), np.int64), np.zeros(len(rows.bias), np.int64)
    steps: list[tuple[Step, float]] = []
    units, errors, done = [], [], 0
    for number, layer in enumerate(rows.layers):
        own, half = range(done, done + layer.rows), 0
        unit = _unit(rows, own, scales)
        if number < len(rows.layers) - 1:
            z = sums[:, done : done + layer.rows]
            ends = _changing(rows.activation, z)
            if rows.activation != "relu":
                unit = max(unit, (ends[1] - ends[0]) / SPAN)
            step, size, error = _step(rows.activation, z, ends, unit)
            scales[rows.n_used + done : rows.n_used + done + layer.rows] = size
            steps.append((step, error))
            half = 1 << step.shift >> 1 if not len(step.entries) else 0
        whole = _integers(rows, own, scales, unit)
        _check_not_all_zero(rows, own, whole, number)
        for k, (row, constant) in zip(own, whole, strict=True):
            weights.append(row)
            bias[k] = constant + half
            bounds[k] = _bound(row, rows.senders[k], bias[k], rows.n_used)
        units.append(unit)
        errors.append(_rounding(rows, own, unit))
        done += layer.rows
    # What is left where weights round to 0.
    integer = replace(rows, bias=bias, weights=tuple(weights))
    smaller, kept = integer.without_zeros()
    parts = np.split(kept, np.cumsum([layer.rows for layer in rows.layers])[:-1])
    left = [number for number, part in enumerate(parts) if part.any()]
    steps = [steps[number] for number in left[:-1]]
    read = np.isin(rows.features, smaller.features)
    as_float32(units[-1], "one unit of an output")
    factor, shift = _of_inputs(smaller, scales[: rows.n_used][read], mean, deviation)
    return IntegerRows(
        smaller,
        tuple(step for step, _ in steps),
        tuple(units[number] for number in left),
        factor,
        shift,
        bounds[kept],
        tuple(errors[number] for number in left),
        tuple(error for _, error in steps),
    )


def _values(rows: Rows, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The buffer and the sums of all rows, in float64.

    z_k = b_k + Σ_j W_kj x_j, x = f(z) with the f of the kernels.

    By hand: makes integers of numbers, once for a file. Checked by test_c_int8.test_the_integers_are_near_the_network.
    """
    places = np.zeros((len(x), rows.n_used + rows.n_hidden))
    places[:, : rows.n_used] = x[:, rows.features]
    sums, done = np.zeros((len(x), len(rows.bias))), 0
    for layer, matrix in zip(rows.layers, rows.dense(), strict=True):
        z = places[:, layer.first : layer.last] @ matrix.T + rows.bias[done : done + layer.rows]
        sums[:, done : done + layer.rows] = z
        if done < rows.n_hidden:
            first = rows.n_used + done
            places[:, first : first + layer.rows] = cpu.activate(rows.activation, z.copy())[0]
        done += layer.rows
    return places, sums


def _unit(rows: Rows, own: range, scales: np.ndarray) -> float:
    """The least scale of a layer's sums at which weights keep to 8 bits, and no sum reaches 2^31.

    By hand: makes integers of numbers, once for a file. Checked by test_c_int8.test_the_integers_are_near_the_network.
    """
    greatest, total = 0.0, 0.0
    for k in own:
        sizes = np.abs(rows.weights[k]) * scales[rows.senders[k]]
        reach = np.where(rows.senders[k] < rows.n_used, MAX_INPUT, MAX_ACTIVATION)
        greatest = max(greatest, float(sizes.max(initial=0.0)))
        # Rounding adds half a unit to every weight, and the bias its own and that of the shift.
        total = max(total, float((sizes * reach).sum() + abs(rows.bias[k])) / (LIMIT - LIMIT / 8))
    return max(greatest / MAX_WEIGHT, total) or 1.0


def _integers(rows: Rows, own: range, scales: np.ndarray, unit: float) -> list[tuple[np.ndarray, int]]:
    """The weights and the bias of each row in units of the layer.

    By hand: makes integers of numbers, once for a file. Checked by test_c_int8.test_the_integers_are_near_the_network.
    """
    return [
        (np.rint(rows.weights[k] * scales[rows.senders[k]] / unit).astype(np.int64), int(np.rint(rows.bias[k] / unit)))
        for k in own
    ]


def _bound(row: np.ndarray, senders: np.ndarray, bias: int, n_used: int) -> int:
    """|b| + Σ |w| X of theorem D1; raises `InvalidInputError` where it reaches 2^31.

    By hand: the sum of theorem D1. Checked by test_c_int8.test_a_layer_of_many_inputs_takes_a_coarser_scale_before_it_overflows.
    """
    bound = abs(int(bias)) + int((np.abs(row) * np.where(senders < n_used, MAX_INPUT, MAX_ACTIVATION)).sum())
    if bound >= LIMIT:
        raise InvalidInputError(
            f"a sum of {counted(len(row), 'input')} could reach {bound}, more than 32 bits hold; export in float32"
        )
    return bound


def _rounding(rows: Rows, own: range, unit: float) -> float:
    """Half a unit for every unit of an activation or input within 12 bits, and for the bias: theorem D2.

    By hand: the bound of theorem D2. Checked by test_c_int8.test_the_first_layer_rounds_by_no_more_than_is_stated.
    """
    return unit * max(len(rows.weights[k]) * MAX_ACTIVATION + 1 for k in own) / 2


def _check_not_all_zero(rows: Rows, own: range, whole: list[tuple[np.ndarray, int]], number: int) -> None:
    """Raise `InvalidInputError` where a layer no longer depends on what it reads.

    By hand: looks at sizes alone. Checked by test_c_int8.test_a_layer_whose_weights_vanish_beside_a_bias_is_refused.
    """
    if any(row.any() for row, _ in whole) or not any(rows.weights[k].any() for k in own):
        return
    bias = max(abs(float(rows.bias[k])) for k in own)
    raise InvalidInputError(
        f"all weights of layer {number + 2} round to 0 beside a bias of the size {bias:.3g}; export in float32"
    )


def _changing(activation: str, z: np.ndarray) -> tuple[float, float]:
    """The part between the least and the greatest sum outside of which f stays within a quarter of a unit of its value at the end.

    By hand: makes integers of numbers, once for a file. Checked by test_c_int8.test_a_table_ends_where_the_activation_stops_changing.
    """
    low, high = float(z.min(initial=0.0)), float(z.max(initial=0.0))
    powers = 2.0 ** np.arange(-8, 128, 0.125)
    places = np.concatenate([-powers[::-1], [0.0], powers])
    places = np.concatenate([[low], places[(places > low) & (places < high)], [high]])
    values = cpu.activate(activation, places[None].copy())[0][0]
    quarter = np.abs(values).max() / MAX_ACTIVATION / 4
    from_low, from_high = np.abs(values - values[0]) > quarter, np.abs(values - values[-1]) > quarter
    if not (from_low.any() and from_high.any()):
        return 0.0, 0.0
    return float(places[from_low.argmax() - 1]), float(places[len(places) - from_high[::-1].argmax()])


def _step(activation: str, z: np.ndarray, ends: tuple[float, float], unit: float) -> tuple[Step, float, float]:
    """The step of a hidden layer, the scale of its activations, and how far one of them is from f, in that scale.

    By hand: makes integers of numbers, once for a file. Checked by test_c_int8.test_the_integers_are_near_the_network.
    """
    low, high = float(z.min(initial=0.0)) / unit, float(z.max(initial=0.0)) / unit
    if activation == "relu":
        shift = max(int(np.ceil(np.log2(max(high, 1.0) / MAX_ACTIVATION))), 0)
        return Step(shift, np.zeros(0, np.int64), 0), unit * 2.0**shift, 0.5 if shift else 0.0
    at = np.unique(np.rint(np.linspace(low, high, MEASURED)).astype(np.int64))
    at = np.unique(np.concatenate([at, np.rint(np.linspace(ends[0], ends[1], MEASURED) / unit).astype(np.int64)]))
    truth = cpu.activate(activation, (at * unit)[None].copy())[0][0]
    best: tuple[Step, float, float] | None = None
    for intervals in INTERVALS:
        # 0 is an entry, so that a kink there stays where it is.
        shift = max(int(np.ceil(np.log2(max((ends[1] - ends[0]) / unit, 1.0) / (intervals - 1)))), 1)
        if shift > SHIFT:
            continue
        size = 1 << shift
        first, last = int(np.floor(ends[0] / unit / size)), int(np.ceil(ends[1] / unit / size))
        values = cpu.activate(activation, (np.arange(first, last + 1) * size * unit)[None].copy())[0][0]
        scale = float(np.abs(values).max(initial=0.0)) / MAX_ACTIVATION or 1.0
        step = Step(shift, np.rint(values / scale).astype(np.int64), first * size)
        best = step, scale, float(np.abs(step(at) - truth / scale).max())
        if best[2] <= TOLERANCE:
            break
    assert best is not None
    return best


def _of_inputs(
    rows: Rows, scales: np.ndarray, mean: np.ndarray, deviation: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Factor and shift of every feature in float32; 0 for a feature that is not read.

    ((x - μ)/σ)/s = (x - μ) · 1/(σ s).

    By hand: makes integers of numbers, once for a file. Checked by test_c_int8.test_the_integers_are_near_the_network.
    """
    factor, shift = np.zeros(rows.n_features, np.float32), np.zeros(rows.n_features, np.float32)
    read = rows.features
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        factors = 1 / (deviation[read] * scales)
    factor[read] = [as_float32(value, "the factor that makes an integer of a feature") for value in factors]
    means = np.where(np.abs(mean[read]) < LEAST, 0.0, mean[read])
    shift[read] = [as_float32(-value, "the mean of a feature") for value in means]
    return factor, shift


def as_float32(value: float, what: str) -> np.float32:
    """A number in float32. Raises `InvalidInputError` if the result is not 0 and not a normal number of float32.

    By hand: looks at sizes alone. Checked by test_c_int8.test_numbers_out_of_the_range_of_float32_are_refused.
    """
    if value and not LEAST <= abs(value) <= GREATEST:
        raise InvalidInputError(f"{what} is {value:.3g}, no normal float32 number; scale the data before the training")
    return np.float32(value)
