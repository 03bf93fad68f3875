"""The attacks of an audit on the argument, each an edit of the sources: what was accepted is refused now.

An edit is made in a copy of one file, and the theorem of that copy is proven, as `python -m derivations` does before it
writes or compares anything. So an attack is refused whether or not the files were printed anew. docs/trusted-base.md has
the table of all attacks.
"""

from __future__ import annotations

import json
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
from derivations.theorems import catalogue
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
    ("D2 a statement beside the claims", "inversion", "M3", ("    title=\"inversion\",\n", "    title=\"inversion\",\n    words=\"Φ⁻¹ = Φ\",\n"), "there is no other statement"),
    ("F5 a false statement", "gauge", "M9", ("eigenvalues(layer): eigenvalues(layer) + c", "eigenvalues(layer): c * eigenvalues(layer)"), "weights"),
    ("F2 an assumption is used and not declared", "growth", "M14", ("    argument=depth_argument,\n    assumptions=(ZERO_AT_ZERO,),\n", "    argument=depth_argument,\n"), "a step uses f(0) = 0, which is not assumed"),
    ("F2 an assumption is declared and not used", "gauge", "M9", ("    method=\"path products, cancelling sums of M8\",\n", "    method=\"\",\n    assumptions=(__import__(\"derivations.theorems.spectral.silence\", fromlist=[\"x\"]).ZERO_AT_ZERO,),\n"), "f(0) = 0 is assumed, and no step uses it"),
    ("F3 a scope that no step has", "path_tensor", "M6", ("scope=\"one hidden layer, every width\"", "scope=\"every depth and width\""), "the scope says every depth"),
    ("B a block of another layer", "blocks", "M4", ("eigenvalues(i) * inverse(i, j) + phi", "eigenvalues(i + 1) * inverse(i, j) + phi"), "follows a block that ends"),
    ("12 M6 without the column", "path_tensor", "M6", ("    proof.case(COLUMN)\n", ""), "no step serves the claim 'column'"),
    ("12 M15 without uniqueness", "compensation", "M15", ("    proof.case(UNIQUE, rule=\"decided\")\n", ""), "no step serves the claim 'the only one'"),
    ("12 M15 unique without a ridge", "compensation", "M15", ("ridge = sp.Symbol(\"rho\", positive=True)", "ridge = sp.Symbol(\"rho\", nonnegative=True)"), "not decided"),
    ("D1 the recursion is the closed form and cancels", "inversion", "M3", ("before(m) - before(m - 1)", "signed(n + 1, m) + before(m) - signed(n, m)"), "made from what the claim says it is"),
    ("E1 f(0) with an idle substitution", "silence", "M10", ("f(at(RECEIVED[\"z\"], PREMISE)), sp.S.Zero", "at(f(sp.S.Zero), {M.element: 0}), sp.S.Zero"), "and nothing else"),
    ("2 M15 unique by another rule", "compensation", "M15", ("proof.case(UNIQUE, rule=\"decided\")", "proof.case(UNIQUE)"), "does not show '>'"),
    ("3 f(0) = 0 is used by a claim that does not say so", "silence", "M10", (" words=\"then x_h:\", assumes=(ZERO_AT_ZERO,)", " words=\"then x_h:\""), "does not say that it assumes f(0) = 0"),
    ("3 a claim of M1 that the step does not cite", "inversion", "M3", ("cites=(\"M1\",), given=(POWERS,)", "given=(POWERS,)"), "is used and not proven before"),
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


def test_a_claim_of_a_theorem_that_is_not_cited_is_refused() -> None:
    """M3 uses a claim of M1 and cites M2 alone."""
    M3 = edited(f"{SPECTRAL}/inversion.py", ('cites=("M1",), given=(POWERS,)', 'cites=("M2",), given=(POWERS,)'))["M3"]
    found = list(records.citations([M1.prove(), catalogue.M2.prove(), M3.prove()]))
    assert len(found) == 2
    assert all("nothing that it cites proves 'powers'" in problem for problem in found)
    assert list(records.citations([M1.prove(), catalogue.M2.prove(), catalogue.M3.prove()])) == []


# --- the rules --------------------------------------------------------------------------------------------------------

WEAKENED = [
    ("A1 paths that do not meet join", "rules.py", " and word[-1].args[1] == factor.args[0]:", ":", "paths that do not meet join"),
    ("A3 everything holds", "steps.py", "        left, right = (self.meaning(side) for side in (self.left, self.right))\n", "        return 0\n", "1 = 0 by algebra"),
    ("A7 sums stand anywhere", "rules.py", "if tested or (sums[a] & sums[b] and sp.diff(outside, plain[a], plain[b]) != 0):", "if False:", "a square of a sum"),
    ("A8 L commutes", "algebra.py", "EIGENVALUES = sp.Function(\"L\", commutative=False)", "EIGENVALUES = sp.Function(\"L\", commutative=True)", "must not commute"),
    ("9 shapes are not looked at", "block_shapes.py", "            shape(form)\n", "            pass\n", "a block of other layers"),
    ("cases need not cover", "coverage.py", "return _gap(allowed(over).also(*map(index, where)), pieces) or \"\"", "return \"\"", "two of three cases"),
    ("2 every relation by every rule", "steps.py", "if self.relation not in RELATIONS[self.rule]:", "if False:", "x > x by algebra"),
    ("3 a claim at indices for which it is not made", "claims.py", "if not all(map(known.implies, bounds)):", "if False:", "so U_jj = 0"),
    ("3 every claim may be used", "claims.py", "        if not self.usable:\n", "        if False:\n", "so U_ij = 1"),
    ("3 a claim is used before it is proven", "theorem.py", "if isinstance(known, Claim) and not self.proven(known):", "if False:", "before T = 0 is proven"),
    ("3 assumptions are not inherited", "theorem.py", ".assumed - set(claim.assumes)", ".assumed & set()", "assumes what it assumes"),
    ("4 an induction without its base", "theorem.py", "for part, cases in ((first, base), (following, step)):", "for part, cases in ((following, step),):", "without its base"),
    ("4 an induction from 1 on", "claims.py", "if n not in claim.over or least(n) != 0:", "if False:", "from n = 1 on"),
    ("5 even numbers are all numbers", "coverage.py", "        if symbol == sp.Symbol(symbol.name, integer=True, **assumptions):", "        if symbol.is_integer:", "even indices for all"),
    ("6 a square of a sum as it stands", "capture.py", "            raise ValueError(f\"the sum over {sorted(summed(opened(part.base)))} stands in a power\")", "            pass", "(Σ a)² = Σ (Σ a²)"),
    ("6 a sum captures an index", "capture.py", "        if clash := own & (marks | others):", "        if clash := set():", "a_k Σ_k b_k"),
    ("6 an index is put under a sum", "stated.py", "    check_put_in(whole, put_in)\n", "", "an index is put under a sum"),
    ("8 windows of windows", "windows.py", "if len(bound & read.free_symbols) > 2:", "if False:", "a window of a window"),
    ("8 infinite sums", "windows.py", "    if loose := bound - held:", "    if loose := set():", "a sum that no array holds"),
    ("8 a function holds a sum", "windows.py", "for element in arrays for i", "for element in body.atoms(sp.Indexed) for i", "a sum that a function holds"),
    ("9 what is not needed may be given", "theorem.py", "if not step.needs(known):", "if False:", "where nothing needs it"),
    ("9 an assumption proves itself", "theorem.py", "if step.states(known):", "if False:", "f(0) = 0 by f(0) = 0"),
    ("10 numbers are not tried", "instances.py", "if step.remainder() != 0:", "if False:", "`n == 0` is false for a symbol"),
    ("12 reindexing makes everything equal", "steps.py", "return normal_form(reindexed(left) - reindexed(right))", "return 0", "by reindexing"),
    ("12 rational makes everything equal", "steps.py", "return sp.cancel(left - right)", "return sp.S.Zero if (left - right).free_symbols else left - right", "by rational"),
    ("12 a bound is off by one", "steps.py", "left.is_Rational and right.is_Rational and left <= right", "left.is_Rational and right.is_Rational and left < right + 1", "1 <= 1/2 by bound"),
    ("12 claims need no step", "agreement.py", "if claim not in inductions and (gap := claim.uncovered(served(claim, steps)))", "if (gap := \"\")", "a claim that no step serves"),
    ("15 stated claims are not counted", "theorem.py", "if self.states not in (None, len(proof.stated)):", "if False:", "three claims, of which two are stated"),
    ("15 stated claims need no cases", "theorem.py", "unproven(self.claims or proof.stated,", "unproven(self.claims,", "a case of a stated claim is gone"),
    ("12 A⁻¹ goes anywhere", "rules.py", "            last = start == at or (at == len(word) - 1 and start >= 0 and word[start:at] == whole)", "            last = True", "A⁻¹ = I"),
    ("12 cotangents capture", "rules.py", "        _sums(bar, assign)\n        for leaf", "        for leaf", "the sum of a cotangent"),
]  # fmt: skip
RUNNER = """
import importlib, json, sys
from pathlib import Path
home, weakened = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
sys.path.insert(0, str(home))
answers = []
for file, old, new in weakened:
    path = home / "derivations" / "proof" / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")
    for name in [name for name in sys.modules if name.split(".")[0] == "derivations"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    answer = [str(text.count(old))]
    try:
        answer += importlib.import_module("derivations.proof.selfcheck").weaknesses()
        importlib.import_module("derivations.theorems.spectral.blocks").M4.prove()
    except Exception as error:
        answer.append(str(error))
    answers.append([*answer, importlib.import_module("derivations.records").checker_digest()])
    path.write_text(text, encoding="utf-8")
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What selfcheck says in a copy with each rule weakened: how often the text stands there, messages, the digest.

    One process tries all of them, so that SymPy is imported once.
    """
    home = tmp_path_factory.mktemp("weakened")
    shutil.copytree(ROOT / "derivations", home / "derivations", ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    listed = home / "weakened.json"
    listed.write_text(json.dumps([w[1:4] for w in WEAKENED]), encoding="utf-8")
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", RUNNER, str(home), str(listed)]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@pytest.mark.parametrize("number", range(len(WEAKENED)), ids=[w[0] for w in WEAKENED])
def test_a_weakened_rule_is_noticed(number: int, answers: list[list[str]]) -> None:
    """By what the rules must refuse, or by a theorem; and by the digest that every certificate holds."""
    times, *messages, digest = answers[number]
    assert times == "1"
    assert any(WEAKENED[number][4] in message for message in messages), messages
    assert digest != records.checker_digest()


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
