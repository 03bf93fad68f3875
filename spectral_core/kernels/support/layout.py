"""Where each parameter group is in the flat parameter vector, and the table that the kernels read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from spectral_core.errors import InvalidInputError

PARAMETRIZATIONS = ("global", "layerwise", "direct")
MOST_NAMES = 40
"""A message about an unknown group lists all groups of a network that has at most so many, else their families."""


@dataclass(frozen=True)
class Group:
    """One named array inside the flat vector: positions [start, stop), shape."""

    name: str
    start: int
    shape: tuple[int, ...]

    @property
    def stop(self) -> int:
        return self.start + math.prod(self.shape)

    def view(self, flat: np.ndarray) -> np.ndarray:
        """The group's part of a flat vector, not a copy."""
        return flat[self.start : self.stop].reshape(self.shape)


@dataclass(frozen=True)
class Layout:
    """The order of all parameters of a network.

    Parameters
    ----------
    parametrization : ``global``, ``layerwise`` or ``direct``.
    widths : neurons of layers 1..K, the constant neuron of layer 1 included.
    pairs : for ``direct``, the pairs (i, j) whose block W_ij exists, layers counted from 1.
    """

    parametrization: str
    widths: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...] = ()

    @cached_property
    def groups(self) -> dict[str, Group]:
        """Groups by name, in the order of the flat vector."""
        n, layers = self.widths, len(self.widths)
        shapes: list[tuple[str, tuple[int, ...]]] = []
        if self.parametrization == "direct":
            shapes = [(f"blocks[{i},{j}]", (n[i - 1], n[j - 1])) for i, j in self.pairs]
        else:
            shapes = [(f"eigenvectors[{i}]", (n[i + 1], n[i])) for i in range(layers - 1)]
        if self.parametrization == "global":
            shapes += [(f"eigenvalues[{i}]", (n[i],)) for i in range(layers)]
        if self.parametrization == "layerwise":
            for i in range(layers - 1):
                shapes += [(f"eigenvalues_in[{i}]", (n[i],)), (f"eigenvalues_out[{i}]", (n[i + 1],))]
        groups, start = {}, 0
        for name, shape in shapes:
            groups[name] = Group(name, start, shape)
            start = groups[name].stop
        return groups

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(int(np.prod(group.shape)) for group in self.groups.values())

    @property
    def largest_block(self) -> int:
        """Numbers in the largest M_i; `direct` has none.

        By hand: a size of storage. Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
        """
        if self.parametrization == "direct":
            return 0
        return max(a * b for a, b in pairwise(self.widths))

    @cached_property
    def table(self) -> np.ndarray:
        """One row a layer: width, first neuron, then φ, λ^in, λ^out of the step into it, or its blocks."""
        layers = len(self.widths)
        direct = self.parametrization == "direct"
        table = np.full((layers, 2 + layers if direct else 5), -1, dtype=np.int64)
        table[:, 0] = self.widths
        table[:, 1] = np.cumsum((0, *self.widths[:-1]))
        suffix = ("", "") if self.parametrization == "global" else ("_in", "_out")
        for i in range(1, layers):
            if direct:
                for j in range(i):
                    name = f"blocks[{i + 1},{j + 1}]"
                    if name in self.groups:
                        table[i, 2 + j] = self.groups[name].start
            else:
                sender, receiver = (i - 1, i) if self.parametrization == "global" else (i - 1, i - 1)
                table[i, 2] = self.groups[f"eigenvectors[{i - 1}]"].start
                table[i, 3] = self.groups[f"eigenvalues{suffix[0]}[{sender}]"].start
                table[i, 4] = self.groups[f"eigenvalues{suffix[1]}[{receiver}]"].start
        return table

    def select(self, patterns: Iterable[str]) -> list[str]:
        """The groups with these names or of these families (``eigenvalues``, ``eigenvalues_in``, ...)."""
        if isinstance(patterns, str):
            raise InvalidInputError(f"parameter groups must be a sequence of names, such as ({patterns!r},)")
        chosen: dict[str, None] = {}
        for pattern in patterns:
            families = ("eigenvalues", "eigenvalues_in", "eigenvalues_out") if pattern == "eigenvalues" else (pattern,)
            found = [name for name in self.groups if name == pattern or re.sub(r"\[.*", "", name) in families]
            if not found:
                known_families = {re.sub(r"\[.*", "", name) for name in self.groups}
                known = sorted(known_families | (set(self.groups) if len(self.groups) <= MOST_NAMES else set()))
                article = "an" if self.parametrization[0] in "aeiou" else "a"
                raise InvalidInputError(
                    f"no parameter group {pattern!r}; {article} {self.parametrization} network has {', '.join(known)}"
                )
            chosen.update(dict.fromkeys(found))
        return [name for name in self.groups if name in chosen]

    def segments(self, names: Iterable[str]) -> np.ndarray:
        """Positions [start, stop) of groups, (m, 2)."""
        pieces = [(self.groups[name].start, self.groups[name].stop) for name in names]
        return np.array(pieces, dtype=np.int64).reshape(-1, 2)

    def spectral_groups(self) -> list[str]:
        """The groups that the published penalty acts on, one ‖·‖ each.

        `global`: the eigenvalues of the input and the hidden layers, not the output (arXiv 2504.00885).
        `layerwise`: λ^out of the hidden layers. `direct`: each block W_ij, since there are no eigenvalues.
        """
        layers = len(self.widths)
        if self.parametrization == "global":
            return [f"eigenvalues[{i}]" for i in range(layers - 1)]
        if self.parametrization == "layerwise":
            return [f"eigenvalues_out[{i}]" for i in range(layers - 2)]
        return list(self.groups)
