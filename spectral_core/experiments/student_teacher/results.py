"""Results of student and teacher: effective sizes, and the rise of the test loss by neurons kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core.experiments.student_teacher.experiment import STUDENTS, TEACHER


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], dict[str, list[float]]]:
    """Effective sizes and test losses of the runs, by student and width."""
    found: dict[tuple[str, int], dict[str, list[float]]] = {}
    for row in rows:
        if row.get("effective_size") is not None:
            entry = found.setdefault((row["student"], row["width"]), {"sizes": [], "losses": []})
            entry["sizes"].append(row["effective_size"])
            entry["losses"].append(row["loss"])
    return found


def transition(rows: Sequence[Mapping[str, Any]], student: str) -> dict[int, dict[int, list[float]]]:
    """Rise of the test loss by neurons kept, for each width: {width: {kept: [rise, ...]}}."""
    curves: dict[int, dict[int, list[float]]] = {}
    for row in (row for row in rows if row["student"] == student):
        for name, value in row.items():
            if name.startswith("cut@") and value is not None:
                kept = row[f"kept@{name.removeprefix('cut@')}"]
                curves.setdefault(row["width"], {}).setdefault(kept, []).append(value)
    return curves


def details(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sizes and transition curves, for JSON."""
    return {
        "students": [{"student": k[0], "width": k[1], **v} for k, v in sorted(summary(rows).items())],
        "transition": {student: transition(rows, student) for student in STUDENTS},
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Effective sizes (least, median, greatest of the runs), and the median rise of the test loss by neurons kept."""
    return _sizes(rows) + "".join(_rises(rows, student) for student in STUDENTS)


def _sizes(rows: Sequence[Mapping[str, Any]]) -> str:
    """By hand: statistics of runs. Checked by test_student_teacher.test_summaries_of_students_by_hand."""
    found = summary(rows)
    text = f"effective size (the teacher has {TEACHER}), least / median / greatest of the runs; median test loss\n"
    text += f"{'width':>6}" + "".join(f"{student:>34}" for student in STUDENTS) + "\n"
    for width in sorted({width for _, width in found}):
        text += f"{width:>6}"
        for student in STUDENTS:
            cell = "-"
            if (student, width) in found:
                sizes, losses = (found[student, width][name] for name in ("sizes", "losses"))
                spread = " / ".join(f"{value:g}" for value in (min(sizes), np.median(sizes), max(sizes)))
                cell = f"{spread}, loss {np.median(losses):.2g}"
            text += f"{cell:>34}"
        text += "\n"
    return text


def _rises(rows: Sequence[Mapping[str, Any]], student: str) -> str:
    curves = transition(rows, student)
    if not curves:
        return ""
    text = f"\n{student}: median rise of the test loss by neurons kept\n{'kept':>6}"
    text += "".join(f"{f'of {width}':>12}" for width in sorted(curves)) + "\n"
    for kept in sorted({kept for curve in curves.values() for kept in curve if kept <= 2 * TEACHER}, reverse=True):
        cells = (curves[width].get(kept) for width in sorted(curves))
        text += f"{kept:>6}" + "".join(f"{'-' if c is None else f'{np.median(c):.3g}':>12}" for c in cells) + "\n"
    return text
