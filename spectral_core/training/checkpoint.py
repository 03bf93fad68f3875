"""What a training is between epochs, and the file in which an interrupted one leaves it."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spectral_core.backends import cpu
from spectral_core.errors import ModelFileError
from spectral_core.files import model_file as files

if TYPE_CHECKING:
    from spectral_core.networks.spectral import SpectralNetwork
    from spectral_core.training.loop import Run

CHECKPOINT_SECONDS = 30.0
MOMENTS = ("parameters", "first", "second")
BESTS = ("best", "late")


@dataclass
class History:
    """One entry for each epoch: what was measured while (training) and after (validation) it."""

    training_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    penalty: list[float] = field(default_factory=list)
    eigenvalue_norms: list[list[float]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.training_loss)


@dataclass(frozen=True, eq=False)
class Best:
    """The parameters with the least loss so far, that loss, and their epoch (0 is the start)."""

    parameters: np.ndarray
    loss: float
    epoch: int


def fingerprint(net: SpectralNetwork, *parts: Any) -> str:
    """Identifies a training by its start, data and options, so that a checkpoint continues that training only."""
    digest = hashlib.sha256(net.parameters.tobytes())
    for part in parts:
        if isinstance(part, cpu.Problem):
            for array in (part.x, part.y, part.labels, part.weights):
                digest.update(array.tobytes())
            digest.update(part.loss.encode())
        elif isinstance(part, np.ndarray):
            digest.update(part.tobytes())
        else:
            digest.update(json.dumps(part).encode())
    return digest.hexdigest()


def _number(entry: list[Any]) -> tuple[float, int]:
    loss, epoch = entry
    return (np.inf if loss is None else float(loss)), int(epoch)


class Checkpoint:
    """The file of an unfinished run."""

    def __init__(self, path: Path, run: Run, fingerprint: str) -> None:
        self.path, self.run, self.fingerprint = path, run, fingerprint
        self.saved_at = time.monotonic()
        self.committed: tuple[int, int, str, tuple[np.ndarray, ...], tuple[Best, Best]] | None = None

    def restore(self) -> None:
        """Continue where the file left off; another training's file is an error, no file a fresh start."""
        if not self.path.exists():
            return
        try:
            _, record, stored = files.load_model(self.path, ("checkpoint",))
        except ModelFileError as error:
            raise ModelFileError(f"{error}; delete it to start afresh") from None
        if record.get("fingerprint") != self.fingerprint:
            raise ModelFileError(f"{self.path} belongs to another training; delete it to start afresh")
        run, stepper = self.run, self.run.stepper
        stepper.parameters, stepper.first_moment, stepper.second_moment = (stored[name] for name in MOMENTS)
        stepper.step, run.stopped = record["step"], record["stopped"]
        run.best, run.late = (Best(stored[name], *_number(record[name])) for name in BESTS)
        run.history = History(**record["history"])

    def epoch_done(self) -> None:
        """Remember this epoch, since an interrupt may come in the middle of the next; write it when it is time."""
        run, stepper = self.run, self.run.stepper
        stepper.fetch_moments()
        values = tuple(a.copy() for a in (stepper.parameters, stepper.first_moment, stepper.second_moment))
        self.committed = (int(stepper.step), len(run.history), run.stopped, values, (run.best, run.late))
        if time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS:
            self.save()

    def save(self) -> None:
        """Write the last whole epoch."""
        if self.committed is None:
            return
        step, epochs, stopped, values, bests = self.committed
        record = {
            "fingerprint": self.fingerprint,
            "step": step,
            "stopped": stopped,
            "history": {name: entries[:epochs] for name, entries in asdict(self.run.history).items()},
            # JSON has no infinity, which stands for "not measured yet".
            **{
                name: [best.loss if np.isfinite(best.loss) else None, best.epoch]
                for name, best in zip(BESTS, bests, strict=True)
            },
        }
        stored = dict(zip(MOMENTS, values, strict=True)) | {n: b.parameters for n, b in zip(BESTS, bests, strict=True)}
        files.save_model(self.path, "checkpoint", record, stored)
        self.saved_at = time.monotonic()

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
