"""On a GPU: agreement with the processor, then times. `python -m benchmarks.gpu`, which writes `benchmarks/gpu.md`.

Every kind of training runs on both, from one start and in the same mini-batches, and must stay within the stated tolerance;
only then anything is timed. Peers (PyTorch eager and compiled, JAX) run on the same device, in float32 without TF32, where
they are installed. `--agreement` stops before the times; `--quick` makes everything small, for the simulator.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.ours import Ours, spectral
from benchmarks.rows import Row, row, timed
from benchmarks.table import markdown, write
from benchmarks.tasks import LARGE, SMALL, Task
from spectral_core import SpectralNetwork, train
from spectral_core.backends import choice
from spectral_core.backends.problem import Stepper
from spectral_core.training.ensemble import train_ensemble

PAGE = Path(__file__).parent / "gpu.md"
TOLERANCES = {"float64": 1e-9, "float32": 2e-4}
"""Of parameters and losses after some tens of steps, relative to the greatest of them: sums are taken in another order."""
OPTIONS = {"learning_rate": 0.01, "epsilon": 1e-3, "penalty_strength": 1e-3, "eigenvector_penalty": 1e-4}
"""A great epsilon: with a small one Adam takes whole steps along gradients that are nothing but rounding."""


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    widths: tuple[int, ...]
    hidden: int
    rows: int
    batch: int
    epochs: int


FULL = Size((20, 130, 70, 4), 300, 1000, 96, 3)
QUICK = Size((3, 4, 3, 2), 5, 9, 4, 1)


KINKED = 5e-3
"""Allowed for the parameters of relu in float32: a sample within rounding of a kink may take its other side on the device, and
moves the parameters of that neuron. In float64 none did."""


def relative(here: Any, there: Any) -> float:
    """The greatest difference by the greatest number."""
    here, there = np.asarray(here, np.float64), np.asarray(there, np.float64)
    return float(np.abs(here - there).max() / np.abs(here).max())


def started(net: SpectralNetwork, seed: int) -> SpectralNetwork:
    """Not from the linear seed, where half of all gradients are 0 but for rounding."""
    noise = np.random.default_rng(seed).uniform(-0.3, 0.3, net.n_parameters)
    return net.with_parameters((net.parameters + noise).astype(net.dtype), frozen=())


def agreement(size: Size) -> Iterator[tuple[str, float, float]]:
    """What was compared, the relative difference, what is allowed."""
    generator = np.random.default_rng(0)
    x = generator.uniform(-1, 1, (size.rows, size.widths[0]))
    outputs = size.widths[-1]
    targets: dict[str, Any] = {name: generator.uniform(0.1, 0.9, (size.rows, outputs)) for name in (
        "squared_error", "huber", "poisson", "binary_cross_entropy")}  # fmt: skip
    targets["cross_entropy"] = generator.integers(0, outputs, size.rows)
    kinds = ("group", "l1", "l2")
    if size is QUICK:
        targets = {name: targets[name] for name in ("squared_error", "cross_entropy")}
    for dtype, allowed in list(TOLERANCES.items())[1 if size is QUICK else 0 :]:
        for parametrization in ("global", "layerwise", "direct"):
            for number, (loss, y) in enumerate(targets.items()):
                net = SpectralNetwork.initialize(
                    size.widths, parametrization=parametrization, activation="elu", dtype=dtype, bias=True, seed=1
                )
                options = OPTIONS | {"penalty": kinds[number % 3], "proximal": number == 1, "batch_size": size.batch}
                options |= {"optimizer": "sgd", "momentum": 0.9, "nesterov": True} if number == 2 else {}
                common = {"loss": loss, "epochs": size.epochs, "seed": 5, **options}
                here, there = (train(started(net, 2), x, y, backend=place, **common) for place in ("cpu", "cuda"))
                name = f"{parametrization} {loss} {dtype}"
                yield f"wide {name}", relative(here.network.parameters, there.network.parameters), allowed
                yield f"wide losses {name}", relative(here.history.training_loss, there.history.training_loss), allowed
        yield from _ensembles(size, dtype, allowed)


def _ensembles(size: Size, dtype: str, allowed: float) -> Iterator[tuple[str, float, float]]:
    generator = np.random.default_rng(1)
    forms = [("global", (inputs, size.hidden, outputs)) for inputs, outputs in ((2, 1), (3, 1), (4, 1), (3, 2))]
    forms += [(parametrization, (4, 7, 5, 2)) for parametrization in ("global", "layerwise", "direct")]
    for parametrization, widths in forms:
        for activation in ("tanh",) if size is QUICK else ("relu", "tanh", "swish"):
            x = generator.uniform(-1, 1, (size.rows, widths[0]))
            ys = [generator.uniform(-1, 1, (size.rows, widths[-1])) for _ in range(3)]
            nets = [
                started(SpectralNetwork.initialize(
                    widths, parametrization=parametrization, activation=activation, bias=False, dtype=dtype, seed=seed
                ), seed)
                for seed in range(3)
            ]  # fmt: skip
            here, there = (
                train_ensemble(
                    nets,
                    x,
                    ys,
                    seeds=range(3),
                    epochs=size.epochs,
                    options=OPTIONS | {"batch_size": size.batch},
                    backend=place,
                )
                for place in ("cpu", "cuda")
            )
            name = f"{parametrization} {'-'.join(map(str, widths))} {activation} {dtype}"
            differences = [
                relative(a.parameters, b.parameters)
                for a, b in zip(here.networks, there.networks, strict=True)
                if a is not None and b is not None
            ]
            assert len(differences) == len(nets), f"{name}: {here.failures} {there.failures}"
            kinked = (activation, dtype) == ("relu", "float32")
            yield f"ensemble {name}", max(differences), KINKED if kinked else allowed
            yield f"ensemble losses {name}", relative(here.training_loss, there.training_loss), allowed


# --- times ------------------------------------------------------------------------------------------------------------


def peaks() -> tuple[list[Row], float, float]:
    """What the device does at most, by its libraries: flop/s of a float32 product, bytes/s of a copy."""
    from spectral_core.backends import gpu

    library = gpu.array_module()
    n, many = 8192, 2**29
    generator = np.random.default_rng(0)
    a, b = (library.asarray(generator.uniform(-1, 1, (n, n)).astype(np.float32)) for _ in range(2))
    out, source = library.empty((n, n), np.float32), library.zeros(many, np.float32)
    copy = library.empty_like(source)
    product = 2 * n**3 / _seconds(lambda: library.matmul(a, b, out=out))
    moved = 2 * 4 * many / _seconds(lambda: library.copyto(copy, source))
    rows = [
        row("rate of a float32 product of 8192 by 8192 (cuBLAS, no TF32)", product / 1e12, "Tflop/s"),
        row("rate of a copy of 2 GiB, read and written", moved / 1e12, "TB/s"),
    ]
    return rows, product, moved


def _seconds(work: Callable[[], object], repeats: int = 10) -> float:
    """The median of single runs, each waited for."""
    from spectral_core.backends import gpu

    times = []
    for _ in range(repeats + 2):
        gpu.synchronize()
        start = time.perf_counter()
        work()
        gpu.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


class OnDevice(Ours):
    """Ours in the launches of `wide`."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, spectral(task))

    def _stepper(self) -> Stepper:
        from spectral_core.backends.cuda import CudaStepper

        return CudaStepper(self.arrays, *self._start())


def steps(task: Task, name: str, product: float, bandwidth: float, quick: bool) -> list[Row]:
    """Seconds of a step: ours, and every peer that is installed."""
    runners: dict[str, Callable[[], Any]] = {"ours (launches)": lambda: OnDevice(task)}
    if importlib.util.find_spec("torch"):
        import torch

        from benchmarks.peers import torch_dense, torch_m7, torch_published

        device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.backends.cuda.matmul.allow_tf32 = False
        runners |= {
            "PyTorch, published way": lambda: torch_published.make(task, device),
            "PyTorch, published way as printed": lambda: torch_published.make_as_printed(task, device),
            "PyTorch compiled, published way": lambda: torch_published.make(task, device).compiled(),
            "PyTorch, M7": lambda: torch_m7.make(task, device),
            "PyTorch compiled, M7": lambda: torch_m7.make(task, device).compiled(),
            "PyTorch, dense network": lambda: torch_dense.make(task, device),
        }
    if importlib.util.find_spec("jax"):
        import jax

        from benchmarks.peers import jax_m7

        jax.config.update("jax_default_matmul_precision", "highest")
        runners["JAX, M7"] = lambda: jax_m7.make(task)
    rows, medians = [], {}
    for label, make in runners.items():
        peer = make()
        peer.run(1)
        epochs = 1 if quick else max(1, round(0.5 / peer.run(1)))
        times = [peer.run(epochs) / (epochs * task.steps) for _ in range(2 if quick else 7)]
        rows.append(timed(f"{name}: a step, {label}", times))
        medians[label] = statistics.median(times)
    ours = medians.pop("ours (launches)")
    rows += [row(f"{name}: ours faster than {label}", seconds / ours, "×") for label, seconds in medians.items()]
    parameters = spectral(task).n_parameters
    # Read and written once: parameters, both moments, gradient; φ for M and again for its gradient, M and ∂M twice.
    least = 4 * (2 * 4 * parameters + 8 * parameters)
    rows.append(row(f"{name}: share of that product's rate in our step", task.flops / ours / product))
    rows.append(
        row(f"{name}: share of that copy's rate in our step, by the bytes it must move", least / ours / bandwidth)
    )
    return rows


def first_experiment(quick: bool) -> list[Row]:
    """All 4,200 trainings, in memory; evaluation and everything else included."""
    from spectral_core.experiments.sparcs_first import experiment as sparcs_first
    from spectral_core.experiments.sparcs_first.results import comparisons
    from spectral_core.sweeps import runner

    some = {"runs": 1, "alphas": (0.0, 1.0), "betas": (5.0,), "epochs": 1, "points": 20, "hidden": 4} if quick else {}
    chosen = sparcs_first.experiment(**some)
    start = time.perf_counter()
    result = runner.run(chosen, backend="cuda", jobs=1)
    seconds = time.perf_counter() - start
    steps = len(result.rows) * chosen.settings["epochs"] * math.ceil(chosen.settings["points"] / 100)
    beyond = sum(one.beyond for one in comparisons(result.rows))
    return [
        row(
            f"P1{'' if quick else ' complete'}: {len(result.rows):,} trainings",
            seconds,
            "s",
            at_most=None if quick else 60,
        ),
        row("P1: optimizer steps a second", steps / seconds / 1e6, "million"),
        row("P1: values of the reference beyond the spread of our runs", beyond, "of 20", "2 by chance is rare"),
    ]


def times(quick: bool) -> Iterator[list[Row]]:
    """Group by group, so that what was measured is on the screen if a later group fails."""
    yield first_experiment(quick)
    if not quick:
        ceilings, product, bandwidth = peaks()
        yield ceilings
        yield steps(SMALL, "P1 step (3-300-1, batch 100)", product, bandwidth, False)
        yield steps(LARGE, "P2 step (20-2000-2000-20, batch 1024)", product, bandwidth, False)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--agreement", action="store_true", help="compare with the processor, and time nothing")
    parser.add_argument("--quick", action="store_true", help="small sizes, and no file is written")
    options = parser.parse_args(arguments)
    if why := choice.unavailable_because():
        print(f"no GPU: {why}", file=sys.stderr)
        return 2
    from spectral_core.backends import gpu

    worst: dict[tuple[str, float], float] = {}
    wrong = 0
    for what, difference, allowed in agreement(QUICK if options.quick else FULL):
        fine = difference <= allowed
        wrong += not fine
        dtype = what.rsplit(" ", 1)[1]
        worst[dtype, allowed] = max(worst.get((dtype, allowed), 0.0), difference)
        print(f"{what:<70} {difference:.1e} of {allowed:.0e} {'' if fine else 'TOO MUCH'}", flush=True)
    print(f"{wrong} beyond their tolerance")
    if wrong or options.agreement:
        return 1 if wrong else 0
    rows = [
        row(
            f"largest difference to the CPU, {dtype}{', relu' if allowed == KINKED else ''}",
            difference,
            "",
            at_most=allowed,
        )
        for (dtype, allowed), difference in worst.items()
    ]
    for more in times(options.quick):
        print(markdown(more), flush=True)
        rows += more
    where = f"Measured {datetime.date.today().isoformat()} on {gpu.name()} by `python -m benchmarks.gpu`."
    text = f"# Measurements on a GPU\n\n{where}\n\n{markdown(rows)}"
    print(text)
    if not options.quick:
        write(PAGE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
