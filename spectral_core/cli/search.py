"""The command `search`."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli import console, interrupts
from spectral_core.cli.training_options import add_training_options, training_keywords
from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    from spectral_core.architecture.result import SearchResult
    from spectral_core.data.datasets import Dataset


UNIDENTIFYING = ("run", "out", "compare", "quiet", "json", "config")
"""The options that no number of a search depends on."""
RESULTS = (
    "model.npz",
    "compact.npz",
    "report.json",
    "report.txt",
    "history.json",
    "curve.csv",
    "network.png",
    "training.png",
    "spectrum.png",
    "curve.png",
)
"""What a search writes."""


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "search",
        help="find the architecture for a data set",
        description="Trains from the linear start, removes weights and neurons that the task does not need, and writes "
        "model.npz, compact.npz, report.json, report.txt, curve.csv and pictures (with matplotlib). After Ctrl-C or SIGTERM the "
        "same command continues.",
        epilog="examples: spectral-core search houses.csv --target price --out results/houses; "
        "spectral-core search wine --hidden 50x20 --tolerance 0.01 --quiet",
    )
    _add_data_options(parser)
    add_training_options(parser)
    parser.add_argument("--compare", action="store_true", help="also train scikit-learn's MLP of the same widths")
    parser.add_argument("--out", metavar="DIR", help="folder for the results (default: results/<data>)")
    console.output_options(parser)
    parser.set_defaults(run=run)


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    names = "digits, diabetes, breast_cancer, wine, sparcs"
    tasks = ("auto", "regression", "classification")
    parser.add_argument("data", metavar="DATA", help=f"a CSV, Parquet or NPZ file, or {names}")
    parser.add_argument("--target", metavar="COLUMN", help="target column of a table (default: the last)")
    parser.add_argument("--task", default="auto", choices=tasks, help="default: auto")
    share = "share held out for the test score (default: 0.3)"
    parser.add_argument("--test-fraction", type=float, default=0.3, help=share)
    parser.add_argument("--alpha", type=float, help="sparcs: 0 a linear target, 1 a quadratic one (default: 1)")
    parser.add_argument("--beta", type=float, help="sparcs: sharpness of the change between them (default: 5)")


def run(options: argparse.Namespace) -> int:
    """Search, score the result on test data, and write everything."""
    from spectral_core.files import atomic

    # Errors come before the work.
    keywords, data = training_keywords(options), _load(options)
    training, validation, test = _parts(data, options.test_fraction, options.seed)
    home = Path(options.out) if options.out else Path("results") / data.name
    for name in RESULTS:
        atomic.check_writable(home / name, inputs=[options.data])
    pictures = console.pictures_can_be_drawn()
    # The state of an interrupted search stays until the results are written.
    state = home / f"unfinished-{_fingerprint(options)}"
    with interrupts.resumable(state):
        result = _search(options, data, training, validation, keywords, state)
        peer = _peer(training, test, keywords["hidden"], options) if options.compare else None
        result = result.with_test_scores(test.x, _targets(test), peer)
        if training.rows is not None and test.rows is not None:
            result = result.with_rows(training.rows, test.rows)
        result.save(home)
        drawn = _pictures(result, home) if pictures else []
    for finished in home.glob(f"{state.name}.*"):
        finished.unlink()
    names = ["model.npz", "compact.npz", "report.json", "report.txt", "history.json"]
    names += ["curve.csv"] if result.curve is not None else []
    text = f"{result.report.to_text()}\nwritten to {home}: {', '.join([*names, *drawn])}\n"
    console.tell(options, text, json.loads(result.report.to_json()))
    return 0


def _load(options: argparse.Namespace) -> Dataset:
    from spectral_core.data import datasets

    if options.data != "sparcs" and (options.alpha is not None or options.beta is not None):
        raise InvalidInputError(f"--alpha and --beta belong to the data set sparcs; got {options.data}")
    target = {name: getattr(options, name) for name in ("alpha", "beta") if getattr(options, name) is not None}
    return datasets.load(options.data, target=options.target, task=options.task, seed=options.seed, **target)


def _search(
    options: argparse.Namespace,
    data: Dataset,
    training: Dataset,
    validation: tuple[Any, Any] | None,
    keywords: dict[str, Any],
    state: Path,
) -> SearchResult:
    from spectral_core.architecture.search import PUBLISHED, search

    published = (options.protocol or ("tuned" if data.standardize else "published")) == "published"
    settings = (PUBLISHED if published else {}) | keywords
    with console.progress(f"search {data.name}", options.quiet) as progress:
        return search(
            training.x,
            _targets(training),
            task=data.task,
            validation_data=validation,
            name=console.printable(data.name),
            feature_names=data.feature_names,
            target_names=data.target_names,
            progress=progress,
            checkpoint=state,
            keep_checkpoint=True,
            **settings,
        )


def _parts(data: Dataset, fraction: float, seed: int) -> tuple[Dataset, tuple[Any, Any] | None, Dataset]:
    """Training data; validation data, or None if `search` draws them from the training data; test data."""
    from dataclasses import replace

    from spectral_core.data import splitting

    if data.fresh is None:
        training, test = splitting.train_test_split(data, fraction, seed)
        return training, None, test
    half = len(data.fresh.x) // 2
    test = replace(data.fresh, x=data.fresh.x[half:], y=data.fresh.y[half:])
    return data, (data.fresh.x[:half], _targets(data.fresh)[:half]), test


def _fingerprint(options: argparse.Namespace) -> str:
    """A short hash of the options, so that commands with different options have different unfinished states."""
    named = sorted((name, str(value)) for name, value in vars(options).items() if name not in UNIDENTIFYING)
    return hashlib.sha256(repr(named).encode()).hexdigest()[:8]


def _targets(data: Dataset) -> Any:
    """Targets, or the class labels of the data, so that predictions are labels too."""
    import numpy as np

    return data.y if data.task == "regression" else np.asarray(data.classes)[data.y]


def _pictures(result: SearchResult, home: Path) -> list[str]:
    """Draw the pictures; returns their names."""
    from spectral_core.networks.paths import path_scores
    from spectral_core.reports.curves import spectrum_picture, training_picture

    net, name, drawn = result.trained, result.report.data, ["network.png", "training.png"]
    scores = [None, *path_scores(net.transfer_blocks(), net.widths), None]
    result.plot(home / "network.png")
    if net.parametrization != "direct":  # a grown network has no eigenvalues
        drawn.append("spectrum.png")
        title = f"{name}: eigenvalues and path scores"
        spectrum_picture(home / "spectrum.png", net.eigenvalues, scores, title=title, cut=result.cut)
    training_picture(home / "training.png", result.history, title=f"{name}: training", kept=result.report.epoch)
    if result.curve is not None:
        result.plot_curve(home / "curve.png")
        drawn.append("curve.png")
    return drawn


def _peer(training: Dataset, test: Dataset, hidden: tuple[int, ...], options: argparse.Namespace) -> dict[str, Any]:
    """Score of scikit-learn's MLP of the same widths, trained on all training samples, on the same test data."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    home = MLPClassifier if training.task == "classification" else MLPRegressor
    own = options.activation
    shared = own if own in ("relu", "tanh", "identity") else "relu"  # scikit-learn has these of ours
    model = make_pipeline(
        StandardScaler(), home(hidden_layer_sizes=hidden, activation=shared, max_iter=1000, random_state=options.seed)
    )
    one_output = training.task == "regression" and training.y.shape[1] == 1
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(training.x, training.y[:, 0] if one_output else training.y)
    return {
        "name": f"scikit-learn {home.__name__} ({'-'.join(map(str, hidden))} {shared}{', not converged' * bool(caught)})",
        "score": float(model.score(test.x, test.y)),
        "seconds": time.perf_counter() - start,
    }
