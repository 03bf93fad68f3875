"""Path scores of inputs against the sum over all paths."""

from __future__ import annotations

from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core.networks.paths import input_scores, path_norms


@given(st.lists(st.integers(1, 3), min_size=2, max_size=4), st.integers(0, 2**32 - 1))
def test_the_score_of_an_input_sums_over_its_paths(widths: list[int], seed: int) -> None:
    generator, last = np.random.default_rng(seed), len(widths)
    pairs = [pair for pair in combinations(range(1, last + 1), 2) if generator.random() < 0.8]
    blocks = {(i, j): generator.normal(size=(widths[i - 1], widths[j - 1])) for j, i in pairs}
    squares = np.zeros(widths[0])
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
                    squares[neurons[0]] += np.prod(weights) ** 2
    assert input_scores(blocks, tuple(widths)) == pytest.approx(np.sqrt(squares))


def test_with_one_hidden_layer_the_scores_are_the_norm_of_the_paths() -> None:
    blocks = {(2, 1): np.arange(6.0).reshape(2, 3), (3, 2): np.array([[2.0, -1.0]])}
    scores = input_scores(blocks, (3, 2, 1))
    assert np.linalg.norm(scores) == pytest.approx(path_norms(blocks, (3, 2, 1))[0])
