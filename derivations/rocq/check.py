"""Compiles the theorems of this folder with Rocq in a temporary folder, and asks for the axioms behind each of them.

    python -m derivations.rocq.check

It needs Python's own library and `coqc` with MathComp. It installs nothing. The exit code is 0 if every file compiles and no
theorem rests on an axiom, else 1.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
FILES = ("network.v", "adjoint.v", "steps.v", "neurons.v", "whole.v")
"""The files in the order in which they are compiled: a later one may use those before it."""
LIBRARY = "SpectralCore"
PACKAGES = ("coq", "libcoq-mathcomp-algebra", "libcoq-mathcomp-algebra-tactics")
MISSING = f"Rocq with MathComp is missing; Debian's packages bring it: {' '.join(PACKAGES)}"
CLOSED = "Closed under the global context"
"""What Rocq prints on a theorem that rests on no axiom."""


class MissingRocqError(Exception):
    """`coqc` or MathComp is not installed; the message names the packages."""


class RefusedError(Exception):
    """A file does not compile, or a theorem rests on an axiom; the message is what the compiler printed."""


@dataclass(frozen=True)
class Checked:
    """The theorems that Rocq accepted without an axiom, as (file, name), and the seconds that it took."""

    theorems: tuple[tuple[str, str], ...]
    seconds: float


def sources() -> dict[str, str]:
    """The text of each file of theorems, in the order of compilation."""
    return {name: (FOLDER / name).read_text(encoding="utf-8") for name in FILES}


def theorems_in(text: str) -> list[str]:
    """The names of the theorems that a file states; its lemmas and definitions are not among them."""
    return re.findall(r"^Theorem (\w+)", text, flags=re.MULTILINE)


def check(texts: dict[str, str] | None = None) -> Checked:
    """Compiles the given files (by default those of this folder). Raises `MissingRocqError` or `RefusedError`."""
    start = time.perf_counter()
    texts = sources() if texts is None else texts
    names = [(file, name) for file, text in texts.items() for name in theorems_in(text)]
    with tempfile.TemporaryDirectory() as folder:
        for file, text in texts.items():
            _compile(Path(folder), file, text)
        imported = " ".join(Path(file).stem for file in texts)
        questions = "".join(f"Print Assumptions {Path(file).stem}.{name}.\n" for file, name in names)
        answers = _compile(Path(folder), "questions.v", f"From {LIBRARY} Require {imported}.\n{questions}")
    if answers.split("\n") != [*[CLOSED] * len(names), ""]:
        raise RefusedError(f"a theorem rests on an axiom:\n{answers}")
    return Checked(tuple(names), time.perf_counter() - start)


def _compile(folder: Path, file: str, text: str) -> str:
    """Writes and compiles one file; returns what Rocq printed."""
    (folder / file).write_text(text, encoding="utf-8")
    compiler = shutil.which("coqc")
    if compiler is None:
        raise MissingRocqError(MISSING)
    command = [compiler, "-w", "none", "-Q", ".", LIBRARY, file]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    if done.returncode and "matching logical path mathcomp" in " ".join(done.stderr.split()):
        raise MissingRocqError(MISSING)
    if done.returncode:
        raise RefusedError(done.stderr + done.stdout)
    return done.stdout


def main() -> int:
    """Runs the check and prints one line, or what Rocq refused."""
    try:
        checked = check()
    except (MissingRocqError, RefusedError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Rocq accepts {len(checked.theorems)} theorems without an axiom, {checked.seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
