"""Pruning what a search found, on the data of the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spectral_core.data.preparation import PreparedData
from spectral_core.errors import InvalidInputError
from spectral_core.networks.predictor import Predictor
from spectral_core.resizing.predicting import PrunedPredictor
from spectral_core.resizing.pruning import prune
from spectral_core.resizing.request import AMOUNTS, with_validation
from spectral_core.wording import acting, counted

TOLERANCE = 0.01


def prune_found(
    model: Predictor, data: PreparedData | None, X: Any, y: Any, options: Mapping[str, Any]
) -> PrunedPredictor:
    """The pruned predictor: on X and y in the units of the data, else on the data of the search; see `SearchResult.prune`.

    By hand: a number of rows. Checked by test_shrink.test_which_rows_judge_follows_what_is_known.
    """
    chosen = dict(options)
    if all(chosen.get(name) is None for name in AMOUNTS):
        chosen["tolerance"] = TOLERANCE
    # On data that are given.
    if X is not None or y is not None:
        pruned = prune(model, X=X, y=y, **chosen)
        assert isinstance(pruned, PrunedPredictor)
        return pruned
    # On the data of the search, which are in the units of the network.
    if data is None:
        raise InvalidInputError("a result that was loaded or unpickled has no data: give X and y to prune it")
    if chosen.pop("validation_data", None) is not None:
        raise InvalidInputError(
            "validation_data comes with X and y; without them the validation rows of the search judge"
        )
    # As for a predictor, the default of `prune` stands for the loss of the task.
    asked = chosen.pop("loss", "squared_error")
    loss = data.loss if asked == "squared_error" else asked
    judging = data.x_valid, data.y_valid
    chosen["retrain"] = with_validation(
        chosen.get("retrain"), lambda X, y: (model.scaled(X), model.scaled_targets(y, "validation y"))
    )
    result = prune(model.network, X=data.x, y=data.y, validation_data=judging, loss=loss, **chosen)
    seen = 0 if model.origin is None else int(model.origin.seen(data.prints["validation"], "training").sum())
    trained = f"{seen} of these trained the network" if seen else "none of these trained the network"
    sentence = (
        f"refitted on {counted(len(data.x), 'training sample')}; {acting(len(data.x_valid), 'validation sample', 'judge', 'give')} the losses; "
        f"{trained}"
    )
    if data.weights is not None or data.weights_valid is not None:
        sentence += "; the weights of the search do not count here"
    report = result.report.with_losses(model.network, result.compact, judging, loss, sentence)
    return PrunedPredictor.of(model, replace(result, report=report), sentence).having_seen(data.prints)
