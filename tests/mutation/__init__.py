"""Mutation testing of the derivations and the kernels: `python -m tests.mutation`.

Every change that `operators` can make to a file, one at a time, is judged in a process of its own. A mutant of a
derivation must be refused by a proof, give other files than those checked in, or fail the tests of the rules; a mutant
of a kernel must fail the `battery` that compares the kernels, run as plain Python, with brute force. What no judge
notices must be listed in `equivalent.toml` with a proof that it computes the same.
"""
