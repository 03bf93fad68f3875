"""propagate_* and adjoint_*, run by predict_* and gradient_*, against the dense definition on dyadic rationals."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from derivations.recheck import dense
from derivations.recheck.dense import Blocks, Matrix, Vector
from derivations.recheck.exact_comparison import Check, Comparison, floats
from derivations.recheck.field import Dual, Number, slope_of, value_of
from spectral_core.kernels.cpu import dense as cpu
from spectral_core.kernels.cpu import one_hidden as one_hidden_kernels
from spectral_core.kernels.support.layout import Layout

NETWORKS: tuple[tuple[tuple[int, ...], int], ...] = (
    ((2, 1), 0),
    ((2, 3, 2), 1),
    ((2, 2, 3, 2), 0),
    ((3, 1, 2, 2, 1), 1),
)
"""Widths, and how many neurons of layer 1 are the constant 1."""
DRAWS = 3
"""Draws of the parameters for each network and its activations."""
WEIGHTS = (Fraction(3), Fraction(1), Fraction(0))
"""Sample weights with a power of two as their sum, so that the mean is dyadic."""


def relu(z: Number) -> Number:
    return z if value_of(z) > 0 else 0 * z


ACTIVATIONS: dict[str, dense.Function] = {"identity": lambda z: z, "relu": relu}
Functions = dense.Function | list[dense.Function]


PATTERNS = (("identity",), ("relu",), ("relu", "identity"))
"""The activations of the hidden layers, one after the other; from the last one they begin again."""


def names_of(layers: int, pattern: tuple[str, ...]) -> list[str]:
    """The activation of each of all layers; none reads those of the input and the output."""
    return [pattern[layer % len(pattern)] for layer in range(layers)]


def numbers_of(names: list[str]) -> np.ndarray:
    """The names in the form of the kernels."""
    return np.array([cpu.ACTIVATIONS.index(name) for name in names], np.int64)


def functions_of(names: list[str]) -> list[dense.Function]:
    """The functions of the hidden layers."""
    return [ACTIVATIONS[name] for name in names[1:-1]]


def blocks_of(layout: Layout, theta: Vector) -> Blocks:
    """The blocks W_ij that a flat parameter vector stands for, by the dense definition."""

    def group(name: str) -> Any:
        place = layout.groups[name]
        part = theta[place.start : place.stop]
        if len(place.shape) == 1:
            return part
        return [part[row * place.shape[1] : (row + 1) * place.shape[1]] for row in range(place.shape[0])]

    steps = range(len(layout.widths) - 1)
    if layout.parametrization == "direct":
        return {(i, j): group(f"blocks[{i},{j}]") for i, j in layout.pairs}
    phi = [group(f"eigenvectors[{i}]") for i in steps]
    if layout.parametrization == "global":
        return dense.transfer_blocks(phi, [group(f"eigenvalues[{i}]") for i in range(len(layout.widths))])
    return dense.layerwise_blocks(phi, [(group(f"eigenvalues_in[{i}]"), group(f"eigenvalues_out[{i}]")) for i in steps])


def layouts(parametrization: str) -> list[tuple[Layout, int]]:
    """The networks of the check; the direct one with all blocks, and the last of them without its longest skip."""
    result = []
    for widths, constants in NETWORKS:
        pairs = [(i, j) for i in range(2, len(widths) + 1) for j in range(1, i)]
        if len(widths) == 5:
            pairs.remove((5, 1))
        result.append((Layout(parametrization, widths, tuple(pairs) if parametrization == "direct" else ()), constants))
    return result


def output(layout: Layout, theta: Vector, f: Functions, x: Matrix, constants: int) -> Matrix:
    """z_K, one row for each sample."""
    columns = dense.transpose([row + [1] * constants for row in x])
    return dense.transpose(dense.forward(blocks_of(layout, theta), f, columns, layout.widths)[1][-1])


def propagation(parametrization: str) -> Check:
    """predict_* gives the z_K of the dense network."""

    def check(comparison: Comparison) -> None:
        kernel = getattr(cpu, f"predict_{parametrization}")
        for layout, constants in layouts(parametrization):
            for pattern in PATTERNS * DRAWS:
                names = names_of(len(layout.widths), pattern)
                theta = comparison.vector(layout.size)
                x = [comparison.vector(layout.widths[0] - constants) for _ in range(5)]
                result = np.empty((5, layout.widths[-1]))
                kernel(floats(x), np.arange(5), 2, layout.table, numbers_of(names), floats(theta), result)
                truth = output(layout, theta, functions_of(names), x, constants)
                comparison.equal(f"{layout.widths} {pattern}: z_K", result, truth)

    return check


def adjoint(parametrization: str) -> Check:
    """gradient_* gives the loss and ∂ℓ/∂θ of every parameter, each by its own pass of dual numbers."""

    def check(comparison: Comparison) -> None:
        kernel = getattr(cpu, f"gradient_{parametrization}")
        for layout, constants in layouts(parametrization):
            for pattern in PATTERNS * DRAWS:
                names = names_of(len(layout.widths), pattern)
                theta = [comparison.whole() for _ in range(layout.size)]
                x = [[comparison.whole() for _ in range(layout.widths[0] - constants)] for _ in WEIGHTS]
                y = [[comparison.whole() for _ in range(layout.widths[-1])] for _ in WEIGHTS]
                gradient = np.full(layout.size, np.nan)
                got = kernel(
                    floats(x),
                    floats(y),
                    np.zeros(len(x), np.int64),
                    floats(WEIGHTS),
                    np.arange(len(x)),
                    layout.table,
                    numbers_of(names),
                    cpu.LOSSES.index("squared_error"),
                    floats(theta),
                    gradient,
                )
                loss = partial(loss_at, layout, functions_of(names), x, y, constants)
                comparison.equal(f"{layout.widths} {pattern}: loss", got, loss(theta))
                truth = [slope_of(loss(moving(theta, place))) for place in range(layout.size)]
                comparison.equal(f"{layout.widths} {pattern}: gradient", gradient, truth)

    return check


def one_hidden(inputs: int, outputs: int, backward: bool) -> Check:
    """The kernels of one hidden layer, called as the epoch calls them: z_K, or every ∂ℓ/∂θ."""

    def check(comparison: Comparison) -> None:
        layout = Layout("global", (inputs, 3, outputs), ())
        for name, f in [*ACTIVATIONS.items()] * DRAWS:
            theta = [comparison.whole() for _ in range(layout.size)]
            x = [[comparison.whole() for _ in range(inputs)] for _ in WEIGHTS]
            y = [[comparison.whole() for _ in range(outputs)] for _ in WEIGHTS]
            # Room for one sample more than there are, as in a last mini-batch.
            x_rows, output_rows = np.full((inputs, 4), np.nan), np.full((outputs, 4), np.nan)
            z_rows, u_rows = np.full((3, 4), np.nan), np.full((3, 4), np.nan)
            x_rows[:, :3] = floats(x).T
            forward = getattr(one_hidden_kernels, f"propagate_{inputs}_{outputs}")
            number = cpu.ACTIVATIONS.index(name)
            forward(layout.table, number, 3, floats(theta), x_rows, z_rows, u_rows, output_rows)
            if not backward:
                comparison.equal(f"{name}: z_K", output_rows[:, :3].T, output(layout, theta, f, x, 0))
                continue
            z = np.ascontiguousarray(output_rows[:, :3].T)
            cpu.squared_error(z, floats(y), floats(WEIGHTS), float(1 / (sum(WEIGHTS) * outputs)))
            output_rows[:, :3] = z.T
            gradient = np.full(layout.size, np.nan)
            adjoint = getattr(one_hidden_kernels, f"adjoint_{inputs}_{outputs}")
            adjoint(layout.table, 3, floats(theta), gradient, x_rows, z_rows, u_rows, output_rows)
            loss = partial(loss_at, layout, f, x, y, 0)
            truth = [slope_of(loss(moving(theta, place))) for place in range(layout.size)]
            comparison.equal(f"{name}: gradient", gradient, truth)

    return check


def loss_at(layout: Layout, f: Functions, x: Matrix, y: Matrix, constants: int, theta: Vector) -> Number:
    return mean_square(output(layout, theta, f, x, constants), y)


def moving(theta: Vector, place: int) -> Vector:
    """The parameters, one of them as a dual number."""
    return [Dual(value, 1) if p == place else value for p, value in enumerate(theta)]


def mean_square(z: Matrix, y: Matrix) -> Number:
    total: Number = 0
    for weight, outputs, targets in zip(WEIGHTS, z, y, strict=True):
        for a, b in zip(outputs, targets, strict=True):
            total = total + weight * (a - b) * (a - b)
    return total / (sum(WEIGHTS) * len(z[0]))
