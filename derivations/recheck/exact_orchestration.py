"""What stands between the parts of a step, against exact numbers: choices by number, scales, corrections, rates, thresholds.

These functions are compiled into every epoch (`exact_epochs`). Here they run as plain Python that calls compiled kernels, so
that a wrong one is named without compiling it once more.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from derivations.recheck import exact_papers as papers
from derivations.recheck.exact_comparison import Check, Comparison, floats
from derivations.recheck.exact_networks import WEIGHTS, mean_square, moving
from derivations.recheck.exact_sparse import cases
from derivations.recheck.field import slope_of
from spectral_core.kernels import tables
from spectral_core.kernels.cpu import dense, sparse

F = Fraction
SPANS = np.array([[0, 2], [2, 5]])
"""Two groups of five parameters."""
VALUES = [F(3), F(-4), F(2), F(-1), F(2)]
"""Their norms are 5 and 3."""
DRAWS = 4


def plain(kernel: Any) -> Callable[..., Any]:
    """A compiled function as the Python it was printed as."""
    return getattr(kernel, "py_func", kernel)


def settings(**given: Fraction) -> np.ndarray:
    return floats([given.get(name, F(0)) for name in tables.SETTINGS])


# --- dense networks ---------------------------------------------------------------------------------------------------


def output_loss(comparison: Comparison) -> None:
    """Weights, targets and labels of chosen rows; equal outputs of four classes have smoothed shares that are dyadic."""
    rows = np.array([4, 0, 2])
    for outputs in (1, 2, 4):
        z = [comparison.vector(outputs) for _ in rows]
        y, weights = [comparison.vector(outputs) for _ in range(5)], [F(0), F(9), F(1), F(9), F(3)]
        output = floats(z)
        kind = tables.LOSSES.index("squared_error")
        value, total = plain(dense.output_loss)(
            floats(y), np.zeros(0, np.int64), floats(weights), rows, kind, 0.0, output
        )
        chosen, wanted = [F(3), F(0), F(1)], [y[r] for r in rows]
        truth = mean_error(z, wanted, chosen)
        comparison.equal("loss", [value, total], [truth, 4])
        slopes = [
            [2 * w * (a - b) / 4 / outputs for a, b in zip(za, ya, strict=True)]
            for w, za, ya in zip(chosen, z, wanted, strict=True)
        ]
        comparison.equal("gradient", output, slopes)
    labels, output = np.array([0, 9, 3, 9, 1]), np.full((3, 4), 0.5)
    kind = tables.LOSSES.index("cross_entropy")
    plain(dense.output_loss)(np.empty((0, 4)), labels, floats(weights), rows, kind, 0.5, output)
    shares = [
        [F(w, 4) * (F(1, 4) - F(1, 2) * (h == c) - F(1, 8)) for h in range(4)] for w, c in ((3, 1), (0, 0), (1, 3))
    ]
    comparison.equal("smoothed labels", output, shares)
    nothing = np.ones((1, 2))
    got = plain(dense.output_loss)(np.ones((1, 2)), labels, np.zeros(1), np.array([0]), 0, 0.0, nothing)
    comparison.equal("no weight", [*got, *nothing.ravel()], [0, 0, 0, 0])


def mean_error(z: list[Any], y: list[Any], weights: list[Any]) -> Any:
    """Σ w (z - y)² / (Σ w · outputs)."""
    errors = [sum((a - b) ** 2 for a, b in zip(*pair, strict=True)) for pair in zip(z, y, strict=True)]
    return sum(w * e for w, e in zip(weights, errors, strict=True)) / sum(weights) / len(z[0])


def add_penalty(comparison: Comparison) -> None:
    """Two groups with a penalty each, in every order of two kinds."""
    for first in tables.PENALTIES:
        for second in tables.PENALTIES:
            table = np.array([[*SPANS[0], tables.PENALTIES.index(first)], [*SPANS[1], tables.PENALTIES.index(second)]])
            strengths = [F(5, 8), F(3, 8)]  # the norms times a power of two
            gradient = np.ones(5)
            got = plain(dense.add_penalty)(table, floats(strengths), floats(VALUES), gradient)
            total, slopes = F(0), list[F]()
            for kind, strength, (begin, end) in zip((first, second), strengths, SPANS, strict=True):
                value, slope = rational_penalty(kind, VALUES[begin:end], strength)
                total, slopes = total + value, [*slopes, *slope]
            comparison.equal(f"{first}, {second}", got, total)
            comparison.equal(f"{first}, {second}: gradient", gradient, [1 + slope for slope in slopes])


def rational_penalty(kind: str, value: list[Fraction], strength: Fraction) -> tuple[Fraction, list[Fraction]]:
    """A penalty and its gradient for a vector with a whole norm."""
    norm = F(5) if len(value) == 2 else F(3)
    if kind == "group":
        return strength * norm, [strength * entry / norm for entry in value]
    return papers.penalty(kind, value, strength)


def limit_norm(comparison: Comparison) -> None:
    """Two groups of squared norms 25 and 144: together 13."""
    gradient = [F(3), F(-4), F(0), F(12), F(0), F(7)]
    for limit, factor in ((F(13, 2), F(1, 2)), (F(13, 4), F(1, 4)), (F(26), F(1)), (F(0), F(1))):
        array = floats(gradient)
        plain(dense.limit_norm)(float(limit), SPANS, array)
        comparison.equal(f"limit {limit}", array, [factor * g for g in gradient[:5]] + gradient[5:])


def update(comparison: Comparison) -> None:
    """SGD bit for bit, with decay of one group; Adam with β1 = β2 = 1/2 after t steps, where m̂ = g and v̂ = g²."""
    rates, decays, factor = [F(1, 4), F(1, 8)], [F(1, 2), F(0)], F(1, 2)
    for nesterov in (False, True):
        theta, g, b = (comparison.vector(5) for _ in range(3))
        arrays = [floats(a) for a in (theta, g, b, [F(0)] * 5)]
        chosen = settings(momentum=F(3, 4), nesterov=F(nesterov))
        _step("sgd", rates, decays, factor, arrays, 1, chosen)
        moved = [F(3, 4) * old + slope for old, slope in zip(b, g, strict=True)]
        ahead = [slope + F(3, 4) * new for slope, new in zip(g, moved, strict=True)]
        truth = _moved(theta, ahead if nesterov else moved, rates, decays, factor)
        comparison.equal("sgd", [*arrays[0], *arrays[2]], [*truth, *moved])
    for t in (1, 2, 5):
        theta, g = comparison.vector(5), [F(comparison.whole()) for _ in range(5)]
        before = 1 - F(1, 2 ** (t - 1))
        arrays = [floats(a) for a in (theta, g, [before * e for e in g], [before * e * e for e in g])]
        _step("adam", rates, decays, factor, arrays, t, settings(beta1=F(1, 2), beta2=F(1, 2)))
        signs = [F((e > 0) - (e < 0)) for e in g]
        # The corrections are dyadic, and their roots are not: the direction is the sign, but for the last places.
        for place, exactly in enumerate(_moved(theta, signs, rates, decays, factor)):
            comparison.close(
                f"adam, step {t}", arrays[0][place], mpmath.mpf(exactly.numerator) / exactly.denominator, 4, 1.0
            )


def _step(
    name: str,
    rates: list[Fraction],
    decays: list[Fraction],
    factor: Fraction,
    arrays: list[np.ndarray],
    t: int,
    chosen: Any,
) -> None:
    given = (SPANS, floats(rates), floats(decays), float(factor), *arrays, t, chosen)
    plain(dense.update)(tables.OPTIMIZERS.index(name), *given)


def _moved(
    theta: list[Fraction], direction: list[Fraction], rates: list[Fraction], decays: list[Fraction], factor: Fraction
) -> list[Fraction]:
    result = []
    for (begin, end), rate, decay in zip(SPANS.tolist(), rates, decays, strict=True):
        for p in range(begin, end):
            result.append((1 - factor * rate * decay) * theta[p] - factor * rate * direction[p])
    return result


def shrink(comparison: Comparison) -> None:
    """Two groups with a map each, thresholds halved by the factor, inside and beyond the norm."""
    for first in ("group", "l1"):
        for thresholds in ([F(5, 2), F(3)], [F(5), F(3, 2)], [F(20), F(1, 4)]):
            kinds = (first, "l1")
            table = np.array([[*span, tables.PENALTIES.index(kind)] for span, kind in zip(SPANS, kinds, strict=True)])
            array = floats(VALUES)
            plain(dense.shrink)(table, floats(thresholds), 0.5, array)
            truth: list[Any] = []
            for kind, threshold, (begin, end) in zip(kinds, thresholds, SPANS, strict=True):
                part, t = VALUES[begin:end], threshold / 2
                group = [max(F(0), 1 - t / 5) * entry for entry in part]
                truth += group if kind == "group" else papers.proximal_map("l1", part, t)
            if first == "l1" or (thresholds[0] / 2 / 5).denominator in (1, 2, 4):
                comparison.equal(f"{kinds}, {thresholds}", array, truth)


# --- sparse networks --------------------------------------------------------------------------------------------------


def means_sparse(comparison: Comparison) -> None:
    """Weighted means of activations, in chunks of two samples."""
    for name, f, graph, theta, x in cases(comparison, comparison.dyadic):
        senders, offsets = graph.arrays()
        outputs, means = graph.shape[-1], np.full(sum(graph.shape), np.nan)
        rows = np.ascontiguousarray(floats(x).T)
        plain(sparse.means_sparse)(
            rows,
            floats(WEIGHTS),
            4.0,
            dense.ACTIVATIONS.index(name),
            senders,
            offsets,
            outputs,
            2,
            floats(theta),
            means,
        )
        values = [graph.values(f, row, theta)[:-outputs] for row in x]
        truth = [sum(w * v for w, v in zip(WEIGHTS, column, strict=True)) / 4 for column in zip(*values, strict=True)]
        comparison.equal(f"{graph.shape} {name}", means, [*truth, *[0] * outputs])


def factor_column(comparison: Comparison) -> None:
    """√(share w ρ'') of squared errors: weights of half a square; equal outputs of four classes."""
    weights = [F(2), F(8), F(32), F(0)]
    for outputs in (1, 4):
        z = floats([comparison.vector(4) for _ in range(outputs)])
        bars, room = np.full((outputs, 4), np.nan), np.empty((4, outputs))
        y, kind = np.zeros((4, outputs)), tables.LOSSES.index("squared_error")
        plain(sparse.factor_column)(kind, y, floats(weights), 0, outputs - 1, 4.0, z, outputs, room, bars)
        roots = [F(r) / (2 if outputs == 1 else 4) for r in (2, 4, 8, 0)]
        comparison.equal("squared_error", bars, [[root * (c == outputs - 1) for root in roots] for c in range(outputs)])
    bars, room, kind = np.full((4, 4), np.nan), np.empty((4, 4)), tables.LOSSES.index("cross_entropy")
    given = (np.zeros((0, 4)), floats([F(4), F(16), F(64), F(0)]), 0, 2, 4.0, np.zeros((4, 4)), 4, room, bars)
    plain(sparse.factor_column)(kind, *given)
    truth = [[F(r, 4) * ((c == 2) - F(1, 4)) for r in (2, 4, 8, 0)] for c in range(4)]
    comparison.equal("cross_entropy", bars, truth)


def gradient_sparse(comparison: Comparison) -> None:
    """Chunks of two samples give the mean loss and its gradient over all."""
    _objective(comparison, ridge=F(0))


def objective_sparse(comparison: Comparison) -> None:
    """The same with the l2 term on every second weight."""
    _objective(comparison, ridge=F(3, 4))


def _objective(comparison: Comparison, ridge: Fraction) -> None:
    for name, f, graph, theta, x in cases(comparison, comparison.whole):
        senders, offsets = graph.arrays()
        y = [[comparison.whole() for _ in range(graph.shape[-1])] for _ in WEIGHTS]
        whole, slope = np.full(graph.size, np.nan), np.full(graph.size, np.nan)
        decayed, point = np.arange(graph.size) % 2 == 0, floats(theta)
        data = (np.ascontiguousarray(floats(x).T), floats(y), np.zeros(0, np.int64), floats(WEIGHTS))
        network = (dense.ACTIVATIONS.index(name), senders, offsets, graph.shape[-1], 2)
        common = (*data, tables.LOSSES.index("squared_error"), 0.0, *network)
        if ridge:
            given = (decayed, float(ridge), point, np.empty(graph.size), whole, slope)
            got = plain(sparse.objective_sparse)(*common, *given)
        else:
            got, slope = plain(sparse.gradient_sparse)(*common, point, whole), whole

        def loss(moved: Any, f: Any = f, graph: Any = graph, x: Any = x, y: Any = y) -> Any:
            return mean_square([graph.outputs(f, row, moved) for row in x], y)

        kept = [w if place % 2 == 0 else 0 for place, w in enumerate(theta)]
        comparison.equal(f"{graph.shape} {name}: value", got, loss(theta) + ridge / 2 * sum(w * w for w in kept))
        slopes = [slope_of(loss(moving(theta, place))) + ridge * kept[place] for place in range(graph.size)]
        comparison.equal(f"{graph.shape} {name}: slope", slope, slopes)


ORCHESTRATION: dict[str, Check] = {
    "output_loss": output_loss,
    "add_penalty": add_penalty,
    "limit_norm": limit_norm,
    "update": update,
    "shrink": shrink,
    "means_sparse": means_sparse,
    "factor_column": factor_column,
    "gradient_sparse": gradient_sparse,
    "objective_sparse": objective_sparse,
}
