"""The rule of the architecture, read from the source: `derivations` writes the kernels, `spectral_core` runs."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest

from tests.builders import ROOT

ROWS = [
    {"errors"},
    {"checks", "progress", "wording"},
    {"files", "data", "kernels"},
    {"backends", "reports"},
    {"networks"},
    {"training", "exchange"},
    {"refitting"},
    {"resizing", "sweeps"},
    {"architecture"},
    {"experiments", "estimators"},
    {"cli"},
    {"__main__"},
]
"""A package of `spectral_core` imports from the rows above its own, never from its own row or from below."""
PROOF_ROWS = [
    {"proof"},
    {"theorems.scalar", "formulas"},
    {"theorems.spectral", "theorems.images"},
    {"theorems"},
    {"codegen"},
    {"formula_printer", "numeric", "records"},
    {"recheck", "rocq", "links", "readable", "step_order"},
    {"__main__"},
    {"verify"},
]
"""The same for `derivations`; `formulas` imports `proof` alone, and `recheck` itself alone."""
LEANS_ON = {
    "cpu/one_hidden": ("cpu.dense",),
    "cpu/sparse": ("cpu.dense",),
    "cuda/parts": ("support.device", "cpu.dense", "support.shuffling"),
    "cuda/ensemble": ("support.device", "cuda.parts"),
    "cuda/one_hidden": ("support.device", "cuda.parts"),
    "cuda/wide": ("support.device", "cuda.parts"),
    "cuda/images": ("support.device", "cuda.parts", "cpu.images"),
}
"""What printed kernels import from `kernels`; those for CUDA are compiled anew in each process."""
SKLEARN_INSIDE_FUNCTIONS = {"data", "cli"}


def sources(package: str) -> list[Path]:
    return sorted(path for path in (ROOT / package).rglob("*.py") if "__pycache__" not in path.parts)


def module_of(path: Path) -> str:
    """The full name of a module; a package by its own name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def row_of(module: str, rows: list[set[str]]) -> int:
    """The number of the row that names the module's package, or the longest part of it that a row names."""
    inside = module.split(".", 1)[1]
    found = [
        (len(name), number) for number, row in enumerate(rows) for name in row if f"{inside}.".startswith(f"{name}.")
    ]
    assert found, f"{module} stands in no row; a new package needs its place in the table"
    return max(found)[1]


def edges(package: str) -> dict[str, set[str]]:
    """Which modules of the package each of its modules imports, those for the type checker too."""
    modules = {module_of(path): path for path in sources(package)}
    return {name: (imported(parse(path)) & modules.keys()) - {package, name} for name, path in modules.items()}


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


def roots(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sources("spectral_core"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_package_does_not_import_the_derivations(path: Path) -> None:
    names = roots(imported(parse(path)))
    assert names.isdisjoint({"tests", "hypothesis", "pytest", "sympy", "derivations"})
    package = module_of(path).split(".")[1:2]
    if package != ["estimators"]:
        assert "sklearn" not in roots(at_the_top(parse(path)))
        assert "sklearn" not in names or package[0] in SKLEARN_INSIDE_FUNCTIONS


@pytest.mark.parametrize(("package", "rows"), [("spectral_core", ROWS), ("derivations", PROOF_ROWS)])
def test_no_import_runs_upwards(package: str, rows: list[set[str]]) -> None:
    upwards = set()
    for module, used in edges(package).items():
        for other in used if module != package else ():
            mine, its = row_of(module, rows), row_of(other, rows)
            same = module.split(".")[1 : 1 + depth(module, rows)] == other.split(".")[1 : 1 + depth(other, rows)]
            if its > mine or (its == mine and not same):
                upwards.add((module, other))
    assert upwards == set()


def depth(module: str, rows: list[set[str]]) -> int:
    """How many parts the name has that stands for the module in its row."""
    inside = module.split(".", 1)[1]
    return max(len(name.split(".")) for row in rows for name in row if f"{inside}.".startswith(f"{name}."))


@pytest.mark.parametrize("package", ["spectral_core", "derivations"])
def test_no_import_runs_in_a_circle(package: str) -> None:
    left = {name: set(used) for name, used in edges(package).items() if name != package}
    while free := {name for name, used in left.items() if not used & left.keys()}:
        left = {name: used for name, used in left.items() if name not in free}
    assert sorted(left) == []


@pytest.mark.parametrize("package", ["spectral_core", "derivations"])
def test_packages_only_hand_names_on(package: str) -> None:
    """Below the top an `__init__.py` holds a docstring and imports."""
    for path in sources(package):
        if path.name == "__init__.py" and path.parent.name != package:
            code = [node for node in parse(path).body if not isinstance(node, (ast.Expr, ast.Import, ast.ImportFrom))]
            assert code == [], path


def test_no_package_hides_a_function() -> None:
    import spectral_core

    folders = {path.parent.name for path in sources("spectral_core") if path.name == "__init__.py"}
    assert folders.isdisjoint(spectral_core.__all__)


@pytest.mark.parametrize("path", sources("derivations"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_derivations_import_sympy_the_standard_library_and_themselves(path: Path) -> None:
    if "recheck" not in path.parts:
        assert roots(imported(parse(path))) <= {"sympy", "derivations", *sys.stdlib_module_names}
        # No proof leans on the second route; `verify` runs both.
        names = {name for name in imported(parse(path)) if name.startswith("derivations.recheck")}
        assert not names or path.name == "verify.py"


@pytest.mark.parametrize(("printer", "other"), list(permutations(("cpu", "cuda", "javascript"), 2)))
def test_the_printers_of_two_machines_do_not_know_each_other(printer: str, other: str) -> None:
    """What they share lies in `codegen` itself, which imports neither."""
    for path in sources("derivations/codegen"):
        if printer in path.parts or path.parent.name == "codegen":
            used = {name for name in imported(parse(path)) if name.startswith(f"derivations.codegen.{other}")}
            assert used == set(), path


@pytest.mark.parametrize("path", sources("derivations/recheck"), ids=lambda path: path.name)
def test_the_second_route_shares_nothing_with_the_first(path: Path) -> None:
    """The standard library and itself alone; `exact*` runs the compiled kernels, or has functions with 50 digits, besides."""
    kernels = {"numpy", "numba", "mpmath", "spectral_core"} if path.name.startswith("exact") else set()
    assert roots(imported(parse(path))) <= {"derivations", *kernels, *sys.stdlib_module_names}
    own = {name for name in imported(parse(path)) if name.startswith("derivations")}
    assert all(name.startswith("derivations.recheck") for name in own)


PRINTED = [
    path
    for folder in ("cpu", "cuda")
    for path in sources(f"spectral_core/kernels/{folder}")
    if path.name != "__init__.py"
]


@pytest.mark.parametrize("path", PRINTED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_printed_kernels_stand_alone(path: Path) -> None:
    """Numba's cache does not see edits in another module: what leans on another's text names its digest."""
    text = path.read_text(encoding="utf-8")
    assert "Do not edit" in text
    names, stem = imported(parse(path)), f"{path.parent.name}/{path.stem}"
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
    assert modules == {f"spectral_core.kernels.{name}" for name in LEANS_ON.get(stem, ())}
    for name in LEANS_ON.get(stem, ()):
        folder, file = name.split(".")
        if folder in ("cpu", "cuda") and file != "device":
            digest = hashlib.sha256((path.parent.parent / folder / f"{file}.py").read_bytes()).hexdigest()[:16]
            assert f"\n{file + '.py':<14}sha256 {digest}\n" in text


def test_only_printed_files_lie_beside_printed_files() -> None:
    kernels = ROOT / "spectral_core" / "kernels"
    for path in [*PRINTED, kernels / "tables.py", kernels / "formulas.py"]:
        assert (
            "rinted" in path.read_text(encoding="utf-8")[:300]
            or "Do not edit" in path.read_text(encoding="utf-8")[:300]
        )
    assert {path.name for path in kernels.glob("*.py")} == {"__init__.py", "tables.py", "formulas.py"}


def test_the_oracles_share_nothing_with_the_package() -> None:
    names = imported(parse(ROOT / "tests" / "oracles.py"))
    assert roots(names) <= {"numpy", "scipy", *sys.stdlib_module_names}
    for path in [*sources("spectral_core"), *sources("derivations")]:
        assert "tests.oracles" not in path.read_text(encoding="utf-8"), path


def fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_next_to_nothing() -> None:
    heavy = "{'numpy', 'numba', 'scipy', 'sympy', 'sklearn', 'joblib', 'matplotlib', 'pyarrow', 'derivations'}"
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
