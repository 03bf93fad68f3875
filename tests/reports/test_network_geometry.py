"""Which neurons and edges are drawn, and where, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.reports import network_geometry

pytest.importorskip("matplotlib")
from tests.reports.pictures import heavy_tailed


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
