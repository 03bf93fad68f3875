"""The compiled kernels of image networks against the definitions, window by window, in whole numbers.

A kernel that Python calls reads planes, places them in scratch planes, and calls the functions that are printed from the
programs. Here a plane is read by its definition, as 0 or -∞ outside, and every result is a sum over windows. On small
whole numbers a kernel computes without rounding, so its results must be equal, bit for bit; means of windows, batch norms
and their adjoints are compared with 50 digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import mpmath
import numpy as np

from derivations.recheck.exact_comparison import Check, Comparison
from spectral_core.kernels.cpu import images

cpu: Any = images
"""The kernels, whose arguments Numba's types do not count."""

SAMPLES, CHANNELS, RECEIVERS, ROWS, COLUMNS = 3, 2, 2, 5, 4
WINDOWS = tuple(product((1, 2), (1, 2)))
"""Dilation and stride."""
ULPS, LEAST = 64.0, 2.0**-4
"""The error allowed where numbers are rounded, in units in the last place of the truth, or of `LEAST` if it is smaller."""


def whole(comparison: Comparison, *shape: int) -> np.ndarray:
    """Small whole numbers, few of them, so that windows have several greatest values."""
    values = [comparison.values.randint(-3, 3) for _ in range(int(np.prod(shape)))]
    return np.array(values, dtype=np.int64).reshape(shape)


def flat(planes: np.ndarray) -> np.ndarray:
    """(samples, channels, pixels) of float64."""
    return np.ascontiguousarray(planes.reshape(*planes.shape[:2], -1).astype(np.float64))


def places(size: int, taps: int, dilation: int, stride: int) -> range:
    """The first row that each window reads: stride i - padding, as many as there are rows i."""
    return range(-dilation * (taps // 2), size - dilation * (taps // 2), stride)


def windows(
    shape: tuple[int, int], taps: int, dilation: int, stride: int
) -> Iterator[tuple[tuple[int, int], list[tuple[int, int, int]]]]:
    """Every (i, j) with the taps of its window that lie inside: the number of the tap, and its row and column."""
    for i, top in enumerate(places(shape[0], taps, dilation, stride)):
        for j, left in enumerate(places(shape[1], taps, dilation, stride)):
            read = (
                (a * taps + b, top + dilation * a, left + dilation * b) for a, b in product(range(taps), range(taps))
            )
            yield (i, j), [(t, r, q) for t, r, q in read if 0 <= r < shape[0] and 0 <= q < shape[1]]


def size_of(stride: int) -> tuple[int, int]:
    """Rows and columns that a window leaves."""
    return -(-ROWS // stride), -(-COLUMNS // stride)


# --- convolutions -----------------------------------------------------------------------------------------------------


def convolution(taps: int, backward: bool, comparison: Comparison) -> None:
    """z = W (k * max(a x + b, 0)), for every stride and dilation, and the gradients by x, k and W."""
    for (dilation, stride), relu in product(WINDOWS, (False, True)):
        x, kernel = whole(comparison, SAMPLES, CHANNELS, ROWS, COLUMNS), whole(comparison, CHANNELS, taps * taps)
        weights, scale, shift = (
            whole(comparison, *shape) for shape in ((RECEIVERS, CHANNELS), (CHANNELS,), (CHANNELS,))
        )
        normed = x * scale[:, None, None] + shift[:, None, None]
        held = np.where(normed > 0, normed, 0) if relu else normed
        bar = whole(comparison, SAMPLES, RECEIVERS, *size_of(stride))
        middle = np.zeros((SAMPLES, CHANNELS, *size_of(stride)), np.int64)
        dheld, dkernel = np.zeros_like(x), np.zeros_like(kernel)
        for (i, j), read in windows((ROWS, COLUMNS), taps, dilation, stride):
            back = bar[:, :, i, j] @ weights
            for t, r, q in read:
                middle[:, :, i, j] += kernel[:, t] * held[:, :, r, q]
                dheld[:, :, r, q] += back * kernel[:, t]
                dkernel[:, t] += (back * held[:, :, r, q]).sum(0)
        given = (flat(x), ROWS, COLUMNS, dilation, stride, relu, *_floats(scale, shift, kernel, weights))
        name = f"{taps} × {taps}, dilation {dilation}, stride {stride}, {'relu' if relu else 'no relu'}"
        if not backward:
            z = np.empty((SAMPLES, RECEIVERS, middle[0, 0].size))
            {3: cpu.forward_window_3, 5: cpu.forward_window_5}[taps](*given, z)
            comparison.equal(f"z, {name}", z, np.einsum("oc,scij->soij", weights, middle))
            continue
        dx, dkernels, dweights = np.ones_like(flat(x)), np.ones(kernel.shape), np.ones(weights.shape)
        {3: cpu.adjoint_window_3, 5: cpu.adjoint_window_5}[taps](*given, flat(bar), dx, dkernels, dweights)
        comparison.equal(f"x̄, {name}", dx, 1 + (np.where(normed > 0, dheld, 0) if relu else dheld))
        comparison.equal(f"k̄, {name}", dkernels, 1 + dkernel)
        comparison.equal(f"W̄, {name}", dweights, 1 + np.einsum("soij,scij->oc", bar, middle))


def _floats(*arrays: np.ndarray) -> list[np.ndarray]:
    return [array.astype(np.float64) for array in arrays]


def stem(backward: bool, comparison: Comparison) -> None:
    """z_o = Σ_c k_oc * x_c, windows of 3 × 3, and the gradient by k."""
    x, bar = (
        whole(comparison, SAMPLES, count, ROWS, COLUMNS) for count in (CHANNELS, RECEIVERS)
    )  # fmt: skip
    kernels = whole(comparison, RECEIVERS, CHANNELS, 9)
    truth, slopes = np.zeros_like(bar), np.zeros_like(kernels)
    for (i, j), read in windows((ROWS, COLUMNS), 3, 1, 1):
        for t, r, q in read:
            truth[:, :, i, j] += x[:, :, r, q] @ kernels[:, :, t].T
            slopes[:, :, t] += bar[:, :, i, j].T @ x[:, :, r, q]
    (own,) = _floats(kernels.reshape(RECEIVERS, -1))
    if backward:
        dkernels = np.ones_like(own)
        cpu.adjoint_stem(flat(x), ROWS, COLUMNS, flat(bar), dkernels)
        comparison.equal("k̄", dkernels, 1 + slopes.reshape(RECEIVERS, -1))
    else:
        z = np.empty_like(flat(bar))
        cpu.forward_stem(flat(x), ROWS, COLUMNS, own, z)
        comparison.equal("z", z, truth)


def pointwise(backward: bool, comparison: Comparison) -> None:
    """z = W (every stride-th pixel of a x + b), and the gradients by what is read and by W."""
    for stride in (1, 2):
        x, weights = whole(comparison, SAMPLES, CHANNELS, ROWS, COLUMNS), whole(comparison, RECEIVERS, CHANNELS)
        scale, shift = whole(comparison, CHANNELS), whole(comparison, CHANNELS)
        bar = whole(comparison, SAMPLES, RECEIVERS, *size_of(stride))
        truth, dx, dweights = np.zeros_like(bar), np.zeros_like(x), np.zeros_like(weights)
        for i, j in np.ndindex(*size_of(stride)):
            held = scale * x[:, :, stride * i, stride * j] + shift
            truth[:, :, i, j] = held @ weights.T
            dx[:, :, stride * i, stride * j] += bar[:, :, i, j] @ weights
            dweights += bar[:, :, i, j].T @ held
        given = (flat(x), ROWS, COLUMNS, stride, *_floats(scale, shift, weights))
        if backward:
            got, got_weights = np.ones_like(flat(x)), np.ones(weights.shape)
            cpu.adjoint_pointwise(*given, flat(bar), got, got_weights)
            comparison.equal(f"x̄, stride {stride}", got, 1 + dx)
            comparison.equal(f"W̄, stride {stride}", got_weights, 1 + dweights)
        else:
            z = np.empty_like(flat(bar))
            cpu.forward_pointwise(*given, z)
            comparison.equal(f"z, stride {stride}", z, truth)


# --- nodes ------------------------------------------------------------------------------------------------------------


def link(backward: bool, comparison: Comparison) -> None:
    """What arrives over a link, with a factor for each sample."""
    _node((cpu.LINK,), backward, comparison)


def pool(backward: bool, comparison: Comparison) -> None:
    """A max pool, where the first greatest value wins, and a mean pool, each with a factor for each sample."""
    _node((cpu.MAX, cpu.MEAN), backward, comparison)


def _node(kinds: tuple[int, ...], backward: bool, comparison: Comparison) -> None:
    """What arrives at a node, and what it gives back, for each kind and stride."""
    for kind, stride in product(kinds, (1, 2)):
        x, bar = (
            whole(comparison, SAMPLES, CHANNELS, ROWS, COLUMNS),
            whole(comparison, SAMPLES, CHANNELS, *size_of(stride)),
        )
        scale, shift, factor = (whole(comparison, count) for count in (CHANNELS, CHANNELS, SAMPLES))
        kept = whole(comparison, SAMPLES)
        held = x * scale[:, None, None] + shift[:, None, None]
        # Of each window the taps that count, times 9: all of a mean, the first greatest, the middle of a link.
        sums, back = np.zeros_like(bar), np.zeros_like(x)
        for (i, j), read in windows((ROWS, COLUMNS), 3, 1, stride):
            for s, c in np.ndindex(SAMPLES, CHANNELS):
                for weight, r, q in _counted(kind, held[s, c], read):
                    sums[s, c, i, j] += weight * held[s, c, r, q]
                    back[s, c, r, q] += weight * bar[s, c, i, j]
        kinds_of_pool = () if kind == cpu.LINK else (kind,)
        given = (*kinds_of_pool, flat(x), ROWS, COLUMNS, stride, *_floats(scale, shift, factor))
        shares = factor[:, None, None, None]
        name = f"{('link', 'max pool', 'mean pool')[kind - cpu.LINK]}, stride {stride}"
        if backward:
            dx = np.ones_like(flat(x))
            slope = (cpu.adjoint_pool if kinds_of_pool else cpu.adjoint_link)(*given, *_floats(kept), flat(bar), dx)
            _compared(comparison, kind, f"x̄ of a {name}", dx.ravel(), 9 + shares * back)
            total = (kept[:, None, None, None] * bar * sums).sum()
            _compared(comparison, kind, f"the slope of the gate, {name}", np.array([slope]), np.array([total]))
        else:
            u = np.ones_like(flat(bar))
            (cpu.forward_pool if kinds_of_pool else cpu.forward_link)(*given, u)
            _compared(comparison, kind, f"u of a {name}", u.ravel(), 9 + shares * sums)


def _counted(kind: int, plane: np.ndarray, read: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The places of a window that count, each with 9 times its weight."""
    if kind == cpu.MEAN:
        return [(1, r, q) for _, r, q in read]
    if kind == cpu.LINK:
        return [(9, r, q) for t, r, q in read if t == 4]
    greatest = max(plane[r, q] for _, r, q in read)
    return [next((9, r, q) for _, r, q in read if plane[r, q] == greatest)]


def _compared(comparison: Comparison, kind: int, what: str, got: np.ndarray, ninefold: np.ndarray) -> None:
    """Equal to a ninth of the numbers; bit for bit but for means, of which 1/9 is rounded."""
    if kind != cpu.MEAN:
        comparison.equal(what, got, ninefold.ravel() // 9)
        return
    for number, truth in zip(got.tolist(), ninefold.ravel().tolist(), strict=True):
        comparison.close(what, number, mpmath.mpf(truth) / 9, ULPS, least=1.0)


# --- batch norms and classifiers --------------------------------------------------------------------------------------


def _statistics(x: np.ndarray) -> tuple[Any, Any, int]:
    """Mean and biased variance of a channel, with 50 digits, and how many values it has."""
    values = [mpmath.mpf(int(v)) for v in x.ravel()]
    mean = mpmath.fsum(values) / len(values)
    return mean, mpmath.fsum((v - mean) ** 2 for v in values) / len(values), len(values)


def norm(comparison: Comparison) -> None:
    """a = γ/√(v + ε), b = β - a μ of the channel, or of the running statistics, which move by θ in training."""
    x = whole(comparison, SAMPLES, CHANNELS, ROWS, COLUMNS)
    gamma, beta, mean, variance = _floats(
        *(whole(comparison, CHANNELS) for _ in range(3)), 1 + abs(whole(comparison, CHANNELS))
    )
    theta, epsilon = 0.25, mpmath.mpf(cpu.EPSILON)
    for training in (True, False):
        moved, spread, found = mean.copy(), variance.copy(), np.zeros((4, CHANNELS))
        cpu.forward_norm(flat(x), theta, training, gamma, beta, moved, spread, found)
        for c in range(CHANNELS):
            mu, v, count = _statistics(x[:, c]) if training else (mpmath.mpf(mean[c]), mpmath.mpf(variance[c]), 2)
            a = mpmath.mpf(gamma[c]) / mpmath.sqrt(v + epsilon)
            close = partial(_near, comparison, f"channel {c}")
            close(found[cpu.SCALE, c], a)
            close(found[cpu.SHIFT, c], mpmath.mpf(beta[c]) - a * mu)
            share = theta if training else 0
            close(moved[c], (1 - share) * mpmath.mpf(mean[c]) + share * mu)
            close(spread[c], (1 - share) * mpmath.mpf(variance[c]) + share * v * count / (count - 1))
            if training:
                close(found[cpu.MEAN_OF, c], mu)
                close(found[cpu.DEVIATION, c], mpmath.sqrt(v + epsilon))


def _near(comparison: Comparison, what: str, got: float, truth: Any) -> None:
    comparison.close(what, float(got), truth, ULPS, least=LEAST)


def norm_adjoint(comparison: Comparison) -> None:
    """x̄ = γ/σ (ȳ - Σ ȳ/n - x̂ Σ ȳ x̂/n), γ̄ = Σ ȳ x̂ and β̄ = Σ ȳ."""
    x, bar = (whole(comparison, SAMPLES, CHANNELS, ROWS, COLUMNS) for _ in range(2))
    gamma, beta = _floats(1 + abs(whole(comparison, CHANNELS)), whole(comparison, CHANNELS))
    statistics, epsilon = np.zeros((4, CHANNELS)), mpmath.mpf(cpu.EPSILON)
    for c in range(CHANNELS):
        mu, v, _ = _statistics(x[:, c])
        sigma = mpmath.sqrt(v + epsilon)
        a = mpmath.mpf(gamma[c]) / sigma
        rows = {cpu.SCALE: a, cpu.SHIFT: mpmath.mpf(beta[c]) - a * mu, cpu.MEAN_OF: mu, cpu.DEVIATION: sigma}
        for row, number in rows.items():
            statistics[row, c] = float(number)
    # The kernel sets both; what was there before is gone.
    dx, dgamma, dbeta = flat(bar), np.ones(CHANNELS), np.ones(CHANNELS)
    cpu.adjoint_norm(flat(x), dx, statistics, dgamma, dbeta)
    for c in range(CHANNELS):
        mu, v, count = _statistics(x[:, c])
        sigma = mpmath.sqrt(v + epsilon)
        hats = [(mpmath.mpf(int(value)) - mu) / sigma for value in x[:, c].ravel()]
        bars = [mpmath.mpf(int(value)) for value in bar[:, c].ravel()]
        total, weighted = mpmath.fsum(bars), mpmath.fsum(a * b for a, b in zip(bars, hats, strict=True))
        _near(comparison, f"β̄ of channel {c}", dbeta[c], total)
        _near(comparison, f"γ̄ of channel {c}", dgamma[c], weighted)
        for got, y, hat in zip(dx[:, c].ravel(), bars, hats, strict=True):
            truth = mpmath.mpf(gamma[c]) / sigma * (y - total / count - hat * weighted / count)
            _near(comparison, f"x̄ of channel {c}", got, truth)


def tower(backward: bool, comparison: Comparison) -> None:
    """Logits V · means + e of planes of 4 × 4 pixels, whose means are exact, and the gradients."""
    side = 4
    x, bar = whole(comparison, SAMPLES, CHANNELS, side, side), 16 * whole(comparison, SAMPLES, RECEIVERS)
    scale, shift, weights, bias = (
        whole(comparison, *s) for s in ((CHANNELS,), (CHANNELS,), (RECEIVERS, CHANNELS), (RECEIVERS,))
    )
    means = (x * scale[:, None, None] + shift[:, None, None]).sum((2, 3)) / side**2
    if not backward:
        pooled, logits = np.empty((SAMPLES, CHANNELS)), np.empty((SAMPLES, RECEIVERS))
        cpu.forward_tower(flat(x), side, side, *_floats(scale, shift, weights, bias), pooled, logits)
        comparison.equal("means", pooled, means)
        comparison.equal("logits", logits, means @ weights.T + bias)
        return
    dx, dweights, dbias = np.ones_like(flat(x)), np.ones(weights.shape), np.ones(RECEIVERS)
    cpu.adjoint_tower(*_floats(bar), means, side, side, *_floats(weights), dx, dweights, dbias)
    comparison.equal("V̄", dweights, 1 + bar.T @ means)
    comparison.equal("ē", dbias, 1 + bar.sum(0))
    comparison.equal("x̄", dx, np.repeat(1 + (bar @ weights)[:, :, None] / side**2, side**2, axis=2))


def clamp(comparison: Comparison) -> None:
    """Weights of gates within -limit and limit."""
    weights, limit = whole(comparison, 12), 2
    (moved,) = _floats(weights)
    cpu.clamp(moved, float(limit))
    comparison.equal("weights", moved, [min(max(weight, -limit), limit) for weight in weights.tolist()])


def keep_norms(comparison: Comparison) -> None:
    """Two nodes of four eigenvalues ± a: their squares get the mean 1, the running statistics follow; others stay."""
    first, second = (2 ** int(value % 4 + 1) for value in whole(comparison, 2))
    signs = [1 if value % 2 else -1 for value in whole(comparison, 8).tolist()]
    values = [sign * (first if k < 4 else second) for k, sign in enumerate(signs)]
    running = whole(comparison, 8).tolist()  # two channels of two nodes: means, variances
    (parameters,) = _floats(np.array([7, *values, *running]))
    starts, places, where = np.array([0, 4, 8]), np.arange(1, 9), np.array([[9, 2], [13, 2]])
    cpu.keep_norms(parameters, starts, places, where)
    shares = [Fraction(1, factor) for factor in (first, second) for _ in range(2)]
    expected = [share ** (1 + k // 2 % 2) for k, share in enumerate(x for s in shares[::2] for x in (s, s, s, s))]
    comparison.equal("λ", parameters[1:9] - np.array(signs), [0] * 8)
    comparison.equal("running", parameters[9:], [value * share for value, share in zip(running, expected, strict=True)])
    comparison.equal("others", parameters[:1], [7])


def _both(name: str, check: Callable[[bool, Comparison], None]) -> dict[str, Check]:
    return {f"forward_{name}": partial(check, False), f"adjoint_{name}": partial(check, True)}


IMAGE_CHECKS: dict[str, Check] = {
    **_both("window_3", partial(convolution, 3)),
    **_both("window_5", partial(convolution, 5)),
    **_both("stem", stem),
    **_both("pointwise", pointwise),
    **_both("link", link),
    **_both("pool", pool),
    **_both("tower", tower),
    "forward_norm": norm,
    "adjoint_norm": norm_adjoint,
    "clamp": clamp,
    "keep_norms": keep_norms,
}
"""Every kernel of image networks that Python calls -> its check."""
