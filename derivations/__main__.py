"""`python -m derivations`: prove every theorem, then write kernels and certificates.

`--check` writes nothing: it prints the difference to what is checked in, and exits 1 if there is one.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from derivations.catalogue import THEOREMS
from derivations.codegen.module import cpu_module, functions, tables_module
from derivations.theorem import Certificate, ProofError

ROOT = Path(__file__).resolve().parent.parent
KERNELS = ROOT / "spectral_core" / "kernels"
CERTIFICATES = ROOT / "derivations" / "certificates.json"


def prove_all() -> list[tuple[Certificate, float]]:
    """Certificate and seconds for every theorem; raises `ProofError` at the first that fails."""
    results = []
    for theorem in THEOREMS:
        start = time.perf_counter()
        certificate = theorem.prove()
        results.append((certificate, time.perf_counter() - start))
    return results


def generate(certificates: list[Certificate]) -> dict[Path, str]:
    """The files that follow from the certificates, as text."""
    relying = functions()
    known = {certificate.id for certificate in certificates}
    unproven = {name: ids for name, ids in relying.items() if not set(ids) <= known}
    if unproven:
        raise ProofError(f"kernels without a certificate: {unproven}")
    records = []
    for certificate in certificates:
        record = asdict(certificate)
        record["functions"] = [name for name, ids in relying.items() if certificate.id in ids]
        records.append(record)
    text = json.dumps(records, indent=1, ensure_ascii=False) + "\n"
    return {
        KERNELS / "tables.py": tables_module(),
        KERNELS / "cpu.py": cpu_module(records),
        CERTIFICATES: text,
    }


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
    files = generate([certificate for certificate, _ in proven])
    steps = sum(len(certificate.steps) for certificate, _ in proven)
    print(f"{len(proven)} theorems proven in {steps} steps, {sum(seconds for _, seconds in proven):.2f} s")
    difference = differences(files)
    if check:
        if difference:
            print(difference, end="")
            print("the checked-in files differ from the derivations; run: python -m derivations", file=sys.stderr)
            return 1
        print(f"{len(files)} files agree with the derivations")
        return 0
    for path, text in files.items():
        write(path, text)
        print(f"wrote {path.relative_to(ROOT).as_posix()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
