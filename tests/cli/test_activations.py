"""`--activation`: one name, or one for each hidden layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import Predictor
from spectral_core.cli.program import main
from spectral_core.cli.training_options import NameLists


@pytest.fixture
def table(tmp_path: Path) -> Path:
    x = np.random.default_rng(0).uniform(-1, 1, (60, 2)).round(4)
    path = tmp_path / "rows.csv"
    path.write_text("a,b,y\n" + "".join(f"{a},{b},{abs(a) + b * b:.5f}\n" for a, b in x))
    return path


def test_a_search_with_two_activations_and_what_comes_after(table: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out"
    command = ["search", str(table), "--hidden", "4x3", "--epochs", "5", "--sizes", "8", "--out", str(out)]
    assert main([*command, "--activation", "relu,tanh"]) == 0
    assert json.loads((out / "report.json").read_text())["activation"] == "relu,tanh"
    assert Predictor.load(out / "model.npz").network.activation == ("relu", "tanh")
    capsys.readouterr()
    assert main(["inspect", str(out / "model.npz")]) == 0
    assert "relu,tanh" in capsys.readouterr().out
    for later in (
        ["predict", str(out / "compact.npz"), str(table), "--out", str(tmp_path / "p.csv")],
        ["score", str(out / "compact.npz"), str(table)],
        ["prune", str(out / "model.npz"), str(table), "--fraction", "0.2", "--out", str(tmp_path / "less.npz")],
        ["report", str(out)],
    ):
        assert main(later) == 0, later
    assert "relu,tanh" in (out / "report.html").read_text()


def test_a_file_of_options_has_a_list(table: Path, tmp_path: Path) -> None:
    config = tmp_path / "options.toml"
    config.write_text('hidden = [4, 3]\nactivation = ["relu", "tanh"]\nepochs = 3\nsizes = [8]\n')
    assert main(["search", str(table), "--config", str(config), "--out", str(tmp_path / "out")]) == 0
    assert Predictor.load(tmp_path / "out" / "model.npz").network.activation == ("relu", "tanh")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("relu,tanh", "one for each hidden layer: 1 here; got 2, relu,tanh"),
        ("relu,sigmoid", "invalid choice: 'relu,sigmoid'"),
        ("relu,", "invalid choice: 'relu,'"),
    ],
)
def test_wrong_names_are_refused_before_the_work(
    table: Path, tmp_path: Path, capsys: Any, names: str, message: str
) -> None:
    command = ["search", str(table), "--activation", names, "--hidden", "4", "--out", str(tmp_path / "out")]
    try:
        code = main(command)
    except SystemExit as stop:
        code = int(stop.code or 0)
    assert code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_names_of_an_option_may_stand_together() -> None:
    known = NameLists(("relu", "tanh"))
    assert list(known) == ["relu", "tanh"]
    assert [name in known for name in ("relu", "tanh,relu", "relu,", "", "sine", "relu,sine", 3)] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip
