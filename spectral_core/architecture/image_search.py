"""`search_images`: a minimal network of cells grows where a score says it pays, and loses what does not (SpiderNet)."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core.architecture.image_options import ImageSearchOptions
from spectral_core.architecture.image_result import ImageSearchResult, SearchState
from spectral_core.architecture.image_rounds import ImageSearch, Report
from spectral_core.data.images import ImageData
from spectral_core.data.splitting import held_out
from spectral_core.errors import InvalidInputError

FORMAT = 2
"""Of the state of a search; that of another format belongs to another search."""
VALIDATION = 0.1
"""The share of the images that judges where no validation data are given."""


def search_images(
    data: ImageData,
    *,
    validation_data: ImageData | None = None,
    progress: Report | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    keep_checkpoint: bool = False,
    **options: Any,
) -> ImageSearchResult:
    """Find a network of cells for images.

    A round trains the network, closes operations that do not pay, and splits in each cell the edge with the best score. A
    final training follows. `channels` and `reductions` are the two choices of a user; all others have defaults.

    Parameters
    ----------
    data : training images; crops, flips and cutouts of `load_images` act in each epoch.
    validation_data : images that judge; without them a tenth of the training images.
    channels, reductions : of the first cell; how often rows and columns are halved.
    rounds, epochs, final_epochs : rounds that end with a split (4), epochs of each (2), and of the final training (8). Epochs
        below 1 are a share of the images, in whole batches, drawn anew in each round. With ``spectral`` gates one more round
        lets operations of the last splits close.
    score : ``slope``, the squared slopes of the new edges at λ = 0 over the sizes of their operations (G8); ``ntk``, the
        relative change of the condition of the tangent kernel; ``published``, that with linear regions (S3); ``random``.
    statistics : of ``ntk`` and ``published``: ``frozen`` (S5), the default of ``ntk``; ``batch`` without the zeros that S6
        proves; ``published`` with them, the default of ``published``.
    gates : ``spectral``: an l1 penalty with proximal steps makes eigenvalues exactly 0, and those operations go, while the
        squares of a node's eigenvalues keep the mean 1, which its batch norm does not see (I13); a split begins at λ = 0, so
        it keeps the function bit for bit (G6). ``published``: gates of 0 or 1, closed for good if open in
        less than a quarter of the batches of a round.
    restart : draw all numbers anew after each round, as published.
    published : all choices of the authors at once: score, statistics, gates, restart, the order of widening and skipping,
        weight decay in the gradient and on gates. Two differ: each round splits one edge in each cell, and linear regions are
        counted with the stem.
    memory : the most bytes that a step may take, a number or a text such as ``1 GB``; splits beyond it are not made, and the
        slope score, which sees all splits at once, takes fewer images.
    parameters : before the final training all cells get more channels, with the same function (G7), as long as the network has
        no more parameters than this; by default they keep theirs.
    time : seconds, or a text such as ``10m``. Where `epochs` are not given, all rounds together get about a tenth of it, at most
        2 epochs each, by the time of some batches; where `final_epochs` are not given, the final training gets the rest. Rounds
        that would exceed it are left out, and given `final_epochs` are shortened. One round, one in which its splits can
        close, and one final epoch are always made. The first compilation of the kernels, about a minute, does not count.
    batch_size, learning_rate, momentum, weight_decay : of SGD with a cosine in each round. In the final training the
        rate rises to twice that in three tenths of the steps, before its cosine; with `published` it does not.
    penalty_strength : of the l1 penalty on eigenvalues, in the rounds alone.
    drop_path : of the final training; 0, and 0.1 with `published`.
    score_images : images that the slope score sees.
    seed : of everything. The same seed gives the same bits without a budget of time.
    progress : called with (epochs done, epochs in all, a text); with `time` and without `final_epochs` they are seconds.
    checkpoint : a file with the state after each round. The same call continues from it; it is deleted at the end unless
        `keep_checkpoint`.

    Raises
    ------
    InvalidInputError : data or options break a rule; an option contradicts another one; the first network
        exceeds the memory; the score needs more images, or larger ones; a last batch has one value of a channel.
    DivergenceError : a loss is no longer finite.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import load_images, search_images
    >>> X, y = np.random.default_rng(0).random((40, 4, 4)), np.arange(40) % 2
    >>> found = search_images(load_images((X, y)), channels=1, reductions=0, rounds=1, epochs=1, final_epochs=1)
    >>> [row["edges"] for row in found.rows]  # 4 after the split; no new edge paid
    [2, 2, 2]
    """
    chosen = ImageSearchOptions.of(options)
    training, judging = _parts(data, validation_data, chosen.seed)
    search = ImageSearch(chosen, training, judging, progress or (lambda done, total, text: None))
    path = None if checkpoint is None else Path(checkpoint)
    print_of = _fingerprint(chosen, training, judging) if path is not None else ""
    state = None if path is None else SearchState.load(path, print_of)
    state = search.start() if state is None else state
    while not search.ended(state):
        search.round(state)
        if path is not None:
            state.save(path, print_of)
    if path is not None and not keep_checkpoint:
        path.unlink(missing_ok=True)
    return ImageSearchResult(state.net, tuple(state.rows), tuple(state.remarks))


def _parts(data: ImageData, judging: ImageData | None, seed: int) -> tuple[ImageData, ImageData]:
    """Training and validation images; without validation images a tenth is held out."""
    if not isinstance(data, ImageData):
        raise InvalidInputError(f"data must be the images of load_images; got {type(data).__name__}")
    if judging is None:
        mask = held_out(data.labels, len(data), VALIDATION, np.random.default_rng((seed, 4)))
        return data.chosen(~mask), data.chosen(mask)
    if judging.shape != data.shape or judging.classes != data.classes or not len(judging):
        raise InvalidInputError(f"validation_data must be images like the training images, {data!r}; got {judging!r}")
    return data, judging


def _fingerprint(options: ImageSearchOptions, training: ImageData, judging: ImageData) -> str:
    """A hash of everything that the result depends on."""
    digest = hashlib.sha256(repr((FORMAT, sorted(asdict(options).items()))).encode())
    for part in (training, judging):
        digest.update(part.images.tobytes())
        digest.update(part.labels.tobytes())
    digest.update(repr(training.augmentation).encode())
    return digest.hexdigest()
