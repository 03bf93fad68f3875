"""Brute force on planes, from the definitions and for any number type: nested lists (sample, channel, row, column).

Nothing here knows of adjoints: derivatives come from dual numbers, which go through the same loops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from derivations.recheck.dense import structural_zero
from derivations.recheck.field import Dual, Number, power, slope_of, value_of
from derivations.recheck.point import Point, structure

Tensor = list
Plane = list[list[Number]]


def tensor(draw: Callable[[], Number], *sizes: int) -> Tensor:
    """Nested lists of fresh numbers."""
    return [tensor(draw, *sizes[1:]) if sizes[1:] else draw() for _ in range(sizes[0])]


def flat(numbers: Number) -> list[Number]:
    """All numbers of nested lists, in order."""
    if isinstance(numbers, (list, tuple)):
        return [number for part in numbers for number in flat(part)]
    return [numbers]


def pair(left: Number, right: Number) -> Number:
    """Σ left · right over all entries of two nested lists of one shape."""
    total: Number = 0
    for a, b in zip(flat(left), flat(right), strict=True):
        if not (structural_zero(a) or structural_zero(b)):
            total = total + a * b
    return total


def slopes(numbers: Number) -> Number:
    return structure(slope_of, numbers)


def values(numbers: Number) -> Number:
    return structure(value_of, numbers)


def inside(plane: Plane, row: int, column: int) -> Number:
    """The entry, 0 outside of the plane."""
    rows, columns = len(plane), len(plane[0])
    return plane[row][column] if 0 <= row < rows and 0 <= column < columns else 0


def window_count(size: int, taps: int, stride: int, dilation: int, padding: int) -> int:
    """How many windows begin at a multiple of the stride and lie inside the padded row: by counting."""
    begins = range(0, size + 2 * padding, stride)
    return sum(begin + dilation * (taps - 1) < size + 2 * padding for begin in begins)


def correlate(
    plane: Plane, kernel: Plane, window: tuple[int, int, int], rows: Sequence[int], columns: Sequence[int]
) -> Plane:
    """Σ kernel[ρ][κ] plane[t i + d ρ - p][t j + d κ - p] for the given i and j; `window` is (t, d, p)."""
    stride, dilation, padding = window
    result = []
    for i in rows:
        line = []
        for j in columns:
            total: Number = 0
            for rho, row in enumerate(kernel):
                for kappa, weight in enumerate(row):
                    entry = inside(
                        plane, stride * i + dilation * rho - padding, stride * j + dilation * kappa - padding
                    )
                    if not structural_zero(entry):
                        total = total + weight * entry
            line.append(total)
        result.append(line)
    return result


def depthwise(x: Tensor, kernels: Tensor, window: tuple[int, int, int]) -> Tensor:
    """The convolution of every channel with its own kernel, at all windows."""
    stride, dilation, padding = window
    taps = len(kernels[0])
    rows, columns = (window_count(n, taps, stride, dilation, padding) for n in (len(x[0][0]), len(x[0][0][0])))
    return [
        [
            correlate(plane, kernel, window, range(rows), range(columns))
            for plane, kernel in zip(planes, kernels, strict=True)
        ]
        for planes in x
    ]


def added(planes: Sequence[Plane]) -> Plane:
    """The sum of planes."""
    total = planes[0]
    for plane in planes[1:]:
        total = [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(total, plane, strict=True)]
    return total


def scaled(factor: Number, plane: Number) -> Number:
    return structure(lambda entry: factor * entry, plane)


def pointwise(x: Tensor, weights: Plane) -> Tensor:
    """Every pixel's channels multiplied with a matrix."""
    return [
        [added([scaled(w, plane) for w, plane in zip(row, planes, strict=True)]) for row in weights] for planes in x
    ]


def dense_convolution(x: Tensor, kernels: Tensor, window: tuple[int, int, int]) -> Tensor:
    """kernels[o][c] of taps × taps."""
    stride, dilation, padding = window
    taps = len(kernels[0][0])
    rows, columns = (window_count(n, taps, stride, dilation, padding) for n in (len(x[0][0]), len(x[0][0][0])))
    return [
        [
            added(
                [correlate(plane, k, window, range(rows), range(columns)) for plane, k in zip(planes, row, strict=True)]
            )
            for row in kernels
        ]
        for planes in x
    ]


def channel(x: Tensor, c: int) -> list[Number]:
    """All numbers of a channel."""
    return flat([planes[c] for planes in x])


def statistics(numbers: Sequence[Number]) -> tuple[Number, Number]:
    """Mean and biased variance, from the definition."""
    share = Fraction(1, len(numbers))
    mean = share * sum(numbers[1:], numbers[0])
    squares = [(number - mean) * (number - mean) for number in numbers]
    return mean, share * sum(squares[1:], squares[0])


def batch_norm(x: Tensor, gamma: list, beta: list, deviations: list) -> Tensor:
    """γ (x - μ)/σ + β. σ is given, which fixes ε = σ² - v as a constant; its change is that of √(v + ε)."""
    result = [list(planes) for planes in x]
    for c, sigma in enumerate(deviations):
        mean, variance = statistics(channel(x, c))
        if isinstance(variance, Dual):
            sigma = Dual(sigma, variance.slope / (2 * sigma))
        for planes in result:
            planes[c] = [[gamma[c] * (entry - mean) / sigma + beta[c] for entry in row] for row in planes[c]]
    return result


def epsilon_of(x: Tensor, c: int, sigma: Number) -> Number:
    """ε = σ² - v of a channel."""
    return sigma * sigma - statistics(channel(values(x), c))[1]


def series(plane: Plane, rows: Sequence[int], columns: Sequence[int], u: Number, v: Number) -> Number:
    """Σ plane[r][q] u^r v^q, a Laurent polynomial at a point: the exponents may be negative."""
    total: Number = 0
    for r, row in zip(rows, plane, strict=True):
        for q, entry in zip(columns, row, strict=True):
            if not structural_zero(entry):
                total = total + entry * laurent(u, r) * laurent(v, q)
    return total


def laurent(u: Number, exponent: int) -> Number:
    return power(u, exponent) if exponent >= 0 else 1 / power(u, -exponent)


def shape(point: Point) -> tuple[int, int, int, int]:
    """Samples, channels, rows and columns, small: 1 × 1 planes and H != W among them."""
    return (
        point.size("samples", 1, 2),
        point.size("channels", 1, 2),
        point.size("rows", 1, 4),
        point.size("columns", 1, 4),
    )


def window_of(point: Point, taps: int) -> tuple[int, int, int]:
    """Stride, dilation, and a padding of at least that of I1, so that there is a window."""
    stride, dilation = point.size("stride", 1, 3), point.size("dilation", 1, 2)
    reach = dilation * (taps - 1)
    return stride, dilation, point.size("padding", reach // 2, reach)
