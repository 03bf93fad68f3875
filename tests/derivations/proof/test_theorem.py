"""A proof refuses false and undecided claims."""

from __future__ import annotations

import pytest
import sympy as sp

from derivations.proof.theorem import Proof, ProofError, Theorem


def test_a_proof_refuses_false_and_undecided_claims() -> None:
    a, b = sp.symbols("a b")
    proof = Proof("T")
    with pytest.raises(ProofError, match=r"T: claim: left - right = .*, not 0"):
        proof.equal("claim", a, b)
    with pytest.raises(ProofError, match="a > 0 is not decided"):
        proof.compare("claim", a, ">")
    with pytest.raises(ProofError, match="no fact"):
        proof.same("claim", ["a"], ["a"])
    with pytest.raises(ProofError):
        proof.equal("only by simplification", sp.sin(a) ** 2 + sp.cos(a) ** 2, sp.Integer(1))
    with pytest.raises(ProofError, match="states no claim"):
        Theorem("T", "", "", "", lambda proof: None).prove()
    noncommuting = [sp.Symbol(name, commutative=False) for name in "AB"]
    with pytest.raises(ProofError):
        proof.equal("AB = BA", sp.Mul(*noncommuting), sp.Mul(*noncommuting[::-1]))


def test_a_derivation_that_is_not_well_formed_is_a_failed_proof() -> None:
    def argument(proof: Proof) -> None:
        next(iter(()))

    with pytest.raises(ProofError, match="T: StopIteration"):
        Theorem("T", "", "", "", argument).prove()
