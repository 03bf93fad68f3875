"""One point: random sizes, random numbers, and the residuals that must vanish there.

What a theorem says "for every activation" is checked on an `UnknownFunction`: f(z) and f'(z) are fresh random numbers at
every new z. That is every function at once, as any values and slopes at finitely many places belong to some function.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from derivations.recheck.dense import Function, Matrix, Vector
from derivations.recheck.field import LOW, PRIMES, Dual, Number, Residue, random_prime


class Refused(AssertionError):
    """A residual does not vanish or a condition does not hold; the message says which."""


@dataclass
class Point:
    """Draws sizes and numbers, and collects what is compared.

    sizes, values : two generators, so that several points can share their sizes.
    drawn : the sizes by name, in the order they were drawn.
    modular, exact, close : residuals checked modulo the prime; residuals and conditions checked on exact rationals; those
        checked with 50 digits.
    degree, bits : the greatest of a residual's numerator (see `field`).
    """

    sizes: random.Random
    values: random.Random
    drawn: dict[str, object] = field(default_factory=dict)
    modular: int = 0
    exact: int = 0
    close: int = 0
    degree: int = 0
    bits: int = 0
    functions: list[UnknownFunction] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.modulus = random_prime(self.values)

    # --- sizes --------------------------------------------------------------------------------------------------------

    def size(self, name: str, low: int, high: int) -> int:
        """A size, each of low .. high with the same probability."""
        number = self.sizes.randint(low, high)
        self.drawn[name] = number
        return number

    def widths(self, low: int = 2, high: int = 6) -> list[int]:
        """The widths (1 to 4) of low to high layers."""
        widths = [self.sizes.randint(1, 4) for _ in range(self.sizes.randint(low, high))]
        self.drawn["widths"] = tuple(widths)
        return widths

    def layer(self, low: int, high: int) -> int:
        """A layer, counted from 1."""
        return self.size("layer", low, high)

    def flags(self, name: str, count: int) -> list[bool]:
        """That many coins."""
        coins = [bool(self.sizes.getrandbits(1)) for _ in range(count)]
        self.drawn[name] = "".join("01"[coin] for coin in coins)
        return coins

    # --- numbers modulo the prime -------------------------------------------------------------------------------------

    def number(self) -> Residue:
        """A fresh variable: 1 .. p-1, each with the same probability."""
        return Residue(self.values.randrange(1, self.modulus), self.modulus, top=1, top_bits=1)

    def vector(self, size: int) -> Vector:
        return [self.number() for _ in range(size)]

    def matrix(self, rows: int, columns: int) -> Matrix:
        return [self.vector(columns) for _ in range(rows)]

    def eigenvectors(self, widths: list[int]) -> list[Matrix]:
        """φ^(1) .. φ^(K-1)."""
        return [self.matrix(widths[i + 1], widths[i]) for i in range(len(widths) - 1)]

    def eigenvalues(self, widths: list[int]) -> list[Vector]:
        """λ^(1) .. λ^(K)."""
        return [self.vector(width) for width in widths]

    def all_blocks(self, widths: list[int]) -> dict[tuple[int, int], Matrix]:
        """W_ij for every i > j."""
        layers = range(1, len(widths) + 1)
        return {(i, j): self.matrix(widths[i - 1], widths[j - 1]) for i in layers for j in range(1, i)}

    def moving(self, numbers: Number) -> Number:
        """The same numbers as dual numbers that move in a random direction: one pass gives Σ ∂/∂θ · θ'.

        The direction consists of fresh variables, so two gradients with one product with it are the same gradient.
        """
        return structure(lambda number: Dual(number, self.number()), numbers)

    def function(self, zero_at_zero: bool = False) -> UnknownFunction:
        """A fresh activation function, f(0) = 0 only if asked for."""
        self.functions.append(UnknownFunction(self, zero_at_zero))
        return self.functions[-1]

    # --- exact rationals ----------------------------------------------------------------------------------------------

    def rational(self, least: int = -12, greatest: int = 12) -> Fraction:
        """A small rational, often whole, often 0."""
        return Fraction(self.values.randint(least, greatest), self.values.choice((1, 1, 2, 3, 7)))

    def positive(self) -> Fraction:
        return self.rational(1, 12)

    # --- comparing ----------------------------------------------------------------------------------------------------

    def equal(self, what: str, claimed: Number, truth: Number) -> None:
        """Both sides are the same, entry by entry and derivative by derivative; raises `Refused` where they are not."""
        if isinstance(claimed, Mapping) and isinstance(truth, Mapping):
            self.holds(f"{what}: the same entries", claimed.keys() == truth.keys(), count=False)
            for key in truth:
                self.equal(f"{what}{key}", claimed[key], truth[key])
        elif isinstance(claimed, (list, tuple)) and isinstance(truth, (list, tuple)):
            self.holds(f"{what}: {len(claimed)} entries, not {len(truth)}", len(claimed) == len(truth), count=False)
            for index, (left, right) in enumerate(zip(claimed, truth, strict=True)):
                self.equal(f"{what}[{index}]", left, right)
        else:
            self._vanishes(what, claimed - truth)

    def _vanishes(self, what: str, residual: Number) -> None:
        if isinstance(residual, Dual):
            self._vanishes(what, residual.value)
            self._vanishes(f"derivative of {what}", residual.slope)
        elif isinstance(residual, Residue):
            self.modular += 1
            self.degree = max(self.degree, residual.top)
            self.bits = max(self.bits, residual.top_bits)
            if residual.value != 0:
                raise Refused(f"{what}: claimed - truth = {residual.value} modulo {self.modulus}, not 0")
        else:
            # Plain integers are structure, the 0 and 1 that stand there by definition.
            self.holds(f"{what}: claimed - truth = {residual}", residual == 0, count=isinstance(residual, Fraction))

    def holds(self, what: str, condition: bool, *, count: bool = True) -> None:
        """A condition on exact numbers or shapes; raises `Refused` where it does not hold."""
        self.exact += count
        if not condition:
            raise Refused(what)

    @property
    def error(self) -> float:
        """Upper bound of the probability that this point accepts an identity that is false at its sizes."""
        degree = self.degree + sum(f.degree for f in self.functions)
        bits = self.bits + sum(f.bits for f in self.functions)
        return degree / LOW + bits / 60 / PRIMES


class UnknownFunction:
    """f(z) and f'(z) are fresh random numbers at every z not seen before.

    Two different z may happen to have one residue, and would then wrongly share their values. There are at most
    calls · places such pairs, each with the chance that the polynomial z - z̃ vanishes; `degree` and `bits` are
    the sums over all pairs, which the point adds to its error bound.
    """

    def __init__(self, point: Point, zero_at_zero: bool) -> None:
        self.point = point
        self.values: dict[int, Number] = {0: 0} if zero_at_zero else {}
        self.slopes: dict[int, Number] = {}
        self.calls = 0
        self.top = self.bottom = self.top_bits = self.bottom_bits = 0

    def __call__(self, z: Number) -> Number:
        if isinstance(z, Dual):
            return Dual(self(z.value), self.slope(z.value) * z.slope)
        return self._at(z, self.values)

    def slope(self, z: Number) -> Number:
        """f'(z)."""
        return self._at(z, self.slopes)

    def _at(self, z: Number, table: dict[int, Number]) -> Number:
        self.calls += 1
        if isinstance(z, Residue):
            self.top, self.bottom = max(self.top, z.top), max(self.bottom, z.bottom)
            self.top_bits = max(self.top_bits, z.top_bits)
            self.bottom_bits = max(self.bottom_bits, z.bottom_bits)
        key = z.value if isinstance(z, Residue) else z % self.point.modulus
        return table[key] if key in table else table.setdefault(key, self.fresh(z, key))

    def fresh(self, z: Number, key: int) -> Number:
        return self.point.number()

    @property
    def degree(self) -> int:
        return self.calls * (len(self.values) + len(self.slopes)) * (self.top + self.bottom)

    @property
    def bits(self) -> int:
        return self.calls * (len(self.values) + len(self.slopes)) * (self.top_bits + self.bottom_bits + 1)


class HomogeneousFunction(UnknownFunction):
    """A function with f(c z) = c f(z) for one factor c; nothing else about it is known."""

    def __init__(self, point: Point, factor: Residue) -> None:
        super().__init__(point, zero_at_zero=False)
        self.factor = factor
        point.functions.append(self)

    def fresh(self, z: Number, key: int) -> Number:
        base = key * pow(self.factor.value, -1, self.point.modulus) % self.point.modulus
        return self.factor * self.values[base] if base in self.values else self.point.number()

    @property
    def degree(self) -> int:
        """Here z may also happen to be c z̃, one degree more, for every pair."""
        return 2 * super().degree + self.calls * len(self.values)

    @property
    def bits(self) -> int:
        return 2 * super().bits + self.calls * len(self.values)


class MirroredFunction(HomogeneousFunction):
    """A function with f(-c z) = c (p f(z) - κ z) for one c, p and κ; nothing else about it is known."""

    def __init__(self, point: Point, factor: Residue, parity: Residue, linear: Residue) -> None:
        super().__init__(point, factor)
        self.parity, self.linear = parity, linear

    def fresh(self, z: Number, key: int) -> Number:
        base = -key * pow(self.factor.value, -1, self.point.modulus) % self.point.modulus
        if base not in self.values:
            return self.point.number()
        return self.factor * (self.parity * self.values[base] + self.linear * z / self.factor)


def structure(function: Callable[[Number], Number], numbers: Number) -> Number:
    """The function of every number in nested lists, tuples and dictionaries."""
    if isinstance(numbers, dict):
        return {key: structure(function, value) for key, value in numbers.items()}
    if isinstance(numbers, (list, tuple)):
        return [structure(function, value) for value in numbers]
    return function(numbers)


def mapped(f: Function, matrix: Matrix) -> Matrix:
    return [[f(entry) for entry in row] for row in matrix]
