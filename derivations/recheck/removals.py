"""M17, M20 and M22: columns, weights and neurons that go, the steps in between, and the numbers they are chosen by."""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck import dense
from derivations.recheck import removal_statements as statements
from derivations.recheck.dense import Matrix, inner, minus, product, times, transpose
from derivations.recheck.field import Dual, Number, slope_of, value_of
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point, mapped, structure
from derivations.recheck.training import on_sphere


def _fit(columns: Matrix, target: Matrix) -> tuple[Matrix, Matrix, Number]:
    """G⁻¹, the weights that solve the normal equations, and the loss ‖Y - ZB‖² they leave."""
    gram_inverse = dense.inverse(product(transpose(columns), columns))
    weights = product(gram_inverse, transpose(columns), target)
    residual = minus(target, product(columns, weights))
    return gram_inverse, weights, inner(residual, residual)


def m17(point: Point) -> None:
    """Columns go and the rest is fitted anew: the loss, the weights and the inverse are those of the formulas."""
    kept, gone, outputs = point.size("kept", 1, 2), point.size("gone", 1, 2), point.size("outputs", 1, 2)
    columns = point.matrix(kept + gone + point.size("more samples", 0, 1), kept + gone)
    target = point.matrix(len(columns), outputs)
    gram_inverse, weights, loss = _fit(columns, target)
    order = sorted(range(kept + gone), key=lambda _: point.sizes.random())
    group, rest = order[:gone], order[gone:]
    fewer = [[row[column] for column in rest] for row in columns]
    rest_inverse, rest_weights, rest_loss = _fit(fewer, target)
    point.equal("rise of the loss", statements.increase(weights, gram_inverse, group), rest_loss - loss)
    point.equal("weights", statements.kept_weights(weights, gram_inverse, group, rest), rest_weights)
    point.equal("inverse", statements.kept_inverse(gram_inverse, group, rest), rest_inverse)
    new = [[row[group[0]]] for row in columns]
    residual = minus(target, product(fewer, rest_weights))
    outside = statements.outside(new, fewer, rest_inverse)
    both = _fit([a + b for a, b in zip(fewer, new, strict=True)], target)
    point.equal("a new column", statements.gain(residual, outside), rest_loss - both[2])


def m20(point: Point) -> None:
    """The loss with refitted V, moved along a line, changes by the partial gradient; a damped step is the least of its model."""
    inputs, neurons, outputs = point.size("inputs", 1, 2), point.size("neurons", 1, 2), point.size("outputs", 1, 2)
    samples = point.size("samples", 1, 3)
    states, target, ridge = point.matrix(inputs, samples), point.matrix(outputs, samples), point.number()
    weights, f = point.moving(point.matrix(neurons, inputs)), point.function()
    z = product(weights, states)
    active = mapped(f, z)
    gram = dense.plus(product(active, transpose(active)), times(ridge, dense.identity(neurons)))
    fitted = product(target, transpose(active), dense.inverse(gram))
    residual = minus(target, product(fitted, active))
    loss = inner(residual, residual) + ridge * inner(fitted, fitted)
    plain = [structure(value_of, part) for part in (fitted, residual)]
    slopes = [[f.slope(entry.value) for entry in row] for row in z]
    claimed = statements.projected_gradient(states, slopes, *plain)
    point.equal("loss along a line", inner(claimed, structure(slope_of, weights)), slope_of(loss))
    _damped(point)


def _damped(point: Point) -> None:
    """δ makes the slope of gᵀδ + ½‖FᵀJδ‖² + ½ μ δᵀDδ + ½ ε‖δ‖² vanish, and gᵀδ is what it is claimed to be."""
    rows, size = point.size("rows", 1, 3), point.size("weights", 1, 3)
    seen, gradient, scales = point.matrix(rows, size), point.matrix(size, 1), point.vector(size)
    damping, ridge = point.number(), point.number()
    step = statements.damped_step(seen, damping, ridge, scales, gradient)
    moving = point.moving(step)
    sent = product(seen, moving)
    costs = damping * inner(moving, product(dense.diagonal(scales), moving)) + ridge * inner(moving, moving)
    point.equal("slope of the model", 0, slope_of(inner(gradient, moving) + (inner(sent, sent) + costs) / 2))
    point.equal("gᵀδ", statements.descent(seen, damping, ridge, scales, step), inner(gradient, step))
    exact = [[point.rational() for _ in range(size)] for _ in range(rows)]
    change = [[point.rational()] for _ in range(size)]
    down = statements.descent(exact, point.positive(), point.positive(), [abs(point.rational())] * size, change)
    point.holds("gᵀδ < 0 where δ is not 0", down < 0 or not any(entry for [entry] in change))


def m20_factor(point: Point) -> None:
    """F Fᵀ y is the derivative of the gradient of every loss in the direction y."""
    size = point.size("classes", 1, 4)
    radius = point.number()
    unit = on_sphere(Fraction(1), point.vector(size - 1))
    roots = [radius * root for root in unit]
    direction = point.matrix(size, 1)
    exps = [Dual(root * root, root * root * move) for root, [move] in zip(roots, direction, strict=True)]
    shares = [e / sum(exps) for e in exps]
    # exp(z) are squares on a sphere, so that √p, a vector of length 1, is rational.
    factor = statements.softmax_factor(unit)
    claimed = product(factor, transpose(factor), direction)
    point.equal("softmax", claimed, [[slope_of(share)] for share in shares])
    z, power = Dual(point.number(), 1), point.number()
    e = Dual(power, power)
    point.equal("logistic", statements.logistic_curvature(e.value), (e / (1 + e)).slope)
    point.equal("Poisson", statements.poisson_curvature(e.value), e.slope)
    point.equal("squared error", statements.squared_curvature() + 0 * z.value, (2 * (z - point.number())).slope)
    for r in (Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(-3), Fraction(2), point.rational()):
        # The slope clip(r, -1, 1) of the loss, seen from the side of 0.
        inward = r * Fraction(999, 1000) if r else Fraction(1, 1000)
        change = (_clip(r) - _clip(inward)) / (r - inward)
        point.equal(f"Huber at {r}", Fraction(statements.huber_curvature(r)), change)


def _clip(r: Fraction) -> Fraction:
    return max(Fraction(-1), min(r, Fraction(1)))


REMOVALS: dict[str, Identity] = {"M17": m17, "M20": m20, "M20.factor": m20_factor}
