"""The proofs hold, say the same each time, and refuse every broken formula."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest
import sympy as sp

from derivations.__main__ import generate
from derivations.codegen import one_hidden
from derivations.codegen.cpu import layers as cpu
from derivations.codegen.cpu.module import PROGRAMS, cpu_module, functions
from derivations.proof import algebra
from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.notation import W, df, elements, entries_of_difference, h, k, s, x_in, x_source
from derivations.proof.notation import lam_in as lam_in_array
from derivations.proof.notation import lam_out as lam_out_array
from derivations.proof.notation import phi as phi_array
from derivations.proof.programs import Array, Assign, Layers, Program, Rows, Sources, When
from derivations.proof.rules import evaluate, normal_form
from derivations.proof.theorem import Proof, ProofError, Theorem
from derivations.theorems.catalogue import THEOREMS
from derivations.theorems.scalar import activations, exponential, losses, optimizers, penalties, proximal
from derivations.theorems.spectral import adjoint, propagation
from derivations.theorems.spectral.blocks import adjacency, transfer
from derivations.theorems.spectral.inversion import inverse
from spectral_core.kernels.support.layout import Layout
from tests import oracles
from tests.builders import ROOT

Argument = Callable[[Proof], None]


# --- proofs and certificates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.id)
def test_every_theorem_is_proven_the_same_way_twice(theorem: Theorem) -> None:
    first, second = theorem.prove(), theorem.prove()
    assert first == second
    assert first.steps
    assert asdict(first).keys() >= {"id", "statement", "assumptions", "scope", "method", "reference", "steps"}
    assert all(step.claim and step.rule for step in first.steps)


def test_the_catalogue_is_complete() -> None:
    names = [theorem.id for theorem in THEOREMS]
    assert len(set(names)) == len(names)
    assert {"M1", "M2", "M3", "M4", "M5", "M7", "M8", "M9"} <= set(names)
    relied_on = {name for theorems in functions().values() for name in theorems}
    assert relied_on <= set(names)
    exponentials = {f"exponential_{form.name}" for form in exponential.FORMATS}
    few = {f"{kind}_{a}_{b}" for kind in ("propagate", "adjoint") for a, b in one_hidden.SIZES}
    assert set(functions()) == {"activate", *exponentials, *few, *(program.name for program in PROGRAMS)}


def test_kernels_without_a_certificate_are_not_generated() -> None:
    certificates = [theorem.prove() for theorem in THEOREMS if theorem.id != "M8"]
    with pytest.raises(ProofError, match=r"adjoint_global.*M8"):
        generate(certificates)


def _check(folder: Path, *arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [sys.executable, "-m", "derivations", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_the_checked_in_files_agree_for_every_hash_seed(seed: str) -> None:
    done = _check(ROOT, "--check", seed=seed)
    assert (done.returncode, done.stderr) == (0, "")
    assert "agree with the derivations" in done.stdout


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_flipped_sign_in_a_kernel_is_found_and_undone(tmp_path: Path) -> None:
    for name in ("derivations", "spectral_core"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    kernel = tmp_path / "spectral_core" / "kernels" / "cpu" / "dense.py"
    good = kernel.read_bytes()
    text = good.decode()
    assert text.count("du_in[s, k] -= q[s, k]") == 1
    kernel.write_bytes(text.replace("du_in[s, k] -= q[s, k]", "du_in[s, k] += q[s, k]").encode())
    before = _tree(tmp_path)
    done = _check(tmp_path, "--check")
    assert done.returncode == 1
    changed = [re.sub(" +", " ", line) for line in done.stdout.splitlines() if re.match(r"[-+] ", line)]
    assert changed == ["- du_in[s, k] += q[s, k]", "+ du_in[s, k] -= q[s, k]"]
    assert "spectral_core/kernels/cpu/dense.py" in done.stdout
    assert "run: python -m derivations" in done.stderr
    assert _tree(tmp_path) == before
    assert _check(tmp_path).returncode == 0
    assert kernel.read_bytes() == good
    assert _tree(tmp_path) == before | {str(kernel.relative_to(tmp_path)): good}


def test_a_broken_derivation_stops_the_generator(tmp_path: Path) -> None:
    for name in ("derivations", "spectral_core"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "derivations" / "theorems" / "spectral" / "adjoint.py"
    text = source.read_text(encoding="utf-8")
    assert text.count("-dM.element * phi.element") == 1
    source.write_text(text.replace("-dM.element * phi.element", "dM.element * phi.element"), encoding="utf-8")
    before = _tree(tmp_path)
    for arguments in ((), ("--check",)):
        done = _check(tmp_path, *arguments)
        assert done.returncode == 1
        assert "not proven: M8: " in done.stderr
        assert _tree(tmp_path) == before


# --- a proof refuses what does not hold -------------------------------------------------------------------------------


def test_a_proof_refuses_false_and_undecided_claims() -> None:
    a, b = sp.symbols("a b")
    proof = Proof("T")
    with pytest.raises(ProofError, match=r"T: claim: left - right = .*, not 0"):
        proof.equal("claim", a, b)
    for undecided in (None, False, sp.false, sp.Lt(a, b), 1):
        with pytest.raises(ProofError, match="is not True"):
            proof.true("claim", undecided)
    with pytest.raises(ProofError):
        proof.same("claim", ["a"], ["a", "a"])
    with pytest.raises(ProofError, match="n = 0"):
        proof.recurrence("claim", first=b, advance=lambda x, n: a * x, closed=lambda n: a**n, over="n")
    with pytest.raises(ProofError, match="from n to n"):
        proof.recurrence("claim", first=sp.Integer(1), advance=lambda x, n: b * x, closed=lambda n: a**n, over="n")
    with pytest.raises(ProofError):
        proof.equal("only by simplification", sp.sin(a) ** 2 + sp.cos(a) ** 2, sp.Integer(1))
    with pytest.raises(ProofError, match="states no claim"):
        Theorem("T", "", "", "", lambda proof: None).prove()
    noncommuting = [sp.Symbol(name, commutative=False) for name in "AB"]
    with pytest.raises(ProofError):
        proof.equal("AB = BA", sp.Mul(*noncommuting), sp.Mul(*noncommuting[::-1]))


I_ = j + d + 1
BLOCK_STATEMENTS: dict[str, tuple[sp.Expr, sp.Expr]] = {
    "W_ij": (adjacency(I_, j), transfer(I_, j)),
    "A_jj": (adjacency(j, j), algebra.eigenvalues(j)),
    "(Φ Φ⁻¹)_jj": (algebra.times_phi_left(inverse, j, j), sp.Integer(1)),
    "(A Φ)_{j+1,j}": (
        algebra.times_phi_right(algebra.lower(adjacency), j + 1, j),
        algebra.phi(j) * algebra.eigenvalues(j),
    ),
    "φ P": (algebra.phi(I_) * algebra.path(I_, j), algebra.path(I_ + 1, j)),
}


@pytest.mark.parametrize("name", BLOCK_STATEMENTS)
def test_block_statements_with_a_flipped_sign_fail(name: str) -> None:
    left, right = BLOCK_STATEMENTS[name]
    Proof(name).equal(name, left, right)
    for wrong in (-right, 2 * right, right + 1, right * algebra.path(j, j - 1)):
        with pytest.raises(ProofError):
            Proof(name).equal(name, left, wrong)
    terms = sp.Add.make_args(sp.expand(normal_form(right)))
    for number in range(len(terms)):
        with pytest.raises(ProofError):
            Proof(name).equal(name, left, sp.Add(*terms[:number], -terms[number], *terms[number + 1 :]))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda i, j: algebra.path(i, j),
        lambda i, j: -algebra.sign(i - j) * algebra.path(i, j),
        lambda i, j: algebra.sign(i - j + 1) * algebra.path(i, j),
        lambda i, j: algebra.sign(i - j) * algebra.path(i + 1, j),
    ],
    ids=["no sign", "other sign", "shifted sign", "longer path"],
)
def test_a_wrong_inverse_is_none(wrong: Any) -> None:
    block = algebra.lower(wrong)

    def argument(proof: Proof) -> None:
        proof.equal("below", algebra.times_phi_left(block, I_, j), sp.Integer(0))
        proof.equal("on", algebra.times_phi_left(block, j, j), sp.Integer(1))

    with pytest.raises(ProofError):
        argument(Proof("M3"))


def test_blocks_in_undecided_order_are_refused() -> None:
    free = sp.Symbol("i", integer=True)
    with pytest.raises(ValueError, match="not decided"):
        inverse(free, j)


# --- mutation: activations --------------------------------------------------------------------------------------------


def _broken_activations() -> Iterator[Any]:
    z = activations.z
    for item in activations.ACTIVATIONS:
        for what, wrong in (
            ("slope negated", replace(item, slope=-item.slope if item.slope != 0 else sp.Integer(1))),
            ("slope doubled", replace(item, slope=2 * item.slope)),
            ("slope of the argument", replace(item, slope=item.slope.subs(z, 2 * z) + z)),
            ("value doubled", replace(item, value=2 * item.value)),
            ("value shifted", replace(item, value=item.value + z**2)),
            ("f(0) wrong", replace(item, at_zero=item.at_zero + 1)),
            ("another f", replace(item, function=item.function + z**2)),
        ):
            yield pytest.param(wrong, id=f"{item.name}: {what}")
        if item.exponent is not None:
            yield pytest.param(replace(item, exponent=2 * item.exponent), id=f"{item.name}: exponent doubled")
            yield pytest.param(replace(item, exponent=-item.exponent), id=f"{item.name}: exponent negated")
            exchanged = replace(item, slope=item.slope.subs(activations.E, activations.m))
            yield pytest.param(exchanged, id=f"{item.name}: expm1 for exp")
        if item.denominator is not None:
            yield pytest.param(replace(item, denominator=item.denominator + 1), id=f"{item.name}: denominator shifted")
    zero, one = sp.Integer(0), sp.Integer(1)
    jump = activations.elementary("jump", activations.kinked(zero, z + 1), activations.kinked(zero, one))
    yield pytest.param(jump, id="relu: with a jump")
    right = sp.Piecewise((zero, z < 0), (one, True))
    yield pytest.param(
        activations.elementary("relu", activations.kinked(zero, z), right), id="relu: slope from the right"
    )


@pytest.mark.parametrize("wrong", list(_broken_activations()))
def test_a_wrong_activation_is_not_proven(wrong: activations.Activation) -> None:
    with pytest.raises(ProofError):
        activations.theorem_for(wrong).prove()


# --- mutation: programs -----------------------------------------------------------------------------------------------

ENTRIES = entries_of_difference()
PAIRS = {
    "propagate_global": (propagation.GLOBAL, adjoint.GLOBAL),
    "propagate_layerwise": (propagation.LAYERWISE, adjoint.LAYERWISE),
    "propagate_direct": (propagation.DIRECT, adjoint.DIRECT),
}
SIMPLE: dict[str, Any] = {
    "propagate_layerwise": (x_in, (phi_array, lam_in_array, lam_out_array), ENTRIES),
    "propagate_direct": (x_source, (W,), W.element),
}
OTHERS = {
    **losses.ARGUMENTS,
    **proximal.ARGUMENTS,
    "penalty_group": penalties.group_argument,
    "penalty_l1": penalties.l1_argument,
    "penalty_l2": penalties.l2_argument,
    "adam": optimizers.adam_argument,
    "sgd": optimizers.sgd_argument,
}


def arguments(program: Program) -> list[Argument]:
    """Every argument that speaks about a program; all of them must hold before a kernel is written."""
    name = program.name
    if name in OTHERS:
        return [lambda proof: OTHERS[name](proof, program=program)]
    forward, backward = PAIRS[name.replace("adjoint", "propagate")]
    if name.startswith("adjoint"):
        return [adjoint.argument_for(forward, program)]
    if name == "propagate_global":
        own = propagation.argument_for(program)
    else:
        own = propagation.simple_argument_for(program, *SIMPLE[name])
    return [own, adjoint.argument_for(program, backward)]


def refused(make: Callable[[], Program]) -> bool:
    """The program cannot be built, or an argument about it fails; any other exception is an error of the prover."""
    try:
        program = make()
        for argument in arguments(program):
            argument(Proof("mutant"))
    except (ProofError, ValueError, LookupError):
        return True
    return False


def value_mutants(value: sp.Expr) -> Iterator[tuple[str, sp.Expr]]:
    """The value with one thing wrong in it."""
    yield "negated", -value
    yield "doubled", 2 * value
    parts = list(dict.fromkeys(sp.preorder_traversal(value)))
    for part in parts:
        if isinstance(part, sp.Indexed):
            yield from _index_mutants(value, part)
        elif isinstance(part, (sp.Add, sp.Mul)):
            for number, dropped in enumerate(part.args):
                rest = part.func(*part.args[:number], *part.args[number + 1 :])
                yield f"{dropped} dropped", value.xreplace({part: rest})
                yield (
                    f"sign of {dropped} flipped",
                    value.xreplace({part: part.func(*part.args[:number], -dropped, *part.args[number + 1 :])}),
                )
        elif isinstance(part, sp.Function) and len(part.args) == 1:
            yield f"{part.func} dropped", value.xreplace({part: part.args[0]})
        elif part.is_Number and part not in (0, 1, -1):
            yield f"{part} doubled", value.xreplace({part: 2 * part})


def _index_mutants(value: sp.Expr, element: sp.Indexed) -> Iterator[tuple[str, sp.Expr]]:
    if len(element.indices) == 2:
        yield f"{element} transposed", value.xreplace({element: element.base[element.indices[::-1]]})
    others = sorted(
        {i for e in value.atoms(sp.Indexed) for i in e.indices if i.is_Symbol} - {*element.indices}, key=str
    )
    for index in others:
        for place in range(len(element.indices)):
            indices = (*element.indices[:place], index, *element.indices[place + 1 :])
            if len(set(indices)) == len(indices):
                yield f"{element} at {indices}", value.xreplace({element: element.base[indices]})


def mutants(program: Program) -> Iterator[tuple[str, int, Assign]]:
    """Every assignment with one thing wrong; what is no change is left out."""
    for position, assign in enumerate(program.assignments):
        for what, value in value_mutants(assign.value):
            if sp.expand(value - assign.value) != 0:
                yield what, position, replace(assign, value=value)
        yield "accumulate flipped", position, replace(assign, accumulate=not assign.accumulate)
        if assign.over:
            yield "over dropped", position, replace(assign, over=(), reduce="sum")
            yield "reduction exchanged", position, replace(assign, reduce="max" if assign.reduce == "sum" else "sum")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_every_program_is_proven(program: Program) -> None:
    for argument in arguments(program):
        argument(Proof(program.name))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_every_broken_assignment_is_refused(program: Program) -> None:
    survivors = [
        f"{what}: {assign}"
        for what, position, assign in mutants(program)
        if not refused(lambda position=position, assign=assign: program.with_assignment(position, assign))
    ]
    assert survivors == []


# --- mutation: what the proofs refuse does run wrong ------------------------------------------------------------------


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
    value = run(x, y, labels, weight, np.arange(3), table, TANH, code, theta, gradient)
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
    return _network_agrees("global", program.name)


def _runs_alike(program: Program, what: str, position: int) -> bool:
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


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_printed_code_is_right_and_broken_code_is_wrong(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mutant that can be printed is run as plain Python and compared with the oracle."""
    assert agrees(program)
    unnoticed, ran = [], 0
    for what, position, assign in mutants(program):
        if _runs_alike(program, what, position):
            continue
        try:
            text = cpu.function(program.with_assignment(position, assign))
        except (ValueError, KeyError):
            continue  # no program, or no code for it
        with monkeypatch.context() as patch, np.errstate(all="ignore"):
            space = dict(SPACE)
            exec(text, space)
            broken = FunctionType(space[program.name].__code__, SPACE, program.name)
            patch.setitem(SPACE, program.name, broken)
            ran += 1
            try:
                if agrees(program):
                    unnoticed.append(f"{what}: {assign}")
            except (ArithmeticError, ValueError, TypeError, NameError):
                continue  # wrong loudly
    assert unnoticed == []
    assert ran >= 4
    assert agrees(program)


# --- mutation: structure ----------------------------------------------------------------------------------------------


def _replace_node(body: tuple[Any, ...], old: Any, new: tuple[Any, ...]) -> tuple[Any, ...]:
    result: list[Any] = []
    for node in body:
        if node is old:
            result.extend(new)
        elif isinstance(node, Assign):
            result.append(node)
        else:
            result.append(replace(node, body=_replace_node(node.body, old, new)))
    return tuple(result)


def _nodes(body: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for node in body:
        yield body, node
        if not isinstance(node, Assign):
            yield from _nodes(node.body)


def structural_mutants(program: Program) -> Iterator[tuple[str, Callable[[], Program]]]:
    """Loops turned round, sources left out, conditions added or removed, neighbours swapped, storage shared."""

    def with_body(old: Any, *new: Any) -> Callable[[], Program]:
        return lambda: replace(program, body=_replace_node(program.body, old, new))

    layered = any(isinstance(node, Layers) for node in program.body)
    for block, node in list(_nodes(program.body)):
        if isinstance(node, Layers):
            yield "reversed", with_body(node, replace(node, reverse=not node.reverse))
        elif isinstance(node, Sources):
            yield "sources", with_body(node, replace(node, hidden=not node.hidden))
        elif isinstance(node, When):
            yield f"not only {node.condition}", with_body(node, *node.body)
        elif isinstance(node, Assign) and layered:
            for condition in ("hidden", "last", "sender hidden"):
                yield f"{condition} only: {node}", with_body(node, When(condition, (node,)))
        following = block[block.index(node) + 1 :][:1]
        if following:
            swapped = (*block[: block.index(node)], following[0], node, *block[block.index(node) + 2 :])
            parent = next((n for _, n in _nodes(program.body) if not isinstance(n, Assign) and n.body is block), None)
            if parent is None:
                yield f"swapped: {node}", lambda swapped=swapped: replace(program, body=swapped)
            else:
                yield f"swapped: {node}", with_body(parent, replace(parent, body=swapped))
    for array in program.arrays:
        for other in program.arrays:
            if other is not array and other.kind == array.kind and other.indices == array.indices:
                arrays = tuple(replace(a, store=other.store or other.name) if a is array else a for a in program.arrays)
                if arrays != program.arrays:
                    yield f"{array.name} kept in {other.name}", lambda arrays=arrays: replace(program, arrays=arrays)


def _prints_right(make: Callable[[], Program]) -> bool:
    """The mutant's own code, run as plain Python, gives the oracle's numbers."""
    program = make()
    space = dict(SPACE)
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        exec(cpu.function(program), space)
        patch.setitem(SPACE, program.name, FunctionType(space[program.name].__code__, SPACE, program.name))
        return agrees(program)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_every_broken_structure_is_refused_or_runs_right(program: Program) -> None:
    """What the proofs do not refuse must be another way to write the same: its code agrees with the oracle."""
    survivors, tried = [], 0
    for what, make in structural_mutants(program):
        tried += 1
        if refused(make):
            continue
        try:
            right = _prints_right(make)
        except (ArithmeticError, ValueError, TypeError, NameError):
            continue  # not printed, or wrong loudly: another signature, a name not yet set
        if not right:
            survivors.append(what)
    assert survivors == []
    assert tried > 0


def test_a_formula_that_reads_what_was_overwritten_is_no_program() -> None:
    """b = μ b + g in place, then the old b read for θ: equal on paper, wrong in memory."""
    o = optimizers
    stale = o.parameter.element - o.rate * (o.momentum * o.first.element + o.gradient.element)
    with pytest.raises(ValueError, match="first was overwritten by first_new"):
        o.SGD.with_assignment(1, replace(o.SGD.assignments[1], value=stale))


@pytest.mark.parametrize(
    ("what", "claim"),
    [
        ("a negative power", lambda: (algebra.phi(j) ** -1, sp.Integer(1))),
        ("a root", lambda: (sp.sqrt(algebra.eigenvalues(j)), sp.Integer(1))),
        ("half a sign", lambda: (algebra.sign(d / 2), algebra.sign(d))),
        ("a path down", lambda: (algebra.path(j, j + 1) * algebra.phi(j), sp.Integer(1))),
    ],
)
def test_the_algebra_refuses_what_has_no_meaning(what: str, claim: Callable[[], tuple[sp.Expr, sp.Expr]]) -> None:
    with pytest.raises((ValueError, ProofError)):
        Proof("T").equal(what, *claim())


def test_sums_are_linear_only() -> None:
    """Σ x · Σ y is not Σ Σ x y, and a sum in a denominator is no term of a sum."""
    x, y, w = (Array(n, (s, k), "argument", "") for n in "xyw")
    total, other, result = (Array(n, (s,), "argument", "") for n in ("total", "other", "result"))
    sums = (
        Assign(total.element, x.element, over=(k,)),
        Assign(other.element, y.element, over=(k,)),
    )
    for value in (total.element * other.element, 1 / total.element, sp.exp(total.element)):
        with pytest.raises(ValueError, match=r"nonlinearly|capture"):
            evaluate([*sums, Assign(result.element, value)], elements((x, y, w)))
    # Over different indices a product of sums is a double sum.
    v = Array("v", (s, h), "argument", "")
    both = (sums[0], Assign(other.element, v.element, over=(h,)), Assign(result.element, total.element * other.element))
    double = (Assign(result.element, x.element * v.element, over=(h, k)),)
    known = elements((x, v))
    assert evaluate(both, known)["result"] == evaluate(double, known)["result"]
    again = (Assign(result.element, x.element, over=(k,)), Assign(result.element, y.element, over=(k,)))
    with pytest.raises(ValueError, match="two meanings"):
        evaluate(again, elements((x, y)))


def test_programs_that_return_or_repeat_the_wrong_thing_are_refused() -> None:
    p, lo = penalties, losses
    wrong: list[tuple[Callable[[Proof, Program], None], Callable[[], Program]]] = [
        (p.l2_argument, lambda: replace(p.L2, body=(*p.L2.body, p.L2.body[-1]))),
        (p.l1_argument, lambda: replace(p.L1, body=(p.L1.body[0], *p.L1.body))),
        (p.group_argument, lambda: replace(p.GROUP, result="norm")),
        (p.l2_argument, lambda: replace(p.L2, result="")),
        (p.l2_argument, lambda: replace(p.L2, body=p.L2.body[:1])),
        (lo.ARGUMENTS["squared_error"], lambda: replace(lo.SQUARED_ERROR.program, result="")),
        (
            lo.cross_entropy_argument,
            lambda: replace(lo.CROSS_ENTROPY, body=tuple(Rows((a,)) for a in lo.CROSS_ENTROPY.assignments)),
        ),
    ]
    for argument, make in wrong:
        with pytest.raises((ProofError, ValueError)):
            argument(Proof("mutant"), program=make())
    with pytest.raises(ValueError, match="inside another loop"):
        replace(propagation.DIRECT, body=(Layers(propagation.DIRECT.body),))


def test_a_derivation_that_is_not_well_formed_is_a_failed_proof() -> None:
    def argument(proof: Proof) -> None:
        next(iter(()))

    with pytest.raises(ProofError, match="T: StopIteration"):
        Theorem("T", "", "", "", argument).prove()
