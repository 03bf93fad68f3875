"""Networks of small whole numbers for which both sides of a formula are compared: the smallest first, always the same.

A formula that is false for some choice of the indices is false already for networks of one neuron a layer: there a
product of blocks is a monomial that tells its factors, so two different sums of products are two different polynomials.
Such networks are tried first; greater eigenvalues come last, for polynomials that vanish on all small ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from derivations.formulas.examples import Dense, Network, identity, multiple, value
from derivations.formulas.shapes import region
from derivations.formulas.syntax import Block, Formula, parts

ROUNDS = ((1, 1, 4), (2, 1, 4), (2, 3, 2), (9, 1, 2), (99, 1, 1))
"""Greatest eigenvalue, greatest width and networks for each choice of the indices, round after round."""
MOST_INSTANCES, MOST_TRIALS, MOST_LAYERS = 300, 200_000, 40
CONFIRMATIONS = 24
"""Networks that must agree with a proof before it is believed."""


@dataclass(frozen=True)
class Instance:
    """One choice of the indices, and the number of layers of the network that has them."""

    indices: tuple[tuple[str, int], ...]
    layers: int


@dataclass(frozen=True)
class Counterexample:
    """A network and a choice of indices for which left and right differ, at `row` and `column` counted from 1."""

    network: Network
    indices: tuple[tuple[str, int], ...]
    left: Dense
    right: Dense
    row: int
    column: int

    def lines(self) -> list[str]:
        """The numbers as a block of text."""
        widths = "-".join(map(str, self.network.widths))
        chosen = "".join(f", {name} = {number}" for name, number in self.indices if name != "B")
        phi = [f"phi({i}) = {_text(block)}" for i, block in enumerate(self.network.phi, 1)]
        lam = [f"L({i}) = diag({', '.join(map(str, v))})" for i, v in enumerate(self.network.eigenvalues, 1)]
        left, right = (side[self.row - 1][self.column - 1] for side in (self.left, self.right))
        place = f"row {self.row}, column {self.column}: left {left}, right {right}"
        sides = [f"left  = {_text(self.left)}", f"right = {_text(self.right)}"]
        return [f"B = {len(phi)}, widths {widths}{chosen}", *phi, *lam, *sides, f"they differ in {place}"]


def _text(matrix: Dense) -> str:
    return "[" + ", ".join(f"[{', '.join(map(str, row))}]" for row in matrix) + "]"


def instances(formula: Formula) -> Iterator[Instance]:
    """The admitted choices of the indices: all of them for a chosen depth, else those of the first layers."""
    admitted, names = region(formula), formula.names
    if formula.depth is not None:
        for choice in admitted.choices(names, formula.depth + 1, {}):
            yield Instance(tuple(choice.items()), formula.depth + 1)
        return
    layers = [layer for node in parts(formula) if isinstance(node, Block) for layer in node.layers]
    layers += [node.layers[0] + 1 for node in parts(formula) if isinstance(node, Block) and node.name == "phi"]
    top = 0
    while (top := top + 1) <= MOST_LAYERS and (top == 1 or (names and top ** len(names) <= MOST_TRIALS)):
        for choice in admitted.choices(names, top, {}):
            if names and max(choice.values()) < top:
                continue  # was there before
            count = choice["B"] + 1 if "B" in choice else max([2, *(layer.number(choice) for layer in layers)])
            if count <= MOST_LAYERS:
                yield Instance(tuple(choice.items()), count)


def compare(formula: Formula, network: Network, indices: tuple[tuple[str, int], ...]) -> Counterexample | None:
    """The difference between the two sides for these numbers; None where they are equal."""
    sides = [value(side, network, dict(indices)) for side in (formula.left, formula.right)]
    # A multiple of the identity has the size of the other side; between two of them the size does not matter.
    like = next((side for side in sides if isinstance(side, tuple)), identity(1))
    left, right = (side if isinstance(side, tuple) else multiple(side, like) for side in sides)
    for row, (p, q) in enumerate(zip(left, right, strict=True), 1):
        for column, (x, y) in enumerate(zip(p, q, strict=True), 1):
            if x != y:
                return Counterexample(network, indices, left, right, row, column)
    return None


def search(formula: Formula, suspects: Iterable[Instance]) -> Counterexample | None:
    """The first network for which the formula fails; None where none was found."""
    source = random.Random(0)
    tried = list(islice(suspects, MOST_INSTANCES))
    for greatest, widest, draws in ROUNDS:
        for instance in (instance for instance in tried for _ in range(draws)):
            widths = tuple(source.randint(1, widest) for _ in range(instance.layers))
            if found := compare(formula, Network.drawn(widths, greatest, source), instance.indices):
                return found
    return None


def disagreement(formula: Formula) -> tuple[int, Counterexample | None]:
    """How many random networks were compared, and the first for which the formula fails."""
    source = random.Random(1)
    among = list(islice(instances(formula), MOST_INSTANCES))
    if len(among) > CONFIRMATIONS:
        among = among[: CONFIRMATIONS // 2] + source.sample(among[CONFIRMATIONS // 2 :], CONFIRMATIONS // 2)
    for count in range(CONFIRMATIONS if among else 0):
        instance = among[count % len(among)]
        widths = tuple(source.randint(1, 3) for _ in range(instance.layers))
        if found := compare(formula, Network.drawn(widths, 3, source), instance.indices):
            return count + 1, found
    return CONFIRMATIONS if among else 0, None
