"""The command `exercise`: judges a formula as the answer to an exercise of the course."""

from __future__ import annotations

import argparse
from typing import Any

from spectral_core.cli.verify import with_proofs


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "exercise",
        help="judge a formula as the answer to an exercise of the course",
        description="Without a name: lists the exercises. With a name alone: shows the question. With an answer: says "
        "whether it is right, by a proof, or shows a network of whole numbers for which it is wrong, and a hint. Exit "
        "code 0 for a right answer, 1 for a wrong one, 2 if it cannot be read.",
        epilog="example: spectral-core exercise diagonal 'L(i)'; the language is described in docs/formulas.md",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="the exercise")
    parser.add_argument("answer", nargs="?", metavar="FORMULA", help="the right side of the identity")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command of the proofs."""
    return with_proofs("exercise", lambda command, means: command.exercise(options.name, options.answer, means))
