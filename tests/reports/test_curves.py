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
