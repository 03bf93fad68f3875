"""scikit-learn's own tests of its MLP, with our estimators in the place of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import sklearn.neural_network

from tests.builders import ROOT

EXCEPTIONS = {
    "test_fit": "sets coefs_, _coef_grads and the velocities of MLP's own optimizer, and compares a step from there",
    "test_gradient": "calls _loss_grad_lbfgs",
}
"""The tests that read or write private parts."""
IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
REPLACED = """from functools import partial
from spectral_core import SpectralClassifier, SpectralRegressor
MLPClassifier, MLPRegressor = partial(SpectralClassifier, search=False), partial(SpectralRegressor, search=False)
"""
FIXTURE = "import pytest\n\n@pytest.fixture\ndef global_random_seed():\n    return 7\n"


def test_every_test_of_public_parts_passes(tmp_path: Path) -> None:
    """No test may fail but the exceptions, and each of those must."""
    text = (Path(sklearn.neural_network.__file__).parent / "tests" / "test_mlp.py").read_text(encoding="utf-8")
    assert text.count(IMPORT) == 1
    (tmp_path / "test_mlp.py").write_text(text.replace(IMPORT, REPLACED), encoding="utf-8")
    (tmp_path / "conftest.py").write_text(FIXTURE, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "--tb=no", "-p", "no:cacheprovider", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    outcomes = re.findall(r"^(PASSED|FAILED|ERROR) \S*::(\w+)", done.stdout, re.MULTILINE)
    failed = {name for outcome, name in outcomes if outcome in ("FAILED", "ERROR")}
    assert failed == set(EXCEPTIONS), done.stdout[-3000:]
    assert sum(outcome == "PASSED" for outcome, _ in outcomes) >= 50, done.stdout[-3000:]
    assert "SKIPPED" not in done.stdout, done.stdout[-3000:]
