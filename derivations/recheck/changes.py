"""M10 to M16: what may be silenced, removed, added, refitted or merged while the function stays the same."""

from __future__ import annotations

from derivations.recheck import change_statements as statements
from derivations.recheck import dense
from derivations.recheck.dense import Function, Matrix, Vector, inner, product
from derivations.recheck.field import Number, slope_of
from derivations.recheck.networks import Identity
from derivations.recheck.point import HomogeneousFunction, Point, structure


def m10(point: Point) -> None:
    """φ_hk (λ_k - λ_h) = 0 for all k and f(0) = 0: neuron h receives and sends 0; λ_h = 0 alone is not enough."""
    widths = point.widths(3, 6)
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    layer = point.layer(2, len(widths) - 1)
    neuron = point.size("neuron", 1, widths[layer - 1]) - 1
    by_phi = point.flags("by φ", widths[layer - 2])
    quiet, quiet_lam = list(phi), list(lam)
    quiet[layer - 2], quiet_lam[layer - 2] = statements.silence(
        phi[layer - 2], lam[layer - 2], lam[layer - 1], neuron, by_phi
    )
    kept = [(a, b) for a, b, by in zip(quiet[layer - 2][neuron], phi[layer - 2][neuron], by_phi, strict=True) if not by]
    point.equal("φ_hk where λ_k = λ_h", [a for a, _ in kept], [b for _, b in kept])
    blocks = dense.transfer_blocks(quiet, quiet_lam)
    for j in range(1, layer):
        point.equal(f"row of W_{layer},{j}", [0] * widths[j - 1], blocks[layer, j][neuron])
    x = point.matrix(widths[0], point.size("batch", 1, 3))
    states, _ = dense.forward(blocks, point.function(zero_at_zero=True), x, widths)
    point.equal("x_h", [0] * len(x[0]), states[layer - 1][neuron])
    lam_zero = [list(values) for values in lam]
    lam_zero[layer - 1][neuron] = 0
    blocks = dense.transfer_blocks(phi, lam_zero)
    remaining = statements.remaining_weights(phi[layer - 2][neuron], lam[layer - 2])
    point.equal("row with λ_h = 0", remaining, blocks[layer, layer - 1][neuron])
    quiet_path = dense.transfer_blocks(quiet, quiet_lam)[layer + 1, layer - 1]
    point.equal("linear path of a silent neuron", statements.linear_path(quiet, quiet_lam, layer), quiet_path)


def m11(point: Point) -> None:
    """The blocks among live neurons compute the same function; they are Σ live_i live_j weights."""
    widths = point.widths(3, 6)
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    live = [[True] * width for width in widths]
    for layer in range(2, len(widths)):
        live[layer - 1] = point.flags(f"live {layer}", widths[layer - 1])
        for row, alive in zip(phi[layer - 2], live[layer - 1], strict=True):
            if not alive:
                row[:] = [0] * len(row)
    counts = [sum(row) for row in live]
    blocks = dense.transfer_blocks(phi, lam)
    # Besides these silent neurons some that are not heard: whatever they hold, no weight leads on to a live neuron.
    for layer in range(2, len(widths)):
        deaf = point.flags(f"heard {layer}", widths[layer - 1])
        for k, keeps in enumerate(deaf):
            if not keeps and counts[layer - 1] > 1 and live[layer - 1][k]:
                live[layer - 1][k], counts[layer - 1] = False, counts[layer - 1] - 1
                for (i, j), block in blocks.items():
                    if j == layer:
                        for h, row in enumerate(block):
                            row[k] = 0 if live[i - 1][h] else row[k]
    x = point.matrix(widths[0], point.size("batch", 1, 3))
    f = point.function(zero_at_zero=True)
    states, sums = dense.forward(blocks, f, x, widths)
    smaller = statements.compact(blocks, live)
    kept, result = dense.forward(smaller, f, x, counts)
    point.equal("z_K", result[-1], sums[-1])
    for i, flags in enumerate(live[:-1]):
        expected = [row for row, alive in zip(states[i], flags, strict=True) if alive]
        point.equal(f"x_{i + 1}", kept[i], expected)
    weights = sum(len(row) for block in smaller.values() for row in block)
    point.equal("number of weights", statements.compact_size(counts), weights)


def _same_function(
    point: Point, old: tuple[list[Matrix], list[Vector]], new: tuple[list[Matrix], list[Vector]], f: Function
) -> None:
    """Two spectral networks give the same output z_K for the same input."""
    widths = dense.widths_of(old[0])
    x = point.matrix(widths[0], point.size("batch", 1, 3))
    truth = dense.forward(dense.transfer_blocks(*old), f, x, widths)[1][-1]
    new_widths = dense.widths_of(new[0])
    point.equal("neurons with an eigenvalue", [len(values) for values in new[1]], new_widths)
    claimed = dense.forward(dense.transfer_blocks(*new), f, x, new_widths)[1][-1]
    point.equal("z_K", claimed, truth)


def m12(point: Point) -> None:
    """All eigenvalues of hidden layer i and of layer i-1 are c, f(0) = 0: layer i goes, φ' = -φ^(i) φ^(i-1)."""
    widths = point.widths(3, 6)
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    layer, constant = point.layer(2, len(widths) - 1), point.number()
    lam[layer - 2], lam[layer - 1] = [constant] * widths[layer - 2], [constant] * widths[layer - 1]
    _same_function(point, (phi, lam), statements.collapse(phi, lam, layer), point.function(zero_at_zero=True))


def m13(point: Point) -> None:
    """New neurons of a hidden layer with outgoing φ = 0 change nothing, whatever else they have."""
    widths = point.widths(3, 6)
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    layer, new = point.layer(2, len(widths) - 1), point.size("new neurons", 1, 3)
    incoming, values = point.matrix(new, widths[layer - 2]), point.vector(new)
    _same_function(point, (phi, lam), statements.widen(phi, lam, layer, incoming, values), point.function())


def m14(point: Point) -> None:
    """A new layer behind layer i with φ_new = -I, λ_new = λ^(i) changes nothing where f(0) = 0."""
    widths = point.widths()
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    layer = point.layer(1, len(widths) - 1)
    _same_function(point, (phi, lam), statements.deepen(phi, lam, layer), point.function(zero_at_zero=True))


def m15(point: Point) -> None:
    """The refitted W makes the gradient of the ridge loss vanish, and every other W + D costs a sum of squares more."""
    neurons, kept_count = point.size("neurons", 1, 4), point.size("kept", 1, 3)
    outputs, samples = point.size("outputs", 1, 3), point.size("samples", 1, 4)
    weights, states = point.matrix(outputs, neurons), point.matrix(neurons, samples)
    kept, ridge = point.matrix(kept_count, samples), point.number()
    target = product(weights, states)

    def loss(w: Matrix) -> Number:
        residual = dense.minus(target, product(w, kept))
        return inner(residual, residual) + ridge * inner(w, w)

    here = point.matrix(outputs, kept_count)
    moving = point.moving(here)
    gradient = statements.refit_gradient(target, kept, here, ridge)
    point.equal("gradient", inner(gradient, structure(slope_of, moving)), slope_of(loss(moving)))
    solution = statements.refit(weights, states, kept, ridge)
    point.equal("gradient at the solution", 0, slope_of(loss(point.moving(solution))))
    change = point.matrix(outputs, kept_count)
    increase = statements.refit_increase(change, kept, ridge)
    point.equal("loss(W + D) - loss(W)", increase, loss(dense.plus(solution, change)) - loss(solution))


def m16(point: Point) -> None:
    """f(c x) = c f(x): neurons with incoming rows w and c w are one, the outgoing columns add, the second times c."""
    widths = point.widths(3, 6)
    layer = point.layer(2, len(widths) - 1)
    widths[layer - 1] += 1
    point.drawn["widths"] = tuple(widths)
    neuron = point.size("neuron", 1, widths[layer - 1] - 1) - 1
    twin = point.size("twin", neuron + 2, widths[layer - 1]) - 1
    factor, blocks = point.number(), point.all_blocks(widths)
    for j in range(1, layer):
        blocks[layer, j][twin] = [factor * entry for entry in blocks[layer, j][neuron]]
    f = HomogeneousFunction(point, factor)
    x = point.matrix(widths[0], point.size("batch", 1, 3))
    truth = dense.forward(blocks, f, x, widths)[1][-1]
    merged = statements.merge(blocks, layer, neuron, twin, factor)
    fewer = [width - (i + 1 == layer) for i, width in enumerate(widths)]
    point.equal("z_K", dense.forward(merged, f, x, fewer)[1][-1], truth)


CHANGES: dict[str, Identity] = {
    "M10": m10,
    "M11": m11,
    "M12": m12,
    "M13": m13,
    "M14": m14,
    "M15": m15,
    "M16": m16,
}
