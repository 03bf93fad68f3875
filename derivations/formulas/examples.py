"""The second opinion: both sides of a formula in exact numbers, straight from the definitions.

Nothing here knows a theorem or the path algebra: Φ = I + N is a dense matrix of whole numbers, its inverse comes from
forward substitution, A = Φ Λ Φ⁻¹ from two products, and a block is cut out of the matrix it belongs to.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, pairwise

from derivations.formulas.syntax import Block, Expression, Identity, Matrix, Negative, Number, Power, Product, Sign

Entry = int | Fraction
Dense = tuple[tuple[Entry, ...], ...]
Value = Entry | Dense
"""A number stands for itself and for that multiple of the identity of fitting size."""


def times(a: Value, b: Value) -> Value:
    if isinstance(a, tuple):
        return _product(a, b) if isinstance(b, tuple) else _scaled(b, a)
    return _scaled(a, b) if isinstance(b, tuple) else a * b


def plus(a: Value, b: Value) -> Value:
    if isinstance(a, tuple):
        return _sum(a, b if isinstance(b, tuple) else multiple(b, a))
    return _sum(multiple(a, b), b) if isinstance(b, tuple) else a + b


def multiple(number: Entry, like: Dense) -> Dense:
    """That multiple of the identity with the shape of a block; where the block is not square the number is 0."""
    assert len(like) == len(like[0]) or number == 0
    return tuple(tuple(number if r == c else 0 for c in range(len(like[0]))) for r in range(len(like)))


def _scaled(number: Entry, a: Dense) -> Dense:
    return tuple(tuple(number * entry for entry in row) for row in a)


def _product(a: Dense, b: Dense) -> Dense:
    rows = []
    for row in a:
        # Most entries of Φ and Λ are 0.
        full = [(x, b[k]) for k, x in enumerate(row) if x]
        rows.append(tuple(sum(x * other[column] for x, other in full) for column in range(len(b[0]))))
    return tuple(rows)


def _sum(a: Dense, b: Dense) -> Dense:
    return tuple(tuple(x + y for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True))


def identity(size: int) -> Dense:
    return tuple(tuple(int(row == column) for column in range(size)) for row in range(size))


@dataclass(frozen=True)
class Network:
    """Widths, eigenvector blocks φ^(1).. and eigenvalues of the layers 1.. of one network, in whole numbers."""

    widths: tuple[int, ...]
    phi: tuple[Dense, ...]
    eigenvalues: tuple[tuple[int, ...], ...]

    @classmethod
    def drawn(cls, widths: tuple[int, ...], greatest: int, source: random.Random) -> Network:
        """Eigenvalues between -greatest and greatest, φ between -2 and 2 (no path passes a block twice) without 0."""
        entries = [-1, 1] if greatest == 1 else [-2, -1, 1, 2]
        phi = tuple(
            tuple(tuple(source.choice(entries) for _ in range(below)) for _ in range(above))
            for below, above in pairwise(widths)
        )
        return cls(widths, phi, tuple(tuple(source.randint(-greatest, greatest) for _ in range(n)) for n in widths))

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Where each layer ends among all neurons, 0 before the first."""
        return tuple(accumulate(self.widths, initial=0))

    @cached_property
    def matrices(self) -> dict[str, Dense]:
        """N, Φ, Λ, Φ⁻¹ and A as whole matrices."""
        size, ends = self.ends[-1], self.ends
        n: list[list[Entry]] = [[0] * size for _ in range(size)]
        for layer, block in enumerate(self.phi):
            for row, values in enumerate(block):
                n[ends[layer + 1] + row][ends[layer] : ends[layer + 1]] = values
        lam = [value for values in self.eigenvalues for value in values]
        phi = [[entry + (row == column) for column, entry in enumerate(n[row])] for row in range(size)]
        # Forward substitution: row r of Φ⁻¹ is e_r minus what the rows before it have already.
        inverse: list[list[Entry]] = []
        for r in range(size):
            before = [(phi[r][k], inverse[k]) for k in range(r) if phi[r][k]]
            inverse.append([(r == c) - sum(entry * row[c] for entry, row in before) for c in range(size)])
        scaled = tuple(tuple(entry * value for entry, value in zip(row, lam, strict=True)) for row in phi)
        dense = {"N": n, "Phi": phi, "Phi^-1": inverse}
        result: dict[str, Dense] = {name: tuple(map(tuple, rows)) for name, rows in dense.items()}
        result["Lambda"] = tuple(tuple(lam[r] if r == c else 0 for c in range(size)) for r in range(size))
        return result | {"A": _product(scaled, result["Phi^-1"])}

    def power(self, exponent: int) -> Dense:
        """The power of N as a whole matrix."""
        result = identity(self.ends[-1])
        for _ in range(min(exponent, self.ends[-1])):  # N to the number of neurons is 0
            result = _product(result, self.matrices["N"])
        return result

    def block(self, name: str, layers: tuple[int, ...], power: int = 0) -> Value:
        """The block that a term of the language means."""
        above, below = layers[0], layers[-1]
        if name == "phi":
            return self.phi[above - 1]
        if name == "P":
            result: Value = identity(self.widths[below - 1])
            for layer in range(below, above):
                result = times(self.phi[layer - 1], result)
            return result
        names = {"L": "Lambda", "Inv": "Phi^-1", "W": "A", "A": "A"}
        whole = self.power(power) if name == "N" else self.matrices[names[name]]
        rows = whole[self.ends[above - 1] : self.ends[above]]
        return tuple(row[self.ends[below - 1] : self.ends[below]] for row in rows)


def value(node: Expression, network: Network, indices: Mapping[str, int]) -> Value:
    """One side of a formula for one network and one choice of the indices."""
    if isinstance(node, Number):
        return node.value if node.value.denominator > 1 else int(node.value)
    if isinstance(node, Identity):
        return 1
    if isinstance(node, Sign):
        return -1 if node.exponent.number(indices) % 2 else 1
    if isinstance(node, Matrix):
        return network.matrices[node.name]
    if isinstance(node, Block):
        power = 0 if node.power is None else node.power.number(indices)
        return network.block(node.name, tuple(layer.number(indices) for layer in node.layers), power)
    if isinstance(node, Negative):
        return times(-1, value(node.term, network, indices))
    if isinstance(node, Power):
        base = value(node.base, network, indices)
        result: Value = identity(len(base)) if isinstance(base, tuple) else 1
        for _ in range(node.exponent):
            result = times(result, base)
        return result
    first, *others = (
        value(part, network, indices) for part in (node.factors if isinstance(node, Product) else node.terms)
    )
    for other in others:
        first = (times if isinstance(node, Product) else plus)(first, other)
    return first
