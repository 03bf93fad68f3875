"""Rankings against their formulas written out, and against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, SpectralNetwork, prune
from spectral_core.cli.program import main
from spectral_core.networks.layer_values import layer_values, layer_values_in_chunks, with_constant
from spectral_core.resizing.rankings import RANKINGS, neuron_scores, outgoing_norms
from tests.builders import random_network
from tests.resizing.test_insert import PARAMETRIZATIONS

CHECK = settings(deadline=None, max_examples=40)
WIDTHS = st.lists(st.integers(1, 5), min_size=3, max_size=5)


@given(
    st.sampled_from(PARAMETRIZATIONS),
    WIDTHS,
    st.sampled_from(("relu", "tanh", "gelu")),
    st.integers(0, 999),
    st.booleans(),
)
@CHECK
def test_states_end_in_the_output_and_are_f_of_each_other(
    kind: str, widths: list[int], activation: str, seed: int, bias: bool
) -> None:
    net = random_network(kind, widths, activation, seed, bias)
    x = np.random.default_rng(seed).normal(size=(5, net.n_features))
    blocks = net.transfer_blocks()
    z, values = layer_values(blocks, net.widths, net.activation, with_constant(x, net.widths[0]))
    np.testing.assert_allclose(values[-1], net.forward(x), rtol=1e-12, atol=1e-12)
    assert [v.shape for v in values] == [(5, width) for width in net.widths]
    own = {"relu": lambda v: np.maximum(v, 0), "tanh": np.tanh}.get(activation)
    for i in range(2, net.n_layers):
        total = sum(values[j - 1] @ blocks[i, j].T for j in range(1, i) if (i, j) in blocks)
        np.testing.assert_allclose(z[i - 1], total, rtol=1e-12, atol=1e-12)
        if own is not None:
            np.testing.assert_allclose(values[i - 1], own(z[i - 1]), rtol=1e-12, atol=1e-12)


def test_chunks_make_up_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    net = random_network("global", [2, 3, 1], "relu", 0)
    x = np.random.default_rng(0).normal(size=(11, 2))
    whole = next(layer_values_in_chunks(net, x))[1]
    monkeypatch.setattr("spectral_core.networks.layer_values.ROWS", 4)
    parts = [values for _, values in layer_values_in_chunks(net, x)]
    assert [len(part[0]) for part in parts] == [4, 4, 3]
    for layer in range(3):
        np.testing.assert_allclose(np.vstack([part[layer] for part in parts]), whole[layer], rtol=1e-13, atol=1e-15)


@given(st.sampled_from(PARAMETRIZATIONS), WIDTHS, st.integers(0, 999))
@CHECK
def test_rankings_by_their_formulas(kind: str, widths: list[int], seed: int) -> None:
    net = random_network(kind, widths, "relu", seed)
    matrix = np.tril(net.adjacency(), -1)
    at = np.cumsum((0, *net.widths))
    sums = neuron_scores(net, "connectivity")
    heard = outgoing_norms(net.transfer_blocks(), net.widths)
    paths = neuron_scores(net, "path")
    for i in range(1, net.n_layers - 1):
        for h in range(net.widths[i]):
            row, column = matrix[at[i] + h], matrix[:, at[i] + h]
            assert np.isclose(sums[i - 1][h], np.abs(row).sum(), rtol=1e-12)
            assert np.isclose(heard[i - 1][h], np.linalg.norm(column), rtol=1e-12)
            assert np.isclose(paths[i - 1][h], np.linalg.norm(row) * np.linalg.norm(column), rtol=1e-12)
    if kind == "direct":
        for by in ("eigenvalue", "scaled_eigenvalue"):
            with pytest.raises(InvalidInputError, match=f"by='{by}' needs eigenvalues"):
                neuron_scores(net, by)
        return
    plain, scaled = neuron_scores(net, "eigenvalue"), neuron_scores(net, "scaled_eigenvalue")
    for i in range(1, net.n_layers - 1):
        own = net.eigenvalues[i] if kind == "global" else net.eigenvalues[i - 1][1]
        for h, value in enumerate(np.asarray(own)):
            assert plain[i - 1][h] == abs(value)
            length = np.linalg.norm(net.eigenvectors[i - 1][h])
            assert np.isclose(scaled[i - 1][h], abs(value) * length * np.sqrt(net.widths[i]), rtol=1e-12)


INVARIANT = {
    "path": (True, True, True),
    "plain_path": (False, True, False),
    "eigenvalue": (True, False, False),
    "scaled_eigenvalue": (False, False, False),
    "connectivity": (False, False, False),
    "pivoted_qr": (True, True, False),
    "leave_one_out": (True, True, True),
}
"""Whether the scores stay where an input has other units (in φ), where a relu neuron of one hidden layer is louder, of two."""


@pytest.mark.parametrize("by", RANKINGS)
@given(st.integers(0, 999), st.sampled_from([-9, -3, 4, 10]), st.booleans())
@settings(deadline=None, max_examples=10)
def test_which_rankings_depend_on_units_and_scales(by: str, seed: int, power: int, bias: bool) -> None:
    """Powers of two, which no rounding changes: the path scores have the same bits."""
    unit = 2.0**power
    x = np.random.default_rng(seed).normal(size=(40, 3)) + 0.5
    for changed, stays in zip(("units", "one", "two"), INVARIANT[by], strict=True):
        net = random_network("layerwise", [3, 6, 2] if changed == "one" else [3, 6, 5, 2], "relu", seed, bias)
        phi = [block.copy() for block in net.eigenvectors]
        own = [(np.zeros_like(a), b.copy()) for a, b in net.eigenvalues]
        whole = SpectralNetwork(phi, own, activation="relu", bias=bias, parametrization="layerwise")
        phi, own, columns = [block.copy() for block in phi], [(a, b.copy()) for a, b in own], x
        last = len(phi) - 1
        if changed == "units":
            phi[0][:, 0] /= unit
            columns = x * [unit, 1, 1]
        else:
            own[last - 1][1][2] *= unit
            phi[last][:, 2] /= unit
        moved = SpectralNetwork(phi, own, activation="relu", bias=bias, parametrization="layerwise")
        np.testing.assert_allclose(moved.forward(columns), whole.forward(x), rtol=1e-12, atol=1e-12)
        before, after = (np.concatenate(neuron_scores(n, by, c)) for n, c in ((whole, x), (moved, columns)))
        if stays and by == "path":
            assert np.array_equal(after, before)
        close = np.allclose(after, before, rtol=1e-4, atol=1e-5 * (1 + before.max()))
        assert close == stays, f"{by}, {changed}"


def test_path_scores_on_data_of_mean_square_one_are_those_of_the_weights() -> None:
    net = random_network("direct", [3, 6, 2], "relu", 0, bias=True)
    x = np.random.default_rng(0).normal(size=(40, 3))
    x /= np.sqrt(np.square(x).mean(axis=0))
    np.testing.assert_allclose(neuron_scores(net, "path", x)[0], neuron_scores(net, "path")[0], rtol=1e-14)
    assert np.array_equal(neuron_scores(net, "plain_path", 9 * x)[0], neuron_scores(net, "path")[0])


def test_an_input_that_is_zero_on_the_data_does_not_count() -> None:
    net = random_network("direct", [2, 4, 1], "relu", 0)
    x = np.array([[0.0, 1.0], [0.0, -1.0]])
    scores = np.abs(net.blocks[2, 1][:, 1] * net.blocks[3, 2][0])
    np.testing.assert_allclose(neuron_scores(net, "path", x)[0], scores, rtol=1e-14)


@given(WIDTHS, st.integers(0, 999), st.floats(0.1, 10))
@CHECK
def test_scaled_eigenvalues_do_not_follow_the_scale_of_a_row(widths: list[int], seed: int, c: float) -> None:
    net = random_network("layerwise", widths, "relu", seed)
    phi, own = [p.copy() for p in net.eigenvectors], [(a.copy(), b.copy()) for a, b in net.eigenvalues]
    phi[0][0] *= c
    own[0][0][:] = 0
    own[0][1][0] /= c
    moved = SpectralNetwork(phi, own, parametrization="layerwise")
    np.testing.assert_allclose(
        neuron_scores(moved, "scaled_eigenvalue")[0], neuron_scores(net, "scaled_eigenvalue")[0], rtol=1e-12
    )


@given(st.integers(0, 999), st.integers(2, 6))
@CHECK
def test_pivoted_qr_is_greedy(seed: int, width: int) -> None:
    """Each neuron in the order has the largest rest after what those before it express; its score is that rest."""
    net = random_network("direct", [3, width, 2], "tanh", seed)
    x = np.random.default_rng(seed).normal(size=(20, 3))
    scores = neuron_scores(net, "pivoted_qr", x)[0]
    weighted = np.tanh(x @ net.blocks[2, 1].T) * np.linalg.norm(net.blocks[3, 2], axis=0)
    chosen: list[int] = []
    for h in np.argsort(-scores, kind="stable"):
        basis = np.linalg.qr(weighted[:, chosen])[0] if chosen else np.zeros((20, 0))
        rest = np.linalg.norm(weighted - basis @ (basis.T @ weighted), axis=0)
        assert rest[h] >= rest.max() * (1 - 1e-9) - 1e-12
        np.testing.assert_allclose(scores[h], rest[h] / np.sqrt(20), rtol=1e-7, atol=1e-10)
        chosen.append(int(h))


def test_a_neuron_that_others_express_comes_last() -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(4, 3))
    rows[3] = 2 * rows[1]  # relu: the same, twice
    net = SpectralNetwork(
        blocks={(2, 1): rows, (3, 2): np.array([[1.0, 1.0, 1.0, 0.1]])}, activation="relu", parametrization="direct"
    )
    scores = neuron_scores(net, "pivoted_qr", generator.normal(size=(50, 3)))[0]
    assert scores[3] < 1e-12 < scores[:3].min()


def test_wrong_requests() -> None:
    net = random_network("global", [2, 3, 1], "relu", 0)
    with pytest.raises(InvalidInputError, match=f"by must be one of {', '.join(RANKINGS)}; got 'magic'"):
        neuron_scores(net, "magic")
    with pytest.raises(InvalidInputError, match="by='pivoted_qr' ranks neurons by their activations and needs X"):
        neuron_scores(net, "pivoted_qr")
    with pytest.raises(InvalidInputError, match=r"X must have 2 feature column\(s\)"):
        neuron_scores(net, "pivoted_qr", np.ones((4, 3)))


def test_every_text_lists_the_rankings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["prune", "--help"])
    shown = capsys.readouterr().out
    for name in RANKINGS:
        assert name in shown
        assert f"``{name}``" in (neuron_scores.__doc__ or "")
        assert f"``{name}``" in (prune.__doc__ or "")
