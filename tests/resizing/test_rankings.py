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
