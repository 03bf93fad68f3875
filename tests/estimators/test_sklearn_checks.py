"""scikit-learn's own list of checks, with no expected failure."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectral_core import SpectralClassifier, SpectralRegressor

QUICK: dict[str, Any] = {"hidden_layer_sizes": (2,), "max_iter": 5, "search_options": {"sizes": (3,)}}
VARIABLE = "SCIPY_ARRAY_API"
"""SciPy reads this variable of the environment when it is imported; without it scikit-learn skips some checks."""


def passes_with_the_variable(node: str, root: Path) -> bool:
    """Whether a test of this file passes, and is not skipped, in a process of its own with the variable."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", node]
    done = subprocess.run(
        command, cwd=root, env=os.environ | {VARIABLE: "1"}, capture_output=True, text=True, check=False
    )
    return done.returncode == 0 and "1 passed" in done.stdout


@parametrize_with_checks(
    [
        SpectralClassifier(search=False),
        SpectralRegressor(search=False),
        SpectralClassifier(search=True, **QUICK),
        SpectralRegressor(search=True, **QUICK),
    ]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::UserWarning")
def test_a_check_of_scikit_learn(
    estimator: Any, check: Callable[[Any], object], request: pytest.FixtureRequest
) -> None:
    name = getattr(check, "func", check).__name__
    skipped = False
    try:
        check(estimator)
    except SkipTest:
        skipped = True
    if skipped and VARIABLE not in os.environ:
        skipped = not passes_with_the_variable(request.node.nodeid, request.config.rootpath)
    assert not skipped, name
