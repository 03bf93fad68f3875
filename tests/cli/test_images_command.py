"""`spectral-core images`: train, score and predict, from files to files."""

from __future__ import annotations

import csv
import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core.cli.program import main
from spectral_core.networks.image_model import ImageModel
from tests.cli.children import interrupted
from tests.cli.test_shrink import said
from tests.networks.test_image_model import colours, saved

SMALL = ("--channels", "1", "--reductions", "1", "--size", "4", "--batch-size", "8", "--validation-fraction", "0.2")


def refuses(capsys: Any, message: str, *arguments: object) -> None:
    """The command ends with exit code 2, and its last line says this."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 images of three colours, colours.npz, and a training on them, m/."""
    folder = tmp_path_factory.mktemp("images")
    saved(folder / "colours.npz")
    given = ("images", "train", str(folder / "colours.npz"), *SMALL, "--epochs", "8", "--out", str(folder / "m"))
    assert main([*given, "--quiet"]) == 0
    return folder


def test_train_score_and_predict_agree(home: Path, capsys: Any, tmp_path: Path) -> None:
    report = json.loads((home / "m/report.json").read_text(encoding="utf-8"))
    model = ImageModel.load(home / "m/model.npz")
    images, labels = colours()
    rows = model.rows["test"]
    truth = float(np.mean(model.predict(images[rows]) == labels[rows]))
    assert report["accuracy"]["test"] == truth
    assert report["images"] == {"training": 15, "validation": 4, "test": 5}
    assert len(report["history"]["training_loss"]) == len(report["history"]["validation_loss"]) == 8
    assert report["history"]["training_loss"][-1] < report["history"]["training_loss"][0]
    score = json.loads(said(capsys, "images", "score", home / "m/model.npz", home / "colours.npz", "--json"))
    assert score["scores"]["accuracy"] == truth
    assert score["sentence"] == "5 test images of its training; none of them trained the model"
    assert (
        main(
            [
                "images",
                "predict",
                str(home / "m/model.npz"),
                str(home / "colours.npz"),
                "--out",
                str(tmp_path / "p.csv"),
            ]
        )
        == 0
    )
    with open(tmp_path / "p.csv", encoding="utf-8") as file:
        header, *predicted = list(csv.reader(file))
    assert header == ["class"]
    assert [row[0] for row in predicted] == model.predict(images).tolist()
    proba = json.loads(
        said(capsys, "images", "predict", home / "m/model.npz", home / "colours.npz", "--proba", "--json")
    )
    assert list(proba[0]) == ["blue", "green", "red"]
    np.testing.assert_allclose([sum(row.values()) for row in proba], 1)


def test_score_leaves_out_what_trained_the_model(home: Path, capsys: Any, tmp_path: Path) -> None:
    images, labels = colours()
    trained = ImageModel.load(home / "m/model.npz").rows["training"][:4]
    more, names = colours(3, seed=9)
    np.savez(
        tmp_path / "both.npz", X=np.concatenate([images[trained], more]), y=np.concatenate([labels[trained], names])
    )
    text = said(capsys, "images", "score", home / "m/model.npz", tmp_path / "both.npz")
    assert "both.npz: 3 images; 4 images that trained the model were left out" in text
    assert "best constant" in text
    assert "7 images, 4 of which" in said(
        capsys, "images", "score", home / "m/model.npz", tmp_path / "both.npz", "--part", "all"
    )
    refuses(
        capsys,
        "is not the data of the model",
        "images",
        "score",
        home / "m/model.npz",
        tmp_path / "both.npz",
        "--part",
        "test",
    )


def test_a_model_is_trained_further(home: Path, capsys: Any, tmp_path: Path) -> None:
    given = ("images", "train", home / "m/model.npz", home / "colours.npz", *SMALL, "--epochs", "1")
    further = said(capsys, *given, "--learning-rate", "1e-20", "--out", tmp_path)
    assert f"written to {tmp_path}: model.npz, report.json, report.txt" in further
    old, new = ImageModel.load(home / "m/model.npz").network, ImageModel.load(tmp_path / "model.npz").network
    assert old.structure.cells == new.structure.cells
    np.testing.assert_allclose(old.groups["towers[1]"], new.groups["towers[1]"], rtol=1e-6)
    images, labels = colours(9)
    np.savez(tmp_path / "other.npz", X=images, y=np.where(labels == "red", "rose", labels))
    refuses(
        capsys, "is for images of 3×4×4 in the classes blue, green, red; ", "images", "train", home / "m/model.npz",
        tmp_path / "other.npz", *SMALL, "--out", tmp_path / "x",
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_continues_with_the_same_bits(
    home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    given = ("images", "train", home / "colours.npz", *SMALL, "--epochs", "4", "--out", tmp_path)
    code, lines = interrupted(number, 2, given)
    assert code == 128 + number
    assert lines[-1] == "spectral-core: interrupted; the same command continues where it stopped"
    assert len(list(tmp_path.glob("unfinished-*"))) == 1
    assert main(["images", *map(str, given[1:])]) == 0
    assert list(tmp_path.glob("unfinished-*")) == []
    whole = tmp_path / "whole"
    assert main(["images", *map(str, given[1:-1]), str(whole)]) == 0
    one, other = (ImageModel.load(folder / "model.npz").network.parameters for folder in (tmp_path, whole))
    assert (one == other).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--size", "3"), "8×8 pixels do not become 3 rows"),
        (("--size", "4", "--reductions", "3"), "4 rows allow 2 reductions, 3 asked"),
        (("--epochs", "0"), "--epochs must be a whole number of at least 1"),
        (("--channels", "0"), "channels must be"),
        (("--test-fraction", "1"), "test_fraction must be"),
        (("--crop", "-1"), "crop must be"),
    ],
)
def test_what_breaks_a_rule_is_named(home: Path, capsys: Any, options: tuple[str, ...], message: str) -> None:
    refuses(capsys, message, "images", "train", home / "colours.npz", *options, "--out", home / "x")
    assert not (home / "x").exists()


def test_a_dense_model_is_refused_and_options_come_from_a_file(home: Path, capsys: Any, tmp_path: Path) -> None:
    from spectral_core import SpectralNetwork

    SpectralNetwork.initialize([2, 3, 1]).save(tmp_path / "dense.npz")
    refuses(
        capsys, "holds a network; expected image model", "images", "score", tmp_path / "dense.npz", home / "colours.npz"
    )
    refuses(capsys, "no such model file", "images", "predict", tmp_path / "none.npz", home / "colours.npz")
    config = tmp_path / "c.toml"
    config.write_text("channels = 1\nreductions = 0\nsize = 4\nepochs = 1\nquiet = true\n", encoding="utf-8")
    assert (
        main(["images", "train", str(home / "colours.npz"), "--config", str(config), "--out", str(tmp_path / "m")]) == 0
    )
    assert ImageModel.load(tmp_path / "m/model.npz").network.structure.reductions == 0


SEARCH = (*SMALL, "--rounds", "1", "--epochs", "1", "--final-epochs", "1")


def test_search_writes_a_model_that_takes_raw_images(home: Path, capsys: Any, tmp_path: Path) -> None:
    text = said(capsys, "images", "search", home / "colours.npz", *SEARCH, "--out", tmp_path)
    assert f"written to {tmp_path}: model.npz, report.json, report.txt" in text
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert next(row["edges"] for row in report["rows"]) == 5
    model = ImageModel.load(tmp_path / "model.npz")
    assert model.network.structure.record() == report["network"]
    score = json.loads(said(capsys, "images", "score", tmp_path / "model.npz", home / "colours.npz", "--json"))
    assert score["scores"]["accuracy"] == report["accuracy"]["test"]
    again = tmp_path / "again"
    assert main(["images", "search", str(home / "colours.npz"), *SEARCH, "--out", str(again), "--quiet"]) == 0
    assert (ImageModel.load(again / "model.npz").network.parameters == model.network.parameters).all()
    refuses(
        capsys, "memory: the first network needs", "images", "search", home / "colours.npz", *SEARCH, "--memory", "1KB"
    )
    refuses(capsys, "time must be a number with a unit", "images", "search", home / "colours.npz", "--time", "soon")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_search_continues_at_the_last_round(home: Path, tmp_path: Path, number: signal.Signals) -> None:
    given = ["images", "search", str(home / "colours.npz"), *SEARCH, "--epochs", "2", "--out", str(tmp_path)]
    code, lines = interrupted(number, 3, given)  # in the final training
    assert code == 128 + number
    assert lines[-1] == "spectral-core: interrupted; the same command continues where it stopped"
    assert main([*given, "--quiet"]) == 0
    assert list(tmp_path.glob("unfinished-*")) == []
    whole = tmp_path / "whole"
    assert main([*given[:-1], str(whole), "--quiet"]) == 0
    one, other = (ImageModel.load(folder / "model.npz").network.parameters for folder in (tmp_path, whole))
    assert (one == other).all()


def test_compact_is_the_same_function_and_channels_go(home: Path, capsys: Any, tmp_path: Path) -> None:
    images, _ = colours(6)
    model = ImageModel.load(home / "m/model.npz")
    text = said(capsys, "images", "compact", home / "m/model.npz", "--out", tmp_path / "small.npz")
    small = ImageModel.load(tmp_path / "small.npz")
    np.testing.assert_allclose(small.predict_proba(images), model.predict_proba(images), atol=1e-5)
    assert f"{model.network.n_parameters:,} parameters -> {small.network.n_parameters:,}, " in text
    assert "the same function within rounding" in text
    score = json.loads(said(capsys, "images", "score", tmp_path / "small.npz", home / "colours.npz", "--json"))
    report = json.loads((home / "m/report.json").read_text(encoding="utf-8"))
    assert score["scores"]["accuracy"] == report["accuracy"]["test"]
    refuses(capsys, "is compact already", "images", "compact", tmp_path / "small.npz")
    refuses(
        capsys,
        "is compact: it has no batch norms",
        "images",
        "train",
        tmp_path / "small.npz",
        home / "colours.npz",
        *SMALL,
    )
    wide = (
        "images",
        "train",
        home / "colours.npz",
        *SMALL,
        "--channels",
        "2",
        "--epochs",
        "1",
        "--out",
        tmp_path / "w",
    )
    said(capsys, *wide)
    sizes = []
    for options in ((), ("--channels", "0.5"), ("--channels", "0.5", "--data", home / "colours.npz")):
        made = json.loads(said(capsys, "images", "compact", tmp_path / "w/model.npz", *options, "--json"))
        assert made["out"] == str(tmp_path / "w/model-compact.npz")
        sizes.append(made["parameters"])
    assert sizes[0] > sizes[1] == sizes[2]
    given = ("images", "compact", tmp_path / "w/model.npz", "--channels", "0.5", "--by", "path")
    refuses(capsys, "by='path' needs images", *given)
