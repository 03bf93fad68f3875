"""What the parts of a claim are worth at real places, with 50 digits: roots, exponentials, pieces, signs, inequalities.

Each symbol is drawn as its claim says, positive, negative, a whole number; what nothing is known of, and elements of arrays,
have either sign, so that every piece is met, and a root or a logarithm may be a complex number. Two functions made of these that agree there agree everywhere between
their kinks. A derivative is that of dual numbers. The functions are those of mpmath, as for the kernels.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath

from derivations.recheck.claim_names import KNOWN
from derivations.recheck.claim_trees import Tree
from derivations.recheck.claim_values import Rule, Setting, value
from derivations.recheck.field import Dual, Number, value_of
from derivations.recheck.point import Point, Refused

DIGITS = 50
CLOSE = mpmath.mpf(10) ** -35
"""The greatest difference, relative to both sides, that is put down to rounding."""


def digits() -> AbstractContextManager[object]:
    """Inside of it, numbers have that many digits."""
    context: AbstractContextManager[object] = mpmath.workdps(DIGITS)
    return context


class RealPoint:
    """Numbers with 50 digits in the place of residues; compares for a point, which counts."""

    def __init__(self, point: Point) -> None:
        self.point, self.values, self.sizes = point, point.values, point.sizes

    @property
    def constants(self) -> dict[str, Number]:
        """Numbers with a name of their own."""
        return {"pi": +mpmath.pi}

    def number(self) -> Number:
        """Its size between 1/8 and 2, of either sign."""
        return self._size() * self.values.choice((-1, 1))

    def _size(self) -> Number:
        return mpmath.mpf(self.values.randint(2**40, 2**44)) / 2**43

    def drawn(self, kind: str) -> Number:
        """A number of which that is known."""
        words = kind.split(", ")
        if "integer" in words:
            return self.values.randint(int("positive" in words), 5)
        size = self._size()
        below = {"negative", "nonpositive"} & {*words}
        if below or not {"positive", "nonnegative"} & {*words}:
            return -size if below or self.values.getrandbits(1) else size
        return size

    def compare(self, what: str, left: Number, relation: str, right: Number) -> None:
        """Both sides are in the relation, = up to rounding; raises `Refused` where they are not."""
        self.point.close += 1
        slack = CLOSE * (1 + abs(left) + abs(right))
        holds = abs(left - right) <= slack if relation == "=" else RELATIONS[relation](left - right, slack)
        if not holds:
            raise Refused(f"{what}: {mpmath.nstr(left, 15)} {relation} {mpmath.nstr(right, 15)} does not hold")


RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda difference, _: difference > 0,
    "<": lambda difference, _: difference < 0,
    ">=": lambda difference, slack: difference >= -slack,
    "<=": lambda difference, slack: difference <= slack,
    "!=": lambda difference, _: difference != 0,
}


class Cubic:
    """A function with its slope: a random polynomial, 0 at 0 where that is asked for."""

    def __init__(self, point: RealPoint, zero_at_zero: bool) -> None:
        self.coefficients = [0 if zero_at_zero else point.number(), *(point.number() for _ in range(3))]

    def __call__(self, z: Number) -> Number:
        return sum((c * z**k for k, c in enumerate(self.coefficients)), 0)

    def slope(self, z: Number) -> Number:
        """Its derivative."""
        return sum((k * c * z ** (k - 1) for k, c in enumerate(self.coefficients) if k), 0)


# --- functions, of dual numbers too -----------------------------------------------------------------------------------


def real(number: Number) -> Number:
    """A whole number or a fraction with 50 digits."""
    if isinstance(number, Dual):
        return Dual(real(number.value), real(number.slope))
    return mpmath.mpf(number.numerator) / number.denominator if isinstance(number, (int, Fraction)) else number


def smooth(function: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Rule:
    """A function of one argument, and what its derivative is."""

    def at(parts: list[Tree], setting: Setting) -> Number:
        z = real(value(parts[-1], setting))
        return Dual(function(z.value), slope(z.value) * z.slope) if isinstance(z, Dual) else function(z)

    return at


def _power(parts: list[Tree], setting: Setting) -> Number:
    base, exponent = (value(part, setting) for part in parts)
    if isinstance(base, Dual):
        root, exponent = real(base), real(exponent)
        return Dual(root.value**exponent, exponent * root.value ** (exponent - 1) * root.slope)
    return real(base) ** (exponent if isinstance(exponent, int) else real(exponent))


def _extreme(choose: Callable[..., Number]) -> Rule:
    return lambda parts, setting: choose((value(part, setting) for part in parts), key=value_of)


def _holds(tree: Tree, setting: Setting) -> bool:
    """Whether a condition holds."""
    if isinstance(tree, str):
        return tree == "True"
    for old, new, _ in setting.put:
        if old == tree:
            return bool(new)
    if tree[0] in ("Or", "And"):
        return (any if tree[0] == "Or" else all)(_holds(part, setting) for part in tree[1:])
    left, right = (value_of(value(part, setting)) for part in tree[1:])
    return bool(CONDITIONS[tree[0]](left, right))


CONDITIONS = {
    "StrictLessThan": operator.lt, "LessThan": operator.le, "StrictGreaterThan": operator.gt,
    "GreaterThan": operator.ge, "Equality": operator.eq, "Unequality": operator.ne,
}  # fmt: skip


def _piecewise(parts: list[Tree], setting: Setting) -> Number:
    """The first piece whose condition holds; in `setting.piece` the one of that number, whatever holds."""
    if setting.piece:
        return value(parts[setting.piece - 1][-2], setting)
    return value(next(part[-2] for part in parts if _holds(part[-1], setting)), setting)


def _of_number(parts: list[Tree], setting: Setting) -> Number:
    """An expression whose pieces are those of a number, counted from 1."""
    return value(parts[0], replace(setting, piece=value(parts[-1], setting)))


def _on_side(parts: list[Tree], setting: Setting) -> Number:
    """An expression for z <= 0, number 1, or z > 0, number 2: its pieces, |z| and min(z, 0) are those of that side."""
    number = value(parts[-1], setting)
    below = number == 1
    puts = ((["Abs", "z"], ["*", -1, "z"] if below else "z", setting), (["Min", 0, "z"], "z" if below else 0, setting))
    return value(parts[0], replace(setting, piece=number, put=(*setting.put, *puts)))


def _on_region(parts: list[Tree], setting: Setting) -> Number:
    """An expression where the condition of that number holds, counted from 1, and none of the others."""
    whole, conditions, number = parts
    wanted = value(number, setting)
    truths = ((condition, at == wanted, setting) for at, condition in enumerate(conditions, 1))
    return value(whole, replace(setting, put=(*setting.put, *truths)))


def moved(tree: Tree, leaf: Tree, setting: Setting) -> Number:
    """∂tree/∂leaf: the leaf, a symbol or an element, moves as a dual number."""
    value(tree, setting)  # so that every number is drawn before one of them moves
    key = (leaf,) if isinstance(leaf, str) else (leaf[1], *(value(index, setting) for index in leaf[2:]))
    rest = real(value(leaf, setting))
    put = tuple(put for put in setting.put if put[0] != leaf)
    field, names = ("names", {leaf: Dual(rest, 1)}) if isinstance(leaf, str) else ("arrays", {key: Dual(rest, 1)})
    moving = replace(setting, put=put, moving=(key, rest), **{field: getattr(setting, field) | names})
    found = value(tree, moving)
    return found.slope if isinstance(found, Dual) else 0


def _same(parts: list[Tree], setting: Setting) -> Number:
    return value(parts[0], setting)


def _sign(z: Any) -> Any:
    return int(z > 0) - int(z < 0)


def density(z: Any) -> Any:
    """The normal density."""
    return mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi)


REAL: dict[str, Rule] = KNOWN | {
    "^": _power,
    "exp": smooth(mpmath.exp, mpmath.exp),
    "log": smooth(mpmath.log, lambda z: 1 / z),
    "log1p": smooth(mpmath.log1p, lambda z: 1 / (1 + z)),
    "sin": smooth(mpmath.sin, mpmath.cos),
    "cos": smooth(mpmath.cos, lambda z: -mpmath.sin(z)),
    "tanh": smooth(mpmath.tanh, lambda z: 1 / mpmath.cosh(z) ** 2),
    "normal_cdf": smooth(mpmath.ncdf, density),
    "erfc": smooth(mpmath.erfc, lambda z: -2 * mpmath.exp(-z * z) / mpmath.sqrt(mpmath.pi)),
    "Abs": smooth(abs, _sign),
    "sign": smooth(_sign, lambda _: 0),
    "Min": _extreme(min),
    "Max": _extreme(max),
    "floor": smooth(mpmath.floor, lambda _: 0),
    "frac": smooth(lambda z: z - mpmath.floor(z), lambda _: 1),
    "Piecewise": _piecewise,
    "piece": _of_number,
    "side": _on_side,
    "region": _of_number,
    "pick": lambda parts, setting: value(parts[0][value(parts[1], setting) - 1], setting),
    "on_region": _on_region,
    "slope": lambda parts, setting: moved(parts[0], parts[1], setting),
    "derivative": lambda parts, setting: moved(parts[0], "z", setting),
    "value": lambda parts, setting: value(parts[0][4], setting),
    **dict.fromkeys(("in_exponentials", "by_log", "by_erf", "by_exp"), _same),
}
"""What this route knows at real places."""
