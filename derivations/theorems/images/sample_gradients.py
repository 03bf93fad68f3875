"""I17: gradients of each sample apart. S5: with frozen statistics the samples are apart. S6: in training their sum is known.

The train-free score of a network is the condition of J Jᵀ, row i of J the gradient of f_i, the sum of the logits of
sample i. With frozen statistics one adjoint pass gives all rows: the sums over samples are left out. In training mode every
row depends on the whole batch, and the rows of a batch add up to a vector that no weight before the tower has a part in.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import first_indices, heads
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.rules import marker
from derivations.proof.running import bars, run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.proof.windows import sums
from derivations.theorems.images import batch_norm as bn
from derivations.theorems.images import convolution as conv
from derivations.theorems.images import gates, pointwise, towers
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import only, value_of


def apart(program: Program) -> Program:
    """The program with its sums over samples left out: every target has the sample as its first index."""
    lines, arrays = [], {array.name: array for array in program.arrays}
    for line in program.assignments:
        indices = (s, *line.free)
        old = arrays.pop(line.name, Array(line.name, (), "argument", "the slope of a gate"))
        array = replace(old, name=f"{line.name}_samples", indices=indices, kind="argument")
        arrays[array.name] = array
        lines.append(Assign(array.element, line.value, tuple(i for i in line.over if i != s)))
    name, what = f"{program.name}_samples", f"{program.summary}, of each sample"
    return Program(name, what, ("I17",), tuple(arrays.values()), tuple(lines), program.scalars)


SLOPE = Program(
    "gate_weights",
    "slope of a gate",
    ("I13",),
    (gates.given, gates.dpassed),
    (Assign(gates.dgate, gates.dpassed.element * gates.given.element, over=gates.EVERYTHING),),
)
BIAS = Program(
    "tower_bias",
    "gradients of a tower's weights and bias",
    ("I12",),
    (towers.pooled, towers.dlogits, towers.dV, towers.dbias),
    towers.TOWER_ADJOINT.assignments[:2],
)
SUMMED = (
    conv.DEPTHWISE_WEIGHTS,
    conv.DEPTHWISE_PHASES_WEIGHTS,
    pointwise.POINTWISE_WEIGHTS,
    pointwise.STEM_WEIGHTS,
    bn.ADJOINT_SUMS,
    SLOPE,
    BIAS,
)
APART = tuple(map(apart, SUMMED))


def samples_argument(proof: Proof, programs: tuple[Program, ...] = APART) -> None:
    """Each line, summed over samples, is that of the gradient."""
    for program, whole in zip(programs, SUMMED, strict=True):
        for line, truth in zip(program.assignments, whole.assignments, strict=True):
            mine = marker(s) * sums(*line.over) * value_of(line)
            proof.equal(
                f"{whole.name}: Σ_s of {line.name} is {truth.name}",
                mine,
                sums(*truth.over) * value_of(truth),
                cites=whole.theorems,
            )
            over = tuple(i for i in truth.over if i != s)
            own = [(sp.IndexedBase(f"{truth.name}_samples")[(s, *truth.free)], over, "sum", False)]
            proof.same(f"{line.name}: one for each sample", heads((line,)), own)
        proof.reads(program)


I17 = Theorem(
    id="I17",
    title="gradients of each sample",
    states=9,
    words="without its sum over samples every line for a parameter (I2, I3, I4, I8, I12, I13) gives the gradient of one sample's part; the "
    "sum over samples is the gradient",
    method="index sums",
    argument=samples_argument,
    scope="every size",
)

# --- S5 ---------------------------------------------------------------------------------------------------------------

FROZEN_ADJOINT = Program(
    "batch_norm_frozen_adjoint",
    "adjoint of a batch norm whose statistics are constants",
    ("S5",),
    (bn.scale, bn.dnormed, n.dx),
    (Assign(n.dx.element, bn.scale.element * bn.dnormed.element),),
)
weight = Array("weight", (s,), "argument", "z̄_s, what the loss makes of sample s")
BARS = {"dy", "dz", "dout", "dnormed", "dpassed", "dlogits"}
ADJOINTS = (
    conv.DEPTHWISE_ADJOINT,
    conv.DEPTHWISE_PHASES_ADJOINT,
    pointwise.POINTWISE_ADJOINT,
    FROZEN_ADJOINT,
    towers.GLOBAL_MEAN_ADJOINT,
)


def frozen_argument(proof: Proof, frozen: Program = FROZEN_ADJOINT) -> None:
    """a and b are constants: the adjoint is a ȳ, and no line mixes samples."""
    back = bars(bn.VALUE.assignments, {"normed": bn.dnormed.element})
    own = value_of(only(frozen))
    proof.reads(frozen)
    proof.equal("x̄ = a ȳ for constants a and b", own, back["x"], "reverse accumulation")
    k1, k0 = bn.linear.element, bn.constant.element
    whole = at(value_of(only(bn.ADJOINT)), {k1: 0, k0: 0})
    proof.equal(
        "it is I8 without k1 and k0, which come from the statistics alone",
        own,
        whole,
        cites=["I8"],
    )
    for program in (*ADJOINTS[:3], frozen, ADJOINTS[4]):
        first = first_indices(program.assignments, ("w", "W", "scale"))
        proof.same(f"{program.name}: sample s alone is read for sample s", first, {s})
    for program, whole_program in zip(APART, SUMMED, strict=True):
        for line, truth in zip(program.assignments, whole_program.assignments, strict=True):
            scaled = {e: weight.element * e for e in truth.operands if str(e.base) in BARS}
            ordinary = sums(*truth.over) * at(value_of(truth), scaled)
            rows = marker(s) * weight.element * sums(*line.over) * value_of(line)
            proof.equal(
                f"{truth.name} for the bars z̄_s ȳ_s is Σ_s z̄_s times row s",
                ordinary,
                rows,
                cites=["I17"],
            )


S5 = Theorem(
    id="S5",
    title="frozen statistics",
    states=11,
    words="with μ and v of every batch norm as constants, row s of the parameters' slopes comes from sample s alone, one adjoint pass gives "
    "all rows, Σ_s z̄_s (row s) is the gradient of the evaluation form at (μ, v), and a network without batch norms has the "
    "same rows in training",
    method="reverse accumulation, index sums",
    argument=frozen_argument,
    scope="every size",
)

# --- S6 ---------------------------------------------------------------------------------------------------------------


def known_sum_argument(proof: Proof, shift: sp.Expr | None = None) -> None:
    """Σ_s f_s, when the tower stands behind a batch norm in training."""
    _, factor, offset = (line.value for line in bn.COEFFICIENTS.assignments)
    everything = sp.Mul(*map(marker, bn.EVERY))
    value = bn.scale.element * n.x.element + (offset if shift is None else shift)
    summed = at(bn.total_of(everything * value), {bn.scale.element: factor})
    proof.equal(
        "Σ over samples and pixels of a x + b is n β: no x, no γ",
        summed,
        n.count * bn.beta.element,
        "rational",
        ["I8"],
    )
    mean = Array("mean_s", (n.c,), "argument", "Σ_s of a plane's mean").element
    logits = (Assign(sp.Symbol("f"), towers.V.element * mean + 0, over=(n.o, n.c)),)
    samples = sp.Symbol("samples", positive=True)
    value = run(logits, {"mean_s": samples * bn.beta.element})["f"]
    truth = samples * marker(n.o) * marker(n.c) * towers.V.element * bn.beta.element
    proof.equal("Σ_s f_s = samples Σ V β + samples Σ e", value, truth, "program", ["I11", "I12"])
    slope = at(bars(logits, {"f": sp.S.One})["V"], {mean: samples * bn.beta.element})
    proof.equal("its slope in V is samples β", slope, samples * bn.beta.element, "reverse accumulation")
    proof.equal("which is 0 at β = 0, where training begins", at(slope, {bn.beta.element: 0}), n.ZERO)


S6 = Theorem(
    id="S6",
    title="the rows of a batch add up to nothing",
    states=4,
    words="a tower behind a batch norm in training: Σ_s f_s = samples Σ_o (Σ_c V β + e), so 1ᵀJ = 0 in every parameter but V, β and e, and in V too "
    "where β = 0: J Jᵀ of b batches over convolutions, γ, gates and V has b null vectors, and its condition is infinite",
    method="moments of a channel",
    argument=known_sum_argument,
    assumptions=("J over the parameters called weight: convolutions, γ, gates and V, not β and e",),
    scope="every size",
)
