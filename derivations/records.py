"""Certificates as they are written, and what must hold between them: citations, programs, kernels.

A record holds the claim as a structure, every step with both sides as they were stated and the forms in between, the
programs that the proof is about, and a digest of the files that check proofs, so that a changed rule changes every record.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import sympy as sp

from derivations.proof.certificates import Certificate
from derivations.proof.claims import Claim
from derivations.proof.coverage import least
from derivations.proof.programs import Program
from derivations.proof.steps import RULES, Step
from derivations.proof.trees import kinds_of_symbols, tree
from derivations.proof.wording import formula, text

CHECKER = Path(__file__).parent / "proof"
"""The files that decide what is proven, besides this one."""
THEOREMS, PACKAGE = Path(__file__).parent / "theorems", "derivations.theorems."
"""Where the arguments stand."""


@cache
def checker_digest() -> str:
    """A digest of the rules and everything they need."""
    whole = hashlib.sha256()
    for path in (*sorted(CHECKER.glob("*.py")), Path(__file__)):
        whole.update(path.name.encode() + b"\n" + path.read_bytes().replace(b"\r\n", b"\n"))
    return whole.hexdigest()[:16]


def source_digest(module: str, folder: Path = THEOREMS) -> str:
    """A digest of the file of an argument and of all files of theorems that it imports, directly or not."""
    whole = hashlib.sha256()
    for path in sorted(_sources(module, folder)):
        whole.update(path.relative_to(folder).as_posix().encode() + b"\n" + path.read_bytes().replace(b"\r\n", b"\n"))
    return whole.hexdigest()[:16]


@cache
def _sources(module: str, folder: Path) -> frozenset[Path]:
    """The files of theorems that a module needs, its own among them; none for a module that is no theorem's."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = (folder / waiting.pop().removeprefix(PACKAGE).replace(".", "/")).with_suffix(".py")
        if path in found or not path.exists():
            continue
        found.add(path)
        waiting += _imported(path.read_text(encoding="utf-8"))
    return frozenset(found)


@cache
def _imported(text: str) -> tuple[str, ...]:
    """The modules of theorems that a file imports, and every name from them, which may be a module too."""
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE.rstrip(".")):
            found += [str(node.module), *(f"{node.module}.{name.name}" for name in node.names)]
    return tuple(found)


def program_digest(program: Program) -> str:
    """A digest of what a program computes, on which arrays."""
    arrays = [(a.name, str(a.indices), a.kind, a.store, a.integer) for a in program.arrays]
    content = repr((program.name, arrays, program.body, program.scalars, program.result))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def record(certificate: Certificate, relying: list[str]) -> dict[str, Any]:
    """A certificate as it is written."""
    return {
        **{name: getattr(certificate, name) for name in ("id", "title", "statement", "scope", "method", "reference")},
        **({"words": certificate.words} if certificate.words else {}),
        "kind": "definition" if certificate.by_definition else "theorem",
        "claims": [_claim(claim, certificate.steps) for claim in certificate.claims],
        "assumptions": certificate.assumptions,
        "equations": [[tree(one.left), "=", tree(one.right)] for one in certificate.equations],
        "symbols": certificate.symbols,
        "cites": certificate.cites,
        "trusted": [f"{rule}: {RULES[rule]}" for rule in certificate.rules],
        "checker": checker_digest(),
        "source": source_digest(certificate.source),
        "programs": {program.name: program_digest(program) for program in certificate.programs},
        "steps": [_step(step) for step in certificate.steps],
        "functions": relying,
    }


def written(records: list[dict[str, Any]]) -> str:
    """Records as text: one field a line, and each formula that is a nested list in one line."""
    return f"{_laid_out(records, 0)}\n"


def _laid_out(value: Any, depth: int, key: str = "") -> str:
    if not isinstance(value, (dict, list, tuple)) or not value or key in TREES:
        return json.dumps(value, ensure_ascii=False)
    ends, space = ("{}" if isinstance(value, dict) else "[]"), "\n" + " " * depth
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {_laid_out(part, depth + 1, name)}" for name, part in value.items()]
    else:
        parts = [_laid_out(part, depth + 1) for part in value]
    return f"{ends[0]}{','.join(f'{space} {part}' for part in parts)}{space}{ends[1]}"


TREES = ("formula", "over", "where", "equations", "symbols", "assumes", "rules", "not zero")
"""Fields that are written in one line."""


def _claim(claim: Claim, steps: tuple[Step, ...]) -> dict[str, Any]:
    """The claim as nested lists, the assumptions under which it is proven, and the rules of the steps that serve it."""
    return {
        "name": claim.name,
        "formula": [tree(claim.left), claim.relation, tree(claim.right)],
        "over": [[str(name), least(name)] for name in claim.over],
        "where": [tree(condition) for condition in claim.where],
        "assumes": sorted(map(str, claim.assumes)),
        "rules": sorted(
            {step.rule for step in steps if step.part == claim.name or step.part.startswith(f"{claim.name}: ")}
        ),
        **({"not zero": divisors} if (divisors := _divisors(claim, steps)) else {}),
        **({"symbols": kinds} if (kinds := kinds_of_symbols(claim.left, claim.right)) else {}),
    }


def _divisors(claim: Claim, steps: tuple[Step, ...]) -> list[Any]:
    """What the step that serves a claim without cases divides by, and may be 0."""
    found = dict.fromkeys(
        base for step in steps if step.part == claim.name and not step.where for base in step.denominators
    )
    return [tree(base) for base in found]


def _step(step: Step) -> dict[str, Any]:
    """The forms between the sides as stated and what they stand for, left and right, where there are any."""
    chain = [[text(form) for form in step.chain(side)[1:]] for side in (step.left, step.right)]
    return {
        "rule": step.rule,
        "claim": step.claim,
        "formula": formula(step),
        **({"part": step.part, "where": {str(name): str(value) for name, value in step.where}} if step.part else {}),
        **({"forms": chain} if any(chain) else {}),
        **(
            {"given": [known.name if isinstance(known, Claim) else str(known) for known in step.given]}
            if step.given
            else {}
        ),
        **({"not zero": [text(base) for base in step.denominators]} if step.denominators else {}),
        "cites": step.cites,
    }


def assumptions(certificates: list[Certificate]) -> str:
    """Everything the proofs assume, one line each: a proof that begins to assume more shows up as a difference."""
    lines = [
        "What the proofs assume. Printed by `python -m derivations`; a new line here is to be defended in a review."
    ]
    for certificate in certificates:
        lines += ["", f"{certificate.id}  {certificate.title}, {certificate.scope}"]
        lines += [f"  assumes  {words}" for words in certificate.assumptions]
        lines += [f"  symbols  {', '.join(names)}: {what}" for what, names in certificate.symbols.items()]
        lines += [f"  cites    {', '.join(certificate.cites)}"] if certificate.cites else []
        lines += [f"  rules    {', '.join(certificate.rules)}"]
    return "\n".join(lines) + "\n"


# --- what must hold between certificates ------------------------------------------------------------------------------


def citations(certificates: list[Certificate]) -> Iterator[str]:
    """Each theorem cites what is proven before it, and uses no claims but those it has proven and those of what the step cites."""
    earlier: dict[str, Certificate] = {}
    for certificate in certificates:
        if unknown := set(certificate.cites) - earlier.keys():
            yield f"{certificate.id} cites what is not proven before it: {sorted(unknown)}"
        for step, known in certificate.borrowed:
            cited = {claim for name in step.cites if name in earlier for claim in earlier[name].claims}
            if known not in cited:
                yield f"{certificate.id}: {step.claim}: nothing that it cites proves {known.name!r}"
        earlier[certificate.id] = certificate


def unlike_programs(certificates: Iterable[Certificate], printed: Iterable[Program]) -> Iterator[str]:
    """A program that is printed must be the very program that a theorem it names is about."""
    read = {certificate.id: certificate.programs for certificate in certificates}
    for program in dict.fromkeys(printed):
        names = [name for name in program.theorems if name in read and not name.startswith("E.")]
        if names and not any(program in read[name] for name in names):
            yield f"{program.name} is printed, and is not the program that {', '.join(program.theorems)} is about"
        for name in names:
            known = {assign for other in read[name] for assign in other.assignments}
            if known.isdisjoint(program.assignments):
                yield f"{program.name} names {name}, which is not about any of its lines"
        exponential = any(assign.value.has(sp.exp) for assign in program.assignments)
        if not exponential and (rounding := [name for name in program.theorems if name.startswith("E.")]):
            yield f"{program.name} names {', '.join(rounding)} and calls no exponential"
