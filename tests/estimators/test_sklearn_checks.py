"""scikit-learn's own list of checks, with no expected failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectral_core import SpectralClassifier, SpectralRegressor

QUICK: dict[str, Any] = {"hidden_layer_sizes": (2,), "max_iter": 5, "search_options": {"sizes": (3,)}}
SKIPPED = {"check_array_api_input": "the variable SCIPY_ARRAY_API of the environment is not set"}
"""Checks that scikit-learn itself skips here, and why."""


@parametrize_with_checks(
    [
        SpectralClassifier(search=False),
        SpectralRegressor(search=False),
        SpectralClassifier(search=True, **QUICK),
        SpectralRegressor(search=True, **QUICK),
    ]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::UserWarning")
def test_a_check_of_scikit_learn(estimator: Any, check: Callable[[Any], object]) -> None:
    name = getattr(check, "func", check).__name__
    skipped = False
    try:
        check(estimator)
    except SkipTest:
        skipped = True
    if skipped and name in SKIPPED:
        pytest.skip(SKIPPED[name])
    assert not skipped, name
