"""The changes: what can be wrong in one place of a Python file.

A mutant is one node of the syntax tree exchanged for another. Nothing is said about the meaning of the file, so the
same operators break formulas, conditions of proofs, rules, the printer and the printed kernels.

Left alone: docstrings, annotations, decorators, imports, messages of errors, and text that is only shown (claims,
titles, statements). Text that decides something, in comparisons, subscripts and the printer, is changed too.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

Change = tuple[str, ast.AST]
"""A label and the node that takes the other's place."""

# Tables to read across: several entries a line.
BINARY: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Add, ast.Div), ast.Div: (ast.Mult,), ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,), ast.BitOr: (ast.BitAnd,), ast.BitAnd: (ast.BitOr,), ast.Pow: (ast.Mult,),
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}  # fmt: skip
CALLEES = {"min": "max", "max": "min", "any": "all", "all": "any"}
INDICES = {"h": "k", "k": "h", "s": "h", "i": "j", "j": "i", "e": "r", "r": "e", "m": "k"}
"""Indices exchanged for another one that the same function uses."""
NO_SHELL = {"range", "len", "iter", "next", "enumerate", "Integer"}
"""f(x) → x says nothing for these: a mere error of types, or an int that SymPy turns into an Integer again."""
SHOWN = {"id", "title", "statement", "method", "reference", "scope", "claim", "help", "prog", "description"}
"""Keywords whose text is only shown."""


@dataclass(frozen=True)
class Place:
    """Where a node hangs in the tree."""

    parent: ast.AST
    field: str
    index: int | None = None

    def put(self, node: object) -> object:
        """Hang another node there; returns what was there."""
        if self.index is None:
            before = getattr(self.parent, self.field)
            setattr(self.parent, self.field, node)
            return before
        nodes = getattr(self.parent, self.field)
        before, nodes[self.index] = nodes[self.index], node
        return before


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    file: str
    function: str
    line: int
    text: str
    change: str
    number: int
    tree: ast.Module
    place: Place
    node: ast.AST

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Its name without line numbers: the same change of equal lines of one function gets a counter."""
        return self.file, self.function, self.text, self.change + (f" (no. {self.number})" if self.number > 1 else "")

    @property
    def id(self) -> str:
        return hashlib.sha256("\n".join(self.key).encode()).hexdigest()[:10]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}: {self.key[3]}   [{self.text}]"

    def code(self) -> CodeType:
        """The changed file, compiled."""
        before = self.place.put(self.node)
        result = compile(ast.fix_missing_locations(self.tree), self.file, "exec", dont_inherit=True)
        self.place.put(before)
        return result

    @property
    def statement(self) -> ast.stmt:
        """The statement of the module that holds the change."""
        return next(one for one in self.tree.body if one.lineno <= self.line <= (one.end_lineno or one.lineno))

    def piece(self, known: dict[str, int] | None = None) -> CodeType:
        """Only this statement, changed and compiled; with known constants it is for comparisons."""
        before = self.place.put(self.node)
        result = piece(self.statement, self.file, known)
        self.place.put(before)
        return result

    def source(self) -> str:
        """The changed file as text (in the layout of `ast.unparse`)."""
        before = self.place.put(self.node)
        result = ast.unparse(ast.fix_missing_locations(self.tree))
        self.place.put(before)
        return result


def mutants(file: str, source: str, *, strings: bool = False) -> list[Mutant]:
    """All mutants of a file in the order of its text; with `strings`, every text but docstrings is changed too."""
    tree = ast.parse(source)
    found: dict[tuple[str, ...], int] = {}
    result = []
    for function, line, place, change, node in _Finder(tree, strings).find():
        text = source.splitlines()[line - 1].strip()
        key = (file, function, text, change)
        found[key] = found.get(key, 0) + 1
        result.append(Mutant(file, function, line, text, change, found[key], tree, place, node))
    return result


class _Simple(ast.NodeTransformer):
    """Changes that plainly make no difference: inside subscripts, where all numbers are integers, 0 times, plus 0 and named constants;
    elsewhere `np.float64` of a literal, which is one."""

    def __init__(self, known: dict[str, int]) -> None:
        self.known, self.depth = known, 0

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(self.known[node.id]) if self.depth and node.id in self.known else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.depth += 1
        node.slice = self.visit(node.slice)
        self.depth -= 1
        node.value = self.visit(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        literal = ast.unparse(node.func) == "np.float64" and len(node.args) == 1
        return node.args[0] if literal and isinstance(_unsigned(node.args[0]), ast.Constant) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if self.depth:
            if isinstance(node.op, ast.Mult) and _is_zero(node.left):
                return node.left
            if isinstance(node.op, (ast.Add, ast.Sub)) and _is_zero(node.right):
                return node.left
            if isinstance(node.op, ast.Add) and _is_zero(node.left):
                return node.right
        return node


def _unsigned(node: ast.expr) -> ast.expr:
    return node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node


def _is_zero(node: ast.expr) -> bool:
    node = _unsigned(node)
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value == 0


def constants(tree: ast.Module) -> dict[str, int]:
    """The integers that a module gives names in capitals, several in one line: `A, B = 0, 1`."""
    found = {}
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Tuple)
            and isinstance(node.value, ast.Tuple)
        ):
            for name, value in zip(node.targets[0].elts, node.value.elts, strict=False):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and type(value.value) is int:
                    found[name.id] = value.value
    return found


def piece(statement: ast.stmt, file: str, known: dict[str, int] | None = None) -> CodeType:
    """One statement of a module as code of its own; with known constants after what `_Simple` can do."""
    if known is not None:
        statement = _Simple(known).visit(copy.deepcopy(statement))
    return compile(ast.Module([ast.fix_missing_locations(statement)], []), file, "exec", dont_inherit=True)


def same_code(first: CodeType, second: CodeType) -> bool:
    """The same instructions on the same constants, whatever the lines."""
    if len(first.co_consts) != len(second.co_consts):
        return False
    constants = all(
        same_code(a, b)
        if isinstance(a, CodeType) and isinstance(b, CodeType)
        else (type(a), repr(a)) == (type(b), repr(b))
        for a, b in zip(first.co_consts, second.co_consts, strict=True)
    )
    parts = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_exceptiontable")
    return constants and all(getattr(first, part) == getattr(second, part) for part in parts)


def short(node: ast.AST, limit: int = 110) -> str:
    """A node as text on one line; a long one by its two ends."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= limit else f"{text[: limit - 40]} … {text[-37:]}"


class _Finder:
    """Walks a tree and yields (function, line, place, change, node)."""

    def __init__(self, tree: ast.Module, strings: bool) -> None:
        self.tree, self.strings = tree, strings
        self.function, self.line, self.names = "module", 1, _names(tree)

    def find(self) -> Iterator[tuple[str, int, Place, str, ast.AST]]:
        yield from self.inside(self.tree)

    def inside(self, node: ast.AST) -> Iterator[tuple[str, int, Place, str, ast.AST]]:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "ctx", "op", "ops", "type_params"):
                continue
            if isinstance(value, ast.AST):
                yield from self.at(Place(node, field), value)
            elif isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, ast.AST):
                        yield from self.at(Place(node, field, index), item)

    def at(self, place: Place, node: ast.AST) -> Iterator[tuple[str, int, Place, str, ast.AST]]:
        if self.left_alone(place, node):
            return
        outer = self.function, self.line, self.names
        self.line = getattr(node, "lineno", self.line)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            self.function = node.name if self.function == "module" else f"{self.function}.{node.name}"
            self.names = _names(node)
        for change, other in self.changes(place, node):
            ast.copy_location(other, node)
            yield self.function, self.line, place, change, other
        if isinstance(node, ast.JoinedStr):
            yield from self.formatted(node)
        elif not isinstance(node, ast.Raise):
            yield from self.inside(node)
        self.function, self.line, self.names = outer

    def left_alone(self, place: Place, node: ast.AST) -> bool:
        if isinstance(node, (ast.Import, ast.ImportFrom)) or _is_text(node, place) or _is_type(node):
            return True
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        exported = isinstance(target, ast.Name) and target.id.startswith("__")  # such as `__all__`
        return exported or self.shown(node)

    def shown(self, node: ast.AST) -> bool:
        """Text that decides nothing."""
        if isinstance(node, ast.keyword):
            return node.arg in SHOWN and isinstance(node.value, (ast.Constant, ast.JoinedStr, ast.BinOp))
        return isinstance(node, ast.JoinedStr) and not self.strings

    def formatted(self, node: ast.JoinedStr) -> Iterator[tuple[str, int, Place, str, ast.AST]]:
        """The expressions inside a formatted text; before Python 3.12 they carry no lines of their own."""
        line = self.line
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                for function, _, place, change, other in self.inside(part):
                    yield function, line, place, change, other

    # --- what can be changed --------------------------------------------------------------------------------------

    def changes(self, place: Place, node: ast.AST) -> Iterator[Change]:
        if isinstance(node, ast.stmt):
            yield from _statement(node)
            return
        before = "" if isinstance(node, (ast.comprehension, ast.keyword, ast.arguments)) else short(node)
        for other in self.expressions(place, node):
            yield f"{before} → {short(other)}", other
        if isinstance(node, ast.Call):
            yield from _dropped(node, "keywords", [k for k in node.keywords if k.arg and k.arg not in SHOWN])
        elif isinstance(node, (ast.Tuple, ast.List, ast.Set)) and not _is_target(node) and place.field != "slice":
            yield from _dropped(node, "elts", node.elts)
        elif isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BoolOp) and len(node.values) > 2):
            yield from _dropped(node, "values", node.values)
        elif isinstance(node, ast.Dict):
            for at, key in enumerate(node.keys):
                keys, values = (part[:at] + part[at + 1 :] for part in (node.keys, node.values))
                yield f"drops {short(key) if key else '**'}: {short(node.values[at])}", ast.Dict(keys, values)

    def expressions(self, place: Place, node: ast.AST) -> Iterator[ast.expr]:
        if isinstance(node, ast.BinOp):
            for operator in BINARY.get(type(node.op), ()):
                yield ast.BinOp(node.left, operator(), node.right)
            yield node.left
            yield node.right if not isinstance(node.op, ast.Sub) else ast.UnaryOp(ast.USub(), node.right)
            if isinstance(node.op, ast.Pow) and not isinstance(node.right, ast.Constant):
                yield ast.BinOp(node.left, ast.Pow(), _plus(node.right, 1))
        elif isinstance(node, ast.UnaryOp):
            yield node.operand
        elif isinstance(node, ast.BoolOp):
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            yield from node.values if len(node.values) == 2 else []
        elif isinstance(node, ast.Compare):
            for at, operator in enumerate(node.ops):
                for other in COMPARISONS.get(type(operator), ()):
                    yield ast.Compare(node.left, [*node.ops[:at], other(), *node.ops[at + 1 :]], node.comparators)
        elif isinstance(node, ast.Constant):
            yield from self.constant(place, node)
        elif isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.IfExp):
            yield from (node.body, node.orelse)
        elif isinstance(node, ast.Name):
            yield from self.name(place, node)
        elif isinstance(node, ast.Attribute) and node.attr == "T":
            yield node.value
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
            yield ast.Subscript(node.value, ast.Tuple(node.slice.elts[::-1], ast.Load()), node.ctx)
        elif isinstance(node, ast.Slice):
            for field in ("lower", "upper"):
                bound = getattr(node, field)
                if bound is not None and not isinstance(bound, ast.Constant):
                    for step in (1, -1):
                        yield ast.Slice(**{"lower": node.lower, "upper": node.upper, field: _plus(bound, step)})
        if place.field == "ifs" or (place.field == "test" and isinstance(node, ast.expr)):
            yield ast.Constant(True)
            yield ast.Constant(False)

    def constant(self, place: Place, node: ast.Constant) -> Iterator[ast.expr]:
        value = node.value
        if isinstance(value, bool):
            yield ast.Constant(not value)
        elif isinstance(value, int):
            yield ast.Constant(value + 1)
            if not (value == 0 and getattr(getattr(place.parent, "value", None), "attr", "") == "shape"):
                yield ast.Constant(value - 1)  # axis -1 of a vector is its axis 0
        elif isinstance(value, float):
            yield from (ast.Constant(value + 1), ast.Constant(1.000001 * value if value else 1e-6))
        elif isinstance(value, str) and (self.strings or place.field in ("left", "comparators", "slice")):
            yield ast.Constant(value + "?")

    def name(self, place: Place, node: ast.Name) -> Iterator[ast.expr]:
        if not isinstance(node.ctx, ast.Load):
            return
        if (partner := INDICES.get(node.id)) in self.names:
            yield ast.Name(partner, ast.Load())
        indexing = place.field in ("slice", "elts", "args") and node.id in ("i", "j")
        if indexing:
            yield _plus(node, 1)
        if place.field == "value" and getattr(place.parent, "attr", "") == "element":
            arrays = sorted(self.names & _arrays(self.tree))
            if node.id in arrays and len(arrays) > 1:
                yield ast.Name(arrays[(arrays.index(node.id) + 1) % len(arrays)], ast.Load())


def _names(tree: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | {
        n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)
    }


def _arrays(tree: ast.AST) -> set[str]:
    """Names that stand before `.element`: arrays of the notation."""
    elements = (n.value for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "element")
    return {value.id for value in elements if isinstance(value, ast.Name)}


def _plus(node: ast.expr, step: int) -> ast.expr:
    return ast.BinOp(node, ast.Add() if step > 0 else ast.Sub(), ast.Constant(abs(step)))


def _is_text(node: ast.AST, place: Place) -> bool:
    """A docstring, or a text that stands alone after what it describes."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and place.field == "body"


def _is_type(node: ast.AST) -> bool:
    """A union of classes, `A | B`, or the type of a function: a name for annotations."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Callable":
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _is_type(node.left) and isinstance(node.right, ast.Name) and node.right.id[:1].isupper()
    return isinstance(node, ast.Name) and node.id[:1].isupper() and node.id[1:2].islower()


def _is_target(node: ast.Tuple | ast.List | ast.Set) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store)


def _dropped(node: ast.AST, field: str, items: list) -> Iterator[Change]:
    """The node without one of its parts."""
    everything = getattr(node, field)
    for item in items:
        rest = [other for other in everything if other is not item]
        parts = {**dict(ast.iter_fields(node)), field: rest}
        what = f"{item.arg}={short(item.value)}" if isinstance(item, ast.keyword) else short(item)
        yield f"drops {what}", type(node)(**parts)


def _call(node: ast.Call) -> Iterator[ast.expr]:
    callee = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    plain = [a for a in node.args if not isinstance(a, ast.Starred)] if not node.keywords else []
    if len(node.args) == len(plain) == 1 and callee not in NO_SHELL:
        yield node.args[0]
    if isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        yield node.func.value
    if callee in CALLEES and isinstance(node.func, ast.Name):
        yield ast.Call(ast.Name(CALLEES[callee], ast.Load()), node.args, node.keywords)
    if callee == "range":
        for at, bound in enumerate(node.args):
            if not isinstance(bound, (ast.Constant, ast.UnaryOp)):
                for step in (1, -1):
                    yield ast.Call(node.func, [*node.args[:at], _plus(bound, step), *node.args[at + 1 :]], [])
    # The two sides of a claim, and of `min` and `max`, may be exchanged; constructors would only get wrong types.
    of_proof = (
        isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "proof"
    )
    if not of_proof and not callee[:1].isupper() and callee not in ("min", "max") and len(plain) == len(node.args):
        for at in range(len(node.args) - 1):
            alike = type(node.args[at]) is type(node.args[at + 1])  # else a mere error of types
            if alike and ast.dump(node.args[at]) != ast.dump(node.args[at + 1]):
                swapped = [*node.args[:at], node.args[at + 1], node.args[at], *node.args[at + 2 :]]
                yield ast.Call(node.func, swapped, node.keywords)


def _statement(node: ast.stmt) -> Iterator[Change]:
    """Deleted, or with another effect; deleting a first definition would only be a missing name."""
    text = short(node)
    if isinstance(node, ast.AugAssign):
        others = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr}
        if type(node.op) in others:
            other = ast.AugAssign(node.target, others[type(node.op)](), node.value)
            yield f"{text} → {short(other)}", other
        other_assign = ast.Assign([node.target], node.value)
        ast.copy_location(other_assign, node)
        yield f"{text} → {short(other_assign)}", other_assign
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], (ast.Name, ast.Tuple))
    if isinstance(node, (ast.AugAssign, ast.Expr, ast.Raise, ast.Continue)) or stored:
        yield f"deletes {text}", ast.Pass()
