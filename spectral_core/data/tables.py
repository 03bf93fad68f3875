"""Tables of files as features and targets: which column is what, and everything that is wrong in one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spectral_core.data.columns import quoted
from spectral_core.data.encoding import Encoder, refuse
from spectral_core.data.meaning.cells import Reading
from spectral_core.data.meaning.kinds import Fault, readings
from spectral_core.data.reading.table import Table
from spectral_core.data.targets import MOST_CLASSES, looks_like_labels, stranger
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.wording import counted, undergoing

FEW_ROWS = 30
"""With fewer rows than this, a remark says so."""


@dataclass(frozen=True)
class ColumnChoice:
    """Which column is what; None and ``''`` for what is not stated.

    Attributes
    ----------
    target : the target columns; by default the last one.
    features : the feature columns; by default all that are nothing else and not in `drop`. They are never left out for what
        they hold.
    weight : a column of sample weights.
    group : rows of one group stay on one side of a split.
    time : the last rows by this column are the test part.
    """

    target: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    weight: str = ""
    group: str = ""
    time: str = ""


BY_DEFAULT = ColumnChoice()
"""The last column is the target, all others are features."""


@dataclass(frozen=True, eq=False)
class Supervised:
    """Rows with a target: raw features, their encoder, and what was taken for what."""

    features: Table
    encoder: Encoder
    y: np.ndarray
    target_names: tuple[str, ...]
    weight: np.ndarray | None
    group: np.ndarray | None
    time: np.ndarray | None
    remarks: tuple[str, ...]


def supervised(table: Table, choice: ColumnChoice, task: str) -> Supervised:
    """The features, targets and weights of a table; rows without a target or a weight are left out, and said.

    Raises
    ------
    DataFileError : all faults of all columns in one message, each with its remedy.
    """
    targets, features = _named(table, choice)
    _need_rows(table)
    found, faults = readings(table, features)
    few = (
        () if len(table) >= FEW_ROWS else (f"only {counted(len(table), 'row')}: scores on parts of so few say little",)
    )
    table, y, weight, remarks = targets_of(table, replace(choice, target=targets), task, faults)
    if choice.target is None:
        remarks = tuple(f"{text}, the last column" if text.startswith("the target is ") else text for text in remarks)
    inputs = table.select(features)
    encoder = Encoder.fit(inputs, found, keep=choice.features or ())
    group = None if not choice.group else np.array([str(value) for value in table[choice.group].tolist()])
    time = _times(table, choice.time) if choice.time else None
    return Supervised(inputs, encoder, y, targets, weight, group, time, (*remarks, *few, *_guess(y, targets, task)))


def targets_of(
    table: Table, choice: ColumnChoice, task: str, faults: Sequence[Fault] = ()
) -> tuple[Table, np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """The rows that have a target and a weight; y; the weights; remarks. Raises with the faults of all columns, these included."""
    _need_rows(table)
    targets = choice.target or (table.names[-1],)
    # Faults of all columns at once.
    wanted, wrong = readings(table, (*targets, *filter(None, (choice.weight,))))
    wrong = [_of_target(fault, targets) for fault in wrong]
    wrong += [fault for name in targets if name in wanted for fault in _target_faults(table, name, wanted[name], task)]
    weight_fault = choice.weight in wanted and wanted[choice.weight].kind not in ("number", "boolean")
    wrong += [Fault(choice.weight, None, "weights must be numbers")] if weight_fault else []
    refuse(table.source, [*wrong, *faults])
    # Rows that have a target and a weight.
    remarks = [*table.remarks, f"the target is {quoted(targets)}"]
    read = [
        name for name in targets if wanted[name].remark and (wanted[name].kind != "boolean" or task == "regression")
    ]
    remarks += [f"target {name!r}: {wanted[name].remark}" for name in read]
    table = _complete(table, wanted, remarks)
    y = _targets(table, targets, wanted, task)
    weight = wanted[choice.weight].values(table[choice.weight])[0] if choice.weight else None
    if weight is not None and ((weight < 0).any() or not (weight > 0).any()):
        raise DataFileError(
            f"{table.source}: the weights in column {choice.weight!r} must be at least 0, and not all 0"
        )
    return table, y, weight, tuple(remarks)


def _of_target(fault: Fault, targets: Sequence[str]) -> Fault:
    """A target cannot be dropped."""
    if fault.column not in targets:
        return fault
    missing = fault.remedy.split(", or --drop")[0] if ", or --drop" in fault.remedy else ""
    return replace(fault, remedy=", or ".join(filter(None, (missing, "--target names another column"))))


def _need_rows(table: Table) -> None:
    if len(table) < 2:
        rows = "no rows" if len(table) == 0 else "one row; at least two are needed"
        raise DataFileError(f"{table.source} has column names but {rows}")


def _named(table: Table, choice: ColumnChoice) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Targets and features; raises where a name is none of the table's, or has two uses."""
    if len(table.names) < 2:
        raise DataFileError(
            f"{table.source} needs a target and at least one feature column; it has {quoted(table.names)}"
        )
    others = tuple(filter(None, (choice.weight, choice.group, choice.time)))
    table.require((*(choice.target or ()), *choice.drop, *(choice.features or ()), *others))
    free = [name for name in table.names if name not in (*choice.drop, *others, *(choice.features or ()))]
    if choice.target is None and not free:
        raise InvalidInputError(f"{table.source}: no column is left for the target; --target names it")
    targets = choice.target or (free[-1],)
    uses = [*targets, *choice.drop, *(choice.features or ()), *filter(None, (choice.weight,))]
    twice = [name for name in dict.fromkeys(uses) if uses.count(name) > 1]
    if twice:
        raise InvalidInputError(f"a column has one use: target, feature, weight or dropped; {quoted(twice)} has more")
    features = choice.features or tuple(name for name in free if name not in targets)
    if not features:
        raise DataFileError(f"{table.source}: no column is left for the features; it has {quoted(table.names)}")
    return targets, features


def _target_faults(table: Table, name: str, reading: Reading, task: str) -> list[Fault]:
    """The reason why a column cannot be the target."""
    column = table[name]
    if reading.kind == "empty":
        return [Fault(name, None, "the target has no values", "--target names another column")]
    if reading.kind == "date":
        return [Fault(name, None, "the target is a date", "--target names another column")]
    if reading.kind != "text":
        return []
    if task == "multilabel":
        row = int(np.argmin(reading.absent(column)))
        return [Fault(name, row + 1, f"{column[row]!r} is text; several labels are 0 or 1")]
    present = column[~reading.absent(column)]
    if task == "regression":
        row = int(np.argmin(reading.absent(column)))
        return [Fault(name, row + 1, f"{column[row]!r} is text in a numeric column")]
    several = len(set(present.tolist()))
    if several > max(MOST_CLASSES + 1, len(present) / 2):
        what = f"the target has {several} different texts in {counted(len(present), 'row')}, too many for classes"
        return [Fault(name, None, what, "--target names another column")]
    return []


def _complete(table: Table, wanted: dict[str, Reading], remarks: list[str]) -> Table:
    """The rows in which no target and no weight is missing; the others are said.

    By hand: a number of rows. Checked by test_meaning.test_labels_of_rows_without_one_are_left_out_and_said.
    """
    gone = np.zeros(len(table), bool)
    for name, reading in wanted.items():
        absent = reading.absent(table[name])
        if absent.any():
            row = int(np.argmax(absent))
            shown = f"{table[name][row]!r} in row {row + 1}" if table[name][row] is not None else f"row {row + 1}"
            gone_rows = undergoing(int(absent.sum()), "row", f"without {name!r}", "left out")
            remarks.append(f"{gone_rows}; the first is {shown}")
        gone |= absent
    if (~gone).sum() < 2:
        raise DataFileError(f"{table.source}: fewer than two rows have a value in {quoted(list(wanted))}")
    return table.take(~gone) if gone.any() else table


def _targets(table: Table, targets: Sequence[str], wanted: dict[str, Reading], task: str) -> np.ndarray:
    """y: a vector of text, truth values or numbers, or (samples, outputs) numbers for several targets."""
    if len(targets) == 1:
        column, reading = table[targets[0]], wanted[targets[0]]
        if reading.kind == "boolean" and task != "regression":
            if set(reading.labels) == {"false", "true"} or column.dtype.kind != "O":
                return reading.values(column)[0].astype(bool)
            return replace(reading, kind="text").values(column)[0]
        if reading.kind == "number" and column.dtype.kind in "iu":
            return column
        return reading.values(column)[0]
    kinds = {name: wanted[name].kind for name in targets}
    texts = [name for name, kind in kinds.items() if kind not in ("number", "boolean")]
    if texts or task == "classification":
        raise DataFileError(f"{table.source}: several targets must be numbers; {quoted(texts or list(targets))}")
    return np.stack([wanted[name].values(table[name])[0] for name in targets], axis=1)


def _times(table: Table, name: str) -> np.ndarray:
    """The values of the column that orders the rows: numbers or dates."""
    found, faults = readings(table, (name,))
    if not faults and found[name].kind not in ("number", "date"):
        faults = [Fault(name, None, "the column of times must hold numbers or dates")]
    refuse(table.source, faults)
    times, _ = found[name].values(table[name])
    if np.isnan(times).any():
        raise DataFileError(
            f"{table.source}: column {name!r}, row {int(np.argmax(np.isnan(times))) + 1}: the time is missing"
        )
    return times


def _guess(y: np.ndarray, targets: Sequence[str], task: str) -> list[str]:
    """Sentences on a task that was guessed from whole numbers, and on labels that differ in capitals alone."""
    if y.ndim == 1 and y.dtype.kind == "O":
        labels = sorted(set(y.tolist()))
        alike = [text for text in labels if sum(text.lower() == other.lower() for other in labels) > 1]
        return [f"labels differ in capitals alone: {quoted(alike)}"] if alike else []
    if task == "auto" and looks_like_labels(y):
        return [f"targets of 0 and 1: taken as {y.shape[1]} labels; --task regression if they are measurements"]
    if task == "auto" and y.ndim == 2 and 0 < (many := int(np.count_nonzero((y != 0) & (y != 1)))) <= len(y) / 20:
        row, column = stranger(y) or (0, 0)
        return [
            f"column {targets[column]!r}, row {row + 1} is {y[row, column]:g}, and all but {counted(many, 'value')} of the targets "
            "are 0 or 1: taken as measurements; --task multilabel takes labels and refuses other values"
        ]
    if task != "auto" or y.ndim != 1 or y.dtype.kind == "b" or (np.mod(y, 1) != 0).any():
        return []
    several = len(np.unique(y))
    if several <= MOST_CLASSES:
        other = "taken as classes; --task regression if they are measurements"
    elif several <= 100 and len(y) >= 2 * several:
        other = "taken as measurements; --task classification if they are labels"
    else:
        return []
    return [f"target {targets[0]!r} has {several} distinct whole numbers: {other}"]
