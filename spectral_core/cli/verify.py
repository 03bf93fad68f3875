"""The command `verify`, which the proofs offer through an entry point, since this package does not import them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from spectral_core import __version__
from spectral_core.cli.console import say
from spectral_core.errors import InvalidInputError, MissingDependencyError


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "verify",
        help="prove every theorem, recheck it by a second route, compare the kernels; or decide a formula",
        description="Proves every theorem, evaluates it at random points by brute force that shares nothing with the proof, "
        "regenerates kernels and certificates in memory and compares them with the checked-in files, and compares every "
        "compiled kernel with exact numbers. Exit code 1 if any of this fails. With --formula only that formula is "
        "decided: PROVEN (exit code 0), REFUTED with numbers, or UNDECIDED (1); 2 if it cannot be read.",
        epilog="example: spectral-core verify --formula 'A(i,i) = L(i)'; the language is described in docs/formulas.md",
    )
    parser.add_argument(
        "--formula", metavar="TEXT", action="append", help="decide this identity of blocks; may be given several times"
    )
    parser.add_argument("--quick", action="store_true", help="fewer random points, and no kernel is compiled")
    parser.add_argument(
        "--rocq", action="store_true", help="also compile the theorems in Rocq, which needs coqc with MathComp"
    )
    parser.add_argument(
        "--latex", metavar="DIR", help="write every theorem with its steps as LaTeX, and do nothing else"
    )
    parser.add_argument("--markdown", metavar="DIR", help="the same as Markdown")
    parser.add_argument("--json", metavar="FILE", help="also write the results as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command of the proofs, with this package's functions for output."""
    return with_proofs("verify", lambda command, means: command.run(options, means))


def with_proofs(name: str, work: Callable[[Any, Any], int]) -> int:
    """Run work that gets the commands of the proofs, and this package's functions for output."""
    from importlib.metadata import entry_points

    from spectral_core.files import atomic

    found = entry_points(group="spectral_core.commands", name="verify")
    if not found:
        raise MissingDependencyError(f"{name} needs the proofs, which are not installed: pip install . in the sources")
    try:
        command = next(iter(found)).load()
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"{name} needs {error.name}, which is not installed: pip install {error.name}"
        ) from None
    try:
        return int(work(command, command.Means(say, atomic.write_text, atomic.check_writable, __version__)))
    except command.UsageError as error:
        raise InvalidInputError(str(error)) from None
