"""Trials of an installation in fresh environments: bare, full, and the tests of the source archive.

    python tests/install/trials.py

The Python that runs it needs pytest and the test tools. Everything is made in a temporary folder. The exit code is 0 if every
trial passes.
"""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {"network.png", "training.png", "spectrum.png"}
SEARCH = ("--strategy", "seed", "--hidden", "5", "--epochs", "30")
SDIST = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"


class TrialError(Exception):
    """A trial failed; the message says which, and what was printed."""


def run(command: Sequence[object], folder: Path, **environment: str) -> str:
    """Run a command that must succeed; returns what it printed on both streams."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    words = list(map(str, command))
    done = subprocess.run(words, cwd=folder, env=clean | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise TrialError(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def require(holds: bool, what: str) -> None:
    if not holds:
        raise TrialError(what)


def build(home: Path) -> tuple[Path, Path]:
    """The unpacked source archive, and the wheel made from it."""
    venv.create(home / "build", with_pip=True)
    python = home / "build" / "bin" / "python"
    run([python, "-m", "pip", "install", "-q", "setuptools>=77"], home)
    run([python, "-c", SDIST, home / "dist"], ROOT)
    with tarfile.open(next((home / "dist").glob("*.tar.gz"))) as archive:
        archive.extractall(home / "sources", filter="data")
    sources = next((home / "sources").iterdir())
    run([python, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", home / "dist", sources], home)
    return sources, next((home / "dist").glob("*.whl"))


def use(python: Path, folder: Path) -> str:
    """Search, predict and prune a CSV file with the installed command; returns what the search printed."""
    folder.mkdir()
    with open(folder / "bend.csv", "w", newline="", encoding="utf-8") as file:
        points = [(math.sin(7 * i), math.cos(3 * i)) for i in range(80)]
        csv.writer(file).writerows([("a", "b", "y"), *((a, b, abs(a) + b) for a, b in points)])
    command = python.with_name("spectral-core")
    said = run([command, "search", "bend.csv", *SEARCH, "--out", "found"], folder)
    run([command, "predict", "found/compact.npz", "bend.csv", "--out", "predicted.csv"], folder)
    run([command, "prune", "found/model.npz", "bend.csv", "--out", "pruned"], folder)
    with open(folder / "predicted.csv", encoding="utf-8") as file:
        require(len(list(csv.reader(file))) == 81, "predict wrote another number of rows than the file has")
    report = json.loads((folder / "found" / "report.json").read_text(encoding="utf-8"))
    require(report["task"] == "regression", "the report names another task")
    require((folder / "pruned" / "pruned.npz").is_file(), "prune wrote no model")
    return said


def bare(python: Path, folder: Path) -> None:
    """Without extras: everything works; one line says that there are no pictures."""
    said = use(python, folder)
    require(said.count("pictures are left out") == 1, f"no line says that there are no pictures:\n{said}")
    require(not any(folder.rglob("*.png")), "there are pictures without matplotlib")
    loaded = "import sys, spectral_core.cli.program as p; p.build_parser(); "
    loaded += "print([m for m in ('sklearn', 'matplotlib', 'pyarrow', 'sympy') if m in sys.modules])"
    require(
        run([python, "-c", loaded], folder).strip() == "[]", "the command line loads libraries before it needs them"
    )
    run([python.with_name("spectral-core"), "verify", "--formula", "A(i,i) = L(i)"], folder)


def full(python: Path, folder: Path) -> None:
    """With the extra `full`: pictures too, and nothing left out."""
    said = use(python, folder)
    require("left out" not in said, f"something is left out:\n{said}")
    found = {path.name for path in (folder / "found").glob("*.png")}
    require(found >= PICTURES, f"pictures are missing: {sorted(PICTURES - found)}")


def archive(sources: Path) -> None:
    """The source archive holds what its tests import and read."""
    options = ["-n", "0", "-q", "-p", "no:cacheprovider"]
    run([sys.executable, "-m", "pytest", *options, "--collect-only"], sources, PYTHONPATH=str(sources))
    files = ["tests/test_imports.py", "tests/docs/test_pages.py", "tests/files"]
    chosen = ["-k", "not example_of_the_readme and not commands_of_the_readme"]  # they train for long
    run([sys.executable, "-m", "pytest", *options, *chosen, *files], sources, PYTHONPATH=str(sources))


def main() -> int:
    """Run all trials; prints one line for each."""
    with tempfile.TemporaryDirectory() as name:
        home, begun = Path(name), time.monotonic()

        def done(what: str) -> None:
            print(f"{what}: passed after {time.monotonic() - begun:.0f} s", flush=True)

        try:
            sources, wheel = build(home)
            done("source archive and wheel built")
            venv.create(home / "fresh", with_pip=True)
            python = home / "fresh" / "bin" / "python"
            install = [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt"]
            run([*install, wheel], home)
            run([python, "-m", "pip", "check"], home)
            done("bare install")
            bare(python, home / "bare")
            done("bare trial")
            run([*install, f"{wheel}[full]"], home)
            full(python, home / "full")
            done("full trial")
            archive(sources)
            done("tests of the source archive")
        except TrialError as error:
            print(f"failed: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
