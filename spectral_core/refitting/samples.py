"""Data for refits, neuron first, and what the sparse kernels compute on them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from spectral_core.kernels import tables
from spectral_core.networks.sparse import SparseNetwork, Used

CHUNK = 256
"""Samples at a time, so that the activations of all neurons stay in the cache."""
PAIRS = 20
"""Pairs of steps and gradient changes that L-BFGS remembers."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs (n_inputs, samples), with targets, weights and a loss; with `bias` the last row is the constant 1.

    y (samples, outputs) or labels (samples,), whichever the loss needs; weights (samples,); `smoothing` of labels.
    """

    x_rows: np.ndarray
    y: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    loss: str
    smoothing: float = 0.0
    bias: bool = True
    _shared: WeakValueDictionary[bytes, np.ndarray] = field(init=False, repr=False, default_factory=WeakValueDictionary)
    _lock: Lock = field(init=False, repr=False, default_factory=Lock)

    @classmethod
    def of(
        cls, x: np.ndarray, y: np.ndarray, loss: str, bias: bool, dtype: str = "float32", smoothing: float = 0.0
    ) -> Samples:
        """Samples of scaled data: x (samples, features); y (samples, outputs), or labels (samples,)."""
        rows = np.empty((x.shape[1] + bias, len(x)), dtype)
        rows[: x.shape[1]] = x.T
        rows[x.shape[1] :] = 1
        labelled = loss == "cross_entropy"
        targets = np.empty((0, 1), dtype) if labelled else np.ascontiguousarray(y, dtype)
        labels = np.asarray(y, np.int64) if labelled else np.empty(0, np.int64)
        return cls(rows, targets, labels, np.ones(len(x), dtype), loss, smoothing, bias)

    @property
    def _loss(self) -> int:
        return tables.LOSSES.index(self.loss)

    @property
    def _smoothing(self) -> np.floating[Any]:
        return self.x_rows.dtype.type(self.smoothing)

    def __len__(self) -> int:
        return self.x_rows.shape[1]

    @cached_property
    def varies(self) -> np.ndarray:
        """Which inputs are not the same for all samples (n_inputs,)."""
        return np.asarray(self.x_rows.min(axis=1) != self.x_rows.max(axis=1))

    def astype(self, dtype: Any) -> Samples:
        """The same samples in another type."""
        if self.x_rows.dtype == dtype:
            return self
        x_rows, y, weights = (array.astype(dtype) for array in (self.x_rows, self.y, self.weights))
        return replace(self, x_rows=x_rows, y=y, weights=weights)

    def part(self, rows: np.ndarray) -> Samples:
        """Some of the samples."""
        return replace(
            self,
            x_rows=self.x_rows.take(rows, axis=1),
            y=self.y[rows] if len(self.y) else self.y,
            labels=self.labels[rows] if len(self.labels) else self.labels,
            weights=self.weights[rows],
        )

    def by_sample(self, inputs: np.ndarray) -> np.ndarray:
        """The values of some inputs (samples, n), the samples one after another; all who hold the same inputs share one array."""
        with self._lock:
            result = self._shared.get(inputs.tobytes())
            if result is None:
                result = np.empty((len(self), len(inputs)), self.x_rows.dtype)
                for start in range(0, len(self), 1_000):
                    result[start : start + 1_000] = self.x_rows[inputs, start : start + 1_000].T
                self._shared[inputs.tobytes()] = result
        return result

    def share(self, x: np.ndarray) -> None:
        """Let `by_sample` give x (samples, features) instead of a copy of it, as long as somebody holds it.

        x has the values of all inputs but the constant; in another type it is of no use.
        """
        if x.dtype == self.x_rows.dtype and x.flags.c_contiguous:
            self._shared[np.arange(x.shape[1]).tobytes()] = x

    def forward(self, net: SparseNetwork) -> np.ndarray:
        """z_K (samples, outputs)."""
        from spectral_core.kernels.cpu import sparse

        result = np.empty((len(self), net.n_outputs), net.weights.dtype)
        x_rows, used = self._used(net)
        sparse.predict_sparse(
            x_rows, used.functions, used.senders, used.offsets, net.n_outputs, CHUNK, net.weights, result
        )
        return result

    def activations(self, net: SparseNetwork) -> np.ndarray:
        """x of every input and hidden neuron, and z_K in the rows of the outputs (n_neurons, samples).

        Hidden neurons without a weight have f(0) = 0, which needs no computation.
        """
        from spectral_core.kernels.cpu import sparse

        x_rows, used = self._used(net)
        known = np.empty((len(used.neurons), len(self)), net.weights.dtype)
        sparse.activations_sparse(x_rows, used.functions, used.senders, used.offsets, net.n_outputs, net.weights, known)
        if len(known) == net.n_neurons:
            return known
        result = np.zeros((net.n_neurons, len(self)), net.weights.dtype)
        result[: net.n_inputs] = self.x_rows
        result[used.neurons] = known
        return result

    def loss_of(self, net: SparseNetwork) -> float:
        """The mean loss of a network."""
        return self._output_loss(self.forward(net))

    def output_gradient(self, output: np.ndarray) -> np.ndarray:
        """∂ℓ/∂z_K (samples, outputs) of the mean loss."""
        gradient = np.array(output, self.x_rows.dtype, order="C")
        self._output_loss(gradient)
        return gradient

    def _output_loss(self, output: np.ndarray) -> float:
        """The mean loss of outputs z_K; the array is overwritten with ∂ℓ/∂z_K."""
        from spectral_core.kernels.cpu import dense

        data = (self.y, self.labels, self.weights, np.arange(len(self)), self._loss, self._smoothing)
        return float(dense.output_loss(*data, output)[0])

    def loss_and_gradient(self, net: SparseNetwork, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """The mean loss of a network with other weights, and its gradient (n,)."""
        from spectral_core.kernels.cpu import sparse

        gradient = np.empty_like(weights)
        x_rows, used = self._used(net)
        value = sparse.gradient_sparse(
            *(x_rows, self.y, self.labels, self.weights, self._loss, self._smoothing),
            *(used.functions, used.senders, used.offsets, net.n_outputs, CHUNK, weights, gradient),
        )
        return float(value), gradient

    def minimise(
        self, net: SparseNetwork, decayed: np.ndarray, l2: float, iterations: int, still: float = 0.0
    ) -> tuple[np.ndarray, float]:
        """Weights (n,) after L-BFGS on loss + l2/2 Σ w² over the `decayed` ones, and its value there.

        It ends where a step lowers the value by less than `still`, as a share of it where it is above 1, or by rounding alone.
        """
        from spectral_core.kernels.cpu import sparse

        point = net.weights.astype(np.float64)
        precision = max(still, 1e-9 if net.weights.dtype == np.float64 else 1e-8)
        x_rows, used = self._used(net)
        value, _ = sparse.minimise_sparse(
            *(x_rows, self.y, self.labels, self.weights, self._loss, self._smoothing),
            *(used.functions, used.senders, used.offsets, net.n_outputs, CHUNK, decayed, l2, iterations, PAIRS),
            *(precision, point),
        )
        return point, float(value)

    def jacobian(self, net: SparseNetwork, column: int) -> np.ndarray:
        """Derivatives (n, samples) of each sample's outputs by each weight, times column `column` of R (M20)."""
        from spectral_core.kernels.cpu import sparse

        rows = np.empty((len(net.weights), len(self)), net.weights.dtype)
        x_rows, used = self._used(net)
        sparse.jacobian_sparse(
            *(x_rows, self.y, self.weights, self._loss, used.functions, used.senders, used.offsets, net.n_outputs),
            *(column, net.weights, rows),
        )
        return rows

    def curvature(self, net: SparseNetwork) -> tuple[np.ndarray, np.ndarray]:
        """The diagonal of the Gauss-Newton matrix (n,), and mean (x - x̄)² (∂ℓ/∂x)² of each neuron (M22)."""
        from spectral_core.kernels.cpu import sparse

        x_rows, used = self._used(net)
        diagonal, own = np.empty_like(net.weights), np.empty(len(used.neurons), net.weights.dtype)
        sparse.curvature_sparse(
            *(x_rows, self.y, self.weights, self._loss, used.functions, used.senders, used.offsets, net.n_outputs),
            *(CHUNK, net.weights, diagonal, own),
        )
        rise = np.zeros(net.n_neurons, net.weights.dtype)
        rise[used.neurons] = own
        return diagonal, rise

    def _used(self, net: SparseNetwork) -> tuple[np.ndarray, Used]:
        """The inputs that a network reads, and its structure among the neurons that it uses."""
        used = net.used
        if used.widths[0] == net.n_inputs:
            return self.x_rows, used
        return np.ascontiguousarray(self.x_rows[used.neurons[: used.widths[0]]]), used
