"""The weight of an error of an output, and outputs fitted to the targets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from spectral_core import InvalidInputError, prune
from spectral_core.backends import cpu
from spectral_core.backends.problem import problem_of
from spectral_core.kernels.tables import LOSSES
from spectral_core.networks.layer_values import layer_values, with_constant
from spectral_core.resizing.compensation import compensate
from spectral_core.resizing.output_losses import FLOOR, curvatures, fit_outputs
from tests import oracles
from tests.builders import random_network

CHECK = settings(deadline=None, max_examples=15)


def targets_where_right(z: np.ndarray, loss: str) -> np.ndarray:
    """The targets whose prediction is exactly z."""
    if loss == "poisson":
        return np.exp(z)
    return 1 / (1 + np.exp(-z)) if loss == "binary_cross_entropy" else z


@pytest.mark.parametrize("loss", LOSSES)
@given(seed=st.integers(0, 999))
@CHECK
def test_the_weight_of_an_error_is_the_second_derivative(loss: str, seed: int) -> None:
    """Against differences of the kernel's gradient, in units of the squared error's half."""
    z = np.random.default_rng(seed).uniform(-2, 2, (1, 3))
    y = np.zeros(1, int) if loss == "cross_entropy" else targets_where_right(z, loss)
    problem = problem_of(cpu, np.ones((1, 1)), y, loss, None, (1, 3), "float64")
    means = 1 if loss == "cross_entropy" else 3
    for c in range(3):
        slopes = []
        for side in (-1e-4, 1e-4):
            moved = z.copy()
            moved[0, c] += side
            cpu.output_loss(moved, problem)
            slopes.append(moved[0, c] * means)
        second = (slopes[1] - slopes[0]) / 2e-4
        floor = FLOOR if "cross_entropy" in loss else 0
        expected = second / (2 if loss == "squared_error" else 1) + floor
        assert curvatures(z, loss)[0, c] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
@given(seed=st.integers(0, 999))
@CHECK
def test_outputs_reach_the_least_loss(loss: str, seed: int) -> None:
    """Against SciPy's minimiser of the same convex loss, in chunks and at once."""
    generator = np.random.default_rng(seed)
    values, y = generator.normal(size=(150, 3)), oracles.targets(loss, generator, 150, 2)
    problem = problem_of(cpu, values, y, loss, generator.uniform(0.5, 2, 150), (3, 2), "float64")
    start = 0.1 * generator.normal(size=(2, 3))
    before = start.copy()

    def value(flat: np.ndarray) -> float:
        return cpu.output_loss(values @ flat.reshape(2, 3).T, problem)

    def chunks() -> object:
        return iter([(slice(0, 70), values[:70]), (slice(70, 150), values[70:])])

    found = fit_outputs(start, chunks, problem, 1e-10)  # type: ignore[arg-type]
    assert np.array_equal(start, before)
    least = minimize(value, start.ravel(), method="BFGS", options={"gtol": 1e-7}).fun
    assert value(found.ravel()) <= value(start.ravel())
    assert value(found.ravel()) - least <= 1e-3 * (value(start.ravel()) - least) + 1e-4
    if loss == "squared_error":
        exact = np.linalg.lstsq(values * np.sqrt(problem.weights)[:, None], y * np.sqrt(problem.weights)[:, None])[0]
        np.testing.assert_allclose(found, exact.T, rtol=1e-6, atol=1e-8)


def test_a_sender_that_says_nothing_keeps_its_weights() -> None:
    values = np.c_[np.arange(1.0, 9.0), np.zeros(8)]
    problem = problem_of(cpu, values, 3 * values[:, :1], "squared_error", None, (2, 1), "float64")
    found = fit_outputs(np.array([[1.0, 7.0]]), lambda: iter([(slice(0, 8), values)]), problem, 1e-12)
    np.testing.assert_allclose(found, [[3.0, 7.0]], rtol=1e-9)


@pytest.mark.parametrize("loss", ["poisson", "binary_cross_entropy", "cross_entropy"])
def test_errors_of_the_outputs_count_by_the_loss(loss: str) -> None:
    """Weighted least squares written out, for each output, after a removal of two of six neurons."""
    net = random_network("direct", [3, 6, 2], "tanh", 4)
    keep = [np.ones(3, bool), np.array([True, True, False, True, False, True]), np.ones(2, bool)]
    x = np.random.default_rng(0).normal(size=(60, 3))
    parts = {(i, j): w * keep[i - 1][:, None] * keep[j - 1] for (i, j), w in net.transfer_blocks().items()}
    found = compensate(net, parts, keep, x, 1e-12, loss)
    z, values = layer_values(net.transfer_blocks(), net.widths, "tanh", with_constant(x, 3))
    senders = np.hstack([values[0], values[1][:, keep[1]]])
    for c in range(2):
        roots = np.sqrt(curvatures(z[-1], loss)[:, c])
        fit = np.linalg.lstsq(senders * roots[:, None], z[-1][:, c] * roots)[0]
        result = np.concatenate([found[3, 1][c], found[3, 2][c, keep[1]]])
        np.testing.assert_allclose(result, fit, rtol=1e-5, atol=1e-7)
    plain = compensate(net, parts, keep, x, 1e-12)
    assert not np.allclose(plain[3, 2], found[3, 2], rtol=1e-3)


def test_pruning_towards_the_targets_fits_the_outputs_to_them() -> None:
    """The other weights are those of the plain refit, and the loss on the targets is the least one."""
    net = random_network("direct", [3, 8, 3], "relu", 0, bias=True)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 3))
    labels = (net.forward(x) + 2 * generator.normal(size=(200, 3))).argmax(axis=1)
    plain = prune(net, fraction=0.5, X=x, y=labels, loss="cross_entropy")
    fitted = prune(net, fraction=0.5, X=x, y=labels, loss="cross_entropy", towards="targets")
    assert np.array_equal(plain.network.blocks[2, 1], fitted.network.blocks[2, 1])
    assert fitted.report.loss_after is not None
    assert plain.report.loss_after is not None
    assert fitted.report.loss_after < plain.report.loss_after - 0.05
    gradients = fitted.network.loss_and_gradients(x, labels, "cross_entropy")[1].blocks
    live = fitted.compact.neurons[1]
    assert np.abs(gradients[3, 2][:, live]).max() < 1e-2
    for options in ({"y": None}, {"compensate": False}):
        with pytest.raises(InvalidInputError, match="towards='targets' refits the weights into the output to y"):
            prune(net, fraction=0.5, loss="cross_entropy", towards="targets", **({"X": x, "y": labels} | options))
    with pytest.raises(InvalidInputError, match="towards must be one of network, targets; got 'labels'"):
        prune(net, fraction=0.5, X=x, towards="labels")
