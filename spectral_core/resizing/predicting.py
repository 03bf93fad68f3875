"""Pruning a predictor: data in their own units, the rows that may judge, and a result that predicts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core.data import splitting
from spectral_core.data.fingerprints import row_prints
from spectral_core.files import atomic
from spectral_core.networks.predictor import Predictor
from spectral_core.reports.page import notebook
from spectral_core.resizing.report import PruneResult
from spectral_core.resizing.request import PruneRequest, with_validation
from spectral_core.wording import acting, counted

Pair = tuple[Any, Any]


@dataclass(frozen=True, eq=False)
class PruningData:
    """Pairs (X, y) in the units of the network: to refit with, to judge by, to report losses of. They may share samples.

    `sentence` says how many samples these are, and what the model knows of them. `prints` : of the rows by part, where the model
    has an origin.
    """

    refit: Pair
    judging: Pair
    reported: Pair
    loss: str
    sentence: str
    prints: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, repr=False)
class PrunedPredictor(PruneResult):
    """A pruned network in the predictor of its data; `predictor.network` is `compact`."""

    predictor: Predictor

    @classmethod
    def of(cls, whole: Predictor, result: PruneResult, sentence: str) -> PrunedPredictor:
        """The result for the network of a predictor, with a sentence on the samples."""
        small = replace(whole, network=result.compact, form="pruned")
        return cls(result.network, result.compact, replace(result.report, samples=sentence), small)

    def having_seen(self, prints: Mapping[str, np.ndarray]) -> PrunedPredictor:
        """The same result, its predictor with the prints of the rows that refitted and judged it, by part."""
        origin = self.predictor.origin
        if origin is None:
            return self
        return replace(self, predictor=replace(self.predictor, origin=origin.having_seen(prints)))

    def plot(self, path: str | os.PathLike[str] | None = None, *, ax: Any = None, **options: Any) -> Any:
        """As `Predictor.plot`."""
        return self.predictor.plot(path, ax=ax, **options)

    def _repr_html_(self) -> str:
        return notebook(self.report.to_text(), self.plot, "the pruned network")

    def predict(self, X: Any) -> np.ndarray:
        """As `Predictor.predict`."""
        return self.predictor.predict(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """As `Predictor.predict_proba`."""
        return self.predictor.predict_proba(X)

    def score(self, X: Any, y: Any) -> float:
        """As `Predictor.score`."""
        return self.predictor.score(X, y)

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Write pruned.npz, report.json and report.txt."""
        home = Path(directory)
        self.predictor.save(home / "pruned.npz")
        atomic.write_text(home / "report.json", self.report.to_json())
        atomic.write_text(home / "report.txt", self.report.to_text())


def in_network_units(model: Predictor, request: PruneRequest) -> PruneRequest:
    """A request whose data are in the units of the data, with them in those of the network, and the loss of the task."""

    def judging(X: Any, y: Any) -> Pair:
        return model.scaled(X), model.scaled_targets(y, "validation y")

    pair = request.validation_data
    return replace(
        request,
        X=None if request.X is None else model.scaled(request.X),
        y=None if request.y is None else model.scaled_targets(request.y),
        validation_data=None if pair is None else judging(*pair),
        retrain=with_validation(request.retrain, judging),
        loss=model.loss if request.loss == "squared_error" else request.loss,
    )


def prints_by_part(model: Predictor, request: PruneRequest) -> dict[str, np.ndarray]:
    """The prints of the rows that refit and that judge; none where there are no targets."""
    if request.X is None or request.y is None:
        return {}
    prints = {"training": prints_of(model, request.X, request.y)}
    if request.validation_data is not None:
        prints["validation"] = prints_of(model, *request.validation_data)
    return prints


def overlap_sentence(model: Predictor, prints: Mapping[str, np.ndarray]) -> str:
    """How many rows there are to refit with and to judge by, and how many of the judging ones trained the model.

    By hand: a number of rows. Checked by test_shrink.test_which_rows_judge_follows_what_is_known.
    """
    if not prints:
        return ""
    judging = prints.get("validation", prints["training"])
    judged = acting(len(judging), "other", "judge") if "validation" in prints else "they judge too"
    refit = f"refitted on {counted(len(prints['training']), 'sample')}; {judged}"
    if model.origin is None:
        return f"{refit}; it is not known how many of the judging ones trained the model"
    seen = int(model.origin.seen(judging, "training").sum())
    return f"{refit}; {seen} of the judging ones trained the model"


def prints_of(model: Predictor, X: Any, y: Any) -> np.ndarray:
    """The prints of rows in the units of the model's data."""
    truth = model.targets_of(y)
    if model.task == "classification":
        labels = np.asarray(model.classes)[model.scaled_targets(truth)]
        return row_prints(model.encoded(X), labels)
    return row_prints(model.encoded(X), truth.astype(np.float64))


def known_rows(model: Predictor, count: int) -> Mapping[str, np.ndarray]:
    """The model's row numbers by part, if the data have as many rows as its search had; else none."""
    rows = model.rows
    return rows if "training" in rows and sum(map(len, rows.values())) == count else {}


def split_known(
    known: Mapping[str, np.ndarray], labels: np.ndarray | None, count: int, fraction: float, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], str]:
    """Row numbers to refit with, to judge by and to report losses of, and a sentence on them."""
    unseen = [part for part in ("validation", "test") if len(known.get(part, ()))]
    if unseen:
        refit, judging, reported = known["training"], known[unseen[0]], known[unseen[-1]]
        judges = acting(len(judging), f"{unseen[0]} sample", "judge")
        losses = f"the losses are those of {'them' if len(unseen) == 1 else counted(len(reported), 'test sample')}"
        sentence = (
            f"refitted on {counted(len(refit), 'training sample')}; {judges}, {losses}; none of these trained the model"
        )
        return (refit, judging, reported), sentence
    mask = splitting.held_out(labels, count, fraction, np.random.default_rng((seed, 2)))
    refit, held = np.flatnonzero(~mask), np.flatnonzero(mask)
    trained = "all of them trained the model" if known else "it is not known how many of them trained the model"
    sentence = f"refitted on {counted(len(refit), 'sample')}; {acting(len(held), 'other', 'judge', 'give')} the losses; {trained}"
    return (refit, held, held), sentence
