"""Trainings by the CUDA kernels against the loops from the papers: `python -m tests.kernels.cuda.simulated [NAME ...]`.

Run with ``NUMBA_ENABLE_CUDASIM=1`` the kernels are numba-cuda's simulation, in a process of their own since that holds for a
whole process; without, they run on the GPU. Prints one line of JSON for each check: its name, and what went wrong or "".
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spectral_core.data.images import load_images
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import ONE_HIDDEN_SIZES
from spectral_core.networks.cells import Cell
from spectral_core.networks.image import ImageNetwork
from spectral_core.training import ensemble as ensembles
from spectral_core.training.ensemble import train_ensemble
from spectral_core.training.trainer import train
from tests import oracles
from tests.builders import Truth, eigenvalues, model_of, network
from tests.oracles import Model

SAMPLES, BATCH, EPOCHS, SEED = 5, 4, 2, 11
DECAY, LIMIT, SMOOTHING = 0.3, 0.2, 0.4
# The last mini-batch has one sample: several threads share it where a network has one hidden layer.


@dataclass(frozen=True)
class Case:
    """One training. `form` is a parametrization, or the sizes of a network of one hidden layer with kernels of its own.

    `more`: with weight decay, a limit of the gradient's norm and smoothed labels.
    """

    form: str | tuple[int, int]
    activation: str | tuple[str, ...]
    loss: str
    penalty: str
    optimizer: str = "adam"
    weighted: bool = False
    proximal: bool = False
    shuffle: bool = True
    schedule: str = "constant"
    more: bool = False

    @property
    def name(self) -> str:
        form = self.form if isinstance(self.form, str) else "{}_{}".format(*self.form)
        functions = self.activation if isinstance(self.activation, str) else "+".join(self.activation)
        return f"{form}-{functions}-{self.loss}-{self.penalty}{'-proximal' * self.proximal}-{self.optimizer}"

    @property
    def model(self) -> Model:
        if isinstance(self.form, str):
            return model_of(self.form, self.activation, (3, 3, 2, 2))
        return Model("global", (self.form[0], 5, self.form[1]), self.activation, bias=self.form != (2, 1))

    @property
    def options(self) -> dict[str, Any]:
        common = {"batch_size": BATCH, "penalty": self.penalty, "penalty_strength": 0.03, "proximal": self.proximal}
        common |= {"learning_rate": 0.05, "eigenvalue_learning_rate": 0.02, "eigenvector_penalty": 0.02}
        if self.schedule != "constant":
            common |= {"schedule": self.schedule, "warmup": 0.5, "final_rate": 0.1}
        if self.more:
            common |= {"weight_decay": DECAY, "clip_norm": LIMIT, "label_smoothing": SMOOTHING}
        if self.optimizer == "adam":
            return common | {"optimizer": "adam", "betas": (0.8, 0.95), "epsilon": 1e-3}
        return common | {"optimizer": "sgd", "momentum": 0.7, "nesterov": self.optimizer == "nesterov"}


CASES = (
    Case("global", "tanh", "squared_error", "group", weighted=True, schedule="cosine"),
    Case(
        "global", ("swish", "tanh"), "cross_entropy", "l1", "nesterov", proximal=True, schedule="one_cycle", more=True
    ),
    Case("layerwise", "sigmoid", "huber", "l2", "sgd", shuffle=False),
    Case("layerwise", ("elu", "sigmoid"), "binary_cross_entropy", "group", proximal=True, schedule="cosine", more=True),
    Case("direct", ("gelu", "tanh"), "poisson", "group", "sgd"),
    Case("direct", "identity", "cross_entropy", "l1", weighted=True),
    Case((2, 1), "relu", "huber", "l2", proximal=True, schedule="cosine"),
    Case((3, 1), "relu", "squared_error", "group"),
    Case((3, 1), "tanh", "binary_cross_entropy", "group", "nesterov", weighted=True, schedule="one_cycle", more=True),
    Case((4, 1), "leaky_relu", "poisson", "l1", "sgd"),
    Case((3, 2), "swish", "cross_entropy", "group", proximal=True, more=True),
)


def truth_of(case: Case, theta: np.ndarray, x: Any, y: Any, weight: Any, seed: int) -> tuple[np.ndarray, Any, Any]:
    """Parameters, losses and penalties of the loop from the papers, mini-batches in the order that a seed gives."""
    model = case.model
    rates = np.where(eigenvalues(model), 0.02, 0.05)
    truth = Truth(model, x, y, BATCH, case.loss, case.penalty, 0.03, weight, 0.02, rates if case.proximal else None)
    orders = [oracles.order_of_samples(seed, e, SAMPLES) if case.shuffle else range(SAMPLES) for e in (1, 2)]
    truth.rows = [np.array(order[start : start + BATCH]) for order in orders for start in range(0, SAMPLES, BATCH)]
    steps = len(truth.rows)
    decay = DECAY * ~eigenvalues(model) if case.more else 0.0
    if case.more:
        truth.limit, truth.smoothing = LIMIT, SMOOTHING
    if case.schedule != "constant":
        truth.factors = [oracles.rate_factor(case.schedule, 0.5, 0.1, steps, step) for step in range(steps)]

    def rate(step: int) -> np.ndarray:
        return rates if truth.factors is None else truth.factors[step] * rates

    if case.optimizer == "adam":
        final = oracles.adam(theta, truth.slope, steps, rate, 0.8, 0.95, 1e-3, truth.shrink, decay)
    else:
        final = oracles.sgd(theta, truth.slope, steps, rate, 0.7, case.optimizer == "nesterov", truth.shrink, decay)
    weights = np.array([len(rows) if weight is None else weight[rows].sum() for rows in truth.rows]).reshape(EPOCHS, -1)
    losses = (np.reshape(truth.losses, (EPOCHS, -1)) * weights).sum(axis=1) / weights.sum(axis=1)
    return final, losses, np.reshape(truth.penalties, (EPOCHS, -1)).mean(axis=1)


def problem_of(case: Case, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, Any]:
    generator = np.random.default_rng(seed)
    theta = generator.uniform(-1, 1, case.model.size)
    x = generator.uniform(-1, 1, (SAMPLES, case.model.n_features))
    y = oracles.targets(case.loss, generator, SAMPLES, case.model.widths[-1])
    return theta, x, y, generator.uniform(0.5, 2, SAMPLES) if case.weighted else None


def same(what: str, ours: Any, truth: Any, tolerance: float = 1e-11) -> None:
    np.testing.assert_allclose(ours, truth, rtol=tolerance, atol=tolerance, err_msg=what)


def wide(case: Case) -> None:
    theta, x, y, weight = problem_of(case, SEED)
    net = network(case.model, theta, frozen=())
    result = train(
        net, x, y, loss=case.loss, epochs=EPOCHS, sample_weight=weight, shuffle=case.shuffle, seed=SEED, backend="cuda",
        validation_data=(x, y), **case.options,
    )  # fmt: skip
    final, losses, penalties = truth_of(case, theta, x, y, weight, SEED)
    same("parameters", result.network.parameters, final)
    same("training loss", result.history.training_loss, losses)
    same("penalty", result.history.penalty, penalties)
    validation_loss = case.model.loss(final, x, y, case.loss)
    same("validation loss", result.history.validation_loss[-1], validation_loss)
    again = train(
        net,
        x,
        y,
        loss=case.loss,
        epochs=EPOCHS,
        sample_weight=weight,
        shuffle=case.shuffle,
        seed=SEED,
        backend="cpu",
        **case.options,
    )
    for moment in ("first_moment", "second_moment"):
        same(moment, getattr(result.state, moment), getattr(again.state, moment))
    assert result.state.step == again.state.step


def ensemble(case: Case) -> None:
    """Every second case with a launch for each epoch."""
    ensembles.EPOCHS = 1 if case.weighted or case.proximal else 10
    theta, x, y, weight = problem_of(case, SEED)
    other, _, target, _ = problem_of(case, SEED + 1)
    nets = [network(case.model, start, frozen=()) for start in (theta, other, theta)]
    ys, seeds = [y, target, target], [SEED, SEED, SEED + 5]
    result = train_ensemble(
        nets, [x, x.copy(), x] if case.proximal else x, ys, seeds=seeds, loss=case.loss, epochs=EPOCHS, sample_weight=weight, shuffle=case.shuffle, backend="cuda",
        options=case.options,
    )  # fmt: skip
    assert result.backend == "cuda"
    for i, (start, of, seed) in enumerate(zip((theta, other, theta), ys, seeds, strict=True)):
        final, losses, penalties = truth_of(case, start, x, of, weight, seed)
        found = result.networks[i]
        assert found is not None
        assert not result.failures[i]
        same(f"parameters of training {i}", found.parameters, final)
        same(f"losses of training {i}", result.training_loss[i], losses)
        same(f"penalties of training {i}", result.penalty[i], penalties)
        same(f"loss of network {i}", result.loss[i], case.model.loss(final, x, of, case.loss, weight))


def device_arrays() -> None:
    """An array with `__cuda_array_interface__` is taken as it is, and outputs are those of the processor."""
    from spectral_core.backends import cuda, gpu
    from spectral_core.kernels.support import device

    case = CASES[0]
    theta, x, y, _ = problem_of(case, SEED)
    net = network(case.model, theta, frozen=())
    here = gpu.to_device(x)
    there = SimpleNamespace(__cuda_array_interface__=here.__array_interface__) if device.SIMULATED else here
    assert (
        cuda.features(there, net.dtype, x.shape[1]).__array_interface__["data"] == here.__array_interface__["data"]
        if (device.SIMULATED)
        else cuda.features(there, net.dtype, x.shape[1]).data.ptr == here.data.ptr
    )
    same("forward", gpu.to_host(net.forward(there)), net.forward(x))
    same("loss", net.loss(there, y), net.loss(x, y))
    value, slopes = net.loss_and_gradients(there, y)
    expected, truth = net.loss_and_gradients(x, y)
    same("loss", value, expected)
    same("gradient", slopes.flat, truth.flat)
    options = {"epochs": 1, "batch_size": BATCH, "seed": SEED}
    same(
        "a training", train(net, there, y, backend="cuda", **options).network.parameters,
        train(net, x, y, backend="cpu", **options).network.parameters,
    )  # fmt: skip


def diverging() -> None:
    """One training of an ensemble diverges; the others are what they are without it."""
    case = CASES[7]
    theta, x, y, _ = problem_of(case, SEED)
    nets = [network(case.model, start, frozen=(), dtype="float32") for start in (theta, 1e30 * theta)]
    result = train_ensemble(nets, x, y, seeds=[1, 2], epochs=EPOCHS, options=case.options, backend="cuda")
    alone = train_ensemble(nets[:1], x, y, seeds=[1], epochs=EPOCHS, options=case.options, backend="cuda")
    assert result.networks[1] is None
    assert "diverged in epoch 1" in result.failures[1]
    assert np.isnan([result.loss[1], result.training_loss[1, 1]]).all()
    assert result.networks[0] is not None
    assert alone.networks[0] is not None
    np.testing.assert_array_equal(result.networks[0].parameters, alone.networks[0].parameters)


def single_precision(case: Case) -> None:
    """float32 on the device against float32 on the processor: a few roundings apart."""
    theta, x, y, _ = problem_of(case, SEED)
    net = network(case.model, theta, frozen=(), dtype="float32")
    results = [
        train_ensemble([net], x, y, seeds=[SEED], loss=case.loss, epochs=EPOCHS, options=case.options, backend=backend)
        for backend in ("cpu", "cuda")
    ]
    there, here = (result.networks[0] for result in reversed(results))
    assert there is not None
    assert here is not None
    assert there.dtype == np.float32
    same("parameters", there.parameters, here.parameters, 3e-5)


def diverging_at_the_end() -> None:
    """The last step of all leaves parameters that are not finite: that training has no network, the other has."""
    case = CASES[6]
    theta, x, y, _ = problem_of(case, SEED)
    nets = [network(case.model, theta, frozen=(), dtype="float32")] * 2
    options = [{"batch_size": SAMPLES, "optimizer": "sgd", "learning_rate": rate} for rate in (0.01, 3e38)]
    result = train_ensemble(nets, x, y, seeds=[1, 2], epochs=1, options=options, backend="cuda")
    assert result.networks[0] is not None
    assert result.networks[1] is None
    assert "diverged in epoch 1" in result.failures[1]


def both(net: Any, x: Any, y: Any, **options: Any) -> tuple[Any, Any]:
    """A training on the device beside one on the processor: the same numbers."""
    here, there = (train(net, x, y, backend=backend, **options) for backend in ("cpu", "cuda"))
    same("parameters", flat(there.network), flat(here.network))
    same("losses", there.history.training_loss, here.history.training_loss)
    same("validation", there.history.validation_loss, here.history.validation_loss)
    assert (there.epoch, there.best_epoch, there.stopped, there.state.step) == (
        here.epoch, here.best_epoch, here.stopped, here.state.step,
    )  # fmt: skip
    same("best", flat(there.best_network), flat(here.best_network))
    return here, there


def flat(net: Any) -> np.ndarray:
    return (net.direct if hasattr(net, "direct") else net).parameters


def corners() -> None:
    """Frozen groups, batches without weight, drop_last, validation in chunks, patience, blocks that are missing, compact."""
    from spectral_core.backends import cuda_programs
    from spectral_core.resizing.compaction import compact

    theta, x, y, _ = problem_of(CASES[0], SEED)
    net = network(CASES[0].model, theta, frozen=("eigenvalues[0]", "eigenvectors[1]"))
    weight = np.array([0.0, 0.0, 1.0, 2.0, 1.0])
    common = {"epochs": 2, "batch_size": 2, "seed": 3, "epsilon": 1e-3, "learning_rate": 0.05}
    chunk, cuda_programs.CHUNK = cuda_programs.CHUNK, 2
    both(net, x, y, sample_weight=weight, shuffle=False, penalty_strength=0.1, proximal=True, **common)
    both(net, x, y, sample_weight=weight, shuffle=False, schedule="cosine", **common)
    both(net, x, y, drop_last=True, validation_data=(x[::-1], y[::-1]), patience=1, **common | {"epochs": 3})
    cuda_programs.CHUNK = chunk
    result = train_ensemble([net], x, y, seeds=[3], epochs=2, sample_weight=weight, shuffle=False, drop_last=True,
                            options={"batch_size": 2, "epsilon": 1e-3}, backend="cuda")  # fmt: skip
    alone = train(net, x, y, **common | {"learning_rate": 1e-3}, sample_weight=weight, shuffle=False, drop_last=True)
    assert result.networks[0] is not None
    same("an ensemble", result.networks[0].parameters, alone.network.parameters)
    model = Model("direct", (3, 3, 2, 2), "tanh", True, ((2, 1), (3, 2), (4, 1), (4, 3)))
    some = network(model, np.random.default_rng(0).uniform(-1, 1, model.size))
    both(some, x, y, **common)
    silent = network(CASES[0].model, theta)
    both(compact(silent), x, y, **common)


def refusals() -> None:
    """What the trainings of an ensemble cannot have each for itself, or not at all."""
    theta, x, y, _ = problem_of(CASES[0], SEED)
    nets = [network(CASES[0].model, theta)] * 2
    no_weight = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    cases: tuple[tuple[Any, dict[str, Any], str], ...] = (
        ({"schedule": "plateau"}, {}, "follows the losses of one training"),
        ([{"schedule": "cosine"}, {}], {}, "must have the same schedule"),
        (
            {"batch_size": 4},
            {"drop_last": True, "sample_weight": no_weight},
            "an epoch of an ensemble may have no weight",
        ),
        (
            {"batch_size": 4, "schedule": "cosine"},
            {"sample_weight": 1 - no_weight},
            "each mini-batch of an ensemble on a GPU needs a weight; 1 sample of weight 0 may be one",
        ),
    )
    for options, others, words in cases:
        with pytest.raises(InvalidInputError, match=words):
            train_ensemble(nets, x, y, seeds=[1, 2], epochs=2, options=options, backend="cuda", **others)
    alone = {"batch_size": 4, "drop_last": True, "sample_weight": no_weight, "seed": 3, "epochs": 6}
    both(nets[0], x, y, **alone)


def image_network(published: bool, dtype: Any = "float64") -> tuple[Any, np.ndarray, np.ndarray]:
    """Every kind of operation with stride 1 or 2, a gate that is 0 or closed, drop-path; images and classes."""
    cells = [
        Cell(1, 3, {(0, 1): ("identity", "sep3"), (1, 2): ("max3", "dil5")}),
        Cell(2, 4, {(0, 2): ("max3", "dil3"), (1, 2): ("identity", "mean3", "sep3"), (2, 3): ("mean3", "identity")}),
    ]
    gates = "published" if published else "spectral"
    net = ImageNetwork.initialize(
        1, 1, 2, image=(2, 2, 4), gates=gates, cells=cells, drop_path=0.3, dtype=dtype, seed=4
    )
    generator = np.random.default_rng(0)
    values = net.parameters + 0.1 * generator.uniform(-1, 1, net.parameters.size).astype(dtype)
    net = net.with_parameters(values.astype(dtype))
    net.groups["gates[0,1,2]" if published else "eigenvalues[0,1,2]"][1] = -0.2 if published else 0.0
    return net, generator.normal(size=(5, 2, 2, 4)).astype(dtype), np.arange(5) % 2


def images(published: bool) -> None:
    """Loss, gradient and an epoch of an image network on the device are those on the processor."""
    from spectral_core.backends import cpu_images, cuda_images, gpu

    net, x, y = image_network(published)
    for seed, weight in ((None, None), (5, np.arange(5.0))):
        problem = net.problem(x, y, sample_weight=weight)
        value, slopes = cpu_images.loss_and_gradient(net.layout, net.parameters, problem, seed)
        there, found = cuda_images.loss_and_gradient(net.layout, net.parameters, problem, seed)
        same("loss", there, value)
        same("gradient", found, slopes)
    same("logits", cuda_images.predict(net.layout, gpu.to_device(net.parameters), net.images(x)), net.forward(x))


def image_training(published: bool) -> None:
    """Two epochs with all options, images changed, a batch without weight."""
    net, x, y = image_network(published)
    options: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.05, "schedule": "cosine"}
    options |= {"clip_norm": 0.5, "label_smoothing": 0.1, "weight_decay": 0.01}
    options |= {} if published else {"penalty": "l1", "penalty_strength": 0.1, "proximal": True}
    data = load_images((x, y), standardise=False, crop=1, flip=True, cutout=2, seed=3, channels="first")
    both(
        net, data, y, loss="cross_entropy", epochs=2, batch_size=2, seed=3, shuffle=False, validation_data=(x, y),
        sample_weight=np.array([1.0, 2.0, 0.0, 0.0, 3.0]), **options,
    )  # fmt: skip


def continued() -> None:
    """A training in two calls, with `state`, is one training: the same bits."""
    theta, x, y, _ = problem_of(CASES[0], SEED)
    net = network(CASES[0].model, theta)
    common = {"batch_size": 2, "seed": 3, "backend": "cuda"}
    first = train(net, x, y, epochs=1, **common)
    second = train(first.network, x, y, epochs=1, state=first.state, **common)
    np.testing.assert_array_equal(second.network.parameters, train(net, x, y, epochs=2, **common).network.parameters)


def without_shared_memory() -> None:
    """What does not fit into shared memory is kept in memory: the same numbers."""
    from spectral_core.backends import gpu

    kept, gpu.SHARED_BYTES = gpu.SHARED_BYTES, 0
    try:
        ensemble(CASES[0])
        ensemble(CASES[7])
    finally:
        gpu.SHARED_BYTES = kept


CHECKS: dict[str, Callable[[], None]] = {
    **{f"wide-{case.name}": lambda case=case: wide(case) for case in CASES if isinstance(case.form, str)},
    **{f"ensemble-{case.name}": lambda case=case: ensemble(case) for case in CASES},
    **{f"float32-{case.name}": lambda case=case: single_precision(case) for case in (CASES[0], CASES[7])},
    "device-arrays": device_arrays,
    "diverging": diverging,
    "diverging-at-the-end": diverging_at_the_end,
    "corners": corners,
    "continued": continued,
    "refusals": refusals,
    "images-spectral": lambda: images(published=False),
    "images-published": lambda: images(published=True),
    "images-training-spectral": lambda: image_training(published=False),
    "images-training-published": lambda: image_training(published=True),
    "without-shared-memory": without_shared_memory,
}
assert {case.form for case in CASES if not isinstance(case.form, str)} == set(ONE_HIDDEN_SIZES)


def main(names: list[str]) -> None:
    np.seterr(all="ignore")  # simulated kernels are NumPy's scalars, which warn where a GPU does not
    launched: set[str] = set()
    from spectral_core.backends import gpu

    run, add = gpu.launch, gpu.Plan.add

    def noted(kernel: Any, *given: Any) -> None:
        launched.add(kernel.py_func.__name__)
        run(kernel, *given)

    def added(plan: Any, kernel: Any, *given: Any) -> None:
        launched.add(kernel.py_func.__name__)
        add(plan, kernel, *given)

    gpu.launch, gpu.Plan.add = noted, added  # type: ignore[method-assign]
    for name in names or CHECKS:
        error = ""
        try:
            CHECKS[name]()
        except (AssertionError, ArithmeticError, RuntimeError) as failure:
            error = str(failure).strip() or repr(failure)
        print(json.dumps({"name": name, "error": error}), flush=True)
    print(json.dumps({"name": "launched", "kernels": sorted(launched)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
