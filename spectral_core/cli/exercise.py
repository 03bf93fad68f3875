"""The command `exercise`: judges a formula, numbers or a function as the answer to an exercise of the course."""

from __future__ import annotations

import argparse
import runpy
import traceback
from collections.abc import Callable
from numbers import Real
from pathlib import Path
from typing import Any

from spectral_core.cli.verify import with_proofs
from spectral_core.errors import InvalidInputError


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "exercise",
        help="judge a formula, numbers or a function as the answer to an exercise of the course",
        description="Without a name: lists the exercises. With a name alone: shows the question. With an answer: says "
        "whether it is right, or shows a network of whole numbers for which it is wrong, and a hint. A formula of blocks is "
        "decided by a proof. A formula with x, z, u and f, numbers, and a function in Python are compared with the definition. Exit code 0 "
        "for a right answer, 1 for a wrong one, 2 if it cannot be read or run. --code runs the file that you name, with all your "
        "rights; nothing else is run. Name only a file that you trust.",
        epilog="examples: spectral-core exercise diagonal 'L(i)'; spectral-core exercise code-inverse --code answer.py. Write -- before "
        "an answer that begins with a minus sign. The language is described in docs/formulas.md and docs/course/exercises.md",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="the exercise")
    parser.add_argument("answer", nargs="?", metavar="ANSWER", help="the right side of the identity, or numbers")
    parser.add_argument("--code", metavar="FILE", help="a Python file with the function; it is run")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command of the proofs."""
    if options.code is not None and options.answer is not None:
        raise InvalidInputError("give a formula or --code FILE, not both")
    if options.code is not None and options.name is None:
        raise InvalidInputError("--code needs the name of an exercise before it")
    code = None if options.code is None else _code(Path(options.code))
    return with_proofs("exercise", lambda command, means: command.exercise(options.name, options.answer, code, means))


def _code(path: Path) -> Callable[[str, tuple[Any, ...]], Any]:
    """Calls a function of the file with arrays; the file itself runs at the first call."""
    namespace: dict[str, Any] = {}

    def call(name: str, arguments: tuple[Any, ...]) -> Any:
        if not namespace:
            if not path.is_file():
                raise InvalidInputError(f"there is no file {path}")
            namespace.update(_answer(path, lambda: runpy.run_path(str(path), run_name="answer")))
        if not callable(namespace.get(name)):
            raise InvalidInputError(f"{path} has no function {name}")
        return _plain(_answer(path, lambda: namespace[name](*map(_arrays, arguments))), f"{path}: {name}")

    return call


def _answer(path: Path, work: Callable[[], Any]) -> Any:
    """What the student's code gives; whatever it raises becomes one line with its place."""
    try:
        return work()
    except (Exception, SystemExit) as error:  # the code is the student's: any error may come
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        at = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        place = "" if at is None else f", line {at}"
        said = error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
        raise InvalidInputError(f"{path}{place}: {type(error).__name__}: {said}") from None


def _arrays(value: Any) -> Any:
    """Tuples, which are vectors and matrices, as arrays; a list stays a list of them."""
    import numpy as np

    return [*map(_arrays, value)] if isinstance(value, list) else np.array(value, dtype=float)


def _plain(value: Any, where: str) -> Any:
    """What a function returned as nested lists of numbers."""
    import numpy as np

    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item, where) for item in value]
    if not isinstance(value, Real):
        raise InvalidInputError(f"{where} must return numbers, arrays or lists of them; got {type(value).__name__}")
    return float(value)
