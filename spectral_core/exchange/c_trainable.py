"""A network as C99 whose weights a device adapts: the adjoint and one step of gradient descent beside the predictions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from spectral_core.data.scaling import Scaling
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.c_float import COMMENTS, HELPERS, FloatForm
from spectral_core.exchange.c_parts import activation_with_slope, network_parts, training_parts
from spectral_core.exchange.c_text import called_parts, decimals, size_of, substituted, table, unsigned
from spectral_core.exchange.calibration import Model
from spectral_core.exchange.network_rows import has_constant, rows_of
from spectral_core.networks.predictor import Predictor

TARGETS = {
    "classification": (
        "int label",
        "if (label < 0 || label >= NET_OUTPUTS) return;\n    gradient(dz, label);",
        "cross_entropy",
    ),
    "regression": ("const REAL target[NET_OUTPUTS]", "gradient(dz, target);", "squared_error"),
    "multilabel": ("const REAL target[NET_OUTPUTS]", "gradient(dz, target);", "binary_cross_entropy"),
}
"""By task: the target of a sample, the statements that make the gradient of the loss, and the loss."""
TRAIN = (
    "/* One step of gradient descent for one sample, w = w - rate (gradient of the loss); with all = 0 of the last layer alone.\n"
    "   {what} Theorems M8.direct, O.sgd. */"
)
WHAT = {
    "classification": "label: the number of the class; of any other number nothing is learnt.",
    "regression": "target: in the units of the data.",
    "multilabel": "target: 0 or 1 for each label.",
}


@dataclass(frozen=True, eq=False)
class TrainableForm(FloatForm):
    """The numbers of a network in the units of its training.

    inputs, outputs : the scaling of the features that are read and of the targets; None where there is none. constant : whether
    neurons have biases. task : of `TARGETS`.
    """

    inputs: Scaling | None
    outputs: Scaling | None
    constant: bool
    task: str

    @classmethod
    def of_model(cls, model: Model, double: bool) -> TrainableForm:
        """Raises `InvalidInputError` for numbers out of range.

        By hand: looks at scalings alone. Checked by test_c_training.test_a_step_is_that_of_the_kernels.
        """
        kind, dtype = ("double", np.float64) if double else ("float", np.float32)
        if not isinstance(model, Predictor):
            rows = rows_of(model, folded=False).cast(dtype)
            return cls(rows, kind, None, None, has_constant(model), "regression")
        outputs = model.outputs if model.task == "regression" else Scaling.none(1)
        bare = replace(model, outputs=Scaling.none(model.network.widths[-1]))
        rows = rows_of(bare, folded=False).cast(dtype)
        read = Scaling(model.inputs.mean[rows.features], model.inputs.deviation[rows.features])
        inputs, targets = (None if not s.mean.any() and (s.deviation == 1).all() else s for s in (read, outputs))
        return cls(rows, kind, inputs, targets, has_constant(model.network), model.task)

    @property
    def buffered(self) -> bool:
        return True

    @property
    def full(self) -> bool:
        """Whether every row reads all places between its first and its last: then their numbers are left out."""
        return self.rows.n_weights == self.rows.n_slots

    @property
    def sparse(self) -> bool:
        """The weights that are there are trained, and no others."""
        return not self.full

    @property
    def firsts(self) -> list[int]:
        """By row, the first place that it reads."""
        return [layer.first for layer in self.rows.layers for _ in range(layer.rows)]

    @property
    def data_bytes(self) -> int:
        """The weights, which training changes.

        By hand: counts bytes. Checked by test_c_training.test_bytes_are_counted.
        """
        return size_of(self.kind) * (self.rows.n_weights + len(self.rows.bias))

    @property
    def constant_bytes(self) -> int:
        """What flash holds: the first weights, and all constants.

        By hand: counts bytes. Checked by test_c_training.test_bytes_are_counted.
        """
        rows = self.rows
        places = (
            size_of(unsigned(np.array(self.firsts))) * len(rows.bias)
            if self.full
            else size_of(self.gap) * rows.n_weights
        )
        scalings = sum(2 * size_of(self.kind) * len(s.mean) for s in (self.inputs, self.outputs) if s is not None)
        scalings += size_of(self.kind) * rows.n_outputs if self.outputs is not None else 0
        names = size_of(unsigned(rows.features)) * rows.n_used if self.selected else 0
        return self.data_bytes + places + size_of(self.count) * len(rows.bias) + scalings + names

    @property
    def training_bytes(self) -> int:
        """The buffers on the stack of a step.

        By hand: counts bytes. Checked by test_c_training.test_bytes_are_counted.
        """
        return size_of(self.kind) * (self.rows.n_used + 3 * self.rows.n_hidden + 2 + self.rows.n_outputs)

    @property
    def input_expression(self) -> str:
        """The k-th number that the network reads."""
        value = "input[feature[k]]" if self.selected else "input[k]"
        return value if self.inputs is None else f"({value} + shift[k]) * factor[k]"

    def tables(self) -> str:
        """The constant arrays, and the weights."""
        rows, texts = self.rows, []
        if self.selected:
            texts.append(table(unsigned(rows.features), "feature", rows.features))
        texts.append(table(self.count, "count", [len(row) for row in rows.weights]))
        if self.full:
            texts.append(table(unsigned(np.array(self.firsts)), "first", self.firsts))
        else:
            texts.append(table(self.gap, "gap", rows.gaps()))
        if self.inputs is not None:
            texts += [self._numbers("shift", -self.inputs.mean), self._numbers("factor", 1 / self.inputs.divisor)]
        if self.outputs is not None:
            texts += [self._numbers("mean", self.outputs.mean), self._numbers("deviation", self.outputs.deviation)]
            texts.append(self._numbers("inverse", 1 / self.outputs.divisor))
        numbers = np.concatenate([np.append(bias, row) for bias, row in zip(rows.bias, rows.weights, strict=True)])
        weights = table(self.kind, "net_weight", numbers, "NET_WEIGHTS").removeprefix("static const ")
        texts.append(f"enum {{ NET_WEIGHTS = {len(numbers)} }};")
        texts.append(f"/* By row the bias, then the weights; a device may keep them and put them back. */\n{weights}")
        return "\n".join(texts)

    def _numbers(self, name: str, values: np.ndarray) -> str:
        """A table of a scaling; raises `InvalidInputError` for a number that the type cannot hold.

        By hand: looks at sizes alone. Checked by test_c_training.test_wrong_requests_for_training_are_one_clear_line.
        """
        limits = np.finfo(np.float64 if self.kind == "double" else np.float32)
        sizes = np.abs(values[values != 0])
        if len(sizes) and (sizes.max() > limits.max or sizes.min() < limits.tiny):
            raise InvalidInputError(
                f"a {name} of the scaling is no normal {limits.dtype} number; scale the data before the training"
            )
        return table(self.kind, name, values.astype(limits.dtype))

    def functions(self, classes: bool) -> str:
        """All functions, helpers first."""
        parts, of_training = network_parts(self.kind), training_parts(self.kind)
        raw = of_training["raw_in_units" if self.outputs is not None else "raw"]
        public = [f"{COMMENTS['raw']}\n{raw}"]
        if classes:
            public += [f"{COMMENTS[name]}\n{parts[name]}" for name in ("class", "probabilities")]
        public.append(f"{TRAIN.format(what=WHAT[self.task])}\n{of_training['train']}")
        words = self.words()
        text = _filled("\n\n".join(public), words)
        helpers = {name: parts[name] for name in HELPERS if name in parts}
        own = {
            "positive": of_training["positive"],
            "activation": activation_with_slope(self.kind, self.rows.activation),
        }
        own |= {"forward": of_training["forward"], "gradient": of_training[TARGETS[self.task][2]]}
        helpers.pop("activation", None)
        helpers.pop("layer")
        every = {name: _filled(text, words) for name, text in (helpers | own).items()}
        return f"{called_parts(every, text)}\n\n{text}"

    def words(self) -> dict[str, str]:
        """What the words of the printed parts stand for in this network.

        By hand: only counts places. Checked by test_c_training.test_a_step_has_the_bits_of_the_plain_reference.
        """
        target, gradient, _ = TARGETS[self.task]
        real = np.float64 if self.kind == "double" else np.float32
        full = {
            "START": "first[k]", "NEXT_PLACE": "place++;", "NEXT_GAP": "", "THIS_GAP": "", "FIRST_GAP": "", "LAST_GAP": "", "ROW_GAP": "",
        }  # fmt: skip
        sparse = {
            "START": "0", "NEXT_PLACE": "", "NEXT_GAP": "place += *g++;", "THIS_GAP": "place += g[j];", "ROW_GAP": "g -= left;",
            "FIRST_GAP": f"const {self.gap} *g = gap;", "LAST_GAP": f"const {self.gap} *g = gap + {self.rows.n_weights};",
        }  # fmt: skip
        places = full if self.full else sparse
        return {
            "TARGET": target.replace("REAL", self.kind),
            "GRADIENT": gradient,
            "SCALED": "target[k]" if self.outputs is None else "(target[k] + negative(mean[k])) * inverse[k]",
            "SHARE": decimals(real(1 / self.rows.n_outputs)),
            "INPUT": self.input_expression,
            "OWN_STEP": training_parts(self.kind)["bias"] if self.constant else "",
            **places,
        }


def _filled(text: str, words: dict[str, str]) -> str:
    """A text with its words, without the lines of words that stand for nothing."""
    return re.sub(r"\n +(?=\n)", "", substituted(text, words))
