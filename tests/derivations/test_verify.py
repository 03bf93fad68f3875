"""The command `verify`: what it shows, what it refuses, what it writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from derivations import readable, verify
from derivations.proof.algebra import LAYER as j
from derivations.proof.certificates import Certificate
from derivations.proof.theorem import Theorem
from derivations.recheck import exact, identities
from derivations.theorems import catalogue
from derivations.theorems.catalogue import THEOREMS
from derivations.theorems.spectral.blocks import adjacency, transfer
from spectral_core.cli import console
from spectral_core.cli.program import main


@pytest.fixture(autouse=True, scope="module")
def _each_theorem_is_proven_once() -> Iterator[None]:
    """Test_main proves them twice; here the commands share one proof."""
    prove, known = Theorem.prove, dict[int, tuple[Theorem, Certificate]]()

    def once(theorem: Theorem) -> Certificate:
        if id(theorem) not in known:
            known[id(theorem)] = theorem, prove(theorem)
        return known[id(theorem)][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Theorem, "prove", once)
        yield


def test_everything_is_verified_by_both_routes(capsys: Any, tmp_path: Path) -> None:
    assert main(["verify", "--json", str(tmp_path / "v.json")]) == 0
    out = capsys.readouterr().out
    assert "agree with the derivations, and name each other" in out
    words = " ".join(out.split())
    report = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))
    assert [report[name] for name in ("proven", "rechecked", "files_agree", "links")] == [True, True, True, []]
    rows = {row["theorem"]: row for row in report["theorems"]}
    assert list(rows) == [theorem.id for theorem in THEOREMS]
    everywhere = {name for name, row in rows.items() if row["scope"] == "every depth and width"}
    assert {f"M{n}" for n in range(1, 17)} - everywhere == {"M6", "M11", "M15", "M16"}
    for name, row in rows.items():
        second = row["second_route"]
        if name in identities.IDENTITIES:
            assert second["points"] == 64
            assert second["log2_error"] is None or second["log2_error"] < -64
        assert row["method"] in words
        assert second["failure"] is None
    assert {kernel["kernel"] for kernel in report["kernels"]} == set(exact.KERNEL_CHECKS)
    assert all(kernel["equalities"] for kernel in report["kernels"])


def test_every_theorem_has_a_second_route() -> None:
    """Random points, or (a bound on the rounding of a kernel) the comparison of that kernel with exact numbers."""
    others = {theorem.id for theorem in THEOREMS} - set(identities.IDENTITIES)
    assert set(identities.IDENTITIES) <= {theorem.id for theorem in THEOREMS}
    assert {name[:2] for name in others} <= {"E."}


def test_quick_compiles_nothing(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def compare(kernel: str) -> None:
        raise AssertionError(kernel)

    monkeypatch.setattr(exact, "compare", compare)
    assert main(["verify", "--quick"]) == 0
    out = capsys.readouterr().out
    assert "kernels not run (--quick)" in out
    assert "8 points, error < 2^-" in out


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_line_is_wider_than_the_window(columns: int, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """And nothing of it is lost; a very wide window is not filled."""
    longest = max(THEOREMS, key=lambda theorem: len(theorem.scope) + len(theorem.method))
    monkeypatch.setenv("COLUMNS", str(columns))
    row: dict[str, Any] = {"theorem": longest.id, "title": longest.title, "scope": longest.scope}
    second = {"method": "m", "points": 8, "log2_error": -99.0, "seconds": 1.0, "failure": None}
    verify._print_theorem(
        row | {"method": longest.method, "steps": 3, "seconds": 1.0, "second_route": second}, console.say
    )
    monkeypatch.setattr(verify, "functions", lambda: {"huber": ("L.huber",)})
    verify._kernels(console.say)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= min(columns, 120)
    assert f"{longest.scope}; {longest.method}" in " ".join(out.split())


def test_a_theorem_that_nothing_compares_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """As that of an activation of one's own, which the checks of kernels do not know."""
    own = replace(catalogue.M4, id="F.own")
    monkeypatch.setattr(verify, "THEOREMS", (own,))
    monkeypatch.setattr(verify, "differences", lambda files: "")
    monkeypatch.setattr(verify, "generate", lambda *_: {})
    monkeypatch.setattr(verify, "records_of", lambda certificates: [])
    monkeypatch.setattr(verify, "problems", lambda *_: [])
    assert main(["verify", "--quick"]) == 1
    out = capsys.readouterr().out
    assert "1 of 1 theorems proven; the second route refuses 1" in out
    assert "nothing compares it" in out
    assert "against 50 digits" not in out


def test_a_broken_formula_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    broken = replace(catalogue.M4, argument=lambda proof: proof.equal("sign", adjacency(j + 2, j), -transfer(j + 2, j)))
    monkeypatch.setattr(verify, "THEOREMS", (broken,))
    assert main(["verify", "--quick"]) == 1
    out = capsys.readouterr().out
    assert "FAILED" in out
    assert "M4: sign: left - right = " in out
    assert "0 of 1 theorems proven" in out
    assert "not compared, since a proof failed" in out


def test_rules_that_accept_what_is_false_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(verify, "THEOREMS", (catalogue.M4,))
    monkeypatch.setattr(verify, "weaknesses", lambda: ["accepted: 1 = 0"])
    assert main(["verify", "--quick", "--json", str(tmp_path / "v.json")]) == 1
    assert "the rules do not decide as they should; accepted: 1 = 0" in capsys.readouterr().out
    report = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))
    assert (report["rules"], report["proven"]) == (["accepted: 1 = 0"], False)


def test_certificates_that_do_not_fit_together_are_refused(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """M4 cites M3, which is not among them."""
    monkeypatch.setattr(verify, "THEOREMS", (replace(catalogue.M4, argument=_citing), catalogue.M5))
    monkeypatch.setattr("derivations.__main__.functions", dict)
    assert main(["verify", "--quick"]) == 1
    assert "not proven: M4 cites what is not proven before it: ['M3']" in capsys.readouterr().out


def _citing(proof: Any) -> None:
    """The argument of M4, and a step that cites M3."""
    catalogue.M4.argument(proof)
    proof.equal("W = A", transfer(j + 2, j), adjacency(j + 2, j), cites=["M3"])


def test_the_second_route_can_refuse_what_is_proven(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def wrong(point: Any) -> None:
        x = point.number()
        point.equal("x = x + 1", x, x + 1)

    monkeypatch.setitem(identities.IDENTITIES, "M4", wrong)
    monkeypatch.setattr(verify, "THEOREMS", (catalogue.M4,))
    monkeypatch.setattr("derivations.__main__.functions", dict)
    assert main(["verify", "--quick"]) == 1
    out = capsys.readouterr().out
    assert "the second route refuses 1" in out
    assert "x = x + 1" in out


def test_a_kernel_that_computes_something_else_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def wrong(comparison: Any) -> None:
        comparison.equal("one", [1.0], [2])

    monkeypatch.setitem(exact.KERNEL_CHECKS, "huber", wrong)
    monkeypatch.delitem(exact.KERNEL_CHECKS, "sgd")
    for name in set(exact.KERNEL_CHECKS) - {"huber"}:
        monkeypatch.setitem(exact.KERNEL_CHECKS, name, lambda comparison: comparison.equal("one", [1.0], [1]))
    monkeypatch.setattr(verify, "THEOREMS", (catalogue.M4,))
    rows = verify._kernels(console.say)
    failures = {row["kernel"]: row["failure"] for row in rows if row["failure"]}
    assert failures == {"huber": "one[0]: 1.0 is not 2", "sgd": "no check compares it"}
    assert "FAILED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "index", "suffix"), [("--latex", "theorems.tex", "tex"), ("--markdown", "README.md", "md")]
)
def test_the_proofs_are_written_for_people(tmp_path: Path, capsys: Any, option: str, index: str, suffix: str) -> None:
    assert main(["verify", option, str(tmp_path / "proofs")]) == 0
    names = {path.name for path in (tmp_path / "proofs").iterdir()}
    assert names == {index, *(f"{theorem.id}.{suffix}" for theorem in THEOREMS)}
    text = (tmp_path / "proofs" / index).read_text(encoding="utf-8")
    assert all(theorem.id in text for theorem in THEOREMS)
    assert f"begin with {index}" in capsys.readouterr().out


def test_the_pages_define_their_symbols_and_escape_stars() -> None:
    index = readable.markdown_index([])
    for symbol in ("$P_{i,j}$", r"$\Phi = I + N$", "$u_i, v_i$"):
        assert f"| {symbol} | " in index
    head = readable.markdown(catalogue.M4.prove(), []).split("**Idea.**")[0]
    assert r"(-1)\*\*(i" in head
    assert not re.search(r"(?<!\\)\*", head)


def test_nothing_is_written_where_a_proof_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    broken = replace(catalogue.M4, argument=lambda proof: proof.equal("sign", adjacency(j + 2, j), -transfer(j + 2, j)))
    monkeypatch.setattr("derivations.__main__.THEOREMS", (broken,))
    assert main(["verify", "--latex", str(tmp_path / "proofs")]) == 1
    assert "not proven: M4: sign" in capsys.readouterr().out
    assert not any((tmp_path / "proofs").iterdir()) if (tmp_path / "proofs").exists() else True


@pytest.mark.parametrize("options", [["--latex", "a", "--markdown", "b"], ["--quick", "--formula", "A(i,i) = L(i)"]])
def test_options_that_exclude_each_other(options: list[str], capsys: Any) -> None:
    assert main(["verify", *options]) == 2
    assert "at a time" in capsys.readouterr().err
