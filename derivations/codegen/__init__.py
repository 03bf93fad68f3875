"""Proven programs printed as Numba source."""
