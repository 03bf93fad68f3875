"""The results as a table and as JSON."""

from __future__ import annotations

import argparse
import datetime
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.mutation import equivalence
from tests.mutation.equivalence import Entry

if TYPE_CHECKING:
    from tests.mutation.judge import Verdict

COLUMNS = ("there are", "judged", "proof", "not well-formed", "--check", "tests", "equivalent", "survived")


def outcome(verdict: Verdict, entries: Sequence[Entry]) -> str:
    """The column a verdict counts in."""
    if verdict.by == "same code" or (verdict.by == "nobody" and equivalence.listed(entries, verdict.mutant)):
        return "equivalent"
    return "survived" if verdict.by == "nobody" else verdict.by


def record(
    verdicts: Sequence[Verdict],
    entries: Sequence[Entry],
    options: argparse.Namespace,
    seconds: float,
    there: Mapping[str, int],
) -> dict[str, Any]:
    """`there`: how many mutants each file has, judged or not."""
    counts: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        row = counts.setdefault(verdict.mutant.file, Counter())
        row["there are"] = there[verdict.mutant.file]
        row["judged"] += 1
        row[outcome(verdict, entries)] += 1
    return {
        "date": datetime.date.today().isoformat(),
        "minutes": round(seconds / 60, 1),
        "jobs": options.jobs,
        "sample": options.sample,
        "seed": options.seed if options.sample is not None else None,
        "files": {file: {column: counts[file][column] for column in COLUMNS} for file in sorted(counts)},
        "same bytecode": sum(verdict.by == "same code" for verdict in verdicts),
        "survivors": sorted(str(v.mutant) for v in verdicts if outcome(v, entries) == "survived"),
    }


def markdown(result: dict[str, Any]) -> str:
    """Two tables: the derivations, and the kernels, whose text `--check` compares besides."""
    derivations = {file: row for file, row in result["files"].items() if "kernels" not in file}
    kernels = {file: row for file, row in result["files"].items() if "kernels" in file}
    which = "all mutants"
    if result["sample"] is not None:
        which = (
            f"mutants drawn by chance (seed {result['seed']}); neither the others nor listed equivalents were judged"
        )
    lines = [
        "# Mutations: what notices a broken proof or kernel",
        "",
        f"Measured {result['date']}, {which}; {result['minutes']} min on {result['jobs']} cores.",
        "",
    ]
    for title, part in (
        ("Derivations, caught first by", derivations),
        ("Kernels, caught by the property tests alone", kernels),
    ):
        if part:
            total = {column: sum(row[column] for row in part.values()) for column in COLUMNS}
            columns = [c for c in COLUMNS if part is derivations or c not in ("proof", "not well-formed", "--check")]
            lines += [f"| {title} | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
            for file, row in (*part.items(), ("together", total)):
                lines.append(f"| {file} | {' | '.join(str(row[c]) for c in columns)} |")
            lines.append("")
    if kernels:
        lines += [
            "`python -m derivations --check` compares the kernels with their proofs as text, and so sees each of them.",
            "",
        ]
    return "\n".join(lines)


def write(folder: Path, result: dict[str, Any], text: str) -> None:
    (folder / "mutation.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "mutation.md").write_text(text, encoding="utf-8")
