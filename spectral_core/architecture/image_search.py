"""`search_images`: a minimal network of cells grows where a score says it pays, and loses what does not (SpiderNet)."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core.architecture import train_free
from spectral_core.architecture.image_memory import fitting_channels, sized, step_bytes
from spectral_core.architecture.image_options import ImageSearchOptions
from spectral_core.architecture.image_result import ImageSearchResult, SearchState
from spectral_core.architecture.train_free import Split
from spectral_core.data.images import ImageData
from spectral_core.data.splitting import held_out
from spectral_core.errors import InvalidInputError
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.image_pruning import Place, gates_of, without
from spectral_core.training.image_rounds import train_round
from spectral_core.wording import counted

VALIDATION = 0.1
"""The share of the images that judges where no validation data are given."""
OPEN = 0.25
"""A published gate that is open in a smaller share of the batches of a round is closed for good."""
RISE = 1.5
"""How much longer an epoch may take after a round of splits, for a budget of time."""
NOISE = "the published score of tangent kernels is a rounding error: the smallest eigenvalue is 0 for every architecture (S6)"
Report = Callable[[int, int, str], object]


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
    rounds, epochs, final_epochs : rounds, epochs of each, and of the final training.
    score : ``slope``, the squared slopes of the new edges at λ = 0 over the sizes of their operations (G8); ``ntk``, the
        relative change of the condition of the tangent kernel; ``published``, that with linear regions (S3); ``random``.
    statistics : of ``ntk``: ``frozen`` (S5), ``batch`` without the zeros that S6 proves, ``published`` with them.
    gates : ``spectral``: an l1 penalty with proximal steps makes eigenvalues exactly 0, and those operations go; a split
        begins at λ = 0, so it keeps the function bit for bit (G6). ``published``: gates of 0 or 1, closed for good if open in
        less than a quarter of the batches of a round.
    restart : draw all numbers anew after each round, as published.
    published : all choices of the authors at once: score, statistics, gates, restart, the order of widening and skipping,
        weight decay in the gradient and on gates. Two differ: each round splits one edge in each cell, and linear regions are
        counted with the stem.
    memory : the most bytes that a step may take, a number or a text such as ``1 GB``; splits beyond it are not made.
    time : seconds, or a text such as ``10m``; rounds that would exceed it are left out, and the final training is shortened.
    batch_size, learning_rate, momentum, weight_decay : of SGD with a cosine in each round.
    penalty_strength : of the l1 penalty on eigenvalues, in the rounds alone.
    drop_path : of the final training.
    score_images : images that the slope score sees.
    seed : of everything. The same seed gives the same bits, as long as no budget of time ends a round.
    progress : called with (epochs done, epochs in all, a text).
    checkpoint : a file with the state after each round. The same call continues from it; it is deleted at the end unless
        `keep_checkpoint`.

    Raises
    ------
    InvalidInputError : data or options break a rule; the first network exceeds the memory.
    DivergenceError : a loss is no longer finite.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import load_images, search_images
    >>> X, y = np.random.default_rng(0).random((40, 4, 4)), np.arange(40) % 2
    >>> found = search_images(load_images((X, y)), channels=1, reductions=0, rounds=1, epochs=1, final_epochs=1)
    >>> [row["edges"] for row in found.rows]
    [2, 4]
    """
    chosen = _options(options)
    training, judging = _parts(data, validation_data, chosen.seed)
    search = _Search(chosen, training, judging, progress or (lambda done, total, text: None))
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


@dataclass
class _Search:
    """The work of one search, round by round."""

    options: ImageSearchOptions
    training: ImageData
    judging: ImageData
    progress: Report

    def start(self) -> SearchState:
        """The first network.

        Raises
        ------
        InvalidInputError : it exceeds the memory.
        """
        own, data = self.options, self.training
        net = ImageNetwork.initialize(
            own.channels, own.reductions, len(data.classes), image=data.shape, gates=own.gates, published=own.published,
            seed=own.seed,
        )  # fmt: skip
        need, limit = step_bytes(net.structure, own.batch_size), own.memory
        if isinstance(limit, int) and need > limit:
            fit = fitting_channels(net.structure, own.batch_size, limit)
            hint = f"{counted(fit, 'channel')} would fit" if fit else "a smaller batch_size or smaller images may fit"
            raise InvalidInputError(f"memory: the first network needs {sized(need)}, {sized(limit)} given: {hint}")
        state = SearchState.first(net)
        if own.statistics == "published" and own.score in ("ntk", "published"):
            state.remarks.append(NOISE)
        return state

    def ended(self, state: SearchState) -> bool:
        """Whether the final training is done."""
        return bool(state.rows) and bool(state.rows[-1]["final"])

    def round(self, state: SearchState) -> None:
        """One round: train, close, measure, and before the final training split."""
        own, begin = self.options, time.monotonic()
        turn = len(state.rows)
        final = turn >= own.rounds or self._time_is_short(state)
        # Train and close.
        net = state.net.with_drop_path(own.drop_path) if final else state.net
        epochs = self._final_epochs(state) if final else own.epochs
        problem = net.problem(self.training, self.training.labels)
        report = [lambda p: self._tell(state, p.epoch, p.epochs, final, p.history.training_loss[-1])]
        result, opened = train_round(net, problem, own.step(final), epochs, own.seed + turn, report)
        net = result.network
        pruned = without(net, self._closing(net, opened))
        state.nodes = [[own_nodes[k] for k in kept] for own_nodes, kept in zip(state.nodes, pruned.kept, strict=True)]
        net = pruned.network
        row = self._row(state, net, turn, final)
        row |= {"loss": result.history.training_loss[-1], "epochs": epochs}
        row |= {"closed": _listed(pruned.closed), "refused": _listed(pruned.refused)}
        # Split, and keep the numbers or draw them anew.
        if not final:
            net, row["splits"] = self._split(state, net, turn)
            if own.restart:
                net = ImageNetwork.of(net.structure, net.dtype, own.seed + turn + 1)
        state.net = net
        row["seconds"] = time.monotonic() - begin
        state.seconds += row["seconds"]
        state.rows.append(row)

    def _row(self, state: SearchState, net: ImageNetwork, turn: int, final: bool) -> dict[str, Any]:
        """What a round measures of the network that it trained.

        By hand: a share of images. Checked by test_image_search.test_a_row_says_what_the_network_is.
        """
        edges = [edge for cell in net.structure.cells for edge in cell.edges]
        right = net.forward(self.judging.images).argmax(1) == self.judging.labels
        gates = [[number, *edge, name, value] for (number, edge, name), value in gates_of(net).items()]
        return {
            "round": turn + 1,
            "final": final,
            "edges": len(edges),
            "operations": sum(len(names) for _, names in edges),
            "parameters": net.n_parameters,
            "bytes": step_bytes(net.structure, self.options.batch_size),
            "validation_accuracy": float(np.mean(right)),
            "cells": [cell.record() for cell in net.structure.cells],
            "nodes": [[list(node) for node in cell] for cell in state.nodes],
            "gates": gates,
            "splits": [],
        }

    def _closing(self, net: ImageNetwork, opened: np.ndarray) -> set[Place]:
        """The operations to close: eigenvalues of exactly 0, or gates that were open too rarely."""
        gates = gates_of(net)
        if self.options.gates == "spectral":
            return {place for place, value in gates.items() if value == 0}
        return {place for place, share in zip(gates, opened.tolist(), strict=True) if share < OPEN}

    # --- splits -----------------------------------------------------------------------------------

    def _split(self, state: SearchState, net: ImageNetwork, turn: int) -> tuple[ImageNetwork, list[Any]]:
        """The network with one more node in each cell, where memory allows it; and the splits."""
        own, made = self.options, []
        scores = self._scores(net, turn)
        for number in range(len(net.structure.cells)):
            for split in sorted((one for one in scores if one[0] == number), key=lambda one: (scores[one], one)):
                grown = net.split_edge(number, split[1], seed=own.seed + 1000 * (turn + 1) + number)
                need = step_bytes(grown.structure, own.batch_size)
                if isinstance(own.memory, int) and need > own.memory:
                    state.remarks.append(
                        f"round {turn + 1}: no split in cell {number}: a step would need {sized(need)}, {sized(own.memory)} given"
                    )
                    break
                net = grown
                state.born(number, split[1], turn + 1)
                made.append([number, *split[1]])
                break
        return net, made

    def _scores(self, net: ImageNetwork, turn: int) -> dict[Split, float]:
        """A number for each split; the smallest of a cell is chosen.

        By hand: a mean over draws. Checked by test_image_search.test_the_split_with_the_best_score_is_made.
        """
        own, splits, seed = self.options, train_free.splits_of(net), self.options.seed + 7919 * (turn + 1)
        generator = np.random.default_rng((seed, 3))
        if own.score == "random":
            return dict(zip(splits, generator.random(len(splits)).tolist(), strict=True))
        rows = generator.permutation(len(self.training))
        if own.score == "slope":
            batch = rows[: self._score_batch(net, seed)]
            spectral = net if own.gates == "spectral" else _as_spectral(net)
            found = train_free.slope_scores(spectral, self.training.images[batch], self.training.labels[batch], seed)
            return {split: -score for split, score in found.items()}
        images = self.training.images[rows]
        kernels = train_free.kernel_scores(net, splits, images, own.train_free, own.statistics, seed)
        if own.score == "ntk":
            return {split: float(np.mean(values)) for split, values in kernels.items()}
        regions = train_free.region_scores(net, splits, images, own.train_free, seed)
        chosen = train_free.published_choice(kernels, regions)
        # In a cell without a candidate, the splits keep their order behind all candidates.
        return {split: chosen.get(split, 2.0) for split in splits}

    def _score_batch(self, net: ImageNetwork, seed: int) -> int:
        """How many images the network with all splits may see within the memory, at least 2."""
        own, count = self.options, min(self.options.score_images, len(self.training))
        if not isinstance(own.memory, int):
            return count
        spectral = net if own.gates == "spectral" else _as_spectral(net)
        wide, _ = train_free.with_every_split(spectral, seed)
        while count > 2 and step_bytes(wide.structure, count) > own.memory:
            count //= 2
        return max(count, 2)

    # --- time -------------------------------------------------------------------------------------

    def _time_is_short(self, state: SearchState) -> bool:
        """Whether one more round and the final training would exceed the time; said in a remark.

        By hand: seconds expected. Checked by test_image_search.test_a_budget_of_time_ends_the_rounds.
        """
        limit, own = self.options.time, self.options
        if not isinstance(limit, float) or not state.rows:
            return False
        last = state.rows[-1]
        epoch = last["seconds"] / last["epochs"] * RISE
        short = state.seconds + epoch * (own.epochs + RISE * own.final_epochs) > limit
        if short:
            state.remarks.append(
                f"the budget of {limit:.0f} s ended the rounds after {counted(len(state.rows), 'round')}"
            )
        return short

    def _final_epochs(self, state: SearchState) -> int:
        """The epochs of the final training that the time leaves, at least 1.

        By hand: seconds expected. Checked by test_image_search.test_a_budget_of_time_ends_the_rounds.
        """
        limit, wanted = self.options.time, self.options.final_epochs
        if not isinstance(limit, float) or not state.rows:
            return wanted
        last = state.rows[-1]
        epoch = last["seconds"] / last["epochs"] * RISE
        possible = max(1, min(wanted, int((limit - state.seconds) / epoch)))
        if possible < wanted:
            state.remarks.append(
                f"the budget of {limit:.0f} s leaves {possible} of {wanted} epochs for the final training"
            )
        return possible

    def _tell(self, state: SearchState, epoch: int, epochs: int, final: bool, loss: float) -> None:
        """Report the epochs of the whole search."""
        own = self.options
        total = own.rounds * own.epochs + own.final_epochs
        before = own.rounds * own.epochs if final else len(state.rows) * own.epochs
        name = "final training" if final else f"round {len(state.rows) + 1} of {own.rounds}"
        self.progress(min(before + epoch, total), total, f"{name}, loss {loss:.3g}")


def _as_spectral(net: ImageNetwork) -> ImageNetwork:
    """The same function with eigenvalues of 1 and 0 in the place of published gates."""
    structure = replace(net.structure, gates="spectral")
    spectral = ImageNetwork.of(structure, net.dtype, 0)
    for name, values in spectral.groups.items():
        if name.startswith("eigenvalues"):
            values[...] = net.groups[name.replace("eigenvalues", "gates")] > 0
        else:
            values[...] = net.groups[name]
    return spectral


def _listed(places: tuple[Place, ...]) -> list[list[Any]]:
    """Places as lists, for JSON."""
    return [[number, *edge, name] for number, edge, name in places]


def _options(given: dict[str, Any]) -> ImageSearchOptions:
    """The options, with an error that names an unknown one."""
    known = ImageSearchOptions.__dataclass_fields__
    unknown = [name for name in given if name not in known]
    if unknown:
        raise InvalidInputError(f"search_images has no option {unknown[0]!r}; it has {', '.join(known)}")
    return ImageSearchOptions(**given)


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
    digest = hashlib.sha256(repr(sorted(asdict(options).items())).encode())
    for part in (training, judging):
        digest.update(part.images.tobytes())
        digest.update(part.labels.tobytes())
    digest.update(repr(training.augmentation).encode())
    return digest.hexdigest()
