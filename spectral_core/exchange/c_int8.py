"""A network in integers as C99."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from spectral_core.exchange.c_float import SPARE
from spectral_core.exchange.c_text import decimals, needed, size_of, spliced, table, unsigned
from spectral_core.exchange.integers import IntegerRows
from spectral_core.exchange.printed_c import PARTS

HELPERS = ("sum", "sparse_sum", "relu", "curve")
SAYS = {
    "raw": "/* output_k = z_k = b_k + sum over j of W_kj x_j, x_k = f(z_k) for hidden neurons. Theorem M7.direct. */",
    "class": "/* The number of the class, and all z in output. */",
    "float": "/* Integers of inputs in the units of the data, cut off at what calibration has seen; what is not a number becomes "
    "-2047.\n   The only floating point here: it costs more than the network on a chip without. */",
}


@dataclass(frozen=True, eq=False)
class IntegerForm:
    """The integers of a network, and which form holds them in fewer bytes."""

    net: IntegerRows
    kind: str = "int8"

    @classmethod
    def of(cls, net: IntegerRows) -> IntegerForm:
        """The form of fewer bytes.

        By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
        """
        form = cls(net)
        if form.sparse and form.selected and net.rows.n_features <= SPARE * net.rows.n_used:
            wide = cls(replace(net, rows=net.rows.spread()))
            return wide if wide.sparse and wide.constant_bytes < form.constant_bytes else form
        return form

    @cached_property
    def stored(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """By row, the weights that are not 0 and their senders."""
        rows = self.net.rows
        return [(w[w != 0], senders[w != 0]) for w, senders in zip(rows.weights, rows.senders, strict=True)]

    @cached_property
    def gaps(self) -> np.ndarray:
        """Distances between the senders of a row, as in `Rows.gaps`.

        By hand: only counts places. Checked by test_c_int8.test_c_equals_the_integers_of_numpy.
        """
        return np.concatenate([np.diff(senders, prepend=0) for _, senders in self.stored])

    @property
    def n_weights(self) -> int:
        return sum(len(weights) for weights, _ in self.stored)

    @property
    def gap(self) -> str:
        return unsigned(self.gaps)

    @property
    def count(self) -> str:
        return unsigned(np.array([len(weights) for weights, _ in self.stored]))

    @property
    def bias(self) -> str:
        """The type of a bias.

        By hand: only counts places. Checked by test_c_int8.test_c_equals_the_integers_of_numpy.
        """
        return "int16_t" if np.abs(self.net.rows.bias).max() < 2**15 else "int32_t"

    @property
    def bias_bytes(self) -> int:
        return size_of(self.bias) * len(self.net.rows.bias)

    @property
    def dense_bytes(self) -> int:
        return self.net.rows.n_slots + self.bias_bytes

    @property
    def sparse_bytes(self) -> int:
        """Constants of the sparse form.

        By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
        """
        pairs = self.n_weights * (1 + size_of(self.gap))
        return pairs + size_of(self.count) * len(self.net.rows.bias) + self.bias_bytes

    @property
    def sparse(self) -> bool:
        return self.sparse_bytes < self.dense_bytes

    @property
    def selected(self) -> bool:
        return not np.array_equal(self.net.rows.features, np.arange(self.net.rows.n_used))

    @property
    def buffered(self) -> bool:
        """Whether the inputs are copied into the buffer of the hidden neurons."""
        rows = self.net.rows
        joined = any(layer.first < rows.n_used < layer.last for layer in rows.layers)
        return (self.sparse and rows.n_hidden > 0) or joined or self.selected

    @property
    def constant_bytes(self) -> int:
        """All constants but labels and those of the function for floating-point inputs.

        By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
        """
        rows = self.net.rows
        extra = size_of(unsigned(rows.features)) * rows.n_used if self.selected else 0
        extra += sum(2 * len(step.entries) for step in self.net.steps)
        return (self.sparse_bytes if self.sparse else self.dense_bytes) + extra

    @property
    def buffer_bytes(self) -> int:
        """The buffer on the stack.

        By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
        """
        return 2 * (self.net.rows.n_used * self.buffered + self.net.rows.n_hidden)

    def tables(self) -> str:
        """The constant arrays."""
        rows, texts = (
            self.net.rows,
            [f"#define NET_UNIT {decimals(np.float32(self.net.unit))} /* one unit of output */"],
        )
        if self.selected:
            texts.append(table(unsigned(rows.features), "feature", rows.features))
        for number, step in enumerate(self.net.steps, 1):
            if len(step.entries):
                texts.append(table("int16_t", f"curve_{number}", step.entries))
        texts.append(table(self.bias, "bias", rows.bias))
        if self.sparse:
            texts.append(table(self.count, "count", [len(weights) for weights, _ in self.stored]))
            texts.append(table(self.gap, "gap", self.gaps))
            numbers = np.concatenate([weights for weights, _ in self.stored])
        else:
            numbers = np.concatenate([matrix.ravel() for matrix in rows.dense()])
        texts.append(table("int8_t", "weight", numbers if len(numbers) else [0]))
        return "\n".join(texts)

    def raw(self) -> str:
        """The function `net_raw`.

        By hand: only counts places. Checked by test_c_int8.test_c_equals_the_integers_of_numpy.
        """
        rows, buffered = self.net.rows, self.buffered
        n, start = rows.n_used, rows.n_used * buffered
        lines = ["void net_raw(const int16_t input[NET_INPUTS], int32_t output[NET_OUTPUTS])", "{"]
        if buffered or rows.n_hidden:
            lines.append(f"    int16_t x[{'NET_USED + ' * buffered}NET_HIDDEN];")
        lines += ["    const int8_t *w = weight;", f"    const {self.bias} *b = bias;"]
        if self.sparse:
            lines += [f"    const {self.count} *n = count;", f"    const {self.gap} *g = gap;"]
        lines.append("    int k;")
        if buffered:
            lines.append(f"    for (k = 0; k < NET_USED; k++) x[k] = input[{'feature[k]' if self.selected else 'k'}];")
        for number, layer in enumerate(rows.layers):
            hidden = number < len(rows.layers) - 1
            inside = layer.last > layer.first and (buffered or layer.first >= n)
            first = 0 if self.sparse else layer.first
            first -= n if inside and not buffered else 0
            source = f"{'x' if inside else 'input'}{f' + {first}' if first else ''}"
            width = layer.last - layer.first
            if self.sparse:
                value, moves = f"sparse_sum(w, g, {source}, *n, *b)", "w += *n, g += *n, n++, b++"
            else:
                value, moves = f"sum(w, {source}, {width}, *b)", f"w += {width}, b++"
            left = f"x[{start} + k]" if start else "x[k]"
            text = f"{left} = {self._activated(number, value)};" if hidden else f"output[k] = {value};"
            lines.append(f"    for (k = 0; k < {layer.rows}; k++, {moves}) {text}")
            start += layer.rows
        return "\n".join([*lines, "}"])

    def _activated(self, number: int, value: str) -> str:
        step = self.net.steps[number]
        if not len(step.entries):
            return f"relu({value}, {step.shift})"
        return f"curve({value}, curve_{number + 1}, {step.low}, {step.shift}, {len(step.entries) - 1})"

    def functions(self, classes: bool) -> str:
        """All functions, helpers first."""
        parts = dict(PARTS["int8"])
        public = [f"{SAYS['raw']}\n{self.raw()}"]
        if classes:
            public.append(f"{SAYS['class']}\n{parts['class']}")
        floats = [
            table("float", "factor", self.net.factor),
            table("float", "shift", self.net.shift),
            f"{SAYS['float']}\n{parts['float']}",
        ]
        text = "\n\n".join([*public, "\n".join(floats)])
        helpers = {name: spliced(parts[name], {"GAP": self.gap}) for name in HELPERS}
        return f"{needed(helpers, text)}\n\n{text}"
