"""Parameters by name: views of the flat vector, and the checks of values given by a user or read from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.layout import PARAMETRIZATIONS, Layout
from spectral_core.wording import counted

Eigenvalues = list[np.ndarray] | list[tuple[np.ndarray, np.ndarray]]


class Parameters:
    """Named views of a flat vector, structured as the network's parameters (also used for gradients).

    `eigenvectors` : φ^(1..K-1), arrays (n_{i+1}, n_i); empty for `direct`.
    `eigenvalues` : λ^(1..K) for `global`, pairs (λ^in, λ^out) for `layerwise`; empty for `direct`.
    `blocks` : {(i, j): W_ij} for `direct`, else empty.
    """

    def __init__(self, layout: Layout, flat: np.ndarray) -> None:
        self.layout = layout
        self.flat = flat

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.layout.groups:
            raise InvalidInputError(f"no parameter group {name!r}; there are {', '.join(self.layout.groups)}")
        return self.layout.groups[name].view(self.flat)

    @property
    def eigenvectors(self) -> list[np.ndarray]:
        if self.layout.parametrization == "direct":
            return []
        return [self[f"eigenvectors[{i}]"] for i in range(len(self.layout.widths) - 1)]

    @property
    def eigenvalues(self) -> Eigenvalues:
        layers = len(self.layout.widths)
        if self.layout.parametrization == "global":
            return [self[f"eigenvalues[{i}]"] for i in range(layers)]
        if self.layout.parametrization == "layerwise":
            return [(self[f"eigenvalues_in[{i}]"], self[f"eigenvalues_out[{i}]"]) for i in range(layers - 1)]
        return []

    @property
    def blocks(self) -> dict[tuple[int, int], np.ndarray]:
        return {pair: self[f"blocks[{pair[0]},{pair[1]}]"] for pair in self.layout.pairs}


def given_values(
    parametrization: str, eigenvectors: Any, eigenvalues: Any, blocks: Any
) -> tuple[Layout, dict[str, Any]]:
    """Layout and values by group name; which arguments are allowed depends on the parametrization."""
    if parametrization == "direct":
        if eigenvectors is not None or eigenvalues is not None or blocks is None:
            raise InvalidInputError("a direct network takes blocks={(i, j): W_ij}, no eigenvectors or eigenvalues")
        return direct_values(blocks)
    if blocks is not None or eigenvectors is None or eigenvalues is None:
        raise InvalidInputError(f"a {parametrization} network takes eigenvectors and eigenvalues, no blocks")
    phi, values = checks.sequence(eigenvectors, "eigenvectors"), checks.sequence(eigenvalues, "eigenvalues")
    return spectral_values(parametrization, phi, values)


def common_dtype(values: Iterable[Any]) -> Any:
    """The type of all values if they have one and the kernels know it, else float64."""
    types = {np.asarray(value).dtype for value in values}
    return types.pop() if len(types) == 1 and {kind.name for kind in types} <= set(checks.DTYPES) else np.float64


def spectral_values(parametrization: str, phi: list[Any], values: list[Any]) -> tuple[Layout, dict[str, Any]]:
    """Layout and values by group name; the shapes of φ give the widths, and the eigenvalues must fit."""
    phi = [checks.as_array(block, f"eigenvectors[{i}]") for i, block in enumerate(phi)]
    shapes = [block.shape for block in phi]
    if not shapes:
        raise InvalidInputError("eigenvectors must hold at least one block")
    for i, shape in enumerate(shapes):
        if len(shape) != 2 or 0 in shape:
            raise InvalidInputError(f"eigenvectors[{i}] must have shape (n_{i + 2}, n_{i + 1}); got {shape}")
        if i and shape[1] != shapes[i - 1][0]:
            raise InvalidInputError(
                f"eigenvectors[{i}] must have {shapes[i - 1][0]} columns, the rows of eigenvectors[{i - 1}]; got {shape}"
            )
    widths = (shapes[0][1], *(shape[0] for shape in shapes))
    layout = Layout(parametrization, widths)
    named = {f"eigenvectors[{i}]": block for i, block in enumerate(phi)}
    expected = len(widths) if parametrization == "global" else len(phi)
    if len(values) != expected:
        what = "vectors" if parametrization == "global" else "pairs (λ_in, λ_out)"
        raise InvalidInputError(f"eigenvalues must hold {expected} {what} for {len(phi)} blocks; got {len(values)}")
    for i, value in enumerate(values):
        if parametrization == "global":
            named[f"eigenvalues[{i}]"] = value
            continue
        if not isinstance(value, Sequence) or len(value) != 2:
            raise InvalidInputError(f"eigenvalues[{i}] must be a pair (λ_in, λ_out)")
        named[f"eigenvalues_in[{i}]"], named[f"eigenvalues_out[{i}]"] = value
    for name, group in layout.groups.items():
        shape = checks.as_array(named[name], name).shape
        if shape != group.shape:
            raise InvalidInputError(f"{name} must have shape {group.shape}; got {shape}")
    return layout, named


def direct_values(blocks: Mapping[tuple[int, int], Any]) -> tuple[Layout, dict[str, Any]]:
    """Layout and values by group name; the shapes of blocks give the width of every layer."""
    if not isinstance(blocks, Mapping):
        raise InvalidInputError(f"blocks must be a dictionary {{(i, j): W_ij}}; got {type(blocks).__name__}")
    widths: dict[int, int] = {}
    for pair, block in blocks.items():
        shape = checks.as_array(block, f"blocks[{pair}]").shape
        whole = isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(n, (int, np.integer)) for n in pair)
        if not whole or not pair[0] > pair[1] >= 1:
            raise InvalidInputError(f"a block's key must be (i, j) with layers i > j >= 1; got {pair!r}")
        if len(shape) != 2 or 0 in shape:
            raise InvalidInputError(f"blocks[{pair}] must have shape (n_i, n_j); got {shape}")
        for layer, width in zip(pair, shape, strict=True):
            if widths.setdefault(int(layer), width) != width:
                raise InvalidInputError(
                    f"blocks[{pair}] gives layer {layer} {width} neurons, another block {widths[layer]}"
                )
    layers = max(widths, default=0)
    missing = [layer for layer in range(1, layers + 1) if layer not in widths]
    if layers < 2 or missing:
        raise InvalidInputError(f"blocks must reach every layer from 1 to K >= 2; missing: {missing or 'all'}")
    pairs = tuple(sorted((int(i), int(j)) for i, j in blocks))
    layout = Layout("direct", tuple(widths[i] for i in range(1, layers + 1)), pairs)
    return layout, {f"blocks[{i},{j}]": blocks[i, j] for i, j in pairs}


def stored_values(record: Mapping[str, Any], flat: Any) -> tuple[Layout, np.ndarray]:
    """The layout of a record and the flat parameters (size,) of a file, which must fit it."""
    checks.one_of(record["parametrization"], PARAMETRIZATIONS, "parametrization")
    widths = tuple(checks.integer(width, "widths", 1) for width in record["widths"])
    layout = Layout(record["parametrization"], widths, tuple((int(i), int(j)) for i, j in record["pairs"]))
    pairs = [pair for pair in layout.pairs if not len(widths) >= pair[0] > pair[1] >= 1]
    if len(widths) < 2 or pairs:
        raise InvalidInputError(f"{counted(len(widths), 'layer')}, and blocks {pairs} that lie outside them")
    values = checks.real_array(flat, "parameters", checks.real_type(flat.dtype), 1)
    if values.shape != (layout.size,):
        raise InvalidInputError(f"{values.size} parameters where the widths need {layout.size}")
    return layout, values
