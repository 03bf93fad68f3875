"""Student and teacher (P4): whether a student of any width shrinks to the size of its teacher.

Teacher 10 - 20 (relu) - 20 (relu) - 1 with the last weights all 1, no constant, frozen; X ~ N(0, 1)^10, 10,000 patterns,
a fifth of them for validation, 10,000 fresh ones for the test. Student 10 - h (relu) - 20 (relu) - 1: the first step
layerwise, λ^in = 0, λ^out = 1 at the start; the second direct; the last all 1. Adam, 2,000 epochs. Students:

spectral : λ trained, 5e-3, batch 300, penalties 5e-4 Σ λ² and 0.01 Σ φ² on the first step. Score |λ_h| ‖φ_h‖ √n over its
    largest; effective size: neurons with a score of at least 0.05.
direct : λ frozen at 1, 2e-3, penalty 0.01 Σ φ²; scored likewise.
proximal : ours. As spectral, but with an L1 penalty 1e-3 on λ taken by proximal steps, which gives exact zeros, and with
    smaller steps in the last 30 % of the epochs; then merged (M16), ranked by pivoted QR, compensated (M15), and cut as long
    as the validation loss is at most doubled, which is the effective size. No gradient step behind the cut.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError
from spectral_core.networks.parameters import xavier_uniform
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.pruning import prune
from spectral_core.resizing.rankings import eigenvalue_scores
from spectral_core.sweeps.experiment import Experiment
from spectral_core.training.trainer import train

NAME = "student-teacher"
WIDTHS = (10, 20, 40, 60, 100, 200, 500)
STUDENTS = ("spectral", "direct", "proximal")
RUNS = 3
TEACHER = 20
CUTS = tuple(round(0.05 * k, 2) for k in range(20))
SIZES = (40, 35, 30, 28, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 12, 10, 8, 5)
"""Neurons kept at which the curve of the proximal student is measured."""
SETTINGS: dict[str, Any] = {
    "inputs": 10, "second": 20, "patterns": 10_000, "epochs": 2000, "teacher_seed": 0, "score": 0.05,
    "eigenvalue_penalty": 5e-4, "eigenvector_penalty": 0.01, "proximal_strength": 1e-3, "tolerance": 1.0, "merge": 0.02,
    "stages": [[0.7, 5e-3], [0.2, 1e-3], [0.1, 2e-4]],
}  # fmt: skip


def experiment(
    *,
    widths: Sequence[int] = WIDTHS,
    students: Sequence[str] = STUDENTS,
    runs: int = RUNS,
    epochs: int | None = None,
    seed: int = 0,
) -> Experiment:
    """The experiment or a part of it, for `spectral_core.sweeps.runner.run`; every part has the trainings of the whole."""
    points = [
        {"student": one_of(student, STUDENTS, "student"), "width": checks.integer(width, "width", 1)}
        for width in widths
        for student in students
    ]
    if not points:
        raise InvalidInputError("the experiment needs at least one width and one student")
    settings = SETTINGS | ({} if epochs is None else {"epochs": checks.integer(epochs, "epochs", 1)})
    short = settings | {"epochs": 1, "patterns": 1000}
    return Experiment(
        NAME, settings, points, checks.integer(runs, "runs", 1), partial(measured, settings),
        dry_run=partial(measured, short, points[0], 0), seed=checks.integer(seed, "seed", 0),
    )  # fmt: skip


def teacher(settings: Mapping[str, Any]) -> SpectralNetwork:
    """10 - 20 - 20 - 1, standard normal weights over the root of their number, the last weights 1."""
    generator = np.random.default_rng(settings["teacher_seed"])
    n, second = settings["inputs"], settings["second"]
    blocks = {
        (2, 1): generator.normal(size=(TEACHER, n)) / np.sqrt(n),
        (3, 2): generator.normal(size=(second, TEACHER)) / np.sqrt(TEACHER),
        (4, 3): np.ones((1, second)),
    }
    return SpectralNetwork(blocks=blocks, activation="relu", parametrization="direct", dtype="float32")


def student(settings: Mapping[str, Any], width: int, kind: str, seed: int) -> SpectralNetwork:
    """The student at its start; steps that are direct have λ^in = 0, λ^out = -1, so that the weights are φ itself."""
    generator = np.random.default_rng(seed)
    n, second = settings["inputs"], settings["second"]
    phi = [xavier_uniform(generator, width, n), xavier_uniform(generator, second, width), np.ones((1, second))]
    own = [(np.zeros(n), np.ones(width)), (np.zeros(width), -np.ones(second)), (np.zeros(second), -np.ones(1))]
    fixed = ["eigenvalues_in", "eigenvalues_out[1]", "eigenvalues_out[2]", "eigenvectors[2]"]
    return SpectralNetwork(
        phi, own, activation="relu", parametrization="layerwise", dtype="float32",
        frozen=[*fixed, *(["eigenvalues_out[0]"] if kind == "direct" else [])],
    )  # fmt: skip


def measured(settings: Mapping[str, Any], point: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Train one student.

    Returns
    -------
    dict : effective_size; loss, on the test patterns; ``cut@s``, the rise of the test loss where neurons with a score
        below s are removed, and ``kept@s``, how many stay (proximal: by number kept, ``cut@n``).
    """
    master, count = teacher(settings), settings["patterns"]
    generator = np.random.default_rng((seed, 1))
    x = generator.normal(size=(2 * count, settings["inputs"])).astype(np.float32)
    y = master.forward(x)
    learned, held = slice(0, count - count // 5), slice(count - count // 5, count)
    x_test, y_test = x[count:], y[count:]
    kind = point["student"]
    net = student(settings, point["width"], kind, seed)
    penalty: dict[str, Any] = {
        "spectral": {"penalty": "l2", "penalty_strength": settings["eigenvalue_penalty"]},
        "direct": {},
        "proximal": {"penalty": "l1", "penalty_strength": settings["proximal_strength"], "proximal": True},
    }[kind]
    constant = [[1.0, 2e-3 if kind == "direct" else 5e-3]]
    result, state = net, None
    for share, rate in settings["stages"] if kind == "proximal" else constant:
        epochs = max(round(share * settings["epochs"]), 1)
        trained = train(
            result, x[learned], y[learned], epochs=epochs, batch_size=300, seed=seed, learning_rate=rate, state=state,
            eigenvector_penalty={"eigenvectors[0]": settings["eigenvector_penalty"]}, **penalty,
        )  # fmt: skip
        result, state = trained.network, trained.state
    loss = result.loss(x_test, y_test)
    found: dict[str, Any] = {"loss": loss}
    if kind == "proximal":
        return found | _narrowed(settings, result, (x[learned], y[learned]), (x[held], y[held]), (x_test, y_test))
    scores = eigenvalue_scores(result, scaled=True)[0]
    scores = scores / scores.max()
    found["effective_size"] = int((scores >= settings["score"]).sum())
    for cut in CUTS:
        keep = scores >= cut
        found[f"kept@{cut:g}"] = int(keep.sum())
        found[f"cut@{cut:g}"] = _without(result, keep).loss(x_test, y_test) - loss
    return found


def _without(net: SpectralNetwork, keep: np.ndarray) -> SpectralNetwork:
    """The student without some neurons of its first hidden layer: their rows of φ set to 0."""
    copy = net.with_parameters(net.parameters)
    copy.eigenvectors[0][~keep] = 0
    return copy


Pair = tuple[np.ndarray, np.ndarray]


def _narrowed(
    settings: Mapping[str, Any], net: SpectralNetwork, learned: Pair, held: Pair, test: Pair
) -> dict[str, Any]:
    """Our own cut: merged, ranked by pivoted QR, compensated; only the first hidden layer loses neurons."""
    width, loss = net.widths[1], net.loss(*test)
    common: dict[str, Any] = {
        "by": "pivoted_qr", "layers": (2,), "X": learned[0], "y": learned[1], "merge": settings["merge"],
    }  # fmt: skip
    chosen = prune(net, tolerance=settings["tolerance"], validation_data=held, **common)
    found: dict[str, Any] = {
        "effective_size": chosen.compact.live[1],
        "exact_zeros": int(np.sum(np.asarray(net.eigenvalues[0][1]) == 0)),
        "compact_loss": chosen.network.loss(*test),
    }
    for size in (size for size in SIZES if size < width):
        smaller = prune(net, fraction=(width - size) / width, **common)
        found[f"kept@{size}"] = smaller.compact.live[1]
        found[f"cut@{size}"] = smaller.network.loss(*test) - loss
    return found


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
    """Sizes and transition curves, for a program."""
    return {
        "students": [{"student": k[0], "width": k[1], **v} for k, v in sorted(summary(rows).items())],
        "transition": {student: transition(rows, student) for student in STUDENTS},
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Effective sizes (least-median-greatest of the runs), and the median rise of the test loss by neurons kept."""
    found = summary(rows)
    widths = sorted({width for _, width in found})
    text = f"effective size (the teacher has {TEACHER}), least / median / greatest of the runs; median test loss\n"
    text += f"{'width':>6}" + "".join(f"{student:>34}" for student in STUDENTS) + "\n"
    for width in widths:
        text += f"{width:>6}"
        for student in STUDENTS:
            entry = found.get((student, width))
            if entry is None:
                text += f"{'-':>34}"
                continue
            sizes = " / ".join(f"{v:g}" for v in (min(entry["sizes"]), np.median(entry["sizes"]), max(entry["sizes"])))
            cell = f"{sizes}, loss {np.median(entry['losses']):.2g}"
            text += f"{cell:>34}"
        text += "\n"
    for student in STUDENTS:
        curves = transition(rows, student)
        if not curves:
            continue
        text += f"\n{student}: median rise of the test loss by neurons kept\n{'kept':>6}"
        text += "".join(f"{f'of {width}':>12}" for width in sorted(curves)) + "\n"
        for kept in sorted({kept for curve in curves.values() for kept in curve if kept <= 2 * TEACHER}, reverse=True):
            cells = (curves[width].get(kept) for width in sorted(curves))
            text += f"{kept:>6}" + "".join(f"{'-' if c is None else f'{np.median(c):.3g}':>12}" for c in cells) + "\n"
    return text


def figure(path: str | os.PathLike[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Effective size against width; rise of the test loss against neurons kept beyond the teacher's."""
    from spectral_core.reports.curves import COLOURS, FAINT, MARKERS, figure_file, heading

    found = summary(rows)
    students = [student for student in STUDENTS if any(key[0] == student for key in found)]
    with figure_file(path, 4.6 + 3.4 * len(students), 4.2, layout="constrained") as canvas:
        heading(canvas, "Students of any width, and the size of their teacher")
        panels = canvas.subplots(1, 1 + len(students), squeeze=False)[0]
        axes = panels[0]
        for k, student in enumerate(students):
            widths = sorted(width for name, width in found if name == student)
            sizes = [found[student, width]["sizes"] for width in widths]
            middle = [float(np.median(some)) for some in sizes]
            spread = [[m - min(some) for m, some in zip(middle, sizes, strict=True)],
                      [max(some) - m for m, some in zip(middle, sizes, strict=True)]]  # fmt: skip
            axes.errorbar(widths, middle, spread, color=COLOURS[k], marker=MARKERS[k], ms=4, capsize=2, label=student)
        axes.axhline(TEACHER, color=FAINT, lw=0.8, ls="--")
        axes.set(xscale="log", yscale="log", xlabel="width of the student", ylabel="effective size")
        axes.legend(fontsize=7.5)
        for axes, student in zip(panels[1:], students, strict=True):
            for k, (width, curve) in enumerate(sorted(transition(rows, student).items())):
                points = sorted((kept - TEACHER, float(np.median(rise))) for kept, rise in curve.items())
                axes.plot(*zip(*points, strict=True), color=COLOURS[k % len(COLOURS)], marker=MARKERS[k % len(MARKERS)], ms=3, lw=1, label=f"width {width}")  # fmt: skip
            axes.axvline(0, color=FAINT, lw=0.8, ls="--")
            axes.set_yscale("symlog", linthresh=1e-5)
            axes.set_ylim(bottom=-1e-5)
            axes.set(title=student, xlabel=f"neurons kept - {TEACHER}", ylabel="rise of the test loss", xlim=(-TEACHER, 2 * TEACHER))  # fmt: skip
            axes.legend(fontsize=7)
