"""Spectral neural networks: train the eigenvalues and eigenvectors of A = Φ Λ Φ⁻¹ instead of the weights.

Names are loaded when they are first used, so importing the package loads neither NumPy nor Numba.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the names below, for type checkers and editors
    from spectral_core.architecture.image_search import search_images
    from spectral_core.architecture.search import search
    from spectral_core.data.images import load_images
    from spectral_core.errors import (
        BackendError,
        DataFileError,
        DivergenceError,
        InvalidInputError,
        MissingDependencyError,
        ModelFileError,
        SpectralCoreError,
    )
    from spectral_core.estimators.classifier import SpectralClassifier
    from spectral_core.estimators.regressor import SpectralRegressor
    from spectral_core.networks.compact import CompactNetwork
    from spectral_core.networks.image import ImageNetwork
    from spectral_core.networks.predictor import Predictor
    from spectral_core.networks.spectral import SpectralNetwork
    from spectral_core.resizing.collapse import collapse_layer
    from spectral_core.resizing.compaction import compact
    from spectral_core.resizing.insert import insert_layer, insert_neurons
    from spectral_core.resizing.pruning import prune
    from spectral_core.sweeps.grid import sweep
    from spectral_core.training.ensemble import train_ensemble
    from spectral_core.training.trainer import train

__version__ = "0.1.0"

_HOME = {
    "SpectralNetwork": "networks.spectral",
    "CompactNetwork": "networks.compact",
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
    "SpectralClassifier": "estimators.classifier",
    "SpectralRegressor": "estimators.regressor",
    "MissingDependencyError": "errors",
    "BackendError": "errors",
    "ImageNetwork": "networks.image",
    "load_images": "data.images",
    "search_images": "architecture.image_search",
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
