"""Hidden channels that go: the smallest scores, and the refit of what stays."""

from __future__ import annotations

import numpy as np
import pytest

from spectral_core.errors import InvalidInputError
from spectral_core.networks.cells import Cell
from spectral_core.networks.image import ImageNetwork
from spectral_core.resizing.image_channels import without_channels
from tests import oracles_images as oracle
from tests.networks.test_compact_image import lived
from tests.networks.test_image_network import batch, grown

SEPARABLE = Cell(1, 2, {(0, 1): ("sep3",)})


def one(channels: int = 4) -> ImageNetwork:
    net = ImageNetwork.initialize(channels, 0, 3, image=(2, 8, 8), cells=[SEPARABLE], dtype="float64", seed=1)
    return lived(net)


def hidden(net: ImageNetwork, x: np.ndarray) -> np.ndarray:
    """What the second pointwise convolution reads (channels, samples · pixels), from the definitions."""
    g = net.groups

    def norm(z: np.ndarray, name: str) -> np.ndarray:
        given = g[f"running_means[{name}]"], g[f"running_variances[{name}]"]
        return oracle.normalise(z, g[f"scales[{name}]"], g[f"shifts[{name}]"], 1e-5, given)

    y = norm(norm(oracle.dense_convolution(x, g["kernels[stem]"], (1, 1, 1)), "stem"), "0,0")
    key = "0,0,1,sep3"
    first = oracle.pointwise(oracle.depthwise(y, g[f"kernels[{key},0]"], (1, 1, 1)), g[f"weights[{key},0]"])
    second = oracle.depthwise(oracle.relu(norm(first, f"{key},0")), g[f"kernels[{key},1]"], (1, 1, 1))
    return second.transpose(1, 0, 2, 3).reshape(second.shape[1], -1)


def test_the_refit_is_that_of_least_squares() -> None:
    """Of one convolution: the kept channels are those of largest deviation times column, their weights those of `lstsq`."""
    net, (x, _) = one(), batch(12)
    h, columns = hidden(net, x), net.groups["weights[0,0,1,sep3,1]"]
    small = without_channels(net, 0.5, images=x)
    kept = np.sort(np.argsort(h.std(1) * np.linalg.norm(columns, axis=0))[2:])
    fitted = small.groups["weights[0,0,1,sep3,1]"]
    assert np.flatnonzero((fitted != 0).any(0)).tolist() == kept.tolist()
    design = np.vstack([h[kept], np.ones(h.shape[1])]).T
    truth = np.linalg.lstsq(design, (columns @ h).T, rcond=None)[0].T
    np.testing.assert_allclose(fitted[:, kept], truth[:, :-1], rtol=1e-4, atol=1e-5)
    moved = small.groups["running_means[0,0,1,sep3,1]"] - net.groups["running_means[0,0,1,sep3,1]"]
    np.testing.assert_allclose(-moved, truth[:, -1], rtol=1e-4, atol=1e-5)


def test_a_channel_that_others_stand_for_goes_exactly() -> None:
    """Two equal channels: the refit gives one the weights of both."""
    net, (x, _) = one(), batch(12)
    g = net.groups
    g["shifts[0,0,1,sep3,0]"][...] = 1  # no channel is silent
    for name in ("scales[0,0,1,sep3,0]", "shifts[0,0,1,sep3,0]", "running_means[0,0,1,sep3,0]", "running_variances[0,0,1,sep3,0]",
                 "weights[0,0,1,sep3,0]", "kernels[0,0,1,sep3,1]"):  # fmt: skip
        g[name][3] = g[name][0]
    g["weights[0,0,1,sep3,1]"][:, :3] *= 30  # so the last has the smallest score
    small = without_channels(net, 0.25, images=x)
    np.testing.assert_allclose(small.forward(x), net.forward(x), rtol=0, atol=1e-4)
    assert (small.groups["weights[0,0,1,sep3,1]"][:, 3] == 0).all()
    assert small.compact().n_parameters == net.compact().n_parameters - (4 + 4 + 9 + 1)


def test_the_smallest_eigenvalues_go_without_data() -> None:
    net = one()
    net.groups["scales[0,0,1,sep3,0]"][...] = [-3, 0.1, 2, 1]
    net.groups["kernels[0,0,1,sep3,1]"][...] = 1
    net.groups["weights[0,0,1,sep3,1]"][...] = 1
    for share, left in ((0.0, [0, 1, 2, 3]), (0.25, [0, 2, 3]), (0.5, [0, 2]), (0.99, [0])):
        small = without_channels(net, share, by="eigenvalue")
        assert np.flatnonzero((small.groups["weights[0,0,1,sep3,1]"] != 0).any(0)).tolist() == left
    changed = [name for name, values in small.groups.items() if (values != net.groups[name]).any()]
    assert changed == ["weights[0,0,1,sep3,1]"]


def test_a_refit_in_sequence_beats_no_refit() -> None:
    net, (x, _) = lived(grown()), batch(24)
    errors = [
        np.linalg.norm(without_channels(net, 0.5, by="eigenvalue", images=images).forward(x) - net.forward(x))
        for images in (None, x)
    ]
    assert errors[1] < 0.7 * errors[0]
    assert (without_channels(net, 0.0, images=x).parameters == net.parameters).all()


def test_what_breaks_a_rule_is_named() -> None:
    for options, message in (
        ({"share": 1.0}, "share must be at least 0 and less than 1"),
        ({"share": 0.5, "by": "colour"}, "by must be one of path, eigenvalue"),
        ({"share": 0.5}, "by='path' needs images"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            without_channels(one(), **options)  # type: ignore[arg-type]
