"""False theorems that must be refused, each by the check that is named, and true ones beside them.

Each was once accepted. A theorem here is a few claims and an argument; `words` stand in the message of the refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.claims import Assumption, Claim, Recursion
from derivations.proof.notation import f, k
from derivations.proof.rules import marker
from derivations.proof.running import run
from derivations.proof.stated import Definition, at
from derivations.proof.theorem import Proof, ProofError, Theorem

i, j = sp.symbols("i j", integer=True, positive=True)
n, d = sp.symbols("n d", integer=True, nonnegative=True)
m = sp.Symbol("m", integer=True)
even = sp.Symbol("e", integer=True, positive=True, even=True)
below = sp.Symbol("q", integer=True, negative=True)
x = sp.Symbol("x", real=True)
ONE, ZERO = sp.S.One, sp.S.Zero


@dataclass(frozen=True)
class Attempted:
    """A theorem that is tried.

    Parameters
    ----------
    name : what it says. words : of the refusal; empty for a true theorem.
    claims, argument, assumptions, states : of the theorem.
    """

    name: str
    words: str
    claims: tuple[Claim, ...]
    argument: Callable[[Proof], None]
    assumptions: tuple[Assumption, ...] = ()
    states: int | None = None

    def prove(self) -> bool:
        """Whether it is proven; raises `ProofError` where it is refused."""
        theorem = Theorem(
            "attempt",
            self.name,
            argument=self.argument,
            claims=self.claims,
            assumptions=self.assumptions,
            scope="numbers",
            states=self.states,
        )
        return bool(theorem.prove().steps)

    def refused(self) -> bool:
        """Whether it is refused by the check that is meant."""
        try:
            self.prove()
        except ProofError as error:
            return self.words in str(error)
        return False


def _term(name: str, value: Callable[..., Any]) -> Definition:
    return Definition(name, value, name, f"{name}({{0}})", True)


# --- claims that are used ---------------------------------------------------------------------------------------------

T = _term("T", lambda a, b: a + b)
U = _term("U", lambda a, b: sp.KroneckerDelta(a, b))
V = _term("V", lambda a: a)
F = _term("F", lambda a: f(ZERO))
ZERO_AT_ZERO = Assumption(f(ZERO), ZERO)
ITSELF = Claim("itself", T(i, j), ZERO, (i, j))
LATER, EARLIER = Claim("later", T(i, j) - 1, -ONE, (i, j)), Claim("earlier", T(i, j), ZERO, (i, j))
OFF = Claim("off the diagonal", U(i, j), ZERO, (i, j), (i - j - 1,))
ON = Claim("on the diagonal", U(i, i), ONE, (i,))
AT_LEAST = Claim("at least", V(i), ZERO, (i,), relation=">=")
SILENT = Claim("silent", F(i), ZERO, (i,), assumes=(ZERO_AT_ZERO,))
UNSAID = Claim("silent, unsaid", F(i), ZERO, (i,))
HEARD = Claim("heard", F(j) + 1, ONE, (j,))
SELF = Claim("the assumption", at(f(ZERO), {x: 0}), ZERO, assumes=(ZERO_AT_ZERO,))
NEEDLESS = Claim("needless", (x + 1) ** 2, x**2 + 2 * x + 1, assumes=(ZERO_AT_ZERO,))


def _both(first: Claim, then: Claim, rule: str = "algebra", *cases: Any) -> Any:
    """One claim, and another with its help."""

    def argument(proof: Proof) -> None:
        proof.case(first, *cases, rule=rule)
        proof.case(then, given=(first,))

    return argument


def _alone(claim: Claim, *cases: Any, rule: str = "algebra", given: tuple[Any, ...] = ()) -> Any:
    return lambda proof: proof.case(claim, *cases, rule=rule, given=given)


def _inherited(proof: Proof) -> None:
    """A claim under f(0) = 0, used by one that assumes nothing."""
    proof.case(SILENT, given=(ZERO_AT_ZERO,))
    proof.case(HEARD, given=(SILENT,))


ASSUMED = (ZERO_AT_ZERO,)
USED = (
    Attempted("T = 0 from T = 0", "and nothing else", (ITSELF,), _alone(ITSELF, given=(ITSELF,))),
    Attempted("T - 1 = -1 before T = 0 is proven", "not proven before", (LATER, EARLIER), _alone(LATER, given=(EARLIER,))),
    Attempted("U_ij = 0 for i > j, so U_jj = 0", "is not decided", (OFF, (one := Claim("one", U(j, j), ZERO, (j,)))),
              _both(OFF, one, "algebra", {i: j + d + 1})),
    Attempted("U_ii = 1, so U_ij = 1", "at distinct indices", (ON, (all_ := Claim("all", U(i, j), ONE, (i, j)))), _both(ON, all_)),
    Attempted("V >= 0, so V = 0", "at distinct indices", (AT_LEAST, (none := Claim("none", V(j) + 1, ONE, (j,)))),
              _both(AT_LEAST, none, "decided")),
    Attempted("f(0) = 0 is used and not said", "does not say that it assumes", (UNSAID,), _alone(UNSAID, given=(ZERO_AT_ZERO,)), ASSUMED),
    Attempted("who uses a claim assumes what it assumes", "does not say that it assumes", (SILENT, HEARD),
              _inherited, ASSUMED),
    Attempted("f(0) = 0 by f(0) = 0", "and nothing else", (SELF,), _alone(SELF, given=(ZERO_AT_ZERO,)), ASSUMED),
    Attempted("f(0) = 0 where nothing needs it", "holds without", (NEEDLESS,), _alone(NEEDLESS, given=(ZERO_AT_ZERO,)), ASSUMED),
    Attempted("f(0) = 0 is used and not assumed", "is not assumed", (SILENT,), _alone(SILENT, given=(ZERO_AT_ZERO,))),
)  # fmt: skip

# --- cases and inductions ---------------------------------------------------------------------------------------------

COUNT = Recursion("a", "a_{0}", "a_{0}", lambda: ZERO, lambda before, n: before() + 1, True)
MEANT = _term("n", lambda n: n)
MORE = _term("n + 1", lambda n: n + 1)
SPLIT = _term("n, or n + 5", lambda n: n if n == 0 else n + 5)
LATE = _term("n + 5", lambda n: n + 5 * (1 - sp.Pow(0, n)))
DELTA = _term("δ", lambda a, b: sp.Integer(int(a == b)))
SIGN = _term("sign", lambda a: sp.Pow(-1, a))
SIZE = _term("size", lambda a: sp.Abs(a))
QUOTIENT = _term("quotient", lambda a: a / a)
positive = sp.Symbol("n", integer=True, positive=True)


def _induction(closed: Definition, n: sp.Symbol = n, where: tuple[Any, ...] = ()) -> dict[str, Any]:
    claim = Claim("induction", COUNT(n), closed(n), (n,), where)
    return {"claims": (claim,), "argument": lambda proof: proof.induction(claim, COUNT, closed, n)}


def _case(left: Any, right: Any, over: tuple[sp.Symbol, ...], *cases: Any) -> dict[str, Any]:
    claim = Claim("claim", left, right, over)
    return {"claims": (claim,), "argument": _alone(claim, *cases)}


def _counted(proof: Proof) -> None:
    """An induction, and its claim used at another index."""
    proof.induction(MEMBERS, COUNT, MEANT, n)
    proof.case(NEXT, given=(MEMBERS,))


MEMBERS, NEXT = Claim("members", COUNT(n), MEANT(n), (n,)), Claim("next", COUNT(i + 1) - i, ONE, (i,))
VACUOUS = Claim("vacuous", V(i) + i, 2 * i, (i,), (-i,))
UNSERVED = Claim("unserved", x, ZERO)
COVERED = (
    Attempted("a_n = n + 1 without its base", "n = 0: left", **_induction(MORE)),
    Attempted("a_n = n + 5 from n = 1 on", "begins at 0", **_induction(LATE, positive)),
    Attempted("a_n = n + 5 for n >= 1", "leave members out", **_induction(LATE, where=(n - 1,))),
    Attempted("a_n = n + 5 as `n == 0` is false for a symbol", "does not hold for n = 1", **_induction(SPLIT)),
    Attempted("δ_ij = 0 as `i == j` is false for symbols", "does not hold for i = 1", **_case(DELTA(i, j), ZERO, (i, j))),
    Attempted("n/n = 1", "does not hold for n = 0", **_case(QUOTIENT(n), ONE, (n,))),
    Attempted("(-1)^i = 1, i even", "is no index", **_case(SIGN(i), ONE, (i,), {i: even})),
    Attempted("|m| = -m, m negative", "is no index", **_case(SIZE(m), -m, (m,), {m: below})),
    Attempted("a claim for i >= 1 and -i >= 0", "allow none", (VACUOUS,), _alone(VACUOUS)),
    Attempted("a claim that no step serves", "no step serves", (UNSERVED,), lambda proof: proof.equal("x + x = 2 x", V(i) + i, 2 * i)),
)  # fmt: skip

# --- sums -------------------------------------------------------------------------------------------------------------

A, B = (Array(name, (k,), "argument", "") for name in "ab")
t = sp.Symbol("t")


def _sum(value: sp.Expr) -> sp.Expr:
    return run((Assign(t, value, over=(k,)),), {"a": A.element, "b": B.element})["t"]


def _program(left: Any, right: Any) -> dict[str, Any]:
    claim = Claim("claim", left, right)
    return {"claims": (claim,), "argument": _alone(claim, rule="program")}


PRODUCT = Definition("product", lambda: _sum(A.element) * _sum(B.element), "", "(sum a)(sum b)", True)
SUMS = (
    Attempted("(Σ a)(Σ b) - n Σ a b = 0, as both read alike", "would capture",
              **_program(_sum(A.element) * _sum(B.element) - marker(k) * _sum(A.element * B.element), ZERO)),
    Attempted("(Σ a)(Σ b) = n Σ a b, by a definition inside a substitution", "would capture",
              **_program(at(PRODUCT() + x, {x: 0}), marker(k) * _sum(A.element * B.element))),
    Attempted("(Σ a)² = Σ (Σ a²)", "stands in a power", **_program(_sum(A.element) ** 2, marker(k) * _sum(A.element**2))),
    Attempted("a_k Σ_k b_k = Σ_k a_k b_k", "would capture", **_program(A.element * _sum(B.element), _sum(A.element * B.element))),
    Attempted("(Σ a)(Σ b) = n Σ a b", "would capture",
              **_program(_sum(A.element) * _sum(B.element), marker(k) * _sum(A.element * B.element))),
)  # fmt: skip

# --- claims that the argument states ----------------------------------------------------------------------------------


def _stated(number: sp.Symbol, *cases: Any) -> Any:
    """x + x = 2 x, and a claim for numbers up to 2 in these cases."""

    def argument(proof: Proof) -> None:
        proof.equal("x + x = 2 x", V(x) + x, 2 * x)
        proof.case(Claim("numbers", V(number) + number, 2 * number, (number,), (2 - number,)), *cases)

    return argument


STATED = (
    Attempted("three claims, of which two are stated", "2 claims are stated", (), _stated(i, {i: ONE}, {i: 2 * ONE}), states=3),
    Attempted("a case of a stated claim is gone", "no case of 'numbers' covers", (), _stated(i, {i: ONE}), states=2),
)  # fmt: skip

FALSE = (*USED, *COVERED, *SUMS, *STATED)
TRUE = (
    Attempted("two stated claims", "", (), _stated(i, {i: ONE}, {i: 2 * ONE}), states=2),
    Attempted("f(0) = 0, so F = 0", "", (SILENT,), _alone(SILENT, given=(ZERO_AT_ZERO,)), ASSUMED),
    Attempted("a_n = n, so a_{i+1} = i + 1", "", (MEMBERS, NEXT), _counted),
    Attempted("c Σ a = Σ c a", "", **_program(x * _sum(A.element), _sum(x * A.element))),
)  # fmt: skip
