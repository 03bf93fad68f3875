"""Kernels and theorems name each other, and numeric code that no theorem covers is listed."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from derivations import links, numeric
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


FORMULAS = (
    *("a @ b", "a**2", "b**a", "np.linalg.norm(a)", "a.mean()", "a * b", "a / b", "(1 - a) * b", "sum(a)", "a.sum()"),
    *("abs(a)", "np.maximum(a, b)", "np.sum(a * b)", "math.exp(a)", "exp(a)", "a[n] * b[n]", "[x * y for x, y in a]"),
    *("(lambda x: x * a)", "a * b if n else 0", "f'{a}' and a / b", "a if abs(b) else 0"),
    *("np.multiply(a, b)", "np.divide(a, b)", "numpy.add(a, b)", "np.add.at(a, b, b)", "np.subtract(a, b)"),
    *("np.negative(a)", "np.multiply.outer(a, b)", "np.convolve(a, b)"),
)
HARMLESS = (
    *("a + b", "2**20", "len(a)", "a - b", "a // b", "2 * a", "a / 2", "n * a", "len(a) * b", "a[n * b]", "a[: a * b]"),
    *("range(a * b)", "np.zeros(a * b)", "f'{a * b}'", "a * 'x'", "[0] * b", "a * [b]", "sum(x > 0 for x in a)"),
    *("a.add(b)", "np.add(a, 1)", "np.multiply(a, len(b))", "np.array(a)"),
    *("(a > 0).sum()", "(~a).sum()", "sum(map(len, a))", "b.shape[0] * a", "b.size * a", "mask.sum()", "home / a"),
)


def shown(expression: str) -> str:
    return numeric.formula(ast.parse(f"def f(a, b, n: int):\n    return [{expression}]\n").body[0])


@pytest.mark.parametrize("formula", [*FORMULAS, *(f"np.{name}(a)" for name in GIVEN_AWAY)])
def test_every_kind_of_formula_is_noticed(formula: str) -> None:
    assert shown(formula)


@pytest.mark.parametrize("harmless", HARMLESS)
def test_counting_is_no_formula(harmless: str) -> None:
    assert shown(harmless) == ""


FORMULA = "def bent(values, rate):\n    return values * (1 - rate) + rate * values**3 / 6\n"


PLACES = (
    *(
        "kernels/support/layout",
        "backends/cpu",
        "training/schedules",
        "data/scaling",
        "cli/score",
        "checks",
        "files/idx",
    ),
    *("experiments/pruning/experiment", "estimators/weights", "exchange/dense", "sweeps/grid", "progress", "errors"),
)


def test_a_formula_anywhere_is_noticed(tree: Path) -> None:
    """G5 of the audit, in every kind of folder."""
    for place in PLACES:
        path = tree / "spectral_core" / f"{place}.py"
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(f"{before}\n\n{FORMULA}", encoding="utf-8")
    found = sorted(
        sentence.split(".bent computes by a formula of its own")[0] for sentence in links.problems(tree, RECORDS)
    )
    assert found == sorted(place.replace("/", ".") for place in PLACES)


def test_code_outside_of_functions_is_noticed(tree: Path) -> None:
    lines = ["HALF = math.exp(-1)", "bent = lambda x: x * x / SIX", "class A:\n    b = a * c"]
    for number, line in enumerate(lines):
        (tree / f"spectral_core/networks/extra{number}.py").write_text(f"{line}\n", encoding="utf-8")
    found = [sentence.split(" computes by a formula of its own (")[0] for sentence in links.problems(tree, RECORDS)]
    assert found == [f"networks.extra{number}" for number in range(len(lines))]


def test_a_file_between_the_printed_ones_is_noticed(tree: Path) -> None:
    """G4 of the audit: with a formula or without."""
    places = ["kernels/cpu/extra", "kernels/cuda/extra", "kernels/extra"]
    for place in places:
        (tree / f"spectral_core/{place}.py").write_text("def f(a):\n    return a\n", encoding="utf-8")
    wanted = [f"{place}.py lies between printed files, and nothing prints it" for place in places]
    assert links.problems(tree, RECORDS) == wanted
    (tree / "spectral_core/kernels/cuda/extra.py").write_text(FORMULA, encoding="utf-8")
    assert any("bent computes by a formula of its own" in sentence for sentence in links.problems(tree, RECORDS))


def test_corrections_by_another_formula_are_noticed(tree: Path) -> None:
    """G9 of the audit: the host's formula is printed, and one that is written there instead is seen."""
    path = tree / "spectral_core/backends/cpu.py"
    edit(path, "formulas.bias_correction(betas, np", "(1.0 - betas ** (1 + np")
    edit(path, "[:, None]).astype(settings.dtype)", "[:, None])).astype(settings.dtype)")
    (sentence,) = links.problems(tree, RECORDS)
    assert sentence.startswith("backends.cpu.corrections computes by a formula of its own (betas **")


def test_a_formula_in_a_template_is_noticed(tree: Path) -> None:
    changes = [
        ("cpu/templates/dense", "step_threshold(factor, thresholds[group])", "factor * thresholds[group]"),
        (
            "cuda/templates/ensemble",
            "mean_of(gpu_sum(rank, count, loss_share, room), weight_sum)",
            "value / weight_sum",
        ),
        ("cuda/templates/wide", "step_rate(factors[batch], rate)", "factors[batch] * rate"),
    ]
    for file, old, new in changes:
        edit(tree / f"derivations/codegen/{file}.py", old, new)
    assert [sentence.split(" has a formula of its own ")[0] for sentence in links.problems(tree, RECORDS)] == [
        "the template of shrink in cpu",
        "the template of train_VARIANT in cuda",
        "the template of wide_update in cuda",
    ]


def test_a_printed_function_without_a_theorem_has_no_formula(tree: Path) -> None:
    edit(
        tree / "spectral_core/kernels/cpu/dense.py", "u_all[s * width + k] = one", "u_all[s * width + k] = one / x_data"
    )
    assert links.problems(tree, RECORDS) == [
        "kernel load_rows computes by a formula that no theorem covers (one / x_data)"
    ]


def test_few_printed_functions_name_no_theorem() -> None:
    """Each with its reason. Those that are written by hand name none either, though a theorem may be in their reason."""
    without = links.without_theorem(ROOT)
    assert all(without.values())
    assert len(without) <= 65
    by_hand = [reason for reason in without.values() if "places" in reason or "product" in reason]
    assert len(by_hand) >= 16


@pytest.mark.parametrize("line", ["a *= b", "a /= b + 1", "a **= b", "a @= b", "a[n] *= b[n]", "self.a *= b"])
def test_an_assignment_that_computes_is_a_formula(line: str) -> None:
    assert numeric.formula(ast.parse(f"def f(self, a, b, n: int):\n    {line}\n    return a").body[0])


@pytest.mark.parametrize("line", ["a += b", "a -= b", "a *= 2", "n *= n", "a //= b", "n *= len(a)"])
def test_an_assignment_that_counts_is_none(line: str) -> None:
    assert numeric.formula(ast.parse(f"def f(self, a, b, n: int):\n    {line}\n    return a").body[0]) == ""


def test_a_template_by_hand_has_a_test_and_names_no_theorem(tree: Path) -> None:
    path = tree / "derivations/codegen/cpu/templates/image_convolutions.py"
    edit(path, "test_image_kernels.test_stem", "test_nowhere.test_nothing")
    edit(path, "    By hand: products of matrices (I3).", "    Theorem: I3\n\n    By hand: products of matrices (I3).")
    found = "\n".join(links.problems(tree, RECORDS))
    assert "the template of forward_stem in cpu: its test test_nowhere.test_nothing does not exist" in found
    assert "in cpu is written by hand, and names a theorem as if it were printed" in found
    edit(path, ". Checked by test_image_kernels.test_stem.", "; see the tests.")
    assert "its docstring must say 'By hand: REASON" in "\n".join(links.problems(tree, RECORDS))


def test_no_printed_function_is_by_hand_and_proven() -> None:
    for module in links.PRINTED:
        path = ROOT / f"spectral_core/kernels/{module}.py"
        for name, node in links._functions(path):
            assert not ("By hand:" in (ast.get_docstring(node) or "") and links.theorems_of(path)[name]), name


def test_drawing_is_told_apart_by_its_modules() -> None:
    names = ("reports.curves", "architecture.page_pictures", "experiments.pruning.figure")
    assert all(map(numeric.draws, names))
    others = (
        "architecture.search",
        "experiments.pruning.results",
        "networks.paths",
        "data.scaling",
        "experiments.catalogue",
    )
    assert not any(map(numeric.draws, others))
