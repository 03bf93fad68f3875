"""The command `predict`."""

from __future__ import annotations

import argparse
import csv
import io
from typing import Any

from spectral_core.cli.console import say


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("predict", help="predictions of a saved model as CSV")
    parser.add_argument("model", metavar="MODEL", help="model.npz or compact.npz of a search")
    parser.add_argument("data", metavar="DATA", help="a file with the model's feature columns, or a built-in name")
    parser.add_argument("--proba", action="store_true", help="class probabilities instead of classes")
    parser.add_argument("--out", metavar="FILE", help="write to this file instead of standard output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the predictions to a file or to standard output."""
    from spectral_core.data import datasets
    from spectral_core.files import atomic
    from spectral_core.networks.predictor import Predictor

    if options.out:
        atomic.check_writable(options.out)
    model = Predictor.load(options.model)
    x = datasets.load_features(options.data, model.feature_names)
    if options.proba:
        header, rows = [str(label) for label in model.classes], model.predict_proba(x)
    else:
        prediction = model.predict(x)
        header = list(model.target_names)
        rows = prediction if prediction.ndim == 2 else prediction[:, None]
        header = header if len(header) == rows.shape[1] else [f"prediction{i + 1}" for i in range(rows.shape[1])]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows.tolist())
    if options.out:
        atomic.write_text(options.out, text.getvalue())
    else:
        say(text.getvalue())
    return 0
