"""The file in which an interrupted training leaves its last snapshot."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core.backends.problem import Problem, StepArrays
from spectral_core.errors import ModelFileError
from spectral_core.files import model_file as files
from spectral_core.training.results import Best, History, Snapshot
from spectral_core.training.schedules import RateSchedule

FIRST_SECONDS, CHECKPOINT_SECONDS = 2.0, 30.0
"""When a running training writes its file for the first time, and how often from then on."""
IDENTIFYING = ("penalised", "strengths", "shrunk", "thresholds", "trainable", "rates")
"""The arrays of a step that the fingerprint of a checkpoint contains, besides its settings."""
FIRST_SETTINGS = 5
"""The settings that the first fingerprints contain."""


def fingerprint(parameters: np.ndarray, *parts: Any) -> str:
    """Identifies a training by its start, data and options, so that a checkpoint continues that training only."""
    digest = hashlib.sha256(parameters.tobytes())
    for part in parts:
        if isinstance(part, Problem):
            for array in (part.x, part.y, part.labels, part.weights):
                digest.update(array.tobytes())
            digest.update(part.loss.encode())
        elif isinstance(part, np.ndarray):
            digest.update(part.tobytes())
        else:
            digest.update(json.dumps(part).encode())
    return digest.hexdigest()


def identity_of_steps(arrays: StepArrays, schedule: RateSchedule) -> list[Any]:
    """What identifies the steps, for JSON. Options of later versions join where they are used, so that old files fit."""
    settings = arrays.settings.tolist()
    identity: list[Any] = [settings[:FIRST_SETTINGS], *(getattr(arrays, name).tolist() for name in IDENTIFYING)]
    if (schedule.name, schedule.warmup) != ("constant", 0.0):
        identity += ["schedule", schedule.name, schedule.warmup, schedule.final_rate]
    if any(settings[FIRST_SETTINGS:]):
        identity += ["settings", settings[FIRST_SETTINGS:]]
    if arrays.decays.any():
        identity += ["decays", arrays.decays.tolist()]
    return identity


class Checkpoint:
    """The file of an unfinished training."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path, self.fingerprint = path, fingerprint
        self.due = time.monotonic() + FIRST_SECONDS
        self.last: Snapshot | None = None

    def load(self) -> Snapshot | None:
        """The snapshot in the file; None if there is no file.

        Raises
        ------
        ModelFileError : the file cannot be read, or belongs to another training.
        """
        if not self.path.exists():
            return None
        try:
            _, record, stored = files.load_model(self.path, ("checkpoint",))
        except ModelFileError as error:
            raise ModelFileError(f"{error}; delete it to start afresh") from None
        if record.get("fingerprint") != self.fingerprint:
            raise ModelFileError(f"{self.path} belongs to another training; delete it to start afresh")
        history = History(**record["history"])
        return Snapshot(
            parameters=stored["parameters"],
            first_moment=stored["first"],
            second_moment=stored["second"],
            step=record["step"],
            epochs=len(history),
            history=history,
            best=_best(stored["best"], *record["best"]),
            best_of_last=_best(stored["late"], *record["late"]),
            stopped=record["stopped"],
        )

    def epoch_done(self, snapshot: Snapshot) -> None:
        """Keep the snapshot, since an interrupt may come in the middle of the next epoch; write it when it is time."""
        self.last = snapshot
        if time.monotonic() >= self.due:
            self.save()

    def save(self) -> None:
        """Write the last snapshot, if there is one."""
        snapshot = self.last
        if snapshot is None:
            return
        bests = {"best": snapshot.best, "late": snapshot.best_of_last}
        record = {
            "fingerprint": self.fingerprint,
            "step": snapshot.step,
            "stopped": snapshot.stopped,
            "history": asdict(snapshot.history.first(snapshot.epochs)),
            # JSON has no infinity; null stands for a loss that was not measured yet.
            **{name: [best.loss if np.isfinite(best.loss) else None, best.epoch] for name, best in bests.items()},
        }
        arrays = {
            "parameters": snapshot.parameters,
            "first": snapshot.first_moment,
            "second": snapshot.second_moment,
            **{name: best.parameters for name, best in bests.items()},
        }
        files.save_model(self.path, "checkpoint", record, arrays)
        self.due = time.monotonic() + CHECKPOINT_SECONDS

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)


def _best(parameters: np.ndarray, loss: float | None, epoch: int) -> Best:
    return Best(parameters, np.inf if loss is None else float(loss), int(epoch))
