"""What the command line prints: text that every terminal can show, progress with the time left, and shared options."""

from __future__ import annotations

import argparse
import io
import json
import logging
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from spectral_core.backends.choice import BACKENDS
from spectral_core.checks import optional
from spectral_core.cli import interrupts
from spectral_core.errors import InvalidInputError, MissingDependencyError
from spectral_core.progress import Report, lines


def show_every_character() -> None:
    """Let standard output write what its encoding lacks as \\uXXXX, as standard error does."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def short_warnings() -> Iterator[None]:
    """Show warnings as one line, without the place in the sources; matplotlib's remarks on its own folders are left out."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        print(f"spectral-core: {' '.join(str(message).split())}", file=file or sys.stderr)

    before, matplotlib = warnings.showwarning, logging.getLogger("matplotlib")
    level = matplotlib.level
    warnings.showwarning = show
    matplotlib.setLevel(logging.ERROR)
    try:
        yield
    finally:
        warnings.showwarning = before
        matplotlib.setLevel(level)


def say(text: str) -> None:
    """Print to standard output; a reader that has closed the pipe (`| head`) is no error."""
    _write(lambda: (sys.stdout.write(text), sys.stdout.flush()))


def say_data(text: str) -> None:
    """Print data to standard output as UTF-8, whatever its encoding: a file made of them is then the same everywhere."""
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:
        say(text)
        return
    data = text.encode(errors="backslashreplace")
    _write(lambda: (sys.stdout.flush(), binary.write(data), binary.flush()))


def _write(write: Callable[[], object]) -> None:
    try:
        write()
    except BrokenPipeError:
        _silence()
    except OSError as error:
        _silence()
        raise InvalidInputError(f"cannot write to standard output: {error.strerror}") from None


def _silence() -> None:
    # The interpreter flushes the rest at exit, which would fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def printable(name: str) -> str:
    """The name of a file for reports and pictures; bytes in it that are no text become \\udcXX.

    Examples
    --------
    >>> printable("t\\udce9.csv")
    't\\\\udce9.csv'
    """
    return name.encode(errors="backslashreplace").decode()


def note(text: str) -> None:
    """Print one line on standard error."""
    print(f"spectral-core: {text}", file=sys.stderr)


def pictures_can_be_drawn() -> bool:
    """Whether matplotlib is installed; says in one line that there will be no pictures where it is not."""
    return _installed("matplotlib", "pictures are left out")


def parquet_can_be_written() -> bool:
    """Whether pyarrow is installed; says in one line that there will be no Parquet file where it is not."""
    return _installed("pyarrow", "results.parquet is left out")


def _installed(library: str, without: str) -> bool:
    try:
        optional(library, without)
    except MissingDependencyError:
        note(f"{without}, since {library} is not installed: pip install '.[full]' in the sources")
        return False
    return True


def as_json(record: Any) -> str:
    """The record as JSON; infinity and NaN become null."""

    def clean(value: Any) -> Any:
        value = value.tolist() if hasattr(value, "tolist") else value
        if isinstance(value, Mapping):
            return {str(name): clean(entry) for name, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [clean(entry) for entry in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(clean(record), indent=1, ensure_ascii=False) + "\n"


def tell(options: argparse.Namespace, text: str, record: Any) -> None:
    """Print the result of a command: the record with --json, nothing with --quiet, else the text."""
    if options.json:
        say_data(as_json(record))
    elif not options.quiet:
        say(text)


def output_options(parser: argparse.ArgumentParser, what: str = "the report", writes: bool = True) -> None:
    """Add the options --quiet and --json, which `tell` and `progress` use; `writes` says whether there are files too."""
    written = "; files are written" if writes else "; an error is one line on standard error"
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--quiet", action="store_true", help=f"print neither progress nor {what}{written}")
    shape.add_argument("--json", action="store_true", help=f"print {what} as JSON on standard output")


@contextmanager
def progress(title: str, quiet: bool = False) -> Iterator[Report]:
    """Show a bar with the time left on a terminal, or a line for every tenth elsewhere, both on stderr.

    Ctrl-C and SIGTERM are raised at the next report, since a compilation would swallow them.
    """
    with interrupts.at_safe_places() as check, _display(title, quiet) as report:

        def show(done: int, total: int, text: str) -> None:
            report(done, total, text)
            check()

        yield show


@contextmanager
def _display(title: str, quiet: bool) -> Iterator[Report]:
    if quiet:
        yield lambda done, total, text: None
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    except ImportError:
        yield lines(title)
        return
    if not sys.stderr.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):  # these cannot draw a bar
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


def seed_option(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option --seed."""
    parser.add_argument("--seed", type=int, default=0, help=f"seed of {what} (default: 0)")
