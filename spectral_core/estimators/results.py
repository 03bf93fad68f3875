"""Results of a fitted estimator besides predictions: weights, the compact network, files, pictures, pruning."""

from __future__ import annotations

import copy
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from spectral_core import checks
from spectral_core.data.scaling import Scaling
from spectral_core.estimators.objective import FitData, Objective
from spectral_core.estimators.searching import blocks_in_units, of_learned
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import input_scores
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import compact
from spectral_core.resizing.pruning import prune
from spectral_core.resizing.request import AMOUNTS, with_validation


class FittedNetwork(ABC):
    """The results of a fit, made from the network when they are read."""

    network_: SpectralNetwork
    n_outputs_: int
    report_: Any
    _objective: Objective
    _inputs: Scaling | None
    _outputs: Scaling | None
    _compact: CompactNetwork | None
    _learned: np.ndarray | None = None
    """The numbers of the classes that have an output, where not all have: a search learns those with a weight."""

    @abstractmethod
    def _target(self, y: Any, known: str, classes: Any = None) -> np.ndarray:
        """y in the form of the loss. Classes and outputs are learned where `known` is empty; ``part``: y holds some of the
        known classes; ``all``: y holds them all."""

    @abstractmethod
    def _checked_rows(self, X: Any, y: Any, reset: bool) -> tuple[np.ndarray, Any]:
        """X dense in float32 or float64, and y as it is."""

    def _raw(self, X: Any) -> np.ndarray:
        """z_K (samples, outputs) in the units of y."""
        check_is_fitted(self, "network_")
        x = dense(validate_data(self, X, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=False))
        if self._inputs is None or self._outputs is None:
            return np.asarray(self.network_.forward(x))
        return self._outputs.inverse_transform(self.network_.forward(self._inputs.transform(x)).astype(np.float64))

    @property
    def compact_(self) -> CompactNetwork:
        """The same function with only the live neurons."""
        check_is_fitted(self, "network_")
        return self._compact if self._compact is not None else compact(self.network_)

    @property
    def n_layers_(self) -> int:
        """Layers, input and output included."""
        return int(self.network_.n_layers)

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights between neighbouring layers, arrays (senders, receivers), in the units of X and y."""
        blocks, n = self._blocks, self.network_.n_features
        return [blocks[i, i - 1][:, : n if i == 2 else None].T.copy() for i in range(2, self.n_layers_ + 1)]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Biases of each layer after the input, arrays (neurons,), in the units of X and y."""
        blocks = self._blocks
        return [blocks[i, 1][:, -1].copy() for i in range(2, self.n_layers_ + 1)]

    @property
    def skip_coefs_(self) -> dict[tuple[int, int], np.ndarray]:
        """Weights that leave out layers: {(receiving layer, sending layer): (senders, receivers)}, layers from 1 on."""
        n = self.network_.n_features
        blocks = {(i, j): block[:, : n if j == 1 else None] for (i, j), block in self._blocks.items() if i > j + 1}
        return {pair: block.T.copy() for pair, block in blocks.items() if block.any()}

    @property
    def feature_importances_(self) -> np.ndarray:
        """Path scores of the features (features,), divided by their sum; zeros where no feature has a weight.

        The score of a feature is the root of the sum, over all paths from it to an output, of the squared products of weights
        (`input_scores`). After a search the weights are those of standardised features; with ``search=False`` they are those of X
        as it is given, so features of different units need a scaler before. It is no statement about causes.

        Examples
        --------
        >>> import numpy as np
        >>> from spectral_core import SpectralRegressor
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> model = SpectralRegressor(hidden_layer_sizes=(), search=False, solver="lbfgs", random_state=0)
        >>> model.fit(X, 3 * X[:, 0] + X[:, 1]).feature_importances_.round(2).tolist()
        [0.75, 0.25]

        By hand: shares of scores. Checked by test_estimators.test_importances_are_shares_and_a_feature_without_weights_has_none.
        """
        check_is_fitted(self, "network_")
        net = self.network_
        scores = input_scores(net.transfer_blocks(), net.widths)[: net.n_features]
        return scores / (scores.sum() or 1.0)

    @property
    def _blocks(self) -> dict[tuple[int, int], np.ndarray]:
        """All transfer blocks (M4) in the units of X and y, those to neighbours and from the input also where they are 0."""
        check_is_fitted(self, "network_")
        return blocks_in_units(self.network_, self._inputs, self._outputs)

    @property
    @abstractmethod
    def predictor_(self) -> Predictor:
        """Network, scaling, labels and names as one `Predictor`, which a model file holds."""

    def _predictor(self, task: str, classes: tuple[Any, ...]) -> Predictor:
        """The predictor of a search, or one without scaling."""
        names = tuple(map(str, getattr(self, "feature_names_in_", ())))
        net = self.network_ if self._compact is None else self._compact
        inputs = Scaling.none(net.n_features) if self._inputs is None else self._inputs
        outputs = Scaling.none(1 if classes else self.n_outputs_) if self._outputs is None else self._outputs
        return Predictor(net, task, inputs, outputs, classes, names)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `predictor_` to a model file."""
        self.predictor_.save(path)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write `predictor_` as an ONNX model, see `exchange.onnx.export_onnx`."""
        from spectral_core.exchange.onnx import export_onnx

        export_onnx(self.predictor_, path)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """A picture (PNG) of the network."""
        from spectral_core.reports.network import network_picture

        small = self.compact_
        network_picture(
            path, small.widths, small.blocks, layers=small.layers, title="-".join(map(str, small.widths)), subtitle=""
        )

    def prune(
        self,
        X: Any,
        y: Any,
        *,
        validation_data: tuple[Any, Any] | None = None,
        loss: str | None = None,
        retrain: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """A copy of the estimator with fewer neurons; `report_` is then the report of `spectral_core.prune`.

        Parameters
        ----------
        X, y : rows to rank neurons, refit weights and measure losses.
        validation_data : (X, y) in the same form, whose loss a tolerance limits; without them (X, y) do.
        loss : by default that of the fit. The network's outputs z_K are compared with y, after a search in scaled units.
        retrain : options of `train`, their `validation_data` in the same form; see `spectral_core.prune`.
        options : further ones of `spectral_core.prune`; without an amount ``tolerance=0.01``.
        """
        check_is_fitted(self, "network_")
        x, target = self._in_network_units(X, y, "y")
        pair = None if validation_data is None else checks.pair(validation_data, "validation_data")
        judging = None if pair is None else self._in_network_units(*pair, "validation_data")
        training = with_validation(retrain, lambda X, y: self._in_network_units(X, y, "validation_data of retrain"))
        if all(options.get(name) is None for name in AMOUNTS):
            options["tolerance"] = 0.01
        found = prune(
            self.network_,
            X=x,
            y=target,
            validation_data=judging,
            loss=self._objective.loss if loss is None else loss,
            retrain=training,
            **options,
        )
        smaller = copy.copy(self)
        smaller.network_, smaller._compact, smaller.report_ = found.network, found.compact, found.report
        return smaller

    def _in_network_units(self, X: Any, y: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows and targets as the network takes them: scaled after a search, and the numbers of the classes that have an output."""
        x, y = self._checked_rows(X, y, reset=False)
        data = of_learned(self, FitData(x, self._target(y, "part"), None), self._learned, name)
        x, target = data.x, data.y if self._learned is None else np.searchsorted(self._learned, data.y)
        if self._inputs is not None and self._outputs is not None:
            x = self._inputs.transform(x)
            target = self._outputs.transform(target) if self._objective.loss == "squared_error" else target
        return x, target


def dense(array: Any) -> Any:
    """A sparse matrix as an array; the networks' products are dense."""
    return array.toarray() if hasattr(array, "toarray") else array
