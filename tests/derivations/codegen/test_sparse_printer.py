"""The passes printed weight by weight, run as plain Python: they compute what the oracle does, and a broken one is noticed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from derivations.codegen.cpu.module import SPARSE, cpu_module, sparse_module
from derivations.codegen.cpu.sparse import SparsePrinter
from derivations.proof.assignments import Layers
from derivations.proof.notation import df, h, s
from derivations.proof.programs import Program
from derivations.theorems.spectral import factors, propagation
from tests import oracles
from tests.builders import sparse_network, weights_of
from tests.derivations.mutants import mutants
from tests.derivations.printed import SPACE, TANH

NET = sparse_network(1, (3, 2, 2, 2), density=0.9)
GRAPH = weights_of(NET)
X = np.random.default_rng(2).uniform(-1, 1, (3, 5))
X[2] = 1
BARS = np.random.default_rng(3).uniform(-1, 1, (2, 5))
"""∂ℓ_s/∂z_K of each sample."""
LAST = NET.n_neurons - NET.n_outputs


def plain(text: str) -> dict[str, Any]:
    """Printed functions without the compiler, beside those of the dense module."""
    space = dict(SPACE)
    exec(re.sub(r"^(from|import) [^(\n]*(\([^)]*\))?$", "", text, flags=re.MULTILINE), space)
    return space


def arrays() -> dict[str, np.ndarray]:
    """The arguments of the passes: activations and slopes as they are, everything that is written far from it."""
    states = GRAPH.run(NET.weights, X)
    z_all = np.zeros_like(states)
    for neuron in range(NET.n_inputs, LAST):
        z_all[neuron] = 1 - states[neuron] ** 2
    z_all[LAST:] = BARS
    n = len(NET.weights)
    return {
        "u_all": states, "z_all": z_all, "du_all": np.full_like(states, 7.0), "parameters": NET.weights.copy(),
        "gradient": np.full(n, 7.0), "J_all": np.full((n, 5), 7.0), "H_all": np.full(n, 0.5), "rise_all": np.full(NET.n_neurons, 0.5),
        "mean_all": states.mean(axis=1),
    }  # fmt: skip


def call(run: Callable[..., None], signature: list[str]) -> dict[str, np.ndarray]:
    given = arrays()
    if "activation" in signature:
        given["u_all"][NET.n_inputs :] = 7
        given["z_all"][:] = 7
    fixed = {
        "activation": np.full(NET.n_neurons, TANH),
        "senders": NET.senders,
        "offsets": NET.offsets,
        "n_outputs": NET.n_outputs,
    }
    run(*(fixed[name] if name in fixed else given[name] for name in signature))
    return given


def jacobian() -> np.ndarray:
    """Σ_c bar_c ∂z_c/∂w of each sample (weights, samples)."""
    rows = [oracles.derivative(lambda w: GRAPH.output(w, X), NET.weights, unit) for unit in np.eye(len(NET.weights))]
    return np.array([(row.T * BARS).sum(axis=0) for row in rows])


def rises() -> np.ndarray:
    result = np.zeros(NET.n_neurons)
    states = GRAPH.run(NET.weights, X)
    for neuron in range(NET.n_inputs, LAST):
        slopes = [oracles.moving(GRAPH, NET.weights, X[:, m : m + 1], neuron)[1] @ BARS[:, m] for m in range(5)]
        result[neuron] = (((states[neuron] - states[neuron].mean()) * slopes) ** 2).sum()
    return result


def wrong(name: str, got: dict[str, np.ndarray]) -> bool:
    """Whether the results of a pass differ from the oracle's."""
    wanted: list[tuple[np.ndarray, np.ndarray]] = {
        "propagate_sparse": lambda: [
            (got["u_all"][:LAST], arrays()["u_all"][:LAST]),
            (got["z_all"][LAST:].T, GRAPH.output(NET.weights, X)),
            (got["z_all"][NET.n_inputs : LAST], arrays()["z_all"][NET.n_inputs : LAST]),
        ],
        "adjoint_sparse": lambda: [(got["gradient"], jacobian().sum(axis=1))],
        "jacobian_rows_sparse": lambda: [(got["J_all"], jacobian())],
        "curvature_squares_sparse": lambda: [
            (got["H_all"] - 0.5, (jacobian() ** 2).sum(axis=1)),
            (got["rise_all"] - 0.5, rises()),
        ],
    }[name]()
    return not all(np.allclose(one, other, rtol=0, atol=1e-12) for one, other in wanted)


def code(text: str) -> str:
    """A printed function without its comments."""
    return re.sub(r" *#.*", "", text)


def test_the_printed_module_passes() -> None:
    space = plain(sparse_module([], cpu_module([])))
    for name, program in SPARSE.items():
        printer = SparsePrinter(program)
        printer.function(name)
        assert not wrong(name, call(space[name], printer.signature())), name


@pytest.mark.parametrize("name", SPARSE)
def test_broken_passes_are_noticed(name: str) -> None:
    """Every assignment with one thing wrong whose code is another one; layers of one neuron hide exchanged indices alone."""
    program, unnoticed, ran = SPARSE[name], [], 0
    right = code(SparsePrinter(program).function(name))
    for what, position, assign in mutants(program):
        try:
            printer = SparsePrinter(program.with_assignment(position, assign))
            text = printer.function(name)
        except (ValueError, KeyError):
            continue
        old = program.assignments[position]
        if (
            code(text) == right
            or old.value.func == df
            or (what == "accumulate flipped" and s in old.target.indices[2:])
        ):
            continue  # f' is printed with f, by `activate`; the Jacobian starts at 0
        ran += 1
        try:
            with np.errstate(all="ignore"):
                if not wrong(name, call(plain(text)[name], printer.signature())):
                    unnoticed.append(f"{what}: {assign}")
        except (ArithmeticError, ValueError, TypeError, NameError):
            continue  # wrong loudly
    assert unnoticed == []
    assert ran >= 3


def test_a_pass_over_the_layers_in_the_wrong_order_is_noticed() -> None:
    for name, program in SPARSE.items():
        (layers,) = program.body
        assert isinstance(layers, Layers)
        turned = Program(
            program.name, program.summary, program.theorems, program.arrays, (Layers(layers.body, not layers.reverse),)
        )
        printer = SparsePrinter(turned)
        text = printer.function(name)
        assert wrong(name, call(plain(text)[name], printer.signature())), name


def test_a_loop_over_neurons_of_a_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="every layer has one neuron"):
        SparsePrinter(propagation.DIRECT).turns(h, True)


@pytest.mark.parametrize("number", range(len(factors.PROGRAMS)))
def test_the_columns_of_a_factor_give_the_curvature_of_the_loss(number: int) -> None:
    """F Fᵀ = ∂²ℓ/∂z² of each sample, by differences of slopes."""
    program = factors.PROGRAMS[number]
    loss = program.name.removeprefix("factor_")
    space = plain(sparse_module([], cpu_module([])))
    generator = np.random.default_rng(number)
    z, weight, scale = generator.normal(size=(4, 3)), np.array([1.0, 0.5, 2.0, 0.25]), 0.3
    y = oracles.targets(loss, generator, 4, 3)
    columns = []
    for column in range(3):
        output = z.copy()
        target = [y] if any(array.name == "target" for array in program.arrays) else []
        space[program.name](output, *target, np.full(4, column), weight, scale)
        columns.append(output)
    every = 1 if loss == "cross_entropy" else 3  # the other losses are means over outputs
    for m in range(4):
        factor = np.array([column[m] for column in columns]).T
        curvature = oracles.loss_curvature(z[m], y[m : m + 1], loss)
        np.testing.assert_allclose(factor @ factor.T, every * scale * weight[m] * curvature, rtol=0, atol=1e-8)
