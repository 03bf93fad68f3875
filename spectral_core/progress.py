"""Progress as lines of text on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Report = Callable[[int, int, str], object]


def lines(title: str) -> Report:
    """Print a line for every tenth. The time left is estimated from the first report on, so it excludes compiling.

    Returns
    -------
    A function of (steps done, steps in all, a text).
    """
    start, last = (0.0, 0), -1

    def show(done: int, total: int, text: str) -> None:
        nonlocal start, last
        now = time.monotonic()
        if last < 0:
            start = (now, done)
        tenth = 10 * done // total
        if tenth > last:
            last = tenth
            elapsed, steps = now - start[0], done - start[1]
            left = f", {elapsed * (total - done) / steps:.0f} s left" if steps > 0 and done < total else ""
            print(f"{title}: {100 * done // total} %{left}, {text}", file=sys.stderr, flush=True)

    return show


def begun(title: str) -> None:
    """Print the line before the first step, in which kernels are compiled if they are not yet."""
    print(f"{title}: begins; kernels that are not compiled yet are compiled now, once", file=sys.stderr, flush=True)
