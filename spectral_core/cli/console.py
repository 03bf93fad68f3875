"""Output that survives a closed pipe, progress with the time left, and Ctrl-C that keeps the state."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spectral_core.backends.choice import BACKENDS
from spectral_core.errors import InvalidInputError
from spectral_core.progress import Report, lines


class InterruptedWithState(KeyboardInterrupt):
    """Ctrl-C in work whose state is in a file."""


def say(text: str) -> None:
    """Print to standard output; a reader that has closed the pipe (`| head`) is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    except OSError as error:
        _silence()
        raise InvalidInputError(f"cannot write to standard output: {error.strerror}") from None


def _silence() -> None:
    # The interpreter flushes the rest at exit, which would fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def resumable(state: Path) -> Iterator[None]:
    """Raise `InterruptedWithState` for an interrupt if there are files `state.*`."""
    try:
        yield
    except KeyboardInterrupt:
        if any(state.parent.glob(f"{state.name}.*")):
            raise InterruptedWithState from None
        raise


@contextmanager
def progress(title: str) -> Iterator[Report]:
    """Show a bar with the time left on a terminal, or a line for every tenth elsewhere, both on stderr.

    Ctrl-C is raised at the next report, since a compilation would swallow it. A second Ctrl-C is raised at once.
    """
    pressed = False

    def remember(number: int, frame: object) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        # The signal is ignored (a background job), has another handler, or cannot arrive: only the main thread gets it.
        with _display(title) as report:
            yield report
        return
    signal.signal(signal.SIGINT, remember)
    try:
        with _display(title) as report:

            def show(done: int, total: int, text: str) -> None:
                report(done, total, text)
                if pressed:
                    raise KeyboardInterrupt

            yield show
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


@contextmanager
def _display(title: str) -> Iterator[Report]:
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    except ImportError:
        yield lines(title)
        return
    if not sys.stderr.isatty():
        yield lines(title)
        return
    name, share = TextColumn("{task.description}"), TextColumn("{task.percentage:>3.0f} %")
    left, text = TextColumn("left"), TextColumn("{task.fields[text]}")
    columns = (name, BarColumn(), share, TimeElapsedColumn(), left, TimeRemainingColumn(), text)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, text="compiling")
        yield lambda done, total, text: bar.update(task, completed=done, total=total, text=text)


def backend_option(parser: argparse.ArgumentParser) -> None:
    """Add the option --backend."""
    meaning = "where to train; auto: on a GPU if there is one and the training is large enough (default: auto)"
    parser.add_argument("--backend", default="auto", choices=BACKENDS, help=meaning)
