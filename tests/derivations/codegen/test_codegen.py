"""The printer: small programs, printed, run as plain Python and compared with their definition; what it must refuse."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from derivations.codegen import elementwise
from derivations.codegen.cpu import module
from derivations.codegen.cpu.elementwise import activation_function
from derivations.codegen.cpu.layers import CpuPrinter, function, signature
from derivations.codegen.expressions import RealPrinter, add
from derivations.codegen.loops import LoopPrinter
from derivations.proof.assignments import Array, Assign, Layers, Node, Rows, Sources, When, flatten, name_of
from derivations.proof.notation import h, k, p, s
from derivations.proof.programs import Program
from derivations.proof.rules import leaves
from derivations.theorems.scalar import activations
from derivations.theorems.scalar.activations import ACTIVATIONS, Activation, elementary, kinked, normal_cdf
from derivations.theorems.spectral.propagation import ACTIVATE

SIZES = {s: 2, h: 3, k: 4, p: 5}
a, b, c = (sp.Symbol(name) for name in "abc")
x, y = (Array(name, (s, k), "argument", "") for name in "xy")
w, v = (Array(name, (h, k), "argument", "") for name in "wv")
z, t = (Array(name, (s, h), "argument", "") for name in "zt")
row, other_row = (Array(name, (s,), "argument", "") for name in ("row", "other_row"))
column = Array("column", (h,), "argument", "")
inner = Array("inner", (k,), "argument", "")
loss, peak, squares = sp.symbols("loss peak squares")
ALL = (x, y, w, v, z, t, row, other_row, column, inner)


def program(*body: Node, arrays: tuple[Array, ...] = ALL, **fields: Any) -> Program:
    used = {n for a in flatten(body) for n in (a.name, *(str(o.base) for o in a.operands))}
    stores = {array.store for array in arrays if array.name in used}
    arrays = tuple(array for array in arrays if array.name in used | stores)
    return Program("kernel", "summary", ("T",), arrays, body, **fields)


# --- printed and run --------------------------------------------------------------------------------------------------


def define(value: sp.Expr, memory: dict[str, Any], at: dict[sp.Symbol, int]) -> float:
    """A value at one place of its indices."""
    numbers = {}
    for leaf in leaves(value):
        stands = memory[name_of(leaf)]
        numbers[leaf] = stands[tuple(at[i] for i in leaf.indices)] if isinstance(leaf, sp.Indexed) else stands
    return float(value.xreplace({**numbers, **at}))


def run_definition(body: tuple[Node, ...], memory: dict[str, Any], around: dict[sp.Symbol, int]) -> None:
    """Assignment after assignment, each over all its indices."""
    for node in body:
        if isinstance(node, Rows):
            for at in range(SIZES[s]):
                run_definition(node.body, memory, {s: at})
            continue
        assert isinstance(node, Assign)
        free = [i for i in node.free if i not in around]
        for place in product(*(range(SIZES[i]) for i in free)):
            at = around | dict(zip(free, place, strict=True))
            sums = [
                at | dict(zip(node.over, more, strict=True)) for more in product(*(range(SIZES[i]) for i in node.over))
            ]
            values = [define(node.value, memory, one) for one in sums]
            total = max(values) if node.reduce == "max" else sum(values)
            if node.free:
                where = tuple(at[i] for i in node.free)
                memory[node.name][where] = total + (memory[node.name][where] if node.accumulate else 0)
            else:
                memory[node.name] = total + (memory.get(node.name, 0.0) if node.accumulate else 0)


def memory_of(one: Program) -> dict[str, Any]:
    generator = np.random.default_rng(1)
    memory: dict[str, Any] = {}
    for array in one.arrays:
        if not array.store:
            memory[array.name] = generator.uniform(0.5, 2, tuple(SIZES[i] for i in array.indices))
    for array in one.arrays:
        if array.store:
            memory[array.name] = memory[array.store]
    return memory | {name: float(generator.uniform(0.5, 2)) for name in one.scalars}


def runs_right(one: Program) -> str:
    """The printed text, after it was found to compute what the program says."""
    text = function(one)
    space: dict[str, Any] = {"njit": lambda **_: lambda f: f, "np": np, "math": math}
    exec(text, space)
    wanted, got = memory_of(one), memory_of(one)
    run_definition(one.body, wanted, {})
    result = space[one.name](*(got[name] for name in signature(one)))
    for array in one.arrays:
        np.testing.assert_allclose(got[array.name], wanted[array.name], rtol=1e-13)
    if one.result:
        assert math.isclose(result, wanted[one.result], rel_tol=1e-13)
    return text


def loops(text: str) -> int:
    """How many outermost loops there are."""
    return len(re.findall(r"^    for ", text, re.MULTILINE))


def test_neighbours_over_the_same_indices_share_their_loops() -> None:
    one = runs_right(program(Assign(z.element, 2 * z.element), Assign(t.element, z.element - column.element)))
    assert loops(one) == 1
    assert one.count("for ") == 2
    # Row sums and column sums in one pass, the storage order outside in.
    both = program(
        Assign(inner.element, w.element * v.element, over=(h,), accumulate=True),
        Assign(column.element, -w.element * v.element, over=(k,), accumulate=True),
        Assign(v.element, w.element),
    )
    text = runs_right(both)
    assert loops(text) == 1
    assert text.index("for h in range(n_out)") < text.index("for k in range(n_in)")
    assert "sum_1 -= v[h, k] * w[h, k]" in text
    assert "column[h] += sum_1" in text


@pytest.mark.parametrize(
    ("body", "number"),
    [
        # Other indices.
        ((Assign(row.element, x.element, over=(k,)), Assign(other_row.element, z.element, over=(h,))), 2),
        ((Assign(row.element, x.element, over=(k,)), Assign(other_row.element, y.element**2, over=(k,))), 1),
        # A sum that is not finished.
        ((Assign(row.element, x.element, over=(k,)), Assign(y.element, x.element / row.element)), 2),
        ((Assign(row.element, x.element, over=(k,)), Assign(other_row.element, row.element)), 2),
        (
            (
                Assign(row.element, x.element, over=(k,)),
                Assign(other_row.element, row.element * x.element, over=(k,)),
            ),
            2,
        ),
        (
            (
                Assign(column.element, w.element, over=(k,)),
                Assign(inner.element, column.element * w.element, over=(h,), accumulate=True),
            ),
            2,
        ),
        # Not unfinished: an element that is set whole.
        ((Assign(y.element, 2 * x.element), Assign(row.element, y.element, over=(k,))), 1),
        # Products of matrices stand alone, on either side.
        ((Assign(t.element, z.element**2), Assign(z.element, x.element * w.element, over=(k,))), 1),
        ((Assign(z.element, x.element * w.element, over=(k,)), Assign(t.element, z.element**2)), 1),
        (
            (
                Assign(z.element, x.element * w.element, over=(k,)),
                Assign(t.element, y.element * w.element, over=(k,)),
            ),
            0,
        ),
    ],
)
def test_loops_are_shared_only_where_it_is_right(body: tuple[Assign, ...], number: int) -> None:
    assert loops(runs_right(program(*body))) == number


def test_a_scalar_sum_is_finished_before_it_is_read() -> None:
    values = Array("values", (p,), "argument", "")
    gradient = Array("gradient", (p,), "argument", "")
    first = Assign(squares, values.element**2, over=(p,))
    second = Assign(gradient.element, squares * values.element, accumulate=True)
    text = runs_right(program(first, second, arrays=(values, gradient), result="squares"))
    assert loops(text) == 2
    together = runs_right(
        program(
            first,
            Assign(gradient.element, a * values.element),
            arrays=(values, gradient),
            result="squares",
            scalars=("a",),
        )
    )
    assert loops(together) == 1
    assert signature(program(first, second, arrays=(values, gradient), result="squares")) == ["values", "gradient"]


def test_a_sum_does_not_begin_in_a_place_that_the_loop_still_reads() -> None:
    """`kept` takes the place of `inner`: its sum over h may start only when every row has read `inner`."""
    kept = Array("kept", (k,), "argument", "", store="inner")
    arrays = (w, v, inner, kept)
    body = (Assign(v.element, inner.element * w.element), Assign(kept.element, w.element, over=(h,), accumulate=True))
    with pytest.raises(ValueError, match="nothing stands there yet"):
        program(*body, arrays=arrays)
    adding = Assign(inner.element, w.element, over=(h,), accumulate=True)
    text = runs_right(program(Assign(v.element, inner.element * w.element), adding))
    assert loops(text) == 2
    # Whole elements may: each is read before it is written.
    copied = Array("copied", (h, k), "argument", "", store="w")
    assert (
        loops(
            runs_right(
                program(Assign(v.element, w.element), Assign(copied.element, 2 * v.element), arrays=(w, v, copied))
            )
        )
        == 1
    )


def test_products_of_matrices() -> None:
    turned = Array("turned", (k, s), "argument", "")
    back = Array("back", (k, h), "argument", "")
    for assign, printed in (
        (Assign(z.element, x.element * w.element, over=(k,)), "np.dot(x, w.T, z)"),
        (Assign(x.element, z.element * w.element, over=(h,)), "np.dot(z, w, x)"),
        (Assign(w.element, z.element * x.element, over=(s,)), "np.dot(z.T, x, w)"),
        (Assign(turned.element, z.element * w.element, over=(h,)), "np.dot(w.T, z.T, turned)"),
        (Assign(z.element, turned.element * back.element, over=(k,)), "np.dot(turned.T, back, z)"),
    ):
        text = runs_right(program(assign, arrays=(*ALL, turned, back)))
        assert f"# {assign}\n    {printed}" in text


def layered(*body: Node, arrays: tuple[Array, ...], **fields: Any) -> Program:
    return Program("kernel", "summary", ("T", "U"), arrays, (Layers(body),), **fields)


u_in = Array("u_in", (s, k), "state", "", store="u")
state = Array("state", (s, h), "state", "")
phi = Array("phi", (h, k), "parameter", "")
scratch, more_scratch = (Array(name, (s, h), "scratch", "") for name in ("scratch", "more_scratch"))
block = Array("block", (h, k), "scratch", "")
PRODUCT = Assign(state.element, u_in.element * phi.element, over=(k,))


def test_an_accumulated_product_goes_through_scratch_of_its_own() -> None:
    adding = Assign(state.element, u_in.element * phi.element, over=(k,), accumulate=True)
    begin = Assign(state.element, sp.Integer(0))
    text = function(layered(begin, adding, arrays=(u_in, phi, state)))
    assert "product = matrix(sample_scratch, 0, n_samples, n_out)" in text
    assert "np.dot(u_in, phi.T, product)" in text
    assert "state[s, h] += product[s, h]" in text
    assert signature(layered(begin, adding, arrays=(u_in, phi, state))) == [
        "layout",
        "n_samples",
        "parameters",
        "sample_scratch",
        "state_all",
        "u_all",
    ]
    taken = layered(begin, adding, Assign(scratch.element, state.element), arrays=(u_in, phi, state, scratch))
    with pytest.raises(ValueError, match="the product would overwrite scratch"):
        function(taken)
    # Scratch for weights lies elsewhere.
    blocks = layered(begin, Assign(block.element, phi.element), adding, arrays=(u_in, phi, state, block))
    assert "block = matrix(block_scratch, 0, n_out, n_in)" in function(blocks)
    gradient = Array("dphi", (h, k), "gradient", "")
    no_room = Assign(gradient.element, u_in.element * state.element, over=(s,), accumulate=True)
    with pytest.raises(ValueError, match="sample_scratch has no room for the product"):
        function(layered(no_room, arrays=(u_in, state, gradient)))


def test_scratch_has_room_for_one_array_of_samples_and_two_of_weights() -> None:
    two = (Assign(scratch.element, state.element), Assign(more_scratch.element, state.element))
    with pytest.raises(ValueError, match=re.escape("sample_scratch has room for one of ['scratch', 'more_scratch']")):
        function(layered(*two, arrays=(state, scratch, more_scratch)))
    assert "scratch = matrix(sample_scratch, 0, n_samples, n_out)" in function(layered(two[0], arrays=(state, scratch)))
    second = Array("second", (h, k), "scratch", "")
    both = layered(
        Assign(block.element, phi.element), Assign(second.element, block.element), arrays=(phi, block, second)
    )
    text = function(both)
    assert "block = matrix(block_scratch, 0, n_out, n_in)" in text
    assert "second = matrix(block_scratch, block_scratch.size // 2, n_out, n_in)" in text
    third = Array("third", (h, k), "scratch", "")
    three = layered(
        *(Assign(array.element, phi.element) for array in (block, second, third)), arrays=(phi, block, second, third)
    )
    with pytest.raises(ValueError, match=re.escape("block_scratch has room for two of ['block', 'second', 'third']")):
        function(three)


def test_loops_alone_have_no_products_activations_or_layers() -> None:
    printer = LoopPrinter(layered(PRODUCT, arrays=(u_in, phi, state)))
    with pytest.raises(ValueError, match=re.escape(f"no code for the product {PRODUCT}")):
        printer.block((PRODUCT,), set())
    with pytest.raises(ValueError, match=re.escape("no code for x[s, h] = f(z[s, h])")):
        printer.block(ACTIVATE, set())
    with pytest.raises(TypeError, match="no code for Layers"):
        printer.block((Layers((PRODUCT,)),), set())


def test_views_are_named_once_for_each_place() -> None:
    gradient = Array("dphi", (h, k), "gradient", "")
    path = Array("g", (h, k), "gradient", "", store="dphi")
    text = function(
        layered(
            Assign(path.element, phi.element), Assign(gradient.element, 2 * path.element), arrays=(phi, path, gradient)
        )
    )
    assert "g = matrix(gradient, layout[i, PHI], n_out, n_in)\n        dphi = g" in text
    # The same name for another kind of memory, or another layer, is another place.
    several = CpuPrinter(layered(PRODUCT, arrays=(u_in, phi, state)))
    assert [several.stored(name) for name in ("u_in", "phi", "state")] == [
        ("u", "in"),
        ("phi", "out"),
        ("state", "out"),
    ]
    parameter = Array("dphi", (h, k), "parameter", "")
    printer = CpuPrinter(layered(arrays=()))
    assert printer.view(parameter) == "matrix(parameters, layout[i, BLOCKS + j], n_out, n_in)"
    assert printer.view(gradient) == "matrix(gradient, layout[i, PHI], n_out, n_in)"
    apart = Array("apart", (s, h), "scratch", "", store="state")
    kinds = function(layered(PRODUCT, Assign(apart.element, state.element), arrays=(u_in, phi, state, apart)))
    assert "state = matrix(state_all, n_samples * layout[i, START], n_samples, n_out)" in kinds
    assert "apart = matrix(sample_scratch, 0, n_samples, n_out)" in kinds


def test_signatures() -> None:
    assert signature(program(Assign(z.element, 2 * a * t.element), scalars=("a",))) == ["z", "t", "a"]
    assert signature(layered(Assign(state.element, a * state.element), arrays=(state,), scalars=("a",))) == [
        "a",
        "layout",
        "n_samples",
        "state_all",
    ]
    both = Program(
        "kernel",
        "",
        ("T",),
        (x, state),
        (Layers((Assign(state.element, a * state.element),)), Assign(x.element, 2 * x.element)),
        scalars=("a",),
    )
    assert signature(both) == ["x", "a", "layout", "n_samples", "state_all"]
    activating = (
        Array("z", (s, h), "state", ""),
        Array("x", (s, h), "state", "", store="u"),
        Array("slope", (s, h), "state", "", store="z"),
    )
    assert signature(layered(*ACTIVATE, arrays=activating))[:3] == ["layout", "activation", "n_samples"]


def test_the_docstring_names_theorems_and_shapes() -> None:
    text = function(layered(PRODUCT, arrays=(u_in, phi, state)))
    assert '"""summary.\n\n    Theorem: T, U\n\n    u_in (n_samples, n_in) \n    phi (n_out, n_in) \n' in text


def test_what_is_only_added_to_starts_at_zero() -> None:
    gradient = Array("dphi", (h, k), "gradient", "")
    adding = Assign(state.element, u_in.element * phi.element, over=(k,), accumulate=True)
    text = function(layered(Sources((adding,)), arrays=(u_in, phi, state)))
    assert "state_all[:] = 0" in text
    stored = Array("x_source", (s, k), "state", "", store="u")
    back = Assign(stored.element, state.element * phi.element, over=(h,), accumulate=True)
    assert "    u_all[:] = 0" in function(layered(Sources((back,)), arrays=(phi, state, stored)))
    adds = Assign(gradient.element, phi.element, accumulate=True)
    assert "    gradient[:] = 0" in function(layered(adds, arrays=(phi, gradient)))
    assert "[:] = 0" not in function(layered(Assign(gradient.element, phi.element), adds, arrays=(phi, gradient)))
    # The caller's own arrays are added to as they are.
    added = program(Assign(z.element, t.element, accumulate=True))
    assert "[:] = 0" not in runs_right(added)
    rows = Rows((Assign(loss, x.element, over=(k,), accumulate=True),))
    assert "\n    loss = 0.0\n" in runs_right(program(rows, result="loss"))
    # A result that is set, or none, needs no start.
    assert "= 0.0\n" not in runs_right(program(Assign(loss, row.element, over=(s,)), result="loss"))
    assert "= 0.0\n" not in runs_right(program(Assign(z.element, t.element)))
    assert "= 0.0\n" not in runs_right(program(Assign(z.element, t.element), result=""))


def test_sizes_come_from_arguments() -> None:
    """Not from arrays in flat storage, and not from the second name of a place."""
    kept = Array("kept", (s, h), "argument", "", store="z")
    text = function(Program("kernel", "", ("T",), (kept, z), (Assign(kept.element, 2 * z.element),)))
    assert "n_samples = z.shape[0]\n    n_out = z.shape[1]\n    kept = z" in text
    text = runs_right(program(Assign(z.element, row.element * column.element), arrays=(row, column, z)))
    assert "n_samples = row.shape[0]\n    n_out = column.shape[0]\n" in text


def test_constants_have_the_type_of_a_real_array() -> None:
    label = Array("label", (s,), "argument", "", integer=True)
    one = program(
        Rows((Assign(loss, sp.KroneckerDelta(h, label.element) * z.element, over=(h,), accumulate=True),)),
        arrays=(label, z),
        result="loss",
    )
    assert "one = z.dtype.type(1.0)" in function(one)
    assert "two = state_all.dtype.type(2.0)" in function(
        layered(Assign(state.element, 2 * state.element), arrays=(state,))
    )


def test_sums() -> None:
    assert "row[s] = sum_0" in runs_right(program(Assign(row.element, x.element, over=(k,))))
    assert "row[s] += sum_0" in runs_right(
        program(Assign(row.element, x.element, over=(k,)), Assign(row.element, y.element, over=(k,), accumulate=True))
    ).replace("sum_1", "sum_0")
    text = runs_right(program(Assign(row.element, x.element * y.element, over=(k,), accumulate=True)))
    assert "row[s] += sum_0" in text
    # Within a row a scalar is its own sum; the greatest value starts below every number.
    inside = program(
        Rows(
            (
                Assign(peak, x.element, over=(k,), reduce="max"),
                Assign(squares, x.element**2, over=(k,)),
                Assign(row.element, peak + squares),
            )
        ),
    )
    text = runs_right(inside)
    assert "peak = lowest" in text
    assert "peak = max(peak, x[s, k])" in text
    assert "lowest = x.dtype.type(-math.inf)" in text
    assert text.count("for ") == 2
    outer = "a sum over an outer index must accumulate"
    adding = Assign(column.element, z.element, over=(s,), accumulate=True)
    runs_right(program(adding))
    with pytest.raises(ValueError, match=outer):
        function(program(Assign(column.element, z.element, over=(s,))))
    with pytest.raises(ValueError, match=outer):
        function(program(Assign(loss, x.element, over=(s, k)), result="loss"))
    with pytest.raises(ValueError, match=outer):
        function(program(Assign(loss, x.element, over=(k, s)), result="loss"))
    big = Array("big", (s, h, k), "argument", "")
    text = runs_right(program(Assign(row.element, big.element, over=(h, k), accumulate=True), arrays=(big, row)))
    assert "row[s] += sum_0" in text
    with pytest.raises(ValueError, match=outer):
        function(program(Assign(row.element, big.element, over=(h, k)), arrays=(big, row)))


def test_added_terms_with_a_minus() -> None:
    assert add("t", "-a * b") == "t -= a * b"
    assert add("t", "a - b") == "t += a - b"
    assert add("t", "-a + b") == "t += -a + b"
    assert add("t", "-a - b") == "t += -a - b"
    assert add("t", "-(a + b) * c") == "t += -(a + b) * c"
    for value in (-a, a - b, -a + b, -a - b, -a * b, -a * (b - c), -a * (b + c)):
        one = program(Assign(z.element, value, accumulate=True), scalars=("a", "b", "c"), arrays=(z,))
        runs_right(one)


def test_activations_are_printed_by_a_call() -> None:
    arrays = (
        Array("z", (s, h), "state", ""),
        Array("x", (s, h), "state", "", store="u"),
        Array("slope", (s, h), "state", "", store="z"),
        Array("u", (s, h), "state", ""),
    )
    text = function(layered(*ACTIVATE, arrays=arrays))
    assert text.count("activate(activation[i], z, x)  # x = f(z), slope = f'(z) in the place of z") == 1
    follow = Assign(arrays[3].element, 2 * arrays[1].element)
    before = Assign(arrays[0].element, sp.Integer(0))
    assert function(layered(before, *ACTIVATE, follow, arrays=arrays)).count("for s in") == 2
    for wrong in (ACTIVATE[:1], (ACTIVATE[0], before), (ACTIVATE[0], follow, ACTIVATE[1])):
        with pytest.raises(ValueError, match=re.escape("no code for x[s, h] = f(z[s, h])")):
            function(layered(*wrong, arrays=arrays))
    with pytest.raises(TypeError, match="no code for nonsense"):
        CpuPrinter(layered(arrays=())).loop("nonsense", frozenset())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no code for"):
        function(layered(Assign(arrays[1].element, sp.Function("f")(arrays[3].element)), ACTIVATE[1], arrays=arrays))


def test_loops_over_layers_and_sources() -> None:
    source = Array("x_source", (s, k), "state", "", store="u")
    sending = Assign(
        state.element, source.element * Array("W", (h, k), "parameter", "").element, over=(k,), accumulate=True
    )
    arrays = (source, Array("W", (h, k), "parameter", ""), state)
    for hidden, first in ((False, 0), (True, 1)):
        text = function(
            layered(Assign(state.element, sp.Integer(0)), Sources((sending,), hidden=hidden), arrays=arrays)
        )
        assert f"for j in range({first}, i):" in text
        assert "n_in = layout[i - 1, WIDTH]" not in text
        assert "n_in = layout[j, WIDTH]" in text
    text = function(
        layered(
            When("hidden", (PRODUCT,)),
            When("last", (PRODUCT,)),
            When("sender hidden", (PRODUCT,)),
            arrays=(u_in, phi, state),
        )
    )
    for condition in ("i < n_layers - 1", "i == n_layers - 1", "i > 1"):
        assert f"if {condition}:" in text
    inside = Sources((When("hidden", (sending,)),))
    assert "x_source = matrix(" in function(layered(Assign(state.element, sp.Integer(0)), inside, arrays=arrays))
    scalar = layered(Assign(b, 2 * a), Assign(state.element, b * state.element), arrays=(state,), scalars=("a",))
    assert "b = two * a" in function(scalar)


# --- expressions ------------------------------------------------------------------------------------------------------

# Short expressions, many a line.
FORMULAS = [
    a + b, a - b, -a, -a - b, 2 * a, a / 2, -a / 2, a * b * c, a / b, a / (b * c), a / b / c, a / (b + c), (a + b) * c,
    -(a + b) * c, (a + b) / (b - c), 1 / a, 1 / (a + b), -1 / a, 1 / (a * b), a**2, (a + b) ** 2, a**2 * b, 2 * a**2 / b,
    sp.sqrt(a), 1 / sp.sqrt(a), a / sp.sqrt(b), sp.sqrt(a + b) * c, sp.exp(a), sp.exp(-a), sp.exp(-a) ** 2, sp.log(a + b),
    log1p(a) * b, sp.Min(a - 1, 0), sp.Min(0, 1 - b) + c, sp.Abs(-a * b), sp.sign(a), sp.sign(-a), sp.sign(b - c), normal_cdf(a), normal_cdf(-a * b),
    normal_cdf(a) ** 2, b * normal_cdf(a + b), sp.Integer(0), sp.Integer(1), sp.Integer(-1), sp.Integer(2), sp.Integer(-2),
    sp.Rational(1, 2), sp.Rational(-1, 2), a + 1, a - 1, a - 2, a + sp.Rational(1, 2), a - sp.Rational(1, 2), 1 - a, -1 - a,
    sp.Piecewise((a, a > b), (b, True)), sp.Piecewise((a, a < b), (b, True)), sp.Piecewise((2 * a, a <= b), (-b, True)) + c,
    1 / (1 + sp.exp(-a)), a / (1 + a**2), (a / b) ** 2, 1 / a**2, -a**2, 2 ** sp.Integer(1) * a / 2, sp.sqrt(a) * sp.sqrt(b),
    1 / (2 * a), sp.Rational(1, 100) * a,
]  # fmt: skip


def exponential(number: float) -> tuple[float, float]:
    """The value of the printed `exponential`."""
    return math.exp(number), math.expm1(number)


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_expressions_are_printed_as_they_are(formula: sp.Expr) -> None:
    printer = RealPrinter()
    text = printer.doprint(formula)
    constants = {name: float(eval(value)) for name, value in printer.constants.items()}
    assert not re.search(r"(?<![A-Za-z_\d])\d", text.replace("log1p", "").replace(")[0]", ")")), (
        "a number without a name"
    )
    for numbers in ((0.5, 1.25, 3.0), (2.0, 0.75, 0.5), (1.5, 1.5, 0.25)):
        at = dict(zip((a, b, c), numbers, strict=True))
        wanted = float(formula.replace(normal_cdf, lambda e: (1 + sp.erf(e / sp.sqrt(2))) / 2).subs(at))
        got = eval(
            text,
            {
                "math": math,
                "exponential": exponential,
                **constants,
                **{str(symbol): value for symbol, value in at.items()},
            },
        )
        assert math.isclose(got, wanted, rel_tol=1e-14, abs_tol=1e-300), text


def test_every_exponential_is_the_proven_one() -> None:
    assert RealPrinter().doprint(sp.exp(a + b)) == "exponential(a + b)[0]"
    assert RealPrinter().doprint(b / sp.exp(a)) == "b * exponential(-a)[0]"
    for formula in (sp.tanh(a), sp.sin(a), expm1(a), sp.Function("f")(a)):
        with pytest.raises(KeyError, match=type(formula).__name__):
            RealPrinter().doprint(formula)


def test_signs_and_deltas_keep_their_meaning() -> None:
    printer = RealPrinter()
    text = printer.doprint(sp.sign(a))
    for value, wanted in ((2.5, 1), (-0.5, -1), (0.0, 0)):
        assert eval(text, {"a": value, "zero": 0.0, "one": 1.0}) == wanted
    assert math.isnan(eval(text, {"a": math.nan, "zero": 0.0, "one": 1.0}))
    label = Array("label", (s,), "argument", "", integer=True)
    text = printer.doprint(sp.KroneckerDelta(h, label.element))
    assert text == "(one if h == label[s] else zero)"
    assert printer.constants == {"one": "1.0", "zero": "0.0"}
    assert RealPrinter().doprint(sp.KroneckerDelta(k, h)) == "(one if h == k else zero)"
    assert RealPrinter().doprint(sp.KroneckerDelta(p, label.element)) == "(one if p == label[s] else zero)"


def test_constants_are_named_and_remembered() -> None:
    printer = RealPrinter()
    assert [printer.constant(n) for n in (sp.Integer(0), sp.Integer(1), sp.Rational(1, 100))] == [
        "zero",
        "one",
        "hundredth",
    ]
    assert printer.constants == {"zero": "0.0", "one": "1.0", "hundredth": "0.01"}
    for unnamed in (sp.Integer(7), sp.pi, sp.Rational(1, 3)):
        with pytest.raises(ValueError, match="has no name; add one to the table"):
            RealPrinter().constant(unnamed)
    for power in (a**3, a ** sp.Rational(3, 2), a**b, 2**a, sp.Integer(2) ** a):
        with pytest.raises(ValueError, match="no code for the power"):
            RealPrinter().doprint(power)


def test_irrational_factors_are_named_as_a_whole() -> None:
    printer = RealPrinter()
    named = printer.name_irrationals(a * sp.exp(a) / sp.sqrt(2 * sp.pi) + b / 2)
    assert named == a * sp.exp(a) * sp.Symbol("inverse_root_two_pi") + b / 2
    assert list(printer.constants) == ["inverse_root_two_pi"]
    assert math.isclose(float(printer.constants["inverse_root_two_pi"]), 1 / math.sqrt(2 * math.pi), rel_tol=1e-15)
    assert RealPrinter().name_irrationals(3 * a) == 3 * a
    assert RealPrinter().name_irrationals(sp.exp(a * b)) == sp.exp(a * b)


# --- the module -------------------------------------------------------------------------------------------------------


def test_activations_have_one_branch_each() -> None:
    kink = elementary("kink", kinked(sp.Integer(0), activations.z), kinked(sp.Integer(0), sp.Integer(1)))
    text = activation_function((ACTIVATIONS[0], kink))
    assert "if activation == 0:  # identity, theorem F.identity" in text
    assert "else:  # kink, theorem F.kink" in text
    assert "Theorem: F.identity, F.kink, E.float32" in text
    assert text.count("value = ") == text.count("slope = ") == 2
    assert "c0 = z <= zero" in text
    assert "value = (zero if c0 else z)" in text


@pytest.mark.parametrize("item", ACTIVATIONS, ids=lambda item: item.name)
def test_value_and_slope_of_an_activation(item: Activation) -> None:
    """The printed lines, run, are f and f' to the last digits; in the left tail, where nothing may be lost, too."""
    printer = RealPrinter()
    lines = elementwise.value_and_slope(printer, item)
    calls = sum(line.count("exponential(") for line in lines)
    assert calls == (item.exponent is not None)
    constants = {name: float(eval(value)) for name, value in printer.constants.items()}
    function = item.function.replace(normal_cdf, lambda e: sp.erfc(-e / sp.sqrt(2)) / 2)
    for number in (-30.0, -2.5, -1e-9, 0.0, 1e-9, 0.75, 20.0):
        space = {"math": math, "exponential": exponential, "z": number, **constants}
        exec("\n".join(lines), space)
        at = sp.Rational(number)
        wanted = float(function.subs(activations.z, at).evalf(40))
        assert math.isclose(space["value"], wanted, rel_tol=1e-13, abs_tol=1e-300)
        if number:
            slope = float(
                sp.diff(activations.on_piece(function, number > 0), activations.z).subs(activations.z, at).evalf(40)
            )
            assert math.isclose(space["slope"], slope, rel_tol=1e-13, abs_tol=1e-300)


def test_irrational_numbers_stay_whole_in_common_subexpressions() -> None:
    root, density = sp.sqrt(2) / 2, 1 / sp.sqrt(2 * sp.pi)
    printer, z, E = RealPrinter(), activations.z, activations.E
    item = Activation("one", z, root * z, density * E * z**2 + E * z**2, exponent=-(z**2) / 2)
    assert elementwise.value_and_slope(printer, item) == [
        "E, m = exponential(-half * z * z)",
        "c0 = E * z * z",
        "value = half_root_two * z",
        "slope = c0 * inverse_root_two_pi + c0",
    ]
    assert printer.constants.keys() == {"half", "half_root_two", "inverse_root_two_pi"}
    assert RealPrinter().name_irrationals(b * sp.exp(root * a)) == b * sp.exp(a * sp.Symbol("half_root_two"))
    # The reciprocal once, before what reads it.
    with_reciprocal = replace(item, value=E * activations.d, slope=activations.d**2, denominator=1 + E)
    assert elementwise.value_and_slope(RealPrinter(), with_reciprocal)[:2] == [
        "E, m = exponential(-half * z * z)",
        "d = one / (E + one)",
    ]


def test_tables_list_what_there_is() -> None:
    text = module.tables_module()
    assert 'PENALTIES = ("group", "l1", "l2"' in text
    assert module._tuple(["a", "b"]) == '("a", "b")'
    assert module._numbers(["one", "two"]) == "ONE, TWO = 0, 1"


def test_every_parametrization_has_both_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADJOINTS", "PROPAGATIONS", "VARIANTS"):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, getattr(module, name)[:2])
            with pytest.raises(ValueError, match="zip"):
                module.cpu_module([])


def test_the_digest_follows_the_certificates() -> None:
    one, other = [{"id": "M1", "title": "φ"}], [{"title": "φ", "id": "M1"}]
    digest = module.certificate_digest(one)
    assert digest == module.certificate_digest(other) != module.certificate_digest([{"id": "M1", "title": "ψ"}])
    assert re.fullmatch("[0-9a-f]{16}", digest)
