"""Test rows that are drawn from data with weights."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spectral_core.data.dataset import Dataset
from spectral_core.data.splitting import train_test_split


@given(st.integers(0, 999), st.sampled_from(["regression", "classification"]), st.sampled_from([0.1, 0.3]))
def test_test_rows_have_a_weight(seed: int, task: str, fraction: float) -> None:
    """Few rows with a weight: some of them are test rows, and each class keeps such a row for training."""
    weights = np.zeros(60)
    weights[np.random.default_rng(seed).permutation(30)[:4] * 2] = 2.0
    weights[np.random.default_rng(seed).permutation(30)[:4] * 2 + 1] = 1.0
    y = np.arange(60) % 2 if task == "classification" else np.arange(60.0)[:, None]
    data = Dataset("few", np.arange(60.0)[:, None], y, task, ("a",), ("y",), ("p", "q"), weight=weights)
    training, test = train_test_split(data, fraction, seed)
    assert training.weight is not None
    assert test.weight is not None
    assert test.weight.all()
    assert len(test.x) == max(1, round(fraction * 8))
    assert sorted([*training.rows, *test.rows]) == list(range(60))  # type: ignore[misc]
    assert task == "regression" or set(training.y[training.weight > 0]) == {0, 1}
