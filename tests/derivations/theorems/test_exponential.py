"""The exponential keeps its proven bounds, compiled and interpreted; a broken program is not proven."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from derivations.codegen.cpu import elementwise as printer
from derivations.proof.rounding import ln2
from derivations.proof.theorem import Proof, ProofError
from derivations.theorems.scalar import accuracy, activations, exponential_error
from derivations.theorems.scalar.exponential import FLOAT32, FLOAT64, FORMATS, Format, nearest
from spectral_core.kernels.cpu import dense

FAST = {"contract", "reassoc", "nsz"}
"""The flags of the kernels that call the exponential."""
BOTH = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


@njit(fastmath=FAST, error_model="numpy")
def both(x: np.ndarray, power: np.ndarray, difference: np.ndarray) -> None:
    for i in range(x.size):
        power[i], difference[i] = dense.exponential(x[i])


def compiled(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    results = np.empty_like(x), np.empty_like(x)
    both(x, *results)
    return results


def interpreted(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(all="ignore"):
        pairs = [dense.exponential(e) for e in x]
    return np.array([p for p, _ in pairs], x.dtype), np.array([q for _, q in pairs], x.dtype)


def patterns(form: Format) -> st.SearchStrategy[int]:
    """Bit patterns of finite numbers, half of them where neither function is trivial."""
    near = st.floats(*map(float, (form.lowest - 5, form.highest + 5)), width=form.bits + form.exponent_bits)
    code = np.dtype(form.name).type
    return near.map(lambda x: float(code(x))) | st.floats(width=form.bits + form.exponent_bits, allow_nan=False)


def violations(form: Format, x: np.ndarray, power: np.ndarray, difference: np.ndarray) -> list[str]:
    """Every element that breaks the statement of the theorem."""
    info, u = np.finfo(form.name), mpmath.mpf(2) ** -form.bits
    slack = {"exp": 0, "expm1": 0}
    found = []
    with mpmath.workprec(2 * form.bits + 60):
        for argument, *results in zip(x.tolist(), power.tolist(), difference.tolist(), strict=True):
            truths = mpmath.exp(argument), mpmath.expm1(argument)
            for name, truth, result in zip(slack, truths, results, strict=True):
                bound = mpmath.mpf(float(getattr(form, name))) * u * abs(truth)
                if name == "exp" and argument < form.normal[0]:
                    bound += mpmath.mpf(float(info.smallest_subnormal)) / 2
                if math.isinf(result):
                    good = truth + bound >= float(info.max)
                else:
                    good = abs(mpmath.mpf(result) - truth) <= bound
                if not good:
                    found.append(f"{name}({argument!r}) = {result!r}, not {mpmath.nstr(truth, 25)}")
    return found


@BOTH
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_random_numbers_keep_the_proven_bound(form: Format, data: st.DataObject) -> None:
    x = np.array(data.draw(st.lists(patterns(form), min_size=1, max_size=70)), form.name)
    assert violations(form, x, *compiled(x)) == []
    assert violations(form, x[:3], *interpreted(x[:3])) == []


@BOTH
def test_multiples_of_ln2_and_their_halves_keep_the_proven_bound(form: Format) -> None:
    """r is 0 as nearly as it can be, or as large as it can be: cancellation on one side, truncation on the other."""
    steps = np.arange(2 * int(form.lowest / Fraction(7, 10)), 2 * int(form.highest / Fraction(7, 10)))
    steps = steps[:: max(1, steps.size // 800)]
    middle = (steps * (math.log(2) / 2)).astype(form.name)
    x = np.concatenate([np.nextafter(middle, -np.inf), middle, np.nextafter(middle, np.inf)]).astype(form.name)
    assert violations(form, x, *compiled(x)) == []


@BOTH
@pytest.mark.parametrize("run", [compiled, interpreted])
def test_special_values(form: Format, run: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, float(form.lowest), float(form.highest)], form.name)
    power, difference = run(x)
    assert power.dtype == difference.dtype == x.dtype
    np.testing.assert_array_equal(power, np.array([1, 1, np.inf, 0, np.nan, 0, np.inf]))
    np.testing.assert_array_equal(difference, np.array([0, 0, np.inf, -1, np.nan, -1, np.inf]))


@BOTH
def test_the_type_stays(form: Format) -> None:
    scalar = njit(fastmath=FAST)(lambda x: dense.exponential(x)[0])
    scalar(np.dtype(form.name).type(1))
    assert [str(result.signature.return_type) for result in scalar.overloads.values()] == [form.name]


def test_regrouping_would_be_noticed() -> None:
    """The same lines compiled with `reassoc` break the bound: that the flag is absent is no matter of style."""
    text = "\n\n\n".join(printer.exponential_functions())
    assert text.count('"fastmath": {"contract"}') == 1
    space: dict[str, Any] = {"np": np, "overload": lambda *_, **__: lambda function: function}
    exec(text, space)
    regrouped = njit(fastmath=FAST, error_model="numpy")(space["exponential_float32"])
    x = np.linspace(-80, 80, 999).astype(np.float32)
    results = np.array([regrouped(e) for e in x], np.float32)
    assert violations(FLOAT32, x, results[:, 0], results[:, 1])
    assert violations(FLOAT32, x, *compiled(x)) == []


@BOTH
def test_what_is_proven_is_what_is_printed(form: Format) -> None:
    (text,) = (part for part in printer.exponential_functions() if part.startswith(f"def exponential_{form.name}("))
    body = [line.strip() for line in text.split('"""')[2].strip().splitlines()]
    constants = {line.split(" = ")[0]: line.split(" = ")[1] for line in body[: len(form.constants)]}
    assert {name: Fraction(float(eval(value))) for name, value in constants.items()} == form.constants
    assert body[len(constants) :] == [*form.lines, "return power, difference"]


# --- the proof refuses ------------------------------------------------------------------------------------------------


def refused(form: Format) -> None:
    """A claim fails; an argument that is not even well formed would say nothing about the program."""
    with pytest.raises(ProofError) as caught:
        exponential_error.theorem_for(form).prove()
    assert "Error: " not in str(caught.value) or "ValueError: " in str(caught.value)


def with_constants(form: Format, **changed: Fraction) -> Format:
    """The format with other numbers than the right ones."""
    wrong = replace(form)
    wrong.__dict__["constants"] = form.constants | changed
    return wrong


def broken_formats() -> Iterator[Any]:
    for form in FORMATS:
        u, constants = Fraction(1, 2**form.bits), form.constants
        for k in (2, form.degree // 2, form.degree):
            # What a term contributes at most is R^k / k!, R about 1/3: the later, the larger a slip must be to matter.
            slip = 4 * u * 3**k * math.factorial(k)
            yield pytest.param(
                with_constants(form, **{f"c{k}": nearest(constants[f"c{k}"] * (1 + slip), form.bits)}),
                id=f"{form.name}: c{k} off by {float(slip / u):.0f} u",
            )
        yield pytest.param(replace(form, degree=form.degree - 1), id=f"{form.name}: one term too few")
        full = nearest(ln2()[0], form.bits)
        yield pytest.param(with_constants(form, ln2_high=full), id=f"{form.name}: ln2_high with all its bits")
        yield pytest.param(with_constants(form, ln2_low=Fraction(0)), id=f"{form.name}: ln2_low forgotten")
        yield pytest.param(with_constants(form, ln2_low=-constants["ln2_low"]), id=f"{form.name}: ln2_low negated")
        yield pytest.param(with_constants(form, log2e=Fraction(3, 2)), id=f"{form.name}: log2e rounded to 3/2")
        yield pytest.param(with_constants(form, magic=constants["magic"] / 2), id=f"{form.name}: magic too small")
        yield pytest.param(with_constants(form, magic=constants["magic"] * 2), id=f"{form.name}: magic too large")
        yield pytest.param(replace(form, lowest=form.lowest + 2), id=f"{form.name}: clamped too early below")
        yield pytest.param(replace(form, highest=form.highest - 1), id=f"{form.name}: clamped too early above")
        yield pytest.param(replace(form, lowest=4 * form.lowest), id=f"{form.name}: clamped too late below")
        yield pytest.param(replace(form, highest=4 * form.highest), id=f"{form.name}: clamped too late above")
        first, last = form.normal
        yield pytest.param(replace(form, normal=(first - 1, last)), id=f"{form.name}: scope too wide below")
        yield pytest.param(replace(form, normal=(first, last + 1)), id=f"{form.name}: scope too wide above")
        yield pytest.param(replace(form, exp=Fraction(1)), id=f"{form.name}: a bound too good for exp")
        yield pytest.param(replace(form, expm1=Fraction(2)), id=f"{form.name}: a bound too good for expm1")


@pytest.mark.parametrize("form", list(broken_formats()))
def test_a_wrong_format_is_not_proven(form: Format) -> None:
    refused(form)


@pytest.mark.parametrize(
    ("part", "lines"),
    [
        ("clamp", ("x = lowest if x > lowest else x", "x = highest if x > highest else x")),
        ("clamp", FLOAT32.clamp[:1]),
        ("reduction", ("t = x * log2e - magic", "n = t + magic")),
        ("reduction", ("t = x * log2e + magic", "n = t - magic + log2e")),
        ("remainder", ("r = x - n * (ln2_high + ln2_low)",)),
        ("remainder", ("r = (x - n * ln2_high) + n * ln2_low",)),
        ("remainder", ("r = (x - n * ln2_low) - n * ln2_high",)),
        ("result", ("a = s1 * p", "power = (s1 - a) * s2", "difference = ((s1 - q2) + a) * s2")),
        ("result", ("a = s1 * p", "power = (s1 + a) * s2", "difference = ((s1 + a) - q2) * s2")),
        ("result", ("a = s1 * p", "power = (s1 + a) * s2", "difference = ((s1 - q2) - a) * s2")),
        ("result", ("a = p * p", "power = (s1 + a) * s2", "difference = ((s1 - q2) + a) * s2")),
    ],
)
def test_a_wrong_line_is_not_proven(part: str, lines: tuple[str, ...]) -> None:
    refused(replace(FLOAT32, **{part: lines}))


@dataclass(frozen=True)
class WrongLine(Format):
    """A format with one line of its polynomial or of its scaling exchanged."""

    right: str = ""
    wrong: str = ""

    @property
    def polynomial(self) -> tuple[str, ...]:
        return tuple(self.wrong if line == self.right else line for line in super().polynomial)

    @property
    def scaling(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(self.wrong if line == self.right else line for line in super().scaling)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("q = q * r + c3", "q = q * r - c3"),
        ("q = q * r + c2", "q = q * r + c3"),
        ("w = q * r", "w = q * q"),
        ("p = w * r + r", "p = w * r - r"),
        ("p = w * r + r", "p = w + r"),
        ("rest = k - half", "k = k - half"),
        ("half = k >> 1", "half = k >> 8"),
        ("rest = k - half", "rest = half"),
        ("s2 = np.int32((rest + 127) << 23).view(np.float32)", "s2 = np.int32((half + 127) << 23).view(np.float32)"),
        ("q2 = np.int32((127 - rest) << 23).view(np.float32)", "q2 = np.int32((127 - half) << 23).view(np.float32)"),
        ("s1 = np.int32((half + 127) << 23).view(np.float32)", "s1 = np.int32((half + 128) << 23).view(np.float32)"),
    ],
)
def test_a_wrong_polynomial_or_scaling_is_not_proven(right: str, wrong: str) -> None:
    assert right in FLOAT32.lines
    fields = {name: getattr(FLOAT32, name) for name in FLOAT32.__dataclass_fields__}
    refused(WrongLine(**fields, right=right, wrong=wrong))


@pytest.mark.parametrize("claim", list(accuracy.CLAIMS))
def test_better_accuracy_than_there_is_is_not_proven(claim: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(accuracy.CLAIMS, claim, accuracy.CLAIMS[claim] - Fraction(3, 10))
    with pytest.raises(ProofError, match="within"):
        accuracy.theorem_for(FLOAT32).prove()


# --- activations ------------------------------------------------------------------------------------------------------


def exact_activation(name: str, what: str, z: mpmath.mpf) -> mpmath.mpf:
    logistic = 1 / (1 + mpmath.exp(-z))
    if name == "tanh":
        return mpmath.tanh(z) if what == "value" else mpmath.sech(z) ** 2
    if name == "sigmoid":
        return logistic if what == "value" else logistic / (1 + mpmath.exp(z))
    return z * logistic


@BOTH
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_activations_keep_their_relative_accuracy(form: Format, data: st.DataObject) -> None:
    end = math.floor(-form.normal[0] / 2)
    numbers = st.floats(-end, end, width=form.bits + form.exponent_bits, allow_subnormal=False)
    z = np.array([data.draw(st.lists(numbers, min_size=1, max_size=40))], form.name)
    smallest = float(np.finfo(form.name).smallest_normal)
    for (name, what), claim in accuracy.CLAIMS.items():
        slope, value = z.copy(), np.empty_like(z)
        dense.activate(dense.ACTIVATIONS.index(name), slope, value)
        with mpmath.workprec(2 * form.bits + 60):
            for argument, result in zip(z[0].tolist(), (value if what == "value" else slope)[0].tolist(), strict=True):
                truth = exact_activation(name, what, mpmath.mpf(argument))
                if abs(truth) >= 2 * smallest:
                    bound = mpmath.mpf(float(claim)) * mpmath.mpf(2) ** -form.bits
                    assert abs(mpmath.mpf(result) / truth - 1) <= bound, (name, what, argument, result)


@pytest.mark.parametrize("name", [item.name for item in activations.ACTIVATIONS])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_passes_every_activation(name: str, dtype: str) -> None:
    pre, post = np.array([[np.nan, 1.0]], dtype), np.empty((1, 2), dtype)
    dense.activate(dense.ACTIVATIONS.index(name), pre, post)
    assert np.isnan(post[0, 0])
    assert np.isfinite([post[0, 1], pre[0, 1]]).all()


# --- the rounding model -----------------------------------------------------------------------------------------------


@given(st.fractions(min_value=Fraction(1, 10**6), max_value=10**6))
def test_nearest_is_the_rounding_of_the_machine(value: Fraction) -> None:
    assert nearest(value, 53) == Fraction(float(value))


def test_the_proof_compares_exactly() -> None:
    proof = Proof("T")
    proof.at_most("a third", Fraction(1, 3), Fraction(1, 3))
    with pytest.raises(ProofError, match=r"T: a third: 1/3 > 9999"):
        proof.at_most("a third", Fraction(1, 3), Fraction(1, 3) - Fraction(1, 10**30))
    assert FLOAT64.bits == 53
