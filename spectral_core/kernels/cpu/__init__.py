"""Printed kernels for the CPU. Do not edit; `python -m derivations` writes them."""

from spectral_core.kernels.support import cache  # noqa: F401  (imported first, so that Numba can keep the kernels)
