"""Printed kernels for CUDA. Do not edit; `python -m derivations` writes them."""
