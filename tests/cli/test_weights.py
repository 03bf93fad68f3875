"""The column of weights of a table on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import Predictor
from spectral_core.architecture import search as search_module
from spectral_core.cli.program import main

pytest.importorskip("matplotlib")


def test_rows_of_weight_zero_do_not_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rows that follow another law have weight 0, and the weight is no feature."""
    generator = np.random.default_rng(0)
    lines = ["a,w,b,y"]
    for k in range(160):
        a, b = generator.normal(size=2)
        lines.append(f"{a:.4f},{k % 2},{b:.4f},{a - b if k % 2 else 50 * b:.4f}")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    command = ["search", str(tmp_path / "t.csv"), "--hidden", "2", "--epochs", "150", "--strategy", "seed"]
    assert main([*command, "--weight", "w", "--out", str(tmp_path / "o")]) == 0
    model = Predictor.load(tmp_path / "o" / "model.npz")
    assert model.feature_names == ("a", "b")
    report = json.loads((tmp_path / "o" / "report.json").read_text())
    assert report["test_score_after"] > 0.9, "test rows of weight 0 do not count either"
    assert report["constant_score"] == 0
    np.testing.assert_allclose(model.predict([[1.0, 0.0], [0.0, 1.0]]), [1, -1], atol=0.3)


@pytest.mark.parametrize(("part", "weighted"), [("test", 28), ("validation", 20)])
def test_weights_of_zero_for_all_rows_of_a_part_are_refused_before_the_search(
    part: str, weighted: int, tmp_path: Path, capsys: Any
) -> None:
    rows = "".join(f"{k},{int(k < weighted)},{k % 7},{k * k}\n" for k in range(40))
    (tmp_path / "t.csv").write_text(f"a,w,b,y\n{rows}")
    command = ["search", str(tmp_path / "t.csv"), "--weight", "w", "--time", "a"]
    assert main([*command, "--out", str(tmp_path / "o")]) == 2
    assert f"column 'w' of the {part} rows must not be negative, and not zero everywhere" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("column", ["--group", "--time"])
def test_validation_rows_that_are_drawn_by_groups_have_their_weights(column: str, tmp_path: Path) -> None:
    """Rows of weight 0 neither judge nor fit, as where rows are drawn one by one."""
    rng = np.random.default_rng(0)
    a, weights = rng.normal(size=300), np.where(rng.random(300) < 0.3, 0, 1)
    y = np.where(weights, 3 * a + 0.1 * rng.normal(size=300), 300 * rng.normal(size=300))
    other = rng.integers(0, 60, 300) if column == "--group" else np.arange(300)
    lines = [f"{a[k]:.6f},{other[k]},{weights[k]},{y[k]:.6f}" for k in range(300)]
    (tmp_path / "t.csv").write_text("\n".join(["a,other,w,y", *lines]))
    command = ["search", str(tmp_path / "t.csv"), "--weight", "w", column, "other", "--hidden", "4", "--epochs", "5"]
    assert main([*command, "--out", str(tmp_path / "o")]) == 0
    report = json.loads((tmp_path / "o" / "report.json").read_text())
    assert report["validation_score_after"] > 0.99
    assert report["test_score_after"] > 0.99
    rows = Predictor.load(tmp_path / "o" / "compact.npz").rows
    assert (weights[rows["training"]] == 1).all()
    assert report["test_samples"] == np.count_nonzero(weights[rows["test"]])


def test_validation_rows_keep_their_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    real = search_module.search

    def noted(*arguments: Any, **options: Any) -> Any:
        given.append(options["validation_data"])
        return real(*arguments, **options)

    monkeypatch.setattr(search_module, "search", noted)
    weights = np.arange(60) % 3
    rows = "".join(f"{k},{weights[k]},{k * 7 % 11},{k * k}\n" for k in range(60))
    (tmp_path / "t.csv").write_text(f"a,w,b,y\n{rows}")
    command = ["search", str(tmp_path / "t.csv"), "--weight", "w", "--time", "a", "--hidden", "2", "--epochs", "2"]
    assert main([*command, "--out", str(tmp_path / "o")]) == 0
    ((x, _, own),) = given
    judging = [k for k in range(34, 42) if weights[k]]  # the last fifth before the test rows
    assert x[:, 0].tolist() == [k * 7 % 11 for k in judging]
    assert own.tolist() == weights[judging].tolist()
