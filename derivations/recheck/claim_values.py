"""What the parts of a claim are worth in one network: blocks by dense matrices, sums and programs by loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

from derivations.recheck import dense
from derivations.recheck.dense import Matrix
from derivations.recheck.field import Dual, Number
from derivations.recheck.point import Point

Tree = Any
Rule = Callable[[list[Tree], "Setting"], Any]
BITS, SIGNS = ("live", "on", "heard"), ("side",)
"""Arrays whose entries are 0 or 1, or 1 or -1, as the claims about them assume."""
CLASSES = ("label",)
"""Arrays of whole numbers, each the number of a class."""


class Unread(LookupError):
    """A claim that says something this route cannot read."""


@dataclass(frozen=True)
class Setting:
    """One network and one choice of arrays; `put` holds what a claim puts in place of something else.

    phi, lam, x : the network and activations of each layer.
    names : values of indices and symbols. sizes : how far each index of arrays runs.
    known : what names in claims mean. piece : the piece of piecewise functions that is asked for, if not 0.
    moving : the key of what moves as a dual number, and where it rests.
    """

    point: Point
    phi: list[Matrix]
    lam: list[list[Number]]
    x: list[Matrix]
    names: dict[str, Any]
    sizes: dict[str, int]
    arrays: dict[tuple[Any, ...], Number]
    put: tuple[tuple[Tree, Tree, Setting], ...] = ()
    function: Any = field(default=None)
    known: Mapping[str, Rule] = field(default_factory=lambda: KNOWN)
    piece: int = 0
    moving: tuple[tuple[str, Any], Number] | None = None

    def resting(self, before: Setting) -> Setting:
        """The same where nothing moves, for what was put in before something moved."""
        if self.moving is None or before.moving is not None:
            return self
        (name, *at), number = self.moving
        if at:
            return replace(self, arrays=self.arrays | {(name, *at): number}, moving=None)
        return replace(self, names=self.names | {name: number}, moving=None)

    def symbol(self, name: str) -> Any:
        """An index, or a number that is drawn once."""
        return self.names[name] if name in self.names else self.arrays.setdefault((name,), self.point.number())

    def element(self, name: str, at: tuple[int, ...]) -> Number:
        """An element of an array, drawn once."""
        values = self.point.values
        if name in BITS or name in SIGNS:
            number: Number = values.randint(0, 1) * (2 if name in SIGNS else 1) - (name in SIGNS)
        else:
            number = values.randint(0, 2) if name in CLASSES else self.point.number()
        return self.arrays.setdefault((name, *at), number)


def leaves(tree: Tree, name: str) -> Iterator[Tree]:
    """The places where an array or a scalar is read."""
    if tree == name or (isinstance(tree, list) and tree[:2] == ["at_array", name]):
        yield tree
    elif isinstance(tree, list):
        for part in tree:
            yield from leaves(part, name)


def name_of(target: Tree) -> str:
    """The name of an array or a scalar."""
    return target[1] if isinstance(target, list) else target


def value(tree: Tree, setting: Setting) -> Any:
    """A number, or a block as a matrix."""
    for old, new, before in setting.put:
        if _same(old, tree, setting):
            return value(new, replace(setting.resting(before), put=before.put))
    if isinstance(tree, int):
        return tree
    if tree in ("oo", "-oo"):
        return float(tree.replace("oo", "inf"))
    if isinstance(tree, str):
        return Fraction(tree) if tree[0].isdigit() or tree[0] == "-" else setting.symbol(tree)
    head, *parts = tree
    if head not in setting.known:
        raise Unread(f"{head} is no name that the second route knows")
    return setting.known[head](parts, setting)


def _same(old: Tree, tree: Tree, setting: Setting) -> bool:
    """Whether what is put in stands here: the same array or symbol, or the same block of the same layer."""
    if not (isinstance(old, list) and isinstance(tree, list)):
        return bool(old == tree)
    if old[0] != tree[0] or len(old) != len(tree):
        return False
    if old[0] in LAYERS:
        return [value(a, setting) for a in old[1:]] == [value(a, setting) for a in tree[1:]]
    return bool(old == tree)


# --- arithmetic, with markers for sums --------------------------------------------------------------------------------


def _add(left: Any, right: Any) -> Any:
    """A number added to a block is that multiple of I."""
    if isinstance(left, list) and isinstance(right, list):
        return dense.plus(left, right)
    if isinstance(left, list) or isinstance(right, list):
        block, number = (left, right) if isinstance(left, list) else (right, left)
        if number.__class__ is int and number == 0:
            return block
        return dense.plus(block, dense.times(number, dense.identity(len(block))))
    return left + right


def alike(left: Any, right: Any) -> tuple[Any, Any]:
    """A block and a number: 0 is the block of zeros, another number that multiple of I."""
    if isinstance(left, list) == isinstance(right, list):
        return left, right
    block, number = (left, right) if isinstance(left, list) else (right, left)
    other = _add(dense.zeros(len(block), len(block[0])), number) if block else number
    return (block, other) if isinstance(left, list) else (other, block)


def _times(left: Any, right: Any) -> Any:
    if isinstance(left, list) and isinstance(right, list):
        return dense.product(left, right)
    if isinstance(left, list):
        return dense.times(right, left)
    return dense.times(left, right) if isinstance(right, list) else left * right


def _sum(parts: list[Tree], setting: Setting) -> Any:
    total: Any = 0
    for part in parts:
        total = _add(total, value(part, setting))
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
            term = _times(term, value(factor, inner))
        total = _add(total, term)
    return total


def _power(parts: list[Tree], setting: Setting) -> Any:
    base, exponent = (value(part, setting) for part in parts)
    if base == -1:
        return (-1) ** (exponent % 2)
    result: Any = 1
    for _ in range(abs(exponent)):
        result = _times(result, base)
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


# --- programs ---------------------------------------------------------------------------------------------------------


def _run(parts: list[Tree], setting: Setting) -> Number:
    """A target after its lines."""
    name, lines, known = parts
    # What is known of an array is put in for it, if it is more than its element.
    given = [(leaf, tree) for other, tree in known for line in lines for leaf in leaves(line[4], other) if leaf != tree]
    arrays = after(lines, replace(setting, put=(*((old, new, setting) for old, new in given), *setting.put)))
    target = next(line[0] for line in lines if name_of(line[0]) == name)
    return arrays[(name, *(setting.names[i] for i in (target[2:] if isinstance(target, list) else [])))]


def after(lines: list[Any], setting: Setting) -> dict[tuple[Any, ...], Number]:
    """All elements that the lines set, loop by loop."""
    made: dict[tuple[Any, ...], Number] = {}
    for target, over, accumulate, _, right in lines:
        free = target[2:] if isinstance(target, list) else []
        for at in product(*(range(setting.sizes[i]) for i in free)):
            outer = setting.names | dict(zip(free, at, strict=True))
            total: Any = made.get((name_of(target), *at), 0) if accumulate else 0
            for inner in product(*(range(setting.sizes[i]) for i in over)):
                names = outer | dict(zip(over, inner, strict=True))
                total = total + value(right, _Lines(setting, names, made).setting)
            made[(name_of(target), *at)] = total
    return made


class _Lines:
    """A setting in which the elements that lines have set are read before any other."""

    def __init__(self, setting: Setting, names: dict[str, Any], made: dict[tuple[Any, ...], Number]) -> None:
        scalars = {key[0]: number for key, number in made.items() if len(key) == 1}
        self.setting = _Reading(**(setting.__dict__ | {"names": names | scalars, "made": made}))


@dataclass(frozen=True)
class _Reading(Setting):
    made: dict[tuple[Any, ...], Number] = field(default_factory=dict)

    def element(self, name: str, at: tuple[int, ...]) -> Number:
        return self.made[(name, *at)] if (name, *at) in self.made else super().element(name, at)


def _bar(parts: list[Tree], setting: Setting) -> Number:
    """∂ℓ/∂(an element) for ℓ = Σ seed · output: one element moves, as a dual number."""
    name, lines, seeds, fixed = parts
    for line in lines:  # so that every element is drawn before one of them moves
        list(leaves(line[4], name))
    after(lines, setting)
    place = next(leaf for line in lines for leaf in leaves(line[4], name))
    key = (name, *(setting.names[i] for i in place[2:])) if isinstance(place, list) else (name,)
    if isinstance(place, list):
        arrays = setting.arrays | {key: Dual(setting.element(name, key[1:]), 1)}
        moving = replace(setting, arrays=arrays)
    else:
        moving = replace(setting, names=setting.names | {name: Dual(setting.symbol(name), 1)})
    total: Any = 0
    places = {name_of(line[0]): line[0][2:] if isinstance(line[0], list) else [] for line in lines}
    for key_made, number in after(lines, moving).items():
        # An index of a loop around has one value.
        at = zip(places[key_made[0]], key_made[1:], strict=True)
        if any(index in fixed and place != setting.names[index] for index, place in at):
            continue
        for seeded, seed in seeds:
            if key_made[0] == seeded and isinstance(number, Dual):
                total = total + number.slope * _seed(seed, key_made[1:], setting)
    return total


def _seed(seed: Tree, at: tuple[int, ...], setting: Setting) -> Number:
    return setting.element(seed[1], at) if isinstance(seed, list) else value(seed, setting)


# --- names ------------------------------------------------------------------------------------------------------------


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
    inner = _add(_times(last, sender), _times(-1, _times(receiver, last)))
    return _times((-1) ** (steps - 1), _times(inner, before))


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
    """A function of which nothing is known: a fresh number at every new place."""
    name, *places = parts
    key = (f"{name}()", *(str(value(place, setting)) for place in places))
    return setting.arrays.setdefault(key, setting.point.number())


def _rescaling(parts: list[Tree], setting: Setting) -> Matrix:
    """C_i, a diagonal matrix over the neurons of a layer."""
    layer = value(parts[0], setting)
    return dense.diagonal([setting.element("C", (layer, n)) for n in range(len(setting.lam[layer - 1]))])


KNOWN: dict[str, Rule] = {
    "+": _sum,
    "*": _product,
    "^": _power,
    "at": _put,
    "at_array": _element,
    "run": _run,
    "bar": _bar,
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
    "choose": _numbers(_choose),
    "signed": _numbers(lambda n, m: (-1) ** m * _choose(n, m)),
    "binomial_power": _numbers(lambda n, m: (-1) ** m * _choose(n, m)),
    "one": _numbers(lambda m: int(m == 0)),
    "polynomial": _numbers(lambda b, m: (-1) ** m * _choose(b + 1, m + 1)),
    "x_polynomial": _numbers(lambda b, m: 0 if m == 0 else (-1) ** (m - 1) * _choose(b + 1, m)),
}
"""What this route knows, by the names in certificates."""
LAYERS = {"C": 0, "P": 0, "L": 0, "x": 0, "I": 0, "Inv": 0, "PhiInv": 0, "InvPhi": 0, "A": 0, "W": 0, "APhi": 0, "PhiLambda": 0,
          "PhiInv2": 0, "InvPhi2": 0, "difference": 0, "N_power": 1, "minus_n": 1, "power": 1, "from_x": 0, "u": 1, "after_x": 1}  # fmt: skip
"""Names whose arguments are layers, and how many come before those."""


def _twice(setting: Setting) -> Matrix:
    return dense.times(2, dense.identity(len(_whole(setting))))
