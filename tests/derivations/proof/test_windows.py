"""The rule "reindexing": what it makes equal is equal, by running sums on numbers; what differs it keeps apart."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.proof.assignments import Array, Assign, Incoming, flatten
from derivations.proof.programs import Program
from derivations.proof.steps import Step
from derivations.proof.windows import Window, along, pairing, reindexed, sums

i, j, a, rho = sp.symbols("i j a rho", integer=True, nonnegative=True)
d, p, t = sp.symbols("d p t", integer=True, positive=True)
ZERO = sp.S.Zero
x, v = (Array(name, (a,), "argument", "", outside=ZERO) for name in ("x", "v"))
y, w = Array("y", (i,), "argument", "", outside=ZERO), Array("w", (rho,), "argument", "", outside=ZERO)


def alike(left: sp.Expr, right: sp.Expr) -> bool:
    return Step("reindexing", "", left, right).remainder() == 0


def total(expression: sp.Expr, numbers: Mapping[str, Mapping[int, int]], reach: int = 12) -> int:
    """A sum over all integers near 0, where arrays of small support are not 0, term by term."""
    result = 0
    for term in sp.Add.make_args(sp.expand(expression)):
        marks = [s for s in term.free_symbols if s.name.startswith("Σ_")]
        body = term.xreplace(dict.fromkeys(marks, sp.S.One))
        bound = [next(s for s in body.free_symbols if s.name == mark.name[2:]) for mark in marks]
        elements = sorted(body.atoms(sp.Indexed), key=str)
        reads = sp.lambdify(bound, [e.indices[0] for e in elements], modules="math")
        deltas = sorted(body.atoms(sp.KroneckerDelta), key=str)
        equal = sp.lambdify(bound, [delta.args[0] - delta.args[1] for delta in deltas], modules="math")
        factor = body.as_coeff_Mul()[0]
        for at in product(range(-reach, reach + 1), repeat=len(bound)):
            if any(equal(*at)):
                continue
            value = factor
            for element, place in zip(elements, reads(*at), strict=True):
                value *= numbers[str(element.base)].get(place, 0)
            result += value
    return result


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 2),
    st.integers(0, 2),
    st.dictionaries(st.sampled_from("xyw"), st.dictionaries(st.integers(0, 2), st.integers(-3, 3), max_size=3)),
)
def test_a_term_and_its_form_are_the_same_number(dilation: int, padding: int, drawn: dict) -> None:
    numbers = {name: drawn.get(name, {}) for name in "xyw"}
    window = Window(sp.S.One, sp.Integer(dilation), sp.Integer(padding))
    terms = (
        sums(i, rho) * y.element * w.element * x.at(window.at(i, rho)),
        sums(a, rho) * x.element * w.at(2 - rho) * y.at(a - dilation * rho + padding),
        3 * sums(i, a) * sp.KroneckerDelta(a, i + 1) * y.element * x.element,
    )
    for term in terms:
        assert total(term, numbers) == total(reindexed(term), numbers)


def test_shears_make_the_adjoint_of_a_window() -> None:
    value = sums(i, rho) * y.element * w.element * x.at(i + d * rho - p)
    assert alike(value, sums(a, rho) * x.element * w.element * y.at(a - d * rho + p))
    assert alike(value, sums(a, rho) * x.element * w.at(t - 1 - rho) * y.at(a - d * (t - 1 - rho) + p))
    for wrong in (
        sums(a, rho) * x.element * w.element * y.at(a + d * rho - p),
        sums(a, rho) * x.element * w.element * y.at(a - d * rho + p + 1),
        sums(a, rho) * x.element * w.element * y.at(a - rho + p),
        sums(a, rho) * x.element * w.at(t - 1 - rho) * y.at(a - d * rho + p),
        -sums(a, rho) * x.element * w.element * y.at(a - d * rho + p),
        2 * sums(a, rho) * x.element * w.element * y.at(a - d * rho + p),
    ):
        assert not alike(value, wrong)


def test_a_stride_is_no_shear() -> None:
    """Σ_i y[i] x[2 i] reads every second entry; Σ_a x[a] y[a] reads all."""
    assert not alike(sums(i) * y.element * x.at(2 * i), sums(a) * x.element * y.element)
    assert alike(sums(i) * y.element * x.at(2 * i), sums(j) * y.at(j) * x.at(2 * j))


def test_a_delta_picks_one_term() -> None:
    picked = sums(i, a) * sp.KroneckerDelta(a, i - p) * y.element * x.element
    assert alike(picked, sums(i) * y.element * x.at(i - p))
    assert not alike(picked, sums(i) * y.element * x.at(i + p))
    # A delta of two parameters is a number, and stays.
    assert not alike(sums(i) * sp.KroneckerDelta(d, p) * y.element, sums(i) * y.element)


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (sums(i) * d, "no array holds the sum over"),
        (sums(i, j) * y.element, "no array holds the sum over"),
        (sums(i) ** 2 * y.element, "stands twice or nonlinearly"),
        (sp.exp(sums(i) * y.element), "stands twice or nonlinearly"),
        (sums(i) * y.element * sp.Symbol("i"), "two symbols have one name"),
    ],
)
def test_what_is_no_sum_over_integers_is_refused(term: sp.Expr, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reindexed(term)


def test_no_variable_takes_the_name_of_a_parameter() -> None:
    """y0 is what the first slot of y would be called."""
    taken = sp.Symbol("y0", integer=True)
    term = sums(i) * y.element * x.at(i + taken)
    form = reindexed(term)
    assert taken in form.free_symbols
    assert not alike(term, sums(i) * y.element * x.at(2 * i))


def test_pairings_and_derivatives() -> None:
    line = Assign(y.element, w.element * x.at(t * i + rho) ** 2, over=(rho,))
    bar = Array("dy", (i,), "argument", "", outside=ZERO)
    assert pairing(line, bar) == sums(i, rho) * bar.element * w.element * x.at(t * i + rho) ** 2
    change = along(line.value, x, v)
    assert change == 2 * w.element * x.at(t * i + rho) * v.at(t * i + rho)
    two = x.at(i) * x.at(i + 1)
    assert sp.expand(along(two, x, v)) == sp.expand(v.at(i) * x.at(i + 1) + x.at(i) * v.at(i + 1))
    assert along(w.element, x, v) == 0
    with pytest.raises(ValueError, match="no elementary derivative"):
        along(sp.Function("f")(x.element), x, v)


def test_windows_are_read_back_from_an_index() -> None:
    window = Window(t, d, p)
    assert Window.of(window.at(i, rho), i, rho) == window
    assert Window.of(2 * i + 3 * rho - 1, i, rho) == Window(sp.Integer(2), sp.Integer(3), sp.Integer(1))
    for none in (3 * rho, i * rho, i**2 + rho):
        with pytest.raises(ValueError, match="is no window"):
            Window.of(none, i, rho)


def test_programs_read_through_windows_where_a_value_is_known_outside() -> None:
    read = Assign(y.element, w.element * x.at(t * i + rho - p), over=(rho,))

    def program(line: Assign, array: Array = x, scalars: tuple[str, ...] = ("t", "p")) -> Program:
        return Program("program", "", (), (array, w, y), (line,), scalars=scalars)

    program(read)
    with pytest.raises(ValueError, match="is not at the indices of its array"):
        program(read, Array("x", (a,), "argument", ""))
    with pytest.raises(ValueError, match="neither free nor summed"):
        program(read, scalars=("t",))
    with pytest.raises(ValueError, match="is not at the indices of its array"):
        program(Assign(y.element, w.element * x.at(i, rho), over=(rho,)))
    half = x.at(sp.Rational(1, 2) * i + rho)
    with pytest.raises(ValueError, match="is not at the indices of its array"):
        program(Assign(y.element, w.element * half, over=(rho,)))
    low = Array("x", (a,), "argument", "", outside=-sp.oo)
    for kind in ("max", "argmax"):
        program(Assign(y.element, x.at(i + rho), over=(rho,), reduce=kind), low, ())
        with pytest.raises(ValueError, match="a reduction other than a sum"):
            program(Assign(y.element, x.at(i + rho), over=(rho,), reduce=kind), x, ())


def test_what_arrives_at_a_node_is_added_up() -> None:
    node, part = Array("node", (i,), "state", ""), Array("part", (i,), "state", "")
    zero, more = Assign(node.element, ZERO), Assign(node.element, part.element, accumulate=True)
    whole = Program("node", "", (), (node, part), (zero, Incoming((more,))))
    assert whole.assignments == (zero, more) == tuple(flatten(whole.body, {}))
    with pytest.raises(ValueError, match="what several sources or rows contribute to must be accumulated"):
        Program("node", "", (), (node, part), (zero, Incoming((Assign(node.element, part.element),))))
