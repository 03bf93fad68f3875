"""An image network as C99: its compact form, step by step, in float32 or float64."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spectral_core import __version__
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.c_parts import image_parts, network_parts
from spectral_core.exchange.c_text import called_parts, comment, decimals, labels_function, renamed, size_of, table
from spectral_core.exchange.printed_c_network import PARTS
from spectral_core.kernels.support import rooms
from spectral_core.kernels.support.image_layout import KINDS
from spectral_core.networks.compact_image import ABSENT, CompactImageNetwork, Step
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.image_model import ImageModel
from spectral_core.wording import counted

FAR = 64
"""Deviations from 0 from which on a mean takes too many digits of a x + b."""
ImageNet = ImageNetwork | CompactImageNetwork | ImageModel
COMMENTS = {
    "raw": "/* The logits of an image: channel after channel, row after row, in the numbers that the model was trained on. */",
    "class": "/* The number of the class, and all logits in output; -1 where one of them is infinite or not a number. */",
    "probabilities": "/* The probability of every class: the softmax of the logits. */",
}


@dataclass(frozen=True, eq=False)
class ImageForm:
    """A compact image network, and a and b of a x + b through which its first step reads each channel of an image."""

    net: CompactImageNetwork
    kind: str
    scale: np.ndarray
    shift: np.ndarray

    @classmethod
    def of(cls, model: ImageNet, double: bool) -> ImageForm:
        """The form of a model; raises `InvalidInputError` for numbers out of the range of the type.

        By hand: the scale of pictures. Checked by test_c_images.test_raw_images_are_scaled_as_the_model_scales_them.
        """
        network = model.network if isinstance(model, ImageModel) else model
        net = network if isinstance(network, CompactImageNetwork) else network.compact()
        channels = net.image[0]
        scale, shift = np.ones(channels), np.zeros(channels)
        if isinstance(model, ImageModel) and len(model.means):
            means, deviations = (values.astype(np.float64) for values in (model.means, model.deviations))
            if far := np.flatnonzero(np.abs(means) > FAR * deviations).tolist():
                raise InvalidInputError(
                    f"channel {far[0]} has the mean {means[far[0]]:g} and the deviation {deviations[far[0]]:g}: a C file reads a x + b of a "
                    f"pixel, which would lose its digits where the mean is more than {FAR} deviations from 0"
                )
            scale, shift = 1 / deviations, -means / deviations
        if isinstance(model, ImageModel):
            scale = scale / (model.divisor or 1.0)
        form = cls(net, "double" if double else "float", scale, shift)
        with np.errstate(over="ignore"):
            arrays = form.arrays
            factors = [form.real(step.factor) for step in net.steps]
        wrong = [f"array {k} has a number" for k, array in enumerate(arrays) if not np.isfinite(array).all()]
        wrong += [f"step {k} has a factor" for k, factor in enumerate(factors) if not np.isfinite(factor)]
        if wrong:
            raise InvalidInputError(
                f"{wrong[0]} beyond the range of {form.kind}; arrays and steps are those of the compact network"
            )
        return form

    @property
    def real(self) -> type[np.floating]:
        return np.float64 if self.kind == "double" else np.float32

    @cached_property
    def arrays(self) -> list[np.ndarray]:
        """Every array as the file has it: those of the network, then a and b of the image."""
        return [array.ravel().astype(self.real) for array in (*self.net.arrays, self.scale, self.shift)]

    @cached_property
    def starts(self) -> list[int]:
        """Where each array begins."""
        return [0, *np.cumsum([array.size for array in self.arrays]).tolist()]

    @property
    def widest(self) -> int:
        """The greatest number of channels that are held at once."""
        return max(channels for channels, _, _ in self.net.planes)

    def touched(self, step: Step) -> list[int]:
        """The planes that a step reads and writes; what nothing has reached before is read as zeros."""
        return [plane for plane in (step.sender, step.receiver) if plane >= 0]

    @cached_property
    def places(self) -> tuple[list[int], int]:
        """Where each plane lies in the buffer, and its size: a plane takes the room of those that no step reads any more.

        By hand: places of storage. Checked by test_c_images.test_planes_that_are_needed_at_once_do_not_overlap.
        """
        net, last = self.net, len(self.net.steps)
        begins = {
            plane: number for number, step in reversed(list(enumerate(net.steps))) for plane in self.touched(step)
        }
        ends = {step.sender: number for number, step in enumerate(net.steps) if step.kind != KINDS["stem"]}
        ends[net.output], begins[net.output] = last, begins.get(net.output, last)
        used = sorted(begins)
        lives = [(begins[plane], max(begins[plane], ends.get(plane, -1))) for plane in used]
        found, size = rooms.places([int(np.prod(net.planes[plane])) for plane in used], lives)
        places = [0] * len(net.planes)
        for plane, place in zip(used, found, strict=True):
            places[plane] = place
        return places, size

    @property
    def constant_bytes(self) -> int:
        """Bytes of the table of numbers.

        By hand: counts bytes. Checked by test_c_images.test_the_head_says_what_it_takes.
        """
        return self.starts[-1] * size_of(self.kind)

    @property
    def buffer_bytes(self) -> int:
        """Bytes of the planes.

        By hand: counts bytes. Checked by test_c_images.test_the_head_says_what_it_takes.
        """
        return self.places[1] * size_of(self.kind)

    def sizes(self) -> str:
        """The constants of the file."""
        channels, rows, columns = self.net.image
        sizes: dict[str, object] = {
            "CHANNELS": channels, "ROWS": rows, "COLUMNS": columns, "INPUTS": "NET_CHANNELS * NET_ROWS * NET_COLUMNS",
            "OUTPUTS": self.net.classes, "NUMBERS": self.places[1], "WIDEST": self.widest,
            **{name.upper(): KINDS[name] for name in ("link", "max", "mean")},
        }  # fmt: skip
        return f"enum {{ {', '.join(f'NET_{name} = {size}' for name, size in sizes.items())} }};"

    def tables(self) -> str:
        """The numbers of the network."""
        return table(self.kind, "weight", np.concatenate(self.arrays))

    def array(self, number: int) -> str:
        """Where an array begins; 0 where there is none."""
        return "0" if number == ABSENT else f"weight + {self.starts[number]}"

    def call(self, step: Step, places: list[int]) -> str:
        """The call of one step.

        By hand: places of storage. Checked by test_c_images.test_gcc_computes_what_the_compact_network_computes.
        """
        channels, rows, columns = self.net.planes[step.receiver]
        target, receiving = f"x + {places[step.receiver]}", f"{channels}, {rows}, {columns}"
        bias, matrix = self.array(step.bias), self.array(step.matrix)
        if step.kind == KINDS["stem"]:
            read = ", ".join(map(str, self.net.image))
            count = len(self.net.arrays)
            affine = f"{self.array(count)}, {self.array(count + 1)}"
            return f"stem(input, {read}, {target}, {channels}, {affine}, {matrix}, {bias});"
        read = ", ".join([f"x + {places[step.sender]}", *map(str, self.net.planes[step.sender])])
        affine = f"{self.array(step.scale)}, {self.array(step.shift)}"
        if step.kind >= KINDS["link"]:
            factor = decimals(self.real(step.factor))
            return f"pool({step.kind}, {read}, {target}, {rows}, {columns}, {step.stride}, {affine}, {factor});"
        window = f"{step.taps}, {step.dilation}, {step.stride}, {int(step.relu)}"
        kernel = self.array(step.kernel)
        return f"convolve({read}, {target}, {receiving}, {window}, {affine}, {kernel}, {matrix}, {bias});"

    def raw(self) -> str:
        """The function `net_raw`: the steps in their order, each plane cleared before its first."""
        net, (places, _) = self.net, self.places
        lines, cleared = [], set[int]()
        if all(step.kind != KINDS["stem"] for step in net.steps):
            lines.append("(void)input;")  # nothing of the image arrives

        def clear(plane: int) -> None:
            if plane not in cleared:
                cleared.add(plane)
                lines.append(f"clear(x + {places[plane]}, {int(np.prod(net.planes[plane]))});")

        for step in net.steps:
            for plane in self.touched(step):
                clear(plane)
            lines.append(self.call(step, places))
        clear(net.output)
        count = len(net.arrays)
        planes = ", ".join(map(str, net.planes[net.output]))
        last = f"{self.array(count - 2)}, {self.array(count - 1)}"
        lines.append(f"classifier(x + {places[net.output]}, {planes}, {last}, output);")
        body = "\n".join(f"    {line}" for line in lines)
        head = f"void net_raw(const {self.kind} input[NET_INPUTS], {self.kind} output[NET_OUTPUTS])"
        return f"{head}\n{{\n    static {self.kind} x[NET_NUMBERS];\n{body}\n}}"

    def functions(self) -> str:
        """All functions, helpers first."""
        parts = network_parts(self.kind)
        public = [f"{COMMENTS['raw']}\n{self.raw()}"]
        public += [f"{COMMENTS[name]}\n{parts[name]}" for name in ("class", "probabilities")]
        text = "\n\n".join(public)
        names = ("bits", "number", "negative", "below", "beyond", "order", "exponential")
        helpers = {name: parts[name] for name in names} | image_parts(self.kind)
        return f"{called_parts(helpers, text)}\n\n{text}"


def image_source(model: ImageNet, double: bool, name: str) -> str:
    """The text of a file of an image network; `name` is the prefix of its functions."""
    form = ImageForm.of(model, double)
    code = [PARTS["start"], form.sizes(), form.tables(), form.functions()]
    parts = [comment(_header(model, form)), *(renamed(part, name) for part in code)]
    if isinstance(model, ImageModel):
        parts.append(labels_function([str(label) for label in model.classes], name))
    return "\n\n".join(parts) + "\n"


def _header(model: ImageNet, form: ImageForm) -> list[str]:
    """What a reader of the file must know."""
    net = form.net
    channels, rows, columns = net.image
    lines = [
        f"Image network: {counted(channels, 'channel')} of {rows} x {columns} pixels, {counted(net.classes, 'class', 'classes')}, "
        f"{counted(net.n_parameters, 'parameter')}, {counted(net.multiply_adds, 'multiply-add')} for an image.",
        f"Printed by spectral-core {__version__}. {form.kind}.",
        f"Constants without labels: {form.constant_bytes:,} bytes. Static memory: {form.buffer_bytes:,} bytes of planes, so one call "
        f"runs at a time. Stack: {form.widest * size_of(form.kind):,} bytes and the frames of the calls. No heap, no library.",
        "Proven: theorems I2 to I5 for convolutions, I6 and I7 for pools, I9 and I10 for what is read, I11 and I12 for the classifier, "
        "I15 for sums, E for the exponential. Every operation rounds once, in the order of the text.",
    ]
    if isinstance(model, ImageModel):
        named = ", ".join(map(str, model.classes)).encode("ascii", "backslashreplace").decode()
        lines.append(f"classes: {named}.")
        if model.divisor is None:
            lines.append(
                "The model does not know whether its images were bytes: if they were, they are divided by 255 first."
            )
    return lines
