"""Weights of samples and classes, as one weight for each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Weighting:
    """The weights that a caller gives.

    samples : (samples,), none negative, or None.
    classes : {label: weight}, 1 for a label that is not named; ``balanced``: (rows)/(classes · rows of the class); or None.
    where : of which rows, in messages.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core.data.weighting import Weighting
    >>> Weighting(classes="balanced").of(np.array([0, 0, 0, 1]), ("no", "yes"), np.array([0, 0, 0, 1])).round(2).tolist()
    [0.67, 0.67, 0.67, 2.0]
    """

    samples: Any = None
    classes: Any = None
    where: str = ""

    def of(
        self, target: np.ndarray, classes: tuple[Any, ...], fitted: np.ndarray, in_rows: bool = False
    ) -> np.ndarray | None:
        """The weight of each row of `target`: sample weight times class weight; None where neither is given.

        `in_rows` divides sample weights by their mean over the rows that have one, so that they count beside rows without any.

        Parameters
        ----------
        target : class indices or regression targets of all rows.
        classes : the labels; empty for regression.
        fitted : the class indices that ``balanced`` counts.

        By hand: weights of rows. Checked by test_weighting.test_weights_multiply_and_unnamed_labels_have_one.
        """
        own = (
            None
            if self.samples is None
            else checks.sample_weights(self.samples, np.float64, len(target), f"sample_weight{self.where}")
        )
        if own is not None and in_rows:
            own = in_mean_rows(own)
        factors = self._by_class(classes, fitted)
        if factors is None:
            return own
        by_row = factors[target]
        if not by_row.any():
            raise InvalidInputError(f"class_weight gives every row{self.where} the weight 0")
        return by_row if own is None else own * by_row

    def of_validation(self, samples: Any) -> Weighting:
        """The same weights of classes, with the sample weights of validation data or none."""
        return Weighting(samples, self.classes, " of validation_data")

    def _by_class(self, classes: tuple[Any, ...], fitted: np.ndarray) -> np.ndarray | None:
        """The weight of each class (classes,).

        By hand: weights of classes. Checked by test_weighting.test_balanced_classes_weigh_alike.
        """
        given = self.classes
        if given is None:
            return None
        if not classes:
            raise InvalidInputError(
                "class_weight needs one class label for each row; the task is regression, or a row has several labels"
            )
        if isinstance(given, str) and given == "balanced":
            counts = np.bincount(fitted, minlength=len(classes))
            return len(fitted) / (len(classes) * np.maximum(counts, 1))
        if not isinstance(given, Mapping):
            raise InvalidInputError(
                f"class_weight must be a mapping from labels to weights, or 'balanced'; got {given!r}"
            )
        unknown = [label for label in given if label not in classes]
        if unknown:
            raise InvalidInputError(f"class_weight names a label that is not among the classes: {unknown[0]!r}")
        return np.array([checks.real_number(given.get(c, 1.0), f"class_weight[{c!r}]", 0) for c in classes])


def in_mean_rows(weights: np.ndarray) -> np.ndarray:
    """Sample weights (samples,) over their mean among the rows that have one; beside them a row without weights weighs 1.

    By hand: weights of rows. Checked by test_preparation.test_rows_without_weights_weigh_as_the_mean_row_beside_them.
    """
    shares = weights / (weights.max() or 1.0)  # no sum overflows
    return shares / (shares[shares > 0].mean() if shares.any() else 1.0)
