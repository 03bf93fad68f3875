"""Where the parameters of an image network are in the flat vector, and the tables that its kernels read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spectral_core.kernels.support.layout import Group, Layout
from spectral_core.kernels.support.rooms import places

VALUE_COLUMNS = ("start", "channels", "rows", "columns", "first", "norm", "reach")
OPERATION_COLUMNS = (
    "kind", "taps", "dilation", "stride", "sender", "receiver", "relu", "kernel", "matrix", "gate", "drop",
)  # fmt: skip
SENDER, RECEIVER = (OPERATION_COLUMNS.index(name) for name in ("sender", "receiver"))
REACH = VALUE_COLUMNS.index("reach")
KINDS = {"stem": 0, "convolution": 1, "link": 2, "max": 3, "mean": 4}
"""The numbers of operations in the kernels."""


@dataclass(frozen=True, eq=False)
class ImageTables:
    """What the kernels read of an image network.

    values : (values, 7), the columns of `VALUE_COLUMNS`; `reach` is channels × rows × columns.
    operations : (operations, 11), the columns of `OPERATION_COLUMNS`, sorted by receiver.
    towers : (towers, 3), value, where V and where its bias stand in the parameters.
    image : channels, rows, columns. published : gates are 0 or 1. gates : (begin, end) of their weights.
    running : where running means and variances begin. droppable : operations that drop-path can leave out.
    drop_path : the probability of that, and `seed` its seed.
    """

    values: np.ndarray
    operations: np.ndarray
    towers: np.ndarray
    image: tuple[int, int, int]
    classes: int
    published: bool
    gates: tuple[int, int]
    running: int
    droppable: int
    drop_path: float
    seed: int

    @property
    def numbers_of_a_sample(self) -> int:
        """Numbers that all values of one sample take."""
        return int(self.values[-1, 0] + self.values[-1, 6])

    @cached_property
    def bars(self) -> tuple[list[int], int, list[list[int]]]:
        """Where the bar of each value lies among those of a sample, how many numbers they take, and which begin with which value.

        Backward, a value's bar begins with its last reader, a tower or else the receiver of greatest number, and ends with the
        value's own operations; then others take its room. The last list is of those that towers read.

        By hand: places of storage. Checked by test_image_network.test_bars_that_are_needed_at_once_do_not_overlap.
        """
        count = len(self.values)
        begins = list(range(count))
        for sender, receiver in self.operations[:, [SENDER, RECEIVER]].tolist():
            if sender >= 0:
                begins[sender] = max(begins[sender], receiver)
        for value in self.towers[:, 0].tolist():
            begins[value] = count
        lives = [(count - begin, count - value) for value, begin in enumerate(begins)]
        born = [[value for value in range(count) if begins[value] == number] for number in range(count + 1)]
        return (*places(self.values[:, REACH].tolist(), lives), born)

    @property
    def last_pixels(self) -> int:
        """Pixels of the smallest planes, those of the last output."""
        return int(self.values[-1, 2]) * int(self.values[-1, 3])


@dataclass(frozen=True, eq=False)
class ImageLayout(Layout):
    """The order of the parameters of an image network; `widths` are channels × rows × columns of an image, and classes.

    Running means and variances of batch norms stand behind all parameters, in groups that are never trained.
    """

    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    tables: ImageTables | None = None

    @cached_property
    def groups(self) -> dict[str, Group]:
        """Groups by name, in the order of the flat vector."""
        groups, start = {}, 0
        for name, shape in self.shapes:
            groups[name] = Group(name, start, shape)
            start = groups[name].stop
        return groups

    @property
    def trained_size(self) -> int:
        """Number of parameters, without the running statistics."""
        return next(group.start for name, group in self.groups.items() if name.startswith("running"))

    def spectral_groups(self) -> list[str]:
        """The eigenvalues of each edge, one for each operation."""
        return [name for name in self.groups if name.startswith("eigenvalues")]
