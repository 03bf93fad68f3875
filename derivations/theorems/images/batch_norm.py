"""I8: batch norm in training, value and adjoint.

No normalised array is stored. The value is y = a x + b with two numbers a channel; the adjoint is x̄ = a ȳ + k1 x + k0. A
reader takes x through (a, b), and relu behind it recomputes its mask from them. σ = √(variance + ε) is kept; the
variance is its square less ε.
"""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import whole
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.rules import cotangents, marker
from derivations.proof.running import bars as bars_of
from derivations.proof.running import run
from derivations.proof.stated import at, definition, meaning
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import only, stored_step, value_of

EVERY = (s, n.r, n.q)
"""What a batch norm averages over: samples, rows and columns."""


def per_channel(name: str, meaning: str, kind: str = "scratch") -> Array:
    """One number a channel."""
    return Array(name, (n.c,), kind, meaning)


epsilon = sp.Symbol("epsilon")
mean, deviation = per_channel("mean", "μ, mean of x"), per_channel("deviation", "σ = √(v + ε)")
squares = per_channel("squares", "M = Σ (x - μ)² = n v")
gamma, beta = per_channel("gamma", "γ, scale", "parameter"), per_channel("beta", "β, shift", "parameter")
dgamma, dbeta = per_channel("dgamma", "∂ℓ/∂γ", "gradient"), per_channel("dbeta", "∂ℓ/∂β", "gradient")
scale, shift = per_channel("scale", "a = γ/σ"), per_channel("shift", "b = β - a μ")
dscale, dshift = per_channel("dscale", "ā = Σ ȳ x"), per_channel("dshift", "b̄ = Σ ȳ")
linear, constant = per_channel("linear", "k1, the factor of x in x̄"), per_channel("constant", "k0, the constant in x̄")
normed = n.plane("normed", (s, n.c, n.r, n.q), "y = a x + b")
dnormed = n.plane("dnormed", (s, n.c, n.r, n.q), "∂ℓ/∂y")
x, dx = n.x.element, n.dx.element

SUMS = Program(
    "batch_norm_sums",
    "mean and sum of squared distances of a block",
    ("I8",),
    (n.x, mean, squares),
    (
        Assign(mean.element, x / n.count, over=EVERY),
        Assign(squares.element, (x - mean.element) ** 2, over=EVERY),
    ),
    scalars=("count",),
)
COEFFICIENTS = Program(
    "batch_norm_coefficients",
    "the value of a batch norm as a x + b",
    ("I8",),
    (squares, mean, gamma, beta, deviation, scale, shift),
    (
        Assign(deviation.element, sp.sqrt(squares.element / n.count + epsilon)),
        Assign(scale.element, gamma.element / deviation.element),
        Assign(shift.element, beta.element - scale.element * mean.element),
    ),
    scalars=("count", "epsilon"),
)
VALUE = Program(
    "batch_norm",
    "value of a batch norm",
    ("I8", "I9"),
    (n.x, scale, shift, normed),
    (Assign(normed.element, scale.element * x + shift.element),),
)
ADJOINT_SUMS = Program(
    "batch_norm_adjoint_sums",
    "the two sums of the adjoint of a batch norm, and with them the gradients of gamma and beta",
    ("I8",),
    (n.x, dnormed, mean, deviation, dgamma, dbeta),
    (
        Assign(dbeta.element, dnormed.element, over=EVERY),
        Assign(dgamma.element, dnormed.element * (x - mean.element) / deviation.element, over=EVERY),
    ),
)
ADJOINT_COEFFICIENTS = Program(
    "batch_norm_adjoint_coefficients",
    "the adjoint of a batch norm as a dy + k1 x + k0",
    ("I8",),
    (scale, deviation, mean, dgamma, dbeta, linear, constant),
    (
        Assign(linear.element, -scale.element * dgamma.element / (n.count * deviation.element)),
        Assign(constant.element, -scale.element * dbeta.element / n.count - linear.element * mean.element),
    ),
    scalars=("count",),
)
ADJOINT = Program(
    "batch_norm_adjoint",
    "adjoint of a batch norm in one pass",
    ("I8",),
    (n.x, dnormed, scale, linear, constant, n.dx),
    (Assign(dx, scale.element * dnormed.element + linear.element * x + constant.element),),
)
VARIANCE = deviation.element**2 - epsilon
"""v, from σ."""


def total(expression: sp.Expr) -> sp.Expr:
    """Sums over all of a channel by the statistics: Σ 1 = n, Σ x = n μ, Σ x² = n (v + μ²); v = σ² - ε."""
    everything, result = sp.Mul(*map(marker, EVERY)), sp.S.Zero
    moments = {0: n.count, 1: n.count * mean.element, 2: n.count * (VARIANCE + mean.element**2)}
    for term in sp.Add.make_args(sp.expand(expression)):
        if not term.has(everything.args[0]):
            result += term
            continue
        inner = sp.cancel(term / everything)
        power = sp.degree(inner, x) if inner.has(x) else 0
        if inner.has(marker(s)) or power not in moments or sp.cancel(inner / x**power).has(x):
            raise ValueError(f"{term} is no multiple of a moment")
        result += sp.cancel(inner / x**power) * moments[power]
    return result


@definition("total", r"\mathrm{{by\ moments}}\ \left({0}\right)", "({0}) by moments", commutative=True)
def total_of(expression: sp.Expr) -> sp.Expr:
    """`total`, unevaluated."""
    return total(meaning(expression))


Bars = dict[str, sp.Expr]


def bars_of_statistics(proof: Proof, value: Program, coefficients: Program) -> Bars:
    """The cotangents of γ, β, mean and squares, and the direct one of x, by reverse accumulation."""
    seed = {"normed": dnormed.element}
    bars, stated = cotangents(value.assignments, seed), bars_of(value.assignments, seed)
    everything = sp.Mul(*map(marker, EVERY))
    proof.equal("ā = Σ ȳ x", stated["scale"], everything * dnormed.element * x, "reverse accumulation")
    proof.equal("b̄ = Σ ȳ", stated["shift"], everything * dnormed.element, "reverse accumulation")
    inner = cotangents(coefficients.assignments, {"scale": dscale.element, "shift": dshift.element})
    root = squares.element / n.count + epsilon  # its root is σ
    named = {
        name: bar.replace(lambda t: t.is_Pow and t.base == root, lambda t: deviation.element ** (2 * t.exp))
        for name, bar in inner.items()
    }
    return {**named, "x": bars["x"]}


def through_statistics(proof: Proof, statistics: Program, bars: Bars) -> sp.Expr:
    """x̄: the direct part, and what mean and squares bring."""
    averaged, squared = statistics.assignments
    seed = {"squares": bars["squares"]}
    part, stated = cotangents((squared,), seed), bars_of((squared,), seed)
    proof.equal("Σ (x - μ) = 0, so squares have no slope in μ", total_of(stated["mean"]), 0)
    return sp.expand(bars["x"] + part["x"] + cotangents((averaged,), {"mean": bars["mean"]})["x"])


def training_argument(
    proof: Proof,
    statistics: Program = SUMS,
    coefficients: Program = COEFFICIENTS,
    value: Program = VALUE,
    sums: Program = ADJOINT_SUMS,
    adjoint_coefficients: Program = ADJOINT_COEFFICIENTS,
    adjoint: Program = ADJOINT,
) -> None:
    """Every line of the programs, for every number n of values a channel."""
    everything = sp.Mul(*map(marker, EVERY))
    stored_step(proof, statistics, coefficients, value, sums, adjoint_coefficients, adjoint)
    # The value.
    first, second = statistics.assignments
    proof.same("μ is the mean", whole((first,)), [Assign(mean.element, x / n.count, EVERY)])
    distance = (x - mean.element) ** 2
    proof.same("M = Σ (x - μ)²", whole((second,)), [Assign(squares.element, distance, EVERY)])
    root, scaling, shifting = coefficients.assignments
    factor = scaling.value
    proof.equal("σ² = M/n + ε", value_of(root) ** 2, squares.element / n.count + epsilon)
    put = at(value_of(only(value)), {shift.element: value_of(shifting)})
    put = at(put, {scale.element: value_of(scaling)})
    normal = gamma.element * (x - mean.element) / deviation.element + beta.element
    proof.equal("a x + b = γ (x - μ)/σ + β", put, normal, "rational")
    # Its adjoint.
    bars = bars_of_statistics(proof, value, coefficients)
    truth = through_statistics(proof, statistics, bars)
    claimed = run(sums.assignments)
    dot, plain = everything * dnormed.element * x, everything * dnormed.element
    for name, letter in (("gamma", "γ"), ("beta", "β")):
        by_sums = bars[name].xreplace({dscale.element: dot, dshift.element: plain})
        proof.equal(f"{letter}̄", claimed[f"d{name}"], sp.expand(by_sums), "reverse accumulation")
    by_sums = {dscale.element: deviation.element * dgamma.element + mean.element * dbeta.element}
    truth = truth.xreplace({**by_sums, dshift.element: dbeta.element}).xreplace({scale.element: factor})
    k1, k0 = (line.value for line in adjoint_coefficients.assignments)
    one, other = map(value_of, adjoint_coefficients.assignments)
    mine = at(value_of(only(adjoint)), {constant.element: other})
    mine = at(at(mine, {linear.element: one}), {scale.element: factor})
    proof.equal("x̄ = a ȳ + k1 x + k0", mine, truth, "rational")
    hat = (x - mean.element) / deviation.element
    published = gamma.element / deviation.element
    published *= dnormed.element - dbeta.element / n.count - hat * dgamma.element / n.count
    proof.equal("= γ/σ (ȳ - β̄/n - x̂ γ̄/n)", mine, published, "rational")
    free_checks(proof, k1, k0.xreplace({linear.element: k1}))


def free_checks(proof: Proof, k1: sp.Expr, k0: sp.Expr) -> None:
    """Three identities that every gradient can be checked by, with k1 and k0 of the programs."""
    a, mu, sigma = scale.element, mean.element, deviation.element
    added = sp.Mul(*map(marker, EVERY)) * (k1 * x + k0)
    plain = a * dbeta.element + total(added)
    proof.equal("Σ x̄ = 0", a * dbeta.element + total_of(added), 0, "rational")
    hat = total(sp.expand(sp.Mul(*map(marker, EVERY)) * (k1 * x + k0) * (x - mu) / sigma))
    weighted = a * dgamma.element + hat
    proof.equal("Σ x̄ x̂ = a γ̄ ε/σ²", weighted, a * dgamma.element * epsilon / sigma**2, "rational")
    inner = sigma * weighted + mu * plain
    proof.equal("⟨x̄, x⟩ = a γ̄ ε/σ, 0 for ε = 0", inner, a * dgamma.element * epsilon / sigma, "rational")
    alpha, delta = sp.Symbol("alpha", positive=True), sp.Symbol("delta", real=True)
    moved = (alpha * x + delta - (alpha * mu + delta)) / (alpha * sigma)
    proof.equal(
        "ε = 0: α x + δ has μ' = α μ + δ, σ' = α σ for α > 0, and the same x̂",
        moved,
        (x - mu) / sigma,
        "rational",
    )
    proof.equal(
        "its σ'² is α² v",
        total_of(sp.Mul(*map(marker, EVERY)) * (alpha * (x - mu)) ** 2),
        alpha**2 * n.count * VARIANCE,
    )


ONE_CHANNEL = ("σ > 0: ε > 0, or x is not constant in the channel",)
I8 = Theorem(
    id="I8",
    title="batch norm in training",
    states=14,
    words="y = a x + b, a = γ/σ, b = β - a μ, σ² = v + ε, v = M/n; β̄ = Σ ȳ, γ̄ = Σ ȳ x̂, x̄ = a ȳ + k1 x + k0 = γ/σ (ȳ - β̄/n - x̂ γ̄/n) "
    "with k1 = -a γ̄/(n σ), k0 = -a β̄/n - k1 μ; Σ x̄ = 0, Σ x̄ x̂ = a γ̄ ε/σ²; for ε = 0, y(α x + δ) = y(x) and ⟨x̄, x⟩ = 0",
    method="reverse accumulation, moments of a channel",
    argument=training_argument,
    assumptions=ONE_CHANNEL,
    reference="Ioffe and Szegedy, ICML 2015",
    scope="every number of samples, channels, rows and columns",
)
