"""One epoch as the papers write it, for any number type: mini-batches, losses, penalties, optimizers, proximal maps.

The gradient of every parameter is a pass of dual numbers. Fractions stay exact where nothing but sums, products and quotients is
needed; else the numbers are mpmath's, with as many digits as its context has. Nothing here is taken from the derivations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath

from derivations.recheck import dense
from derivations.recheck.dense import Matrix, Vector
from derivations.recheck.exact_networks import blocks_of, moving, relu
from derivations.recheck.field import Dual, Number, slope_of, value_of
from spectral_core.kernels.support.layout import Layout


def through(function: Callable[[Any], Any], slope: Callable[[Any], Any]) -> dense.Function:
    """A function of mpmath on dual numbers."""

    def lifted(number: Number) -> Number:
        value = value_of(number)
        return Dual(function(value), slope(value) * number.slope) if isinstance(number, Dual) else function(value)

    return lifted


exp = through(mpmath.exp, mpmath.exp)
log = through(mpmath.log, lambda x: 1 / x)
ACTIVATIONS: dict[str, dense.Function] = {
    "identity": lambda z: z,
    "relu": relu,
    "tanh": through(mpmath.tanh, lambda z: 1 / mpmath.cosh(z) ** 2),
}


@dataclass(frozen=True)
class Group:
    """Parameters [begin, end) that are trained, with their rate and decay; a penalty on some, by its gradient or a proximal step."""

    begin: int
    end: int
    rate: Any
    decay: Any = 0
    penalty: str = ""
    strength: Any = 0
    proximal: bool = False

    def of(self, theta: Vector) -> Vector:
        return theta[self.begin : self.end]


@dataclass(frozen=True)
class Training:
    """What an epoch needs. `momentum` is None for Adam; `limit` 0 is no limit; `y` holds rows of targets, or labels."""

    layout: Layout
    activation: str
    loss: str
    groups: tuple[Group, ...]
    x: Matrix
    y: list[Any]
    weights: Vector
    batch_size: int
    factors: Vector
    momentum: Any = None
    nesterov: bool = False
    betas: tuple[Any, Any] = (0, 0)
    epsilon: Any = 0
    smoothing: Any = 0
    limit: Any = 0

    def batches(self) -> list[range]:
        """The mini-batches that have a weight."""
        starts = range(0, len(self.x), self.batch_size)
        rows = [range(start, min(start + self.batch_size, len(self.x))) for start in starts]
        return [batch for batch in rows if sum(self.weights[s] for s in batch)]


def mean_loss(training: Training, rows: range, theta: Vector) -> Number:
    """Σ w ℓ / Σ w over the samples of a mini-batch; a loss of several outputs is their mean."""
    layout, f = training.layout, ACTIVATIONS[training.activation]
    columns = dense.transpose([training.x[s] for s in rows])
    outputs = dense.transpose(dense.forward(blocks_of(layout, theta), f, columns, layout.widths)[1][-1])
    weights = [training.weights[s] for s in rows]
    total: Number = 0
    for s, weight, z in zip(rows, weights, outputs, strict=True):
        total = total + weight * sample_loss(training, z, training.y[s])
    return total / sum(weights)


def sample_loss(training: Training, z: Vector, y: Any) -> Number:
    if training.loss == "cross_entropy":
        even = training.smoothing / len(z)
        shares = [(1 - training.smoothing) * (h == y) + even for h in range(len(z))]
        return log(sum(map(exp, z))) - sum(share * output for share, output in zip(shares, z, strict=True))
    terms: list[Number] = []
    for output, target in zip(z, y, strict=True):
        if training.loss == "binary_cross_entropy":
            soft = (1 - training.smoothing) * target + training.smoothing / 2
            terms.append(log(1 + exp(output)) - soft * output)
        elif training.loss == "poisson":
            terms.append(exp(output) - target * output)
        else:
            error = output - target
            far = training.loss == "huber" and abs(value_of(error)) > 1
            near = error * error / (2 if training.loss == "huber" else 1)
            terms.append((error if value_of(error) > 0 else -error) - (0 * value_of(error) + 1) / 2 if far else near)
    return sum(terms) / len(terms)


def penalty(kind: str, value: Vector, strength: Any) -> tuple[Any, Vector]:
    """A penalty and its gradient, 0 where it has none."""
    if kind == "group":
        norm = root(value)
        return strength * norm, [strength * entry / norm if norm else 0 for entry in value]
    if kind == "l1":
        return strength * sum(map(abs, value)), [strength * ((entry > 0) - (entry < 0)) for entry in value]
    return strength * dense.sum_of_products(value, value), [2 * strength * entry for entry in value]


def proximal_map(kind: str, value: Vector, threshold: Any) -> Vector:
    """argmin ½‖x - value‖² + threshold · penalty(x)."""
    if kind == "group":
        norm = root(value)
        return [max(0, 1 - threshold / norm) * entry if norm else entry for entry in value]
    if kind == "l1":
        return [((entry > 0) - (entry < 0)) * max(0, abs(entry) - threshold) for entry in value]
    return [entry / (1 + 2 * threshold) for entry in value]


def root(vector: Vector) -> Any:
    """‖v‖."""
    return mpmath.sqrt(dense.sum_of_products(vector, vector))


def epoch(training: Training, theta: Vector) -> tuple[Vector, Any, Any]:
    """The parameters after one epoch, the mean loss over its samples, the mean penalty over its mini-batches."""
    m: Vector = [0] * len(theta)
    v: Vector = [0] * len(theta)
    losses: Any = 0
    penalties: Any = 0
    batches = training.batches()
    for t, rows in enumerate(batches, 1):
        # Loss, penalties and their gradient, of limited norm.
        losses += sum(training.weights[s] for s in rows) * mean_loss(training, rows, theta)
        g = [slope_of(mean_loss(training, rows, moving(theta, place))) for place in range(len(theta))]
        for group in training.groups:
            if group.penalty and not group.proximal:
                value, slopes = penalty(group.penalty, group.of(theta), group.strength)
                penalties += value
                g[group.begin : group.end] = [a + b for a, b in zip(group.of(g), slopes, strict=True)]
        if training.limit and root(g) > training.limit:
            g = [training.limit * entry / root(g) for entry in g]
        # Decay, the optimizer, the proximal map.
        for group in training.groups:
            rate = training.factors[t - 1] * group.rate
            for p in range(group.begin, group.end):
                theta = [*theta[:p], (1 - rate * group.decay) * theta[p], *theta[p + 1 :]]
                theta[p] -= rate * _direction(training, g[p], m, v, p, t)
            if group.proximal:
                shrunk = proximal_map(group.penalty, group.of(theta), rate * group.strength)
                theta[group.begin : group.end] = shrunk
    return theta, losses / sum(training.weights), penalties / len(batches)


def _direction(training: Training, g: Any, m: Vector, v: Vector, p: int, t: int) -> Any:
    """What the rate multiplies, for parameter p in step t; the moments are brought up to date."""
    if training.momentum is not None:
        m[p] = training.momentum * m[p] + g
        return g + training.momentum * m[p] if training.nesterov else m[p]
    beta1, beta2 = training.betas
    m[p] = beta1 * m[p] + (1 - beta1) * g
    v[p] = beta2 * v[p] + (1 - beta2) * g * g
    return m[p] / (1 - beta1**t) / (mpmath.sqrt(v[p] / (1 - beta2**t)) + training.epsilon)
