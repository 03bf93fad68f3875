"""The pictures of the page of a search, each with its caption."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spectral_core.architecture import report_text as words
from spectral_core.architecture.numbers import Numbers
from spectral_core.networks.paths import path_scores
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.reports import page
from spectral_core.reports.curves import draw_losses, draw_norms, spectrum_picture
from spectral_core.reports.sizes import curve_picture
from spectral_core.reports.style import figure_file
from spectral_core.training.results import History

WIDTH, HEIGHT = 5.4, 3.7
"""Inches of a panel: its text is readable at the width of a phone."""


def curve_parts(found: Numbers) -> list[str]:
    """The score against the size, where there is a curve."""
    if not found.curve:
        return []

    def draw() -> Any:
        return _panel(lambda axes: curve_picture(None, found.curve, found.score_name, ax=axes))

    caption = "Each point is a size of network, refitted. Bars: standard error of the difference from the best size."
    return [page.picture(draw, "validation score against the number of weights", caption)]


def training_parts(found: Numbers, history: History) -> list[str]:
    """Losses and norms of eigenvalues by epoch."""
    kept = found.epoch or None
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
    text = page.paragraph(capitalised(words.trained(found)) + ".")
    return [text, f'<div class="pair">{"".join(pictures)}</div>']


def spectrum_parts(found: Numbers, net: SpectralNetwork, cut: float | None) -> list[str]:
    """Eigenvalues and path scores of the trained network, where it has eigenvalues."""
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
                "Neurons below the cut were left out" + ("; refits decide on the others." if found.curve else "."),
            )
        )
    return [f'<div class="pair">{"".join(pictures)}</div>']


def _panel(draw: Callable[[Any], object]) -> Any:
    """A figure with one panel."""
    with figure_file(None, WIDTH, HEIGHT, layout="constrained") as figure:
        draw(figure.subplots())
    return figure


def capitalised(text: str) -> str:
    """The text with a capital in front."""
    return text[:1].upper() + text[1:]
