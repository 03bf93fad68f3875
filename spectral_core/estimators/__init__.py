"""Estimators for scikit-learn: the only package that imports it at the top."""

from spectral_core.estimators.classifier import SpectralClassifier as SpectralClassifier
from spectral_core.estimators.regressor import SpectralRegressor as SpectralRegressor
