"""The command `spectral-core verify`: proves and rechecks every theorem, compares files and kernels; decides formulas.

An entry point in `pyproject.toml` connects the command, so that `spectral_core` does not import the proofs. The command
line passes functions to print and to write files, so that the proofs do not import `spectral_core` either. Only the
comparison of the compiled kernels does (`recheck.exact`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derivations import readable
from derivations.__main__ import ROOT, differences, generate, prove_all, records_of
from derivations.codegen.cpu import images
from derivations.codegen.cpu.module import functions
from derivations.formulas import answers
from derivations.formulas.decision import PROVEN, Verdict, decide
from derivations.formulas.language import read
from derivations.formulas.shapes import check
from derivations.formulas.syntax import FormulaError
from derivations.links import problems
from derivations.proof.certificates import Certificate
from derivations.proof.selfcheck import weaknesses
from derivations.proof.theorem import ProofError, Theorem
from derivations.recheck import exact_device
from derivations.recheck.evidence import CLAIMS, CLAIMS_QUICK, FULL, QUICK, STATED, recheck, recheck_claims
from derivations.recheck.identities import IDENTITIES
from derivations.recheck.proven_claims import readable as readable_claim
from derivations.records import record
from derivations.rocq import check as rocq
from derivations.theorems.catalogue import THEOREMS
from derivations.theorems.scalar import accuracy, exponential_error


class UsageError(ValueError):
    """The options exclude each other, or a formula cannot be read; the message is one line."""


@dataclass(frozen=True)
class Means:
    """Functions of the command line: `say` prints, `write_text` writes a whole file or none, `check_writable` checks a path first."""

    say: Callable[[str], object]
    write_text: Callable[[Path, str], object]
    check_writable: Callable[[Path], object]
    version: str


def run(options: argparse.Namespace, means: Means) -> int:
    """Runs the command. Returns the exit code: 0 if everything holds, else 1. Raises `UsageError`."""
    chosen = [n for n in ("formula", "latex", "markdown") if getattr(options, n)]
    others = [n for n in ("quick", "rocq") if getattr(options, n)]
    if len(chosen) > 1 or (chosen and others):
        raise UsageError(f"verify takes one of --{', --'.join([*chosen, *others])} at a time")
    if options.json:
        means.check_writable(Path(options.json))
    if options.latex or options.markdown:
        return _pages(options, means)
    return _formulas(options, means) if options.formula else _theorems(options, means)


def exercise(name: str | None, answer: str | None, code: answers.Run | None, means: Means) -> int:
    """Lists the exercises, shows one, or judges a formula or code. Returns 1 for a wrong answer, else 0. Raises `UsageError`."""
    try:
        right, lines = answers.respond(name, answer, code)
    except answers.AnswerError as error:
        raise UsageError(str(error)) from None
    means.say("\n".join([*lines, ""]))
    return 0 if right else 1


# --- theorems ---------------------------------------------------------------------------------------------------------

TITLED = ("M", "I", "G", "C", "S5", "S6")
"""Beginnings of the names that say nothing without their titles."""
ROUNDING = {theorem.id for theorem in (*exponential_error.THEOREMS, *accuracy.THEOREMS)}
"""Theorems on the rounding of a kernel: the comparison of that kernel with exact numbers is their second route."""


def _lines_of(head: str, *details: str) -> str:
    """A line, and details below it, wrapped to the window."""
    wide = min(shutil.get_terminal_size((100, 24)).columns, 120)
    wrapper = textwrap.TextWrapper(
        max(wide, 40), initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
    return "\n".join([head, *(wrapper.fill(detail) for detail in details if detail)]) + "\n"


def _theorems(options: argparse.Namespace, means: Means) -> int:
    """Proof and second route of every theorem, then the files, the compiled kernels, and those for CUDA in the simulator."""
    process = None if options.quick else exact_device.start()
    try:
        return _verified(options, means, process)
    finally:
        exact_device.stop(process)


def _verified(options: argparse.Namespace, means: Means, simulator: subprocess.Popen[str] | None) -> int:
    say = means.say
    # The rules on false steps and on true ones, then both routes, theorem by theorem.
    weak = weaknesses()
    say("".join(f"the rules do not decide as they should; {what}\n" for what in weak))
    rows, certificates = [], []
    for theorem in THEOREMS:
        certificate, row = _prove(theorem)
        row["second_route"] = _recheck(theorem.id, options.quick)
        row["claims"] = _recheck_claims(certificate, options.quick)
        certificates += [certificate] if certificate else []
        rows.append(row)
        _print_theorem(row, say)
    # The generated files against those on the disk, the compiled kernels against exact numbers.
    records = _records(certificates, say) if len(certificates) == len(THEOREMS) and not weak else None
    proven = records is not None
    rechecked = all(row[route]["failure"] is None for row in rows for route in ("second_route", "claims"))
    difference = differences(generate(certificates, records)) if records is not None else ""
    broken = problems(ROOT, records) if records is not None else []
    kernels = [] if options.quick else _kernels(say)
    of_images = [] if options.quick else _image_kernels(say)
    epochs = exact_device.results(simulator) if simulator is not None else []
    _print_epochs(epochs, say)
    equal = all(row["failure"] is None for row in (*kernels, *of_images, *epochs))
    second_logic = rocq.record() if options.rocq else None
    # The report, as a file and as lines.
    if options.json:
        report = {
            "rules": weak,
            "theorems": rows,
            "kernels": kernels,
            "images": of_images,
            "cuda": epochs,
            "proven": proven,
            "rechecked": rechecked,
            "files_agree": proven and not difference,
            "links": broken,
            "rocq": second_logic,
            "version": means.version,
        }
        means.write_text(Path(options.json), json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    refused = sum(any(row[route]["failure"] for route in ("second_route", "claims")) for row in rows)
    say(f"\n{len(certificates)} of {len(THEOREMS)} theorems proven; the second route refuses {refused}\n")
    say(_comparison(proven, difference, broken))
    for what, of_kind in (("compiled kernels", kernels), ("kernels of image networks", of_images)):
        unequal = sum(kernel["failure"] is not None for kernel in of_kind)
        say(f"{what}: {len(of_kind) - unequal} of {len(of_kind)} agree\n" if of_kind else "")
    say("" if kernels else "kernels not run (--quick)\n")
    if not options.quick:
        good = sum(row["failure"] is None for row in epochs)
        shown = f"CUDA kernels in numba-cuda's simulator: epochs of {good} of {len(epochs)} programs agree"
        say(f"{shown if epochs else exact_device.MISSING}\n")
    say(rocq.line(second_logic))
    accepted = second_logic is None or second_logic["failure"] is None
    return 0 if proven and rechecked and equal and accepted and not difference and not broken else 1


def _records(certificates: list[Certificate], say: Callable[[str], object]) -> list[dict[str, Any]] | None:
    """The certificates as they are written; None where one cites or uses what is not proven, which is said."""
    try:
        return records_of(certificates)
    except ProofError as error:
        say(f"not proven: {error}\n")
        return None


def _comparison(proven: bool, difference: str, broken: list[str]) -> str:
    """The result of comparing the checked-in files with the derivations."""
    if not proven:
        return "kernels and certificates are not compared, since a proof failed\n"
    if difference or broken:
        return f"the checked-in files differ:\n{difference}" * bool(difference) + "".join(
            f"{line}\n" for line in broken
        )
    return "kernels and certificates agree with the derivations, and name each other\n"


def _prove(theorem: Theorem) -> tuple[Certificate | None, dict[str, Any]]:
    start = time.perf_counter()
    certificate, row = None, {name: getattr(theorem, name) for name in ("id", "title", "scope", "method")}
    row["theorem"] = row.pop("id")
    try:
        certificate = theorem.prove()
        row |= {"proven": True, "steps": len(certificate.steps)}
    except ProofError as error:
        row |= {"proven": False, "steps": 0, "failure": str(error)}
    return certificate, row | {"seconds": round(time.perf_counter() - start, 4)}


def _recheck(theorem: str, quick: bool) -> dict[str, Any]:
    """Re-evaluates a theorem at random points. Those about rounding are checked by the comparison of kernels instead."""
    if theorem not in IDENTITIES:
        shown = "none; its kernel is not run (--quick)" if quick else "its kernel against 50 digits, below"
        missing = (
            None if theorem in ROUNDING else "nothing compares it: derivations/recheck/identities.py has no statement"
        )
        method = shown if missing is None else "none"
        return {"method": method, "points": 0, "log2_error": None, "seconds": 0.0, "failure": missing}
    evidence = recheck(theorem, QUICK if quick else FULL)
    failure = (
        evidence.failure and f"point {evidence.failure.point}, {evidence.failure.sizes}: {evidence.failure.message}"
    )
    return {
        "method": evidence.method,
        "points": evidence.points,
        "log2_error": evidence.log2_error,
        "seconds": round(evidence.seconds, 4),
        "failure": failure,
    }


def _recheck_claims(certificate: Certificate | None, quick: bool) -> dict[str, Any]:
    """Re-evaluates the claims as they stand in the certificate, as far as the second route reads them."""
    if certificate is None:
        return {"read": 0, "of": 0, "failure": None}
    written = json.loads(json.dumps(record(certificate, [])))
    evidence = recheck_claims(written, CLAIMS_QUICK if quick else STATED if certificate.words else CLAIMS)
    failure = evidence and evidence.failure and f"claim {evidence.failure.message}"
    return {"read": sum(map(readable_claim, written["claims"])), "of": len(written["claims"]), "failure": failure}


def _print_theorem(row: dict[str, Any], say: Callable[[str], object]) -> None:
    second = row["second_route"]
    if second["failure"]:
        shown = "FAILED"
    elif second["log2_error"] is not None:
        shown = f"{second['points']} points, error < 2^{second['log2_error']:.0f}"
    else:
        shown = f"{second['points']} points, {second['method']}" if second["points"] else second["method"]
    name = f"{row['theorem']} {row['title']}" if row["theorem"].startswith(TITLED) else row["theorem"]
    first, last = (f"{seconds * 1e3:.0f} ms" for seconds in (row["seconds"], second["seconds"]))
    proof = f"{row['steps']:>3} steps {first:>8}" if row["steps"] else "FAILED"
    say(_lines_of(f"{name:<40} {proof}", f"second route: {shown}, {last}", f"{row['scope']}; {row['method']}"))
    for failure in (row.get("failure"), second["failure"], row.get("claims", {}).get("failure")):
        say(f"  {failure}\n" if failure else "")


def _kernels(say: Callable[[str], object]) -> list[dict[str, Any]]:
    """Every compiled kernel that names a theorem against exact numbers; most of the time goes into compiling."""
    from derivations.recheck.exact import KERNEL_CHECKS, compare

    say("\ncompiled kernels, float64\n")
    rows = []
    of_images = images.functions()
    for kernel, theorems in functions().items():
        if kernel in of_images:
            continue
        if kernel not in KERNEL_CHECKS:
            rows.append({"kernel": kernel, "method": "", "seconds": 0.0, "failure": "no check compares it"})
        else:
            rows.append(_compared(compare(kernel)))
        shown = theorems[0] if len(theorems) == 1 else f"{theorems[0]} and {len(theorems) - 1} more"
        _print_kernel(rows[-1], f"{shown}: ", say)
    return rows


def _image_kernels(say: Callable[[str], object]) -> list[dict[str, Any]]:
    """Every kernel of image networks that Python calls against the definitions; all printed functions are part of one."""
    from derivations.recheck.exact_comparison import run
    from derivations.recheck.exact_images import IMAGE_CHECKS

    say("\ncompiled kernels of image networks, float64\n")
    rows = []
    for kernel, definition in IMAGE_CHECKS.items():
        rows.append(_compared(run(kernel, definition, 0)))
        _print_kernel(rows[-1], "", say)
    return rows


def _compared(evidence: Any) -> dict[str, Any]:
    """What the comparison of a kernel has shown, as it is written."""
    names = ("kernel", "method", "equalities", "approximations", "allowed", "worst", "seconds", "failure")
    return {name: getattr(evidence, name) for name in names}


def _print_kernel(row: dict[str, Any], theorems: str, say: Callable[[str], object]) -> None:
    result = "FAILED" if row["failure"] else str(row["method"])
    say(_lines_of(f"{row['kernel']:<40} {row['seconds']:>6.2f} s", f"{theorems}{result}"))
    say(f"  {row['failure']}\n" if row["failure"] else "")


def _print_epochs(rows: list[dict[str, Any]], say: Callable[[str], object]) -> None:
    """What the simulator found, program by program."""
    say("\nepochs of the CUDA kernels in numba-cuda's simulator, float64\n" if rows else "")
    for row in rows:
        result = "FAILED" if row["failure"] else str(row["method"])
        say(_lines_of(f"{row['kernel']:<40} {row['seconds']:>6.2f} s", result))
        say(f"  {row['failure']}\n" if row["failure"] else "")


# --- pages ------------------------------------------------------------------------------------------------------------


def _pages(options: argparse.Namespace, means: Means) -> int:
    """Each theorem with its steps as a file; nothing is written unless all are proven."""
    say, home = means.say, Path(options.latex or options.markdown)
    means.check_writable(home / "index")
    try:
        certificates = [certificate for certificate, _ in prove_all()]
    except ProofError as error:
        say(f"not proven: {error}\n")
        return 1
    page, suffix = (readable.latex, "tex") if options.latex else (readable.markdown, "md")
    table = functions()
    for certificate in certificates:
        relying = [name for name, theorems in table.items() if certificate.id in theorems]
        means.write_text(home / f"{certificate.id}.{suffix}", page(certificate, relying))
    index = readable.latex_document if options.latex else readable.markdown_index
    name = "theorems.tex" if options.latex else "README.md"
    means.write_text(home / name, index(certificates))
    steps = sum(len(certificate.steps) for certificate in certificates)
    say(f"{len(certificates)} theorems with {steps} steps written to {home}; begin with {name}\n")
    return 0


# --- formulas ---------------------------------------------------------------------------------------------------------


def _formulas(options: argparse.Namespace, means: Means) -> int:
    """Reads all formulas, decides each, prints the verdicts and writes them to a file."""
    say, formulas = means.say, []
    for number, text in enumerate(options.formula, 1):
        # Read all formulas before deciding any, so that a typing error in the last one is found at once.
        try:
            formulas.append(read(text))
            check(formulas[-1])
        except FormulaError as error:
            which = f" {number}" * (len(options.formula) > 1)
            raise UsageError(f"formula{which}, {error}") from None
    verdicts = []
    for formula in formulas:
        verdicts.append(decide(formula))
        say("\n" * (len(verdicts) > 1) + "\n".join(_lines(verdicts[-1])) + "\n")
    if options.json:
        report = {"formulas": [_record(verdict) for verdict in verdicts], "version": means.version}
        means.write_text(Path(options.json), json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return 0 if all(verdict.status == PROVEN for verdict in verdicts) else 1


def _lines(verdict: Verdict) -> list[str]:
    """The verdict as lines of text: the formula, the answer and its reasons."""
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
    """The verdict as an entry of the JSON report."""
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
