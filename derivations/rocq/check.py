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
from typing import Any

FOLDER = Path(__file__).parent
FILES = (
    "network.v",
    "adjoint.v",
    "steps.v",
    "neurons.v",
    "whole.v",
    "programs.v",
    "programs_agree.v",
    "scalars_agree.v",
    "rational.v",
)
"""The files in the order in which they are compiled: a later one may use those before it."""
LIBRARY = "SpectralCore"
PACKAGES = ("coq", "libcoq-mathcomp-algebra", "libcoq-mathcomp-algebra-tactics")
MISSING = f"Rocq with MathComp is missing; Debian's packages bring it: {' '.join(PACKAGES)}"
CLOSED = "Closed under the global context"
"""What Rocq prints on a theorem that rests on no axiom."""


LEFT_OUT = re.compile(r"^ {3}left out: (.+): (\d+)$", re.MULTILINE)
ALIKE = re.compile(r"^ {3}written alike on both sides: (\d+)$", re.MULTILINE)


class MissingRocqError(Exception):
    """`coqc` or MathComp is not installed; the message names the packages."""


class RefusedError(Exception):
    """A file does not compile, or a theorem rests on an axiom; the message is what the compiler printed."""


@dataclass(frozen=True)
class Checked:
    """The theorems that Rocq accepted without an axiom, as (file, name), and the seconds that it took."""

    theorems: tuple[tuple[str, str], ...]
    seconds: float


def is_installed() -> bool:
    """Whether the compiler and the part of MathComp that the files need are there."""
    compiler = shutil.which("coqc")
    if compiler is None:
        return False
    home = subprocess.run([compiler, "-where"], capture_output=True, encoding="utf-8", check=True).stdout.strip()
    return (Path(home) / "user-contrib" / "mathcomp" / "algebra_tactics").is_dir()


def sources() -> dict[str, str]:
    """The text of each file of theorems, in the order of compilation."""
    return {name: (FOLDER / name).read_text(encoding="utf-8") for name in FILES}


def theorems_in(text: str) -> list[str]:
    """The names of the theorems that a file states; its lemmas and definitions are not among them."""
    return re.findall(r"^Theorem (\w+)", text, flags=re.MULTILINE)


def steps_in(text: str) -> str:
    """What the file of rational steps says of itself: how many it proves again, leaves out, and why."""
    (alike,) = ALIKE.findall(text)
    reasons = LEFT_OUT.findall(text)
    proven, out = len(re.findall(r"^Lemma ", text, re.MULTILINE)), sum(int(number) for _, number in reasons)
    why = ", ".join(f"{number} need {reason}" for reason, number in reasons)
    return (
        f"{proven} of {proven + out} steps of certificates that say more than X = X proven again; {alike} say X = X; "
        f"{out} left out: {why}"
    )


def check() -> Checked:
    """Compiles the files of this folder. Raises `MissingRocqError` or `RefusedError`."""
    start = time.perf_counter()
    texts = sources()
    with tempfile.TemporaryDirectory() as folder:
        for file, text in texts.items():
            compile_file(Path(folder), file, text)
        ask_for_axioms(Path(folder), texts)
    names = tuple((file, name) for file, text in texts.items() for name in theorems_in(text))
    return Checked(names, time.perf_counter() - start)


def ask_for_axioms(folder: Path, texts: dict[str, str]) -> None:
    """Raises `RefusedError` if a theorem of these compiled files rests on an axiom. One tuple of all is asked once."""
    modules = [Path(file).stem for file in texts]
    names = [f"@{Path(file).stem}.{name}" for file, text in texts.items() for name in theorems_in(text)]
    question = f"From {LIBRARY} Require {' '.join(modules)}.\nDefinition all := (0, {', '.join(names)}).\n"
    answer = compile_file(folder, "question.v", f"{question}Print Assumptions all.\n")
    if answer.strip() != CLOSED:
        raise RefusedError(f"a theorem rests on an axiom:\n{answer}")


def compile_file(folder: Path, file: str, text: str) -> str:
    """Writes and compiles one file; returns what Rocq printed. Raises `MissingRocqError` or `RefusedError`."""
    (folder / file).write_text(text, encoding="utf-8")
    compiler = shutil.which("coqc")
    if compiler is None:
        raise MissingRocqError(MISSING)
    command = [compiler, "-w", "none", "-Q", ".", LIBRARY, file]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    if done.returncode and re.search(r"Cannot\s+find[^.]*prefix\s+mathcomp\b", done.stderr):
        raise MissingRocqError(MISSING)
    if done.returncode:
        raise RefusedError(done.stderr + done.stdout)
    return done.stdout


def record() -> dict[str, Any]:
    """The outcome as an entry of a JSON report: theorems, seconds, and the failure or None."""
    try:
        checked = check()
    except (MissingRocqError, RefusedError) as error:
        return {"theorems": [], "seconds": None, "failure": str(error)}
    return {"theorems": [name for _, name in checked.theorems], "seconds": round(checked.seconds, 4), "failure": None}


def line(outcome: dict[str, Any] | None) -> str:
    """The outcome in words, for `verify`; None where it was not asked for."""
    if outcome is None:
        return "second logic not checked (--rocq compiles its theorems with Rocq)\n"
    if outcome["failure"]:
        return f"second logic FAILED: {outcome['failure']}\n"
    theorems, seconds = len(outcome["theorems"]), outcome["seconds"]
    return f"second logic: Rocq accepts {theorems} theorems without an axiom, {seconds:.0f} s\n"


def main() -> int:
    """Runs the check and prints one line, or what Rocq refused."""
    try:
        checked = check()
    except (MissingRocqError, RefusedError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Rocq accepts {len(checked.theorems)} theorems without an axiom, {checked.seconds:.0f} s")
    print(steps_in(sources()["rational.v"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
