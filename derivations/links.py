"""From kernel to theorem and back, and the list of numeric code that no theorem covers.

`problems()` reads the checked-in sources (nothing is imported or run) and names every kernel without a certificate,
every certificate whose kernel is gone, and every function with a formula of its own that is neither generated from a
theorem nor listed in `HAND_WRITTEN` with a reason and the test that compares it with brute force.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derivations.codegen.cpu.one_hidden import SIZES


@dataclass(frozen=True)
class HandWritten:
    """Numeric code that is not generated: `function` (module.qualified name), what it computes, why by hand, its test."""

    function: str
    formula: str
    reason: str
    test: str


ARRAYS = "returns whole arrays for a user to look at; no training step needs them"
RANKING = "once per pruning, outside of training"
STATISTIC = "a statistic of predictions, not part of the network"
ORCHESTRATION = "carries no formula: storage and order of calls, printed from one template for all programs"
GRADIENTS = "test_spectral.test_every_gradient_to_eleven_digits"
WIDE = "test_cuda.test_trainings_on_the_device_are_those_of_the_processor"
ENSEMBLE = "test_cuda.test_an_ensemble_is_its_trainings_one_by_one"
EPOCHS = "test_trainer.test_epochs_equal_the_loop_from_the_papers"

HAND_WRITTEN = (
    HandWritten("networks.spectral.SpectralNetwork.neighbour_weights", "M_i = φ ∘ (λ^in - λ^out)  (M2)", ARRAYS, "test_spectral.test_transfer_blocks_are_those_of_the_dense_matrix"),
    HandWritten("networks.spectral.SpectralNetwork.transfer_blocks", "W_ij = M_i (-φ^(i-2)) ... (-φ^(j))  (M4)", ARRAYS, "test_spectral.test_transfer_blocks_are_those_of_the_dense_matrix"),
    HandWritten("networks.spectral.SpectralNetwork.adjacency", "A = Φ Λ Φ⁻¹ from its blocks  (M4, M5)", ARRAYS, "test_spectral.test_adjacency_has_the_given_spectrum"),
    HandWritten("networks.spectral.SpectralNetwork.eigenvector_matrix", "Φ = I + N", ARRAYS, "test_spectral.test_adjacency_has_the_given_spectrum"),
    HandWritten("networks.parameters.xavier_uniform", "φ uniform in ±√(6/(rows + columns))", "a random start; drawn once", "test_spectral.test_the_start_is_xavier_uniform"),
    HandWritten("resizing.compaction.CompactNetwork.forward", "the live columns of X, then M7.direct  (M11)", "gathers columns; the rest is generated", "test_compaction.test_the_compact_network_is_the_same_function"),
    HandWritten("resizing.compaction.live_masks", "live: reached from a live input and heard by the output  (M10)", "a walk through a graph, no arithmetic", "test_compaction.test_live_masks_against_paths_found_one_by_one"),
    HandWritten("resizing.compaction.compact", "the blocks W_ij among live neurons  (M11)", "picks rows and columns, no arithmetic", "test_compaction.test_the_compact_network_is_the_same_function"),
    HandWritten("resizing.rankings.path_scores", "‖incoming row‖₂ ‖outgoing column‖₂  (M6)", "once per trimming, outside of training", "test_trimming.test_the_path_norm_is_the_norm_of_the_path_tensor"),
    HandWritten("resizing.rankings.path_norms", "‖Γ‖² = Σ_h score_h²  (M6)", "once per report", "test_trimming.test_the_path_norm_is_the_norm_of_the_path_tensor"),
    HandWritten("resizing.pruning.trim", "neurons and blocks set to 0 in the order of their norms", "a search; losses come from the kernels", "test_trimming.test_trimming_stays_within_the_limit_and_leaves_the_network_alone"),
    HandWritten("resizing.pruning._units", "norm of a layer's scores", "orders whole layers", "test_pruning.test_whole_layers_go_in_the_order_of_their_norms"),
    HandWritten("resizing.rankings.incoming_sums", "Σ_k |W_hk|", RANKING, "test_rankings.test_rankings_by_their_formulas"),
    HandWritten("resizing.rankings.eigenvalue_scores", "|λ_h|, |λ_h| ‖φ_h,:‖₂ √n", RANKING, "test_rankings.test_rankings_by_their_formulas"),
    HandWritten("resizing.rankings.pivoted_scores", "|R_kk| of QR with column pivoting", RANKING, "test_rankings.test_pivoted_qr_is_greedy"),
    HandWritten("resizing.rankings.outgoing_norms", "‖outgoing column‖₂", RANKING, "test_rankings.test_rankings_by_their_formulas"),
    HandWritten("networks.layer_values.states", "z_i = Σ_{j<i} W_ij x_j, every layer kept  (M7.direct)", "float64 products of whole arrays, outside of training", "test_rankings.test_states_end_in_the_output_and_are_f_of_each_other"),
    HandWritten("resizing.compensation.compensate", "D (XᵀX + ρI) = (T - X W₀ᵀ)ᵀ X  (M15)", "SciPy's Cholesky solver", "test_pruning.test_compensation_is_the_least_squares_fit_layer_after_layer"),
    HandWritten("resizing.merging.merge", "outgoing columns add, times ‖row of h‖/‖w‖  (M16)", "compares rows of neurons, once", "test_pruning.test_copies_of_neurons_merge_and_the_function_stays"),
    HandWritten("architecture.growing.output_slopes", "δ_j = f'(z_j) ∘ Σ_i δ_i W_ij  (M8.direct)", "once per growth, for every sample; kernels keep their sum only", "test_growing.test_slopes_are_those_of_the_gradient"),
    HandWritten("architecture.growing._directions", "Σ_i ‖δ_iᵀ x‖² / ‖x‖², matching pursuit", "once per growth", "test_growing.test_directions_are_greedy"),
    HandWritten("exchange.onnx._activation", "the activations in ONNX's operators", "another runtime's language", "test_onnx.test_every_network"),
    HandWritten("resizing.insert.CollapseLayer.apply", "φ' = -φ^(i) φ^(i-1)  (M12)", "one product, once", "test_insert.test_a_layer_with_one_eigenvalue_collapses"),
    HandWritten("training.loop.Run._eigenvalue_norms", "‖λ^(i)‖₂ for the history", "once an epoch", "test_trainer.test_history_has_one_entry_an_epoch"),
    HandWritten("networks.predictor.Scaling.of", "(x - mean)/standard deviation", "standardisation of data, as scikit-learn does it", "test_search.test_scaling_is_undone_and_a_constant_column_keeps_its_value"),
    HandWritten("networks.predictor.Predictor.predict_proba", "softmax", "SciPy's, once per prediction", "test_search.test_probabilities_are_the_softmax"),
    HandWritten("networks.predictor.Predictor.score", "accuracy, R²", STATISTIC, "test_search.test_scores_want_what_predictions_are"),
    HandWritten("data.preparation.PreparedData.standard_error", "standard deviation of the losses / √samples", STATISTIC, "test_search.test_the_standard_error_is_that_of_the_mean_and_does_not_depend_on_the_order_of_rows"),
    HandWritten("data.preparation.PreparedData.constant_loss", "loss of the best constant", STATISTIC, "test_search.test_the_constant_loss_is_that_of_the_best_constant"),
    HandWritten("data.datasets.sparcs", "the target of the published experiment", "data", "test_datasets.test_sparcs_formula"),
    HandWritten("architecture.search._report", "norms and means for the report", STATISTIC, "test_search.test_the_path_norm_agrees_with_the_published_implementation"),
    HandWritten("cli.program._inspect", "norms and medians for the table", STATISTIC, "test_program.test_inspect_shows_layers_blocks_and_eigenvalues"),
    HandWritten("sweeps.grid.mean_abs_eigenvalue", "mean |λ|", STATISTIC, "test_runner.test_what_a_training_of_a_sweep_gives"),
    HandWritten("experiments.sparcs_first.experiment._row", "‖W_31‖, counts for a row of results", STATISTIC, "test_sparcs_first.test_what_one_training_gives"),
    HandWritten("experiments.sparcs_first.experiment.curves", "mean and standard error over runs", STATISTIC, "test_sparcs_first.test_curves_and_comparisons_by_hand"),
    HandWritten("experiments.sparcs_first.experiment._compared", "mean, median, deviation over runs", STATISTIC, "test_sparcs_first.test_curves_and_comparisons_by_hand"),
    HandWritten("experiments.sparcs_second.experiment.rotation_teacher", "y = R relu(R x)", "data", "test_experiments.test_the_rotation_teacher"),
    HandWritten("experiments.sparcs_second.experiment.findings", "linear regression, R²", STATISTIC, "test_experiments.test_the_second_experiment_in_small"),
    HandWritten("experiments.pruning.experiment.measured", "accuracy", STATISTIC, "test_experiments.test_every_arm_has_its_accuracy"),
    HandWritten("experiments.pruning.experiment.summary", "mean and deviation over runs", STATISTIC, "test_experiments.test_summaries_by_hand"),
    HandWritten("experiments.student_teacher.experiment.teacher", "normal weights over the root of their number", "data", "test_experiments.test_the_student_is_the_published_one"),
    HandWritten("experiments.student_teacher.experiment.table", "medians over runs", STATISTIC, "test_experiments.test_summaries_by_hand"),
    HandWritten("experiments.student_teacher.experiment.figure", "medians over runs", STATISTIC, "test_experiments.test_summaries_by_hand"),
    HandWritten("cli.sweep.mean_and_error", "mean and standard error for a table", STATISTIC, "test_sweep.test_mean_and_error"),
    *(HandWritten(f"kernels.cpu.dense.{name}", what, ORCHESTRATION, test) for name, what, test in (
        ("exponential", "exp and expm1 outside of Numba, by the type of the argument", "test_exponential.test_the_type_stays"),
        ("exponential_by_type", "the same for compiled code", "test_exponential.test_the_type_stays"),
        ("matrix", "a view", GRADIENTS),
        ("vector", "a view", GRADIENTS),
        ("load_rows", "rows of a mini-batch, and the constant 1", GRADIENTS),
        ("workspace", "storage for one mini-batch", GRADIENTS),
        ("output_loss", "weights and targets of a mini-batch, 1/(Σ weight · outputs)", GRADIENTS),
        ("add_penalty", "one penalty for each group", EPOCHS),
        ("update", "one optimizer step for each group, corrections 1 - β^t", EPOCHS),
        ("shrink", "one proximal map for each group", EPOCHS),
    )),
    *(HandWritten(f"kernels.cpu.dense.{kind}_{variant}", what, ORCHESTRATION, test)
      for variant in ("global", "layerwise", "direct")
      for kind, what, test in (
        ("predict", "propagation in chunks", "test_spectral.test_forward_takes_any_number_of_samples"),
        ("gradient", "propagation, loss, adjoint", GRADIENTS),
        ("epoch", "gradient, penalty and step for each mini-batch", EPOCHS),
    )),
    HandWritten("backends.gpu.Plan.product", "a b, or out + a b", "cuBLAS; outside of the simulator no code of ours", WIDE),
    HandWritten("backends.gpu._library_fails", "1 · 1", "whether cuBLAS is there", "test_cuda.test_a_library_that_is_not_whole_is_named"),
    HandWritten("training.ensemble._failure", "the norm of the parameters", "whether it is finite", ENSEMBLE),
    HandWritten("backends.cuda.CudaStepper._epoch", "weighted mean of the losses of mini-batches", STATISTIC, WIDE),
    HandWritten("kernels.cuda.parts.exponential_on_device", "exp and expm1 by the type of the argument", ORCHESTRATION, ENSEMBLE),
    *(HandWritten(f"kernels.cuda.parts.gpu_{name}", what, ORCHESTRATION, ENSEMBLE) for name, what in (
        ("sum", "a sum over the threads of a block"),
        ("clear", "zeros"),
        ("neurons", "the sum of all widths"),
        ("parts", "how many threads share a sample"),
        ("row", "the row at a position of the order of samples"),
        ("load", "rows of a mini-batch, and the constant 1"),
        ("loss", "one loss by its number"),
        ("add_penalty", "one penalty for each group"),
        ("update", "one optimizer step for each group"),
        ("shrink", "one proximal map for each group"),
    )),
    *(HandWritten(f"kernels.cuda.ensemble.train_{variant}", "gradient, penalty and step for each mini-batch", ORCHESTRATION, ENSEMBLE)
      for variant in ("global", "layerwise", "direct")),
    *(HandWritten(f"kernels.cuda.one_hidden.train_{a}_{b}", "gradient, penalty and step for each mini-batch", ORCHESTRATION, ENSEMBLE)
      for a, b in SIZES),
    *(HandWritten(f"kernels.cuda.wide.wide_{name}", what, ORCHESTRATION, WIDE) for name, what in (
        ("activate", "`gpu_activate` on a grid"),
        ("load", "`gpu_load` on a grid"),
        ("loss", "`gpu_loss` in one block"),
        ("penalty", "one penalty on a grid, its share by block"),
        ("squares", "the share of each block of a sum of squares"),
        ("total", "the sum of the shares"),
        ("update", "one optimizer step on a grid"),
        ("shrink", "one proximal map on a grid"),
    )),
    HandWritten("kernels.cpu.one_hidden.load_columns", "columns of a mini-batch, and the constant 1", ORCHESTRATION, EPOCHS),
    *(HandWritten(f"kernels.cpu.one_hidden.epoch_{a}_{b}", "gradient, penalty and step for each mini-batch", ORCHESTRATION, EPOCHS) for a, b in SIZES),
    HandWritten("backends.cpu.corrections", "1 - β^t", "the kernels' own corrections, for the steps of an epoch on a GPU", WIDE),
)  # fmt: skip
"""Everything numeric in `spectral_core` that is not generated from a theorem."""

MODULES = ("cpu/dense", "cpu/one_hidden", "cuda/parts", "cuda/ensemble", "cuda/one_hidden", "cuda/wide")
"""The generated modules of kernels; no name stands in two, but `exponential`, which each of two languages chooses by type."""
PICTURES = ("reports.curves.", "reports.network.", "experiments.sparcs_first.figure.")
"""Modules that place marks on a canvas; their arithmetic is about pixels."""
NUMERIC = {"dot", "exp", "log", "sqrt", "tanh", "einsum", "outer", "matmul", "inv", "solve", "lstsq", "qr", "norm", "square", "softmax", "logsumexp"} | {
    "expm1", "log1p", "mean", "std", "var", "median"}  # fmt: skip
"""Calls that give away a formula, as do the operators `@` and `**` between expressions."""


def problems(root: Path, certificates: list[dict[str, Any]]) -> list[str]:
    """What is wrong with the links, one sentence each; `certificates` are those that were proven."""
    found = list(_kernels_and_theorems(root, certificates))
    source = {name: path for path in sorted((root / "spectral_core").rglob("*.py")) for name in [_module(root, path)]}
    functions = {f"{m}.{name}": node for m, path in source.items() for name, node in _functions(path)}
    listed = {entry.function for entry in HAND_WRITTEN}
    for entry in HAND_WRITTEN:
        if entry.function not in functions:
            found.append(f"{entry.function} is listed as written by hand, and does not exist")
    for name, node in functions.items():
        if not name.startswith((*PICTURES, "kernels.cpu.", "kernels.cuda.")) and _numeric(node) and name not in listed:
            found.append(
                f"{name} computes by a formula of its own ({_numeric(node)}); generate it or list it in HAND_WRITTEN"
            )
    if (root / "tests").is_dir():  # an installed package comes without them
        tests = {f"{path.stem}.{name}" for path in (root / "tests").rglob("test_*.py") for name, _ in _functions(path)}
        found += [f"{e.function}: its test {e.test} does not exist" for e in HAND_WRITTEN if e.test not in tests]
    return found


def _kernels_and_theorems(root: Path, certificates: list[dict[str, Any]]) -> Iterator[str]:
    files = [root / "spectral_core/kernels" / f"{name}.py" for name in MODULES]
    relying = {name: set(theorems) for file in files for name, theorems in theorems_of(file).items()}
    known = {certificate["id"]: set(certificate["functions"]) for certificate in certificates}
    orchestration = {e.function.split(".")[-1] for e in HAND_WRITTEN if e.reason == ORCHESTRATION}
    for name, theorems in relying.items():
        if not theorems and name not in orchestration:
            yield f"kernel {name} names no theorem and is not listed as orchestration"
        for theorem in sorted(theorems - known.keys()):
            yield f"kernel {name} rests on {theorem}, which has no certificate"
    for theorem, functions in known.items():
        for name in sorted(functions - relying.keys()):
            yield f"certificate {theorem} names kernel {name}, which does not exist"
        for name in sorted(n for n, theorems in relying.items() if theorem in theorems and n not in functions):
            yield f"kernel {name} rests on {theorem}, whose certificate does not name it"
    written = root / "derivations/certificates.json"
    if written.exists():
        for record in json.loads(written.read_text(encoding="utf-8")):
            for name in sorted(set(record["functions"]) - relying.keys()):
                yield f"certificates.json: {record['id']} names kernel {name}, which does not exist"


def theorems_of(kernels: Path) -> dict[str, tuple[str, ...]]:
    """Each function of a kernel module with the theorems its docstring names."""
    table = {}
    for name, node in _functions(kernels):
        lines = (ast.get_docstring(node) or "").splitlines()
        stated = [line.removeprefix("Theorem: ") for line in lines if line.startswith("Theorem: ")]
        table[name] = tuple(theorem.strip() for line in stated for theorem in line.split(","))
    return table


def _module(root: Path, path: Path) -> str:
    return ".".join(path.relative_to(root / "spectral_core").with_suffix("").parts)


def _functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods by their qualified names; what stands inside a function belongs to it."""

    def inside(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
        for node in body:
            if isinstance(node, ast.FunctionDef):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                yield from inside(node.body, f"{prefix}{node.name}.")

    yield from inside(ast.parse(path.read_text(encoding="utf-8")).body, "")


def _numeric(function: ast.FunctionDef) -> str:
    """The first expression in a function that gives away a formula, or nothing."""
    for node in ast.walk(function):
        matrix = isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
        power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not isinstance(node.left, ast.Constant)
        call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in NUMERIC
        if matrix or power or call:
            return ast.unparse(node)
    return ""
