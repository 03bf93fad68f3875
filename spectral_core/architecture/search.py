"""Architecture search from the linear seed (SPARCS): train, trim, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core import progress as lines
from spectral_core.architecture.candidates import Stores, grow_all, train_all
from spectral_core.architecture.judging import Judgement
from spectral_core.architecture.options import SearchOptions, widths_of
from spectral_core.architecture.report import SearchReport
from spectral_core.architecture.result import SearchResult
from spectral_core.architecture.selection import simplest
from spectral_core.architecture.smallest import find_smallest
from spectral_core.architecture.validation import ValidationLoss
from spectral_core.checks import sequence
from spectral_core.data.fingerprints import Origin
from spectral_core.data.preparation import PreparedData, prepare
from spectral_core.data.weighting import Weighting
from spectral_core.errors import InvalidInputError
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import compact

PUBLISHED: dict[str, Any] = {
    "standardize": False,
    "batch_size": 100,
    "penalty_strength": 1e-4,
    "eigenvalue_learning_rate": 1e-3,
    "eigenvector_penalties": (0.0,),
    "keep": "last",
    "strategy": "seed",
}
"""The settings of the published protocol (arXiv 2504.00885, first experiment) that differ from the defaults of `search`.

One difference remains: `search` keeps the best of the last tenth of the epochs, the paper keeps the last epoch. With a
constant learning rate the loss of the last epoch fluctuates.
"""


def search(
    X: Any,
    y: Any,
    *,
    hidden: int | Sequence[int] = (300,),
    task: str = "auto",
    activation: str = "relu",
    bias: bool = True,
    tolerance: float | None = None,
    validation_data: tuple[Any, Any] | None = None,
    validation_fraction: float = 0.2,
    sample_weight: Any = None,
    class_weight: Any = None,
    standardize: bool = True,
    epochs: int = 300,
    batch_size: int | None = None,
    learning_rate: float = 1e-3,
    eigenvalue_learning_rate: float | None = None,
    penalty: str = "group",
    penalty_strength: float = 1e-3,
    eigenvector_penalties: Sequence[float] | None = None,
    patience: int | None = None,
    keep: str = "simplest",
    strategy: str = "smallest",
    sizes: Sequence[int] | None = None,
    dtype: str = "float32",
    seed: int = 0,
    backend: str = "auto",
    name: str = "",
    feature_names: Sequence[str] = (),
    target_names: Sequence[str] = (),
    progress: Callable[[int, int, str], object] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    keep_checkpoint: bool = False,
    verbose: bool = False,
) -> SearchResult:
    """Find the smallest network that does the job: the spectrum proposes, joint refits decide.

    ``strategy="smallest"`` (the default) gives a whole curve of scores against sizes:

    1. A spectral network starts with λ = 0, ..., 0, 1 by layer, which is exactly linear, and is trained (loss + penalty).
       Layers and skip connections switch on as λ departs from 0. Its neurons of greatest path score (M6) are one start;
       the linear model is another; for a regression with few features, the fewest neurons that fit are a third; with
       5,000 labelled rows and more, the woken neurons with random weights.
    2. From each start single weights go, those of the least Gauss-Newton saliency (M22). Weights that no longer act go
       too (M21). The network is trained on after each removal; below some hundred weights it is refitted to a minimum.
    3. Validation rows score every size. The chosen network is the smallest whose paired difference from the best is
       within its standard error. It is trained again on training and validation rows together.

    ``strategy="neurons"`` looks for the fewest hidden neurons alone: neurons enter by their exact gain and leave by
    leave-one-out (M17), a joint refit by Levenberg-Marquardt follows every change (M20), and BIC chooses their number.
    ``strategy="seed"`` trains the linear seed, then trims neurons and blocks as long as the validation loss stays within a
    limit (M10, M11). ``strategy="grow"`` adds neurons and layers where the gradient is largest for each new weight.

    Parameters
    ----------
    X : (samples, features), any units; or a frame (pandas, polars, Arrow), whose names are kept. Its columns of text, dates and
        truth values and its gaps are encoded, see `data.encoding.Encoder`; the encoder is part of the result.
    y : (samples,) or (samples, outputs) numbers, or (samples,) class labels; (samples, classes) of 0 and 1, one 1 in each row,
        are labels too.
    hidden : greatest width of each hidden layer, a number for one layer; () searches nothing and fits a linear model.
    task : ``regression``, ``classification``, or ``auto``: text, booleans, and whole numbers with at most 20 different
        values are classes.
    tolerance : ``smallest``, ``neurons``: a score or loss this much worse than the best counts as good, as a share of the
        variance (1 - R²) or of the samples; by default only what validation rows cannot tell apart. ``seed``, ``grow``: how
        much the validation loss may rise by trimming, as a share of the loss plus a thousandth of the constant
        predictor's loss; by default 0.01.
    sizes : ``smallest``: the numbers of weights at which the curve has a point; by default a geometric series.
    validation_data : (X, y) to choose by; by default `validation_fraction` of the samples, drawn by `seed` (class by class
        for classification). With few samples and no validation data, ``smallest`` judges on several such splits.
    sample_weight : (samples,), none negative. Every fit minimises the weighted mean of the losses, and validation rows count by
        their weights in every score; rows of weight 0 are left out. Validation data given apart have the sample weight 1.
    class_weight : classification: {label: weight}, 1 for labels that are not named, or ``balanced`` for
        (rows)/(classes · rows of the class). It multiplies the sample weights, in fits and in scores: with ``balanced`` the
        score is close to the balanced accuracy. ``seed`` and ``grow`` take the epoch by the unweighted validation loss.
    standardize : scale features and regression targets to mean 0 and deviation 1 of the training part; undone in
        predictions and kept in the saved model.
    eigenvector_penalties : ``seed``, ``grow``: strengths of Σ ‖φ‖₂² (of a grown network: Σ ‖W_ij‖₂²) to try, one training
        each; by default those of `options.STRENGTHS`.
    keep : ``seed``, ``grow``: ``simplest``: each training gives two candidates, the best of all its epochs and the best of
        its last tenth. Of the candidates whose validation loss is within one standard error of the least loss, the search
        keeps the one with the fewest weights after trimming. ``last``: only the best of the last tenth of each training.
    strategy : ``smallest``, ``neurons``, ``seed`` or ``grow``.
    batch_size : by default 32, and 100 from 10,000 training samples on.
    epochs, learning_rate, eigenvalue_learning_rate, penalty, penalty_strength, patience : of the spectral training, see
        `train`. Eigenvalues learn faster by default (0.01; 0.05 for ``seed`` and ``grow``), so that hidden layers can switch
        on before the linear path has learned the data by heart. `PUBLISHED` holds the settings of the paper where they differ. ``smallest`` trains
        its proposal for at most `epochs`, with rates that fall to 0.
    backend : ``cpu``, ``cuda`` or ``auto``, as in `train`; refits, trimming and scores are computed on the CPU.
    progress : called with (steps done, steps in all, a line of text).
    verbose : without `progress`, print a line on standard error for every tenth of the steps.
    checkpoint : a file name. An interrupted search leaves its state in files of that name with a number appended. The same
        call continues from them, and removes them at the end unless `keep_checkpoint`.

    Returns
    -------
    SearchResult : `.network`, `.compact` (the same function without what is not there), `.report`, `.curve`, `.at(weights=...)`,
        `.predict(X)`, `.plot(path)`, `.save(directory)`.

    Raises
    ------
    InvalidInputError : data or options break a rule, or a classification has one class only.
    BackendError : ``backend="cuda"`` where no GPU can be used.
    DivergenceError : every training diverged.

    References
    ----------
    Peri, Chicchi, Fanelli, Giambagli, arXiv 2504.00885.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import search
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> found = search(X, np.abs(X), hidden=(10,), epochs=100, seed=0)
    >>> found.predict([[0.5], [-0.5]]).round(1).tolist()
    [0.5, 0.5]
    """
    options = SearchOptions(
        hidden=widths_of(hidden),
        activation=activation,
        bias=bias,
        tolerance=tolerance,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        eigenvalue_learning_rate=eigenvalue_learning_rate,
        penalty=penalty,
        penalty_strength=penalty_strength,
        eigenvector_penalties=eigenvector_penalties,
        patience=patience,
        keep=keep,
        strategy=strategy,
        sizes=sizes,
        dtype=dtype,
        seed=seed,
        backend=backend,
        name=name,
        feature_names=feature_names,
        target_names=target_names,
        progress=_narrated(name) if checks.boolean(verbose, "verbose") and progress is None else progress,
        checkpoint=checkpoint,
        keep_checkpoint=keep_checkpoint,
    )
    weighting = Weighting(sample_weight, class_weight)
    data = prepare(X, y, task, validation_data, validation_fraction, standardize, seed, weighting)
    found = search_prepared(data, options)
    return found if data.encoder is None else found.with_encoder(data.encoder).with_columns(data.encoder.decisions())


def search_prepared(data: PreparedData, options: SearchOptions) -> SearchResult:
    """The search of `search` on data that are checked, split and scaled."""
    if options.strategy in ("smallest", "neurons"):
        return _search_smallest(data, options)
    start = time.perf_counter()
    # Names and networks, checked before the first training.
    names = _names(data, options)
    net = _initial([data.x.shape[1], *options.hidden, data.n_outputs], data, options)
    linear = _initial([data.x.shape[1], data.n_outputs], data, options)
    # Candidates, and the choice among them.
    stores, validation_loss = Stores(options.checkpoint), ValidationLoss(data, net)
    if options.strategy == "grow":
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
    names = _names(data, options)
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
    chosen = found.curve.chosen
    network, point = found.networks[chosen].direct(), found.curve[chosen]
    judgement = Judgement.of_curve(at_sizes[chosen], data.validation[1], point.score, point.error, data.weights_valid)
    return SearchResult(
        network=network,
        compact=networks[chosen],
        report=SearchReport.of_smallest(data, options, found, networks[chosen]).with_judgement(judgement),
        history=found.proposal.history,
        predictor=Predictor(network, *given, origin=origin, form="refitted"),
        compact_predictor=at_sizes[chosen],
        curve=found.curve,
        at_sizes=at_sizes,
        proposal=Predictor(found.proposal.network, *given, origin=origin, form="trained"),
        data=data,
    )


def _narrated(name: str) -> Callable[[int, int, str], object]:
    """A line now, since kernels may be compiled first, and one for every tenth."""
    title = f"search {name}".rstrip()
    lines.begun(title)
    return lines.lines(title)


def _names(data: PreparedData, options: SearchOptions) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of features and targets."""
    n_targets = 1 if data.task == "classification" else data.n_outputs
    return (
        column_names(options.feature_names or data.feature_names, "feature_names", "x", data.x.shape[1]),
        column_names(options.target_names or data.target_names, "target_names", "y", n_targets),
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
