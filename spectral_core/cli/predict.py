"""The command `predict`."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectral_core.cli import data_options
from spectral_core.cli.console import say_data
from spectral_core.cli.results import check_file
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.data.reading.table import Table
    from spectral_core.networks.predictor import Predictor


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "predict",
        help="predictions of a saved model as CSV",
        description="Writes one line for each row of the data, in the units of the data, as CSV in UTF-8. A row that cannot "
        "be read has an empty prediction, and is named on stderr; a file without rows gives the header alone.",
        epilog="example: spectral-core predict results/customers/compact.npz new.csv --keep id --out predicted.csv",
    )
    parser.add_argument("model", metavar="MODEL", help="model.npz or compact.npz of a search")
    parser.add_argument("data", metavar="DATA", help="a file with the model's feature columns, or a built-in name")
    parser.add_argument("--proba", action="store_true", help="class probabilities instead of classes")
    parser.add_argument("--keep", metavar="A,B", help="columns of the data to write beside the predictions")
    parser.add_argument("--out", metavar="FILE", help="write to this file instead of standard output")
    parser.add_argument(
        "--json", action="store_true", help="a JSON list of rows, by name of the column, instead of CSV"
    )
    data_options.add_file_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the predictions to a file or to standard output."""
    from spectral_core.data import datasets
    from spectral_core.files import atomic
    from spectral_core.networks.predictor import Predictor

    if options.out:
        check_file(options.out, inputs=[options.model, options.data])
    model = Predictor.load(options.model)
    if options.proba and model.task == "regression":
        raise InvalidInputError("--proba needs a classification model; this one is for regression")
    table = datasets.load_raw(options.data, data_options.file_form(options))
    keep = data_options.names_in(options.keep)
    if table is None and keep:
        raise InvalidInputError(f"--keep names columns of a table; {options.data} has none")
    # Predictions: one list for each row, of empty cells for a row that has none.
    if table is None:
        rows = _predicted(model, datasets.load_features(options.data, model.feature_names), options.proba)
    else:
        rows = _of_table(model, table, options.proba)
    header = _header(model, options.proba)
    if table is not None and keep:
        kept = zip(*(_texts(table[name]) for name in keep), strict=True)
        rows = [[*cells, *row] for cells, row in zip(kept, rows, strict=True)]
        header = [*keep, *(f"{name} (predicted)" if name in keep else name for name in header)]
    text = as_json_rows(header, rows) if options.json else as_csv(header, rows)
    if options.out:
        atomic.write_text(options.out, text)
    else:
        say_data(text)
    return 0


def as_csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def as_json_rows(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A list of rows by name; an empty cell is null."""
    named = [{name: None if cell == "" else cell for name, cell in zip(header, row, strict=True)} for row in rows]
    return json.dumps(named, ensure_ascii=False) + "\n"


def _header(model: Predictor, proba: bool) -> list[str]:
    if proba and model.classes:
        return [str(label) for label in model.classes]
    outputs = 1 if model.task == "classification" else len(model.outputs.mean)
    known = len(model.target_names) == outputs
    return list(model.target_names) if known else [f"prediction{k + 1}" for k in range(outputs)]


def _of_table(model: Predictor, table: Table, proba: bool) -> list[list[Any]]:
    """Predictions of raw rows; what is wrong with a row is said on stderr."""
    import numpy as np

    from spectral_core.data.encoding import plain_rows

    notes = list(table.remarks)
    if model.encoder is None:
        x, faults = plain_rows(table, model.feature_names)
    else:
        x, faults, unseen = model.encoder.encode(table)
        for name, texts in unseen.items():
            shown = ", ".join(map(repr, list(texts)[:5]))
            notes.append(
                f"column {name!r}: {counted(sum(texts.values()), 'value')} unknown to the model, such as {shown}"
            )
    whole = [fault for fault in faults if fault.row is None]
    if whole:
        raise InvalidInputError(f"{table.source}: {'; '.join(map(str, whole))}")
    bad = {fault.row - 1: str(fault) for fault in reversed(faults) if fault.row is not None}
    good = np.array([row for row in range(len(table)) if row not in bad], dtype=int)
    rows: list[list[Any]] = [[""] * len(_header(model, proba)) for _ in range(len(table))]
    for row, cells in _in_range(replace(model, encoder=None), x, good, proba, bad):
        rows[row] = cells
    if bad and len(bad) == len(table):
        raise InvalidInputError(f"{table.source}: no row can be predicted: {bad[min(bad)]}")
    notes += [f"no prediction: {bad[row]}" for row in sorted(bad)[:20]]
    notes += [f"no prediction for {len(bad)} rows in all"] if len(bad) > 20 else []
    data_options.note(notes, table.source)
    return rows


def _in_range(
    model: Predictor, x: np.ndarray, rows: np.ndarray, proba: bool, bad: dict[int, str]
) -> list[tuple[int, list[Any]]]:
    """Predictions of these rows; those that are out of the network's range are found by halves and go to `bad`."""
    if len(rows) == 0:
        return []
    try:
        return list(zip(rows.tolist(), _predicted(model, x[rows], proba), strict=True))
    except InvalidInputError as error:
        if len(rows) == 1:
            bad[int(rows[0])] = f"row {int(rows[0]) + 1}: {error}"
            return []
        half = len(rows) // 2
        return [*_in_range(model, x, rows[:half], proba, bad), *_in_range(model, x, rows[half:], proba, bad)]


def _predicted(model: Predictor, x: np.ndarray, proba: bool) -> list[list[Any]]:
    """One list for each row."""
    found = model.predict_proba(x) if proba else model.predict(x)
    return (found if found.ndim == 2 else found[:, None]).tolist()


def _texts(column: np.ndarray) -> list[str]:
    """The cells of a column as they are written."""
    return ["" if value is None or value != value else str(value) for value in column.tolist()]
