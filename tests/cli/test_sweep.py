"""The commands of sweeps: what they write, killed and interrupted ones, shards, refusals."""

from __future__ import annotations

import csv
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from spectral_core import InvalidInputError, sweep
from spectral_core.cli.program import main
from spectral_core.cli.sweep import mean_and_error, read_grid
from spectral_core.data import datasets
from spectral_core.data.tables import ColumnChoice
from spectral_core.sweeps.store import Store
from tests.cli import children

for library in ("matplotlib", "pyarrow", "sklearn"):
    pytest.importorskip(library, reason=f"the extra `full` ({library}) is not installed")

PART = ["reproduce", "sparcs-first", "--runs", "2", "--alphas", "0,1", "--epochs", "2"]
WRITTEN = {"sweep.sqlite", "results.csv", "results.parquet", "table.txt", "summary.json", "sparcs-first.png"}


def content(path: Path) -> str:
    with Store(path) as store:
        return store.content()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run with one worker."""
    home = tmp_path_factory.mktemp("whole")
    assert main([*PART, "--jobs", "1", "--out", str(home)]) == 0
    return home


def refused(capsys: Any, *arguments: object) -> str:
    assert main([str(a) for a in arguments]) == 2
    err: str = capsys.readouterr().err
    assert err.count("\n") == 1, err
    assert err.startswith("spectral-core: ")
    return err


def test_everything_is_written(whole: Path) -> None:
    assert {path.name for path in whole.iterdir()} == WRITTEN
    summary = json.loads((whole / "summary.json").read_text(encoding="utf-8"))
    assert (summary["trainings"], summary["sessions"]) == (8, 1)
    assert summary["content"] == content(whole / "sweep.sqlite")
    assert len(summary["curves"]) == 4
    assert summary["comparisons"] == []
    with open(whole / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["0"] * 4 + ["1"] * 4
    curve = summary["curves"][1]
    values = [float(r["mean_abs_eigenvalue"]) for r in rows if (r["alpha"], r["beta"]) == ("1", "5")]
    assert curve["means"][1] == pytest.approx(sum(values) / 2)
    assert (
        (whole / "table.txt").read_text(encoding="utf-8").startswith("the reference is left out: epochs 2, not 300\n")
    )


def test_two_workers_give_the_same_bits_and_a_second_call_does_nothing(
    whole: Path, tmp_path: Path, capsys: Any
) -> None:
    for _ in range(2):
        assert main([*PART, "--jobs", "2", "--out", str(tmp_path)]) == 0
        assert "8 trainings; " in (out := capsys.readouterr().out)
        assert "in one session; content " in out
    for name in ("results.csv", "results.parquet", "table.txt", "sparcs-first.png"):
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes(), name
    assert content(tmp_path / "sweep.sqlite") == content(whole / "sweep.sqlite")


def test_killed_at_three_moments_and_continued(whole: Path, tmp_path: Path) -> None:
    """A result that was reported is on the disk, whenever the process dies."""
    command, store = [*PART, "--jobs", "2", "--out", tmp_path], tmp_path / "sweep.sqlite"
    finished = []
    for kind, reports in (("killed", 3), ("killed soon", 2), ("killed", 2)):  # the first report is that of the start
        children.killed(kind, reports, command)
        with Store(store) as opened:
            finished.append(len(opened.finished()))
    assert finished[0] == 2
    assert finished[0] < finished[1] <= finished[2] <= 8
    assert main([*map(str, command)]) == 0
    assert content(store) == content(whole / "sweep.sqlite")
    assert (tmp_path / "results.csv").read_bytes() == (whole / "results.csv").read_bytes()


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_is_one_line_and_the_same_command_continues(
    whole: Path, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    done = children.interrupted(sent, 2, [*PART, "--jobs", "2", "--out", tmp_path])
    assert done == (code, ["spectral-core: interrupted; the same command continues where it stopped"])
    with Store(tmp_path / "sweep.sqlite") as store:
        assert len(store.finished()) >= 1
    assert main([*PART, "--out", str(tmp_path)]) == 0
    assert content(tmp_path / "sweep.sqlite") == content(whole / "sweep.sqlite")


def test_shards_merge_into_the_whole(whole: Path, tmp_path: Path, capsys: Any) -> None:
    for i in (1, 2):
        assert main([*PART, "--jobs", "1", "--shard", f"{i}/2", "--out", str(tmp_path / str(i))]) == 0
        out = capsys.readouterr().out
        assert "4 trainings are left to other shards" in out
        assert "sweep-merge" in out
        assert not (tmp_path / str(i) / "sparcs-first.png").exists()
    home = tmp_path / "all"
    stores = [str(tmp_path / name / "sweep.sqlite") for name in ("2", "1")]
    assert main(["sweep-merge", *stores, "--into", str(home / "sweep.sqlite")]) == 0
    assert f"holds 8 trainings, content {content(whole / 'sweep.sqlite')[:16]}" in capsys.readouterr().out
    assert main([*PART, "--out", str(home)]) == 0
    assert "in 2 sessions" in capsys.readouterr().out
    assert (home / "results.csv").read_bytes() == (whole / "results.csv").read_bytes()


def test_a_sweep_of_a_file(tmp_path: Path, capsys: Any) -> None:
    rows = "\n".join(f"{i},{(i * 7) % 11},{2 * i - (i * 7) % 11}" for i in range(60))
    (tmp_path / "line.csv").write_text(f"a,b,y\n{rows}\n")
    arguments = ["sweep", str(tmp_path / "line.csv"), "--grid", "hidden=3,4x2", "--grid", "epochs=2", "--runs", "2"]
    assert main([*arguments, "--jobs", "1", "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "hidden=3  epochs=2" in out
    assert "hidden=4x2  epochs=2" in out
    assert "±" in out
    assert main([*arguments, "--out", str(tmp_path / "out"), "--json"]) == 0
    assert [row["hidden"] for row in json.loads(capsys.readouterr().out)] == [3, [4, 2]] * 2
    assert main([*arguments, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    store = str(tmp_path / "out" / "sweep.sqlite")
    for name in ("x.csv", "x.parquet"):
        assert main(["sweep-export", store, str(tmp_path / name)]) == 0
        assert "4 rows written" in capsys.readouterr().out
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 5
    assert "arrays is" in refused(capsys, "sweep", "wine", "--out", tmp_path / "out")


def test_a_sweep_reads_tables_as_a_search_does(tmp_path: Path, capsys: Any) -> None:
    rows = "\n".join(f"{i};{i / 4:.2f}".replace(".", ",") + f";{(i * 7) % 11};{-i};{2 * i};?" for i in range(60))
    (tmp_path / "t.txt").write_bytes(f"{rows}\n".replace("?", "größe").encode("latin-1"))
    arguments = ["sweep", str(tmp_path / "t.txt"), "--grid", "hidden=2", "--grid", "epochs=1", "--jobs", "1"]
    form = ["--sep", ";", "--decimal", ",", "--encoding", "latin-1", "--no-header", "--missing", "größe"]
    columns = ["--target", "column4,column5", "--drop", "column1"]
    assert main([*arguments, *form, *columns, "--out", str(tmp_path / "out"), "--json"]) == 0
    said = capsys.readouterr()
    assert "column 'column6': left out" in said.err
    dropped = json.loads(said.out)
    features = ["--features", "column2,column3", "--target", "column4,column5"]
    assert main([*arguments, *form, *features, "--out", str(tmp_path / "same"), "--json"]) == 0
    same = json.loads(capsys.readouterr().out)
    assert [row["validation_loss"] for row in same] == [row["validation_loss"] for row in dropped]
    assert "no column 'nothing'" in refused(capsys, *arguments, "--target", "nothing", "--out", tmp_path / "no")


def test_a_sweep_in_python_takes_a_loaded_data_set(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,w,b,y\n" + "".join(f"{i},1,{i % 7},{i * i}\n" for i in range(40)))
    data = datasets.load(tmp_path / "t.csv")
    grid = {"hidden": 2, "epochs": 1}
    assert sweep(data, grid, jobs=1).content == sweep(tmp_path / "t.csv", grid, jobs=1).content
    with pytest.raises(InvalidInputError, match="has its target and its task already"):
        sweep(data, grid, target="b")
    with pytest.raises(InvalidInputError, match="uses no column of weights"):
        sweep(datasets.load(tmp_path / "t.csv", columns=ColumnChoice(weight="w")), grid)


def test_one_training_is_no_plural(tmp_path: Path, capsys: Any) -> None:
    arguments = ["sweep", "wine", "--grid", "hidden=2", "--grid", "epochs=1", "--jobs", "1", "--out", str(tmp_path)]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("1 training; ")
    assert main([*arguments[:-1], str(tmp_path / "shard"), "--runs", "2", "--shard", "1/2"]) == 0
    assert "1 training is left to other shards" in capsys.readouterr().out
    store, rows = str(tmp_path / "sweep.sqlite"), str(tmp_path / "rows.csv")
    assert main(["sweep-export", store, rows]) == 0
    assert main(["sweep-merge", store, "--into", str(tmp_path / "all")]) == 0
    assert capsys.readouterr().out.startswith(f"1 row written to {rows}\n{tmp_path / 'all'} holds 1 training, content")


def test_what_cannot_be_used_is_one_line(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").write_text("text" * 200)
    out = ["--out", tmp_path / "out"]
    assert "--alphas must be numbers" in refused(capsys, *PART, "--alphas", "0;1", *out)
    assert "alpha must be" in refused(capsys, *PART, "--alphas", "2", *out)
    assert "--shard must be I/N" in refused(capsys, *PART, "--shard", "one", *out)
    assert "i at most N" in refused(capsys, *PART, "--shard", "3/2", *out)
    assert "jobs must be" in refused(capsys, *PART, "--jobs", "0", *out)
    assert "cannot write" in refused(capsys, *PART, "--out", tmp_path / "file" / "deeper")
    assert "--grid must be NAME=V" in refused(capsys, "sweep", "wine", "--grid", "epochs", *out)
    assert "each name once" in refused(capsys, "sweep", "wine", "--grid", "epochs=1", "--grid", "epochs=2", *out)
    assert "hidden, activation" in refused(capsys, "sweep", "wine", "--grid", "width=3", *out)
    assert "no such file" in refused(capsys, "sweep", "missing.csv", *out)
    assert "no such store" in refused(capsys, "sweep-merge", tmp_path / "none", "--into", tmp_path / "all")
    assert "not the store of a sweep" in refused(capsys, "sweep-export", tmp_path / "file", tmp_path / "x.csv")
    assert ".csv or .parquet" in refused(capsys, "sweep-export", tmp_path / "file", tmp_path / "x.txt")
    assert not (tmp_path / "out").exists()


def test_a_cluster_by_its_address(whole: Path, tmp_path: Path, capsys: Any) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` (dask) is not installed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        assert main([*PART, "--dask", cluster.scheduler_address, "--out", str(tmp_path)]) == 0
    assert content(tmp_path / "sweep.sqlite") == content(whole / "sweep.sqlite")
    capsys.readouterr()
    assert "no Dask scheduler answers at nonsense" in refused(capsys, *PART, "--dask", "nonsense", "--out", tmp_path)


def test_without_dask_the_extra_is_named(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    assert "pip install '.[cluster]' in the sources" in refused(
        capsys, *PART, "--dask", "somewhere", "--out", tmp_path / "out"
    )


def test_grids_are_read() -> None:
    assert read_grid(["hidden=20, 50x20", "epochs=5", "learning_rate=1e-3", "nesterov=true,false", "patience=none,3", "activation=relu"]) == {
        "hidden": [20, [50, 20]], "epochs": [5], "learning_rate": [1e-3], "nesterov": [True, False], "patience": [None, 3],
        "activation": ["relu"],
    }  # fmt: skip


def test_mean_and_error() -> None:
    assert mean_and_error([1.0, 2.0, 6.0, None]) == "3 ± 1.5"
    assert mean_and_error([0.25]) == "0.25"
    assert mean_and_error([None]) == "-"
