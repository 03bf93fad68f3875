"""The notation of image networks: planes, windows, taps.

Arrays are (sample, channel, row, column) and 0 outside of their sizes. An output row i reads row R(i, ρ) of the input at
tap ρ, and R(i, ρ) = stride · quotient(ρ) + rest(ρ) + stride · i, so with the input split into stride × stride phases,
x_phase[e, g, a, b] = x[stride a + e, stride b + g], every window has stride 1: the tap ρ reads phase rest(ρ) at row
i + quotient(ρ). A printer that knows stride, dilation and padding writes quotient and rest as numbers.
"""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array
from derivations.proof.notation import s
from derivations.proof.windows import Window

c, o, r, q, i, j, rho, kappa, e, g, a, b = sp.symbols("c o r q i j rho kappa e g a b", integer=True, nonnegative=True)
"""Channel of the sender and of the receiver; row and column of the input, of the output; tap; phase; row and column in it."""
stride, dilation, taps, channels, rows, columns = sp.symbols(
    "stride dilation taps channels rows columns", integer=True, positive=True
)
padding = sp.Symbol("padding", integer=True, nonnegative=True)
count = sp.Symbol("count", integer=True, positive=True)
"""n = samples · rows · columns, the numbers that a batch norm averages."""

SIZES = {
    s: "n_samples", c: "n_in", o: "n_out", r: "rows", q: "columns", i: "out_rows", j: "out_columns", rho: "taps",
    kappa: "taps", e: "stride", g: "stride", a: "phase_rows", b: "phase_columns",
}  # fmt: skip
"""The name of each index's size in printed code."""
WINDOW = Window(stride, dilation, padding)
WINDOW_SCALARS = ("stride", "dilation", "padding")
ZERO = sp.S.Zero

_quotient, _place = sp.Function("quotient", integer=True), sp.Function("place", integer=True)


def quotient(tap: sp.Expr) -> sp.Expr:
    """⌊(dilation · tap - padding) / stride⌋: by how many rows of a phase the tap is shifted."""
    return _quotient(tap)


def rest(tap: sp.Expr) -> sp.Expr:
    """(dilation · tap - padding) modulo stride: the phase that the tap reads, by the definition of `quotient`."""
    return WINDOW.offset(tap) - stride * quotient(tap)


def place(row: sp.Expr) -> sp.Expr:
    """⌊row / stride⌋, the row's place in its phase."""
    return _place(row)


def phase(row: sp.Expr) -> sp.Expr:
    """row modulo stride, the phase that it lies in, by the definition of `place`."""
    return row - stride * place(row)


def numbers(expression: sp.Expr) -> sp.Expr:
    """The expression with `quotient` and `place` as SymPy's floor, for a printer that puts numbers in the window's place."""
    floors = expression.replace(_quotient, lambda tap: sp.floor(WINDOW.offset(tap) / stride))
    return floors.replace(_place, lambda row: sp.floor(row / stride))


def plane(name: str, indices: tuple[sp.Symbol, ...], meaning: str, kind: str = "state", store: str = "") -> Array:
    """An array on planes, read as 0 outside of them."""
    return Array(name, indices, kind, meaning, store=store, outside=ZERO)


x = plane("x", (s, c, r, q), "x, what an operation reads")
y = plane("y", (s, c, i, j), "y, what an operation gives")
dx = plane("dx", (s, c, r, q), "∂ℓ/∂x")
dy = plane("dy", (s, c, i, j), "∂ℓ/∂y")
vx = plane("vx", (s, c, r, q), "any change of x")
x_phase = plane("x_phase", (s, c, e, g, a, b), "x[stride a + e, stride b + g], the phases of x", "scratch")
dx_phase = plane("dx_phase", (s, c, e, g, a, b), "∂ℓ/∂x_phase", "scratch")
w = plane("w", (c, rho, kappa), "w, a depthwise kernel of taps × taps", "parameter")
dw = plane("dw", (c, rho, kappa), "∂ℓ/∂w", "gradient")
vw = plane("vw", (c, rho, kappa), "any change of w", "parameter")
