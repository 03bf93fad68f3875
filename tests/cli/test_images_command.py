"""`spectral-core images`: train, score and predict, from files to files."""

from __future__ import annotations

import argparse
import csv
import json
import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core.cli import images_search
from spectral_core.cli.program import main
from spectral_core.data.image_parts import images_of, pixels_of, standardised
from spectral_core.networks.image_model import ImageModel
from spectral_core.resizing.image_channels import without_channels
from tests.cli.children import interrupted
from tests.cli.test_shrink import said
from tests.networks.test_image_model import colours, saved

SMALL = ("--channels", "1", "--reductions", "1", "--size", "4", "--batch-size", "8", "--validation-fraction", "0.2")
FURTHER = ("--size", "4", "--batch-size", "8")


def refuses(capsys: Any, message: str, *arguments: object) -> None:
    """The command ends with exit code 2, and its last line says this."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def first_share(capsys: Any) -> int:
    """The per cent that the first line of progress on stderr names."""
    return int(re.findall(r": (\d+) %", capsys.readouterr().err)[0])


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
    given = ("images", "train", home / "m/model.npz", home / "colours.npz", *FURTHER, "--epochs", "1")
    further = said(capsys, *given, "--learning-rate", "1e-20", "--out", tmp_path)
    assert f"written to {tmp_path}: model.npz, report.json, report.txt" in further
    old, new = ImageModel.load(home / "m/model.npz").network, ImageModel.load(tmp_path / "model.npz").network
    assert old.structure.cells == new.structure.cells
    np.testing.assert_allclose(old.groups["towers[1]"], new.groups["towers[1]"], rtol=1e-6)
    said(capsys, *given, "--out", tmp_path / "moved")
    moved = ImageModel.load(tmp_path / "moved/model.npz").network
    assert np.abs(moved.groups["kernels[stem]"] - old.groups["kernels[stem]"]).max() > 1e-4
    images, labels = colours(9)
    np.savez(tmp_path / "other.npz", X=images, y=np.where(labels == "red", "rose", labels))
    refuses(
        capsys, "is for images of 3×4×4 in the classes blue, green, red; ", "images", "train", home / "m/model.npz",
        tmp_path / "other.npz", *FURTHER, "--out", tmp_path / "x",
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_continues_with_the_same_bits(
    home: Path, capsys: Any, tmp_path: Path, number: signal.Signals
) -> None:
    given = ("images", "train", home / "colours.npz", *SMALL, "--epochs", "4", "--out", tmp_path)
    code, lines = interrupted(number, 2, given)
    assert code == 128 + number
    assert lines[-1] == "spectral-core: interrupted; the same command continues where it stopped"
    assert len(list(tmp_path.glob("unfinished-*"))) == 1
    capsys.readouterr()
    assert main(["images", *map(str, given[1:])]) == 0
    assert first_share(capsys) == 50  # the second epoch was reported, not yet kept
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
def test_an_interrupted_search_continues_at_the_last_round(
    home: Path, capsys: Any, tmp_path: Path, number: signal.Signals
) -> None:
    given = ["images", "search", str(home / "colours.npz"), *SEARCH, "--epochs", "2", "--out", str(tmp_path)]
    code, lines = interrupted(number, 5, given)  # in the final training
    assert code == 128 + number
    assert lines[-1] == "spectral-core: interrupted; the same command continues where it stopped"
    capsys.readouterr()
    assert main(given) == 0
    assert first_share(capsys) == 100
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
        *FURTHER,
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
    wide_model = ImageModel.load(tmp_path / "w/model.npz")
    training = standardised(
        images_of(str(home / "colours.npz"), 4, wide_model.reference).chosen(wide_model.rows["training"]),
        wide_model.reference,
    ).images
    cut = {
        (): wide_model.network,
        ("--channels", "0.5"): without_channels(wide_model.network, 0.5, by="eigenvalue"),
        ("--channels", "0.5", "--data", str(home / "colours.npz")): without_channels(
            wide_model.network, 0.5, images=training
        ),
    }
    for options, net in cut.items():
        made = json.loads(said(capsys, "images", "compact", tmp_path / "w/model.npz", *options, "--json"))
        assert made["out"] == str(tmp_path / "w/model-compact.npz")
        found, expected = ImageModel.load(made["out"]).network, net.compact()
        assert made["parameters"] == expected.n_parameters
        np.testing.assert_allclose(found.forward(training), expected.forward(training), rtol=1e-5, atol=1e-6)
    given = ("images", "compact", tmp_path / "w/model.npz", "--channels", "0.5", "--by", "path")
    refuses(capsys, "by='path' needs images", *given)


def test_no_image_that_trained_a_model_tests_it_after_a_further_training(
    home: Path, capsys: Any, tmp_path: Path
) -> None:
    """On its own data a model keeps its split, whatever the seed; elsewhere what trained it stays a training image."""
    model = home / "m/model.npz"
    first = ImageModel.load(model)
    given = ("images", "train", model, home / "colours.npz", "--size", "4", "--batch-size", "8", "--epochs", "1")
    said(capsys, *given, "--seed", "7", "--out", tmp_path / "own")
    own = ImageModel.load(tmp_path / "own/model.npz")
    assert {part: rows.tolist() for part, rows in own.rows.items()} == {
        part: rows.tolist() for part, rows in first.rows.items()
    }
    refuses(capsys, "--test-fraction: ", *given, "--test-fraction", "0.4", "--out", tmp_path / "x")
    # The same images in another order, and some more.
    images, labels = colours()
    more, names = colours(12, seed=9)
    order = np.random.default_rng(1).permutation(36)
    np.savez(tmp_path / "both.npz", X=np.concatenate([images, more])[order], y=np.concatenate([labels, names])[order])
    capsys.readouterr()
    further = (*given[:3], tmp_path / "both.npz", *given[4:], "--test-fraction", "0.5", "--out", tmp_path / "b")
    assert main(list(map(str, further))) == 0
    assert "that trained" in capsys.readouterr().err
    both = ImageModel.load(tmp_path / "b/model.npz")
    trained = set(first.rows["training"].tolist())
    assert {part: trained & set(order[rows].tolist()) for part, rows in both.rows.items()} == {
        "training": trained, "validation": set(), "test": set(),
    }  # fmt: skip
    assert len(both.rows["test"]) > 0
    # The model knows the images of both trainings.
    text = said(capsys, "images", "score", tmp_path / "b/model.npz", home / "colours.npz")
    everything = np.concatenate([order[both.rows["training"]], first.rows["training"]])
    assert f"{len(set(everything[everything < 24].tolist()))} images that trained the model were left out" in text
    np.savez(tmp_path / "trained.npz", X=images[first.rows["training"]], y=labels[first.rows["training"]])
    refuses(
        capsys, "that the split holds out for tests trained the model before", *given[:3], tmp_path / "trained.npz",
        *given[4:], "--out", tmp_path / "t",
    )  # fmt: skip


def test_no_result_of_other_data_nor_a_model_that_is_read_is_overwritten(
    home: Path, capsys: Any, tmp_path: Path
) -> None:
    kept = {path.name: path.read_bytes() for path in (home / "m").iterdir()}
    small = ("--size", "4", "--epochs", "1", "--out", home / "m")
    saved(tmp_path / "others.npz", 27)
    refuses(
        capsys, "holds the results for colours.npz, not for others.npz", "images", "train", tmp_path / "others.npz",
        *small,
    )  # fmt: skip
    refuses(
        capsys, "the command reads this file; name another one", "images", "train", home / "m/model.npz",
        home / "colours.npz", *small,
    )  # fmt: skip
    refuses(
        capsys, "holds the results of `images train`", "images", "search", home / "colours.npz", *SEARCH, "--out",
        home / "m",
    )  # fmt: skip
    assert {path.name: path.read_bytes() for path in (home / "m").iterdir()} == kept


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("train", ("--learning-rate", "-1")),
        ("train", ("--reductions", "3")),
        ("search", ("--learning-rate", "-1")),
        ("search", ("--reductions", "3")),
        ("search", ("--memory", "1KB")),
    ],
)
def test_a_command_that_is_refused_keeps_the_state_of_another(
    home: Path, capsys: Any, tmp_path: Path, command: str, options: tuple[str, ...]
) -> None:
    state = tmp_path / "unfinished-01234567.npz"
    ImageModel.load(home / "m/model.npz").save(state)
    refuses(capsys, "", "images", command, home / "colours.npz", *SMALL, *options, "--out", tmp_path)
    assert state.exists()
    if command == "search":
        return
    assert main(["images", "train", str(home / "colours.npz"), *SMALL, "--epochs", "1", "--out", str(tmp_path)]) == 0
    assert not state.exists()
    assert "it is dropped (1 file)" in capsys.readouterr().err


def test_predictions_of_built_in_digits_are_those_of_their_bytes(capsys: Any, tmp_path: Path) -> None:
    """`predict` takes what `train` takes, digits too."""
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    small = ("--size", "4", "--channels", "1", "--reductions", "0", "--epochs", "1")
    said(capsys, "images", "train", "digits", *small, "--out", tmp_path)
    predicted = json.loads(said(capsys, "images", "predict", tmp_path / "model.npz", "digits", "--json"))
    model = ImageModel.load(tmp_path / "model.npz")
    truth = model.predict(pixels_of("digits"))
    assert [row["class"] for row in predicted] == truth.tolist()


def test_images_of_a_refit_are_images_that_trained_the_model(home: Path, capsys: Any, tmp_path: Path) -> None:
    """Of the model's own data its training images; of other data any, which `score` leaves out then."""
    given = ("images", "compact", home / "m/model.npz", "--channels", "0.5", "--by", "eigenvalue")
    own = said(capsys, *given, "--data", home / "colours.npz", "--out", tmp_path / "own.npz")
    assert f"refitted on 15 training images of {home / 'colours.npz'}\n" in own
    assert "the function has changed: 0.5 of the hidden channels are gone" in own
    idle = said(capsys, *given[:4], "0.01", *given[5:], "--out", tmp_path / "idle.npz")
    assert "0.01 of the hidden channels is less than one of each convolution: none is gone" in idle
    images, labels = colours(12, seed=9)
    np.savez(tmp_path / "new.npz", X=images, y=labels)
    text = said(capsys, *given, "--data", tmp_path / "new.npz", "--out", tmp_path / "new-refit.npz")
    assert "refitted on 12 images of" in text
    assert "which is not the data of the model; they count as training images now" in text
    score = said(capsys, "images", "score", tmp_path / "new-refit.npz", tmp_path / "new.npz")
    assert "12 images, 12 of which trained the model" in score
    # Where no channel goes nothing is refitted, and the images are as new as before.
    none = said(capsys, *given[:4], "0.01", *given[5:], "--data", tmp_path / "new.npz", "--out", tmp_path / "none.npz")
    assert "none is gone" in none
    assert "refitted" not in none
    assert "12 images, 0 of which trained the model" in said(
        capsys, "images", "score", tmp_path / "none.npz", tmp_path / "new.npz"
    )
    for option in (("--by", "path"), ("--data", home / "colours.npz")):
        refuses(capsys, f"{option[0]} is for channels that go", *given[:3], *option)


def test_options_that_would_do_nothing_are_refused(home: Path, capsys: Any, tmp_path: Path) -> None:
    train = ("images", "train", home / "m/model.npz", home / "colours.npz", *FURTHER, "--out", tmp_path)
    refuses(capsys, "--channels is for a new network; ", *train, "--channels", "64")
    refuses(capsys, "--reductions is for a new network; ", *train, "--reductions", "3")
    search = ("images", "search", home / "colours.npz", *FURTHER, "--out", tmp_path)
    refuses(capsys, "published makes all choices of the authors, score published among them; got score slope", *search,
            "--published", "--score", "slope")  # fmt: skip
    refuses(capsys, "penalty_strength closes eigenvalues, and published gates have none; got 5", *search, "--gates",
            "published", "--penalty-strength", "5")  # fmt: skip
    refuses(capsys, "--validation-fraction must be more than 0", *search, "--validation-fraction", "0")
    refuses(capsys, "score ntk needs 192 training images", *search, "--score", "ntk")
    assert list(tmp_path.iterdir()) == []


def test_test_images_of_a_refit_are_left_out_of_the_score(home: Path, capsys: Any, tmp_path: Path) -> None:
    """A file with copies of test images is other data; the score of the model's own data knows them."""
    (images, labels), rows = colours(), ImageModel.load(home / "m/model.npz").rows["test"]
    for count, sentence in (
        (2, "3 test images of its training; 2 images that trained the model later were left out"),
        (5, ""),
    ):
        np.savez(tmp_path / "copies.npz", X=images[rows[:count]], y=labels[rows[:count]])
        refit = ("images", "compact", home / "m/model.npz", "--channels", "0.5", "--data", tmp_path / "copies.npz")
        said(capsys, *refit, "--out", tmp_path / "small.npz")
        score = ("images", "score", tmp_path / "small.npz", home / "colours.npz")
        if sentence:
            assert sentence in said(capsys, *score)
        else:
            refuses(capsys, "--part test: all of these images trained the model later", *score)


@pytest.mark.parametrize(
    "option", [("--score", "random"), ("--restart",), ("--crop", "1"), ("--flip",), ("--cutout", "1")]
)
def test_an_option_reaches_the_search(home: Path, tmp_path: Path, option: tuple[str, ...]) -> None:
    """With it, the network found is another one."""
    found = []
    for given in ((), option):
        out = tmp_path / str(len(found))
        run = ["images", "search", str(home / "colours.npz"), *SEARCH, "--seed", "1", *given, "--out", str(out)]
        assert main([*run, "--quiet"]) == 0
        found.append(ImageModel.load(out / "model.npz").network)
    one, other = found
    same = one.structure == other.structure and (one.parameters == other.parameters).all()
    assert not same


def test_published_choices_reach_the_search(home: Path, tmp_path: Path) -> None:
    run = ["images", "search", str(home / "colours.npz"), *SEARCH, "--gates", "published", "--out", str(tmp_path)]
    assert main([*run, "--quiet"]) == 0
    assert ImageModel.load(tmp_path / "model.npz").network.structure.gates == "published"


def test_quick_leaves_the_epochs_to_a_budget_of_time() -> None:
    """Other options of --quick stay; what is given wins."""
    names = ["epochs", "final_epochs", "rounds"]
    for time, more, wanted in (
        (None, {}, [1, 3, 2]), ("20s", {}, [None, None, 2]), ("20s", {"epochs": 0.5}, [0.5, None, 2]),
    ):  # fmt: skip
        own = dict.fromkeys(images_search.NAMES) | {"quick": True, "time": time} | more
        found = images_search.chosen(argparse.Namespace(**own))
        assert [found.get(name) for name in names] == wanted
