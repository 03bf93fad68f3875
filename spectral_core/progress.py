"""Progress: a live bar in a notebook, else lines of text on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

Report = Callable[[int, int, str], object]

BEGINS = "kernels that are not compiled yet are compiled now, once"
"""The text of a report before the first step."""


def narrated(title: str) -> Report:
    """A live bar in a notebook with tqdm and ipywidgets; else a line now, as of `begun`, and the lines of `lines`.

    Returns
    -------
    A function of (steps done, steps in all, a text).
    """
    if in_notebook() and (bar := _bar(title)) is not None:
        return bar
    begun(title)
    return lines(title, said=True)


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook: IPython is loaded, and its shell belongs to a kernel."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def _bar(title: str) -> Report | None:
    """A bar of tqdm; None where tqdm or the widgets that it draws with in a notebook are not installed."""
    try:
        import ipywidgets  # noqa: F401
        from tqdm.auto import tqdm
    except ImportError:
        return None
    bar: Any = tqdm(desc=title, unit="step")
    bar.set_postfix_str(BEGINS)

    def show(done: int, total: int, text: str) -> None:
        if bar.total != total:
            bar.reset(total)
        bar.set_postfix_str(text, refresh=False)
        bar.update(done - bar.n)
        if done >= total:
            bar.close()

    return show


def lines(title: str, said: bool = False) -> Report:
    """Print a line for every tenth. The time left is estimated from the first step on, so it excludes compiling.

    A report of `BEGINS` is the line of `begun`, unless that was said already.

    Returns
    -------
    A function of (steps done, steps in all, a text).
    """
    start, last = (0.0, 0), -1

    def show(done: int, total: int, text: str) -> None:
        nonlocal start, last
        if text == BEGINS:
            if not said:
                begun(title)
            return
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
    print(f"{title}: begins; {BEGINS}", file=sys.stderr, flush=True)
