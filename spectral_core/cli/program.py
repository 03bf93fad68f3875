"""The command line `spectral-core`: `main`, its exit codes, and the list of commands.

Exit codes: 0 done; 1 a check failed; 2 wrong usage or input, with one clear line on stderr; 130 interrupted; 143 ended by
SIGTERM.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from spectral_core import __version__
from spectral_core.cli import (
    choose,
    completion,
    console,
    exercise,
    export,
    images,
    inspect,
    interrupts,
    predict,
    report,
    reproduce,
    score,
    search,
    shrink,
    sweep,
    verify,
)
from spectral_core.cli.config import config_option, with_config
from spectral_core.errors import SpectralCoreError

COMMANDS = (
    search,
    choose,
    predict,
    score,
    report,
    inspect,
    shrink,
    export,
    images,
    sweep,
    reproduce,
    verify,
    exercise,
    completion,
)
"""Files of commands, in the order of the help text; each adds its parsers and runs its commands."""


INTERRUPTED = tuple(128 + number for number in (signal.SIGINT, signal.SIGTERM))
"""The exit codes after Ctrl-C and SIGTERM."""


class _Parser(argparse.ArgumentParser):
    """Reports a usage error in one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"spectral-core: {message} (see: {self.prog} --help)\n")


def command() -> NoReturn:
    """The program: run one command and leave with its exit code.

    Python waits for all threads before it ends, and a thread that compiles cannot be interrupted. So an interrupted
    command, whose state is in a file, leaves without them.
    """
    code = main()
    if code in INTERRUPTED:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    console.show_every_character()
    try:
        with interrupts.sigterm_as_interrupt(), console.short_warnings():
            options = _read(sys.argv[1:] if arguments is None else list(arguments))
            return int(options.run(options))
    except SpectralCoreError as error:
        console.note(" ".join(str(error).split()))
        return 2
    except KeyboardInterrupt as error:
        interrupt = interrupts.of(error)
        kept = isinstance(error, interrupts.Interrupted) and error.kept
        console.note("interrupted" + "; the same command continues where it stopped" * kept)
        return interrupt.exit_code


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(
        prog="spectral-core",
        description="Finds the smallest neural network that does the job, from a proven core.",
        epilog="example: spectral-core search houses.csv --target price; each command has its own --help",
    )
    parser.add_argument("--version", action="version", version=f"spectral-core {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    for one in completion.leaves(parser):
        config_option(one)
    completion.inner(parser)["completion"].set_defaults(parser=parser)
    return parser


def _read(arguments: list[str]) -> argparse.Namespace:
    """The options of a command line; without arguments the help."""
    parser = build_parser()
    if not arguments:
        parser.print_help()
        parser.exit(0)
    # The parser of the command that is named, which knows its options and its help.
    command: argparse.ArgumentParser = parser
    count = 0
    while count < len(arguments) and arguments[count] in (inner := completion.inner(command)):
        command = inner[arguments[count]]
        count += 1
    options, unknown = parser.parse_known_args([*arguments[:count], *with_config(command, arguments[count:])])
    if unknown:
        command.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
