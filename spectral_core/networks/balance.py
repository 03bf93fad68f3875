"""The representative of a spectral network with the same weights, a fixed gauge and a balanced scale (M23)."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_core.errors import InvalidInputError
from spectral_core.networks.parameters import Parameters

HALVINGS = 2_000
"""More halvings than an interval of float64 numbers allows."""


def balanced_values(parameters: Parameters) -> np.ndarray:
    """Flat parameters of the same weights; `SpectralNetwork.balanced` says which."""
    layout = parameters.layout
    if layout.parametrization == "direct":
        raise InvalidInputError("a direct network has no eigenvalues to balance")
    result = Parameters(layout, parameters.flat.copy())
    values: list[Any] = list(result.eigenvalues)
    if layout.parametrization == "layerwise":
        for phi, (lam_in, lam_out) in zip(result.eigenvectors, values, strict=True):
            balance_rows(phi, lam_in, lam_out)
        return result.flat
    if len(values) == 2:
        balance_rows(result.eigenvectors[0], values[0], values[1])
        return result.flat
    fix_gauge(values)
    balance_outputs(result.eigenvectors[-1], values[-2], values[-1])
    return result.flat


def fix_gauge(values: list[np.ndarray]) -> None:
    """In place: the mean of λ^(1) is subtracted from all λ (M9).

    By hand: once, outside of training. Checked by test_balance.test_a_balanced_network_has_the_same_weights.
    """
    shift = np.mean(values[0], dtype=np.float64)
    for own in values:
        own[...] = own - shift


def balance_rows(phi: np.ndarray, lam_in: np.ndarray, lam_out: np.ndarray) -> None:
    """In place: λ^in = 0, λ^out_h = √‖w_h‖ and φ_h = -w_h / λ^out_h, of norm √‖w_h‖ too, for w = φ ∘ (λ^in - λ^out).

    Where w_h = 0, λ^out_h = 0 and φ_h stays, so that training can wake the neuron.

    By hand: once, outside of training. Checked by test_balance.test_rows_have_the_least_sum_of_squares.
    """
    weights = phi.astype(np.float64) * (lam_in.astype(np.float64) - lam_out.astype(np.float64)[:, None])
    lam_in[...] = 0
    lam_out[...] = np.sqrt(np.linalg.norm(weights, axis=1))
    acts = lam_out != 0
    phi[acts] = -weights[acts] / lam_out[acts, None].astype(np.float64)


def balance_outputs(phi: np.ndarray, lam_in: np.ndarray, lam_out: np.ndarray) -> None:
    """In place: each output a takes the t for λ^out_a, on its side of the λ^in, of least Σ_h (w_ah / (λ^in_h - t))² + t².

    An output without weights stays as it is.

    By hand: once, outside of training. Checked by test_balance.test_outputs_have_the_least_sum_of_squares.
    """
    senders = lam_in.astype(np.float64)
    for a in range(len(phi)):
        weights = phi[a].astype(np.float64) * (senders - np.float64(lam_out[a]))
        acts = weights != 0
        t = lam_out.dtype.type(least_eigenvalue(weights[acts], senders[acts], float(lam_out[a]))) if acts.any() else 0
        if not acts.any() or (senders[acts] == t).any():  # a rounded t may meet an eigenvalue of the layer before
            continue
        lam_out[a] = t
        phi[a] = 0
        phi[a, acts] = weights[acts] / (senders[acts] - np.float64(t))


def least_eigenvalue(weights: np.ndarray, senders: np.ndarray, start: float) -> float:
    """The t of least Σ_h (w_h / (λ_h - t))² + t² between the same two λ_h as `start`.

    The slope rises strictly there, from below 0 to above, so halving finds its root; where all λ_h are 0 it is ±√‖w‖.

    By hand: once, outside of training. Checked by test_balance.test_outputs_have_the_least_sum_of_squares.
    """
    below, above = senders[senders < start], senders[senders > start]
    reach = np.sqrt(np.linalg.norm(weights))
    if not senders.any():
        return float(np.copysign(reach, start))
    low = below.max() if len(below) else min(above.min(), 0.0) - reach
    high = above.min() if len(above) else max(low, 0.0) + reach
    for _ in range(HALVINGS):
        t = low + (high - low) / 2
        if not low < t < high:
            break
        ratio = weights / (senders - t)
        if np.sum(ratio * ratio / (senders - t)) + t > 0:
            high = t
        else:
            low = t
    return float(t)
