"""The rounds of a search for images: train, close, measure, split."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_core.architecture.image_memory import fitting_channels, sized, step_bytes
from spectral_core.architecture.image_options import ImageSearchOptions
from spectral_core.architecture.image_result import SearchState
from spectral_core.architecture.image_splits import BEHIND, check_scores, score_bytes, split_scores
from spectral_core.architecture.train_free import TrainFree
from spectral_core.backends.choice import image_multiply_adds
from spectral_core.backends.cpu_images import tables_of
from spectral_core.data.images import ImageData
from spectral_core.data.metrics import share_found
from spectral_core.errors import InvalidInputError
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.image_pruning import Place, gates_of, without
from spectral_core.training.image_rounds import check_rounds, train_round
from spectral_core.wording import counted

OPEN = 0.25
"""A published gate that is open in a smaller share of the batches of a round is closed for good."""
RISE = 1.5
"""How much longer than expected a round and the final training may take, for a budget of time."""
FEW = 8
"""Images with which kernels are compiled."""
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
        self._compile(state)
        own, begin = self.options, time.monotonic()
        turn = len(state.rows)
        short = turn < own.rounds and self._time_is_short(state)
        final = turn >= own.trainings or (short and not self._can_close(state))
        if short and final:
            made = len([row for row in state.rows if row["splits"]])
            state.remarks.append(
                f"the budget of {own.time:.0f} s ended the search after {counted(made, 'round')} with splits"
            )
        # Train and close.
        net = self.widened(state.net).with_drop_path(own.drop_path or 0.0) if final else state.net
        epochs = self._final_epochs(state) if final else own.epochs
        if final and own.parameters is not None and net.n_parameters > own.parameters:
            state.remarks.append(
                f"the operations that stayed have {counted(net.n_parameters, 'parameter')}, more than the {own.parameters:,} up to "
                "which channels are added"
            )
        problem = net.problem(self.training, self.training.labels)
        report = [lambda p: self._tell(state, p.epoch, p.epochs, final, p.history.training_loss[-1])]
        result, opened = train_round(net, problem, own.step(final, net.layout.groups), epochs, own.seed + turn, report)
        net, products = result.network, _products(result.network)
        pruned = without(net, self._closing(net, opened))
        state.nodes = [[own_nodes[k] for k in kept] for own_nodes, kept in zip(state.nodes, pruned.kept, strict=True)]
        net = pruned.network
        row = self._row(state, net, turn, final)
        row |= {"loss": result.history.training_loss[-1], "epochs": epochs, "products": products}
        row |= {"closed": _listed(pruned.closed), "refused": _listed(pruned.refused)}
        # Split, and keep the numbers or draw them anew. With eigenvalues the last splits have a round in which they can close.
        if turn < own.rounds and not final and not short:
            row["score_bytes"] = score_bytes(net, len(self.training), own)
            net, row["splits"] = self.split(state, net, turn)
        if own.restart and not final:
            net = ImageNetwork.of(net.structure, net.dtype, own.seed + turn + 1)
        state.net = net
        row["seconds"] = time.monotonic() - begin
        state.seconds += row["seconds"]
        state.rows.append(row)

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
        """The same function with as many more channels as parameters and memory allow (G7).

        By hand: a number of channels, found by halving. Checked by test_image_search.test_channels_come_before_the_final_training_up_to_the_parameters.
        """
        least = net.structure.channels
        if self.options.parameters is None or not self._fits(net, least + 1):
            return net
        most = least + 2
        while self._fits(net, most):
            least, most = most, 2 * most
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (middle, most) if self._fits(net, middle) else (least, middle)
        return net.widen(least, seed=self.options.seed)

    def _fits(self, net: ImageNetwork, channels: int) -> bool:
        """Whether the network with so many channels keeps within parameters and memory."""
        own, structure = self.options, replace(net.structure, channels=channels)
        if isinstance(own.memory, int) and step_bytes(structure, own.batch_size) > own.memory:
            return False
        return structure.layout().trained_size <= (own.parameters or 0)

    # --- time -------------------------------------------------------------------------------------

    def _compile(self, state: SearchState) -> None:
        """Run every kernel once on a few images where time counts, so that no compilation is taken for that of an epoch."""
        own, net = self.options, state.net
        if self.compiled or own.time is None:
            return
        self.compiled = True
        few = self.training.chosen(slice(0, max(2, min(FEW, own.batch_size))))
        sizes = TrainFree(channels=1, samples=len(few), batches=1, repeats=1, regions=FEW)
        train_round(net, net.problem(few, few.labels), own.step(False, net.layout.groups), 1, own.seed)
        net.forward(few.images)
        split_scores(net, few, replace(own, train_free=sizes, score_images=len(few)), 0)

    def _seconds(self, state: SearchState, net: ImageNetwork) -> float:
        """Seconds that an epoch of this network is expected to take: those of the last round, times its share of products.

        By hand: seconds expected. Checked by test_image_search.test_an_epoch_is_expected_to_take_as_its_products.
        """
        last = state.rows[-1]
        return float(last["seconds"] / last["epochs"] * _products(net) / last["products"])

    def _time_is_short(self, state: SearchState) -> bool:
        """Whether one more round and the final training would exceed the time.

        By hand: seconds expected. Checked by test_image_search.test_a_budget_of_time_ends_the_rounds.
        """
        limit, own = self.options.time, self.options
        if not isinstance(limit, float) or not state.rows:
            return False
        final = own.final_epochs * self._seconds(state, self.widened(state.net))
        return state.seconds + RISE * (own.epochs * self._seconds(state, state.net) + final) > limit

    def _can_close(self, state: SearchState) -> bool:
        """Whether operations came with the last round that have had no penalty yet; they slow all epochs down."""
        return self.options.gates == "spectral" and bool(state.rows[-1]["splits"])

    def _final_epochs(self, state: SearchState) -> int:
        """The epochs of the final training that the time leaves, at least 1.

        By hand: seconds expected. Checked by test_image_search.test_a_budget_of_time_ends_the_rounds.
        """
        limit, wanted = self.options.time, self.options.final_epochs
        if not isinstance(limit, float) or not state.rows:
            return wanted
        possible = max(1, min(wanted, int((limit - state.seconds) / self._seconds(state, self.widened(state.net)))))
        if possible < wanted:
            state.remarks.append(
                f"the budget of {limit:.0f} s leaves {possible} of {wanted} epochs for the final training"
            )
        return possible

    def _tell(self, state: SearchState, epoch: int, epochs: int, final: bool, loss: float) -> None:
        """Report the epochs of the whole search."""
        own = self.options
        total = own.all_epochs
        before = own.trainings * own.epochs if final else len(state.rows) * own.epochs
        name = "final training" if final else f"round {len(state.rows) + 1} of {own.trainings}"
        self.progress(min(before + epoch, total), total, f"{name}, loss {loss:.3g}")


def _products(net: ImageNetwork) -> float:
    """Products of a step for one image."""
    return image_multiply_adds(tables_of(net.layout), 1)


def _listed(places: tuple[Place, ...]) -> list[list[Any]]:
    """Places as lists, for JSON."""
    return [[number, *edge, name] for number, edge, name in places]


def _alike(score: str, cell: int, value: float) -> str:
    """Why a score gives all edges of a cell one number."""
    if score == "published" and value == BEHIND:
        return f"no edge of cell {cell} meets the published conditions"
    why = ", for the tangent kernel is singular, as with equal images" if score == "ntk" else ""
    return f"score {score} does not tell the edges of cell {cell} apart{why}"
