"""`train`: its options checked and put into the form of the kernels."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends import choice, cpu
from spectral_core.backends.threads import blas_threads
from spectral_core.checks import one_of
from spectral_core.errors import DivergenceError, InvalidInputError
from spectral_core.kernels.support.layout import Layout
from spectral_core.kernels.tables import OPTIMIZERS, PENALTIES, SETTINGS
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.checkpoint import Checkpoint, fingerprint
from spectral_core.training.loop import Network, Order, Progress, Run, TrainingResult, TrainingState

STEP = ("settings", "penalised", "strengths", "shrunk", "thresholds", "trainable", "rates")
"""What a step depends on besides network and data, by its name in `kernels.Stepper`."""


def train(
    net: Network,
    X: Any,
    y: Any,
    *,
    loss: str = "squared_error",
    epochs: int = 100,
    batch_size: int = 100,
    optimizer: str = "adam",
    learning_rate: float = 1e-3,
    eigenvalue_learning_rate: float | None = None,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
    momentum: float = 0.0,
    nesterov: bool = False,
    penalty: str = "group",
    penalty_strength: float = 0.0,
    proximal: bool = False,
    eigenvector_penalty: float | Mapping[str, float] = 0.0,
    sample_weight: Any = None,
    validation_data: tuple[Any, Any] | None = None,
    patience: int | None = None,
    best_of_last: int | None = None,
    shuffle: bool = True,
    drop_last: bool = False,
    seed: int = 0,
    threads: int = 1,
    backend: str = "auto",
    callbacks: Sequence[Callable[[Progress[Network]], Any]] = (),
    state: TrainingState | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    keep_checkpoint: bool = False,
) -> TrainingResult[Network]:
    """Minimise loss + penalty by mini-batches; the given network is left as it was.

    Parameters
    ----------
    net : a network of any parametrization, or a compact one, whose live weights alone are trained.
    X, y : (samples, features); (samples, outputs) or class indices (samples,). Never rescaled here.
    loss : ``squared_error``, ``huber``, ``poisson``, ``binary_cross_entropy`` (also for several labels) or
        ``cross_entropy``; their formulas stand in `SpectralNetwork.loss_and_gradients`.
    epochs, batch_size : passes over the data; samples in a mini-batch (the last one may be smaller).
    optimizer : ``adam`` (`betas`, `epsilon`) or ``sgd`` (`momentum`, `nesterov`), with `learning_rate`; eigenvalues
        may learn at their own `eigenvalue_learning_rate`.
    penalty : ``group`` strength · Σ ‖λ^(i)‖₂, ``l1`` strength · Σ ‖λ^(i)‖₁, ``l2`` strength · Σ ‖λ^(i)‖₂²; over the
        input and hidden layers (`global`), λ^out of hidden layers (`layerwise`), each block (`direct`).
    proximal : take the penalty out of the gradient and instead, after each step, move each group to
        argmin ½‖x - λ‖² + learning rate · strength · R(x) (theorems P.group, P.l1, P.l2). With ``group`` and ``l1`` what
        is not needed becomes exactly 0, and with it, without a threshold, the neuron: always for `layerwise`, for `global` where
        the eigenvalues of the layer before are 0 too (M10; input eigenvalues can be frozen at 0). Not counted in `history.penalty`.
    eigenvector_penalty : strength of Σ ‖φ^(i)‖₂² (`direct`: Σ ‖W_ij‖₂²), added to it; or strengths by group
        (``{"eigenvectors[0]": 0.01}``), of any groups.
    validation_data : (X, y) on which the loss is measured after each epoch.
    patience : with validation data, stop after this many epochs without a better validation loss and
        return the best epoch's network.
    best_of_last : with validation data and without patience, return the best of this many last epochs instead of the
        last one, whose loss may stand anywhere in the noise that a constant learning rate leaves.
    shuffle, seed : the order of samples in epoch e depends on (seed, e) alone.
    drop_last : leave out the samples of an epoch that would make a smaller last mini-batch.
    state : of an earlier result, to continue with its moments and count of epochs: the same bits as one longer training, if
        the network is that of the last epoch (no `patience`, no `best_of_last`). Where the network has grown or shrunk since, `growth` carries the moments over.
    threads : of the products of matrices. The last bits depend on this number and on nothing in the environment; wide
        networks gain from more than one (up to the cores there are), small ones do not.
    backend : ``cpu``, ``cuda``, or ``auto``: a GPU where there is one and a step is worth it (`choice.WORTH_A_GPU`), or
        where X lies on it: arrays with `__cuda_array_interface__` (CuPy, PyTorch) are taken as they are, without a copy. The
        same seed gives the same mini-batches everywhere; the last bits of sums are each device's own.
    callbacks : called with a `Progress` after each epoch; one that returns True ends the training.
    checkpoint : a file in which an interrupted run leaves its state (Ctrl-C, and every 30 s); the same call
        continues from it, with the same bits as an undisturbed run, and removes it at the end. With
        `keep_checkpoint` the file stays, and the same call returns the finished result at once.

    Returns
    -------
    TrainingResult : `.network`, `.history`, `.best_network`, `.best_epoch` (0 is the start), `.stopped` (``epochs``, ``patience``,
        ``callback``), `.epoch`, that of the network, `.state`. Networks are of the kind that was given.

    Raises
    ------
    InvalidInputError : data or options break a rule.
    BackendError : ``backend="cuda"`` where no GPU can be used; the message says why.
    DivergenceError : the loss is no longer finite; `.epoch`, and `.network`, the best one before.
    """
    if validation_data is not None and (not isinstance(validation_data, tuple) or len(validation_data) != 2):
        raise InvalidInputError("validation_data must be a pair (X, y)")
    plain, columns, present = _opened(net, X)
    problem = plain.problem(columns(X), y, loss, sample_weight)
    validation = None
    if validation_data is not None:
        validation = plain.problem(columns(validation_data[0]), validation_data[1], loss)
    epochs, seed = checks.integer(epochs, "epochs", 1), checks.integer(seed, "seed", 0)
    threads = checks.integer(threads, "threads", 1)
    _check_stopping(patience, best_of_last, validation is not None)
    if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
        raise InvalidInputError(f"callbacks must be a sequence of functions; got {callbacks!r}")
    begun = _continued(state, plain)
    rows = len(problem.x)
    size = min(checks.integer(batch_size, "batch_size", 1), rows)
    there = any(map(choice.is_device_array, (X, *(validation_data or ())[:1])))
    place = choice.resolve(backend, np.inf if there else choice.multiply_adds(plain.widths, size))
    if there and place == "cpu":
        raise InvalidInputError(
            "X (or that of validation_data) lies on a GPU; use backend='cuda' or 'auto', or copy it"
        )
    stepper = stepper_of(
        plain, problem, begun, batch_size=size, optimizer=optimizer, learning_rate=learning_rate,
        eigenvalue_learning_rate=eigenvalue_learning_rate, betas=betas, epsilon=epsilon, momentum=momentum,
        nesterov=nesterov, penalty=penalty, penalty_strength=penalty_strength, proximal=proximal,
        eigenvector_penalty=eigenvector_penalty,
    )  # fmt: skip
    if place == "cuda":
        from spectral_core.backends.cuda import CudaStepper

        stepper = CudaStepper(stepper)
    used = rows - rows % stepper.batch_size if checks.boolean(drop_last, "drop_last") else rows
    order = Order(seed, begun.epoch, rows, used, bool(shuffle))
    run = Run(plain, present, stepper, validation, epochs, patience, best_of_last, order)
    store = None
    if checkpoint is not None:
        options = [run.description(), optimizer, stepper.batch_size, threads, place]
        options += [getattr(stepper, name).tolist() for name in STEP]
        moments = [begun.first_moment, begun.second_moment] if state is not None else []
        store = Checkpoint(Path(checkpoint), run, fingerprint(plain, problem, validation, options, *moments))
        store.restore()
    try:
        with blas_threads(threads):
            run.run(callbacks, store)
    except DivergenceError:
        if store is not None:
            store.remove()  # a continued run would only diverge again
        raise
    except BaseException:
        if store is not None:
            store.save()
        raise
    if store is not None:
        store.save() if keep_checkpoint else store.remove()
    return run.result()


def stepper_of(
    plain: SpectralNetwork,
    problem: cpu.Problem,
    begun: TrainingState,
    *,
    batch_size: int,
    optimizer: str,
    learning_rate: float,
    eigenvalue_learning_rate: float | None,
    betas: tuple[float, float],
    epsilon: float,
    momentum: float,
    nesterov: bool,
    penalty: str,
    penalty_strength: float,
    proximal: bool,
    eigenvector_penalty: float | Mapping[str, float],
) -> cpu.Stepper:
    """The options of `train` that a step depends on, checked and in the form of the kernels."""
    rate = checks.real_number(learning_rate, "learning_rate", 0, open_low=True)
    eigenvalue_rate = rate if eigenvalue_learning_rate is None else eigenvalue_learning_rate
    eigenvalue_rate = checks.real_number(eigenvalue_rate, "eigenvalue_learning_rate", 0, open_low=True)
    kind = one_of(penalty, PENALTIES, "penalty")
    strength = checks.real_number(penalty_strength, "penalty_strength", 0)
    spectral = [(name, kind, strength) for name in plain.layout.spectral_groups()]
    smooth = _vector_penalties(plain.layout, eigenvector_penalty)
    shrinking: list[tuple[str, str, float]] = []
    if checks.boolean(proximal, "proximal"):
        frozen = plain.layout.select(plain.frozen)
        rates_of = {name: eigenvalue_rate if name.startswith("eigenvalues") else rate for name, _, _ in spectral}
        shrinking = [(name, kind, strength * rates_of[name]) for name, _, _ in spectral if name not in frozen]
    else:
        smooth = spectral + smooth
    penalised, strengths = _penalties(plain.layout, smooth)
    shrunk, thresholds = _penalties(plain.layout, shrinking)
    trainable, rates = _rates(plain, rate, eigenvalue_rate)
    settings = _settings(betas, epsilon, momentum, nesterov)
    return cpu.Stepper(
        layout=plain.layout,
        activation=plain.activation,
        problem=problem,
        batch_size=min(checks.integer(batch_size, "batch_size", 1), len(problem.x)),
        penalised=penalised,
        strengths=np.array(strengths, plain.dtype),
        shrunk=shrunk,
        thresholds=np.array(thresholds, plain.dtype),
        optimizer=one_of(optimizer, OPTIMIZERS, "optimizer"),
        trainable=trainable,
        rates=np.array(rates, plain.dtype),
        settings=np.array([settings[name] for name in SETTINGS], plain.dtype),
        parameters=plain.parameters.copy(),
        first_moment=begun.first_moment,
        second_moment=begun.second_moment,
        step=begun.step,
    )


def _opened(net: Any, X: Any) -> tuple[SpectralNetwork, Callable[[Any], Any], Callable[[SpectralNetwork], Any]]:
    """The network that is trained, what becomes of X, and how a result is presented: in the kind that was given."""
    if isinstance(net, CompactNetwork):
        if choice.is_device_array(X):
            raise InvalidInputError("a CompactNetwork picks columns of X in this process; X lies on a GPU: copy it")
        return net.direct, net.columns, net.with_direct
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork or a CompactNetwork; got {type(net).__name__}")
    return net, lambda X: X, lambda trained: trained


def _continued(state: TrainingState | None, net: SpectralNetwork) -> TrainingState:
    """Copies of the moments, or those of a fresh start."""
    if state is None:
        return TrainingState(np.zeros_like(net.parameters), np.zeros_like(net.parameters), 0, 0)
    if not isinstance(state, TrainingState):
        raise InvalidInputError(f"state must be the .state of a training result; got {type(state).__name__}")
    checks.integer(state.step, "state.step", 0)
    checks.integer(state.epoch, "state.epoch", 0)
    for name, moment in (("first_moment", state.first_moment), ("second_moment", state.second_moment)):
        if not isinstance(moment, np.ndarray):
            raise InvalidInputError(f"state.{name} must be an array; got {type(moment).__name__}")
        if moment.shape != net.parameters.shape or moment.dtype != net.dtype:
            raise InvalidInputError(
                f"state.{name} must be {net.dtype} of shape {net.parameters.shape}, as the network's parameters; got "
                f"{moment.dtype} {moment.shape}"
            )
    return TrainingState(state.first_moment.copy(), state.second_moment.copy(), int(state.step), int(state.epoch))


def _check_stopping(patience: Any, best_of_last: Any, validated: bool) -> None:
    for name, option in (("patience", patience), ("best_of_last", best_of_last)):
        if option is None:
            continue
        checks.integer(option, name, 1)
        if not validated:
            raise InvalidInputError(f"{name} needs validation_data")
    if patience is not None and best_of_last is not None:
        raise InvalidInputError("patience already keeps the best of all epochs; leave out best_of_last")


def _settings(betas: Any, epsilon: float, momentum: float, nesterov: bool) -> dict[str, float]:
    """The optimizer's numbers by their names in `tables.SETTINGS`."""
    if not isinstance(betas, Sequence) or len(betas) != 2:
        raise InvalidInputError(f"betas must be a pair (beta1, beta2); got {betas!r}")
    return {
        "beta1": _below_one(betas[0], "betas[0]"),
        "beta2": _below_one(betas[1], "betas[1]"),
        "epsilon": checks.real_number(epsilon, "epsilon", 0, open_low=True),
        "momentum": checks.real_number(momentum, "momentum", 0, 1),
        "nesterov": float(checks.boolean(nesterov, "nesterov")),
    }


def _below_one(value: Any, name: str) -> float:
    """β < 1: the bias correction divides by 1 - β^t."""
    if checks.real_number(value, name, 0, 1) == 1:
        raise InvalidInputError(f"{name} must be less than 1; got {value!r}")
    return float(value)


def _vector_penalties(layout: Layout, given: float | Mapping[str, float]) -> list[tuple[str, str, float]]:
    """The squared penalties by group."""
    if not isinstance(given, Mapping):
        strength = checks.real_number(given, "eigenvector_penalty", 0)
        return [(name, "l2", strength) for name in layout.groups if not name.startswith("eigenvalues")]
    strengths = {name: checks.real_number(value, f"eigenvector_penalty[{name!r}]", 0) for name, value in given.items()}
    return [(name, "l2", strength) for family, strength in strengths.items() for name in layout.select([family])]


def _penalties(layout: Layout, wanted: list[tuple[str, str, float]]) -> tuple[np.ndarray, list[float]]:
    """Rows (start, stop, kind) and strengths of those (group, kind, strength) that are switched on."""
    active = [(name, kind, strength) for name, kind, strength in wanted if strength]
    rows = [[*layout.segments([name])[0], PENALTIES.index(kind)] for name, kind, _ in active]
    return np.array(rows, dtype=np.int64).reshape(-1, 3), [strength for _, _, strength in active]


def _rates(net: SpectralNetwork, vectors: float, eigenvalues: float) -> tuple[np.ndarray, list[float]]:
    """Rows (start, stop) and learning rates of what is not frozen, neighbours at one rate in one piece."""
    frozen = net.layout.select(net.frozen)
    rows: list[list[int]] = []
    rates: list[float] = []
    for name, group in net.layout.groups.items():
        rate = eigenvalues if name.startswith("eigenvalues") else vectors
        if name in frozen:
            continue
        if rows and rows[-1][1] == group.start and rates[-1] == rate:
            rows[-1][1] = group.stop
        else:
            rows.append([group.start, group.stop])
            rates.append(rate)
    return np.array(rows, dtype=np.int64).reshape(-1, 2), rates


STEP_OPTIONS = {
    name: inspect.signature(train).parameters[name].default
    for name, parameter in inspect.signature(stepper_of).parameters.items()
    if parameter.kind is parameter.KEYWORD_ONLY
}
"""The options of `train` that a step depends on, with their defaults."""
