"""The record of a finished proof."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from derivations.proof.claims import Assumption, Claim
from derivations.proof.programs import Program
from derivations.proof.steps import Step


@dataclass(frozen=True)
class Certificate:
    """The record of a finished proof.

    Parameters
    ----------
    assumptions, equations : all that is assumed, as text; the equations among it.
    source : the module of its argument.
    words : the theorem in a reader's words, which nothing checks.
    borrowed : steps, each with a claim that it uses and that the proof itself does not prove: what it cites must.
    """

    id: str
    title: str
    statement: str
    assumptions: tuple[str, ...]
    scope: str
    method: str
    reference: str
    steps: tuple[Step, ...]
    claims: tuple[Claim, ...] = ()
    programs: tuple[Program, ...] = ()
    by_definition: bool = False
    source: str = ""
    equations: tuple[Assumption, ...] = ()
    borrowed: tuple[tuple[Step, Claim], ...] = ()
    words: str = ""

    @property
    def cites(self) -> tuple[str, ...]:
        """The theorems that its steps use, in order of first use."""
        return tuple(dict.fromkeys(name for step in self.steps for name in step.cites))

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that its steps were checked by."""
        return tuple(sorted({step.rule for step in self.steps}))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        """The assumptions about symbols in the formulas: assumption (integer, positive, ...) -> names."""
        last = [step.chain(side)[-1] for step in self.steps for side in (step.left, step.right)]
        assumed = {(_assumed(s), str(s)) for side in last if isinstance(side, sp.Basic) for s in side.atoms(sp.Symbol)}
        return {what: tuple(n for w, n in sorted(assumed) if w == what) for what, _ in sorted(assumed) if what}


def _assumed(symbol: sp.Symbol) -> str:
    """The assumptions a symbol was made with."""
    given = symbol.assumptions0 if isinstance(symbol, sp.Dummy) else symbol._assumptions_orig
    return ", ".join(
        f"{'' if truth else 'not '}{name}" for name, truth in sorted(given.items()) if name != "commutative"
    )
