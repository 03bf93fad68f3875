"""Printers of the kernels for CUDA."""
