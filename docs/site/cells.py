"""The code of a page: Python blocks and commands, run in order; what they print is compared with what the page shows.

A block of `python` runs in the names of the blocks before it on the page. A block of `console` holds one command of
`spectral-core` behind `$`, its output and perhaps `(exit code N)`. The block without a language that follows a block of
`python` is its output. Neither Sphinx nor a kernel of Jupyter is needed.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^```(?P<kind>[^\n`]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
EXIT_CODE = re.compile(r"^\(exit code (\d+)\)$", re.MULTILINE)
PROGRAM = "spectral-core"


@dataclass(frozen=True)
class Cell:
    """One block of code of a page.

    Parameters
    ----------
    kind : python or console.
    code : the program, or the words of the command.
    shown : what the page shows as its output.
    line : of the page, counted from 1.
    exit_code : of a command.
    """

    kind: str
    code: str
    shown: str
    line: int
    exit_code: int = 0


def cells(text: str) -> list[Cell]:
    """The blocks of code of a page, in order."""
    fences = list(FENCE.finditer(text))
    found = []
    for fence, after in zip_longest(fences, fences[1:]):
        line = text.count("\n", 0, fence.start()) + 1
        if fence["kind"] == "python":
            follows = after is not None and not after["kind"] and not text[fence.end() : after.start()].strip()
            found.append(Cell("python", fence["body"], after["body"] if follows and after else "", line))
        elif fence["kind"] == "console":
            command, _, output = fence["body"].removeprefix("$ ").partition("\n")
            code = EXIT_CODE.search(output)
            found.append(Cell("console", command, EXIT_CODE.sub("", output), line, int(code[1]) if code else 0))
    return found


def differences(text: str, folder: Path) -> list[str]:
    """Runs the code of a page in a folder; one message for each block that prints something else than the page shows."""
    namespace: dict[str, Any] = {"__name__": "page"}
    messages = []
    with _at(folder):
        for cell in cells(text):
            printed = _printed(cell, namespace)
            if _lines(printed) != _lines(cell.shown):
                messages.append(f"line {cell.line}: the page shows\n{cell.shown}\nthe code prints\n{printed}")
    return messages


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def _printed(cell: Cell, namespace: dict[str, Any]) -> str:
    """What a block prints; an error is printed too, so that it is a difference."""
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        try:
            if cell.kind == "python":
                exec(compile(cell.code, f"line {cell.line}", "exec"), namespace)
            else:
                _command(cell)
        except Exception:  # every error of a page's code is reported as what it printed
            stream.write(traceback.format_exc())
    return stream.getvalue()


def _command(cell: Cell) -> None:
    from spectral_core.cli.program import main

    program, *words = shlex.split(cell.code)
    if program != PROGRAM:
        raise ValueError(f"a page runs {program!r}; only {PROGRAM} is run")
    code = main(words)
    if code != cell.exit_code:
        print(f"(exit code {code})")


@contextlib.contextmanager
def _at(folder: Path) -> Iterator[None]:
    """The folder as the place of relative paths, and a window of 100 columns."""
    columns, os.environ["COLUMNS"] = os.environ.get("COLUMNS"), "100"
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        del os.environ["COLUMNS"]
        if columns is not None:
            os.environ["COLUMNS"] = columns
