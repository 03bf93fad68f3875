"""M19, the lower bound: is one hidden layer of relu or leaky_relu neurons as small as its function allows?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.layer_values import with_constant
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.wording import counted

KINKED = ("relu", "leaky_relu")
"""The activations of M19: two straight pieces with two slopes."""
NEAR = Fraction(1, 10**6)
"""Hyperplanes whose rows (w, b) have an angle of this sine count as one, and a jump of this share of its parts as none."""
SAMPLES = 1_000
"""Samples that are looked at together."""

Key = tuple[Fraction, ...]


@dataclass(frozen=True)
class Certificate:
    """How many neurons the function of a network with one hidden layer needs at least (M19).

    Attributes
    ----------
    minimal : whether the network has no neuron more than the bound, so that no smaller hidden layer computes its function.
    neurons : neurons of the hidden layer.
    lower_bound : distinct hyperplanes through the data on which the gradient jumps; 0 where M19 says nothing.
    reason : one sentence for a report.
    crosses : for each neuron, whether z is above 0 for one sample and below 0 for another, beyond rounding.
    distinct : for each neuron that crosses and sends, whether no other of them has its hyperplane; False for the rest.
    sends : for each neuron, whether an outgoing weight is not 0.
    """

    minimal: bool
    neurons: int
    lower_bound: int
    reason: str
    crosses: tuple[bool, ...] = ()
    distinct: tuple[bool, ...] = ()
    sends: tuple[bool, ...] = ()


def certificate(network: SpectralNetwork | CompactNetwork, X: Any) -> Certificate:
    """Count the hyperplanes through the data on which the gradient of the network jumps; each needs a neuron (M19).

    A neuron lies on the hyperplane w·x + b = 0. On a hyperplane with rows c (n, β) the gradient jumps by
    (f'(0+) - f'(0-)) Σ v |c| nᵀ, v the outgoing columns. Which rows are multiples of each other and whether the jump is
    0 is decided on the stored numbers as exact fractions; hyperplanes that nearly agree count as one (`NEAR`). The bound
    holds for every network with one hidden layer of this activation, with or without skip connections. It must compute the
    same function on an open set that contains the convex hull of the data.

    Parameters
    ----------
    network : in the direct parametrization, or compact.
    X : samples (samples, features) of the network's own input.

    Raises
    ------
    InvalidInputError : a network that is not direct, or X that does not fit.
    """
    direct = network.direct if isinstance(network, CompactNetwork) else network
    if direct.parametrization != "direct":
        raise InvalidInputError(
            f"a certificate wants a direct or compact network; got {direct.parametrization}: call compact first"
        )
    hidden = direct.widths[1:-1]
    if not hidden:
        return Certificate(True, 0, 0, "no hidden neuron, and none is fewer")
    if len(hidden) > 1 or direct.activation not in KINKED:
        what = f"{len(hidden)} hidden layers" if len(hidden) > 1 else direct.activation
        return Certificate(False, sum(hidden), 0, f"no lower bound is known for {what}")
    return _count(*_rows(network, direct), _inputs(network, X))


def _inputs(network: SpectralNetwork | CompactNetwork, X: Any) -> np.ndarray:
    """x of layer 1 (samples, n_1), the constant included."""
    if isinstance(network, CompactNetwork):
        return network.columns(X)
    x = checks.features(X, network.dtype, network.widths[0] - network.bias)
    return with_constant(x, network.widths[0])


def _rows(
    network: SpectralNetwork | CompactNetwork, direct: SpectralNetwork
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Incoming rows (neurons, n_1), outgoing columns (outputs, neurons), and which columns of the rows are weights of inputs."""
    inputs, neurons, outputs = direct.widths
    rows = direct.blocks.get((2, 1), np.zeros((neurons, inputs))).astype(np.float64)
    outgoing = direct.blocks.get((3, 2), np.zeros((outputs, neurons))).astype(np.float64)
    if isinstance(network, CompactNetwork):
        variable = network.neurons[0] < network.n_features
    else:
        variable = np.arange(inputs) < inputs - direct.bias
    return rows, outgoing, variable


def _count(rows: np.ndarray, outgoing: np.ndarray, variable: np.ndarray, x: np.ndarray) -> Certificate:
    """The certificate from the rows, the columns and the samples.

    By hand: a ratio of fractions. Checked by test_minimality.test_the_bound_is_that_of_a_count_in_exact_numbers.
    """
    neurons = len(rows)
    crosses, sends = np.logical_and(_crosses(rows, x), np.any(rows[:, variable], axis=1)), np.any(outgoing, axis=0)
    # Neurons by hyperplane, each with the factor c of its row, exact.
    groups: dict[Key, list[tuple[int, Fraction]]] = {}
    for h in np.flatnonzero(crosses & sends):
        exact = [Fraction(entry) for entry in rows[h].tolist()]
        c = next(entry for entry, varies in zip(exact, variable, strict=True) if varies and entry)
        groups.setdefault(tuple(entry / c for entry in exact), []).append((int(h), c))
    first = [members[0][0] for members in groups.values()]
    jumps = [_jumps(outgoing, members) for members in groups.values()]
    # Hyperplanes that nearly agree are one.
    clusters = _clusters(rows[first])
    bound = len({cluster for cluster, jump in zip(clusters, jumps, strict=True) if jump})
    alone = {
        members[0][0]
        for members, cluster in zip(groups.values(), clusters, strict=True)
        if len(members) == 1 and clusters.count(cluster) == 1
    }
    flags = tuple(map(bool, crosses)), tuple(h in alone for h in range(neurons)), tuple(map(bool, sends))
    return Certificate(bound == neurons, neurons, bound, _reason(neurons, bound, *flags), *flags)


def _crosses(rows: np.ndarray, x: np.ndarray) -> np.ndarray:
    """For each neuron, whether z is above 0 for one sample and below 0 for another, beyond the rounding of the product.

    z is computed in float64, for some samples at a time.

    By hand: signs of z, once per certificate. Checked by test_minimality.test_the_bound_is_that_of_a_count_in_exact_numbers.
    """
    above, below, rounding = np.zeros(len(rows), bool), np.zeros(len(rows), bool), np.finfo(np.float64)
    for start in range(0, len(x), SAMPLES):
        some = x[start : start + SAMPLES].astype(np.float64)
        z = some @ rows.T
        bound = (x.shape[1] + 2) * (rounding.eps * (np.abs(some) @ np.abs(rows).T) + rounding.tiny)
        above |= (z > bound).any(axis=0)
        below |= (z < -bound).any(axis=0)
    return above & below


def _jumps(outgoing: np.ndarray, members: list[tuple[int, Fraction]]) -> bool:
    """Whether Σ v |c| over the neurons on a hyperplane is not 0, and no mere remainder of parts that cancel.

    By hand: products of fractions, for a certificate. Checked by test_minimality.test_the_bound_is_that_of_a_count_in_exact_numbers.
    """
    for column in outgoing.tolist():
        parts = [Fraction(column[h]) * abs(c) for h, c in members]
        if abs(sum(parts, Fraction(0))) > NEAR * sum(map(abs, parts), Fraction(0)):
            return True
    return False


def _clusters(rows: np.ndarray) -> list[int]:
    """A number for each row, the same for rows with an angle whose sine is at most `NEAR`, and for chains of them.

    By hand: angles between rows, once per certificate. Checked by test_minimality.test_hyperplanes_that_nearly_agree_count_as_one.
    """
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True) if len(rows) else rows
    numbers = list(range(len(rows)))
    for h in range(len(rows)):
        cosines = units[:h] @ units[h]
        near = np.linalg.norm(units[:h] - cosines[:, None] * units[h], axis=1) <= float(NEAR)
        for other in np.flatnonzero(near):
            joined, mine = numbers[other], numbers[h]
            numbers = [joined if number == mine else number for number in numbers]
    return numbers


def _reason(
    neurons: int, bound: int, crosses: tuple[bool, ...], distinct: tuple[bool, ...], sends: tuple[bool, ...]
) -> str:
    """One sentence that says what was proven, or why it was not."""
    many = counted(neurons, "neuron")
    if bound == neurons:
        planes = "1 hyperplane crosses the data" if bound == 1 else f"{bound} distinct hyperplanes cross the data"
        return f"{many}, proven minimal for the function found: {planes}, {'' if bound == 1 else 'each '}with a jump of the gradient"
    flags = list(zip(crosses, distinct, sends, strict=True))
    found = {
        "without output": sum(not s for _, _, s in flags),
        "with one sign of z on all data": sum(s and not c for c, _, s in flags),
        "with the hyperplane of another": sum(s and c and not d for c, d, s in flags),
    }
    why = ", ".join(f"{number} {what}" for what, number in found.items() if number)
    return f"{many}, at least {bound} needed for the function found; {why}"
