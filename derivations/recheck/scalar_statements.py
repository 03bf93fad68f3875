"""The formulas under test for activations, losses, penalties, proximal maps and optimizers, written by hand.

Where a function needs exp, log or a root, the caller passes the value it takes at that place; `sign` is the sign of z
and chooses the piece. Samples are rows here: z[s][h], as the kernels have them.
"""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck.dense import Function, Matrix, Vector, inner
from derivations.recheck.field import Number

# --- activations: f(z) and f'(z) --------------------------------------------------------------------------------------


def identity(z: Number) -> tuple[Number, Number]:
    return z, 1


def relu(sign: int, z: Number) -> tuple[Number, Number]:
    return (z, 1) if sign > 0 else (0, 0)


def leaky_relu(sign: int, z: Number) -> tuple[Number, Number]:
    return (z, 1) if sign > 0 else (z / 100, Fraction(1, 100))


def elu(sign: int, z: Number, e: Number) -> tuple[Number, Number]:
    """e = exp(min(z, 0))."""
    return (z, 1) if sign > 0 else (e - 1, e)


def tanh(sign: int, e: Number) -> tuple[Number, Number]:
    """e = exp(-2|z|), m = e - 1, d = 1/(m + 2)."""
    m = e - 1
    d = 1 / (m + 2)
    return (-m * d if sign > 0 else m * d), 4 * e * d * d


def sigmoid(sign: int, e: Number) -> tuple[Number, Number]:
    """e = exp(-|z|), d = 1/(1 + e)."""
    d = 1 / (1 + e)
    return (d if sign > 0 else e * d), e * d * d


def gelu(z: Number, cdf: Number, density: Number) -> tuple[Number, Number]:
    return z * cdf, cdf + z * density


def swish(sign: int, z: Number, e: Number) -> tuple[Number, Number]:
    """e = exp(-|z|), d = 1/(1 + e)."""
    d = 1 / (1 + e)
    logistic = d if sign > 0 else e * d
    return z * logistic, logistic + z * e * d * d


# --- losses: ℓ and ∂ℓ/∂z ----------------------------------------------------------------------------------------------


def squared_error(z: Matrix, y: Matrix, weight: Vector) -> tuple[Number, Matrix]:
    scale = 1 / (sum(weight) * len(z[0]))
    loss: Number = 0
    gradient = []
    for w, outputs, targets in zip(weight, z, y, strict=True):
        for a, b in zip(outputs, targets, strict=True):
            loss = loss + scale * w * (a - b) ** 2
        gradient.append([2 * scale * w * (a - b) for a, b in zip(outputs, targets, strict=True)])
    return loss, gradient


def cross_entropy(
    z: Matrix, exps: Matrix, logs: Vector, label: list[int], weight: Vector, smoothing: Number
) -> tuple[Number, Matrix]:
    """`exps` are exp(z), `logs` the logarithms of their sums; q = (1 - ε) onehot(label) + ε/classes."""
    scale = 1 / sum(weight)
    loss: Number = 0
    gradient = []
    for s, w in enumerate(weight):
        total = sum(exps[s])
        q = [(1 - smoothing) * int(h == label[s]) + smoothing / len(z[s]) for h in range(len(z[s]))]
        loss = loss + scale * w * (logs[s] - inner([q], [z[s]]))
        gradient.append([scale * w * (e / total - share) for e, share in zip(exps[s], q, strict=True)])
    return loss, gradient


def shifted_sum(exps: Vector, peak: int) -> Number:
    """exp of the stable log-sum: exp(z_peak) Σ_h exp(z_h - z_peak)."""
    return exps[peak] * sum(e / exps[peak] for e in exps)


def huber(z: Matrix, y: Matrix, weight: Vector) -> tuple[Number, Matrix]:
    """r²/2 for |r| <= 1, |r| - 1/2 beyond; slope clip(r, -1, 1)."""
    scale = 1 / (sum(weight) * len(z[0]))
    loss: Number = 0
    gradient = []
    for w, outputs, targets in zip(weight, z, y, strict=True):
        slopes = []
        for a, b in zip(outputs, targets, strict=True):
            r = a - b
            inside = max(-1, min(r, 1))
            loss = loss + scale * w * (r * r / 2 if abs(r) <= 1 else abs(r) - Fraction(1, 2))
            slopes.append(scale * w * inside)
        gradient.append(slopes)
    return loss, gradient


def poisson(z: Matrix, exps: Matrix, y: Matrix, weight: Vector) -> tuple[Number, Matrix]:
    """exp(z) - y z; slope exp(z) - y."""
    scale = 1 / (sum(weight) * len(z[0]))
    loss: Number = 0
    gradient = []
    for s, w in enumerate(weight):
        for a, e, b in zip(z[s], exps[s], y[s], strict=True):
            loss = loss + scale * w * (e - b * a)
        gradient.append([scale * w * (e - b) for e, b in zip(exps[s], y[s], strict=True)])
    return loss, gradient


def binary_cross_entropy(z: Matrix, exps: Matrix, logs: Matrix, y: Matrix, weight: Vector) -> tuple[Number, Matrix]:
    """log(1 + exp(z)) - y z; slope σ(z) - y. `logs` are log(1 + exp(z))."""
    scale = 1 / (sum(weight) * len(z[0]))
    loss: Number = 0
    gradient = []
    for s, w in enumerate(weight):
        for a, log, b in zip(z[s], logs[s], y[s], strict=True):
            loss = loss + scale * w * (log - b * a)
        gradient.append([scale * w * (1 / (1 + 1 / e) - b) for e, b in zip(exps[s], y[s], strict=True)])
    return loss, gradient


def smoothed(y: Number, smoothing: Number) -> Number:
    """(1 - ε) y + ε/2."""
    return (1 - smoothing) * y + smoothing / 2


def stable_softplus(z: Fraction) -> tuple[Number, Number]:
    """log(1 + exp(z)) = m + log(1 + exp(a)) with m = max(z, 0), a = -|z|: the m and the a."""
    return max(z, 0), -abs(z)


# --- penalties: value and gradient ------------------------------------------------------------------------------------


def group(strength: Number, value: Vector, norm: Number, at_zero: bool) -> tuple[Number, Vector]:
    """ρ‖λ‖₂; gradient ρ λ / ‖λ‖₂, 0 at the zero vector."""
    return strength * norm, [0 if at_zero else strength * entry / norm for entry in value]


def l1(strength: Number, value: Vector) -> tuple[Number, Vector]:
    """ρ‖λ‖₁; gradient ρ sign(λ), 0 at 0."""
    return sum(strength * abs(entry) for entry in value), [strength * sign_of(entry) for entry in value]


def l2(strength: Number, value: Vector) -> tuple[Number, Vector]:
    """ρ‖λ‖₂²; gradient 2ρ λ."""
    return sum(strength * entry * entry for entry in value), [2 * strength * entry for entry in value]


def sign_of(entry: Number) -> int:
    return (entry > 0) - (entry < 0)


# --- proximal maps: argmin_x ½‖x - v‖² + t · penalty(x) ----------------------------------------------------------------


def prox_group(t: Number, value: Vector, norm: Number) -> Vector:
    """Block soft threshold: max(0, 1 - t/‖v‖) v, 0 for v = 0."""
    factor = 1 - t / norm if norm > t else 0
    return [factor * entry for entry in value]


def prox_l1(t: Number, value: Vector) -> Vector:
    """Soft threshold: sign(v) max(0, |v| - t)."""
    return [sign_of(entry) * max(0, abs(entry) - t) for entry in value]


def prox_l2(t: Number, value: Vector) -> Vector:
    """v / (1 + 2t)."""
    return [entry / (1 + 2 * t) for entry in value]


# --- optimizers -------------------------------------------------------------------------------------------------------


def adam_moments(m: Number, v: Number, g: Number, beta1: Number, beta2: Number) -> tuple[Number, Number]:
    """m = β1 m + (1-β1) g, v = β2 v + (1-β2) g²."""
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g


def adam_corrected(m: Number, v: Number, beta1: Number, beta2: Number, t: int) -> tuple[Number, Number]:
    """m̂ = m/(1-β1^t), v̂ = v/(1-β2^t)."""
    return m / (1 - beta1**t), v / (1 - beta2**t)


def adam_step(theta: Number, m_hat: Number, v_hat: Number, rate: Number, epsilon: Number, root: Function) -> Number:
    """θ - rate m̂/(√v̂ + ε)."""
    return theta - rate * m_hat / (root(v_hat) + epsilon)


def sgd_step(theta: Number, b: Number, g: Number, rate: Number, momentum: Number, nesterov: bool) -> Vector:
    """b = μ b + g, θ -= rate b, or rate (g + μ b) in Nesterov's form."""
    b = momentum * b + g
    return [theta - rate * (g + momentum * b if nesterov else b), b]


def decay(theta: Vector, share: Number) -> Vector:
    """θ - share θ."""
    return [entry - share * entry for entry in theta]


def clip(gradient: Vector, norm: Number, limit: Number, above: bool) -> Vector:
    """g limit/‖g‖ where ‖g‖ is above the limit, else g."""
    return [limit * entry / norm if above else entry for entry in gradient]


# --- schedules: the factor of the rates, by the cosine of π times the share of the steps ---------------------------------


def fall(cosine: Number, final: Number) -> Number:
    """F + (1 - F)(1 + cos πu)/2."""
    return final + (1 - final) * (1 + cosine) / 2


def rise(cosine: Number, start: Number) -> Number:
    """S + (1 - S)(1 - cos πu)/2."""
    return start + (1 - start) * (1 - cosine) / 2


def warmup(step: Number, steps: Number) -> Number:
    """(t + 1)/W."""
    return (step + 1) / steps
