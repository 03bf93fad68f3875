"""Who notices a mutant: the proofs, the comparison with the checked-in files, or the tests.

Each mutant is judged in a forked child, which says over a pipe how far it came. An exception or a time limit ends the
child, and the last thing it said is the judge that noticed. The parent has imported what every child needs (SymPy,
NumPy, pytest), and keeps nothing that is mutated.
"""

from __future__ import annotations

import ast
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from tests.mutation import battery, sparse_battery
from tests.mutation.operators import Mutant, constants, mutants, piece, same_code

ROOT = Path(__file__).resolve().parents[2]
DENSE = ("spectral_core/kernels/cpu/dense.py", "spectral_core/kernels/cpu/one_hidden.py")
SPARSE = "spectral_core/kernels/cpu/sparse.py"
KERNELS = (*DENSE, SPARSE)
LEFT_OUT = {
    "derivations/recheck/": "mutated by its own tests: tests/derivations/recheck/test_recheck.py changes 711 statements and programs",
    "derivations/formulas/": "refuses programs that have no meaning; compared with an independent evaluator by its tests",
    "derivations/readable.py": "text for readers, from which nothing follows",
    "derivations/verify.py": "prints what the judges find; tests/derivations/test_verify.py",
    "derivations/codegen/cuda/": "prints for another machine: tests/kernels/cuda/test_cuda.py runs the text in the simulator, `--check` compares it",
    "derivations/codegen/cpu/templates/": "nothing but the text of kernels, which are mutated themselves",
}
"""Files or folders that are no targets, and why."""
CAUGHT = ("proof", "not well-formed", "--check", "tests")
SECONDS = {"build": 30, "proof": 90, "--check": 60, "tests": 120, "battery": 15}
"""Processor time that a stage may take; the unchanged files take a tenth of it, the tests a third at most."""
PATIENCE = 600
"""Seconds by the clock after which a child ends that waits for something."""
MEMORY = 8 << 30


@dataclass(frozen=True)
class Verdict:
    """`by` is one of `CAUGHT`, `same code` or `nobody`; `how` the exception or signal that ended the child."""

    mutant: Mutant
    by: str
    how: str = ""


@dataclass
class Target:
    """One file with all its mutants."""

    file: str
    mutants: list[Mutant] = field(repr=False)
    original: CodeType = field(repr=False)

    @property
    def kernel(self) -> bool:
        return self.file in KERNELS


def targets(root: Path = ROOT) -> list[Target]:
    """The files of the derivations that are not left out, then the kernels."""
    files = [path.relative_to(root).as_posix() for path in sorted((root / "derivations").rglob("*.py"))]
    result = []
    for file in (*(name for name in files if not name.startswith(tuple(LEFT_OUT))), *KERNELS):
        source = (root / file).read_text(encoding="utf-8")
        found = mutants(file, source, strings="/codegen/" in file)
        if found:
            result.append(Target(file, found, compile(source, file, "exec", dont_inherit=True)))
    return result


# --- in the child -----------------------------------------------------------------------------------------------------


class _Exchanged(importlib.machinery.SourceFileLoader):
    """Loads changed code in the place of a file."""

    code: CodeType

    def get_code(self, fullname: str) -> CodeType:
        return self.code


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, file: str, code: CodeType) -> None:
        self.name, self.path, self.code = module_name(file), str(ROOT / file), code

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        loader = _Exchanged(fullname, self.path)
        loader.code = self.code
        return importlib.util.spec_from_file_location(fullname, self.path, loader=loader)


def module_name(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def tests_for(file: str) -> list[str]:
    """The fast tests of the checks: those named after the file, those of the printers, then `test_rules`."""
    inside = Path(file)
    names = [inside.stem, *(["codegen"] if "codegen" in inside.parts else []), "rules"]
    found = {path.stem: path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/derivations").rglob("test_*.py")}
    return [found[f"test_{name}"] for name in names if f"test_{name}" in found]


Say = Callable[[str], None]
PROVEN: dict[str, Any] = {}
"""Certificates of the unchanged files, filled by `warm`."""


@cache
def imports(name: str) -> frozenset[str]:
    """The modules of the derivations that a module executes: itself, what it imports, and so on; with the packages."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        module = waiting.pop()
        path = ROOT / (module.replace(".", "/") + ".py")
        path = path if path.exists() else ROOT / module.replace(".", "/") / "__init__.py"
        if module in found or not path.exists():
            continue
        found.add(module)
        if "." in module:
            waiting.append(module.rpartition(".")[0])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("derivations"):
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names if alias.name.startswith("derivations")]
    return frozenset(found)


def prove(theorems: Sequence[Any], mutated: str, say: Say) -> list[Any]:
    """The certificates in the order of the theorems.

    A theorem whose modules do not import the mutated one keeps the certificate of the unchanged files. The others are
    proven: first those whose argument stands in the mutated module, the slow error analysis last.
    """
    homes = {number: theorem.argument.__code__.co_filename for number, theorem in enumerate(theorems)}
    names = {number: _module_of(home) for number, home in homes.items()}

    def turn(number: int) -> tuple[bool, bool]:
        return theorems[number].id.startswith("E."), names[number] != mutated

    done = {}
    for number in sorted(names, key=turn):
        theorem = theorems[number]
        if mutated and mutated not in imports(names[number]) and theorem.id in PROVEN:
            done[number] = PROVEN[theorem.id]
        else:
            say("proof")
            done[number] = theorem.prove()
    return [done[number] for number in range(len(theorems))]


def _module_of(path: str) -> str:
    inside = Path(path)
    return module_name((inside.relative_to(ROOT) if inside.is_absolute() else inside).as_posix())


def judge_derivation(mutant: Mutant | None, code: CodeType | None, say: Say) -> None:
    """Import, prove, generate, compare, test; `mutant` None is the package as it is."""
    say("build")
    if mutant is not None and code is not None:
        sys.meta_path.insert(0, _Finder(mutant.file, code))
    main = importlib.import_module("derivations.__main__")
    certificates = prove(main.THEOREMS, module_name(mutant.file) if mutant is not None else "", say)
    say("build")
    files = main.generate(certificates)
    say("--check")
    if main.differences(files):
        raise SystemExit("the files differ")
    say("tests")
    for path in tests_for(mutant.file if mutant is not None else "derivations/proof/rules.py"):
        options = ["-o", "addopts=--strict-markers", "-p", "no:cacheprovider", "-p", "no:randomly", "-x", "-q"]
        if pytest.main([*options, str(ROOT / path)]) != 0:
            raise SystemExit(f"{path} fails")
    say("nobody")


@cache
def kernel_codes(files: tuple[str, ...] = DENSE) -> tuple[CodeType, ...]:
    """Modules of kernels as they are, in the order in which they import each other."""
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in files}
    return tuple(compile(text, file, "exec", dont_inherit=True) for file, text in texts.items())


def judge_kernel(mutant: Mutant | None, code: CodeType, say: Say) -> None:
    """The unchanged modules, then the changed statement over them."""
    say("battery")
    if mutant is None:
        battery.check(kernel_codes())
        sparse_battery.check(kernel_codes(KERNELS))
    elif mutant.file == SPARSE:
        sparse_battery.check([*kernel_codes(KERNELS), mutant.piece()])
    else:
        battery.check([*kernel_codes(), mutant.piece()], mutant.function)
    say("nobody")


# --- in the parent ----------------------------------------------------------------------------------------------------


@dataclass
class _Child:
    """A forked process and what it said so far."""

    mutant: Mutant | None
    pipe: int

    def verdict(self, status: int) -> tuple[str, str]:
        with os.fdopen(self.pipe, encoding="utf-8") as pipe:
            said = pipe.read().splitlines()
        stage = next((word for word in reversed(said) if not word.startswith("!")), "build")
        how = next((word[1:] for word in reversed(said) if word.startswith("!")), "")
        if os.WIFSIGNALED(status):
            how = signal.Signals(os.WTERMSIG(status)).name
        if stage in ("nobody", "same code"):
            return stage, how
        if stage in ("build", "proof"):
            return ("proof" if how.startswith("ProofError") else "not well-formed"), how
        return {"battery": "tests"}.get(stage, stage), how


@cache
def named_integers() -> dict[str, int]:
    """The constants of the first module of kernels, which the others import."""
    return constants(ast.parse((ROOT / KERNELS[0]).read_text(encoding="utf-8")))


@cache
def original_piece(statement: ast.stmt, file: str) -> CodeType:
    return piece(statement, file, named_integers())


def unchanged(target: Target, mutant: Mutant, code: CodeType) -> bool:
    if target.kernel:
        return same_code(mutant.piece(named_integers()), original_piece(mutant.statement, target.file))
    return same_code(code, target.original)


def _fork(target: Target, mutant: Mutant | None) -> tuple[int, _Child]:
    if target.kernel and mutant is not None:
        original_piece(mutant.statement, target.file)  # kept for the next child
    read, write = os.pipe()
    pid = os.fork()
    if pid != 0:
        os.close(write)
        return pid, _Child(mutant, read)
    try:  # the child: nothing may return from here
        os.close(read)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)

        def say(stage: str) -> None:
            used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2])) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (used + SECONDS.get(stage, 1), resource.RLIM_INFINITY))
            os.write(write, f"{stage}\n".encode())

        signal.alarm(PATIENCE)
        say("build")
        code = mutant.code() if mutant is not None and not target.kernel else target.original
        if mutant is not None and unchanged(target, mutant, code):
            say("same code")
        elif target.kernel:
            judge_kernel(mutant, code, say)
        else:
            judge_derivation(mutant, code, say)
    finally:
        kind, error, _ = sys.exc_info()
        if kind is not None:
            os.write(write, f"!{kind.__name__}: {' '.join(str(error).split())[:300]}\n".encode())
        os._exit(0)


def judge(todo: Sequence[tuple[Target, Mutant | None]], jobs: int) -> Iterator[tuple[Mutant | None, str, str]]:
    """(mutant, who noticed it, how) in the order in which the children end."""
    gc.collect()
    gc.freeze()  # else every child copies what it only counts
    waiting = list(reversed(todo))
    live: dict[int, _Child] = {}
    while waiting or live:
        while waiting and len(live) < jobs:
            pid, child = _fork(*waiting.pop())
            live[pid] = child
        pid, status = os.wait()
        child = live.pop(pid)
        yield child.mutant, *child.verdict(status)


def warm() -> None:
    """Prove and compute once, so that every child finds caches filled and imports done; then forget the package."""
    main = importlib.import_module("derivations.__main__")
    certificates = [certificate for certificate, _ in main.prove_all()]
    main.generate(certificates)
    for name in [name for name in sys.modules if name.split(".")[0] == "derivations"]:
        del sys.modules[name]
    PROVEN.update((certificate.id, certificate) for certificate in certificates)
    battery.check(kernel_codes())
    sparse_battery.check(kernel_codes(KERNELS))


def unmutated(all_targets: Sequence[Target]) -> None:
    """The files as they are must satisfy every judge; else no verdict means anything."""
    kinds = {target.kernel: target for target in all_targets}
    for _, by, how in judge([(target, None) for target in kinds.values()], 1):
        if by != "nobody":
            raise RuntimeError(f"the unchanged files fail already: {by}: {how}")
