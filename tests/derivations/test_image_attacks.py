"""The attacks of a second audit, on steps that say nothing and on programs that are printed and were not proven.

Each edit is made in a copy of one file, as in `test_attacks`, or in the table of programs that a printer reads.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

from derivations import __main__ as generator
from derivations import records
from derivations.codegen import formulas, host
from derivations.codegen.cpu import images
from derivations.proof.facts import listed
from derivations.proof.programs import Program
from derivations.proof.theorem import Proof, ProofError, Theorem
from derivations.theorems.images.batch_norm import I8
from derivations.theorems.images.gates import I13
from derivations.theorems.images.max_pool import I7, best, value
from derivations.theorems.scalar import orchestration
from tests.builders import ROOT
from tests.derivations.test_attacks import edited

IMAGES = "derivations/theorems/images"

# --- steps that say nothing -------------------------------------------------------------------------------------------

# What the attack does, the file, the theorem, the edit, and the words of the refusal.
STEPS = [
    ("the last of equal values wins", "max_pool", "I7", ("sp.Piecewise((tap, value > best), (number, True))", "sp.Piecewise((tap, value >= best), (number, True))"), "an equal value too"),
    ("the least value wins", "max_pool", "I7", ("sp.Piecewise((value, value > best), (best, True))", "sp.Piecewise((value, value < best), (best, True))"), "a greater value becomes the best"),
    ("a step of the scan is X = X", "max_pool", "I7", ("at(place, other), number,", "number, number,"), "written alike"),
    ("the induction over nodes is X = X", "graph", "I16", ("        run(without)[\"loss\"],", "        run(with_j)[\"loss\"],"), "written alike"),
    ("edges need not run upwards", "graph", "I16", ("end, \">\", start)", "end, \">\", end)"), "is not decided"),
    ("a condition is True", "graph", "I16", ("end, \">\", start)", "sp.true, \">\", 0)"), "TypeError"),
    ("a split that leaves out a number", "graph", "I16", ("lambda node: node + 1", "lambda node: node + 2"), "no number is left out"),
    ("the matrix is on both sides", "pointwise", "I3", ("paired(only(value), dz), formula", "formula, formula"), "written alike"),
    ("a fact is its own expected list", "pointwise", "I3", ("added(weights.assignments), [dW.name]", "[dW.name], [dW.name]"), "no fact"),
    ("a batch norm with 2 σ", "batch_norm", "I8", ("Assign(scale.element, gamma.element / deviation.element)", "Assign(scale.element, gamma.element / (2 * deviation.element))"), r"a x \+ b = "),
    ("two readers for every number of them", "graph", "I15", ("    over = (*line.over, operation) if line.accumulate else line.over\n", "    over = line.over\n"), "nor summed"),
    ("the score of one operation", "growth", "G8", ("term, over=(operation,)", "term.subs(operation, 0), over=()"), "the scope says every edge"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "theorem", "edit", "words"), [a[1:] for a in STEPS], ids=[a[0] for a in STEPS])
def test_a_step_that_says_nothing_is_refused(file: str, theorem: str, edit: tuple[str, str], words: str) -> None:
    with pytest.raises(ProofError, match=words):
        edited(f"{IMAGES}/{file}.py", edit)[theorem].prove()


@pytest.mark.parametrize("file", sorted({a[1] for a in STEPS}))
def test_the_same_files_without_an_edit_are_proven(file: str) -> None:
    space = edited(f"{IMAGES}/{file}.py")
    assert all(space[a[2]].prove().steps for a in STEPS if a[1] == file)


SCOPES = [
    ("another depth, with a step elsewhere", "path_tensor", "M6", (("scope=\"one hidden layer, every width\"", "scope=\"every depth and width\""), ("    proof.case(GAUGE)\n", "    proof.case(GAUGE)\n    from derivations.proof.algebra import LAYER, path\n    proof.equal(\"paths\", path(LAYER + 2, LAYER + 1) * path(LAYER + 1, LAYER), path(LAYER + 2, LAYER))\n")), "every depth"),
    ("any depth", "path_tensor", "M6", (("scope=\"one hidden layer, every width\"", "scope=\"any depth, any width\""),), "every depth"),
    ("a word without a meaning", "path_tensor", "M6", (("scope=\"one hidden layer, every width\"", "scope=\"every universe\""),), "every universe"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "theorem", "edits", "words"), [a[1:] for a in SCOPES], ids=[a[0] for a in SCOPES])
def test_a_scope_that_no_step_has_is_refused(
    file: str, theorem: str, edits: tuple[tuple[str, str], ...], words: str
) -> None:
    with pytest.raises(ProofError, match=words):
        edited(f"derivations/theorems/spectral/{file}.py", *edits)[theorem].prove()


def test_two_lists_that_are_written_alike_are_no_step() -> None:
    for argument in (
        lambda proof: proof.same("order", ["a"], ["a"]),
        lambda proof: proof.same("order", listed(["a"]), ["a"]),
        lambda proof: proof.equal("order", listed(["a"]), listed(["a"]), "definition"),
    ):
        with pytest.raises(ProofError, match=r"no fact|written alike"):
            Theorem("Z", "z", "0 = 1", "m", argument, scope="numbers").prove()


def test_a_changed_argument_changes_its_record_and_those_that_use_it(tmp_path: Path) -> None:
    """So `--check` shows an edit of an argument even where every formula of its steps stays the same."""
    folder = tmp_path / "theorems"
    shutil.copytree(ROOT / "derivations" / "theorems", folder, ignore=shutil.ignore_patterns("__pycache__"))
    names = ("images.graph", "images.growth", "images.pointwise", "spectral.nilpotency")
    modules = [f"{records.PACKAGE}{name}" for name in names]
    before = [records.source_digest(module, folder) for module in modules]
    assert before == [records.source_digest(module) for module in modules]
    path = folder / "images" / "graph.py"
    path.write_text(path.read_text(encoding="utf-8").replace('end, ">", start)', 'end, ">", 0)'), encoding="utf-8")
    after = [records.source_digest(module, folder) for module in modules]
    assert [a != b for a, b in zip(before, after, strict=True)] == [True, True, False, False]


def test_every_record_holds_the_digest_of_its_argument() -> None:
    certificate = I7.prove()
    assert certificate.source == f"{records.PACKAGE}images.max_pool"
    assert records.record(certificate, [])["source"] == records.source_digest(certificate.source)
    assert len(set(map(records.source_digest, [certificate.source, I13.prove().source]))) == 2


# --- programs that are printed ----------------------------------------------------------------------------------------


def changed(program: Program, old: sp.Basic, new: sp.Basic) -> Program:
    """The program with an expression replaced in each of its lines."""
    for position, line in enumerate(program.assignments):
        program = program.with_assignment(position, replace(line, value=line.value.xreplace({old: new})))
    return program


def test_a_wrong_image_program_is_refused_however_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = generator.printed_programs()
    proven = [I7.prove(), I8.prove(), I13.prove()]
    known = {certificate.id for certificate in proven}
    assert list(records.unlike_programs(proven, [p for p in right if set(p.theorems) <= known])) == []
    deviation = images.NUMBERS["batch_norm_coefficients"].assignments[0].target
    limit = images.WINDOWS["clamp"].assignments[0].value
    attacks = (
        ("NUMBERS", "batch_norm_coefficients", deviation, 2 * deviation),
        ("WINDOWS", "scan", sp.Lt(best, value), sp.Gt(best, value)),
        ("WINDOWS", "clamp", limit, sp.Max(*limit.args, evaluate=False) + 1),
    )
    for table, name, old, new in attacks:
        wrong = changed(getattr(images, table)[name], old, new)
        monkeypatch.setitem(getattr(images, table), name, wrong)
        printed = generator.printed_programs()
        assert wrong in printed
        refusals = list(records.unlike_programs(proven, [p for p in printed if set(p.theorems) <= known]))
        assert any(f"{wrong.name} is printed, and is not the program" in line for line in refusals), name


def test_a_wrong_formula_of_a_step_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    program = formulas.FORMULAS["bias_correction"]
    (line,) = program.assignments
    wrong = program.with_assignment(0, replace(line, value=2 - line.value))
    monkeypatch.setitem(formulas.FORMULAS, "bias_correction", wrong)
    assert "+" in host._function("bias_correction").splitlines()[-1]
    proven = [theorem.prove() for theorem in orchestration.THEOREMS]
    known = {certificate.id for certificate in proven}
    printed = [p for p in generator.printed_programs() if set(p.theorems) & known]
    assert any("bias_correction is printed, and" in line for line in records.unlike_programs(proven, printed))


def test_greatest_values_and_the_clamp_are_printed_from_their_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = "\n".join(images.sources())
    assert printed.count("best < s8[p]") == 3
    monkeypatch.setitem(images.WINDOWS, "scan", changed(images.WINDOWS["scan"], sp.Lt(best, value), sp.Gt(best, value)))
    assert images.greatest_function(3).count("best > s8[p]") == 1
    assert images.winner_function(3).count("best > s8[p]") == 2
    clamp = images.WINDOWS["clamp"]
    monkeypatch.setitem(
        images.WINDOWS,
        "clamp",
        changed(clamp, clamp.assignments[0].value, sp.Max(*clamp.assignments[0].value.args[:1], 0)),
    )
    assert images.clamp_function() != printed[-len(images.clamp_function()) :]


def test_every_function_with_a_formula_is_printed_from_a_listed_program() -> None:
    """The names of the printed functions are those of the tables, with the number of taps behind them."""
    listed_names = {*images.NUMBERS, *images.PLANES, *images.WINDOWS} - {"scan"}
    names = {source.split("def ")[1].split("(")[0].rstrip("_0123456789") for source in images.sources()}
    assert names == listed_names
    assert {*images.programs(), *formulas.FORMULAS.values()} <= {*generator.printed_programs()}


def test_a_proof_takes_no_list_for_a_fact() -> None:
    with pytest.raises(ProofError, match="could be the list itself"):
        Proof("T").same("claim", [1], [1])  # type: ignore[arg-type]
