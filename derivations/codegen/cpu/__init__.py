"""Printers of the kernels for the CPU."""
