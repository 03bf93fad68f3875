"""Hidden channels of separable convolutions that go, and what is left refitted in their place (G2, G3, M15 for each pixel)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_core import checks
from spectral_core.backends.cpu_images import ALL_KEPT, tables_of
from spectral_core.backends.image_passes import ImagePass
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.image_layout import OPERATION_COLUMNS
from spectral_core.networks.image import ImageNetwork

RIDGE = 1e-6
"""Of the size of the covariance of the kept channels."""
IMAGES_OF_A_REFIT = 512
"""So many training images are enough for a refit."""
RANKINGS = ("path", "eigenvalue")


def without_channels(
    net: ImageNetwork, share: float, *, by: str = "path", images: np.ndarray | None = None
) -> ImageNetwork:
    """The network with a share of the hidden channels of each separable convolution cut off; `compact` leaves them out.

    The channels with the smallest scores go: their columns in the second pointwise convolution become 0, which is an exact
    removal (G3). With images, the columns of the channels that stay are refitted, from the first cell to the last. Each is
    fitted to what it gave in the whole network: W = Σ_ZK (Σ_KK + ridge)⁻¹ over all pixels (M15). The intercept goes into the
    running mean of the batch norm behind. The function changes.

    Parameters
    ----------
    share : of the hidden channels, in [0, 1); one channel always stays.
    by : ``path``, the deviation of a channel on the images times the norm of its column; ``eigenvalue``, without images:
        |γ_c| ‖kernel‖ ‖column‖, for γ of a batch norm is the eigenvalue of its channel (G2).
    images : (samples, channels, rows, columns), some hundred; None refits nothing.

    Raises
    ------
    InvalidInputError : ``path`` without images, or an option breaks a rule.

    Examples
    --------
    >>> from spectral_core import ImageNetwork
    >>> from spectral_core.resizing.image_channels import without_channels
    >>> net = ImageNetwork.initialize(4, 1, 3, image=(1, 8, 8))
    >>> without_channels(net, 0.5, by="eigenvalue").compact().n_parameters < net.compact().n_parameters
    True
    """
    checks.real_number(share, "share", 0, 1, open_high=True)
    checks.one_of(by, RANKINGS, "by")
    if images is None and by == "path":
        raise InvalidInputError("by='path' needs images; by='eigenvalue' needs none")
    small = net.with_parameters(net.parameters)
    if images is None:
        for place in _places(small):
            columns = _matrix(small, place)
            columns[:, ~_kept(_sizes(small, place), share)] = 0
        return small
    tables, x = tables_of(net.layout), net.images(images)
    whole, part = (ImagePass(tables, one.parameters, x, ALL_KEPT) for one in (net, small))
    places = {place.value: place for place in _places(small)}
    for number in range(len(whole.z)):
        whole.compute(number)
        part.compute(number)
        if number in places:
            _refit(small, places[number], whole, part, (share, by))
        whole.read_through(number, training=False)
        part.read_through(number, training=False)
    return small


@dataclass(frozen=True)
class _Place:
    """A second half of a separable convolution: its value, its operation, and the name that its groups share."""

    value: int
    operation: dict[str, int]
    name: str


def _places(net: ImageNetwork) -> list[_Place]:
    """All second halves, in order."""
    rows = [dict(zip(OPERATION_COLUMNS, row, strict=True)) for row in tables_of(net.layout).operations.tolist()]
    names = {group.start: name for name, group in net.layout.groups.items()}
    found = []
    for operation in rows:
        if operation["relu"]:
            name = names[operation["matrix"]].partition("[")[2].removesuffix(",1]")
            found.append(_Place(operation["receiver"], operation, name))
    return found


def hidden_channels(net: ImageNetwork) -> int:
    """The channels inside all separable convolutions."""
    return sum(_matrix(net, place).shape[1] for place in _places(net))


def _matrix(net: ImageNetwork, place: _Place) -> np.ndarray:
    """The second pointwise matrix (receiving, hidden channels), not a copy."""
    return net.groups[f"weights[{place.name},1]"]


def _sizes(net: ImageNetwork, place: _Place) -> np.ndarray:
    """|γ_c| ‖kernel‖ ‖column‖ of each hidden channel.

    By hand: G2, a score once per pruning. Checked by test_image_channels.test_the_smallest_eigenvalues_go_without_data.
    """
    gamma, kernels = (net.groups[f"{family}[{place.name},{half}]"] for family, half in (("scales", 0), ("kernels", 1)))
    flat = kernels.reshape(len(kernels), -1).astype(np.float64)
    return np.abs(gamma) * np.linalg.norm(flat, axis=1) * np.linalg.norm(_matrix(net, place), axis=0)


def _kept(scores: np.ndarray, share: float) -> np.ndarray:
    """A mask of the channels that stay; of equal scores the first.

    By hand: a number of channels. Checked by test_image_channels.test_the_smallest_eigenvalues_go_without_data.
    """
    count = max(1, len(scores) - round(share * len(scores)))
    mask = np.zeros(len(scores), bool)
    mask[np.argsort(-scores, kind="stable")[:count]] = True
    return mask


def _refit(net: ImageNetwork, place: _Place, whole: ImagePass, part: ImagePass, request: tuple[float, str]) -> None:
    """Cut channels off one convolution and refit the others, in place; `part` goes on with what it gives then.

    By hand: M15 by SciPy's normal equations, once per pruning. Checked by test_image_channels.test_the_refit_is_that_of_least_squares.
    """
    (share, by), matrix, channels = request, _matrix(net, place), _matrix(net, place).shape[1]
    hidden = _convolved(part, place, np.eye(channels, dtype=net.dtype)).transpose(1, 0, 2).reshape(channels, -1)
    values = hidden.astype(np.float64)
    size = values.std(1) * np.linalg.norm(matrix, axis=0) if by == "path" else _sizes(net, place)
    kept = _kept(size, share)
    if kept.all():
        return
    wanted = whole.z[place.value].transpose(1, 0, 2).reshape(len(matrix), -1).astype(np.float64)
    means, target = values[kept].mean(1), wanted.mean(1)
    centred, rest = values[kept] - means[:, None], wanted - target[:, None]
    gram = centred @ centred.T
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram) + np.finfo(np.float64).tiny
    fitted = np.linalg.solve(gram, centred @ rest.T).T
    matrix[...] = 0
    matrix[:, kept] = fitted
    # z - m is unchanged where the mean of z is moved into m.
    net.groups[f"running_means[{place.name},1]"][...] += (fitted @ means - target).astype(net.dtype)
    part.compute(place.value)


def _convolved(batch: ImagePass, place: _Place, matrix: np.ndarray) -> np.ndarray:
    """The depthwise convolution of a second half, with another matrix behind it (samples, channels, pixels)."""
    operation, value = place.operation, batch.values[place.value]
    result = np.empty((len(batch.images), len(matrix), value["rows"] * value["columns"]), batch.parameters.dtype)
    kernels, _ = batch.weights(operation, batch.parameters)
    window = operation["dilation"], operation["stride"], True
    kernel = getattr(batch.kernels, f"forward_window_{operation['taps']}")
    kernel(*batch.source(operation), *window, *batch.affine(operation["sender"]), kernels, matrix, result)
    return result
