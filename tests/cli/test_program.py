"""The commands as a user calls them: what they print, what they write, their exit codes."""

import argparse
import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from spectral_core import Predictor, SpectralNetwork
from spectral_core.cli import completion, console
from spectral_core.cli.model_data import parts_of_fresh
from spectral_core.cli.program import build_parser, main
from spectral_core.data.datasets import load, sparcs
from tests.cli import children
from tests.networks.test_image_model import model as image_model

WRONG = 2


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A small CSV with two numeric features, a text target and a numeric one."""
    home = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2)) * [1, 50]
    rows = [[a, b, "up" if a + b / 50 > 0 else "down", a - b] for a, b in x]
    with open(home / "t.csv", "w", newline="") as file:
        csv.writer(file).writerows([["a", "b", "side", "value"], *rows])
    return home / "t.csv"


@pytest.fixture(scope="module")
def found(table, tmp_path_factory):
    """The folder of one search on the table's numeric target, the text column left out."""
    home = tmp_path_factory.mktemp("found")
    with open(table) as file:
        rows = list(csv.reader(file))
    with open(home / "n.csv", "w", newline="") as file:
        csv.writer(file).writerows([row[:2] + row[3:] for row in rows])
    assert main(["search", str(home / "n.csv"), "--hidden", "8", "--epochs", "40", "--out", str(home / "out")]) == 0
    return home


@pytest.fixture(scope="module")
def trimmed(found):
    """The folder of a search from the linear seed on the same table."""
    arguments = ["search", str(found / "n.csv"), "--hidden", "8", "--epochs", "40", "--strategy", "seed"]
    assert main([*arguments, "--out", str(found / "seed")]) == 0
    return found / "seed"


@pytest.mark.parametrize("name", ["model", "compact"])
def test_refits_use_training_and_validation_rows_together(found, name):
    from spectral_core.networks.predictor import Predictor

    rows = Predictor.load(found / "out" / f"{name}.npz").rows
    assert sorted(np.concatenate(list(rows.values()))) == list(range(120))
    assert {part: len(numbers) for part, numbers in rows.items()} == {"training": 84, "validation": 0, "test": 36}


@pytest.mark.parametrize("name", ["model", "compact"])
def test_the_model_keeps_the_split(found, trimmed, name):
    """Training, validation and test rows are those of the file, each in one part; standardisation is that of the first."""
    from spectral_core.networks.predictor import Predictor

    predictor = Predictor.load(trimmed / f"{name}.npz")
    assert sorted(np.concatenate(list(predictor.rows.values()))) == list(range(120))
    assert {part: len(rows) for part, rows in predictor.rows.items()} == {"training": 67, "validation": 17, "test": 36}
    with open(found / "n.csv") as file:
        x = np.array([row[:2] for row in csv.reader(file)][1:], dtype=float)
    np.testing.assert_allclose(predictor.inputs.mean, x[predictor.rows["training"]].mean(axis=0), rtol=1e-12)


def refused(capsys, *arguments):
    """Exit code 2, one line on stderr, nothing on stdout; returns the line."""
    with pytest.raises(SystemExit) as stop:
        raise SystemExit(main([str(a) for a in arguments]))
    assert stop.value.code == WRONG
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("spectral-core: ")
    assert "Traceback" not in err
    return err


def test_validation_and_test_points_of_sparcs_share_no_row(tmp_path, capsys):
    """Both are new points of the same source, and the score of the report is that of the test points."""
    data = load("sparcs", alpha=1.0, beta=5.0, seed=0)
    training, validation, test = parts_of_fresh(data)
    parts = [{tuple(row) for row in x.tolist()} for x in (training.x, validation[0], test.x)]
    assert len(set.union(*parts)) == sum(map(len, parts)) == 20_000
    assert len(parts[1]) == len(parts[2]) == 5_000
    assert np.array_equal(test.y, sparcs(1.0, 5.0, seed=0, stream=1).y[5_000:])
    assert main(["search", "sparcs", "--hidden", "4", "--epochs", "1", "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    model = Predictor.load(tmp_path / "model.npz")
    assert report["test_score_before"] == pytest.approx(model.score(test.x, test.y), rel=1e-9)
    assert report["validation_score_before"] == pytest.approx(model.score(*validation), rel=1e-9)


def test_search_writes_report_models_and_pictures(found, capsys):
    home = found / "out"
    names = {"model.npz", "compact.npz", "report.json", "report.txt", "history.json"} | {
        "network.png", "spectrum.png", "training.png", "curve.csv", "curve.png", "sizes.npz", "proposal.npz",
    }  # fmt: skip
    assert {p.name for p in home.iterdir()} == names
    report = json.loads((home / "report.json").read_text())
    assert report["task"] == "regression"
    assert report["test_samples"] == 36
    with open(home / "curve.csv") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["weights"]) for row in rows] == [point["weights"] for point in report["curve"]]
    assert [row["weights"] for row in rows if row["chosen"] == "True"] == [str(report["weights"])]
    assert (home / "report.txt").read_text().startswith("n: regression")


def test_predict_gives_the_units_of_the_data(found, capsys, tmp_path):
    assert main(["predict", str(found / "out" / "compact.npz"), str(found / "n.csv")]) == 0
    rows = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert rows[0] == ["value"]
    assert len(rows) == 121
    with open(found / "n.csv") as file:
        truth = np.array([float(row["value"]) for row in csv.DictReader(file)])
    predicted = np.array([float(row[0]) for row in rows[1:]])
    assert np.corrcoef(predicted, truth)[0, 1] > 0.95
    assert (
        main(["predict", str(found / "out" / "model.npz"), str(found / "n.csv"), "--out", str(tmp_path / "p.csv")]) == 0
    )
    assert (tmp_path / "p.csv").read_text().startswith("value\n")


def test_classes_keep_their_names(table, tmp_path, capsys):
    out = tmp_path / "out"
    # A table whose numeric extra column is a feature as well; the target is in the middle.
    assert main(["search", str(table), "--target", "side", "--hidden", "8", "--epochs", "40", "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["predict", str(out / "model.npz"), str(table)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "side"
    assert set(lines[1:]) == {"up", "down"}
    assert main(["predict", "--proba", str(out / "model.npz"), str(table)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "down,up"


def test_inspect_shows_layers_blocks_and_eigenvalues(found, trimmed, capsys, tmp_path):
    assert main(["inspect", str(trimmed / "model.npz"), "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "SpectralNetwork(3-8-1, global, relu" in text
    assert "W_3,1" in text
    assert "eigenvalues[1]" in text
    assert {p.name for p in tmp_path.iterdir()} == {"network.png", "spectrum.png"}
    assert main(["inspect", str(found / "out" / "compact.npz")]) == 0
    assert "CompactNetwork(" in capsys.readouterr().out


def test_bad_data_gives_one_line_and_leaves_nothing(tmp_path, capsys):
    """Every kind of bad input of a data file; no folder appears."""

    def csv_file(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    body = "\n".join(f"{i},{i * i},{i % 3}" for i in range(30))
    cases = {
        csv_file("inf.csv", f"a,b,y\n1,inf,2\n{body}\n"): "column 'b', row 1",
        csv_file("text.csv", f"a,b,y\n{body}\n1,oops,2\n"): "'oops'",
        csv_file("empty.csv", ""): "empty",
        csv_file("header.csv", "a,b,y\n"): "row",
        csv_file("one_class.csv", "a,y\n" + "\n".join(f"{i},cat" for i in range(30))): "at least two classes",
        csv_file("data.json", "1,2"): ".csv, .tsv, .txt, .parquet, .feather, .xlsx, .npz",
        tmp_path / "missing.csv": "no such file",
        csv_file("broken.parquet", "PAR1 not really"): "broken.parquet",
        csv_file("broken.npz", "PK not really"): "broken.npz",
        "nonsense": "digits",
    }
    out = tmp_path / "out"
    for data, part in cases.items():
        assert part in refused(capsys, "search", data, "--out", out), data
    good = csv_file("good.csv", f"a,b,y\n{body}\n")
    assert "'z'" in refused(capsys, "search", good, "--target", "z", "--out", out)
    assert "--hidden" in refused(capsys, "search", good, "--hidden", "many", "--out", out)
    assert "tolerance" in refused(capsys, "search", good, "--tolerance", "-1", "--out", out)
    assert "test_fraction" in refused(capsys, "search", good, "--test-fraction", "1.5", "--out", out)
    assert "alpha" in refused(capsys, "search", "sparcs", "--alpha", "7", "--out", out)
    assert "belong to the data set sparcs" in refused(capsys, "search", "wine", "--alpha", "0.5", "--out", out)
    assert not out.exists()


def test_bad_models_and_bad_columns(found, tmp_path, capsys):
    model, data = found / "out" / "model.npz", found / "n.csv"
    (tmp_path / "short.npz").write_bytes(model.read_bytes()[:-50])
    (tmp_path / "noise.npz").write_bytes(b"noise")
    (tmp_path / "other.csv").write_text("a,c\n1,2\n")
    for bad in ("short.npz", "noise.npz", "missing.npz"):
        assert bad in refused(capsys, "predict", tmp_path / bad, data)
        assert bad in refused(capsys, "inspect", tmp_path / bad)
    assert "'b'" in refused(capsys, "predict", model, tmp_path / "other.csv", "--out", tmp_path / "p.csv")
    assert "classification" in refused(capsys, "predict", "--proba", model, data)
    assert not (tmp_path / "p.csv").exists()


def test_usage_errors_are_one_line_too(capsys):
    for arguments in (["serch"], ["search"], ["search", "digits", "--seed", "x"], ["search", "digits", "--what"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == WRONG
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "command", ["search", "predict", "reproduce sparcs-first", "reproduce sparcs-second", "verify"]
)
def test_a_wrong_option_points_to_the_help_of_its_command(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([*command.split(), "--what", "x"])
    assert stop.value.code == WRONG
    assert capsys.readouterr().err.endswith(f"(see: spectral-core {command} --help)\n")


def test_without_arguments_the_help_is_printed(capsys):
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 0
    out, err = capsys.readouterr()
    assert "search " in out
    assert err == ""


@pytest.mark.parametrize("parser", [*completion.leaves(build_parser())], ids=lambda parser: parser.prog)
def test_every_help_has_an_example_that_can_be_read(parser):
    """The words of each example are options and values that the command takes."""
    text = " ".join(parser.format_help().split())
    assert f"{parser.prog} " in text.split("example")[-1]
    example = re.findall(rf"{parser.prog} ([^;]*)", " ".join(parser.epilog.split()))[0]
    words = shlex.split(example.split(">")[0].split(". Options")[0])
    assert build_parser().parse_args([*parser.prog.split()[1:], *words])


def test_an_interrupt_leaves_a_state_that_the_same_command_continues(tmp_path, capsys, monkeypatch):
    arguments = [
        "search",
        "wine",
        "--hidden",
        "10",
        "--epochs",
        "20",
        "--strategy",
        "seed",
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*arguments[:-1], str(tmp_path / "whole")]) == 0

    def stop(done, total, text):
        if done == 7:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(console, "lines", lambda title: stop)
        assert main(arguments) == 130
    assert "continues where it stopped" in capsys.readouterr().err
    assert list((tmp_path / "out").glob("unfinished-*.0"))
    assert main(arguments) == 0
    assert not list((tmp_path / "out").glob("unfinished-*"))
    one, two = (json.loads((tmp_path / name / "report.json").read_text()) for name in ("out", "whole"))
    one.pop("seconds"), two.pop("seconds")
    assert one == two


def test_an_interrupt_in_the_comparison_ends_the_command_and_keeps_its_state(tmp_path, capsys, monkeypatch):
    """scikit-learn swallows it in `fit`; nothing is written, pictures neither, and the same command continues."""
    arguments = ["search", "wine", "--hidden", "5", "--compare", "--out", str(tmp_path / "out")]
    fit = MLPClassifier._fit_stochastic

    def interrupted(self, *given, **named):
        signal.raise_signal(signal.SIGINT)
        return fit(self, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(MLPClassifier, "_fit_stochastic", interrupted)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
        try:
            assert main(arguments) == 130
        finally:
            signal.signal(signal.SIGINT, before)
    assert "continues where it stopped" in capsys.readouterr().err
    assert {path.name.partition("-")[0] for path in (tmp_path / "out").iterdir()} == {"unfinished"}
    assert main(arguments) == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"model.npz", "network.png", "training.png", "spectrum.png", "curve.png"} <= written
    assert "MLPClassifier (5 relu" in (tmp_path / "out" / "report.txt").read_text()


def test_the_installed_command_runs():
    done = subprocess.run(
        [sys.executable, "-m", "spectral_core", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("spectral-core ")


def run(*arguments, **options):
    return subprocess.Popen([sys.executable, "-m", "spectral_core", *map(str, arguments)], text=True, **options)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("reports", [3, 6])
def test_a_real_interrupt_is_one_line_and_the_search_continues(tmp_path, sent, code, reports):
    """From the end of the first epoch on (the first report comes before it); another search into the folder is not held up."""
    arguments = ["search", "wine", "--hidden", "5", "--epochs", "20", "--strategy", "seed", "--out", tmp_path / "out"]
    done = children.interrupted(sent, reports, arguments)
    assert done == (code, ["spectral-core: interrupted; the same command continues where it stopped"])
    assert list((tmp_path / "out").glob("unfinished-*"))
    other = ["search", "wine", "--hidden", "4", "--epochs", "5", "--strategy", "seed", "--out", str(tmp_path / "out")]
    assert main(other) == 0
    assert main([*map(str, arguments)]) == 0
    assert not list((tmp_path / "out").glob("unfinished-*"))


def test_a_reader_that_goes_away_does_not_end_the_work(tmp_path):
    with run(
        "verify", "--quick", "--json", tmp_path / "v.json", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert json.loads((tmp_path / "v.json").read_text())["proven"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_one_line(found):
    with open("/dev/full", "w") as full:
        process = run("inspect", found / "out" / "model.npz", stdout=full, stderr=subprocess.PIPE)
        with process:
            assert process.stderr.read().startswith("spectral-core: cannot write to standard output")
    assert process.returncode == WRONG


def test_what_cannot_be_written_is_said_before_the_work(found, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    blocked = tmp_path / "file" / "out"
    assert "cannot write" in refused(capsys, "search", "wine", "--out", blocked)
    assert "cannot write" in refused(capsys, "verify", "--json", blocked)
    assert "cannot write" in refused(capsys, "inspect", found / "out" / "model.npz", "--out", blocked)
    assert "cannot write" in refused(capsys, "predict", found / "out" / "model.npz", found / "n.csv", "--out", blocked)


def test_inspect_and_report_number_the_layers_alike(tmp_path, capsys):
    """A compact network without its hidden layer still speaks of layers 1 and 3."""
    rows = "\n".join(f"{i},{(i * 7) % 11},{2 * i - (i * 7) % 11}" for i in range(60))
    (tmp_path / "line.csv").write_text(f"a,b,y\n{rows}\n")
    out = tmp_path / "out"
    assert main(["search", str(tmp_path / "line.csv"), "--hidden", "6", "--out", str(out), "--task", "regression"]) == 0
    report = json.loads((out / "report.json").read_text())
    capsys.readouterr()
    assert main(["inspect", str(out / "compact.npz")]) == 0
    text = capsys.readouterr().out
    for block in report["blocks"]:
        assert f"W_{block['receiver']},{block['sender']} " in text


def options_of(parser, *command):
    """(command, option, a value that no option of its kind may have) of every option for numbers, of every command."""
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                found += options_of(inner, *command, name)
        elif action.type in (int, float):
            found.append((command, action.option_strings[0], "nan" if action.type is float else "-1"))
        elif str(action.metavar) in ("N[,N...]", "N[xN...]"):
            found.append((command, action.option_strings[0], "-1"))
    return found


OPTIONS = options_of(build_parser())


@pytest.mark.parametrize(("command", "option", "value"), OPTIONS, ids=lambda value: str(value))
def test_an_error_names_the_option_that_was_given(command, option, value, tmp_path, capsys):
    """Whatever the function behind calls it: a wrong number is refused under the word of the command line."""
    out = ["--out", str(tmp_path / "out")]
    given = list(command)
    if command == ("search",):
        given += ["sparcs" if option in ("--alpha", "--beta") else "wine"]
    elif command == ("prune",):
        SpectralNetwork.initialize([2, 3, 1], parametrization="direct").save(tmp_path / "net.npz")
        x = np.random.default_rng(0).normal(size=(40, 2))
        np.savez(tmp_path / "data.npz", X=x, y=x[:, :1])
        given += [str(tmp_path / "net.npz"), str(tmp_path / "data.npz")]
        given += ["--unit", "weight"] if option == "--weights" else []
    elif command == ("images", "compact"):
        image_model(tmp_path).save(tmp_path / "images.npz")
        given += [str(tmp_path / "images.npz")]
    elif command[0] == "images":
        given += ["digits"]
    elif command == ("choose",):
        given += [str(tmp_path)]
    elif command == ("sweep",):
        given += ["wine", "--grid", "epochs=1"]
    message = refused(capsys, *given, *out, f"{option}={value}")
    assert option.removeprefix("--").replace("-", "_") in message.replace("-", "_"), message


def test_every_command_with_numbers_was_tried():
    assert {command[0] for command, _, _ in OPTIONS} == {"search", "choose", "prune", "sweep", "reproduce", "images"}
    assert ("search",) in {command for command, option, _ in OPTIONS if option == "--hidden"}
