"""`choose`: the sizes of a finished search, and one of them as a model file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import Predictor, search
from spectral_core.architecture.result import SearchResult
from spectral_core.cli.program import main
from tests.cli.test_shrink import refused


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of a search."""
    x = np.random.default_rng(0).normal(size=(120, 3))
    home = tmp_path_factory.mktemp("found") / "out"
    search(x, (x[:, 0] + np.abs(x[:, 1]) > 0.6).astype(int), hidden=(6,), epochs=10, seed=0).save(home)
    return home


def test_without_a_size_the_sizes_are_listed(found: Path, capsys: Any) -> None:
    assert main(["choose", str(found)]) == 0
    text = capsys.readouterr().out
    assert main(["choose", str(found), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["curve"]
    curve = SearchResult.load(found).curve
    assert curve is not None
    assert [row["weights"] for row in rows] == [point.weights for point in curve]
    assert all(f"{point.weights:>8,}{point.biases:>8,}" in text for point in curve)
    assert "chosen" in text


@pytest.mark.parametrize("by", ["weights", "score"])
def test_a_size_becomes_a_model_file(found: Path, tmp_path: Path, capsys: Any, by: str) -> None:
    result = SearchResult.load(found)
    assert result.curve is not None
    kept = result.curve[result.curve.chosen]
    wanted = kept.weights if by == "weights" else kept.score - 1e-9
    point = result.curve.at(**{by: wanted})
    assert point != result.curve[0]
    assert main(["choose", str(found), f"--{by}={wanted}", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert Path(written["written"]) == found / f"weights-{point.weights}.npz"
    assert written["point"]["weights"] == point.weights
    model, x = Predictor.load(written["written"]), np.random.default_rng(1).normal(size=(9, 3))
    np.testing.assert_array_equal(model.predict(x), result.at(**{by: wanted}).predict(x))
    assert main(["choose", str(found), f"--{by}={wanted}", "--out", str(tmp_path / "small.npz")]) == 0
    assert f"written: {tmp_path / 'small.npz'}" in capsys.readouterr().out
    assert (tmp_path / "small.npz").exists()


def test_what_cannot_be_chosen_is_said_in_one_line(found: Path, tmp_path: Path, capsys: Any) -> None:
    assert "weights must be a whole number of at least 0; got -1" in refused(capsys, "choose", found, "--weights", "-1")
    assert "got score=2.0" in refused(capsys, "choose", found, "--score", "2")
    assert "--out needs --weights or --score" in refused(capsys, "choose", found, "--out", tmp_path / "a.npz")
    for name in ("compact.npz", "sizes.npz"):
        before = (found / name).read_bytes()
        assert "belongs to the search" in refused(capsys, "choose", found, "--weights", "9", "--out", found / name)
        assert (found / name).read_bytes() == before
    assert "no such folder" in refused(capsys, "choose", tmp_path / "nowhere")
    x = np.random.default_rng(0).normal(size=(60, 2))
    search(x, x[:, 0], hidden=(3,), epochs=3, strategy="seed").save(tmp_path / "seed")
    assert "gives a curve of sizes" in refused(capsys, "choose", tmp_path / "seed", "--weights", "3")
    message = refused(capsys, "predict", found / "sizes.npz", "wine")
    assert f"; spectral-core choose {found} --weights N writes one of its networks\n" in message


def test_a_search_names_the_command_for_another_size(tmp_path: Path, capsys: Any) -> None:
    rows = [f"{i % 7},{abs(i % 7 - 3)}.5" for i in range(60)]
    (tmp_path / "bend.csv").write_text("\n".join(["a,y", *rows]), encoding="utf-8")
    home = tmp_path / "two words"
    again = ["search", str(tmp_path / "bend.csv"), "--hidden", "3", "--epochs", "3", "--out", str(home)]
    assert main(again) == 0
    printed = capsys.readouterr()
    assert f"spectral-core choose '{home}' --weights N\n" in printed.out
    assert "of an earlier search" not in printed.err
    # What a second search does not write anew is said.
    assert main(["choose", str(home), "--weights", "4"]) == 0
    (chosen,) = home.glob("weights-*.npz")
    (home / "report.html").write_text("", encoding="utf-8")
    (home / "notes.txt").write_text("", encoding="utf-8")
    capsys.readouterr()
    assert main([*again, "--strategy", "seed"]) == 0
    line = next(line for line in capsys.readouterr().err.splitlines() if "earlier" in line)
    left = ["curve.csv", "curve.png", "proposal.npz", "report.html", "sizes.npz", chosen.name]
    assert line == f"spectral-core: of an earlier search in {home}, and not replaced: {', '.join(left)}"


def test_results_of_an_earlier_version_have_no_network_that_is_behind(found: Path, tmp_path: Path) -> None:
    shutil.copytree(found, tmp_path / "old")
    report = json.loads((found / "report.json").read_text(encoding="utf-8"))
    for point in report["curve"]:
        del point["behind"]
    (tmp_path / "old" / "report.json").write_text(json.dumps(report), encoding="utf-8")
    curve = SearchResult.load(tmp_path / "old").curve
    assert curve is not None
    assert not any(point.behind for point in curve)
