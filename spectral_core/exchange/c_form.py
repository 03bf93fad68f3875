"""What the C files in floating point and in integers share: which layout holds the numbers in fewer bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from spectral_core.exchange.c_text import size_of, table, unsigned
from spectral_core.exchange.rows import Rows

BUFFER_GROWTH = 2
"""Features that are not read keep their places where that takes fewer bytes than the table of the others, as long as the buffer is at most
this many times longer."""
COPY = 24
"""Bytes of code of the loop that copies the inputs into the buffer."""


@dataclass(frozen=True, eq=False)
class Form(ABC):
    """The rows of a network as a C file holds them."""

    rows: Rows
    kind: str

    @property
    @abstractmethod
    def weight_type(self) -> str:
        """The type of a weight."""

    @property
    @abstractmethod
    def bias_type(self) -> str:
        """The type of a bias."""

    @property
    @abstractmethod
    def buffer_type(self) -> str:
        """The type of an input and of an activation."""

    @property
    @abstractmethod
    def buffered(self) -> bool:
        """Whether the inputs are copied into the buffer of the hidden neurons."""

    @property
    @abstractmethod
    def other_bytes(self) -> int:
        """Constants beside weights, biases and their places."""

    @property
    def gap(self) -> str:
        return unsigned(self.rows.gaps())

    @property
    def count(self) -> str:
        return unsigned(np.array([len(row) for row in self.rows.weights]))

    @property
    def bias_bytes(self) -> int:
        return size_of(self.bias_type) * len(self.rows.bias)

    @property
    def dense_bytes(self) -> int:
        """Constants of the dense form, biases included.

        By hand: counts bytes. Checked by test_c.test_decimals_read_back_and_the_smaller_form_is_taken.
        """
        return size_of(self.weight_type) * self.n_slots + self.bias_bytes

    @property
    def n_slots(self) -> int:
        """Weights of the dense form, zeros included."""
        return self.rows.n_slots

    @property
    def sparse_bytes(self) -> int:
        """Constants of the sparse form.

        By hand: counts bytes. Checked by test_c.test_decimals_read_back_and_the_smaller_form_is_taken.
        """
        of_weight = size_of(self.weight_type) + size_of(self.gap)
        return of_weight * self.rows.n_weights + size_of(self.count) * len(self.rows.bias) + self.bias_bytes

    @property
    def sparse(self) -> bool:
        return self.sparse_bytes < self.dense_bytes

    @property
    def selected(self) -> bool:
        """Whether the features that are read are named one by one."""
        return not np.array_equal(self.rows.features, np.arange(self.rows.n_used))

    @property
    def joined(self) -> bool:
        """Whether a layer reads inputs and hidden neurons side by side."""
        return any(layer.first < self.rows.n_used < layer.last for layer in self.rows.layers)

    @property
    def constant_bytes(self) -> int:
        """All constants of `NAME_raw`.

        By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
        """
        names = size_of(unsigned(self.rows.features)) * self.rows.n_used if self.selected else 0
        return (self.sparse_bytes if self.sparse else self.dense_bytes) + names + self.other_bytes

    @property
    def buffer_bytes(self) -> int:
        """The buffer on the stack.

        By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
        """
        return size_of(self.buffer_type) * (self.rows.n_used * self.buffered + self.rows.n_hidden)

    @property
    def could_keep_all(self) -> bool:
        """Whether a place for every feature may be worth its room in the buffer.

        By hand: counts bytes. Checked by test_c.test_gcc_gives_the_bits_of_the_plain_reference.
        """
        return self.selected and self.rows.n_features <= BUFFER_GROWTH * self.rows.n_used

    @property
    def flash_bytes(self) -> int:
        """Constants, and the code that copies the inputs.

        By hand: counts bytes. Checked by test_c_int8.test_a_feature_without_weights_does_not_cost_a_copy.
        """
        return self.constant_bytes + COPY * self.buffered

    def tables_of_places(self) -> list[str]:
        """The constant arrays that say which neuron a weight comes from."""
        texts = []
        if self.selected:
            texts.append(table(unsigned(self.rows.features), "feature", self.rows.features))
        if self.sparse:
            texts.append(table(self.count, "count", [len(row) for row in self.rows.weights]))
            texts.append(table(self.gap, "gap", self.rows.gaps()))
        return texts
