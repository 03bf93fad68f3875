"""A network in integers as C99."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_core.exchange.c_form import Form
from spectral_core.exchange.c_text import called_parts, decimals, size_of, substituted, table
from spectral_core.exchange.integers import IntegerRows
from spectral_core.exchange.printed_c_integers import PARTS

HELPERS = ("sum", "sparse_sum", "relu", "curve")
COMMENTS = {
    "raw": "/* output_k = z_k = b_k + sum over j of W_kj x_j, x_k = f(z_k) for hidden neurons. Theorem M7.direct. */",
    "class": "/* The number of the class, and all z in output. */",
    "float": "/* Integers of inputs in the units of the data, cut off at what calibration has seen; what is not a number becomes "
    "-2047.\n   The only floating point here: it costs more than the network on a chip without. */",
}


@dataclass(frozen=True, eq=False)
class IntegerForm(Form):
    """The integers of a network."""

    net: IntegerRows

    @classmethod
    def of(cls, net: IntegerRows) -> IntegerForm:
        """The form of fewer bytes."""
        form = cls(net.rows, "int8", net)
        if form.could_keep_all:
            wide = cls(net.rows.with_all_features(), "int8", net)
            return wide if wide.flash_bytes < form.flash_bytes else form
        return form

    @property
    def weight_type(self) -> str:
        return "int8_t"

    @property
    def bias_type(self) -> str:
        """By hand: only counts places. Checked by test_c_int8.test_c_equals_the_integers_of_numpy."""
        return "int16_t" if np.abs(self.rows.bias).max() < 2**15 else "int32_t"

    @property
    def buffer_type(self) -> str:
        return "int16_t"

    @property
    def buffered(self) -> bool:
        """Whether the inputs are copied into the buffer of the hidden neurons."""
        return (self.sparse and self.rows.n_hidden > 0) or self.joined or self.selected

    @property
    def other_bytes(self) -> int:
        """The tables of activations.

        By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
        """
        return sum(size_of("int16_t") * len(step.entries) for step in self.net.steps)

    def tables(self) -> str:
        """The constant arrays."""
        unit = decimals(np.float32(self.net.unit))
        texts = [f"#define NET_UNIT {unit} /* one unit of output */", *self.tables_of_places()]
        for number, step in enumerate(self.net.steps, 1):
            if len(step.entries):
                texts.append(table("int16_t", f"curve_{number}", step.entries))
        texts.append(table(self.bias_type, "bias", self.rows.bias))
        numbers = self.rows.weights if self.sparse else [matrix.ravel() for matrix in self.rows.dense()]
        every = np.concatenate(numbers)
        texts.append(table("int8_t", "weight", every if len(every) else [0]))
        return "\n".join(texts)

    def raw(self) -> str:
        """The function `net_raw`.

        By hand: only counts places. Checked by test_c_int8.test_c_equals_the_integers_of_numpy.
        """
        rows, buffered = self.rows, self.buffered
        n, start = rows.n_used, rows.n_used * buffered
        lines = ["void net_raw(const int16_t input[NET_INPUTS], int32_t output[NET_OUTPUTS])", "{"]
        if buffered or rows.n_hidden:
            lines.append(f"    int16_t x[{'NET_USED + ' * buffered}NET_HIDDEN];")
        lines += ["    const int8_t *w = weight;", f"    const {self.bias_type} *b = bias;"]
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
        public = [f"{COMMENTS['raw']}\n{self.raw()}"]
        if classes:
            public.append(f"{COMMENTS['class']}\n{PARTS['class']}")
        floats = [
            table("float", "factor", self.net.factor),
            table("float", "shift", self.net.shift),
            f"{COMMENTS['float']}\n{PARTS['float']}",
        ]
        text = "\n\n".join([*public, "\n".join(floats)])
        helpers = {name: substituted(PARTS[name], {"GAP": self.gap}) for name in HELPERS}
        return f"{called_parts(helpers, text)}\n\n{text}"
