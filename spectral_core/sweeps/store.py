"""The results of a sweep in one SQLite file: a row for each finished training, written in one transaction.

The table `sweep` describes the experiment, `results` holds the measured numbers, `timings` and `sessions` hold times.
`content()` covers `sweep` and `results` alone, so it does not depend on when, where and in how many sessions the work was
done.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spectral_core.errors import DataFileError, InvalidInputError

FORMAT = 1
WAIT = 60.0  # seconds to wait for another process that is writing

SCHEMA = """
CREATE TABLE sweep (format INTEGER NOT NULL, description TEXT NOT NULL);
CREATE TABLE results (task TEXT PRIMARY KEY, seed INTEGER NOT NULL, measured TEXT NOT NULL, failure TEXT NOT NULL);
CREATE TABLE timings (task TEXT PRIMARY KEY, seconds REAL NOT NULL, machine TEXT NOT NULL);
CREATE TABLE sessions (id TEXT PRIMARY KEY, started TEXT NOT NULL, jobs INTEGER NOT NULL, trainings INTEGER NOT NULL,
                       seconds REAL NOT NULL);
"""


def canonical(value: Any) -> str:
    """A record as canonical JSON: names sorted, no spaces, floats by their shortest exact digits."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class TaskResult:
    """The result of one training: numbers by name, or the reason of its failure; its seconds and its machine."""

    task: str
    seed: int
    measured: dict[str, Any] = field(default_factory=dict)
    failure: str = ""
    seconds: float = 0.0
    machine: str = ""


@dataclass
class Session:
    """One stretch of work on a store; `seconds` is wall time, updated with every training."""

    id: str
    started: str
    jobs: int
    trainings: int = 0
    seconds: float = 0.0


class Store:
    """The file of one sweep; use it in a `with` block.

    Parameters
    ----------
    path : the file; None keeps everything in memory.
    description : of the sweep. A new file takes it; a file of another sweep is refused. None opens any store.

    Raises
    ------
    DataFileError : no such file, not a store, or a store of another sweep.
    InvalidInputError : the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, description: dict[str, Any] | None = None) -> None:
        self.path = ":memory:" if path is None else os.fspath(path)
        if path is not None and not Path(path).is_file():
            if description is None or Path(path).exists():
                raise DataFileError(f"{'not a file' if Path(path).exists() else 'no such store'}: {path}")
            try:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InvalidInputError(f"cannot write {path}: {error.strerror}") from None
        with self._errors():
            # Transactions are opened by hand, so a reported result is on the disk.
            self.connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
        try:
            self.description = self._begin(description)
        except BaseException:
            self.connection.close()
            raise

    def _begin(self, description: dict[str, Any] | None) -> dict[str, Any]:
        with self._errors():
            self.connection.execute("PRAGMA synchronous = FULL")
            if description is not None and not self._tables():
                with self._transaction():
                    if not self._tables():  # another process may have been faster
                        for statement in SCHEMA.split(";")[:-1]:
                            self.connection.execute(statement)
                        self.connection.execute("INSERT INTO sweep VALUES (?, ?)", (FORMAT, canonical(description)))
            if not {"sweep", "results", "timings", "sessions"} <= self._tables():
                raise DataFileError(f"{self.path} is not the store of a sweep")
            number, text = self.connection.execute("SELECT format, description FROM sweep").fetchone()
        if number != FORMAT:
            raise DataFileError(f"{self.path} has format {number}; this package reads format {FORMAT}")
        found: dict[str, Any] = json.loads(text)
        if description is not None and text != canonical(description):
            raise DataFileError(
                f"{self.path} holds another sweep: {difference(found, description)}; name another store"
            )
        return found

    def _tables(self) -> set[str]:
        return {name for (name,) in self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:  # locked, full, read-only
            raise InvalidInputError(f"cannot write {self.path}: {error}") from None
        except sqlite3.DatabaseError as error:
            raise DataFileError(f"{self.path} is not the store of a sweep: {error}") from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def finished(self) -> set[str]:
        """The names of the finished tasks."""
        with self._errors():
            return {task for (task,) in self.connection.execute("SELECT task FROM results")}

    def add(self, outcomes: Iterable[TaskResult], session: Session | None = None) -> None:
        """Write results and their session in one transaction. A task that the store already holds stays as it is.

        Raises
        ------
        InvalidInputError : the store holds another result of one of the tasks.
        """
        with self._errors(), self._transaction():
            for outcome in outcomes:
                row = (outcome.task, outcome.seed, canonical(outcome.measured), outcome.failure)
                self.connection.execute("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?)", row)
                kept = self.connection.execute("SELECT * FROM results WHERE task = ?", (outcome.task,)).fetchone()
                if kept != row:
                    raise InvalidInputError(
                        f"two results of one training: {outcome.task} gave {kept[2] or kept[3]} in {self.path}, and "
                        f"{row[2] or row[3]}; equal seeds give equal numbers only on one kind of processor"
                    )
                timing = (outcome.task, outcome.seconds, outcome.machine)
                self.connection.execute("INSERT OR IGNORE INTO timings VALUES (?, ?, ?)", timing)
            if session is not None:
                values = (session.id, session.started, session.jobs, session.trainings, session.seconds)
                self.connection.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?)", values)

    def outcomes(self) -> list[TaskResult]:
        """All results, in the order of their tasks' names."""
        query = "SELECT * FROM results LEFT JOIN timings USING (task) ORDER BY task"
        with self._errors():
            rows = self.connection.execute(query).fetchall()
        return [TaskResult(task, seed, json.loads(text), failure, s, m) for task, seed, text, failure, s, m in rows]

    def sessions(self) -> list[Session]:
        """All sessions, in the order in which they started."""
        with self._errors():
            return [Session(*row) for row in self.connection.execute("SELECT * FROM sessions ORDER BY started, id")]

    def content(self) -> str:
        """SHA-256 of the sweep's description and results. Equal results have the same hash, however many sessions and machines made them."""
        digest = hashlib.sha256(canonical(self.description).encode())
        for result in self.outcomes():
            digest.update(canonical([result.task, result.seed, result.measured, result.failure]).encode() + b"\n")
        return digest.hexdigest()


def difference(stored: dict[str, Any], wanted: dict[str, Any]) -> str:
    """The first entry in which two descriptions differ, as words."""
    for name in sorted({*stored, *wanted}):
        a, b = stored.get(name), wanted.get(name)
        if isinstance(a, dict) and isinstance(b, dict) and a != b:
            return difference(a, b)
        if a != b:
            return f"{name} is {canonical(a)} there and {canonical(b)} here"
    return "nothing differs"


def merge(into: str | os.PathLike[str], stores: Iterable[str | os.PathLike[str]]) -> Store:
    """Put the results of several stores of one sweep into one; returns that store, open.

    Parameters
    ----------
    into : a new file or a store of the same sweep, which keeps its results.
    stores : files; each is left as it is.

    Raises
    ------
    DataFileError : a file is no store, or one of another sweep.
    InvalidInputError : no stores, or two of them hold different results of one training.
    """
    paths = list(stores)
    if not paths:
        raise InvalidInputError("merge needs at least one store")
    opened = []
    for path in paths:  # read all of them before anything is written
        with Store(path) as store:
            opened.append((path, store.description, store.outcomes(), store.sessions()))
    first = opened[0][1]
    for path, description, _, _ in opened:
        if description != first:
            raise DataFileError(f"{path} holds another sweep than {paths[0]}: {difference(first, description)}")
    merged = Store(into, first)
    try:
        for _, _, outcomes, sessions in opened:
            merged.add(outcomes)
            for session in sessions:
                merged.add([], session)
    except BaseException:
        merged.connection.close()
        raise
    return merged
