"""The page that `search --html` writes, and the command by which it says how to repeat the search."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from spectral_core.cli import search
from spectral_core.cli.program import build_parser, main


@pytest.fixture
def table(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(120, 2))
    lines = ["width,height,kind", *(f"{a},{b},{'big' if a + b > 0 else 'small'}" for a, b in x.tolist())]
    path = tmp_path / "my things.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


QUICK = ["--hidden", "4", "--epochs", "5", "--strategy", "seed"]


def test_a_search_writes_the_page_and_its_command_repeats_it(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["search", str(table), *QUICK, "--seed", "3", "--html", "--out", str(first)]) == 0
    assert "report.html" in capsys.readouterr().out
    report = json.loads((first / "report.json").read_text(encoding="utf-8"))
    page = (first / "report.html").read_text(encoding="utf-8")
    words = shlex.split(report["command"])
    assert words[:3] == ["spectral-core", "search", str(table)]
    assert "--html" not in words
    assert "--out" not in words
    assert "--seed 3" in page
    assert report["target"] == "kind"
    assert report["classes"] == ["big", "small"]
    # The command repeats the search to the bit.
    assert main([*words[1:], "--out", str(second)]) == 0
    again = json.loads((second / "report.json").read_text(encoding="utf-8"))
    assert again | {"seconds": 0} == report | {"seconds": 0}
    assert not (second / "report.html").exists()


@pytest.mark.parametrize(
    "chosen",
    [
        [],
        ["--epochs", "7", "--compare", "--target", "it's"],
        ["--target=-5", "--seed", "3", "--hidden", "4,5"],
        ["--drop", "a,b c", "--task", "regression", "--test-fraction", "0.2"],
    ],
)
def test_the_command_names_what_was_chosen(chosen: list[str]) -> None:
    options = build_parser().parse_args(["search", "a b.csv", *chosen, "--out", "x", "--html", "--quiet"])
    words = shlex.split(search._command(options))
    assert words[:3] == ["spectral-core", "search", "a b.csv"]
    assert len(words) == 3 + len(chosen)
    again = vars(build_parser().parse_args(words[1:])) | {"out": "x", "html": True, "quiet": True}
    assert again == vars(options)


def test_inspect_names_neurons_in_its_picture(table: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert main(["search", str(table), *QUICK, "--out", str(tmp_path / "r")]) == 0
    for name in ("model", "compact"):
        assert main(["inspect", str(tmp_path / "r" / f"{name}.npz"), "--out", str(tmp_path / name)]) == 0
        assert (tmp_path / name / "network.png").stat().st_size > 1000
