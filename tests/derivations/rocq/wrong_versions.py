"""Wrong versions of the definitions and theorems in Rocq. The compiler must refuse each of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """One edit of a file that makes a theorem false, or ill typed."""

    name: str
    file: str
    right: str
    wrong: str


WRONG_VERSIONS = (
    # signs
    Wrong("M3: Σ without its signs", "network.v", "((-1) ^+ i * x ^+ i)", "(1 ^+ i * x ^+ i)"),
    Wrong("M3: blocks of the inverse without their sign", "network.v", "j => (-1) ^+ (i - j) *: P i j", "j => P i j"),
    Wrong(
        "M4: L φ - φ L", "network.v", "((phi i *m L i - L i.+1 *m phi i) *m P", "((L i.+1 *m phi i - phi i *m L i) *m P"
    ),
    Wrong("M4: W without its sign", "network.v", "W i j := (-1) ^+ (i - j) *: (", "W i j := 1 *: ("),
    Wrong("M7: u = f(z) + v", "network.v", "*m u i')) - phi i' *m u i'", "*m u i')) + phi i' *m u i'"),
    Wrong("M8: ū with + φᵀ ū", "adjoint.v", "*m bz i - (phi i)^T *m bu", "*m bz i + (phi i)^T *m bu"),
    Wrong("M8: φ̄ with + ū uᵀ", "adjoint.v", "*m bM i - bu i.+1 *m (u i)^T", "*m bM i + bu i.+1 *m (u i)^T"),
    Wrong("M8: λ̄ of the receiving layer without its sign", "adjoint.v", "\\row_h - \\sum_k", "\\row_h \\sum_k"),
    Wrong("M8: tangent of u with + v'", "whole.v", "- (phi' i' *m u i' +", "+ (phi' i' *m u i' +"),
    Wrong("M2: λ_out - λ_in", "steps.v", ") h k = (a 0 k - b 0 h) * phi h k.", ") h k = (b 0 h - a 0 k) * phi h k."),
    Wrong("M10: λ_in + λ_out", "steps.v", "phi h k * (a 0 k - b 0 h) = 0) ->", "phi h k * (a 0 k + b 0 h) = 0) ->"),
    Wrong("M12: the short layer is + φ φ", "steps.v", "short := - (phi2 *m phi) in", "short := phi2 *m phi in"),
    Wrong("M14: the new layer is + I", "steps.v", "next f (- 1%:M) a a u = u", "next f 1%:M a a u = u"),
    Wrong("M15: the ridge is subtracted", "neurons.v", "  W *m (X^T *m X + rho%:M) =", "  W *m (X^T *m X - rho%:M) ="),
    # an index that is off by one
    Wrong(
        "M1: the power's block stands at i + k = j", "network.v", "if i == (j + k)%N then P", "if (i + k)%N == j then P"
    ),
    Wrong("M1: N to the power B is 0", "network.v", "(i < K)%N -> powN K i j = 0", "(i < K)%N -> powN B i j = 0"),
    Wrong("M3: C(B+1, i)", "network.v", "^+ i) *+ 'C(B.+1, i.+1).", "^+ i) *+ 'C(B.+1, i)."),
    Wrong(
        "M3: the sum ends at B - 1",
        "network.v",
        "\\sum_(i < K) ((-1) ^+ i *: power",
        "\\sum_(i < B) ((-1) ^+ i *: power",
    ),
    Wrong(
        "M4: the sign of another block", "network.v", "W i j := (-1) ^+ (i - j) *:", "W i j := (-1) ^+ (i.+1 - j) *:"
    ),
    Wrong("M7: a sum without the last sender", "network.v", "z i.+1 = \\sum_(j < i.+1) W", "z i.+1 = \\sum_(j < i) W"),
    Wrong("M7: L of the layer before", "network.v", "- L i'.+1 *m (phi", "- L i' *m (phi"),
    Wrong(
        "M8: the last layer sends back",
        "adjoint.v",
        "Hypothesis bu_last : bu last.+1 = 0",
        "Hypothesis bu_last : bu last = 0",
    ),
    # transposition
    Wrong("M8: M̄ = u z̄ᵀ", "adjoint.v", "bM i := bz i *m (u i)^T", "bM i := u i *m (bz i)^T"),
    Wrong("M8: φ in the place of φᵀ", "adjoint.v", "*m bz i - (phi i)^T *m bu", "*m bz i - phi i *m bu"),
    Wrong("M15: X D in the place of X Dᵀ", "neurons.v", "W + pair (X *m D^T) (X *m D^T)", "W + pair (X *m D) (X *m D)"),
    # the order of factors
    Wrong("M4: A = Φ⁻¹ Λ Φ", "network.v", "big Phi *m big Lambda *m big Inv.", "big Inv *m big Lambda *m big Phi."),
    Wrong(
        "M5: Φ A = Λ Φ",
        "network.v",
        "big A *m big Phi = big Phi *m big Lambda.",
        "big Phi *m big A = big Lambda *m big Phi.",
    ),
    Wrong("M12: φ^(i-1) φ^(i)", "steps.v", "short := - (phi2 *m phi) in", "short := - (phi *m phi2) in"),
    # an assumption that is missing
    Wrong("M12 without f(0) = 0", "steps.v", "b (u : 'M_(q, s)) : f 0 = 0 ->", "b (u : 'M_(q, s)) : f 0 = f 0 ->"),
    Wrong(
        "M14 without f(0) = 0", "steps.v", "(u : 'M_(q, s)) : f 0 = 0 -> next", "(u : 'M_(q, s)) : f 0 = f 0 -> next"
    ),
    Wrong("M10 without f(0) = 0", "whole.v", "i h : f 0 = 0 -> (forall k", "i h : f 0 = f 0 -> (forall k"),
    Wrong("M15 unique for ρ >= 0", "neurons.v", "Hypothesis positive : 0 < rho.", "Hypothesis positive : 0 <= rho."),
    Wrong(
        "M11: what is dropped may be heard",
        "neurons.v",
        "x j k t = 0) \\/ W i j h k = 0.",
        "x j k t = 0) \\/ W i j h k = W i j h k.",
    ),
    Wrong("M16: any factor but 0", "neurons.v", "c z, 0 < c -> f (c * z)", "c z, c != 0 -> f (c * z)"),
    # others
    Wrong("M9: a shift for each layer", "whole.v", "lam l + const_mx c) i j", "lam l + const_mx (c *+ l)) i j"),
    Wrong("M6: the column is not divided", "neurons.v", "t1 0 h * t 0 h = 1) ->", "t1 0 h = t 0 h) ->"),
    Wrong("M13: new neurons are heard", "steps.v", "wide := row_mx phi 0 in", "wide := row_mx phi (const_mx 1) in"),
    Wrong("M16: outgoing columns add without the factor", "neurons.v", "= (a + c *: b) *m", "= (a + b) *m"),
)
