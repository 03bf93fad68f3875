"""The second route: every identity holds, every mutant of a formula is refused, and the number type keeps its word."""

from __future__ import annotations

import ast
import inspect
import json
import random
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import zip_longest
from types import FunctionType, ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.recheck import (
    change_statements,
    dense,
    graph_statements,
    image_statements,
    integer_statements,
    neuron_statements,
    norm_statements,
    orchestration_statements,
    removal_statements,
    scalar_statements,
    scale_statements,
    statements,
)
from derivations.recheck.evidence import EXACT, MODULAR, QUICK, evaluate, recheck
from derivations.recheck.field import HIGH, LOW, Dual, Residue, is_prime, random_prime
from derivations.recheck.identities import IDENTITIES
from derivations.recheck.point import HomogeneousFunction, Point, Refused, UnknownFunction
from tests.builders import ROOT

P = 2**61 - 1
ONLY_EXACT = {
    *("D1", "D2"), "F.relu", "F.leaky_relu", "L.huber", "M19", "M24", "R.l1", "P.group", "P.l1", "I1", "I7", "I10", "G8",
}  # fmt: skip
"""Where a piece is chosen or a minimum is claimed: there an order is needed, which residues do not have."""


# --- every identity holds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identity_id", IDENTITIES)
def test_every_identity_holds(identity_id: str) -> None:
    evidence = recheck(identity_id)
    assert evidence.failure is None
    assert evidence.points == 64
    assert evidence.comparisons >= evidence.points
    assert len(evidence.sizes) == 32
    if identity_id in ONLY_EXACT:
        assert (evidence.method, evidence.log2_error) == (EXACT, None)
    else:
        assert evidence.method.startswith(MODULAR)
        assert evidence.log2_error is not None
        assert evidence.log2_error < -75
        assert evidence.log2_error_everywhere is not None
        assert evidence.log2_error_everywhere <= evidence.log2_error
        assert evidence.degree > 0


def test_every_theorem_has_an_identity() -> None:
    """But the theorems E on rounding, which `exact` compares with 50 digits instead."""
    certificates = json.loads((ROOT / "derivations" / "certificates.json").read_text(encoding="utf-8"))
    assert {c["id"] for c in certificates if not c["id"].startswith("E.")} == IDENTITIES.keys()


def test_a_seed_gives_the_same_evidence_again_and_another_seed_other_points() -> None:
    first, again, other = (replace(recheck("M8", QUICK, seed), seconds=0.0) for seed in (0, 0, 1))
    assert first == again
    assert first.sizes != other.sizes


def test_the_sizes_reach_from_the_smallest_to_the_largest() -> None:
    widths = [draw["widths"] for draw in recheck("M4").sizes]
    assert {len(w) for w in widths} == {2, 3, 4, 5, 6}  # type: ignore[arg-type]
    assert {n for w in widths for n in w} == {1, 2, 3, 4}  # type: ignore[attr-defined]
    assert {draw["batch"] for draw in recheck("M7").sizes} == {1, 2, 3}


def test_a_refusal_names_the_point_its_sizes_and_the_residual() -> None:
    def wrong(point: Point) -> None:
        point.size("width", 3, 3)
        point.equal("x + 1", (a := point.number()) + 1, a)

    evidence = evaluate("wrong", wrong, 8, seed=5)
    assert evidence.failure is not None
    assert (evidence.failure.point, evidence.failure.sizes, evidence.points) == (0, {"width": 3}, 1)
    assert evidence.failure.message.startswith("x + 1: claimed - truth = 1 modulo ")
    assert evidence.log2_error is None


def test_the_command_prints_one_line_for_each_theorem() -> None:
    command = [sys.executable, "-m", "derivations.recheck", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(IDENTITIES)
    assert "REFUSED" not in done.stdout


# --- every mutant is refused ------------------------------------------------------------------------------------------

MODULES = (
    statements,
    change_statements,
    neuron_statements,
    removal_statements,
    scalar_statements,
    scale_statements,
    orchestration_statements,
    integer_statements,
    image_statements,
    norm_statements,
    graph_statements,
)
SWAPS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.Div: (ast.Mult,),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,),
}
CALLS = {"plus": "minus", "minus": "plus", "max": "min", "min": "max", "any": "all"}
TRANSPARENT = {"transpose", "diagonal"}
"""Calls that a mutant may leave out: f(x) becomes x."""
SAME = {
    "range(blocks + 2)": "C(B+1, B+2) = 0",
    "times((-1) ** (i + j), path": "i - j and i + j are odd together",
    "times((-1) ** (i - 1 + j), product": "i - 1 - j and i - 1 + j are odd together",
    "times((-1) ** (i + 1 - j), product": "i - 1 - j and i + 1 - j are odd together",
    "for i in range(1, len(lam) + 1) for j in range(1, i)": "no j is below layer 1",
    "len(z[-1])": "all samples have as many outputs",
    "len(state[-1])": "all neurons have as many samples",
    "value - shift for value": "c is any number, so -c is too",
    "value / scale - shift for value": "c is any number, so -c is too",
    "abs(r) < 1": "both pieces are 1/2 at |r| = 1",
    "abs(rows[other][place] * row[place])": "row[place]² > 0 times more: a sum is 0 or it is not",
    "if a * b <= 0": "min(|a|, |b|) = 0 where a b = 0",
    "norm >= t": "1 - t/‖v‖ = 0 at ‖v‖ = t",
}
"""Mutants that are the same statement, and why."""


def mutants(function: FunctionType) -> Iterator[tuple[str, FunctionType]]:
    """The function with one operator, constant, call or branch changed, for every place where that can be done."""
    source = textwrap.dedent(inspect.getsource(function))
    for number in range(len(list(changes(ast.parse(source))))):
        tree = ast.parse(source)
        apply = list(changes(tree))[number]
        before = ast.unparse(tree).splitlines()
        apply()
        after = ast.unparse(tree).splitlines()
        what = next((f"{a.strip()}  ->  {b.strip()}" for a, b in zip(before, after, strict=False) if a != b), "shorter")
        scope: dict[str, object] = {}
        exec(
            compile(ast.fix_missing_locations(tree), f"<mutant of {function.__name__}>", "exec"),
            function.__globals__,
            scope,
        )
        yield f"{function.__name__}: {what}", scope[function.__name__]  # type: ignore[misc]


def changes(tree: ast.Module) -> Iterator[Callable[[], None]]:
    """One function for each possible change, which makes it in the tree."""
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.returns = None
    for argument in definition.args.args:
        argument.annotation = None
    body = [part for part in definition.body if not isinstance(part, ast.Expr)]
    for statement in body:
        for node in ast.walk(statement):
            yield from changes_of(node)


def changes_of(node: ast.AST) -> Iterator[Callable[[], None]]:
    def assign(field: str, value: object) -> Callable[[], None]:
        return lambda: setattr(node, field, value)

    if isinstance(node, ast.AnnAssign):
        node.annotation = ast.Name("object", ast.Load())
    if isinstance(node, ast.BinOp):
        for operator in SWAPS.get(type(node.op), ()):
            yield assign("op", operator())
    if isinstance(node, ast.Compare):
        for operator in SWAPS.get(type(node.ops[0]), ()):
            yield assign("ops", [operator()])
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield assign("value", node.value + 1)
        yield assign("value", node.value - 1)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield assign("op", ast.UAdd())
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in CALLS:
            yield assign("func", ast.Name(CALLS[node.func.id], ast.Load()))
        if node.func.id in TRANSPARENT:
            yield assign("func", ast.parse("(lambda matrix: matrix)", mode="eval").body)
    if isinstance(node, ast.IfExp):
        yield assign("test", ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.If):
        yield assign("test", ast.UnaryOp(ast.Not(), node.test))
        yield assign("test", ast.Constant(True))


def functions_of(module: ModuleType) -> list[str]:
    return [name for name, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__]


CASES = [(module, name) for module in MODULES for name in functions_of(module)]


@pytest.fixture(scope="module")
def users() -> dict[tuple[str, str], set[str]]:
    """(module, function) -> the identities in which it is called."""
    table: dict[tuple[str, str], set[str]] = {(module.__name__, name): set() for module, name in CASES}
    running = ""

    def spied(module: ModuleType, name: str) -> Callable:
        original = getattr(module, name)

        def spy(*args: object) -> object:
            table[module.__name__, name].add(running)
            return original(*args)

        return spy

    with pytest.MonkeyPatch.context() as patch:
        for module, name in CASES:
            patch.setattr(module, name, spied(module, name))
        for running in IDENTITIES:
            assert recheck(running, 4).failure is None
    return table


@pytest.mark.parametrize(("module", "name"), CASES, ids=[name for _, name in CASES])
def test_every_mutant_is_refused(
    module: ModuleType, name: str, users: dict[tuple[str, str], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    survivors = []
    for what, mutant in mutants(getattr(module, name)):
        monkeypatch.setattr(module, name, mutant)
        refused = [i for i in users[module.__name__, name] if recheck(i, 32).failure is not None]
        monkeypatch.undo()
        if not refused:
            survivors.append(what)
    assert [what for what in survivors if not any(same in what.split("  ->  ")[1] for same in SAME)] == []


@pytest.mark.parametrize("identity_id", IDENTITIES)
def test_every_identity_refuses_mutants_by_itself(
    identity_id: str, users: dict[tuple[str, str], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0
    for module, name in (case for case in CASES if identity_id in users[case[0].__name__, case[1]]):
        for _, mutant in mutants(getattr(module, name)):
            monkeypatch.setattr(module, name, mutant)
            refused += recheck(identity_id, QUICK).failure is not None
            monkeypatch.undo()
            if refused >= 2:
                return
    pytest.fail(f"{identity_id} refused only {refused} mutants")


# --- the numbers ------------------------------------------------------------------------------------------------------


class Polynomial(tuple):
    """Integer coefficients, lowest first; the bounds of a residue are about these."""

    def __add__(self, other: tuple) -> Polynomial:  # type: ignore[override]
        return Polynomial(map(sum, zip_longest(self, other, fillvalue=0)))

    def __mul__(self, other: tuple) -> Polynomial:  # type: ignore[override]
        result = [0] * (len(self) + len(other) - 1)
        for i, a in enumerate(self):
            for j, b in enumerate(other):
                result[i + j] += a * b
        return Polynomial(result)

    @property
    def degree(self) -> int:
        return max((i for i, c in enumerate(self) if c), default=0)

    @property
    def bits(self) -> int:
        """The least b with Σ |c| <= 2^b."""
        return (sum(map(abs, self)) - 1).bit_length() if any(self) else 0

    def __call__(self, x: Fraction) -> Fraction:
        return sum((c * x**i for i, c in enumerate(self)), Fraction(0))

    def derivative(self) -> Polynomial:
        return Polynomial(i * c for i, c in enumerate(self) if i) or Polynomial((0,))


PLACE = 123_456_789_012_345
leaves = st.one_of(st.just("x"), st.integers(-9, 9), st.fractions(-3, 3, max_denominator=5))
trees = st.recursive(leaves, lambda tree: st.tuples(st.sampled_from("+-*/"), tree, tree), max_leaves=5)


def calculate(tree: object, x: object) -> object:
    """The value of a tree of operations; `/ b` stands for `/ (b² + 1)`, which does not vanish."""
    if not isinstance(tree, tuple):
        return x if tree == "x" else tree
    operator, left, right = tree[0], calculate(tree[1], x), calculate(tree[2], x)
    if operator == "/":
        return (Fraction(left) if isinstance(left, int) else left) / (right * right + 1)  # type: ignore[operator]
    return {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right}[operator]()  # type: ignore[operator]


def constant(tree: object) -> bool:
    return all(map(constant, tree[1:])) if isinstance(tree, tuple) else tree != "x"


def quotient(tree: object) -> tuple[Polynomial, Polynomial]:
    """The same tree as numerator and denominator, nothing cancelled."""
    if isinstance(tree, tuple) and not constant(tree):
        (a, b), (c, d) = quotient(tree[1]), quotient(tree[2])
        if tree[0] == "/":
            c, d = d * d, c * c + d * d
        if tree[0] in "*/":
            return a * c, b * d
        return a * d + (c * Polynomial((-1 if tree[0] == "-" else 1,))) * b, b * d
    if tree == "x":
        return Polynomial((0, 1)), Polynomial((1,))
    number = Fraction(calculate(tree, None))  # type: ignore[arg-type]
    return Polynomial((number.numerator,)), Polynomial((number.denominator,))


@given(trees)
def test_the_bounds_of_a_residue_are_upper_bounds(tree: object) -> None:
    value = calculate(tree, Residue(PLACE, P, top=1, top_bits=1))
    top, bottom = quotient(tree)
    exact = top(Fraction(PLACE)) / bottom(Fraction(PLACE))
    if not isinstance(value, Residue):
        assert value == exact
        return
    assert value.value == exact.numerator * pow(exact.denominator, -1, P) % P
    # A literal 0 or 1 costs nothing: then the bounds are those of a smaller quotient with the same value.
    if not has_shortcut(tree):
        assert value.top >= top.degree
        assert value.bottom >= bottom.degree
        assert value.top_bits >= top.bits
        assert value.bottom_bits >= bottom.bits


def has_shortcut(tree: object) -> bool:
    """Whether a factor or summand is a constant 0 or 1."""
    if constant(tree):
        return calculate(tree, None) in (0, 1)
    return isinstance(tree, tuple) and any(map(has_shortcut, tree[1:]))


@given(trees)
def test_a_dual_number_is_the_formal_derivative(tree: object) -> None:
    top, bottom = quotient(tree)
    x = Fraction(3, 7)
    truth = (top.derivative()(x) * bottom(x) - top(x) * bottom.derivative()(x)) / bottom(x) ** 2
    value = calculate(tree, Dual(x, Fraction(1)))
    assert (value.slope if isinstance(value, Dual) else 0) == truth
    modulo = calculate(tree, Dual(Residue(3, P) / 7, Residue(1, P)))
    if isinstance(modulo, Dual):
        assert (modulo.slope - truth).value == 0
        assert (modulo.value - top(x) / bottom(x)).value == 0


numbers = st.integers(0, P - 1).map(lambda value: Residue(value, P))


@given(numbers, numbers, numbers)
def test_residues_are_a_field(a: Residue, b: Residue, c: Residue) -> None:
    def same(left: Residue, right: Residue) -> bool:
        return left.value == right.value

    assert same(a + b, b + a)
    assert same((a + b) + c, a + (b + c))
    assert same(a * b, b * a)
    assert same((a * b) * c, a * (b * c))
    assert same(a * (b + c), a * b + a * c)
    assert same(a + (-a), Residue(0, P))
    assert same(a - b, a + (-b))
    assert same(3 - a, -(a - 3))
    assert same(a**3, a * a * a)
    if a.value:
        assert same(a * (1 / a), Residue(1, P))
        assert same((b / a) * a, b)
        assert same(Fraction(2, 3) / a * 3, 2 / a)
    else:
        with pytest.raises(ZeroDivisionError, match="denominator"):
            a.inverse()


def test_residues_of_two_primes_do_not_mix() -> None:
    with pytest.raises(ValueError, match="modulo 7 and 5"):
        Residue(1, 7) + Residue(1, 5)
    with pytest.raises(TypeError):
        Residue(1, 7) + 0.5
    with pytest.raises(TypeError):
        Residue(1, 7) * 0.5
    with pytest.raises(TypeError):
        Residue(1, 7) / "1"


def test_primes() -> None:
    sieve = [n for n in range(2, 2000) if all(n % d for d in range(2, int(n**0.5) + 1))]
    assert [n for n in range(2000) if is_prime(n)] == sieve
    assert is_prime(P)
    assert not is_prime(3215031751)  # a strong pseudoprime to the bases 2, 3, 5 and 7
    assert not is_prime((2**31 - 1) ** 2)
    drawn = {random_prime(random.Random(seed)) for seed in range(20)}
    assert len(drawn) == 20
    assert all(LOW < prime < HIGH and is_prime(prime) for prime in drawn)


# --- points -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def point() -> Point:
    return Point(random.Random(1), random.Random(2))


def test_an_unknown_function_is_a_function_and_nothing_more(point: Point) -> None:
    f = point.function(zero_at_zero=True)
    z, other = point.number(), point.number()
    assert f(z).value == f(z + 0 * other).value != f(other).value
    assert f(z - z) == 0
    assert point.function()(z).value != f(z).value
    moved = f(Dual(z, other))
    assert moved.value.value == f(z).value
    assert moved.slope.value == (f.slope(z) * other).value
    assert f.degree > 0
    assert point.error > 0


def test_a_homogeneous_function_knows_one_ray(point: Point) -> None:
    c, z = point.number(), point.number()
    f = HomogeneousFunction(point, c)
    assert (c * f(z)).value == f(c * z).value
    assert f(2 * z).value != (2 * f(z)).value
    assert f.degree > UnknownFunction.degree.fget(f)  # type: ignore[attr-defined]
    assert f.bits > UnknownFunction.bits.fget(f)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("claimed", "truth", "message"),
    [
        (Fraction(1), Fraction(2), "claimed - truth = -1"),
        ([1], [1, 2], "1 entries, not 2"),
        ({(1, 2): 1}, {(2, 1): 1}, "the same entries"),
        (Dual(Fraction(1), Fraction(2)), Dual(Fraction(1), Fraction(3)), "derivative of it"),
        ([[Residue(3, 7)]], [[Residue(4, 7)]], "it.0..0.: claimed - truth = 6 modulo 7"),
    ],
)
def test_what_differs_is_refused(point: Point, claimed: object, truth: object, message: str) -> None:
    point.modulus = 7
    point.equal("it", truth, truth)
    with pytest.raises(Refused, match=message):
        point.equal("it", claimed, truth)


def test_an_ill_formed_formula_is_refused() -> None:
    evidence = evaluate(
        "ill", lambda point: point.equal("1/0", 1 / (point.number() * 0 + Residue(0, point.modulus)), 1), 4, 0
    )
    assert evidence.failure is not None
    assert evidence.failure.message == "ZeroDivisionError: a denominator vanishes at this point"
    assert evaluate("shapes", lambda point: dense.plus([[1]], [[1], [2]]) and None, 4, 0).failure is not None


def test_a_point_that_compares_nothing_random_excludes_nothing() -> None:
    def half_empty(point: Point) -> None:
        if point.flags("coin", 1)[0]:
            point.equal("a", a := point.number(), a)

    evidence = evaluate("half empty", half_empty, 64, 0)
    assert evidence.failure is None
    assert evidence.log2_error == 0.0


# --- the brute force itself, on numbers that can be checked by hand ---------------------------------------------------


def test_the_dense_definition_on_small_numbers() -> None:
    phi, lam = [[[2]], [[3]]], [[5], [7], [11]]
    assert dense.eigenvector_matrix(phi) == [[1, 0, 0], [2, 1, 0], [0, 3, 1]]
    assert dense.inverse(dense.eigenvector_matrix(phi)) == [[1, 0, 0], [-2, 1, 0], [6, -3, 1]]
    assert dense.transfer_blocks(phi, lam) == {(2, 1): [[-4]], (3, 1): [[24]], (3, 2): [[-12]]}
    states, sums = dense.forward(dense.transfer_blocks(phi, lam), lambda z: z * z, [[10]], [1, 1, 1])
    assert (states, sums) == ([[[10]], [[1600]]], [[[-40]], [[240 - 19200]]])
    assert dense.relaxation(dense.transfer_blocks(phi, lam), lambda z: z * z, [[10]], [1, 1, 1]) == sums


@settings(max_examples=30)
@given(st.lists(st.lists(st.fractions(-5, 5, max_denominator=3), min_size=3, max_size=3), min_size=3, max_size=3))
def test_inverse_and_determinant(matrix: list[list[Fraction]]) -> None:
    minors = [matrix[0][0], matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0], dense.determinant(matrix)]
    if all(minors):
        assert dense.product(matrix, dense.inverse(matrix)) == dense.identity(3)
    a, b, c = matrix
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    assert dense.determinant(matrix) == sum(x * y for x, y in zip(cross, c, strict=True))
