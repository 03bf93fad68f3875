"""Brute-force truth for image networks: the definitions, window by window, sharing nothing with the package.

The functions take any number type (float, complex, `Fraction`), so one code path gives values, derivatives by complex
step, and exact values. `TinyNetwork` is a network of one cell with every operation once; its numbers were compared with
PyTorch in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

STEP = 1e-30
"""Imaginary step: Im f(x + ih)/h is f' to the last bits."""
Plane = np.ndarray


# --- definitions ------------------------------------------------------------------------------------------------------


def output_size(size: int, taps: int, stride: int, dilation: int, padding: int) -> int:
    return (size + 2 * padding - dilation * (taps - 1) - 1) // stride + 1


def padded(x: np.ndarray, padding: int, value: Any) -> np.ndarray:
    """Two more borders of the value around the last two axes."""
    rows, columns = x.shape[-2:]
    result = np.full((*x.shape[:-2], rows + 2 * padding, columns + 2 * padding), value, dtype=x.dtype)
    result[..., padding : padding + rows, padding : padding + columns] = x
    return result


def windows(
    x: np.ndarray, taps: int, window: tuple[int, int, int], outside: Any = 0
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Every (i, j) with its taps × taps window of all planes; `window` is (stride, dilation, padding)."""
    stride, dilation, padding = window
    around = padded(x, padding, outside)
    reach = dilation * (taps - 1) + 1
    for i in range(output_size(x.shape[-2], taps, *window)):
        for j in range(output_size(x.shape[-1], taps, *window)):
            rows, columns = (
                slice(stride * i, stride * i + reach, dilation),
                slice(stride * j, stride * j + reach, dilation),
            )
            yield i, j, around[..., rows, columns]


def over_windows(
    x: np.ndarray, taps: int, window: tuple[int, int, int], value: Callable[[np.ndarray], np.ndarray], outside: Any = 0
) -> np.ndarray:
    """The value of every window."""
    places = list(windows(x, taps, window, outside))
    first = value(places[0][2])
    result = np.zeros((*first.shape, places[-1][0] + 1, places[-1][1] + 1), dtype=first.dtype)
    for i, j, part in places:
        result[..., i, j] = value(part)
    return result


def depthwise(x: np.ndarray, kernels: np.ndarray, window: tuple[int, int, int]) -> np.ndarray:
    """kernels (channel, tap, tap)."""
    return over_windows(x, kernels.shape[-1], window, lambda part: (kernels * part).sum((-1, -2)))


def dense_convolution(x: np.ndarray, kernels: np.ndarray, window: tuple[int, int, int]) -> np.ndarray:
    """kernels (receiver, channel, tap, tap)."""
    return over_windows(x, kernels.shape[-1], window, lambda part: (kernels * part[:, np.newaxis]).sum((-1, -2, -3)))


def pointwise(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (weights[np.newaxis, :, :, np.newaxis, np.newaxis] * x[:, np.newaxis]).sum(2)


def mean_pool(x: np.ndarray, taps: int, window: tuple[int, int, int]) -> np.ndarray:
    """Padding counts."""
    return over_windows(
        x,
        taps,
        window,
        lambda part: (
            part.sum((-1, -2)) * Fraction(1, taps * taps) if part.dtype == object else part.sum((-1, -2)) / taps**2
        ),
    )


def first_greatest(part: np.ndarray) -> np.ndarray:
    """The number of the first greatest entry of each window, row by row."""
    rows = part.reshape(*part.shape[:-2], -1)
    real = rows.real if np.iscomplexobj(rows) else rows
    return np.argmax(real, axis=-1)


def max_pool(x: np.ndarray, taps: int, window: tuple[int, int, int]) -> np.ndarray:
    def greatest(part: np.ndarray) -> np.ndarray:
        rows = part.reshape(*part.shape[:-2], -1)
        return np.take_along_axis(rows, first_greatest(part)[..., np.newaxis], axis=-1)[..., 0]

    return over_windows(x, taps, window, greatest, outside=-np.inf)


def winners(x: np.ndarray, taps: int, window: tuple[int, int, int]) -> np.ndarray:
    return over_windows(x, taps, window, first_greatest, outside=-np.inf)


def statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance of every channel."""
    mean = x.mean((0, 2, 3))
    return mean, ((x - per_channel(mean)) ** 2).mean((0, 2, 3))


def per_channel(values: np.ndarray) -> np.ndarray:
    return np.asarray(values)[np.newaxis, :, np.newaxis, np.newaxis]


def normalise(
    x: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    epsilon: float,
    given: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """γ (x - μ)/√(v + ε) + β, of its own statistics or of given ones."""
    mean, variance = statistics(x) if given is None else given
    return per_channel(gamma) * (x - per_channel(mean)) / np.sqrt(per_channel(variance) + epsilon) + per_channel(beta)


def relu(x: np.ndarray) -> np.ndarray:
    return np.where(x.real > 0, x, 0)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> Any:
    """Mean over samples."""
    shifted = logits - logits.real.max(1, keepdims=True)
    return (np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]).mean()


# --- a network of one cell --------------------------------------------------------------------------------------------


def wave(number: int, *shape: int) -> np.ndarray:
    """0.6 cos(0.61 t + number) at the flat index t."""
    return 0.6 * np.cos(0.61 * np.arange(np.prod(shape)) + number).reshape(shape)


def tiny_images() -> tuple[np.ndarray, np.ndarray]:
    s, r, q = np.meshgrid(np.arange(6), np.arange(6), np.arange(6), indexing="ij")
    return np.sin(1 + 0.7 * s + 0.37 * r + 0.91 * q + 0.05 * r * q + 0.3 * s * q)[:, np.newaxis], np.arange(6) % 4


def tiny_parameters() -> dict[str, np.ndarray]:
    """All by name; a name ends in what it is: `kernel`, `matrix`, `gamma`, `beta`, `bias`, `gates`."""

    def norm(name: str, first: int) -> dict[str, np.ndarray]:
        return {f"{name}.gamma": 1 + wave(first, 3) / 4, f"{name}.beta": wave(first + 1, 3) / 4}

    return {
        "stem.kernel": wave(1, 3, 1, 3, 3), **norm("stem", 2), **norm("input", 4),
        "sep1.kernel": wave(6, 3, 3, 3), "sep1.matrix": wave(7, 3, 3), **norm("sep1", 8),
        "sep2.kernel": wave(10, 3, 3, 3), "sep2.matrix": wave(11, 3, 3), **norm("sep2", 12),
        "dil.kernel": wave(14, 3, 3, 3), "dil.matrix": wave(15, 3, 3), **norm("dil", 16),
        **norm("output", 18), "tower.matrix": wave(20, 4, 3), "tower.bias": wave(21, 4) / 4, "gates": np.ones(5),
    }  # fmt: skip


OPERATIONS = ("identity", "max", "mean", "sep", "dil")


@dataclass
class TinyNetwork:
    """Stem, a node, one edge with five operations, a node, the mean of each plane, a linear tower.

    frozen : statistics of the norms by name, taken as constants; empty for training mode.
    seen : the statistics of the last forward pass, and the relu outputs.
    """

    epsilon: float = 1e-5
    frozen: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)

    def norm(self, x: np.ndarray, name: str, p: dict[str, np.ndarray]) -> np.ndarray:
        self.seen[name] = statistics(x)
        return normalise(x, p[f"{name}.gamma"], p[f"{name}.beta"], self.epsilon, self.frozen.get(name))

    def logits(self, x: np.ndarray, p: dict[str, np.ndarray]) -> np.ndarray:
        near, far = (1, 1, 1), (1, 2, 2)
        y = self.norm(self.norm(dense_convolution(x, p["stem.kernel"], near), "stem", p), "input", p)
        sep = self.norm(pointwise(depthwise(y, p["sep1.kernel"], near), p["sep1.matrix"]), "sep1", p)
        self.seen["relu"] = relu(sep)
        sep = self.norm(pointwise(depthwise(relu(sep), p["sep2.kernel"], near), p["sep2.matrix"]), "sep2", p)
        dil = self.norm(pointwise(depthwise(y, p["dil.kernel"], far), p["dil.matrix"]), "dil", p)
        outputs = (y, max_pool(y, 3, near), mean_pool(y, 3, near), sep, dil)
        node = sum(gate * output for gate, output in zip(p["gates"], outputs, strict=True))
        pooled = self.norm(node, "output", p).mean((2, 3))
        return pooled @ p["tower.matrix"].T + p["tower.bias"]

    def derivatives(
        self, value: Callable[[dict[str, np.ndarray]], np.ndarray], p: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """∂value/∂parameter for each, by complex steps; the value's own axes come first."""
        result = {}
        for name, array in p.items():
            moved = {**p, name: array.astype(complex)}
            columns = []
            for at in np.ndindex(array.shape):
                moved[name] = array.astype(complex)
                moved[name][at] += 1j * STEP
                columns.append(np.asarray(value(moved)).imag / STEP)
            result[name] = np.stack(columns, -1)
        return result


# --- any network of cells ---------------------------------------------------------------------------------------------

HALVES = {"sep3": (3, 1, 2), "sep5": (5, 1, 2), "dil3": (3, 2, 1), "dil5": (5, 2, 1)}
"""Taps, dilation, and how many depthwise and pointwise convolutions follow each other."""
EPSILON = 1e-5


@dataclass
class NetworkByDefinition:
    """An image network from its structure and its groups by name, node by node.

    training : batch norms have the statistics of the batch; else the running ones.
    kept : 1 where drop-path keeps an operation for an image (operations, samples); none leaves nothing out.
    seen : mean, biased variance and count of values of each batch norm of the last pass.
    """

    structure: Any
    groups: dict[str, np.ndarray]
    training: bool
    kept: np.ndarray | None = None
    seen: dict[str, tuple[np.ndarray, np.ndarray, int]] = field(default_factory=dict)
    drops: int = 0

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        self.seen[name] = (*statistics(x), x[:, 0].size)
        running = self.groups[f"running_means[{name}]"], self.groups[f"running_variances[{name}]"]
        scale, shift = self.groups[f"scales[{name}]"], self.groups[f"shifts[{name}]"]
        return normalise(x, scale, shift, EPSILON, None if self.training else running)

    def logits(self, x: np.ndarray) -> list[np.ndarray]:
        """Of every tower, the last one last."""
        self.drops = 0
        outputs, found = [self.norm(dense_convolution(x, self.groups["kernels[stem]"], (1, 1, 1)), "stem")], []
        for number, cell in enumerate(self.structure.cells):
            outputs.append(self.cell(number, cell, outputs))
            weights, biases = self.groups[f"towers[{number}]"], self.groups[f"tower_biases[{number}]"]
            found.append(outputs[-1].mean((2, 3)) @ weights.T + biases)
        return found

    def cell(self, number: int, cell: Any, earlier: list[np.ndarray]) -> np.ndarray:
        rows = self.structure.image[1] // 2 ** max(number - 1, 0)
        nodes = [
            self.input(f"{number},{i}", x, self.structure.channels * 2**number, rows) for i, x in enumerate(earlier)
        ]
        for j in range(cell.inputs, cell.nodes):
            arrived: Any = 0
            for (i, receiver), names in cell.edges:
                stride = 2 if number and i < cell.inputs else 1
                if receiver == j:
                    arrived = arrived + self.edge(f"{number},{i},{j}", names, nodes[i], stride)
            nodes.append(self.norm(arrived, f"{number},{j}"))
        return nodes[-1]

    def input(self, name: str, x: np.ndarray, width: int, rows: int) -> np.ndarray:
        stride = x.shape[2] // rows
        if (x.shape[1], stride) != (width, 1):
            weights = self.groups[f"weights[{name}]"]
            first = x if self.structure.scaled_first else x[:, :, ::stride, ::stride]
            scaled = self.norm(pointwise(first, weights), f"{name},scaler")
            x = scaled[:, :, ::stride, ::stride] if self.structure.scaled_first else scaled
        return self.norm(x, name)

    def edge(self, edge: str, names: tuple[str, ...], x: np.ndarray, stride: int) -> Any:
        spectral = self.structure.gates == "spectral"
        gates = self.groups[f"{'eigenvalues' if spectral else 'gates'}[{edge}]"]
        arriving: Any = 0
        for name, gate in zip(names, gates, strict=True):
            result = self.operation(f"{edge},{name}", name, x, stride)
            if name != "identity":
                if self.kept is not None:
                    share = self.kept[self.drops] / (1 - self.structure.drop_path)
                    result = result * share[:, np.newaxis, np.newaxis, np.newaxis]
                self.drops += 1
            arriving = arriving + (gate if spectral else float(gate > 0)) * result
        return arriving

    def operation(self, key: str, name: str, x: np.ndarray, stride: int) -> np.ndarray:
        if name == "identity":
            return x[:, :, ::stride, ::stride]
        if name in ("max3", "mean3"):
            return (max_pool if name == "max3" else mean_pool)(x, 3, (stride, 1, 1))
        taps, dilation, halves = HALVES[name]
        for half in range(halves):
            window = (stride if half == 0 else 1, dilation, dilation * (taps // 2))
            planes = depthwise(relu(x) if half else x, self.groups[f"kernels[{key},{half}]"], window)
            x = self.norm(pointwise(planes, self.groups[f"weights[{key},{half}]"]), f"{key},{half}")
        return x


def weighted_cross_entropy(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None, smoothing: float = 0.0
) -> float:
    """The weighted mean over samples; targets (1 - ε) y + ε/classes."""
    classes = logits.shape[1]
    logarithms = logits - logits.max(1, keepdims=True)
    logarithms = logarithms - np.log(np.exp(logarithms).sum(1, keepdims=True))
    targets = (1 - smoothing) * np.eye(classes)[labels] + smoothing / classes
    return float(np.average(-(targets * logarithms).sum(1), weights=weights))


def training_loss(logits: list[np.ndarray], labels: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The last tower's cross entropy, and 0.4 times that of every other one."""
    losses = [weighted_cross_entropy(bar, labels, weights) for bar in logits]
    return losses[-1] + 0.4 * sum(losses[:-1])


def moved_statistics(
    groups: dict[str, np.ndarray], seen: dict[str, tuple[np.ndarray, np.ndarray, int]]
) -> dict[str, np.ndarray]:
    """Running means and variances by name, after a batch with these statistics."""
    moved = {}
    for name, (mean, variance, count) in seen.items():
        moved[f"running_means[{name}]"] = 0.9 * groups[f"running_means[{name}]"] + 0.1 * mean
        unbiased = variance * count / (count - 1)
        moved[f"running_variances[{name}]"] = 0.9 * groups[f"running_variances[{name}]"] + 0.1 * unbiased
    return moved


def augmented(images: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """Images (samples, channels, rows, columns) moved, flipped and cut, pixel by pixel.

    changes : (samples, 7): rows and columns moved, 1 to flip, first row of the cutout and the one behind it, the same of
        columns.
    """
    result = np.zeros_like(images)
    _, _, rows, columns = images.shape
    for s, (down, right, flip, top, bottom, left, end) in enumerate(changes.tolist()):
        for i in range(rows):
            for j in range(columns):
                r, q = i + down, (columns - 1 - j if flip else j) + right
                cut = top <= i < bottom and left <= j < end
                if 0 <= r < rows and 0 <= q < columns and not cut:
                    result[s, :, i, j] = images[s, :, r, q]
    return result
