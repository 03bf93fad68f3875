"""The commands `prune` and `compact`: a saved model, smaller."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli import data_options
from spectral_core.cli.console import backend_option, output_options, say, seed_option, tell
from spectral_core.cli.model_data import model_data
from spectral_core.cli.results import check_file, check_folder
from spectral_core.data.targets import LOSSES, TASKS
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.networks.compact import CompactNetwork
    from spectral_core.networks.predictor import Predictor
    from spectral_core.networks.spectral import SpectralNetwork
    from spectral_core.resizing.predicting import PruningData


def add_parser(commands: Any) -> None:
    """Add the two commands and their options."""
    _add_prune(commands)
    compact = commands.add_parser(
        "compact",
        help="the same model without dead neurons: exact; also as ONNX",
        description="Writes the live part of a model, which is exact: it computes the same function (M10, M11). Prints sizes and "
        "times before and after. Where no neuron is dead there is nothing to gain, and a file is written only with --out. "
        "(compact.npz of a search may be trimmed instead: its command says so.)",
        epilog="example: spectral-core compact results/wine/model.npz --onnx wine.onnx",
    )
    compact.epilog = "example: spectral-core compact results/digits/model.npz --onnx digits.onnx"
    compact.add_argument("model", metavar="MODEL", help="any model file of this package")
    compact.add_argument("--out", metavar="FILE", help="default: MODEL with -compact in its name")
    compact.add_argument("--onnx", metavar="FILE", help="also write it as an ONNX model")
    compact.set_defaults(run=run_compact)


def _add_prune(commands: Any) -> None:
    prune = commands.add_parser(
        "prune",
        help="remove neurons or single weights of a saved model and refit the rest",
        description="Removes hidden neurons, or whole layers, in the order of a ranking, and refits the remaining weights in "
        "closed form on the data (M15); with --unit weight it removes single weights by their Gauss-Newton saliency (M22), with "
        "a minimum of the loss by L-BFGS after every step. It writes pruned.npz (a compact model), report.json and report.txt. On the data of "
        "its search a model is refitted on the samples that it was fitted to. Its validation samples judge, and the losses are "
        "those of its test samples; where the search kept no validation samples (strategy smallest), the test samples judge, and "
        "the losses are no independent test. On other data a fifth of the samples is held out to judge; the report says so.",
        epilog="example: spectral-core prune results/digits/model.npz digits --by pivoted_qr --fraction 0.9",
    )
    prune.add_argument("model", metavar="MODEL", help="any model file of this package")
    prune.add_argument("data", metavar="DATA", help=f"{data_options.TABLES}, as for search")
    rankings = "path, plain_path, eigenvalue, scaled_eigenvalue, connectivity, pivoted_qr or leave_one_out"
    prune.add_argument("--by", default="path", help=f"{rankings} (default: path)")
    amount = prune.add_mutually_exclusive_group()
    amount.add_argument("--fraction", type=float, help="share of all hidden neurons, or of all weights, to remove")
    lower = "remove neurons with a score below this, or weights with a saliency below this"
    amount.add_argument("--threshold", type=float, help=lower)
    amount.add_argument("--weights", type=int, metavar="N", help="keep at most N weights (with --unit weight)")
    most = "remove as many as raise the loss by at most this share of it, and of 0.001 of what the best constant loses more (default: 0.01)"
    amount.add_argument("--tolerance", type=float, help=most)
    prune.add_argument("--unit", default="neuron", help="neuron, layer or weight (default: neuron)")
    penalty = "strength of the penalty of the refits, against noise (default: 1e-8; of single weights 0.01, or the best of three for --tolerance)"
    prune.add_argument("--ridge", type=float, help=penalty)
    prune.add_argument("--even", action="store_true", help="remove the same share of every layer")
    same = "first merge neurons that compute the same (relu; 0 is exact)"
    prune.add_argument("--merge", type=float, metavar="SINE", help=same)
    refit = prune.add_mutually_exclusive_group()
    wider = "let the refit add weights from each layer to all layers behind it"
    refit.add_argument("--skip-connections", action="store_true", help=wider)
    refit.add_argument("--no-compensation", action="store_true", help="do not refit the remaining weights")
    prune.add_argument("--retrain", type=int, metavar="EPOCHS", help="train the result for this many epochs")
    data_options.add_column_options(prune, split=False)
    data_options.add_file_options(prune)
    prune.add_argument(
        "--validation-fraction",
        type=float,
        default=0.2,
        help="share held out of data without a known split (default: 0.2)",
    )
    seed_option(prune, "the split and of retraining")
    backend_option(prune)
    prune.add_argument("--out", metavar="DIR", help="folder for the results (default: results/pruned-<model>)")
    tasks = ("auto", *TASKS)
    prune.add_argument("--task", default="auto", choices=tasks, help="task of a model without one (default: auto)")
    output_options(prune)
    prune.set_defaults(run=run_prune)


def run_prune(options: argparse.Namespace) -> int:
    """Run `prune`."""
    from spectral_core import checks
    from spectral_core.backends import choice
    from spectral_core.files import atomic
    from spectral_core.networks.predictor import load_any
    from spectral_core.resizing.predicting import PrunedPredictor
    from spectral_core.resizing.pruning import prune
    from spectral_core.resizing.request import AMOUNTS

    checks.integer(options.seed, "--seed", 0)
    network, predictor = load_any(options.model)
    home = Path(options.out or f"results/pruned-{Path(options.model).stem}")
    for name in ("pruned.npz", "report.json", "report.txt"):
        atomic.check_writable(home / name, inputs=[options.model, options.data])
    check_folder(home, "prune", None if predictor is None else predictor.origin)
    data = _data(options, predictor)
    amounts = {name: getattr(options, name) for name in AMOUNTS}
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
        ridge=options.ridge,
        merge=options.merge,
        skip_connections=options.skip_connections,
        retrain=_retraining(options),
        **amounts,
    )
    report = result.report.with_losses(network, result.compact, data.reported, data.loss, data.sentence)
    if predictor is None:
        result.compact.save(home / "pruned.npz")
    else:
        PrunedPredictor.of(predictor, result, data.sentence).having_seen(data.prints).predictor.save(
            home / "pruned.npz"
        )
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
    training = {"epochs": epochs, "seed": options.seed, "batch_size": 32}
    # The masked training of single weights runs on the CPU.
    return training if options.unit == "weight" else {**training, "backend": options.backend}


def _data(options: argparse.Namespace, predictor: Predictor | None) -> PruningData:
    """The data of the command, split as they were for the model where that is known."""
    from spectral_core import checks
    from spectral_core.data.fingerprints import row_prints
    from spectral_core.resizing.predicting import PruningData, split_known

    fraction = checks.real_number(options.validation_fraction, "--validation-fraction", 0, 0.9, open_low=True)
    # Features and targets in the units of the network.
    known: Mapping[str, np.ndarray] = {}
    prints = None
    if predictor is None:
        found = data_options.load_for(None, options.data, options)
        x, y, loss = found.x, found.y, LOSSES[found.task]
    else:
        read = model_data(options, predictor)
        known, prints, predictor = read.rows, row_prints(read.x, read.y), replace(predictor, encoder=None)
        x, y, loss = predictor.scaled(read.x), predictor.scaled_targets(read.y, "the target"), predictor.loss
    # The split.
    labels = y if loss == "cross_entropy" else None
    rows, sentence = split_known(known, labels, len(x), fraction, options.seed)
    sentence += "; the weights of rows do not count here" if options.weight else ""
    refit, judging, reported = ((x[part], y[part]) for part in rows)
    seen = {} if prints is None else {"training": prints[rows[0]], "validation": prints[rows[1]]}
    return PruningData(refit, judging, reported, loss, sentence, seen)


def _save(small: CompactNetwork, predictor: Predictor | None, path: Path) -> None:
    """Save the exact compact form of a network, in its predictor if it has one; that of a trimmed model stays a trimmed one."""
    if predictor is None:
        small.save(path)
        return
    form = predictor.form if predictor.form in ("trimmed", "pruned") else "exact"
    replace(predictor, network=small, form=form).save(path)


def run_compact(options: argparse.Namespace) -> int:
    """Run `compact`."""
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
        check_file(path, inputs=[source])
    small = network if isinstance(network, CompactNetwork) else compact(network)
    # Without a name that was asked for, no file that is no smaller.
    idle = small is network or small.live == network.widths
    names = []
    if not idle or options.out is not None:
        _save(small, predictor, out)
        names.append(str(out))
    if options.onnx:
        from spectral_core.exchange.onnx import export_onnx

        export_onnx(small if predictor is None else replace(predictor, network=small), options.onnx)
        names.append(options.onnx)
    say(f"{_sizes(network, small, idle)}\nwritten: {', '.join(names) or 'nothing'}\n")
    return 0


def _sizes(network: SpectralNetwork | CompactNetwork, small: CompactNetwork, idle: bool) -> str:
    """Neurons, parameters and times of a network and of its compact form; no times where they are of the same neurons."""
    from spectral_core.resizing.report import latency

    if idle:
        text = f"neurons by layer {'-'.join(map(str, network.widths))}\nnothing is dead, nothing to gain"
        if small.n_parameters > network.n_parameters:
            text += f"; the spectral form is the smaller one, {counted(network.n_parameters, 'parameter')} and not {small.n_parameters:,}"
        return f"{text}\n"
    text = (
        "exact: the same function\n"
        f"neurons by layer {'-'.join(map(str, network.widths))} -> {'-'.join(map(str, small.live))}\n"
        f"parameters {network.n_parameters:,} -> {small.n_parameters:,}\n"
        f"1,000 samples in {1e3 * latency(network):.3g} ms -> {1e3 * latency(small):.3g} ms\n"
    )
    if small.n_parameters > network.n_parameters:
        text += "few neurons are dead, and the spectral form is the smaller one\n"
    return text
