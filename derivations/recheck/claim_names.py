"""What the names in claims mean: sums and products, programs, blocks of Φ, N, A and Λ by dense matrices, whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

from derivations.recheck import dense
from derivations.recheck.claim_programs import bar, run
from derivations.recheck.claim_trees import Tree
from derivations.recheck.claim_values import Rule, Setting, add, times, value
from derivations.recheck.dense import Matrix
from derivations.recheck.field import Dual, Number
from derivations.recheck.planes import window_count

WHOLE = ("quotient", "place")
"""Functions of which nothing is known but that their values are whole numbers."""

# --- arithmetic, with markers for sums --------------------------------------------------------------------------------


def _sum(parts: list[Tree], setting: Setting) -> Any:
    total: Any = 0
    for part in parts:
        total = add(total, value(part, setting))
    return total


def _product(parts: list[Tree], setting: Setting) -> Any:
    """A product; a factor Σ_k sums over k what stands beside it."""
    summed = [part[2:] for part in parts if isinstance(part, str) and part.startswith("Σ_")]
    factors = [part for part in parts if not (isinstance(part, str) and part.startswith("Σ_"))]
    total: Any = 0
    for at in product(*(range(setting.sizes[name]) for name in summed)):
        inner = replace(setting, names=setting.names | dict(zip(summed, at, strict=True)))
        term: Any = 1
        for factor in factors:
            term = times(term, value(factor, inner))
        total = add(total, term)
    return total


def _power(parts: list[Tree], setting: Setting) -> Any:
    base, exponent = (value(part, setting) for part in parts)
    if base == -1:
        return (-1) ** (exponent % 2)
    result: Any = 1
    for _ in range(abs(exponent)):
        result = times(result, base)
    if exponent < 0:
        return Fraction(1, result) if isinstance(result, int) else 1 / result
    return result


def _put(parts: list[Tree], setting: Setting) -> Any:
    """A side with values put in, all at once."""
    whole, pairs = parts
    return value(whole, replace(setting, put=(*((old, new, setting) for old, new in pairs), *setting.put)))


def _element(parts: list[Tree], setting: Setting) -> Number:
    name, *indices = parts
    return setting.element(name, tuple(value(i, setting) for i in indices))


# --- blocks and numbers of a network -----------------------------------------------------------------------------------


def _whole(setting: Setting) -> Matrix:
    return dense.eigenvector_matrix(setting.phi)


def _lam(setting: Setting) -> list[list[Number]]:
    """The eigenvalues, those that are put in for L_i in their place."""
    lam = list(setting.lam)
    for old, new, before in setting.put:
        if isinstance(old, list) and old[0] == "L":
            layer = value(old[1], setting)
            put = value(new, replace(setting, put=before.put))
            width = len(setting.lam[layer - 1])
            lam[layer - 1] = [put[n][n] for n in range(width)] if isinstance(put, list) else [put] * width
    return lam


def _block(whole: Callable[[Setting], Matrix]) -> Callable[[list[Tree], Setting], Matrix]:
    """The block of layers i and j of a matrix."""

    def block(parts: list[Tree], setting: Setting) -> Matrix:
        i, j = (value(part, setting) for part in parts[-2:])
        return dense.cut(whole(setting), dense.widths_of(setting.phi))[i, j]

    return block


def _powers(parts: list[Tree], setting: Setting) -> Matrix:
    """A block of N^k."""
    exponent, result = value(parts[0], setting), dense.identity(len(_whole(setting)))
    for _ in range(exponent):
        result = dense.product(dense.nilpotent(setting.phi), result)
    return _block(lambda _: result)(parts[1:], setting)


def _path_of_length(parts: list[Tree], setting: Setting) -> Matrix:
    """P(i, j) if i - j = k, else 0."""
    k, i, j = (value(part, setting) for part in parts)
    if i - j == k:
        return _path([i, j], setting)
    return dense.zeros(len(setting.lam[i - 1]), len(setting.lam[j - 1]))


def _network_block(parts: list[Tree], setting: Setting) -> Any:
    """(-1)^(steps - 1) [last · sender - receiver · last] before."""
    steps, last, sender, receiver, before = (value(part, setting) for part in parts)
    inner = add(times(last, sender), times(-1, times(receiver, last)))
    return times((-1) ** (steps - 1), times(inner, before))


def _from_x(i: int, j: int, setting: Setting) -> Matrix:
    """(Φ⁻¹)_ij x_j."""
    return dense.product(_block(_inverse)([i, j], setting), setting.x[j - 1])


def _in_u(parts: list[Tree], setting: Setting) -> Matrix:
    """The term of x_j in u_{j+n}, layer by layer: x_j, and from then on -φ times it."""
    n, j = (value(part, setting) for part in parts)
    term = setting.x[j - 1]
    for layer in range(j, j + n):
        term = dense.times(-1, dense.product(setting.phi[layer - 1], term))
    return term


def _path(parts: list[Tree], setting: Setting) -> Matrix:
    i, j = (value(part, setting) for part in parts)
    result = dense.identity(len(setting.lam[j - 1]))
    for layer in range(j, i):
        result = dense.product(setting.phi[layer - 1], result)
    return result


def _difference(parts: list[Tree], setting: Setting) -> Matrix:
    i, lam = value(parts[0], setting), _lam(setting)
    left, right = dense.diagonal(lam[i - 1]), dense.diagonal(lam[i - 2])
    return dense.minus(dense.product(setting.phi[i - 2], right), dense.product(left, setting.phi[i - 2]))


def _slope(z: Number, setting: Setting) -> Number:
    """f' of a number; what it moves by is never asked for."""
    return setting.function.slope(z.value if isinstance(z, Dual) else z)


def _entry(parts: list[Tree], setting: Setting) -> Number:
    """[φ L_in - L_out φ]_hk."""
    phi, lam_in, lam_out = (["at_array", *names] for names in (("phi", "h", "k"), ("lam_in", "k"), ("lam_out", "h")))
    return value(phi, setting) * value(lam_in, setting) - value(lam_out, setting) * value(phi, setting)


def _numbers(rule: Callable[..., int]) -> Callable[[list[Tree], Setting], int]:
    return lambda parts, setting: rule(*(value(part, setting) for part in parts))


def _choose(n: int, k: int) -> int:
    return comb(n, k) if k >= 0 else 0


def _adjacency(setting: Setting) -> Matrix:
    return dense.adjacency(setting.phi, _lam(setting))


def _lambda(setting: Setting) -> Matrix:
    return dense.diagonal([number for layer in setting.lam for number in layer])


def _inverse(setting: Setting) -> Matrix:
    return dense.inverse(_whole(setting))


def _unknown(parts: list[Tree], setting: Setting) -> Number:
    """A function of which nothing is known: a fresh number at every new place; one of whole values a small whole number."""
    name, *places = parts
    key = (f"{name}()", *(str(value(place, setting)) for place in places))
    number = setting.point.values.randint(-1, 1) if name in WHOLE else setting.point.number()
    return setting.arrays.setdefault(key, number)


def _rescaling(parts: list[Tree], setting: Setting) -> Matrix:
    """C_i, a diagonal matrix over the neurons of a layer."""
    layer = value(parts[0], setting)
    return dense.diagonal([setting.element("C", (layer, n)) for n in range(len(setting.lam[layer - 1]))])


def _least_padding(taps: int, dilation: int, stride: int) -> int:
    """The least padding for which the windows of a row reach as far as its strides."""
    return next(padding for padding in range(dilation * taps) if dilation * (taps - 1) < 2 * padding + stride)


KNOWN: dict[str, Rule] = {
    "+": _sum,
    "*": _product,
    "^": _power,
    "at": _put,
    "at_array": _element,
    "run": run,
    "bar": bar,
    "f": lambda parts, setting: setting.function(value(parts[0], setting)),
    "df": lambda parts, setting: _slope(value(parts[0], setting), setting),
    "KroneckerDelta": _numbers(lambda a, b: int(a == b)),
    "unknown": _unknown,
    "transpose": lambda parts, setting: dense.transpose(value(parts[0], setting)),
    "inverse": lambda parts, setting: dense.inverse(value(parts[0], setting)),
    "C": _rescaling,
    "P": _path,
    "L": lambda parts, setting: dense.diagonal(_lam(setting)[value(parts[0], setting) - 1]),
    "x": lambda parts, setting: setting.x[value(parts[0], setting) - 1],
    "power": _path_of_length,
    "network_block": _network_block,
    "from_x": lambda parts, s: _from_x(value(parts[0], s), value(parts[1], s), s),
    "after_x": lambda parts, s: _from_x(value(parts[0], s) + value(parts[1], s), value(parts[1], s), s),
    "u": _in_u,
    "N_power": _powers,
    "minus_n": lambda parts, s: dense.times((-1) ** value(parts[0], s), _powers(parts, s)),
    "I": _block(lambda s: dense.identity(len(_whole(s)))),
    "Inv": _block(_inverse),
    "PhiInv": _block(lambda s: dense.product(_whole(s), _inverse(s))),
    "InvPhi": _block(lambda s: dense.product(_inverse(s), _whole(s))),
    "PhiInv2": _block(lambda s: dense.product(_whole(s), dense.minus(_twice(s), _whole(s)))),
    "InvPhi2": _block(lambda s: dense.product(dense.minus(_twice(s), _whole(s)), _whole(s))),
    "A": _block(_adjacency),
    "W": _block(_adjacency),
    "APhi": _block(lambda s: dense.product(_adjacency(s), _whole(s))),
    "PhiLambda": _block(lambda s: dense.product(_whole(s), _lambda(s))),
    "difference": _difference,
    "entries": _entry,
    "own_padding": _numbers(_least_padding),
    "output_rows": _numbers(lambda size, taps, dilation, *rest: window_count(size, taps, rest[0], dilation, rest[1])),
    "choose": _numbers(_choose),
    "signed": _numbers(lambda n, m: (-1) ** m * _choose(n, m)),
    "binomial_power": _numbers(lambda n, m: (-1) ** m * _choose(n, m)),
    "one": _numbers(lambda m: int(m == 0)),
    "polynomial": _numbers(lambda b, m: (-1) ** m * _choose(b + 1, m + 1)),
    "x_polynomial": _numbers(lambda b, m: 0 if m == 0 else (-1) ** (m - 1) * _choose(b + 1, m)),
}
"""What this route knows, by the names in certificates."""


def _twice(setting: Setting) -> Matrix:
    return dense.times(2, dense.identity(len(_whole(setting))))
