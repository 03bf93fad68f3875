"""The keywords of `prune`, and their checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of, sequence
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import LOSSES, ZERO_AT_ZERO
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.loss_scale import tolerance_on
from spectral_core.resizing.rankings import BY_EIGENVALUE
from spectral_core.resizing.trimming import as_direct
from spectral_core.training.options import TRAIN_OPTIONS, LoopOptions, StepOptions

AMOUNTS = ("fraction", "threshold", "tolerance", "weights")
"""Keywords that say how much is removed; one is given."""
UNITS = ("neuron", "layer", "weight")
NEURONS_ONLY = {
    "by": "path",
    "layers": None,
    "even": False,
    "towards": "network",
    "merge": None,
    "skip_connections": False,
}
"""Keywords with a meaning for neurons and layers alone, and their defaults."""
RIDGES = (1e-8, 1e-3, 1e-2)
"""Where no ridge is given: the first for neurons and layers, the last for single weights; a tolerance tries all for these."""
MASKED_OPTIONS = ("epochs", "batch_size", "learning_rate", "seed")
"""The options of `retrain` for single weights."""


@dataclass(frozen=True, eq=False)
class PruneRequest:
    """The keywords of `prune`, first as given, then as `checked_request` returns them."""

    by: str
    fraction: float | None
    threshold: float | None
    tolerance: float | None
    weights: int | None
    unit: str
    layers: Sequence[int] | None
    even: bool
    X: Any
    y: Any
    loss: str
    validation_data: tuple[Any, Any] | None
    compensate: bool | None
    ridge: float | None
    towards: str
    merge: float | None
    skip_connections: bool
    retrain: Mapping[str, Any] | None
    x: np.ndarray | None = None
    """X in float64, checked."""

    def __post_init__(self) -> None:
        if self.validation_data is not None:
            checks.pair(self.validation_data, "validation_data")

    def for_live_inputs(self, net: CompactNetwork) -> PruneRequest:
        """The same request for `net.direct`, whose inputs are the live ones of `net`."""
        pair = self.validation_data
        return replace(
            self,
            X=None if self.X is None else net.columns(self.X),
            validation_data=None if pair is None else (net.columns(pair[0]), pair[1]),
            retrain=with_validation(self.retrain, lambda X, y: (net.columns(X), y)),
        )

    @property
    def strength(self) -> float:
        """The ridge, by default that of the unit."""
        if self.ridge is not None:
            return self.ridge
        return RIDGES[-1] if self.unit == "weight" else RIDGES[0]

    @property
    def judging_data(self) -> tuple[Any, Any]:
        """The data of the loss that the tolerance limits: the validation data, else (X, y)."""
        return (self.X, self.y) if self.validation_data is None else self.validation_data

    def evaluate(self, net: SpectralNetwork) -> float:
        """The loss that the tolerance limits."""
        return net.loss(*self.judging_data, self.loss)

    def limit(self, net: SpectralNetwork) -> float:
        """The greatest loss that the result may have."""
        if self.tolerance is None:
            return np.inf
        tolerance = tolerance_on(net.problem(*self.judging_data, self.loss), self.tolerance)
        return tolerance.limit(self.evaluate(as_direct(net, net.transfer_blocks())))


def with_validation(retrain: Any, converted: Callable[[Any, Any], tuple[Any, Any]]) -> Any:
    """The options of `retrain` with their validation data as `converted` gives them, in what the network takes.

    What is no mapping stays as it is: `checked_request` refuses it.
    """
    if not isinstance(retrain, Mapping) or retrain.get("validation_data") is None:
        return retrain
    pair = checks.pair(retrain["validation_data"], "validation_data of retrain")
    return {**retrain, "validation_data": converted(*pair)}


def checked_request(net: SpectralNetwork, request: PruneRequest) -> PruneRequest:
    """The request with checked values; raises `InvalidInputError` where it breaks a rule."""
    # The network, and each value for itself.
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork or a CompactNetwork; got {type(net).__name__}")
    checks.vanishing_at_zero(net.activation, ZERO_AT_ZERO, "pruning")
    request = _with_checked_amount(request)
    one_of(request.unit, UNITS, "unit")
    _check_unit(request)
    checks.real_number(request.strength, "ridge", 0, open_low=True)
    one_of(request.loss, LOSSES, "loss")
    one_of(request.towards, ("network", "targets"), "towards")
    if request.unit == "weight" and (request.X is None or request.y is None):
        raise InvalidInputError("unit='weight' measures saliencies on (X, y); it needs both")
    x = None if request.X is None else checks.features(request.X, np.float64, net.n_features)
    refits = (x is not None) if request.compensate is None else checks.boolean(request.compensate, "compensate")
    # The data that the request needs.
    if x is None and (refits or request.y is not None or request.retrain is not None):
        raise InvalidInputError("compensation, retraining and losses need X")
    limited = request.tolerance is not None and request.validation_data is None
    if request.y is None and (request.retrain is not None or limited):
        raise InvalidInputError("retraining and a tolerance need X and y")
    if request.towards == "targets" and (request.y is None or not refits):
        raise InvalidInputError(
            "towards='targets' refits the weights into the output to y: it needs X, y and compensation"
        )
    if checks.boolean(request.skip_connections, "skip_connections") and not refits:
        raise InvalidInputError("skip_connections=True lets the refit join layers: it needs X and compensation")
    layers, retrain = _shrinking_layers(request.layers, net.n_layers), _training_options(request.retrain)
    if request.validation_data is not None:
        net.problem(*request.validation_data, request.loss)
    if request.unit == "weight":
        net.problem(request.X, request.y, request.loss)
        checked_training(retrain or {})
    # Values that exclude each other.
    if checks.boolean(request.even, "even") and (request.threshold is not None or request.unit == "layer"):
        raise InvalidInputError("even compares ranks of neurons; give a fraction or a tolerance, and unit='neuron'")
    merge = request.merge
    if merge is not None:
        if request.by in BY_EIGENVALUE:
            raise InvalidInputError(
                f"merged neurons have no eigenvalue of their own; rank them by weights, not by={request.by!r}"
            )
        merge = checks.real_number(merge, "merge", 0, 1)
    return replace(request, x=x, compensate=refits, layers=layers, retrain=retrain, merge=merge)


def _check_unit(request: PruneRequest) -> None:
    """Refuse keywords that have no meaning for the unit."""
    if request.unit != "weight":
        if request.weights is not None:
            raise InvalidInputError(f"weights belongs to unit='weight'; the unit is {request.unit!r}")
        return
    for name, default in NEURONS_ONLY.items():
        if getattr(request, name) != default:
            raise InvalidInputError(
                f"{name} belongs to unit='neuron' or 'layer'; unit='weight' removes weights by their saliency"
            )


@dataclass(frozen=True)
class MaskedOptions:
    """How the weights that are left are trained; the defaults are those of `train`."""

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int


def checked_training(retrain: Mapping[str, Any]) -> MaskedOptions:
    """The options of `retrain` for single weights; raises `InvalidInputError`."""
    unknown = [name for name in retrain if name not in MASKED_OPTIONS]
    if unknown:
        known = ", ".join(MASKED_OPTIONS)
        raise InvalidInputError(f"retrain with unit='weight' takes {known}; got {unknown[0]!r}")
    steps = StepOptions(**{name: retrain[name] for name in ("batch_size", "learning_rate") if name in retrain})
    epochs = checks.integer(retrain.get("epochs", LoopOptions.epochs), "epochs", 1)
    seed = checks.integer(retrain.get("seed", LoopOptions.seed), "seed", 0)
    return MaskedOptions(epochs, steps.batch_size, steps.learning_rate, seed)


def _with_checked_amount(request: PruneRequest) -> PruneRequest:
    """The request with its one of fraction, threshold, tolerance and weights checked."""
    amounts = {name: getattr(request, name) for name in AMOUNTS}
    chosen = [name for name, value in amounts.items() if value is not None]
    if len(chosen) != 1:
        raise InvalidInputError(f"prune takes one of {', '.join(amounts)}; got {', '.join(chosen) or 'none'}")
    name = chosen[0]
    if name == "weights":
        return replace(request, weights=checks.integer(request.weights, "weights", 0))
    amount = checks.real_number(amounts[name], name, 0, 1 if name == "fraction" else np.inf)
    changed: dict[str, Any] = {name: amount}
    return replace(request, **changed)


def _shrinking_layers(layers: Sequence[int] | None, n_layers: int) -> list[int]:
    """The hidden layers whose neurons may be removed."""
    hidden = list(range(2, n_layers))
    chosen = hidden if layers is None else [checks.integer(layer, "layers", 1) for layer in sequence(layers, "layers")]
    wrong = [layer for layer in chosen if layer not in hidden]
    if wrong:
        raise InvalidInputError(f"layers must be hidden layers, {hidden or 'and there are none'}; got {wrong[0]}")
    return chosen


def _training_options(retrain: Any) -> dict[str, Any] | None:
    """Options of `train` by name."""
    if retrain is None:
        return None
    if not isinstance(retrain, Mapping):
        raise InvalidInputError(f"retrain must be a dictionary of options of train; got {retrain!r}")
    unknown = [name for name in retrain if name not in TRAIN_OPTIONS]
    if unknown:
        raise InvalidInputError(f"retrain: train has no option {unknown[0]!r}; there are {', '.join(TRAIN_OPTIONS)}")
    return dict(retrain)
