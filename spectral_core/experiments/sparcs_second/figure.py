"""The figure of the second experiment: test loss against hidden neurons left."""

from __future__ import annotations

from spectral_core.experiments.sparcs_second.results import REFERENCE, Findings
from spectral_core.reports.style import COLOURS, FAINT, MARKERS, Target, figure_file, heading, legend_above, plain_log


def figure(path: Target, found: Findings) -> None:
    """Draw test loss against hidden neurons left, each ranking without (thin) and with compensation, and the reference."""
    with figure_file(path, 7.2, 4.6, layout="constrained") as canvas:
        heading(canvas, "How narrow the student can become")
        axes = canvas.add_subplot()
        rankings = list(dict.fromkeys(point.by for point in found.curve))
        for by, compensated in dict.fromkeys((point.by, point.compensated) for point in found.curve):
            points = [point for point in found.curve if (point.by, point.compensated) == (by, compensated)]
            k = rankings.index(by)
            hidden, losses = [point.hidden for point in points], [point.loss for point in points]
            wide = 1.2 + 1.3 * (len(rankings) - 1 - k)  # of curves that agree, the lower one looks out on both sides
            line = {"lw": wide, "ls": "-", "label": f"{by}, compensated"}
            line = line if compensated else {"lw": 0.8, "ls": ":", "label": by}
            axes.plot(hidden, losses, color=COLOURS[k], marker=MARKERS[k], ms=4, **line)
        if found.compared:
            point = [REFERENCE["hidden_neurons"]], [REFERENCE["test_loss"]]
            axes.scatter(*point, s=70, facecolors="none", edgecolors=FAINT, zorder=4, label="the authors' student")
        teacher = REFERENCE["teacher_neurons"]
        axes.axvline(teacher, color=FAINT, lw=0.8, ls="--")
        axes.axhline(found.limit, color=FAINT, lw=0.8, ls="--")
        axes.set(xscale="log", yscale="log", xlabel="hidden neurons left", ylabel="mean squared error on test points")
        # The dashed lines carry their names; numbers of neurons stand as they are.
        place = {"textcoords": "offset points", "fontsize": 7.5, "color": FAINT}
        corner = ("data", "axes fraction"), ("axes fraction", "data")
        axes.annotate(
            f"the teacher: {teacher:g}",
            (teacher, 0.2),
            (4, 0),
            xycoords=corner[0],
            rotation=90,
            ha="left",
            va="center",
            **place,
        )
        axes.annotate(f"limit {found.limit:g}", (0.99, found.limit), (0, 3), xycoords=corner[1], ha="right", **place)
        plain_log(axes.xaxis, *axes.get_xlim())
        legend_above(axes)
