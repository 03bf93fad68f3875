"""Kernels and theorems name each other, and numeric code that no theorem covers is listed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from derivations import links
from derivations.codegen.cpu.module import functions
from derivations.codegen.cuda.module import cuda_functions
from tests.builders import ROOT

RECORDS = json.loads((ROOT / "derivations" / "certificates.json").read_text(encoding="utf-8"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("derivations", "spectral_core", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_everything_is_linked() -> None:
    assert links.problems(ROOT, RECORDS) == []


def test_the_docstrings_of_the_kernels_are_the_table_of_the_generator() -> None:
    stated = {
        name: theorems
        for module in links.PRINTED
        for name, theorems in links.theorems_of(ROOT / f"spectral_core/kernels/{module}.py").items()
        if theorems
    }
    assert stated == functions() | cuda_functions()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# One change a line, with the sentences it must cause.
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda root: edit(root / "spectral_core/kernels/cpu/dense.py", "def huber(", "def hubert("), ["L.huber names kernel huber", "kernel hubert rests on L.huber"]),
        (lambda root: edit(root / "spectral_core/kernels/cpu/one_hidden.py", "def adjoint_3_1(", "def adjoint_3("), ["M8 names kernel adjoint_3_1", "kernel adjoint_3 rests on M8"]),
        (lambda root: edit(root / "spectral_core/kernels/cpu/dense.py", "    Theorem: P.l2\n", ""), ["kernel proximal_l2 names no theorem"]),
        (lambda root: edit(root / "spectral_core/kernels/cpu/dense.py", "Theorem: M8\n", "Theorem: M88\n"), ["adjoint_global rests on M88, which has no certificate"]),
        (lambda root: edit(root / "spectral_core/kernels/javascript/float32.js", " * Theorem: P.l2\n", ""), ["float32.js: proximalL2 names no theorem"]),
        (lambda root: edit(root / "spectral_core/kernels/javascript/float64.js", "Theorem: M8\n", "Theorem: M88\n"), ["float64.js: adjointGlobal rests on M88, which has no certificate"]),
        (lambda root: edit(root / "spectral_core/networks/paths.py", "By hand: once per report", "Once per report"), ["networks.paths.path_norms computes by a formula of its own"]),
        (lambda root: edit(root / "tests/resizing/test_trimming.py", "def test_trimming_stays", "def trimming_stays"), ["its test test_trimming.test_trimming_stays"]),
        (lambda root: (root / "spectral_core/networks/extra.py").write_text("def f(a, b):\n    return a @ b\n"), ["networks.extra.f computes by a formula of its own (a @ b)"]),
    ],
)  # fmt: skip
def test_a_broken_link_is_named(tree: Path, change: Callable[[Path], Any], words: list[str]) -> None:
    change(tree)
    found = "\n".join(links.problems(tree, RECORDS))
    for sentence in words:
        assert sentence in found


def test_a_certificate_of_a_kernel_that_is_gone_is_named(tree: Path) -> None:
    path = tree / "derivations/certificates.json"
    records = json.loads(path.read_text(encoding="utf-8"))
    records[0]["functions"] = ["vanished"]
    path.write_text(json.dumps(records), encoding="utf-8")
    assert "certificates.json: M1 names kernel vanished, which does not exist" in links.problems(tree, RECORDS)


def test_an_unproven_theorem_leaves_its_kernels_without_certificate() -> None:
    without = [record for record in RECORDS if record["id"] != "M7"]
    assert "kernel propagate_global rests on M7, which has no certificate" in links.problems(ROOT, without)


def test_a_mark_without_a_test_is_named(tree: Path) -> None:
    edit(
        tree / "spectral_core/networks/paths.py", "By hand: once per report. Checked by", "By hand: once per report, by"
    )
    assert links.problems(tree, RECORDS) == [
        "networks.paths.path_norms computes by a formula of its own (np.linalg.norm(scores)); generate it or say 'By hand: ...' in its docstring"
    ]


def test_what_is_written_by_hand_is_known() -> None:
    """A golden list: a sentence that goes, or one that comes, is a decision."""
    core = {
        "networks.matrices.neighbour_weights", "networks.matrices.transfer_blocks",
        "networks.matrices.adjacency", "networks.matrices.eigenvector_matrix",
        "networks.balance.balance_rows", "networks.balance.balance_outputs", "networks.balance.least_eigenvalue",
        "networks.balance.fix_gauge",
        "networks.initialization.xavier_uniform", "networks.compact.CompactNetwork.forward", "networks.paths.path_scores",
        "networks.paths.path_norms", "resizing.compaction.live_masks", "resizing.compaction.compact", "resizing.trimming.trim",
        "backends.cpu.corrections",
        "networks.sparse.SparseNetwork.cleaned", "refitting.levenberg_marquardt.fit",
        "refitting.levenberg_marquardt.normal_equations", "refitting.output_weights.refit", "refitting.leave_one_out.rises",
        "refitting.removal.saliencies", "refitting.removal.grow", "architecture.curve.smallest_within",
        "architecture.neurons.NeuronSearch._with_neuron",
    }  # fmt: skip
    assert core <= links.by_hand(ROOT).keys()


def test_an_installed_package_comes_without_tests(tree: Path) -> None:
    shutil.rmtree(tree / "tests")
    assert links.problems(tree, RECORDS) == []


GIVEN_AWAY = (
    *("dot", "einsum", "outer", "matmul", "inv", "solve", "lstsq", "qr", "norm", "softmax", "logsumexp"),
    *("exp", "expm1", "log", "log1p", "sqrt", "square", "tanh", "mean", "std", "var", "median"),
)


@pytest.mark.parametrize(
    "formula", ["a @ b", "a**2", "b**a", "np.linalg.norm(a)", "a.mean()", *(f"np.{name}(a)" for name in GIVEN_AWAY)]
)
def test_every_kind_of_formula_is_noticed(tree: Path, formula: str) -> None:
    (tree / "spectral_core/networks/extra.py").write_text(f"def f(a, b):\n    return [{formula}]\n", encoding="utf-8")
    assert any(sentence.startswith("networks.extra.f computes by") for sentence in links.problems(tree, RECORDS))


@pytest.mark.parametrize("harmless", ["a + b", "2**20", "len(a)", "a.sum()"])
def test_counting_is_no_formula(tree: Path, harmless: str) -> None:
    (tree / "spectral_core/networks/extra.py").write_text(f"def f(a, b):\n    return [{harmless}]\n", encoding="utf-8")
    assert links.problems(tree, RECORDS) == []
