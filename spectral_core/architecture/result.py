"""The result of a search: networks, predictors, report."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core.architecture.curve import Curve
from spectral_core.architecture.report import SearchReport
from spectral_core.architecture.starts import least_kept
from spectral_core.data.encoding import Encoder
from spectral_core.errors import InvalidInputError
from spectral_core.files import atomic
from spectral_core.files.tables import write_csv
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import path_scores
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.results import History

NO_CURVE = "only strategy='smallest' or 'neurons' gives a curve of sizes"


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The `network`, the `compact` one, and the `history` of the training; predictors undo the scaling.

    With ``strategy="seed"`` and ``"grow"`` the network is the trained one and `compact` the trimmed one; with the others both
    are the chosen function, and `curve`, `at_sizes` and `proposal` are given too.

    curve, at_sizes : the sizes and a predictor for each. proposal : the spectral network whose neurons the refits started with.
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

    def at(self, weights: int | None = None, score: float | None = None) -> Predictor:
        """The largest network of at most `weights`, or the smallest whose validation score is at least `score`.

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

    def with_test_scores(self, X: Any, y: Any, peer: dict[str, Any] | None = None) -> SearchResult:
        """The same result with scores on test data in its report, and the score of a peer beside them."""
        before, after = (self.proposal or self.predictor).score(X, y), self.compact_predictor.score(X, y)
        return replace(self, report=self.report.with_test_scores(len(X), before, after, peer))

    def with_rows(self, training: np.ndarray, test: np.ndarray, validation: np.ndarray | None = None) -> SearchResult:
        """The same result for data that were a part of others: its predictors name the rows of the whole.

        Parameters
        ----------
        training : row numbers, in the whole data, of the X that was searched.
        test : row numbers held out from the search.
        validation : row numbers of validation data that were given apart.
        """
        rows = {part: training[numbers] for part, numbers in self.predictor.rows.items()} | {"test": test}
        if validation is not None and self.curve is None:
            rows["validation"] = validation
        elif validation is not None:  # the chosen network is fitted to them too
            rows["training"] = np.sort(np.concatenate([rows["training"], validation]))
        return self._with_predictors(rows=rows)

    def with_encoder(self, encoder: Encoder) -> SearchResult:
        """The same result for raw rows: its predictors encode them first. Predictions of encoded rows come before."""
        return self._with_predictors(encoder=encoder, feature_names=encoder.feature_names)

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
            return least_kept(scores, self.report.training_samples + self.report.validation_samples)
        positions = dict(zip(self.compact.layers, self.compact.neurons, strict=True))
        kept = [values[positions[layer]] for layer, values in enumerate(scores, 2) if layer in positions]
        return float(np.concatenate(kept).min()) if kept else None

    def plot(self, path: str | os.PathLike[str]) -> None:
        """A picture (PNG) of the network that was found."""
        from spectral_core.reports.network import network_picture

        report, compact = self.report, self.compact
        network_picture(
            path,
            compact.widths,
            compact.blocks,
            layers=compact.layers,
            title=f"{report.data or 'network'}: {'-'.join(map(str, compact.widths))}",
            subtitle=f"{report.sizes}, found in {report.spectral_parameters:,} spectral parameters",
        )

    def plot_curve(self, path: str | os.PathLike[str]) -> None:
        """A picture (PNG) of the validation score against the size, with the chosen size."""
        from spectral_core.reports.curves import curve_picture

        if self.curve is None:
            raise InvalidInputError(NO_CURVE)
        title = f"{self.report.data or 'network'}: score and size"
        curve_picture(path, self.report.curve, self.report.score_name, title=title)

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Write model.npz, compact.npz, report.json, report.txt and history.json; curve.csv where there is a curve."""
        home = Path(directory)
        texts = {
            "report.json": self.report.to_json(),
            "report.txt": self.report.to_text(),
            "history.json": json.dumps(asdict(self.history)) + "\n",
        }
        self.predictor.save(home / "model.npz")
        self.compact_predictor.save(home / "compact.npz")
        for name, text in texts.items():
            atomic.write_text(home / name, text)
        if self.curve is not None:
            write_csv(home / "curve.csv", self.report.curve)
