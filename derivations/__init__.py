"""Why the kernels are right: proofs of the formulas, and the generator that prints the kernels from them.

Reading order: `notation`, `algebra`, `nilpotency` (M1), `two_layers` (M2), `inversion` (M3), `blocks` (M4),
`spectrum` (M5), `path_tensor` (M6), `propagation` (M7), `adjoint` (M8), `gauge` (M9), `silence` (M10, M11),
`activations`, then `codegen`. Rounding stands by itself: `rounding`, `exponential`, `exponential_error` (E), `accuracy`.
"""
