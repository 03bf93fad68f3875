"""Architecture search from the linear seed (SPARCS): train, trim, report."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core import progress as lines
from spectral_core.architecture.options import SearchOptions, widths_of
from spectral_core.architecture.result import SearchResult
from spectral_core.architecture.running import search_prepared
from spectral_core.data.preparation import prepare
from spectral_core.data.weighting import Weighting
from spectral_core.kernels.support.activations import Activation

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

FRACTION = 0.2
"""The share of the samples that judges, by default."""
CLASSES_COUNT = "validation scores count rows by the weights of their classes; test scores count classes as they come"
"""A remark of a search with ``class_weight``."""


def search(
    X: Any,
    y: Any,
    *,
    hidden: int | Sequence[int] = (300,),
    task: str = "auto",
    activation: Activation = "relu",
    bias: bool = True,
    tolerance: float | None = None,
    validation_data: tuple[Any, ...] | None = None,
    validation_fraction: float = FRACTION,
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
    flash: int | None = None,
    ram: int | None = None,
    operations: int | None = None,
    int8: bool = False,
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
       at most half its standard error, or at most `tolerance`. It is trained again on training and validation rows together.

    ``strategy="neurons"`` looks for the fewest hidden neurons alone: neurons enter by their exact gain and leave by
    leave-one-out (M17), a joint refit by Levenberg-Marquardt follows every change (M20), and BIC chooses their number.
    ``strategy="seed"`` trains the linear seed, then trims neurons and blocks as long as the validation loss stays within a
    limit (M10, M11). ``strategy="grow"`` adds neurons and layers where the gradient is largest for each new weight.

    Parameters
    ----------
    X : (samples, features), any units; or a frame (pandas, polars, Arrow), whose names are kept. Its columns of text, dates and
        truth values and its gaps are encoded, see `data.encoding.Encoder`; the encoder is part of the result.
    y : (samples,) or (samples, outputs) numbers, or (samples,) class labels; (samples, classes) of 0 and 1, one 1 in each row,
        are labels too. Other (samples, labels) of 0 and 1 are several labels for each row.
    activation : one name for all hidden layers, or a sequence with a name for each (not with ``grow``, which adds layers one by
        one); all need f(0) = 0.
    hidden : greatest width of each hidden layer, a number for one layer; () searches nothing and fits a linear model.
    task : ``regression``, ``classification``, ``multilabel``, or ``auto``: text, booleans, and whole numbers with at most 20
        different values are classes. ``multilabel`` has an output 1/(1 + exp(-z)) for each label. Its loss is the binary cross
        entropy, and its score the share of the rows with all labels right (scikit-learn's `accuracy_score`).
    bias : add an input that is always 1, which gives every neuron a bias.
    tolerance : ``smallest``, ``neurons``: a score or loss this much worse than the best counts as good, as a share of the
        variance (1 - R²) or of the samples; by default only what validation rows cannot tell apart. ``seed``, ``grow``: how
        much the validation loss may rise by trimming, as a share of the loss plus a thousandth of the constant
        predictor's loss; by default 0.01.
    sizes : ``smallest``: the numbers of weights at which the curve has a point; by default a geometric series.
    flash, ram, operations : ``smallest``, ``neurons``: the greatest cost of the network on a chip, as `export_c` writes it:
        bytes of constants and code, bytes of stack, weights that a prediction multiplies. Where the chosen network does not fit,
        it is the best of the curve that does; the report says what a wider or a tighter budget would give.
    int8 : count the integers of ``export_c(int8=True)``, calibrated by the rows of the search, instead of float32.
    validation_data : (X, y), or (X, y, sample_weight), to choose by; by default `validation_fraction` of the samples, drawn by
        `seed` (class by class for classification). With few samples and no validation data, ``smallest`` judges on several such splits.
    sample_weight : (samples,), none negative. Every fit minimises the weighted mean of the losses, and validation rows count by
        their weights in every score; rows of weight 0 are left out. Rows without weights beside rows with weights, as in
        `validation_data`, weigh as much as the mean of these.
    class_weight : classification: {label: weight}, 1 for labels that are not named, or ``balanced`` for
        (rows)/(classes · rows of the class), rows of weight 0 included. It multiplies the sample weights, in fits and in
        scores: with ``balanced`` the score is close to the balanced accuracy. ``seed`` and ``grow`` take the epoch by the unweighted validation loss.
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
    dtype : ``float32`` or ``float64``, of parameters and kernels.
    seed : of the start, the order of samples and the split; the same seed gives the same bits on one machine.
    name : of the data, in reports and lines of progress.
    feature_names, target_names : of the columns; by default those of a frame, else x1, x2, ... and y.
    progress : called with (steps done, steps in all, a line of text).
    verbose : without `progress`, show a bar in a notebook with tqdm and ipywidgets, else print a line on standard error for
        every tenth of the steps.
    checkpoint : a file name. An interrupted search leaves its state in files of that name with a number appended. The same
        call continues from them, and removes them at the end unless `keep_checkpoint`.

    Returns
    -------
    SearchResult : `.network`, `.compact` (the same function without what is not there), `.report`, `.curve`, `.at(weights=...)`,
        `.predict(X)`, `.plot(path)`, `.save(directory)`.

    Raises
    ------
    InvalidInputError : data or options break a rule, a classification has one class only, or no network of the curve fits the
        budget; the message names the least that would.
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
        flash=flash,
        ram=ram,
        operations=operations,
        int8=int8,
        dtype=dtype,
        seed=seed,
        backend=backend,
        name=name,
        feature_names=feature_names,
        target_names=target_names,
        progress=lines.narrated(f"search {name}".rstrip())
        if checks.boolean(verbose, "verbose") and progress is None
        else progress,
        checkpoint=checkpoint,
        keep_checkpoint=keep_checkpoint,
    )
    weighting = Weighting(sample_weight, class_weight)
    data = prepare(X, y, task, validation_data, validation_fraction, standardize, seed, weighting, options.dtype)
    remarks = (*data.remarks, CLASSES_COUNT) if class_weight is not None else data.remarks
    asked = _asked(validation_data, validation_fraction, weighting, data.standardized)
    data = replace(data, asked=asked, remarks=remarks)
    found = search_prepared(data, options)
    return found if data.encoder is None else found.with_encoder(data.encoder).with_columns(data.encoder.decisions())


def _asked(validation_data: Any, fraction: float, weighting: Weighting, standardized: bool) -> dict[str, Any]:
    """What was asked about the data, where it is not the default, ready for JSON; weights of classes are pairs."""
    classes = weighting.classes
    if isinstance(classes, Mapping):
        labels = (label.item() if isinstance(label, np.generic) else label for label in classes)
        classes = [[label, float(weight)] for label, weight in zip(labels, classes.values(), strict=True)]
    asked = {
        "validation_data": validation_data is not None,
        "validation_fraction": None if fraction == FRACTION else float(fraction),
        "standardize": None if standardized else False,
        "sample_weight": weighting.samples is not None,
        "class_weight": classes,
    }
    return {name: value for name, value in asked.items() if value is not None and (value or name == "standardize")}
