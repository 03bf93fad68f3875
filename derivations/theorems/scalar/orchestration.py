"""The formulas between the parts of a step: means over mini-batches and epochs, corrections, thresholds, the l2 term.

A sum Σ a_i is reached part by part. Its first n parts make A(n) - A(0), where a_{n+1} = A(n+1) - A(n); every sequence of
parts is such a sequence of differences, so A is a function of which nothing else is known.
"""

from collections.abc import Callable
from typing import Any

import sympy as sp

from derivations.proof.claims import Claim, Recursion
from derivations.proof.programs import Program
from derivations.proof.running import slope as derivative
from derivations.proof.stated import Definition, With, at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar import losses, schedules
from derivations.theorems.scalar.scalar_programs import result_of, scalar_program

total, part, outputs = sp.symbols("total part outputs", positive=True)
value, mean, loss_sum, weight, slope, share = sp.symbols("value mean loss_sum weight slope share", real=True)
beta, rate, strength, factor, threshold, ridge = sp.symbols("beta rate strength factor threshold ridge", positive=True)
step = sp.Symbol("step", integer=True, nonnegative=True)

GROWN_SUM = scalar_program("grown_sum", "a sum with its next part", "O.batch", (total, part), total + part)
SAMPLE_SCALE = scalar_program("sample_scale", "1 / the sum of weights", "O.batch", (total,), 1 / total)
OUTPUT_SCALE = scalar_program(
    "output_scale", "1 / (the sum of weights times outputs)", "O.batch", (total, outputs), 1 / (total * outputs)
)
LOSS_SUM = scalar_program(
    "grown_loss", "the sum of weighted losses, with those of one more mini-batch", "O.epoch", (loss_sum, value, total),
    loss_sum + value * total,
)  # fmt: skip
MEAN_OF = scalar_program("mean_of", "a sum / what it counts", "O.epoch", (loss_sum, total), loss_sum / total)
CHUNK_SHARE = scalar_program(
    "chunk_share", "the share of a chunk in all weight", "O.epoch", (part, total), part / total
)
CHUNK_MEAN = scalar_program(
    "grown_mean", "the part of a mean that is known, with that of one more chunk or sample", "O.epoch",
    (mean, value, part, total), mean + value * part / total,
)  # fmt: skip
OF_SHARE = scalar_program("of_share", "a chunk's value times its share", "O.epoch", (value, share), value * share)
BIAS_CORRECTION = scalar_program("bias_correction", "1 - beta^step", "O.correction", (beta, step), 1 - beta**step)
THRESHOLD = scalar_program("threshold_of", "rate strength", "P.threshold", (rate, strength), rate * strength)
STEP_THRESHOLD = scalar_program(
    "step_threshold", "factor threshold, in one step", "P.threshold", (factor, threshold), factor * threshold
)
RIDGE_VALUE = scalar_program(
    "ridge_value", "value + ridge/2 weight^2", "R.ridge", (value, ridge, weight), value + ridge / 2 * weight**2
)
RIDGE_SLOPE = scalar_program(
    "ridge_slope", "slope + ridge weight", "R.ridge", (slope, ridge, weight), slope + ridge * weight
)
PROGRAMS = (
    *(GROWN_SUM, SAMPLE_SCALE, OUTPUT_SCALE, LOSS_SUM, MEAN_OF, CHUNK_SHARE, CHUNK_MEAN, OF_SHARE, BIAS_CORRECTION),
    *(THRESHOLD, STEP_THRESHOLD, RIDGE_VALUE, RIDGE_SLOPE),
)

A = sp.Function("A", real=True)
"""The sum of the first n parts of any sequence."""
W = sp.Function("W", positive=True)
"""The weight of the n-th mini-batch or chunk."""


def _by_parts(
    proof: Proof,
    name: str,
    text: str,
    following: Callable[..., Any],
    closed: Callable[[Any], Any],
    shown: tuple[str, str],
) -> None:
    """By induction over n: the member n of the sequence that begins with 0 and goes on with `following` is `closed`.

    `shown`: how the closed form is written, in LaTeX and as text, {0} for n.
    """
    n = sp.Symbol("n", integer=True, nonnegative=True)
    sequence = Recursion(
        name, rf"\mathrm{{{{{name}}}}}_{{{{{{0}}}}}}", f"{name}_{{0}}", lambda: sp.S.Zero, following, True
    )
    form = Definition(f"{name}_closed", closed, *shown, True)
    proof.induction(Claim(text, sequence(n), form(n), (n,)), sequence, form, n)


def _telescoped(number: Any) -> Any:
    return A(number) - A(0)


def _mean_of_parts(number: Any) -> Any:
    return _telescoped(number) / total


def _grown(program: Program, before: Callable[[], Any], n: Any) -> Any:
    return result_of(program, total=before(), part=A(n + 1) - A(n))


def _grown_losses(program: Program, before: Callable[[], Any], n: Any) -> Any:
    return result_of(program, loss_sum=before(), value=(A(n + 1) - A(n)) / W(n), total=W(n))


def _grown_mean(program: Program, before: Callable[[], Any], n: Any) -> Any:
    return result_of(program, mean=before(), value=(A(n + 1) - A(n)) / W(n), part=W(n), total=total)


def _decayed(before: Callable[[], Any], _: Any) -> Any:
    return beta * before() + (1 - beta)


def _corrected(program: Program, number: Any) -> Any:
    return result_of(program, step=number)


TELESCOPED = ("A({0}) - A(0)", "A({0}) - A(0)")


def grown_argument(proof: Proof, program: Program = GROWN_SUM) -> None:
    proof.reads(program)
    _by_parts(
        proof, "parts", "the sum of the first n parts",
        With(_grown, (program,)), _telescoped, TELESCOPED,
    )  # fmt: skip


def scale_argument(proof: Proof, samples: Program = SAMPLE_SCALE, both: Program = OUTPUT_SCALE) -> None:
    proof.reads(samples)
    proof.reads(both)
    proof.equal("the shares of all samples sum to 1", total * result_of(samples), 1, "rational")
    proof.equal("the shares of all samples and outputs sum to 1", total * outputs * result_of(both), 1, "rational")
    times = sp.Symbol("times", positive=True)
    for program in losses.PROGRAMS:
        loss = next(assign.value for assign in program.assignments if assign.name == "loss")
        proof.equal(
            f"{program.name} is linear in its scale", at(loss, {losses.scale: times * losses.scale}), times * loss
        )
    # Errors that are all alike: Σ_s w_s is `total`, and each sample counts `outputs` of them.
    error = sp.Symbol("error", real=True)
    (term,) = (assign.value for assign in losses.PROGRAMS[0].assignments if assign.name == "loss")
    alike = at(term, {losses.z: losses.y + error, losses.scale: result_of(both)})
    proof.equal(
        "squared errors that are all alike have themselves as their mean",
        alike / losses.weight.element * total * outputs, error**2, "rational",
    )  # fmt: skip


def batch_argument(proof: Proof) -> None:
    grown_argument(proof)
    scale_argument(proof)


def epoch_argument(proof: Proof, grown: Program = LOSS_SUM, quotient: Program = MEAN_OF) -> None:
    # A mini-batch of weight W(n) has the mean loss (A(n+1) - A(n))/W(n), so its weighted losses sum to A(n+1) - A(n).
    proof.reads(grown)
    proof.reads(quotient)
    _by_parts(
        proof, "losses", "the weighted losses of the samples of n mini-batches, summed",
        With(_grown_losses, (grown,)), _telescoped, TELESCOPED,
    )  # fmt: skip
    proof.equal("the mean times what it counts is the sum", result_of(quotient) * total, loss_sum, "rational")


def chunk_argument(
    proof: Proof, grown: Program = CHUNK_MEAN, its_share: Program = CHUNK_SHARE, times: Program = OF_SHARE
) -> None:
    for program in (grown, its_share, times):
        proof.reads(program)
    _by_parts(
        proof, "means", "the part of the mean that n chunks make",
        With(_grown_mean, (grown,)), _mean_of_parts,
        (r"(A({0}) - A(0)) / \mathrm{{total}}", "(A({0}) - A(0)) / total"),
    )  # fmt: skip
    shared = result_of(times, value=slope / part, share=result_of(its_share))
    proof.equal("so it is with gradients: a chunk's mean times its share", shared, slope / total, "rational")


def _epoch(proof: Proof) -> None:
    epoch_argument(proof)
    chunk_argument(proof)


def correction_argument(proof: Proof, program: Program = BIAS_CORRECTION) -> None:
    proof.reads(program)
    _by_parts(
        proof, "weights", "the weights (1 - β) β^(t-i) of the gradients 1, ..., t in a moment, summed",
        _decayed, With(_corrected, (program,)), (r"1 - \beta^{{{0}}}", "1 - beta^{0}"),
    )  # fmt: skip
    gap = sp.Symbol("gap", positive=True)
    known = sp.Symbol("known", nonnegative=True)
    proof.compare("it stays positive: β c + (1 - β) for 1 - β = gap, c >= 0", beta * known + gap, ">")


def threshold_argument(proof: Proof, program: Program = THRESHOLD, moved: Program = STEP_THRESHOLD) -> None:
    proof.reads(program)
    proof.reads(moved)
    x, theta, penalty = sp.symbols("x theta penalty", real=True)
    # The step from θ: the loss by its gradient, the penalty as it is, and a square that keeps x near θ.
    objective = slope * (x - theta) + strength * penalty + (x - theta) ** 2 / (2 * rate)
    proximal = (x - (theta - rate * slope)) ** 2 / 2 + result_of(program) * penalty
    proof.equal(
        "rate times the objective is that of the proximal map, but for what does not depend on x",
        rate * objective, proximal - rate**2 * slope**2 / 2,
    )  # fmt: skip
    at_factor = result_of(program, rate=result_of(schedules.STEP_RATE, rate=rate))
    proof.equal("at factor · rate", result_of(moved, threshold=result_of(program)), at_factor)


def ridge_argument(proof: Proof, term: Program = RIDGE_VALUE, gradient: Program = RIDGE_SLOPE) -> None:
    proof.reads(term)
    proof.reads(gradient)
    proof.equal("the term is added to the value", result_of(term), value + result_of(term, value=0))
    proof.equal(
        "its derivative is added to the slope", result_of(gradient), slope + derivative(result_of(term), weight),
        "differentiation",
    )  # fmt: skip


THEOREMS = (
    Theorem(
        id="O.batch",
        title="the mean of a mini-batch",
        states=9,
        words="Σ a_i part by part; losses with the scale 1/Σw, or 1/(Σw · outputs), are weighted means",
        method="induction, linearity in the scale",
        argument=batch_argument,
        scope="every number of samples and outputs",
    ),
    Theorem(
        id="O.epoch",
        title="the mean of an epoch",
        states=4,
        words="Σ_b W_b ℓ_b / Σ_b W_b is the weighted mean over all samples, as is Σ_b ℓ_b W_b/W over chunks",
        method="induction over mini-batches",
        argument=_epoch,
        scope="every number of mini-batches",
    ),
    Theorem(
        id="O.correction",
        title="bias correction",
        states=2,
        words="1 - β^t is the sum of the weights (1 - β) β^(t-i), i = 1, ..., t, and positive for 0 < β < 1, t >= 1",
        method="induction over steps",
        argument=correction_argument,
        scope="every number of steps",
        reference="arXiv 1412.6980",
    ),
    Theorem(
        id="P.threshold",
        title="the threshold of a proximal step",
        states=2,
        words="argmin g·(x - θ) + ρ R(x) + ‖x - θ‖²/(2 rate) is the proximal map of R at θ - rate g with threshold rate · ρ",
        method="completing the square",
        argument=threshold_argument,
        scope="each parameter by itself",
        reference="Parikh and Boyd, Proximal Algorithms (2014)",
    ),
    Theorem(
        id="R.ridge",
        title="the l2 term of L-BFGS",
        states=2,
        words="½ρ w² has the derivative ρ w",
        method="differentiation",
        argument=ridge_argument,
        scope="each weight by itself",
    ),
)
