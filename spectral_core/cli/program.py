"""The command line `spectral-core`: `main`, its exit codes, and the list of commands.

Exit codes: 0 done; 1 a check failed; 2 wrong usage or input, with one clear line on stderr; 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from spectral_core import __version__
from spectral_core.cli import console, export, inspect, predict, report, reproduce, score, search, shrink, sweep, verify
from spectral_core.errors import SpectralCoreError

COMMANDS = (verify, search, predict, score, report, inspect, shrink, export, reproduce, sweep)
"""Files of commands, in the order of the help text; each adds its parsers and runs its commands."""


class _Parser(argparse.ArgumentParser):
    """Reports a usage error in one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"spectral-core: {message} (see: {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        options = _parser().parse_args(arguments)
        return int(options.run(options))
    except SpectralCoreError as error:
        print(f"spectral-core: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except console.InterruptedWithState:
        print("spectral-core: interrupted; the same command continues where it stopped", file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print("spectral-core: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="spectral-core", description="Spectral neural networks with a proven core.")
    parser.add_argument("--version", action="version", version=f"spectral-core {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
