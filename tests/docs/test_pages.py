"""The pages for people: every link and every path exists, and the README's example prints what the README shows."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import spectral_core
from spectral_core.cli.program import main
from tests.builders import ROOT

PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:spectral_core|derivations|tests|docs|benchmarks)/[^`\s]*)`")
NAME = re.compile(r"`(spectral_core(?:\.\w+)+)`")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def found(name: str) -> bool:
    """Whether a dotted name is a module, or an attribute of one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            value = getattr(value, part, None)
        return value is not None
    return False


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = [link.split("#")[0] for link in LINK.findall(prose(page)) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_exists(page: Path) -> None:
    assert [path for path in PATH.findall(prose(page)) if not any(ROOT.glob(path.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_dotted_name_exists(page: Path) -> None:
    assert [name for name in NAME.findall(prose(page)) if not found(name)] == []


def test_the_readme_is_short_and_names_the_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert "make search" in text
    assert "make test" in text


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "spectral_core", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    commands = re.findall(r"^    ([a-z][a-z-]*)\b", done.stdout.split("COMMAND\n")[-1], re.MULTILINE)
    assert len(commands) >= 10
    assert [command for command in commands if command not in text] == []


def test_the_example_of_the_readme_prints_its_output(tmp_path: Path) -> None:
    """The sizes of the network, in the first line, may differ on another processor."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code, output = re.findall(r"```(?:python)?\n(.*?)```\n", text.split("## In Python")[1], re.DOTALL)[:2]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sizes, *printed = done.stdout.splitlines()
    shown_sizes, *shown = output.splitlines()
    assert printed == shown
    assert re.sub(r"\d+", "N", sizes) == re.sub(r"\d+", "N", shown_sizes)
    assert {path.name for path in (tmp_path / "results/kink").iterdir()} >= {"model.npz", "compact.npz", "report.txt"}


def test_the_commands_of_the_readme_run_on_a_file_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("## On your own file")[1]
    block = re.findall(r"```\n(.*?)```\n", text, re.DOTALL)[0]
    commands = [line.split("#")[0].split()[1:] for line in block.splitlines()]
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    area, age = generator.uniform(40, 200, 200).round(), generator.uniform(0, 80, 200).round()
    rows = zip(area, age, 2 * area - age + 3 * np.maximum(area - 120, 0), strict=True)
    lines = ["area,age,price", *(f"{a},{b},{c}" for a, b, c in rows)]
    Path("houses.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    Path("new.csv").write_text("area,age\n150,10\n60,70\n", encoding="utf-8")
    search, predict, prune = commands
    assert main([*search, "--epochs", "60"]) == 0
    assert {"report.txt", "network.png"} <= {path.name for path in Path("results/houses").iterdir()}
    capsys.readouterr()
    assert main(predict) == 0
    header, large, small = capsys.readouterr().out.split()
    assert header == "price"
    assert float(large) == pytest.approx(380, abs=40)
    assert float(small) == pytest.approx(50, abs=40)
    assert main(prune) == 0
    assert Path("results/smaller/pruned.npz").exists()


def test_the_pages_name_no_place_of_one_machine() -> None:
    for page in [*PAGES, ROOT / "CHANGELOG.md"]:
        assert not re.search(r"/(?:work|tmp|home)/", page.read_text(encoding="utf-8")), page


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == spectral_core.__version__
    assert f"\nversion: {project['version']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {project['version']} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_hints_name_a_command_that_works_in_the_sources() -> None:
    """No index has the package: `pip install 'spectral-core[full]'` finds nothing."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = set()
    for path in [*(ROOT / "spectral_core").rglob("*.py"), *PAGES]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pip install '?spectral[-_]core", text), path
        named |= {extra for group in re.findall(r"pip install '\.\[([\w,]+)\]'", text) for extra in group.split(",")}
    assert named <= set(extras)
    assert {"full", "cuda", "cluster"} <= named
