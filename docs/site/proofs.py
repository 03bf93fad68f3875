"""Proofs for lessons: chosen claims of a theorem with their steps, printed from the certificate object itself.

The author of a lesson names the claims and says in words why the two sides are equal; every formula is printed from the
expressions that the rules of proof have checked.
"""

from __future__ import annotations

from functools import cache

from derivations.formula_printer import PRINTER, case_row, claim_formula, formula
from derivations.proof.certificates import Certificate
from derivations.proof.steps import Step
from derivations.readable import plain
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
    lines: list[str] = []
    for row in filter(None, map(str.strip, body.splitlines())):
        claim, _, words = (part.strip() for part in row.partition(" -- "))
        lines += ["", *_claim(known, claim, words)]
    return "\n".join([*lines, ""])


def idea(name: str) -> str:
    """The idea of a proof and an example in small numbers."""
    if name not in IDEAS:
        raise ProofTextError(f"{name} has no idea in words")
    return f"*Why.* {plain(IDEAS[name])}\n\n*In numbers.* {plain(EXAMPLES[name])}\n"


def _claim(known: Certificate, claim: str, words: str) -> list[str]:
    """A claim as a formula, the author's words, and its steps."""
    stated = {c.name: c for c in known.claims}
    steps = [step for step in known.steps if step.part == claim or step.part.startswith(f"{claim}: ")]
    if not steps:
        parts = ", ".join(dict.fromkeys(step.part for step in known.steps if step.part))
        raise ProofTextError(f"{known.id} has no claim {claim!r}; it has {parts}")
    lines = ["**To show:**", "", "$$", claim_formula(stated[claim]), "$$", ""] if claim in stated else []
    lines += [plain(words), ""] if words else []
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
    title = ", ".join(filter(None, [head, case and f"the case {case}"])) or "every case"
    # "k = 0" begins with the name of an index, "from k to k + 1" with a word.
    shown = title if title[1] == " " else title[0].upper() + title[1:]
    return [f"- *{shown}*{cited}:", "", *_display(formula(step)), *_chains(step)]


def _chains(step: Step) -> list[str]:
    """Each side from what was stated to the line before the comparison, a line for each form."""
    shown = []
    for side in (step.left, step.right):
        first, *others = dict.fromkeys(PRINTER.doprint(form) for form in step.chain(side))
        if others and f"{first} = {others[0]}" != formula(step):
            shown += [f"{first} = {others[0]}", *(f"{{}} = {form}" for form in others[1:])]
    return ["  In other words:", "", *(line for text in shown for line in _display(text))] if shown else []


def _display(text: str) -> list[str]:
    return ["  $$", f"  {text}", "  $$", ""] if text else []
