"""The pictures of the published experiments: `python -m docs.experiments.pictures` draws them, in some seconds.

Every number in a picture comes from a table in `benchmarks/`, which `docs.experiments.tables` reads. The experiments are not
run again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from docs.experiments import tables
from spectral_core.reports.style import COLOURS, FAINT, MARKERS, figure_file, heading, legend_above, plain_log

FOLDER = Path(__file__).parent / "pictures"
TEACHER = 20


def line(axes: Any, curve: tables.Curve, k: int, name: str, **style: Any) -> None:
    """A curve by its first number, in the colour and with the marker number k."""
    points = sorted(curve.items())
    look = {"color": COLOURS[k], "marker": MARKERS[k], "ms": 4, "lw": 1.3, "label": name}
    axes.plot(*zip(*points, strict=True), **look | style)


def mark(axes: Any, x: float, words: str) -> None:
    """A dashed vertical line with its name."""
    axes.axvline(x, color=FAINT, lw=0.8, ls="--")
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "fontsize": 7.5, "color": FAINT}
    axes.annotate(words, (x, 0.12), (4, 0), rotation=90, ha="left", va="bottom", **place)


def sparcs_first(path: Path) -> None:
    with figure_file(path, 9.6, 3.9, layout="constrained") as canvas:
        heading(canvas, "The authors' runs among ours")
        panels = dict(zip(("‖Γ‖", "mean |λ|"), canvas.subplots(1, 2), strict=True))
        for k, ((quantity, beta), rows) in enumerate(sorted(tables.sparcs_first().items())):
            axes, colour, side = panels[quantity], COLOURS[k % 2], 0.008 * (-1) ** k
            alphas = [alpha + side for alpha in rows]
            least, medians, greatest, reference = zip(*rows.values(), strict=True)
            below = [m - v for m, v in zip(medians, least, strict=True)]
            above = [v - m for m, v in zip(medians, greatest, strict=True)]
            style = {"color": colour, "marker": MARKERS[k % 2], "ms": 4, "lw": 1.2, "capsize": 3, "elinewidth": 0.9}
            label = f"β = {beta:g}: median of 100 runs, least to greatest"
            axes.errorbar(alphas, medians, [below, above], label=label, **style)
            circle = {"s": 75, "facecolors": "none", "edgecolors": colour, "linewidths": 1.4, "zorder": 4}
            axes.scatter(alphas, reference, marker=MARKERS[k % 2], label=f"β = {beta:g}: the authors' run", **circle)
        for quantity, axes in panels.items():
            axes.set(xlabel="α", ylabel=quantity)
            axes.set_yscale("log")
            legend_above(axes, 1)


def sparcs_second(path: Path) -> None:
    curves, pairs = tables.sparcs_second()
    with figure_file(path, 7.2, 4.4, layout="constrained") as canvas:
        heading(canvas, "How narrow the student can become")
        axes = canvas.add_subplot()
        shown = ("path", "path + M15", "pivoted_qr", "pivoted_qr + M15")
        for k, name in enumerate(shown):
            dotted = {} if "M15" in name else {"ls": ":", "lw": 1.0}
            line(axes, curves[name], k // 2, name.replace("+ M15", "with refit (M15)"), **dotted)
        reference = float(pairs["test loss, trimmed"][1])
        axes.scatter(
            [280], [reference], s=75, facecolors="none", edgecolors=FAINT, zorder=4, label="the authors' student"
        )
        mark(axes, TEACHER, f"the teacher: {TEACHER}")
        axes.set(xscale="log", yscale="log", xlabel="hidden neurons left", ylabel="test loss")
        plain_log(axes.xaxis, *axes.get_xlim())
        legend_above(axes)


def pruning(path: Path) -> None:
    _pruning(path, "pruning", "MNIST")


def pruning_fashion(path: Path) -> None:
    _pruning(path, "pruning-fashion-mnist-2000", "Fashion-MNIST")


def _pruning(path: Path, name: str, dataset: str) -> None:
    """A row of panels for each depth, a column for each activation; dotted what the authors have for a data set."""
    found = tables.pruning(name)
    shown = ("spectral", "dense", "alternate", "pivoted_qr + M15", "pivoted_qr + M15, retrained")
    depths, activations = sorted({key[0] for key in found}), [a for a in ("relu", "elu", "tanh") if (1, a) in found]
    with figure_file(path, 1 + 3.2 * len(activations), 1.6 + 2.4 * len(depths), layout="constrained") as canvas:
        heading(canvas, f"Accuracy against neurons kept{', Fashion-MNIST' if dataset == 'Fashion-MNIST' else ''}")
        panels = canvas.subplots(len(depths), len(activations), sharex=True, sharey=True, squeeze=False)
        for (layers, activation), methods in found.items():
            axes = panels[layers - 1, activations.index(activation)]
            kept = {name: {100 - share: value for share, value in curve.items()} for name, curve in methods.items()}
            for k, name in enumerate(shown):
                line(axes, kept[name], k, name)
                if (authors := f"{dataset}, {name}") in kept:
                    line(axes, kept[authors], k, f"{authors} (authors)", ls=":", marker="")
            axes.set_title(f"{activation}, {layers} hidden layer{'s' * (layers > 1)}", fontsize=9)
        for axes in panels[-1]:
            axes.set(xlabel="% of hidden neurons kept", ylim=(0, 102), xscale="log", xlim=(120, 0.85))
            plain_log(axes.xaxis, 1, 100)
        for axes in panels[:, 0]:
            axes.set(ylabel="accuracy, %")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=4 if len(activations) > 2 else 3, fontsize=8)


def student_teacher(path: Path) -> None:
    sizes, rises = tables.student_teacher()
    with figure_file(path, 9.6, 4.2, layout="constrained") as canvas:
        heading(canvas, "Students of any width, and the size of their teacher")
        left, right = canvas.subplots(1, 2)
        for k, (student, widths) in enumerate(sizes.items()):
            middle = [values[1] for values in widths.values()]
            spread = [[v[1] - v[0] for v in widths.values()], [v[2] - v[1] for v in widths.values()]]
            style = {"color": COLOURS[k], "marker": MARKERS[k], "ms": 4, "lw": 1.3, "capsize": 3}
            left.errorbar([*widths], middle, spread, label=student, **style)
            line(right, rises[student][100], k, f"{student}, width 100")
        left.axhline(TEACHER, color=FAINT, lw=0.8, ls="--")
        left.set(
            xscale="log", yscale="log", xlabel="width of the student", ylabel="effective size, least to greatest run"
        )
        for axis in (left.xaxis, left.yaxis):
            plain_log(axis, *axis.get_view_interval())
        mark(right, TEACHER, f"the teacher: {TEACHER}")
        right.set_yscale("symlog", linthresh=1e-4)
        right.set(xlabel="neurons kept", ylabel="rise of the test loss, median of 3 runs", ylim=(-2e-5, None))
        for axes in (left, right):
            legend_above(axes, 1)


def spidernet(path: Path) -> None:
    with figure_file(path, 6.6, 4.2, layout="constrained") as canvas:
        heading(canvas, "CIFAR-10 at 16 × 16: search, chance, restarts, by hand")
        axes = canvas.add_subplot()
        for k, (arm, shares) in enumerate(tables.spidernet().items()):
            means, spread, sizes = zip(*shares.values(), strict=True)
            style = {"color": COLOURS[k], "marker": MARKERS[k], "ms": 4, "lw": 1.2, "capsize": 3, "elinewidth": 0.8}
            axes.errorbar([n / 1000 for n in sizes], means, spread, label=arm, **style)
        axes.set(xlabel="thousands of parameters of the compact network", ylabel="test accuracy, %", xscale="log")
        plain_log(axes.xaxis, *axes.get_xlim())
        legend_above(axes)


PICTURES: dict[str, Callable[[Path], None]] = {
    "sparcs-first": sparcs_first,
    "sparcs-second": sparcs_second,
    "pruning": pruning,
    "pruning-fashion-mnist": pruning_fashion,
    "student-teacher": student_teacher,
    "spidernet": spidernet,
}


def draw(folder: Path) -> list[Path]:
    """Draw every picture into a folder, as SVG."""
    written = [folder / f"{name}.svg" for name in PICTURES]
    for path, picture in zip(written, PICTURES.values(), strict=True):
        picture(path)
    return written


if __name__ == "__main__":
    for path in draw(FOLDER):
        print(path)
