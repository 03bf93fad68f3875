"""From kernel to theorem and back, and the numeric code that no theorem covers.

`problems()` reads the checked-in sources (it imports and runs nothing). It names every kernel without a certificate, every
certificate whose kernel is gone, and every function with a formula of its own that is neither printed from a theorem nor
says so in its docstring:

    By hand: once per pruning, outside of training. Checked by test_rankings.test_pivoted_qr_is_greedy.

The sentence gives the reason and the test that compares the function with brute force.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGES = ("kernels/support", "backends", "networks", "training", "refitting", "resizing", "architecture")
"""Where hand-written formulas must say so: everything that computes a network, its gradient or a change of it."""
PRINTED = (
    "cpu/dense",
    "cpu/one_hidden",
    "cpu/sparse",
    "cpu/images",
    "cuda/parts",
    "cuda/ensemble",
    "cuda/one_hidden",
    "cuda/wide",
)
"""The printed modules of kernels; no name stands in two, but `exponential`, which each of two languages chooses by type."""
ORCHESTRATION = {
    "cpu/dense": "exponential|exponential_by_type|matrix|vector|load_rows|workspace|output_loss|add_penalty|limit_norm|update|shrink|(predict|gradient|jacobian|epoch)_.*",
    "cpu/one_hidden": "load_columns|epoch_.*",
    "cpu/sparse": "load_chunk|factor_column|(predict|gradient|means|activations|jacobian|curvature|objective|minimise)_sparse",
    "cpu/images": "group_size|scratch_sizes|tap_offsets|read|place|take|subsampled|put_back|give|load_images|move_images|(forward|adjoint)_(stem|pointwise|3|5|node|norm|tower)",
    "cuda/parts": "exponential|exponential_on_device|gpu_(sum|clear|neurons|parts|row|load|loss|add_penalty|limit_norm|update|shrink)",
    "cuda/ensemble": "train_.*",
    "cuda/one_hidden": "train_.*",
    "cuda/wide": "wide_(activate|load|loss|penalty|squares|total|clip|update|shrink)",
}
"""Printed functions without a theorem: storage, order of calls, choices by number, from one template for all programs.
Tests compare them with the loops from the papers (`test_trainer`, `test_cuda`)."""
MARK = re.compile(r"By hand: (?P<reason>.+?)\. Checked by (?P<test>test_\w+\.test_\w+)\.", re.DOTALL)
NUMERIC = {
    *("dot", "einsum", "outer", "matmul", "inv", "solve", "lstsq", "qr", "norm", "softmax", "logsumexp"),
    *("exp", "expm1", "log", "log1p", "sqrt", "square", "tanh", "mean", "std", "var", "median"),
}
"""Calls that show a formula, as do the operators `@` and `**` between expressions."""


def problems(root: Path, certificates: list[dict[str, Any]]) -> list[str]:
    """One sentence for each broken link; `certificates` are those that were proven."""
    return [*_kernels_and_theorems(root, certificates), *_formulas_by_hand(root)]


def by_hand(root: Path) -> dict[str, re.Match[str]]:
    """The functions whose docstring says that they are written by hand, with that sentence."""
    return {name: mark for name, node in _hand_written(root).items() if (mark := _mark(node))}


def _formulas_by_hand(root: Path) -> Iterator[str]:
    # An installed package comes without tests.
    files = list((root / "tests").rglob("test_*.py"))
    tests = {f"{path.stem}.{name}" for path in files for name, _ in _functions(path)}
    for name, node in _hand_written(root).items():
        mark = _mark(node)
        if mark is None and _numeric(node):
            yield f"{name} computes by a formula of its own ({_numeric(node)}); generate it or say 'By hand: ...' in its docstring"
        elif mark is None and "By hand:" in (ast.get_docstring(node) or ""):
            yield f"{name}: its docstring must say 'By hand: REASON. Checked by FILE.TEST.'"
        elif mark is not None and tests and mark["test"] not in tests:
            yield f"{name}: its test {mark['test']} does not exist"


def _hand_written(root: Path) -> dict[str, ast.FunctionDef]:
    files = [path for package in PACKAGES for path in sorted((root / "spectral_core" / package).rglob("*.py"))]
    return {f"{_module(root, path)}.{name}": node for path in files for name, node in _functions(path)}


def _mark(node: ast.FunctionDef) -> re.Match[str] | None:
    return MARK.search(" ".join((ast.get_docstring(node) or "").split()))


def _kernels_and_theorems(root: Path, certificates: list[dict[str, Any]]) -> Iterator[str]:
    files = {name: root / "spectral_core/kernels" / f"{name}.py" for name in PRINTED}
    relying = {name: set(theorems) for file in files.values() for name, theorems in theorems_of(file).items()}
    known = {certificate["id"]: set(certificate["functions"]) for certificate in certificates}
    for module, file in files.items():
        for name, named in theorems_of(file).items():
            if not named and not re.fullmatch(ORCHESTRATION[module], name):
                yield f"kernel {name} names no theorem and is not listed as orchestration"
    for name, theorems in relying.items():
        for theorem in sorted(theorems - known.keys()):
            yield f"kernel {name} rests on {theorem}, which has no certificate"
    for theorem, functions in known.items():
        for name in sorted(functions - relying.keys()):
            yield f"certificate {theorem} names kernel {name}, which does not exist"
        for name in sorted(n for n, theorems in relying.items() if theorem in theorems and n not in functions):
            yield f"kernel {name} rests on {theorem}, whose certificate does not name it"
    written = root / "derivations/certificates.json"
    if written.exists():
        for record in json.loads(written.read_text(encoding="utf-8")):
            for name in sorted(set(record["functions"]) - relying.keys()):
                yield f"certificates.json: {record['id']} names kernel {name}, which does not exist"


def theorems_of(kernels: Path) -> dict[str, tuple[str, ...]]:
    """Each function of a kernel module with the theorems its docstring names."""
    table = {}
    for name, node in _functions(kernels):
        lines = (ast.get_docstring(node) or "").splitlines()
        stated = [line.removeprefix("Theorem: ") for line in lines if line.startswith("Theorem: ")]
        table[name] = tuple(theorem.strip() for line in stated for theorem in line.split(","))
    return table


def _module(root: Path, path: Path) -> str:
    return ".".join(path.relative_to(root / "spectral_core").with_suffix("").parts)


def _functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods by their qualified names; a function inside another one belongs to it."""

    def inside(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
        for node in body:
            if isinstance(node, ast.FunctionDef):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                yield from inside(node.body, f"{prefix}{node.name}.")

    yield from inside(ast.parse(path.read_text(encoding="utf-8")).body, "")


def _numeric(function: ast.FunctionDef) -> str:
    """The first expression in a function that shows a formula, or an empty string."""
    for node in ast.walk(function):
        matrix = isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
        power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not isinstance(node.left, ast.Constant)
        call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in NUMERIC
        if matrix or power or call:
            return ast.unparse(node)
    return ""
