"""The formulas under test for operations on planes, I1 to I7 and I18, written by hand as the theorems state them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from derivations.recheck.field import Number
from derivations.recheck.planes import Plane, Tensor, added, flat, inside, scaled


def dot(left: Sequence, right: Sequence) -> Number:
    """Σ left · right over all entries of two nested lists of one shape."""
    total: Number = 0
    for a, b in zip(flat(left), flat(right), strict=True):
        total = total + a * b
    return total


def padding(taps: int, dilation: int, stride: int) -> int:
    """I1: ⌈(d (k - 1) + 1 - t)/2⌉."""
    return -((stride - 1 - dilation * (taps - 1)) // 2)


def size(rows: int, stride: int) -> int:
    """I1: as many rows, or half of them, rounded up."""
    return -(-rows // stride)


def turned(bars: Plane, kernel: Plane, dilation: int, pad: int, frame: tuple[Sequence[int], Sequence[int]]) -> Plane:
    """I2, stride 1: x̄[r][q] = Σ w[k-1-ρ][k-1-κ] ȳ[r + d ρ - p'][q + d κ - p'], p' = d (k - 1) - p."""
    last = len(kernel) - 1
    other = dilation * last - pad
    taps = range(len(kernel))
    return [
        [
            dot(
                [kernel[last - rho][last - kappa] for rho in taps for kappa in taps],
                [
                    inside(bars, r + dilation * rho - other, q + dilation * kappa - other)
                    for rho in taps
                    for kappa in taps
                ],
            )
            for q in frame[1]
        ]
        for r in frame[0]
    ]


def tap(rho: int, window: tuple[int, int, int]) -> tuple[int, int]:
    """I2: quotient and rest of d ρ - p by the stride."""
    stride, dilation, pad = window
    return (dilation * rho - pad) // stride, (dilation * rho - pad) % stride


def phase_adjoint(
    bars: Plane, kernel: Plane, window: tuple[int, int, int], frame: tuple[Sequence[int], Sequence[int]]
) -> Plane:
    """I2, every stride: row r = t a + e gets w[ρ] ȳ[a - quotient(ρ)] of the taps with rest(ρ) = e."""
    stride, taps = window[0], range(len(kernel))
    result = []
    for r in frame[0]:
        line = []
        for q in frame[1]:
            total: Number = 0
            for rho in taps:
                for kappa in taps:
                    (down, e), (right, g) = tap(rho, window), tap(kappa, window)
                    if (e, g) == (r % stride, q % stride):
                        total = total + kernel[rho][kappa] * inside(bars, r // stride - down, q // stride - right)
            line.append(total)
        result.append(line)
    return result


def kernel_gradient(plane: Plane, bars: Plane, taps: int, window: tuple[int, int, int]) -> Plane:
    """I2, of one sample and channel: w̄[ρ][κ] = Σ ȳ[i][j] x[R][Q], with the phases' own rows."""
    stride = window[0]

    def read(i: int, j: int, rho: int, kappa: int) -> Number:
        (down, e), (right, g) = tap(rho, window), tap(kappa, window)
        return inside(plane, stride * (i + down) + e, stride * (j + right) + g)

    places = [(i, j) for i, row in enumerate(bars) for j, _ in enumerate(row)]
    return [
        [dot([bars[i][j] for i, j in places], [read(i, j, rho, kappa) for i, j in places]) for kappa in range(taps)]
        for rho in range(taps)
    ]


def pointwise_adjoint(weights: Plane, bars: Sequence[Plane]) -> list[Plane]:
    """I3, of one sample: x̄ = Wᵀ z̄ in every pixel."""
    columns = [list(column) for column in zip(*weights, strict=True)]
    return [added([scaled(w, plane) for w, plane in zip(column, bars, strict=True)]) for column in columns]


def pointwise_gradient(x: Sequence[Plane], bars: Sequence[Plane]) -> Plane:
    """I3, of one sample: W̄[o][c] = Σ z̄ x."""
    return [[dot(bar, plane) for plane in x] for bar in bars]


def patches(plane: Plane, taps: int, window: tuple[int, int, int], frame: tuple[int, int]) -> Tensor:
    """I4: for each tap the plane of what it reads."""
    stride, dilation, pad = window

    def read(position: int, rho: int) -> int:
        return stride * position + dilation * rho - pad

    return [
        [[inside(plane, read(i, rho), read(j, kappa)) for j in range(frame[1])] for i in range(frame[0])]
        for rho in range(taps)
        for kappa in range(taps)
    ]


def subsample_adjoint(bars: Plane, stride: int, frame: tuple[int, int]) -> Plane:
    """I5: ȳ[r/t][q/t] where t divides r and q, else 0."""
    return [
        [bars[r // stride][q // stride] if r % stride + q % stride == 0 else 0 for q in range(frame[1])]
        for r in range(frame[0])
    ]


def mean_kernel(taps: int) -> Plane:
    """I6: the mean pool as a convolution, 1/k² everywhere."""
    return [[Fraction(1, taps * taps)] * taps for _ in range(taps)]


def winner(numbers: Sequence[Number | None]) -> int | None:
    """I7: the first greatest, scanned; None is -∞."""
    place = None
    for at, number in enumerate(numbers):
        if number is not None and (place is None or number > numbers[place]):
            place = at
    return place


def max_adjoint(bars: Plane, winners: Plane, taps: int, window: tuple[int, int, int], frame: tuple[int, int]) -> Plane:
    """I7: Σ ȳ over the windows that the pixel wins."""
    stride, dilation, pad = window
    result = [[0] * frame[1] for _ in range(frame[0])]
    for i, row in enumerate(bars):
        for j, bar in enumerate(row):
            rho, kappa = divmod(winners[i][j], taps)
            r, q = stride * i + dilation * rho - pad, stride * j + dilation * kappa - pad
            result[r][q] = result[r][q] + bar
    return result


def flat_planes(plane: Plane, taps: int, dilation: int) -> tuple[list[list[Number]], int]:
    """I18: a scratch plane for each column of taps as one list, 0 where a read from beside the row would end, and their pitch."""
    (pitch,) = {len(line) for line in plane}
    border, copies = dilation * (taps - 1) // 2, []
    edge: list[Number] = (pitch * border + border) * [0]
    for kappa in range(taps):
        own = [q - dilation * kappa + border in range(pitch) for q in range(pitch)]
        lines = [[entry if read else 0 for entry, read in zip(line, own, strict=True)] for line in plane]
        copies.append([*edge, *(entry for line in lines for entry in line), *edge])
    return copies, pitch


def flat_value(held: list[list[Number]], kernel: Plane, dilation: int, pitch: int, position: int) -> Number:
    """I18: Σ w[ρ][κ] flat_κ[n + d (ρ P + κ)]."""
    taps = range(len(kernel))
    reads = [held[kappa][position + dilation * (rho * pitch + kappa)] for rho in taps for kappa in taps]
    return dot([weight for row in kernel for weight in row], reads)
