"""M1 to M9: each formula against the dense definition."""

from __future__ import annotations

from collections.abc import Callable

from derivations.recheck import dense, statements
from derivations.recheck.dense import Blocks, Matrix, inner, product
from derivations.recheck.field import Dual, Number, slope_of, value_of
from derivations.recheck.point import Point, mapped, structure

Identity = Callable[[Point], None]


def m1(point: Point) -> None:
    """N^{B+1} = 0, and (N^k)_ij = φ^(i-1) ... φ^(j) where i - j = k >= 0, else 0."""
    widths = point.widths()
    phi = point.eigenvectors(widths)
    matrix = dense.nilpotent(phi)
    truth = dense.identity(len(matrix))
    for k in range(len(widths) + 1):
        claimed = {(i, j): statements.power_block(phi, k, i, j) for i, j in dense.cut(truth, widths)}
        point.equal(f"(N^{k})", claimed, dense.cut(truth, widths))
        if k == len(widths):
            point.equal("N^{B+1}", dense.zeros(len(matrix), len(matrix)), truth)
        truth = product(truth, matrix)


def m2(point: Point) -> None:
    """W_{j+1,j} = φ L - L φ, elementwise (λ_b^in - λ_a^out) φ_ab; Φ⁻¹ = 2I - Φ for two layers."""
    widths = point.widths()
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    truth = dense.transfer_blocks(phi, lam)
    for j in range(1, len(widths)):
        block, lam_in, lam_out = phi[j - 1], lam[j - 1], lam[j]
        point.equal(f"W_{j + 1},{j}", statements.neighbour_matrix(block, lam_in, lam_out), truth[j + 1, j])
        elementwise = statements.difference_weights(block, lam_in, lam_out)
        point.equal(f"W_{j + 1},{j} elementwise", elementwise, truth[j + 1, j])
    two = dense.eigenvector_matrix(phi[:1])
    point.equal("Φ⁻¹", statements.two_layer_inverse(two), dense.inverse(two))


def m3(point: Point) -> None:
    """Φ⁻¹ = Σ (-1)^i C(B+1, i+1) Φ^i, and its blocks (-1)^{i-j} φ^(i-1) ... φ^(j)."""
    widths = point.widths()
    phi = point.eigenvectors(widths)
    matrix = dense.eigenvector_matrix(phi)
    truth = dense.inverse(matrix)
    point.equal("Φ⁻¹", statements.binomial_inverse(matrix, len(phi)), truth)
    for (i, j), block in dense.cut(truth, widths).items():
        claimed = statements.inverse_block(phi, i, j) if i >= j else dense.zeros(widths[i - 1], widths[j - 1])
        point.equal(f"(Φ⁻¹)_{i},{j}", claimed, block)


def m4(point: Point) -> None:
    """W_ij = (-1)^{i-1-j} [φ L - L φ] φ^(i-2) ... φ^(j); A_jj = L_j, and A_ij = 0 above the diagonal."""
    widths = point.widths()
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    truth = dense.cut(dense.adjacency(phi, lam), widths)
    claimed = statements.transfer_blocks(phi, lam)
    for (i, j), block in truth.items():
        above = dense.diagonal(lam[i - 1]) if i == j else dense.zeros(widths[i - 1], widths[j - 1])
        point.equal(f"A_{i},{j}", claimed[i, j] if i > j else above, block)


def m5(point: Point) -> None:
    """A v = λ v for the eigenpair of every neuron, and det(A - tI) = Π(λ - t)."""
    widths = point.widths()
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    matrix = dense.adjacency(phi, lam)
    pairs = [statements.eigenpair(phi, lam, i + 1, h) for i, width in enumerate(widths) for h in range(width)]
    for number, (value, column) in enumerate(pairs):
        truth = [dense.sum_of_products(row, column) for row in matrix]
        point.equal(f"A v_{number}", [value * entry for entry in column], truth)
    t, claimed = point.number(), 1
    for value, _ in pairs:
        claimed = (value - t) * claimed
    shifted = dense.minus(matrix, dense.times(t, dense.identity(len(matrix))))
    point.equal("det(A - tI)", claimed, dense.determinant(shifted))


def m6(point: Point) -> None:
    """‖Γ‖² is the sum of the neurons' scores; a score is invariant under rescaling of φ and under the gauge."""
    widths = point.widths(3, 3)
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    blocks = dense.transfer_blocks(phi, lam)
    scores = statements.path_scores(blocks[3, 2], blocks[2, 1])
    gamma = [
        blocks[3, 2][a][b] * blocks[2, 1][b][c]
        for a in range(widths[2])
        for b in range(widths[1])
        for c in range(widths[0])
    ]
    point.equal("‖Γ‖²", sum(scores), inner([gamma], [gamma]))
    t, shift = point.vector(widths[1]), point.number()
    scaled = [
        [[factor * entry for entry in row] for factor, row in zip(t, phi[0], strict=True)],
        [[entry / factor for factor, entry in zip(t, row, strict=True)] for row in phi[1]],
    ]
    for what, other in (
        ("rescaled", dense.transfer_blocks(scaled, lam)),
        ("shifted", dense.transfer_blocks(phi, statements.gauge(lam, shift))),
    ):
        point.equal(f"scores, {what}", statements.path_scores(other[3, 2], other[2, 1]), scores)


def m7(point: Point) -> None:
    """The propagation gives z_i = Σ_{j<i} W_ij x_j in every layer, and u = Φ⁻¹ x."""
    widths = point.widths()
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    x, f = point.matrix(widths[0], point.size("batch", 1, 3)), point.function()
    states, sums = dense.forward(dense.transfer_blocks(phi, lam), f, x, widths)
    u, v, z = statements.propagate(phi, lam, f, x)
    point.equal("z", z, sums)
    point.equal("u, v", (u[:-1], v), _linear_path(phi, states))


def m7_layerwise(point: Point) -> None:
    """z_i = [φ ∘ (λ^in - λ^out)] x_{i-1}, where every pair of layers is a two-layer network of its own."""
    widths = point.widths()
    phi = point.eigenvectors(widths)
    lam = [(point.vector(widths[i]), point.vector(widths[i + 1])) for i in range(len(phi))]
    x, f = point.matrix(widths[0], point.size("batch", 1, 3)), point.function()
    states, sums = dense.forward(dense.layerwise_blocks(phi, lam), f, x, widths)
    claimed, z = statements.propagate_layerwise(phi, lam, f, x)
    point.equal("z", z, sums)
    point.equal("x", claimed[:-1], states)


def m7_direct(point: Point) -> None:
    """z_i = Σ_{j<i} W_ij x_j, where the whole state is put through the whole matrix until it rests."""
    widths = point.widths()
    blocks = point.all_blocks(widths)
    x, f = point.matrix(widths[0], point.size("batch", 1, 3)), point.function()
    _, z = statements.propagate_direct(blocks, f, x, len(widths))
    point.equal("z", z, dense.relaxation(blocks, f, x, widths))


# --- adjoints: one pass of dual numbers in a random direction gives Σ gradient · direction ----------------------------


def _slopes_of_layers(point: Point, widths: list[int], blocks: Blocks, x: Matrix) -> tuple[list[Matrix], ...]:
    """States, f' and dual pre-activations of the forward pass on dual numbers."""
    f = point.function()
    states, sums = dense.forward(blocks, f, x, widths)
    slopes = [mapped(lambda z: f.slope(value_of(z)), z) for z in sums[:-1]]
    return structure(value_of, states), slopes, sums


def _directional(d_output: Matrix, output: Matrix) -> Number:
    """The change of a loss with ∂ℓ/∂z_K = d_output along the direction in which the dual output moves."""
    return inner(d_output, structure(slope_of, output))


def _flat(numbers: Number) -> list[Number]:
    if isinstance(numbers, (list, tuple)):
        return [entry for part in numbers for entry in _flat(part)]
    return _flat(list(numbers.values())) if isinstance(numbers, dict) else [numbers]


def _along(gradient: Number, moving: Number) -> Number:
    """Σ ∂ℓ/∂θ · θ' over all parameters."""
    return dense.sum_of_products(_flat(gradient), [slope_of(number) for number in _flat(moving)])


def m8(point: Point) -> None:
    """φ̄, λ̄ and x̄_1, in both forms, for every loss and every differentiable f."""
    widths = point.widths()
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    x = point.matrix(widths[0], point.size("batch", 1, 3))
    moving_phi, moving_lam, moving_x = point.moving(phi), point.moving(lam), point.moving(x)
    states, slopes, sums = _slopes_of_layers(point, widths, dense.transfer_blocks(moving_phi, moving_lam), moving_x)
    d_output = point.matrix(widths[-1], len(x[0]))
    u, v = _linear_path(phi, states)
    truth = _directional(d_output, sums[-1])
    for what, gradient in (
        ("first form", statements.adjoint(phi, lam, u, v, slopes, d_output)),
        ("second form", statements.adjoint_by_difference(phi, lam, u, slopes, d_output)),
    ):
        point.equal(f"dℓ, {what}", _along(gradient, (moving_phi, moving_lam, moving_x)), truth)


def _linear_path(phi: list[Matrix], states: list[Matrix]) -> tuple[list[Matrix], list[Matrix]]:
    """u = Φ⁻¹ x of the layers before the last, and v_i = φ^(i-1) u_{i-1}, from the dense inverse."""
    widths = dense.widths_of(phi)[:-1]
    matrix = dense.eigenvector_matrix(phi[:-1]) if len(phi) > 1 else dense.identity(widths[0])
    solved = product(dense.inverse(matrix), [row for state in states for row in state])
    at = dense.starts(widths)
    u = [solved[at[i] : at[i + 1]] for i in range(len(widths))]
    return u, [product(block, sender) for block, sender in zip(phi, u, strict=True)]


def m8_layerwise(point: Point) -> None:
    """φ̄, λ̄^in, λ̄^out and x̄_1, for every loss and every differentiable f."""
    widths = point.widths()
    phi = point.eigenvectors(widths)
    lam = [(point.vector(widths[i]), point.vector(widths[i + 1])) for i in range(len(phi))]
    x = point.matrix(widths[0], point.size("batch", 1, 3))
    moving_phi, moving_lam, moving_x = point.moving(phi), point.moving(lam), point.moving(x)
    states, slopes, sums = _slopes_of_layers(point, widths, dense.layerwise_blocks(moving_phi, moving_lam), moving_x)
    d_output = point.matrix(widths[-1], len(x[0]))
    gradient = statements.adjoint_layerwise(phi, lam, states, slopes, d_output)
    truth = _directional(d_output, sums[-1])
    point.equal("dℓ", _along(gradient, (moving_phi, moving_lam, moving_x)), truth)


def m8_direct(point: Point) -> None:
    """W̄_ij and x̄_1, for every loss and every differentiable f."""
    widths = point.widths()
    blocks = point.all_blocks(widths)
    x = point.matrix(widths[0], point.size("batch", 1, 3))
    moving_blocks, moving_x = point.moving(blocks), point.moving(x)
    states, slopes, sums = _slopes_of_layers(point, widths, moving_blocks, moving_x)
    d_output = point.matrix(widths[-1], len(x[0]))
    d_blocks, dx = statements.adjoint_direct(blocks, states, slopes, d_output, len(widths))
    by_block = [_along(d_blocks[pair], moving_blocks[pair]) for pair in blocks]
    point.equal("dℓ", sum(by_block) + _along(dx, moving_x), _directional(d_output, sums[-1]))


def m9(point: Point) -> None:
    """λ + c for all layers changes no W_ij; Σ λ̄ = 0: no output moves when all λ move alike."""
    widths = point.widths()
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    truth = dense.transfer_blocks(phi, lam)
    point.equal("W", dense.transfer_blocks(phi, statements.gauge(lam, point.number())), truth)
    x = point.matrix(widths[0], point.size("batch", 1, 3))
    together = statements.gauge(lam, Dual(0, 1))
    states, slopes, sums = _slopes_of_layers(point, widths, dense.transfer_blocks(phi, together), x)
    d_output = point.matrix(widths[-1], len(x[0]))
    point.equal("dℓ along λ' = 1", 0, _directional(d_output, sums[-1]))
    u, v = _linear_path(phi, states)
    _, d_lam, _ = statements.adjoint(phi, lam, u, v, slopes, d_output)
    point.equal("Σ λ̄", sum(_flat(d_lam)), 0)


NETWORKS: dict[str, Identity] = {
    "M1": m1,
    "M2": m2,
    "M3": m3,
    "M4": m4,
    "M5": m5,
    "M6": m6,
    "M7": m7,
    "M7.layerwise": m7_layerwise,
    "M7.direct": m7_direct,
    "M8": m8,
    "M8.layerwise": m8_layerwise,
    "M8.direct": m8_direct,
    "M9": m9,
}
