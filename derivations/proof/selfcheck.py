"""False steps that the rules must refuse and true ones that they must accept, tried before every run.

A rule that has become too weak changes no true certificate; one of these steps then passes, and nothing is proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.block_shapes import check_shapes
from derivations.proof.claims import Claim
from derivations.proof.notation import h, k, s
from derivations.proof.rules import cotangents, evaluate, marker, normal_form, path, sign
from derivations.proof.steps import Step

L = sp.Function("L", commutative=False)
n, d = sp.symbols("n d", integer=True, nonnegative=True)
i, j = sp.symbols("i j", integer=True, positive=True)
a = Array("a", (s, k), "argument", "")
b = Array("b", (s,), "argument", "")
c = Array("c", (h, k), "argument", "")


def weaknesses() -> list[str]:
    """One sentence for each rule that accepts what is false, or refuses what is true."""
    return [
        *(f"accepted: {what}" for what, wrong in _false() if _accepted(wrong)),
        *(f"refused: {what}" for what, right in _true() if not _accepted(right)),
    ]


def _accepted(make: Callable[[], bool]) -> bool:
    try:
        return make()
    except ValueError:
        return False


def _holds(rule: str, left: sp.Expr, right: sp.Expr, relation: str = "=") -> bool:
    return bool(Step(rule, "", left, right, relation=relation).remainder() == 0)


def _shaped(expression: sp.Expr) -> bool:
    check_shapes([expression])
    return True


def _false() -> Iterator[tuple[str, Callable[[], bool]]]:
    square = (Assign(b.element, a.element, over=(k,)), Assign(sp.Symbol("t"), b.element**2, over=(s,)))
    yield "1 = 0", lambda: _holds("algebra", sp.S.One, sp.S.Zero)
    yield (
        "1 = 0 by every rule of equality",
        lambda: any(
            _holds(rule, sp.S.One, sp.S.Zero)
            for rule in ("induction", "program", "rational", "convention", "definition")
        ),
    )
    yield "paths that do not meet join", lambda: normal_form(path(5, 3) * path(2, 1)) == path(5, 1)
    yield "a path ends in another layer", lambda: normal_form(path(5, 3)) == 1
    yield "L φ = φ L", lambda: _holds("algebra", L(j + 1) * path(j + 1, j), path(j + 1, j) * L(j + 1))
    yield "(-1)^n = 1", lambda: sign(n) == 1
    yield "a square of a sum is a sum of squares", lambda: bool(evaluate(square, {"a": a.element}))
    yield "a sum is lost in a derivative", lambda: cotangents(square[:1], {"b": b.element})["a"] == 0
    yield "what is not decided", lambda: _holds("decided", sp.Symbol("x", real=True), sp.S.Zero, ">")
    yield "a block of other layers", lambda: _shaped(L(j) * path(j + 1, j))
    yield "blocks of other layers are added", lambda: _shaped(path(j + 1, j) + path(j + 2, j))
    yield "a block that commutes", lambda: _shaped(sp.Function("L")(j) * path(j + 1, j))
    gap = Claim("gap", sp.S.One, sp.S.Zero, (i, j))
    yield "two of three cases", lambda: not gap.uncovered([{i: j + d + 1}, {j: i + d + 1}])
    yield "a case too far", lambda: not gap.uncovered([{i: j + d + 2}, {i: j}, {j: i + d + 1}])


def _true() -> Iterator[tuple[str, Callable[[], bool]]]:
    yield "paths join", lambda: normal_form(path(5, 3) * path(3, 1)) == path(5, 1)
    yield "P(i, i) = I", lambda: normal_form(path(j, j)) == 1
    yield (
        "a derivative of a sum",
        lambda: cotangents((Assign(b.element, a.element, over=(k,)),), {"b": sp.S.One})["a"] == sp.S.One,
    )
    yield (
        "a program's sum",
        lambda: evaluate((Assign(b.element, a.element, over=(k,)),), {"a": a.element})["b"] == marker(k) * a.element,
    )
    whole = Claim("whole", sp.S.One, sp.S.Zero, (i, j))
    yield "three cases", lambda: not whole.uncovered([{i: j + d + 1}, {i: j}, {j: i + d + 1}])
    yield "L_{j+1} φ^(j)", lambda: _shaped(L(j + 1) * path(j + 1, j))
