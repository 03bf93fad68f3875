"""The result of a search: networks, predictors, report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.architecture import saving
from spectral_core.architecture.curve import Curve
from spectral_core.architecture.judging import Judgement
from spectral_core.architecture.page import Findings
from spectral_core.architecture.report import SearchReport
from spectral_core.architecture.shrinking import prune_found
from spectral_core.architecture.starts import least_kept
from spectral_core.data.encoding import Encoder
from spectral_core.data.fingerprints import Origin
from spectral_core.data.preparation import PreparedData
from spectral_core.errors import InvalidInputError
from spectral_core.files import atomic
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import path_scores
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.predicting import PrunedPredictor
from spectral_core.training.results import History
from spectral_core.wording import counted

NO_CURVE = "only strategy='smallest' or 'neurons' gives a curve of sizes"


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The `network`, the `compact` one, and the `history` of the training; predictors undo the scaling.

    With ``strategy="seed"`` and ``"grow"`` the network is the trained one and `compact` the trimmed one; with the others both
    are the chosen function, and `curve`, `at_sizes` and `proposal` are given too.

    curve, at_sizes : the sizes and a predictor for each. proposal : the spectral network whose neurons the refits started with.
    data : what the search was given, for `prune`; neither saved nor pickled.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import search
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> found = search(X, np.where(X[:, 0] > 0, "right", "left"), hidden=(5,), epochs=20)
    >>> found.save("found")
    >>> type(found).load("found").predict([[0.5], [-0.5]]).tolist()
    ['right', 'left']
    """

    network: SpectralNetwork
    compact: CompactNetwork
    report: SearchReport
    history: History
    predictor: Predictor
    compact_predictor: Predictor
    curve: Curve | None = None
    at_sizes: tuple[Predictor, ...] = ()
    proposal: Predictor | None = None
    data: PreparedData | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"data": None}

    def at(self, weights: int | None = None, score: float | None = None) -> Predictor:
        """The network for at most so many `weights`, or the smallest whose validation score is at least `score` (`Curve.index`).

        Raises
        ------
        InvalidInputError : no network fits, or the strategy gives no curve.
        """
        if self.curve is None:
            raise InvalidInputError(NO_CURVE)
        return self.at_sizes[self.curve.index(weights, score)]

    def predict(self, X: Any) -> np.ndarray:
        """Predictions of the compact network in the units of the data."""
        return self.compact_predictor.predict(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities (samples, classes) of the compact network; see `Predictor.predict_proba`."""
        return self.compact_predictor.predict_proba(X)

    def score(self, X: Any, y: Any) -> float:
        """Accuracy or R² of the compact network; see `Predictor.score`."""
        return self.compact_predictor.score(X, y)

    def prune(self, X: Any = None, y: Any = None, **options: Any) -> PrunedPredictor:
        """The compact network with fewer neurons, refitted; the result predicts in the units of the data.

        Parameters
        ----------
        X, y : in the units of the data, to rank, refit and judge by. By default those of the search: its training rows refit,
            its validation rows judge. The report of the result says how many of the judging rows trained the network.
        options : of `prune`, such as ``fraction=0.5``; by default ``tolerance=0.01``.
        """
        return prune_found(self.compact_predictor, self.data, X, y, options)

    def with_test_scores(
        self, X: Any, y: Any, peer: dict[str, Any] | None = None, sample_weight: Any = None
    ) -> SearchResult:
        """The same result with scores on test data in its report, and the score of a peer beside them.

        With `sample_weight` (samples,) each row counts by its weight, and rows of weight 0 are no test rows.
        """
        weights = None if sample_weight is None else checks.sample_weights(sample_weight, np.float64, len(X))
        y = self.predictor.targets_of(y)
        before, after = (one.score(X, y, weights) for one in (self.proposal or self.predictor, self.compact_predictor))
        judgement = Judgement.of(self.compact_predictor, X, y, "test", weights)
        count = len(X) if weights is None else int(np.count_nonzero(weights))
        return replace(self, report=self.report.with_test_scores(count, before, after, peer, judgement))

    def with_columns(self, columns: Sequence[Mapping[str, Any]], remarks: Sequence[str] = ()) -> SearchResult:
        """The same result, its report with what became of each column of a table, and further remarks."""
        told = [*self.report.remarks, *remarks]
        return replace(self, report=replace(self.report, columns=[dict(one) for one in columns], remarks=told))

    def with_command(self, command: str) -> SearchResult:
        """The same result, its report with the command that repeats it."""
        return replace(self, report=replace(self.report, command=command))

    def with_rows(self, training: np.ndarray, test: np.ndarray, validation: np.ndarray | None = None) -> SearchResult:
        """The same result for data that were a part of others: its predictors name the rows of the whole.

        Parameters
        ----------
        training : row numbers, in the whole data, of the X that was searched.
        test : row numbers held out from the search.
        validation : row numbers of validation data that were given apart; a strategy with a curve is fitted to them too.
        """
        rows = {part: training[numbers] for part, numbers in self.predictor.rows.items()} | {"test": test}
        if validation is not None:
            fitted = self.curve is not None
            rows["training"] = np.sort(np.concatenate([rows["training"], validation[: fitted * len(validation)]]))
            rows["validation"] = validation[:0] if fitted else validation
        return self._with_predictors(rows=rows)

    def with_encoder(self, encoder: Encoder) -> SearchResult:
        """The same result for raw rows: its predictors encode them first. Predictions of encoded rows come before."""
        return self._with_predictors(encoder=encoder, feature_names=encoder.feature_names)

    def with_origin(self, origin: Origin) -> SearchResult:
        """The same result, its predictors with the name and the hash of the data; they keep the prints of their rows."""
        prints = self.predictor.origin.prints if self.predictor.origin else {}
        return self._with_predictors(origin=replace(origin, prints=prints))

    def _with_predictors(self, **changes: Any) -> SearchResult:
        """The same result with all predictors changed alike."""
        return replace(
            self,
            predictor=replace(self.predictor, **changes),
            compact_predictor=replace(self.compact_predictor, **changes),
            at_sizes=tuple(replace(predictor, **changes) for predictor in self.at_sizes),
            proposal=None if self.proposal is None else replace(self.proposal, **changes),
        )

    @property
    def trained(self) -> SpectralNetwork:
        """The network that the `history` belongs to: the proposal of the spectrum, or `network`."""
        proposal = None if self.proposal is None else self.proposal.network
        return proposal if isinstance(proposal, SpectralNetwork) else self.network

    @property
    def cut(self) -> float | None:
        """The path score (M6) below which neurons of `trained` were left out: of the woken start, or by trimming."""
        scores = path_scores(self.trained.transfer_blocks(), self.trained.widths)
        if not scores:
            return None
        if self.curve is not None:
            return least_kept(scores, self.report.training_samples)
        positions = dict(zip(self.compact.layers, self.compact.neurons, strict=True))
        kept = [values[positions[layer]] for layer, values in enumerate(scores, 2) if layer in positions]
        return float(np.concatenate(kept).min()) if kept else None

    def plot(self, path: str | os.PathLike[str] | None = None, *, ax: Any = None) -> Any:
        """Draw the network that was found, with the names of features and of targets or classes; as `Predictor.plot`."""
        report = self.report
        given = counted(report.spectral_parameters, f"{report.kind} parameter")
        title = f"{report.data or 'network'}: {'-'.join(map(str, self.compact.widths))}"
        return self.compact_predictor.plot(path, ax=ax, title=title, subtitle=f"{report.sizes}, found in {given}")

    def plot_curve(self, path: str | os.PathLike[str] | None = None, *, ax: Any = None) -> Any:
        """Draw the validation score against the size, with the chosen size; as `plot`."""
        from spectral_core.reports.sizes import curve_picture

        if self.curve is None:
            raise InvalidInputError(NO_CURVE)
        title = f"{self.report.data or 'network'}: score and size"
        return curve_picture(path, self.report.curve, self.report.score_name, title=title, ax=ax)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """One HTML page on the search: what was asked and found, pictures, scores, columns, how to use and repeat it.

        The page stands alone: it has no script and loads nothing. Returns its text, and writes it to `path` if that is given.
        """
        text = Findings(self.report, self.compact_predictor, self.trained, self.history, self.cut).html()
        if path is not None:
            atomic.write_text(path, text)
        return text

    def __repr__(self) -> str:
        report = self.report
        beside = "" if report.constant_score is None else f" (the best constant: {report.constant_score:.4g})"
        score = "-" if report.score is None else f"{report.score:.4g}{beside}"
        rows = "test" if report.test_samples else "validation"
        return (
            f"SearchResult({report.task_name} of {report.target or 'y'}, {'-'.join(map(str, self.compact.widths))}: {report.sizes},\n"
            f"  {report.score_name} on {rows} rows {score})"
        )

    def _repr_html_(self) -> str:
        from spectral_core.reports.page import notebook

        return notebook(self.report.to_text(), self.plot, "the network that was found")

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Write model.npz, compact.npz, report.json, report.txt and history.json.

        Where there is a curve also curve.csv, sizes.npz (the network of every size) and proposal.npz. `load` reads them.
        """
        saving.write(
            directory,
            self.report,
            self.history,
            (self.predictor, self.compact_predictor),
            self.at_sizes if self.curve is not None else (),
            self.proposal,
        )

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> SearchResult:
        """Read what `save` wrote, all but the data of the search; raises `ModelFileError`."""
        return cls(**saving.read(directory))

    def to_onnx(self, path: str | os.PathLike[str], double: bool = False) -> None:
        """Write the compact network as an ONNX model; see `export_onnx`."""
        from spectral_core.exchange.onnx import export_onnx

        export_onnx(self.compact_predictor, path, double=double)

    def to_safetensors(self, path: str | os.PathLike[str]) -> None:
        """Write the compact network as a safetensors file; see `export_safetensors`."""
        from spectral_core.exchange.tensors import export_safetensors

        export_safetensors(self.compact_predictor, path)

    def to_c(self, path: str | os.PathLike[str], **options: Any) -> None:
        """Write the compact network as one C99 file; `options` are those of `export_c`."""
        from spectral_core.exchange.c import export_c

        export_c(self.compact_predictor, path, **options)

    def to_js(self, path: str | os.PathLike[str]) -> None:
        """Write the compact network as one ES module for a page; see `export_javascript`."""
        from spectral_core.exchange.javascript import export_javascript

        export_javascript(self.compact_predictor, path)
