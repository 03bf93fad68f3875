"""The numbers of a search."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spectral_core.wording import counted

SCORES = {"classification": "accuracy", "multilabel": "subset accuracy", "regression": "R²"}
"""The score of each task. Subset accuracy is the share of the rows with all labels right, as scikit-learn's `accuracy_score`."""


@dataclass(frozen=True)
class Block:
    """One live block W_ij: layers (from 1) in the numbers of the full network, shape, Frobenius norm, weights that are not 0."""

    receiver: int
    sender: int
    rows: int
    columns: int
    norm: float
    present: int

    @classmethod
    def of(cls, receiver: int, sender: int, block: np.ndarray) -> Block:
        """By hand: a norm for the report. Checked by test_search.test_the_norms_of_the_report_are_those_of_its_blocks."""
        present = int(np.count_nonzero(block))
        return cls(receiver, sender, len(block), block.shape[1], float(np.linalg.norm(block)), present)


@dataclass(frozen=True)
class Numbers:
    """What a search found, in numbers.

    Losses are in the units of training (standardised, where the data were); scores are accuracy or R² in the units
    of the data. A grown network is direct and has no eigenvalues. `before` means the trained network, `after` the trimmed
    one. `constant_features` do not vary in the training part.

    target, classes : the name of the target, the labels. columns : what became of each column of a table.
    live : neurons that were kept, by layer. inputs : the features that have weights, by path score (`input_scores`).
    constant_score : of the best constant, on the test rows, without them on the validation rows. balanced_accuracy, roc_auc : on
    the same rows, of a classification, where those rows did not fit the network; ROC AUC of two classes, or the mean over labels.
    remarks : how the table was read. sentences : what a reader should know of the result. command, settings : what was asked for.
    """

    task: str
    activation: str
    bias: bool
    standardized: bool
    training_samples: int
    validation_samples: int
    widths: list[int]
    live: list[int]
    blocks: list[Block]
    spectral_parameters: int
    all_pairs_parameters: int
    compact_parameters: int
    validation_loss_before: float | None
    validation_loss_after: float | None
    validation_loss_limit: float | None
    path_norms_before: list[float]
    path_norms_after: list[float]
    mean_abs_eigenvalue: float | None
    epochs: int
    epoch: int
    eigenvector_penalty: float
    candidates: list[dict[str, float]]
    tolerance: float = 0.0
    seed: int = 0
    seconds: float = 0.0
    data: str = ""
    validation_score_before: float | None = None
    validation_score_after: float | None = None
    test_samples: int = 0
    test_score_before: float | None = None
    test_score_after: float | None = None
    peer: dict[str, Any] = field(default_factory=dict)
    constant_features: list[str] = field(default_factory=list)
    strategy: str = "seed"
    weights: int = 0
    biases: int = 0
    curve: list[dict[str, Any]] = field(default_factory=list)
    certificate: str = ""
    target: str = ""
    classes: list[Any] = field(default_factory=list)
    columns: list[dict[str, Any]] = field(default_factory=list)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    constant_score: float | None = None
    balanced_accuracy: float | None = None
    roc_auc: float | None = None
    remarks: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    command: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def task_name(self) -> str:
        """The task in words."""
        return "multi-label classification" if self.task == "multilabel" else self.task

    @property
    def score_name(self) -> str:
        return SCORES[self.task]

    @property
    def score(self) -> float | None:
        """The score on the test rows, without them on the validation rows; None where it is not defined."""
        return defined(self.test_score_after if self.test_samples else self.validation_score_after)

    @property
    def sizes(self) -> str:
        """How large the network is that was found."""
        if not self.curve:
            return counted(self.weights, "weight") + " (biases included)" * self.bias
        return f"{counted(self.weights, 'weight')} and {counted(self.biases, 'bias', 'biases')}"

    @property
    def kind(self) -> str:
        """The parametrization of the trained network."""
        return "spectral" if self.mean_abs_eigenvalue is not None else "direct"

    @property
    def left_out(self) -> list[dict[str, Any]]:
        """The columns of the table that are no features."""
        return [column for column in self.columns if column["became"].startswith("left out")]


def defined(score: float | None) -> float | None:
    """The score; None instead of NaN and infinity."""
    return score if score is not None and math.isfinite(score) else None
