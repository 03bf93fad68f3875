"""Spectral pruning (P3): the published methods of Buffoni et al. (Sci. Rep. 12, 2022), matched in retraining, and ours.

Layerwise networks with one hidden layer of 2,000 neurons, or more of 500 each, λ^in = 0, φ uniform in ±0.2, λ^out uniform
in ±0.5, no constant; softmax, Adam 1e-3, batch 200, 100 epochs. Hidden neurons are trimmed over all layers together. `METHODS` lists the methods:

spectral : φ and λ trained, ranked by |λ|.
dense : an ordinary network, ranked by incoming connectivity; each layer for itself, as is path: with 64 inputs and 500
    hidden neurons the sums of two layers cannot be compared, and a common percentile would empty the first one.
alternate : λ alone trained on random φ, ranked by |λ|, the smaller network rebuilt with kept λ and the φ of the start, and
    all of it trained for 20 epochs.
``+ M15`` : the remaining weights are refitted in closed form on the training samples. ``retrained`` : 20 epochs
    afterwards, as for *alternate*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.initialization import xavier_uniform
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.pruning import prune
from spectral_core.resizing.rankings import neuron_scores
from spectral_core.training.trainer import train

SETTINGS: dict[str, Any] = {
    "hidden": None,
    "epochs": 100,
    "retraining_epochs": 20,
    "batch_size": 200,
    "learning_rate": 1e-3,
    "eigenvector_range": 0.2,
    "eigenvalue_range": 0.5,
    "test_fraction": 0.3,
    "percentiles": [50, 80, 90, 95, 97, 99],
}
"""The published settings; percentiles are percentages of all hidden neurons; `hidden` None is `published_width`."""


def published_width(layers: int) -> int:
    """Neurons of each hidden layer of the authors' networks: 2,000 of a single one, else 500."""
    return 2000 if layers == 1 else 500


@dataclass(frozen=True)
class Method:
    """The training a method starts from, its ranking, and what follows the trimming.

    `start` names a field of `TrainedNetworks`; `even` trims every layer alike; `rebuilt` builds a new network from the
    kept neurons and the eigenvectors of the start.
    """

    start: str
    ranking: str
    even: bool = False
    compensated: bool = False
    retrained: bool = False
    rebuilt: bool = False


METHODS = {
    "spectral": Method("spectral", "eigenvalue"),
    "dense": Method("dense", "connectivity", even=True),
    "spectral + M15": Method("spectral", "eigenvalue", compensated=True),
    "path + M15": Method("spectral", "plain_path", even=True, compensated=True),
    "pivoted_qr + M15": Method("spectral", "pivoted_qr", compensated=True),
    "dense + M15": Method("dense", "connectivity", even=True, compensated=True),
    "alternate": Method("eigenvalues_alone", "eigenvalue", retrained=True, rebuilt=True),
    "spectral, retrained": Method("spectral", "eigenvalue", retrained=True),
    "dense, retrained": Method("dense", "connectivity", even=True, retrained=True),
    "pivoted_qr + M15, retrained": Method("spectral", "pivoted_qr", compensated=True, retrained=True),
}
"""The published methods and ours, by name. The first six take no gradient step after trimming, the last four take 20
epochs."""


def spectral_start(settings: Mapping[str, Any], widths: Sequence[int], activation: str, seed: int) -> SpectralNetwork:
    """The published start of the layerwise network.

    By hand: the published random start. Checked by test_pruning.test_the_start_is_the_published_one.
    """
    generator = np.random.default_rng(seed)
    phi, pairs = [], []
    for rows, columns in zip(widths[1:], widths[:-1], strict=True):
        phi.append(generator.uniform(-1, 1, (rows, columns)) * settings["eigenvector_range"])
        pairs.append((np.zeros(columns), generator.uniform(-1, 1, rows) * settings["eigenvalue_range"]))
    return SpectralNetwork(
        phi, pairs, activation=activation, parametrization="layerwise", dtype="float32", frozen=("eigenvalues_in",)
    )


def dense_start(widths: Sequence[int], activation: str, seed: int) -> SpectralNetwork:
    """An ordinary network: Xavier blocks between neighbours."""
    generator = np.random.default_rng(seed)
    blocks = {
        (i + 2, i + 1): xavier_uniform(generator, widths[i + 1], widths[i]).astype(np.float32)
        for i in range(len(widths) - 1)
    }
    return SpectralNetwork(blocks=blocks, activation=activation, parametrization="direct", dtype="float32")


def rebuild(net: SpectralNetwork, keep: Sequence[np.ndarray]) -> SpectralNetwork:
    """A layerwise network of the kept neurons: their rows and columns of φ, their entries of λ."""
    phi = [block[np.ix_(keep[i + 1], keep[i])] for i, block in enumerate(net.eigenvectors)]
    own: list[Any] = list(net.eigenvalues)
    pairs = [(lam_in[keep[i]], lam_out[keep[i + 1]]) for i, (lam_in, lam_out) in enumerate(own)]
    frozen = ("eigenvalues_in",)
    return SpectralNetwork(phi, pairs, activation=net.activation, parametrization="layerwise", frozen=frozen)


def kept_neurons(net: SpectralNetwork, by: str, percentile: float) -> list[np.ndarray]:
    """Masks, layer by layer, of the neurons that stay when this percentage of all hidden neurons is removed."""
    scores = neuron_scores(net, by)
    order = np.argsort(np.concatenate(scores), kind="stable")
    stays = np.ones(len(order), dtype=bool)
    stays[order[: int(np.floor(percentile / 100 * len(order) + 1e-9))]] = False
    parts = np.split(stays, np.cumsum([len(score) for score in scores])[:-1])
    return [np.ones(net.widths[0], dtype=bool), *parts, np.ones(net.widths[-1], dtype=bool)]


@dataclass(frozen=True, eq=False)
class TrainedNetworks:
    """The three trained networks that the methods start from; x (samples, features) and labels y (samples,)."""

    settings: Mapping[str, Any]
    x: np.ndarray
    y: np.ndarray
    seed: int
    spectral: SpectralNetwork
    dense: SpectralNetwork
    eigenvalues_alone: SpectralNetwork

    def untrimmed(self, name: str) -> SpectralNetwork:
        """The network that a method starts from."""
        networks = {"dense": self.dense, "eigenvalues_alone": self.eigenvalues_alone, "spectral": self.spectral}
        return networks[METHODS[one_of(name, tuple(METHODS), "method")].start]

    def trimmed(self, name: str, percentile: float) -> SpectralNetwork | CompactNetwork | None:
        """The network of a method without this percentage of hidden neurons; None if a rebuilt layer would be empty."""
        net, method = self.untrimmed(name), METHODS[name]
        small: SpectralNetwork | CompactNetwork
        if method.rebuilt:
            keep = kept_neurons(net, method.ranking, percentile)
            if not all(mask.any() for mask in keep):
                return None
            small = rebuild(net, keep)
        else:
            options: dict[str, Any] = {"by": method.ranking, "fraction": percentile / 100, "even": method.even}
            small = prune(net, X=self.x, compensate=method.compensated, **options).compact
        return self._retrained(small) if method.retrained else small

    def _retrained(self, net: Any) -> Any:
        options = _training_options(self.settings, "retraining_epochs")
        return train(net, self.x, self.y, seed=self.seed, **options).network


def _training_options(settings: Mapping[str, Any], epochs: str) -> dict[str, Any]:
    names = ("batch_size", "learning_rate")
    return {name: settings[name] for name in names} | {"loss": "cross_entropy", "epochs": settings[epochs]}


def train_networks(
    x: np.ndarray, y: np.ndarray, layers: int, activation: str, seed: int, settings: Mapping[str, Any] = SETTINGS
) -> TrainedNetworks:
    """Train φ and λ, an ordinary network, and λ alone on random φ.

    Parameters
    ----------
    x : (samples, features), best between 0 and 1; y : class indices (samples,).
    layers : number of hidden layers, of ``settings["hidden"]`` neurons each; None is the published number.
    """
    hidden = settings["hidden"] or published_width(layers)
    widths = [x.shape[1], *[hidden] * layers, int(y.max()) + 1]
    options = _training_options(settings, "epochs")
    start = spectral_start(settings, widths, activation, seed)
    fixed = start.with_parameters(start.parameters, frozen=("eigenvectors", "eigenvalues_in"))
    starts = (start, dense_start(widths, activation, seed), fixed)
    return TrainedNetworks(settings, x, y, seed, *(train(net, x, y, seed=seed, **options).network for net in starts))


def recipe(
    method: str,
    x: Any,
    y: Any,
    percentile: float,
    *,
    layers: int = 1,
    activation: str = "relu",
    seed: int = 0,
    **settings: Any,
) -> SpectralNetwork | CompactNetwork | None:
    """Apply one of `METHODS` to your data: train as published, trim, then compensate or retrain as the method says.

    Parameters
    ----------
    method : ``spectral``, ``dense``, ``alternate``, or one of ours; `METHODS` lists them.
    x, y : (samples, features), best between 0 and 1; class indices (samples,).
    percentile : the percentage of hidden neurons to remove.
    settings : those that differ from `SETTINGS`, such as ``hidden=100`` or ``epochs=20``.

    Returns
    -------
    The trimmed network; None if *alternate* would have to rebuild a layer without neurons.
    """
    unknown = [name for name in settings if name not in SETTINGS]
    if unknown:
        raise InvalidInputError(f"no setting {unknown[0]!r}; there are {', '.join(SETTINGS)}")
    one_of(method, tuple(METHODS), "method")
    features = checks.real_array(x, "x", np.float32, 2)
    labels = checks.class_indices(y, len(features), int(np.max(y)) + 1 if np.size(y) else 1)
    share = checks.real_number(percentile, "percentile", 0, 100)
    depth, activation = checks.integer(layers, "layers", 1), one_of(activation, ZERO_AT_ZERO, "activation")
    seed = checks.integer(seed, "seed", 0)
    return train_networks(features, labels, depth, activation, seed, SETTINGS | settings).trimmed(method, share)
