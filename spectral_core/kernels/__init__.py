"""The numeric kernels: printed files, and in `support` what they stand on."""
