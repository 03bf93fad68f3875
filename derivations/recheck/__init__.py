"""The second route: every theorem re-derived by brute force, sharing nothing with the SymPy proofs.

Reading order: `field` (numbers modulo a random prime, with a bound of their complexity), `dense` (the definitions),
`point` (one random point), `statements` and the modules `..._statements` (the formulas under test), `networks` and
`changes` (M1-M16), `neurons` and `removals` (M17-M22), `scales` (M23, M24), `functions` and `training` (activations, losses, penalties,
proximal maps, optimizers), `planes` (the definitions on planes), `image_operations`, `norms`, `graphs` and `spectra_of_channels` (image
networks), `evidence` (the record). The standard library is all they need. `python -m derivations.recheck` runs it.

`exact` stands apart: it compares the compiled kernels with the same brute force, on numbers on which floats are exact.
"""
