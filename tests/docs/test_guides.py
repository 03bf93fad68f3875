"""The code of the guides runs, and every command on a page is one that the program reads.

The lessons run in `test_site`. Blocks that another test runs are named in `ELSEWHERE`, those that nothing runs in `NOT_RUN`.
"""

from __future__ import annotations

import argparse
import functools
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import spectral_core
from docs.site import cells
from spectral_core.cli.program import build_parser
from tests.builders import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
RUN = ("search.md", "estimators.md", "models.md", "reports.md", "sweeps.md", "images.md")
"""Pages whose Python blocks run here, in order."""
ELSEWHERE = {
    ("README.md", "python", 1): "tests/docs/test_pages.py",
    ("shrink-and-grow.md", "python", 1): "tests/resizing/test_pruning.py",
    ("sweeps.md", "python", 2): "tests/sweeps/test_runner.py",
    ("gpu.md", "python", 1): "tests/kernels/cuda/test_cuda.py",
    ("gpu.md", "python", 2): "tests/kernels/cuda/test_cuda.py",
    ("javascript.md", "js", 1): "tests/exchange/test_javascript.py",
    **{("formulas.md", "console", number): "tests/derivations/formulas/test_language.py" for number in range(1, 12)},
}
NOT_RUN = {
    ("sweeps.md", "python", 3): "needs Ray, which no extra of the package installs; it is compiled",
    ("javascript.md", "html", 1): "the names that it imports are looked for in a module that is written here",
}
KINDS = ("python", "console", "js", "html", "sh", "bash")


def blocks() -> list[tuple[str, str, int, str]]:
    """(page, kind, number among its kind, text) of every block of code outside the course."""
    found = []
    for page in PAGES:
        if "course" in page.parts:
            continue
        counts: dict[str, int] = {}
        for fence in cells.FENCE.finditer(page.read_text(encoding="utf-8")):
            kind = fence["kind"].strip()
            if kind in KINDS:
                counts[kind] = counts.get(kind, 0) + 1
                found.append((page.name, kind, counts[kind], fence["body"]))
    return found


def table() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    return x, x[:, 0] - np.maximum(x[:, 1], 0)


def given(page: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a page leaves to its reader: data, models of other software, and for images a small search of a small file."""
    if page in ("models.md", "reports.md"):
        x, y = table()
        quick = functools.partial(spectral_core.search, hidden=(6,), epochs=20)
        return {"X": x, "y": y, "search": quick, **(others() if page == "models.md" else {})}
    if page == "images.md":
        draw = np.random.default_rng(0)
        np.savez("cifar10.npz", X=draw.integers(0, 255, (60, 32, 32, 3), dtype=np.uint8), y=np.arange(60) % 3)
        few = functools.partial(spectral_core.search_images, rounds=1, epochs=1, final_epochs=1, batch_size=20)
        monkeypatch.setattr(spectral_core, "search_images", few)
    return {}


def others() -> dict[str, Any]:
    """A fitted network of scikit-learn, and what Keras and PyTorch hand over."""
    from sklearn.neural_network import MLPRegressor

    x, y = table()
    draw = np.random.default_rng(0).normal
    keras = [draw(size=size).astype(np.float32) for size in ((2, 4), (4,), (4, 1), (1,))]
    sizes = {"0.weight": (4, 2), "0.bias": (4,), "2.weight": (3, 4), "2.bias": (3,), "4.weight": (1, 3), "4.bias": (1,)}
    torch = {name: draw(size=size).astype(np.float32) for name, size in sizes.items()}
    return {
        "mlp": MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=50, random_state=0).fit(x, y),
        "model": SimpleNamespace(get_weights=lambda: keras),
        "module": SimpleNamespace(state_dict=lambda: torch),
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("page", RUN)
def test_the_code_of_a_guide_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = given(page, monkeypatch) | {"__name__": "guide"}
    ran = 0
    for where, kind, number, text in blocks():
        if where == page and kind == "python" and (where, kind, number) not in ELSEWHERE | NOT_RUN:
            exec(compile(text, f"{page}, block {number}", "exec"), names)
            ran += 1
    assert ran


def test_every_block_of_code_is_run_somewhere_or_says_why_not() -> None:
    here = {(page, kind, number) for page, kind, number, _ in blocks()}
    assert (ELSEWHERE | NOT_RUN).keys() <= here
    left = here - (ELSEWHERE | NOT_RUN).keys()
    assert {page for page, kind, _ in left if kind == "python"} == set(RUN)
    assert {kind for _, kind, _ in left} == {"python"}


@pytest.mark.parametrize(("block", "test"), sorted(ELSEWHERE.items()))
def test_the_other_test_reads_the_page(block: tuple[str, str, int], test: str) -> None:
    assert block[0] in (ROOT / test).read_text(encoding="utf-8")


def test_what_is_not_run_can_be_read(tmp_path: Path) -> None:
    text = {(page, kind, number): body for page, kind, number, body in blocks()}
    compile(text["sweeps.md", "python", 3], "docs/sweeps.md", "exec")
    from sklearn.datasets import load_wine

    found = spectral_core.search(*load_wine(return_X_y=True), hidden=(4,), epochs=10)
    found.to_js(tmp_path / "wine.js")
    imported = re.findall(r"import \{ (.*) \} from", text["javascript.md", "html", 1])[0].split(", ")
    text_of_module = (tmp_path / "wine.js").read_text(encoding="utf-8")
    exported = re.findall(r"(?:^export (?:const|function) |,\n?)(\w+)[=(]", text_of_module, re.MULTILINE)
    assert set(imported) <= set(exported)


# --- commands -------------------------------------------------------------------------------------------------------------

COMMAND = re.compile(r"(?:^\$? *|`)(spectral-core [a-z][^\n`]*)", re.MULTILINE)
SHOWN = re.compile(r"\[[^\]]*\]|\.\.\.| \| ")
NAMED = {"spectral-core verify --formula", "spectral-core compact", "spectral-core images compact"}
"""Commands that a sentence only names, without their arguments."""
PARTS = re.compile(r"\b(?:[A-Z][A-Z0-9_]+(?:=[A-Z,.]+)?)\b")


def commands() -> list[tuple[str, str]]:
    """(page, command) of every command that a page writes out; one with names to fill in, such as DATA, is a pattern."""
    found = []
    for page in PAGES:
        for text in COMMAND.findall(page.read_text(encoding="utf-8").replace("\\\n", " ")):
            command = re.split(r" +#| >>? [~\w./-]+$|;\s*$", text)[0].strip()
            if not PARTS.search(command) and not SHOWN.search(command) and command not in NAMED:
                found.append((str(page.relative_to(ROOT)), command))
    return sorted(set(found))


def parsed(command: str, reader: Callable[[list[str]], argparse.Namespace]) -> str:
    """The error of a command, empty where it is read."""
    try:
        reader(shlex.split(command)[1:])
    except SystemExit as left:
        return "" if left.code == 0 else f"{command}: exit code {left.code}"
    return ""


def test_every_command_of_the_pages_is_read_by_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    reader = build_parser().parse_args
    found = commands()
    assert len(found) > 60
    assert [f"{page}: {error}" for page, command in found if (error := parsed(command, reader))] == []
    capsys.readouterr()


def test_a_wrong_command_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    reader = build_parser().parse_args
    assert parsed("spectral-core search wine --hiden 3", reader) != ""
    assert parsed("spectral-core search wine --hidden 3", reader) == ""
    capsys.readouterr()
