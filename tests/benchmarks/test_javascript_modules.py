"""The files of the benchmark `javascript` give the classes of scikit-learn."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.javascript import Case, largest, ours, porter, sizes, timed_files, unrolled
from tests.kernels.javascript.node import calls, needs_node


def fitted(model: MLPClassifier | MLPRegressor, two: bool = False) -> Case:
    x, y = load_wine(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y == 1 if two else y)
    return Case("wine", model, x[:40])


@needs_node
@pytest.mark.parametrize("form", ["classes", "two classes", "few weights", "regression"])
def test_all_files_predict_the_same(form: str, tmp_path: Path) -> None:
    if form == "regression":
        case = fitted(MLPRegressor(hidden_layer_sizes=(4,), activation="tanh", max_iter=50, random_state=0))
    else:
        case = fitted(MLPClassifier((4,), max_iter=50, random_state=0), two=form == "two classes")
    if form == "few weights":
        case = Case(case.name, largest(case.model, np.ones(13), 20), case.x)
        assert sum(np.count_nonzero(w) for w in case.model.coefs_) == 20
    truth = case.model.predict(case.x).astype(float)
    files = timed_files(case, tmp_path)
    assert len(files) == (2 if form == "regression" else 3)
    for file in files:
        found = [answer["result"] for answer in calls(file, [("timed", [row]) for row in case.x.tolist()])]
        np.testing.assert_allclose(found, truth, rtol=0, atol=1e-5)


def test_sizes_are_of_what_is_measured() -> None:
    case = fitted(MLPClassifier((4,), max_iter=5, random_state=0))
    assert sizes("abcd" * 100)[0] == 400
    assert sizes("abcd" * 100)[1] < 60
    assert all(
        repr(float(w)) in porter(case) and repr(float(w)) in unrolled(case) for w in case.model.coefs_[0].ravel()
    )
    assert "export const classOf" in ours(case)
