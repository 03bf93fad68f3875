"""The report of a search as text for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spectral_core.architecture.numbers import Block, Numbers, defined
from spectral_core.wording import counted

TOLERANCE = 0.001
"""A score this much lower counts as nearly as good."""
SHOWN = 5
"""Names listed before "and N more"."""


def report_text(found: Numbers) -> str:
    """The whole report: what was asked, what was found, tables, scores beside the best constant's, remarks, a legend."""
    lines = [
        asked(found),
        *left_out(found),
        *found.sentences,
        size(found),
        "",
        trained(found),
        "",
        "layer      neurons   kept",
        *(_layer(found, i, *counts) for i, counts in enumerate(zip(found.widths, found.live, strict=True), 1)),
        "",
        "block        shape        weights      norm",
        *(_block(block) for block in found.blocks),
        "",
        f"‖Γ‖          {_norms(found.path_norms_before)} trained, {_norms(found.path_norms_after)} {_after(found)}"
        + _eigenvalues(found),
        "",
        *curve_lines(found),
        *_scores(found),
        "",
        *_legend(found),
    ]
    return "\n".join(lines) + "\n"


def asked(found: Numbers) -> str:
    """The first line: data, task, target, classes, samples."""
    of = f" of {found.target}" if found.target else ""
    classes = f" in {len(found.classes)} classes ({listed(found.classes)})" if found.classes else ""
    samples = f"{found.training_samples:,} training, {found.validation_samples:,} validation"
    samples += f", {counted(found.test_samples, 'test sample')}" if found.test_samples else " samples"
    return f"{found.data or 'data'}: {found.task_name}{of}{classes}; {samples}"


def left_out(found: Numbers) -> list[str]:
    """What was left out, in lines of their own, and remarks on how columns were read."""
    columns = [
        f"{one['column']} ({one['became'].removeprefix('left out').removeprefix(': ')})" for one in found.left_out
    ]
    lines = [f"left out: {'; '.join(columns)}"] if columns else []
    if found.constant_features:
        lines.append(f"no weight, since they do not vary in the training part: {listed(found.constant_features)}")
    read = [f"{one['column']}: {one['remark']}" for one in found.columns if one.get("remark")]
    return [*lines, *found.remarks, *read]


def size(found: Numbers) -> str:
    """The size that was found beside that of a network in which every pair of layers is joined."""
    whole = f"{found.all_pairs_parameters:,} (every pair of layers {'-'.join(map(str, found.widths))} joined)"
    return f"found {found.sizes}, instead of {whole}"


def trained(found: Numbers) -> str:
    """How the network was trained."""
    origin = "from the linear start" if found.kind == "spectral" else "grown from the linear perceptron"
    kept = f"; epoch {found.epoch} of {found.epochs} was kept"
    penalty = f"; eigenvector penalty {found.eigenvector_penalty:g}" if found.eigenvector_penalty else ""
    numbers = f"{counted(found.spectral_parameters, found.kind + ' parameter')}"
    return (
        f"trained {'-'.join(map(str, found.widths))} {found.activation} with {numbers} {origin}{kept}{penalty}; "
        f"{found.seconds:.1f} s"
    )


def listed(names: Sequence[object], most: int = SHOWN) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def legend(found: Numbers) -> list[tuple[str, str]]:
    """The signs of this report, each with a sentence that explains it."""
    signs = [("kept", "neurons that have weights in the network that was found")]
    if found.bias:
        signs[0] = ("kept", f"{signs[0][1]}; layer 1 includes the constant neuron")
    if found.blocks:
        signs.append(("W_i,j", "the weights from layer j to layer i; with i > j + 1 they skip the layers between"))
        signs.append(("norm", "the root of the sum of their squares"))
    if found.path_norms_before or found.path_norms_after:
        signs.append(
            ("‖Γ‖", "the root of the sum, over all paths through a hidden layer, of squared products of weights")
        )
    if found.kind == "spectral":
        signs.append(("λ", "eigenvalues; a layer whose eigenvalues are all 0 is linear"))
    if found.curve:
        signs.append(("error", "standard error of the difference from the best score, row by row"))
    return signs


def _legend(found: Numbers) -> list[str]:
    signs = legend(found)
    wide = max(len(sign) for sign, _ in signs)
    return [f"{sign:<{wide}}  {sentence}" for sign, sentence in signs]


def _after(found: Numbers) -> str:
    return "chosen" if found.curve else "trimmed"


def _scores(found: Numbers) -> list[str]:
    """The table of losses and scores, and scores that others have on the same rows."""
    lines = [f"             trained      {_after(found)}"]
    losses = found.validation_loss_before, found.validation_loss_after, found.validation_loss_limit
    if None not in losses:
        before, after, limit = losses
        lines.append(f"validation   {before:<12.6g} {after:<12.6g} loss (limit for trimming {limit:.6g})")
    lines.append(_score(found, "validation", found.validation_score_before, found.validation_score_after))
    if found.test_samples:
        lines.append(_score(found, "test", found.test_score_before, found.test_score_after))
    rows = "test" if found.test_samples else "validation"
    if found.constant_score is not None:
        lines.append(f"{'':<25} {found.constant_score:<12.5f} {found.score_name} of the best constant on {rows} rows")
    if found.balanced_accuracy is not None and found.classes:
        chance = f" (a constant: {1 / len(found.classes):.5g})" if len(found.classes) == 2 else ""
        lines.append(f"{'':<25} {found.balanced_accuracy:<12.5f} balanced accuracy on {rows} rows{chance}")
    if found.roc_auc is not None:
        mean = ", the mean over the labels," if found.task == "multilabel" else ""
        lines.append(f"{'':<25} {found.roc_auc:<12.5f} ROC AUC{mean} on {rows} rows (a constant: 0.5)")
    if found.peer:
        lines.append(
            f"{'':<25} {found.peer['score']:<12.5f} {found.score_name} of {found.peer['name']} on the same data"
        )
    return lines


def _score(found: Numbers, name: str, before: float | None, after: float | None) -> str:
    shown = ["-" if defined(score) is None else f"{score:.5f}" for score in (before, after)]
    return f"{name:<12} {shown[0]:<12} {shown[1]:<12} {found.score_name}"


def curve_lines(found: Numbers) -> list[str]:
    """The curve as a table, and the statement on its chosen network; none without a curve."""
    if not found.curve:
        return []
    wide = max(10, len(found.score_name) + 2)
    notes = {(True, True): "best, chosen", (True, False): "best", (False, True): "chosen", (False, False): ""}
    lines = [
        f"{one['weights']:>8,}{one['biases']:>8,}{one['neurons']:>9,}{one['bytes']:>10,}{one['score']:>{wide}.4f}"
        f"{one['error']:>9.4f}   {notes[one['best'], one['chosen']]}".rstrip()
        for one in found.curve
    ]
    head = f" weights  biases  neurons     bytes{found.score_name:>{wide}}    error   (on validation rows; error: of the difference from the best)"
    return [head, *lines, *_smaller(found.curve), *([found.certificate] if found.certificate else []), ""]


def _smaller(curve: Sequence[dict[str, Any]]) -> list[str]:
    """A line on the network that a small tolerance would choose, if it is smaller than the chosen one.

    By hand: a difference of scores. Checked by test_result.test_a_report_names_a_network_that_is_nearly_as_good.
    """
    best = next(one for one in curve if one["best"])
    chosen = next(one for one in curve if one["chosen"])
    near = min((one for one in curve if one["score"] >= best["score"] - TOLERANCE), key=lambda one: int(one["weights"]))
    if near["weights"] >= chosen["weights"]:
        return []
    return [
        f"a tolerance of {TOLERANCE:g} would choose {counted(near['weights'], 'weight')}, whose score is {near['score']:.5f}"
    ]


def _layer(found: Numbers, number: int, neurons: int, kept: int) -> str:
    role = "input" if number == 1 else "output" if number == len(found.widths) else "hidden"
    return f"{number} {role:<9}{neurons:>7}{kept:>7}"


def _block(block: Block) -> str:
    name, shape = f"W_{block.receiver},{block.sender}", f"{block.rows}x{block.columns}"
    skip = "  skip connection" if block.receiver - block.sender > 1 else ""
    return f"{name:<12} {shape:<10}{block.present:>10,}{block.norm:>10.4g}{skip}"


def _norms(norms: Sequence[float]) -> str:
    return ", ".join(f"{norm:.4g}" for norm in norms) or "-"


def _eigenvalues(found: Numbers) -> str:
    mean = found.mean_abs_eigenvalue
    return "" if mean is None else f"; mean |λ| of input and hidden layers {mean:.3g}"
