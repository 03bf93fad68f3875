"""The architecture found by `search` for an estimator, and weights in the units of the data."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from spectral_core.architecture.options import STRATEGIES
from spectral_core.architecture.search import search
from spectral_core.checks import one_of
from spectral_core.data.scaling import Scaling
from spectral_core.data.targets import LOSSES
from spectral_core.errors import InvalidInputError
from spectral_core.estimators.objective import FitData
from spectral_core.estimators.weights import by_label
from spectral_core.networks.spectral import SpectralNetwork

SEARCH_PENALTY = 1e-3
"""The default penalty on eigenvalues of a search; a given network has none."""
JUDGING_SHARE = 0.2
"""The share of the rows that a search judges on."""


def blocks_in_units(
    net: SpectralNetwork, inputs: Scaling | None, outputs: Scaling | None
) -> dict[tuple[int, int], np.ndarray]:
    """The transfer blocks of a network with a constant neuron that take X and give y without any scaling.

    z' = W (x - m)/d + b is (W/d) x + (b - (W/d) m), and y = s z' + t. Blocks between neighbours and from the input are there
    also where they are 0.

    By hand: units of the data. Checked by test_estimators.test_the_weights_are_those_of_the_predictions_in_the_units_of_the_data.
    """
    layers, widths = net.n_layers, net.widths
    blocks = {pair: np.array(block) for pair, block in net.transfer_blocks().items()}
    for i in range(2, layers + 1):
        for j in {1, i - 1}:
            blocks.setdefault((i, j), np.zeros((widths[i - 1], widths[j - 1]), net.dtype))
    if inputs is None or outputs is None:
        return blocks
    blocks = {pair: block.astype(np.float64) for pair, block in blocks.items()}
    for i in range(2, layers + 1):
        blocks[i, 1][:, :-1] /= inputs.divisor
        blocks[i, 1][:, -1] -= blocks[i, 1][:, :-1] @ inputs.mean
    for j in range(1, layers):
        if (layers, j) in blocks:
            blocks[layers, j] *= outputs.deviation[:, None]
    blocks[layers, 1][:, -1] += outputs.mean
    return blocks


def fit_searched(estimator: Any, data: FitData, given: FitData | None, names: tuple[str, ...]) -> Any:
    """Search, and keep network, compact network, scaling, report and curves in the estimator; `names` are those of the targets."""
    estimator._random_state = check_random_state(estimator.random_state)
    strategy = (
        "smallest"
        if estimator.search is True
        else one_of(estimator.search, STRATEGIES, "search, if not True or False,")
    )
    objective, _, estimator.out_activation_ = estimator._objective_of(data.y)
    task = next((task for task, loss in LOSSES.items() if loss == objective.loss), None)
    if task is None:
        raise InvalidInputError(f"a search knows labels, or loss='squared_error'; {objective.loss} needs search=False")
    factors = by_label(getattr(estimator, "class_weight", None), data, estimator) if data.y.ndim == 1 else None
    rows = unique_rows(data if factors is None else data.part(np.flatnonzero(factors[data.y])))
    learned = _learned_classes(estimator, rows) if task == "classification" else None
    if len(rows) < 2:
        raise InvalidInputError("a search needs at least two rows that are different and have a weight; got 1 sample")
    strength = SEARCH_PENALTY if estimator.penalty_strength is None else estimator.penalty_strength
    share = JUDGING_SHARE if estimator.validation_fraction is None else estimator.validation_fraction
    own = None if given is None else of_learned(estimator, given, learned, "y_val")
    own_options: dict[str, Any] = {
        "sample_weight": rows.weights,
        "class_weight": None if factors is None else _weights_of_labels(estimator, factors, rows.y),
        "hidden": estimator.hidden_layer_sizes,
        "task": task,
        "activation": estimator.activation,
        "epochs": estimator.max_iter,
        "batch_size": None if estimator.batch_size == "auto" else estimator.batch_size,
        "learning_rate": estimator.learning_rate_init,
        "eigenvalue_learning_rate": estimator.eigenvalue_learning_rate,
        "penalty": estimator.penalty,
        "penalty_strength": strength,
        "strategy": strategy,
        "validation_data": None if own is None else (own.x, _as_given(estimator, own.y, task)),
        "validation_fraction": share,
        "seed": estimator._draw_seed(),
        "backend": estimator.backend,
        "feature_names": tuple(map(str, getattr(estimator, "feature_names_in_", ()))),
        "progress": _print_progress if estimator.verbose else None,
    }
    options = dict(estimator.search_options or {})
    if taken := sorted(own_options.keys() & options.keys()):
        raise InvalidInputError(f"search_options names {taken[0]!r}, which parameters of the estimator decide")
    found = search(rows.x, _as_given(estimator, rows.y, task), **{"target_names": names, **own_options, **options})
    estimator._objective = objective
    estimator._forget()
    estimator._learned = learned
    estimator.n_outputs_ = found.network.widths[-1]
    estimator._compact, estimator.network_ = found.compact, found.compact.expanded()
    estimator._inputs, estimator._outputs = found.compact_predictor.inputs, found.compact_predictor.outputs
    estimator.result_, estimator.report_ = found, found.report
    history = found.history
    estimator.loss_curve_ = [objective.shown(loss, 0.0) for loss in history.training_loss]
    estimator.validation_loss_curve_ = [objective.shown(loss, 0.0) for loss in history.validation_loss]
    estimator.loss_, estimator.best_loss_ = estimator.loss_curve_[-1], min(estimator.loss_curve_)
    estimator.n_iter_ = len(history)
    estimator.t_ = estimator.n_iter_ * len(rows)
    return estimator


def _weights_of_labels(estimator: Any, factors: np.ndarray, fitted: np.ndarray) -> dict[Any, float]:
    """The weights of the classes that have rows, by the labels of `_as_given`."""
    present = np.unique(fitted)
    labels = _as_given(estimator, present, "classification").tolist()
    return dict(zip(labels, factors[present].tolist(), strict=True))


def _learned_classes(estimator: Any, rows: FitData) -> np.ndarray | None:
    """The numbers of the classes that have a weight, or None where all have.

    The others get no output, so that the search finds the same as where their rows are not there.
    """
    present = np.unique(rows.y)
    every = len(present) == len(estimator.classes_)
    if len(present) < 2:
        label, which = estimator.classes_[present].tolist()[0], "1 class" if every else "1 class with a weight"
        raise InvalidInputError(f"a search needs at least two classes; y has {which}, {label!r}")
    return None if every else present


def of_learned(estimator: Any, data: FitData, learned: np.ndarray | None, name: str) -> FitData:
    """The rows of the classes that have an output; all rows where `learned` is None."""
    if learned is None:
        return data
    own = data.part(np.flatnonzero(np.isin(data.y, learned)))
    if not len(own):
        labels = (estimator.classes_[numbers].tolist() for numbers in (learned, np.unique(data.y)))
        has, others = (", ".join(map(repr, some)) for some in labels)
        raise InvalidInputError(f"{name} needs a row of a class that has a weight: {has}; all are of others: {others}")
    return own


def _as_given(estimator: Any, target: np.ndarray, task: str) -> np.ndarray:
    """Targets as the caller has them, so that result, report and messages name labels and not their numbers."""
    if task == "classification":
        labels = estimator.classes_
        return np.asarray((labels if labels.dtype.kind in "biuf" else labels.astype(str))[target])
    return target[:, 0] if target.shape[1] == 1 else target


def unique_rows(data: FitData) -> FitData:
    """Rows in the order of their values, each once with the sum of its weights; rows of weight 0 are left out.

    So a search finds the same for repeated rows as for weights, and judges on no row that it was fitted on. Where all rows
    are different, only their order changes.
    """
    weights = np.ones(len(data)) if data.weights is None else data.weights
    used = np.flatnonzero(weights > 0)
    table = np.column_stack([data.x[used], data.y[used]])
    _, first, group = np.unique(table, axis=0, return_index=True, return_inverse=True)
    total = np.bincount(group.ravel(), weights[used])
    kept = used[first]
    same = data.weights is None and len(kept) == len(data)
    return FitData(data.x[kept], data.y[kept], None if same else total)


def _print_progress(done: int, total: int, text: str) -> None:
    print(f"{done}/{total} {text}")
