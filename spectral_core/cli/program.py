"""The command line: `spectral-core verify | search | predict | inspect | reproduce | sweep | sweep-merge | sweep-export`.

Exit codes: 0 done; 1 a check failed; 2 wrong usage or input, with one clear line on stderr; 130 interrupted.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from spectral_core import __version__
from spectral_core.cli import console, reproduce, shrink, sweep
from spectral_core.cli.console import backend_option, say
from spectral_core.errors import InvalidInputError, MissingDependencyError, SpectralCoreError

if TYPE_CHECKING:
    from spectral_core.architecture.result import SearchResult
    from spectral_core.data.datasets import Dataset


class _Parser(argparse.ArgumentParser):
    """One line for a usage error, as for every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"spectral-core: {message} (see: {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        options = _parser().parse_args(arguments)
        return int(options.run(options))
    except SpectralCoreError as error:
        print(f"spectral-core: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except console.InterruptedWithState:
        print("spectral-core: interrupted; the same command continues where it stopped", file=sys.stderr)
        return 130
    except KeyboardInterrupt:
        print("spectral-core: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    # Not at the top: an interrupt during the import of NumPy should meet `main`.
    from spectral_core.kernels.tables import ZERO_AT_ZERO

    parser = _Parser(prog="spectral-core", description="Spectral neural networks with a proven core.")
    parser.add_argument("--version", action="version", version=f"spectral-core {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    verify = commands.add_parser(
        "verify", help="prove every theorem, recheck it by a second route, compare the kernels; or decide a formula",
        description="Proves every theorem, evaluates it at random points by brute force that shares nothing with the proof, "
        "regenerates kernels and certificates in memory and compares them with the checked-in files, and compares every "
        "compiled kernel with exact numbers. Exit code 1 if any of this fails. With --formula only that formula is "
        "decided: PROVEN (exit code 0), REFUTED with numbers, or UNDECIDED (1); 2 if it cannot be read.",
        epilog="example: spectral-core verify --formula 'A(i,i) = L(i)'; the language is described in docs/formulas.md",
    )  # fmt: skip
    verify.add_argument(
        "--formula", metavar="TEXT", action="append", help="decide this identity of blocks; may be given several times"
    )
    verify.add_argument("--quick", action="store_true", help="fewer random points, and no kernel is compiled")
    verify.add_argument(
        "--latex", metavar="DIR", help="write every theorem with its steps as LaTeX, and do nothing else"
    )
    verify.add_argument("--markdown", metavar="DIR", help="the same as Markdown")
    verify.add_argument("--json", metavar="FILE", help="also write the results as JSON")
    verify.set_defaults(run=_verify)

    search = commands.add_parser(
        "search", help="find the architecture for a data set",
        description="Trains from the linear seed, trims what the task does not need, and writes model.npz, compact.npz, "
        "report.json, report.txt and pictures.",
    )  # fmt: skip
    search.add_argument(
        "data", metavar="DATA", help="a CSV, Parquet or NPZ file, or digits, diabetes, breast_cancer, wine, sparcs"
    )
    search.add_argument("--target", metavar="COLUMN", help="target column of a table (default: the last)")
    search.add_argument(
        "--task", default="auto", choices=("auto", "regression", "classification"), help="default: auto"
    )
    search.add_argument(
        "--hidden", default="300", metavar="N[,N...]", help="greatest width of each hidden layer (default: 300)"
    )
    search.add_argument("--activation", default="relu", choices=ZERO_AT_ZERO, help="default: relu")
    search.add_argument(
        "--tolerance",
        type=float,
        default=0.01,
        help="rise of the validation loss that trimming may cost (default: 0.01)",
    )
    search.add_argument("--epochs", type=int, default=300, help="passes over the data at most (default: 300)")
    search.add_argument("--seed", type=int, default=0, help="of splits, start and shuffling (default: 0)")
    search.add_argument(
        "--test-fraction", type=float, default=0.3, help="share held out for the test score (default: 0.3)"
    )
    search.add_argument(
        "--protocol", choices=("tuned", "published"), help="training settings; published is the default for sparcs"
    )
    search.add_argument(
        "--strategy",
        default="seed",
        choices=("seed", "grow"),
        help="seed: start wide and linear, trim; grow: start with no hidden neuron (default: seed)",
    )
    search.add_argument("--alpha", type=float, help="sparcs: 0 a linear target, 1 a quadratic one (default: 1)")
    search.add_argument("--beta", type=float, help="sparcs: sharpness of the change between them (default: 5)")
    backend_option(search)
    search.add_argument("--compare", action="store_true", help="train scikit-learn's MLP of the same widths beside it")
    search.add_argument("--out", metavar="DIR", help="folder for the results (default: results/<data>)")
    search.set_defaults(run=_search)

    predict = commands.add_parser("predict", help="predictions of a saved model as CSV")
    predict.add_argument("model", metavar="MODEL", help="model.npz or compact.npz of a search")
    predict.add_argument("data", metavar="DATA", help="a file with the model's feature columns, or a built-in name")
    predict.add_argument("--proba", action="store_true", help="class probabilities instead of classes")
    predict.add_argument("--out", metavar="FILE", help="write here instead of to standard output")
    predict.set_defaults(run=_predict)

    inspect = commands.add_parser("inspect", help="layers, live neurons, blocks and eigenvalues of a saved model")
    inspect.add_argument("model", metavar="MODEL", help="any model file of this package")
    inspect.add_argument("--out", metavar="DIR", help="also write network.png and spectrum.png here")
    inspect.set_defaults(run=_inspect)

    shrink.add_parsers(commands)
    reproduce.add_parsers(commands)
    sweep.add_parsers(commands)
    return parser


# --- verify -------------------------------------------------------------------------------------------


def _verify(options: argparse.Namespace) -> int:
    """The proofs announce this command themselves, since nothing here imports them; it is lent the means to write."""
    from importlib.metadata import entry_points

    from spectral_core.files import atomic

    found = entry_points(group="spectral_core.commands", name="verify")
    if not found:
        raise MissingDependencyError(
            "verify needs the proofs, which are not installed: pip install -e . in the sources"
        )
    command = next(iter(found)).load()
    try:
        return int(command.run(options, command.Means(say, atomic.write_text, atomic.check_writable, __version__)))
    except command.UsageError as error:
        raise InvalidInputError(str(error)) from None


# --- search -------------------------------------------------------------------------------------------


def _search(options: argparse.Namespace) -> int:
    from spectral_core.architecture.search import PUBLISHED, search
    from spectral_core.data import datasets
    from spectral_core.files import atomic
    from spectral_core.reports.curves import require_matplotlib

    hidden = _widths(options.hidden)
    if options.data != "sparcs" and (options.alpha is not None or options.beta is not None):
        raise InvalidInputError(f"--alpha and --beta belong to the data set sparcs; got {options.data}")
    target = {name: getattr(options, name) for name in ("alpha", "beta") if getattr(options, name) is not None}
    data = datasets.load(options.data, target=options.target, task=options.task, seed=options.seed, **target)
    training, validation, test = _parts(data, options.test_fraction, options.seed)
    home = Path(options.out) if options.out else Path("results") / data.name
    # What could stop us at the end is asked at the beginning.
    require_matplotlib()
    atomic.check_writable(home / "report.json")
    state = home / f"unfinished-{_fingerprint(options)}"
    published = (options.protocol or ("tuned" if data.standardize else "published")) == "published"
    with console.resumable(state):
        with console.progress(f"search {data.name}") as progress:
            result = search(
                training.x, _targets(training), hidden=hidden, task=data.task, activation=options.activation,
                tolerance=options.tolerance, epochs=options.epochs, seed=options.seed, validation_data=validation,
                name=data.name, feature_names=data.feature_names, target_names=data.target_names, progress=progress,
                checkpoint=state, keep_checkpoint=True, strategy=options.strategy, backend=options.backend,
                **(PUBLISHED if published else {}),
            )  # fmt: skip
        peer = _peer(training, test, hidden, options.activation, options.seed) if options.compare else None
        result = result.with_test_scores(test.x, _targets(test), peer)
        result.save(home)
        _pictures(result, home)
    for finished in home.glob(f"{state.name}.*"):
        finished.unlink()
    names = "model.npz, compact.npz, report.json, report.txt, history.json, network.png, training.png"
    names += ", spectrum.png" if options.strategy == "seed" else ""  # a grown network has no eigenvalues
    say(f"{result.report.to_text()}\nwritten to {home}: {names}\n")
    return 0


def _parts(data: Dataset, fraction: float, seed: int) -> tuple[Dataset, tuple[Any, Any] | None, Dataset]:
    """Training data, validation data where they are not to be drawn from those, test data."""
    from dataclasses import replace

    from spectral_core.data import splitting

    if data.fresh is None:
        training, test = splitting.train_test_split(data, fraction, seed)
        return training, None, test
    half = len(data.fresh.x) // 2
    test = replace(data.fresh, x=data.fresh.x[half:], y=data.fresh.y[half:])
    return data, (data.fresh.x[:half], _targets(data.fresh)[:half]), test


def _fingerprint(options: argparse.Namespace) -> str:
    """Tells apart the unfinished states of commands with different options."""
    named = sorted((name, str(value)) for name, value in vars(options).items() if name not in ("run", "out", "compare"))
    return hashlib.sha256(repr(named).encode()).hexdigest()[:8]


def _widths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InvalidInputError(f"--hidden must be whole numbers with commas between; got {text!r}") from None


def _targets(data: Dataset) -> Any:
    """Targets, or class labels as the data had them, so that predictions speak the data's language."""
    import numpy as np

    return data.y if data.task == "regression" else np.asarray(data.classes)[data.y]


def _pictures(result: SearchResult, home: Path) -> None:
    from spectral_core.networks.paths import path_scores
    from spectral_core.reports.curves import spectrum_picture, training_picture

    net, name = result.network, result.report.data
    scores = [None, *path_scores(net.transfer_blocks(), net.widths), None]
    result.plot(home / "network.png")
    if net.parametrization != "direct":
        spectrum_picture(home / "spectrum.png", net.eigenvalues, scores, title=f"{name}: eigenvalues and path scores")
    training_picture(home / "training.png", result.history, title=f"{name}: training")


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
    shared = activation if activation in ("relu", "tanh", "identity") else "relu"  # what scikit-learn has of ours
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


# --- predict and inspect ------------------------------------------------------------------------------


def _predict(options: argparse.Namespace) -> int:
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


def _inspect(options: argparse.Namespace) -> int:
    import numpy as np

    from spectral_core.files import atomic
    from spectral_core.networks.compact import CompactNetwork
    from spectral_core.networks.paths import path_scores
    from spectral_core.networks.predictor import load_any
    from spectral_core.reports.curves import require_matplotlib, spectrum_picture
    from spectral_core.reports.network import network_picture
    from spectral_core.resizing.compaction import live_masks

    network, predictor = load_any(options.model)
    if options.out:
        require_matplotlib()
        atomic.check_writable(Path(options.out) / "network.png")
    if isinstance(network, CompactNetwork):
        direct, numbers = network.direct, network.layers
    else:
        direct, numbers = network, tuple(range(1, network.n_layers + 1))
    blocks = direct.transfer_blocks()
    live, scores = live_masks(blocks, direct.widths), path_scores(blocks, direct.widths)
    lines = [repr(network)]
    if predictor is not None:
        lines.append(
            f"{predictor.task} of {', '.join(predictor.target_names) or 'y'} from {network.n_features} features"
        )
    lines += ["", "layer      neurons   live   largest path score"]
    for i, width in enumerate(direct.widths):
        score = f"{scores[i - 1].max():>14.4g}" if 0 < i < direct.n_layers - 1 else ""
        lines.append(f"{numbers[i]:<11}{width:>7}{int(live[i].sum()):>7}{score}")
    lines += ["", "block        shape          norm"]
    for (i, j), block in blocks.items():
        name, shape = f"W_{numbers[i - 1]},{numbers[j - 1]}", f"{block.shape[0]}x{block.shape[1]}"
        lines.append(f"{name:<12} {shape:<12} {np.linalg.norm(block):>8.4g}")
    groups = {n: g.view(direct.parameters) for n, g in direct.layout.groups.items() if n.startswith("eigenvalues")}
    if groups:
        lines += ["", "eigenvalues          least     median   greatest    ‖·‖₂"]
    for name, v in groups.items():
        lines.append(f"{name:<17}{v.min():>9.4g}{np.median(v):>11.4g}{v.max():>11.4g}{np.linalg.norm(v):>9.4g}")
    lines += ["", f"{network.n_parameters:,} parameters, {network.dtype.name}"]
    if options.out:
        home, title = Path(options.out), Path(options.model).name
        network_picture(home / "network.png", direct.widths, blocks, layers=numbers, title=title, bias=direct.bias)
        if groups:
            spectrum_picture(home / "spectrum.png", list(groups.values()), title=title, labels=list(groups))
        lines.append(f"pictures written to {home}")
    say("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
