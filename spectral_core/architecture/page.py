"""The result of a search as one HTML page that a colleague can read."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Any

from spectral_core.architecture import report_text as words
from spectral_core.architecture.numbers import Numbers, defined
from spectral_core.architecture.page_pictures import capitalised, curve_parts, spectrum_parts, training_parts
from spectral_core.files.provenance import provenance
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.reports import page
from spectral_core.training.results import History
from spectral_core.wording import counted

INPUTS = 30
"""Inputs in the table of the most important ones."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What a page shows: the numbers, the network found, the trained network with its history, and the cut of path scores."""

    numbers: Numbers
    predictor: Predictor
    trained: SpectralNetwork
    history: History
    cut: float | None

    def html(self) -> str:
        """The whole page."""
        found = self.numbers
        title = f"{found.data or 'Search'}: {found.task_name} of {found.target or 'y'}"
        parts = [
            f"<h1>{page.escaped(title)}</h1>",
            *self._summary(),
            page.section("What was asked", *self._asked()),
            page.section("The network", self._network(), *self._sizes()),
            page.section("Scores", self._scores()),
            page.section("Inputs by importance", *self._inputs()),
            page.section("Columns and what became of them", *self._columns()),
            page.section("Score and size", *curve_parts(found)),
            page.section("Training", *training_parts(found, self.history)),
            page.section("Spectrum", *spectrum_parts(found, self.trained, self.cut)),
            page.section("How to use it", *self._use()),
            page.section("How to repeat it", *self._repeat()),
        ]
        return page.document(title, [part for part in parts if part])

    # --- what a reader wants first ------------------------------------------------------------------

    def _summary(self) -> list[str]:
        found = self.numbers
        inputs = f"{len(found.inputs):,} of {counted(self.predictor.network.n_features, 'feature')}"
        parts = [page.paragraph(f"Found: {found.sizes}, {_neurons(found)}, on {inputs}.", "lead")]
        if found.score is not None:
            beside = "" if found.constant_score is None else f"; the best constant has {found.constant_score:.4g}"
            parts.append(
                page.paragraph(f"{capitalised(found.score_name)} on {_rows(found)}: {found.score:.4g}{beside}.")
            )
        return [*parts, *(page.paragraph(capitalised(sentence) + ".", "note") for sentence in found.sentences)]

    def _asked(self) -> list[str]:
        found = self.numbers
        samples = f"{found.training_samples:,} training, {found.validation_samples:,} validation"
        rows: list[tuple[str, str]] = [
            ("data", found.data or "arrays in Python"),
            ("task", found.task_name),
            ("target", found.target or "y"),
            ("classes", f"{len(found.classes)}: {words.listed(found.classes, 20)}" if found.classes else ""),
            ("rows", samples + (f", {found.test_samples:,} test" if found.test_samples else "")),
            ("strategy", found.strategy),
            ("greatest widths", "-".join(map(str, found.widths)) + (", bias included" if found.bias else "")),
            ("activation", found.activation),
            ("tolerance", f"{found.tolerance:g}" if found.tolerance else ""),
            ("seed", str(found.seed)),
        ]
        return [page.table(("", ""), [row for row in rows if row[1]])]

    # --- what was found -----------------------------------------------------------------------------

    def _network(self) -> str:
        caption = (
            "Width and colour of a line show its weight against the largest; an arch is a skip connection. ‖W‖ is the root of "
            "the sum of squared weights of two layers."
        )
        what = f"network of {_neurons(self.numbers)}"
        return page.picture(lambda: self.predictor.plot(subtitle=self.numbers.sizes), what, caption, "picture large")

    def _sizes(self) -> list[str]:
        found = self.numbers
        rows = [
            ("input" if i == 0 else "output" if i == len(found.widths) - 1 else f"hidden {i}", before, kept)
            for i, (before, kept) in enumerate(zip(found.widths, found.live, strict=True))
        ]
        said = [page.paragraph(capitalised(words.size(found)) + ".")]
        said += [page.paragraph(capitalised(found.certificate) + ".")] if found.certificate else []
        return [*said, page.table(("layer", "neurons at the start", "kept"), rows, (1, 2))]

    def _scores(self) -> str:
        found, rows = self.numbers, []
        name = capitalised(found.score_name)
        before = "proposal of the spectrum" if found.curve else "network as trained"
        for part, scores in (
            ("validation", (found.validation_score_before, found.validation_score_after)),
            ("test", (found.test_score_before, found.test_score_after) if found.test_samples else ()),
        ):
            for who, score in zip((before, "network found"), scores, strict=False):
                rows.append((name, who, part, _number(score)))
        judged = "test" if found.test_samples else "validation"
        others = [
            (name, "best constant", found.constant_score),
            ("Balanced accuracy", "network found", found.balanced_accuracy),
            ("ROC AUC (a constant: 0.5)", "network found", found.roc_auc),
            (name, found.peer.get("name", ""), found.peer.get("score")),
        ]
        rows += [(what, who, judged, _number(score)) for what, who, score in others if score is not None]
        return page.table(("score", "of", "rows", ""), rows, (3,))

    def _inputs(self) -> list[str]:
        rows = [(row["name"], row["score"]) for row in self.numbers.inputs]
        if not rows:
            return [page.paragraph("No input has a weight.")]
        more = len(rows) - INPUTS
        return [
            page.bars(("input", "path score"), rows[:INPUTS]),
            page.paragraph(f"{counted(more, 'more input')} {'has' if more == 1 else 'have'} smaller scores.")
            if more > 0
            else "",
            page.paragraph(
                "The path score of an input is the root of the sum, over all paths from it to an output, of the squared products of "
                "weights. It says how much of the network hangs on the input, and nothing about causes.",
                "faint",
            ),
        ]

    def _columns(self) -> list[str]:
        found = self.numbers
        rows = [(one["column"], one["kind"], one["became"], one.get("remark", "")) for one in found.columns]
        parts = [page.table(("column", "kind", "what became of it", "remark"), rows)] if rows else []
        if found.constant_features:
            names = words.listed(found.constant_features, 50)
            parts.append(page.paragraph(f"No weight, since they do not vary in the training part: {names}."))
        return [*parts, *(page.paragraph(capitalised(remark) + ".") for remark in found.remarks)]

    # --- what to do with it ---------------------------------------------------------------------------

    def _use(self) -> list[str]:
        encoder = self.predictor.encoder
        columns = self.predictor.feature_names if encoder is None else encoder.feature_names_in
        names = words.listed(columns, 12)
        what = (
            f"rows of {counted(self.predictor.network.n_features, 'feature')}"
            if encoder is None
            else "a frame of raw rows"
        )
        python = (
            "from spectral_core import Predictor\n"
            'model = Predictor.load("compact.npz")\n'
            f"print(model.predict(X))  # X: {what}"
        )
        parts = [
            page.paragraph("In the folder of the results, with new rows in a file:"),
            page.code("spectral-core predict compact.npz new.csv --out predictions.csv"),
            *(
                [page.paragraph("Another size as a model file:"), page.code("spectral-core choose . --weights N")]
                if self.numbers.curve
                else []
            ),
            page.paragraph("In Python:"),
            page.code(python),
            page.paragraph(f"The columns{', in this order' * (encoder is None)}: {names}.", "faint") if names else "",
        ]
        return [part for part in parts if part]

    def _repeat(self) -> list[str]:
        found = self.numbers
        options = "".join(f", {_keyword(name, value)}" for name, value in found.settings.items())
        given = found.command or f"spectral_core.search(X, y, task={found.task!r}{options})"
        made = provenance()["versions"]
        versions = ", ".join(f"{name} {version}" for name, version in made.items())
        said = f"The same command on the same data gives the same network. This page was made with {versions}, Python "
        return [page.code(given), page.paragraph(f"{said}{platform.python_version()}.", "faint")]


def _keyword(name: str, value: Any) -> str:
    """A keyword of `search` as Python; data and weights are named, not written."""
    if name in ("validation_data", "sample_weight"):
        return f"{name}={name}"
    return f"{name}={dict(value) if name == 'class_weight' and isinstance(value, list) else value!r}"


def _neurons(found: Numbers) -> str:
    hidden = sum(found.live[1:-1])
    return counted(hidden, "hidden neuron")


def _rows(found: Numbers) -> str:
    count, name = (found.test_samples, "test") if found.test_samples else (found.validation_samples, "validation")
    return counted(count, f"{name} row")


def _number(score: float | None) -> str:
    return "-" if defined(score) is None else f"{score:.5g}"
