"""The choices of a search for images, checked once; defaults are stated only here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.architecture.image_memory import bytes_of, seconds_of
from spectral_core.architecture.train_free import TrainFree
from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError
from spectral_core.networks.image_structure import GATES
from spectral_core.training.options import StepOptions

SCORES = ("slope", "ntk", "published", "random")
STATISTICS = ("frozen", "batch", "published")
AUTHORS = {"score": "published", "statistics": "published", "gates": "published", "restart": True}
"""What published=True sets."""
AUTHORS_DROP_PATH = 0.1
"""Theirs is for trainings of 600 epochs: after 16 epochs it takes 3 points (docs/experiments/spidernet.md)."""
EPOCHS = 2
"""Of each round, without a budget of time."""
FINAL_EPOCHS = 8
"""Of the final training, without a budget of time."""
FINAL_RATE = 2.0
"""The highest rate of the final training over that of the rounds: with the rise before it, a network made by hand gains a point on
CIFAR-10 (docs/experiments/spidernet.md)."""
HALF_DECAY = 0.5
"""The penalty s · ‖θ‖² has the slope 2 s θ."""


@dataclass(frozen=True)
class ImageSearchOptions:
    """The options of `search_images`, which explains them.

    Raises
    ------
    InvalidInputError : a value breaks a rule.
    """

    channels: int = 8
    reductions: int = 2
    rounds: int = 4
    epochs: float | None = None
    final_epochs: int | None = None
    score: str = "slope"
    statistics: str = "frozen"
    gates: str = "spectral"
    restart: bool = False
    published: bool = False
    memory: int | str | None = None
    parameters: int | None = None
    time: float | str | None = None
    batch_size: int = 64
    learning_rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 3e-4
    penalty_strength: float = 0.5
    drop_path: float | None = None
    score_images: int = 256
    train_free: TrainFree = field(default_factory=TrainFree)
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", seconds_of(self.time))
        # With a budget of time both follow from it.
        for name, default in (("epochs", EPOCHS), ("final_epochs", FINAL_EPOCHS)):
            if getattr(self, name) is None and self.time is None:
                object.__setattr__(self, name, default)
        # NumPy's numbers become Python's: a checkpoint knows its search by the words of the options.
        counts = {"channels": 1, "reductions": 0, "rounds": 0, "batch_size": 1, "score_images": 2, "seed": 0}
        counts |= {name: 1 for name in ("final_epochs", "parameters") if getattr(self, name) is not None}
        checked: dict[str, Any] = {name: checks.integer(getattr(self, name), name, low) for name, low in counts.items()}
        for name in ("restart", "published"):
            checked[name] = checks.boolean(getattr(self, name), name)
        for name, known in (("score", SCORES), ("statistics", STATISTICS), ("gates", GATES)):
            checked[name] = str(one_of(getattr(self, name), known, name))
        for name in ("weight_decay", "penalty_strength"):
            checked[name] = checks.real_number(getattr(self, name), name, 0)
        drop = self.drop_path
        if drop is None:
            drop = AUTHORS_DROP_PATH if checked["published"] else 0.0
        checked["drop_path"] = checks.real_number(drop, "drop_path", 0, 1, open_high=True)
        checked["momentum"] = checks.real_number(self.momentum, "momentum", 0, 1)
        checked["learning_rate"] = checks.real_number(self.learning_rate, "learning_rate", 0, open_low=True)
        checked["memory"] = bytes_of(self.memory)
        if self.epochs is not None:
            checked["epochs"] = _epochs(self.epochs)
        for name, value in (checked | (AUTHORS if checked["published"] else {})).items():
            object.__setattr__(self, name, value)
        if not isinstance(self.train_free, TrainFree):
            raise InvalidInputError(f"train_free must be a TrainFree; got {self.train_free!r}")
        self.step(final=True)

    @classmethod
    def of(cls, given: dict[str, Any]) -> ImageSearchOptions:
        """The options by name, as a user gives them; the published score has the published statistics where none are given.

        Raises
        ------
        InvalidInputError : an option is unknown, breaks a rule, or contradicts another one.
        """
        known = cls.__dataclass_fields__
        unknown = [name for name in given if name not in known]
        if unknown:
            raise InvalidInputError(f"search_images has no option {unknown[0]!r}; it has {', '.join(known)}")
        implied = {"statistics": "published"} if given.get("score") == "published" else {}
        chosen = cls(**implied | given)
        # What the published choices, gates or the score would ignore is refused.
        for name, value in AUTHORS.items():
            if chosen.published and given.get(name, value) != value:
                raise InvalidInputError(
                    f"published makes all choices of the authors, {name} {value} among them; got {name} {given[name]}"
                )
        if chosen.gates == "published" and "penalty_strength" in given:
            raise InvalidInputError(
                f"penalty_strength closes eigenvalues, and published gates have none; got {given['penalty_strength']}"
            )
        if "statistics" in given and chosen.score not in ("ntk", "published"):
            raise InvalidInputError(
                f"statistics belong to the scores ntk and published; got {given['statistics']} with {chosen.score}"
            )
        return chosen

    @property
    def trainings(self) -> int:
        """Rounds, each with a split at its end, and with eigenvalues one more, in which the last splits can close."""
        return self.rounds + (self.gates == "spectral" and self.rounds > 0)

    @property
    def all_epochs(self) -> float:
        """Epochs of the whole search without a budget of time."""
        return self.trainings * (self.epochs or 0) + (self.final_epochs or 0)

    def step(self, final: bool, groups: Iterable[str] = ()) -> StepOptions:
        """The options of a training step: SGD and a cosine, in the rounds with the penalty that closes operations, in the final
        training behind a rise to a higher rate.

        Published, the final training has the rate of the rounds and no rise; weight decay is a part of the gradient, and all
        groups have it, gates too.

        Parameters
        ----------
        groups : of the parameters of the network.

        By hand: half of a strength. Checked by test_image_search.test_published_decay_is_in_the_gradient.
        """
        options: dict[str, Any] = {
            "batch_size": self.batch_size,
            "optimizer": "sgd",
            "learning_rate": self.learning_rate,
            "momentum": self.momentum,
            "schedule": "cosine",
        }
        if self.published:
            decayed = [name for name in groups if not name.startswith("running")]
            return StepOptions(**options, eigenvector_penalty=dict.fromkeys(decayed, HALF_DECAY * self.weight_decay))
        options["weight_decay"] = self.weight_decay
        if final:
            options |= {"schedule": "one_cycle", "learning_rate": FINAL_RATE * self.learning_rate}
        elif self.gates == "spectral":
            options |= {"penalty": "l1", "penalty_strength": self.penalty_strength, "proximal": True}
        return StepOptions(**options)


def _epochs(given: Any) -> float:
    """A whole number of at least 1, or a share of the images below 1."""
    if not isinstance(given, (float, np.floating)):
        return checks.integer(given, "epochs", 1)
    given = checks.real_number(given, "epochs", -np.inf)
    if given >= 1 and given.is_integer():
        return int(given)
    if 0 < given < 1:
        return given
    raise InvalidInputError(
        f"epochs must be a whole number of at least 1, or a share of the images below 1; got {given!r}"
    )
