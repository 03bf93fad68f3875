"""From kernel to theorem and back, and the numeric code that no theorem covers.

`problems()` reads the checked-in sources; it imports and runs nothing. It names every kernel without a certificate, every
certificate whose kernel is gone, and every file between the printed ones that nothing prints. It also names every function,
lambda and constant that has a formula of its own (`numeric` says what that is) and is not printed from a theorem, unless the
docstring of its function, or outside of functions that of its module, says so:

    By hand: once per pruning, outside of training. Checked by test_rankings.test_pivoted_qr_is_greedy.

The sentence gives the reason and the test that compares the function with brute force.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from derivations import numeric

PRINTED = (
    "formulas",
    "cpu/dense",
    "cpu/one_hidden",
    "cpu/sparse",
    "cpu/images",
    "cuda/parts",
    "cuda/ensemble",
    "cuda/one_hidden",
    "cuda/wide",
    "cuda/images",
)
"""The printed modules of kernels; no name stands in two, but `exponential`, which each of two languages chooses by type."""
Code = ast.FunctionDef | ast.Module
CALLS = "calls proven functions in order, batch by batch or chunk by chunk"
STORES = "places of storage"
GATHERS = "gathers rows of the data, or scatters them"
CHOOSES = "chooses a proven function by number or by type"
THREADS = "sums, shares or rows of threads"
ORCHESTRATION: dict[str, dict[str, str]] = {
    "formulas": {},
    "cpu/dense": {
        "exponential|exponential_by_type": CHOOSES,
        "matrix|vector|workspace": STORES,
        "load_rows": GATHERS,
        "(predict|gradient|jacobian)_(global|layerwise|direct)": CALLS,
    },
    "cpu/one_hidden": {"load_columns": GATHERS},
    "cpu/sparse": {
        "load_chunk": GATHERS,
        "(predict|activations|jacobian|curvature)_sparse": CALLS,
        "minimise_sparse": "L-BFGS by hand, on the proven objective",
    },
    "cpu/images": {},
    "cuda/parts": {
        "exponential|exponential_on_device": CHOOSES,
        "gpu_(sum|parts|row)": THREADS,
        "gpu_(clear|neurons)": STORES,
        "gpu_load": GATHERS,
    },
    "cuda/ensemble": {},
    "cuda/one_hidden": {},
    "cuda/wide": {
        "wide_(activate|loss|penalty|squares|clip)": "the proven function of `parts` on a grid",
        "wide_load": GATHERS,
    },
    "cuda/images": {},
}
"""Printed functions that name no theorem, with the reason: none has a formula (`numeric.formula`), or it says so itself.
Epochs run all of them against the loop from the papers (`recheck.exact_epochs`, `test_trainer`, `test_cuda`)."""
JAVASCRIPT = ("javascript/float32", "javascript/float64")
"""The printed modules of JavaScript: the functions of both have the same names."""
JAVASCRIPT_ORCHESTRATION = (
    "log|log1p|erfc|power|layoutOf|parametersOf|loadRows|workspace|outputLoss|addPenalty|limitNorm|update|shrink"
    "|(predict|epoch)(Global|Layerwise|Direct)"
)
MARK = re.compile(r"By hand: (?P<reason>.+?)\. Checked by (?P<test>test_\w+\.test_\w+)\.", re.DOTALL)
FUNCTION = re.compile(r"^def (\w+)", re.MULTILINE)
"""The name of a function of a module."""


def problems(root: Path, certificates: list[dict[str, Any]]) -> list[str]:
    """One sentence for each broken link; `certificates` are those that were proven."""
    return [
        *_kernels_and_theorems(root, certificates),
        *_unproven_formulas(root),
        *_formulas_in_templates(root),
        *_strangers(root),
        *_javascript_and_theorems(root, certificates),
        *_formulas_by_hand(root),
    ]


def without_theorem(root: Path) -> dict[str, str]:
    """Printed functions that name no theorem, each with its reason."""
    found = {}
    for module in PRINTED:
        path = root / "spectral_core/kernels" / f"{module}.py"
        proven = theorems_of(path)
        for name, node in _functions(path):
            mark = _mark(node)
            if not proven[name]:
                found[name] = mark["reason"] if mark else _reason(module, name)
    return found


def _reason(module: str, name: str) -> str:
    return next((reason for rule, reason in ORCHESTRATION[module].items() if re.fullmatch(rule, name)), "")


def _unproven_formulas(root: Path) -> Iterator[str]:
    """A printed function without a theorem has no formula, unless it says so."""
    for module in PRINTED:
        path = root / "spectral_core/kernels" / f"{module}.py"
        proven = theorems_of(path)
        for name, node in _functions(path):
            shown = "" if proven[name] or _mark(node) else numeric.formula(node)
            if shown:
                yield f"kernel {name} computes by a formula that no theorem covers ({shown})"


def _formulas_in_templates(root: Path) -> Iterator[str]:
    """Templates hold storage and the order of calls; their formulas are calls of proven programs of scalars.

    One that says `By hand` has formulas of its own: its test must exist, and it names no theorem.
    """
    tests = _tests(root)
    for path in sorted((root / "derivations/codegen").rglob("templates/*.py")):
        for name, node in _functions(path):
            shown = "" if _mark(node) else numeric.formula(node)
            where = f"the template of {name} in {path.parts[-3]}"
            if shown:
                yield f"{where} has a formula of its own ({shown})"
            yield from _wrong_mark(where, node, tests)
            if _mark(node) and "Theorem:" in (ast.get_docstring(node) or ""):
                yield f"{where} is written by hand, and names a theorem as if it were printed from its program"


def _strangers(root: Path) -> Iterator[str]:
    """Files between the printed ones that nothing prints."""
    known = {"tables", *PRINTED}
    for path in sorted((root / "spectral_core/kernels").rglob("*.py")):
        place = path.relative_to(root / "spectral_core/kernels").with_suffix("").as_posix()
        if place not in known and not place.startswith("support/") and path.name != "__init__.py":
            yield f"kernels/{place}.py lies between printed files, and nothing prints it"


def by_hand(root: Path) -> dict[str, re.Match[str]]:
    """The functions whose docstring says that they are written by hand, with that sentence."""
    return {name: mark for name, node in _hand_written(root).items() if (mark := _mark(node))}


def _formulas_by_hand(root: Path) -> Iterator[str]:
    tests = _tests(root)
    for name, node in _hand_written(root).items():
        mark = _mark(node)
        shown = "" if mark else numeric.formula(node)
        if shown:
            yield f"{name} computes by a formula of its own ({shown}); generate it or say 'By hand: ...' in its docstring"
        else:
            yield from _wrong_mark(name, node, tests)


def _wrong_mark(name: str, node: Code, tests: set[str]) -> Iterator[str]:
    """A mark that cannot be read, or whose test does not exist."""
    mark = _mark(node)
    if mark is None and "By hand:" in (ast.get_docstring(node) or ""):
        yield f"{name}: its docstring must say 'By hand: REASON. Checked by FILE.TEST.'"
    elif mark is not None and tests and mark["test"] not in tests:
        yield f"{name}: its test {mark['test']} does not exist"


def _tests(root: Path) -> set[str]:
    """The tests by their names; none in an installed package, which comes without them."""
    files = list((root / "tests").rglob("test_*.py"))
    # Only the names are needed; to parse all tests takes a second.
    return {f"{path.stem}.{name}" for path in files for name in FUNCTION.findall(path.read_text(encoding="utf-8"))}


def _hand_written(root: Path) -> dict[str, Code]:
    """Every function that is not printed and does not draw, and the code of each module outside of its functions."""
    found: dict[str, Code] = {}
    for path in sorted((root / "spectral_core").rglob("*.py")):
        module = _module(root, path)
        if not _is_printed(module) and not numeric.draws(module):
            found |= {f"{module}.{name}": node for name, node in _functions(path)}
            found[module] = _outside_of_functions(path)
    return found


def _is_printed(module: str) -> bool:
    place = module.removeprefix("kernels.").replace(".", "/")
    return module.startswith("kernels.") and place in (*PRINTED, "tables")


def _outside_of_functions(path: Path) -> ast.Module:
    """A module without its functions and methods: its constants, and those of its classes."""

    def kept(body: list[ast.stmt]) -> list[ast.stmt]:
        outside: list[ast.stmt] = []
        for node in body:
            outside += kept(node.body) if isinstance(node, ast.ClassDef) else [node]
        return [node for node in outside if not isinstance(node, ast.FunctionDef)]

    return ast.Module(kept(_tree(path.read_text(encoding="utf-8")).body), [])


def _mark(node: Code) -> re.Match[str] | None:
    return MARK.search(" ".join((ast.get_docstring(node) or "").split()))


def _kernels_and_theorems(root: Path, certificates: list[dict[str, Any]]) -> Iterator[str]:
    files = {name: root / "spectral_core/kernels" / f"{name}.py" for name in PRINTED}
    relying = {name: set(theorems) for file in files.values() for name, theorems in theorems_of(file).items()}
    known = {certificate["id"]: set(certificate["functions"]) for certificate in certificates}
    for module, file in files.items():
        by_hand = {name for name, node in _functions(file) if _mark(node)}
        for name, named in theorems_of(file).items():
            if not named and not _reason(module, name) and name not in by_hand:
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


def _javascript_and_theorems(root: Path, certificates: list[dict[str, Any]]) -> Iterator[str]:
    known = {certificate["id"] for certificate in certificates}
    for module in JAVASCRIPT:
        for name, theorems in theorems_of_javascript(root / "spectral_core/kernels" / f"{module}.js").items():
            if not theorems and not re.fullmatch(JAVASCRIPT_ORCHESTRATION, name):
                yield f"{module}.js: {name} names no theorem and is not listed as orchestration"
            for theorem in sorted(set(theorems) - known):
                yield f"{module}.js: {name} rests on {theorem}, which has no certificate"


def theorems_of_javascript(module: Path) -> dict[str, tuple[str, ...]]:
    """Each function of a JavaScript module with the theorems that the comment above it names."""
    found: dict[str, tuple[str, ...]] = {}
    named: tuple[str, ...] = ()
    for line in module.read_text(encoding="utf-8").splitlines():
        if line.startswith(" * Theorem: "):
            named = tuple(name.strip() for name in line.removeprefix(" * Theorem: ").split(","))
        elif match := re.match(r"(?:export )?function (\w+)\(", line):
            found[match[1]], named = named, ()
    return found


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

    yield from inside(_tree(path.read_text(encoding="utf-8")).body, "")


@cache
def _tree(text: str) -> ast.Module:
    return ast.parse(text)
