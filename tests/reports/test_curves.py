"""Pictures: geometry and choice of edges against brute force; files whole, repeatable, or absent."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.errors import InvalidInputError, MissingDependencyError
from spectral_core.reports import curves, network, network_geometry

pytest.importorskip("matplotlib")
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.image import imread

CASES: dict[str, tuple[list[int], str, bool]] = {
    "linear": ([3, 1], "all", False),
    "skip": ([4, 40, 1], "all", True),
    "only the skip": ([3, 40, 2], "skips", False),
    "digits": ([65, 120, 10], "all", True),
    "deep": ([20, 15, 8, 5, 2], "all", False),
    "ones": ([1, 1, 1, 1], "all", False),
    "twelve layers": ([2] * 12, "all", False),
    "nothing": ([3, 30, 1], "none", True),
}


def heavy_tailed(widths: list[int], which: str = "all", seed: int = 0) -> dict[tuple[int, int], np.ndarray]:
    generator = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(2, len(widths) + 1) for j in range(1, i)]
    pairs = [pair for pair in pairs if which == "all" or (which == "skips" and pair[0] - pair[1] > 1)]
    return {(i, j): generator.standard_t(2, (widths[i - 1], widths[j - 1])) / (i - j) for i, j in pairs}


def history(epochs: int, validation: bool = True, groups: int = 3) -> Any:
    e = np.arange(1, epochs + 1)
    norms = [[float(k) * epoch / epochs for k in range(groups)] for epoch in e]
    return SimpleNamespace(
        training_loss=list(1 / e), validation_loss=list(1.1 / e) if validation else [],
        penalty=[0.0, *np.full(epochs - 1, 0.1)], eigenvalue_norms=norms,
    )  # fmt: skip


def pixels(path: Any) -> np.ndarray:
    image = imread(path)
    assert image.shape[0] > 200
    assert image.shape[1] > 600
    assert (image[..., :3].min(axis=2) < 0.6).sum() > 500, "the picture is blank"
    assert (image[:8, :, :3] == 1).all(), "something runs out of the top"
    assert (image[:, -8:, :3] == 1).all(), "something runs out on the right"
    assert (image[:, :8, :3] == 1).all(), "something runs out on the left"
    assert (image[-8:, :, :3] == 1).all(), "something runs out of the bottom"
    return image


@pytest.fixture
def collections(monkeypatch: pytest.MonkeyPatch) -> list[LineCollection]:
    """The collections that get drawn: the edges, their legend, the dots."""
    seen: list[LineCollection] = []
    add = Axes.add_collection
    monkeypatch.setattr(Axes, "add_collection", lambda self, item, **kw: (seen.append(item), add(self, item, **kw))[1])
    return seen


# --- choosing -------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-20, 20), min_size=0, max_size=40), st.integers(0, 50))
def test_strongest_against_sorting(values: list[int], count: int) -> None:
    w = np.array(values, float).reshape(1, -1)
    places = network_geometry.strongest(w, count)
    expected = sorted((abs(v) for v in values if v), reverse=True)[:count]
    assert [abs(values[k]) for k in places] == expected
    assert len(set(places)) == len(places)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(0, 5))
def test_chosen_edges_against_sorting(seed: int, limit: int, floor: int) -> None:
    generator = np.random.default_rng(seed)
    blocks = heavy_tailed(list(generator.integers(1, 6, 4)), seed=seed)
    chosen = network_geometry.choose_edges(blocks, limit, floor)
    floor = min(floor, max(limit // len(blocks), 1))
    ranked = {pair: sorted(np.abs(w).ravel(), reverse=True) for pair, w in blocks.items()}
    rest = sorted((size for sizes in ranked.values() for size in sizes[floor:]), reverse=True)
    sure = [size for sizes in ranked.values() for size in sizes[:floor]]
    expected = sorted(sure + rest[: max(limit - len(sure), 0)])
    assert sorted(abs(blocks[pair].ravel()[k]) for pair, places in chosen.items() for k in places) == expected
    assert len(expected) <= max(limit, len(blocks))


def test_weak_block_keeps_its_edges() -> None:
    blocks = {(2, 1): np.full((50, 50), 9.0), (3, 1): np.full((5, 50), 1e-6)}
    chosen = network_geometry.choose_edges(blocks)
    assert len(chosen[3, 1]) == network_geometry.EDGES_PER_BLOCK
    assert sum(map(len, chosen.values())) == network_geometry.EDGES


@pytest.mark.parametrize("seed", range(5))
def test_shown_neurons(seed: int) -> None:
    widths = [65, 120, 3, 40]
    blocks = heavy_tailed(widths, seed=seed)
    shown = network_geometry.shown_neurons(widths, blocks, bias=True)
    assert [len(some) for some in shown] == [network_geometry.DOTS, network_geometry.DOTS, 3, network_geometry.DOTS]
    assert all(
        (np.diff(some) > 0).all() and some[0] >= 0 and some[-1] < n for some, n in zip(shown, widths, strict=True)
    )
    assert shown[0][-1] == 64, "the bias is shown"
    for (i, j), w in blocks.items():
        a, b = np.unravel_index(np.abs(w).argmax(), w.shape)
        assert a in shown[i - 1]
        assert b in shown[j - 1]


def test_sample_without_weights_is_even() -> None:
    (some, _) = network_geometry.shown_neurons([1000, 1], {})
    assert some[0] == 0
    assert some[-1] == 999
    assert np.ptp(np.diff(some)) <= 1


# --- geometry -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("span", range(2, 12))
@pytest.mark.parametrize("ends", [(0.0, 0.0), (-1.9, 1.9), (-1.9, -1.9)])
def test_arch_passes_over_the_layers_between(span: int, ends: tuple[float, float]) -> None:
    top, peak = 1.9, 2.4 - 0.08
    points = network_geometry.arch((1.0, ends[0]), (1.0 + 2 * span, ends[1]), peak, span)
    assert tuple(points[0]) == (1.0, ends[0])
    assert tuple(points[-1]) == (1.0 + 2 * span, ends[1])
    assert (np.diff(points[:, 0]) > 0).all()
    assert points[:, 1].max() == pytest.approx(peak)
    for between in range(1, span):
        assert np.interp(1.0 + 2 * between, *points.T) > top + 0.15


def test_arch_levels() -> None:
    pairs = [(i, j) for i in range(3, 9) for j in range(1, i - 1)]
    levels = network_geometry.arch_levels(pairs)
    assert set(levels) == set(pairs)
    for (i, j), level in levels.items():
        for (a, b), other in levels.items():
            if (i, j) != (a, b) and b < i and a > j:
                assert level != other, "two arches that overlap share a level"
            if (i, j) != (a, b) and a <= i and b >= j:
                assert level > other, "an arch runs below one that it spans"
    assert network_geometry.arch_levels([(3, 1), (5, 3)]) == {(3, 1): 0, (5, 3): 0}


@pytest.mark.parametrize("dots", [1, 2, 3, 24])
@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_column(dots: int, gap: bool, bias: bool) -> None:
    y, middle = network_geometry.column(dots, gap, bias)
    assert len(y) == dots
    assert (np.diff(y) < 0).all()
    assert y[0] == pytest.approx(-y[-1])
    assert np.abs(y - middle).min() > 0 or not gap or dots == 1


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


def test_labels() -> None:
    assert network._block_label((3, 1), np.array([[3.0, -4.0]])) == "‖W₃₁‖ = 5"
    assert network._block_label((12, 1), np.full((1, 4), 1e300)) == "‖W₁₂,₁‖ = 2e+300"
    assert network._captions([65, 1200, 1], (), True) == [
        ["input", "64 + bias"],
        ["hidden", "1,200"],
        ["output", "1"],
    ]


# --- the network's picture ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_network_picture(case: str, tmp_path: Any, collections: list[LineCollection]) -> None:
    widths, which, bias = CASES[case]
    blocks = heavy_tailed(widths, which)
    network.network_picture(tmp_path / "net.png", widths, blocks, title=f"{case} $5 and $", subtitle="x_1 ^", bias=bias)
    pixels(tmp_path / "net.png")
    drawn = [item for item in collections if isinstance(item, LineCollection)]
    edges = len(drawn[0].get_segments()) if drawn else 0
    weights = sum(w.size for w in blocks.values())
    assert edges <= network_geometry.EDGES
    assert edges >= min(weights, network_geometry.EDGES_PER_BLOCK * len(blocks) // 2)
    assert all(len(segment) <= 81 for item in drawn for segment in item.get_segments())
    dots = [item.get_offsets() for item in collections if not isinstance(item, LineCollection)]
    assert sum(map(len, dots)) == sum(min(n, network_geometry.DOTS) for n in widths)


def test_zero_blocks_draw_nothing(tmp_path: Any) -> None:
    first = {(2, 1): np.ones((4, 3))}
    network.network_picture(tmp_path / "a.png", [3, 4, 1], first)
    network.network_picture(
        tmp_path / "b.png", [3, 4, 1], {**first, (3, 1): np.zeros((1, 3)), (3, 2): np.zeros((1, 4))}
    )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_same_input_same_bytes(kind: str, tmp_path: Any) -> None:
    blocks = heavy_tailed([5, 30, 2])
    for name in "ab":
        network.network_picture(
            tmp_path / f"{name}.{kind}", [5, 30, 2], dict(reversed(blocks.items())) if name == "b" else blocks
        )
        blocks = {pair: w.copy() for pair, w in blocks.items()}
    assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_large_blocks(tmp_path: Any, collections: list[LineCollection]) -> None:
    widths = [1500, 1500, 2]
    network.network_picture(tmp_path / "net.png", widths, heavy_tailed(widths))
    pixels(tmp_path / "net.png")
    assert len(collections[0].get_segments()) == network_geometry.EDGES


def test_colour_tells_the_sign(tmp_path: Any, collections: list[LineCollection]) -> None:
    network.network_picture(tmp_path / "net.png", [2, 1], {(2, 1): np.array([[-1.0, 2.0]])})
    (weak, strong), widths = collections[0].get_colors(), collections[0].get_linewidths()
    assert weak[2] > weak[0], "negative is blue"
    assert strong[0] > strong[2], "positive is red"
    assert widths[1] > widths[0]


@pytest.mark.parametrize(
    ("widths", "blocks", "message"),
    [
        ([3, 4, 1], {(2, 1): np.ones((3, 4))}, r"blocks\[\(2, 1\)\] must have shape \(4, 3\); got \(3, 4\)"),
        ([3, 4, 1], {(1, 2): np.ones((3, 4))}, r"got \(1, 2\)"),
        ([3, 4, 1], {(4, 1): np.ones((3, 4))}, r"got \(4, 1\)"),
        ([3, 4, 1], {"21": np.ones((3, 4))}, "got '21'"),
        ([3, 1], {(2, 1): np.array([[1.0, np.nan, 0.0]])}, r"blocks\[\(2, 1\)\] must be finite"),
        ([3, 0], {}, r"widths\[1\]"),
        ([3], {}, "at least two layers"),
    ],
)
def test_what_does_not_fit_leaves_nothing(widths: Any, blocks: Any, message: str, tmp_path: Any) -> None:
    with pytest.raises(InvalidInputError, match=message):
        network.network_picture(tmp_path / "new" / "net.png", widths, blocks)
    assert list(tmp_path.iterdir()) == []


def test_other_errors_leave_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInputError, match="names must hold 2"):
        network.network_picture(tmp_path / "net.png", [1, 1], {}, names=["one"])
    with pytest.raises(InvalidInputError, match="png, svg, pdf; got 'gif'"):
        network.network_picture(tmp_path / "net.gif", [1, 1], {})
    monkeypatch.setattr(network, "_draw_layer", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        network.network_picture(tmp_path / "net.png", [1, 1], {})
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"spectral-core\[full\]"):
        network.network_picture(tmp_path / "net.png", [1, 1], {})
    assert list(tmp_path.iterdir()) == []


def test_old_picture_survives_a_failed_write(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "er" / "net.png"
    network.network_picture(path, [1, 1], {(2, 1): np.ones((1, 1))})
    before = path.read_bytes()
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda self, file, **kw: file.write(b"half") / 0)
    with pytest.raises(ZeroDivisionError):
        network.network_picture(path, [1, 1], {})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


# --- spectrum and training ------------------------------------------------------------------------------


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
