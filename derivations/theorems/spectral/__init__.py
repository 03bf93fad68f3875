"""Theorems about spectral networks, M1 to M22."""
