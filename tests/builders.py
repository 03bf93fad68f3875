"""What several test files build: random networks, their data, the loops from the papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import SpectralNetwork
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.samples import Samples
from tests import oracles
from tests.oracles import Model

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = 7
PARAMETRIZATIONS = ("global", "layerwise", "direct")


def mixed(activation: str, known: Sequence[str], hidden: int, seed: int) -> str | tuple[str, ...]:
    """The activation alone; for odd seeds, behind it another one for each further hidden layer."""
    if seed % 2 == 0 or hidden < 2:
        return activation
    return (activation, *np.random.default_rng(seed).choice(np.array(known), hidden - 1).tolist())


def model_of(
    parametrization: str, activation: str | tuple[str, ...] = "tanh", widths: tuple[int, ...] = (3, 3, 2)
) -> Model:
    pairs = tuple((i, j) for i in range(2, len(widths) + 1) for j in range(1, i)) if parametrization == "direct" else ()
    return Model(parametrization, widths, activation, True, pairs)


def network(model: Model, theta: np.ndarray, **options: Any) -> SpectralNetwork:
    """θ of the oracle and the flat parameters have the same order, which the first test relies on and checks."""
    common = {"activation": model.activation, "bias": model.bias, "parametrization": model.parametrization, **options}
    if model.parametrization == "direct":
        net = SpectralNetwork(blocks=model.blocks(theta), **common)
    else:
        net = SpectralNetwork(*model.parts(theta), **common)
    assert np.array_equal(net.parameters, theta.astype(net.dtype))
    return net


def data(model: Model, seed: int, loss: str = "squared_error") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    theta = generator.uniform(-1, 1, model.size)
    x = generator.uniform(-1, 1, (SAMPLES, model.n_features))
    outputs = model.widths[-1]
    return theta, x, oracles.targets(loss, generator, SAMPLES, outputs)


def penalised(model: Model) -> list[slice]:
    """Where the penalised groups stand: λ of all but the last layer; λ_out of hidden layers; every block."""
    sizes = [int(np.prod(shape)) for shape in model.shapes]
    at = np.cumsum([0, *sizes])
    slices = [slice(at[i], at[i + 1]) for i in range(len(sizes))]
    steps = len(model.widths) - 1
    if model.parametrization == "direct":
        return slices
    return slices[steps:-1] if model.parametrization == "global" else slices[steps + 1 : -2 : 2]


def eigenvalues(model: Model) -> np.ndarray:
    """Which numbers of θ are eigenvalues."""
    return np.concatenate([np.full(int(np.prod(shape)), len(shape) == 1) for shape in model.shapes])


class Truth:
    """The mini-batch gradients of loss + penalty by complex step, as functions of θ and the step."""

    def __init__(
        self, model: Model, x: Any, y: Any, batch: int, loss: str, penalty: str, strength: float, w: Any,
        vectors: float = 0.0, proximal: Any = None,
    ) -> None:  # fmt: skip
        """`proximal`: the learning rates (parameters,), where the penalty is taken by proximal steps."""
        self.proximal = proximal
        self.model, self.x, self.y, self.weight, self.loss = model, x, y, w, loss
        self.rows = [np.arange(start, min(start + batch, len(x))) for start in range(0, len(x), batch)]
        self.penalty, self.strength, self.vectors = penalty, strength, vectors
        self.factors: Any = None  # of the rates, step by step
        self.limit, self.smoothing = np.inf, 0.0  # of the gradient's norm; of labels
        self.losses: list[float] = []
        self.penalties: list[float] = []

    def penalty_of(self, theta: np.ndarray) -> Any:
        groups = penalised(self.model) if self.proximal is None else []
        total = sum(oracles.penalty(self.penalty, theta[group], self.strength) for group in groups)
        return total + oracles.penalty("l2", theta[~eigenvalues(self.model)], self.vectors)

    def shrink(self, theta: np.ndarray) -> np.ndarray:
        theta, factor = theta.copy(), 1.0 if self.factors is None else self.factors[len(self.losses) - 1]
        for group in penalised(self.model) if self.proximal is not None else []:
            threshold = factor * self.proximal[group][0] * self.strength
            theta[group] = oracles.proximal(self.penalty, theta[group], threshold)
        return theta

    def slope(self, theta: np.ndarray, step: int) -> np.ndarray:
        rows = self.rows[step % len(self.rows)]
        weight = None if self.weight is None else self.weight[rows]

        def loss(moved: np.ndarray) -> Any:
            if self.smoothing:
                z = self.model.output(moved, self.x[rows])
                every = np.ones(len(rows)) if weight is None else weight
                return oracles.smoothed_loss(self.loss, z, self.y[rows], every, self.smoothing)
            return self.model.loss(moved, self.x[rows], self.y[rows], self.loss, weight)

        self.losses.append(float(loss(theta)))
        self.penalties.append(float(self.penalty_of(theta)))
        slope = oracles.gradient(loss, theta) + oracles.gradient(self.penalty_of, theta)
        return slope * min(1, self.limit / np.sqrt((slope**2).sum()))


def random_network(
    kind: str,
    widths: list[int],
    activation: str | tuple[str, ...],
    seed: int,
    bias: bool = False,
    frozen: tuple[str, ...] = (),
) -> SpectralNetwork:
    names = oracles.names_of(activation, len(widths) - 2) or [activation]
    start = "linear" if kind == "global" and set(names) <= set(ZERO_AT_ZERO) else None
    if kind == "global" and start is None:  # no linear start for this activation, but the network exists
        base = random_network(kind, widths, "tanh", seed, bias)
        return SpectralNetwork(base.eigenvectors, base.eigenvalues, activation=activation, bias=bias)
    net = SpectralNetwork.initialize(
        widths, activation=activation, parametrization=kind, bias=bias, dtype="float64", seed=seed
    )
    return net.with_parameters(np.random.default_rng(seed).uniform(-1, 1, net.n_parameters), frozen=frozen)


def same_function(one: SpectralNetwork, other: SpectralNetwork, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(11, one.n_features))
    expected = one.forward(x)
    np.testing.assert_allclose(other.forward(x), expected, rtol=0, atol=1e-13 * (1 + np.abs(expected).max() * 10))


def sparse_network(
    seed: int,
    widths: tuple[int, ...],
    activation: str | tuple[str, ...] = "tanh",
    bias: bool = True,
    density: float = 0.7,
    dtype: str = "float64",
) -> SparseNetwork:
    """A random network of some of all weights that there may be, all skip connections among them."""
    rng = np.random.default_rng(seed)
    layers = np.repeat(np.arange(len(widths)), widths)
    receivers, senders = np.nonzero(layers[:, None] > layers)
    kept = rng.random(len(senders)) < density
    weights = rng.uniform(-1, 1, int(kept.sum())).astype(dtype)
    return SparseNetwork.sorted(widths, activation, bias, weights, senders[kept], receivers[kept])


def sparse_samples(
    seed: int,
    net: SparseNetwork,
    loss: str = "squared_error",
    rows: int = 9,
    smoothing: float = 0.0,
    weighted: bool = False,
) -> Samples:
    """Random data for a sparse network, in its type."""
    rng = np.random.default_rng((seed, 1))
    dtype = net.weights.dtype.name
    x = rng.uniform(-1, 1, (rows, net.n_inputs - net.bias))
    samples = Samples.of(x, oracles.targets(loss, rng, rows, net.n_outputs), loss, net.bias, dtype, smoothing)
    return replace(samples, weights=rng.uniform(0.5, 2, rows).astype(dtype)) if weighted else samples


def weights_of(net: SparseNetwork) -> oracles.Weights:
    """The structure of a network for the oracle."""
    return oracles.Weights(net.widths, net.activation, net.senders, net.receivers)


def wanted_of(samples: Samples) -> np.ndarray:
    """The targets of samples in float64, or their labels."""
    return samples.labels if samples.loss == "cross_entropy" else samples.y.astype(np.float64)
