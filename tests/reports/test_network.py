"""The picture of a network: whole, repeatable, or absent."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import pytest

from spectral_core.errors import InvalidInputError, MissingDependencyError
from spectral_core.reports import network, network_geometry, network_plan

pytest.importorskip("matplotlib")
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from tests.reports.pictures import heavy_tailed, pixels

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


@pytest.fixture
def collections(monkeypatch: pytest.MonkeyPatch) -> list[LineCollection]:
    """The collections that get drawn: the edges, their legend, the dots."""
    seen: list[LineCollection] = []
    add = Axes.add_collection
    monkeypatch.setattr(Axes, "add_collection", lambda self, item, **kw: (seen.append(item), add(self, item, **kw))[1])
    return seen


def test_labels() -> None:
    assert network._block_label((3, 1), np.array([[3.0, -4.0]])) == "‖W₃₁‖ = 5"
    assert network._block_label((12, 1), np.full((1, 4), 1e300)) == "‖W₁₂,₁‖ = 2e+300"
    assert network_plan.captions_of([65, 1200, 1], (), True) == [
        ["input", "64 + bias"],
        ["hidden", "1,200"],
        ["output", "1"],
    ]


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
    with pytest.raises(MissingDependencyError, match=r"\.\[full\]"):
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


def comments(path: Any) -> list[str]:
    """The texts of an SVG picture, which matplotlib leaves in comments."""
    return re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"))


def test_neurons_have_names_as_far_as_they_are_drawn(tmp_path: Any) -> None:
    path, names = tmp_path / "net.svg", [f"column {k}" for k in range(60)]
    blocks = heavy_tailed([61, 5, 2])
    network.network_picture(
        path, [61, 5, 2], blocks, inputs=names, outputs=["no", "a" * 40], bias=True, scale="weights of data"
    )
    texts = comments(path)
    drawn = [text for text in texts if text.startswith("column")]
    assert len(drawn) == len(set(drawn)) == network_geometry.DOTS - 1, "the bias has the last seat"
    for text in ("bias", "no", "a" * 23 + "…", "weights of data", f"{61 - network_geometry.DOTS} more"):
        assert text in texts, text
    assert any("biases included" in text for text in texts)
    with pytest.raises(InvalidInputError, match="inputs must hold 60 names, one for each neuron; got 61"):
        network.network_picture(path, [61, 5, 2], blocks, inputs=[*names, "bias"], bias=True)
    with pytest.raises(InvalidInputError, match="outputs must hold 2 names"):
        network.network_picture(path, [61, 5, 2], blocks, outputs=["one"])


def test_a_network_without_weights_says_so(tmp_path: Any) -> None:
    network.network_picture(tmp_path / "none.svg", [2, 1], {})
    assert network.CONSTANT in comments(tmp_path / "none.svg")
    network.network_picture(tmp_path / "some.svg", [2, 1], {(2, 1): np.ones((1, 2))})
    assert network.CONSTANT not in comments(tmp_path / "some.svg")
