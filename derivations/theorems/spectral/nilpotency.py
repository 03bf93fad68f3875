"""M1: powers of N are path products, and N^{B+1} = 0."""

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import Block, path, phi
from derivations.proof.claims import Claim, Recursion
from derivations.proof.stated import definition
from derivations.proof.theorem import Proof, Theorem

i = sp.Symbol("i", integer=True, positive=True)
B, k, e, r = sp.symbols("B k e r", integer=True, nonnegative=True)


@definition(
    "power",
    r"\left[P_{{{1},\,{2}}}\right]_{{{0}\text{{ steps}}}}",
    "[P({1}, {2}) if it has {0} steps, else 0]",
    ends=lambda k, i, j: (i, j),
)
def power(exponent: sp.Expr, i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """(N^k)_ij: the path product where i - j = k, else 0; undecided distances are an error."""
    beyond = sp.expand(i - j - exponent)
    if beyond.is_zero:
        return path(i, j)
    if beyond.is_nonzero:
        return sp.Integer(0)
    raise ValueError(f"whether {i} - {j} is {exponent} is not decided")


@definition("I", r"I_{{{0},\,{1}}}", "I_{{{0},{1}}}", ends=lambda i, j: (i, j))
def identity(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """The blocks of the identity."""
    distance = sp.expand(i - j)
    if distance.is_zero is None:
        raise ValueError(f"whether {i} is {j} is not decided")
    return sp.Integer(int(distance.is_zero))


def times_n(x: Block, i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """(N X)_ij = φ^(i-1) X_{i-1,j}: row i of N holds one block, row 1 none (there X_{0,j} does not exist)."""
    return phi(i - 1) * x(i - 1, j)


def next_power(before: Block, n: sp.Expr, i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """N^{k+1} = N N^k."""
    return times_n(before, i, j)


N_POWER = Recursion(
    "N_power",
    r"(N^{{{0}}})_{{{1},\,{2}}}",
    "(N^{{{0}}})_{{{1},{2}}}",
    identity,
    next_power,
    ends=lambda k, i, j: (i, j),
)
POWERS = Claim("powers", N_POWER(k, i, j), power(k, i, j), (k, i, j))
NILPOTENT = Claim("nilpotent", N_POWER(B + 1, i, j), sp.S.Zero, (B, i, j), (B + 1 - i, B + 1 - j))


def argument(proof: Proof) -> None:
    order = ({i: j}, {i: j + d + 1}, {j: i + d + 1})
    rows = (
        {i: j + k + 1},
        {i: j + k + 2 + d},
        # Rows i >= 2 with i - j < k + 1; then row 1 of N, which is empty.
        {
            i: sp.Symbol("m", integer=True, positive=True) + 1,
            j: sp.Symbol("m", integer=True, positive=True) + 1 - k + d,
        },
        {i: 1, j: 1 + d},
    )
    proof.induction(POWERS, N_POWER, power, k, order, rows)
    # Two of the layers 1..B+1 are e <= B apart: B = e + r with r >= 0.
    proof.case(NILPOTENT, {i: j + e, B: e + r}, {j: i + d + 1}, given=(POWERS,))


M1 = Theorem(
    id="M1",
    title="nilpotency",
    claims=(POWERS, NILPOTENT),
    method="induction over k",
    argument=argument,
    reference="arXiv 2504.00885",
)
