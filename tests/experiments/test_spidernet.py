"""SpiderNet in small: its arms, its table, its command."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core.architecture.image_options import ImageSearchOptions
from spectral_core.cli.program import main
from spectral_core.errors import InvalidInputError
from spectral_core.experiments.spidernet import experiment, results
from spectral_core.kernels.cpu import images
from spectral_core.networks.cells import OPERATIONS

TINY = experiment.SETTINGS["quick"] | {
    "images": 40, "test": 30, "channels": 1, "final_epochs": 1, "score_images": 8, "data": "digits", "size": 4, "split": 0,
}  # fmt: skip


@pytest.mark.parametrize("arm", experiment.ARMS)
def test_each_arm_has_its_numbers(arm: str) -> None:
    found = experiment.measure(TINY, {"arm": arm}, 3)
    given = experiment.parts(TINY)
    net, rounds = experiment.trained(TINY, arm, given, 3)
    right = net.compact().forward(given.test.images).argmax(1) == given.test.labels
    assert found["accuracy@0"] == np.mean(right)
    assert found["parameters"] == net.n_parameters
    assert found["parameters@0"] == net.compact().n_parameters
    assert json.loads(found["rounds"]) == rounds
    assert len(rounds) == (0 if arm == "hand-made" else 3)
    assert sum(row["epochs"] for row in rounds) == (0 if arm == "hand-made" else 3)
    assert "seconds" not in found["rounds"]
    assert len(given.training) == 40


def test_the_network_made_by_hand_sees_as_many_images() -> None:
    """Each cell reads the one before alone, with two residual separable convolutions."""
    settings = TINY | {"reductions": 2, "rounds": 2, "epochs": 2, "final_epochs": 1}
    net, _ = experiment.trained(settings, "hand-made", experiment.parts(settings), 0)
    assert [cell.inputs for cell in net.structure.cells] == [1, 2, 3]
    assert all(names == ("identity", "sep3") for cell in net.structure.cells for _, names in cell.edges)
    assert [edge for edge, _ in net.structure.cells[2].edges] == [(2, 3), (3, 4)]


def test_the_network_made_by_hand_has_as_many_parameters_as_a_searched_one() -> None:
    given, wanted = experiment.parts(TINY), 3000
    options = ImageSearchOptions(channels=2, reductions=1, rounds=2, parameters=wanted)
    found = [experiment.by_hand(options, given, count).n_parameters for count in range(1, 30)]
    made = experiment.made_by_hand(replace(options, epochs=1, final_epochs=1), given).n_parameters
    assert made == min(found, key=lambda size: abs(size - wanted))


def test_summaries_by_hand() -> None:
    def row(arm: str, hit: float, size: int) -> dict[str, Any]:
        by_share = {
            f"{name}@{share:g}": value
            for share in experiment.SHARES
            for name, value in (("accuracy", hit), ("parameters", size), ("products", 10 * size))
        }
        return {"arm": arm, "bytes": 1000, "failure": None, "rounds": "[]", **by_share}

    rows = [row("search", 0.5, 100), row("search", 0.7, 120), row("random", 0.4, 55), row("random", 0.5, 55)]
    found = results.summary(rows)
    assert found["search", 0.0]["accuracy"] == pytest.approx(60)
    assert found["search", 0.5]["deviation"] == pytest.approx(math.sqrt(200))
    assert found["search", 0.0]["parameters"] == 110
    assert results.verdicts(found) == [
        "search - random: +15.0 points (more than the standard error of 11.2) at 2.00 times the parameters"
    ]
    text = results.table(rows)
    assert "60.0 ± 14.1" in text
    assert "2 runs of each arm" in text
    alone = results.verdicts(results.summary([rows[0], rows[2]]))
    assert alone == ["search - random: +10.0 points (one run says nothing on chance) at 1.82 times the parameters"]


def test_the_command_writes_its_files_and_continues(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason="the extra `full` (matplotlib) is not installed")
    small = {name: TINY[name] for name in ("images", "test", "channels", "final_epochs", "score_images")}
    monkeypatch.setitem(experiment.SETTINGS, "quick", experiment.SETTINGS["quick"] | small)
    given = ["reproduce", "spidernet", "--quick", "--size", "4", "--jobs", "1", "--out", str(tmp_path)]
    assert main([*given, "--arms", "search,hand-made"]) == 0
    text = capsys.readouterr().out
    assert "search - hand-made" in text
    names = {"sweep.sqlite", "results.csv", "table.txt", "summary.json", "spidernet.png", "cells.png"}
    assert names <= {path.name for path in tmp_path.iterdir()}
    before = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert main([*given, "--arms", "search,hand-made", "--quiet"]) == 0
    after = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert before["content"] == after["content"]
    assert [entry["arm"] for entry in before["arms"]] == ["search"] * 4 + ["hand-made"] * 4


def test_two_processes_compile_every_kernel_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together they have all operations; windows that run alone are those of the slow ones, with the types of a training."""
    quick, slow = [part.args[1] for part in experiment.experiment().ahead]  # type: ignore[attr-defined]
    assert sorted([*quick, *slow]) == sorted(OPERATIONS)
    experiment.dry_run(TINY, OPERATIONS)
    kernels = {f"{way}_{kind}": way for way in ("forward", "adjoint") for kind in ("window_5", "pool")}
    before, called = {name: set(getattr(images, name).signatures) for name in kernels}, set[str]()

    def noted(name: str, kernel: Any) -> Any:
        return lambda *given: (called.add(name), kernel(*given))[1]

    for name, kernel in [*vars(images).items()]:
        if name.startswith(("forward_", "adjoint_")):
            monkeypatch.setattr(images, name, noted(name, kernel))
    experiment.touch_windows(TINY, slow)
    assert called == set(kernels)
    monkeypatch.undo()
    assert {name: set(getattr(images, name).signatures) for name in kernels} == before
    assert all(before.values())


def test_what_breaks_a_rule_is_named() -> None:
    for options, message in (
        ({"scale": "huge"}, "scale must be one of quick, reduced, full"),
        ({"arms": ["search", "luck"]}, r"arms\[1\] must be one of search, random, restart, published, hand-made"),
        ({"runs": 0}, "runs must be"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            experiment.experiment(**options)  # type: ignore[arg-type]


def test_images_sorted_by_class_are_drawn_from_all_classes(tmp_path: Path) -> None:
    """Training, test and refit images; the built-in digits stay the first ones, with which results were published."""
    generator, labels = np.random.default_rng(0), np.repeat(np.arange(4), 50)
    np.savez(tmp_path / "sorted.npz", X=generator.random((200, 4, 4)), y=labels)
    settings = TINY | {"data": str(tmp_path / "sorted.npz")}
    given = experiment.parts(settings)
    for part, count in ((given.training, 40), (given.test, 30)):
        assert len(part) == count
        assert np.bincount(part.labels).min() >= count // 4 - 1
    assert np.bincount(experiment.few(settings, given.training, 12).labels).tolist() == [3, 3, 3, 3]
    digits = experiment.parts(TINY)
    assert (digits.training.images == experiment.parts(TINY | {"images": 1000}).training.images[:40]).all()


def test_flips_are_an_option() -> None:
    own: dict[str, Any] = {"data": "other.npz", "scale": "reduced"}
    assert experiment.experiment(**own).settings["flip"] is True
    assert experiment.experiment(**own, flip=False).settings["flip"] is False
    assert experiment.experiment(scale="reduced").settings["flip"] is False
