"""Proofs for lessons: chosen claims of a theorem with their steps, printed from the certificate object itself.

The author of a lesson names the claims and says in words why the two sides are equal; every formula is printed from the
expressions that the rules of proof have checked.
"""

from __future__ import annotations

from functools import cache

from derivations.formula_printer import case_row, claim_formula, forms, formula
from derivations.proof.certificates import Certificate
from derivations.proof.steps import Step
from derivations.theorems.catalogue import THEOREMS
from derivations.theorems.words import EXAMPLES, IDEAS


class ProofTextError(ValueError):
    """A lesson asks for a theorem or a claim that does not exist."""


@cache
def certificate(name: str) -> Certificate:
    """The proof of a theorem, made now."""
    for theorem in THEOREMS:
        if theorem.id == name:
            return theorem.prove()
    raise ProofTextError(f"there is no theorem {name}")


def proof(name: str, body: str) -> str:
    """Markdown of the claims that the lines of `body` name; a line is `claim: words`, with the author's words.

    A claim whose proof is an induction has parts such as `powers: k = 0`; it is named by its first word, `powers`.
    """
    known = certificate(name)
    lines = [f"*Idea.* {IDEAS[name]}"] if name in IDEAS else []
    for row in filter(None, map(str.strip, body.splitlines())):
        claim, _, words = (part.strip() for part in row.partition(" -- "))
        lines += ["", *_claim(known, claim, words)]
    return "\n".join([*lines, ""])


def example(name: str) -> str:
    """The example in small numbers of a theorem."""
    if name not in EXAMPLES:
        raise ProofTextError(f"{name} has no example in numbers")
    return f"*In numbers.* {EXAMPLES[name]}\n"


def _claim(known: Certificate, claim: str, words: str) -> list[str]:
    """A claim as a formula, the author's words, and its steps."""
    stated = {c.name: c for c in known.claims}
    steps = [step for step in known.steps if step.part == claim or step.part.startswith(f"{claim}: ")]
    if not steps:
        parts = ", ".join(dict.fromkeys(step.part for step in known.steps if step.part))
        raise ProofTextError(f"{known.id} has no claim {claim!r}; it has {parts}")
    lines = ["To show:", "", "$$", claim_formula(stated[claim]), "$$", ""] if claim in stated else []
    lines += [words, ""] if words else []
    both_zero = [step for step in steps if step.where and case_row(step)[1:] == ("0", "0")]
    for step in steps:
        if step not in both_zero:
            lines += _step(step, claim)
    if both_zero:
        cases = "; ".join(f"${case_row(step)[0]}$" for step in both_zero)
        lines += [f"- *No block on either side:* both sides are 0 if {cases}.", ""]
    return lines


def _step(step: Step, claim: str) -> list[str]:
    """One step: its case, what is to be shown there, and both sides up to the line before the comparison."""
    head = step.part.removeprefix(claim).removeprefix(": ")
    case = f"${case_row(step)[0]}$" if step.where else ""
    cited = f" (uses {', '.join(step.cites)})" if step.cites else ""
    title = ", ".join(filter(None, [head, case])) or "Every case"
    shown = [f"- *{title}*{cited}:", "", *_display(formula(step))]
    for chain in forms(step):
        shown += _display(chain)
    return shown


def _display(text: str) -> list[str]:
    return ["  $$", f"  {text}", "  $$", ""] if text else []
