"""Student and teacher (P4): whether a student of any width shrinks to the size of its teacher.

Teacher 10 - 20 (relu) - 20 (relu) - 1 with the last weights all 1, no constant, frozen; X ~ N(0, 1)^10, 10,000 patterns,
a fifth of them for validation, 10,000 fresh ones for the test. Student 10 - h (relu) - 20 (relu) - 1: the first step
layerwise, λ^in = 0, λ^out = 1 at the start; the second direct; the last all 1. Adam, 2,000 epochs. Students:

spectral : λ trained, 5e-3, batch 300, penalties 5e-4 Σ λ² and 0.01 Σ φ² on the first step. Score |λ_h| ‖φ_h‖ √n over its
    largest; effective size: neurons with a score of at least 0.05.
direct : λ frozen at 1, 2e-3, penalty 0.01 Σ φ²; scored likewise.
proximal : ours. As spectral, but with an L1 penalty 1e-3 on λ taken by proximal steps, which gives exact zeros, and with
    smaller steps in the last 30 % of the epochs; then merged (M16), ranked by pivoted QR, compensated (M15), and cut as long
    as the validation loss is at most doubled, which is the effective size. There is no gradient step after the cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError
from spectral_core.networks.initialization import xavier_uniform
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
    "inputs": 10,
    "second": 20,
    "patterns": 10_000,
    "epochs": 2000,
    "teacher_seed": 0,
    "score": 0.05,
    "eigenvalue_penalty": 5e-4,
    "eigenvector_penalty": 0.01,
    "proximal_strength": 1e-3,
    "tolerance": 1.0,
    "merge": 0.02,
    "stages": [[0.7, 5e-3], [0.2, 1e-3], [0.1, 2e-4]],
}


def experiment(
    *,
    widths: Sequence[int] = WIDTHS,
    students: Sequence[str] = STUDENTS,
    runs: int = RUNS,
    epochs: int | None = None,
    seed: int = 0,
) -> Experiment:
    """The experiment or a part of it, for `spectral_core.sweeps.runner.run`; a part has the same trainings as the whole."""
    points = [
        {
            "student": one_of(student, STUDENTS, f"students[{j}]"),
            "width": checks.integer(width, f"widths[{i}]", 1),
        }
        for i, width in enumerate(widths)
        for j, student in enumerate(students)
    ]
    if not points:
        raise InvalidInputError("the experiment needs at least one width and one student")
    settings = SETTINGS | ({} if epochs is None else {"epochs": checks.integer(epochs, "epochs", 1)})
    short = settings | {"epochs": 1, "patterns": 1000}
    return Experiment(
        name=NAME,
        settings=settings,
        points=points,
        runs=checks.integer(runs, "runs", 1),
        measure=partial(measure, settings),
        dry_run=partial(measure, short, points[0], 0),
        seed=checks.integer(seed, "seed", 0),
    )


def teacher(settings: Mapping[str, Any]) -> SpectralNetwork:
    """10 - 20 - 20 - 1, standard normal weights over the root of their number, the last weights 1.

    By hand: the target of an experiment. Checked by test_student_teacher.test_students_train_as_published.
    """
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
    frozen = [*fixed, "eigenvalues_out[0]"] if kind == "direct" else fixed
    return SpectralNetwork(phi, own, activation="relu", parametrization="layerwise", dtype="float32", frozen=frozen)


Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Patterns:
    """Pairs (x, y) of the teacher: to train on, to validate with, to test with."""

    training: Pair
    validation: Pair
    test: Pair


def draw_patterns(settings: Mapping[str, Any], seed: int) -> Patterns:
    """Draw X ~ N(0, 1) and compute the teacher's outputs; a fifth of the first half is for validation."""
    count = settings["patterns"]
    generator = np.random.default_rng((seed, 1))
    x = generator.normal(size=(2 * count, settings["inputs"])).astype(np.float32)
    y = teacher(settings).forward(x)
    parts = slice(0, count - count // 5), slice(count - count // 5, count), slice(count, None)
    return Patterns(*((x[part], y[part]) for part in parts))


def train_student(settings: Mapping[str, Any], width: int, kind: str, seed: int, data: Pair) -> SpectralNetwork:
    """Train one student; the proximal one takes smaller steps in the last stages."""
    penalty: dict[str, Any] = {
        "spectral": {"penalty": "l2", "penalty_strength": settings["eigenvalue_penalty"]},
        "direct": {},
        "proximal": {"penalty": "l1", "penalty_strength": settings["proximal_strength"], "proximal": True},
    }[kind]
    penalty["eigenvector_penalty"] = {"eigenvectors[0]": settings["eigenvector_penalty"]}
    constant = [[1.0, 2e-3 if kind == "direct" else 5e-3]]
    (x, y), net, state = data, student(settings, width, kind, seed), None
    for share, rate in settings["stages"] if kind == "proximal" else constant:
        epochs = max(round(share * settings["epochs"]), 1)
        stage: dict[str, Any] = {"epochs": epochs, "learning_rate": rate, "state": state}
        trained = train(net, x, y, batch_size=300, seed=seed, **stage, **penalty)
        net, state = trained.network, trained.state
    return net


def measure(settings: Mapping[str, Any], point: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Train one student.

    Returns
    -------
    dict : effective_size; loss, on the test patterns; ``cut@s``, the rise of the test loss when neurons with a score
        below s are removed, and ``kept@s``, the number of neurons kept (proximal: by number kept, ``cut@n``).

    By hand: shares of the greatest score. Checked by test_student_teacher.test_one_student_is_measured.
    """
    patterns = draw_patterns(settings, seed)
    net = train_student(settings, point["width"], point["student"], seed, patterns.training)
    loss = net.loss(*patterns.test)
    found: dict[str, Any] = {"loss": loss}
    if point["student"] == "proximal":
        return found | _measure_narrowing(settings, net, patterns)
    scores = eigenvalue_scores(net, scaled=True)[0]
    scores = scores / scores.max()
    found["effective_size"] = int((scores >= settings["score"]).sum())
    for cut in CUTS:
        keep = scores >= cut
        found[f"kept@{cut:g}"] = int(keep.sum())
        found[f"cut@{cut:g}"] = without_neurons(net, keep).loss(*patterns.test) - loss
    return found


def without_neurons(net: SpectralNetwork, keep: np.ndarray) -> SpectralNetwork:
    """The student without some neurons of its first hidden layer: their rows of φ set to 0."""
    copy = net.with_parameters(net.parameters)
    copy.eigenvectors[0][~keep] = 0
    return copy


def _measure_narrowing(settings: Mapping[str, Any], net: SpectralNetwork, patterns: Patterns) -> dict[str, Any]:
    """Our own cut: merged, ranked by pivoted QR, compensated; only the first hidden layer loses neurons."""
    width, loss = net.widths[1], net.loss(*patterns.test)
    x, y = patterns.training
    common: dict[str, Any] = {"by": "pivoted_qr", "layers": (2,), "X": x, "y": y, "merge": settings["merge"]}
    chosen = prune(net, tolerance=settings["tolerance"], validation_data=patterns.validation, **common)
    found: dict[str, Any] = {
        "effective_size": chosen.compact.live[1],
        "exact_zeros": int(np.sum(np.asarray(net.eigenvalues[0][1]) == 0)),
        "compact_loss": chosen.network.loss(*patterns.test),
    }
    for size in (size for size in SIZES if size < width):
        smaller = prune(net, fraction=(width - size) / width, **common)
        found[f"kept@{size}"] = smaller.compact.live[1]
        found[f"cut@{size}"] = smaller.network.loss(*patterns.test) - loss
    return found
