"""The rule of the architecture, read from the source: `derivations` writes the kernels, `spectral_core` runs."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ORDER = [
    "errors",
    "arrays",
    "files",
    "layout",
    "threads",
    "shuffling",
    "gpu",
    "backends",
    "kernels",
    "wide",
    "parameters",
    "network",
    "states",
    "compaction",
    "checkpoint",
    "run",
    "trainer",
    "ensembles",
    "growth",
    "rankings",
    "compensation",
    "merging",
    "pruning",
    "tasks",
    "predictor",
    "onnx_export",
    "preparation",
    "growing",
    "report",
    "plots",
    "network_plot",
    "candidates",
    "architecture",
    "sources",
    "datasets",
    "store",
    "exports",
    "engine",
    "sweeps",
    "sparcs_first",
    "sparcs_plot",
    "sparcs_second",
    "pruning_arms",
    "student_teacher",
    "estimators",
    "console",
    "sweep_commands",
    "reproduce_commands",
    "shrink_commands",
    "cli",
]
"""A module of the package imports only from modules before it; edit when one is added."""

LEANS_ON = {
    "fused": ("kernels.cpu",),
    "cuda": ("gpu", "kernels.cpu", "shuffling"),
    "cuda_blocks": ("gpu", "kernels.cuda"),
    "cuda_fused": ("gpu", "kernels.cuda"),
    "cuda_wide": ("gpu", "kernels.cuda"),
}
"""What generated kernels import from the package; those for CUDA are compiled anew in each process."""
SKLEARN_AT_THE_TOP = {"estimators", "cli"}
SKLEARN_INSIDE_FUNCTIONS = {"datasets"}
FREE = {"__init__"}
"""Imports by name, when a name is first used."""


def sources(package: str) -> list[Path]:
    return sorted(path for path in (ROOT / package).rglob("*.py") if "__pycache__" not in path.parts)


def label(path: Path) -> str:
    """`kernels` for anything in that folder, else the file's name."""
    relative = path.relative_to(ROOT).with_suffix("")
    return relative.parts[1]


def imported(tree: ast.AST) -> set[str]:
    """Full names of all modules imported anywhere in a tree."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used"
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def at_the_top(tree: ast.Module) -> set[str]:
    """What importing the module imports: everything but functions and blocks for the type checker."""
    skipped = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    queue: list[ast.AST] = list(tree.body)
    names: set[str] = set()
    while queue:
        node = queue.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            queue += node.orelse
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= imported(ast.Module([node], []))
        elif not isinstance(node, skipped):
            queue += ast.iter_child_nodes(node)
    return names


def running(tree: ast.Module) -> set[str]:
    """All imports but those for the type checker alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return imported(tree)


def roots(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sources("spectral_core"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_package_does_not_import_the_derivations(path: Path) -> None:
    names = roots(imported(parse(path)))
    assert names.isdisjoint({"tests", "oracles", "hypothesis", "pytest"})
    assert names.isdisjoint({"sympy", "derivations"})
    if label(path) not in SKLEARN_AT_THE_TOP:
        assert "sklearn" not in roots(at_the_top(parse(path)))
        assert "sklearn" not in names or label(path) in SKLEARN_INSIDE_FUNCTIONS


@pytest.mark.parametrize("path", sources("spectral_core"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_those_before_it(path: Path) -> None:
    if label(path) in FREE:
        return
    assert label(path) in ORDER, f"{label(path)} has no place in ORDER"
    before = ORDER[: ORDER.index(label(path))]
    allowed = {*before, "kernels"} if label(path) == "kernels" else set(before)
    own = {name.split(".")[1] for name in running(parse(path)) if name.startswith("spectral_core.")} - {"__version__"}
    assert own <= allowed, f"{path.name} imports {sorted(own - allowed)}"


@pytest.mark.parametrize("path", sources("derivations"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_derivations_import_sympy_the_standard_library_and_themselves(path: Path) -> None:
    if path.parent.name != "recheck":
        assert roots(imported(parse(path))) <= {"sympy", "derivations", *sys.stdlib_module_names}
        # No proof leans on the second route; `verify` runs both.
        names = {name for name in imported(parse(path)) if name.startswith("derivations.recheck")}
        assert not names or path.name == "verify.py"


@pytest.mark.parametrize("path", sources("derivations/recheck"), ids=lambda path: path.name)
def test_the_second_route_shares_nothing_with_the_first(path: Path) -> None:
    """The standard library and itself alone; `exact*` runs the compiled kernels besides."""
    kernels = {"numpy", "numba", "mpmath", "spectral_core"} if path.name.startswith("exact") else set()
    assert roots(imported(parse(path))) <= {"derivations", *kernels, *sys.stdlib_module_names}
    own = {name for name in imported(parse(path)) if name.startswith("derivations")}
    assert all(name.startswith("derivations.recheck") for name in own)


@pytest.mark.parametrize("path", sources("spectral_core/kernels"), ids=lambda path: path.name)
def test_generated_kernels_stand_alone(path: Path) -> None:
    """Numba's cache does not see edits in another module: what leans on another's text names its digest."""
    if path.name == "__init__.py":
        return
    text = path.read_text(encoding="utf-8")
    assert "Do not edit" in text or path.name == "tables.py"
    names, stem = imported(parse(path)), path.stem
    others = {name for name in names if not name.startswith("spectral_core")}
    assert others <= {
        "numba",
        "numba.njit",
        "numba.types",
        "numba.extending",
        "numba.extending.overload",
        "numpy",
        "math",
    }
    modules = {node.module for node in ast.walk(parse(path)) if isinstance(node, ast.ImportFrom)} & names - others
    assert modules == {f"spectral_core.{name}" for name in LEANS_ON.get(stem, ())}
    for name in LEANS_ON.get(stem, ()):
        if name.startswith("kernels."):
            file = f"{name.removeprefix('kernels.')}.py"
            digest = hashlib.sha256((path.parent / file).read_bytes()).hexdigest()[:16]
            assert f"\n{file:<14}sha256 {digest}\n" in text


def test_the_oracles_share_nothing_with_the_package() -> None:
    names = imported(parse(ROOT / "tests" / "oracles.py"))
    assert roots(names) <= {"numpy", "scipy", *sys.stdlib_module_names}
    for path in [*sources("spectral_core"), *sources("derivations")]:
        assert "oracles" not in path.read_text(encoding="utf-8"), path


def fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_next_to_nothing() -> None:
    heavy = "{'numpy', 'numba', 'scipy', 'sympy', 'sklearn', 'matplotlib', 'derivations'}"
    assert fresh(f"import sys, spectral_core; print(sorted({heavy} & set(sys.modules)))") == "[]"
    network = f"import sys; from spectral_core import SpectralNetwork; print(sorted({heavy} & set(sys.modules)))"
    assert fresh(network) == "['numpy']"


def test_the_public_names_are_few_and_all_there() -> None:
    names = fresh("import spectral_core; print(*spectral_core.__all__)").split()
    assert len(names) <= 15
    assert len(set(names)) == len(names)
    found = fresh("import spectral_core as s; print(*[n for n in s.__all__ if getattr(s, n) is not None])").split()
    assert found == names
    assert set(fresh("import spectral_core; print(*dir(spectral_core))").split()) >= set(names)
    missing = "import spectral_core\ntry:\n    spectral_core.nothing\nexcept AttributeError as e:\n    print(e)"
    assert "nothing" in fresh(missing)
