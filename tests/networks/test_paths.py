"""Path scores of inputs and neurons against the sum over all paths."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core.networks.paths import input_scores, path_norms, path_scores, whole_path_scores


@given(st.lists(st.integers(1, 3), min_size=2, max_size=4), st.integers(0, 2**32 - 1))
def test_the_score_of_an_input_sums_over_its_paths(widths: list[int], seed: int) -> None:
    blocks = some_blocks(widths, seed)
    squares = np.zeros(widths[0])
    for neurons, weight in paths(blocks, widths):
        squares[neurons[1]] += weight**2
    assert input_scores(blocks, tuple(widths)) == pytest.approx(np.sqrt(squares))


@given(st.lists(st.integers(1, 3), min_size=3, max_size=4), st.integers(0, 2**32 - 1))
def test_the_score_of_a_neuron_sums_over_its_paths(widths: list[int], seed: int) -> None:
    blocks, sizes = some_blocks(widths, seed), np.random.default_rng(seed).uniform(0, 3, widths[0])
    squares = [np.zeros(width) for width in widths]
    for neurons, weight in paths(blocks, widths):
        for layer, neuron in neurons.items():
            squares[layer - 1][neuron] += (sizes[neurons[1]] * weight) ** 2
    for found, wanted in zip(whole_path_scores(blocks, tuple(widths), sizes), squares[1:-1], strict=True):
        assert found == pytest.approx(np.sqrt(wanted))


@given(st.lists(st.integers(1, 4), min_size=3, max_size=3), st.integers(0, 2**32 - 1))
def test_with_one_hidden_layer_and_inputs_of_size_one_it_is_the_path_score(widths: list[int], seed: int) -> None:
    blocks = some_blocks(widths, seed)
    (found,) = whole_path_scores(blocks, tuple(widths), np.ones(widths[0]))
    assert found == pytest.approx(path_scores(blocks, tuple(widths))[0])


def some_blocks(widths: list[int], seed: int) -> dict[tuple[int, int], np.ndarray]:
    generator = np.random.default_rng(seed)
    pairs = [pair for pair in combinations(range(1, len(widths) + 1), 2) if generator.random() < 0.8]
    return {(i, j): generator.normal(size=(widths[i - 1], widths[j - 1])) for j, i in pairs}


def paths(blocks: dict[tuple[int, int], np.ndarray], widths: list[int]) -> Iterator[tuple[dict[int, int], float]]:
    """{layer: neuron} of every path from an input to an output, and the product of its weights."""
    last = len(widths)
    # Every way through the layers, and every choice of a neuron in each layer of it.
    for count in range(last - 1):
        for middle in combinations(range(2, last), count):
            layers = (1, *middle, last)
            if all((i, j) in blocks for j, i in pairwise(layers)):
                for neurons in product(*(range(widths[layer - 1]) for layer in layers)):
                    steps = zip(
                        zip(layers, neurons, strict=True), zip(layers[1:], neurons[1:], strict=True), strict=False
                    )
                    weights = [blocks[i, j][b, a] for (j, a), (i, b) in steps]
                    yield dict(zip(layers, neurons, strict=True)), float(np.prod(weights))


def test_with_one_hidden_layer_the_scores_are_the_norm_of_the_paths() -> None:
    blocks = {(2, 1): np.arange(6.0).reshape(2, 3), (3, 2): np.array([[2.0, -1.0]])}
    scores = input_scores(blocks, (3, 2, 1))
    assert np.linalg.norm(scores) == pytest.approx(path_norms(blocks, (3, 2, 1))[0])
