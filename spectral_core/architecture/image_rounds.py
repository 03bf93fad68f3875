"""The rounds of a search for images: train, close, measure, split."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_core.architecture.image_memory import fitting_channels, most_channels, sized, step_bytes
from spectral_core.architecture.image_options import FINAL_EPOCHS, ImageSearchOptions
from spectral_core.architecture.image_result import SearchState
from spectral_core.architecture.image_splits import BEHIND, check_scores, score_bytes, split_scores
from spectral_core.architecture.image_time import final_epochs, is_short, round_epochs
from spectral_core.architecture.train_free import TrainFree
from spectral_core.data.images import ImageData
from spectral_core.data.metrics import share_found
from spectral_core.errors import InvalidInputError
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.image_pruning import Place, gates_of, without
from spectral_core.training.image_rounds import check_rounds, train_round
from spectral_core.training.results import Progress
from spectral_core.wording import counted

OPEN = 0.25
"""A published gate that is open in a smaller share of the batches of a round is closed for good."""
FEW = 8
"""Images with which kernels are compiled."""
TICK = 1e-9
"""The least seconds that some batches are taken to need, where a clock is coarse."""
TIMED = 4
"""Batches of a training that are timed before it, where its epochs follow from a budget of time."""
NOISE = "the published score of tangent kernels is a rounding error: the smallest eigenvalue is 0 for every architecture (S6)"
Report = Callable[[int, int, str], object]


@dataclass
class ImageSearch:
    """The work of one search, round by round."""

    options: ImageSearchOptions
    training: ImageData
    judging: ImageData
    progress: Report
    compiled: bool = False

    def start(self) -> SearchState:
        """The first network.

        Raises
        ------
        InvalidInputError : it exceeds the memory, a batch has one value of a channel, or the score cannot use the images.
        """
        own, data = self.options, self.training
        check_scores(own, data)
        net = ImageNetwork.initialize(
            own.channels, own.reductions, len(data.classes), image=data.shape, gates=own.gates, published=own.published,
            seed=own.seed,
        )  # fmt: skip
        need, limit = step_bytes(net.structure, own.batch_size), own.memory
        if isinstance(limit, int) and need > limit:
            fit = fitting_channels(net.structure, own.batch_size, limit)
            hint = f"{counted(fit, 'channel')} would fit" if fit else "a smaller batch_size or smaller images may fit"
            raise InvalidInputError(f"memory: the first network needs {sized(need)}, {sized(limit)} given: {hint}")
        check_rounds(net, len(data), own.batch_size)
        state = SearchState.first(net)
        if own.statistics == "published" and own.score in ("ntk", "published"):
            state.remarks.append(NOISE)
        return state

    def ended(self, state: SearchState) -> bool:
        """Whether the final training is done."""
        return bool(state.rows) and bool(state.rows[-1]["final"])

    def round(self, state: SearchState) -> None:
        """One round: train, close, measure, and before the final training split."""
        self._prepare(state)
        own, begin = self.options, time.perf_counter()
        turn = len(state.rows)
        last = turn >= own.rounds  # without a split
        short = turn < own.trainings and not (last and self._can_close(state)) and self._is_short(state)
        final = turn >= own.trainings or (short and not self._can_close(state))
        if short and final:
            made = len([row for row in state.rows if row["splits"]])
            state.remarks.append(
                f"the budget of {own.time:.0f} s ended the search after {counted(made, 'round')} with splits"
            )
        # Train and close.
        net = self.widened(state.net).with_drop_path(own.drop_path or 0.0) if final else state.net
        epochs = self._final_epochs(state, net) if final else state.epochs
        if final and own.parameters is not None and net.n_parameters > own.parameters:
            state.remarks.append(
                f"the operations that stayed have {counted(net.n_parameters, 'parameter')}, more than the {own.parameters:,} up to "
                "which channels are added"
            )
        seen, whole = self._seen(epochs, turn)
        report = [lambda p: self._tell(state, p, final, begin)]
        step, started = own.step(final, net.layout.groups), time.perf_counter()
        result, opened = train_round(net, net.problem(seen, seen.labels), step, whole, own.seed + turn, report)
        trained = time.perf_counter() - started
        net = result.network
        pruned = without(net, self._closing(net, opened))
        state.nodes = [[own_nodes[k] for k in kept] for own_nodes, kept in zip(state.nodes, pruned.kept, strict=True)]
        net = pruned.network
        row = self._row(state, net, turn, final)
        row |= {"loss": result.history.training_loss[-1], "training_seconds": trained}
        row["epochs"] = whole if len(seen) == len(self.training) else len(seen) / len(self.training)
        row |= {"closed": _listed(pruned.closed), "refused": _listed(pruned.refused)}
        # Split, and keep the numbers or draw them anew. With eigenvalues the last splits have a round in which they can close.
        if turn < own.rounds and not final and not short:
            row["score_bytes"] = score_bytes(net, len(self.training), own)
            net, row["splits"] = self.split(state, net, turn)
        if own.restart and not final:
            net = ImageNetwork.of(net.structure, net.dtype, own.seed + turn + 1)
        state.net = net
        row["seconds"] = time.perf_counter() - begin
        state.seconds += row["seconds"]
        state.rows.append(row)
        if final and isinstance(own.time, float) and state.seconds > own.time:
            state.remarks.append(f"the search took {state.seconds:.3g} s, and the budget was {own.time:.3g} s")

    def _row(self, state: SearchState, net: ImageNetwork, turn: int, final: bool) -> dict[str, Any]:
        """What a round measures of the network that it trained."""
        edges = [edge for cell in net.structure.cells for edge in cell.edges]
        gates = [[number, *edge, name, value] for (number, edge, name), value in gates_of(net).items()]
        return {
            "round": turn + 1,
            "final": final,
            "edges": len(edges),
            "operations": sum(len(names) for _, names in edges),
            "parameters": net.n_parameters,
            "channels": net.structure.channels,
            "bytes": step_bytes(net.structure, self.options.batch_size),
            "validation_accuracy": share_found(net.forward(self.judging.images), self.judging.labels),
            "cells": [cell.record() for cell in net.structure.cells],
            "nodes": [[list(node) for node in cell] for cell in state.nodes],
            "gates": gates,
            "splits": [],
            "score_bytes": 0,
        }

    def _closing(self, net: ImageNetwork, opened: np.ndarray) -> set[Place]:
        """The operations to close: eigenvalues of exactly 0, or gates that were open too rarely."""
        gates = gates_of(net)
        if self.options.gates == "spectral":
            return {place for place, value in gates.items() if value == 0}
        return {place for place, share in zip(gates, opened.tolist(), strict=True) if share < OPEN}

    def split(self, state: SearchState, net: ImageNetwork, turn: int) -> tuple[ImageNetwork, list[Any]]:
        """The network with one more node in each cell, where memory allows it; and the splits."""
        own, made = self.options, []
        scores = split_scores(net, self.training, own, turn)
        for number in range(len(net.structure.cells)):
            edges = [one for one in scores if one[0] == number]
            split = min(edges, key=lambda one: (scores[one], one))
            if len(edges) > 1 and len({scores[one] for one in edges}) == 1:
                state.remarks.append(
                    f"round {turn + 1}: {_alike(own.score, number, scores[split])}; the first is split"
                )
            grown = net.split_edge(number, split[1], seed=own.seed + 1000 * (turn + 1) + number)
            need = step_bytes(grown.structure, own.batch_size)
            if isinstance(own.memory, int) and need > own.memory:
                state.remarks.append(
                    f"round {turn + 1}: no split in cell {number}: a step would need {sized(need)}, {sized(own.memory)} given"
                )
                continue
            net = grown
            state.born(number, split[1], turn + 1)
            made.append([number, *split[1]])
        return net, made

    def widened(self, net: ImageNetwork) -> ImageNetwork:
        """The same function with as many more channels as parameters and memory allow (G7)."""
        own, limit = self.options, self.options.memory
        channels = most_channels(
            net.structure, own.batch_size, limit if isinstance(limit, int) else None, own.parameters
        )
        return net.widen(channels, seed=own.seed) if channels > net.structure.channels else net

    def _seen(self, epochs: float, turn: int) -> tuple[ImageData, int]:
        """The images of a training and its epochs over them; for less than one epoch some images, drawn anew in each round.

        By hand: a number of images. Checked by test_image_search.test_a_round_may_see_a_share_of_the_images.
        """
        if epochs >= 1:
            return self.training, int(epochs)
        # Whole batches, of an image at least.
        size = min(self.options.batch_size, len(self.training))
        count = max(1, round(epochs * len(self.training) / size)) * size
        order = np.random.default_rng((self.options.seed, 5, turn)).permutation(len(self.training))
        return self.training.chosen(np.sort(order[: min(count, len(order) // size * size)])), 1

    # --- time -------------------------------------------------------------------------------------

    def _prepare(self, state: SearchState) -> None:
        """The epochs of a round. Where time counts, every kernel runs once before, so that no compilation is taken for training."""
        own, net = self.options, state.net
        if own.time is not None and not self.compiled:
            self.compiled = True
            few = self.training.chosen(slice(0, max(2, min(FEW, own.batch_size))))
            sizes = TrainFree(channels=1, samples=len(few), batches=1, repeats=1, regions=FEW)
            train_round(net, net.problem(few, few.labels), own.step(False, net.layout.groups), 1, own.seed)
            net.forward(few.images)
            split_scores(net, few, replace(own, train_free=sizes, score_images=len(few)), 0)
        if not state.epochs and own.trainings:
            state.epochs = own.epochs or round_epochs(own, self._timed(net), len(self.training))

    def _timed(self, net: ImageNetwork) -> float:
        """Seconds of an epoch, from some batches.

        By hand: seconds expected. Checked by test_image_search.test_rounds_are_as_long_as_the_time_allows.
        """
        size = min(self.options.batch_size, len(self.training))
        some = self.training.chosen(slice(0, min(TIMED, len(self.training) // size) * size))
        problem, step = net.problem(some, some.labels), self.options.step(False, net.layout.groups)
        started = time.perf_counter()
        train_round(net, problem, step, 1, self.options.seed)
        return max(time.perf_counter() - started, TICK) * len(self.training) / len(some)

    def _is_short(self, state: SearchState) -> bool:
        """Whether one more round and the final training would exceed the time.

        By hand: seconds expected. Checked by test_image_search.test_a_budget_of_time_ends_the_rounds.
        """
        if not state.rows or self.options.time is None:
            return False
        last, own = state.rows[-1], self.options
        besides = last["seconds"] - last["training_seconds"]
        one = besides + last["epochs"] * self._timed(state.net)
        epoch = None if own.final_epochs is None else self._timed(self.widened(state.net))
        return is_short(own, state.seconds, one, epoch)

    def _can_close(self, state: SearchState) -> bool:
        """Whether operations came with the last round that have had no penalty yet; they slow all epochs down."""
        return self.options.gates == "spectral" and bool(state.rows[-1]["splits"])

    def _final_epochs(self, state: SearchState, net: ImageNetwork) -> int:
        """The epochs of the final training; a remark where the time leaves fewer than were asked for."""
        own = self.options
        if own.time is None:
            return own.final_epochs or FINAL_EPOCHS
        found = final_epochs(own, state.seconds, self._timed(net))
        if own.final_epochs is not None and found < own.final_epochs:
            state.remarks.append(
                f"the budget of {own.time:.0f} s leaves {found} of {own.final_epochs} epochs for the final training"
            )
        return found

    def _tell(self, state: SearchState, progress: Progress[ImageNetwork], final: bool, begin: float) -> None:
        """Report the epochs of the whole search, a part of an epoch as one; its seconds where they decide on the last ones.

        By hand: a count of epochs. Checked by test_image_search.test_progress_ends_at_its_total.
        """
        own, loss = self.options, progress.history.training_loss[-1]
        name = "final training" if final else f"round {len(state.rows) + 1} of {own.trainings}"
        if isinstance(own.time, float) and own.final_epochs is None:
            done, total = state.seconds + time.perf_counter() - begin, own.time
        else:
            one = max(1, state.epochs)
            total = own.trainings * one + (own.final_epochs or 0)
            done = progress.epoch + (own.trainings if final else len(state.rows)) * one
        whole, ended = max(1, int(total)), final and progress.epoch == progress.epochs
        self.progress(whole if ended else min(int(done), whole), whole, f"{name}, loss {loss:.3g}")


def _listed(places: tuple[Place, ...]) -> list[list[Any]]:
    """Places as lists, for JSON."""
    return [[number, *edge, name] for number, edge, name in places]


def _alike(score: str, cell: int, value: float) -> str:
    """Why a score gives all edges of a cell one number."""
    if score == "published" and value == BEHIND:
        return f"no edge of cell {cell} meets the published conditions"
    why = ", for the tangent kernel is singular, as with equal images" if score == "ntk" else ""
    return f"score {score} does not tell the edges of cell {cell} apart{why}"
