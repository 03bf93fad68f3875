"""Weights of samples and of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from spectral_core.errors import InvalidInputError
from spectral_core.estimators.objective import FitData


def with_classes(given: np.ndarray | None, target: np.ndarray, class_weight: Any, estimator: Any) -> np.ndarray | None:
    """The weights of the samples times those of their classes; None where neither is given.

    By hand: weights of classes. Checked by test_estimators.test_class_weights_are_sample_weights.
    """
    if class_weight is None:
        return given
    labels = target if target.ndim > 1 else estimator.classes_[target]
    own = np.asarray(compute_sample_weight(class_weight, labels))
    weights = own if given is None else own * given
    if not weights.any():
        both = "" if given is None else " and sample_weight"
        raise InvalidInputError(f"class_weight{both} give{'' if both else 's'} every row the weight 0")
    return weights


def by_label(class_weight: Any, fitted: FitData, estimator: Any) -> np.ndarray | None:
    """The weight of each class (classes,), as the fitted rows have them; None where classes have none."""
    if class_weight is None:
        return None
    with_classes(fitted.weights, fitted.y, class_weight, estimator)  # refuses weights that leave no row
    factors = np.ones(len(estimator.classes_))
    factors[fitted.y] = compute_sample_weight(class_weight, estimator.classes_[fitted.y])
    return factors
