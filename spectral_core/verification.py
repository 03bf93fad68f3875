"""The command `verify`: proves every theorem and compares the generated files, or decides the formulas it is given."""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING, Any

from spectral_core import __version__, files
from spectral_core.console import say
from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    from derivations.formulas.decision import Verdict


def run(options: argparse.Namespace) -> int:
    """The command; returns the exit code. The one place where the running package meets the proofs and SymPy."""
    if options.json:
        files.check_writable(options.json)
    return _formulas(options) if options.formula else _theorems(options)


# --- theorems ---------------------------------------------------------------------------------------------------------


def _theorems(options: argparse.Namespace) -> int:
    from derivations.__main__ import differences, generate
    from derivations.catalogue import THEOREMS
    from derivations.theorem import ProofError

    columns = "{:<16} {:<24} {:<33} {:<39} {:>6} {:>8}\n"
    rows: list[dict[str, Any]] = []
    certificates = []
    say(columns.format("theorem", "what", "scope", "method", "steps", "time"))
    for theorem in THEOREMS:
        start = time.perf_counter()
        row: dict[str, Any] = {
            "theorem": theorem.id,
            "title": theorem.title,
            "scope": theorem.scope,
            "method": theorem.method,
        }
        try:
            certificates.append(theorem.prove())
            row |= {"proven": True, "steps": len(certificates[-1].steps)}
        except ProofError as error:
            row |= {"proven": False, "steps": 0, "failure": str(error)}
        row["seconds"] = round(time.perf_counter() - start, 4)
        rows.append(row)
        cells = (*(row[name] for name in ("theorem", "title", "scope", "method")), row["steps"] or "FAILED")
        say(columns.format(*cells, f"{row['seconds'] * 1e3:.0f} ms"))
        if "failure" in row:
            say(f"  {row['failure']}\n")
    proven = len(certificates) == len(THEOREMS)
    difference = differences(generate(certificates)) if proven else "not compared: a proof failed"
    if options.json:
        report = {"theorems": rows, "proven": proven, "files_agree": not difference, "version": __version__}
        files.write_text(options.json, json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    verdict = "kernels and certificates agree with the derivations"
    if difference:
        verdict = f"the checked-in files differ:\n{difference}"
    say(f"\n{len(certificates)} of {len(THEOREMS)} theorems proven; {verdict}\n")
    return 0 if proven and not difference else 1


# --- formulas ---------------------------------------------------------------------------------------------------------


def _formulas(options: argparse.Namespace) -> int:
    from derivations.formulas.decision import PROVEN, decide
    from derivations.formulas.language import read
    from derivations.formulas.shapes import check
    from derivations.formulas.syntax import FormulaError

    formulas = []
    for number, text in enumerate(options.formula, 1):
        # All are read before any is decided: a slip in the last one should not cost the time of the first.
        try:
            formulas.append(read(text))
            check(formulas[-1])
        except FormulaError as error:
            which = f" {number}" * (len(options.formula) > 1)
            raise InvalidInputError(f"formula{which}, {error}") from None
    verdicts = []
    for formula in formulas:
        verdicts.append(decide(formula))
        say("\n" * (len(verdicts) > 1) + "\n".join(_lines(verdicts[-1])) + "\n")
    if options.json:
        report = {"formulas": [_record(verdict) for verdict in verdicts], "version": __version__}
        files.write_text(options.json, json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return 0 if all(verdict.status == PROVEN for verdict in verdicts) else 1


def _lines(verdict: Verdict) -> list[str]:
    """The verdict for a reader: what was read, the answer, and what it rests on."""
    lines = [f"formula   {verdict.formula}", f"verdict   {verdict.status}", f"scope     {verdict.scope}"]
    if verdict.counterexample is not None:
        first, *rest = verdict.counterexample.lines()
        return [*lines, f"where     {first}", *(f"          {line}" for line in rest)]
    if verdict.reason:
        return [*lines, f"because   {verdict.reason}"]
    checked = "left - right reduces to 0"
    if len(verdict.cases) > 1:
        many = f"each of {len(verdict.cases)} cases"
        checked += f" in {many}" if verdict.formula.depth is not None else f" in {many}: {'; '.join(verdict.cases)}"
    return [*lines, f"checked   {checked}; {verdict.networks} networks of small whole numbers agree"]


def _record(verdict: Verdict) -> dict[str, Any]:
    """The verdict for a program."""
    record: dict[str, Any] = {
        "formula": str(verdict.formula),
        "verdict": verdict.status,
        "scope": verdict.scope,
        "cases": list(verdict.cases),
        "networks": verdict.networks,
    }
    if verdict.reason:
        record["reason"] = verdict.reason
    if verdict.counterexample is not None:
        record["counterexample"] = verdict.counterexample.lines()
    return record
