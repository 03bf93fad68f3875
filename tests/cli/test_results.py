"""Folders of results: states that fit no more are dropped, results of other data and commands are not replaced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spectral_core import InvalidInputError, ModelFileError, Predictor
from spectral_core.cli import console, results
from spectral_core.cli.program import main
from spectral_core.cli.results import afresh_where_stale, check_file
from tests.cli.test_score import QUICK, random_rows, write
from tests.cli.test_shrink import refused, said

for library in ("matplotlib", "pyarrow"):
    pytest.importorskip(library, reason=f"the extra `full` ({library}) is not installed")


def interrupted(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    def stop(done: int, total: int, text: str) -> None:
        if done == 12:  # in the second training
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(console, "lines", lambda title: stop)
        assert main([str(a) for a in arguments]) == 130


@pytest.mark.parametrize("change", ["data", "options", "damage"])
def test_a_state_that_fits_no_more_is_dropped_with_one_line(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    table, out = write(tmp_path / "t.csv", random_rows(0, 60)), tmp_path / "o"
    command = ["search", table, *QUICK, "--out", out]
    interrupted(monkeypatch, *command)
    stale = sorted(path.name for path in out.glob("unfinished-*"))
    assert len(stale) == 2, "two trainings have begun"
    if change == "data":
        write(table, [[1.5, 2.5, "up"], *random_rows(0, 60)[1:]])
    elif change == "options":
        command[command.index("8")] = "6"
    else:
        for path in out.glob("unfinished-*"):
            path.write_bytes(path.read_bytes()[:-10])
    capsys.readouterr()
    assert main([str(a) for a in command]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("spectral-core:")]
    assert len(lines) == 1
    assert "it is dropped (2 files)" in lines[0]
    assert not list(out.glob("unfinished-*"))
    # The result is that of a search which was never interrupted.
    assert main([*map(str, command[:-1]), str(tmp_path / "afresh")]) == 0
    one, two = (Predictor.load(home / "model.npz").network.parameters for home in (out, tmp_path / "afresh"))
    assert one.tolist() == two.tolist()


def test_a_search_that_is_refused_keeps_the_state_of_another(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, out = write(tmp_path / "t.csv", random_rows(0, 60)), tmp_path / "o"
    command = ["search", table, *QUICK, "--out", out]
    interrupted(monkeypatch, *command)
    kept = {path.name: path.read_bytes() for path in out.iterdir()}
    assert len(kept) == 2
    refused(capsys, *command, "--learning-rate", "-1")
    refused(capsys, *command, "--batch-size", "0")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == kept


def test_the_model_of_a_split_is_not_overwritten(tmp_path: Path, capsys: Any) -> None:
    """Results of the same data may be replaced, but not while they are read."""
    table, out = write(tmp_path / "t.csv", random_rows(0, 60)), tmp_path / "o"
    said(capsys, "search", table, *QUICK, "--out", out)
    before = (out / "model.npz").read_bytes()
    error = refused(capsys, "search", table, *QUICK, "--split", out / "model.npz", "--out", out)
    assert "model.npz: the command reads this file; name another one" in error
    assert (out / "model.npz").read_bytes() == before


def test_only_states_of_a_search_are_dropped(tmp_path: Path, capsys: Any) -> None:
    """A file or folder of a user may be called unfinished too."""
    table, out = write(tmp_path / "t.csv", random_rows(0, 60)), tmp_path / "o"
    (out / "unfinished-x").mkdir(parents=True)
    own = {"unfinished-draft.txt": "precious", "unfinished-0123abcd.0": "a note", "unfinished-0123abcd": "another"}
    for name, text in own.items():
        (out / name).write_text(text, encoding="utf-8")
    assert main(["search", str(table), *QUICK, "--out", str(out)]) == 0
    assert "dropped" not in capsys.readouterr().err
    assert {name: (out / name).read_text(encoding="utf-8") for name in own} == own
    assert (out / "unfinished-x").is_dir()


@pytest.mark.parametrize("name", ["sizes.npz", "proposal.npz", "report.html"])
def test_a_result_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path, capsys: Any, name: str) -> None:
    table, out = write(tmp_path / "t.csv", random_rows(0, 60)), tmp_path / "o"
    (out / name).mkdir(parents=True)
    assert name in refused(capsys, "search", table, *QUICK, "--out", out)
    assert [path.name for path in out.iterdir()] == [name]


def test_results_are_replaced_only_by_the_same_command_on_the_same_data(tmp_path: Path, capsys: Any) -> None:
    table, other = write(tmp_path / "t.csv", random_rows(0, 60)), write(tmp_path / "u.csv", random_rows(1, 60))
    out = tmp_path / "o"
    said(capsys, "search", table, *QUICK, "--out", out)
    kept = {path.name: path.read_bytes() for path in out.iterdir()}
    error = refused(capsys, "search", other, *QUICK, "--out", out)
    assert "holds the results for t.csv, not for u.csv; give another folder with --out" in error
    assert "holds the results of `search`" in refused(capsys, "prune", out / "model.npz", table, "--out", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == kept
    # The same command again; and with a value of the file corrected, which is said.
    said(capsys, "search", table, *QUICK, "--out", out)
    write(table, [[1.5, 2.5, "up"], *random_rows(0, 60)[1:]])
    capsys.readouterr()
    assert main(["search", str(table), *QUICK, "--out", str(out)]) == 0
    assert "are replaced; they were made from other contents of t.csv" in capsys.readouterr().err
    # Pruned models of two searches have no common folder.
    said(capsys, "search", other, *QUICK, "--out", tmp_path / "o2")
    said(capsys, "prune", out / "model.npz", table, "--out", tmp_path / "p")
    error = refused(capsys, "prune", tmp_path / "o2/model.npz", other, "--out", tmp_path / "p")
    assert "holds the results for t.csv, not for u.csv" in error
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/report.json").write_text("[]", encoding="utf-8")
    error = refused(capsys, "search", table, *QUICK, "--out", tmp_path / "foreign")
    assert "holds a report.json of another program" in error
    # Commands whose files have the same names.
    assert "holds the pictures of a search" in refused(capsys, "inspect", out / "model.npz", "--out", out)
    assert "holds the results of `search`" in refused(capsys, "reproduce", "sparcs-second", "--out", out)
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper/summary.json").write_text("{}", encoding="utf-8")
    assert "holds the results of `reproduce`" in refused(capsys, "search", table, *QUICK, "--out", tmp_path / "paper")


def test_work_whose_state_does_not_fit_begins_afresh_once(tmp_path: Path, capsys: Any) -> None:
    """As `reproduce sparcs-second` does where its options have changed."""
    state, calls = tmp_path / "training.npz", []

    def work() -> str:
        calls.append(state.exists())
        if state.exists() or len(calls) > 2:
            raise ModelFileError("belongs to another training")
        return "done"

    state.write_bytes(b"old")
    assert afresh_where_stale(lambda: [state] if state.exists() else [], work) == "done"
    assert calls == [True, False]
    assert capsys.readouterr().err.count("\n") == 1
    # Without a state another fault is not hidden.
    with pytest.raises(ModelFileError, match="belongs to another training"):
        afresh_where_stale(lambda: [], work)


@pytest.mark.parametrize("command", sorted(results.FILES))
def test_a_file_of_results_is_replaced_by_no_other_command(tmp_path: Path, command: str) -> None:
    """By whatever name the path has, and whether or not the file is there yet; other files, and other folders, are free."""
    home, free = tmp_path / "home", tmp_path / "free"
    home.mkdir()
    free.mkdir()
    (tmp_path / "link").symlink_to(home)
    if command in results.MARKS:
        (home / "report.json").write_text(json.dumps(dict.fromkeys(results.MARKS[command])), encoding="utf-8")
    else:
        (home / {"reproduce": "summary.json", "sweep": "sweep.sqlite"}[command]).write_text("{}", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.symlink_to(home / results.FILES[command][0])
    (tmp_path / "store").write_text("", encoding="utf-8")
    if command in results.MARKS:  # a result that is a link to another folder
        (home / results.FILES[command][-1]).symlink_to(tmp_path / "store")
    for name in results.FILES[command]:
        for path in (home / name, tmp_path / "link" / name, home / ".." / "home" / name):
            with pytest.raises(InvalidInputError, match=f"it belongs to the {command} in .*; name another file"):
                check_file(path)
        check_file(free / name)
    with pytest.raises(InvalidInputError, match=f"it belongs to the {command} in {home}; name another file"):
        check_file(elsewhere)
    check_file(home / "another.npz")
    with pytest.raises(InvalidInputError, match="the command reads this file"):
        check_file(home / "report.json.txt", inputs=[_written(home / "report.json.txt")])


def _written(path: Path) -> Path:
    path.write_text("", encoding="utf-8")
    return path


def test_no_command_destroys_a_search_by_a_file(tmp_path: Path, capsys: Any) -> None:
    table, out = write(tmp_path / "t.csv", random_rows(0, 60)), tmp_path / "o"
    said(capsys, "search", table, "--hidden", "3", "--epochs", "3", "--out", out)
    kept = {path.name: path.read_bytes() for path in out.iterdir()}
    own = f"it belongs to the search in {out}; name another file"
    for name in ("report.json", "sizes.npz", "history.json", "network.png"):
        assert own in refused(capsys, "choose", out, "--weights", "4", "--out", out / name)
        assert own in refused(capsys, "predict", out / "compact.npz", table, "--out", out / name)
        assert own in refused(capsys, "export", out / "compact.npz", "--c", tmp_path / "a.c", "--js", out / name)
    assert not (tmp_path / "a.c").exists()
    assert {path.name: path.read_bytes() for path in out.iterdir()} == kept
    # Files of other names may lie beside the results.
    said(capsys, "choose", out, "--weights", "4")
    said(capsys, "predict", out / "compact.npz", table, "--out", out / "predicted.csv")
