"""Brute-force truth for the tests: plain NumPy and Python, sharing nothing with the package.

Everything follows the definitions, not the fast formulas: A = Φ Λ Φ⁻¹ is built as a dense matrix, its blocks are cut
out, and layer after layer sums over all blocks. The functions take any number type (float, complex, `Fraction`,
`Dual`), so one code path gives values, derivatives by complex step, and exact values and derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations, pairwise
from math import prod, sqrt
from typing import Any

import numpy as np
from scipy.special import erfc

ACTIVATIONS = ("identity", "relu", "leaky_relu", "elu", "tanh", "sigmoid", "gelu", "swish")
KINKED = ("relu", "leaky_relu")
ZERO_AT_ZERO = tuple(name for name in ACTIVATIONS if name != "sigmoid")
STEP = 1e-30
"""Imaginary step: its square underflows against 1, so Im f(x + ih)/h is f' to the last bits."""


# --- the dense definition ---------------------------------------------------------------------------------------------


def eigenvector_matrix(phi: Sequence[np.ndarray]) -> np.ndarray:
    """Φ = I + N with φ^(i) on the first block sub-diagonal."""
    at = np.cumsum([0, phi[0].shape[1], *(block.shape[0] for block in phi)])
    matrix = np.eye(at[-1], dtype=int).astype(np.result_type(*phi))
    for i, block in enumerate(phi):
        matrix[at[i + 1] : at[i + 2], at[i] : at[i + 1]] = block
    return matrix


def dense_adjacency(phi: Sequence[np.ndarray], lam: Sequence[np.ndarray]) -> np.ndarray:
    """A = Φ Λ Φ⁻¹ by a library inverse (real numbers)."""
    matrix = eigenvector_matrix(phi)
    return matrix @ np.diag(np.concatenate(lam)) @ np.linalg.inv(matrix)


def unit_lower_inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a lower triangular matrix with ones on its diagonal, row by row; needs no division."""
    inverse = np.eye(len(matrix), dtype=int).astype(matrix.dtype)
    for row in range(1, len(matrix)):
        inverse[row] = inverse[row] - matrix[row, :row] @ inverse[:row]
    return inverse


def global_blocks(phi: Sequence[np.ndarray], lam: Sequence[np.ndarray]) -> dict[tuple[int, int], np.ndarray]:
    """{(i, j): W_ij}, the strictly lower blocks of A, for any number type."""
    matrix = eigenvector_matrix(phi)
    adjacency = (matrix * np.concatenate(lam)) @ unit_lower_inverse(matrix)
    at = np.cumsum([0, *(len(values) for values in lam)])
    layers = len(lam)
    return {(i, j): adjacency[at[i - 1] : at[i], at[j - 1] : at[j]] for i in range(2, layers + 1) for j in range(1, i)}


def layerwise_blocks(phi: Sequence[np.ndarray], lam: Sequence[Any]) -> dict[tuple[int, int], np.ndarray]:
    """{(i+1, i): φ ∘ (λ_in - λ_out)} element by element."""
    result = {}
    for i, (block, (lam_in, lam_out)) in enumerate(zip(phi, lam, strict=True)):
        weights = block.astype(np.result_type(block, lam_in, lam_out))
        for row in range(block.shape[0]):
            for column in range(block.shape[1]):
                weights[row, column] = block[row, column] * (lam_in[column] - lam_out[row])
        result[i + 2, i + 1] = weights
    return result


# --- activations and the forward pass ---------------------------------------------------------------------------------


def activation(name: str, z: np.ndarray) -> np.ndarray:
    """f(z); a kinked function takes the piece of the real part, the left one at 0."""
    if name == "identity":
        return z
    if name == "relu":
        return np.where(_real(z) > 0, z, 0 * z)
    if name == "leaky_relu":
        return np.where(_real(z) > 0, z, z / 100)
    if name == "elu":
        return np.where(_real(z) > 0, z, np.expm1(np.where(_real(z) > 0, 0 * z, z)))
    if name == "tanh":
        return np.tanh(z)
    if name == "gelu":
        return z * _normal_cdf(z)
    logistic = 1 / (1 + np.exp(-z))
    return {"sigmoid": logistic, "swish": z * logistic}[name]


def names_of(activation: str | Sequence[str], hidden: int) -> list[str]:
    """The activation of each hidden layer."""
    return [activation] * hidden if isinstance(activation, str) else list(activation)


def _real(z: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda e: getattr(e, "real", e), otypes=[object])(z) if z.dtype == object else z.real


def _normal_cdf(z: np.ndarray) -> np.ndarray:
    """(1 + erf(z/√2))/2; the integral of the density, so a tiny imaginary step adds i·step·density."""
    value = erfc(-z.real / sqrt(2)) / 2
    return value + 1j * z.imag * np.exp(-(z.real**2) / 2) / sqrt(2 * np.pi) if np.iscomplexobj(z) else value


def with_constant(x: np.ndarray, bias: bool) -> np.ndarray:
    """The input layer: the features, with bias followed by the constant 1."""
    return np.concatenate([x, np.ones((len(x), 1), dtype=int).astype(x.dtype)], axis=1) if bias else x


def forward(
    blocks: dict[tuple[int, int], np.ndarray],
    f: Callable[[np.ndarray], np.ndarray] | Sequence[Callable[[np.ndarray], np.ndarray]],
    x: np.ndarray,
    widths: Sequence[int],
) -> tuple[np.ndarray, list[np.ndarray]]:
    """z_K and all hidden z_i: z_i = Σ_{j<i} W_ij x_j over every block there is. x holds the constant already.

    f is that of all hidden layers, or a list of one for each.
    """
    states, hidden = [x], []
    for i in range(2, len(widths) + 1):
        z = np.zeros((len(x), widths[i - 1]), dtype=int).astype(np.result_type(x, *blocks.values()))
        for j in range(1, i):
            if (i, j) in blocks:
                z = z + states[j - 1] @ blocks[i, j].T
        if i == len(widths):
            return z, hidden
        hidden.append(z)
        states.append(f(z) if callable(f) else f[i - 2](z))
    raise ValueError("a network needs two layers")


@dataclass(frozen=True)
class Model:
    """A network as plain numbers: its parameters are one flat vector θ, φ first, then λ; or the blocks in order."""

    parametrization: str
    widths: tuple[int, ...]
    activation: str | tuple[str, ...] = "relu"
    bias: bool = False
    pairs: tuple[tuple[int, int], ...] = ()

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        n = self.widths
        if self.parametrization == "direct":
            return [(n[i - 1], n[j - 1]) for i, j in self.pairs]
        phi = [(rows, columns) for columns, rows in pairwise(n)]
        if self.parametrization == "global":
            return [*phi, *((width,) for width in n)]
        return [*phi, *((width,) for pair in pairwise(n) for width in pair)]

    @property
    def size(self) -> int:
        return sum(prod(shape) for shape in self.shapes)

    @property
    def n_features(self) -> int:
        return self.widths[0] - self.bias

    def arrays(self, theta: np.ndarray) -> list[np.ndarray]:
        at = np.cumsum([0, *(prod(shape) for shape in self.shapes)])
        return [theta[at[i] : at[i + 1]].reshape(shape) for i, shape in enumerate(self.shapes)]

    def parts(self, theta: np.ndarray) -> tuple[list[np.ndarray], list[Any]]:
        """φ, and λ as K vectors (`global`) or pairs (`layerwise`)."""
        arrays, steps = self.arrays(theta), len(self.widths) - 1
        phi, lam = arrays[:steps], arrays[steps:]
        return phi, lam if self.parametrization == "global" else list(zip(lam[::2], lam[1::2], strict=True))

    def blocks(self, theta: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
        if self.parametrization == "direct":
            return dict(zip(self.pairs, self.arrays(theta), strict=True))
        build = global_blocks if self.parametrization == "global" else layerwise_blocks
        return build(*self.parts(theta))

    def run(self, theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """z_K and the hidden z_i of the rows of x (without the constant)."""
        names = names_of(self.activation, len(self.widths) - 2)
        functions = [partial(activation, name) for name in names]
        return forward(self.blocks(theta), functions, with_constant(x, self.bias), self.widths)

    def output(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        return self.run(theta, x)[0]

    def loss(self, theta: np.ndarray, x: np.ndarray, y: np.ndarray, name: str, weight: Any = None) -> Any:
        return loss(name, self.output(theta, x), y, weight)

    def magnitude(self, theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """`run` with every term counted by its absolute value (|f(z)| <= |z| + 1): what rounding is relative to.

        θ and x must be given as absolute values.
        """
        if self.parametrization == "direct":
            blocks = self.blocks(theta)
        else:
            phi, lam = self.parts(theta)
            pairs = list(pairwise(lam)) if self.parametrization == "global" else lam
            weights = [block * (a + b[:, None]) for block, (a, b) in zip(phi, pairs, strict=True)]
            blocks = {}
            for j in range(1, len(self.widths)):
                path = np.eye(self.widths[j - 1])
                for i in range(j + 1, len(self.widths) + 1 if self.parametrization == "global" else j + 2):
                    blocks[i, j] = weights[i - 2] @ path
                    path = phi[i - 2] @ path
        return forward(blocks, lambda z: z + 1, with_constant(x, self.bias), self.widths)


# --- losses and penalties ---------------------------------------------------------------------------------------------


ELEMENTWISE_LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "squared_error": lambda z, y: (z - y) ** 2,
    "huber": lambda z, y: (z - y) ** 2 / 2 if abs((z - y).real) <= 1 else (z - y) * np.sign((z - y).real) - 0.5,
    "poisson": lambda z, y: np.exp(z) - y * z,
    "binary_cross_entropy": lambda z, y: np.log1p(np.exp(-z * (1 if z.real > 0 else -1))) + z * (z.real > 0) - y * z,
}
LOSSES = (*ELEMENTWISE_LOSSES, "cross_entropy")


def targets(name: str, generator: np.random.Generator, samples: int, outputs: int) -> np.ndarray:
    """Random targets that a loss has a meaning for."""
    if name == "cross_entropy":
        return generator.integers(0, outputs, samples)
    if name in ("poisson", "binary_cross_entropy"):
        return generator.integers(0, 2 if name == "binary_cross_entropy" else 5, (samples, outputs)).astype(float)
    return generator.normal(size=(samples, outputs))


def loss(name: str, z: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> Any:
    """Weighted mean over samples and outputs, or (cross entropy) of log Σ exp z - z_y over samples."""
    weight = np.ones(len(z), dtype=int).astype(object) if weight is None else weight
    if name in ELEMENTWISE_LOSSES:
        term = ELEMENTWISE_LOSSES[name]
        total = sum(weight[s] * term(z[s, h], y[s, h]) for s in range(z.shape[0]) for h in range(z.shape[1]))
        return total / (sum(weight) * z.shape[1])
    total = 0
    for row, label, w in zip(z, y, weight, strict=True):
        peak = row.real.max()
        total = total + w * (peak + np.log(np.exp(row - peak).sum()) - row[int(label)])
    return total / weight.sum()


def smoothed_loss(name: str, z: np.ndarray, y: np.ndarray, weight: Any, smoothing: float) -> Any:
    """The mean of the losses with every label, each with its share of the smoothed label."""
    classes = z.shape[1]
    if name == "cross_entropy":
        every = [loss(name, z, np.full(len(z), h), weight) for h in range(classes)]
        return (1 - smoothing) * loss(name, z, y, weight) + smoothing * sum(every) / classes
    return (1 - smoothing) * loss(name, z, y, weight) + smoothing * loss(name, z, 0 * y + 0.5, weight)


def penalty(name: str, values: np.ndarray, strength: float) -> Any:
    """strength · ‖λ‖₂, ‖λ‖₁ or ‖λ‖₂²; at its kink the value has no derivative part (the subgradient 0)."""
    if name == "group":
        return strength * np.sqrt((values**2).sum()) if np.any(values.real != 0) else 0.0
    if name == "l1":
        return strength * (np.sign(values.real) * values).sum()
    return strength * (values**2).sum()


def proximal(name: str, v: np.ndarray, threshold: float) -> np.ndarray:
    """argmin of `objective`: shrinks the length, every number, or by a factor."""
    if name == "group":
        length = np.sqrt((v**2).sum())
        return v * (max(length - threshold, 0) / length) if length else v
    if name == "l1":
        return np.sign(v) * np.maximum(abs(v) - threshold, 0)
    return v / (1 + 2 * threshold)


def objective(name: str, x: np.ndarray, v: np.ndarray, threshold: float) -> Any:
    """½‖x - v‖² + threshold · penalty(x), what a proximal map minimises."""
    return ((x - v) ** 2).sum() / 2 + penalty(name, x, threshold)


# --- derivatives ------------------------------------------------------------------------------------------------------


def gradient(function: Callable[[np.ndarray], Any], at: np.ndarray) -> np.ndarray:
    """∂function/∂(every number) by complex step."""
    result = np.empty(len(at))
    for p in range(len(at)):
        moved = at.astype(complex)
        moved[p] += 1j * STEP
        result[p] = np.imag(function(moved)) / STEP
    return result


def derivative(function: Callable[[np.ndarray], Any], at: np.ndarray, direction: np.ndarray) -> Any:
    """The derivative of a scalar or an array along a direction, by complex step."""
    return np.imag(function(at + 1j * STEP * direction)) / STEP


class Dual:
    """real + dual·ε with ε² = 0 over exact fractions: exact derivatives of piecewise polynomials."""

    def __init__(self, real: Any, dual: Any = 0) -> None:
        self.real, self.dual = Fraction(real), Fraction(dual)

    @staticmethod
    def of(value: Any) -> Dual:
        return value if isinstance(value, Dual) else Dual(value)

    def __add__(self, other: Any) -> Dual:
        other = Dual.of(other)
        return Dual(self.real + other.real, self.dual + other.dual)

    def __mul__(self, other: Any) -> Dual:
        other = Dual.of(other)
        return Dual(self.real * other.real, self.real * other.dual + self.dual * other.real)

    def __neg__(self) -> Dual:
        return Dual(-self.real, -self.dual)

    def __sub__(self, other: Any) -> Dual:
        return self + -Dual.of(other)

    def __rsub__(self, other: Any) -> Dual:
        return Dual.of(other) - self

    def __truediv__(self, other: Any) -> Dual:
        return self * (1 / Fraction(other))

    def __pow__(self, exponent: int) -> Dual:
        return Dual(1) if exponent == 0 else self * self ** (exponent - 1)

    __radd__, __rmul__ = __add__, __mul__


def exact(values: Any) -> np.ndarray:
    """An array of fractions."""
    array = np.asarray(values)
    return np.array([Fraction(float(v)) for v in array.ravel()] + [None], dtype=object)[:-1].reshape(array.shape)


def exact_gradient(function: Callable[[np.ndarray], Dual], at: np.ndarray) -> list[Fraction]:
    """∂function/∂(every number), exactly."""
    result = []
    for p in range(len(at)):
        moved = np.array([Dual(value, int(p == place)) for place, value in enumerate(at)] + [None], dtype=object)[:-1]
        result.append(Dual.of(function(moved)).dual)
    return result


# --- optimizers, as the papers write them -----------------------------------------------------------------------------


def adam(
    theta: np.ndarray, slope: Callable[[np.ndarray, int], np.ndarray], steps: int, rate: Any, beta1: float,
    beta2: float, epsilon: float, after: Callable[[np.ndarray], np.ndarray] = lambda theta: theta, decay: Any = 0.0,
) -> np.ndarray:  # fmt: skip
    """Kingma and Ba, arXiv 1412.6980, algorithm 1; `after` follows each step; a rate may be a function of the step.

    `decay` is that of Loshchilov and Hutter, arXiv 1711.05101, algorithm 2, times the rate.
    """
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t in range(1, steps + 1):
        g = slope(theta, t - 1)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        size = rate(t - 1) if callable(rate) else rate
        theta = after(
            theta - size * decay * theta - size * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
        )
    return theta


def sgd(
    theta: np.ndarray, slope: Callable[[np.ndarray, int], np.ndarray], steps: int, rate: Any, momentum: float,
    nesterov: bool, after: Callable[[np.ndarray], np.ndarray] = lambda theta: theta, decay: Any = 0.0,
) -> np.ndarray:  # fmt: skip
    """Momentum b = μ b + g; Nesterov's form steps along g + μ b; `after` follows each step, `decay` as in `adam`."""
    b = np.zeros_like(theta)
    for t in range(steps):
        g = slope(theta, t)
        b = momentum * b + g
        size = rate(t) if callable(rate) else rate
        theta = after(theta - size * decay * theta - size * (g + momentum * b if nesterov else b))
    return theta


def rate_factor(schedule: str, warmup: float, final: float, steps: int, step: int) -> float:
    """The factor of the learning rates in one of so many steps: a rise, then half a cosine or a constant."""
    rising = round(warmup * steps)
    if step < rising:
        return 0.04 + 0.96 * np.sin(np.pi * step / rising / 2) ** 2 if schedule == "one_cycle" else (step + 1) / rising
    if schedule == "constant":
        return 1.0
    return final + (1 - final) * np.cos(np.pi * (step - rising) / (steps - rising) / 2) ** 2


def order_of_samples(seed: int, epoch: int, rows: int) -> list[int]:
    """The permutation of an epoch, position by position, with Python's own integers (`spectral_core.kernels.support.shuffling`)."""
    key, word, mask = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]), 2**32 - 1, 2**64 - 1
    bits = (rows - 1).bit_length()
    upper, lower = bits // 2, bits - bits // 2

    def round_key(r: int) -> int:
        z = (key + (24 * epoch + r + 1) * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return (z ^ (z >> 31)) >> 32

    def mixed(half: int, r: int) -> int:
        h = half ^ round_key(r)
        h = ((h ^ (h >> 16)) * 0x85EBCA6B) & word
        h = ((h ^ (h >> 13)) * 0xC2B2AE35) & word
        return h ^ (h >> 16)

    def image(row: int) -> int:
        high, low = row >> lower, row % 2**lower
        for r in range(24 if bits <= 8 else 12):
            if r % 2:
                low ^= mixed(high, r) % 2**lower
            else:
                high ^= mixed(low, r) % 2**upper
        return (high << lower) + low

    order = []
    for position in range(rows):
        row = image(position)
        while row >= rows:
            row = image(row)
        order.append(row)
    return order


def needed_neurons(rows: Any, outgoing: Any, x: Any) -> int:
    """Hyperplanes w·x + b = 0 between samples on which a layer of relus bends, counted pair by pair on exact fractions.

    rows (neurons, inputs + 1) with the biases last, outgoing (outputs, neurons), x (samples, inputs).
    """
    planes = [[Fraction(value) for value in row] for row in np.asarray(rows).tolist()]
    columns = [[Fraction(value) for value in column] for column in np.asarray(outgoing).T.tolist()]
    samples = [[*map(Fraction, sample), Fraction(1)] for sample in np.asarray(x).tolist()]
    count, seen = 0, set[int]()
    for h, plane in enumerate(planes):
        signs = [sum(a * b for a, b in zip(plane, sample, strict=True)) for sample in samples]
        if h in seen or not (min(signs) < 0 < max(signs)):
            continue
        group = [
            o
            for o, other in enumerate(planes)
            if all(a * d == b * c for (a, b), (c, d) in combinations(list(zip(plane, other, strict=True)), 2))
        ]
        place = next(i for i, value in enumerate(plane) if value)
        jumps = [
            sum(columns[o][k] * abs(planes[o][place] / plane[place]) for o in group) for k in range(len(columns[0]))
        ]
        count += any(jumps)
        seen.update(group)
    return count


# --- networks as lists of weights -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weights:
    """A direct network weight by weight; neurons are numbered layer by layer, the constant is the last input."""

    widths: tuple[int, ...]
    activation: str | tuple[str, ...]
    senders: np.ndarray
    receivers: np.ndarray

    def run(self, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
        """x of every input and hidden neuron, and z of the outputs (neurons, samples); x (inputs, samples)."""
        states = np.zeros((sum(self.widths), x.shape[1]), np.result_type(x, weights))
        states[: len(x)] = x
        for neuron in range(self.widths[0], sum(self.widths)):
            for w, sender, receiver in zip(weights, self.senders, self.receivers, strict=True):
                if receiver == neuron:
                    states[neuron] = states[neuron] + w * states[sender]
            if neuron < sum(self.widths) - self.widths[-1]:
                states[neuron] = activation(self.name_of(neuron), states[neuron])
        return states

    def name_of(self, neuron: int) -> str:
        """The activation of a hidden neuron."""
        layer = next(i for i in range(len(self.widths)) if neuron < sum(self.widths[: i + 1]))
        return names_of(self.activation, len(self.widths) - 2)[layer - 1]

    def output(self, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
        """z (samples, outputs)."""
        return self.run(weights, x)[-self.widths[-1] :].T

    def loss(
        self, weights: np.ndarray, x: np.ndarray, y: np.ndarray, name: str, weight: np.ndarray, smoothing: float = 0.0
    ) -> Any:
        z = self.output(weights, x)
        if smoothing and name in ("cross_entropy", "binary_cross_entropy"):
            return smoothed_loss(name, z, y, weight, smoothing)
        return loss(name, z, y, weight)

    def paths(self, kept: Sequence[int] | None = None) -> list[tuple[int, ...]]:
        """Every path from a real input or the constant to an output, as the places of its weights."""
        there = range(len(self.senders)) if kept is None else kept
        last = sum(self.widths) - self.widths[-1]
        found, queue = [], [(e,) for e in there if self.senders[e] < self.widths[0]]
        while queue:
            path = queue.pop()
            end = self.receivers[path[-1]]
            if end >= last:
                found.append(path)
            queue += [(*path, e) for e in there if self.senders[e] == end]
        return found

    def acting(self, bias: bool, kept: Sequence[int] | None = None) -> set[int]:
        """The places of weights that act: each lies on a path to an output, and no hidden neuron before or behind it is constant."""
        constant = self.widths[0] - 1 if bias else -1
        last = sum(self.widths) - self.widths[-1]
        there = list(range(len(self.senders)) if kept is None else kept)
        driven: set[int] = set(range(self.widths[0])) - {constant}
        for neuron in range(self.widths[0], sum(self.widths)):
            if any(self.receivers[e] == neuron and self.senders[e] in driven for e in there):
                driven.add(neuron)
        ends = driven | {constant} | set(range(last, sum(self.widths)))
        to_output = {e for e in there if self.receivers[e] >= last}
        for _ in self.widths:
            to_output |= {e for e in there if any(self.senders[f] == self.receivers[e] for f in to_output)}
        return {e for e in to_output if int(self.senders[e]) in ends and int(self.receivers[e]) in ends}


def gauss_newton(
    net: Weights,
    weights: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    name: str,
    weight: np.ndarray,
    smoothing: float = 0.0,
) -> np.ndarray:
    """Σ_s (∂z_s/∂w)ᵀ ∂²ℓ/∂z_s² (∂z_s/∂w): Jacobians by complex step, the curvature of ℓ by differences of its slopes."""
    outputs, samples = net.widths[-1], x.shape[1]
    jacobian = np.empty((samples, outputs, len(weights)))
    for e in range(len(weights)):
        jacobian[:, :, e] = derivative(lambda moved: net.output(moved, x), weights, np.eye(len(weights))[e])
    z, total = net.output(weights, x), np.zeros((len(weights), len(weights)))
    for s in range(samples):
        curvature = loss_curvature(z[s], y[s : s + 1], name, smoothing)
        total += weight[s] / weight.sum() * jacobian[s].T @ curvature @ jacobian[s]
    return total


def loss_curvature(z: np.ndarray, y: np.ndarray, name: str, smoothing: float = 0.0) -> np.ndarray:
    """∂²ℓ/∂z² of one sample (outputs, outputs): differences of slopes by complex step; z (outputs,), y its target alone."""
    step = 1e-5

    def one(flat: np.ndarray) -> Any:
        given = (name, flat[None], y, np.ones(1))
        return smoothed_loss(*given, smoothing) if smoothing and "cross_entropy" in name else loss(*given)

    rows = [(gradient(one, z + step * unit) - gradient(one, z - step * unit)) / (2 * step) for unit in np.eye(len(z))]
    return np.array(rows)


def moving(net: Weights, weights: np.ndarray, x: np.ndarray, neuron: int) -> tuple[np.ndarray, np.ndarray]:
    """z (outputs,) of one sample, and its derivative by the activation of a hidden neuron, by complex step."""
    states = np.zeros(sum(net.widths), complex)
    states[: len(x)] = x[:, 0]
    for receiver in range(net.widths[0], sum(net.widths)):
        states[receiver] = sum(
            (w * states[s] for w, s, r in zip(weights, net.senders, net.receivers, strict=True) if r == receiver), 0j
        )
        if receiver < sum(net.widths) - net.widths[-1]:
            states[receiver] = activation(net.name_of(receiver), states[receiver : receiver + 1])[0]
        if receiver == neuron:
            states[receiver] += 1j * STEP
    return states[-net.widths[-1] :].real, states[-net.widths[-1] :].imag / STEP
