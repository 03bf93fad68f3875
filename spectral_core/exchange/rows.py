"""A network as rows of one buffer [inputs, hidden neurons]: every row sums over earlier places of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_core.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Layer:
    """Neighbouring rows that read the places `first` to `last` of the buffer, the last one excluded."""

    rows: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Rows:
    """z_k = bias_k + Σ_e weights_k[e] x[senders_k[e]]; x = f(z) for hidden rows, z itself for outputs.

    features : the features that are read, as positions in the rows of X. n_features : columns of X.
    layers : rows by layer, the outputs last. shift : added to the features first; None where there is nothing to add.
    """

    features: np.ndarray
    n_features: int
    layers: tuple[Layer, ...]
    activation: str
    bias: np.ndarray
    weights: tuple[np.ndarray, ...]
    senders: tuple[np.ndarray, ...]
    shift: np.ndarray | None = None

    @property
    def n_used(self) -> int:
        return len(self.features)

    @property
    def n_outputs(self) -> int:
        return self.layers[-1].rows

    @property
    def n_hidden(self) -> int:
        return len(self.bias) - self.n_outputs

    @property
    def n_weights(self) -> int:
        return sum(map(len, self.weights))

    @property
    def n_slots(self) -> int:
        """Weights of the dense form, zeros included.

        By hand: counts bytes. Checked by test_c.test_decimals_read_back_and_the_smaller_form_is_taken.
        """
        return sum(layer.rows * (layer.last - layer.first) for layer in self.layers)

    @property
    def n_constant_outputs(self) -> int:
        """The first outputs that read nothing, as the class 0 of a logistic output does; 0 where all outputs are such.

        By hand: only counts places. Checked by test_c.test_a_class_without_weights_is_not_multiplied.
        """
        reads = [len(row) > 0 for row in self.weights[self.n_hidden :]]
        return reads.index(True) if any(reads) else 0

    def dense(self) -> list[np.ndarray]:
        """By layer, the matrix (rows, places `first` to `last`)."""
        matrices, k = [], 0
        for layer in self.layers:
            matrix = np.zeros((layer.rows, layer.last - layer.first), self.bias.dtype)
            for row in matrix:
                row[self.senders[k] - layer.first] = self.weights[k]
                k += 1
            matrices.append(matrix)
        return matrices

    def gaps(self) -> np.ndarray:
        """For every weight the distance from the sender before it in its row; from place 0 for the first.

        By hand: only counts places. Checked by test_c.test_gcc_gives_the_bits_of_the_plain_reference.
        """
        gaps = [np.diff(senders, prepend=0) for senders in self.senders]
        return np.concatenate(gaps) if gaps else np.zeros(0, np.int64)

    def without_zeros(self) -> tuple[Rows, np.ndarray]:
        """The same rows without weights 0, and without the features and hidden neurons that then nothing reads; which rows are left.

        By hand: only counts places. Checked by test_c_int8.test_weights_that_round_to_zero_are_left_out.
        """
        read, kept = np.zeros(self.n_used + self.n_hidden, bool), np.ones(len(self.bias), bool)
        for k in reversed(range(len(self.bias))):
            kept[k] = k >= self.n_hidden or read[self.n_used + k]
            if kept[k]:
                read[self.senders[k][self.weights[k] != 0]] = True
        place = np.cumsum(read) - 1
        weights = tuple(self.weights[k][self.weights[k] != 0] for k in np.flatnonzero(kept))
        senders = tuple(place[self.senders[k][self.weights[k] != 0]] for k in np.flatnonzero(kept))
        layer_of = np.repeat(np.arange(len(self.layers)), [layer.rows for layer in self.layers])[kept]
        features = self.features[read[: self.n_used]]
        shift = None if self.shift is None else self.shift[read[: self.n_used]]
        layers = layers_of(layer_of, senders)
        return Rows(features, self.n_features, layers, self.activation, self.bias[kept], weights, senders, shift), kept

    def with_all_features(self) -> Rows:
        """The same rows with a place for every feature, also for those that are not read.

        By hand: only counts places. Checked by test_c.test_gcc_gives_the_bits_of_the_plain_reference.
        """
        apart = self.n_features - self.n_used
        place = np.concatenate([self.features, np.arange(self.n_used, self.n_used + self.n_hidden) + apart])
        senders = tuple(place[row] for row in self.senders)
        shift = None
        if self.shift is not None:
            shift = np.zeros(self.n_features, self.shift.dtype)
            shift[self.features] = self.shift
        sizes = np.cumsum([0, *(layer.rows for layer in self.layers)])
        layers = layers_of(np.repeat(np.arange(len(self.layers)), np.diff(sizes)), senders)
        return replace(self, features=np.arange(self.n_features), senders=senders, shift=shift, layers=layers)

    def astype(self, dtype: Any) -> Rows:
        """The numbers in another precision, rounded."""
        shift = None if self.shift is None else self.shift.astype(dtype)
        weights = tuple(row.astype(dtype) for row in self.weights)
        return replace(self, bias=self.bias.astype(dtype), weights=weights, shift=shift)

    def cast(self, dtype: type[np.floating]) -> Rows:
        """The numbers in another precision; raises `InvalidInputError` where one is not a normal number there.

        By hand: looks at sizes alone. Checked by test_c.test_wrong_requests_are_one_clear_line.
        """
        limits = np.finfo(dtype)

        def check(values: np.ndarray, what: str) -> None:
            size = np.abs(values[values != 0])
            if len(size) and (size.max() > limits.max or size.min() < limits.tiny):
                worst = size.max() if size.max() > limits.max else size.min()
                advice = (
                    "a model in these units needs double"
                    if dtype is np.float32
                    else "scale the data before the training"
                )
                raise InvalidInputError(f"{what} of the size {worst:.3g} is no normal {limits.dtype} number; {advice}")

        bias = np.where(np.abs(self.bias) < limits.tiny, 0, self.bias)
        check(bias, "a bias")
        for row in self.weights:
            check(row, "a weight")
        if self.shift is not None:
            check(self.shift, "a mean")
        return replace(self, bias=bias).astype(dtype)


def layers_of(layer_of: np.ndarray, senders: tuple[np.ndarray, ...]) -> tuple[Layer, ...]:
    """Neighbouring rows of one layer, with the places that any of them reads."""
    result = []
    for number in np.unique(layer_of):
        read = [senders[k] for k in np.flatnonzero(layer_of == number)]
        every = np.concatenate(read)
        first, last = (int(every.min()), int(every.max()) + 1) if len(every) else (0, 0)
        result.append(Layer(len(read), first, last))
    return tuple(result)
