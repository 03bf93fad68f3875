"""Attacks on theorems whose argument states the claims: M17 to M24, scalars, rounding, images, whole numbers.

Each edit is made in a copy of one file, as in `test_attacks`. A wrong claim does not hold, a claim that is gone is missed by
its number or by the line of a program that nothing speaks of, a case that is gone by the cases.
"""

from __future__ import annotations

import copy
import json
import operator
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mpmath
import pytest
import sympy as sp

from derivations import __main__ as generator
from derivations.proof.claimed_lines import unclaimed
from derivations.proof.theorem import ProofError, Theorem
from derivations.recheck.claim_settings import CASES
from derivations.recheck.claim_trees import heads, parts
from derivations.recheck.evidence import recheck_claims
from derivations.recheck.exact_reals import RELATIONS, RealPoint
from derivations.recheck.point import Point, Refused
from derivations.recheck.proven_claims import readable
from derivations.theorems.catalogue import THEOREMS
from tests.builders import ROOT
from tests.derivations.test_attacks import edited

SPECTRAL, SCALAR, IMAGES = (f"derivations/theorems/{part}" for part in ("spectral", "scalar", "images"))
RECORDS = json.loads((ROOT / "derivations" / "certificates.json").read_text(encoding="utf-8"))
STATED = [theorem for theorem in THEOREMS if not theorem.claims]
ZEROS = [
    ("F.elu", "f is continuous at the kink"),
    ("F.leaky_relu", "f is continuous at the kink"),
    ("F.relu", "f is continuous at the kink"),
    ("F.relu", "f'(0) is the left derivative"),
    ("I10", "a x + b <= 0: the adjoint is dheld times the slope"),
    ("M18", "relu, z > 0: f(-z) = 1 f(z) - 1 z"),
    ("M19", "on² = on for 0"),
    ("M21", "heard² = heard for 0"),
]
"""Claims that say that two sides are 0, without writing it."""
COMPARED = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "!=": operator.ne}


def theorem_of(space: dict[str, Any], name: str) -> Theorem:
    """The theorem of a module by its number."""
    found = [value for value in space.values() if isinstance(value, Theorem)]
    return next(theorem for theorem in (*found, *space.get("THEOREMS", ())) if theorem.id == name)


# The file, the theorem, the claim's formula as it stands and as it is altered.
ALTERED = [
    (f"{SPECTRAL}/leave_one_out.py", "M17", "turned(b) * schur * b", "2 * turned(b) * schur * b"),
    (f"{SPECTRAL}/leave_one_out.py", "M17", "k_rr - k_rg * schur * k_gr", "k_rr + k_rg * schur * k_gr"),
    (f"{SPECTRAL}/identities.py", "M18", "\"leaky_relu\": (1, sp.Rational(101, 100))", "\"leaky_relu\": (1, sp.Rational(99, 100))"),
    (f"{SPECTRAL}/identities.py", "M18", "change: sp.Expr = -kappa * c", "change: sp.Expr = kappa * c"),
    (f"{SPECTRAL}/kinks.py", "M19", "(upper - lower) * sign * scale", "(upper - lower) * scale"),
    (f"{SPECTRAL}/projection.py", "M20", "partial = -2 * r.element", "partial = -r.element"),
    (f"{SPECTRAL}/factors.py", "M20.factor", "\"squared_error\": (sp.Integer(2),)", "\"squared_error\": (sp.Integer(1),)"),
    (f"{SPECTRAL}/factors.py", "M20.factor", "(sp.Integer(0), sp.Integer(0), sp.Integer(1))", "(sp.Integer(0), sp.Integer(1), sp.Integer(1))"),
    (f"{SPECTRAL}/masking.py", "M21", "| {mask.element: sp.S.Zero}", "| {mask.element: sp.S.One}"),
    (f"{SPECTRAL}/saliency.py", "M22", "        p_k * (1 - p_k),\n", "        p_k * (1 + p_k),\n"),
    (f"{SPECTRAL}/scale.py", "M23", "lambda before, n, j: inner * phi(j + n) * before(j)", "lambda before, n, j: phi(j + n) * before(j)"),
    (f"{SPECTRAL}/scale.py", "M24", "excess = (square - norm) ** 2 / square", "excess = (square - norm) ** 2 / norm"),
    (f"{SCALAR}/losses.py", "L.huber", "Region(z - y > 1, z - y - half, sp.Integer(1))", "Region(z - y > 1, z - y - half, sp.Integer(2))"),
    (f"{SCALAR}/losses.py", "L.poisson", "sp.exp(z) - y * z, sp.exp(z) - y", "sp.exp(z) - y * z, sp.exp(z) + y"),
    (f"{SCALAR}/losses.py", "L.cross_entropy", "(shifted.element / total - hit)", "(shifted.element / total + hit)"),
    (f"{SCALAR}/smoothing.py", "L.smoothing", "y + smoothing * (half - y)", "y + smoothing * (1 - y)"),
    (f"{SCALAR}/penalties.py", "R.l2", "2 * strength * value.element, accumulate", "strength * value.element, accumulate"),
    (f"{SCALAR}/proximal.py", "P.l1", "at((v - x) / threshold, {x: down}), -sp.S.One", "at((v - x) / threshold, {x: down}), sp.S.One"),
    (f"{SCALAR}/optimizers.py", "O.adam", "beta2 * v + (1 - beta2) * g**2\n", "beta2 * v + (1 - beta2) * g\n"),
    (f"{SCALAR}/optimizers.py", "O.sgd", "(gradient.element + momentum * b)", "(gradient.element + b)"),
    (f"{SCALAR}/decay_and_clipping.py", "O.clip", "{factor: piece(scaling, 1)}), limit", "{factor: piece(scaling, 1)}), 2 * limit"),
    (f"{SCALAR}/schedules.py", "S.cosine", "FALL = final + (1 - final) * (1 + sp.cos", "FALL = final + (1 - final) * (2 + sp.cos"),
    (f"{SCALAR}/orchestration.py", "O.correction", "return beta * before() + (1 - beta)", "return beta * before() + beta"),
    (f"{SCALAR}/orchestration.py", "P.threshold", "rate * objective, proximal - rate**2 * slope**2 / 2", "rate * objective, proximal - slope**2 / 2"),
    (f"{SCALAR}/integers.py", "D2", "scale * (reach + 1) / 2", "scale * reach / 2"),
    (f"{SCALAR}/accuracy.py", "E.float32.activations", "(\"tanh\", \"value\"): Fraction(71, 10)", "(\"tanh\", \"value\"): Fraction(7, 10)"),
    (f"{IMAGES}/batch_norm.py", "I8", "dnormed.element - dbeta.element / n.count - hat", "dnormed.element - dbeta.element - hat"),
    (f"{IMAGES}/growth.py", "G8", "SCORE = slope**2 / length**2", "SCORE = slope**2 / length"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "name", "old", "new"), ALTERED, ids=[f"{a[1]} {n}" for n, a in enumerate(ALTERED)])
def test_an_altered_claim_is_refused(file: str, name: str, old: str, new: str) -> None:
    with pytest.raises(ProofError, match=r"not 0|is not decided|does not hold| > "):
        theorem_of(edited(file, (old, new)), name).prove()


# What the attack does, the file, the theorem, the edit, and the words of the refusal.
GONE = [
    ("a claim of M17", f"{SPECTRAL}/leave_one_out.py", "M17", "    proof.equal(\"[(G⁻¹)_gg]⁻¹ = C\", C * INVERSE[1][1], sp.S.One)\n", "", "23 claims are stated, and the theorem has 24"),
    ("v of Adam", f"{SCALAR}/optimizers.py", "O.adam", "    proof.equal(\"v\", values[\"second_new\"], v_new, rule=\"program\")\n", "", "4 claims are stated, and the theorem has 5"),
    ("an induction", f"{SCALAR}/optimizers.py", "O.adam", "((m, m_new, beta1, g), (v, v_new, beta2, g**2))", "((m, m_new, beta1, g),)", "4 claims are stated, and the theorem has 5"),
    ("the claim is a fact", f"{SCALAR}/penalties.py", "R.l2", "    proof.equal(\"∂/∂λ_p ρ‖λ‖² = 2ρ λ_p\", _claimed(proof, program), truth, rule=\"reverse accumulation\")\n", "    _claimed(proof, program)\n", "0 claims are stated, and the theorem has 1"),
    ("a region of a loss", f"{SCALAR}/losses.py", "L.huber", "    proof.case(its_slope, *regions, rule=\"rational\")\n", "    proof.case(its_slope, *regions[1:], rule=\"rational\")\n", "no case of \"ρ' is its derivative\" covers"),
    ("a region of ρ", f"{SCALAR}/losses.py", "L.huber", "\"scale w ρ in region n:\"), *regions)", "\"scale w ρ in region n:\"), *regions[:-1])", "no case of 'scale w ρ is as stated' covers"),
    ("a side of an activation", f"{SCALAR}/activations.py", "F.relu", "sides = {number: BELOW}, {number: ABOVE}", "sides = ({number: ABOVE},)", "no case of \"slope is f'\" covers"),
    ("a region of a factor", f"{SPECTRAL}/factors.py", "M20.factor", "    proof.case(square, *regions, rule=\"rational\", cites=(f\"L.{item.name}\",))\n", "    proof.case(square, *regions[:2], rule=\"rational\", cites=(f\"L.{item.name}\",))\n", "no case of \"huber: the square"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "name", "old", "new", "words"), [a[1:] for a in GONE], ids=[a[0] for a in GONE])
def test_a_claim_or_a_case_that_is_gone_is_noticed(file: str, name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(ProofError) as refusal:
        theorem_of(edited(file, (old, new)), name).prove()
    assert words in str(refusal.value)


@pytest.mark.parametrize("file", sorted({a[0] for a in ALTERED} | {a[1] for a in GONE}))
def test_the_same_files_without_an_edit_are_proven(file: str) -> None:
    space = edited(file)
    names = {a[1] for a in ALTERED if a[0] == file} | {a[2] for a in GONE if a[1] == file}
    assert all(theorem_of(space, name).prove().claims for name in names)


# --- lines of programs ------------------------------------------------------------------------------------------------


def test_a_line_of_a_printed_program_that_no_claim_speaks_of_is_noticed() -> None:
    """Without its claim on θ, Adam's last line is printed and nothing says what it computes."""
    old = '    proof.equal("θ", values["updated"], published, rule="program")\n'
    wrong = theorem_of(edited(f"{SCALAR}/optimizers.py", (old, "")), "O.adam")
    printed = [program for program in generator.printed_programs() if program.name == "adam"]
    (right,) = (theorem for theorem in THEOREMS if theorem.id == "O.adam")
    assert list(unclaimed([right.prove()], printed)) == []
    found = list(unclaimed([replace(wrong, states=None).prove()], printed))
    assert any("adam: O.adam claims nothing about the line updated[p] = " in line for line in found)


@pytest.mark.parametrize("name", ["step_size", "parameter", None])
def test_a_line_that_copies_an_element_or_a_number_is_no_claim(name: str | None) -> None:
    """Each stands in a claim of Adam somewhere; that says nothing about what the last line sets."""
    adam = next(program for program in generator.printed_programs() if program.name == "adam")
    (right,) = (theorem for theorem in THEOREMS if theorem.id == "O.adam")
    last = adam.assignments[-1]
    scalars = {scalar.name: scalar for scalar in last.value.free_symbols}
    value = sp.Integer(0) if name is None else scalars.get(name, sp.IndexedBase(name)[last.target.indices])
    wrong = replace(adam, body=(*adam.body[:-1], replace(last, value=value)))
    assert any(f"the line {wrong.assignments[-1]}" in line for line in unclaimed([right.prove()], [wrong]))


def test_facts_about_storage_are_no_claims_about_a_line() -> None:
    (theorem,) = (theorem for theorem in THEOREMS if theorem.id == "P.l2")
    certificate = theorem.prove()
    facts = replace(certificate, steps=tuple(step for step in certificate.steps if step.rule == "definition"))
    assert len(facts.steps) > 1
    assert len(list(unclaimed([facts], certificate.programs))) == len(certificate.programs[0].assignments)


# --- records ----------------------------------------------------------------------------------------------------------


def test_every_theorem_has_claims_and_says_how_many_its_argument_states() -> None:
    assert all(record["claims"] for record in RECORDS)
    assert all(theorem.states and theorem.words for theorem in STATED)
    assert all(theorem.states is None and not theorem.words for theorem in THEOREMS if theorem.claims)
    sizes = {record["id"]: len(record["claims"]) for record in RECORDS}
    assert all(theorem.states == sizes[theorem.id] for theorem in STATED)
    assert len(STATED) > 70


def test_the_statement_of_a_record_is_made_from_its_claims() -> None:
    """A formula of each claim stands in it, and the words for a reader do not."""
    for record in RECORDS:
        assert record["statement"] != record.get("words")
        assert len({claim["name"] for claim in record["claims"]}) == len(record["claims"])
        parts = {step["part"] for step in record["steps"] if "part" in step}
        assert all(
            any(part == claim["name"] or part.startswith(f"{claim['name']}: ") for part in parts)
            for claim in record["claims"]
        )


def read(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [claim for claim in record["claims"] if readable(claim)]


@pytest.mark.parametrize("record", [r for r in RECORDS if r.get("words") and read(r)], ids=lambda r: r["id"])
def test_stated_claims_hold_as_they_stand_and_not_with_an_error(record: dict[str, Any]) -> None:
    """The second route evaluates them; one more on the left side, or the other relation, is refused."""
    evidence = recheck_claims(record, 2)
    assert evidence is not None
    assert evidence.failure is None
    for claim in read(record):
        left, relation, right = claim["formula"]
        wrong = copy.deepcopy(claim)
        turned = {">=": "<", "<=": ">", ">": "<=", "<": ">=", "!=": "="}
        wrong["formula"] = [["+", 1, left], "=", right] if relation == "=" else [left, turned[relation], right]
        refused = recheck_claims(record | {"claims": [wrong]}, 2)
        assert refused is not None
        assert refused.failure is not None, claim["name"]


def test_no_stated_claim_is_empty() -> None:
    """Twice the right side is refused, but where both sides are 0 as the claim says."""
    passed = []
    for record in RECORDS:
        for claim in read(record) if record.get("words") else ():
            left, relation, right = claim["formula"]
            if relation == "=" and not {str(left), str(right)} & {"0"}:
                wrong = copy.deepcopy(claim) | {"formula": [left, "=", ["*", 2, right]]}
                doubled = recheck_claims(record | {"claims": [wrong]}, 2)
                assert doubled is not None
                passed += [(record["id"], claim["name"])] * (doubled.failure is None)
    assert sorted(passed) == ZEROS


def with_one_piece_wrong(tree: Any) -> Iterator[Any]:
    """The side with 1 more in one of its pieces, for each piece."""
    if not isinstance(tree, list) or not tree:
        return
    for at, part in enumerate(tree[1:], 1):
        if tree[0] == "Piecewise":
            yield [*tree[:at], [["+", 1, part[0]], *part[1:]], *tree[at + 1 :]]
        yield from ([*tree[:at], other, *tree[at + 1 :]] for other in with_one_piece_wrong(part))


@pytest.mark.parametrize("name", ["L.huber", "L.binary_cross_entropy", "F.leaky_relu", "F.elu"])
def test_every_numbered_piece_of_a_claim_is_evaluated(name: str) -> None:
    (record,) = (record for record in RECORDS if record["id"] == name)
    passed, tried = [], 0
    for claim in read(record):
        for at in (0, 2) if claim["formula"][1] == "=" else ():
            side = claim["formula"][at]
            numbered = any(part[0] in CASES and isinstance(part[-1], str) for part in parts(side))
            # A derivative does not change by 1 more.
            for other in (
                with_one_piece_wrong(side) if numbered and not {"derivative", "slope"} & {*heads(side)} else ()
            ):
                formula = [other if number == at else part for number, part in enumerate(claim["formula"])]
                evidence = recheck_claims(record | {"claims": [claim | {"formula": formula}]}, 2)
                assert evidence is not None
                tried += 1
                passed += [(claim["name"], formula)] * (evidence.failure is None)
    assert tried > 0
    assert passed == []


@pytest.mark.parametrize("sign", [*RELATIONS])
def test_a_relation_that_does_not_hold_is_refused(sign: str) -> None:
    """Of three pairs of numbers, each relation holds for those for which it does."""
    point = RealPoint(Point(random.Random(0), random.Random(0)))
    for left, right in ((1, 2), (2, 1), (2, 2)):
        if COMPARED[sign](left, right):
            point.compare("numbers", mpmath.mpf(left), sign, mpmath.mpf(right))
        else:
            with pytest.raises(Refused):
                point.compare("numbers", mpmath.mpf(left), sign, mpmath.mpf(right))


def test_most_stated_claims_are_read_by_the_second_route() -> None:
    stated = [record for record in RECORDS if record.get("words")]
    every = sum(len(record["claims"]) for record in stated)
    assert sum(map(len, map(read, stated))) > 0.8 * every
    for name in ("M17", "L.huber", "R.l1", "P.group", "O.sgd", "S.rise", "F.gelu", "G8", "D2"):
        (record,) = (record for record in stated if record["id"] == name)
        assert read(record) == record["claims"], name
