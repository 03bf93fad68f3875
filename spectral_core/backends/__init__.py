"""Running the kernels: on the CPU, or on a GPU."""
