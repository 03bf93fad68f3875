"""M1: powers of N are path products, and N^{B+1} = 0."""

import sympy as sp

from derivations.algebra import LAYER as j
from derivations.algebra import path, phi
from derivations.theorem import Proof, Theorem

k = sp.Symbol("k", integer=True, nonnegative=True)


def argument(proof: Proof) -> None:
    # (N^{k+1})_ij = N_{i,i-1} (N^k)_{i-1,j}: N has one block in row i. By hypothesis the second factor
    # is P(i-1, j) where i-1-j = k, and 0 elsewhere.
    proof.induction(
        "(N^k)_ij = P(i, j) where i - j = k",
        base=(path(j, j), sp.Integer(1)),
        step=(phi(j + k) * path(j + k, j), path(j + k + 1, j)),
        over="k",
    )
    e = sp.Symbol("e", integer=True)
    proof.equal("N_{i,i-1} (N^k)_{i-1,j} is not 0 exactly where i - j = k + 1", (e - 1) - k, e - (k + 1), rule="index")
    # Two of the layers 1..B+1 are e apart with e <= B = e + r, r >= 0: no pair has e = B + 1.
    distance, rest = sp.symbols("e r", integer=True, nonnegative=True)
    proof.true("i - j <= B < B + 1, so N^{B+1} = 0", sp.Lt(distance, distance + rest + 1), rule="index")


M1 = Theorem(
    id="M1",
    title="nilpotency",
    statement="N^{B+1} = 0, and (N^k)_ij = φ^(i-1) φ^(i-2) ... φ^(j) where i - j = k, else 0",
    method="induction over k",
    argument=argument,
    reference="arXiv 2504.00885",
)
