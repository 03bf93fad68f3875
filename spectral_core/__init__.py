"""Spectral neural networks: train the eigenvalues and eigenvectors of A = Φ Λ Φ⁻¹ instead of the weights.

Names are loaded when they are first used, so importing the package loads neither NumPy nor Numba.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "SpectralNetwork": "network",
    "CompactNetwork": "compaction",
    "train": "trainer",
    "prune": "pruning",
    "compact": "compaction",
    "insert_neurons": "growth",
    "insert_layer": "growth",
    "collapse_layer": "growth",
    "search": "architecture",
    "sweep": "sweeps",
    "SpectralCoreError": "errors",
    "InvalidInputError": "errors",
    "ModelFileError": "errors",
    "DivergenceError": "errors",
}
_RARE = {
    "train_ensemble": "ensembles",
    "Predictor": "predictor",
    "DataFileError": "errors",
    "MissingDependencyError": "errors",
    "BackendError": "errors",
}
"""Found here too, but not listed."""

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name) or _RARE.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_RARE])
