"""Commands in processes of their own, stopped at a report of progress that the test chooses: no test waits for a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from tests.builders import ROOT

CHILD = """
import os, random, signal, sys, threading
from spectral_core.cli import console
from spectral_core.cli.program import main

kind, reports, *arguments = sys.argv[1:]
left = int(reports)


def lines(title):
    def show(done, total, text):
        global left
        left -= 1
        if left != 0:
            return
        if kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "killed soon":
            threading.Timer(random.uniform(0, 0.05), os.kill, (os.getpid(), signal.SIGKILL)).start()
            return
        print("here", file=sys.stderr, flush=True)
        sys.stdin.readline()

    return show


console.lines = lines
sys.exit(main(arguments))
"""
"""At a report of this number the command dies, dies a little later, or waits for a line on standard input."""


def hear_signals() -> None:
    """In a child: Ctrl-C and SIGTERM as a terminal gives them; a background job ignores the first, and its children too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def started(kind: str, reports: int, arguments: Sequence[object]) -> subprocess.Popen[str]:
    """A command that is stopped at a report; in a group of its own, as a shell starts it."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, kind, str(reports), *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_signals,
    )


def killed(kind: str, reports: int, arguments: Sequence[object]) -> None:
    """Run a command until it dies by SIGKILL."""
    with started(kind, reports, arguments) as process:
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == -signal.SIGKILL, said


def interrupted(number: signal.Signals, reports: int, arguments: Sequence[object]) -> tuple[int, list[str]]:
    """Send a signal to a command and its workers while it waits at a report; returns its exit code and its last lines."""
    with started("waits", reports, arguments) as process:
        assert process.stderr is not None
        assert process.stdin is not None
        before = []
        for line in process.stderr:
            if line == "here\n":
                break
            before.append(line)
        else:
            raise AssertionError("".join(before))
        os.killpg(process.pid, number)  # as a terminal or a service manager does
        process.stdin.write("\n")
        process.stdin.flush()
        rest = process.stderr.read().splitlines()
    return process.returncode, rest
