"""`python -m derivations`: prove every theorem, then write kernels and certificates.

`--check` writes nothing: it prints the difference to what is checked in, every kernel without a theorem, every theorem
whose kernel is gone and every formula that does not say that it is written by hand. It exits 1 if there is any of these.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from derivations import links
from derivations.codegen.cpu import module
from derivations.codegen.cpu.images_module import images_module
from derivations.codegen.cpu.module import (
    certificate_digest,
    cpu_module,
    one_hidden_module,
    sparse_module,
    tables_module,
)
from derivations.codegen.cuda.module import cuda_functions, cuda_modules
from derivations.proof.rules import RULES, Step
from derivations.proof.theorem import Certificate, ProofError
from derivations.theorems.catalogue import THEOREMS

ROOT = Path(__file__).parent.parent
KERNELS = ROOT / "spectral_core" / "kernels"
CERTIFICATES = ROOT / "derivations" / "certificates.json"
ASSUMPTIONS = ROOT / "derivations" / "assumptions.txt"


def functions() -> dict[str, tuple[str, ...]]:
    """Name of each generated function, for the processor and for CUDA -> the theorems it rests on."""
    return module.functions() | cuda_functions()


def prove_all() -> list[tuple[Certificate, float]]:
    """Certificate and seconds for every theorem; raises `ProofError` at the first that fails."""
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
    for number, certificate in enumerate(certificates):
        if unknown := set(certificate.cites) - {earlier.id for earlier in certificates[:number]}:
            raise ProofError(f"{certificate.id} cites what is not proven before it: {sorted(unknown)}")
    return [record(c, [name for name, ids in relying.items() if c.id in ids]) for c in certificates]


def generate(certificates: list[Certificate]) -> dict[Path, str]:
    """The files that follow from the certificates, as text."""
    records = records_of(certificates)
    general = cpu_module(records)
    return {
        KERNELS / "tables.py": tables_module(),
        KERNELS / "cpu" / "dense.py": general,
        KERNELS / "cpu" / "one_hidden.py": one_hidden_module(records, general),
        KERNELS / "cpu" / "sparse.py": sparse_module(records, general),
        KERNELS / "cpu" / "images.py": images_module(certificate_digest(records), general),
        **{
            KERNELS / "cuda" / f"{name}.py": text
            for name, text in cuda_modules(certificate_digest(records), general).items()
        },
        CERTIFICATES: json.dumps(records, indent=1, ensure_ascii=False) + "\n",
        ASSUMPTIONS: assumptions(certificates),
    }


def record(certificate: Certificate, relying: list[str]) -> dict[str, Any]:
    """A certificate as it is written: formulas as text, what it cites and trusts, the functions that rely on it."""
    return {
        **{name: getattr(certificate, name) for name in ("id", "title", "statement", "scope", "method", "reference")},
        "assumptions": certificate.assumptions,
        "symbols": certificate.symbols,
        "cites": certificate.cites,
        "trusted": [f"{rule}: {RULES[rule]}" for rule in certificate.rules],
        "steps": [
            {"rule": s.rule, "claim": s.claim, "formula": formula(s), "cites": s.cites} for s in certificate.steps
        ],
        "functions": relying,
    }


def formula(step: Step) -> str:
    """A step's own formula as text."""
    if step.rule in ("decided", "computed"):
        return str(step.left)
    if step.rule in ("bound", "error analysis"):  # exact rationals of many digits; twelve are enough to read
        return f"{float(step.left):.12g} <= {float(step.right):.12g}"
    left, right = (", ".join(map(str, side)) if isinstance(side, tuple) else side for side in (step.left, step.right))
    return f"{left} = {right}"


def assumptions(certificates: list[Certificate]) -> str:
    """Everything the proofs assume, one line each: a proof that begins to assume more shows up as a difference."""
    lines = [
        "What the proofs assume. Printed by `python -m derivations`; a new line here is to be defended in a review."
    ]
    for certificate in certificates:
        lines += ["", f"{certificate.id}  {certificate.title}, {certificate.scope}"]
        lines += [f"  assumes  {text}" for text in certificate.assumptions]
        lines += [f"  symbols  {', '.join(names)}: {what}" for what, names in certificate.symbols.items()]
        lines += [f"  cites    {', '.join(certificate.cites)}"] if certificate.cites else []
        lines += [f"  rules    {', '.join(certificate.rules)}"]
    return "\n".join(lines) + "\n"


def differences(files: dict[Path, str]) -> str:
    """A unified diff from the files on disk to the generated ones; empty where they agree."""
    lines: list[str] = []
    for path, text in files.items():
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        name = path.relative_to(ROOT).as_posix()
        lines += difflib.unified_diff(
            old.splitlines(keepends=True), text.splitlines(keepends=True), f"{name} (checked in)", f"{name} (generated)"
        )
    return "".join(lines)


def write(path: Path, text: str) -> None:
    """Write beside, then rename: no half-written file stays."""
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


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
    files = generate(certificates)
    steps = sum(len(certificate.steps) for certificate, _ in proven)
    print(f"{len(proven)} theorems proven in {steps} steps, {sum(seconds for _, seconds in proven):.2f} s")
    difference = differences(files)
    if check:
        if difference:
            print(difference, end="")
            print("the checked-in files differ from the derivations; run: python -m derivations", file=sys.stderr)
            return 1
        print(f"{len(files)} files agree with the derivations")
    else:
        for path, text in files.items():
            write(path, text)
            print(f"wrote {path.relative_to(ROOT).as_posix()}")
    found = links.problems(ROOT, records_of(certificates))
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print(
            f"{len(functions())} kernels and their theorems name each other; {len(links.by_hand(ROOT))} functions say that they are written by hand"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
