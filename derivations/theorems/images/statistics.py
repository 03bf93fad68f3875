"""I8.blocks: the statistics of two parts of a batch as those of both, and the running statistics."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from derivations.proof.assignments import Assign
from derivations.proof.programs import Program
from derivations.proof.rules import marker
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import stored_step, value_of
from derivations.theorems.images.batch_norm import EVERY, VARIANCE, mean, per_channel, squares, total_of, x

theta = sp.Symbol("theta")
mean_a, mean_b = per_channel("mean_a", "μ of the first part"), per_channel("mean_b", "μ of the second part")
squares_a, squares_b = per_channel("squares_a", "M of the first part"), per_channel("squares_b", "M of the second part")
count_a, count_b = sp.symbols("count_a count_b", integer=True, positive=True)
running_mean = per_channel("running_mean", "m, running mean", "argument")
running_variance = per_channel("running_variance", "u, running variance", "argument")
new_mean = replace(per_channel("new_mean", "m after the batch", "argument"), store="running_mean")
new_variance = replace(per_channel("new_variance", "u after the batch", "argument"), store="running_variance")
step = mean_b.element - mean_a.element

MERGE = Program(
    "batch_norm_merge",
    "mean and squares of two parts as those of both",
    ("I8.blocks",),
    (mean_a, mean_b, squares_a, squares_b, mean, squares),
    (
        Assign(mean.element, mean_a.element + step * count_b / (count_a + count_b)),
        Assign(
            squares.element, squares_a.element + squares_b.element + step**2 * count_a * count_b / (count_a + count_b)
        ),
    ),
    scalars=("count_a", "count_b"),
)
RUNNING = Program(
    "batch_norm_running",
    "running mean and unbiased running variance",
    ("I8.blocks",),
    (mean, squares, running_mean, running_variance, new_mean, new_variance),
    (
        Assign(new_mean.element, (1 - theta) * running_mean.element + theta * mean.element),
        Assign(new_variance.element, (1 - theta) * running_variance.element + theta * squares.element / (n.count - 1)),
    ),
    scalars=("theta", "count"),
)


def blocks_argument(proof: Proof, merge: Program = MERGE, running: Program = RUNNING) -> None:
    """n μ = Σ x and M + n μ² = Σ x² add up; for a part of one value, M = 0."""
    stored_step(proof, merge, running)
    together, spread = map(value_of, merge.assignments)
    first, second = count_a * mean_a.element, count_b * mean_b.element
    proof.equal("Σ x of both parts", (count_a + count_b) * together, first + second, "rational")
    moments = squares_a.element + first * mean_a.element + squares_b.element + second * mean_b.element
    proof.equal("Σ x² of both parts", spread + (count_a + count_b) * together**2, moments, "rational")
    everything = sp.Mul(*map(marker, EVERY))
    expanded = total_of(everything * (x - mean.element) ** 2)
    proof.equal("M = Σ x² - n μ², with Σ x² = n (v + μ²)", expanded, n.count * VARIANCE, cites=["I8"])
    kept, unbiased = map(value_of, running.assignments)
    proof.equal("m moves by θ towards μ", kept - running_mean.element, theta * (mean.element - running_mean.element))
    biased = at(unbiased, {squares.element: n.count * VARIANCE})
    target = VARIANCE * n.count / (n.count - 1)
    proof.equal(
        "u moves by θ towards v n/(n-1)",
        biased - running_variance.element,
        theta * (target - running_variance.element),
        "rational",
    )


I8_BLOCKS = Theorem(
    id="I8.blocks",
    title="statistics of two parts",
    states=5,
    words="μ = μ_A + (μ_B - μ_A) n_B/n, M = M_A + M_B + (μ_B - μ_A)² n_A n_B/n; m ← (1-θ) m + θ μ, u ← (1-θ) u + θ v n/(n-1)",
    method="rational identities",
    argument=blocks_argument,
    assumptions=("n = n_A + n_B, both at least 1; n >= 2 for the running variance",),
    reference="Chan, Golub and LeVeque, The American Statistician 37 (1983)",
    scope="every split of the values of a channel",
)
