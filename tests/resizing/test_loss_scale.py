"""The least loss on given targets, the constant predictor's, and the tolerance between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from spectral_core.backends import cpu
from spectral_core.backends.problem import Problem, problem_of
from spectral_core.kernels.tables import LOSSES
from spectral_core.resizing.loss_scale import loss_scale, tolerance_on
from tests import oracles

CHECK = settings(deadline=None, max_examples=30)


def problem(loss: str, seed: int, dtype: str = "float64") -> Problem:
    generator = np.random.default_rng(seed)
    y = oracles.targets(loss, generator, 6, 2)
    if loss == "binary_cross_entropy" and seed % 2:
        y = generator.uniform(size=(6, 2))
    weights = generator.uniform(0.5, 2, 6)
    return problem_of(cpu, np.ones((6, 1)), y, loss, weights, (1, 2), dtype)


@pytest.mark.parametrize("loss", LOSSES)
@given(seed=st.integers(0, 999))
@CHECK
def test_the_least_loss_and_that_of_a_constant(loss: str, seed: int) -> None:
    """Against SciPy's search for the best outputs, free ones and constant ones."""
    data = problem(loss, seed)
    least, constant = loss_scale(data)
    free = minimize(lambda z: cpu.output_loss(z.reshape(6, 2).copy(), data), np.zeros(12), method="BFGS")
    same = minimize(lambda z: cpu.output_loss(np.tile(z, (6, 1)), data), np.zeros(2), method="BFGS")
    assert least <= free.fun + 1e-9
    assert least >= free.fun - 1e-3  # a search cannot reach outputs at infinity
    assert constant >= same.fun - 1e-5  # a search does not quite reach the minimum
    if loss != "huber":  # its best constant is no mean
        assert constant <= same.fun + 1e-5


@given(st.sampled_from(LOSSES), st.integers(0, 999), st.floats(0, 10), st.floats(0, 10))
@CHECK
def test_a_larger_tolerance_allows_a_larger_loss(loss: str, seed: int, one: float, other: float) -> None:
    data = problem(loss, seed)
    value = cpu.output_loss(np.random.default_rng(seed).normal(size=(6, 2)), data)
    low, high = (tolerance_on(data, amount).limit(value) for amount in sorted((one, other)))
    assert value <= low <= high


def test_single_precision_has_the_same_scale() -> None:
    for loss in LOSSES:
        np.testing.assert_allclose(
            loss_scale(problem(loss, 3, "float32")), loss_scale(problem(loss, 3)), rtol=1e-5, atol=1e-6
        )
