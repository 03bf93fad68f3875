"""The pictures of spectra and of learning curves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spectral_core.errors import InvalidInputError
from spectral_core.reports import curves, sizes

pytest.importorskip("matplotlib")
from tests.reports.pictures import pixels


def history(epochs: int, validation: bool = True, groups: int = 3) -> Any:
    e = np.arange(1, epochs + 1)
    norms = [[float(k) * epoch / epochs for k in range(groups)] for epoch in e]
    return SimpleNamespace(
        training_loss=list(1 / e), validation_loss=list(1.1 / e) if validation else [],
        penalty=[0.0, *np.full(epochs - 1, 0.1)], eigenvalue_norms=norms,
    )  # fmt: skip


def test_sorted_values_and_zero_level() -> None:
    x, y = curves.sorted_values(np.array([0.0, -3, 2, 1]))
    assert x.tolist() == [12.5, 37.5, 62.5, 87.5]
    assert y.tolist() == [3, 2, 1, 0]
    assert curves.zero_level([]) is None
    assert curves.zero_level([np.zeros(3)]) is None
    assert curves.zero_level([np.array([1.0, 2.0, 0.0])]) is None
    level = curves.zero_level([np.array([1.0, 1e-3, 0.0, 1e-300])])
    assert level is not None
    assert 1e-4 < level < 1e-3


@pytest.mark.parametrize("scale", ["zeros", "log", "linear", "tiny"])
@pytest.mark.parametrize("scored", [False, True])
def test_spectrum_picture(scale: str, scored: bool, tmp_path: Any) -> None:
    generator = np.random.default_rng(0)
    hidden = {
        "zeros": np.zeros(40),
        "log": np.exp(generator.normal(0, 3, 300)) * (generator.random(300) < 0.5),
        "linear": generator.uniform(1, 2, 30),
        "tiny": np.array([1e-320, 0, 1.0]),
    }[scale]
    scores = [None, hidden**2, None] if scored else None
    for name in "ab":
        curves.spectrum_picture(tmp_path / f"{name}.png", [hidden[:2], hidden, [1.0]], scores, title="$ spectrum")
    pixels(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_spectrum_errors(tmp_path: Any) -> None:
    with pytest.raises(InvalidInputError, match="scores must hold 2 entries"):
        curves.spectrum_picture(tmp_path / "s.png", [[1.0], [2.0]], [None])
    with pytest.raises(InvalidInputError, match=r"scores\[1\] must be finite"):
        curves.spectrum_picture(tmp_path / "s.png", [[1.0], [2.0]], [None, [np.inf]])
    with pytest.raises(InvalidInputError, match="labels must hold 2 names"):
        curves.spectrum_picture(tmp_path / "s.png", [[1.0], [2.0]], labels=["a"])
    assert list(tmp_path.iterdir()) == []
    curves.spectrum_picture(tmp_path / "s.png", [[1.0], [2.0]], [None, None], labels=["a", "$b$ $"])
    pixels(tmp_path / "s.png")


@pytest.mark.parametrize("epochs", [1, 2, 300])
@pytest.mark.parametrize("validation", [False, True])
@pytest.mark.parametrize("groups", [0, 1, 9])
def test_training_picture(epochs: int, validation: bool, groups: int, tmp_path: Any) -> None:
    curves.training_picture(tmp_path / "t.png", history(epochs, validation, groups), title="training")
    pixels(tmp_path / "t.png")


@pytest.mark.parametrize("losses", [[], [0.0, 0.0], [-1.0, 2.0], [1.0, 0.0], [np.inf, 1.0], [np.nan, np.nan]])
def test_training_picture_of_odd_losses(losses: list[float], tmp_path: Any) -> None:
    odd = SimpleNamespace(
        training_loss=losses, validation_loss=losses, penalty=[0.0] * len(losses), eigenvalue_norms=[]
    )
    curves.training_picture(tmp_path / "t.png", odd)
    pixels(tmp_path / "t.png")


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_curve_picture_names_the_chosen_size(chosen: int, tmp_path: Any) -> None:
    points = [
        {"weights": w, "neurons": n, "score": s, "error": 0.01, "best": i == 2, "chosen": i == chosen}
        for i, (w, n, s) in enumerate([(0, 0, -0.5), (15, 2, 0.9), (1500, 80, 0.95)])
    ]
    sizes.curve_picture(tmp_path / "c.svg", points, "accuracy", title="data: score and size")
    text = (tmp_path / "c.svg").read_text(encoding="utf-8")
    assert f"chosen: {points[chosen]['weights']:,} weights, {points[chosen]['neurons']} hidden neurons" in text
    assert "accuracy on validation rows" in text


def test_the_kept_epoch_and_the_cut_are_drawn(tmp_path: Any) -> None:
    curves.training_picture(tmp_path / "t.svg", history(20, True, 3), kept=7)
    assert "kept" in (tmp_path / "t.svg").read_text(encoding="utf-8")
    curves.spectrum_picture(tmp_path / "s.svg", [np.ones(3), np.ones(4)], [None, np.arange(1.0, 5.0)], cut=2.0)
    assert "cut" in (tmp_path / "s.svg").read_text(encoding="utf-8")


def panels(figure: Any) -> list[Any]:
    """Its axes, drawn, so that everything has a place."""
    figure.draw_without_rendering()
    return list(figure.axes)


def test_legends_hide_no_data_and_no_panel_is_empty() -> None:
    points = [
        {"weights": w, "neurons": 1, "score": s, "error": 0.01, "best": i == 1, "chosen": i == 0}
        for i, (w, s) in enumerate([(3, 0.8), (9, 0.9)])
    ]
    figures = [
        curves.training_picture(None, history(20)),
        curves.spectrum_picture(None, [np.ones(3), np.arange(5.0)], [None, np.arange(5.0)], cut=2.0),
        sizes.curve_picture(None, points, "accuracy", constant=0.8),
    ]
    for figure in figures:
        for axes in panels(figure):
            assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1 - 1
    assert len(panels(curves.training_picture(None, history(20, True, 0)))) == 1, "no eigenvalues, one panel"
    labels = figures[2].axes[0].get_legend_handles_labels()[1]
    assert "best constant" in labels


def test_the_cut_says_how_many_neurons_are_kept() -> None:
    figure = curves.spectrum_picture(None, [np.ones(2), np.ones(4)], [None, np.array([1.0, 2.0, 3.0, 4.0])], cut=2.5)
    texts = [text.get_text() for text in figure.axes[1].texts]
    assert "cut: 2 of 4 neurons kept" in texts
    assert figure.axes[1].get_ylabel() == "path score"


@pytest.mark.parametrize(("low", "high"), [(1, 1.5), (1, 20), (0.001, 100), (10, 2000)])
def test_ticks_of_log_axes_are_plain_numbers(low: float, high: float) -> None:
    from matplotlib.figure import Figure

    from spectral_core.reports.style import plain_log

    axes = Figure().subplots()
    axes.set(xscale="log", xlim=(low, high))
    plain_log(axes.xaxis, low, high)
    texts = [
        label.get_text()
        for place, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        if low <= place <= high
    ]
    assert len(texts) >= 2
    assert all(float(text.replace(",", "")) > 0 for text in texts)
