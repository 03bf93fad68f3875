"""Spectral neural networks: train the eigenvalues and eigenvectors of A = Φ Λ Φ⁻¹ instead of the weights.

Names are loaded when they are first used, so importing the package loads neither NumPy nor Numba.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "SpectralNetwork": "networks.spectral",
    "CompactNetwork": "resizing.compaction",
    "train": "training.trainer",
    "prune": "resizing.pruning",
    "compact": "resizing.compaction",
    "insert_neurons": "resizing.insert",
    "insert_layer": "resizing.insert",
    "collapse_layer": "resizing.collapse",
    "search": "architecture.search",
    "sweep": "sweeps.grid",
    "SpectralCoreError": "errors",
    "InvalidInputError": "errors",
    "ModelFileError": "errors",
    "DivergenceError": "errors",
}
_RARE = {
    "train_ensemble": "training.ensemble",
    "Predictor": "networks.predictor",
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
