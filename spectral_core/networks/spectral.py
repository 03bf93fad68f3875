"""`SpectralNetwork`: a flat parameter vector, named views of it, and what is computed from it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends import choice
from spectral_core.backends.problem import Problem, problem_of
from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.files import model_file as files
from spectral_core.kernels.support import activations
from spectral_core.kernels.support.activations import Activation
from spectral_core.kernels.support.layout import PARAMETRIZATIONS, Layout
from spectral_core.networks import balance, matrices
from spectral_core.networks.initialization import initial_values
from spectral_core.networks.parameters import Eigenvalues, Parameters, common_dtype, given_values, stored_values
from spectral_core.networks.pictured import Blocks, Pictured


@dataclass(frozen=True, eq=False)
class SpectralNetwork(Pictured):
    """A feed-forward network by the spectrum of its adjacency matrix A = Φ Λ Φ⁻¹.

    Layers 1..K have n_1..n_K neurons; x_1 is the input (with `bias` followed by the constant 1), and

        z_i = Σ_{j<i} W_ij x_j,   x_i = f(z_i),   output z_K,

    with W_ij the strictly lower blocks of A (`global`), W_{i+1,i} = φ ∘ (λ^in - λ^out) alone (`layerwise`), or
    free (`direct`). Arrays and strings only: a network can be pickled and saved.

    Parameters
    ----------
    eigenvectors : list of φ^(i), arrays (n_{i+1}, n_i).
    eigenvalues : list of K vectors (n_i,) for `global`; K-1 pairs ((n_i,), (n_{i+1},)) for `layerwise`.
    blocks : {(i, j): W_ij (n_i, n_j)} for `direct`, layers counted from 1, i > j; pairs may be left out.
    activation : identity, relu, leaky_relu (slope 0.01), elu (α = 1), tanh, sigmoid, gelu (exact), swish. One name for all hidden
        layers, or a sequence with a name for each, ``("relu", "tanh")``. The attribute is one name where all are the same, else
        a tuple.
    bias : the last neuron of layer 1 is the constant 1. False by default: the given arrays decide whether there is such a
        neuron. `initialize` makes the arrays itself and adds it by default.
    parametrization : global, layerwise or direct.
    dtype : float32 or float64; by default that of the arrays, float64 if they differ.
    frozen : parameter groups that training does not change: families (``eigenvectors``, ``eigenvalues``,
        ``eigenvalues_in``, ``blocks``) or single groups (``eigenvalues[0]``, ``blocks[3,1]``).

    Raises
    ------
    InvalidInputError : shapes that do not fit, values that are not finite, unknown names.

    References
    ----------
    Peri, Chicchi, Fanelli, Giambagli, arXiv 2504.00885 (formulas M1-M6); M7, M8: `derivations`.

    Examples
    --------
    >>> from spectral_core import SpectralNetwork
    >>> SpectralNetwork([[[1.0, 2.0]]], [[3.0, 4.0], [1.0]]).transfer_blocks()[2, 1].tolist()
    [[2.0, 6.0]]
    """

    layout: Layout
    parameters: np.ndarray
    activation: Activation
    bias: bool
    frozen: tuple[str, ...]

    def __init__(
        self,
        eigenvectors: Sequence[Any] | None = None,
        eigenvalues: Sequence[Any] | None = None,
        *,
        blocks: Mapping[tuple[int, int], Any] | None = None,
        activation: str | Sequence[str] = "relu",
        bias: bool = False,
        parametrization: str = "global",
        dtype: Any = None,
        frozen: Sequence[str] = (),
    ) -> None:
        one_of(parametrization, PARAMETRIZATIONS, "parametrization")
        if not isinstance(bias, (bool, np.bool_)):
            raise InvalidInputError(f"bias must be True or False; got {bias!r}")
        layout, values = given_values(parametrization, eigenvectors, eigenvalues, blocks)
        functions = activations.checked(activation, len(layout.widths) - 2)
        real = checks.real_type(common_dtype(values.values()) if dtype is None else dtype)
        flat = np.empty(layout.size, real)
        for name, group in layout.groups.items():
            group.view(flat)[...] = checks.real_array(values[name], name, real, len(group.shape))
        self._set(layout, flat, functions, bool(bias), frozen)

    def _set(self, layout: Layout, flat: np.ndarray, activation: Activation, bias: bool, frozen: Sequence[str]) -> None:
        if bias and layout.widths[0] < 2:
            raise InvalidInputError("with bias, layer 1 needs a feature besides the constant neuron; it has width 1")
        layout.select(frozen)
        fields = {"layout": layout, "parameters": flat, "activation": activation, "bias": bias, "frozen": tuple(frozen)}
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @classmethod
    def initialize(
        cls,
        widths: Sequence[int],
        *,
        activation: str | Sequence[str] = "relu",
        bias: bool = True,
        parametrization: str = "global",
        start: str | None = None,
        dtype: Any = "float32",
        seed: int = 0,
        frozen: Sequence[str] | None = None,
    ) -> SpectralNetwork:
        """A network with random φ (Xavier uniform, |φ| <= √(6/(n_i + n_{i+1}))).

        Parameters
        ----------
        widths : neurons of layers 1..K without the constant neuron, which `bias` adds to layer 1. It does so by default;
            `SpectralNetwork(...)` takes arrays that may have no place for it, and there the default is False.
        start : ``linear`` (`global`): λ = 0, ..., 0, 1 by layer, so every hidden z is 0 and the network is exactly
            linear. ``dense`` (`layerwise`: λ^in = 0, λ^out = 1; `direct`: Xavier blocks between neighbours,
            zero skip blocks). By default the one that fits the parametrization.
        frozen : by default λ^in of a layerwise network, nothing else.

        Examples
        --------
        >>> from spectral_core import SpectralNetwork
        >>> net = SpectralNetwork.initialize([2, 5, 1], seed=0)
        >>> net
        SpectralNetwork(3-5-1, global, relu, bias=True, float32)
        >>> [values.tolist() for values in net.eigenvalues]
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0], [1.0]]
        """
        values = initial_values(widths, activation, bias, parametrization, start, seed)
        if frozen is None:
            frozen = ("eigenvalues_in",) if parametrization == "layerwise" else ()
        return cls(
            **values, activation=activation, bias=bias, parametrization=parametrization, dtype=dtype, frozen=frozen
        )

    # --- shape ------------------------------------------------------------------------------------

    @property
    def parametrization(self) -> str:
        return self.layout.parametrization

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons of layers 1..K, the constant neuron of layer 1 included."""
        return self.layout.widths

    @property
    def n_layers(self) -> int:
        return len(self.widths)

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self.widths[0] - self.bias

    @property
    def n_parameters(self) -> int:
        return int(self.parameters.size)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.parameters.dtype

    # --- parameters -------------------------------------------------------------------------------

    @cached_property
    def _named(self) -> Parameters:
        return Parameters(self.layout, self.parameters)

    @property
    def eigenvectors(self) -> list[np.ndarray]:
        """φ^(1..K-1), views of the parameters, arrays (n_{i+1}, n_i)."""
        return self._named.eigenvectors

    @property
    def eigenvalues(self) -> Eigenvalues:
        """λ^(1..K), or pairs (λ^in, λ^out); views of the parameters."""
        return self._named.eigenvalues

    @property
    def blocks(self) -> dict[tuple[int, int], np.ndarray]:
        """{(i, j): W_ij} of a direct network; views of the parameters."""
        return self._named.blocks

    def with_parameters(self, flat: np.ndarray, *, frozen: Sequence[str] | None = None) -> SpectralNetwork:
        """The same network with a copy of other parameter values."""
        other = object.__new__(SpectralNetwork)
        values = checks.real_array(flat, "parameters", self.dtype, 1).copy()
        if values.shape != self.parameters.shape:
            raise InvalidInputError(f"parameters must have shape {self.parameters.shape}; got {values.shape}")
        other._set(self.layout, values, self.activation, self.bias, self.frozen if frozen is None else frozen)
        return other

    def balanced(self) -> SpectralNetwork:
        """The same function with a fixed gauge and a balanced scale, so that eigenvalues of two trainings can be compared.

        All W_ij stay, up to rounding (theorems M9, M23, M24). Of the networks with these W_ij the result has

        - `layerwise`, or `global` without a hidden layer: λ^in = 0 and λ^out_h = ‖φ_h‖₂ = √‖w_h‖₂ for the incoming weights w_h
          of neuron h, the least ‖φ_h‖₂² + (λ^out_h)². Where w_h = 0 only λ^out_h becomes 0.
        - `global` with hidden layers: mean 0 of λ^(1), by one shift of all λ. Each output neuron a has the λ_a, on its side of
          the λ before it, of least ‖φ_a‖₂² + λ_a². Where all λ before it are 0, |λ_a| = ‖φ_a‖₂. Skip connections fix the scale
          of all other φ and λ.

        Groups that are frozen change too. Raises `InvalidInputError` for a `direct` network.

        Examples
        --------
        >>> from spectral_core import SpectralNetwork
        >>> net = SpectralNetwork([[[1.0, 1.0, 1.0, 1.0]]], [[7.0, 7.0, 7.0, 7.0], [-1.0]])
        >>> balanced = net.balanced()
        >>> balanced.eigenvalues[1].tolist(), balanced.transfer_blocks()[2, 1].tolist()
        ([4.0], [[8.0, 8.0, 8.0, 8.0]])
        """
        return self.with_parameters(balance.balanced_values(self._named))

    # --- computation ------------------------------------------------------------------------------

    def forward(self, X: Any) -> Any:
        """z_K (samples, outputs), the raw output, of X (samples, features).

        If X is on a GPU (`__cuda_array_interface__`), the result is computed there and is a CuPy array there.

        Examples
        --------
        >>> import numpy as np
        >>> from spectral_core import SpectralNetwork
        >>> net = SpectralNetwork.initialize([2, 5, 1], seed=0)
        >>> net.forward(np.ones((4, 2))).shape
        (4, 1)
        """
        backend = choice.backend_of(X)
        x = backend.features(X, self.dtype, self.n_features)
        return backend.predict(self.layout, self.activation, self.parameters, x)

    def problem(self, X: Any, y: Any, loss: str, sample_weight: Any = None) -> Problem:
        """Data checked and shaped for the kernels: X (samples, features), y (samples, outputs) or classes (samples,)."""
        sizes = (self.n_features, self.widths[-1])
        return problem_of(choice.backend_of(X), X, y, loss, sample_weight, sizes, self.dtype)

    def loss(self, X: Any, y: Any, loss: str = "squared_error", sample_weight: Any = None) -> float:
        """The loss without its gradient, propagated in chunks; for arguments and errors see `loss_and_gradients`.

        Examples
        --------
        >>> import numpy as np
        >>> from spectral_core import SpectralNetwork
        >>> net = SpectralNetwork(blocks={(2, 1): [[2.0]]}, parametrization="direct")
        >>> net.loss(np.array([[1.0], [3.0]]), np.array([[1.0], [6.0]]))
        0.5
        """
        problem = self.problem(X, y, loss, sample_weight)
        return choice.backend_of(X).loss(self.layout, self.activation, self.parameters, problem)

    def loss_and_gradients(
        self, X: Any, y: Any, loss: str = "squared_error", sample_weight: Any = None
    ) -> tuple[float, Parameters]:
        """Loss over all samples, and its gradient structured as the parameters (M8).

        Parameters
        ----------
        X : (samples, features).
        y : (samples, outputs), or class indices (samples,) for ``cross_entropy``.
        loss : a mean over samples and outputs: ``squared_error`` of (z - y)²; ``huber`` of (z - y)²/2 within a
            distance of 1 and |z - y| - 1/2 beyond; ``poisson`` of exp(z) - y z for counts y >= 0;
            ``binary_cross_entropy`` of log(1 + exp z) - y z for y in [0, 1] (several outputs: several labels). Or
            ``cross_entropy``, the mean over samples of log Σ exp z - z_y for class indices y.
        sample_weight : (samples,); the means are weighted by it.

        Returns
        -------
        loss, gradients : frozen groups have gradients too.

        Examples
        --------
        >>> import numpy as np
        >>> from spectral_core import SpectralNetwork
        >>> net = SpectralNetwork.initialize([2, 5, 1], seed=0)
        >>> loss, gradients = net.loss_and_gradients(np.ones((4, 2)), np.zeros((4, 1)))
        >>> [gradient.shape for gradient in gradients.eigenvectors]
        [(5, 3), (1, 5)]
        """
        problem = self.problem(X, y, loss, sample_weight)
        backend = choice.backend_of(X)
        value, flat = backend.loss_and_gradient(self.layout, self.activation, self.parameters, problem)
        return value, Parameters(self.layout, flat)

    def neighbour_weights(self) -> list[np.ndarray]:
        """M_i = φ ∘ (λ^in - λ^out) (n_{i+1}, n_i), the weights W_{i+1,i} between neighbours (M2)."""
        return matrices.neighbour_weights(self._named)

    def transfer_blocks(self) -> dict[tuple[int, int], np.ndarray]:
        """{(i, j): W_ij (n_i, n_j)}, layers counted from 1 (M4); neighbours only for `layerwise`.

        Examples
        --------
        >>> from spectral_core import SpectralNetwork
        >>> net = SpectralNetwork.initialize([2, 5, 1], seed=0)
        >>> {pair: block.shape for pair, block in net.transfer_blocks().items()}
        {(2, 1): (5, 3), (3, 1): (1, 3), (3, 2): (1, 5)}
        """
        return matrices.transfer_blocks(self._named)

    def adjacency(self) -> np.ndarray:
        """A (Σn, Σn): the W_ij below the diagonal; for `global` the eigenvalues on it, A = Φ Λ Φ⁻¹.

        Examples
        --------
        >>> from spectral_core import SpectralNetwork
        >>> net = SpectralNetwork([[[2.0]]], [[3.0], [1.0]])
        >>> net.adjacency().tolist()
        [[3.0, 0.0], [4.0, 1.0]]
        """
        return matrices.adjacency(self._named)

    def eigenvector_matrix(self) -> np.ndarray:
        """Φ = I + N (Σn, Σn), the φ^(i) on the first block sub-diagonal.

        Examples
        --------
        >>> from spectral_core import SpectralNetwork
        >>> net = SpectralNetwork([[[2.0]]], [[3.0], [1.0]])
        >>> net.eigenvector_matrix().tolist()
        [[1.0, 0.0], [2.0, 1.0]]
        """
        return matrices.eigenvector_matrix(self._named)

    # --- records and files ------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a model file (NPZ without pickle).

        Examples
        --------
        >>> from spectral_core import SpectralNetwork
        >>> SpectralNetwork.initialize([2, 5, 1], seed=0).save("network.npz")
        >>> SpectralNetwork.load("network.npz").widths
        (3, 5, 1)
        """
        files.save_model(path, "network", self.record(), {"parameters": self.parameters})

    def record(self) -> dict[str, Any]:
        """Everything but the parameter values, for JSON."""
        return {
            "parametrization": self.parametrization,
            "widths": list(self.widths),
            "pairs": [list(pair) for pair in self.layout.pairs],
            "activation": activations.recorded(self.activation),
            "bias": self.bias,
            "frozen": list(self.frozen),
        }

    def trained_record(self) -> dict[str, Any]:
        """The structure of the trained parameters: that of the network."""
        return self.record()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SpectralNetwork:
        """Read a network from a model file; raises `ModelFileError`.

        Examples
        --------
        >>> from spectral_core import SpectralNetwork
        >>> SpectralNetwork.initialize([2, 5, 1], seed=0).save("network.npz")
        >>> SpectralNetwork.load("network.npz")
        SpectralNetwork(3-5-1, global, relu, bias=True, float32)
        """
        _, record, stored = files.load_model(path, ("network",))
        return cls.from_record(record, stored.get("parameters"), path)

    @classmethod
    def from_record(cls, record: dict[str, Any], flat: Any, source: object) -> SpectralNetwork:
        """The network of a record and flat parameters; a `ModelFileError` names the source if they do not fit."""
        try:
            layout, values = stored_values(record, flat)
            activation = activations.checked(record["activation"], len(layout.widths) - 2)
            network = object.__new__(cls)
            network._set(layout, values, activation, bool(record["bias"]), tuple(record["frozen"]))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ModelFileError(f"{source} does not describe a network: {error}") from None
        return network

    def _drawn(self, inputs: Sequence[str]) -> tuple[tuple[int, ...], Blocks, dict[str, Any]]:
        return self.widths, self.transfer_blocks(), {"bias": self.bias, "inputs": inputs}

    def __repr__(self) -> str:
        widths = "-".join(map(str, self.widths))
        kind = f"{self.parametrization}, {activations.written(self.activation)}"
        return f"SpectralNetwork({widths}, {kind}, bias={self.bias}, {self.dtype.name})"
