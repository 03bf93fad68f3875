"""The store of a sweep: one transaction for each result, equal content for equal results, merging, refusals."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.sweeps.store import Session, Store, TaskResult, canonical, merge

SWEEP = {"experiment": "test", "settings": {"epochs": 3, "hidden": 5}}
A = TaskResult('{"a":1,"run":0}', 7, {"loss": 0.1}, seconds=1.0, machine="here")
B = TaskResult('{"a":2,"run":0}', 8, {"loss": None, "epoch": 3}, seconds=2.0, machine="there")
C = TaskResult('{"a":3,"run":0}', 9, failure="it diverged")


def filled(path: Path, *outcomes: TaskResult, description: dict[str, object] | None = None) -> str:
    with Store(path, description or SWEEP) as store:
        for outcome in outcomes:
            store.add([outcome])
        return store.content()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    filled(tmp_path / "deep" / "s.sqlite", B, A, C)
    with Store(tmp_path / "deep" / "s.sqlite") as store:
        assert store.description == SWEEP
        assert [o.task for o in store.outcomes()] == [A.task, B.task, C.task]
        assert store.outcomes()[:2] == [A, B]
        assert store.finished() == {A.task, B.task, C.task}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["s.sqlite"]


def test_floats_keep_every_bit(tmp_path: Path) -> None:
    values = {f"v{k}": v for k, v in enumerate((0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 2.0**53 + 2))}
    filled(tmp_path / "s.sqlite", TaskResult("t", 1, values))
    with Store(tmp_path / "s.sqlite") as store:
        back = store.outcomes()[0].measured
    assert {name: float(v).hex() for name, v in back.items()} == {name: v.hex() for name, v in values.items()}


def test_content_is_of_the_results_alone(tmp_path: Path) -> None:
    one = filled(tmp_path / "1", A, B)
    other = filled(tmp_path / "2", B, TaskResult(A.task, A.seed, A.measured, seconds=99.0, machine="elsewhere"))
    with Store(tmp_path / "2") as store:
        store.add([], Session("id", "2026-01-01", 2, 5, 60.0))
        assert store.content() == one == other
        assert [s.seconds for s in store.sessions()] == [60.0]
    changed = TaskResult(A.task, A.seed, {"loss": 0.1000000000000001})
    assert len({one, filled(tmp_path / "3", A), filled(tmp_path / "4", changed, B)}) == 3
    assert filled(tmp_path / "5", A, B, description={"experiment": "other"}) != one


def test_a_store_of_another_sweep_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "s", A)
    with pytest.raises(DataFileError, match=r"s holds another sweep: epochs is 3 there and 300 here; name another"):
        Store(tmp_path / "s", {"experiment": "test", "settings": {"epochs": 300, "hidden": 5}})


def test_files_that_are_no_stores(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is text, and long enough to be looked at as a database" * 20)
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE t (x)")
    other.close()
    for name, words in {
        "text": "not a database",
        "other": "is not the store of a sweep",
        "none": "no such store",
    }.items():
        with pytest.raises(DataFileError, match=words):
            Store(tmp_path / name)
    for name in ("text", "other"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(DataFileError):
            Store(tmp_path / name, SWEEP)
        assert (tmp_path / name).read_bytes() == before
    with pytest.raises(DataFileError, match="not a file"):
        Store(tmp_path, SWEEP)
    with pytest.raises(InvalidInputError, match="cannot write"):
        Store(tmp_path / "text" / "s", SWEEP)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "s", A)
    with Store(tmp_path / "s") as store:
        store.connection.execute("UPDATE sweep SET format = 2")
    with pytest.raises(DataFileError, match="format 2; this package reads format 1"):
        Store(tmp_path / "s")


def test_a_result_that_is_there_stays_and_another_one_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path / "s", SWEEP) as store:
        store.add([A])
        store.add([TaskResult(A.task, A.seed, A.measured, seconds=5.0)])
        assert store.outcomes() == [A]
        with pytest.raises(InvalidInputError, match=r"two results of one training"):
            store.add([B, TaskResult(A.task, A.seed, {"loss": 0.2})])
        assert store.outcomes() == [A], "the whole transaction is undone"


def test_a_writer_that_stops_half_way_leaves_the_results_before(tmp_path: Path) -> None:
    with Store(tmp_path / "s", SWEEP) as store:
        store.add([A])
        store.connection.execute("BEGIN IMMEDIATE")
        store.connection.execute("INSERT INTO results VALUES ('half', 1, '{}', '')")
    with Store(tmp_path / "s") as store:
        assert store.finished() == {A.task}


def test_merging_gives_the_whole(tmp_path: Path) -> None:
    whole = filled(tmp_path / "whole", A, B, C)
    filled(tmp_path / "1", A, C)
    filled(tmp_path / "2", B, C)
    with Store(tmp_path / "2") as store:
        store.add([], Session("id", "2026-01-01", 2, 2, 9.0))
    with merge(tmp_path / "new" / "all", [tmp_path / "1", tmp_path / "2"]) as store:
        assert store.content() == whole
        assert [s.id for s in store.sessions()] == ["id"]
        assert {o.machine for o in store.outcomes()} == {"here", "there", ""}
    with merge(tmp_path / "1", [tmp_path / "2"]) as store:
        assert store.content() == whole


def test_what_does_not_belong_together_is_not_merged(tmp_path: Path) -> None:
    filled(tmp_path / "1", A)
    filled(tmp_path / "2", B, description={"experiment": "other", "settings": SWEEP["settings"]})
    filled(tmp_path / "3", TaskResult(A.task, A.seed, {"loss": 0.2}))
    with pytest.raises(
        DataFileError, match=r'2 holds another sweep than .*1: experiment is "test" there and "other" here'
    ):
        merge(tmp_path / "all", [tmp_path / "1", tmp_path / "2"])
    assert not (tmp_path / "all").exists()
    with pytest.raises(InvalidInputError, match="two results of one training"):
        merge(tmp_path / "all", [tmp_path / "1", tmp_path / "3"])
    with pytest.raises(DataFileError, match="no such store"):
        merge(tmp_path / "all", [tmp_path / "none"])
    with pytest.raises(InvalidInputError, match="at least one"):
        merge(tmp_path / "all", [])


def test_a_record_is_written_in_one_way() -> None:
    assert canonical({"b": [1, 0.1, None, True], "α": "x"}) == '{"b":[1,0.1,null,true],"α":"x"}'
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))
