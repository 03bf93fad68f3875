"""M1: powers of N are path products, and N^{B+1} = 0."""

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import Block, path, phi
from derivations.proof.theorem import Proof, Theorem

k = sp.Symbol("k", integer=True, nonnegative=True)


def power(exponent: sp.Expr) -> Block:
    """(N^k)_ij: the path product where i - j = k, else 0; undecided distances are an error."""

    def block(i: sp.Expr, j: sp.Expr) -> sp.Expr:
        beyond = sp.expand(i - j - exponent)
        if beyond.is_zero:
            return path(i, j)
        if beyond.is_nonzero:
            return sp.Integer(0)
        raise ValueError(f"whether {i} - {j} is {exponent} is not decided")

    return block


def times_n(x: Block, i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """(N X)_ij = φ^(i-1) X_{i-1,j}: row i of N holds one block, row 1 none (there X_{0,j} does not exist)."""
    return phi(i - 1) * x(i - 1, j)


def argument(proof: Proof) -> None:
    zero, following = sp.Integer(0), power(k + 1)
    proof.equal("(N^0)_jj = I", power(zero)(j, j), sp.Integer(1), rule="induction")
    proof.zero("(N^0)_ij = 0 below the diagonal", power(zero), j + d + 1, j, rule="induction")
    proof.zero("(N^0)_ij = 0 above the diagonal", power(zero), j, j + d + 1, rule="induction")
    # (N^{k+1})_ij = φ^(i-1) (N^k)_{i-1,j} for rows i >= 2, in the three cases of the distance i - j.
    for case, i in (("=", j + k + 1), (">", j + k + 2 + d)):
        proof.equal(
            f"(N N^k)_ij = (N^{{k+1}})_ij where i - j {case} k + 1, at i = {i}",
            times_n(power(k), i, j),
            following(i, j),
            rule="induction",
        )
    upper = sp.Symbol("i", integer=True, positive=True) + 1
    proof.zero(
        "(N N^k)_ij = 0 where i - j < k + 1, i >= 2",
        lambda i, j: times_n(power(k), i, j),
        upper,
        upper - k + d,
        rule="induction",
    )
    proof.zero("(N^{k+1})_ij = 0 where i - j < k + 1, i >= 2", following, upper, upper - k + d, rule="induction")
    # Row 1 of N is empty, and (N^{k+1})_1j is 0, since 1 - j <= 0 < k + 1.
    proof.zero("(N^{k+1})_1j = 0", following, 1, 1 + d, rule="induction")
    # Two of the layers 1..B+1 are e <= B apart: B = e + r with r >= 0.
    e, r = sp.symbols("e r", integer=True, nonnegative=True)

    def block_of_power(exponent: sp.Expr, i: sp.Expr, j: sp.Expr) -> sp.Expr:
        return power(exponent)(i, j)

    below, above = (e + r + 1, j + e, j), (e + r + 1, j, j + d + 1)
    proof.zero("N^{B+1} = 0: i - j = e <= B, on and below the diagonal", block_of_power, *below)
    proof.zero("N^{B+1} = 0: above the diagonal", block_of_power, *above)


M1 = Theorem(
    id="M1",
    title="nilpotency",
    statement="N^{B+1} = 0, and (N^k)_ij = φ^(i-1) φ^(i-2) ... φ^(j) where i - j = k >= 0, else 0",
    method="induction over k",
    argument=argument,
    reference="arXiv 2504.00885",
)
