"""I15 to I17, C1, S5 and S6: random graphs and small networks against dual numbers and against what is left out."""

from __future__ import annotations

from itertools import combinations

from derivations.recheck import graph_statements as claims
from derivations.recheck.dense import Matrix, Vector, inner
from derivations.recheck.field import Dual, Number, value_of
from derivations.recheck.networks import Identity
from derivations.recheck.planes import batch_norm, flat, pair, pointwise, slopes, tensor, values
from derivations.recheck.point import Point


def i15(point: Point) -> None:
    """A sum of operations with factors, and one value that two of them read."""
    samples, width, count = point.size("samples", 1, 3), point.size("width", 1, 3), point.size("operations", 1, 3)
    outputs = [point.moving(point.matrix(samples, width)) for _ in range(count)]
    factors = [point.vector(samples) for _ in range(count)]
    summed = [[0] * width for _ in range(samples)]
    for factor, output in zip(factors, outputs, strict=True):
        summed = [
            [a + f * b for a, b in zip(*rows, strict=True)] for f, *rows in zip(factor, summed, output, strict=True)
        ]
    bars = point.matrix(samples, width)
    claimed = 0
    for factor, output in zip(factors, outputs, strict=True):
        claimed = claimed + pair(claims.operation_bar(factor, bars), slopes(output))
    point.equal("all operations", claimed, pair(bars, slopes(summed)))
    x, readers = point.moving(point.matrix(samples, width)), [point.vector(samples) for _ in range(2)]
    heard = [[f * a + g * a for a in row] for f, g, row in zip(*readers, x, strict=True)]
    back = claims.sender_bar([claims.operation_bar(factor, bars) for factor in readers])
    point.equal("the sender's bar", pair(back, slopes(x)), pair(bars, slopes(heard)))


def _edges(point: Point, nodes: int) -> list[tuple[int, int]]:
    """Some of all edges upwards."""
    every = list(combinations(range(nodes), 2))
    return [edge for edge, here in zip(every, point.flags("edges", len(every)), strict=True) if here]


def i16(point: Point) -> None:
    """x_j = f_j(Σ W_ij x_i) on a random graph, every f unknown; the bars of all nodes, and the order after a split."""
    nodes = point.size("nodes", 2, 5)
    edges = [*_edges(point, nodes), *[(j - 1, j) for j in range(1, nodes)]]
    widths = [point.size(f"width {j}", 1, 2) for j in range(nodes)]
    weights = {(i, j): point.matrix(widths[j], widths[i]) for i, j in edges}
    f = point.function()
    changes = [point.vector(width) for width in widths]  # each node is moved by itself, too
    x: list[Vector] = []
    jacobians: dict[tuple[int, int], Matrix] = {}
    moved = []
    for j in range(nodes):
        sums = [0] * widths[j]
        for (i, to), matrix in weights.items():
            if to == j:
                sums = [a + inner([row], [x[i]]) for a, row in zip(sums, matrix, strict=True)]
        moving = [z if isinstance(z, int) else f(z) for z in sums] if j else point.vector(widths[0])
        slope = [f.slope(value_of(z)) for z in sums] if j else []
        jacobians |= {
            (i, j): [[s * w for w in row] for s, row in zip(slope, matrix, strict=True)]
            for (i, to), matrix in weights.items()
            if to == j
        }
        x.append(moving_by(moving, changes[j]))
        moved.append(changes[j])
    own = [point.vector(width) for width in widths]  # the loss may read every node
    point.equal("Σ x̄ of all changes", pair(claims.cotangents(jacobians, own), moved), pair(own, slopes(x)))
    new = point.size("split", 1, nodes - 1)
    numbers = [claims.renumbered(node, new) for node in range(nodes)]
    point.holds("new numbers, one free", sorted([*numbers, new]) == list(range(nodes + 1)))
    point.holds("every edge runs upwards", all(numbers[i] < numbers[j] for i, j in edges))
    point.holds(
        "from the sender through the new node", all(numbers[i] < new < numbers[j] for i, j in edges if j == new)
    )


def moving_by(numbers: Vector, change: Vector) -> Vector:
    """The numbers, each moved by a change besides what moves it already."""
    return [number + Dual(0, step) for number, step in zip(numbers, change, strict=True)]


def _joined(edges: set[tuple[int, int]], nodes: int) -> set[tuple[int, int]]:
    """All pairs with a path from the first to the second, by joining paths until there are no new ones."""
    pairs = edges | {(node, node) for node in range(nodes)}
    while more := {(i, k) for i, j in pairs for start, k in pairs if start == j} - pairs:
        pairs |= more
    return pairs


def c1(point: Point) -> None:
    """A graph whose nodes are weighted sums with a batch norm behind, and the same without what is not live."""
    nodes, count = point.size("nodes", 2, 5), point.size("values", 2, 3)
    weights = {edge: point.number() for edge in _edges(point, nodes)}
    sigma, gamma, beta = point.vector(nodes), point.vector(nodes), point.vector(nodes)
    x = point.vector(count)

    def run(live: set[int], beta: Vector) -> dict[int, Vector]:
        """All node values; a node that is not live is left out of every sum."""
        found = {0: x}
        for j in range(1, nodes):
            total: Vector = [0 * x[0] for _ in x]
            for (i, to), weight in weights.items():
                if to == j and i in live:
                    total = [a + weight * b for a, b in zip(total, found[i], strict=True)]
            found[j] = flat(batch_norm([[[total]]], [gamma[j]], [beta[j]], [sigma[j]]))
        return found

    everything, order = set(range(nodes)), range(nodes)
    heard, reached = claims.heard(weights, order, nodes - 1), claims.reached(weights, order, 0)
    joined = _joined(set(weights), nodes)
    point.holds("the nodes that are heard", heard == {i for i in order if (i, nodes - 1) in joined})
    point.holds("the nodes that are reached", reached == {j for j in order if (0, j) in joined})
    whole = run(everything, beta)
    point.equal("without what nobody hears", run(heard, beta)[nodes - 1], whole[nodes - 1])
    point.equal("without what nothing reaches, behind a batch norm", run(reached, beta)[nodes - 1], whole[nodes - 1])
    for j in everything - reached:
        point.equal(f"node {j} is β", whole[j], [beta[j]] * count)


def i17(point: Point) -> None:
    """One sample at a time, against dual numbers of the whole batch."""
    samples, channels, pixels = point.size("samples", 1, 3), point.size("channels", 1, 3), point.size("pixels", 1, 3)
    x = tensor(point.number, samples, channels, 1, pixels)
    weights = point.moving(point.matrix(point.size("receivers", 1, 2), channels))
    z = pointwise(x, weights)
    bars = tensor(point.number, samples, len(weights), 1, pixels)
    rows = [claims.sample_gradient(x[s], bars[s]) for s in range(samples)]
    for s in range(samples):
        point.equal(f"row {s}", pair(rows[s], slopes(weights)), pair(bars[s], slopes(z[s])))
    point.equal("the sum", sum(pair(row, slopes(weights)) for row in rows), pair(bars, slopes(z)))


def s5(point: Point) -> None:
    """A batch norm with constants in front of a matrix: rows of one pass with seeds 1, weighted, are the gradient."""
    samples, pixels = point.size("samples", 1, 3), point.size("pixels", 1, 3)
    x = tensor(point.number, samples, pixels)
    weight, scale, shift, out = point.moving(point.number()), point.number(), point.number(), point.vector(pixels)
    seeds = point.vector(samples)
    total: Number = 0
    rows = []
    for s in range(samples):
        y = [scale * (weight * entry) + shift for entry in x[s]]
        total = total + seeds[s] * pair(out, slopes(y))
        rows.append(claims.dot(claims.frozen_adjoint(scale, out), x[s]))
    point.equal("Σ z̄ (row s)", pair(seeds, rows) * weight.slope, total)


def s6(point: Point) -> None:
    """The sum of all logits behind a batch norm in training: known, and no x moves it."""
    samples, channels, pixels = point.size("samples", 1, 3), point.size("channels", 1, 2), point.size("pixels", 1, 3)
    x = point.moving(tensor(point.number, samples, channels, 1, pixels))
    gamma, beta, sigma = point.moving(point.vector(channels)), point.vector(channels), point.vector(channels)
    weights, bias = point.matrix(point.size("classes", 1, 3), channels), []
    bias = point.vector(len(weights))
    y = batch_norm(x, gamma, beta, sigma)
    total: Number = 0
    for s in range(samples):
        means = [sum(plane[0][1:], plane[0][0]) / pixels for plane in y[s]]
        for row, shift in zip(weights, bias, strict=True):
            total = total + inner([row], [means]) + shift
    point.equal("Σ_s f_s", values(total), claims.sum_of_logits(weights, beta, bias, samples))
    point.equal("its slope in x and γ", slopes(total), 0)
    none = claims.sum_of_logits(weights, [0 * entry for entry in beta], bias, samples)
    point.equal("β = 0: no V in it", none, samples * sum(bias))


GRAPHS: dict[str, Identity] = {"I15": i15, "I16": i16, "I17": i17}
LIVE: dict[str, Identity] = {"C1": c1, "S5": s5, "S6": s6}
