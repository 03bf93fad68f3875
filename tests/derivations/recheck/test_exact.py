"""The compiled kernels equal exact arithmetic, and a change in the last place of any result is noticed."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from derivations.recheck import exact_functions, exact_networks
from derivations.recheck.exact import KERNEL_CHECKS, compare
from derivations.recheck.exact_comparison import Comparison, floats, run
from derivations.recheck.exact_epochs import CPU_CHECKS
from derivations.recheck.exact_host import HOST
from derivations.recheck.field import value_of
from derivations.recheck.point import Refused
from spectral_core.kernels import formulas
from spectral_core.kernels.cpu import dense, one_hidden, sparse
from spectral_core.kernels.tables import ONE_HIDDEN_SIZES

TRANSCENDENTAL = {
    "exponential_float32",
    "exponential_float64",
    "activate",
    "cross_entropy",
    "poisson",
    "binary_cross_entropy",
    "update",
    "cosine_rise",
    "cosine_fall",
    *CPU_CHECKS,
    *(name for name in KERNEL_CHECKS if name.startswith("factor_") and name != "factor_column"),
}
FORMS = ("global", "layerwise", "direct", "sparse")
CALLED = {f"propagate_{p}": f"predict_{p}" for p in FORMS} | {f"adjoint_{p}": f"gradient_{p}" for p in FORMS}
"""The runner through which a check calls its kernel."""


def test_every_kernel_that_names_a_theorem_has_a_check() -> None:
    kernels = {
        name: getattr(f, "py_func", f if inspect.isfunction(f) else None)
        for name, f in (vars(formulas) | vars(dense) | vars(one_hidden) | vars(sparse)).items()
    }
    named = {name for name, function in kernels.items() if function and "Theorem:" in (inspect.getdoc(function) or "")}
    assert KERNEL_CHECKS.keys() == named


@pytest.mark.parametrize("kernel", KERNEL_CHECKS)
def test_every_kernel_equals_exact_arithmetic(kernel: str) -> None:
    evidence = compare(kernel)
    assert evidence.failure is None
    assert evidence.equalities >= (2 if kernel.startswith("exponential") else 16)
    assert (evidence.approximations > 0) == (kernel in TRANSCENDENTAL)
    assert evidence.worst <= evidence.allowed
    assert ("mpmath" in evidence.method) == (kernel in TRANSCENDENTAL)


def spoiled(original: Callable, place: int) -> Callable:
    """The kernel with one result changed: the last place of array number `place`, or -1 for what is returned."""

    def kernel(*args: object) -> object:
        arrays = [a for a in args if isinstance(a, np.ndarray) and a.dtype == np.float64]
        before = [a.copy() for a in arrays]
        result = original(*args)
        if place == -1:
            return result * (1 + 1e-12)
        changed = [a for a, b in zip(arrays, before, strict=True) if not np.array_equal(a, b, equal_nan=True)]
        if place < len(changed):
            last = changed[place].reshape(-1)
            last[-1] = np.nextafter(last[-1], np.inf)
        return result

    return kernel


ROWS = tuple(f"propagate_{a}_{b}" for a, b in ONE_HIDDEN_SIZES)
WITHOUT_ARRAY = (*ROWS, "squared_norm")
PLACES = {"factor_column": 1, "objective_sparse": 2}
"""Of the array that a kernel is there for, among those it changes; 0 for all others."""
RETURNED = [*HOST, "cosine_rise", "cosine_fall"]
RESULTS = [
    (kernel, PLACES.get(kernel, 0))
    for kernel in KERNEL_CHECKS
    if not kernel.startswith(("exponential", *WITHOUT_ARRAY)) and kernel not in RETURNED
]
RESULTS += [(kernel, -1) for kernel in RETURNED]
RESULTS += [
    (kernel, -1)
    for kernel in KERNEL_CHECKS
    if kernel.startswith(tuple(f"adjoint_{form}" for form in FORMS))
    or kernel.split("_")[0] in ("penalty", "squared", "cross")
]
RESULTS += [("adam", 1), ("adam", 2), ("sgd", 1), ("activate", 1)]


@pytest.mark.parametrize(("kernel", "place"), RESULTS)
def test_a_change_in_the_last_place_is_refused(kernel: str, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    name = CALLED.get(kernel, kernel)
    home = next(module for module in (dense, one_hidden, sparse, formulas) if hasattr(module, name))
    monkeypatch.setattr(home, name, spoiled(getattr(home, name), place))
    assert compare(kernel).failure is not None


@pytest.mark.parametrize("kernel", ROWS)
def test_a_change_in_an_output_row_is_refused(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = getattr(one_hidden, kernel)

    def wrong(*args: np.ndarray) -> None:
        original(*args)
        args[-1][-1, 2] = np.nextafter(args[-1][-1, 2], np.inf)

    monkeypatch.setattr(one_hidden, kernel, wrong)
    assert compare(kernel).failure is not None


@pytest.mark.parametrize("result", [0, 1])
def test_an_exponential_off_by_a_few_places_is_refused(result: int) -> None:
    def wrong(x: np.float32) -> tuple[np.float32, np.float32]:
        power, difference = np.exp(x), np.expm1(x)
        off = np.float32(1 + 2.0**-20)
        return (power * off, difference) if result == 0 else (power, difference * off)

    check = exact_functions.exponential(wrong, np.float32, 87, 1.7, 3.6)
    assert run("exponential", check, 0).failure is not None


@pytest.mark.parametrize("kernel", CALLED)
@pytest.mark.parametrize("kink", [-1, 2])
def test_another_kink_of_relu_is_refused(kernel: str, kink: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exact_networks.ACTIVATIONS, "relu", lambda z: z if value_of(z) > kink else 0 * z)
    assert compare(kernel).failure is not None


def test_a_comparison_says_what_differs() -> None:
    def off(comparison: Comparison) -> None:
        comparison.equal("it", [0.5, 0.25], [Fraction(1, 2), Fraction(1, 3)])

    assert run("off", off, 0).failure == "it[1]: 0.25 is not 1/3"
    assert run("nan", lambda comparison: comparison.equal("it", np.nan, 0), 0).failure == "it[0]: nan is not 0"
    assert run("few", lambda comparison: comparison.equal("it", [1.0], [1, 2]), 0).failure == "it: 1 numbers, not 2"
    with pytest.raises(Refused, match=r"4503599627370496.0 ulp from"):
        Comparison(random.Random(0)).close("it", 2.0, mpmath.mpf(1), 3)
    with pytest.raises(ValueError, match="no float64"):
        floats([Fraction(1, 3)])
