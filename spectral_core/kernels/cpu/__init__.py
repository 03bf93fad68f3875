"""Printed kernels for the CPU. Do not edit; `python -m derivations` writes them."""
