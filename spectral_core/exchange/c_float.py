"""A network as C99 in float32 or float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_core.exchange.c_form import Form
from spectral_core.exchange.c_parts import activation, network_parts
from spectral_core.exchange.c_text import called_parts, size_of, substituted, table
from spectral_core.exchange.rows import Rows

HELPERS = (
    "bits", "number", "negative", "magnitude", "below", "beyond", "order", "exponential", "error_complement", "activation",
    "layer",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FloatForm(Form):
    """The numbers of a network in one floating-point type; `kind` is ``float`` or ``double``."""

    @classmethod
    def of(cls, rows: Rows, double: bool) -> FloatForm:
        """The form of fewer bytes; raises `InvalidInputError` for numbers out of range."""
        kind = "double" if double else "float"
        form = cls(rows.cast(np.float64 if double else np.float32), kind)
        if form.could_keep_all:
            wide = cls(form.rows.with_all_features(), kind)
            return wide if wide.flash_bytes < form.flash_bytes else form
        return form

    @property
    def weight_type(self) -> str:
        return self.kind

    @property
    def bias_type(self) -> str:
        return self.kind

    @property
    def buffer_type(self) -> str:
        return self.kind

    @property
    def buffered(self) -> bool:
        """Whether the inputs are copied into the buffer of the hidden neurons."""
        return self.sparse or self.joined or self.selected or self.rows.shift is not None

    @property
    def other_bytes(self) -> int:
        """The means that are taken off first.

        By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
        """
        return size_of(self.kind) * self.rows.n_used if self.rows.shift is not None else 0

    @property
    def n_slots(self) -> int:
        """Weights of the dense form; the first outputs that read nothing have none.

        By hand: counts bytes. Checked by test_c.test_a_class_without_weights_is_not_multiplied.
        """
        last = self.rows.layers[-1]
        return self.rows.n_slots - self.rows.n_constant_outputs * (last.last - last.first)

    @property
    def stored(self) -> list[np.ndarray]:
        """By row, the weights as the file has them."""
        rows = self.rows
        if self.sparse:
            return list(rows.weights)
        every = [row for matrix in rows.dense() for row in matrix]
        constant = range(rows.n_hidden, rows.n_hidden + rows.n_constant_outputs)
        return [row[:0] if k in constant else row for k, row in enumerate(every)]

    def tables(self) -> str:
        """The constant arrays."""
        rows, texts = self.rows, self.tables_of_places()
        if rows.shift is not None:
            texts.append(table(self.kind, "shift", rows.shift))
        numbers = [np.append(bias, row) for bias, row in zip(rows.bias, self.stored, strict=True)]
        texts.append(table(self.kind, "weight", np.concatenate(numbers)))
        return "\n".join(texts)

    @property
    def input_expression(self) -> str:
        """The k-th number that the network reads."""
        value = "input[feature[k]]" if self.selected else "input[k]"
        return value if self.rows.shift is None else f"{value} + shift[k]"

    def raw(self) -> str:
        """The function `net_raw`."""
        parts = network_parts(self.kind)
        if not self.sparse:
            return self._dense()
        part = parts["sparse" if self.rows.n_hidden else "sparse_outputs"]
        return substituted(part, {"GAP": self.gap, "INPUT": self.input_expression})

    def _dense(self) -> str:
        """`net_raw` in the dense form.

        By hand: only counts places. Checked by test_c.test_gcc_gives_the_bits_of_the_plain_reference.
        """
        rows, real = self.rows, self.kind
        n, buffered = rows.n_used, self.buffered
        lines = [f"void net_raw(const {real} input[NET_INPUTS], {real} output[NET_OUTPUTS])", "{"]
        size = n * buffered + rows.n_hidden
        if size:
            lines.append(f"    {real} x[{'NET_USED + ' * buffered}NET_HIDDEN];")
        lines.append(f"    const {real} *w = weight;")
        constant = rows.n_constant_outputs
        lines += ["    int k;"] * (size > 0 or constant > 0)
        if buffered:
            lines.append(f"    for (k = 0; k < NET_USED; k++) x[k] = {self.input_expression};")
        start = n * buffered
        for number, layer in enumerate(rows.layers):
            inside = layer.last > layer.first and (buffered or layer.first >= n)
            first = layer.first - (0 if buffered or not inside else n)
            source = (f"x + {first}" if first else "x") if inside else f"input + {first}" if first else "input"
            last = number == len(rows.layers) - 1
            target = "output" if last else f"x + {start}" if start else "x"
            if last and constant:
                lines.append(f"    for (k = 0; k < {constant}; k++) output[k] = *w++;")
                target = f"output + {constant}"
            count = layer.rows - constant * last
            call = f"layer(w, {source}, {layer.last - layer.first}, {target}, {count});"
            lines.append(f"    {call}" if last else f"    w = {call}")
            if not last:
                lines.append(f"    for (k = {start}; k < {start + layer.rows}; k++) x[k] = activation(x[k]);")
                start += layer.rows
        return "\n".join([*lines, "}"])

    def functions(self, classes: bool) -> str:
        """All functions, helpers first."""
        parts = network_parts(self.kind)
        public = [f"{COMMENTS['raw']}\n{self.raw()}"]
        if classes:
            public += [f"{COMMENTS[name]}\n{parts[name]}" for name in ("class", "probabilities")]
        text = "\n\n".join(public)
        if self.rows.n_hidden:
            parts["activation"] = activation(self.kind, self.rows.activation)
        helpers = {name: parts[name] for name in HELPERS if name in parts}
        return f"{called_parts(helpers, text)}\n\n{text}"


COMMENTS = {
    "raw": "/* output_k = z_k = b_k + sum over j of W_kj x_j, x_k = f(z_k) for hidden neurons. Theorem M7.direct. */",
    "class": "/* The number of the class, and all z in output; -1 where one of them is infinite or not a number. */",
    "probabilities": "/* The probability of every class: the softmax of z. Not a number where a z is infinite or none. */",
}
