"""Written by hand, for the printed kernels: the layout of parameters, the order of samples, names of numba-cuda."""
