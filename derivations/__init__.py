"""Why the kernels are right: proofs of the formulas, and the generator that prints the kernels from them.

Reading order: `notation`, `rules` (what is trusted), `algebra`, `nilpotency` (M1), `two_layers` (M2), `inversion` (M3),
`blocks` (M4), `spectrum` (M5), `path_tensor` (M6), `propagation` (M7), `adjoint` (M8), `gauge` (M9), `silence` (M10,
M11), `growth` (M12-M14), `compensation` (M15), `merging` (M16), `leave_one_out` (M17),
`identities` (M18), `kinks` (M19), `projection` and `factors` (M20), `masking` (M21), `saliency` (M22), `scale` (M23, M24), then `codegen`.
`formulas` decides identities of a user.
"""
