"""What commands that read data share: options on files and columns, the parts of a search, data for a saved model."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    from spectral_core.data.dataset import Dataset
    from spectral_core.data.reading.form import FileForm
    from spectral_core.data.tables import ColumnChoice
    from spectral_core.networks.predictor import Predictor

TABLES = "a table (CSV, TSV, TXT, also .gz; Parquet, Feather, Excel), an NPZ file, or a built-in name"


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Options that state how a table is written; what is not stated is found and said."""
    group = parser.add_argument_group("tables", "How a table is written; what is not stated is found, and said.")
    group.add_argument("--sep", metavar="TEXT", default="", help="separator of a text file: , ; | tab or blank")
    group.add_argument(
        "--decimal", choices=(".", ","), metavar="SIGN", default="", help="decimal sign of numbers in text: . or ,"
    )
    group.add_argument(
        "--encoding", metavar="NAME", default="", help="encoding of a text file, such as utf-8 or latin-1"
    )
    header = "whether the first row holds the names of the columns; without one they are column1, column2, ..."
    group.add_argument("--header", action=argparse.BooleanOptionalAction, default=None, help=header)
    missing = "texts that mean a missing value, besides the empty one (default: NA, N/A, NaN, null, ? and the like)"
    group.add_argument("--missing", metavar="TEXT[,TEXT]", help=missing)


def add_column_options(parser: argparse.ArgumentParser, split: bool = True, rows: bool = True) -> None:
    """Options that say which column is what: features where none are known yet, and what counts and splits the `rows`."""
    group = parser.add_argument_group("columns", "Columns by name, with commas between.")
    group.add_argument(
        "--target", metavar="A[,B]", help="target columns of a table (default: the last, or the model's)"
    )
    if split:
        group.add_argument("--features", metavar="A,B", help="feature columns (default: all that are nothing else)")
        group.add_argument("--drop", metavar="A,B", help="columns to leave out")
    if rows:
        group.add_argument("--weight", metavar="COLUMN", default="", help="column of sample weights")
    if split and rows:
        group.add_argument(
            "--group", metavar="COLUMN", default="", help="keep rows of one group on one side of each split"
        )
        last = "test on the last rows by this column of numbers or dates, and validate on those before"
        group.add_argument("--time", metavar="COLUMN", default="", help=last)


def file_form(options: argparse.Namespace) -> FileForm:
    """How the file is written, as far as the options say."""
    from spectral_core.data.reading.form import FileForm

    missing = None if options.missing is None else names_in(options.missing)
    return FileForm(options.sep, options.decimal, options.encoding, options.header, missing)


def column_choice(options: argparse.Namespace) -> ColumnChoice:
    """Which column is what, as far as the options say."""
    from spectral_core.data.tables import ColumnChoice

    given = vars(options)
    target, features, drop = (names_in(given.get(name)) for name in ("target", "features", "drop"))
    if given.get("group") and given.get("time"):
        raise InvalidInputError("--group and --time both say how the rows are split; give one of them")
    others = {name: given.get(name) or "" for name in ("weight", "group", "time")}
    return ColumnChoice(target or None, features or None, drop, **others)


def names_in(text: str | None) -> tuple[str, ...]:
    """Names with commas between; a name with a comma stands in quotation marks."""
    import csv

    return (
        tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True)) if name.strip()) if text else ()
    )


def load_for(model: Predictor | None, path: str | os.PathLike[str], options: argparse.Namespace) -> Dataset:
    """The data for a saved model: its features by name through its encoder, its target, its classes.

    `.x` is encoded, in the units of the data, and `.y` holds class indices or numbers; `.raw` and `.labels` are what
    `Predictor.predict` and `Predictor.score` take. Without a model the data are those of `datasets.load`.
    """
    from spectral_core.data import datasets
    from spectral_core.data.matching import matching

    form, choice = file_form(options), column_choice(options)
    if model is None:
        return datasets.load(os.fspath(path), task=getattr(options, "task", "auto"), form=form, columns=choice)
    return matching(model, os.fspath(path), form, choice)


def parts(data: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset | None, Dataset]:
    """Training data; validation data, or None if `search` draws them from the training data; test data.

    Where rows are split by groups or by time, both splits are.
    """
    import numpy as np

    from spectral_core.data import splitting

    training, test = splitting.train_test_split(data, fraction, seed)
    if data.group is None and data.time is None:
        return training, None, test
    mask = splitting.put_aside(training, 0.2, np.random.default_rng((seed, 1)))
    training, validation = splitting.divided(training, mask)
    training, validation, test = splitting.encoded_alike(training, validation, test)
    return training, validation, test


def decisions(data: Dataset) -> list[str]:
    """Lines on the task, the target and the features, and on each column that is not a plain number."""
    columns = [] if data.encoder is None else data.encoder.decisions()
    told = [one for one in columns if one["became"] not in ("a number", "0 or 1") or one["remark"]]
    texts = [f"column {one['column']!r}: " + "; ".join(filter(None, (one["became"], one["remark"]))) for one in told]
    return [*data.remarks, *texts]


def note(texts: Iterable[str], source: object) -> None:
    """Print sentences on the data to stderr."""
    for text in texts:
        print(f"{source}: {text}", file=sys.stderr)
