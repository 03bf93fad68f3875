"""`train`: builds its options, asks the network for a problem, and hands them to the optimizer's loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from spectral_core import checks
from spectral_core.backends.problem import Problem
from spectral_core.data.resolution import resolved_data
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.image_layout import ImageLayout
from spectral_core.networks.trainable import Trainable
from spectral_core.training import full_batch, mini_batches
from spectral_core.training.narration import told
from spectral_core.training.options import FULL_BATCH, LoopOptions, StepOptions
from spectral_core.training.results import Network, Progress, TrainingResult, TrainingState


def train(
    net: Network,
    X: Any,
    y: Any,
    *,
    loss: str = "squared_error",
    epochs: int = LoopOptions.epochs,
    batch_size: int = StepOptions.batch_size,
    optimizer: str = StepOptions.optimizer,
    learning_rate: float = StepOptions.learning_rate,
    eigenvalue_learning_rate: float | None = StepOptions.eigenvalue_learning_rate,
    betas: tuple[float, float] = StepOptions.betas,
    epsilon: float = StepOptions.epsilon,
    momentum: float = StepOptions.momentum,
    nesterov: bool = StepOptions.nesterov,
    penalty: str = StepOptions.penalty,
    penalty_strength: float = StepOptions.penalty_strength,
    proximal: bool = StepOptions.proximal,
    eigenvector_penalty: float | Mapping[str, float] = StepOptions.eigenvector_penalty,
    schedule: str = StepOptions.schedule,
    warmup: float | None = StepOptions.warmup,
    final_rate: float = StepOptions.final_rate,
    weight_decay: float | Mapping[str, float] = StepOptions.weight_decay,
    clip_norm: float | None = StepOptions.clip_norm,
    label_smoothing: float = StepOptions.label_smoothing,
    fixed_ends: bool = StepOptions.fixed_ends,
    sample_weight: Any = None,
    validation_data: tuple[Any, Any] | None = None,
    patience: int | None = LoopOptions.patience,
    best_of_last: int | None = LoopOptions.best_of_last,
    shuffle: bool = LoopOptions.shuffle,
    drop_last: bool = LoopOptions.drop_last,
    seed: int = LoopOptions.seed,
    threads: int = LoopOptions.threads,
    backend: str = LoopOptions.backend,
    callbacks: Sequence[Callable[[Progress[Network]], Any]] = (),
    state: TrainingState | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    keep_checkpoint: bool = LoopOptions.keep_checkpoint,
    verbose: bool = False,
) -> TrainingResult[Network]:
    """Minimise loss + penalty. The given network does not change.

    Parameters
    ----------
    net : a network of any parametrization; a compact one, of which only the live weights are trained; or an `ImageNetwork`,
        for which the note below says what differs.
    X, y : (samples, features); (samples, outputs) or class indices (samples,). They are never rescaled. For an image network
        X is `ImageData` or (samples, channels, rows, columns), y class indices.
    loss : ``squared_error``, ``huber``, ``poisson``, ``binary_cross_entropy`` (also for several labels) or
        ``cross_entropy``; `SpectralNetwork.loss_and_gradients` has their formulas.
    epochs, batch_size : passes over the data; samples in a mini-batch (the last one may be smaller).
    optimizer : ``adam`` (`betas`, `epsilon`) or ``sgd`` (`momentum`, `nesterov`), with `learning_rate`; eigenvalues
        can have their own `eigenvalue_learning_rate`. Or one on all samples at once, for at most `epochs` iterations:
        ``lbfgs`` (SciPy's L-BFGS-B), or ``levenberg_marquardt`` for small networks, (H + μ diag H) δ = -g with the
        Gauss-Newton matrix H (M20). Their history has a row for each iteration, measured after it. They run on the CPU,
        have no rates, schedule, mini-batches, state or checkpoint, and end where no step lowers loss + penalty
        (`full_batch.train`).
    penalty : ``group`` strength · Σ ‖λ^(i)‖₂, ``l1`` strength · Σ ‖λ^(i)‖₁, ``l2`` strength · Σ ‖λ^(i)‖₂²; over the
        input and hidden layers (`global`), λ^out of hidden layers (`layerwise`), each block (`direct`).
    proximal : the penalty is not in the gradient. Instead each step ends by moving each group to
        argmin ½‖x - λ‖² + learning rate · strength · R(x) (theorems P.group, P.l1, P.l2). Only with ``group`` or ``l1`` and
        proximal=True are eigenvalues exactly 0; a penalty in the gradient leaves them near 0. They stay 0 as long as the
        optimizer's step, divided by the learning rate, is at most `strength` (``l1``: for each eigenvalue, ``group``: its norm
        over the layer). For ``sgd`` this is the gradient. For ``adam`` it is the gradient over the root of its mean square, about
        1 without noise, so a strength of 0.1 is small and 8 (``group``: 8 √n) lets no eigenvalue leave 0. Where all eigenvalues
        are 0 the network is linear, and their gradient contains only the linear part of the error: what keeps them at 0 until
        that is learned gives a linear model. The neuron is then 0 too, without a threshold: always for `layerwise`; for `global`
        if the eigenvalues of the layer before are also 0 (M10, `fixed_ends`). `history.penalty` does not contain this penalty.
        In an image network each step also gives the squares of a node's eigenvalues the mean 1, and its running statistics
        follow: its batch norm does not see their scale (I13).
    eigenvector_penalty : adds strength · Σ ‖φ^(i)‖₂² (`direct`: Σ ‖W_ij‖₂²); or strengths by group
        (``{"eigenvectors[0]": 0.01}``), for any groups.
    schedule : the factor of all learning rates (and so of proximal thresholds) in each step: ``constant``; ``cosine``,
        from 1 to `final_rate` as half a cosine; ``one_cycle``, a rise from 1/25 to 1, then ``cosine``; ``plateau``, halved
        after 10 epochs without a smaller validation loss (training loss without validation data), never below
        `final_rate`. `RateSchedule.factors` has the formulas. The mini-batches of this call count, also those without weight.
        From the linear start, ``cosine`` with an eigenvalue rate of 0.005 keeps losses from rising again; for classes so does
        0.01 with a `label_smoothing` of 0.05 (`python -m benchmarks training_stability`).
    warmup : the share of the steps, at the start, in which the factor rises to 1: linearly, as half a cosine for
        ``one_cycle``. None is 0, and 0.3 for ``one_cycle``.
    final_rate : the factor at the end, in [0, 1].
    weight_decay : before each step, θ -= rate · weight_decay · θ for eigenvectors (`direct`: for all W_ij), which does not
        enter the optimizer's moments (AdamW, theorem O.decay); or decays by group, as for `eigenvector_penalty`. For images
        both act on all groups but eigenvalues and gates: on kernels, weights, towers, γ, β and biases.
    clip_norm : the gradient of loss and penalties, over all groups that are trained, is scaled to this norm where its norm
        is larger (theorem O.clip). None is no limit.
    label_smoothing : ε in [0, 1], for ``cross_entropy`` and ``binary_cross_entropy``: the training loss compares with
        (1 - ε) y + ε/classes (two classes for ``binary_cross_entropy``; theorems L.cross_entropy, L.smoothing). The
        validation loss does not.
    fixed_ends : the eigenvalues of the first and the last layer (`layerwise`: λ^in) stay at their start, so they cannot grow.
        Those of the last layer are free, so no function is lost (M23). Of those of the first layer one constant is free (M9);
        the rest is a restriction: with all of them 0, a neuron of layer 2 weighs its inputs in its activation as in its linear
        path. A neuron of layer 2 whose eigenvalue is 0 is then silent. From the linear start losses rise less and scores stay:
        on digits with ``cosine`` and an eigenvalue rate of 0.01 2.3 times instead of 160 times, and 1.1 times with
        proximal=True and an ``l1`` strength of 0.2 (`python -m benchmarks training_stability`).
    sample_weight : (samples,); the loss is a weighted mean. Batch norms of an image network count each image of a batch once,
        whatever its weight; a batch whose weights are all 0 takes no step.
    validation_data : (X, y); their loss is measured after each epoch.
    patience : with validation data, stop after this many epochs without a better validation loss and
        return the network of the best epoch.
    best_of_last : with validation data and without patience, return the best of this many last epochs instead of the
        last one. With a constant learning rate the loss fluctuates, and the last epoch may be a bad one.
    shuffle, seed : the order of samples in epoch e depends on (seed, e) alone.
    drop_last : leave out the last samples of an epoch if they do not fill a mini-batch. Where all the others have weight 0,
        the epoch takes no step, and its losses are those of the epoch before (at first, of the start on all samples).
    state : the state of an earlier result: training continues with its moments and its count of epochs. The result has
        the same bits as one longer training if the rates are constant and the network is that of the last epoch (no
        `patience`, no `best_of_last`). If the network has grown or shrunk since, `resizing.insert` carries the moments over.
    threads : threads of matrix products. The last bits depend on this number and on nothing in the environment. Wide
        networks are faster with more threads (up to the number of cores), small ones are not.
    backend : ``cpu``, ``cuda``, or ``auto``. ``auto`` uses a GPU if there is one and the step is large enough
        (`choice.WORTH_A_GPU`), or if X is already on it: arrays with `__cuda_array_interface__` (CuPy, PyTorch) are
        used without a copy. The same seed gives the same mini-batches on every backend; sums round differently.
    callbacks : called with a `Progress` after each epoch; one that returns True ends the training.
    checkpoint : a file. An interrupted training (Ctrl-C) writes its state there, and so does a running one after 2 s and
        then every 30 s. The same call continues from the file with the same bits as an uninterrupted training, and deletes
        it at the end. With `keep_checkpoint` the file stays, and the same call returns the finished result at once.
    verbose : show a bar in a notebook with tqdm and ipywidgets, else print a line on standard error for every tenth of the
        epochs.

    Returns
    -------
    TrainingResult : `.network`, `.epoch` of that network, `.history`, `.best_network`, `.best_epoch` (0 is the start),
        `.stopped` (``epochs``, ``patience``, ``callback``, ``converged``), `.state`. Networks are of the same class as `net`.

    Raises
    ------
    InvalidInputError : data or options break a rule; or the network's type cannot tell a column's values apart, or hold
        an option.
    BackendError : ``backend="cuda"``, and no GPU can be used; the message gives the reason.
    DivergenceError : the loss is no longer finite; `.epoch`, and `.network`, the best one before.

    Notes
    -----
    Of an image network all groups are trained: kernels, weights, towers and their biases, γ and β of batch norms, and the
    eigenvalues or published gates of operations. The running statistics follow the batches: m ← 0.9 m + 0.1 μ, u ← 0.9 u +
    0.1 v n/(n - 1) of n values. The gradient of a published gate is that of its operation's factor at 0 or 1, and gates stay
    in ±0.05. The training loss is that of the batches, with their statistics, drop-path and random changes, plus 0.4 times
    the loss of every tower but the last. The validation loss is that of the last tower alone, with running statistics; so the
    two cannot be compared. `seed` is of the order of images; drop-path has the network's seed, random changes have that
    of `load_images`. `penalty` acts on the eigenvalues of each edge; published gates have none.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import SpectralNetwork, train
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> net = SpectralNetwork.initialize([1, 10, 1], bias=True, seed=0)
    >>> result = train(net, X, np.abs(X), epochs=200, learning_rate=1e-2)
    >>> round(result.history.training_loss[-1], 2)
    0.0
    """
    step = StepOptions(
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=learning_rate,
        eigenvalue_learning_rate=eigenvalue_learning_rate,
        betas=betas,
        epsilon=epsilon,
        momentum=momentum,
        nesterov=nesterov,
        penalty=penalty,
        penalty_strength=penalty_strength,
        proximal=proximal,
        eigenvector_penalty=eigenvector_penalty,
        schedule=schedule,
        warmup=warmup,
        final_rate=final_rate,
        weight_decay=weight_decay,
        clip_norm=clip_norm,
        label_smoothing=label_smoothing,
        fixed_ends=fixed_ends,
    )
    loop = LoopOptions(
        epochs=epochs,
        validation_data=validation_data,
        patience=patience,
        best_of_last=best_of_last,
        shuffle=shuffle,
        drop_last=drop_last,
        seed=seed,
        threads=threads,
        backend=backend,
        callbacks=callbacks,
        checkpoint=checkpoint,
        keep_checkpoint=keep_checkpoint,
    )
    if not isinstance(net, Trainable):
        raise InvalidInputError(
            f"net must be a SpectralNetwork, a CompactNetwork or an ImageNetwork; got {type(net).__name__}"
        )
    problem = net.problem(X, y, loss, sample_weight)
    if not isinstance(net.layout, ImageLayout):  # pixels are steps of a scale; a column's values may lie close together
        resolved_data(X, y, loss, net.dtype)
    validation = None if validation_data is None else net.problem(*validation_data, loss)
    if checks.boolean(verbose, "verbose"):
        loop = replace(loop, callbacks=told(loop.callbacks))
    return train_on(net, problem, validation, step, loop, state)


def train_on(
    net: Network,
    problem: Problem,
    validation: Problem | None,
    step: StepOptions,
    loop: LoopOptions,
    state: TrainingState | None = None,
) -> TrainingResult[Network]:
    """`train` on checked data and options."""
    if step.optimizer in FULL_BATCH:
        return full_batch.train(net, problem, validation, step, loop, state)
    return mini_batches.train(net, problem, validation, step, loop, state)
