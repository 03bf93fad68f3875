"""The command `search`."""

from __future__ import annotations

import argparse
import hashlib
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli import console
from spectral_core.cli.console import backend_option, say
from spectral_core.errors import InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    from spectral_core.architecture.result import SearchResult
    from spectral_core.data.datasets import Dataset


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "search",
        help="find the architecture for a data set",
        description="Trains from the linear start, removes weights and neurons that the task does not need, and writes "
        "model.npz, compact.npz, report.json, report.txt, curve.csv and pictures.",
    )
    _add_data_options(parser)
    _add_training_options(parser)
    parser.add_argument("--compare", action="store_true", help="also train scikit-learn's MLP of the same widths")
    parser.add_argument("--out", metavar="DIR", help="folder for the results (default: results/<data>)")
    parser.set_defaults(run=run)


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    names = "digits, diabetes, breast_cancer, wine, sparcs"
    tasks = ("auto", "regression", "classification")
    parser.add_argument("data", metavar="DATA", help=f"a CSV, Parquet or NPZ file, or {names}")
    parser.add_argument("--target", metavar="COLUMN", help="target column of a table (default: the last)")
    parser.add_argument("--task", default="auto", choices=tasks, help="default: auto")
    balanced = "balanced: classes count alike in fits and scores, however many rows they have (default: every row counts alike)"
    parser.add_argument("--class-weight", choices=("balanced",), help=balanced)
    share = "share held out for the test score (default: 0.3)"
    parser.add_argument("--test-fraction", type=float, default=0.3, help=share)
    parser.add_argument("--alpha", type=float, help="sparcs: 0 a linear target, 1 a quadratic one (default: 1)")
    parser.add_argument("--beta", type=float, help="sparcs: sharpness of the change between them (default: 5)")


def _add_training_options(parser: argparse.ArgumentParser) -> None:
    # Not at the top of the file: an interrupt during the import of NumPy should meet `main`.
    from spectral_core.kernels.tables import ZERO_AT_ZERO

    width = "greatest width of each hidden layer (default: 300)"
    parser.add_argument("--hidden", default="300", metavar="N[,N...]", help=width)
    parser.add_argument("--activation", default="relu", choices=ZERO_AT_ZERO, help="default: relu")
    rise = (
        "how much worse than the best still counts as good: a share of the variance or of the samples (default: what "
    )
    rise += (
        "validation rows cannot tell apart); seed, grow: the rise of the loss that trimming may cost (default: 0.01)"
    )
    parser.add_argument("--tolerance", type=float, help=rise)
    parser.add_argument("--sizes", metavar="N[,N...]", help="numbers of weights at which the curve has a point")
    parser.add_argument("--epochs", type=int, default=300, help="largest number of epochs (default: 300)")
    parser.add_argument("--seed", type=int, default=0, help="seed of splits, start and shuffling (default: 0)")
    protocol = "training settings; published is the default for sparcs"
    parser.add_argument("--protocol", choices=("tuned", "published"), help=protocol)
    strategy = "smallest: the whole curve of sizes by refits; neurons: the fewest hidden neurons; seed: start wide and linear, "
    strategy += "trim; grow: start with no hidden neuron (default: smallest; published: seed)"
    parser.add_argument("--strategy", choices=("smallest", "neurons", "seed", "grow"), help=strategy)
    backend_option(parser)


def run(options: argparse.Namespace) -> int:
    """Search, score the result on test data, and write everything."""
    from spectral_core.files import atomic
    from spectral_core.reports.style import require_matplotlib

    # Errors come before the work.
    hidden, data = _numbers(options.hidden, "--hidden"), _load(options)
    training, validation, test = _parts(data, options.test_fraction, options.seed)
    home = Path(options.out) if options.out else Path("results") / data.name
    require_matplotlib()
    atomic.check_writable(home / "report.json")
    # The state of an interrupted search stays until the results are written.
    state = home / f"unfinished-{_fingerprint(options)}"
    with console.resumable(state):
        result = _search(options, data, training, validation, hidden, state)
        peer = _peer(training, test, hidden, options.activation, options.seed) if options.compare else None
        result = result.with_test_scores(test.x, _targets(test), peer)
        if training.rows is not None and test.rows is not None:
            result = result.with_rows(training.rows, test.rows)
        result.save(home)
        _pictures(result, home)
    for finished in home.glob(f"{state.name}.*"):
        finished.unlink()
    names = "model.npz, compact.npz, report.json, report.txt, history.json, network.png, training.png"
    if result.trained.parametrization != "direct":  # a grown network has no eigenvalues
        names += ", spectrum.png"
    names += ", curve.csv, curve.png" if result.curve is not None else ""
    say(f"{result.report.to_text()}\nwritten to {home}: {names}\n")
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
    hidden: tuple[int, ...],
    state: Path,
) -> SearchResult:
    from spectral_core.architecture.search import PUBLISHED, search

    published = (options.protocol or ("tuned" if data.standardize else "published")) == "published"
    settings: dict[str, Any] = dict(PUBLISHED) if published else {}
    if options.strategy is not None:
        settings["strategy"] = options.strategy
    if options.sizes is not None:
        settings["sizes"] = _numbers(options.sizes, "--sizes")
    with console.progress(f"search {data.name}") as progress:
        return search(
            training.x,
            _targets(training),
            hidden=hidden,
            task=data.task,
            activation=options.activation,
            tolerance=options.tolerance,
            epochs=options.epochs,
            seed=options.seed,
            validation_data=validation,
            name=data.name,
            class_weight=options.class_weight,
            feature_names=data.feature_names,
            target_names=data.target_names,
            progress=progress,
            checkpoint=state,
            keep_checkpoint=True,
            backend=options.backend,
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
    named = sorted((name, str(value)) for name, value in vars(options).items() if name not in ("run", "out", "compare"))
    return hashlib.sha256(repr(named).encode()).hexdigest()[:8]


def _numbers(text: str, name: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InvalidInputError(f"{name} must be whole numbers with commas between; got {text!r}") from None


def _targets(data: Dataset) -> Any:
    """Targets, or the class labels of the data, so that predictions are labels too."""
    import numpy as np

    return data.y if data.task == "regression" else np.asarray(data.classes)[data.y]


def _pictures(result: SearchResult, home: Path) -> None:
    from spectral_core.networks.paths import path_scores
    from spectral_core.reports.curves import spectrum_picture, training_picture

    net, name = result.trained, result.report.data
    scores = [None, *path_scores(net.transfer_blocks(), net.widths), None]
    result.plot(home / "network.png")
    if net.parametrization != "direct":
        title = f"{name}: eigenvalues and path scores"
        spectrum_picture(home / "spectrum.png", net.eigenvalues, scores, title=title, cut=result.cut)
    training_picture(home / "training.png", result.history, title=f"{name}: training", kept=result.report.epoch)
    if result.curve is not None:
        result.plot_curve(home / "curve.png")


def _peer(training: Dataset, test: Dataset, hidden: tuple[int, ...], activation: str, seed: int) -> dict[str, Any]:
    """Score of scikit-learn's MLP of the same widths, trained on all training samples, on the same test data."""
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier, MLPRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        raise MissingDependencyError("--compare needs scikit-learn: pip install 'spectral-core[full]'") from None
    home = MLPClassifier if training.task == "classification" else MLPRegressor
    shared = activation if activation in ("relu", "tanh", "identity") else "relu"  # scikit-learn has these of ours
    model = make_pipeline(
        StandardScaler(), home(hidden_layer_sizes=hidden, activation=shared, max_iter=1000, random_state=seed)
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
