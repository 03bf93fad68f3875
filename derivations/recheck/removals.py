"""M17, M20 and M22: columns, weights and neurons that go, the steps in between, and the numbers they are chosen by."""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck import dense
from derivations.recheck import removal_statements as statements
from derivations.recheck.dense import Blocks, Matrix, inner, minus, product, sum_of_products, times, transpose
from derivations.recheck.field import Dual, Number, slope_of, value_of
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point, UnknownFunction, mapped, structure
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


def m22(point: Point) -> None:
    """H_ww is the square of what one weight moves in Fᵀ z_K; so are the closed forms; no gauge changes w² H_ww."""
    widths = point.widths(2, 4)
    layers, blocks, f = len(widths), point.all_blocks(widths), point.function()
    x = point.matrix(widths[0], point.size("batch", 1, 2))
    columns = [point.matrix(widths[-1], len(x[0])) for _ in range(point.size("columns", 1, 2))]
    i = point.layer(2, layers)
    j = point.size("sender", 1, i - 1)
    neuron, source = point.size("neuron", 1, widths[i - 1]) - 1, point.size("source", 1, widths[j - 1]) - 1
    claimed = _curvature(blocks, f, x, columns, (i, j, neuron, source))
    moving = {pair: [list(row) for row in block] for pair, block in blocks.items()}
    moving[i, j][neuron][source] = Dual(blocks[i, j][neuron][source], 1)
    moved = dense.forward(moving, f, x, widths)[1][-1]
    truth = sum(
        sum_of_products(part, part) for part in [_along(column, structure(slope_of, moved)) for column in columns]
    )
    point.equal("H_ww", claimed, truth)
    weight = blocks[i, j][neuron][source]
    point.equal("½ w² H_ww", statements.removal_cost(weight, claimed), _model(0, claimed, -weight))
    gradient = point.number()
    step, gained = statements.growth(gradient, claimed)
    at_best = _model(gradient, claimed, Dual(step, 1))
    point.equal("growth: the least of g δ + ½ H δ²", (-gained, 0), (at_best.value, at_best.slope))
    _one_hidden_layer(point)


def _model(gradient: Number, curvature: Number, step: Number) -> Number:
    return gradient * step + curvature * step * step / 2


def _along(column: Matrix, moved: Matrix) -> list[Number]:
    """Σ_k F_km dz_k for every sample."""
    return [sum_of_products(*rows) for rows in zip(transpose(column), transpose(moved), strict=True)]


def _curvature(
    blocks: Blocks, f: UnknownFunction, x: Matrix, columns: list[Matrix], place: tuple[int, int, int, int]
) -> Number:
    """H_ww by the formula, with z̄ from the adjoint of every column."""
    i, j, neuron, source = place
    layers = max(pair[0] for pair in blocks)
    widths = [len(x), *(len(blocks[layer, 1]) for layer in range(2, layers + 1))]
    states, sums = dense.forward(blocks, f, x, widths)
    slopes = [[[f.slope(entry) for entry in row] for row in z] for z in sums[:-1]]
    bars = [statements.adjoint_sums(blocks, slopes, column, layers)[i] for column in columns]
    return statements.weight_curvature(bars, states[j - 1], neuron, source)


def _one_hidden_layer(point: Point) -> None:
    """One sample, softmax: the closed forms, and relu rescaling, softmax shift and φ in place of w."""
    outputs, neurons, inputs = point.size("outputs", 1, 3), point.size("hidden", 1, 3), point.size("inputs", 1, 3)
    roots = on_sphere(Fraction(1), point.vector(outputs - 1))
    shares = [root * root for root in roots]
    factor = statements.softmax_factor(roots)
    columns = [[[entry] for entry in column] for column in transpose(factor)]
    f, blocks = point.function(), {(2, 1): point.matrix(neurons, inputs), (3, 2): point.matrix(outputs, neurons)}
    blocks[3, 1] = point.matrix(outputs, inputs)
    x = point.matrix(inputs, 1)
    states, sums = dense.forward(blocks, f, x, [inputs, neurons, outputs])
    neuron, source, output = neurons - 1, inputs - 1, outputs - 1
    value, slope = states[1][neuron][0], f.slope(sums[0][neuron][0])
    sent = [row[neuron] for row in blocks[3, 2]]
    incoming = statements.incoming_curvature(shares, sent, slope, x[source][0])
    outgoing = statements.outgoing_curvature(shares[output], value)
    point.equal("incoming", incoming, _curvature(blocks, f, x, columns, (2, 1, neuron, source)))
    point.equal("outgoing", outgoing, _curvature(blocks, f, x, columns, (3, 2, output, neuron)))
    mean, c = point.number(), point.number()
    cost = statements.neuron_cost(shares, sent, value, mean)
    shift = [sum_of_products(column, [weight * (mean - value) for weight in sent]) for column in transpose(factor)]
    point.equal("neuron", cost, sum_of_products(shift, shift) / 2)
    point.equal("softmax shift", statements.neuron_cost(shares, [weight + c for weight in sent], value, mean), cost)
    # relu: row times c, column through c, x times c, slope as it was.
    smaller, weight = [entry / c for entry in sent], blocks[2, 1][neuron][source]
    point.equal("rescaled neuron", statements.neuron_cost(shares, smaller, c * value, c * mean), cost)
    rescaled = statements.incoming_curvature(shares, smaller, slope, x[source][0])
    same = statements.removal_cost(weight, incoming)
    point.equal("rescaled row", statements.removal_cost(c * weight, rescaled), same)
    rescaled = statements.outgoing_curvature(shares[output], c * value)
    point.equal(
        "rescaled column",
        statements.removal_cost(smaller[output], rescaled),
        statements.removal_cost(sent[output], outgoing),
    )
    # w = φ c: what moves φ by 1 moves w by c.
    point.equal("φ for w", statements.removal_cost(weight / c, c * c * incoming), same)


REMOVALS: dict[str, Identity] = {"M17": m17, "M20": m20, "M20.factor": m20_factor, "M22": m22}
