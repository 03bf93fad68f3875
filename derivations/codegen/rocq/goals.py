"""The steps of certificates between commutative expressions, as goals for Rocq's `ring` and `field`.

Array elements, deltas, sums and functions are variables: the steps use no more of them than that they are numbers. A step
whose two sides are written alike says nothing to be proven, and one that needs more than a field is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import sympy as sp
from sympy.polys.fields import sfield

from derivations.codegen.rocq.expressions import TermPrinter, wrapped
from derivations.proof.certificates import Certificate
from derivations.proof.steps import Step

RULES = {"algebra", "induction", "program", "reverse accumulation", "differentiation", "convention", "rational"}
"""The rules whose two sides are formulas."""
GREATEST = 1000
"""Rocq writes a number n%:R as n times the successor of 0, so that it cannot read those of many digits."""
HEAD = """(* Printed by `python -m derivations` from the steps of the certificates. Do not edit.
   Array elements, deltas, sums, exp, log and roots are variables here; each denominator is assumed not to be 0. *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp Require Import ring.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* a factor that is not 0 stands among the assumptions, perhaps written otherwise *)
Ltac not_zero := first [done | match goal with
  H : is_true (?d != 0) |- _ => let zero := fresh in by apply: contra_neq H => zero; rewrite -[RHS]zero; ring end].
Ltac rational := intros; first [ring | field; repeat (apply/andP; split); not_zero].

Section Goals.
Variable R : numFieldType.
"""


def goals_file(certificates: Iterable[Certificate]) -> str:
    """The text of `rational.v`."""
    text, alike, left_out = [], 0, Counter[str]()
    for certificate in certificates:
        for number, stated in enumerate(certificate.steps, 1):
            if stated.rule not in RULES or not isinstance(stated.left, sp.Expr):
                continue
            step = unfolded(stated)
            if stated.given:
                left_out["assumptions that are equations"] += 1
            elif not (step.left.is_commutative and step.right.is_commutative):
                left_out["matrices, which do not commute"] += 1
            elif step.left == step.right:
                alike += 1
            elif reason := _beyond_a_field(step):
                left_out[reason] += 1
            else:
                text += [f"(* {certificate.id}, {_comment(step.claim)} *)", *goal(certificate.id, number, step)]
    reasons = [f"   left out: {reason}: {count}" for reason, count in sorted(left_out.items())]
    tail = [
        "End Goals.",
        "(* Steps that are no goals here.",
        f"   written alike on both sides: {alike}",
        *reasons,
        "*)",
    ]
    return HEAD + "\n".join(part for line in [*text, *tail] for part in wrapped(line)) + "\n"


def unfolded(step: Step) -> Step:
    """The step with both sides as what they stand for, without definitions."""
    return replace(step, left=step.chain(step.left)[-1], right=step.chain(step.right)[-1])


def _comment(claim: str) -> str:
    """A claim that cannot end the comment around it."""
    return claim.replace("(*", "( *").replace("*)", "* )").replace('"', "'")


def _atoms(expression: sp.Expr) -> sp.Expr:
    """Everything that is no number, sum, product or whole power, as a symbol; roots as powers of one root."""
    if expression.is_Rational or expression.is_Symbol:
        return expression
    if expression.is_Add or expression.is_Mul:
        return expression.func(*map(_atoms, expression.args), evaluate=False)
    if expression.is_Pow and expression.exp.is_Integer:
        return sp.Pow(_atoms(expression.base), expression.exp, evaluate=False)
    if expression.is_Pow and expression.exp.is_Rational and expression.exp.q == 2:
        root = sp.Symbol(f"root({sp.expand(expression.base)})")
        return sp.Pow(root, expression.exp.p, evaluate=False)
    if isinstance(expression, sp.exp) and expression.args[0].could_extract_minus_sign():
        return sp.Pow(sp.Symbol(str(sp.exp(-expression.args[0]))), -1, evaluate=False)
    return sp.Symbol(str(expression))


def _beyond_a_field(step: Step) -> str:
    """Why the variables alone do not prove the step; empty if they do."""
    if any(
        max(abs(number.p), number.q) > GREATEST
        for side in (step.left, step.right)
        for number in side.atoms(sp.Rational)
    ):
        return "numbers of many digits"
    rest = _atoms(step.left).doit() - _atoms(step.right).doit()
    # The quotient of two polynomials, which is found four times as fast as `cancel` finds it.
    if rest == 0 or (rest.free_symbols and not sfield(rest)[1]):
        return ""
    both = step.left - step.right
    if any(not p.exp.is_number for p in both.atoms(sp.Pow)):
        return "symbolic exponents"
    if not both.has(sp.Function) and all(p.exp.is_Integer for p in both.atoms(sp.Pow)):
        raise ValueError(f"the step does not hold: {step.claim}")
    names = {type(e).__name__ for e in both.atoms(sp.Function)} | {
        "roots" for p in both.atoms(sp.Pow) if not p.exp.is_Integer
    }
    return f"rules for {', '.join(sorted(names))}"


def goal(theorem: str, number: int, step: Step) -> list[str]:
    """The lemma of one step and its proof."""
    left, right = _atoms(step.left), _atoms(step.right)
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    names = {symbol: f"v{i}" for i, symbol in enumerate(symbols)}
    printer = TermPrinter(lambda leaf: names[leaf])
    bases = sorted({base for side in (left, right) for base in _denominators(side)}, key=str)
    under = "".join(f"{printer.term(base)} != 0 -> " for base in bases)
    variables = f"({' '.join(names.values())} : R) " if names else ""
    name = re.sub(r"\W", "_", f"{theorem}_{number}")
    where = [f"(* {', '.join(f'{v}: {_comment(str(s))}' for s, v in names.items() if str(s) != v)} *)"] if names else []
    return [
        *where,
        f"Lemma {name} {variables}:",
        f"  {under}{printer.term(left)} =",
        f"  {printer.term(right)}.",
        "Proof. rational. Qed.",
    ]


def _denominators(expression: sp.Expr) -> set[sp.Expr]:
    """The bases of negative powers; of one that is a quotient itself, what stands above its own denominators."""
    bases = {p.base for p in sp.preorder_traversal(expression) if p.is_Pow and p.exp.is_negative}
    above = {sp.fraction(sp.together(base.doit()))[0] for base in bases}
    return {base for base in above if not base.is_number}
