"""Many small trainings at once: on a GPU one block for each, with thousands of steps in a launch.

Networks of one shape that differ in their start, their data, the order of samples, learning rates and penalties. A block
keeps parameters, gradient, moments and its mini-batch in shared memory as far as they fit, finds its batches by itself
(`shuffling`), and reports between launches. Without a GPU the same trainings run one after the other on the processor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from spectral_core import checks
from spectral_core.backends import choice, cpu
from spectral_core.errors import DivergenceError, InvalidInputError
from spectral_core.kernels import tables
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.trainer import STEP_OPTIONS, stepper_of, train

if TYPE_CHECKING:
    from spectral_core.training.loop import TrainingState

EPOCHS = 10
"""Of a launch; progress is told between launches."""
SAME = ("penalised", "shrunk", "trainable", "settings", "optimizer", "batch_size")
"""What all trainings of an ensemble share, by its name in `kernels.Stepper`."""


@dataclass(frozen=True, eq=False)
class EnsembleResult:
    """The outcome of an ensemble, training by training.

    Attributes
    ----------
    networks : trained; None where a training diverged.
    training_loss, penalty : (trainings, epochs), as `train` reports them; NaN behind a divergence.
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
    """Train networks of one shape side by side; each as `train` would by itself, but for the rounding of sums.

    Parameters
    ----------
    nets : one for each training, of one shape, activation and type, with the same frozen groups.
    X, y : data for all of them, or lists of arrays with one entry for each; what is the same object is sent once.
    seeds : of the order of samples, one for each.
    sample_weight : (samples,), for all.
    options : of a step as in `train` (``batch_size``, ``optimizer``, ``learning_rate``, ``penalty``, ...), for all of them
        or one mapping for each, where only rates and strengths may differ.
    backend : ``cuda``, ``cpu``, or ``auto``: a GPU where there is one.
    progress : called with (epochs done, epochs in all) between launches, or behind each training on the processor.

    Raises
    ------
    InvalidInputError : data or options break a rule, or do not fit each other.
    BackendError : ``backend="cuda"`` where no GPU can be used.
    """
    nets, seeds = list(nets), [checks.integer(seed, f"seeds[{i}]", 0) for i, seed in enumerate(seeds)]
    if not nets or len(seeds) != len(nets):
        raise InvalidInputError(f"an ensemble needs networks, and as many seeds; got {len(nets)} and {len(seeds)}")
    alike = [(net.layout, net.activation, net.dtype, net.frozen, net.bias) for net in nets]
    for i, shape in enumerate(alike):
        if shape != alike[0]:
            raise InvalidInputError(
                f"the networks of an ensemble must be of one shape; nets[{i}] is {nets[i]}, nets[0] {nets[0]}"
            )
    epochs = checks.integer(epochs, "epochs", 1)
    given = [options] * len(nets) if isinstance(options, Mapping) else list(options)
    for one in given:
        if unknown := sorted(set(one) - STEP_OPTIONS.keys()):
            raise InvalidInputError(f"options must be of {', '.join(STEP_OPTIONS)}; got {unknown[0]!r}")
    each = [STEP_OPTIONS | dict(one) for one in given]
    if len(each) != len(nets):
        raise InvalidInputError(
            f"options must be one mapping, or one for each of {len(nets)} networks; got {len(each)}"
        )
    data = _Data(nets[0], _listed(X, len(nets), "X"), _listed(y, len(nets), "y"), loss, sample_weight)
    common = {
        "epochs": epochs,
        "shuffle": checks.boolean(shuffle, "shuffle"),
        "drop_last": checks.boolean(drop_last, "drop_last"),
    }
    if choice.resolve(backend) == "cpu":
        return _on_processor(nets, seeds, data, common, each, progress)
    return _on_gpu(nets, seeds, data, common, each, progress)


def _listed(values: Any, count: int, name: str) -> list[Any]:
    """One entry for each training."""
    if any(map(choice.is_device_array, (values, *(values if isinstance(values, (list, tuple)) else ())))):
        raise InvalidInputError(
            f"{name} lies on a GPU; an ensemble takes arrays of this process, and sends each of them once"
        )
    if not isinstance(values, (list, tuple)) or not values or not hasattr(values[0], "shape"):
        return [values] * count
    values = list(values)
    if len(values) != count:
        raise InvalidInputError(f"{name} must be one array, or a list of {count}; got {len(values)}")
    return values


class _Data:
    """Data sets of the trainings, each checked once; `sets` holds every one, `x_of` and `y_of` whose is which."""

    def __init__(self, net: SpectralNetwork, xs: list[Any], ys: list[Any], loss: str, weight: Any) -> None:
        problems: dict[tuple[int, int], cpu.Problem] = {}
        for x, y in zip(xs, ys, strict=True):
            if (id(x), id(y)) not in problems:
                problems[id(x), id(y)] = net.problem(x, y, loss, weight)
        self.of = [problems[id(x), id(y)] for x, y in zip(xs, ys, strict=True)]
        rows = {len(problem.x) for problem in problems.values()}
        if len(rows) > 1:
            raise InvalidInputError(f"the data sets of an ensemble must have as many rows each; got {sorted(rows)}")
        (self.rows,) = rows
        x_numbers = {x: number for number, x in enumerate(dict.fromkeys(x for x, _ in problems))}
        y_numbers = {pair: number for number, pair in enumerate(problems)}
        self.x_of = np.array([x_numbers[id(x)] for x in xs])
        self.y_of = np.array([y_numbers[id(x), id(y)] for x, y in zip(xs, ys, strict=True)])
        first = {x: problem.x for (x, _), problem in reversed(problems.items())}
        self.x = np.stack([first[x] for x in x_numbers])
        self.y = np.stack([problem.y for problem in problems.values()])
        self.labels = np.stack([problem.labels for problem in problems.values()])
        self.weights = self.of[0].weights
        self.loss = loss


def _on_processor(
    nets: list[SpectralNetwork], seeds: list[int], data: _Data, common: dict[str, Any], each: list[dict[str, Any]],
    progress: Callable[[int, int], object] | None,
) -> EnsembleResult:  # fmt: skip
    shape = (len(nets), common["epochs"])
    result = EnsembleResult([], np.full(shape, np.nan), np.full(shape, np.nan), np.full(len(nets), np.nan), [], "cpu")
    for i, (net, problem) in enumerate(zip(nets, data.of, strict=True)):
        target = problem.labels if data.loss == "cross_entropy" else problem.y
        try:
            trained = train(
                net, problem.x, target, loss=data.loss, seed=seeds[i], sample_weight=problem.weights, backend="cpu",
                **common, **each[i],
            )  # fmt: skip
        except DivergenceError as error:
            result.networks.append(None)
            result.failures.append(str(error))
        else:
            result.networks.append(trained.network)
            result.failures.append("")
            result.training_loss[i] = trained.history.training_loss
            result.penalty[i] = trained.history.penalty
            result.loss[i] = trained.network.loss(problem.x, target, data.loss, problem.weights)
        if progress is not None:
            progress((i + 1) * common["epochs"], len(nets) * common["epochs"])
    return result


def _on_gpu(
    nets: list[SpectralNetwork], seeds: list[int], data: _Data, common: dict[str, Any], each: list[dict[str, Any]],
    progress: Callable[[int, int], object] | None,
) -> EnsembleResult:  # fmt: skip
    from spectral_core.backends import gpu

    steppers = []
    for net, problem, options in zip(nets, data.of, each, strict=True):
        steppers.append(stepper_of(net, problem, _fresh(net), **options))
    for name in SAME:
        values = [getattr(stepper, name) for stepper in steppers]
        if not all(np.array_equal(value, values[0]) for value in values):
            raise InvalidInputError(
                "the options of an ensemble may differ in learning rates and strengths of penalties only"
            )
    with gpu.in_order():
        return _in_blocks(nets, seeds, _Blocks(steppers, data, common), common["epochs"], progress)


def _in_blocks(
    nets: list[SpectralNetwork], seeds: list[int], blocks: _Blocks, epochs: int,
    progress: Callable[[int, int], object] | None,
) -> EnsembleResult:  # fmt: skip
    from spectral_core.kernels.support import shuffling

    keys = np.array([shuffling.key_of(seed) for seed in seeds], np.uint64)
    losses, penalties = (np.full((len(nets), epochs), np.nan) for _ in range(2))
    for begin in range(0, epochs, EPOCHS):
        some = slice(begin, min(begin + EPOCHS, epochs))
        losses[:, some], penalties[:, some] = blocks.run(
            shuffling.round_keys(keys, begin + 1, some.stop - begin), some.stop - begin
        )
        if progress is not None:
            progress(some.stop, epochs)
    final, parameters = blocks.judge(), blocks.parameters()
    failures = [_failure(row, flat) for row, flat in zip(losses, parameters, strict=True)]
    networks = [
        None if failure else net.with_parameters(flat)
        for net, flat, failure in zip(nets, parameters, failures, strict=True)
    ]
    final[[bool(failure) for failure in failures]] = np.nan
    return EnsembleResult(networks, losses, penalties, final, failures, "cuda")


def _fresh(net: SpectralNetwork) -> TrainingState:
    from spectral_core.training.loop import TrainingState

    return TrainingState(np.zeros_like(net.parameters), np.zeros_like(net.parameters), 0, 0)


def _failure(losses: np.ndarray, parameters: np.ndarray) -> str:
    """Why there is no network: a loss on the way, or the parameters behind the last step, are no longer finite.

    By hand: whether it is finite. Checked by test_cuda.test_an_ensemble_is_its_trainings_one_by_one.
    """
    broken = np.flatnonzero(~np.isfinite(losses))
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.linalg.norm(parameters)
    if not len(broken) and np.isfinite(size):
        return ""
    epoch = broken[0] + 1 if len(broken) else len(losses)
    return f"the loss diverged in epoch {epoch} ({losses[epoch - 1]}); a smaller learning_rate may help"


class _Blocks:
    """The trainings on the device, between launches."""

    def __init__(self, steppers: list[cpu.Stepper], data: _Data, common: dict[str, Any]) -> None:
        from spectral_core.backends import gpu
        from spectral_core.kernels.cuda import ensemble, one_hidden
        from spectral_core.kernels.support import device, shuffling

        first, replicas = steppers[0], len(steppers)
        layout, real, size = first.layout, first.parameters.dtype, first.batch_size
        self.gpu, self.first, self.data, self.replicas = gpu, first, data, replicas
        self.used = data.rows - data.rows % size if common["drop_last"] else data.rows
        bits = shuffling.bits_of(data.rows)
        self.shuffle = (shuffling.rounds_of(bits), bits) if common["shuffle"] else (0, -1)
        send = gpu.to_device
        self.sets = [send(array) for array in (data.x, data.y, data.labels, data.weights)]
        self.weighted = bool((data.weights != 1).any())
        self.whose = [send(data.x_of), send(data.y_of)]
        steps = common["epochs"] * -(-self.used // size)
        self.tables = [send(np.ascontiguousarray(array)) for array in (
            first.penalised, np.stack([s.strengths for s in steppers]), first.shrunk,
            np.stack([s.thresholds for s in steppers]),
        )]  # fmt: skip
        self.rates = [send(array) for array in (
            first.trainable, np.stack([s.rates for s in steppers]), first.settings,
            cpu.corrections(first.settings, np.arange(1, steps + 1)),
        )]  # fmt: skip
        start = np.stack([s.parameters for s in steppers])
        self.state = [send(start), send(np.zeros_like(start)), send(np.zeros_like(start))]
        self.steps, self.alive = send(np.zeros(replicas, np.int64)), send(np.ones(replicas, np.int64))
        self.batches = [send(np.zeros((replicas, size), np.int64)) for _ in range(2)]
        self.layout = send(layout.table)
        inputs, outputs = layout.widths[0], layout.widths[-1]
        fused = (
            layout.parametrization == "global"
            and len(layout.widths) == 3
            and (inputs, outputs) in tables.ONE_HIDDEN_SIZES
        )
        self.threads = gpu.threads_of(layout.widths[1], device.ONE_HIDDEN_THREADS)
        parts = _fused_parts(layout, size, self.threads)
        fused = fused and (4 * layout.size + sum(parts)) * real.itemsize <= gpu.SHARED_BYTES
        if not fused:
            self.threads, parts = (
                gpu.threads_of(size * max(layout.widths), device.THREADS),
                _general_parts(layout, size),
            )
        general = f"train_{layout.parametrization}"
        self.kernel = getattr(one_hidden, f"train_{inputs}_{outputs}") if fused else getattr(ensemble, general)
        space = 4 * layout.size + sum(parts)
        inside = space * real.itemsize <= gpu.SHARED_BYTES
        self.shared = space * real.itemsize if inside else 0
        self.places = send(np.cumsum([0, *parts[:-1]]))
        self.work = send(np.zeros((1, 1) if inside else (replicas, space), real))

    def run(self, keys: np.ndarray, epochs: int) -> tuple[np.ndarray, np.ndarray]:
        """So many epochs of every training: losses and penalties (trainings, epochs)."""
        return self._launch(keys, epochs, self.used, *self.shuffle, learning=True)

    def judge(self) -> np.ndarray:
        """The loss of each network on all its samples (trainings,)."""
        nothing = np.zeros((self.replicas, 1, 1), np.uint32)
        return self._launch(nothing, 1, self.data.rows, 0, -1, learning=False)[0][:, 0]

    def parameters(self) -> np.ndarray:
        return self.gpu.to_host(self.state[0])

    def _launch(
        self, keys: np.ndarray, epochs: int, used: int, rounds: int, bits: int, *, learning: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        gpu, first = self.gpu, self.first
        told = [gpu.to_device(np.full((self.replicas, epochs), np.nan, first.parameters.dtype)) for _ in range(2)]
        gpu.launch(
            self.kernel, self.replicas, self.threads, self.shared,
            (
                *self.sets, self.weighted, *self.whose, gpu.to_device(keys), rounds, bits, used, first.batch_size,
                self.layout, tables.ACTIVATIONS.index(first.activation), tables.LOSSES.index(self.data.loss), learning,
                *self.tables, tables.OPTIMIZERS.index(first.optimizer), *self.rates, *self.state, self.steps, self.alive,
                self.places, self.shared > 0, self.work, *self.batches, *told,
            ),
        )  # fmt: skip
        losses, penalties = (gpu.to_host(array).astype(np.float64) for array in told)
        return losses, penalties


def _general_parts(layout: Any, samples: int) -> list[int]:
    """Numbers in u, z, ∂ℓ/∂u of all layers, M and ∂ℓ/∂M, one layer's scratch, targets, weights of a mini-batch."""
    widths, blocks = layout.widths, 2 * layout.largest_block
    return [*[samples * sum(widths)] * 3, blocks, samples * max(widths), samples * widths[-1], samples]


def _fused_parts(layout: Any, samples: int, threads: int) -> list[int]:
    """Numbers in inputs, outputs, shares of outputs, targets, weights of a mini-batch."""
    inputs, outputs = layout.widths[0], layout.widths[-1]
    return [samples * inputs, samples * outputs, max(4 * threads, samples) * outputs, samples * outputs, samples]
