"""The attacks of an audit on the argument, each an edit of the sources: what was accepted is refused now.

An edit is made in a copy of one file, and the theorem of that copy is proven, as `python -m derivations` does before it
writes or compares anything. So an attack is refused whether or not the files were printed anew. docs/trusted-base.md has
the table of all attacks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from derivations import __main__ as generator
from derivations import records
from derivations.codegen.cpu import module as printer
from derivations.proof.theorem import ProofError, Theorem
from derivations.theorems.scalar import optimizers
from derivations.theorems.spectral.nilpotency import M1
from tests.builders import ROOT

SPECTRAL = "derivations/theorems/spectral"


def edited(file: str, *edits: tuple[str, str]) -> dict[str, Any]:
    """The names of a module after edits in its source; each old text stands there exactly once."""
    text = (ROOT / file).read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        text = text.replace(old, new)
    space: dict[str, Any] = {"__name__": file.removesuffix(".py").replace("/", "."), "__file__": str(ROOT / file)}
    exec(compile(text, file, "exec"), space)
    return space


CASES = "proof.case(claim, {i: j + d + 1}, {i: j}, {j: i + d + 1})"
# The letter and number of the audit, the file, the theorem, the edit, and the words of the refusal.
ARGUMENTS = [
    ("E1 step computes nothing", "silence", "M10", ("f(at(RECEIVED[\"z\"], PREMISE)), sp.S.Zero", "sp.S.Zero, sp.S.Zero"), "written alike"),
    ("E1 without f(0) = 0", "silence", "M10", ("proof.case(SILENT, rule=\"convention\", given=(ZERO_AT_ZERO,))", "proof.case(SILENT, rule=\"convention\")"), "not 0"),
    ("E2 a product is 0", "inversion", "M3", ("return times_phi_left(inverse, i, j)", "return sp.Integer(0)"), "left, i = j"),
    ("E2 a step says 0 = 0", "inversion", "M3", (CASES, "proof.equal(\"(Φ Φ⁻¹)_ij = 0\", 0, 0)"), "written alike"),
    ("E4 a step with content says nothing", "growth", "M13", ("at(values[name], {outgoing: 0})", "sp.S.Zero"), "written alike"),
    ("E6 an empty argument", "spectrum", "M5", ("proof.case(EIGENVECTORS, {i: j}, {i: j + 1}, {i: j + d + 2}, {j: i + d + 1})", "proof.equal(\"A Φ = Φ Λ\", 0, 0)"), "written alike"),
    ("E6 another claim", "spectrum", "M5", ("proof.case(EIGENVECTORS, {i: j}, {i: j + 1}, {i: j + d + 2}, {j: i + d + 1})", "proof.equal(\"A Φ = Φ Λ\", product(j, j), eigenvalues(j))"), "no step serves the claim 'eigenvectors'"),
    ("C1 a case is gone", "inversion", "M3", (CASES, CASES.replace("d + 1}, {i: j}", "d + 2}, {i: j}")), "no case of 'left' covers"),
    ("C1 the diagonal is gone", "inversion", "M3", (CASES, CASES.replace(", {i: j}", "")), "no case of 'left' covers"),
    ("C1 a case of the base is gone", "nilpotency", "M1", ("order = ({i: j}, {i: j + d + 1}, {j: i + d + 1})", "order = ({i: j}, {i: j + d + 1})"), "covers"),
    ("C1 later layers are gone", "growth", "M12", ("    proof.case(later, {m: j + d + 1, a: j + d + 3 + e}, cites=(\"M4\",))\n", ""), "no step serves the claim 'later layers'"),
    ("C1 a single later layer", "growth", "M12", ("a: j + d + 3 + e}", "a: j + d + 3}"), "covers"),
    ("C1 the term of m in the next layer alone", "growth", "M14", ("proof.case(SENDS_NOTHING, {a: m + 1 + d})", "proof.case(SENDS_NOTHING, {a: m + 1})"), "covers"),
    ("C5 one kind of layer", "reverse_accumulation", "", ("for kind in KINDS for", "for kind in KINDS[:1] for"), "nothing is claimed for"),
    ("D1 an induction without its recurrence", "inversion", "M3", ("lambda before, n, m: before(m) - before(m - 1)", "lambda before, n, m: signed(n + 1, m)"), "not made from the one before"),
    ("D1 another recurrence", "inversion", "M3", ("before(m) - before(m - 1)", "before(m) - 2 * before(m - 1)"), "not 0"),
    ("D2 a false coefficient", "inversion", "M3", ("sp.Pow(-1, m) * choose(B + 1, m + 1)", "sp.Pow(-1, m) * choose(B, m + 1)"), "polynomial"),
    ("D2 the polynomial itself", "inversion", "M3", ("sign(m) * choose(blocks + 1, m + 1)", "sign(m) * choose(blocks, m + 1)"), "polynomial"),
    ("D2 a statement beside the claims", "inversion", "M3", ("    title=\"inversion\",\n", "    title=\"inversion\",\n    statement=\"Φ⁻¹ = Φ\",\n"), "there is no other statement"),
    ("F5 a false statement", "gauge", "M9", ("eigenvalues(layer): eigenvalues(layer) + c", "eigenvalues(layer): c * eigenvalues(layer)"), "weights"),
    ("F2 an assumption is used and not declared", "growth", "M14", ("    argument=depth_argument,\n    assumptions=(ZERO_AT_ZERO,),\n", "    argument=depth_argument,\n"), "a step uses f(0) = 0, which is not assumed"),
    ("F2 an assumption is declared and not used", "gauge", "M9", ("    method=\"path products, cancelling sums of M8\",\n", "    method=\"\",\n    assumptions=(__import__(\"derivations.theorems.spectral.silence\", fromlist=[\"x\"]).ZERO_AT_ZERO,),\n"), "f(0) = 0 is assumed, and no step uses it"),
    ("F3 a scope that no step has", "path_tensor", "M6", ("scope=\"one hidden layer, every width\"", "scope=\"every depth and width\""), "the scope says every depth"),
    ("B a block of another layer", "blocks", "M4", ("eigenvalues(i) * inverse(i, j) + phi", "eigenvalues(i + 1) * inverse(i, j) + phi"), "follows a block that ends"),
    ("12 M6 without the column", "path_tensor", "M6", ("    proof.case(COLUMN)\n", ""), "no step serves the claim 'column'"),
    ("12 M15 without uniqueness", "compensation", "M15", ("    proof.case(UNIQUE, rule=\"decided\")\n", ""), "no step serves the claim 'the only one'"),
    ("12 M15 unique without a ridge", "compensation", "M15", ("ridge = sp.Symbol(\"rho\", positive=True)", "ridge = sp.Symbol(\"rho\", nonnegative=True)"), "not decided"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "theorem", "edit", "words"), [a[1:] for a in ARGUMENTS], ids=[a[0] for a in ARGUMENTS]
)
def test_an_attack_on_an_argument_is_refused(file: str, theorem: str, edit: tuple[str, str], words: str) -> None:
    with pytest.raises(ProofError, match=words.replace("(", r"\(").replace(")", r"\)")):
        attacked(file, theorem, edit)


def attacked(file: str, theorem: str, edit: tuple[str, str]) -> None:
    """Proves the theorem of the edited file."""
    space = edited(f"{SPECTRAL}/{file}.py", edit)
    (space[theorem] if theorem else _adjoint(space)).prove()


def _adjoint(space: dict[str, Any]) -> Theorem:
    """M8 with the claims and the argument of an edited module."""
    from derivations.theorems.spectral import adjoint, propagation

    pair = propagation.GLOBAL, adjoint.GLOBAL
    return replace(adjoint.M8, claims=space["claims_for"](*pair), argument=space["argument_for"](*pair))


@pytest.mark.parametrize("file", sorted({a[1] for a in ARGUMENTS} - {"reverse_accumulation"}))
def test_the_same_file_without_an_edit_is_proven(file: str) -> None:
    space = edited(f"{SPECTRAL}/{file}.py")
    theorems = [space[a[2]] for a in ARGUMENTS if a[1] == file]
    assert all(theorem.prove().steps for theorem in dict.fromkeys(theorems))


# --- the rules --------------------------------------------------------------------------------------------------------

RULES = [
    ("A1 paths that do not meet join", "rules.py", " and word[-1].args[1] == factor.args[0]:", ":", "paths that do not meet join"),
    ("A3 everything holds", "steps.py", "        left, right = (self._meaning(side) for side in (self.left, self.right))\n", "        return 0\n", "1 = 0"),
    ("A7 sums stand anywhere", "rules.py", "if tested or (sums[a] & sums[b] and sp.diff(outside, plain[a], plain[b]) != 0):", "if False:", "a square of a sum"),
    ("A8 L commutes", "algebra.py", "EIGENVALUES = sp.Function(\"L\", commutative=False)", "EIGENVALUES = sp.Function(\"L\", commutative=True)", "must not commute"),
    ("9 shapes are not looked at", "block_shapes.py", "            shape(form)\n", "            pass\n", "a block of other layers"),
    ("cases need not cover", "claims.py", "        gap = _gap(domain, pieces)\n", "        gap = None\n", "two of three cases"),
]  # fmt: skip
COMMAND = """
from derivations.proof.selfcheck import weaknesses
print(weaknesses())
from derivations.theorems.spectral.blocks import M4
M4.prove()
from derivations.records import checker_digest
print(checker_digest())
"""


@pytest.mark.parametrize(("file", "old", "new", "words"), [a[1:] for a in RULES], ids=[a[0] for a in RULES])
def test_a_weakened_rule_is_noticed(file: str, old: str, new: str, words: str, tmp_path: Path) -> None:
    """By the false steps that the rules must refuse, or by a theorem; and by the digest that every certificate holds."""
    shutil.copytree(
        ROOT / "derivations", tmp_path / "derivations", ignore=shutil.ignore_patterns("__pycache__", "*.json")
    )
    path = tmp_path / "derivations" / "proof" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    environment = os.environ | {
        "PYTHONPATH": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run([sys.executable, "-c", COMMAND], cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)  # fmt: skip
    assert words in done.stdout + done.stderr
    assert records.checker_digest() not in done.stdout


# --- files and kernels ------------------------------------------------------------------------------------------------


def test_g3_another_end_of_a_line_is_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    path = tmp_path / "kernels.py"
    path.write_bytes(b"one\r\ntwo\n")
    assert "-one\\r" in generator.differences({path: "one\ntwo\n"})
    path.write_bytes(b"one\ntwo\n")
    assert generator.differences({path: "one\ntwo\n"}) == ""


ADAM = next(theorem for theorem in optimizers.THEOREMS if theorem.id == "O.adam")


def test_h3_another_program_than_the_proven_one_is_not_printed() -> None:
    proven = [ADAM.prove()]
    assert list(records.unlike_programs(proven, printer.programs())) == []
    adam = optimizers.ADAM.assignments[3]
    doubled = optimizers.ADAM.with_assignment(3, replace(adam, value=2 * adam.value))
    found = list(records.unlike_programs(proven, [*printer.programs(), doubled]))
    assert found == ["adam is printed, and is not the program that O.adam is about"]


def test_h4_a_program_names_only_theorems_about_it() -> None:
    proven = [M1.prove(), ADAM.prove()]
    for named, words in (
        (("M1",), "is not the program that M1 is about"),
        (("O.adam", "M1"), "adam names M1, which is not about any of its lines"),
        (("O.adam", "E.float32"), "calls no exponential"),
    ):
        claimed = replace(optimizers.ADAM, theorems=named)
        read = [replace(c, programs=tuple(replace(p, theorems=named) for p in c.programs)) for c in proven]
        assert any(words in problem for problem in records.unlike_programs(read, [claimed]))
