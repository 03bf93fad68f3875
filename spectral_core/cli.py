"""The command line: `spectral-core verify | search | predict | inspect`.

Exit codes: 0 done; 1 a check failed; 2 wrong usage or input, with one clear line on stderr; 130 interrupted.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from spectral_core import __version__
from spectral_core.errors import InvalidInputError, MissingDependencyError, SpectralCoreError
from spectral_core.kernels.tables import ZERO_AT_ZERO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectral_core.architecture import SearchResult
    from spectral_core.datasets import Dataset


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
    except KeyboardInterrupt:
        print("spectral-core: interrupted; the same command continues where it stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): not an error of ours, and nothing more can be written.
        sys.stdout = io.StringIO()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="spectral-core", description="Spectral neural networks with a proven core.")
    parser.add_argument("--version", action="version", version=f"spectral-core {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    verify = commands.add_parser(
        "verify", help="prove every theorem and compare the kernels with what the proofs generate",
        description="Proves every theorem, regenerates kernels and certificates in memory and compares them with the "
        "checked-in files. Exit code 1 if a proof or the comparison fails.",
    )  # fmt: skip
    verify.add_argument("--json", metavar="FILE", help="also write the table as JSON")
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
        "--alpha", type=float, default=1.0, help="sparcs: 0 a linear target, 1 a quadratic one (default: 1)"
    )
    search.add_argument(
        "--beta", type=float, default=5.0, help="sparcs: sharpness of the change between them (default: 5)"
    )
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
    return parser


# --- verify -------------------------------------------------------------------------------------------


def _verify(options: argparse.Namespace) -> int:
    # The one place where the running package meets the proofs; nothing else here imports SymPy.
    from derivations.__main__ import differences, generate
    from derivations.catalogue import THEOREMS
    from derivations.theorem import ProofError
    from spectral_core import files

    rows: list[dict[str, Any]] = []
    certificates = []
    print(f"{'theorem':<16} {'what':<24} {'scope':<33} {'method':<39} {'steps':>5} {'time':>8}")
    for theorem in THEOREMS:
        start = time.perf_counter()
        row: dict[str, Any] = {
            "theorem": theorem.id,
            "title": theorem.title,
            "scope": theorem.scope,
            "method": theorem.method,
        }
        try:
            certificate = theorem.prove()
            certificates.append(certificate)
            row |= {"proven": True, "steps": len(certificate.steps)}
        except ProofError as error:
            row |= {"proven": False, "steps": 0, "failure": str(error)}
        row["seconds"] = round(time.perf_counter() - start, 4)
        rows.append(row)
        steps = row["steps"] or "FAILED"
        print(
            f"{theorem.id:<16} {theorem.title:<24} {theorem.scope:<33} {theorem.method:<39} {steps:>5} {row['seconds'] * 1e3:>5.0f} ms"
        )
        if "failure" in row:
            print(f"  {row['failure']}")
    proven = len(certificates) == len(THEOREMS)
    difference = differences(generate(certificates)) if proven else "not compared: a proof failed"
    print(f"\n{len(certificates)} of {len(THEOREMS)} theorems proven; ", end="")
    print("kernels and certificates agree with the derivations" if not difference else "the checked-in files differ:")
    if difference:
        print(difference)
    if options.json:
        report = {"theorems": rows, "proven": proven, "files_agree": not difference, "version": __version__}
        files.write_text(options.json, json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return 0 if proven and not difference else 1


# --- search -------------------------------------------------------------------------------------------


def _search(options: argparse.Namespace) -> int:
    from spectral_core import datasets
    from spectral_core.architecture import PUBLISHED, search
    from spectral_core.plots import require_matplotlib

    hidden = _widths(options.hidden)
    data = datasets.load(
        options.data,
        target=options.target,
        task=options.task,
        alpha=options.alpha,
        beta=options.beta,
        seed=options.seed,
    )
    require_matplotlib()  # before the work, not after it
    if data.fresh is not None:
        half = len(data.fresh.x) // 2
        training = data
        validation = (data.fresh.x[:half], _labels(data.fresh)[:half])
        test_x, test_y = data.fresh.x[half:], data.fresh.y[half:]
    else:
        training, test = datasets.train_test_split(data, options.test_fraction, options.seed)
        validation, test_x, test_y = None, test.x, test.y
    protocol = options.protocol or ("tuned" if data.standardize else "published")
    home = Path(options.out) if options.out else Path("results") / data.name
    with _progress(f"search {data.name}") as progress:
        result = search(
            training.x, _labels(training), hidden=hidden, task=data.task, activation=options.activation,
            tolerance=options.tolerance, epochs=options.epochs, seed=options.seed, validation_data=validation,
            name=data.name, feature_names=data.feature_names, target_names=data.target_names, progress=progress,
            checkpoint=home / "unfinished", **(PUBLISHED if protocol == "published" else {}),
        )  # fmt: skip
    report = result.report
    report.test_samples = len(test_x)
    report.test_score_before = result.predictor.score(test_x, test_y)
    report.test_score_after = result.compact_predictor.score(test_x, test_y)
    if options.compare:
        report.peer = _peer(training, test_x, test_y, hidden, options.activation, options.seed)
    result.save(home)
    _pictures(result, home)
    print(report.to_text())
    print(
        f"written to {home}: model.npz, compact.npz, report.json, report.txt, network.png, spectrum.png, training.png"
    )
    return 0


def _widths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InvalidInputError(f"--hidden must be whole numbers with commas between; got {text!r}") from None


def _labels(data: Dataset) -> Any:
    """Targets, or class labels as the data had them, so that predictions speak the data's language."""
    import numpy as np

    return data.y if data.task == "regression" else np.asarray(data.classes)[data.y]


def _pictures(result: SearchResult, home: Path) -> None:
    from spectral_core.plots import spectrum_picture, training_picture
    from spectral_core.pruning import path_scores

    net = result.network
    scores = [None, *path_scores(net.transfer_blocks(), net.widths), None]
    result.plot(home / "network.png")
    spectrum_picture(
        home / "spectrum.png", net.eigenvalues, scores, title=f"{result.report.data}: eigenvalues and path scores"
    )
    training_picture(home / "training.png", result.history, title=f"{result.report.data}: training")


def _peer(
    training: Dataset, test_x: Any, test_y: Any, hidden: tuple[int, ...], activation: str, seed: int
) -> dict[str, Any]:
    """Score of scikit-learn's MLP of the same widths, trained on all training samples, on the same test data."""
    try:
        from sklearn.neural_network import MLPClassifier, MLPRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        raise MissingDependencyError("--compare needs scikit-learn; install spectral-core[full]") from None
    home = MLPClassifier if training.task == "classification" else MLPRegressor
    shared = {"relu": "relu", "tanh": "tanh", "identity": "identity"}.get(activation, "relu")
    model = make_pipeline(StandardScaler(), home(hidden, activation=shared, max_iter=1000, random_state=seed))
    start = time.perf_counter()
    one_output = training.task == "regression" and training.y.shape[1] == 1
    model.fit(training.x, training.y[:, 0] if one_output else training.y)
    widths = "-".join(map(str, hidden))
    return {
        "name": f"scikit-learn {home.__name__} ({widths} {shared})",
        "score": float(model.score(test_x, test_y)),
        "seconds": time.perf_counter() - start,
    }


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int, str], object]]:
    """A bar with the time left on a terminal; a line for every tenth elsewhere. Both on stderr."""
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    except ImportError:
        yield _lines(title)
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[text]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, text="compiling")
        yield lambda done, total, text: bar.update(task, completed=done, total=total, text=text)


def _lines(title: str) -> Callable[[int, int, str], object]:
    """A line for every tenth; the time left is judged from the first report on, which compiling has gone before."""
    begun, last = (0.0, 0), -1

    def show(done: int, total: int, text: str) -> None:
        nonlocal begun, last
        now = time.monotonic()
        if last < 0:
            begun = (now, done)
        tenth = 10 * done // total
        if tenth > last:
            last = tenth
            elapsed, steps = now - begun[0], done - begun[1]
            left = f", {elapsed * (total - done) / steps:.0f} s left" if steps > 0 and done < total else ""
            print(f"{title}: {100 * done // total} %{left}, {text}", file=sys.stderr, flush=True)

    return show


# --- predict and inspect ------------------------------------------------------------------------------


def _predict(options: argparse.Namespace) -> int:
    from spectral_core import datasets, files
    from spectral_core.predictor import Predictor

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
        files.write_text(options.out, text.getvalue())
    else:
        sys.stdout.write(text.getvalue())
    return 0


def _inspect(options: argparse.Namespace) -> int:
    import numpy as np

    from spectral_core.compaction import CompactNetwork, live_masks
    from spectral_core.network_plot import network_picture
    from spectral_core.plots import spectrum_picture
    from spectral_core.predictor import load_any
    from spectral_core.pruning import path_scores

    network, predictor = load_any(options.model)
    direct = network.direct if isinstance(network, CompactNetwork) else network
    blocks = direct.transfer_blocks()
    live, scores = live_masks(blocks, direct.widths), path_scores(blocks, direct.widths)
    print(network)
    if predictor is not None:
        print(f"{predictor.task} of {', '.join(predictor.target_names) or 'y'} from {network.n_features} features")
    print("\nlayer      neurons   live   largest path score")
    for i, width in enumerate(direct.widths):
        score = f"{scores[i - 1].max():>14.4g}" if 0 < i < direct.n_layers - 1 else ""
        print(f"{i + 1:<11}{width:>7}{int(live[i].sum()):>7}{score}")
    print("\nblock        shape          norm")
    for (i, j), block in blocks.items():
        print(f"{f'W_{i},{j}':<12} {f'{block.shape[0]}x{block.shape[1]}':<12} {np.linalg.norm(block):>8.4g}")
    groups = {n: g.view(direct.parameters) for n, g in direct.layout.groups.items() if n.startswith("eigenvalues")}
    if groups:
        print("\neigenvalues          least     median   greatest    ‖·‖₂")
    for name, values in groups.items():
        print(
            f"{name:<17}{values.min():>9.4g}{np.median(values):>11.4g}{values.max():>11.4g}{np.linalg.norm(values):>9.4g}"
        )
    print(f"\n{network.n_parameters:,} parameters, {network.dtype.name}")
    if options.out:
        home = Path(options.out)
        network_picture(home / "network.png", direct.widths, blocks, title=Path(options.model).name, bias=direct.bias)
        if groups:
            spectrum_picture(
                home / "spectrum.png", list(groups.values()), title=Path(options.model).name, labels=list(groups)
            )
        print(f"pictures written to {home}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
