"""The compact form of image networks: the same function within 1e-12, and what is not in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.networks.cells import Cell
from spectral_core.networks.compact_image import CompactImageNetwork
from spectral_core.networks.image import ImageNetwork
from tests.networks.test_image_network import batch, grown


def lived(net: ImageNetwork, seed: int = 0) -> ImageNetwork:
    """The network with running statistics as after a training."""
    generator = np.random.default_rng(seed)
    for name, values in net.groups.items():
        if name.startswith("running_means"):
            values[...] = generator.normal(0, 0.3, values.shape)
        elif name.startswith("running_variances"):
            values[...] = generator.uniform(0.3, 2, values.shape)
    return net


@pytest.mark.parametrize("options", [{}, {"published": True}, {"gates": "published"}])
def test_the_compact_network_is_the_same_function(options: dict[str, object]) -> None:
    net, (x, _) = lived(grown(**options)), batch()
    small = net.compact()
    np.testing.assert_allclose(small.forward(x), net.forward(x), rtol=0, atol=1e-12)
    assert small.n_parameters < 0.95 * net.n_parameters


@pytest.mark.parametrize("published", [False, True])
def test_inputs_that_skip_a_cell_are_the_same_function(published: bool) -> None:
    """With two reductions the last cell reads the stem at a quarter of its rows, brought to its width before or after."""
    net = ImageNetwork.initialize(1, 2, 3, image=(2, 8, 8), published=published, dtype="float64", seed=4)
    (x, _), small = batch(), lived(net).compact()
    np.testing.assert_allclose(small.forward(x), net.forward(x), rtol=0, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.2, 1))
def test_closed_operations_and_dead_values_go(seed: int, share: float) -> None:
    """Whatever is 0, even where a node is left without input, the function is the same."""
    generator, (x, _) = np.random.default_rng(seed), batch()
    net = lived(grown(), seed)
    for name, values in net.groups.items():
        if name.startswith("eigenvalues"):
            values[generator.random(values.shape) < share] = 0
    small = net.compact()
    np.testing.assert_allclose(small.forward(x), net.forward(x), rtol=0, atol=1e-12)
    assert small.n_parameters <= net.compact().n_parameters


def test_norms_of_zeros_are_the_same_function() -> None:
    """γ = 0 of a whole node, by itself and with β = 0: zeros are an absent shift, and no absent scale."""
    x, _ = batch()
    whole = lived(grown())
    for name in [name for name in whole.groups if name.startswith("scales")]:
        for shift in (None, 0.0, 1.0):
            net = whole.with_parameters(whole.parameters)
            net.groups[name][...] = 0
            if shift is not None:
                net.groups[name.replace("scales", "shifts")][...] = shift
            np.testing.assert_allclose(net.compact().forward(x), net.forward(x), rtol=0, atol=1e-12, err_msg=name)


def test_a_network_whose_output_depends_on_nothing_is_a_constant() -> None:
    net, (x, _) = lived(grown()), batch()
    for name, values in net.groups.items():
        if name.startswith("eigenvalues[1"):
            values[...] = 0
    small = net.compact()
    np.testing.assert_allclose(small.forward(x), net.forward(x), rtol=0, atol=1e-12)
    assert small.steps == ()


def test_hidden_channels_that_change_nothing_go() -> None:
    """Column 0 of the reader, or γ = 0 with β <= 0; with β > 0 the channel stays, since its border differs (G3)."""
    cell = Cell(1, 2, {(0, 1): ("sep3", "identity")})
    net = lived(ImageNetwork.initialize(4, 0, 3, image=(2, 8, 8), cells=[cell], dtype="float64", seed=1))
    whole = net.compact()
    hidden, values = "0,0,1,sep3,0", net.groups
    values["weights[0,0,1,sep3,1]"][:, 0] = 0
    values[f"scales[{hidden}]"][[1, 2]] = 0
    values[f"shifts[{hidden}]"][[1, 2]] = [-0.3, 0.3]
    values[f"running_means[{hidden}]"][1] = 0.7
    small, (x, _) = net.compact(), batch()
    np.testing.assert_allclose(small.forward(x), net.forward(x), rtol=0, atol=1e-12)
    widths = {plane[0] for plane in small.planes}
    assert widths == {2, 4}
    # Of two channels: a row and a column of 4, a kernel of 9 and a shift.
    assert whole.n_parameters - small.n_parameters == 2 * (4 + 4 + 9 + 1)


def test_the_count_is_that_of_the_definition() -> None:
    """One cell, identity and sep3 on one edge, 3 channels, 4 classes, one colour: written out."""
    cell = Cell(1, 2, {(0, 1): ("identity", "sep3")})
    small = lived(ImageNetwork.initialize(3, 0, 4, image=(1, 8, 8), cells=[cell], dtype="float64")).compact()
    stem, entry, first, second, tower = 27, 3 + 3, 27 + 9 + 3, 27 + 9, 12 + 4
    assert small.n_parameters == stem + entry + first + second + tower


def test_products_are_counted() -> None:
    cell = Cell(1, 2, {(0, 1): ("identity", "sep3")})
    small = ImageNetwork.initialize(3, 0, 4, image=(1, 8, 8), cells=[cell]).compact()
    assert small.multiply_adds == 64 * (27 + 2 * (27 + 9)) + 12


def test_a_file_brings_back_the_network(tmp_path: Path) -> None:
    net, (x, _) = lived(grown()).compact(), batch()
    net.save(tmp_path / "compact.npz")
    loaded = CompactImageNetwork.load(tmp_path / "compact.npz")
    assert (loaded.forward(x) == net.forward(x)).all()
    assert (loaded.steps, loaded.planes, loaded.n_parameters) == (net.steps, net.planes, net.n_parameters)
    grown().save(tmp_path / "network.npz")
    with pytest.raises(ModelFileError, match="expected compact image network"):
        CompactImageNetwork.load(tmp_path / "network.npz")
    with pytest.raises(InvalidInputError, match=r"X must have shape \(samples, 2, 8, 8\)"):
        net.forward(np.zeros((1, 3, 8, 8)))
