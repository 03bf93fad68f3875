"""Image networks against PyTorch in float64: loss and every gradient."""

from __future__ import annotations

import numpy as np
import pytest

from tests.networks.test_image_network import batch, grown


@pytest.mark.parametrize("options", [{}, {"scaled_first": True}])
def test_loss_and_gradients_are_those_of_pytorch(options: dict[str, object]) -> None:
    pytest.importorskip("torch", reason="torch is not installed: pip install -e '.[bench]'")
    from benchmarks.peers.torch_images import TorchImages

    net, (x, y) = grown(**options), batch()
    loss, gradients = net.loss_and_gradients(x, y)
    theirs, truth = TorchImages(net).loss_and_gradients(x, y)
    assert abs(loss - theirs) < 1e-12 * abs(theirs)
    largest = max(np.abs(values).max() for values in truth.values())
    for name, values in truth.items():
        np.testing.assert_allclose(gradients[name], values, rtol=1e-9, atol=1e-12 * largest, err_msg=name)
