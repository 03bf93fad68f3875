"""Lines on the progress of a training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from spectral_core import progress
from spectral_core.training.results import Progress

Callback = Callable[[Progress[Any]], Any]


def told(callbacks: Sequence[Callback]) -> Sequence[Callback]:
    """The callbacks, and one that shows the progress, as `progress.narrated`; its bar or first line is shown at once."""
    show = progress.narrated("train")

    def tell(view: Progress[Any]) -> None:
        show(view.epoch, view.epochs, loss_line(view))

    return [*callbacks, tell]


def loss_line(view: Progress[Any]) -> str:
    """The last losses in words."""
    history = view.history
    text = f"training loss {history.training_loss[-1]:.4g}"
    return text + (f", validation loss {history.validation_loss[-1]:.4g}" if history.validation_loss else "")
