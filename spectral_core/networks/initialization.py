"""Random starts: the linear one (`global`) and the dense ones (`layerwise`, `direct`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of, sequence
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support import activations
from spectral_core.kernels.support.layout import PARAMETRIZATIONS
from spectral_core.kernels.tables import ZERO_AT_ZERO


def xavier_uniform(generator: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Uniform in ±√(6/(rows + columns)) (Glorot and Bengio 2010).

    By hand: a random start; drawn once. Checked by test_spectral.test_the_start_is_xavier_uniform.
    """
    limit = np.sqrt(6 / (rows + columns))
    return generator.uniform(-limit, limit, (rows, columns))


def initial_values(
    widths: Sequence[int], activation: Any, bias: bool, parametrization: str, start: str | None, seed: int
) -> dict[str, Any]:
    """Eigenvectors and eigenvalues, or blocks, for the constructor; `SpectralNetwork.initialize` explains them."""
    one_of(parametrization, PARAMETRIZATIONS, "parametrization")
    fitting = "linear" if parametrization == "global" else "dense"
    if one_of(start or fitting, ("linear", "dense"), "start") != fitting:
        raise InvalidInputError(f"a {parametrization} network starts {fitting!r}; got start={start!r}")
    n = [checks.integer(width, f"widths[{i}]", 1) for i, width in enumerate(sequence(widths, "widths"))]
    if len(n) < 2:
        raise InvalidInputError(f"widths must name at least two layers; got {list(widths)}")
    activation = activations.checked(activation, len(n) - 2)
    if fitting == "linear":
        checks.vanishing_at_zero(activation, ZERO_AT_ZERO, "the linear start")
    n[0] += bool(bias)
    generator = np.random.default_rng(checks.integer(seed, "seed", 0))
    phi = [xavier_uniform(generator, n[i + 1], n[i]) for i in range(len(n) - 1)]
    if parametrization == "global":
        return {"eigenvectors": phi, "eigenvalues": [np.zeros(width) for width in n[:-1]] + [np.ones(n[-1])]}
    if parametrization == "layerwise":
        pairs = [(np.zeros(n[i]), np.ones(n[i + 1])) for i in range(len(n) - 1)]
        return {"eigenvectors": phi, "eigenvalues": pairs}
    blocks = {(i, j): np.zeros((n[i - 1], n[j - 1])) for i in range(2, len(n) + 1) for j in range(1, i)}
    return {"blocks": blocks | {(i + 2, i + 1): block for i, block in enumerate(phi)}}
