"""Spectral neural networks: train the eigenvalues and eigenvectors of A = Φ Λ Φ⁻¹ instead of the weights.

Names are loaded when they are first used, so importing the package loads neither NumPy nor Numba.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "SpectralNetwork": "network",
    "CompactNetwork": "compaction",
    "Predictor": "predictor",
    "train": "trainer",
    "compact": "compaction",
    "search": "architecture",
    "sweep": "sweeps",
    "SpectralCoreError": "errors",
    "InvalidInputError": "errors",
    "DataFileError": "errors",
    "ModelFileError": "errors",
    "DivergenceError": "errors",
    "MissingDependencyError": "errors",
    "BackendError": "errors",
}

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
