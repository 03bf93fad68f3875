"""The result of a search as one HTML page that a colleague can read."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spectral_core.architecture import report_text as words
from spectral_core.architecture.numbers import Numbers, defined
from spectral_core.files.provenance import provenance
from spectral_core.networks.paths import path_scores
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.reports import page
from spectral_core.reports.curves import draw_losses, draw_norms, spectrum_picture
from spectral_core.reports.sizes import curve_picture
from spectral_core.reports.style import figure_file
from spectral_core.training.results import History
from spectral_core.wording import counted

INPUTS = 30
"""Inputs in the table of the most important ones."""
WIDTH, HEIGHT = 5.4, 3.7
"""Inches of a panel: its text is readable at the width of a phone."""


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
        title = f"{found.data or 'Search'}: {found.task} of {found.target or 'y'}"
        parts = [
            f"<h1>{page.escaped(title)}</h1>",
            *self._summary(),
            page.section("What was asked", *self._asked()),
            page.section("The network", self._network(), *self._sizes()),
            page.section("Scores", self._scores()),
            page.section("Inputs by importance", *self._inputs()),
            page.section("Columns and what became of them", *self._columns()),
            page.section("Score and size", *self._curve()),
            page.section("Training", *self._training()),
            page.section("Spectrum", *self._spectrum()),
            page.section("How to use it", *self._use()),
            page.section("How to repeat it", *self._repeat()),
        ]
        return page.document(title, [part for part in parts if part])

    # --- what a reader wants first ------------------------------------------------------------------

    def _summary(self) -> list[str]:
        found = self.numbers
        inputs = f"{len(found.inputs):,} of {self.predictor.network.n_features:,} features"
        parts = [page.paragraph(f"Found: {found.sizes}, {_neurons(found)}, on {inputs}.", "lead")]
        if found.score is not None:
            beside = "" if found.constant_score is None else f"; the best constant has {found.constant_score:.4g}"
            parts.append(page.paragraph(f"{_first(found.score_name)} on {_rows(found)}: {found.score:.4g}{beside}."))
        return [*parts, *(page.paragraph(_first(sentence) + ".", "note") for sentence in found.sentences)]

    def _asked(self) -> list[str]:
        found = self.numbers
        samples = f"{found.training_samples:,} training, {found.validation_samples:,} validation"
        rows: list[tuple[str, str]] = [
            ("data", found.data or "arrays in Python"),
            ("task", found.task),
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
        said = [page.paragraph(_first(words.size(found)) + ".")]
        said += [page.paragraph(_first(found.certificate) + ".")] if found.certificate else []
        return [*said, page.table(("layer", "neurons at the start", "kept"), rows, (1, 2))]

    def _scores(self) -> str:
        found, rows = self.numbers, []
        name = _first(found.score_name)
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
            page.paragraph(f"{more:,} more inputs have smaller scores.") if more > 0 else "",
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
        return [*parts, *(page.paragraph(_first(remark) + ".") for remark in found.remarks)]

    # --- pictures -----------------------------------------------------------------------------------

    def _curve(self) -> list[str]:
        found = self.numbers
        if not found.curve:
            return []

        def draw() -> Any:
            return _panel(lambda axes: curve_picture(None, found.curve, found.score_name, ax=axes))

        caption = (
            "Each point is a size of network, refitted. Bars: standard error of the difference from the best size."
        )
        return [page.picture(draw, "validation score against the number of weights", caption)]

    def _training(self) -> list[str]:
        history, kept = self.history, self.numbers.epoch or None
        norms = history.eigenvalue_norms
        pictures = [
            page.picture(
                lambda: _panel(lambda axes: draw_losses(axes, history, kept)),
                "losses by epoch",
                "The dashed line marks the epoch whose network was kept.",
            )
        ]
        if norms and norms[0]:
            pictures.append(
                page.picture(
                    lambda: _panel(lambda axes: draw_norms(axes, norms, kept=kept)),
                    "norms of eigenvalues by epoch",
                    "A layer whose eigenvalues λ are all 0 is linear; layers switch on as λ departs from 0.",
                )
            )
        text = page.paragraph(_first(words.trained(self.numbers)) + ".")
        return [text, f'<div class="pair">{"".join(pictures)}</div>']

    def _spectrum(self) -> list[str]:
        net, cut = self.trained, self.cut
        if net.parametrization == "direct":
            return []
        values = net.balanced().eigenvalues if net.parametrization == "global" else net.eigenvalues
        scores = [None, *path_scores(net.transfer_blocks(), net.widths), None]
        pictures = [
            page.picture(
                lambda: _panel(lambda axes: spectrum_picture(None, values, ax=axes)),
                "eigenvalues by layer",
                "The eigenvalues of each layer, the largest first.",
            )
        ]
        if any(vector is not None for vector in scores):
            pictures.append(
                page.picture(
                    lambda: _panel(lambda axes: spectrum_picture(None, [None] * len(scores), scores, cut=cut, ax=axes)),
                    "path scores of hidden neurons",
                    "Neurons below the cut were left out"
                    + ("; refits decide on the others." if self.numbers.curve else "."),
                )
            )
        return [f'<div class="pair">{"".join(pictures)}</div>']

    # --- what to do with it ---------------------------------------------------------------------------

    def _use(self) -> list[str]:
        encoder = self.predictor.encoder
        columns = self.predictor.feature_names if encoder is None else encoder.feature_names_in
        names = words.listed(columns, 12)
        what = f"rows of {self.predictor.network.n_features} features" if encoder is None else "a frame of raw rows"
        python = (
            "from spectral_core import Predictor\n"
            'model = Predictor.load("compact.npz")\n'
            f"print(model.predict(X))  # X: {what}"
        )
        parts = [
            page.paragraph("In the folder of the results, with new rows in a file:"),
            page.code("spectral-core predict compact.npz new.csv --out predictions.csv"),
            page.paragraph("In Python:"),
            page.code(python),
            page.paragraph(f"The columns{', in this order' * (encoder is None)}: {names}.", "faint") if names else "",
        ]
        return [part for part in parts if part]

    def _repeat(self) -> list[str]:
        found = self.numbers
        options = "".join(f", {name}={value!r}" for name, value in found.settings.items())
        given = found.command or f"spectral_core.search(X, y, task={found.task!r}{options})"
        made = provenance()["versions"]
        versions = ", ".join(f"{name} {version}" for name, version in made.items())
        said = f"The same command on the same data gives the same network. This page was made with {versions}, Python "
        return [page.code(given), page.paragraph(f"{said}{platform.python_version()}.", "faint")]


def _panel(draw: Callable[[Any], object]) -> Any:
    """A figure with one panel."""
    with figure_file(None, WIDTH, HEIGHT, layout="constrained") as figure:
        draw(figure.subplots())
    return figure


def _neurons(found: Numbers) -> str:
    hidden = sum(found.live[1:-1])
    return counted(hidden, "hidden neuron")


def _rows(found: Numbers) -> str:
    count, name = (found.test_samples, "test") if found.test_samples else (found.validation_samples, "validation")
    return counted(count, f"{name} row")


def _first(text: str) -> str:
    """The text with a capital in front."""
    return text[:1].upper() + text[1:]


def _number(score: float | None) -> str:
    return "-" if defined(score) is None else f"{score:.5g}"
