"""G1 to G8: channels and edges that come and go, against small networks with and without them."""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck import graph_statements as claims
from derivations.recheck.dense import inner
from derivations.recheck.field import Dual, Number
from derivations.recheck.networks import Identity
from derivations.recheck.planes import (
    batch_norm,
    correlate,
    depthwise,
    epsilon_of,
    flat,
    pair,
    pointwise,
    scaled,
    slopes,
    statistics,
    tensor,
    values,
)
from derivations.recheck.point import Point, structure


def g1(point: Point) -> None:
    """z_h = Σ_k φ_hk (λ_k - λ_h) x_k by loops, and all gradients by dual numbers."""
    channels, receivers = point.size("channels", 1, 3), point.size("receivers", 1, 3)
    phi = point.moving(point.matrix(receivers, channels))
    lam_in, lam_out = point.moving(point.vector(channels)), point.moving(point.vector(receivers))
    x, bars = point.vector(channels), point.vector(receivers)
    total: Number = 0
    for h in range(receivers):
        for k in range(channels):
            total = total + bars[h] * phi[h][k] * lam_in[k] * x[k] - bars[h] * lam_out[h] * phi[h][k] * x[k]
    weights = claims.spectral_weights(values(phi), values(lam_in), values(lam_out))
    point.equal("z", pair(bars, [inner([row], [x]) for row in weights]), total.value)
    outer = [[bar * entry for entry in x] for bar in bars]
    d_phi, d_in, d_out = claims.spectral_gradients(values(phi), values(lam_in), values(lam_out), outer)
    claimed = pair(d_phi, slopes(phi)) + pair(d_in, slopes(lam_in)) + pair(d_out, slopes(lam_out))
    point.equal("φ̄ and λ̄", claimed, total.slope)


def g2(point: Point) -> None:
    """A factor of either sign in front of a batch norm, and its slope at 1 by dual numbers."""
    x = tensor(point.number, point.size("samples", 1, 3), 1, 1, point.size("pixels", 1, 3))
    sigma, gamma, beta, delta = point.number(), [point.number()], [point.number()], point.number()
    kept = batch_norm(x, gamma, beta, [sigma])
    for sign in (1, -1):  # |δ| σ is the deviation of δ x with ε δ², so it is that of x with ε
        turned = scaled(sign * delta, x)
        moved = batch_norm(turned, gamma, beta, [delta * sigma])
        point.equal(f"sign {sign}", [e - beta[0] for e in flat(moved)], [sign * (e - beta[0]) for e in flat(kept)])
        before, after = epsilon_of(x, 0, sigma), epsilon_of(turned, 0, delta * sigma)
        point.equal("ε/δ²", after / (delta * delta), before)
    moving = structure(lambda e: Dual(e, e), x)  # x times a number that is 1 and moves
    bars = [point.number() for _ in flat(x)]
    mean = statistics(flat(x))[0]
    d_gamma = pair(bars, [(e - mean) / sigma for e in flat(x)])
    truth = pair(bars, flat(slopes(batch_norm(moving, gamma, beta, [sigma]))))
    point.equal("λ̄ λ", claims.hidden_slope(gamma[0], d_gamma, epsilon_of(x, 0, sigma), sigma), truth)


def g3(point: Point) -> None:
    """Both halves of a sep-conv with a channel more, whose column or values are 0; and the border of a constant."""
    channels, rows, columns = point.size("channels", 1, 2), point.size("rows", 3, 4), point.size("columns", 3, 3)
    x = tensor(point.number, 1, channels, rows, columns)
    gamma, beta, sigma = point.vector(channels), point.vector(channels), point.vector(channels)
    kernels = tensor(point.number, channels, 3, 3)
    second = point.matrix(2, channels)
    f = point.function(zero_at_zero=True)  # relu's place: any function of each number

    def halves(x: list, gamma: list, beta: list, sigma: list, kernels: list, second: list) -> list:
        held = structure(f, batch_norm(x, gamma, beta, sigma))
        return pointwise(depthwise(held, kernels, (1, 1, 1)), second)

    truth = halves(x, gamma, beta, sigma, kernels, second)
    more = [[*x[0], tensor(point.number, rows, columns)]]
    wide = [*kernels, point.matrix(3, 3)]
    own, sigmas = point.number(), [*sigma, point.number()]
    without = [[*row, 0] for row in second]
    point.equal("column 0", halves(more, [*gamma, own], [*beta, point.number()], sigmas, wide, without), truth)
    loud = [[*row, point.number()] for row in second]
    point.equal("γ = β = 0", halves(more, [*gamma, 0 * own], [*beta, 0 * own], sigmas, wide, loud), truth)
    level, kernel = point.number(), point.matrix(3, 3)
    constant = correlate([[level] * columns] * rows, kernel, (1, 1, 1), range(2), (1,))
    point.equal("the border", constant[1][0] - constant[0][0], claims.border_difference(kernel, level))


def g4(point: Point) -> None:
    """A node that two readers hear, one channel of it by neither: whatever its values are, they change nothing."""
    channels, rows = point.size("channels", 2, 3), point.size("rows", 1, 3)
    silent = point.size("silent", 0, channels - 1)
    readers = [point.matrix(2, channels) for _ in range(2)]
    for matrix in readers:
        for row in matrix:
            row[silent] = 0
    other_channel = (silent + 1) % channels
    for at, matrix in enumerate(readers):
        matrix[at][other_channel] = 0  # heard by one row is heard
    heard = claims.read_channels(readers)
    point.holds("all others are heard", heard == set(range(channels)) - {silent})
    kernels, gamma, beta, sigma = tensor(point.number, channels, 3, 3), *(point.vector(channels) for _ in range(3))
    x, other = (tensor(point.number, 1, channels, rows, rows) for _ in range(2))
    mixed = [[other[0][c] if c not in heard else x[0][c] for c in range(channels)]]

    def cell(x: list) -> list:
        inner_value = depthwise(batch_norm(x, gamma, beta, sigma), kernels, (1, 1, 1))
        return [pointwise(inner_value, matrix) for matrix in readers]

    point.equal("the readers", cell(mixed), cell(x))


def g5(point: Point) -> None:
    """A half block in evaluation, with a factor behind, as one biased matrix."""
    channels, receivers = point.size("channels", 1, 3), point.size("receivers", 1, 3)
    weights, x, factor = point.matrix(receivers, channels), point.vector(channels), point.number()
    scale, shift = point.vector(receivers), point.vector(receivers)
    truth = [factor * (a * inner([row], [x]) + b) for a, b, row in zip(scale, shift, weights, strict=True)]
    matrix, bias = claims.compact(weights, scale, shift, factor)
    point.equal("λ BN(W x)", [inner([row], [x]) + b for row, b in zip(matrix, bias, strict=True)], truth)


def g6(point: Point) -> None:
    """Two operations into a node, and a third with λ = 0; behind them a batch norm in training."""
    rows, columns = point.size("rows", 1, 3), point.size("columns", 1, 3)
    old = [point.matrix(rows, columns) for _ in range(2)]
    new, lam, moving = point.matrix(rows, columns), point.vector(2), Dual(point.number(), 1)
    sigma, gamma, beta = [point.number()], [point.number()], [point.number()]

    def node(eigenvalues: list, outputs: list) -> list:
        return batch_norm([[claims.node_sum(eigenvalues, outputs)]], gamma, beta, sigma)

    truth = batch_norm(
        [[[[lam[0] * a + lam[1] * b for a, b in zip(*lines, strict=True)] for lines in zip(*old, strict=True)]]],
        gamma,
        beta,
        sigma,
    )
    point.equal("λ = 0, in training", node([*lam, 0 * lam[0]], [*old, new]), truth)
    bars = point.matrix(rows, columns)
    moved = claims.node_sum([*lam, moving], [*old, new])
    point.equal("λ̄", claims.edge_slope(bars, new), pair(bars, slopes(moved)))
    # λ = 0 on the way in: x_m is a batch norm of 0, so β; with β = 0 the way out gets no slope.
    silent = batch_norm([[structure(lambda e: 0 * e, old[0])]], gamma, [0 * beta[0]], sigma)
    point.equal("a dead point", claims.edge_slope(bars, silent[0][0]), 0)


def g7(point: Point) -> None:
    """A hidden channel more with column 0: the same, and its slope by dual numbers."""
    channels, pixels = point.size("channels", 1, 3), point.size("pixels", 1, 3)
    hidden, new = tensor(point.number, 1, channels, 1, pixels), point.matrix(1, pixels)
    weights = point.matrix(2, channels)
    wide = [[*row, Dual(0, point.number())] for row in weights]
    z = pointwise([[*hidden[0], new]], wide)
    point.equal("z", values(z), pointwise(hidden, weights))
    bars = tensor(point.number, 1, 2, 1, pixels)
    column = claims.new_column_slope(bars[0], new)
    point.equal("W̄ of the column", pair(column, [row[-1].slope for row in wide]), pair(bars, slopes(z)))


def g8(point: Point) -> None:
    """The score against the model Σ λ̄ δ + ½ Σ ‖op‖² δ²: no other move is lower; scaled operations have the same score."""
    count = point.size("operations", 1, 3)
    gradients, squares = [point.rational() for _ in range(count)], [point.positive() for _ in range(count)]

    def model(moves: list) -> Fraction:
        return pair(gradients, moves) + pair(squares, [move * move for move in moves]) / 2

    best = claims.best_move(gradients, squares)
    point.equal("twice the decrease", claims.score(gradients, squares), -2 * model(best))
    for _ in range(4):
        other = [move + point.rational() / 7 for move in best]
        point.holds("no lower move", model(other) >= model(best))
    factor = point.positive()
    scaled_score = claims.score([factor * g for g in gradients], [factor * factor * s for s in squares])
    point.equal("scaled", scaled_score, claims.score(gradients, squares))


CHANNELS: dict[str, Identity] = {"G1": g1, "G2": g2, "G3": g3, "G4": g4, "G5": g5, "G6": g6, "G7": g7, "G8": g8}
