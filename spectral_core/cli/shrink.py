"""The commands `prune` and `compact`: a saved model, smaller."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli.console import backend_option, output_options, say, seed_option, tell
from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.networks.compact import CompactNetwork
    from spectral_core.networks.predictor import Predictor
    from spectral_core.networks.spectral import SpectralNetwork


def add_parser(commands: Any) -> None:
    """Add the two commands and their options."""
    _add_prune(commands)
    compact = commands.add_parser(
        "compact",
        help="the same model without dead neurons: exact; also as ONNX",
        description="Writes the live part of a model, which computes the same function (M10, M11), and prints sizes and "
        "times before and after. Where no neuron is dead the blocks between all layers can be larger than the spectral form; "
        "they are then written only with --out.",
    )
    compact.epilog = "example: spectral-core compact results/digits/model.npz --onnx digits.onnx"
    compact.add_argument("model", metavar="MODEL", help="any model file of this package")
    compact.add_argument("--out", metavar="FILE", help="default: MODEL with -compact in its name")
    compact.add_argument("--onnx", metavar="FILE", help="also write it as an ONNX model")
    compact.set_defaults(run=run_compact)


def _add_prune(commands: Any) -> None:
    prune = commands.add_parser(
        "prune",
        help="remove neurons of a saved model by a ranking and refit the rest",
        description="Removes hidden neurons, or whole layers, in the order of a ranking, refits the remaining weights in "
        "closed form on the data (M15), and writes pruned.npz (a compact model), report.json and report.txt. On the data of "
        "its search a model is refitted on its training samples, its validation samples judge, and the losses are those of its "
        "test samples. On other data a fifth of the samples is held out to judge; the report says so.",
        epilog="example: spectral-core prune results/digits/model.npz digits --by pivoted_qr --fraction 0.9",
    )
    prune.add_argument("model", metavar="MODEL", help="any model file of this package")
    prune.add_argument("data", metavar="DATA", help="a CSV, Parquet or NPZ file, or a built-in name, as for search")
    rankings = "path, eigenvalue, scaled_eigenvalue, connectivity, pivoted_qr or leave_one_out"
    prune.add_argument("--by", default="path", help=f"{rankings} (default: path)")
    amount = prune.add_mutually_exclusive_group()
    amount.add_argument("--fraction", type=float, help="share of all hidden neurons to remove")
    amount.add_argument("--threshold", type=float, help="remove neurons with a score below this")
    most = "remove as many as raise the loss by at most this share of it (default: 0.01)"
    amount.add_argument("--tolerance", type=float, help=most)
    prune.add_argument("--unit", default="neuron", help="neuron or layer (default: neuron)")
    prune.add_argument("--even", action="store_true", help="remove the same share of every layer")
    same = "first merge neurons that compute the same (relu; 0 is exact)"
    prune.add_argument("--merge", type=float, metavar="SINE", help=same)
    prune.add_argument("--no-compensation", action="store_true", help="do not refit the remaining weights")
    prune.add_argument("--retrain", type=int, metavar="EPOCHS", help="train the result for this many epochs")
    column = "target column of a table (default: the model's, or the last)"
    prune.add_argument("--target", metavar="COLUMN", help=column)
    prune.add_argument(
        "--validation-fraction",
        type=float,
        default=0.2,
        help="share held out of data without a known split (default: 0.2)",
    )
    seed_option(prune, "the split and of retraining")
    backend_option(prune)
    prune.add_argument("--out", metavar="DIR", help="folder for the results (default: results/pruned-<model>)")
    tasks = ("auto", "regression", "classification")
    prune.add_argument("--task", default="auto", choices=tasks, help="task of a model without one (default: auto)")
    output_options(prune)
    prune.set_defaults(run=run_prune)


def run_prune(options: argparse.Namespace) -> int:
    """Run `prune`."""
    from spectral_core import checks
    from spectral_core.backends import choice
    from spectral_core.files import atomic
    from spectral_core.networks.predictor import load_any
    from spectral_core.resizing.pruning import prune

    checks.integer(options.seed, "--seed", 0)
    network, predictor = load_any(options.model)
    home = Path(options.out or f"results/pruned-{Path(options.model).stem}")
    for name in ("pruned.npz", "report.json", "report.txt"):
        atomic.check_writable(home / name, inputs=[options.model, options.data])
    data = _data(options, predictor)
    amounts = {name: getattr(options, name) for name in ("fraction", "threshold", "tolerance")}
    if all(value is None for value in amounts.values()):
        amounts["tolerance"] = 0.01
    choice.resolve(options.backend, 0)
    result = prune(
        network,
        by=options.by,
        unit=options.unit,
        even=options.even,
        X=data.refit[0],
        y=data.refit[1],
        loss=data.loss,
        validation_data=data.judging,
        compensate=not options.no_compensation,
        merge=options.merge,
        retrain=_retraining(options),
        **amounts,
    )
    report = replace(
        result.report,
        loss_before=network.loss(*data.reported, data.loss),
        loss_after=result.compact.loss(*data.reported, data.loss),
        samples=data.sentence,
    )
    _save(result.compact, predictor, home / "pruned.npz")
    atomic.write_text(home / "report.json", report.to_json())
    atomic.write_text(home / "report.txt", report.to_text())
    text = f"{report.to_text()}\nwritten to {home}: pruned.npz, report.json, report.txt\n"
    tell(options, text, json.loads(report.to_json()))
    return 0


def _retraining(options: argparse.Namespace) -> dict[str, Any] | None:
    """Options of `train` for --retrain."""
    from spectral_core import checks

    if options.retrain is None:
        return None
    epochs = checks.integer(options.retrain, "--retrain", 1)
    return {"epochs": epochs, "seed": options.seed, "batch_size": 32, "backend": options.backend}


@dataclass(frozen=True, eq=False)
class PruningData:
    """Pairs (X, y) in the units of the network: to refit with, to judge by, to report losses of. They may share samples.

    `sentence` says how many samples these are, and what the model knows of them.
    """

    refit: tuple[Any, Any]
    judging: tuple[Any, Any]
    reported: tuple[Any, Any]
    loss: str
    sentence: str


def _data(options: argparse.Namespace, predictor: Predictor | None) -> PruningData:
    """The data of the command, split as they were for the model where that is known."""
    import numpy as np

    from spectral_core import checks
    from spectral_core.data import datasets, targets

    fraction = checks.real_number(options.validation_fraction, "--validation-fraction", 0, 0.9, open_low=True)
    # Features and targets in the units of the network.
    target = options.target
    if predictor is not None and target is None and Path(options.data).suffix in (".csv", ".parquet"):
        target = predictor.target_names[0]
    found = datasets.load(options.data, target=target, task=options.task if predictor is None else predictor.task)
    classifies = found.task == "classification"
    x, y = found.x, found.y
    if predictor is not None:
        x = predictor.inputs.transform(datasets.load_features(options.data, predictor.feature_names))
        if classifies:
            y = targets.encode_labels(np.asarray(found.classes)[found.y], "the target", predictor.classes)[0]
        else:
            y = predictor.outputs.transform(found.y)
    # The split.
    known = {} if predictor is None else _known_rows(predictor, len(x))
    rows, sentence = _split(known, y if classifies else None, len(x), fraction, options.seed)
    refit, judging, reported = ((x[part], y[part]) for part in rows)
    return PruningData(refit, judging, reported, "cross_entropy" if classifies else "squared_error", sentence)


def _known_rows(predictor: Predictor, count: int) -> Mapping[str, np.ndarray]:
    """The model's row numbers by part, if the data have as many rows as its search had; else none."""
    rows = predictor.rows
    return rows if "training" in rows and sum(map(len, rows.values())) == count else {}


def _split(
    known: Mapping[str, np.ndarray], labels: np.ndarray | None, count: int, fraction: float, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], str]:
    """Row numbers to refit with, to judge by and to report losses of, and a sentence on them."""
    import numpy as np

    from spectral_core.data import splitting

    unseen = [part for part in ("validation", "test") if len(known.get(part, ()))]
    if unseen:
        refit, judging, reported = known["training"], known[unseen[0]], known[unseen[-1]]
        judges = f"{len(judging)} {unseen[0]} samples judge"
        losses = f"the losses are those of {'them' if len(unseen) == 1 else f'{len(reported)} test samples'}"
        sentence = f"refitted on {len(refit)} training samples; {judges}, {losses}; none of these trained the model"
        return (refit, judging, reported), sentence
    mask = splitting.held_out(labels, count, fraction, np.random.default_rng((seed, 2)))
    refit, held = np.flatnonzero(~mask), np.flatnonzero(mask)
    trained = "all of them trained the model" if known else "it is not known how many of them trained the model"
    sentence = f"refitted on {len(refit)} samples; {len(held)} others judge and give the losses; {trained}"
    return (refit, held, held), sentence


def _save(small: CompactNetwork, predictor: Predictor | None, path: Path) -> None:
    """Save the network, in its predictor if it has one."""
    (small if predictor is None else replace(predictor, network=small)).save(path)


def run_compact(options: argparse.Namespace) -> int:
    """Run `compact`."""
    from spectral_core.files import atomic
    from spectral_core.networks.compact import CompactNetwork
    from spectral_core.networks.predictor import load_any
    from spectral_core.resizing.compaction import compact

    network, predictor = load_any(options.model)
    source = Path(options.model)
    out = Path(options.out or source.with_name(f"{source.stem}-compact.npz"))
    written = [out, *([Path(options.onnx)] if options.onnx else [])]
    if len({path.absolute() for path in (source, *written)}) <= len(written):
        raise InvalidInputError(
            f"MODEL, --out and --onnx must be different files; got {source}, {', '.join(map(str, written))}"
        )
    for path in written:
        atomic.check_writable(path, inputs=[source])
    small = network if isinstance(network, CompactNetwork) else compact(network)
    larger = small.n_parameters > network.n_parameters
    # Without a name that was asked for, no file that is larger and has nothing removed.
    useless = larger and small.live == network.widths and options.out is None
    names = []
    if not useless:
        _save(small, predictor, out)
        names.append(str(out))
    if options.onnx:
        from spectral_core.exchange.onnx import export_onnx

        export_onnx(small if predictor is None else replace(predictor, network=small), options.onnx)
        names.append(options.onnx)
    say(f"{_sizes(network, small)}\nwritten: {', '.join(names) or 'nothing'}\n")
    return 0


def _sizes(network: SpectralNetwork | CompactNetwork, small: CompactNetwork) -> str:
    """Neurons, parameters and times of a network and of its compact form, and a warning where that is the larger one."""
    from spectral_core.resizing.report import latency

    text = (
        f"neurons by layer {'-'.join(map(str, network.widths))} -> {'-'.join(map(str, small.live))}\n"
        f"parameters {network.n_parameters:,} -> {small.n_parameters:,}\n"
        f"1,000 samples in {1e3 * latency(network):.3g} ms -> {1e3 * latency(small):.3g} ms\n"
    )
    if small.n_parameters > network.n_parameters:
        found = "no neuron is dead" if small.live == network.widths else "few neurons are dead"
        text += f"{found}, and the spectral form is the smaller one\n"
    return text
