"""Printed kernels as plain Python, compared with brute force."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from derivations.codegen.cpu.module import cpu_module
from derivations.proof.notation import df
from derivations.proof.programs import Program
from derivations.theorems.scalar import activations, losses
from spectral_core.kernels.support.layout import Layout
from tests import oracles


def _namespace() -> dict[str, Any]:
    """The generated module as plain Python."""
    text = cpu_module([])
    for line in ("from numba import njit, types", "from numba.extending import overload"):
        assert text.count(f"{line}\n") == 1
        text = text.replace(line, "")
    space: dict[str, Any] = {
        "njit": lambda **options: lambda function: function,
        "overload": lambda function, **options: lambda other: other,
    }
    exec(text, space)
    return space


SPACE = _namespace()
WIDTHS = (3, 3, 3, 3)
"""All widths and the number of samples are equal, so that a transposed operand still has a fitting shape."""
TANH = [item.name for item in activations.ACTIVATIONS].index("tanh")


def _network_agrees(parametrization: str, loss: str) -> bool:
    pairs = tuple((i, j) for i in range(2, 5) for j in range(1, i)) if parametrization == "direct" else ()
    model = oracles.Model(parametrization, WIDTHS, "tanh", pairs=pairs)
    generator = np.random.default_rng(11)
    theta, x, weight = generator.uniform(-1, 1, model.size), generator.uniform(-1, 1, (3, 3)), np.array([1.0, 2.0, 0.5])
    y, labels = generator.uniform(-1, 1, (3, 3)), np.array([2, 0, 1])
    y = np.array([[2.5, -0.3, 0.2], [-3.0, 0.4, 1.5], [0.1, -0.7, 0.9]]) if loss == "huber" else y
    wanted = labels if loss == "cross_entropy" else y
    gradient = np.full(model.size, 7.0)
    code = SPACE["LOSSES"].index(loss)
    table = Layout(parametrization, WIDTHS, pairs).table
    run = SPACE[f"gradient_{parametrization}"]
    value = run(x, y, labels, weight, np.arange(3), table, np.full(len(table), TANH), code, theta, gradient)
    truth = oracles.gradient(lambda moved: model.loss(moved, x, wanted, loss, weight), theta)
    close = np.allclose(gradient, truth, rtol=0, atol=1e-12)
    return close and math.isclose(value, model.loss(theta, x, wanted, loss, weight), rel_tol=1e-12)


def _penalty_agrees(name: str) -> bool:
    values, before = np.array([0.5, -2.0, 0.0, 1.5]), np.array([1.0, 2.0, 3.0, 4.0])
    gradient, nothing = before.copy(), before.copy()
    total = SPACE[f"penalty_{name}"](values, gradient, 0.3)
    zero = SPACE[f"penalty_{name}"](np.zeros(4), nothing, 0.3)
    truth = oracles.gradient(lambda moved: oracles.penalty(name, moved, 0.3), values)
    agrees = np.allclose(gradient, before + truth, rtol=0, atol=1e-13) and np.array_equal(nothing, before)
    return bool(agrees and zero == 0 and math.isclose(total, oracles.penalty(name, values, 0.3), rel_tol=1e-13))


def _proximal_agrees(name: str) -> bool:
    """Inside and outside of the threshold, the objective is least at the result among many points around it."""
    generator = np.random.default_rng(5)
    for v in (np.array([0.5, -2.0, 0.0, 1.5]), np.array([0.1, -0.2, 0.0, 0.15])):
        x = v.copy()
        SPACE[f"proximal_{name}"](x, 0.3)
        least = oracles.objective(name, x, v, 0.3)
        for size in (1e-3, 0.1, 1.0):
            for step in generator.normal(0, size, (50, 4)):
                if oracles.objective(name, x + step, v, 0.3) < least:
                    return False
        if name != "l2" and np.linalg.norm(v) < 0.3 and x.any():
            return False  # exact zeros
    return True


def _optimizer_agrees(name: str, nesterov: bool) -> bool:
    generator = np.random.default_rng(2)
    start, gradients = generator.normal(size=5), generator.normal(size=(3, 5))
    theta, first, second = start.copy(), np.zeros(5), np.zeros(5)
    for t, g in enumerate(gradients, 1):
        if name == "adam":
            SPACE["adam"](theta, g.copy(), first, second, 0.1, 0.8, 0.9, 0.01, 1 - 0.8**t, 1 - 0.9**t)
        else:
            SPACE["sgd"](theta, g.copy(), first, 0.1, 0.7, float(nesterov))
    if name == "adam":
        truth = oracles.adam(start, lambda _, t: gradients[t], 3, 0.1, 0.8, 0.9, 0.01)
    else:
        truth = oracles.sgd(start, lambda _, t: gradients[t], 3, 0.1, 0.7, nesterov)
    return bool(np.allclose(theta, truth, rtol=0, atol=1e-13))


def _smoothed_agrees() -> bool:
    """Cross entropy with a smoothed label is the mean of cross entropies with every label, each with its share."""
    z, weight = np.array([[0.3, -1.0, 2.0, 0.5]]), np.array([1.5])
    shares = [0.05, 0.05, 0.85, 0.05]  # 0.2 is spread over four classes
    output = z.copy()
    value = SPACE["cross_entropy"](output, np.array([2]), weight, 1 / 1.5, 0.2, 0.05)

    def loss(flat: np.ndarray) -> Any:
        rows = flat.reshape(1, 4)
        return sum(share * oracles.loss("cross_entropy", rows, np.array([h]), weight) for h, share in enumerate(shares))

    slope = oracles.gradient(loss, z.ravel())
    return math.isclose(value, loss(z).real, rel_tol=1e-13) and np.allclose(output.ravel(), slope, rtol=0, atol=1e-13)


def _smooth_targets_agrees() -> bool:
    y = np.array([[0.0, 1.0, 0.25], [1.0, 0.5, 0.0]])
    soft = y.copy()
    SPACE["smooth_targets"](soft, 0.2)
    return np.allclose(soft, [[0.1, 0.9, 0.3], [0.9, 0.5, 0.1]], rtol=0, atol=1e-15)


def _decay_agrees() -> bool:
    theta = np.array([1.0, -2.0, 0.0, 0.5])
    SPACE["decay"](theta, 0.25)
    return np.array_equal(theta, [0.75, -1.5, 0.0, 0.375])


def _squared_norm_agrees() -> bool:
    return bool(SPACE["squared_norm"](np.array([3.0, -4.0, 0.5])) == 25.25)


def _clip_agrees() -> bool:
    """One group of a gradient of norm 13, the limit below and above it."""
    results = []
    for limit in (6.5, 20.0):
        gradient = np.array([3.0, -4.0])
        SPACE["clip"](gradient, 169.0, limit)
        results.append(gradient)
    return np.allclose(results, [[1.5, -2.0], [3.0, -4.0]], rtol=0, atol=1e-15)


BESIDES: dict[str, Callable[[], bool]] = {
    "smooth_targets": _smooth_targets_agrees,
    "decay": _decay_agrees,
    "squared_norm": _squared_norm_agrees,
    "clip": _clip_agrees,
}


def agrees(program: Program) -> bool:
    """The module with whatever stands in `SPACE` computes what the oracle does."""
    kind, _, which = program.name.partition("_")
    if kind in ("propagate", "adjoint"):
        return _network_agrees(which, "squared_error")
    if kind == "penalty":
        return _penalty_agrees(which)
    if kind == "proximal":
        return _proximal_agrees(which)
    if program.name in ("adam", "sgd"):
        return all(_optimizer_agrees(program.name, nesterov) for nesterov in (False, True))
    if program.name in BESIDES:
        return BESIDES[program.name]()
    return _network_agrees("global", program.name) and (program.name != "cross_entropy" or _smoothed_agrees())


def runs_alike(program: Program, what: str, position: int) -> bool:
    """Mutants whose code gives the right numbers all the same; the proofs refuse them nevertheless."""
    target, value = program.assignments[position].target, program.assignments[position].value
    gradients = {array.name for array in program.arrays if array.kind == "gradient"}
    return (
        target == losses.peak  # any shift gives the same loss; the greatest output keeps exp from overflowing
        or value.func == df  # printed with f, by `activate`
        or (
            what == "accumulate flipped" and isinstance(target, sp.Indexed) and str(target.base) in gradients
        )  # they start at 0
    )
