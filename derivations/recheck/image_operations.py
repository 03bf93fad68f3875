"""I1 to I7 and I18: each formula against loops over the definition, with dual numbers for the derivatives.

The adjoint of a convolution is checked twice more: with generating functions, where it is X̄(u) = u^-p K(u^d) Ȳ(u^t), and
with the flat planes of the kernels.
"""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck import image_statements as claims
from derivations.recheck.field import power
from derivations.recheck.networks import Identity
from derivations.recheck.planes import (
    correlate,
    dense_convolution,
    depthwise,
    flat,
    laurent,
    pair,
    pointwise,
    series,
    shape,
    slopes,
    tensor,
    values,
    window_count,
    window_of,
)
from derivations.recheck.point import Point


def i1(point: Point) -> None:
    """Sizes by counting windows; the middle tap lies inside."""
    taps, dilation = 2 * point.size("m", 0, 3) + 1, point.size("dilation", 1, 3)
    stride, rows = point.size("stride", 1, 2), point.size("rows", 1, 9)
    pad = claims.padding(taps, dilation, stride)
    point.holds(f"padding {pad}", 2 * pad == dilation * (taps - 1))
    counted = window_count(rows, taps, stride, dilation, pad)
    point.holds(f"{counted} windows", counted == claims.size(rows, stride))
    point.holds("the middle of the last window lies inside", stride * (counted - 1) < rows)


def i2(point: Point) -> None:
    """One pass of dual numbers gives Σ x̄ x' + Σ w̄ w'; the generating function gives x̄ on and off the plane."""
    samples, channels, rows, columns = shape(point)
    taps = 2 * point.size("m", 0, 1) + 1
    window = window_of(point, taps)
    x = point.moving(tensor(point.number, samples, channels, rows, columns))
    w = point.moving(tensor(point.number, channels, taps, taps))
    y = depthwise(x, w, window)
    bars = tensor(point.number, samples, channels, len(y[0][0]), len(y[0][0][0]))
    frame = range(rows), range(columns)
    moved = 0
    for s in range(samples):
        for c in range(channels):
            plane, kernel = values(x[s][c]), values(w[c])
            adjoint = claims.phase_adjoint(bars[s][c], kernel, window, frame)
            gradient = claims.kernel_gradient(plane, bars[s][c], taps, window)
            moved = moved + pair(adjoint, slopes(x[s][c])) + pair(gradient, slopes(w[c]))
            if window[0] == 1:
                same = claims.turned(bars[s][c], kernel, *window[1:], frame)
                point.equal("x̄ by the turned kernel", same, adjoint)
    point.equal("Σ x̄ x' + Σ w̄ w'", moved, pair(bars, slopes(y)))
    _generating_function(point, bars[0][0], values(w[0]), window)


def _generating_function(point: Point, bars: list, kernel: list, window: tuple[int, int, int]) -> None:
    """X̄(u, v) = (u v)^-p K(u^d, v^d) Ȳ(u^t, v^t) over all rows and columns that any window reaches."""
    stride, dilation, pad = window
    u, v = point.number(), point.number()
    rows, columns = (
        range(-pad, stride * (size - 1) + dilation * (len(kernel) - 1) - pad + 1) for size in (len(bars), len(bars[0]))
    )
    frame = rows, columns
    claimed = claims.phase_adjoint(bars, kernel, window, frame)
    taps = range(len(kernel))
    mask = series(kernel, taps, taps, power(u, dilation), power(v, dilation))
    whole = series(bars, range(len(bars)), range(len(bars[0])), power(u, stride), power(v, stride))
    truth = laurent(u, -pad) * laurent(v, -pad) * mask * whole
    point.equal("X̄(u, v)", series(claimed, *frame, u, v), truth)
    if stride == 1:
        point.equal(
            "by the turned kernel", series(claims.turned(bars, kernel, dilation, pad, frame), *frame, u, v), truth
        )


def i3(point: Point) -> None:
    """The matrix of every pixel."""
    samples, channels, rows, columns = shape(point)
    x = point.moving(tensor(point.number, samples, channels, rows, columns))
    w = point.moving(point.matrix(point.size("receivers", 1, 3), channels))
    z = pointwise(x, w)
    bars = tensor(point.number, samples, len(w), rows, columns)
    moved = 0
    for s in range(samples):
        moved = moved + pair(claims.pointwise_adjoint(values(w), bars[s]), slopes(x[s]))
        moved = moved + pair(claims.pointwise_gradient(values(x[s]), bars[s]), slopes(w))
    point.equal("Σ x̄ x' + Σ W̄ W'", moved, pair(bars, slopes(z)))


def i4(point: Point) -> None:
    """The windows laid out, and one matrix product."""
    samples, channels = point.size("samples", 1, 2), point.size("channels", 1, 3)
    # With one row, a wide padding and stride 3 no window would read anything.
    rows, columns = point.size("rows", 2, 4), point.size("columns", 2, 4)
    taps = 2 * point.size("m", 0, 1) + 1
    window = window_of(point, taps)
    x = tensor(point.number, samples, channels, rows, columns)
    kernels = point.moving(tensor(point.number, point.size("receivers", 1, 2), channels, taps, taps))
    y = dense_convolution(x, kernels, window)
    frame = len(y[0][0]), len(y[0][0][0])
    bars = tensor(point.number, samples, len(kernels), *frame)
    matrix = [flat(values(row)) for row in kernels]
    moved = 0
    for s in range(samples):
        laid = [plane for c in range(channels) for plane in claims.patches(x[s][c], taps, window, frame)]
        point.equal("y", pointwise([laid], matrix)[0], values(y[s]))
        gradient = claims.pointwise_gradient(laid, bars[s])
        moved = moved + pair(gradient, [flat(slopes(row)) for row in kernels])
    point.equal("Σ w̄ w'", moved, pair(bars, slopes(y)))


def i5(point: Point) -> None:
    """Rows between those that are read get 0."""
    rows, columns, stride = point.size("rows", 1, 5), point.size("columns", 1, 5), point.size("stride", 1, 3)
    x = point.moving(point.matrix(rows, columns))
    y = [row[::stride] for row in x[::stride]]
    bars = point.matrix(len(y), len(y[0]))
    adjoint = claims.subsample_adjoint(bars, stride, (rows, columns))
    point.equal("Σ x̄ x'", pair(adjoint, slopes(x)), pair(bars, slopes(y)))


def i6(point: Point) -> None:
    """Sums of nine by hand; padding counted, or only what lies inside."""
    rows, columns = point.size("rows", 1, 4), point.size("columns", 1, 4)
    stride, taps = point.size("stride", 1, 2), 3
    x = point.moving(point.matrix(rows, columns))
    middles = [(r, q) for r in range(0, rows, stride) for q in range(0, columns, stride)]
    near = [
        [x[a][b] for a in range(rows) for b in range(columns) if max(abs(a - r), abs(b - q)) < 2] for r, q in middles
    ]
    window, frame = (stride, 1, 1), (range(rows), range(columns))
    height, width = len(range(0, rows, stride)), len(range(0, columns, stride))
    bars = point.matrix(height, width)
    adjoint = claims.phase_adjoint(bars, claims.mean_kernel(taps), window, frame)
    truth = [sum(numbers[1:], numbers[0]) / 9 for numbers in near]
    point.equal("Σ x̄ x'", pair(adjoint, slopes(x)), pair(flat(bars), slopes(truth)))
    ones = [[1] * taps for _ in range(taps)]
    shares = [[bar / len(near[i * width + j]) for j, bar in enumerate(row)] for i, row in enumerate(bars)]
    inner = [sum(numbers[1:], numbers[0]) / len(numbers) for numbers in near]
    only = claims.phase_adjoint(shares, ones, window, frame)
    point.equal("Σ x̄ x', inside only", pair(only, slopes(x)), pair(flat(bars), slopes(inner)))
    if stride == 1:
        mean = claims.mean_kernel(taps)
        pooled = correlate(bars, mean, window, *frame)
        point.equal("stride 1: the mean pool of ȳ", pooled, claims.turned(bars, mean, 1, 1, frame))


def i7(point: Point) -> None:
    """Small numbers with many ties; where the greatest is single, a difference of values is the slope."""
    rows, columns, stride, taps = point.size("rows", 1, 4), point.size("columns", 1, 4), point.size("stride", 1, 2), 3
    window = stride, 1, 1
    x = [[Fraction(point.values.randint(-1, 1)) for _ in range(columns)] for _ in range(rows)]
    middles = [(r, q) for r in range(0, rows, stride) for q in range(0, columns, stride)]
    width = len(range(0, columns, stride))

    def numbers(plane: list, r: int, q: int) -> list:
        around = [(r + a, q + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        return [plane[a][b] if 0 <= a < rows and 0 <= b < columns else None for a, b in around]

    winners = []
    for r, q in middles:
        seen = numbers(x, r, q)
        place = claims.winner(seen)
        greatest = max(number for number in seen if number is not None)
        point.holds("the first of the greatest wins", place == seen.index(greatest))
        winners.append(place)
    grid = [winners[at : at + width] for at in range(0, len(winners), width)]
    bars = [[point.rational() for _ in row] for row in grid]
    adjoint = claims.max_adjoint(bars, grid, taps, window, (rows, columns))
    point.equal("Σ x̄ = Σ ȳ", sum(flat(adjoint)), sum(flat(bars), Fraction(0)))
    # All numbers apart by at least 1/50: a change below 1/100 moves no winner.
    apart = [[entry + Fraction(r * columns + q, 50) for q, entry in enumerate(row)] for r, row in enumerate(x)]
    change = [[point.rational() / 10000 for _ in row] for row in x]
    moved = [[a + b for a, b in zip(*lines, strict=True)] for lines in zip(apart, change, strict=True)]
    single = [claims.winner(numbers(apart, r, q)) for r, q in middles]
    rise = [
        max(n for n in numbers(moved, r, q) if n is not None) - max(n for n in numbers(apart, r, q) if n is not None)
        for r, q in middles
    ]
    grid = [single[at : at + width] for at in range(0, len(single), width)]
    adjoint = claims.max_adjoint(bars, grid, taps, window, (rows, columns))
    point.equal("⟨x̄, change⟩", pair(adjoint, change), pair(flat(bars), rise))


def i18(point: Point) -> None:
    """The flat planes give the windows at stride 1, for every pixel."""
    rows, columns = point.size("rows", 1, 4), point.size("columns", 1, 4)
    taps, dilation = 2 * point.size("m", 0, 1) + 1, point.size("dilation", 1, 2)
    border = dilation * (taps - 1) // 2
    plane, kernel = point.matrix(rows, columns), point.matrix(taps, taps)
    held, pitch = claims.flat_planes(plane, taps, dilation)
    got = [
        [claims.flat_value(held, kernel, dilation, pitch, r * pitch + q) for q in range(columns)] for r in range(rows)
    ]
    point.equal("y", got, correlate(plane, kernel, (1, dilation, border), range(rows), range(columns)))


OPERATIONS: dict[str, Identity] = {"I1": i1, "I2": i2, "I3": i3, "I4": i4, "I5": i5, "I6": i6, "I7": i7}
FLAT: dict[str, Identity] = {"I18": i18}
