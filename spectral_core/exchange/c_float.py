"""A network as C99 in float32 or float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_core.errors import InvalidInputError
from spectral_core.exchange.c_text import needed, size_of, spliced, table, unsigned
from spectral_core.exchange.printed_c import ACTIVATIONS, PARTS
from spectral_core.exchange.rows import Rows

HELPERS = ("bits", "number", "negative", "magnitude", "below", "beyond", "order", "exponential", "activation", "layer")


SPARE = 2
"""In the sparse form features that are not read keep their places, which saves their table, as long as the buffer is at most
this many times longer."""


@dataclass(frozen=True, eq=False)
class FloatForm:
    """The numbers of a network in one floating-point type, and which form holds them in fewer bytes."""

    rows: Rows
    kind: str

    @classmethod
    def of(cls, rows: Rows, double: bool) -> FloatForm:
        """Raises `InvalidInputError` for an activation without a C form, or numbers out of range.

        By hand: counts bytes. Checked by test_c.test_decimals_read_back_and_the_smaller_form_is_taken.
        """
        kind = "double" if double else "float"
        if rows.n_hidden and rows.activation not in ACTIVATIONS[kind]:
            known = ", ".join(ACTIVATIONS[kind])
            raise InvalidInputError(
                f"{rows.activation} has no C form without libm; there are {known}, and tables for all of them with int8"
            )
        form = cls(rows.cast(np.float64 if double else np.float32), kind)
        if form.sparse and form.selected and rows.n_features <= SPARE * rows.n_used:
            wide = cls(form.rows.spread(), kind)
            return wide if wide.sparse and wide.constant_bytes < form.constant_bytes else form
        return form

    @property
    def gap(self) -> str:
        return unsigned(self.rows.gaps())

    @property
    def count(self) -> str:
        return unsigned(np.array([len(row) for row in self.rows.weights]))

    @property
    def dense_bytes(self) -> int:
        """Constants of the dense form, biases included.

        By hand: counts bytes. Checked by test_c.test_decimals_read_back_and_the_smaller_form_is_taken.
        """
        return size_of(self.kind) * (self.rows.n_slots + len(self.rows.bias))

    @property
    def sparse_bytes(self) -> int:
        """Constants of the sparse form.

        By hand: counts bytes. Checked by test_c.test_decimals_read_back_and_the_smaller_form_is_taken.
        """
        rows = self.rows
        numbers = size_of(self.kind) * (rows.n_weights + len(rows.bias))
        return numbers + size_of(self.gap) * rows.n_weights + size_of(self.count) * len(rows.bias)

    @property
    def sparse(self) -> bool:
        return self.sparse_bytes < self.dense_bytes

    @property
    def selected(self) -> bool:
        """Whether the features that are read are named one by one."""
        return not np.array_equal(self.rows.features, np.arange(self.rows.n_used))

    @property
    def buffered(self) -> bool:
        """Whether the inputs are copied into the buffer of the hidden neurons."""
        split = self.rows.n_used
        joined = any(layer.first < split < layer.last for layer in self.rows.layers)
        return self.sparse or joined or self.selected or self.rows.shift is not None

    @property
    def constant_bytes(self) -> int:
        """All constants of the file, labels apart.

        By hand: counts bytes. Checked by test_c.test_decimals_read_back_and_the_smaller_form_is_taken.
        """
        rows = self.rows
        extra = size_of(unsigned(rows.features)) * rows.n_used if self.selected else 0
        extra += size_of(self.kind) * rows.n_used if rows.shift is not None else 0
        return (self.sparse_bytes if self.sparse else self.dense_bytes) + extra

    @property
    def buffer_bytes(self) -> int:
        """The buffer on the stack.

        By hand: counts bytes. Checked by test_footprint.test_flash_and_memory_are_bounded.
        """
        return size_of(self.kind) * (self.rows.n_used * self.buffered + self.rows.n_hidden)

    def tables(self) -> str:
        """The constant arrays."""
        rows = self.rows
        texts = []
        if self.selected:
            texts.append(table(unsigned(rows.features), "feature", rows.features))
        if rows.shift is not None:
            texts.append(table(self.kind, "shift", rows.shift))
        if self.sparse:
            numbers = [np.append(bias, row) for bias, row in zip(rows.bias, rows.weights, strict=True)]
            texts.append(table(self.count, "count", [len(row) for row in rows.weights]))
            texts.append(table(self.gap, "gap", rows.gaps(), "" if rows.n_weights else "1"))
        else:
            every = [row for matrix in rows.dense() for row in matrix]
            numbers = [np.append(bias, row) for bias, row in zip(rows.bias, every, strict=True)]
        texts.append(table(self.kind, "weight", np.concatenate(numbers)))
        return "\n".join(texts)

    @property
    def given(self) -> str:
        """The k-th number that the network reads."""
        value = "input[feature[k]]" if self.selected else "input[k]"
        return value if self.rows.shift is None else f"{value} + shift[k]"

    def raw(self) -> str:
        """The function `net_raw`."""
        parts = PARTS[self.kind]
        if not self.sparse:
            return self._dense()
        text = spliced(parts["sparse"], {"GAP": self.gap, "INPUT": self.given})
        if not self.rows.n_hidden:  # every row is an output
            head, tail = text.split("        if (k >= NET_HIDDEN) {")
            text = head + "        output[k] = z;\n    }\n}"
            del tail
        return text

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
        lines += ["    int k;"] * (size > 0)
        if buffered:
            lines.append(f"    for (k = 0; k < NET_USED; k++) x[k] = {self.given};")
        start = n * buffered
        for number, layer in enumerate(rows.layers):
            inside = layer.last > layer.first and (buffered or layer.first >= n)
            first = layer.first - (0 if buffered or not inside else n)
            source = (f"x + {first}" if first else "x") if inside else f"input + {first}" if first else "input"
            last = number == len(rows.layers) - 1
            target = "output" if last else f"x + {start}" if start else "x"
            call = f"layer(w, {source}, {layer.last - layer.first}, {target}, {layer.rows});"
            lines.append(f"    {call}" if last else f"    w = {call}")
            if not last:
                lines.append(f"    for (k = {start}; k < {start + layer.rows}; k++) x[k] = activation(x[k]);")
                start += layer.rows
        return "\n".join([*lines, "}"])

    def functions(self, classes: bool) -> str:
        """All functions, helpers first."""
        parts = dict(PARTS[self.kind])
        public = [f"{SAYS['raw']}\n{self.raw()}"]
        if classes:
            public += [f"{SAYS[name]}\n{parts[name]}" for name in ("class", "probabilities")]
        text = "\n\n".join(public)
        if self.rows.n_hidden:
            parts["activation"] = ACTIVATIONS[self.kind][self.rows.activation]
        helpers = {name: parts[name] for name in HELPERS if name in parts}
        return f"{needed(helpers, text)}\n\n{text}"


SAYS = {
    "raw": "/* output_k = z_k = b_k + sum over j of W_kj x_j, x_k = f(z_k) for hidden neurons. Theorem M7.direct. */",
    "class": "/* The number of the class, and all z in output; -1 where one of them is infinite or not a number. */",
    "probabilities": "/* The probability of every class: the softmax of z. Not a number where a z is infinite or none. */",
}
