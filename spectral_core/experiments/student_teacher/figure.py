"""The figure of student and teacher: effective sizes, and the rise of the test loss by neurons kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core.experiments.student_teacher.experiment import STUDENTS, TEACHER
from spectral_core.experiments.student_teacher.results import summary, transition
from spectral_core.reports.style import COLOURS, FAINT, MARKERS, Target, figure_file, heading


def figure(path: Target, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw effective size against width, and for each student the rise of the test loss against neurons kept."""
    found = summary(rows)
    students = [student for student in STUDENTS if any(key[0] == student for key in found)]
    with figure_file(path, 4.6 + 3.4 * len(students), 4.2, layout="constrained") as canvas:
        heading(canvas, "Students of any width, and the size of their teacher")
        panels = canvas.subplots(1, 1 + len(students), squeeze=False)[0]
        _draw_sizes(panels[0], found, students)
        for axes, student in zip(panels[1:], students, strict=True):
            _draw_rises(axes, rows, student)


def _draw_sizes(axes: Any, found: Mapping[tuple[str, int], Mapping[str, list[float]]], students: list[str]) -> None:
    for k, student in enumerate(students):
        widths = sorted(width for name, width in found if name == student)
        sizes = [found[student, width]["sizes"] for width in widths]
        medians = [float(np.median(values)) for values in sizes]
        below = [median - min(values) for median, values in zip(medians, sizes, strict=True)]
        above = [max(values) - median for median, values in zip(medians, sizes, strict=True)]
        style = {"color": COLOURS[k], "marker": MARKERS[k], "ms": 4, "capsize": 2}
        axes.errorbar(widths, medians, [below, above], label=student, **style)
    axes.axhline(TEACHER, color=FAINT, lw=0.8, ls="--")
    axes.set(xscale="log", yscale="log", xlabel="width of the student", ylabel="effective size")
    axes.legend(fontsize=7.5)


def _draw_rises(axes: Any, rows: Sequence[Mapping[str, Any]], student: str) -> None:
    for k, (width, curve) in enumerate(sorted(transition(rows, student).items())):
        points = sorted((kept - TEACHER, float(np.median(rise))) for kept, rise in curve.items())
        style = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], "ms": 3, "lw": 1}
        axes.plot(*zip(*points, strict=True), label=f"width {width}", **style)
    axes.axvline(0, color=FAINT, lw=0.8, ls="--")
    axes.set_yscale("symlog", linthresh=1e-5)
    axes.set_ylim(bottom=-1e-5)
    axes.set(title=student, xlabel=f"neurons kept - {TEACHER}", ylabel="rise of the test loss")
    axes.set_xlim(-TEACHER, 2 * TEACHER)
    axes.legend(fontsize=7)
