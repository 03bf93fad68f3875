"""Ctrl-C and SIGTERM: work ends at a safe place, keeps its state, and the exit code names the signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from spectral_core.errors import SpectralCoreError

PATIENCE = 3.0
"""Seconds after a signal in which work may reach a safe place; then it is interrupted where it is."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM; `kept` says whether the state of the work is in a file."""

    def __init__(self, number: int = signal.SIGINT, kept: bool = False) -> None:
        super().__init__(number, kept)
        self.number, self.kept = number, kept

    @property
    def exit_code(self) -> int:
        """128 and the number of the signal, as shells do."""
        return 128 + self.number


def of(error: KeyboardInterrupt, kept: bool = False) -> Interrupted:
    """The interrupt with its signal. Python's own `KeyboardInterrupt` means Ctrl-C."""
    return Interrupted(error.number if isinstance(error, Interrupted) else signal.SIGINT, kept)


def _raise(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number)


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Raise `Interrupted` for SIGTERM, unless the signal is ignored or has a handler already."""
    if not _in_main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def resumable(state: Path) -> Iterator[None]:
    """Raise an interrupt again as one whose state is kept, if there are files `state.*`."""
    try:
        yield
    except KeyboardInterrupt as error:
        kept = any(state.parent.glob(f"{state.name}.*"))
        raise of(error, kept) from None


@contextmanager
def at_safe_places() -> Iterator[Callable[[], None]]:
    """Give a function to call at safe places: it raises an interrupt that came since.

    A compilation would swallow an interrupt. After `PATIENCE` seconds the interrupt is raised where the work is; a second
    signal is raised at once. A signal that is ignored (a background job) or has another handler is left alone.
    """
    arrived: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        if arrived:
            raise Interrupted(number)
        arrived.append(number)
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, PATIENCE, PATIENCE)

    def lose_patience(number: int, frame: FrameType | None) -> None:
        if arrived:
            raise Interrupted(arrived[0])

    def check() -> None:
        if arrived:
            raise Interrupted(arrived[0])

    before = _handlers(remember, lose_patience)
    try:
        yield check
    except SpectralCoreError:
        if arrived:  # a worker that the same signal has ended, for example
            raise Interrupted(arrived[0]) from None
        raise
    finally:
        _restore(before)
    check()


def _handlers(remember: Any, lose_patience: Any) -> dict[int, Any]:
    """Set the handlers of the signals that are ours to handle; returns those before."""
    if not _in_main_thread():  # no signal arrives in another thread
        return {}
    own = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: _raise}
    before: dict[int, Any] = {}
    for number, handler in own.items():
        if signal.getsignal(number) is handler:
            before[number] = signal.signal(number, remember)
    if before and hasattr(signal, "SIGALRM") and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL:
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, lose_patience)
    return before


def _restore(before: dict[int, Any]) -> None:
    if before and hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        signal.signal(number, handler)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
