"""A network in integers: weights of 8 bits, activations of 12 bits in int16, sums of 32 bits.

An integer q stands for the number s q. Every place of the buffer has a scale s of its own; a row of a layer sums in the one
scale S of the layer, so a weight W_kj is the integer nearest to W_kj s_j / S. A hidden row becomes an activation by a shift
(relu), whose half is in the bias, or by a table (all other activations).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_core.backends import cpu
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.rows import Rows
from spectral_core.wording import counted

WEIGHT = 127
REACH = 2047
"""The greatest weight and the greatest activation."""
INPUT = 2**15
"""No int16 is greater in size."""
LIMIT = 2**31
SPAN = 1 << 20
"""Units between the least and the greatest sum of a layer with a table: between two entries lie 2^18 at most, and an entry of
12 bits times that stays below 2^31."""
INTERVALS = (16, 32, 64)
"""Of a table; the next number is taken where a linear piece is more than `FINE` of the greatest value away from the curve."""
FINE = 1 / 1000


@dataclass(frozen=True, eq=False)
class Step:
    """How the sums of a hidden layer become activations.

    shift : of relu; with a table, of the place in it. entries : of the table; empty for relu. low : the sum of the first entry.
    """

    shift: int
    entries: np.ndarray
    low: int

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """Activations of sums, in the integers of the printed functions.

        By hand: the printed integers in NumPy. Checked by test_c_int8.test_c_equals_the_integers_of_numpy.
        """
        if not len(self.entries):
            return np.clip(z >> self.shift, 0, REACH)
        place = np.maximum(z - self.low, 0)
        i, part, size = place >> self.shift, place & ((1 << self.shift) - 1), 1 << self.shift
        last = len(self.entries) - 1
        here = np.minimum(i, last - 1)
        between = self.entries[here] * (size - part) + self.entries[here + 1] * part + (size >> 1) >> self.shift
        return np.where(i >= last, self.entries[last], between)


@dataclass(frozen=True, eq=False)
class IntegerRows:
    """Rows whose numbers are integers; `rows.bias` holds the halves of the shifts.

    factor, shift : an input is the integer nearest to (x + shift) factor, within -2047 to 2047. units : what one unit of an
    output is. bounds : by row, a number that no sum exceeds in size. errors : by layer, the greatest difference of z that the
    rounding of its weights and biases makes, in the units of the network.
    """

    rows: Rows
    steps: tuple[Step, ...]
    unit: float
    factor: np.ndarray
    shift: np.ndarray
    bounds: np.ndarray
    errors: tuple[float, ...]

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """Integers (samples, n_features) of features in the units of the data, as `NAME_float` makes them.

        By hand: the printed integers in NumPy. Checked by test_c_int8.test_c_equals_the_integers_of_numpy.
        """
        real = np.float32
        with np.errstate(all="ignore"):
            q = (x.astype(real) + self.shift) * self.factor
            middle = np.trunc(np.where(np.abs(q) < REACH, q, 0) + real(4096.5)).astype(np.int64) - 4096
        return np.where(q >= REACH, REACH, np.where(q > -REACH, middle, -REACH))

    def outputs(self, integers: np.ndarray) -> np.ndarray:
        """The sums (samples, outputs) of the last layer, of integer inputs (samples, n_features).

        By hand: the printed integers in NumPy. Checked by test_c_int8.test_c_equals_the_integers_of_numpy.
        """
        x = np.zeros((len(integers), self.rows.n_used + self.rows.n_hidden), np.int64)
        x[:, : self.rows.n_used] = integers[:, self.rows.features]
        done, z = 0, np.zeros((len(x), 0), np.int64)
        for number, (layer, matrix) in enumerate(zip(self.rows.layers, self.rows.dense(), strict=True)):
            columns = x[:, layer.first : layer.last]
            z = columns @ matrix.T.astype(np.int64) + self.rows.bias[done : done + layer.rows]
            if number < len(self.steps):
                first = self.rows.n_used + done
                x[:, first : first + layer.rows] = self.steps[number](z)
            done += layer.rows
        return z


def quantised(rows: Rows, x: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> IntegerRows:
    """The rows in integers.

    Parameters
    ----------
    rows : without the scaling of the inputs.
    x : calibration (samples, n_features), scaled: nothing that is greater later is told apart from the greatest here.
    mean, deviation : of the features in the units of the data.

    By hand: makes integers of numbers, once for a file. Checked by test_c_int8.test_the_integers_are_near_the_network.
    """
    # The greatest values of inputs and sums.
    places, sums = _values(rows, x)
    scales = np.ones(rows.n_used + rows.n_hidden)
    greatest = np.abs(places).max(axis=0, initial=0.0)
    scales[: rows.n_used] = np.where(greatest > 0, greatest, 1.0)[: rows.n_used] / REACH
    # Layer by layer, since the scale of a layer's activations is needed by the next.
    weights: list[np.ndarray] = []
    bias, bounds = np.zeros(len(rows.bias), np.int64), np.zeros(len(rows.bias), np.int64)
    steps, errors, done, unit = [], [], 0, 1.0
    for number, layer in enumerate(rows.layers):
        own = range(done, done + layer.rows)
        unit = _unit(rows, own, scales)
        if number < len(rows.layers) - 1 and rows.activation != "relu":
            reached = sums[:, done : done + layer.rows]
            unit = max(unit, float(reached.max(initial=0.0) - reached.min(initial=0.0)) / SPAN)
        whole = _integers(rows, own, scales, unit)
        if number < len(rows.layers) - 1:
            step, size = _step(rows.activation, sums[:, done : done + layer.rows], unit)
            scales[rows.n_used + done : rows.n_used + done + layer.rows] = size
            steps.append(step)
        half = 1 << steps[-1].shift >> 1 if number < len(steps) and not len(steps[-1].entries) else 0
        for k, (row, constant) in zip(own, whole, strict=True):
            weights.append(row)
            bias[k] = constant + half
            bounds[k] = _bound(row, rows.senders[k], bias[k], rows.n_used)
        errors.append(_rounding(rows, own, unit))
        done += layer.rows
    integer = Rows(rows.features, rows.n_features, rows.layers, rows.activation, bias, tuple(weights), rows.senders)
    factor, shift = _of_inputs(rows, scales, mean, deviation)
    return IntegerRows(integer, tuple(steps), unit, factor, shift, bounds, tuple(errors))


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
        reach = np.where(rows.senders[k] < rows.n_used, INPUT, REACH)
        greatest = max(greatest, float(sizes.max(initial=0.0)))
        # Rounding adds half a unit to every weight, and the bias its own and that of the shift.
        total = max(total, float((sizes * reach).sum() + abs(rows.bias[k])) / (LIMIT - LIMIT / 8))
    return max(greatest / WEIGHT, total) or 1.0


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
    bound = abs(int(bias)) + int((np.abs(row) * np.where(senders < n_used, INPUT, REACH)).sum())
    if bound >= LIMIT:
        raise InvalidInputError(
            f"a sum of {counted(len(row), 'input')} could reach {bound}, more than 32 bits hold; export in float32"
        )
    return bound


def _rounding(rows: Rows, own: range, unit: float) -> float:
    """Half a unit for every unit of an activation or input within 12 bits, and for the bias: theorem D2.

    By hand: the bound of theorem D2. Checked by test_c_int8.test_the_first_layer_rounds_by_no_more_than_is_stated.
    """
    return unit * max(len(rows.weights[k]) * REACH + 1 for k in own) / 2


def _step(activation: str, z: np.ndarray, unit: float) -> tuple[Step, float]:
    """The step of a hidden layer, and the scale of its activations.

    By hand: makes integers of numbers, once for a file. Checked by test_c_int8.test_the_integers_are_near_the_network.
    """
    low, high = float(z.min(initial=0.0)) / unit, float(z.max(initial=0.0)) / unit
    if activation == "relu":
        shift = max(int(np.ceil(np.log2(max(high, 1.0) / REACH))), 0)
        return Step(shift, np.zeros(0, np.int64), 0), unit * 2.0**shift
    best: tuple[Step, float] | None = None
    for intervals in INTERVALS:
        # 0 is an entry, so that a kink there stays where it is.
        shift = max(int(np.ceil(np.log2(max(high - low, 1.0) / (intervals - 1)))), 1)
        size = 1 << shift
        first = int(np.floor(low / size))
        at = np.arange(first, int(np.ceil(high / size)) + 1) * size
        values = cpu.activate(activation, (at * unit)[None].copy())[0][0]
        scale = float(np.abs(values).max(initial=0.0)) / REACH or 1.0
        middle = cpu.activate(activation, ((at[:-1] + size / 2) * unit)[None].copy())[0][0]
        away = np.abs(middle - (values[:-1] + values[1:]) / 2).max(initial=0.0)
        best = Step(shift, np.rint(values / scale).astype(np.int64), first * size), scale
        if away <= FINE * scale * REACH:
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
    with np.errstate(over="ignore"):
        factor[read] = 1 / (deviation[read] * scales[: rows.n_used])
        shift[read] = -mean[read]
    if not (np.isfinite(factor).all() and np.isfinite(shift).all()):
        raise InvalidInputError("a mean or a deviation of the features is out of the range of float32")
    return factor, shift
