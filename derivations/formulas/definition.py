"""What a network computes, by the definition and in exact numbers, and every derivative of it by numbers with a slope.

z_i = Σ_{j<i} W_ij x_j with the weights of A = Φ Λ Φ⁻¹, x_i = f(z_i), u = Φ⁻¹ x, v_i = x_i - u_i. No theorem is used. A number
with a slope is a + b ε with ε² = 0: what comes out holds the derivative in its slope.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from derivations.formulas.examples import Dense, Network, plus, times

Values = dict[tuple[str, int], Dense]
"""Columns x, z, u, v and their derivatives by (name, layer)."""
Loss = Callable[[Network], Any]


@dataclass(frozen=True)
class Slope:
    """value + rate ε with ε² = 0.

    The second route has numbers of its own (`recheck/field.py`): it shares no code with what reads a student's answer.
    """

    value: Any
    rate: Any

    @classmethod
    def of(cls, number: Any) -> Slope:
        return number if isinstance(number, Slope) else cls(number, 0)

    def __add__(self, other: Any) -> Slope:
        other = Slope.of(other)
        return Slope(self.value + other.value, self.rate + other.rate)

    def __mul__(self, other: Any) -> Slope:
        other = Slope.of(other)
        return Slope(self.value * other.value, self.value * other.rate + self.rate * other.value)

    def __neg__(self) -> Slope:
        return self * -1

    def __sub__(self, other: Any) -> Slope:
        return self + Slope.of(other) * -1

    def __rsub__(self, other: Any) -> Slope:
        return Slope.of(other) + self * -1

    __radd__, __rmul__ = __add__, __mul__


@dataclass(frozen=True)
class Function:
    """An activation that keeps whole numbers whole, and its derivative."""

    text: str
    value: Callable[[Any], Any]
    slope: Callable[[Any], Any]

    def __call__(self, z: Any) -> Any:
        return Slope(self.value(z.value), self.slope(z.value) * z.rate) if isinstance(z, Slope) else self.value(z)


RELU = Function("relu(z)", lambda z: max(z, 0), lambda z: int(z > 0))
FUNCTIONS = (RELU, Function("z^2", lambda z: z * z, lambda z: 2 * z), Function("z^3 - z", lambda z: z**3 - z, lambda z: 3 * z * z - 1))  # fmt: skip
NOTHING = ("", 0, 0)


@dataclass(frozen=True)
class Sample:
    """A network with one input, and z̄ of its last layer: the loss is ℓ = Σ_h z̄_h z_h."""

    network: Network
    function: Function
    x: Dense
    bar: Dense

    @classmethod
    def drawn(cls, widths: tuple[int, ...], function: Function, source: random.Random) -> Sample:
        network = Network.drawn(widths, 3, source)
        x, bar = (tuple((source.choice((-2, -1, 1, 2)),) for _ in range(n)) for n in (widths[0], widths[-1]))
        return cls(network, function, x, bar)

    def silent_in(self, layer: int) -> Sample:
        """The same with eigenvalues 0 in one layer."""
        lam = tuple((0,) * len(v) if i == layer else v for i, v in enumerate(self.network.eigenvalues, 1))
        return replace(self, network=replace(self.network, eigenvalues=lam))

    def forward(self, disturbed: tuple[str, int, int] = NOTHING) -> Values:
        """x, z, u and v of every layer; ε is added to the entry `disturbed`: (x or z, layer, neuron from 0)."""
        network, last = self.network, len(self.network.widths)
        found: Values = {("x", 1): _moved(self.x, ("x", 1), disturbed)}
        for i in range(2, last + 1):
            terms = [times(network.block("W", (i, j)), found["x", j]) for j in range(1, i)]
            total: Any = terms[0]
            for term in terms[1:]:
                total = plus(total, term)
            found["z", i] = _moved(total, ("z", i), disturbed)
            sent = found["z", i] if i == last else tuple((self.function(row[0]),) for row in found["z", i])
            found["x", i] = _moved(sent, ("x", i), disturbed)
        for i in range(1, last + 1):
            handed: Any = found["x", i]
            for j in range(1, i):
                handed = plus(handed, times(network.block("Inv", (i, j)), found["x", j]))
            found["u", i] = handed
            found["v", i] = plus(found["x", i], times(-1, handed))  # type: ignore[assignment]
        return found

    def loss(self, disturbed: tuple[str, int, int] = NOTHING) -> Any:
        """ℓ = Σ_h z̄_h z_h of the last layer."""
        z = self.forward(disturbed)["z", len(self.network.widths)]
        return sum(bar[0] * row[0] for bar, row in zip(self.bar, z, strict=True))

    def values(self) -> Values:
        """The values of `forward`, and the derivatives of ℓ: zbar and ubar of hidden layers, zbar of the last."""
        found, last = self.forward(), len(self.network.widths)
        found["zbar", last] = self.bar
        for i in range(2, last):
            for name, moved in (("zbar", "z"), ("ubar", "x")):
                # A change of x_i at fixed earlier layers changes u_i by the same amount.
                rates = [Slope.of(self.loss((moved, i, h))).rate for h in range(self.network.widths[i - 1])]
                found[name, i] = tuple((rate,) for rate in rates)
        return found

    def phibar(self, block: int) -> Dense:
        """The derivative of ℓ by each entry of φ^(block)."""
        return by_eigenvectors(self.network, lambda network: replace(self, network=network).loss(), block)


def _moved(column: Any, place: tuple[str, int], disturbed: tuple[str, int, int]) -> Dense:
    if place != disturbed[:2]:
        return column
    return tuple((row[0] + Slope(0, 1),) if h == disturbed[2] else row for h, row in enumerate(column))


def by_eigenvectors(network: Network, loss: Loss, block: int) -> Dense:
    """The derivatives of a loss by φ^(block), one entry after another."""
    phi = network.phi[block - 1]

    def rate(h: int, k: int) -> Any:
        row = _changed(phi[h], k, phi[h][k] + Slope(0, 1))
        moved = _changed(network.phi, block - 1, _changed(phi, h, row))
        return Slope.of(loss(replace(network, phi=moved))).rate

    return tuple(tuple(rate(h, k) for k in range(len(phi[0]))) for h in range(len(phi)))


def by_eigenvalues(network: Network, loss: Loss, layer: int) -> tuple[Any, ...]:
    """The derivatives of a loss by the eigenvalues of a layer, one after another."""
    lam = network.eigenvalues[layer - 1]

    def rate(h: int) -> Any:
        moved = _changed(network.eigenvalues, layer - 1, _changed(lam, h, lam[h] + Slope(0, 1)))
        return Slope.of(loss(replace(network, eigenvalues=moved))).rate

    return tuple(rate(h) for h in range(len(lam)))


def _changed(items: Any, at: int, item: Any) -> Any:
    return (*items[:at], item, *items[at + 1 :])
