"""Tables as people have them through `search`, `predict` and `prune`."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from spectral_core import Predictor, SpectralNetwork
from spectral_core.cli.data_options import load_for
from spectral_core.cli.program import main
from spectral_core.data.datasets import load
from spectral_core.data.scaling import Scaling

pytest.importorskip("matplotlib")
QUICK = ["--hidden", "4", "--epochs", "3", "--strategy", "seed"]


def customers(path: Path, rows: int = 120) -> Path:
    """Ids, decimal commas with gaps, towns, dates, truth values, and a target that has gaps too."""
    generator = np.random.default_rng(0)
    lines = ["id;age;town;since;member;site;worth;churn"]
    for k in range(rows):
        age = "" if k % 20 == 7 else f"{generator.normal(40, 9):.1f}".replace(".", ",")
        town = ("München", "Bonn", "Ulm")[k % 3]
        day = f"2020-{k % 12 + 1:02}-{k % 28 + 1:02}"
        churn = "" if k == 11 else ("stay", "go")[int(generator.random() > 0.5)]
        lines.append(
            f"C{k:04};{age};{town};{day};{('yes', 'no')[k % 2]};{k % 6};{generator.normal():.3f};{churn}".replace(
                "-0.", "-0,"
            )
            .replace(";0.", ";0,")
            .replace(".", ",")
        )
    path.write_text("\n".join(lines), encoding="latin-1")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    table = customers(folder / "customers.csv")
    assert main(["search", str(table), *QUICK, "--drop", "worth", "--out", str(folder / "out")]) == 0
    return folder


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))


def test_the_decisions_are_said_before_the_search(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["search", str(home / "customers.csv"), *QUICK, "--target", "worth", "--out", str(home / "worth")])
    assert code == 0
    told = capsys.readouterr().err
    for sentence in (
        "read as Windows-1252; --encoding states another",
        "columns are separated by ';'",
        "the target is 'worth'",
        "column 'id': left out: 120 different texts in 120 rows",
        "column 'age': a number; missing values (",
        "column 'town': a feature for each of 3 categories",
        "column 'member': 0 or 1; no and yes are read as 0 and 1",
    ):
        assert sentence in told


def test_the_saved_model_takes_raw_rows(home: Path) -> None:
    model = Predictor.load(home / "out" / "compact.npz")
    assert model.encoder is not None
    assert model.encoder.feature_names_in == ("age", "town", "since", "member", "site")
    assert model.network.n_features == len(model.feature_names) == len(model.encoder.feature_names)
    predicted = model.predict(
        {"member": ["yes"], "age": [41.5], "town": ["Bonn"], "since": ["2020-05-05"], "site": [3]}
    )
    assert predicted.tolist()[0] in ("stay", "go")
    # It was fitted to the rows of the search, not to the test rows.
    data = load(home / "customers.csv")
    assert data.table is not None
    searched = np.sort(np.concatenate([model.rows["training"], model.rows["validation"]]))
    ages = [float(cell.replace(",", ".")) for cell in data.table["age"][searched].tolist() if cell]
    assert model.encoder.columns[1].fill == (np.median(ages),)


def test_an_npz_file_without_rows_gives_the_header(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = SpectralNetwork.initialize([2, 3, 2], seed=0)
    numbers = Predictor(net, "regression", Scaling.none(2), Scaling.none(2), (), ("a", "b"), ("u", "v"))
    classes = Predictor(net, "classification", Scaling.none(2), Scaling.none(1), ("no", "yes"), ("a", "b"), ("y",))
    np.savez(tmp_path / "none.npz", X=np.zeros((0, 2)))
    np.savez(tmp_path / "narrow.npz", X=np.zeros((0, 3)))
    for model, options, expected in (
        (numbers, [], "u,v\n"),
        (classes, [], "y\n"),
        (classes, ["--proba"], "no,yes\n"),
        (classes, ["--json"], "[]\n"),
    ):
        model.save(tmp_path / "m.npz")
        capsys.readouterr()
        assert main(["predict", str(tmp_path / "m.npz"), str(tmp_path / "none.npz"), *options]) == 0
        assert capsys.readouterr().out == expected
    assert main(["predict", str(tmp_path / "m.npz"), str(tmp_path / "narrow.npz")]) == 2
    assert main(["score", str(tmp_path / "m.npz"), str(tmp_path / "none.npz")]) == 2


def test_one_bad_row_leaves_one_empty_prediction(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = home / "new.csv"
    new.write_text(
        "town,age,since,member,site,id\nBonn,41.5,2020-01-02,yes,1,p\nBonn,old,2020-01-02,yes,1,q\nParis,,2020-01-02,no,2,r\n"
        "Ulm,30.5,2020-01-02,no,1e300,s\n"
    )
    model = str(home / "out" / "compact.npz")
    assert main(["predict", model, str(new), "--keep", "id,age"]) == 0
    shown = capsys.readouterr()
    rows = rows_of(shown.out)
    assert rows[0] == ["id", "age", "churn"]
    assert [row[:2] for row in rows[1:]] == [["p", "41.5"], ["q", "old"], ["r", ""], ["s", "30.5"]]
    assert [bool(row[2]) for row in rows[1:]] == [True, False, True, False]
    for sentence in (
        "no prediction: column 'age', row 2: 'old' is text",
        "column 'town': 1 value unknown to the model",
        "no prediction: row 4: ",
    ):
        assert sentence in shown.err
    assert main(["predict", model, str(new), "--proba", "--keep", "id"]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert rows[0] == ["id", "go", "stay"]
    assert float(rows[1][1]) + float(rows[1][2]) == pytest.approx(1)
    assert rows[2] == ["q", "", ""]


def test_no_rows_give_the_header_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "none.csv").write_text("age,town,since,member,site\n")
    for path in ("compact.npz", "model.npz"):
        assert main(["predict", str(home / "out" / path), str(home / "none.csv")]) == 0
        assert capsys.readouterr().out == "churn\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keep", "nothing"], "has no column 'nothing'"),
        (["--sep", ":"], "the separator must be one of"),
        (["--missing", "NA", "--encoding", "utf-99"], "no encoding that Python knows"),
    ],
)
def test_predict_refuses(home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    model, data = str(home / "out" / "model.npz"), str(home / "customers.csv")
    assert main(["predict", model, data, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_file_in_which_no_row_can_be_predicted_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "all.csv").write_text("age,town,since,member,site\nold,Bonn,2020-01-02,no,1\n")
    assert main(["predict", str(home / "out" / "model.npz"), str(home / "all.csv"), "--out", str(home / "p.csv")]) == 2
    assert "no row can be predicted: column 'age', row 1: 'old' is text" in capsys.readouterr().err
    assert not (home / "p.csv").exists()


def test_prune_takes_the_same_table_and_the_target_of_the_model(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where the suffix stands in capitals."""
    capital = home / "CUSTOMERS.CSV"
    capital.write_bytes((home / "customers.csv").read_bytes())
    losses = []
    for data in (home / "customers.csv", capital):
        out = home / f"pruned-{data.name}"
        assert main(["prune", str(home / "out" / "model.npz"), str(data), "--out", str(out)]) == 0
        shown = capsys.readouterr()
        assert "without 'churn' w" in shown.err
        losses.append(next(line for line in shown.out.splitlines() if line.startswith("loss ")))
        assert "none of these trained the model" in shown.out
        assert Predictor.load(out / "pruned.npz").encoder == Predictor.load(home / "out" / "model.npz").encoder
    assert losses[0] == losses[1]


def test_labels_that_the_model_does_not_know_are_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (home / "customers.csv").read_text(encoding="latin-1").replace(";go", ";go.")
    (home / "other.csv").write_text(text, encoding="latin-1")
    assert main(["prune", str(home / "out" / "model.npz"), str(home / "other.csv"), "--out", str(home / "x")]) == 2
    message = capsys.readouterr().err
    assert "a label that is not among the classes: 'go.'; the classes are 'go', 'stay'" in message


def test_groups_and_times_stay_on_their_side(home: Path) -> None:
    table = str(home / "customers.csv")
    data = load(home / "customers.csv")
    assert data.table is not None
    for option, column in (("--group", "site"), ("--time", "since")):
        out = home / option.strip("-")
        assert main(["search", table, *QUICK, option, column, "--out", str(out)]) == 0
        rows = Predictor.load(out / "model.npz").rows
        assert sorted(np.concatenate(list(rows.values()))) == list(range(119))
        sides = [set(data.table[column][rows[part]].tolist()) for part in ("training", "validation", "test")]
        if option == "--group":
            assert not sides[0] & sides[1]
            assert not (sides[0] | sides[1]) & sides[2]
        else:
            assert max(sides[0]) < min(sides[1])
            assert max(sides[1]) < min(sides[2])
    assert main(["search", table, *QUICK, "--group", "site", "--time", "since"]) == 2


def test_several_targets(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "two"
    command = ["search", str(home / "customers.csv"), *QUICK, "--target", "age,worth", "--features", "town,site"]
    assert main([*command, "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["predict", str(out / "compact.npz"), str(home / "customers.csv"), "--keep", "age"]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert rows[0] == ["age", "age (predicted)", "worth"]
    assert len(rows) == 121


def test_a_table_without_header_and_codes_with_zeros(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = np.random.default_rng(0)
    lines = [f"{generator.normal():.3f},{generator.normal():.3f},{('007', '012')[k % 2]}" for k in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    assert main(["search", str(tmp_path / "t.csv"), *QUICK, "--out", str(tmp_path / "o")]) == 0
    assert "the first row looks like data" in capsys.readouterr().err
    assert main(["predict", str(tmp_path / "o" / "compact.npz"), str(tmp_path / "t.csv")]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert len(rows) == 61
    assert {row[0] for row in rows[1:]} <= {"007", "012"}


def test_load_for_gives_what_the_model_takes(home: Path) -> None:
    from argparse import Namespace

    model = Predictor.load(home / "out" / "model.npz")
    options = Namespace(sep="", decimal="", encoding="", header=None, missing=None, target=None, weight="")
    data = load_for(model, home / "customers.csv", options)
    assert (len(data.x), data.classes, data.task) == (119, ("go", "stay"), "classification")
    assert model.score(data.raw, data.labels) == np.mean(model.predict(data.raw) == data.labels)
    assert model.encoder is not None
    np.testing.assert_array_equal(model.encoder.transform(data.raw), data.x)
    found = load_for(None, home / "customers.csv", options)
    assert found.target_names == ("churn",)
