"""Compensation, merging and `prune`: what is exact is exact, what is least squares is least squares."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spectral_core import CompactNetwork, InvalidInputError, Predictor, SpectralNetwork, compact, prune, train
from spectral_core.backends import cpu
from spectral_core.data.scaling import Scaling
from spectral_core.kernels.tables import POSITIVELY_HOMOGENEOUS, ZERO_AT_ZERO
from spectral_core.networks.layer_values import layer_values, with_constant
from spectral_core.resizing.compensation import compensate
from spectral_core.resizing.merging import merge
from spectral_core.resizing.rankings import RANKINGS, neuron_scores
from spectral_core.resizing.report import PruneReport
from spectral_core.resizing.trimming import removal_order
from tests.builders import random_network
from tests.resizing.test_insert import PARAMETRIZATIONS

CHECK = settings(deadline=None, max_examples=40)
WIDTHS = st.lists(st.integers(1, 5), min_size=3, max_size=5)


def dropped(net: SpectralNetwork, keep: list[np.ndarray]) -> dict[tuple[int, int], np.ndarray]:
    return {(i, j): block * keep[i - 1][:, None] * keep[j - 1] for (i, j), block in net.transfer_blocks().items()}


def masks(net: SpectralNetwork, seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    ends = (0, net.n_layers - 1)
    keep = [np.ones(w, bool) if i in ends else generator.random(w) < 0.6 for i, w in enumerate(net.widths)]
    assume(all(mask.any() for mask in keep))
    return keep


# --- compensation -----------------------------------------------------------------------------------------------------


@given(st.sampled_from(PARAMETRIZATIONS), WIDTHS, st.integers(0, 999), st.booleans(), st.booleans())
@CHECK
def test_compensation_is_the_least_squares_fit_layer_after_layer(
    kind: str, widths: list[int], seed: int, bias: bool, skips: bool
) -> None:
    """Against NumPy's solver on the data themselves, for a ridge that is next to nothing."""
    net = random_network(kind, widths, "tanh", seed, bias)
    keep = masks(net, seed)
    x = np.random.default_rng(seed).normal(size=(60, net.n_features))
    parts = dropped(net, keep)
    before = {pair: block.copy() for pair, block in parts.items()}
    found = compensate(net, parts, keep, x, ridge=1e-13, skip_connections=skips)
    assert all(np.array_equal(parts[pair], before[pair]) for pair in parts)
    full = with_constant(x, net.widths[0])
    wanted = layer_values(net.transfer_blocks(), net.widths, "tanh", full)[0]
    for i in range(2, net.n_layers + 1):
        every = skips and not all(mask.all() for mask in keep[1 : i - 1])
        senders = [j for j in range(1, i) if every or ((i, j) in parts and parts[i, j].any())]
        if not senders:
            continue
        values = layer_values(found, net.widths, "tanh", full)
        stacked = np.hstack([values[1][j - 1][:, keep[j - 1]] for j in senders])
        if np.linalg.cond(stacked) > 1e4:
            return  # another solution is as good
        fit = np.linalg.lstsq(stacked, wanted[i - 1][:, keep[i - 1]], rcond=None)[0]
        np.testing.assert_allclose(values[0][i - 1][:, keep[i - 1]], stacked @ fit, rtol=0, atol=1e-5)
    for (i, j), block in found.items():
        assert not block[~keep[i - 1]].any()
        assert not block[:, ~keep[j - 1]].any()


@given(st.sampled_from(PARAMETRIZATIONS), WIDTHS, st.integers(0, 999))
@CHECK
def test_where_nothing_was_removed_nothing_changes(kind: str, widths: list[int], seed: int) -> None:
    net = random_network(kind, widths, "relu", seed)
    blocks = net.transfer_blocks()
    x = np.random.default_rng(seed).normal(size=(7, net.n_features))  # fewer samples than weights, at times
    found = compensate(net, blocks, [np.ones(w, bool) for w in net.widths], x)
    for pair, block in blocks.items():
        np.testing.assert_allclose(found[pair], block, rtol=0, atol=1e-9)


def test_skip_connections_replace_neurons_that_are_linear() -> None:
    """Without its hidden neurons a network of identities is one matrix, which the inputs alone give."""
    net = random_network("layerwise", [3, 4, 3, 2], "identity", 0, bias=True)
    x = np.random.default_rng(0).normal(size=(50, 3))
    y = net.forward(x)
    for by in ("path", "leave_one_out"):
        joined = prune(net, fraction=6 / 7, by=by, X=x, skip_connections=True).compact
        np.testing.assert_allclose(joined.forward(x), y, rtol=0, atol=1e-4)
        assert np.abs(prune(net, fraction=6 / 7, by=by, X=x).compact.forward(x) - y).max() > 0.1
    with pytest.raises(InvalidInputError, match="skip_connections=True lets the refit join layers: it needs X and"):
        prune(net, fraction=0.5, skip_connections=True)
    with pytest.raises(InvalidInputError, match="it needs X and compensation"):
        prune(net, fraction=0.5, X=x, compensate=False, skip_connections=True)
    with pytest.raises(InvalidInputError, match="skip_connections belongs to unit='neuron' or 'layer'"):
        prune(net, unit="weight", weights=5, X=x, y=y, skip_connections=True)


def test_skip_connections_join_no_layer_before_which_nothing_was_removed() -> None:
    blocks = {(2, 1): (10, 5), (3, 2): (10, 10), (4, 3): (10, 10), (4, 1): (10, 5), (5, 4): (1, 10)}
    rng = np.random.default_rng(0)
    drawn = {pair: rng.normal(size=shape) / 3 for pair, shape in blocks.items()}
    net = SpectralNetwork(blocks=drawn, activation="tanh", parametrization="direct")
    result = prune(net, fraction=0.3, layers=[4], X=rng.normal(size=(80, 5)), skip_connections=True)
    assert {pair for pair, block in result.network.blocks.items() if block.any()} == {*blocks, (5, 1), (5, 2), (5, 3)}


def test_skip_connections_lower_the_error_of_a_network_without_them() -> None:
    net = random_network("layerwise", [3, 12, 2], "tanh", 1, bias=True)
    x = np.random.default_rng(1).normal(size=(200, 3))
    y = net.forward(x)
    for towards in ("network", "targets"):
        options: dict[str, Any] = {"fraction": 0.75, "by": "leave_one_out", "X": x, "y": y, "towards": towards}
        plain, joined = (prune(net, **options, skip_connections=one).compact for one in (False, True))
        assert joined.live == plain.live
        assert joined.loss(x, y) < 0.9 * plain.loss(x, y)


def test_neurons_that_say_nothing_on_the_data_are_left_alone() -> None:
    net = SpectralNetwork(
        blocks={(2, 1): np.array([[1.0], [2.0]]), (3, 2): np.ones((1, 2))}, activation="relu", parametrization="direct"
    )
    keep = [np.ones(1, bool), np.array([True, False]), np.ones(1, bool)]
    found = compensate(net, dropped(net, keep), keep, np.full((4, 1), -1.0))
    np.testing.assert_allclose(found[3, 2], [[1.0, 0.0]])
    found = compensate(net, dropped(net, keep), keep, np.full((4, 1), 2.0))
    np.testing.assert_allclose(found[3, 2], [[3.0, 0.0]], rtol=1e-6)  # 2x = 2 · x takes the place of what is gone


# --- merging ----------------------------------------------------------------------------------------------------------


@given(
    st.sampled_from(POSITIVELY_HOMOGENEOUS), st.lists(st.integers(2, 5), min_size=3, max_size=5), st.integers(0, 999),
    st.lists(st.floats(0.1, 10), min_size=1, max_size=3),
)  # fmt: skip
@CHECK
def test_copies_of_neurons_merge_and_the_function_stays(
    activation: str, widths: list[int], seed: int, factors: list[float]
) -> None:
    net = random_network("direct", widths, activation, seed)
    layer = 2 + seed % (len(widths) - 2)
    blocks = net.transfer_blocks()
    for (i, j), block in list(blocks.items()):  # new neurons: multiples of the first one, with weights of their own
        if i == layer:
            blocks[i, j] = np.vstack([block, *[c * block[:1] for c in factors]])
        elif j == layer:
            extra = np.random.default_rng(seed).normal(size=(len(block), len(factors)))
            blocks[i, j] = np.hstack([block, extra])
    wide = SpectralNetwork(blocks=blocks, activation=activation, parametrization="direct")
    merged, keep = merge(blocks, wide.widths, activation)
    small = compact(SpectralNetwork(blocks=merged, activation=activation, parametrization="direct"))
    assert sum(int((~mask).sum()) for mask in keep) >= len(factors)
    assert small.live[layer - 1] <= widths[layer - 1]
    x = np.random.default_rng(seed).normal(size=(9, wide.n_features))
    expected = wide.forward(x)
    np.testing.assert_allclose(small.forward(x), expected, rtol=0, atol=1e-11 * (1 + np.abs(expected).max()))
    assert all(np.array_equal(blocks[pair], wide.blocks[pair]) for pair in blocks)


def test_opposite_rows_and_other_directions_do_not_merge() -> None:
    rows = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [1.0, 1e-3]])
    blocks = {(2, 1): rows, (3, 2): np.ones((1, 4))}
    keep = merge(blocks, (2, 4, 1), "relu")[1]
    assert keep[1].all()
    near, keep = merge(blocks, (2, 4, 1), "relu", tolerance=2e-3)
    assert keep[1].tolist() == [False, True, True, True]  # the longer of the two stays
    np.testing.assert_allclose(near[3, 2], [[0, 1, 1, 1 + 1 / np.hypot(1, 1e-3)]])
    with pytest.raises(InvalidInputError, match=r"merging needs f\(c z\) = c f\(z\) .* got tanh"):
        merge(blocks, (2, 4, 1), "tanh")


# --- prune ------------------------------------------------------------------------------------------------------------


@given(
    st.sampled_from(PARAMETRIZATIONS), WIDTHS, st.sampled_from(ZERO_AT_ZERO), st.sampled_from(list(RANKINGS)), st.floats(0, 1),
    st.booleans(), st.integers(0, 999),
)  # fmt: skip
@CHECK
def test_a_fraction_takes_the_least_scores_of_all_layers_together(
    kind: str, widths: list[int], activation: str, by: str, fraction: float, compensated: bool, seed: int
) -> None:
    assume(kind != "direct" or "eigenvalue" not in by)
    net = random_network(kind, widths, activation, seed, bias=bool(seed % 2))
    x = np.random.default_rng(seed).normal(size=(30, net.n_features))
    before = net.parameters.copy()
    result = prune(net, by=by, fraction=fraction, X=x, compensate=compensated)
    assert np.array_equal(net.parameters, before)
    total = sum(net.widths[1:-1])
    scores = np.concatenate(neuron_scores(net, by, x))
    gone = np.zeros(total, bool)
    gone[np.argsort(scores, kind="stable")[: int(fraction * total + 1e-9)]] = True
    at = np.cumsum((0, *net.widths[1:-1]))
    for (i, j), block in result.network.blocks.items():
        if 1 < i < net.n_layers:
            assert not block[gone[at[i - 2] : at[i - 1]]].any()
        if j > 1:
            assert not block[:, gone[at[j - 2] : at[j - 1]]].any()
    some = np.random.default_rng(seed + 1).normal(size=(8, net.n_features))
    expected = result.network.forward(some)
    scale = 1 + np.abs(expected).max()
    np.testing.assert_allclose(result.compact.forward(some), expected, rtol=0, atol=1e-11 * scale)
    np.testing.assert_allclose(result.compact.expanded().forward(some), expected, rtol=0, atol=1e-11 * scale)
    assert result.compact.expanded().widths == net.widths
    if int(fraction * total + 1e-9) == 0:
        np.testing.assert_allclose(expected, net.forward(some), rtol=0, atol=1e-8 * scale)


@given(st.sampled_from(PARAMETRIZATIONS), WIDTHS, st.integers(0, 999), st.floats(0, 3))
@CHECK
def test_a_tolerance_is_kept(kind: str, widths: list[int], seed: int, tolerance: float) -> None:
    net = random_network(kind, widths, "relu", seed)
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(25, net.n_features))
    y = net.forward(x) + generator.normal(size=(25, net.widths[-1]))
    before = SpectralNetwork(
        blocks=net.transfer_blocks(), activation="relu", parametrization="direct", dtype="float64"
    ).loss(x, y)
    constant = float(np.square(y - y.mean(axis=0)).mean())
    report = prune(net, tolerance=tolerance, X=x, y=y).report
    assert report.limit == pytest.approx(before + tolerance * (before + 1e-3 * constant), rel=1e-12)
    assert report.loss_after is not None
    assert report.limit is not None
    assert report.within
    assert report.loss_after <= report.limit


def test_a_threshold_keeps_scores_that_reach_it() -> None:
    net = random_network("layerwise", [3, 6, 2], "relu", 1)
    scores = neuron_scores(net, "scaled_eigenvalue")[0]
    limit = np.sort(scores)[2]
    assert prune(net, by="scaled_eigenvalue", threshold=float(limit)).compact.live[1] == 4


def test_whole_layers_go_in_the_order_of_their_norms() -> None:
    net = random_network("global", [3, 4, 4, 4, 2], "tanh", 2)
    norms = [np.linalg.norm(scores) for scores in neuron_scores(net, "path")]
    result = prune(net, unit="layer", fraction=0.5)  # one of three
    gone = int(np.argmin(norms)) + 2
    assert result.compact.live[gone - 1] == 0
    assert sum(live == 0 for live in result.compact.live) == 1
    only = prune(net, fraction=0.5, layers=[3])
    assert [only.compact.live[i] for i in (1, 3)] == [4, 4]
    assert only.compact.live[2] == 2


def test_even_pruning_takes_the_same_share_of_each_layer() -> None:
    net = random_network("layerwise", [3, 8, 4, 2], "tanh", 2)
    result = prune(net, by="connectivity", fraction=0.5, even=True)
    assert [result.compact.live[i] for i in (1, 2)] == [4, 2]
    for place, live in enumerate(result.compact.neurons[1:3]):
        best = np.argsort(-neuron_scores(net, "connectivity")[place], kind="stable")[: len(live)]
        assert set(live) == set(best)


def test_compensation_brings_back_what_plain_removal_loses() -> None:
    """Eight neurons of which five repeat the others: half of them go without a trace, with M15 alone."""
    generator = np.random.default_rng(3)
    rows = generator.normal(size=(3, 4))
    blocks = {
        (2, 1): np.vstack([rows, rows[[0, 1, 2, 0, 1]] * generator.uniform(0.5, 2, (5, 1))]),
        (3, 2): generator.normal(size=(2, 8)),
    }
    net = SpectralNetwork(blocks=blocks, activation="relu", parametrization="direct")
    x = generator.normal(size=(200, 4))
    y = net.forward(x)
    kept = prune(net, by="pivoted_qr", fraction=5 / 8, X=x, y=y)
    plain = prune(net, by="pivoted_qr", fraction=5 / 8, X=x, y=y, compensate=False)
    assert kept.report.loss_after is not None
    assert plain.report.loss_after is not None
    assert kept.report.loss_after < 1e-12 < 1e-2 < plain.report.loss_after
    merged = prune(net, merge=0, fraction=0.0)
    assert merged.compact.live[1] == 3
    assert merged.report.merged == 5
    np.testing.assert_allclose(merged.network.forward(x), y, rtol=1e-10, atol=1e-10)


def test_retraining_trains_what_is_left_and_only_that() -> None:
    net = random_network("global", [2, 8, 1], "relu", 0)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(60, 2))
    y = net.forward(x)
    plain = prune(net, fraction=0.5, X=x, y=y)
    result = prune(net, fraction=0.5, X=x, y=y, retrain={"epochs": 30, "batch_size": 10})
    assert result.compact.live == plain.compact.live
    assert result.report.retrained_epochs == 30
    assert result.report.loss_after is not None
    assert plain.report.loss_after is not None
    assert result.report.loss_after < plain.report.loss_after
    np.testing.assert_allclose(result.network.forward(x), result.compact.forward(x), rtol=1e-12, atol=1e-12)


def test_a_compact_network_can_be_pruned_again() -> None:
    net = random_network("global", [3, 9, 2], "relu", 5, bias=True)
    x = np.random.default_rng(5).normal(size=(50, 3))
    y = net.forward(x)
    first = prune(net, fraction=3 / 9, X=x, y=y).compact
    second = prune(first, fraction=2 / 6, X=x, y=y, validation_data=(x, y))
    assert isinstance(second.compact, CompactNetwork)
    assert second.compact.live == (4, 4, 2)
    assert second.compact.original_widths == net.widths
    assert set(second.compact.neurons[1]) < set(first.neurons[1])
    np.testing.assert_allclose(second.network.forward(x), second.compact.forward(x), rtol=1e-12, atol=1e-12)


def test_the_report_counts() -> None:
    net = random_network("global", [3, 8, 2], "relu", 1)
    x = np.random.default_rng(0).normal(size=(20, 3))
    report: PruneReport = prune(net, fraction=0.5, X=x, y=net.forward(x)).report
    assert (report.removed, report.live) == ([4], [3, 4, 2])
    assert report.parameters == 3 * 8 + 8 * 2 + 13
    assert report.dense_parameters == 3 * 8 + 8 * 2 + 3 * 2
    assert report.compact_parameters == 3 * 4 + 4 * 2 + 3 * 2
    assert (report.bytes_before, report.bytes_after) == (8 * report.parameters, 8 * report.compact_parameters)
    assert report.latency_before > 0 < report.latency_after
    text = report.to_text()
    assert "neurons ranked by path, compensated\nhidden neurons 8 -> 4\nparameters 53 (46 in its blocks) -> 26" in text


NET = random_network("global", [3, 8, 2], "relu", 1)
X = np.ones((4, 3))
WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "prune takes one of fraction, threshold, tolerance, weights; got none"),
    ({"fraction": 0.5, "threshold": 1.0}, "got fraction, threshold"),
    ({"fraction": 1.2}, "fraction must be at least 0 and at most 1; got 1.2"),
    ({"threshold": -1}, "threshold must be at least 0; got -1"),
    ({"tolerance": 0.1}, "need X and y"),
    ({"fraction": 0.5, "y": np.ones(4)}, "need X"),
    ({"fraction": 0.5, "compensate": True}, "need X"),
    ({"fraction": 0.5, "X": X, "retrain": {}}, "need X and y"),
    ({"fraction": 0.5, "by": "size"}, "by must be one of"),
    ({"fraction": 0.5, "unit": "block"}, "unit must be one of neuron, layer, weight; got 'block'"),
    ({"fraction": 0.5, "layers": [3]}, r"layers must be hidden layers, \[2\]; got 3"),
    ({"fraction": 0.5, "X": X, "ridge": 0}, "ridge must be more than 0"),
    ({"threshold": 0.5, "even": True}, "even compares ranks of neurons; give a fraction or a tolerance"),
    ({"fraction": 0.5, "merge": 1.5}, "merge must be at least 0 and at most 1"),
    ({"tolerance": 0.1, "X": X, "validation_data": X}, r"validation_data must be a pair \(X, y\)"),
    ({"fraction": 0.5, "X": np.ones((4, 2))}, r"X must have 3 feature column\(s\)"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_wrong_requests_name_the_rule(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        prune(NET, **options)


def test_what_cannot_be_pruned() -> None:
    with pytest.raises(InvalidInputError, match="net must be a SpectralNetwork or a CompactNetwork; got str"):
        prune("net", fraction=0.5)  # type: ignore[arg-type]
    loud = SpectralNetwork.initialize([2, 3, 1], activation="sigmoid", parametrization="layerwise")
    with pytest.raises(InvalidInputError, match=r"pruning needs f\(0\) = 0; sigmoid"):
        prune(loud, fraction=0.5)


def test_the_example_of_the_documentation_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/shrink-and-grow.md, word for word."""
    text = (Path(__file__).parents[2] / "docs" / "shrink-and-grow.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    exec(code, space)
    assert space["small"].live[1] < 100
    assert space["result"].compact.live[1] == 1
    assert (tmp_path / "small.npz").exists()


# --- what a review found untested -------------------------------------------------------------------------------------


def test_parts_of_the_samples_make_up_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    net = random_network("global", [3, 6, 5, 2], "tanh", 3, bias=True)
    keep = [np.arange(width) % 3 > 0 if 0 < i < 3 else np.ones(width, bool) for i, width in enumerate(net.widths)]
    x = np.random.default_rng(0).normal(size=(50, 3))
    whole = compensate(net, dropped(net, keep), keep, x)
    ranked = neuron_scores(net, "pivoted_qr", x)
    monkeypatch.setattr("spectral_core.resizing.compensation.ROWS", 7)
    monkeypatch.setattr("spectral_core.networks.layer_values.ROWS", 7)
    for pair, block in compensate(net, dropped(net, keep), keep, x).items():
        np.testing.assert_allclose(block, whole[pair], rtol=1e-6, atol=1e-8)
    for part, scores in zip(neuron_scores(net, "pivoted_qr", x), ranked, strict=True):
        np.testing.assert_allclose(part, scores, rtol=1e-7, atol=1e-10)


def test_the_ridge_follows_the_size_of_the_data() -> None:
    net = random_network("direct", [3, 6, 2], "relu", 3)
    keep = [np.ones(3, bool), np.array([True, True, False, True, False, True]), np.ones(2, bool)]
    x = np.random.default_rng(0).normal(size=(50, 3))
    small, large = (compensate(net, dropped(net, keep), keep, c * x, ridge=0.1) for c in (1.0, 1e4))
    for pair in small:
        np.testing.assert_allclose(large[pair], small[pair], rtol=1e-9, atol=1e-12)
    weak = compensate(net, dropped(net, keep), keep, x, ridge=1e-9)
    assert not np.allclose(weak[3, 2], small[3, 2], rtol=1e-3)


def test_the_neuron_that_counts_most_stays_of_a_group() -> None:
    blocks = {(2, 1): np.array([[2.0, 0.0], [1.0, 0.0]]), (3, 2): np.array([[0.1, 10.0]])}
    merged, keep = merge(blocks, (2, 2, 1), "relu")
    assert keep[1].tolist() == [False, True]
    assert merged[3, 2].tolist() == [[0, 10.2]]
    assert merge(blocks, (2, 2, 1), "relu", layers=[])[1][1].all()


def test_merged_neurons_are_ranked_as_what_they_became() -> None:
    """Fifty copies of one neuron, each of little weight, are one of much weight: the others go first."""
    generator = np.random.default_rng(0)
    first, others = generator.normal(size=(1, 3)), generator.normal(size=(5, 3))
    rows = np.vstack([np.repeat(first, 50, axis=0), others])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    net = SpectralNetwork(
        blocks={(2, 1): rows, (3, 2): np.hstack([np.full((1, 50), 0.1), np.full((1, 5), 0.2)])},
        activation="relu", parametrization="direct",
    )  # fmt: skip
    x = generator.normal(size=(200, 3))
    result = prune(net, fraction=50 / 55, merge=0, X=x, y=net.forward(x), compensate=False)
    assert result.compact.live[1] == 5
    assert 5.0 in np.round(result.network.blocks[3, 2], 9)
    with pytest.raises(InvalidInputError, match="merged neurons have no eigenvalue of their own"):
        prune(random_network("layerwise", [3, 4, 1], "relu", 0), by="eigenvalue", fraction=0.5, merge=0)


def test_merging_never_breaks_a_tolerance_and_stays_in_its_layers() -> None:
    net = random_network("direct", [3, 20, 6, 1], "relu", 1)
    x = np.random.default_rng(1).normal(size=(100, 3))
    y = net.forward(x) + 0.01 * np.random.default_rng(2).normal(size=(100, 1))
    result = prune(net, tolerance=0.01, merge=0.9, X=x, y=y)
    assert result.report.merged == 0
    assert result.report.loss_before is not None
    assert result.report.loss_after is not None
    assert result.report.limit is not None
    assert result.report.loss_after <= result.report.limit <= 1.01 * result.report.loss_before + 1e-3
    wide = prune(net, fraction=0.0, merge=0.9, layers=[2], compensate=False, X=x)
    assert wide.compact.live[2] == 6
    assert wide.report.merged > 0


def test_the_validation_data_judge() -> None:
    """Neuron 0 matters on X alone, neuron 1 on the validation data alone."""
    net = SpectralNetwork(
        blocks={(2, 1): np.eye(2), (3, 2): np.ones((1, 2))}, activation="relu", parametrization="direct"
    )
    x, held = np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 3.0]])
    options: dict[str, Any] = {"tolerance": 0.1, "X": x, "y": net.forward(x), "compensate": False}
    assert [places.tolist() for places in prune(net, **options).compact.neurons] == [[0], [0], [0]]
    judged = prune(net, validation_data=(held, net.forward(held)), **options)
    assert judged.compact.live == (2, 2, 1), "neuron 1 has no path score on X and is tried first"
    plain = prune(net, validation_data=(held, net.forward(held)), by="plain_path", **options)
    assert [places.tolist() for places in plain.compact.neurons] == [[1], [1], [0]]
    with pytest.raises(InvalidInputError, match="y must have shape"):
        prune(net, validation_data=(held, np.ones((3, 1))), fraction=0.5)


def test_layers_are_ordered_by_norm_and_shares_are_not_lost_to_rounding() -> None:
    order = removal_order([np.array([1.0]), np.full(4, 0.6)], "layer", [2, 3])
    assert [removal.layer for removal in order] == [2, 3]
    np.testing.assert_allclose([removal.score for removal in order], [1.0, 1.2])
    net = random_network("direct", [2, 100, 1], "tanh", 0)
    assert prune(net, fraction=0.29).compact.live[1] == 71


def test_retraining_has_the_loss_of_the_pruning(monkeypatch: pytest.MonkeyPatch) -> None:
    net = random_network("direct", [3, 6, 2], "relu", 0)
    x = np.random.default_rng(0).normal(size=(20, 3))
    seen: dict[str, Any] = {}

    @functools.wraps(train)
    def spy(*arguments: Any, **options: Any) -> Any:
        seen.update(options)
        return train(*arguments, **options)

    monkeypatch.setattr("spectral_core.resizing.neurons.train", spy)
    prune(net, fraction=0.5, X=x, y=np.arange(20) % 2, loss="cross_entropy", retrain={"epochs": 2})
    assert seen == {"loss": "cross_entropy", "epochs": 2}


def stopping_rows(net: SpectralNetwork | CompactNetwork, seed: int) -> dict[str, Any]:
    """Rows to refit with, and options of a retraining that stops by rows of its own."""
    generator = np.random.default_rng(seed)
    x, held = generator.normal(size=(40, net.n_features)), generator.normal(size=(15, net.n_features))
    y, wanted = net.forward(x), net.forward(held) + 0.3 * generator.normal(size=(15, 1))
    training = {"epochs": 30, "batch_size": 10, "learning_rate": 0.02, "patience": 2, "validation_data": (held, wanted)}
    return {"fraction": 0.5, "X": x, "y": y, "retrain": training, "compensate": False}


@pytest.mark.parametrize("seed", range(4))
def test_the_rows_that_stop_the_retraining_of_a_compact_network_are_whole_rows(seed: int) -> None:
    """The network does not read its first input, so its live inputs are other columns than those of the data."""
    net = random_network("direct", [3, 6, 1], "relu", seed, bias=True)
    net = SpectralNetwork(
        blocks={
            pair: block * (np.arange(4) > 0 if pair[1] == 1 else 1) for pair, block in net.transfer_blocks().items()
        },
        activation="relu",
        bias=True,
        parametrization="direct",
    )
    options = stopping_rows(net, seed)
    small = compact(net)
    assert 0 not in small.neurons[0]
    found, expected = prune(small, **options), prune(net, **options)
    assert found.report.retrained_epochs == expected.report.retrained_epochs
    np.testing.assert_allclose(found.network.forward(options["X"]), expected.network.forward(options["X"]), rtol=1e-9)


def test_the_rows_that_stop_the_retraining_of_a_predictor_are_in_the_units_of_its_data() -> None:
    net = random_network("direct", [3, 6, 1], "relu", 3, bias=True)
    scaled = stopping_rows(net, 3)
    inputs, outputs = Scaling(np.full(3, 5.0), np.full(3, 8.0)), Scaling(np.full(1, 100.0), np.full(1, 64.0))

    def raw(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return inputs.inverse_transform(x), outputs.inverse_transform(y)

    x, y = raw(scaled["X"], scaled["y"])
    training = scaled["retrain"] | {"validation_data": raw(*scaled["retrain"]["validation_data"])}
    model = Predictor(net, "regression", inputs, outputs)
    found, expected = prune(model, **scaled | {"X": x, "y": y, "retrain": training}), prune(net, **scaled)
    assert 0 < found.report.retrained_epochs == expected.report.retrained_epochs < 30
    np.testing.assert_allclose(found.network.forward(scaled["X"]), expected.network.forward(scaled["X"]), rtol=1e-6)
    for wrong in (x, (x, y, y)):
        with pytest.raises(InvalidInputError, match=r"validation_data of retrain must be a pair \(X, y\)"):
            prune(model, fraction=0.5, X=x, y=y, retrain={"validation_data": wrong})
    with pytest.raises(InvalidInputError, match="retrain must be a dictionary of options of train; got 3"):
        prune(model, fraction=0.5, X=x, y=y, retrain=3)  # type: ignore[arg-type]


def test_a_compact_network_with_a_gone_layer_can_be_pruned() -> None:
    generator = np.random.default_rng(0)
    shapes = {(2, 1): (3, 4), (3, 1): (5, 4), (4, 2): (2, 3), (4, 3): (2, 5)}
    blocks = {pair: generator.normal(size=shape) for pair, shape in shapes.items()}
    blocks[2, 1][:] = 0
    small = compact(SpectralNetwork(blocks=blocks, activation="tanh", parametrization="direct"))
    assert small.layers == (1, 3, 4)
    result = prune(small, fraction=2 / 5)
    assert result.compact.layers == (1, 3, 4)
    assert result.compact.live == (4, 0, 3, 2)
    x = generator.normal(size=(6, 4))
    np.testing.assert_allclose(result.network.forward(x), result.compact.forward(x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retrain": 3}, "retrain must be a dictionary of options of train; got 3"),
        ({"retrain": {"epoch": 2}}, "retrain: train has no option 'epoch'"),
        ({"even": "yes"}, "even must be True or False; got 'yes'"),
        ({"compensate": "no"}, "compensate must be True or False; got 'no'"),
        ({"X": 1e200 * np.ones((4, 3)), "y": None}, "X is too large for compensation"),
        ({"ridge": 1e-300, "X": np.ones((4, 3))}, "ridge=1e-300 is too small for layer"),
    ],
)
def test_what_ended_in_a_traceback(options: dict[str, Any], message: str) -> None:
    given = {"fraction": 0.5, "X": X, "y": NET.forward(X)} | options
    with pytest.raises(InvalidInputError, match=message):
        prune(NET, **given)
    with pytest.raises(InvalidInputError, match="net must be a SpectralNetwork; got str"):
        neuron_scores("a")  # type: ignore[arg-type]


# --- what a review of the numbers found -------------------------------------------------------------------------------


@given(st.sampled_from(("relu", "tanh")), st.integers(0, 999), st.floats(1e-3, 1.0))
@CHECK
def test_compensation_is_the_ridge_formula_written_out(activation: str, seed: int, ridge: float) -> None:
    """With a ridge that counts: least squares with a row √(ridge) ‖sender‖ for each change of a weight."""
    net = random_network("direct", [3, 5, 2], activation, seed)
    keep = masks(net, seed)
    x = np.random.default_rng(seed).normal(size=(20, 3))
    parts = dropped(net, keep)
    found = compensate(net, parts, keep, x, ridge=ridge)
    hidden = cpu.activate(activation, x @ net.blocks[2, 1].T)[0]
    wanted = hidden @ net.blocks[3, 2].T + x @ net.blocks[3, 1].T
    senders = np.hstack([x, hidden[:, keep[1]]])
    present = np.hstack([net.blocks[3, 1], net.blocks[3, 2][:, keep[1]]])
    sizes = np.linalg.norm(senders, axis=0)
    rows = np.vstack([senders, np.diag(np.sqrt(ridge) * sizes)])
    rest = np.vstack([wanted - senders @ present.T, np.zeros((len(sizes), 2))])
    change = np.linalg.lstsq(rows, rest, rcond=None)[0].T
    change[:, sizes == 0] = 0
    result = np.hstack([found[3, 1], found[3, 2][:, keep[1]]])
    np.testing.assert_allclose(result, present + change, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("power", [-8, -3, 3, 8])
@given(seed=st.integers(0, 999), skip=st.booleans())
@settings(deadline=None, max_examples=10)
def test_compensation_does_not_depend_on_units_nor_on_the_scale_of_a_neuron(power: int, seed: int, skip: bool) -> None:
    """One input in other units, and one relu neuron with the inverse scale: the same functions before and after."""
    unit = 10.0**power
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(80, 3))
    blocks = random_network("direct", [3, 12, 1], "relu", seed).transfer_blocks()
    if not skip:
        del blocks[3, 1]
    scaled = {pair: block.copy() for pair, block in blocks.items()}
    for pair in scaled:
        if pair[1] == 1:
            scaled[pair][:, 0] /= unit
    scaled[2, 1][5] *= unit
    scaled[3, 2][:, 5] /= unit
    units = np.array([unit, 1, 1])
    keep = [np.ones(3, bool), np.arange(12) % 2 == 1, np.ones(1, bool)]
    outputs = []
    for parts, columns in ((blocks, x), (scaled, x * units)):
        net = SpectralNetwork(blocks=parts, activation="relu", parametrization="direct")
        refitted = compensate(net, dropped(net, keep), keep, columns)
        small = SpectralNetwork(blocks=refitted, activation="relu", parametrization="direct")
        outputs.append(small.forward(columns))
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=0, atol=1e-5 * (1 + np.abs(outputs[0]).max()))


@given(st.integers(0, 999), st.sampled_from([-6, -2, 2, 6]))
@CHECK
def test_merging_does_not_depend_on_the_units_of_an_input(seed: int, power: int) -> None:
    unit, generator = 10.0**power, np.random.default_rng(seed)
    rows = generator.normal(size=(3, 3))
    near = rows * generator.uniform(0.5, 2, (3, 1)) + 0.05 * generator.normal(size=(3, 3))
    blocks = {(2, 1): np.vstack([rows, near]), (3, 2): generator.normal(size=(1, 6))}
    x = generator.normal(size=(50, 3))
    units = np.array([unit, 1, 1])
    found = []
    for factor in (np.ones(3), units):
        net = SpectralNetwork(
            blocks={(2, 1): blocks[2, 1] / factor, (3, 2): blocks[3, 2]}, activation="relu", parametrization="direct"
        )
        result = prune(net, fraction=0, merge=0.1, X=x * factor, compensate=False)
        found.append(([p.tolist() for p in result.compact.neurons], result.network.forward(x * factor)))
    assert found[0][0] == found[1][0]
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("unit", [1e3, 1e-3])
@pytest.mark.parametrize("amount", [{"fraction": 0.6}, {"tolerance": 0.05}])
@pytest.mark.parametrize("hidden", [[40], [20, 20]])
def test_pruning_does_not_depend_on_the_units_of_an_input(
    unit: float, amount: dict[str, float], hidden: list[int]
) -> None:
    """The default ranking, on the same function of a feature in other units."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 4))
    y = np.abs(x[:, :1]) + np.maximum(x[:, 1:2] - x[:, 2:3], 0)
    net = train(random_network("direct", [4, *hidden, 1], "relu", 0, bias=True), x, y, epochs=20).network
    blocks = {pair: block.copy() for pair, block in net.blocks.items()}
    for pair in blocks:
        if pair[1] == 1:
            blocks[pair][:, 0] /= unit
    moved = SpectralNetwork(blocks=blocks, activation="relu", bias=True, parametrization="direct")
    columns = x * [unit, 1, 1, 1]
    one, two = prune(net, X=x, y=y, **amount), prune(moved, X=columns, y=y, **amount)
    assert [part.tolist() for part in two.compact.neurons] == [part.tolist() for part in one.compact.neurons]
    assert two.report.loss_after == pytest.approx(one.report.loss_after, rel=1e-4)


def test_a_larger_tolerance_never_removes_less_for_a_negative_loss() -> None:
    """A Poisson loss is negative for a good fit: a share of the loss itself would be a bound below the loss."""
    x = np.random.default_rng(0).normal(size=(60, 3))
    y = np.exp(2 + np.abs(x[:, :1]))
    start = random_network("direct", [3, 16, 1], "relu", 1, bias=True)
    net = train(start, x, y, loss="poisson", epochs=300, learning_rate=0.01, batch_size=20).network
    assert net.loss(x, y, "poisson") < -10
    reports = [prune(net, tolerance=t, X=x, y=y, loss="poisson").report for t in (0.0, 0.01, 0.1, 1.0, 1e4)]
    gone = [report.removed[0] for report in reports]
    assert gone == sorted(gone)
    assert gone[-1] == 16
    assert gone[0] < 16
    for report in reports:
        assert report.within
        assert report.limit is not None
        assert report.loss_after is not None
        assert report.loss_after <= report.limit


def test_a_loss_of_zero_has_a_tolerance_too() -> None:
    """Targets that the network represents: its loss is 0, and a share of 0 would allow nothing."""
    net = random_network("direct", [4, 30, 1], "tanh", 0)
    x = np.random.default_rng(0).normal(size=(200, 4))
    y = net.forward(x)
    gone = []
    for tolerance in (0.0, 1.0, 100.0):
        report = prune(net, tolerance=tolerance, X=x, y=y).report
        assert report.limit == pytest.approx(tolerance * 1e-3 * y.var(), rel=1e-9)
        assert report.within
        gone.append(report.removed[0])
    assert gone == sorted(gone)
    assert gone[0] == 0
    assert gone[-1] > gone[-2] > 0


def near_copies(seed: int) -> tuple[SpectralNetwork, tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """A network with nearly merging neurons, data of a refit, data that judge."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(12, 4))
    rows[6:9] = 2 * rows[:3] + 1e-3 * generator.normal(size=(3, 4))
    blocks = {(2, 1): rows, (3, 2): generator.normal(size=(1, 12)), (3, 1): generator.normal(size=(1, 4))}
    net = SpectralNetwork(blocks=blocks, activation="relu", parametrization="direct")
    x, held = generator.normal(size=(30, 4)), generator.normal(size=(30, 4))
    noise = [net.forward(part) + 0.1 * generator.normal(size=(30, 1)) for part in (x, held)]
    return net, (x, noise[0]), (held, noise[1])


@pytest.mark.parametrize("tolerance", [0.0, 1e-4, 1e-2])
def test_a_tolerance_is_kept_on_data_that_did_not_serve_the_refit(tolerance: float) -> None:
    merged = 0
    for seed in range(25):
        net, (x, y), judging = near_copies(seed)
        result = prune(net, tolerance=tolerance, merge=0.01, X=x, y=y, validation_data=judging)
        assert result.report.limit is not None
        assert result.network.loss(*judging) <= result.report.limit
        assert result.report.within
        merged += result.report.merged > 0
    assert 0 < merged <= 25


def test_where_merging_is_refused_the_result_is_that_without_merging() -> None:
    refused = 0
    for seed in range(40):
        net, (x, y), judging = near_copies(seed)
        options: dict[str, Any] = {"tolerance": 0.0, "X": x, "y": y, "validation_data": judging}
        result, plain = prune(net, merge=0.9, **options), prune(net, **options)
        if result.report.merged == 0:
            refused += 1
            assert np.array_equal(result.network.parameters, plain.network.parameters)
    assert refused > 10


def test_a_retraining_that_breaks_the_limit_is_not_kept() -> None:
    net, (x, y), judging = near_copies(0)
    options: dict[str, Any] = {"tolerance": 0.01, "X": x, "y": y, "validation_data": judging}
    wild = prune(net, retrain={"epochs": 3, "learning_rate": 1.0}, **options)
    plain = prune(net, **options)
    assert wild.report.retrained_epochs == 0
    assert wild.report.within
    assert np.array_equal(wild.network.parameters, plain.network.parameters)
    calm = prune(net, retrain={"epochs": 1, "learning_rate": 1e-7}, **(options | {"tolerance": 0.5}))
    assert calm.report.retrained_epochs == 1
    assert "limit" in calm.report.to_text()
    assert "kept" in calm.report.to_text()


def test_neurons_are_ranked_by_what_skip_connections_cannot_replace() -> None:
    changed = 0
    for seed in range(6):
        net = random_network("layerwise", [3, 8, 2], "tanh", seed, bias=True)
        x = np.random.default_rng(seed).normal(size=(60, 3))
        kept = []
        for skips in (False, True):
            scores = neuron_scores(net, "leave_one_out", x, skip_connections=skips)[0]
            small = prune(net, fraction=0.5, by="leave_one_out", X=x, skip_connections=skips).compact
            kept.append(sorted(small.neurons[1].tolist()))
            assert kept[-1] == sorted(np.argsort(scores, kind="stable")[4:].tolist())
        changed += kept[0] != kept[1]
    assert changed
