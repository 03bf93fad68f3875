"""The table of notation: indices with their roles and sizes; arrays with their names, shapes and meanings.

Every index has one role. Arrays over samples are stored sample first, the transpose of the column vectors of the
mathematics; in index notation that makes no difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp
from sympy.concrete.delta import deltasummation

from derivations.proof.assignments import Array

s, h, k, p = sp.symbols("s h k p", integer=True, nonnegative=True)


@dataclass(frozen=True)
class Index:
    """An index symbol, what it counts, and the name of that number in printed code."""

    symbol: sp.Symbol
    role: str
    size: str


INDICES = (
    Index(s, "a sample", "n_samples"),
    Index(h, "a neuron of layer i", "n_out"),
    Index(k, "a neuron of the layer before it, or of an earlier layer j in the direct network", "n_in"),
    Index(p, "a position in a flat vector", "size"),
)
"""In storage order: loops over the last index are the innermost, and run over neighbouring elements."""


def size(symbol: sp.Symbol) -> str:
    """The name of an index's size in printed code."""
    return next(index.size for index in INDICES if index.symbol == symbol)


def shape(indices: Iterable[sp.Symbol]) -> str:
    """The sizes of an array's indices, as text."""
    return ", ".join(map(size, indices))


def storage_order(symbols: Iterable[sp.Symbol]) -> list[sp.Symbol]:
    """The index symbols, each once, in storage order."""
    wanted = set(symbols)
    if unknown := wanted - {index.symbol for index in INDICES}:
        raise ValueError(f"no entry in the table of indices: {sorted(map(str, unknown))}")
    return [index.symbol for index in INDICES if index.symbol in wanted]


f = sp.Function("f")
"""The activation function, f(0) = 0 where a theorem says so."""
df = sp.Function("df")
"""Its derivative f'."""

phi = Array("phi", (h, k), "parameter", "φ^(i-1), eigenvector block from layer i-1 to layer i")
lam_in = Array("lam_in", (k,), "parameter", "λ^(i-1), eigenvalues on the sending side")
lam_out = Array("lam_out", (h,), "parameter", "λ^(i), eigenvalues on the receiving side")
W = Array("W", (h, k), "parameter", "W_ij, weights from layer j to layer i")

dphi = Array("dphi", (h, k), "gradient", "∂ℓ/∂φ^(i-1)")
dlam_in = Array("dlam_in", (k,), "gradient", "∂ℓ/∂λ^(i-1)")
dlam_out = Array("dlam_out", (h,), "gradient", "∂ℓ/∂λ^(i)")
dW = Array("dW", (h, k), "gradient", "∂ℓ/∂W_ij")

M = Array("M", (h, k), "scratch", "M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours")
dM = Array("dM", (h, k), "scratch", "∂ℓ/∂M_i")
g = Array("g", (h, k), "gradient", "the path through Φ⁻¹ in ∂ℓ/∂φ^(i-1)", store="dphi")

u_in = Array("u_in", (s, k), "state", "u_{i-1} = (Φ⁻¹ x)_{i-1}", store="u")
u = Array("u", (s, h), "state", "u_i = (Φ⁻¹ x)_i")
x_in = Array("x_in", (s, k), "state", "x_{i-1}, activations of layer i-1", store="u")
x_source = Array("x_source", (s, k), "state", "x_j, activations of an earlier layer j", store="u")
x = Array("x", (s, h), "state", "x_i = f(z_i), activations of layer i", store="u")
z = Array("z", (s, h), "state", "z_i, pre-activations of layer i")
slope = Array("slope", (s, h), "state", "f'(z_i), kept in the place of z_i", store="z")
v = Array("v", (s, h), "scratch", "v_i = φ^(i-1) u_{i-1}, the linear path through Φ⁻¹")

du_in = Array("du_in", (s, k), "state", "∂ℓ/∂u_{i-1}", store="du")
du = Array("du", (s, h), "state", "∂ℓ/∂u_i")
dx_in = Array("dx_in", (s, k), "state", "∂ℓ/∂x_{i-1}", store="du")
dx_source = Array("dx_source", (s, k), "state", "∂ℓ/∂x_j", store="du")
dx = Array("dx", (s, h), "state", "∂ℓ/∂x_i", store="du")
dz = Array("dz", (s, h), "state", "∂ℓ/∂z_i, kept in the place of f'(z_i)", store="z")
q = Array("q", (s, k), "scratch", "the path through Φ⁻¹ in ∂ℓ/∂u_{i-1}")


def entries_of_difference() -> sp.Expr:
    """[φ L_in - L_out φ]_hk by the index sums of the two products with diagonal matrices."""
    m = sp.Symbol("m", integer=True, nonnegative=True)
    count = sp.Symbol("n", integer=True, positive=True)

    def collapse(summand: sp.Expr) -> sp.Expr:
        return deltasummation(summand, (m, 0, count - 1), no_piecewise=True)

    right = collapse(phi.at(h, m) * lam_in.at(m) * sp.KroneckerDelta(m, k))
    left = collapse(sp.KroneckerDelta(h, m) * lam_out.at(h) * phi.at(m, k))
    return right - left


def elements(arrays: Iterable[Array]) -> dict[str, sp.Expr]:
    """The arrays as themselves, for the rules that run a program on symbols."""
    return {array.name: array.element for array in arrays}
