"""A search on prepared data: candidates or a curve, the choice, and the result in the units of the data."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spectral_core.architecture.candidates import Stores, grow_all, train_all
from spectral_core.architecture.judging import Judgement
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.report import SearchReport
from spectral_core.architecture.result import SearchResult
from spectral_core.architecture.selection import simplest
from spectral_core.architecture.smallest import find_smallest
from spectral_core.architecture.validation import ValidationLoss
from spectral_core.checks import sequence
from spectral_core.data.fingerprints import Origin
from spectral_core.data.preparation import PreparedData
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.footprint import Footprint, footprint
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.progress import BEGINS
from spectral_core.resizing.compaction import compact


def search_prepared(data: PreparedData, options: SearchOptions) -> SearchResult:
    """The search of `search` on data that are checked, split and scaled."""
    if options.strategy in ("smallest", "neurons"):
        return _search_smallest(data, options)
    start = time.perf_counter()
    # Names and networks, checked before the first training.
    options = _named(data, options)
    names = tuple(options.feature_names), tuple(options.target_names)
    net = _initial([data.x.shape[1], *options.hidden, data.n_outputs], data, options)
    # Candidates, and the choice among them.
    options.report_progress(0, 1, BEGINS)
    stores, validation_loss = Stores(options.checkpoint), ValidationLoss(data, net)
    if options.strategy == "grow":
        linear = _initial([data.x.shape[1], data.n_outputs], data, options)
        candidates = grow_all(linear, data, validation_loss, options, stores)
    else:
        candidates = train_all(net, data, validation_loss, options, stores)
    chosen, trimmed = simplest(candidates, data, validation_loss, options.loss_tolerance(data))
    # The result in the units of the data.
    rows = {"training": data.training_rows, "validation": data.validation_rows}
    origin = Origin(seed=options.seed, prints=data.prints)
    predictor, compact_predictor = (
        Predictor(
            network, data.task, data.inputs, data.outputs, data.classes, *names, rows=rows, origin=origin, form=form
        )
        for network, form in ((chosen.network, "trained"), (trimmed.compact, "trimmed"))
    )
    judging = (*data.validation, data.weights_valid)
    scores = (predictor.score(*judging), compact_predictor.score(*judging))
    report = SearchReport.of(data, options, candidates, chosen, trimmed, scores, time.perf_counter() - start)
    report = report.with_judgement(Judgement.of(compact_predictor, *data.validation, "validation", data.weights_valid))
    if not options.keep_checkpoint:
        stores.remove()
    networks = (chosen.network, trimmed.compact)
    return SearchResult(*networks, report, chosen.history, predictor, compact_predictor, data=data)


def _search_smallest(data: PreparedData, options: SearchOptions) -> SearchResult:
    """The strategies that refit: the proposal of the spectrum, and the chosen network of the curve."""
    options = _named(data, options)
    names = tuple(options.feature_names), tuple(options.target_names)
    options.report_progress(0, 1, BEGINS)
    found = find_smallest(data, options)
    # Predictors for all networks of the curve, in the units of the data.
    rows = {
        "training": np.sort(np.concatenate([data.training_rows, data.validation_rows])),
        "validation": data.validation_rows[:0],
    }
    given = (data.task, data.inputs, data.outputs, data.classes, *names, rows)
    # The chosen network is fitted to the validation rows too, also where they were given apart.
    prints = {"training": np.concatenate([data.prints[part] for part in ("training", "validation")])}
    origin = Origin(seed=options.seed, prints=prints)
    networks = [compact(net.direct()) for net in found.networks]
    at_sizes = tuple(Predictor(network, *given, origin=origin, form="exact") for network in networks)
    remarks: list[str] = []
    if options.budget:
        curve, remarks = options.budget.choose(found.curve, _costs(at_sizes, data, options.int8))
        found = replace(found, curve=curve)
    chosen = found.curve.chosen
    network = found.networks[chosen].direct()
    judgement = Judgement.of_curve(at_sizes[chosen], found.judged[chosen], found.constant)
    report = SearchReport.of_smallest(data, options, found, networks[chosen]).with_judgement(judgement)
    return SearchResult(
        network=network,
        compact=networks[chosen],
        report=replace(report, remarks=[*report.remarks, *remarks]),
        history=found.proposal.history,
        predictor=Predictor(network, *given, origin=origin, form="refitted"),
        compact_predictor=at_sizes[chosen],
        curve=found.curve,
        at_sizes=at_sizes,
        proposal=Predictor(found.proposal.network, *given, origin=origin, form="trained"),
        data=data,
    )


def _costs(predictors: Sequence[Predictor], data: PreparedData, int8: bool) -> list[Footprint | InvalidInputError]:
    """What each network costs a chip, or why it has no C file; integers are calibrated by all rows of the search."""
    rows = data.inputs.inverse_transform(np.concatenate([data.x, data.x_valid])) if int8 else None
    costs: list[Footprint | InvalidInputError] = []
    for predictor in predictors:
        try:
            costs.append(footprint(predictor, int8=int8, calibration=rows))
        except InvalidInputError as error:
            costs.append(error)
    return costs


def _named(data: PreparedData, options: SearchOptions) -> SearchOptions:
    """The options with the names of all features and targets, for predictors and report alike."""
    n_targets = 1 if data.task == "classification" else data.n_outputs
    return replace(
        options,
        feature_names=column_names(options.feature_names or data.feature_names, "feature_names", "x", data.x.shape[1]),
        target_names=column_names(options.target_names or data.target_names, "target_names", "y", n_targets),
    )


def _initial(widths: Sequence[int], data: PreparedData, options: SearchOptions) -> SpectralNetwork:
    """The linear seed of these widths; features that do not vary in the training part have no weight, now or later."""
    net = SpectralNetwork.initialize(
        widths, activation=options.activation, bias=options.bias, dtype=options.dtype, seed=options.seed
    )
    net.eigenvectors[0][:, data.inputs.constant.nonzero()[0]] = 0
    return net


def column_names(names: Sequence[str], what: str, letter: str, count: int) -> tuple[str, ...]:
    """The names of columns, x1, x2, ... by default (a single target is plain y)."""
    names = tuple(sequence(names, what))
    if not names:
        return (letter,) if letter == "y" and count == 1 else tuple(f"{letter}{i + 1}" for i in range(count))
    if len(names) != count or len(set(names)) != count or not all(isinstance(name, str) for name in names):
        raise InvalidInputError(f"{what} must hold {count} different name(s); got {list(names)}")
    return names
