"""What `train` says of class labels."""

from __future__ import annotations

import numpy as np
import pytest

from spectral_core import InvalidInputError, SpectralNetwork, train

NET = SpectralNetwork.initialize([2, 3, 3], seed=0)
X = np.random.default_rng(0).normal(size=(6, 2))


@pytest.mark.parametrize("y", [[0, 1, 2, 0, 1, 2], ["a", "b", "c", "a", "b", "c"], [True, False] * 3])
def test_class_labels_without_their_loss_are_named(y: list[object]) -> None:
    with pytest.raises(InvalidInputError, match="class indices need loss='cross_entropy'"):
        train(NET, X, y)


def test_text_labels_with_the_loss_are_told_how_to_become_indices() -> None:
    labels = ["a", "b", "c", "a", "b", "c"]
    with pytest.raises(InvalidInputError, match="return_inverse=True"):
        train(NET, X, labels, loss="cross_entropy")
    indices = np.unique(labels, return_inverse=True)[1]
    assert len(train(NET, X, indices, loss="cross_entropy", epochs=1).history) == 1
