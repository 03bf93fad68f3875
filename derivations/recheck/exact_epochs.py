"""An epoch of each backend against the loop of the papers: compiled for the CPU, in numba-cuda's simulator for CUDA.

Every program of an epoch has two trainings. One has dyadic numbers and no roots, exponentials or quotients, so that its
results must be equal to fractions bit for bit; the other has everything else and is compared with 50 digits.

`python -m derivations.recheck.exact_epochs`, run with ``NUMBA_ENABLE_CUDASIM=1``, compares the CUDA kernels and prints one line
of JSON for each; that variable holds for a whole process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from derivations.recheck import exact_papers as papers
from derivations.recheck.exact_comparison import Check, Comparison, floats, run
from derivations.recheck.exact_device import TRAININGS, WIDE
from derivations.recheck.exact_papers import Group, Training
from spectral_core.backends import cpu
from spectral_core.backends.problem import Problem, StepArrays
from spectral_core.kernels import tables
from spectral_core.kernels.support.layout import Layout

F = Fraction
ULPS = 32.0
"""The error allowed after an epoch, in ulp of max(1, |truth|)."""
WEIGHTS = [F(3), F(1), F(0), F(0), F(2)]
"""Of the samples: three mini-batches of two, the second without weight."""
ONE_BATCH = [F(3), F(1), F(0), F(0), F(0)]
"""After one step numbers have too many digits for a second one without rounding."""


@dataclass(frozen=True)
class Form:
    """One compiled epoch: its name, its network, what the training at 50 digits consists of, the penalty of both."""

    name: str
    parametrization: str
    widths: tuple[int, ...]
    activation: str
    loss: str
    optimizer: str
    penalty: str
    proximal: bool = False

    @property
    def layout(self) -> Layout:
        layers = len(self.widths)
        pairs = tuple((i, j) for i in range(2, layers + 1) for j in range(1, i))
        return Layout(self.parametrization, self.widths, pairs if self.parametrization == "direct" else ())


FORMS = (
    Form("global", "global", (2, 2, 2, 2), "tanh", "cross_entropy", "adam", "group"),
    Form("layerwise", "layerwise", (2, 3, 1), "tanh", "huber", "nesterov", "l1", proximal=True),
    Form("direct", "direct", (2, 2, 1, 2), "tanh", "poisson", "adam", "group", proximal=True),
    Form("2_1", "global", (2, 3, 1), "tanh", "squared_error", "sgd", "l2", proximal=True),
    Form("3_1", "global", (3, 2, 1), "tanh", "binary_cross_entropy", "adam", "l1"),
    Form("4_1", "global", (4, 2, 1), "tanh", "squared_error", "adam", "group", proximal=True),
    Form("3_2", "global", (3, 2, 2), "tanh", "cross_entropy", "nesterov", "l2"),
)
"""One for each program; together they have every loss, penalty and optimizer."""


def form_of(name: str) -> Form:
    return next(form for form in FORMS if form.name == name)


def exact(form: Form, comparison: Comparison) -> Training:
    """Squared errors, SGD, decay, and the L1 penalty: sums and products of dyadic numbers."""
    groups = _groups(form, "l1", (F(1, 4), F(1, 8)), F(1, 2), F(1, 2))
    x, y = _data(form, comparison, comparison.whole, "squared_error")
    return Training(
        form.layout, "relu", "squared_error", groups, x, y, ONE_BATCH, 2, [F(1), F(1, 2), F(1)], momentum=F(1, 2)
    )


def rich(form: Form, comparison: Comparison) -> Training:
    """The form's own loss, penalty and optimizer, with a limit of the norm, smoothed labels and a schedule."""
    groups = _groups(form, form.penalty, (F(1, 16), F(1, 32)), F(1, 4), F(3, 4))
    x, y = _data(form, comparison, lambda: comparison.dyadic(-12, 12, 16), form.loss)
    momentum = None if form.optimizer == "adam" else F(5, 8)
    training = Training(form.layout, form.activation, form.loss, groups, x, y, WEIGHTS, 2, [F(3, 4), F(1, 2), F(1)])
    training = replace(training, momentum=momentum, nesterov=form.optimizer == "nesterov", limit=F(1, 2))
    smoothed = form.loss.endswith("cross_entropy")
    return replace(training, betas=(F(3, 4), F(7, 8)), epsilon=F(1, 64), smoothing=F(3, 8) if smoothed else F(0))


def _groups(form: Form, kind: str, rates: tuple[F, F], decay: F, strength: F) -> tuple[Group, ...]:
    """The penalised groups have a rate of their own and no decay."""
    layout = form.layout
    spectral, found = layout.spectral_groups(), []
    for name, group in layout.groups.items():
        if name in spectral:
            found.append(Group(group.start, group.stop, rates[1], F(0), kind, strength, form.proximal))
        else:
            found.append(Group(group.start, group.stop, rates[0], decay))
    return tuple(found)


def _data(form: Form, comparison: Comparison, draw: Callable[[], Any], loss: str) -> tuple[list[Any], list[Any]]:
    """Random x; labels, labels of several outputs, or counts, whichever the loss takes."""
    x = [[draw() for _ in range(form.widths[0])] for _ in WEIGHTS]
    if loss == "cross_entropy":
        return x, [comparison.values.randrange(form.widths[-1]) for _ in WEIGHTS]
    most = 1 if loss == "binary_cross_entropy" else 3
    return x, [[F(comparison.values.randint(0, most)) for _ in range(form.widths[-1])] for _ in WEIGHTS]


def digits(number: Any) -> Any:
    """A rational as a number of mpmath."""
    return mpmath.mpf(number.numerator) / number.denominator


def of_mpmath(training: Training) -> Training:
    """The same training in numbers of mpmath."""
    groups = tuple(
        replace(g, rate=digits(g.rate), decay=digits(g.decay), strength=digits(g.strength)) for g in training.groups
    )
    rows = training.loss != "cross_entropy"
    numbers = ("weights", "factors", "betas")
    single = ("epsilon", "smoothing", "limit", *(("momentum",) if training.momentum is not None else ()))
    return replace(
        training,
        groups=groups,
        x=[list(map(digits, row)) for row in training.x],
        y=[list(map(digits, row)) for row in training.y] if rows else training.y,
        **{name: type(getattr(training, name))(map(digits, getattr(training, name))) for name in numbers},
        **{name: digits(getattr(training, name)) for name in single},
    )


def arrays_of(training: Training) -> StepArrays:
    """The training in the form of the backends."""
    layout, rows, groups = training.layout, len(training.x), training.groups
    labelled = training.loss == "cross_entropy"
    y = np.empty((0, layout.widths[-1])) if labelled else floats(training.y)
    labels = np.array(training.y if labelled else [], np.int64)
    problem = Problem(floats(training.x), y, labels, floats(training.weights), training.loss)
    given = {"epsilon": training.epsilon, "momentum": training.momentum or 0, "nesterov": F(training.nesterov)}
    given |= {"beta1": training.betas[0], "beta2": training.betas[1]}
    given |= {"smoothing": training.smoothing, "clip_norm": training.limit}
    penalised = [g for g in groups if g.penalty and not g.proximal]
    shrunk = [g for g in groups if g.penalty and g.proximal]

    def places(chosen: list[Group]) -> np.ndarray:
        table = [[g.begin, g.end, tables.PENALTIES.index(g.penalty)] for g in chosen]
        return np.array(table, np.int64).reshape(-1, 3)

    return StepArrays(
        layout=layout,
        activation=training.activation,
        problem=problem,
        batch_size=min(training.batch_size, rows),
        penalised=places(penalised),
        strengths=floats([g.strength for g in penalised]),
        shrunk=places(shrunk),
        thresholds=floats([g.rate * g.strength for g in shrunk]),
        optimizer="adam" if training.momentum is None else "sgd",
        trainable=np.array([[g.begin, g.end] for g in groups], np.int64),
        rates=floats([g.rate for g in groups]),
        decays=floats([g.decay for g in groups]),
        settings=floats([F(given[name]) for name in tables.SETTINGS]),
    )


Runner = Callable[[StepArrays, np.ndarray, np.ndarray], tuple[np.ndarray, float, float]]
"""One epoch of a backend: arrays, parameters, factors -> parameters, mean loss, mean penalty."""


def on_cpu(arrays: StepArrays, theta: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, float, float]:
    stepper = cpu.CpuStepper(arrays, theta, np.zeros_like(theta), np.zeros_like(theta))
    loss, penalty = stepper.epoch(np.arange(len(arrays.problem.x)), factors)
    return stepper.parameters, loss, penalty


def check(form: Form, runner: Runner) -> Check:
    """Both trainings of a form on a backend."""

    def compare(comparison: Comparison) -> None:
        training, theta = exact(form, comparison), [F(comparison.whole()) for _ in range(form.layout.size)]
        got = runner(arrays_of(training), floats(theta), floats(training.factors))
        for what, ours, truth in zip(RESULTS, got, papers.epoch(training, theta), strict=True):
            comparison.equal(f"dyadic numbers: {what}", ours, truth)
        training, theta = rich(form, comparison), [comparison.dyadic(-15, 15, 16) for _ in theta]
        got = runner(arrays_of(training), floats(theta), floats(training.factors))
        truth = papers.epoch(of_mpmath(training), list(map(digits, theta)))
        for what, mine, exactly in zip(RESULTS, got, truth, strict=True):
            wanted = exactly if isinstance(exactly, list) else [exactly]
            for place, (a, b) in enumerate(zip(np.ravel(np.asarray(mine)).tolist(), wanted, strict=True)):
                comparison.close(f"{form.loss}: {what}[{place}]", a, b, ULPS, least=1.0)

    return compare


RESULTS = ("parameters", "mean loss", "mean penalty")


COMPILED = ("global", "direct", "3_1")
"""Compiled as a whole. Of the others, printed from the same templates, the parts are compiled, which takes less time."""


def on_cpu_by_parts(arrays: StepArrays, theta: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The loop of the epoch as plain Python, which calls compiled functions."""
    compiled = cpu.fastest_epoch
    cpu.fastest_epoch = lambda layout: getattr(compiled(layout), "py_func", compiled(layout))
    try:
        return on_cpu(arrays, theta, factors)
    finally:
        cpu.fastest_epoch = compiled


CPU_CHECKS: dict[str, Check] = {
    f"epoch_{form.name}": check(form, on_cpu if form.name in COMPILED else on_cpu_by_parts) for form in FORMS
}


# --- CUDA -------------------------------------------------------------------------------------------------------------


def on_device(arrays: StepArrays, theta: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, float, float]:
    """One network on the whole device, `kernels.cuda.wide`."""
    from spectral_core.backends.cuda import CudaStepper

    stepper = CudaStepper(arrays, theta, np.zeros_like(theta), np.zeros_like(theta))
    loss, penalty = stepper.epoch(np.arange(len(arrays.problem.x)), factors)
    return stepper.parameters, loss, penalty


def in_a_block(arrays: StepArrays, theta: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, float, float]:
    """One training in one block of threads, `kernels.cuda.ensemble` or `kernels.cuda.one_hidden`."""
    from spectral_core.backends.cuda_ensemble import CudaEnsemble, Schedule

    trainings = CudaEnsemble([arrays], [theta], Schedule(1, False, False, factors))
    losses, penalties = trainings.run(np.zeros((1, 1, 1), np.uint32), 1)
    return trainings.parameters()[0], float(losses[0, 0]), float(penalties[0, 0])


def device_checks() -> dict[str, Check]:
    """Every CUDA program by name: the wide ones of each parametrization, and each whole training."""
    wide = {f"wide_{name}": check(form_of(name), on_device) for name in WIDE}
    return wide | {f"train_{name}": check(form_of(name), in_a_block) for name in TRAININGS}


def main() -> None:
    """Prints the evidence for each CUDA program, or for those that are named, as a line of JSON."""
    checks = device_checks()
    for name in sys.argv[1:] or checks:
        comparison = checks[name]
        print(json.dumps(asdict(run(name, comparison, 0))), flush=True)


if __name__ == "__main__":
    main()
