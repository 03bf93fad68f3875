"""Does the search find what the authors' implementation finds? ‖Γ‖ and mean |λ| over seeds, beside the reference.

The reference values (one seed each) are those of the authors' own code; see REFERENCE for where they come from.
"""

import numpy as np

from benchmarks.rows import Row, row
from spectral_core import SpectralNetwork, train
from spectral_core.data.datasets import sparcs
from spectral_core.networks.paths import path_norms

SEEDS = range(20)
REFERENCE = {0.0: (6.40793e-05, 8.13297e-05), 1.0: (0.378621, 0.00349101)}
"""{α: (‖Γ‖, mean |λ| of input and hidden layers)} for β = 5, one run each of the authors' implementation."""


def one(alpha: float, seed: int) -> tuple[float, float]:
    """‖Γ‖ and mean |λ| of one published training; points and start differ from seed to seed."""
    data = sparcs(alpha, 5.0, seed=seed)
    net = SpectralNetwork.initialize([2, 300, 1], seed=seed)
    net = train(net, data.x, data.y, epochs=300, batch_size=100, penalty_strength=1e-4, seed=seed).network
    eigenvalues = np.concatenate([np.asarray(values) for values in net.eigenvalues[:-1]])
    return path_norms(net.transfer_blocks(), net.widths)[0], float(np.abs(eigenvalues).mean())


def measure() -> list[Row]:
    rows = []
    for alpha, references in REFERENCE.items():
        values = np.array([one(alpha, seed) for seed in SEEDS])
        for column, (name, reference) in enumerate(zip(("‖Γ‖", "mean |λ|"), references, strict=True)):
            v = values[:, column]
            text = f"{name} at α = {alpha:g}, β = 5: median of {len(SEEDS)} seeds"
            rows.append(row(text, np.median(v), "", f"{reference:.3g} (reference)", spread=(v.min(), v.max())))
    return rows
