"""A network in integers: weights of 8 bits, activations of 12 bits in int16, sums of 32 bits.

An integer q stands for the number s q. Every place of the buffer has a scale s of its own; a row of a layer sums in the one
scale S of the layer, so a weight W_kj is the integer nearest to W_kj s_j / S. A hidden row becomes an activation by a shift
(relu), whose half is in the bias, or by a table (all other activations).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_core.exchange.rows import Rows

MAX_WEIGHT = 127
MAX_ACTIVATION = 2047
MAX_INPUT = 2**15
"""No int16 is greater in size."""


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
            return np.clip(z >> self.shift, 0, MAX_ACTIVATION)
        place = np.maximum(z - self.low, 0)
        i, part, size = place >> self.shift, place & ((1 << self.shift) - 1), 1 << self.shift
        last = len(self.entries) - 1
        here = np.minimum(i, last - 1)
        between = self.entries[here] * (size - part) + self.entries[here + 1] * part + (size >> 1) >> self.shift
        return np.where(i >= last, self.entries[last], between)


@dataclass(frozen=True, eq=False)
class IntegerRows:
    """Rows whose numbers are integers; `rows.bias` holds the halves of the shifts.

    Parameters
    ----------
    rows : the weights and biases.
    steps : by hidden layer, how a sum becomes an activation.
    factor, shift : an input is the integer nearest to (x + shift) factor, within -2047 to 2047.
    units : by layer, the size of one unit of a sum.
    bounds : by row, a number that no sum exceeds in size.
    errors : by layer, the greatest difference of z that the rounding of its weights and biases makes, in the units of the
        network. Inputs and activations are within -2047 to 2047.
    step_errors : by hidden layer, the greatest measured difference of an activation from f, in its own units.
    """

    rows: Rows
    steps: tuple[Step, ...]
    units: tuple[float, ...]
    factor: np.ndarray
    shift: np.ndarray
    bounds: np.ndarray
    errors: tuple[float, ...]
    step_errors: tuple[float, ...]

    @property
    def unit(self) -> float:
        """The size of one unit of an output."""
        return self.units[-1]

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """Integers (samples, n_features) of features in the units of the data, as `NAME_float` makes them.

        By hand: the printed integers in NumPy. Checked by test_c_int8.test_c_equals_the_integers_of_numpy.
        """
        real = np.float32
        with np.errstate(all="ignore"):
            q = (x.astype(real) + self.shift) * self.factor
            middle = np.trunc(np.where(np.abs(q) < MAX_ACTIVATION, q, 0) + real(4096.5)).astype(np.int64) - 4096
        return np.where(q >= MAX_ACTIVATION, MAX_ACTIVATION, np.where(q > -MAX_ACTIVATION, middle, -MAX_ACTIVATION))

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
