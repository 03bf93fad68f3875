"""Many small trainings at once: on a GPU one block of threads for each, on the CPU one after the other.

All networks have one shape. They may differ in their start, their data, the order of samples, learning rates and the
strengths of penalties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from spectral_core import checks
from spectral_core.backends import choice
from spectral_core.backends.problem import Problem, StepArrays
from spectral_core.errors import DivergenceError, InvalidInputError
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.ensemble_data import check_shapes, listed, problems_of, step_options
from spectral_core.training.options import LoopOptions, StepOptions
from spectral_core.training.step_arrays import step_arrays
from spectral_core.training.trainer import train_on
from spectral_core.wording import counted

if TYPE_CHECKING:
    from spectral_core.backends.cuda_ensemble import CudaEnsemble

EPOCHS = 10
"""Epochs of a launch; progress is reported between launches."""
SAME = ("penalised", "shrunk", "trainable", "settings", "optimizer", "batch_size")
"""Fields of `StepArrays` that all trainings of an ensemble share."""


@dataclass(frozen=True, eq=False)
class EnsembleResult:
    """The outcome of an ensemble, training by training.

    Attributes
    ----------
    networks : the trained networks; None if a training diverged.
    training_loss, penalty : (trainings, epochs), as `train` reports them; NaN after a divergence.
    loss : (trainings,), of the trained networks on all their samples.
    failures : why a training gave no network, else "".
    backend : ``cpu`` or ``cuda``.
    """

    networks: list[SpectralNetwork | None]
    training_loss: np.ndarray
    penalty: np.ndarray
    loss: np.ndarray
    failures: list[str]
    backend: str


def train_ensemble(
    nets: Sequence[SpectralNetwork],
    X: Any,
    y: Any,
    *,
    seeds: Sequence[int],
    loss: str = "squared_error",
    epochs: int = 100,
    shuffle: bool = True,
    drop_last: bool = False,
    sample_weight: Any = None,
    options: Mapping[str, Any] | Sequence[Mapping[str, Any]] = MappingProxyType({}),
    backend: str = "auto",
    progress: Callable[[int, int], object] | None = None,
) -> EnsembleResult:
    """Train networks of one shape side by side. Each result is that of `train`, except for the rounding of sums.

    Parameters
    ----------
    nets : one for each training, of one shape, activation and type, with the same frozen groups.
    X, y : data for all of them, or lists of arrays with one entry for each. The same object is copied to a GPU once.
    seeds : of the order of samples, one for each.
    sample_weight : (samples,), for all.
    options : options of a step as in `train` (``batch_size``, ``optimizer``, ``learning_rate``, ``penalty``, ...), for
        all trainings, or one mapping for each; on a GPU these may differ in learning rates and strengths only.
    backend : ``cuda``, ``cpu``, or ``auto``: a GPU if there is one.
    progress : called with (epochs done, epochs in all) between launches, or after each training on the CPU.

    Raises
    ------
    InvalidInputError : data or options break a rule, or do not fit each other.
    BackendError : ``backend="cuda"``, and no GPU can be used.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import SpectralNetwork, train_ensemble
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> networks = [SpectralNetwork.initialize([1, 5, 1], seed=seed) for seed in range(3)]
    >>> train_ensemble(networks, X, np.abs(X), seeds=range(3), epochs=2, backend="cpu").loss.shape
    (3,)
    """
    nets, seeds = (
        checks.sequence(nets, "nets"),
        [checks.integer(seed, f"seeds[{i}]", 0) for i, seed in enumerate(seeds)],
    )
    check_shapes(nets, len(seeds))
    checks.boolean(shuffle, "shuffle")
    steps = step_options(options, len(nets))
    problems = problems_of(nets[0], listed(X, len(nets), "X"), listed(y, len(nets), "y"), loss, sample_weight)
    place = choice.resolve(backend)
    loops = [
        LoopOptions(epochs=epochs, shuffle=shuffle, drop_last=drop_last, seed=seed, backend=place) for seed in seeds
    ]
    run = _on_cpu if place == "cpu" else _on_gpu
    return run(nets, problems, steps, loops, progress)


def _on_cpu(
    nets: list[SpectralNetwork],
    problems: list[Problem],
    steps: list[StepOptions],
    loops: list[LoopOptions],
    progress: Callable[[int, int], object] | None,
) -> EnsembleResult:
    """The trainings one after the other."""
    epochs = loops[0].epochs
    shape = (len(nets), epochs)
    result = EnsembleResult([], np.full(shape, np.nan), np.full(shape, np.nan), np.full(len(nets), np.nan), [], "cpu")
    for i, (net, problem, step, loop) in enumerate(zip(nets, problems, steps, loops, strict=True)):
        try:
            trained = train_on(net, problem, None, step, loop)
        except DivergenceError as error:
            result.networks.append(None)
            result.failures.append(str(error))
        else:
            network = trained.network
            result.networks.append(network)
            result.failures.append("")
            result.training_loss[i] = trained.history.training_loss
            result.penalty[i] = trained.history.penalty
            result.loss[i] = choice.module_of("cpu").loss(
                network.layout, network.activation, network.parameters, problem
            )
        if progress is not None:
            progress((i + 1) * epochs, len(nets) * epochs)
    return result


def _on_gpu(
    nets: list[SpectralNetwork],
    problems: list[Problem],
    steps: list[StepOptions],
    loops: list[LoopOptions],
    progress: Callable[[int, int], object] | None,
) -> EnsembleResult:
    """The trainings side by side."""
    from spectral_core.backends import gpu
    from spectral_core.backends.cuda_ensemble import CudaEnsemble, Schedule

    arrays = [step_arrays(net, problem, step) for net, problem, step in zip(nets, problems, steps, strict=True)]
    for name in SAME:
        values = [getattr(one, name) for one in arrays]
        if not all(np.array_equal(value, values[0]) for value in values):
            raise InvalidInputError(
                "the options of an ensemble may differ in learning rates and strengths of penalties only"
            )
    schedule = Schedule(loops[0].epochs, loops[0].shuffle, loops[0].drop_last, _factors(steps, arrays[0], loops[0]))
    with gpu.in_order():
        ensemble = CudaEnsemble(arrays, [net.parameters for net in nets], schedule)
        return _in_launches(nets, [loop.seed for loop in loops], ensemble, schedule.epochs, progress)


def _factors(options: list[StepOptions], arrays: StepArrays, loop: LoopOptions) -> np.ndarray:
    """The factors of the learning rates in all steps, the same for all trainings."""
    rows = len(arrays.problem.x)
    used = rows - rows % arrays.batch_size if loop.drop_last else rows
    if np.count_nonzero(arrays.problem.weights) <= rows - used:
        raise InvalidInputError("an epoch of an ensemble may have no weight: with drop_last, more samples need one")
    schedules = [one.rate_schedule(loop.epochs * -(-used // arrays.batch_size)) for one in options]
    if any(schedule != schedules[0] for schedule in schedules):
        raise InvalidInputError("the trainings of an ensemble must have the same schedule on a GPU")
    if schedules[0].name == "plateau":
        raise InvalidInputError("schedule 'plateau' follows the losses of one training; an ensemble on a GPU cannot")
    factors = schedules[0].factors(0, schedules[0].steps)
    # The kernels count steps, a schedule mini-batches, of which those without weight take no step.
    least = used % arrays.batch_size or arrays.batch_size
    if np.count_nonzero(arrays.problem.weights == 0) >= least and (factors != factors[0]).any():
        raise InvalidInputError(
            f"with a schedule, each mini-batch of an ensemble on a GPU needs a weight; "
            f"{counted(least, 'sample')} of weight 0 may be one"
        )
    return factors


def _in_launches(
    nets: list[SpectralNetwork],
    seeds: list[int],
    ensemble: CudaEnsemble,
    epochs: int,
    progress: Callable[[int, int], object] | None,
) -> EnsembleResult:
    """All epochs, in launches of `EPOCHS`."""
    from spectral_core.kernels.support import shuffling

    keys = np.array([shuffling.key_of(seed) for seed in seeds], np.uint64)
    losses, penalties = (np.full((len(nets), epochs), np.nan) for _ in range(2))
    for begin in range(0, epochs, EPOCHS):
        some = slice(begin, min(begin + EPOCHS, epochs))
        count = some.stop - begin
        losses[:, some], penalties[:, some] = ensemble.run(shuffling.round_keys(keys, begin + 1, count), count)
        if progress is not None:
            progress(some.stop, epochs)
    final, parameters = ensemble.evaluate(), ensemble.parameters()
    failures = [_failure(row, flat) for row, flat in zip(losses, parameters, strict=True)]
    networks = [
        None if failure else net.with_parameters(flat)
        for net, flat, failure in zip(nets, parameters, failures, strict=True)
    ]
    final[[bool(failure) for failure in failures]] = np.nan
    return EnsembleResult(networks, losses, penalties, final, failures, "cuda")


def _failure(losses: np.ndarray, parameters: np.ndarray) -> str:
    """Why there is no network, or "": a loss, or the parameters after the last step, are not finite.

    By hand: whether it is finite. Checked by test_cuda.test_an_ensemble_is_its_trainings_one_by_one.
    """
    broken = np.flatnonzero(~np.isfinite(losses))
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.linalg.norm(parameters)
    if not len(broken) and np.isfinite(size):
        return ""
    epoch = broken[0] + 1 if len(broken) else len(losses)
    return f"the loss diverged in epoch {epoch} ({losses[epoch - 1]}); a smaller learning_rate may help"
