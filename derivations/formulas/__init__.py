"""The little language of `spectral-core verify --formula`: reads an identity of blocks and proves or refutes it."""
