"""The command `search`."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from spectral_core import checks
from spectral_core.backends.choice import multiply_adds
from spectral_core.backends.threads import one_thread
from spectral_core.cli import console, data_options, interrupts
from spectral_core.cli.results import FILES, afresh_where_stale, check_folder, drop_other_states, note
from spectral_core.cli.splits import DataSplit, split_data
from spectral_core.cli.training_options import add_training_options, training_keywords, with_protocol
from spectral_core.data.targets import TASKS
from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    from spectral_core.architecture.result import SearchResult
    from spectral_core.data.datasets import Dataset
    from spectral_core.data.fingerprints import Origin


UNIDENTIFYING = ("run", "out", "compare", "html", "quiet", "json", "config")
"""The options that no number of a search depends on."""
MLP_EPOCHS, MLP_BATCH, WORTH_THREADS = 1000, 200, 10**8
"""The epochs and the mini-batch of scikit-learn's MLP, and the multiply-adds of a step from which several threads share its products: below, they
wait for each other, on busy cores for seconds."""


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
    split = "split the data as they were for this model of the same file, instead of by --seed and --test-fraction"
    parser.add_argument("--split", metavar="MODEL", help=split)
    parser.add_argument("--compare", action="store_true", help="also train scikit-learn's MLP of the same widths")
    page = "also write report.html, one page for a colleague, as the command `report` does"
    parser.add_argument("--html", action="store_true", help=page)
    parser.add_argument("--out", metavar="DIR", help="folder for the results (default: results/<data>)")
    console.output_options(parser)
    parser.set_defaults(run=run)


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    names = "digits, diabetes, breast_cancer, wine, sparcs"
    tasks = ("auto", *TASKS)
    parser.add_argument("data", metavar="DATA", help=f"{data_options.TABLES}: {names}")
    data_options.add_column_options(parser)
    data_options.add_file_options(parser)
    parser.add_argument("--task", default="auto", choices=tasks, help="default: auto")
    balanced = "balanced: classes count alike in fits and scores, however many rows they have (default: every row counts alike)"
    parser.add_argument("--class-weight", choices=("balanced",), help=balanced)
    share = "share held out for the test score (default: 0.3)"
    parser.add_argument("--test-fraction", type=float, default=0.3, help=share)
    parser.add_argument("--alpha", type=float, help="sparcs: 0 a linear target, 1 a quadratic one (default: 1)")
    parser.add_argument("--beta", type=float, help="sparcs: sharpness of the change between them (default: 5)")


def run(options: argparse.Namespace) -> int:
    """Search, score the result on test data, and write everything."""
    from spectral_core.files import atomic

    # Errors come before the work.
    given, data = training_keywords(options), _load(options)
    keywords = with_protocol(given, options.protocol or ("tuned" if data.standardize else "published"))
    split = split_data(data, options)
    if split.test.weight is not None:
        name = f"column {options.weight!r} of the test rows"
        checks.sample_weights(split.test.weight, float, len(split.test.x), name)
    home = Path(options.out) if options.out else Path("results") / data.name
    for name in FILES["search"]:
        atomic.check_writable(home / name, inputs=[options.data, *([options.split] if options.split else [])])
    check_folder(home, "search", split.origin)
    pictures = console.pictures_can_be_drawn()
    # States of interrupted searches stay until the results are written, so a search that is refused destroys none.
    state = home / f"unfinished-{_fingerprint(options, split.origin)}"
    if not options.quiet:
        data_options.note(data_options.decisions(split.training), data.name)
    with interrupts.resumable(state):
        result = afresh_where_stale(
            lambda: home.glob(f"{state.name}.*"), lambda: _search(options, data, split, keywords, state)
        )
        # The pictures show no test score. Warnings are one state of all threads, so it is set before they begin.
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as beside:
            warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")
            drawing = beside.submit(_pictures, _described(result, split, options), Path(folder)) if pictures else None
            peer = _peer(split.training, split.test, keywords["hidden"], options) if options.compare else None
            result = result.with_test_scores(split.test.x, split.test.labels, peer, split.test.weight)
            result = _described(result, split, options)
            result.save(home)
            drawn = drawing.result() if drawing else []
            for name in drawn:
                atomic.write_atomically(home / name, partial(_copy, Path(folder) / name))
        if options.html:
            result.to_html(home / "report.html")
            drawn.append("report.html")
    for finished in home.glob(f"{state.name}.*"):
        finished.unlink()
    drop_other_states(home, state)
    forms = result.predictor.form, result.compact_predictor.form
    names = [f"model.npz ({forms[0]})", f"compact.npz ({forms[1]})", "report.json", "report.txt", "history.json"]
    names += ["curve.csv", "sizes.npz", "proposal.npz"] if result.curve is not None else []
    text = f"{result.report.to_text()}\nwritten to {home}: {', '.join([*names, *drawn])}\n"
    written = {name.split(" ")[0] for name in (*names, *drawn)}
    if earlier := sorted(path.name for path in home.iterdir() if _is_result(path.name) and path.name not in written):
        note(f"of an earlier search in {home}, and not replaced: {', '.join(earlier)}")
    if result.curve is not None:
        text += f"another size as a model file: spectral-core choose {shlex.quote(str(home))} --weights N\n"
    console.tell(options, text, json.loads(result.report.to_json()))
    return 0


def _is_result(name: str) -> bool:
    """Whether a search, or `choose`, writes a file of this name."""
    return name in FILES["search"] or re.fullmatch(r"weights-\d+\.npz", name) is not None


def _copy(source: Path, file: BinaryIO) -> None:
    file.write(source.read_bytes())


def _load(options: argparse.Namespace) -> Dataset:
    from spectral_core.data import datasets

    if options.data != "sparcs" and (options.alpha is not None or options.beta is not None):
        raise InvalidInputError(f"--alpha and --beta belong to the data set sparcs; got {options.data}")
    target = {name: getattr(options, name) for name in ("alpha", "beta") if getattr(options, name) is not None}
    form, columns = data_options.file_form(options), data_options.column_choice(options)
    return datasets.load(options.data, task=options.task, seed=options.seed, form=form, columns=columns, **target)


def _search(
    options: argparse.Namespace,
    data: Dataset,
    split: DataSplit,
    keywords: dict[str, Any],
    state: Path,
) -> SearchResult:
    from spectral_core.architecture.search import search

    weights: dict[str, Any] = {} if split.training.weight is None else {"sample_weight": split.training.weight}
    with console.progress(f"search {data.name}", options.quiet) as progress:
        return search(
            split.training.x,
            split.training.labels,
            task=data.task,
            validation_data=split.validation,
            name=console.printable(data.name),
            class_weight=options.class_weight,
            feature_names=split.training.feature_names,
            target_names=data.target_names,
            progress=progress,
            checkpoint=state,
            keep_checkpoint=True,
            **keywords,
            **weights,
        )


def _described(result: SearchResult, split: DataSplit, options: argparse.Namespace) -> SearchResult:
    """The result with the data it comes from, the command that repeats it, and what became of each column.

    Its predictors take raw rows where they are not numbers already.
    """
    training = split.training
    if training.rows is not None and split.test.rows is not None:
        result = result.with_rows(training.rows, split.test.rows, split.validation_rows)
    result = result.with_origin(split.origin).with_command(_command(options))
    if training.encoder is None:
        return result
    result = result.with_columns(training.encoder.decisions(), training.remarks)
    return result if training.encoder.is_identity else result.with_encoder(training.encoder)


def _fingerprint(options: argparse.Namespace, origin: Origin) -> str:
    """A short hash of options and data, so that only the same command on the same data continues an unfinished state."""
    named = sorted((name, str(value)) for name, value in vars(options).items() if name not in UNIDENTIFYING)
    return hashlib.sha256(repr([named, origin.sha256]).encode()).hexdigest()[:8]


def _command(options: argparse.Namespace) -> str:
    """The command that repeats a search: its data, and the options that differ from their defaults."""
    parser = argparse.ArgumentParser(add_help=False)
    add_parser(parser.add_subparsers())
    defaults = vars(parser.parse_args(["search", options.data]))
    words = ["spectral-core", "search", options.data]
    for name, value in vars(options).items():
        if name not in ("run", "data", "out", "html", "quiet", "json", "config") and value != defaults.get(name, value):
            option = name.replace("_", "-")
            if isinstance(value, bool):
                words.append(f"--{option}" if value else f"--no-{option}")
            elif isinstance(value, list):
                words += [f"--{option}", *map(str, value)]
            elif str(value).startswith("-"):  # would be read as an option of its own
                words.append(f"--{option}={value}")
            else:
                words += [f"--{option}", str(value)]
    return shlex.join(words)


def _pictures(result: SearchResult, home: Path) -> list[str]:
    """Draw the pictures; returns their names."""
    from spectral_core.networks.paths import path_scores
    from spectral_core.reports.curves import spectrum_picture, training_picture

    net, name, drawn = result.trained, result.report.data, ["network.png", "training.png"]
    scores = [None, *path_scores(net.transfer_blocks(), net.widths), None]
    result.plot(home / "network.png")
    if net.parametrization != "direct":  # a grown network has no eigenvalues
        drawn.append("spectrum.png")
        title = f"{name}: balanced eigenvalues and path scores"
        spectrum_picture(home / "spectrum.png", net.balanced().eigenvalues, scores, title=title, cut=result.cut)
    training_picture(home / "training.png", result.history, title=f"{name}: training", kept=result.report.epoch)
    if result.curve is not None:
        result.plot_curve(home / "curve.png")
        drawn.append("curve.png")
    return drawn


def _peer(training: Dataset, test: Dataset, hidden: tuple[int, ...], options: argparse.Namespace) -> dict[str, Any]:
    """Score of scikit-learn's MLP of the same widths, trained on all training samples, on the same test data."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    home = MLPRegressor if training.task == "regression" else MLPClassifier
    own = options.activation
    shared = own if own in ("relu", "tanh", "identity") else "relu"  # scikit-learn has these of ours
    model = make_pipeline(
        StandardScaler(),
        home(hidden_layer_sizes=hidden, activation=shared, max_iter=MLP_EPOCHS, random_state=options.seed),
    )
    one_output = training.task == "regression" and training.y.shape[1] == 1
    widths = (
        training.x.shape[1],
        *hidden,
        training.y.shape[1] if training.task == "regression" else len(training.classes),
    )
    small = multiply_adds(widths, MLP_BATCH) < WORTH_THREADS
    start = time.perf_counter()
    # scikit-learn ends a training at an interrupt and goes on; the interrupt is raised behind it.
    with one_thread() if small else nullcontext(), interrupts.at_safe_places():
        model.fit(training.x, training.y[:, 0] if one_output else training.y)
    unfinished = ", not converged" * (model[-1].n_iter_ == MLP_EPOCHS)
    return {
        "name": f"scikit-learn {home.__name__} ({'-'.join(map(str, hidden))} {shared}{unfinished})",
        "score": float(model.score(test.x, test.y, sample_weight=test.weight)),
        "seconds": time.perf_counter() - start,
    }
