"""The command `predict`."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from spectral_core.cli.console import say_data


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "predict",
        help="predictions of a saved model as CSV",
        description="Writes one row of predictions for each row of the data, in the units of the data, as CSV in UTF-8.",
        epilog="example: spectral-core predict results/houses/compact.npz new.csv --out prices.csv",
    )
    parser.add_argument("model", metavar="MODEL", help="model.npz or compact.npz of a search")
    parser.add_argument("data", metavar="DATA", help="a file with the model's feature columns, or a built-in name")
    parser.add_argument("--proba", action="store_true", help="class probabilities instead of classes")
    parser.add_argument("--out", metavar="FILE", help="write to this file instead of standard output")
    parser.add_argument(
        "--json", action="store_true", help="a JSON list of rows, by name of the column, instead of CSV"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the predictions to a file or to standard output."""
    from spectral_core.data import datasets
    from spectral_core.files import atomic
    from spectral_core.networks.predictor import Predictor

    if options.out:
        atomic.check_writable(options.out, inputs=[options.model, options.data])
    model = Predictor.load(options.model)
    x = datasets.load_features(options.data, model.feature_names)
    if options.proba:
        header, rows = [str(label) for label in model.classes], model.predict_proba(x)
    else:
        prediction = model.predict(x)
        header = list(model.target_names)
        rows = prediction if prediction.ndim == 2 else prediction[:, None]
        header = header if len(header) == rows.shape[1] else [f"prediction{i + 1}" for i in range(rows.shape[1])]
    text = _json(header, rows.tolist()) if options.json else _csv(header, rows.tolist())
    if options.out:
        atomic.write_text(options.out, text)
    else:
        say_data(text)
    return 0


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _json(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    return json.dumps([dict(zip(header, row, strict=True)) for row in rows], ensure_ascii=False) + "\n"
