"""The second logic: its theorems are those that the page lists, Rocq accepts them, and refuses wrong versions."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from derivations import verify
from derivations.__main__ import PROGRAMS
from derivations.codegen.rocq import goals
from derivations.codegen.rocq.programs import programs_file
from derivations.proof.assignments import Assign
from derivations.proof.notation import M, lam_in, lam_out, phi
from derivations.proof.steps import Step
from derivations.rocq import check as rocq
from derivations.theorems import catalogue
from derivations.theorems.spectral import propagation
from spectral_core.cli.program import main
from tests.builders import ROOT
from tests.derivations.rocq.wrong_programs import WRONG_PROGRAMS, WrongProgram
from tests.derivations.rocq.wrong_versions import WRONG_VERSIONS, Wrong

PAGE = ROOT / "docs" / "verification.md"
ROW = re.compile(r"^\| ([MLRPO][\w., ]*) \| (.*?) \|", re.MULTILINE)


needs_rocq = pytest.mark.skipif(not rocq.is_installed(), reason=rocq.MISSING)


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder in which the command compiled all files, and what it printed."""
    folder, out = tmp_path_factory.mktemp("rocq"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setattr(tempfile, "TemporaryDirectory", lambda: contextlib.nullcontext(str(folder)))
        assert rocq.main() == 0
    return folder, out.getvalue()


@pytest.fixture
def compiled(command: tuple[Path, str]) -> Path:
    """The folder with all files compiled."""
    return command[0]


def test_the_page_lists_every_theorem_and_no_other() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8").split("## A second logic")[1])
    assert [number for number, _ in rows if number[0] == "M"] == [f"M{n}" for n in range(1, 17)]
    listed = [name for _, names in rows for name in re.findall(r"`(\w+)`", names)]
    stated = [name for text in rocq.sources().values() for name in rocq.theorems_in(text)]
    assert len(stated) == len(set(stated))
    assert sorted(listed) == sorted(stated)
    for number, names in rows:
        assert all(name.split("_")[0] in re.split(r"\W+", number) for name in re.findall(r"`(\w+)`", names))


def test_no_file_is_left_out_of_the_compilation_or_the_package() -> None:
    assert {path.name for path in rocq.FOLDER.glob("*.v")} == set(rocq.FILES)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "rocq/*.v" in project["tool"]["setuptools"]["package-data"]["derivations"]


def test_no_proof_is_left_open() -> None:
    """Rocq refuses these too; this test needs no compiler."""
    words = r"\b(Admitted|admit|Axiom|Axioms|Parameter|Parameters|Conjecture|Unset Guard Checking|bypass_check)\b"
    for file, text in rocq.sources().items():
        assert re.findall(words, text) == [], file
        assert text.count("Proof.") == len(re.findall(r"^(?:Theorem|Lemma) ", text, re.MULTILINE)), file


def test_each_wrong_version_changes_one_place() -> None:
    texts = rocq.sources()
    assert [w.name for w in WRONG_VERSIONS if texts[w.file].count(w.right) != 1 or w.right == w.wrong] == []
    assert len({w.name for w in WRONG_VERSIONS}) == len(WRONG_VERSIONS)


@needs_rocq
@pytest.mark.parametrize("wrong", WRONG_VERSIONS, ids=lambda wrong: wrong.name)
def test_a_wrong_version_stops_the_compiler(wrong: Wrong, compiled: Path) -> None:
    text = rocq.sources()[wrong.file].replace(wrong.right, wrong.wrong)
    with pytest.raises(rocq.RefusedError) as refused:
        rocq.compile_file(compiled, "wrong.v", text)
    # Not because it cannot be read: a false goal is left, or the sizes of matrices differ.
    assert "Error:" in str(refused.value)
    assert not re.search("Syntax error|was not found in the current", str(refused.value))


def edited(wrong: WrongProgram) -> str:
    """The printed programs with one place of one program exchanged."""
    text = rocq.sources()["programs.v"]
    start, end = text.index(f"Module {wrong.program}."), text.index(f"End {wrong.program}.")
    assert text[start:end].count(wrong.right) == 1, wrong.name
    assert wrong.right != wrong.wrong
    return text[:start] + text[start:end].replace(wrong.right, wrong.wrong) + text[end:]


def compile_agreement(folder: Path, compiled: Path, programs: str, file: str) -> None:
    """The file of theorems, against these programs and the other files as they are."""
    for name in ("network", "adjoint", "steps", "whole"):
        shutil.copy(compiled / f"{name}.vo", folder)
    rocq.compile_file(folder, "programs.v", programs)
    rocq.compile_file(folder, file, rocq.sources()[file])


def test_each_wrong_program_changes_one_place() -> None:
    assert len({(edited(wrong), wrong.name) for wrong in WRONG_PROGRAMS}) == len(WRONG_PROGRAMS)


@needs_rocq
@pytest.mark.parametrize("wrong", WRONG_PROGRAMS, ids=lambda wrong: wrong.name)
def test_a_wrong_printed_program_stops_the_compiler(wrong: WrongProgram, compiled: Path, tmp_path: Path) -> None:
    """The program itself is well formed; the theorem that it is the recursion is what fails."""
    with pytest.raises(rocq.RefusedError) as refused:
        compile_agreement(tmp_path, compiled, edited(wrong), wrong.stops)
    assert f'File "./{wrong.stops}"' in str(refused.value)
    assert not re.search("Syntax error|was not found in the current", str(refused.value))


@needs_rocq
def test_a_wrong_assignment_of_the_program_itself_stops_the_compiler(compiled: Path, tmp_path: Path) -> None:
    exchanged = Assign(M.element, phi.element * (lam_out.element - lam_in.element))
    wrong = propagation.GLOBAL.with_assignment(0, exchanged)
    programs = programs_file(wrong if program.name == wrong.name else program for program in PROGRAMS)
    with pytest.raises(rocq.RefusedError, match=r'File "\./programs_agree\.v"'):
        compile_agreement(tmp_path, compiled, programs, "programs_agree.v")


@needs_rocq
def test_a_rational_step_is_proven_and_a_wrong_one_refused(tmp_path: Path) -> None:
    a, b = sp.symbols("a b")
    for number, right in enumerate((1 / a + 1 / b, 1 / a - 1 / b)):
        lemma = goals.goal("T", number, Step("rational", "a sum of fractions", (a + b) / (a * b), right))
        text = goals.HEAD + "\n".join([*lemma, "End Goals."])
        if number:
            with pytest.raises(rocq.RefusedError, match="No applicable tactic"):
                rocq.compile_file(tmp_path, "goal.v", text)
        else:
            rocq.compile_file(tmp_path, "goal.v", text)


@needs_rocq
def test_no_theorem_rests_on_an_axiom(compiled: Path) -> None:
    """The command has asked for those of all files; a theorem with one is refused."""
    open_ended = "Axiom anything : False.\nTheorem wrong : 0 = 1.\nProof. by case: anything. Qed.\n"
    open_ended = f"From mathcomp Require Import all_ssreflect.\n{open_ended}"
    rocq.compile_file(compiled, "axiom.v", open_ended)
    with pytest.raises(rocq.RefusedError, match="anything : False"):
        rocq.ask_for_axioms(compiled, {"axiom.v": open_ended})


@needs_rocq
def test_the_command_counts_the_theorems(command: tuple[Path, str]) -> None:
    count = sum(len(rocq.theorems_in(text)) for text in rocq.sources().values())
    assert f"Rocq accepts {count} theorems without an axiom" in command[1]


def test_where_rocq_is_missing_one_line_names_the_packages(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("PATH", "")
    assert rocq.main() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [rocq.MISSING]
    assert all(package in rocq.MISSING for package in rocq.PACKAGES)


def test_where_mathcomp_is_missing_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the message of Coq 8.16."""
    lines = ["Error: Cannot find a physical path bound to logical path", "all_ssreflect with prefix mathcomp."]
    compiler = tmp_path / "coqc"
    compiler.write_text(f"#!/bin/sh\nprintf '{lines[0]}\\n{lines[1]}\\n' >&2\nexit 1\n", encoding="utf-8")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(rocq.MissingRocqError, match="libcoq-mathcomp-algebra-tactics"):
        rocq.check()


@pytest.mark.parametrize(
    ("outcome", "line", "code"),
    [
        (rocq.Checked((("network.v", "M7"),), 2.0), "second logic: Rocq accepts 1 theorems without an axiom, 2 s", 0),
        (rocq.RefusedError("no"), "second logic FAILED: no", 1),
        (rocq.MissingRocqError(rocq.MISSING), f"second logic FAILED: {rocq.MISSING}", 1),
    ],
)
def test_verify_says_whether_the_second_logic_was_checked(
    outcome: rocq.Checked | Exception,
    line: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: Any,
) -> None:
    def check() -> rocq.Checked:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(verify, "THEOREMS", (catalogue.M4,))
    monkeypatch.setattr(verify, "differences", lambda files: "")
    monkeypatch.setattr(verify, "generate", lambda *_: {})
    monkeypatch.setattr(verify, "records_of", lambda certificates: [])
    monkeypatch.setattr(verify, "problems", lambda *_: [])
    monkeypatch.setattr(rocq, "check", check)
    assert main(["verify", "--quick", "--rocq", "--json", str(tmp_path / "v.json")]) == code
    assert line in capsys.readouterr().out.splitlines()
    report = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))["rocq"]
    assert (report["failure"] is None) == (code == 0)
    # Without the option nothing is compiled, and the line says how to ask.
    monkeypatch.setattr(rocq, "check", lambda: pytest.fail("compiled unasked"))
    assert main(["verify", "--quick"]) == 0
    assert "second logic not checked (--rocq" in capsys.readouterr().out


def test_the_second_logic_goes_with_no_formula_and_no_pages(capsys: Any) -> None:
    assert main(["verify", "--rocq", "--formula", "A(i,i) = L(i)"]) == 2
    assert "--formula, --rocq at a time" in capsys.readouterr().err
