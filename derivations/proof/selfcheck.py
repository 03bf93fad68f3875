"""False steps that the rules must refuse and true ones that they must accept, tried before every run.

A rule that has become too weak changes no true certificate; one of these steps then passes, and nothing is proven. Each
rule has its steps here, with every relation, and each check of `rules`, `coverage`, `capture` and `windows`; whole false
theorems are in `false_theorems`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.block_shapes import check_shapes
from derivations.proof.claims import Claim
from derivations.proof.false_theorems import FALSE, TRUE
from derivations.proof.notation import h, k, s
from derivations.proof.rules import cotangents, derivative, evaluate, inverse, marker, normal_form, path, sign
from derivations.proof.stated import at
from derivations.proof.steps import DECIDED, RELATIONS, RULES, Step
from derivations.proof.theorem import ProofError
from derivations.proof.windows import sums

L = sp.Function("L", commutative=False)
A, B = sp.symbols("A B", commutative=False)
n, d = sp.symbols("n d", integer=True, nonnegative=True)
i, j = sp.symbols("i j", integer=True, positive=True)
x, y = sp.symbols("x y", real=True)
a = Array("a", (s, k), "argument", "")
b = Array("b", (s,), "argument", "")
c = Array("c", (h, k), "argument", "")
r = Array("r", (k,), "argument", "")
t = sp.Symbol("t")

Attempt = tuple[str, Callable[[], object]]


def weaknesses() -> list[str]:
    """One sentence for each rule that accepts what is false, or refuses what is true."""
    false = [*_false_steps(), *_false()]
    true = [*_true_steps(), *_true(), *((right.name, right.prove) for right in TRUE)]
    return [
        *(f"accepted: {what}" for what, wrong in false if accepted(wrong)),
        *(f"not refused by its check: {wrong.name}" for wrong in FALSE if not wrong.refused()),
        *(f"refused: {what}" for what, right in true if not accepted(right)),
    ]


def accepted(make: Callable[[], object]) -> bool:
    """Whether an attempt is neither refused nor false."""
    try:
        return bool(make())
    except (ValueError, LookupError, ProofError):
        return False


def _holds(rule: str, left: Any, right: Any, relation: str = "=") -> bool:
    return bool(Step(rule, "", left, right, relation=relation).remainder() == 0)


# --- every rule with every relation -----------------------------------------------------------------------------------

ONE, ZERO, HALF = sp.S.One, sp.S.Zero, sp.S.Half
WRONG: dict[str, tuple[tuple[Any, Any], ...]] = {
    "=": ((ONE, ZERO), (x + 1, x), (("a",), ("b",)), (("a", "b"), ("b", "a"))),
    ">": ((x, x), (ZERO, ONE), (x, ZERO)),
    ">=": ((ZERO, ONE), (x, ZERO)),
    "<": ((x, x), (ONE, ZERO), (x, ZERO)),
    "<=": ((ONE, ZERO), (ONE, HALF), (x, ZERO)),
    "!=": ((ONE, ONE), (x, x), (x, ZERO)),
    "without": ((x + 1, x),),
}
"""Relation -> sides for which it does not hold, or is not known to."""
RIGHT: dict[str, tuple[Any, Any]] = {
    "=": ((x + 1) ** 2, x**2 + 2 * x + 1),
    ">": (x**2 + 1, ZERO),
    ">=": (x**2, ZERO),
    "<": (-(x**2) - 1, ZERO),
    "<=": (-(x**2), ZERO),
    "!=": (x**2 + 1, ZERO),
    "without": (x + 1, y),
}
"""Relation -> sides for which it holds."""
p, q, w, v = (Array(name, (name_of,), "argument", "") for name, name_of in zip("pqwv", (i, j, k, h), strict=True))
SHIFTED = sums(i, j) * p.at(i) * q.at(j) * w.at(i + j)
OWN: dict[str, tuple[tuple[Any, Any], tuple[Any, Any]]] = {
    "definition": ((("a",), ("b",)), (("a",), ("a",))),
    "rational": ((x / (x + y), x / y), (x / (x * y), 1 / y)),
    "bound": ((HALF, sp.Rational(1, 3)), (sp.Rational(1, 3), HALF)),
    "error analysis": ((HALF, sp.Rational(1, 3)), (sp.Rational(1, 3), HALF)),
    "reindexing": (
        (SHIFTED, sums(i, j) * p.at(i) * q.at(j) * w.at(i + j + 1)),
        (sums(i) * p.at(i), sums(j) * p.at(j - 2)),
    ),
}
"""Rule -> a false and a true step with sides of its own."""


def _false_steps() -> Iterator[Attempt]:
    for rule in RULES:
        for relation, wrong in WRONG.items():
            for sides in wrong:
                if rule == "definition" or not isinstance(sides[0], tuple):
                    yield f"{sides[0]} {relation} {sides[1]} by {rule}", partial(_holds, rule, *sides, relation)
            if relation not in RELATIONS[rule]:
                sides = RIGHT[relation]
                yield f"{relation} by {rule}", partial(_holds, rule, *sides, relation)
    for rule, (sides, _) in OWN.items():
        yield f"{sides[0]}, {sides[1]} by {rule}", partial(_holds, rule, *sides, RELATIONS[rule][0])


def _true_steps() -> Iterator[Attempt]:
    for rule, relations in RELATIONS.items():
        for relation in relations:
            sides = OWN[rule][1] if rule in OWN else RIGHT[relation]
            yield f"{sides[0]} {relation} {sides[1]} by {rule}", partial(_holds, rule, *sides, relation)
    assert set(DECIDED) | {"=", "without"} == set(RIGHT) == set(WRONG)


# --- the rules one by one ---------------------------------------------------------------------------------------------

SQUARE = (Assign(b.element, a.element, over=(k,)), Assign(t, b.element**2, over=(s,)))
SUM = (Assign(t, r.element, over=(k,)),)
CAPTURE = (Assign(c.element, r.element * t), Assign(b.element, c.element, over=(k, h)))


def _shaped(expression: sp.Expr) -> bool:
    check_shapes([expression])
    return True


def _false() -> Iterator[Attempt]:
    yield "paths that do not meet join", lambda: normal_form(path(5, 3) * path(2, 1)) == path(5, 1)
    yield "a path ends in another layer", lambda: normal_form(path(5, 3)) == 1
    yield "a path leads down", lambda: path(1, 2)
    yield "L φ = φ L", lambda: _holds("algebra", L(j + 1) * path(j + 1, j), path(j + 1, j) * L(j + 1))
    yield "A B = B A", lambda: _holds("algebra", A * B, B * A)
    yield "A⁻¹ = I", lambda: normal_form(inverse(A)) == 1
    yield "A⁻¹ B A = B", lambda: normal_form(inverse(A) * B * A) == B
    yield "A⁻¹ B = I", lambda: normal_form(inverse(A) * B) == 1
    yield "the inverse of a sum", lambda: inverse(A + B)
    yield "(-1)^n = 1", lambda: sign(n) == 1
    yield "a power of -1 that is no whole number", lambda: sign(x)
    yield "a square of a sum is a sum of squares", lambda: evaluate(SQUARE, {"a": a.element})
    yield "a sum is lost in a derivative", lambda: cotangents(SQUARE[:1], {"b": b.element})["a"] == 0
    yield "the sum of one line captures an index of the next", lambda: evaluate(CAPTURE, {"t": marker(k) * r.element})
    yield "the sum of a cotangent captures an index", lambda: cotangents(SUM, {"t": marker(k) * r.element})
    yield "a name is set twice", lambda: evaluate((*SUM, Assign(t, x)), {})
    yield "a name is read before it is set", lambda: evaluate((Assign(b.element, t), *SUM), {})
    yield "an index that is neither free nor summed", lambda: evaluate((Assign(t, r.element),), {})
    yield "a derivative by a[k, k]", lambda: derivative(c.at(k, k) ** 2, c.at(k, k))
    yield "a block of other layers", lambda: _shaped(L(j) * path(j + 1, j))
    yield "blocks of other layers are added", lambda: _shaped(path(j + 1, j) + path(j + 2, j))
    yield "a block that commutes", lambda: _shaped(sp.Function("L")(j) * path(j + 1, j))
    yield "a sum that no array holds", lambda: _holds("reindexing", sums(i) * q.at(j), sums(i) * q.at(j))
    yield (
        "a sum that a function holds",
        lambda: _holds("reindexing", sums(i) * sp.exp(p.at(i)), sums(j) * sp.exp(p.at(j))),
    )
    window = sums(i, j, k) * p.at(i) * q.at(j) * w.at(k) * v.at(i + j + k - 2)
    yield "a window of a window", lambda: _holds("reindexing", window, window)
    yield "an index is put under a sum", lambda: at(t * marker(k) * r.element, {t: w.element}).unfolded()
    gap = Claim("gap", ONE, ZERO, (i, j))
    yield "two of three cases", lambda: not gap.uncovered([{i: j + d + 1}, {j: i + d + 1}])
    yield "a case too far", lambda: not gap.uncovered([{i: j + d + 2}, {i: j}, {j: i + d + 1}])
    e = sp.Symbol("e", integer=True, positive=True, even=True)
    yield "even indices for all", lambda: not Claim("even", ONE, ZERO, (i,)).uncovered([{i: e}])
    yield "two indices of one name", lambda: not gap.uncovered([{i: sp.Symbol("j", integer=True)}])
    loose = Claim("loose", ONE, ZERO, (i,), (j - 1,))
    yield "a condition on what is no index", lambda: not loose.uncovered([{}])


def _true() -> Iterator[Attempt]:
    yield "paths join", lambda: normal_form(path(5, 3) * path(3, 1)) == path(5, 1)
    yield "P(i, i) = I", lambda: normal_form(path(j, j)) == 1
    yield "A⁻¹ A = I", lambda: normal_form(B * inverse(A) * A) == B
    yield "(-1)^(2n) = 1", lambda: sign(2 * n) == 1
    yield "a derivative of a sum", lambda: cotangents(SQUARE[:1], {"b": ONE})["a"] == 1
    yield "a derivative", lambda: derivative(c.element**2, c.element) == 2 * c.element
    known = {"a": a.element}
    yield "a program's sum", lambda: evaluate(SQUARE[:1], known)["b"] == marker(k) * a.element
    whole = Claim("whole", ONE, ZERO, (i, j))
    yield "three cases", lambda: not whole.uncovered([{i: j + d + 1}, {i: j}, {j: i + d + 1}])
    yield "L_{j+1} φ^(j)", lambda: _shaped(L(j + 1) * path(j + 1, j))
    put = at(t * marker(k) * r.element, {r.element: w.element})
    yield "an array is put under its own sum", lambda: put.unfolded() == t * marker(k) * w.element
