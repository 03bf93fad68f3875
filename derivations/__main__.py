"""`python -m derivations`: prove every theorem, then write kernels and certificates.

`--check` writes nothing: it prints the difference to what is checked in, every kernel without a theorem, every theorem
whose kernel is gone and every formula that does not say that it is written by hand. It exits 1 if there is any of these.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import time
from pathlib import Path
from typing import Any

from derivations import links, step_order
from derivations.codegen.c import images as c_images
from derivations.codegen.c.module import c_modules
from derivations.codegen.cpu import images, module
from derivations.codegen.cpu.images_module import images_module
from derivations.codegen.cpu.module import (
    certificate_digest,
    cpu_module,
    one_hidden_module,
    sparse_module,
    tables_module,
)
from derivations.codegen.cuda.module import cuda_functions, cuda_modules, cuda_programs
from derivations.codegen.formulas import FORMULAS
from derivations.codegen.host import host_module
from derivations.codegen.javascript.module import javascript_modules
from derivations.codegen.javascript.parts import parts_module
from derivations.codegen.programs import PROGRAMS as SHARED
from derivations.codegen.rocq.goals import goals_file
from derivations.codegen.rocq.programs import programs_file
from derivations.proof.certificates import Certificate
from derivations.proof.claimed_lines import unclaimed
from derivations.proof.programs import Program
from derivations.proof.selfcheck import weaknesses
from derivations.proof.theorem import ProofError
from derivations.records import assumptions, citations, record, unlike_programs, written
from derivations.theorems.catalogue import THEOREMS
from derivations.theorems.spectral import factors

ROOT = Path(__file__).parent.parent
KERNELS = ROOT / "spectral_core" / "kernels"
EXCHANGE = ROOT / "spectral_core" / "exchange"
ROCQ = ROOT / "derivations" / "rocq"
CERTIFICATES = ROOT / "derivations" / "certificates.json"
ASSUMPTIONS = ROOT / "derivations" / "assumptions.txt"

PROGRAMS = tuple(dict.fromkeys((*SHARED, *module.SPARSE.values(), *factors.PROGRAMS)))
"""Every program from which kernels are printed, each once."""


def functions() -> dict[str, tuple[str, ...]]:
    """Name of each generated function, for the processor and for CUDA -> the theorems it rests on."""
    return module.functions() | cuda_functions()


def printed_programs() -> list[Program]:
    """Every program that a kernel is printed from."""
    return [*module.programs(), *images.programs(), *c_images.PROGRAMS, *FORMULAS.values(), *cuda_programs()]


def prove_all() -> list[tuple[Certificate, float]]:
    """Certificate and seconds for every theorem; raises `ProofError` at the first that fails."""
    if weak := weaknesses():
        raise ProofError(f"the rules do not decide as they should; {'; '.join(weak)}")
    results = []
    for theorem in THEOREMS:
        start = time.perf_counter()
        certificate = theorem.prove()
        results.append((certificate, time.perf_counter() - start))
    return results


def records_of(certificates: list[Certificate]) -> list[dict[str, Any]]:
    """The certificates as they are written, each with the functions that rely on it."""
    relying = functions()
    known = {certificate.id for certificate in certificates}
    unproven = {name: ids for name, ids in relying.items() if not set(ids) <= known}
    if unproven:
        raise ProofError(f"kernels without a certificate: {unproven}")
    printed = printed_programs()
    problems = [*citations(certificates), *unlike_programs(certificates, printed), *unclaimed(certificates, printed)]
    if problems:
        raise ProofError("\n".join(problems))
    return [record(c, [name for name, ids in relying.items() if c.id in ids]) for c in certificates]


def generate(certificates: list[Certificate], records: list[dict[str, Any]] | None = None) -> dict[Path, str]:
    """The files that follow from the certificates and their records, as text."""
    records = records_of(certificates) if records is None else records
    general, planes = cpu_module(records), images_module(certificate_digest(records))
    return {
        KERNELS / "tables.py": tables_module(),
        **{EXCHANGE / f"{name}.py": text for name, text in c_modules().items()},
        KERNELS / "formulas.py": host_module(certificate_digest(records)),
        EXCHANGE / "printed_javascript.py": parts_module(),
        KERNELS / "cpu" / "dense.py": general,
        KERNELS / "cpu" / "one_hidden.py": one_hidden_module(records, general),
        KERNELS / "cpu" / "sparse.py": sparse_module(records, general),
        KERNELS / "cpu" / "images.py": planes,
        **{
            KERNELS / "cuda" / f"{name}.py": text
            for name, text in cuda_modules(certificate_digest(records), general, planes).items()
        },
        **{
            KERNELS / "javascript" / f"{name}.js": text
            for name, text in javascript_modules(certificate_digest(records)).items()
        },
        ROCQ / "programs.v": programs_file(PROGRAMS),
        ROCQ / "rational.v": goals_file(certificates),
        CERTIFICATES: written(records),
        ASSUMPTIONS: assumptions(certificates),
    }


def differences(files: dict[Path, str]) -> str:
    """A unified diff from the files on disk to the generated ones; empty where they agree."""
    lines: list[str] = []
    for path, text in files.items():
        # Byte by byte: another end of a line is a difference too.
        old = path.read_bytes().decode("utf-8") if path.exists() else ""
        if old == text:
            continue
        name = path.relative_to(ROOT).as_posix()
        lines += difflib.unified_diff(_lines(old), _lines(text), f"{name} (checked in)", f"{name} (generated)")
    return "".join(lines)


def _lines(text: str) -> list[str]:
    """The lines with their ends, another end than \\n shown."""
    return text.replace("\r", "\\r").splitlines(keepends=True)


def write(path: Path, text: str) -> None:
    """Write beside, then rename: no half-written file stays."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_bytes(text.encode("utf-8"))
    os.replace(beside, path)


def counted(certificates: list[Certificate]) -> str:
    """How many theorems there are, and how many definitions, which are proven alike and counted apart."""
    defined = sum(certificate.by_definition for certificate in certificates)
    return f"{len(certificates) - defined} theorems" + f" and {defined} definitions" * bool(defined)


NOT_COVERED = (
    "not covered here: numbers, compiled kernels and their printer (`spectral-core verify`), training loops but for the order "
    "of their parts, CUDA and storage "
    "(`make test`), Rocq (`make rocq`)"
)


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done or equal, 1 a proof failed or the files differ."""
    parser = argparse.ArgumentParser(prog="python -m derivations", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; print differences and exit 1 if any")
    check = parser.parse_args(arguments).check
    try:
        proven = prove_all()
    except ProofError as error:
        print(f"not proven: {error}", file=sys.stderr)
        return 1
    certificates = [certificate for certificate, _ in proven]
    try:
        records = records_of(certificates)
    except ProofError as error:
        print(f"not proven: {error}", file=sys.stderr)
        return 1
    files = generate(certificates, records)
    steps = sum(len(certificate.steps) for certificate, _ in proven)
    print(f"{counted(certificates)} proven in {steps} steps, {sum(seconds for _, seconds in proven):.2f} s")
    difference = differences(files)
    if check:
        if difference:
            print(difference, end="")
            print("the checked-in files differ from the derivations; run: python -m derivations", file=sys.stderr)
            return 1
        print(f"{len(files)} files agree with the derivations")
        print(NOT_COVERED)
    else:
        for path, text in files.items():
            write(path, text)
            print(f"wrote {path.relative_to(ROOT).as_posix()}")
    found = [*links.problems(ROOT, records), *step_order.problems(ROOT)]
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print(
            f"{len(functions())} kernels and their theorems name each other; "
            f"{len(links.without_theorem(ROOT))} have none, each with its reason"
        )
        print(f"{len(links.by_hand(ROOT))} functions say that they are written by hand")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
