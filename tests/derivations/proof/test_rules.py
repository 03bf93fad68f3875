"""The rules of proof: each accepts true claims and refuses false ones.

On true theorems a weakened check gives the same certificates, so only these tests would notice it; `make
mutation` shows that they do. They run in seconds, in one process.
"""

from __future__ import annotations

import json
import re
import runpy
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from derivations import __main__ as generator
from derivations.proof import algebra, notation, rules
from derivations.proof.assignments import Array, Assign, Layers, Node, Rows, Sources, When, conditions
from derivations.proof.certificates import Certificate
from derivations.proof.claims import Claim, Recursion, induction
from derivations.proof.facts import fact, listed
from derivations.proof.programs import Program
from derivations.proof.rules import (
    cotangents,
    derivative,
    evaluate,
    leaves,
    marker,
    name_of,
    normal_form,
    path,
    sign,
)
from derivations.proof.stated import Definition, Term, at, meaning
from derivations.proof.steps import RELATIONS, RULES, Step
from derivations.proof.theorem import Proof, ProofError, Theorem
from derivations.proof.wording import formula
from derivations.records import assumptions, checker_digest, record
from derivations.theorems.scalar import activations, losses
from derivations.theorems.spectral import adjoint, growth, propagation, reverse_accumulation
from derivations.theorems.spectral.inversion import choose
from derivations.theorems.spectral.nilpotency import power

a, b = sp.symbols("a b")
n = sp.Symbol("n", integer=True, nonnegative=True)
j = sp.Symbol("j", integer=True, positive=True)
h, k, s, p = sp.symbols("h k s p", integer=True, nonnegative=True)
A, B = (sp.Symbol(name, commutative=False) for name in "AB")
f, df = sp.Function("f"), sp.Function("df")
ZERO, ONE = sp.Integer(0), sp.Integer(1)
TRUE = ((a + b) ** 2, a**2 + 2 * a * b + b**2)


def holds(rule: str, left: Any, right: Any) -> bool:
    return bool(Step(rule, "claim", left, right, relation=RELATIONS[rule][0]).remainder() == 0)


# --- the remainder of a step ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule", ["algebra", "induction", "program", "reverse accumulation", "differentiation", "convention"]
)
def test_rules_with_a_normal_form(rule: str) -> None:
    assert holds(rule, (a + b) ** 2, a**2 + 2 * a * b + b**2)
    assert holds(rule, path(j + 2, j + 1) * path(j + 1, j), path(j + 2, j))
    assert not holds(rule, a, b)
    assert not holds(rule, A * B, B * A)
    assert not holds(rule, a, -a)
    # Not by simplification: only what multiplying out gives.
    assert not holds(rule, sp.sin(a) ** 2 + sp.cos(a) ** 2, ONE)
    assert not holds(rule, a / (a + 1) + 1 / (a + 1), ONE)
    assert Step(rule, "claim", 3 * a, a + b).remainder() == 2 * a - b


def test_there_are_no_other_rules() -> None:
    proof = Proof("T")
    with pytest.raises(ProofError, match="T: claim: there is no rule 'magic'"):
        proof.step(Step("magic", "claim", *TRUE))
    assert proof.steps == []
    assert set(RULES) == {
        "algebra",
        "induction",
        "program",
        "reverse accumulation",
        "differentiation",
        "convention",
        "rational",
        "definition",
        "decided",
        "bound",
        "reindexing",
        "error analysis",
    }
    assert all(RULES.values())


def test_rational_identities() -> None:
    assert holds("rational", a / (a + 1) + 1 / (a + 1), ONE)
    assert not holds("rational", a / (a + 1), ONE)
    assert not holds("rational", 1 / a, a)
    assert holds("rational", 1 / (a - 1) - 1 / (a + 1), 2 / (a**2 - 1))
    assert holds("rational", 1 / (1 + 1 / a), a / (a + 1))


def test_binomial_coefficients_are_those_of_pascal() -> None:
    """M3 takes Pascal's triangle for the definition of C(n, i)."""
    i = sp.Symbol("i", integer=True, positive=True)
    for row in range(6):
        for column in range(8):
            assert meaning(choose(sp.Integer(row), sp.Integer(column))) == sp.binomial(row, column)
    assert choose(n + 1, i).unfolded() == choose(n, i) + choose(n, i - 1)
    assert choose(n, ZERO).unfolded() == choose(ZERO, ZERO).unfolded() == 1
    assert choose(ZERO, i).unfolded() == 0
    # Whether i - 1 is 0, or n, is not known.
    for at_place in ((n, i), (n + 1, i - 1)):
        assert choose(*at_place).unfolded() == sp.Function("choose")(*at_place)
    assert not holds("algebra", choose(n, i), choose(n, i - 1))


def test_lists_are_alike_in_writing() -> None:
    assert holds("definition", ("a", "b"), ("a", "b"))
    assert not holds("definition", ("a",), ("b",))
    assert not holds("definition", ((a + b) ** 2,), (sp.expand((a + b) ** 2),))


def test_signs_are_decided_by_assumptions() -> None:
    positive, real = sp.Symbol("x", positive=True), sp.Symbol("y", real=True)
    # Left, relation, right, and whether it is decided.
    for left, relation, right, decided in (
        (positive, ">", ZERO, True), (positive, ">=", ZERO, True), (-positive, "<", ZERO, True), (-positive, "<=", ZERO, True),
        (positive, "!=", ZERO, True), (real**2, ">=", ZERO, True), (real**2, ">", ZERO, False), (real, "!=", ZERO, False),
        (positive, "<", ZERO, False), (positive + 1, ">", ONE, True), (real, ">", real - 1, True), (positive, ">", real, False),
        (a * b, "without", sp.Symbol("c"), True), (a * b, "without", a, False),
        (at(a * b, {b: ZERO}), "without", a, True), (at(a + b, {b: a}), "without", b, True),
    ):  # fmt: skip
        step = Step("decided", "claim", left, right, relation=relation)
        assert (step.remainder() == 0) is decided, step


@pytest.mark.parametrize("rule", ["bound", "error analysis"])
def test_bounds_are_between_rational_numbers(rule: str) -> None:
    third, half = sp.Rational(1, 3), sp.Rational(1, 2)
    assert holds(rule, third, half)
    assert holds(rule, half, half)
    assert not holds(rule, half, third)
    assert Step(rule, "claim", half, third, relation="<=").remainder() == "1/2 > 1/3"
    for left, right in ((sp.sqrt(2), sp.Integer(2)), (ONE, sp.sqrt(2)), (sp.Float(0.1), ONE), (ZERO, sp.Float(0.1))):
        assert not holds(rule, left, right)
    assert not holds(rule, a, a)


# --- induction --------------------------------------------------------------------------------------------------------


def sequence(first: Any, following: Callable[..., Any], closed: Callable[[Any], Any]) -> tuple[Any, ...]:
    """A sequence by its recursion, what it is said to be, and the claim."""
    recursion = Recursion("sequence", "s_{0}", "s_{0}", lambda: first, following, commutative=True)
    said = Definition("closed", closed, "c_{0}", "c_{0}", commutative=True)
    return recursion, said, Claim("sequence", recursion(n), said(n), (n,))


def test_induction_has_a_base_and_a_step_over_the_naturals() -> None:
    powers = sequence(ONE, lambda before, n: a * before(), lambda n: a**n)
    base, step = induction(*powers, n)
    assert (base.name, base.left, meaning(base.right)) == ("sequence: n = 0", 1, 1)
    assert step.name == "sequence: from n to n + 1"
    assert (meaning(step.left), meaning(step.right)) == (a * a**n, a ** (n + 1))
    Proof("T").induction(powers[2], *powers[:2], n)
    for wrong in (
        sequence(b, lambda before, n: a * before(), lambda n: a**n),
        sequence(ONE, lambda before, n: b * before(), lambda n: a**n),
        sequence(ONE, lambda before, n: a * before(), lambda n: a ** (n + 1)),
        sequence(ONE, lambda before, n: a * before(), lambda n: b**n),
    ):
        with pytest.raises(ProofError):
            Proof("T").induction(wrong[2], *wrong[:2], n)


def test_an_induction_is_about_its_recursion() -> None:
    closed = sequence(ONE, lambda before, n: a ** (n + 1), lambda n: a**n)
    with pytest.raises(ValueError, match="the next member is not made from the one before"):
        induction(*closed, n)
    recursion, said, claim = sequence(ONE, lambda before, n: a * before(), lambda n: a**n)
    with pytest.raises(ValueError, match="does not say that sequence is closed"):
        induction(recursion, said, replace(claim, right=said(n + 1)), n)
    with pytest.raises(ValueError, match="follows by induction alone"):
        meaning(recursion(n))


# --- paths, signs and normal forms ------------------------------------------------------------------------------------


def test_paths_join_and_end() -> None:
    assert normal_form(path(j + 3, j + 1) * path(j + 1, j)) == path(j + 3, j)
    assert normal_form(path(j + 3, j + 2) * path(j + 2, j + 1) * path(j + 1, j)) == path(j + 3, j)
    assert normal_form(path(j, j)) == 1
    assert normal_form(A * path(j, j) * B) == A * B
    assert normal_form(path(j + 2, j + 1) * path(j, j - 1)) == path(j + 2, j + 1) * path(j, j - 1)
    assert normal_form(path(j + 1, j) * path(j + 2, j + 1)) == path(j + 1, j) * path(j + 2, j + 1)
    assert normal_form(path(j + 2, j + 1) * A * path(j + 1, j)) == path(j + 2, j + 1) * A * path(j + 1, j)
    # Arguments are compared multiplied out.
    assert normal_form(path(2 * (j + 1), 2 * j + 1) * path(2 * j + 1, j)) == path(2 * j + 2, j)
    assert normal_form(A * rules.PATH(2 * (j + 1), j)) == A * path(2 * j + 2, j)
    assert normal_form(path(j + n, j) - path(n + j, j)) == 0
    assert normal_form(2) == 2


def test_there_is_no_path_up_to_an_earlier_layer() -> None:
    with pytest.raises(ValueError, match="no path up from layer j to layer j - 1"):
        path(j - 1, j)
    with pytest.raises(ValueError, match="no path up from layer 2 to layer 1"):
        path(1, 2)
    assert path(j, j).args == (j, j)
    assert path(1, 1).args == (1, 1)
    with pytest.raises(ValueError, match="no path up"):
        normal_form(path(j, n) * path(n, j + 1))


def test_only_repeated_products_have_powers() -> None:
    assert normal_form(A**2 * B) == A * A * B
    assert normal_form(path(n, n) ** 3) == 1
    square = rules.PATH(j + 1, j) ** 2
    assert normal_form(square) == square
    for wrong in (A**-1, sp.sqrt(A), A**n, A**a, A ** sp.Rational(3, 2)):
        with pytest.raises(ValueError, match="is no repeated product"):
            normal_form(wrong * B)
    assert normal_form((A * B) ** 2 - A * B * A * B) == 0


def test_signs_are_reduced_modulo_two() -> None:
    # Pairs, several a line.
    for exponent, reduced in (
        (2 * n, ONE), (2 * n + 1, -ONE), (n, (-ONE) ** n), (n + 2, (-ONE) ** n), (3 * n, (-ONE) ** n), (-n, (-ONE) ** n),
        (n - 1, -((-ONE) ** n)), (n + j, (-ONE) ** n * (-ONE) ** j), (ZERO, ONE), (ONE, -ONE), (4, ONE), (2 * (n + 1), ONE),
        (-3, -ONE), (n * j, (-ONE) ** (n * j)),
    ):  # fmt: skip
        assert sign(exponent) == reduced
    for wrong in (n / 2, a, n + sp.Rational(1, 2), n + a, 2 * a, sp.pi):
        with pytest.raises(ValueError, match="is no integer"):
            sign(wrong)
    assert normal_form(sign(n) * sign(n)) == 1
    assert normal_form((-ONE) ** (n + 1) * A + (-ONE) ** n * A) == 0
    for exponent in (3 * n, -n, 2 * n + n, 5 * n):  # SymPy leaves these as they are
        assert (-ONE) ** exponent != (-ONE) ** n
        assert normal_form((-ONE) ** exponent * A) == (-ONE) ** n * A
    assert sign(n * (j + 1) - n * j) == (-ONE) ** n
    assert normal_form(sp.Integer(-2) ** (3 * n)) == sp.Integer(-2) ** (3 * n)
    assert normal_form((-ONE) ** (2 * n) * a) == a
    assert normal_form(a**n * a - a ** (n + 1)) == 0
    assert normal_form((-ONE) ** (n + 2) * a**2) == (-ONE) ** n * a**2


def test_a_normal_form_is_reached_from_a_nested_one() -> None:
    nested = (path(j + 2, j + 1) + A) * (path(j + 1, j) + B) * 3
    assert normal_form(nested) == sp.expand(
        3 * path(j + 2, j) + 3 * path(j + 2, j + 1) * B + 3 * A * path(j + 1, j) + 3 * A * B
    )
    # One round is not enough: that this is a square is seen when the signs are reduced.
    assert normal_form((a + b) ** ((-ONE) ** (3 * n) - (-ONE) ** n + 2)) == a**2 + 2 * a * b + b**2
    assert normal_form(normal_form(nested)) == normal_form(nested)


# --- programs on symbols ----------------------------------------------------------------------------------------------

x, y = (Array(name, (s, k), "argument", "") for name in "xy")
w = Array("w", (h, k), "argument", "")
z = Array("z", (s, h), "argument", "")
total, other = (Array(name, (s,), "argument", "") for name in ("total", "other"))
loss, factor, peak = sp.symbols("loss factor peak")


def test_names_markers_and_leaves() -> None:
    assert name_of(x.element) == "x"
    assert name_of(factor) == "factor"
    assert str(marker(k)) == "Σ_k"
    value = factor * x.element * f(z.element) + sp.KroneckerDelta(h, k) * total.element
    assert leaves(value) == [factor, total.element, x.element, z.element]
    assert leaves(sp.Integer(3)) == []
    assert leaves(sp.KroneckerDelta(h, total.element)) == [total.element]
    assert leaves(h * x.element) == [h, x.element]


def test_derivatives_of_values() -> None:
    assert derivative(factor * x.element**2, x.element) == 2 * factor * x.element
    assert derivative(factor * x.element**2, factor) == x.element**2
    assert derivative(f(z.element) * factor, z.element) == factor * df(z.element)
    assert derivative(x.element * y.element, x.element) == y.element
    assert derivative(sp.exp(z.element), z.element) == sp.exp(z.element)
    assert derivative(sp.Integer(3), factor) == 0
    assert derivative(f(f(factor)), factor) == df(factor) * df(f(factor))
    assert derivative(factor * sp.KroneckerDelta(h, k), factor) == sp.KroneckerDelta(h, k)
    # A whole number inside a delta does not move.
    label = sp.IndexedBase("label")[s]
    assert derivative(sp.KroneckerDelta(h, label) * factor, label) == 0
    with pytest.raises(ValueError, match="only f has a derivative with a name"):
        derivative(sp.KroneckerDelta(h, label) * label, label)


def test_only_the_first_derivative_of_f_has_a_name() -> None:
    slope = sp.Derivative(f(factor), factor)
    for value in (
        slope,
        factor * slope,
        df(factor),
        f(2 * factor),
        slope.subs(factor, 2 * factor),
        sp.Function("g")(factor),
        sp.Derivative(f(a), a) * factor,
        sp.Derivative(f(factor), (factor, 2)),
    ):
        with pytest.raises(ValueError, match="only f has a derivative with a name"):
            derivative(value, factor)


def test_a_leaf_has_one_pattern_of_plain_distinct_indices() -> None:
    double = Array("double", (s, s), "argument", "")
    shifted = Array("shifted", (s, k + 1), "argument", "")
    for leaf in (double.element, shifted.element, x.at(s, 0)):
        with pytest.raises(ValueError, match="is not at distinct plain indices"):
            derivative(leaf, leaf)
    for value in (x.at(s, k) * x.at(s, h), f(x.at(s, k)) + x.at(h, k)):
        with pytest.raises(ValueError, match="a name with two meanings"):
            cotangents((Assign(loss, value, over=(s, h, k)),), {"loss": ONE})
    with pytest.raises(ValueError, match="a name with two meanings"):
        cotangents((Assign(z.element, x.at(s, h)), Assign(loss, x.element, over=(s, k))), {"loss": ONE, "z": z.element})
    # Another array at other indices is no harm.
    assert derivative(x.at(s, k) * y.at(s, h), x.at(s, k)) == y.at(s, h)


def test_reverse_accumulation_sums_what_the_leaf_does_not_carry() -> None:
    program = (
        Assign(z.element, x.element * w.element, over=(k,)),
        Assign(loss, factor * z.element**2, over=(s, h)),
    )
    bars = cotangents(program, {"loss": ONE})
    bar_z = 2 * factor * z.element
    # ℓ̄ = 1 reaches every z_sh once; the sums over s and h belong to those who do not carry them.
    assert bars["x"] == sp.expand(bar_z * w.element * marker(h))
    assert bars["w"] == sp.expand(bar_z * x.element * marker(s))
    assert bars["factor"] == sp.expand(z.element**2 * marker(s) * marker(h))
    assert set(bars) == {"x", "w", "factor"}
    assert cotangents(program, {}) == {}
    seeds = {"loss": ONE}
    cotangents(program, seeds)
    assert seeds == {"loss": ONE}


def test_cotangents_of_accumulated_targets_stay() -> None:
    first = Assign(total.element, x.element, over=(k,))
    more = Assign(total.element, y.element, over=(k,), accumulate=True)
    bars = cotangents((first, more), {"total": other.element})
    assert bars == {"x": other.element, "y": other.element}
    assert cotangents((more,), {"total": other.element}) == {"y": other.element, "total": other.element}
    # What has a cotangent already collects.
    assert cotangents((first,), {"total": other.element, "x": factor})["x"] == other.element + factor
    twice = (Assign(total.element, x.element, over=(k,)), Assign(other.element, 2 * x.element, over=(k,)))
    assert cotangents(twice, {"total": a, "other": b})["x"] == a + 2 * b


def test_fixed_indices_are_not_summed() -> None:
    program = (Assign(loss, factor * x.element, over=(k,)),)
    assert cotangents(program, {"loss": ONE}, fixed=(s,))["factor"] == x.element * marker(k)
    # Whose s that would be, nothing says.
    with pytest.raises(ValueError, match="an index that is neither free nor summed"):
        cotangents(program, {"loss": ONE})
    # The loop around has taken s: no sum inside can run over it.
    with pytest.raises(ValueError, match="an index that is neither free nor summed"):
        cotangents((Assign(loss, factor * x.element, over=(s, k)),), {"loss": ONE}, fixed=(s,))
    rows = (Assign(z.element, total.element * w.element, over=(k,)),)
    assert cotangents(rows, {"z": z.element}, fixed=(s,))["w"] == z.element * total.element
    assert cotangents(rows, {"z": z.element})["w"] == z.element * total.element * marker(s)
    assert cotangents(rows, {"z": z.element}, fixed=(s,))["total"] == z.element * w.element * marker(h) * marker(k)


def known(**others: Any) -> dict[str, Any]:
    """Every array stands for itself."""
    return {array.name: array.element for array in (x, y, w, z, total, other)} | others


def test_running_on_symbols() -> None:
    program = (
        Assign(z.element, x.element * w.element, over=(k,)),
        Assign(total.element, f(z.element) + factor * z.element, over=(h,)),
    )
    values = evaluate(program, known())
    inner = marker(k) * x.element * w.element
    assert values["z"] == inner
    assert values["total"] == sp.expand(marker(h) * (f(inner) + factor * inner))
    given = evaluate(program, known(x=2 * x.element, factor=sp.Integer(3)))
    assert given["z"] == 2 * inner
    assert given["total"] == sp.expand(marker(h) * (f(2 * inner) + 6 * inner))
    assert given["x"] == 2 * x.element
    # What is neither known nor computed stands for itself.
    assert evaluate(program, {}) == {name: values[name] for name in ("z", "total")}
    more = Assign(z.element, -w.element * x.element, over=(k,), accumulate=True)
    weights = {"x": x.element, "w": w.element}
    assert evaluate((program[0], more), weights)["z"] == 0
    assert evaluate((more,), weights)["z"] == -inner
    assert evaluate((more,), known(z=inner))["z"] == 0
    assert evaluate(program[:1], known(z=a))["z"] == inner  # set, not added to
    again = (Assign(factor, a), Assign(loss, factor + b))
    assert evaluate(again, known())["loss"] == a + b


def test_sums_capture_no_index_and_stand_linearly() -> None:
    summed = Assign(total.element, x.element, over=(k,))
    # Σ_k x_sk inside an assignment that speaks of k itself.
    with pytest.raises(ValueError, match=r"the sum over \['k'\] would capture"):
        evaluate((summed, Assign(y.element, total.element * other.element)), known())
    with pytest.raises(ValueError, match="would capture"):
        evaluate((summed, Assign(loss, total.element * y.element, over=(s, k))), known())
    with pytest.raises(ValueError, match="would capture"):
        cotangents((Assign(total.element, x.element, over=(k,)),), {"total": marker(k) * other.element})
    with pytest.raises(ValueError, match="would capture"):
        cotangents((Assign(total.element, x.element, over=(k,)),), {"total": marker(s) * other.element})
    for value in (total.element**2, 1 / total.element, sp.exp(total.element), total.element * other.element):
        with pytest.raises(ValueError, match="a sum stands nonlinearly"):
            evaluate((summed, Assign(other.element, y.element, over=(k,)), Assign(loss, value, over=(s,))), known())
    # Whole inside f or f', and linearly beside it.
    for value in (f(total.element), df(total.element), factor * total.element, total.element + y.at(s, h)):
        evaluate((summed, Assign(loss, value, over=(s,)) if value.has(f, df) else Assign(z.element, value)), known())
    # Over different indices a product of sums is a double sum.
    inner = Assign(other.element, z.element, over=(h,))
    both = evaluate((summed, inner, Assign(loss, total.element * other.element, over=(s,))), known())
    assert both["loss"] == marker(s) * marker(k) * marker(h) * x.element * z.element
    # A square of what is no sum is none of a sum.
    assert evaluate((Assign(factor, a), Assign(loss, factor**2)), known())["loss"] == a**2


BESIDE = Assign(other.element, y.element, over=(k,))
SUMS = (Assign(total.element, x.element, over=(k,)), BESIDE)


@pytest.mark.parametrize("given", [{}, {"x": x.element, "y": y.element}])
@pytest.mark.parametrize(
    "value",
    [
        # A product of sums over one index is no sum of products, inside f as little as outside.
        f(total.element * other.element),
        df(total.element * other.element),
        f(total.element**2),
        f(f(total.element * other.element)),
        factor * f(sp.exp(total.element)),
        sp.exp(f(total.element * other.element)),
        # A condition on a sum is no sum of conditions.
        sp.Piecewise((0, total.element < 0), (1, True)),
        sp.Piecewise((total.element, total.element < 0), (other.element, True)),
        sp.Piecewise((0, sp.And(factor < 0, total.element < other.element)), (1, True)),
        f(sp.Piecewise((0, total.element < 0), (1, True))),
        sp.Max(total.element, 0),
        sp.Abs(total.element),
        sp.KroneckerDelta(h, total.element) * z.element,
    ],
    ids=str,
)
def test_sums_stand_linearly_inside_f_and_in_no_condition(value: sp.Expr, given: dict[str, Any]) -> None:
    over = (s, h) if value.has(h) else (s,)
    with pytest.raises(ValueError, match="a sum stands nonlinearly in"):
        evaluate((*SUMS, Assign(loss, value, over=over)), given)


def test_sums_may_stand_whole_in_f_and_beside_a_condition() -> None:
    sums = [marker(k) * e.element for e in (x, y)]
    for value, wanted in (
        (f(total.element + 2 * other.element), f(sums[0] + 2 * sums[1])),
        (f(total.element) * df(other.element), f(sums[0]) * df(sums[1])),
        (sp.Piecewise((total.element, factor < 0), (0, True)), sp.Piecewise((sums[0], factor < 0), (0, True))),
    ):
        assert sp.expand(evaluate((*SUMS, Assign(loss, value, over=(s,))), {})["loss"] - marker(s) * wanted) == 0


NAMESAKE = sp.Symbol("k")
"""Another symbol than k; a marker Σ_k cannot tell them apart."""


@pytest.mark.parametrize("run", [lambda p: evaluate(p, {}), lambda p: cotangents(p, {"loss": ONE, "z": z.element})])
@pytest.mark.parametrize(
    "program",
    [
        # The k of a sum that is over.
        (Assign(peak, x.at(k), over=(k,)), Assign(loss, peak * y.at(k))),
        (Assign(loss, f(x.at(k))),),
        (Assign(loss, x.at(k), over=(h,)),),
        (Assign(loss, sp.KroneckerDelta(h, k) * x.at(k), over=(k,)),),
        (Assign(z.at(s), x.at(s, k)),),
        # Two symbols of one name.
        (Assign(loss, x.at(NAMESAKE), over=(k,)),),
        (Assign(peak, x.at(k), over=(k,)), Assign(loss, peak * y.at(NAMESAKE))),
        (Assign(loss, x.at(k) * y.at(NAMESAKE), over=(k, NAMESAKE)),),
        (Assign(z.at(k), x.at(k) * y.at(NAMESAKE), over=(NAMESAKE,)),),
        (Assign(z.at(NAMESAKE), x.at(k) * y.at(NAMESAKE), over=(k,)),),
        # One symbol, free and summed, or summed twice.
        (Assign(z.at(k), x.at(k), over=(k,)),),
        (Assign(loss, x.at(k), over=(k, k)),),
        # What a program computes is no index, neither of an array nor of a delta.
        (Assign(peak, x.at(k), over=(k,)), Assign(loss, y.at(peak))),
        (Assign(peak, x.at(k), over=(k,)), Assign(loss, sp.KroneckerDelta(h, peak) * y.at(h), over=(h,))),
        (Assign(peak, a), Assign(loss, sp.KroneckerDelta(h, peak + 1) * y.at(h), over=(h,))),
        (Assign(peak, a), Assign(loss, y.at(2 * peak))),
    ],
    ids=lambda program: "; ".join(map(str, program)),
)
def test_an_index_is_free_or_summed_once(run: Callable[[Any], Any], program: tuple[Assign, ...]) -> None:
    with pytest.raises(ValueError, match="an index that is neither free nor summed"):
        run(program)


@pytest.mark.parametrize("second", [y.at(NAMESAKE), y.at(k)], ids=["another k", "k"])
def test_two_sums_over_one_name_are_not_multiplied(second: sp.Expr) -> None:
    """(Σ_k x_k) (Σ_k y_k) is not Σ_k x_k y_k, whichever symbols are called k."""
    first = Assign(peak, x.at(k), over=(k,))
    by = Assign(factor, second, over=second.indices)
    with pytest.raises(ValueError, match="a sum stands nonlinearly"):
        evaluate((first, by, Assign(loss, peak * factor)), {})
    with pytest.raises(ValueError, match=r"the sum over \['k'\] would capture an index"):
        evaluate((first, Assign(loss, peak * second, over=second.indices)), {})
    with pytest.raises(ValueError, match=r"the sum over \['k'\] would capture an index"):
        evaluate((first, Assign(z.at(*second.indices), peak * second)), {})


def test_what_a_program_sets_is_read_at_one_pattern() -> None:
    """Set at [s], read at [h]: the value set is one of s, and says nothing at h."""
    first = Assign(total.element, x.element, over=(k,))
    with pytest.raises(ValueError, match=r"a name with two meanings.*: loss = .*total\[h\]"):
        evaluate((first, Assign(loss, total.at(h), over=(h,))), {})


@pytest.mark.parametrize("run", [lambda p: evaluate(p, known()), lambda p: cotangents(p, {"total": ONE, "loss": ONE})])
def test_a_name_has_one_meaning(run: Callable[[Any], Any]) -> None:
    first = Assign(total.element, x.element, over=(k,))
    with pytest.raises(ValueError, match=r"a name with two meanings.*: total\[s\]"):
        run((first, Assign(total.element, y.element, over=(k,))))
    with pytest.raises(ValueError, match=r"a name with two meanings.*: total\[s\]"):
        run((first, Assign(loss, total.element, over=(s,)), Assign(total.element, other.element, accumulate=True)))
    with pytest.raises(ValueError, match=r"a name with two meanings.*: total\[s\]"):
        run((Assign(total.element, total.element + other.element),))
    with pytest.raises(ValueError, match=r"no sum, .*: loss = max_s max_k"):
        run((Assign(loss, x.element, over=(s, k), reduce="max"),))
    run((first, Assign(total.element, y.element, over=(k,), accumulate=True), Assign(loss, total.element, over=(s,))))
    run(iter((first,)))


# --- proofs and certificates ------------------------------------------------------------------------------------------


def found(members: Any) -> Term:
    """A fact whose value is this list or set."""
    return fact("found", "found")(lambda: members)()


def test_a_proof_keeps_its_steps_and_refuses_with_a_message() -> None:
    proof, positive = Proof("T"), sp.Symbol("x", positive=True)
    proof.equal("one", *TRUE, cites=["M1", "M2"])
    proof.equal("two", at(a, {a: 0}), 0, "program", cites=("M2", "M3"))
    proof.equal("rational", at(1 / b, {b: a}), 1 / a, rule="rational")
    proof.compare("three", positive, ">")
    proof.without("four", b, a)
    proof.same("five", found({b, a}), [a, b])
    proof.at_most("six", 1, Fraction(3, 2))
    rules_used = ["algebra", "program", "rational", "decided", "decided", "definition", "bound"]
    assert [step.rule for step in proof.steps] == rules_used
    assert proof.steps[0] == Step("algebra", "one", *TRUE, ("M1", "M2"), part="one")
    assert [claim.name for claim in proof.stated] == ["one", "two", "rational", "three", "four", "six"]
    proof.equal("one", *TRUE)
    assert proof.stated.pop().name == proof.steps.pop().part == "one (2)"
    listing = Proof("T", listed=True)
    listing.equal("lemma", *TRUE)
    assert (listing.stated, listing.steps[0].part) == ([], "")
    assert isinstance(proof.steps[1].right, sp.Integer)
    assert meaning(proof.steps[5].left) == proof.steps[5].right == listed([a, b])
    assert (proof.steps[6].left, proof.steps[6].right, proof.steps[6].relation) == (1, sp.Rational(3, 2), "<=")
    for wrong, message in (
        (lambda: proof.equal("claim", a, b), "T: claim: left - right = a - b, not 0"),
        (lambda: proof.equal("claim", a, a), "T: claim: both sides are written alike, a"),
        (lambda: proof.equal("claim", 0, 0), "both sides are written alike, 0"),
        (lambda: proof.compare("claim", a, ">"), "a > 0 is not decided"),
        (lambda: proof.without("claim", a, a), "a without a is not decided"),
        (lambda: proof.same("claim", found([a]), [a, a]), "is not"),
        (lambda: proof.same("claim", found([a]), [b]), "(a) is not (b)"),
        (lambda: proof.same("claim", [a], [a]), "is no fact about a program"),
        (lambda: proof.same("claim", listed([a]), [a]), "is no fact about a program"),
        (lambda: proof.at_most("claim", 2, 1), "2 > 1"),
    ):
        with pytest.raises(ProofError, match=re.escape(message)):
            wrong()
    assert len(proof.steps) == len(rules_used)


@pytest.mark.parametrize(
    "number",
    [float("nan"), float("inf"), -float("inf"), 0.5, 0.0, sp.nan, sp.oo, sp.Float(0.5), sp.sqrt(2), a, "1/2", None],
    ids=repr,
)
def test_bounds_want_exact_numbers(number: Any) -> None:
    proof = Proof("T")
    for left, right in ((number, 1), (0, number), (number, number)):
        for rule in ("bound", "error analysis"):
            with pytest.raises(ProofError, match=r"T: claim: .* are not both exact"):
                proof.at_most("claim", left, right, rule)
    assert proof.steps == []


def test_what_is_written_alike_is_not_the_same() -> None:
    proof, element = Proof("T"), sp.IndexedBase("v")[p]
    symbol = sp.Symbol("v[p]")
    assert str(symbol) == str(element)
    for left, right in (
        ([symbol], [element]),
        ({symbol}, {element}),
        ((a, symbol), (a, element)),
        ([NAMESAKE], [k]),
        (["a"], [a]),
        ([Assign(symbol, a)], [Assign(element, a)]),
    ):
        assert list(map(str, left)) == list(map(str, right))
        with pytest.raises(ProofError, match="is not"):
            proof.same("claim", found(left), right)
    proof.same("claim", found([element]), [sp.IndexedBase("v")[p]])
    proof.same("claim", found({a, b}), {b, a})


def prove(argument: Callable[[Proof], None], **fields: Any) -> Certificate:
    return Theorem("T", "title", "words", "method", argument, **fields).prove()


def test_a_certificate_says_what_was_proven_and_by_what() -> None:
    real, whole = sp.Symbol("r", real=True), sp.Symbol("m", integer=True, positive=True)
    dummy = sp.Dummy("u", positive=True)

    def argument(proof: Proof) -> None:
        proof.equal("one", at(real + a, {a: whole}), whole + real, cites=("M2", "M1"))
        proof.equal("two", *TRUE, "program", cites=("M1", "M3"))
        proof.same("three", found([h]), [h])
        proof.equal("four", at(a, {a: dummy}), dummy)

    certificate = prove(argument, assumptions=("f(0) = 0",), reference="book", scope="numbers")
    assert (certificate.id, certificate.title, certificate.words) == ("T", "title", "words")
    assert [claim.name for claim in certificate.claims] == ["one", "two", "four"]
    assert certificate.statement.startswith("one: [a + r](a = m) = m + r; two: ")
    assert (certificate.method, certificate.assumptions) == ("method", ("f(0) = 0",))
    assert (certificate.reference, certificate.scope) == ("book", "numbers")
    assert certificate.cites == ("M2", "M1", "M3")
    assert certificate.rules == ("algebra", "definition", "program")
    assert certificate.symbols["real"] == ("r",)
    assert certificate.symbols["integer, positive"] == ("m",)
    assert any("positive" in what and names == ("_u",) for what, names in certificate.symbols.items())
    assert "" not in certificate.symbols
    assert not any("commutative" in what for what in certificate.symbols)
    q = sp.Symbol("q", zero=False)
    plain = prove(lambda proof: proof.equal("one step", q * path(j + 1, j) * path(j, j), q * path(j + 1, j)))
    assert plain.symbols == {"not zero": ("q",), "integer, positive": ("j",)}
    assert (plain.reference, plain.scope, plain.assumptions) == ("this project", "every depth and width", ())


def test_what_is_not_well_formed_is_not_proven() -> None:
    def raising(error: Exception) -> Callable[[Proof], None]:
        def argument(proof: Proof) -> None:
            raise error

        return argument

    for error in (
        ValueError("v"),
        KeyError("k"),
        IndexError("i"),
        StopIteration(),
        TypeError("t"),
        AttributeError("a"),
    ):
        with pytest.raises(ProofError, match=f"T: {type(error).__name__}") as caught:
            prove(raising(error))
        assert caught.value.__cause__ is error
    # An interrupt, or a fault of the machine, is no failed proof.
    for other_error in (KeyboardInterrupt(), MemoryError()):
        with pytest.raises(type(other_error)):
            prove(raising(other_error))  # type: ignore[arg-type]
    with pytest.raises(ProofError, match="T: the argument states no claim"):
        prove(lambda proof: None)
    with pytest.raises(ProofError, match="T: claim"):
        prove(lambda proof: proof.equal("claim", a, b))


# --- the intermediate representation ----------------------------------------------------------------------------------


def test_arrays_and_assignments_describe_themselves() -> None:
    assert Array("u_in", (s, k), "state", "").layer == "in"
    assert Array("x_source", (s, k), "state", "").layer == "source"
    assert Array("u", (s, h), "state", "").layer == "out"
    assert Array("cabin", (s, h), "state", "").layer == "out"
    assert x.element == sp.IndexedBase("x")[s, k]
    assert x.at(s, h) == sp.IndexedBase("x")[s, h]
    assign = Assign(z.element, x.element * w.element, over=(k,))
    assert (assign.free, assign.name, assign.operands) == ((s, h), "z", (w.element, x.element))
    scalar = Assign(loss, a)
    assert (scalar.free, scalar.name, scalar.operands) == ((), "loss", ())
    assert str(assign) == "z[s, h] = sum_k w[h, k]*x[s, k]"
    assert str(Assign(loss, z.element, over=(s, h), accumulate=True)) == "loss += sum_s sum_h z[s, h]"
    assert str(Assign(loss, total.element, over=(s,), reduce="max")) == "loss = max_s total[s]"


def test_contractions_are_products_of_two_matrices() -> None:
    product = Assign(z.element, x.element * w.element, over=(k,))
    assert product.contraction == (x.element, w.element)
    turned = Assign(Array("t", (h, s), "argument", "").element, x.element * w.element, over=(k,))
    assert turned.contraction == (w.element, x.element)
    three = Array("c", (h, p), "argument", "")
    deep, wide = Array("deep", (s, k, p), "argument", ""), Array("wide", (h, k, p), "argument", "")
    for none in (
        Assign(z.element, x.element * w.element),
        Assign(total.element, x.element * y.element, over=(k,)),
        Assign(z.element, 2 * x.element * w.element, over=(k,)),
        Assign(z.element, x.element + w.element, over=(k,)),
        Assign(z.element, x.element * total.element, over=(k,)),
        Assign(z.element, x.element * w.element, over=(k, p)),
        Assign(z.element, x.element * w.element, over=(k,), reduce="max"),
        Assign(z.element, x.element * y.element, over=(k,)),
        Assign(z.element, x.element * three.element, over=(k,)),
        Assign(z.element, x.element, over=(k,)),
        Assign(z.element, x.element * w.element * total.element, over=(k,)),
        Assign(w.element, x.element * w.element, over=(s,)),
        Assign(z.element, factor * x.element, over=(k,)),
        Assign(z.element, deep.element * wide.element, over=(k, p)),
    ):
        assert none.contraction is None


X, Y, W = x, y, w
STATE = Array("st", (s, h), "state", "")
GRADIENT = Array("gr", (p,), "gradient", "")
VALUE = Array("value", (p,), "argument", "")
KEPT = Array("kept", (p,), "argument", "", store="value")


def program(*body: Node, arrays: tuple[Array, ...] = (X, Y, W, z, total, other), **fields: Any) -> Program:
    return Program("name", "", (), arrays, body, **fields)


def refuses(message: str, *body: Node, **fields: Any) -> None:
    with pytest.raises(ValueError, match=message):
        program(*body, **fields)


PRODUCT = Assign(z.element, X.element * W.element, over=(k,))


def test_every_array_stands_at_its_own_indices() -> None:
    program(PRODUCT)
    refuses("is not at the indices of its array", Assign(z.element, X.at(s, h) * W.at(h, k), over=(k,)))
    refuses("is not at the indices of its array", Assign(z.at(s, k), X.element))
    refuses("is not at the indices of its array, None", Assign(z.element, STATE.element))
    refuses("is not at the indices of its array, None", Assign(STATE.element, z.element))
    program(Assign(loss, X.element, over=(s, k)))
    # A message says which program and which assignment.
    refuses(r"^name: z\[s, k\] = x\[s, k\]: z\[s, k\] is not at", Assign(z.at(s, k), X.element))


def test_every_index_is_free_or_summed_once() -> None:
    summed = "a summed index must occur in the value, and not in the target"
    refuses(summed, Assign(z.element, X.element * W.element, over=(k, h)))
    refuses(summed, Assign(z.element, z.element, over=(k,)))
    refuses(summed, Assign(loss, X.element, over=(s, k, k)))
    refuses(summed, Rows((Assign(loss, X.element, over=(s, k), accumulate=True),)), result="loss")
    refuses("an index is neither free nor summed", Assign(total.element, X.element))
    refuses("an index is neither free nor summed", Assign(loss, total.element))
    refuses("an index is neither free nor summed", Assign(z.element, X.element * W.element))
    program(Assign(total.element, X.element, over=(k,)))
    # A Kronecker delta has indices too.
    delta = sp.KroneckerDelta(h, k)
    program(Assign(total.element, X.element * delta, over=(h, k)))
    refuses("an index is neither free nor summed", Assign(total.element, X.element * delta, over=(k,)))
    program(Rows((Assign(loss, X.element, over=(k,), accumulate=True),)), result="loss")
    refuses("neither free nor summed", Layers((Assign(total.element, X.element),)))


def test_a_greatest_value_is_that_of_a_row() -> None:
    message = "a reduction other than a sum is the greatest value of a row"
    program(Rows((Assign(loss, X.element, over=(k,), reduce="max"),)))
    refuses(message, Rows((Assign(loss, X.element, over=(k,), reduce="min"),)))
    refuses(message, Assign(total.element, X.element, over=(k,), reduce="max"))
    refuses(message, Assign(loss, a, reduce="max"))
    program(Assign(loss, total.element, over=(s,), reduce="max"))


def test_only_what_stands_there_is_added_to() -> None:
    nothing = "nothing stands there yet to add to"
    refuses(
        nothing,
        Assign(z.element, X.element * W.element, over=(k,), accumulate=True),
        arrays=(X, W, replace(z, kind="state")),
    )
    program(PRODUCT, replace(PRODUCT, accumulate=True))
    refuses(nothing, Assign(loss, total.element, over=(s,), accumulate=True))
    refuses(nothing, Assign(loss, total.element, over=(s,), accumulate=True), result="loss")
    # Gradients start at 0; an argument of the caller holds something.
    adds = Assign(GRADIENT.element, VALUE.element, accumulate=True)
    program(adds, arrays=(GRADIENT, VALUE))
    program(adds, arrays=(replace(GRADIENT, kind="argument"), VALUE))
    for kind in ("state", "scratch", "parameter"):
        refuses(nothing, adds, arrays=(replace(GRADIENT, kind=kind), VALUE))
    refuses(nothing, Assign(KEPT.element, VALUE.element, accumulate=True), arrays=(VALUE, KEPT))
    # The order counts: a later assignment sets nothing before.
    state = replace(z, kind="state")
    refuses(nothing, replace(PRODUCT, accumulate=True), PRODUCT, arrays=(X, W, state))


def test_contributions_of_several_sources_or_rows_are_accumulated() -> None:
    message = "what several sources or rows contribute to must be accumulated"
    state = replace(z, kind="state")
    arrays = (X, W, state, total)
    adding = replace(PRODUCT, accumulate=True)
    program(Layers((Assign(z.element, ZERO), Sources((adding,)))), arrays=arrays)
    program(Layers((Sources((adding,)),)), arrays=arrays)
    refuses(message, Layers((Sources((PRODUCT,)),)), arrays=arrays)
    refuses(message, Layers((Sources((When("hidden", (PRODUCT,)),)),)), arrays=arrays)
    # A parameter's gradient has a place for every source.
    gradient = replace(z, kind="gradient")
    program(Layers((Sources((PRODUCT,)),)), arrays=(X, W, gradient))
    in_rows = Assign(loss, X.element, over=(k,), accumulate=True)
    program(Rows((in_rows,)), result="loss")
    refuses(message, Rows((replace(in_rows, accumulate=False),)), result="loss")
    program(Rows((replace(in_rows, accumulate=False),)), result="other")
    program(replace(in_rows, over=(s, k), accumulate=False), result="loss")


def test_loops_do_not_nest() -> None:
    message = "a loop over layers or rows stands inside another loop"
    for outer in (Layers, Rows, Sources):
        refuses(message, outer((Layers((PRODUCT,)),)))
        refuses(message, outer((Rows((PRODUCT,)),)))
    refuses(message, When("hidden", (Rows((PRODUCT,)),)))
    refuses(message, Layers((When("hidden", (Layers((PRODUCT,)),)),)))
    program(Layers((When("hidden", (When("last", (PRODUCT,)),)),)))
    program(Layers((PRODUCT,)), Layers((Assign(total.element, z.element, over=(h,)),)))


def test_a_scalar_is_no_array() -> None:
    clash = sp.Symbol("total")
    refuses("a scalar and an array are both called {'total'}", Assign(clash, a), arrays=(total,))
    refuses("a scalar and an array are both called {'total'}", arrays=(total,), scalars=("total",))
    program(Assign(loss, a), arrays=(total,), scalars=("factor",))
    # An empty list of arrays is no program, but a list of assignments.
    Program("", "", (), (), (Assign(z.at(s, k), STATE.element),))


def test_arguments_have_a_place_of_their_own() -> None:
    refuses("the argument kept cannot be kept in value", Assign(loss, KEPT.element, over=(p,)), arrays=(VALUE, KEPT))
    refuses("the argument kept cannot be kept in value", Assign(loss, VALUE.element, over=(p,)), arrays=(VALUE, KEPT))
    program(Assign(KEPT.element, VALUE.element**2), arrays=(VALUE, KEPT))
    scratch = replace(KEPT, kind="scratch")
    program(Assign(loss, VALUE.element, over=(p,)), arrays=(VALUE, scratch))


def test_nothing_is_read_from_a_place_that_was_taken() -> None:
    taking = Assign(KEPT.element, 2 * VALUE.element)
    result = Array("result", (p,), "argument", "")
    arrays = (VALUE, KEPT, result)
    refuses("value was overwritten by kept", taking, Assign(result.element, VALUE.element), arrays=arrays)
    program(taking, Assign(result.element, KEPT.element), arrays=arrays)
    program(Assign(result.element, VALUE.element), taking, arrays=arrays)
    # Another layer, or another kind of memory, is another place.
    inner = Array("x_in", (s, k), "state", "", store="u")
    outer = Array("x", (s, k), "state", "", store="u")
    program(
        Layers((Assign(outer.element, 2 * inner.element), Assign(Y.element, inner.element))), arrays=(inner, outer, Y)
    )
    same_layer = replace(inner, name="v")
    refuses(
        "v was overwritten by x",
        Layers((Assign(outer.element, 2 * same_layer.element), Assign(Y.element, same_layer.element))),
        arrays=(same_layer, outer, Y),
    )
    apart = replace(KEPT, kind="scratch")
    program(replace(taking, target=apart.element), Assign(result.element, VALUE.element), arrays=(VALUE, apart, result))
    # Only along one path of conditions.
    program(
        Layers((When("hidden", (taking,)), When("last", (Assign(result.element, VALUE.element),)))),
        arrays=arrays,
    )
    refuses(
        "value was overwritten by kept",
        Layers((When("hidden", (taking,)), When("sender hidden", (Assign(result.element, VALUE.element),)))),
        arrays=arrays,
    )


def test_nothing_is_summed_into_its_own_operand() -> None:
    message = "reads the place it writes"
    square = Array("square", (h, k), "argument", "")
    turned = Array("turned", (k, h), "argument", "", store="square")
    refuses(message, Assign(turned.element, square.element), arrays=(square, turned))
    row = Array("row", (s, h), "argument", "")
    back = Array("back", (s, k), "argument", "", store="row")
    refuses(message, Assign(back.element, row.element * W.element, over=(h,)), arrays=(row, back, W))
    same = Array("same", (s, h), "argument", "", store="row")
    program(Assign(same.element, row.element**2), arrays=(row, same))
    refuses(message, Assign(same.element, row.element * X.element, over=(k,)), arrays=(row, same, X))
    # A scalar has no place that an array could share.
    program(Assign(loss, row.element, over=(s, h)), arrays=(row,))


def test_conditions_decide_what_stands_there() -> None:
    state = replace(z, kind="state")
    more = replace(PRODUCT, accumulate=True)
    arrays = (X, W, state)
    refuses("nothing stands there yet where", Layers((When("hidden", (PRODUCT,)), more)), arrays=arrays)
    program(Layers((When("hidden", (PRODUCT, more)),)), arrays=arrays)
    program(Layers((When("hidden", (PRODUCT,)), When("hidden", (more,)))), arrays=arrays)
    refuses(
        "nothing stands there yet where", Layers((When("hidden", (PRODUCT,)), When("last", (more,)))), arrays=arrays
    )
    assert conditions(True, False) == {"hidden": True, "last": False, "sender hidden": False}
    assert conditions(False, True) == {"hidden": False, "last": True, "sender hidden": True}


def test_the_straight_line_of_one_layer() -> None:
    first, second, third, fourth = (Assign(sp.Symbol(name), a) for name in ("e1", "e2", "e3", "e4"))
    whole = Program(
        "",
        "",
        (),
        (),
        (
            Layers(
                (
                    first,
                    When("hidden", (second, When("sender hidden", (third,)))),
                    When("last", (fourth,)),
                    Sources((first,), hidden=True),
                    Sources((second,)),
                )
            ),
        ),
    )
    assert whole.assignments == (first, second, third, fourth, first, second)
    assert whole.step(hidden=True, sender_hidden=True) == (first, second, third, first, second)
    assert whole.step(hidden=True, sender_hidden=False) == (first, second, second)
    assert whole.step(hidden=False, sender_hidden=True) == (first, fourth, first, second)
    assert whole.step(hidden=False, sender_hidden=False) == (first, fourth, second)
    other_one = Assign(loss, b)
    changed = whole.with_assignment(2, other_one)
    assert changed.assignments == (first, second, other_one, fourth, first, second)
    assert changed.step(hidden=True, sender_hidden=True) == (first, second, other_one, first, second)
    assert replace(changed, body=whole.body) == whole


# --- blocks and activations -------------------------------------------------------------------------------------------


def test_blocks_above_the_diagonal_are_zero_and_an_undecided_order_is_an_error() -> None:
    block = algebra.lower(lambda i, j: i * j)
    assert block(j + n, j) == (j + n) * j
    assert block(j, j) == j * j
    assert sp.expand(block(2 * (j + n), 2 * j) - 4 * j * (j + n)) == 0
    assert block(j, j + n + 1) == 0
    assert block(1, 2) == 0
    for i in (sp.Symbol("i", integer=True), n):
        with pytest.raises(ValueError, match=f"the order of layers {i} and j is not decided"):
            block(i, j)
    with pytest.raises(ValueError, match="whether n - j is 2 is not decided"):
        power(2, n, j).unfolded()
    assert power(n + 1, j + n + 1, j).unfolded() == path(j + n + 1, j)
    assert power(2 * (n + 1), j + 2 * n + 2, j).unfolded() == path(j + 2 * n + 2, j)
    assert power(n + 1, j + n, j).unfolded() == power(n + 1, j, j).unfolded() == 0


def test_pieces_of_an_activation() -> None:
    z = activations.z
    kink = activations.kinked(-z, z**2)
    assert activations.on_piece(kink, False) == -z
    assert activations.on_piece(2 * kink + sp.Abs(z), True) == 2 * z**2 + z
    assert activations.on_piece(2 * kink + sp.Abs(z), False) == -3 * z
    assert [activations.on_piece(sp.exp(sp.Min(z, 0)), positive) for positive in (True, False)] == [1, sp.exp(z)]
    assert activations.elementary("one", z**2, 2 * z) == activations.Activation("one", z**2, z**2, 2 * z)
    assert not activations.elementary("one", z**2, 2 * z).kink
    assert activations.elementary("one", kink, kink).kink
    assert isinstance(activations.THEOREMS, tuple)


def test_the_meaning_of_a_printed_form() -> None:
    z, E, m, d = activations.z, activations.E, activations.m, activations.d
    item = activations.Activation("one", z, z, z, exponent=-z, denominator=1 + E)
    assert item.meaning(E * d + m) == sp.exp(-z) / (1 + sp.exp(-z)) + sp.exp(-z) - 1
    assert replace(item, denominator=None).meaning(E * m) == sp.exp(-z) * (sp.exp(-z) - 1)
    assert replace(item, exponent=None, denominator=None).meaning(z**2) == z**2
    # Equal functions become equal fractions; independent ones do not.
    same = activations.one_exponential
    assert holds("rational", same(sp.tanh(z)), same((sp.exp(2 * z) - 1) / (sp.exp(2 * z) + 1)))
    assert not holds("rational", same(sp.exp(z / 2) ** 2), same(sp.exp(2 * z)))
    assert not holds("rational", same(sp.exp(z)), same(sp.exp(-z)))


def test_an_activation_has_two_pieces_that_are_right() -> None:
    z, table = activations.z, {item.name: item for item in activations.ACTIVATIONS}
    three = sp.Piecewise((ZERO, z <= 0), (ONE, z < 1), (2 * ONE, True))
    turned = sp.Piecewise((z, z > 0), (ZERO, True))
    relu, elu, tanh, gelu = (table[name] for name in ("relu", "elu", "tanh", "gelu"))
    for item in (
        replace(relu, slope=three),
        replace(relu, function=turned, value=turned),
        replace(relu, slope=activations.kinked(ONE, ONE)),
        replace(relu, slope=activations.kinked(ZERO, z)),
        replace(relu, function=activations.kinked(ZERO, z + 1), value=activations.kinked(ZERO, z + 1)),
        replace(relu, value=activations.kinked(z, z)),
        replace(relu, at_zero=ONE),
        replace(elu, exponent=z),
        replace(tanh, exponent=-sp.Abs(z)),
        replace(tanh, denominator=activations.m + 1),
        replace(gelu, value=gelu.value * activations.E),
    ):
        with pytest.raises(ProofError, match=f"F.{item.name}"):
            activations.theorem_for(item).prove()


def unproven(argument: Callable[[Proof], None]) -> None:
    with pytest.raises((ProofError, LookupError, ValueError)):
        argument(Proof("T"))


def without_last(body: tuple[Node, ...], *last: Assign) -> tuple[Node, ...]:
    """The layers of a program whose sums are another program in the last layer."""
    (loop,) = body
    assert isinstance(loop, Layers)
    hidden = [When("hidden", node.body) if isinstance(node, When) else When("hidden", (node,)) for node in loop.body]
    return (Layers((*hidden, When("last", last))),)


def sums(of: Array, block: sp.Expr) -> Assign:
    return Assign(notation.z.element, of.element * block, over=(notation.k,))


WEIGHTS = (notation.phi, notation.lam_in, notation.lam_out)
LAYERWISE_ARGUMENT = (notation.x_in, WEIGHTS, notation.entries_of_difference())
DIRECT_ARGUMENT = (notation.x_source, (notation.W,), notation.W.element)


def test_a_propagation_is_right_in_every_kind_of_layer() -> None:
    """A program that is wrong in the last layer only, or behind the input only, is refused."""
    GLOBAL, LAYERWISE, DIRECT = propagation.GLOBAL, propagation.LAYERWISE, propagation.DIRECT
    phi, M, u_in, x_in = notation.phi.element, notation.M.element, notation.u_in, notation.x_in

    def layerwise(program: Program) -> Callable[[Proof], None]:
        return propagation.simple_argument_for(program, *LAYERWISE_ARGUMENT)

    def direct(program: Program) -> Callable[[Proof], None]:
        return propagation.simple_argument_for(program, *DIRECT_ARGUMENT)

    # The last layer, written out, is accepted where it is right ...
    right = without_last(LAYERWISE.body, propagation.MIX, sums(x_in, M))
    layerwise(replace(LAYERWISE, body=right))(Proof("T"))
    right = without_last(GLOBAL.body, propagation.MIX, sums(u_in, M))
    propagation.argument_for(replace(GLOBAL, body=right))(Proof("T"))
    # ... and refused where it forgets the eigenvalues, or the sum.
    unproven(layerwise(replace(LAYERWISE, body=without_last(LAYERWISE.body, propagation.MIX, sums(x_in, phi)))))
    unproven(
        propagation.argument_for(replace(GLOBAL, body=without_last(GLOBAL.body, propagation.MIX, sums(u_in, phi))))
    )
    (loop,) = DIRECT.body
    zero, sources, activate = loop.body  # type: ignore[union-attr]
    unproven(direct(replace(DIRECT, body=(Layers((zero, When("hidden", (sources,)), activate)),))))
    unproven(direct(replace(DIRECT, body=(Layers((zero, When("sender hidden", (sources,)), activate)),))))
    unproven(direct(replace(DIRECT, body=(Layers((zero, replace(sources, hidden=True), activate)),))))
    # Behind a hidden layer only: set again, or added.
    (loop,) = GLOBAL.body
    first, product, hidden = loop.body  # type: ignore[union-attr]
    again = When("sender hidden", (Assign(M, phi), sums(u_in, M)))
    more = When("sender hidden", (replace(sums(u_in, phi), accumulate=True),))
    for extra in (again, more):
        unproven(propagation.argument_for(replace(GLOBAL, body=(Layers((first, product, extra, hidden)),))))
        unproven(propagation.argument_for(replace(GLOBAL, body=(Layers((first, product, hidden, extra)),))))
    other_block = When("sender hidden", (Assign(M, phi),))
    behind_input = Layers((When("hidden", (first,)), When("last", (other_block,)), product, hidden))
    unproven(propagation.argument_for(replace(GLOBAL, body=(behind_input,))))
    # Downwards, or twice.
    for program, argument in ((GLOBAL, propagation.argument_for), (LAYERWISE, layerwise), (DIRECT, direct)):
        argument(program)(Proof("T"))
        (whole,) = program.body
        unproven(argument(replace(program, body=(replace(whole, reverse=True),))))  # type: ignore[call-arg]
        unproven(argument(replace(program, body=(whole, whole))))


@pytest.mark.parametrize("number", range(3), ids=["global", "layerwise", "direct"])
@pytest.mark.parametrize("condition", ["last", "hidden", "sender hidden"])
def test_a_new_neuron_adds_nothing_in_any_kind_of_layer(number: int, condition: str) -> None:
    """M13: a term x_k λ_k does not vanish with the outgoing column, in whichever layer it stands."""
    growth.width_argument(Proof("M13"), growth.WIDTH_VARIANTS)
    variants = list(growth.WIDTH_VARIANTS)
    whole, known, outgoing = variants[number]
    sender = known[-1]
    term = replace(sums(sender, notation.lam_in.element), accumulate=True)
    (loop,) = whole.body
    first, second, hidden = loop.body  # type: ignore[union-attr]
    changed = replace(
        whole,
        arrays=tuple(dict.fromkeys((*whole.arrays, notation.lam_in))),
        body=(Layers((first, second, When(condition, (term,)), hidden)),),
    )
    for given in (known, tuple(dict.fromkeys((notation.lam_in, *known)))):
        variants[number] = (changed, given, outgoing)
        unproven(lambda proof: growth.width_argument(proof, tuple(variants)))


def test_every_boundary_of_a_loss_is_checked() -> None:
    huber = losses.HUBER
    z, y = losses.z, losses.y

    def argument(item: losses.Elementwise) -> Callable[[Proof], None]:
        return lambda proof: losses.elementwise_argument(proof, item.program, item)

    argument(huber)(Proof("T"))
    left, right, between = huber.regions
    lower, upper = huber.boundaries
    jumping = (replace(left, value=-(z - y) + 7), right, between)
    for item in (
        replace(huber, boundaries=()),
        replace(huber, boundaries=(lower,)),
        replace(huber, boundaries=(upper,)),
        replace(huber, boundaries=(lower, (y + 2, 1, 2))),
        replace(huber, boundaries=(lower, upper, (y, 0, 1))),
        replace(huber, boundaries=(lower, (y + 1, 2, 2))),
        replace(huber, regions=jumping),
        replace(huber, regions=jumping, boundaries=(upper,)),
        replace(huber, regions=jumping, boundaries=()),
        replace(huber, regions=(replace(left, where=z - y < -2), right, between)),
        replace(
            huber, regions=(left, replace(right, slope=sp.Integer(2), value=2 * (z - y) - sp.Rational(3, 2)), between)
        ),
    ):
        unproven(argument(item))
    # A boundary may not be left out because the neighbours agree there.
    logistic = losses.BINARY_CROSS_ENTROPY
    argument(logistic)(Proof("T"))
    unproven(argument(replace(logistic, boundaries=())))


def refused(forward: Program, backward: Program) -> None:
    with pytest.raises((ProofError, LookupError, ValueError)):
        reverse_accumulation.argument_for(forward, backward)(Proof("M8"))


def test_what_a_layer_leaves_is_found_by_the_next() -> None:
    """The result of a layer, u_i, is kept where the next one reads its sender, and so on backwards."""
    forward, backward = propagation.GLOBAL, adjoint.GLOBAL
    reverse_accumulation.argument_for(forward, backward)(Proof("M8"))

    def moved(whole: Program, name: str) -> Program:
        return replace(
            whole, arrays=tuple(replace(x, store="elsewhere") if x.name == name else x for x in whole.arrays)
        )

    for name in ("u", "u_in", "slope", "phi", "M"):
        refused(moved(forward, name), backward)
    for name in ("du", "du_in", "slope", "dz", "phi", "u_in"):
        refused(forward, moved(backward, name))
    # Loops other than one over all layers, there and back.
    refused(replace(forward, body=(*forward.body, *forward.body)), backward)
    refused(forward, replace(backward, body=(replace(backward.body[0], reverse=False),)))  # type: ignore[call-arg]
    # M_i may be computed anywhere before it is read.
    (loop,) = propagation.LAYERWISE.body
    first, *others = loop.body  # type: ignore[union-attr]
    source = Assign(propagation.x.element, sp.Integer(0))
    later = replace(propagation.LAYERWISE, body=(Layers((source, first, *others)),))
    assert reverse_accumulation.weights(later) == reverse_accumulation.weights(propagation.LAYERWISE)


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_step_is_written_by_its_rule() -> None:
    assert formula(Step("algebra", "", a + b, 2 * a)) == "a + b = 2*a"
    assert formula(Step("bound", "", ONE, sp.Integer(2), relation="<=")) == "1 <= 2"
    assert formula(Step("error analysis", "", sp.Rational(1, 3), ONE, relation="<=")) == "0.333333333333 <= 1"
    assert formula(Step("decided", "", a, ZERO, relation=">=")) == "a ≥ 0"
    assert formula(Step("decided", "", a, b, relation="without")) == "a does not contain b"
    assert formula(Step("definition", "", found(["a", "b"]), listed(["c"]))) == "found = (c)"
    assert (
        formula(Step("algebra", "", at(a * b, {a: n}), power(n, j, j)))
        == "[a*b](a = n) = [P(j, j) if it has n steps, else 0]"
    )


def certificates() -> list[Certificate]:
    def argument(proof: Proof) -> None:
        proof.equal("claim", at(a + j, {a: n}), path(j, j) * (j + n), cites=("M1",))

    return [
        prove(argument, assumptions=("f(0) = 0",)),
        replace(prove(lambda proof: proof.equal("plain", *TRUE), scope="one"), id="U", title="other", scope="every n"),
    ]


def test_a_record_holds_everything() -> None:
    first, _ = certificates()
    written = record(first, ["kernel"])
    assert {name: value for name, value in written.items() if name not in ("checker", "trusted", "source")} == {
        "id": "T",
        "title": "title",
        "statement": "claim: [a + j](a = n) = (j + n)*P(j, j)",
        "words": "words",
        "scope": "every depth and width",
        "method": "method",
        "reference": "this project",
        "kind": "theorem",
        "claims": [
            {
                "name": "claim",
                "formula": [["at", ["+", "a", "j"], [["a", "n"]]], "=", ["*", ["+", "n", "j"], ["P", "j", "j"]]],
                "over": [],
                "where": [],
                "assumes": [],
                "rules": ["algebra"],
                "symbols": {"integer, nonnegative": ["n"], "integer, positive": ["j"]},
            }
        ],
        "assumptions": ("f(0) = 0",),
        "equations": [],
        "symbols": {"integer, nonnegative": ("n",), "integer, positive": ("j",)},
        "cites": ("M1",),
        "programs": {},
        "steps": [
            {
                "rule": "algebra",
                "claim": "claim",
                "formula": "[a + j](a = n) = (j + n)*P(j, j)",
                "part": "claim",
                "where": {},
                "forms": [["j + n"], []],
                "cites": ("M1",),
            }
        ],
        "functions": ["kernel"],
    }
    assert written["trusted"] == [f"algebra: {RULES['algebra']}"]
    assert written["checker"] == checker_digest()


def test_assumptions_are_listed_by_theorem() -> None:
    text = assumptions(certificates())
    assert text.splitlines()[1:] == [
        "",
        "T  title, every depth and width",
        "  assumes  f(0) = 0",
        "  symbols  n: integer, nonnegative",
        "  symbols  j: integer, positive",
        "  cites    M1",
        "  rules    algebra",
        "",
        "U  other, every n",
        "  rules    algebra",
    ]
    assert text.endswith("algebra\n")


def test_kernels_need_a_certificate_for_each_of_their_theorems(monkeypatch: pytest.MonkeyPatch) -> None:
    proven = [replace(prove(lambda proof: proof.equal("plain", *TRUE), scope="one"), id="M1"), *certificates()]
    monkeypatch.setattr(generator, "functions", lambda: {"one": ("T",), "two": ("T", "V")})
    with pytest.raises(ProofError, match=re.escape("kernels without a certificate: {'two': ('T', 'V')}")):
        generator.generate(proven)
    monkeypatch.setattr(generator, "functions", lambda: {"one": ("T",), "both": ("T", "U")})
    files = generator.generate(proven)
    records = json.loads(files[generator.CERTIFICATES])
    assert [record["functions"] for record in records] == [[], ["one", "both"], ["both"]]


def test_a_certificate_cites_what_was_proven_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "functions", dict)

    def citing(name: str, *cites: str) -> Certificate:
        return replace(prove(lambda proof: proof.equal("claim", *TRUE, cites=cites), scope="one"), id=name)

    generator.records_of([citing("M1"), citing("M2", "M1"), citing("M3", "M2", "M1")])
    for wrong, name, cited in (
        ([citing("M1", "M99")], "M1", "M99"),
        ([citing("M1"), citing("M2", "M1", "M99")], "M2", "M99"),
        ([citing("M1", "M2"), citing("M2")], "M1", "M2"),
        ([citing("M1"), citing("M2", "M2")], "M2", "M2"),
        ([citing("M1", "M2"), citing("M2", "M1")], "M1", "M2"),
    ):
        for write in (generator.records_of, generator.generate):
            with pytest.raises(ProofError, match=f"{name} cites what is not proven before it: \\['{cited}'\\]"):
                write(wrong)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`main` with one theorem and one file, in a folder of its own."""
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    monkeypatch.setattr(
        generator, "THEOREMS", (Theorem("T", "", "", "", lambda proof: proof.equal("c", *TRUE), scope="one"),) * 2
    )
    monkeypatch.setattr(generator, "generate", lambda *_: {tmp_path / "made.txt": "one\ntwo\n"})
    monkeypatch.setattr(generator, "functions", lambda: {"kernel": ("T",)})
    monkeypatch.setattr(generator.links, "problems", lambda root, records: [])
    monkeypatch.setattr(generator.links, "without_theorem", lambda root: {"helper": "an order of calls"})
    monkeypatch.setattr(generator.links, "by_hand", lambda root: {"a": 1, "b": 2, "c": 3})
    monkeypatch.setattr(generator.step_order, "problems", lambda root: [])
    return tmp_path


LINKED = (
    "1 kernels and their theorems name each other; 1 have none, each with its reason\n"
    "3 functions say that they are written by hand\n"
)


def test_the_command_writes_and_compares(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = home / "made.txt"
    assert generator.main(["--check"]) == 1
    assert not made.exists()
    printed = capsys.readouterr()
    assert "+one\n+two\n" in printed.out
    assert "--- made.txt (checked in)\n+++ made.txt (generated)" in printed.out
    assert "run: python -m derivations" in printed.err
    assert generator.main([]) == 0
    written = capsys.readouterr().out
    assert re.search(rf"^2 theorems proven in 2 steps, \d\.\d\d s\nwrote made.txt\n{LINKED}$", written)
    assert made.read_bytes() == b"one\ntwo\n"
    assert [path.name for path in home.iterdir()] == ["made.txt"]
    assert generator.main(["--check"]) == 0
    assert capsys.readouterr().out.endswith(f"1 files agree with the derivations\n{generator.NOT_COVERED}\n{LINKED}")
    made.write_text("one\nthree\n", encoding="utf-8")
    assert generator.main(["--check"]) == 1
    assert capsys.readouterr().out.endswith(" one\n-three\n+two\n")
    assert made.read_text(encoding="utf-8") == "one\nthree\n"
    both = generator.differences({made: "one\n", home / "other.txt": "φ\n"})
    assert "-three" in both
    assert "+φ" in both


def test_the_command_names_what_is_not_linked(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(generator.links, "problems", lambda *given: seen.append(given) or ["first", "second"])
    monkeypatch.setattr(generator.step_order, "problems", lambda root: [f"a loop below {root.name}"])
    for arguments in ([], ["--check"]):
        assert generator.main(arguments) == 1
        printed = capsys.readouterr()
        assert printed.err == f"first\nsecond\na loop below {home.name}\n"
        assert "name each other" not in printed.out
    assert [(root, [record["id"] for record in records]) for root, records in seen] == [(home, ["T", "T"])] * 2
    assert seen[0][1][0]["functions"] == ["kernel"]


def test_the_command_stops_at_a_failed_proof(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        generator, "THEOREMS", (Theorem("T", "", "", "", lambda proof: proof.equal("c", a, b), scope="one"),)
    )
    for arguments in ([], ["--check"]):
        assert generator.main(arguments) == 1
        assert capsys.readouterr().err == "not proven: T: c: left - right = a - b, not 0\n"
    assert list(home.iterdir()) == []


def test_the_time_of_a_proof_is_measured(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((10.0, 12.5, 20.0, 24.0))
    monkeypatch.setattr(generator.time, "perf_counter", lambda: next(clock))
    assert [seconds for _, seconds in generator.prove_all()] == [2.5, 4.0]


@pytest.mark.filterwarnings("ignore:'derivations.__main__' found in sys.modules")
def test_the_module_is_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["derivations", "--check"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("derivations.__main__", run_name="__main__")
    assert ended.value.code == 0
    wanted = (
        r"\d+ files agree with the derivations\nnot covered here: .*\n\d+ kernels and their theorems name each other; "
    )
    wanted += r"\d+ have none, each with its reason\n\d+ functions say that they are written by hand\n$"
    assert re.search(wanted, capsys.readouterr().out)
    assert runpy.run_module("derivations.__main__", run_name="other")["main"] is not generator.main


@pytest.mark.parametrize("wrong", [A + B, sp.Integer(1), sp.Symbol("c"), sp.Symbol("c") * A, sp.sqrt(A), A * (A + B)])
def test_only_a_product_of_matrices_has_an_inverse(wrong: sp.Expr) -> None:
    with pytest.raises(ValueError, match="is no product of matrices"):
        rules.inverse(wrong)


def test_a_normal_form_refuses_the_inverse_of_a_sum() -> None:
    with pytest.raises(ValueError, match="is no product of matrices"):
        rules.normal_form(rules.INVERSE(A + B) * A)
