"""The published experiments that are sweeps: their options, texts and functions for the command line.

A new experiment takes a package with `experiment`, `table`, `details` and `figure`, and an entry in `PUBLISHED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spectral_core.sweeps.experiment import Experiment, Report

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Option:
    """An option of an experiment. `kind`: ``text``, ``integer``, or lists: ``names``, ``integers``, ``numbers``."""

    name: str
    kind: str
    help: str
    metavar: str | None = None
    default: str | None = None


@dataclass(frozen=True)
class Functions:
    """The functions of an experiment.

    experiment : makes the `Experiment` from the options, as keywords.
    table, details : the results as text, and for JSON.
    figure : draws the results into a file; it takes the path, the rows and, if there is a function `networks`, its result.
    networks : trains the networks that the figure draws.
    published : the settings with which the reference was made. With others it is not comparable: `table`, `details` and
        `figure` are then called with ``compared=False`` and leave it out.
    """

    experiment: Callable[..., Experiment]
    table: Callable[..., str]
    details: Callable[..., dict[str, Any]]
    figure: Callable[..., None]
    networks: Callable[[Experiment, Report, int], object] | None = None
    published: Mapping[str, Any] = field(default_factory=dict)

    def differences(self, experiment: Experiment) -> list[str]:
        """The settings of an experiment that are not those of the reference, as words."""
        there = experiment.settings
        return [f"{name} {there[name]}, not {value}" for name, value in self.published.items() if there[name] != value]


@dataclass(frozen=True)
class PublishedExperiment:
    """A published experiment on the command line; `load` imports its functions."""

    name: str
    help: str
    description: str
    example: str
    runs: int
    runs_help: str
    epochs_help: str
    options: tuple[Option, ...]
    load: Callable[[], Functions]
    on_gpu: bool = False


def _sparcs_first() -> Functions:
    from spectral_core.experiments.sparcs_first.experiment import SETTINGS, experiment, networks_to_draw
    from spectral_core.experiments.sparcs_first.figure import figure
    from spectral_core.experiments.sparcs_first.results import details, table

    published = {name: SETTINGS[name] for name in ("points", "hidden", "epochs")}
    return Functions(experiment, table, details, figure, networks_to_draw, published)


def _pruning() -> Functions:
    from spectral_core.experiments.pruning.experiment import experiment
    from spectral_core.experiments.pruning.figure import figure
    from spectral_core.experiments.pruning.methods import SETTINGS
    from spectral_core.experiments.pruning.results import details, table

    return Functions(experiment, table, details, figure, published={"epochs": SETTINGS["epochs"]})


def _student_teacher() -> Functions:
    from spectral_core.experiments.student_teacher.experiment import experiment
    from spectral_core.experiments.student_teacher.figure import figure
    from spectral_core.experiments.student_teacher.results import details, table

    return Functions(experiment, table, details, figure)


PUBLISHED = (
    PublishedExperiment(
        name="sparcs-first",
        help="how much network emerges from a linear to a quadratic target",
        description="The first experiment of arXiv 2504.00885, 4,200 trainings, or a part of it. Writes sweep.sqlite, "
        "results.csv, results.parquet, table.txt (ours beside the reference), summary.json and sparcs-first.png. The "
        "same command continues an interrupted run, however it was stopped.",
        example="--runs 10 --alphas 0,0.3,0.5,0.7,1",
        runs=100,
        runs_help="trainings for each α and β",
        epochs_help="epochs of each training (default: 300, as published)",
        options=(
            Option("alphas", "numbers", "α of the target, in [0, 1] (default: 0,0.05,...,1)", "A[,A...]"),
            Option("betas", "numbers", "sharpness of the transition (default: 5,1000)", "B[,B...]"),
            Option("points", "integer", "number of samples (default: 10000, as published)"),
            Option("hidden", "integer", "number of hidden neurons (default: 300, as published)", "N"),
        ),
        load=_sparcs_first,
        on_gpu=True,
    ),
    PublishedExperiment(
        name="pruning",
        help="accuracy against neurons trimmed, for the published methods and ours",
        description="Spectral pruning (Sci. Rep. 12, 2022): the methods spectral, dense and alternate, matched in "
        "retraining, and with compensation, on a built-in data set or on files such as MNIST. Writes sweep.sqlite, "
        "results.csv, results.parquet, table.txt, summary.json and pruning.png. The same command continues an "
        "interrupted run.",
        example="--data train-images-idx3-ubyte.gz --test-data t10k-images-idx3-ubyte.gz --depths 1",
        runs=5,
        runs_help="trainings for each activation and depth",
        epochs_help="epochs of each training (default: 100, as published)",
        options=(
            Option("data", "text", "data as for search, or IDX images (default: digits)", "DATA", "digits"),
            Option("test-data", "text", "test data (default: 30 %% of the samples are held out)", "DATA"),
            Option("activations", "names", "default: relu,elu,tanh", "F[,F...]"),
            Option("depths", "integers", "numbers of hidden layers (default: 1,2)", "N[,N...]"),
            Option(
                "hidden",
                "integer",
                "neurons of each hidden layer (default: as published, 2000 of a single layer, else 500)",
                "N",
            ),
        ),
        load=_pruning,
    ),
    PublishedExperiment(
        name="student-teacher",
        help="whether a student of any width shrinks to the size of its teacher",
        description="Students of several widths learn from a teacher with 20 neurons. Reports their effective sizes and "
        "the rise of the loss below them, for the published spectral student, the direct one, and ours. Writes "
        "sweep.sqlite, results.csv, results.parquet, table.txt, summary.json and student-teacher.png. The same command "
        "continues an interrupted run.",
        example="--widths 40,100 --runs 1",
        runs=3,
        runs_help="trainings of each student",
        epochs_help="epochs of each training (default: 2000, as published)",
        options=(
            Option("widths", "integers", "widths of the students (default: 10,20,40,60,100,200,500)", "N[,N...]"),
            Option("students", "names", "default: spectral,direct,proximal", "NAME[,NAME...]"),
        ),
        load=_student_teacher,
    ),
)
