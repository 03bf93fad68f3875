"""The numbers of M17 to M24 on the pages, each computed from the definition by brute force."""

from __future__ import annotations

import re

import numpy as np
import pytest

from derivations.theorems.words import EXAMPLES


def says(theorem: str, *phrases: str) -> None:
    """Each phrase, which holds computed numbers, stands in the example."""
    text = " ".join(EXAMPLES[theorem].split())
    assert [phrase for phrase in phrases if phrase not in text] == []


def whole(value: float) -> int:
    """A number that is a whole number but for rounding."""
    assert value == pytest.approx(round(value), abs=1e-6)
    return round(value)


def relu(z: np.ndarray | float) -> np.ndarray:
    return np.maximum(z, 0)


def slope(f, x: float, step: float = 1e-4) -> float:
    return float(f(x + step) - f(x - step)) / (2 * step)


def listed(row: np.ndarray) -> str:
    return f"({','.join(str(whole(v)) for v in row)})"


def test_m17_two_fits_by_least_squares() -> None:
    a, b, y = np.array([1.0, 0, 0]), np.array([1.0, 1, 0]), np.array([3.0, 2, 1])
    both, alone = np.column_stack([a, b]), a[:, None]
    weights, refit = (np.linalg.lstsq(z, y, rcond=None)[0] for z in (both, alone))
    losses = [whole(((y - z @ w) ** 2).sum()) for z, w in ((both, weights), (alone, refit))]
    says("M17", f"a = {listed(a)}, b = {listed(b)}, targets {listed(y)}")
    says("M17", f"{whole(weights[0])} a + {whole(weights[1])} b with loss {losses[0]}")
    gram = both.T @ both
    says("M17", *(f"{name} = [{','.join(str([*map(whole, r)]).replace(' ', '') for r in m)}]"
                  for name, m in (("G", gram), ("G⁻¹", np.linalg.inv(gram)))))  # fmt: skip
    says("M17", f"= {whole(refit[0])}, and the loss rises by 2²/1 = {losses[1] - losses[0]}, to {losses[1]}")
    outside = b - a * (a @ b) / (a @ a)
    says("M17", f"a_{{⊥}} = {listed(outside)}, R = {listed(y - refit[0] * a)}")


def test_m18_one_neuron_and_a_skip_are_two_neurons() -> None:
    def two(x: float) -> float:
        return float(4 * relu(2 * x) + 5 * relu(-6 * x))

    for x in np.linspace(-2, 2, 9):
        assert two(x) == pytest.approx(19 * float(relu(2 * x)) - 30 * x)
    says("M18", "rows 2 and -6 (c = 3), outgoing 4 and 5", "4 + 3·5 = 19", "-3·5·2 = -30")
    says("M18", f"x = -1: both send 4·0 + 5·6 = {whole(two(-1))}", f"x = 1: 4·2 + 5·0 = {whole(two(1))}")
    says("M18", f"z = 2 x + 5 on -1 <= x <= 1 is at least -2 + 5 = {min(whole(2 * x + 5) for x in (-1, 0, 1))}")
    says("M18", f"a = 3, b = -2: 3 + 0 - 1 = {whole(float(relu(3) + relu(-2) - relu(1)))}")


def test_m19_the_gradient_jumps_twice() -> None:
    def y(x: float) -> float:
        return float(relu(x) + 3 * relu(2 - 2 * x))

    slopes = [whole(slope(y, x)) for x in (-1, 0.5, 2)]
    says("M19", "y = relu(x) + 3 relu(2 - 2x)", f"slopes {slopes[0]}, 1 - 6 = {slopes[1]} and {slopes[2]}")
    first, second = slopes[1] - slopes[0], slopes[2] - slopes[1]
    assert (first, second) == (1 * 1, 3 * 2)
    says("M19", f"by {slopes[1]} - ({slopes[0]}) = 1·1 at x = 0", f"by {slopes[2]} - ({slopes[1]}) = 3·2 at x = 1")


def test_m20_the_slope_with_the_best_output_weight_and_the_step() -> None:
    def loss(w: float, v: float) -> float:
        return (v - 1) ** 2 + (v * w - 3) ** 2

    def best(w: float) -> float:
        hidden = np.array([[1.0], [w]])
        return float(np.linalg.lstsq(hidden, np.array([1.0, 3.0]), rcond=None)[0][0])

    v = best(1.0)
    held, whole_slope = slope(lambda w: loss(w, v), 1.0), slope(lambda w: loss(w, best(w)), 1.0)
    says("M20", f"V = (1 + 3·1)/(1 + 1²) = {whole(v)}, loss (2 - 1)² + (2 - 3)² = {whole(loss(1, v))}")
    says("M20", f"2·(2 - 3)·2 = {whole(held)};", f"is {whole(whole_slope)} too")
    assert loss(2.0, best(2.0)) == pytest.approx(10 - (1 + 3 * 2) ** 2 / (1 + 2**2))
    jacobian, g = np.array([1.0, 2.0]), -20.0
    h = float(jacobian @ (2 * np.eye(2)) @ jacobian)
    step = -g / (h + 8 + 2)
    says("M20", f"H = 2·(1 + 4) = {whole(h)}", f"δ = 20/(10 + 8 + 2) = {whole(step)}")
    assert g * step == -h * step**2 - 8 * step**2 - 2 * step**2 == -20
    says("M20", "gᵀδ = -20·1 = -10 - 8 - 2 < 0")


def test_m20_factor_is_the_second_derivative_of_cross_entropy() -> None:
    z, step = np.log([0.25, 0.75]), 1e-4

    def loss(first: float) -> float:
        outputs = np.array([first, z[1]])
        return float(np.log(np.exp(outputs).sum()) - outputs[0])

    second = (loss(z[0] + step) - 2 * loss(z[0]) + loss(z[0] - step)) / step**2
    assert second == pytest.approx(3 / 16, abs=1e-6)
    says("M20.factor", "p = (1/4, 3/4)", "1/4·(1 - 1/4) = 3/16", "1/4·(3/4)² + 3/4·(1/4)² = 3/16")


def test_m21_a_masked_step_and_a_cleaned_neuron() -> None:
    weight, first, second, gradient = 0.0, 0.0, 0.0, 5.0 * 0
    for count in range(1, 20):
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        weight -= 1e-3 * (first / (1 - 0.9**count)) / (np.sqrt(second / (1 - 0.999**count)) + 1e-8)
    assert (weight, first, second) == (0, 0, 0)
    says("M21", "weight 0, m = v = 0, gradient 5, mask 0: m = 0.9·0 + 0.1·(5·0) = 0, and the step is 0")
    for x in (-1.0, 0.0, 2.0):
        pre = 3 * float(relu(0 * x + 2)) + 1
        says("M21", f"b = 2, outgoing 3, next bias 1: the new bias is 1 + 3·2 = {whole(pre)}.")


def test_m22_the_loss_without_the_weight() -> None:
    x = np.array([1.0, 2.0])
    target = 3 * x

    def loss(w: float, scale: float = 1.0) -> float:
        return float(((w * x / scale - target) ** 2).sum())

    assert loss(3) == 0
    h = (loss(3.01) - 2 * loss(3) + loss(2.99)) / 0.01**2
    says("M22", f"H = 2·(1 + 4) = {whole(h)} and ½ w² H = 9·10/2 = {whole(loss(0))}.")
    says("M22", f"the loss is 3² + 6² = {whole(loss(0))}")
    says("M22", f"the slope is -2·(3 + 12) = {whole(slope(loss, 0))}", f"30²/(2·10) = {whole(loss(0) - loss(3))}")
    halved = (loss(6.01, 2) - 2 * loss(6, 2) + loss(5.99, 2)) / 0.01**2
    says("M22", f"6²·(10/4)/2 = {whole(36 * halved / 2)}")


def test_m23_weights_from_the_definition_of_the_adjacency_matrix() -> None:
    def adjacency(phi: list[float], lam: list[float]) -> np.ndarray:
        vectors = np.eye(len(lam)) + np.diag(phi, -1)
        return vectors @ np.diag(lam) @ np.linalg.inv(vectors)

    assert whole(adjacency([2], [5, 1])[1, 0]) == whole(adjacency([4], [5, 3])[1, 0]) == 8
    before, after = adjacency([2, 3], [5, 1, 4]), adjacency([4, 6], [2.5, 0.5, 2])
    says("M23", "w = 2·(5 - 1) = 8", "φ = 8/(5 - 3) = 4", "φ = 4, 6 and λ = 2.5, 0.5, 2")
    says("M23", f"W_21 = 4·(2.5 - 0.5) = {whole(after[1, 0])} stays")
    assert after[1, 0] == pytest.approx(before[1, 0])
    says("M23", f"W_31 = -6·(0.5 - 2)·4 = {whole(after[2, 0])} is 2·{whole(before[2, 0])}.")


def test_m24_no_other_scale_has_a_lesser_sum() -> None:
    w, lam = np.array([2.4, 3.2]), np.array([5.0, 1.0])

    def size(eigenvalue: float) -> float:
        return float(((w / -eigenvalue) ** 2).sum() + eigenvalue**2)

    def shifted(c: float) -> float:
        return float(((lam + c) ** 2).sum())

    grid = np.linspace(-4, -0.5, 3501)
    assert grid[np.argmin([*map(size, grid)])] == pytest.approx(-2)
    says("M24", f"1.2² + 1.6² + 2² = {whole(size(-2))} = 2·{whole(np.linalg.norm(w))}")
    says("M24", f"λ = -1, φ = (2.4, 3.2): 2.4² + 3.2² + 1² = {whole(size(-1))}")
    shifts = np.linspace(-5, 5, 1001)
    assert shifts[np.argmin([*map(shifted, shifts)])] == pytest.approx(-3)
    says("M24", f"c = -3 gives 2² + (-2)² = {whole(shifted(-3))}", f"c = -2 gives 3² + (-1)² = {whole(shifted(-2))}")


def test_every_example_of_the_second_part_is_computed_here() -> None:
    tested = {re.sub(r"_", ".", name[5:].upper()).split(".")[0] for name in globals() if name.startswith("test_m")}
    assert tested == {f"M{number}" for number in range(17, 25)}
    with pytest.raises(AssertionError):
        says("M17", "the loss rises by 2²/1 = 5")
