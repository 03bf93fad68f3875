"""Formulas of a user: read with the place of every error, decided right, refuted with numbers that can be checked."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.formulas import decision, language, normal_forms
from derivations.formulas.counterexamples import Counterexample, instances
from derivations.formulas.decision import PROVEN, REFUTED, UNDECIDED, Contradiction, Verdict, decide
from derivations.formulas.examples import Network
from derivations.formulas.language import GREATEST_DEPTH, NESTING, read
from derivations.formulas.syntax import (
    Block,
    Formula,
    FormulaError,
    Negative,
    Number,
    Power,
    Product,
    Relation,
    Sign,
    Sum,
)
from derivations.proof.indices import Index, Region
from spectral_core.cli.program import main
from tests import oracles
from tests.builders import ROOT

M4 = "W(i,j) = (-1)^(i-1-j) * (phi(i-1)*L(i-1) - L(i)*phi(i-1)) * P(i-1,j) for i > j"
M4_FOR_4 = "W(5,1) = -(phi(4)*L(4) - L(5)*phi(4))*phi(3)*phi(2)*phi(1) for B = 4"
M3_FOR_4 = "Phi^-1 = 5*I - 10*Phi + 10*Phi^2 - 5*Phi^3 + Phi^4 for B = 4"


# --- a second evaluator, which shares nothing with the package: Python's own parser and the dense oracles ----------------


class Dense:
    """A matrix of exact numbers whose `*` is the matrix product; a number stands for that multiple of I."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __add__(self, other: Any) -> Dense:
        if not isinstance(other, Dense):
            other = Dense(other * np.eye(*self.array.shape, dtype=int).astype(object))
        return Dense(self.array + other.array)

    def __mul__(self, other: Any) -> Dense:
        return Dense(self.array @ other.array if isinstance(other, Dense) else other * self.array)

    def __rmul__(self, number: Any) -> Dense:
        return Dense(number * self.array)

    def __neg__(self) -> Dense:
        return -1 * self

    def __sub__(self, other: Any) -> Dense:
        return self + -1 * other

    def __rsub__(self, other: Any) -> Dense:
        return -self + other

    def __pow__(self, exponent: int) -> Dense:
        if exponent == -1:
            return Dense(oracles.unit_lower_inverse(self.array))
        result = Dense(np.eye(len(self.array), dtype=int).astype(object))
        for _ in range(exponent):
            result = result * self
        return result

    __radd__ = __add__


class MinusOne:
    def __pow__(self, exponent: int) -> int:
        return 1 - 2 * (exponent % 2)


def dense_side(text: str, network: Network, indices: dict[str, int]) -> Any:
    """One side of a formula, evaluated by Python itself."""
    phi = [np.array(block, dtype=object).reshape(len(block), -1) for block in network.phi]
    lam = [np.array(values, dtype=object) for values in network.eigenvalues]
    at = np.cumsum([0, *network.widths])
    whole = oracles.eigenvector_matrix(phi)
    inverse = oracles.unit_lower_inverse(whole)
    spectrum = np.diag(np.concatenate(lam))
    adjacency = whole @ spectrum @ inverse

    def cut(matrix: np.ndarray) -> Callable[[int, int], Dense]:
        return lambda i, j: Dense(matrix[at[i - 1] : at[i], at[j - 1] : at[j]])

    def path(i: int, j: int) -> Dense:
        result = Dense(np.eye(network.widths[j - 1], dtype=int).astype(object))
        for step in range(j, i):
            result = Dense(phi[step - 1]) * result
        return result

    class Adjacency(Dense):
        __call__ = staticmethod(cut(adjacency))

    nilpotent = whole - np.eye(len(whole), dtype=int)
    names = {
        "power": lambda k, i, j: cut(np.linalg.matrix_power(nilpotent, k))(i, j),
        "phi": lambda i: Dense(phi[i - 1]),
        "L": lambda i: Dense(np.diag(lam[i - 1])),
        "P": path,
        "W": cut(adjacency),
        "A": Adjacency(adjacency),
        "Inv": cut(inverse),
        "Phi": Dense(whole),
        "Lambda": Dense(spectrum),
        "I": 1,
        "N": Dense(nilpotent),
        "sign": MinusOne(),
        "Fraction": Fraction,
    }
    text = re.sub(r"N\^\(([^()]*)\)\(", r"power(\1, ", text)
    text = re.sub(r"([0-9]+)/([0-9]+)", r"Fraction(\1,\2)", text.replace("(-1)^", "sign^")).replace("^", "**")
    return eval(text, {"__builtins__": {}}, {**names, **indices, "B": len(phi)})


def array(value: Any) -> np.ndarray:
    return value.array if isinstance(value, Dense) else np.array([[value]], dtype=object)


def sides(formula: Formula | str, network: Network, indices: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    left, right = str(formula).split(" for ")[0].split("=")
    a, b = (dense_side(side.strip(), network, indices) for side in (left, right))
    difference = array(a - b)
    shown = array(a) if isinstance(a, Dense) else array(b) + difference
    return shown, shown - difference


def verified(verdict: Verdict) -> Counterexample:
    """The counterexample, after the second evaluator has found the same numbers."""
    found = verdict.counterexample
    assert verdict.status == REFUTED
    assert found is not None
    indices = dict(found.indices)
    left, right = sides(verdict.formula, found.network, indices)
    assert (left == np.array(found.left, dtype=object)).all()
    assert (right == np.array(found.right, dtype=object)).all()
    assert left[found.row - 1, found.column - 1] != right[found.row - 1, found.column - 1]
    for relation in verdict.formula.conditions:
        a, b = relation.left.number(indices), relation.right.number(indices)
        assert {"=": a == b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[relation.symbol]
    assert verdict.formula.depth in (None, len(found.network.phi))
    return found


def answer(text: str) -> str:
    return decide(read(text)).status


# --- reading ----------------------------------------------------------------------------------------------------------


def number(value: int) -> Number:
    return Number(Fraction(value))


def layer(n: int) -> Index:
    return Index((), n)


def test_precedence_and_associativity() -> None:
    a, b, c = (Block("L", (layer(n),)) for n in (1, 2, 3))
    for text, tree in {
        "L(1) + L(2)*L(3)": Sum((a, Product((b, c)))),
        "L(1) - L(2) - L(3)": Sum((a, Negative(b), Negative(c))),
        "(L(1) - L(2))*L(3)": Product((Sum((a, Negative(b))), c)),
        "L(1) - (L(2) - L(3))": Sum((a, Negative(Sum((b, Negative(c)))))),
        "-L(1)*L(2)": Negative(Product((a, b))),
        "-L(1)^2": Negative(Power(a, 2)),
        "+L(1)": a,
        "2*L(1)^3": Product((number(2), Power(a, 3))),
        "(L(1)*L(2))^2": Power(Product((a, b)), 2),
        "(-1)^i": Sign(Index.named("i")),
        "(-1)^-i": Sign(-Index.named("i")),
        "(-1)^(2*(i-1) - j*3)": Sign(Index.of({"i": 2, "j": -3}, -2)),
        "-1^2": Negative(Power(number(1), 2)),
        "3/6": Number(Fraction(1, 2)),
        "(3/6)^2": Power(Number(Fraction(1, 2)), 2),
    }.items():
        assert read(f"{text} = 0").left == tree, text


def test_conditions_in_every_form() -> None:
    i, j, m = (Index.named(name) for name in "ijm")
    conditions = read("A(i,j) = 0 for i < m <= j, B = 4, i = j - 3").conditions
    assert conditions == (Relation(i, "<", m), Relation(m, "<=", j), Relation(i, "=", j - 3))
    assert read("N^(B+1) = 0 for B = 4") == read("N^5 = 0, B = 4") == read("N^5 = 0, for B=4")
    assert read("N^5 = 0 for B = 4").depth == 4
    assert read("A(i,j) = 0 for B > i").depth is None


def test_greek_and_mathematical_signs_are_read_as_well() -> None:
    assert read("Φ·Λ − φ(1) = N for B = 2, i ≥ j, j ≤ i") == read("Phi*Lambda - phi(1) = N for B = 2, i >= j, j <= i")


def test_names_of_indices_may_be_long() -> None:
    assert answer("Inv(above1, below) = (-1)^(above1-below)*P(above1, below) for above1 >= below") == PROVEN


MALFORMED = {
    "": (1, "expected a number"),
    "   ": (4, "expected a number"),
    "phi(1)": (7, 'or "="'),
    "phi(1) =": (9, "expected a number"),
    "phi(1) = ": (10, "expected a number"),
    "= phi(1)": (1, "expected a number"),
    "phi 1 = 0": (5, 'expected "("'),
    "phi() = 0": (5, "expected an index"),
    "phi(1 = 0": (7, 'or ")"'),
    "phi(1)) = 0": (7, 'or "="'),
    "(phi(1) = 0": (9, 'or ")"'),
    "phi(1,2) = 0": (6, "names 1 layer"),
    "P(1) = 0": (4, "names two layers"),
    "P(2,1,1) = 0": (6, "names 2 layer"),
    "Q(2,1) = 0": (1, "expected a number"),
    "a*phi(1) = 0": (1, "an index may stand only"),
    "2 phi(1) = 0": (3, "expected an operator"),
    "phi(1) + = 0": (10, "expected a number"),
    "phi(1)*-phi(1) = 0": (8, "needs parentheses"),
    "phi(1) == 0": (8, 'write "="'),
    "L(1)**2 = 0": (5, 'write "^"'),
    "phi(1)/2 = 0": (7, "only two numbers"),
    "1/0*I = 0": (3, "not 0"),
    "1/i*I = 0": (3, "denominator"),
    "1/2^2*I = 0": (1, "needs parentheses"),
    "L(1)^2^2 = 0": (7, "needs parentheses"),
    "L(1)^i = 0": (6, "only (-1)^"),
    "-1^i*I = 0": (4, "only (-1)^"),
    "L(1)^-1 = 0": (6, "only inverse"),
    "Phi^-2 = 0 for B = 2": (5, "only inverse"),
    "L(1)^21 = 0": (6, "at most 20"),
    "L(1)^ = 0": (7, "expected an exponent"),
    "(L(1)^20)^20 = 0": (1, "at most 100 factors"),
    "L(i*j) = 0": (5, "multiplied by numbers"),
    "L(i+) = 0": (5, "expected an index"),
    "L(13) = 0": (3, "at most 12"),
    "L(phi) = 0": (3, "expected an index"),
    "1000001*I = 0": (1, "at most 1000000"),
    "9" * 1500 + "*I = 0": (1, "at most"),
    "N(2,1) = 0 for B = 2": (2, "whole matrix"),
    "N^k = 0 for B = 2": (3, "only (-1)^"),
    "N^21(2,1) = 0": (3, "at most 20"),
    "N^k(2) = 0": (6, "names two layers"),
    "Phi^2(2,1) = 0 for B = 2": (6, "expected an operator"),
    "Lambda(1) = 0 for B = 2": (7, "whole matrix"),
    "phi(1) = 0 for": (15, "expected an index"),
    "phi(1) = 0 for i": (17, "expected a relation"),
    "phi(1) = 0 for i == 1": (18, 'write "="'),
    "phi(1) = 0 for i > 1 j": (22, "or the end"),
    "phi(1) = 0 for i > 1,": (22, "expected an index"),
    "phi(1) = 0 i > 1": (12, '"for" or the end'),
    "N = 0 for B = 0": (15, "at least 1"),
    "N = 0 for B = 9": (15, "at most 8"),
    "N = 0 for B = 2, B = 3": (22, "chosen twice"),
    "N = 0 for 2 = B": (15, "condition of its own"),
    "N = 0 for B = 1+1": (15, "condition of its own"),
    "N = 0 for B = 2 = B": (15, "condition of its own"),
    "phi(1) $ 2 = 0": (8, "expected an operator"),
    "phi(1) = 0 for " + ", ".join(["i > 1"] * 21): (16, "at most 20 conditions"),
    "phi(1) = 0 for a = b = c = d = e = f": (16, "at most 5 different"),
    "(" * (NESTING + 1) + "I" + ")" * (NESTING + 1) + " = I": (NESTING + 2, "at most 40 parentheses"),
    "I = I" + " " * 2000: (2001, "at most 2000"),
}
"""Formula: column and part of the message."""


@pytest.mark.parametrize(("text", "place"), MALFORMED.items(), ids=lambda value: str(value)[:40])
def test_what_cannot_be_read_is_refused_with_its_place(text: str, place: tuple[int, str]) -> None:
    column, message = place
    with pytest.raises(FormulaError, match=re.escape(message)) as caught:
        read(text)
    assert caught.value.position == column
    assert str(caught.value).startswith(f"column {column} (")


ILL_FORMED = {
    "N^(k-2)(i,j) = 0": (1, "needs k - 2 >= 0"),
    "N^k(i-1,j) = 0": (1, "needs i - 1 >= 1"),
    "phi(1) = phi(2)": (8, "the left side is a block from layer 1 to layer 2, the right side is a block"),
    "phi(1) + L(1) = 0": (10, "cannot be added"),
    "phi(1)*phi(2) = 0": (8, "do not meet"),
    "phi(2)*L(1)*phi(1) = 0": (8, "L(1) ends in layer 1, what is left of it starts in layer 2"),
    "P(i,m)*P(n,j) = P(i,j) for i >= m, n >= j, i >= j": (8, "do not give n = m"),
    "A(i,j) = A(j,i)": (8, "do not give i = j"),
    "phi(1)^2 = 0": (1, "square block"),
    "phi(1) + I = 0": (10, "I fits square blocks only"),
    "P(i,j) = I for i >= j": (8, "do not give i = j"),
    "L(1) + 1 = 0": (8, "write 2*I for 2"),
    "L(1) = 1": (6, "write 2*I for 2"),
    "I = 1": (3, "write 2*I for 2"),
    "N*phi(1) = 0 for B = 2": (3, "cannot be multiplied"),
    "N = phi(1) for B = 2": (3, "right side is a block"),
    "N^3 = 0": (1, "needs a chosen depth"),
    "A = Phi": (1, "needs a chosen depth"),
    "phi(0) = 0": (1, "that is not so"),
    "phi(i-1) = 0 for i >= 1": (1, "phi(i - 1) needs i - 1 >= 1"),
    "L(i)*phi(i-1) = phi(i-1)*L(i-1)": (6, "add it"),
    "P(i,j) = 0": (1, "P(i, j) needs i >= j"),
    "W(i,j) = 0 for i >= j": (1, "W(i, j) needs i > j"),
    "A(i,j-1) = 0": (1, "needs j - 1 >= 1"),
    "W(5,1) = 0 for B = 3": (1, "needs 5 <= 4 (layers are 1..4); that is not so"),
    "phi(i) = P(i+1,i) for B = 3": (1, "needs i + 1 <= 4"),
    "phi(i) = P(i+1,i) for i <= B + 1": (1, "needs i + 1 <= B + 1"),
    "A(i,j) = 0 for i > j, j > i": (16, "no layers satisfy"),
    "A(i,j) = 0 for B = 2, i > j + 2": (16, "no layers satisfy"),
    "A(i,j) = 0 for 2*i = 2*j + 1": (16, "no layers satisfy"),
}


@pytest.mark.parametrize(("text", "place"), ILL_FORMED.items())
def test_a_formula_that_says_nothing_for_some_index_is_refused(text: str, place: tuple[int, str]) -> None:
    column, message = place
    with pytest.raises(FormulaError, match=re.escape(message)) as caught:
        decide(read(text))
    assert caught.value.position == column


# --- deciding ---------------------------------------------------------------------------------------------------------

TRUE = [
    M4_FOR_4,
    M4,
    M3_FOR_4,
    f"{M4}, B = 5",
    # M1
    *(f"N^(B+1) = 0 for B = {depth}" for depth in range(1, GREATEST_DEPTH + 1)),
    "N^k(i,j) = P(i,j) for i = j + k",
    "N^k(i,j) = 0 for i > j + k",
    "N^k(i,j) = 0 for i < j + k",
    "N^0(i,i) = I",
    "N^2(3,1) = phi(2)*phi(1)",
    "N^k(i,m)*N^n(m,j) = N^(k+n)(i,j) for i = m + k",
    "phi(i-1)*N^k(i-1,j) = N^(k+1)(i,j) for i >= 2",
    "N^k(i,j) = 0 for B = 3, k > B",
    "N^(B+1)(i,j) = 0",
    # M2
    "W(2,1) = phi(1)*L(1) - L(2)*phi(1)",
    "Phi^-1 = 2*I - Phi for B = 1",
    # M3
    "Inv(i,j) = (-1)^(i-j)*P(i,j) for i >= j",
    "Inv(i,j) = 0 for i < j",
    "Inv(i,j) + phi(i-1)*Inv(i-1,j) = 0 for i > j",
    "Phi*Phi^-1 = I for B = 6",
    "(I - Phi)^4 = 0 for B = 3",
    "Inv(B+1,1) = (-1)^B*P(B+1,1)",
    # M4
    "A(i,j) = 0 for i < j",
    "A(i,i) = L(i)",
    "W(i,j) = A(i,j) for i > j",
    "A = Phi*Lambda*Phi^-1 for B = 3",
    "A(i,j) = L(i)*Inv(i,j) + phi(i-1)*L(i-1)*Inv(i-1,j) for i >= 2",
    # M5
    "A*Phi = Phi*Lambda for B = 3",
    "A(i,j) + A(i,j+1)*phi(j) = 0 for i > j + 1",
    "A(i,j) + A(i,j+1)*phi(j) = phi(j)*L(j) for i = j + 1",
    # paths, signs, zeros
    "P(i,m)*P(m,j) = P(i,j) for i >= m >= j",
    "P(i,i) = I",
    "P(i,j) = I for i >= j, j >= i",
    "(P(i,j) + 2*Inv(i,j))*(I - L(j)) = (P(i,j) + 2*Inv(i,j)) - (P(i,j) + 2*Inv(i,j))*L(j) for i > j",
    "Inv(i,j)*Inv(j,i) = 0 for i > j",
    "A(i,j)*Inv(j,i) = A(i,j)*Inv(j,i)",
    "1/2*L(i)^2 + 1/2*L(i)*L(i) = L(i)^2",
    "(-1)^(i-j) = (-1)^(j-i)",
    "(-1)^i*I = I for i = 2*m",
    "L(1)^0 = I",
    "0 = 0*phi(1)",
]

FALSE = [
    "N^k(i,j) = P(i,j) for i >= j",
    "N^k(i,j) = 0",
    "N^B(i,j) = 0",
    "N^(k+1)(i,j) = N^k(i,j)",
    "N^2(3,1) = phi(2)*phi(1)*L(1)",
    "Inv(i,j) = (-1)^(i-j-1)*P(i,j) for i >= j",
    "Inv(i,j) = P(i,j) for i >= j",
    "A(i,i) = L(i) + I",
    "A(i,j) = 0 for i <= j",
    "A*Phi = Lambda*Phi for B = 3",
    "N^4 = 0 for B = 4",
    "Phi^-1 = 5*I - 10*Phi + 10*Phi^2 - 5*Phi^3 + 2*Phi^4 for B = 4",
    "L(i)*(L(i)-I)*(L(i)+I)*(L(i)-2*I)*(L(i)+2*I) = 0",
    "P(i,m)*L(m)*P(m,j) = P(i,n)*L(n)*P(n,j) for i >= m >= j, i >= n >= j",
    "W(i,j) = (-1)^(i-j)*W(i,j) for i > j",
    "I = 2*I",
    "2*3 = 5",
    "(-1)^i = 1",
    "0 = 1/3*phi(1)",
    "Inv(B+1,1) = P(B+1,1)",
]


@pytest.mark.parametrize("text", TRUE)
def test_true_formulas_are_proven(text: str) -> None:
    formula = read(text)
    verdict = decide(formula)
    assert (verdict.status, verdict.counterexample) == (PROVEN, None)
    assert verdict.networks > 0
    assert verdict.cases
    assert verdict.scope == (f"B = {formula.depth}, every width" if formula.depth else "every depth and width")
    assert decide(formula) == verdict
    assert read(str(formula)) == formula


@pytest.mark.parametrize("text", FALSE)
def test_false_formulas_are_refuted_with_numbers(text: str) -> None:
    formula = read(text)
    found = verified(decide(formula))
    assert decide(formula).counterexample == found
    assert read(str(formula)) == formula


def flipped(text: str, place: int) -> str:
    return text[:place] + {"+": "-", "-": "+"}[text[place]] + text[place + 1 :]


@pytest.mark.parametrize("text", [M4_FOR_4, M3_FOR_4, "W(3,1) = -(phi(2)*L(2) - L(3)*phi(2))*phi(1)", M4])
def test_every_flipped_sign_is_refuted(text: str) -> None:
    """Every sign outside the parentheses of an index or an exponent; a leading one, too."""
    body, signs = text.split(" for ")[0], {M4_FOR_4: 2, M3_FOR_4: 4, M4: 1}
    places = [m.start(1) for m in re.finditer(r"(?: |\()([-+])[ (]", body)]
    assert len(places) == signs.get(text, 2)
    for place in places:
        verified(decide(read(flipped(text, place))))


@pytest.mark.parametrize(
    ("good", "bad"), [("i-1-j", "i-j"), ("L(i-1)", "2*L(i-1)"), ("*P(i-1,j)", "*P(i-1,j)*L(j)"), (" - L(i)", " + L(i)")]
)
def test_every_slip_in_m4_is_refuted_for_a_symbolic_depth(good: str, bad: str) -> None:
    text = M4.replace(" * ", "*")
    assert good in text
    found = verified(decide(read(text.replace(good, bad))))
    assert len(found.network.widths) == 2
    assert set(found.network.widths) == {1}


def test_a_refutation_shows_every_number() -> None:
    verdict = decide(read("W(3,1) = (phi(2)*L(2) - L(3)*phi(2))*phi(1)"))
    lines = verified(verdict).lines()
    assert lines[0] == "B = 2, widths 1-1-1"
    assert [line.split(" = ")[0].strip() for line in lines[1:]] == [
        "phi(1)",
        "phi(2)",
        "L(1)",
        "L(2)",
        "L(3)",
        "left",
        "right",
        lines[-1],
    ]
    assert re.fullmatch(r"they differ in row 1, column 1: left -?\d+, right -?\d+", lines[-1])


def test_the_order_of_layers_is_split_into_cases() -> None:
    verdict = decide(read("A(i,j)*Inv(j,i)*L(i) = L(i)*A(i,j)*Inv(j,i) for i <= j"))
    assert (verdict.status, verdict.cases) == (PROVEN, ("i = j", "i < j"))
    # True for i < j and for i > j, false only where the layers are one.
    found = verified(decide(read("A(i,j)*Inv(j,i) = 0")))
    assert len({value for _, value in found.indices}) == 1


def test_what_is_true_for_a_reason_the_rules_do_not_know_is_undecided() -> None:
    verdict = decide(read("(-1)^m = 1 for 2*i = 3*m"))
    assert (verdict.status, verdict.counterexample) == (UNDECIDED, None)
    assert "does not reduce to 0" in verdict.reason
    assert answer("(-1)^m = -1 for 2*i = 3*m") == REFUTED


def test_a_proof_that_grows_too_long_is_undecided_and_can_still_be_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal_forms, "MOST_PRODUCTS", 200)
    verdict = decide(read("(A + Phi)^3 = (A + Phi)^2*(Phi + A) for B = 3"))
    assert verdict.status == UNDECIDED
    assert "more than 200 products" in verdict.reason
    assert answer("(A + Phi)^3 = (A + Phi)^2*(Phi - A) for B = 3") == REFUTED


def test_many_choices_are_decided_with_symbols_and_many_orders_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision, "MOST_CASES", 3)
    for text, cases in {"A(i,i) = L(i) for B = 3": 1, "Inv(i,j) = A(i,j)*0*I + Inv(i,j) for B = 3": 3}.items():
        verdict = decide(read(text))
        assert (verdict.status, len(verdict.cases)) == (PROVEN, cases)
    verified(decide(read("Inv(i,j)*A(j,i) = 0 for B = 3")))
    monkeypatch.setattr(decision, "MOST_CASES", 2)
    assert "orders of the layers" in decide(read("Inv(i,j)*Inv(j,i) = Inv(i,j)*Inv(j,i)")).reason


def test_layers_out_of_reach_are_undecided() -> None:
    verdict = decide(read("P(5*12,1) = P(5*12,2)*phi(1)"))
    assert verdict.status == UNDECIDED
    assert "within reach" in verdict.reason


def test_a_wrong_rule_is_a_contradiction_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal_forms, "sign", lambda exponent: 1)
    with pytest.raises(Contradiction, match="was proven, and fails"):
        decide(read("Inv(i,j) = P(i,j) for i >= j"))


# --- indices ----------------------------------------------------------------------------------------------------------

SMALL = st.integers(-3, 3)
LINEAR = st.builds(lambda a, b, c: Index.of({"i": a, "j": b}, c), SMALL, SMALL, SMALL)


@given(st.lists(LINEAR, max_size=5), LINEAR)
@settings(max_examples=150, deadline=None)
def test_conditions_never_imply_what_a_solution_breaks(rows: list[Index], index: Index) -> None:
    region = Region(tuple(rows))
    solutions = [{"i": i, "j": j} for i in range(-6, 7) for j in range(-6, 7) if region.contains({"i": i, "j": j})]
    assert not (solutions and region.empty())
    if region.implies(index):
        assert all(index.number(solution) >= 0 for solution in solutions)
    if not region.empty():
        for name, value in region.equations().items():
            assert all(solution[name] == value.number(solution) for solution in solutions)


def test_differences_of_indices_are_decided() -> None:
    i, j, m = (Index.named(name) for name in "ijm")
    region = Region((i - j - 1, j - m, m - 1))
    assert region.implies(i - 2)
    assert not region.implies(i - 3)
    assert region.implies(i - m - 1)
    assert not region.implies(j - m - 1)
    assert region.also(m - j).equations() in ({"j": m}, {"m": j})
    assert Region((i * 2 - j * 2 - 1, j * 2 - i * 2 + 1)).empty()
    assert [str(index) for index in (i - j - 1, -i, layer(0), i * -2 + 3, j + i * 2)] == [
        "i - j - 1",
        "-i",
        "0",
        "3 - 2*i",
        "2*i + j",
    ]


def test_small_instances_come_first_and_once() -> None:
    found = [(dict(x.indices), x.layers) for x in islice(instances(read("A(i,j) = 0 for i > j")), 6)]
    assert found == [({"i": i, "j": j}, i) for i, j in ((2, 1), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3))]
    assert len(list(instances(read("Inv(i,j) = 0 for B = 3, i < j")))) == 6


# --- random identities ------------------------------------------------------------------------------------------------

Pair = tuple[str, str]


@st.composite
def equal_blocks(draw: st.DrawFn, i: int, j: int, say: Callable[[int], str], size: int) -> Pair:
    """Two ways to write one block from layer j to layer i <= j's depth; `say` writes a layer."""
    a, b = say(i), say(j)
    if size == 0:
        if i == j:
            return draw(st.sampled_from([("I", f"P({a},{a})"), (f"L({a})", f"A({a},{b})"), (f"Inv({a},{b})", "I")]))
        if i < j:
            return f"A({a},{b})", draw(st.sampled_from([f"Inv({a},{b})", f"(-A({a},{b}))", f"2*Inv({a},{b})"]))
        m = draw(st.integers(j, i - 1))
        low = say(i - 1)
        m4 = f"(-1)^({a}-1-({b}))*(phi({low})*L({low}) - L({a})*phi({low}))*P({low},{b})"
        path, inverse = f"P({a},{b})", f"Inv({a},{b})"
        longer = f"P({a},{say(m + 1)})*phi({say(m)})*P({say(m)},{b})"
        pairs = [(path, longer), (f"W({a},{b})", m4), (f"A({a},{b})", m4), (inverse, f"(-1)^({a}-({b}))*{longer}")]
        return draw(st.sampled_from([*pairs, (path, f"(-1)^({i - j})*{inverse}")]))
    kind = draw(st.sampled_from(["sum", "product", "double", "cancel", "distribute", "negative"]))

    def below(i: int, j: int) -> Pair:
        return draw(equal_blocks(i, j, say, size - 1))

    x, y = below(i, j)
    if kind == "sum":
        u, v = below(i, j)
        return f"({x} + {u})", f"({v} + {y})"
    if kind == "double":
        return f"2*({x})", f"({y} + 1/2*({x}) + 1/2*({y}))"
    if kind == "cancel":
        u, v = below(i, j)
        return f"({x} + {u} - ({v}))", f"I*({y})"
    if kind == "negative":
        return f"(-({x}))", f"(-1)^3*({y})"
    m = draw(st.integers(min(i, j), max(i, j)))
    (u, v), (s, t) = below(i, m), below(m, j)
    if kind == "product":
        return f"({u})*({s})", f"({v})*({t})"
    p, q = below(m, j)
    return f"({u})*({s} + {p})", f"(({v})*({t}) + ({v})*({q}))"


@st.composite
def identities(draw: st.DrawFn) -> tuple[str, str, str]:
    """Both sides of a true identity, and its conditions: a chosen depth, fixed layers, or a symbolic one."""
    scope = draw(st.sampled_from(["chosen", "fixed", "symbolic"]))
    say: Callable[[int], str] = str
    if scope == "symbolic":
        say = lambda n: f"i+{n - 1}" if n > 1 else "i"  # noqa: E731
    i, j = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    left, right = draw(equal_blocks(i, j, say, draw(st.integers(0, 2))))
    return left, right, " for B = 3" if scope == "chosen" else ""


def broken(text: str, draw: st.DrawFn) -> str:
    """One sign, factor or term of a side changed; its layers stay what they were."""
    kind = draw(st.sampled_from(["sign", "factor", "inverse", "term"]))
    if kind == "factor":
        return f"3*({text})"
    if kind == "inverse":
        return text.replace("Inv", "A", 1)
    if kind == "term":
        return f"({text}) + ({text})*1/7"
    signs = [m.start() for m in re.finditer(r" [-+] ", text)]
    return flipped(text, draw(st.sampled_from(signs)) + 1) if signs else f"-({text})"


def agree(text: str) -> bool:
    """The second evaluator on networks of big numbers, for six choices of the index: equal only if the sides are."""
    source = random.Random(5)
    formula = read(text)
    for shift in range(6):
        depth = formula.depth or 9
        widths = tuple(source.randint(1, 2) for _ in range(depth + 1))
        phi = tuple(
            tuple(tuple(source.randint(-999, 999) for _ in range(n)) for _ in range(above))
            for n, above in pairwise(widths)
        )
        lam = tuple(tuple(source.randint(-999, 999) for _ in range(n)) for n in widths)
        left, right = sides(formula, Network(widths, phi, lam), {"i": shift + 1})
        if (left != right).any():
            return False
    return True


@given(identities())
@settings(max_examples=60, deadline=None)
def test_rewritten_identities_are_proven(parts: tuple[str, str, str]) -> None:
    left, right, conditions = parts
    text = f"{left} = {right}{conditions}"
    assert answer(text) == PROVEN
    assert read(str(read(text))) == read(text)


@given(identities(), st.data())
@settings(max_examples=60, deadline=None)
def test_broken_identities_are_refuted(parts: tuple[str, str, str], data: st.DataObject) -> None:
    left, right, conditions = parts
    text = f"{left} = {broken(right, data.draw)}{conditions}"
    verdict = decide(read(text))
    if agree(text):  # the change may have hit a block that is 0
        assert verdict.status == PROVEN
    else:
        verified(verdict)


TOKENS = st.sampled_from(
    [*"+-*^()=,/0123ijmBI", "phi", "L", "P", "W", "A", "Inv", "N", "Phi", "Lambda", "for", ">=", "<"]
)


@given(st.sampled_from(TRUE), st.integers(0, 200), TOKENS, st.sampled_from(["change", "insert", "delete"]))
@settings(max_examples=80, deadline=None)
def test_a_slip_of_one_token_is_refused_or_answered_right(text: str, place: int, token: str, kind: str) -> None:
    tokens = re.findall(r"[A-Za-z]+|>=|\d+|\S", text)
    place %= len(tokens)
    tokens[place : place + (kind != "insert")] = [] if kind == "delete" else [token]
    try:
        formula = read(" ".join(tokens))
        verdict = decide(formula)
    except FormulaError:
        return
    assert read(str(formula)) == formula
    if verdict.status == REFUTED:
        verified(verdict)
    else:
        assert verdict.status == PROVEN or "B" in formula.names or len(formula.conditions) > 1, formula


# --- the documentation --------------------------------------------------------------------------------------------------


def examples() -> list[tuple[str, str, str]]:
    """(formula, what the page says is printed, exit code) of every command in docs/formulas.md."""
    page = (ROOT / "docs" / "formulas.md").read_text(encoding="utf-8")
    return re.findall(r"\$ spectral-core verify --formula '([^']+)'\n(.*?)\n\(exit code (\d)\)\n", page, re.DOTALL)


@pytest.mark.parametrize(("text", "output", "code"), examples())
def test_the_page_shows_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], text: str, output: str, code: str
) -> None:
    assert main(["verify", "--formula", text]) == int(code)
    done = capsys.readouterr()
    assert (done.out + done.err).rstrip("\n") == output


def test_the_page_holds_the_grammar_of_the_parser() -> None:
    page = (ROOT / "docs" / "formulas.md").read_text(encoding="utf-8")
    grammar = [line.strip() for line in (language.__doc__ or "").splitlines() if line.startswith("    ")]
    assert len(grammar) == 15
    assert [line for line in grammar if line not in page] == []
    assert len(examples()) >= 8


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_says_what_was_proven(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--formula", M4]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["formula", *str(read(M4)).split()]
    assert out[1].split() == ["verdict", "PROVEN"]
    assert out[2] == "scope     every depth and width"
    assert out[3].startswith("checked   left - right reduces to 0; ")


def test_the_command_shows_a_counterexample(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--formula", M4_FOR_4.replace("-(", "(")]) == 1
    out = capsys.readouterr().out
    assert "verdict   REFUTED\nscope     B = 4, every width\nwhere     B = 4, widths 1-1-1-1-1\n" in out
    assert "          phi(4) = [[" in out
    assert "they differ in row 1, column 1: left" in out


def test_the_command_says_why_nothing_was_decided(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--formula", "(-1)^m = 1 for 2*i = 3*m"]) == 1
    assert "verdict   UNDECIDED" in (out := capsys.readouterr().out)
    assert "because   left - right does not reduce to 0" in out


def test_several_formulas_are_read_before_the_first_is_decided(capsys: pytest.CaptureFixture[str]) -> None:
    formulas = ["--formula", "A(i,i) = L(i)", "--formula", "Inv(i,j) = 0 for i < j"]
    assert main(["verify", *formulas]) == 0
    assert capsys.readouterr().out.count("PROVEN") == 2
    assert main(["verify", *formulas, "--formula", "N^2 = 0 for B = 2"]) == 1
    assert capsys.readouterr().out.count("REFUTED") == 1
    assert main(["verify", *formulas, "--formula", "N^2 = "]) == 2
    done = capsys.readouterr()
    assert done.out == ""
    assert done.err.startswith("spectral-core: formula 3, column 7 (at the end): expected a number")


@pytest.mark.parametrize(
    "text", ["phi(1)) = 0", "phi(1) = phi(2)", "phi(0) = 0", "\n", "I = I\x00", "I = \x1b[2J", "I = \udcff"]
)
def test_a_formula_that_cannot_be_read_is_one_line(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert main(["verify", "--formula", text]) == 2
    done = capsys.readouterr()
    assert done.out == ""
    assert re.fullmatch(
        r"spectral-core: formula, column \d+ \((near (\"[!-~]+\"|U\+\S+)|at the end)\): [^\n]+\n", done.err
    )


def test_cases_and_json(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    path = tmp_path / "formulas.json"
    arguments = ["verify", "--json", str(path), "--formula", "Inv(i,j) = (-1)^(i-j)*P(i,j) for i >= j"]
    assert main([*arguments, "--formula", "A(i,i) = L(i) for B = 4", "--formula", "I = 2*I"]) == 1
    out = capsys.readouterr().out
    assert "left - right reduces to 0 in each of 2 cases: i > j; i = j;" in out
    assert "left - right reduces to 0 in each of 5 cases;" in out
    records = json.loads(path.read_text(encoding="utf-8"))["formulas"]
    assert [record["verdict"] for record in records] == ["PROVEN", "PROVEN", "REFUTED"]
    assert records[2]["counterexample"][-1] == "they differ in row 1, column 1: left 1, right 2"
