"""The figure of student and teacher: effective sizes, and the rise of the test loss by neurons kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core.experiments.student_teacher.experiment import STUDENTS, TEACHER
from spectral_core.experiments.student_teacher.results import summary, transition
from spectral_core.reports.style import COLOURS, FAINT, MARKERS, Target, figure_file, heading, legend_above, plain_log


def figure(path: Target, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw effective size against width, and for each student the rise of the test loss against neurons kept."""
    found = summary(rows)
    students = [student for student in STUDENTS if any(key[0] == student for key in found)]
    count = 1 + len(students)
    lines = -(-count // 2)
    with figure_file(path, 9.6, 0.8 + 3.9 * lines, layout="constrained") as canvas:
        heading(canvas, "Students of any width, and the size of their teacher")
        panels = canvas.subplots(lines, 2, squeeze=False).ravel()
        for unused in panels[count:]:
            unused.remove()
        _draw_sizes(panels[0], found, students)
        for axes, student in zip(panels[1:], students, strict=False):
            _draw_rises(axes, rows, student)
        handles, labels = max(
            (axes.get_legend_handles_labels() for axes in panels[1:count]), key=lambda one: len(one[0])
        )
        canvas.legend(handles, labels, loc="outside lower center", ncols=6, fontsize=8)


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
    place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "fontsize": 7.5, "color": FAINT}
    axes.annotate(f"the teacher: {TEACHER}", (0.99, TEACHER), (0, 3), ha="right", **place)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="width of the student (neurons)",
        ylabel="effective size (neurons), least to greatest run",
    )
    for axis in (axes.xaxis, axes.yaxis):
        plain_log(axis, *axis.get_view_interval())
    legend_above(axes)


def _draw_rises(axes: Any, rows: Sequence[Mapping[str, Any]], student: str) -> None:
    for k, (width, curve) in enumerate(sorted(transition(rows, student).items())):
        points = sorted((kept, float(np.median(rise))) for kept, rise in curve.items() if kept > 0)
        style = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], "ms": 3, "lw": 1}
        if points:
            axes.plot(*zip(*points, strict=True), label=f"width {width}", **style)
    axes.axvline(TEACHER, color=FAINT, lw=0.8, ls="--")
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "fontsize": 7.5, "color": FAINT}
    axes.annotate(f"the teacher: {TEACHER}", (TEACHER, 0.98), (3, 0), va="top", **place)
    axes.set_yscale("symlog", linthresh=1e-5)
    axes.set_ylim(bottom=-1e-5)
    axes.set(xscale="log", xlabel="neurons kept", ylabel="rise of the test loss, median of the runs")
    axes.set_title(student, fontsize=9)
    plain_log(axes.xaxis, *axes.get_xlim())
