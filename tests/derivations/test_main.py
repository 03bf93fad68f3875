"""Every theorem is proven, and the files that are checked in follow from the proofs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from derivations.__main__ import generate
from derivations.codegen import one_hidden
from derivations.codegen.cpu import images
from derivations.codegen.cpu.module import SPARSE, functions
from derivations.codegen.host import HOST
from derivations.codegen.programs import PROGRAMS, VARIANTS
from derivations.proof.theorem import ProofError, Theorem
from derivations.records import record
from derivations.theorems.catalogue import THEOREMS
from derivations.theorems.scalar import exponential
from derivations.theorems.spectral import factors
from tests.builders import ROOT


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.id)
def test_every_theorem_is_proven_the_same_way_twice(theorem: Theorem) -> None:
    first, second = theorem.prove(), theorem.prove()
    # A recursion that is defined inside an argument holds functions, and two of these are never equal: claims as written.
    assert replace(first, claims=()) == replace(second, claims=())
    assert record(first, []) == record(second, [])
    assert first.steps
    assert asdict(first).keys() >= {"id", "statement", "assumptions", "scope", "method", "reference", "steps"}
    assert all(step.claim and step.rule for step in first.steps)


def test_the_catalogue_is_complete() -> None:
    names = [theorem.id for theorem in THEOREMS]
    assert len(set(names)) == len(names)
    assert {"M1", "M2", "M3", "M4", "M5", "M7", "M8", "M9"} <= set(names)
    relied_on = {name for theorems in functions().values() for name in theorems}
    assert relied_on <= set(names)
    exponentials = {f"exponential_{form.name}" for form in exponential.FORMATS}
    few = {f"{kind}_{a}_{b}" for kind in ("propagate", "adjoint") for a, b in one_hidden.SIZES}
    programs = {program.name for program in (*PROGRAMS, *factors.PROGRAMS)}
    between = {"output_loss", "add_penalty", "limit_norm", "update", "shrink"}
    between |= {f"epoch_{form}" for form in (*VARIANTS, *(f"{a}_{b}" for a, b in one_hidden.SIZES))}
    between |= {"gradient_sparse", "means_sparse", "factor_column", "objective_sparse", *HOST}
    assert set(functions()) == {"activate", *exponentials, *few, *programs, *SPARSE, *between, *images.functions()}


def test_kernels_without_a_certificate_are_not_generated() -> None:
    certificates = [theorem.prove() for theorem in THEOREMS if theorem.id != "M8"]
    with pytest.raises(ProofError, match=r"adjoint_global.*M8"):
        generate(certificates)


def _check(folder: Path, *arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [sys.executable, "-m", "derivations", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_checked_in_files_agree_for_another_hash_seed() -> None:
    """The test of the flipped sign writes them all with seed 0."""
    done = _check(ROOT, "--check", seed="4711")
    assert (done.returncode, done.stderr) == (0, "")
    assert "agree with the derivations" in done.stdout


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_flipped_sign_in_a_kernel_is_found_and_undone(tmp_path: Path) -> None:
    for name in ("derivations", "spectral_core"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    kernel = tmp_path / "spectral_core" / "kernels" / "cpu" / "dense.py"
    good = kernel.read_bytes()
    text = good.decode()
    assert text.count("du_in[s, k] -= q[s, k]") == 1
    kernel.write_bytes(text.replace("du_in[s, k] -= q[s, k]", "du_in[s, k] += q[s, k]").encode())
    before = _tree(tmp_path)
    done = _check(tmp_path, "--check")
    assert done.returncode == 1
    changed = [re.sub(" +", " ", line) for line in done.stdout.splitlines() if re.match(r"[-+] ", line)]
    assert changed == ["- du_in[s, k] += q[s, k]", "+ du_in[s, k] -= q[s, k]"]
    assert "spectral_core/kernels/cpu/dense.py" in done.stdout
    assert "run: python -m derivations" in done.stderr
    assert _tree(tmp_path) == before
    assert _check(tmp_path).returncode == 0
    assert kernel.read_bytes() == good
    assert _tree(tmp_path) == before | {str(kernel.relative_to(tmp_path)): good}


def test_a_broken_derivation_stops_the_generator(tmp_path: Path) -> None:
    for name in ("derivations", "spectral_core"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "derivations" / "theorems" / "spectral" / "adjoint.py"
    text = source.read_text(encoding="utf-8")
    assert text.count("-dM.element * phi.element") == 1
    source.write_text(text.replace("-dM.element * phi.element", "dM.element * phi.element"), encoding="utf-8")
    before = _tree(tmp_path)
    for arguments in ((), ("--check",)):
        done = _check(tmp_path, *arguments)
        assert done.returncode == 1
        assert "not proven: M8: " in done.stderr
        assert _tree(tmp_path) == before
