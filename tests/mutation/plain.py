"""Kernels as plain Python, in double precision or in a copy of how Numba types single precision.

Plain Python would hide two faults. Memory that was never set holds zeros often enough: here `np.empty` gives NaN. And
a number that is not in the arrays' type turns float32 work into float64 in Numba, but not in NumPy: here a `Single`
with a float gives a float, as Numba does, and a `Singles` array refuses to store it. `np.float32` is `Single` too, and
an int32 is made only by name: a literal makes integers wide in Numba.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable
from types import CodeType, SimpleNamespace
from typing import Any

import numpy as np

OPTIONS: dict[str, dict[str, Any]] = {}
"""The compiler options of each function of the last loaded module."""
OVERLOADS: dict[str, tuple[dict[str, Any], Any]] = {}
"""Functions chosen by type: name -> (compiler options, the function that chooses)."""
MIXED = [0]
"""How many operations so far had a `Single` and a float."""


class Single:
    """One float32 number."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = np.float32(value)

    def __float__(self) -> float:
        return float(self.value)

    def __neg__(self) -> Single:
        return Single(-self.value)

    def __abs__(self) -> Single:
        return Single(abs(self.value))

    def __repr__(self) -> str:
        return f"Single({self.value})"

    def view(self, kind: object) -> int:
        """The bits as a number, as wide as Numba makes it with the next literal."""
        if kind is not Int32:
            raise TypeError(f"{kind!r} has another size")
        return int(self.value.view(np.int32))


class Int32:
    """One int32 number, cut as Numba cuts, to be read as bits."""

    def __init__(self, value: int) -> None:
        self.value = np.int64(value).astype(np.int32)

    def view(self, kind: object) -> Single:
        if kind is not Single:
            raise TypeError(f"{kind!r} has another size")
        return Single(self.value.view(np.float32))


def _arithmetic(do: Callable[[Any, Any], Any], turned: bool) -> Callable[[Any, Any], Any]:
    def method(self: Single, other: Any) -> Any:
        both = isinstance(other, Single) or do is operator.pow
        a, b = (self.value, np.float32(other)) if both else (float(self), float(other))
        result = do(b, a) if turned else do(a, b)
        MIXED[0] += not both
        return Single(result) if both else result

    return method


def _comparison(do: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda self, other: do(float(self), float(other))


for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Single, f"__{_name}__", _arithmetic(getattr(operator, _name), False))
    setattr(Single, f"__r{_name}__", _arithmetic(getattr(operator, _name), True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Single, f"__{_name}__", _comparison(getattr(operator, _name)))


class Singles:
    """An array of `Single` that stores nothing else; 0 and infinity as literals lose no digits and may be."""

    dtype = SimpleNamespace(type=Single)

    def __init__(self, values: Any) -> None:
        self.values = values if isinstance(values, np.ndarray) and values.dtype == object else self._made(values)

    @staticmethod
    def _made(values: Any) -> np.ndarray:
        array = np.asarray(values, dtype=np.float64)
        return np.array([*map(Single, array.ravel()), None], dtype=object)[:-1].reshape(array.shape)

    def numbers(self) -> np.ndarray:
        return np.array([float(v) for v in self.values.ravel()]).reshape(self.values.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def size(self) -> int:
        return self.values.size

    def sum(self) -> Single:
        return Single(self.numbers().sum())

    @property
    def T(self) -> Singles:
        return Singles(self.values.T)

    def reshape(self, *shape: int) -> Singles:
        return Singles(self.values.reshape(*shape))

    def __getitem__(self, key: Any) -> Any:
        item = self.values[key]
        return Singles(item) if isinstance(item, np.ndarray) else item

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, Singles):
            self.values[key] = value.values
        elif isinstance(value, Single):
            self.values[key] = value
        elif type(value) is int and value == 0:
            self.values[key] = Single(0)
        else:
            raise TypeError(f"{value!r} is no single precision number")


class _Numpy:
    """NumPy with `empty` full of NaN, single numbers that are `Single`, and for `Singles` a product of their own."""

    float32, int32 = Single, Int32

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def empty(shape: Any, dtype: Any = np.float64) -> Any:
        if dtype is Singles.dtype:
            return Singles(np.full(shape, np.nan))
        real = np.issubdtype(dtype, np.floating)
        return np.full(shape, np.nan if real else np.iinfo(dtype).max, dtype)

    def empty_like(self, array: Any) -> Any:
        return self.empty(array.shape, array.dtype if isinstance(array, np.ndarray) else Singles.dtype)

    @staticmethod
    def dot(a: Any, b: Any, out: Any = None) -> Any:
        if not isinstance(out, Singles):
            return np.dot(a, b, out)
        if out.shape != (a.shape[0], b.shape[1]):
            raise ValueError(f"{out.shape} is not the shape of the product")
        out.values[...] = a.values @ b.values
        return out


def _single(function: Callable[[float], float]) -> Callable[[Any], Any]:
    return lambda x: Single(function(float(x))) if isinstance(x, Single) else function(x)


class _Math:
    """The scalar functions, of the type of their argument."""

    def __getattr__(self, name: str) -> Any:
        member = getattr(math, name)
        return _single(member) if callable(member) and name != "isfinite" else member


def greatest(*values: Any) -> Any:
    """`max`; of a `Single` and a float it is a float, as in Numba."""
    result = max(*values)
    singles = [isinstance(value, Single) for value in values]
    return float(result) if any(singles) and not all(singles) else result


def load(*codes: CodeType) -> dict[str, Any]:
    """The names of the kernel modules, executed without Numba; what comes later takes the place of what was there."""
    OPTIONS.clear()
    OVERLOADS.clear()

    def njit(**options: Any) -> Callable[[Any], Any]:
        def keep(function: Any) -> Any:
            OPTIONS[function.__name__] = options
            return function

        return keep

    def overload(original: Any, *, jit_options: dict[str, Any]) -> Callable[[Any], Any]:
        def keep(choose: Any) -> Any:
            OVERLOADS[original.__name__] = jit_options, choose
            return choose

        return keep

    modules = {
        "numba": SimpleNamespace(njit=njit, types=SimpleNamespace(float32="float32", float64="float64")),
        "numba.extending": SimpleNamespace(overload=overload),
        "numpy": _Numpy(),
        "math": _Math(),
    }

    def bring(name: str, *_: Any) -> Any:
        return modules[name]

    space: dict[str, Any] = {
        "__builtins__": {**vars(builtins), "__import__": bring, "max": greatest},
        "__name__": "kernels",
    }
    for code in codes:
        modules["spectral_core.kernels.cpu.dense"] = SimpleNamespace(**space)
        exec(code, space)
    return space
