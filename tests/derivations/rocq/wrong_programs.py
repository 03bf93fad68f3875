"""Wrong printed programs, as a fault of the printer or of a program would print them. Rocq must refuse the agreement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WrongProgram:
    """One edit of a program in `programs.v`, and the file of theorems that then stops."""

    name: str
    program: str
    right: str
    wrong: str
    stops: str = "programs_agree.v"


SCALARS = "scalars_agree.v"
WRONG_PROGRAMS = (
    # signs
    WrongProgram(
        "M with + λ_out",
        "propagate_global",
        "hidden_M (h k : nat) : R := (lam_in k -",
        "hidden_M (h k : nat) : R := (lam_in k +",
    ),
    WrongProgram("u = f(z) + v", "propagate_global", "hidden_x s h - hidden_v s h", "hidden_x s h + hidden_v s h"),
    WrongProgram("φ̄ with + ū uᵀ", "adjoint_global", "hidden_dM h k - hidden_g h k", "hidden_dM h k + hidden_g h k"),
    WrongProgram("ū with + φᵀ ū", "adjoint_global", "hidden_du_in s k - hidden_q", "hidden_du_in s k + hidden_q"),
    WrongProgram(
        "λ̄ of the receiver without its sign",
        "adjoint_global",
        "dlam_out h - \\sum_(k < n_in) hidden_dM",
        "dlam_out h + \\sum_(k < n_in) hidden_dM",
    ),
    WrongProgram("a step uphill", "sgd", "parameter p - rate", "parameter p + rate", SCALARS),
    # an index that is off by one
    WrongProgram("u of the layer before", "propagate_global", "put memory i (hidden_u", "put memory m (hidden_u"),
    WrongProgram("λ of the layer after", "propagate_global", "(lam_out m)", "(lam_out m.+1)"),
    WrongProgram(
        "a sum without the last sender",
        "propagate_direct",
        "hidden_z s h + \\sum_(j < n_senders)",
        "hidden_z s h + \\sum_(j < n_senders.-1)",
    ),
    WrongProgram("ū of the same layer", "adjoint_global", "(memory m.+1)", "(memory m)"),
    WrongProgram(
        "a sum without the last sample",
        "adjoint_global",
        "last_dM (h k : nat) : R := \\sum_(s < n_samples)",
        "last_dM (h k : nat) : R := \\sum_(s < n_samples.-1)",
    ),
    WrongProgram(
        "the first hidden layer gets nothing",
        "adjoint_direct",
        "hidden_dx_source_2 (j s k : nat) : R := if (0 < j)",
        "hidden_dx_source_2 (j s k : nat) : R := if (1 < j)",
    ),
    # transposition
    WrongProgram("φᵀ in v", "propagate_global", "phi h k * u_in s k", "phi k h * u_in s k"),
    WrongProgram(
        "M in the place of Mᵀ", "adjoint_global", "\\sum_(h < n_out) hidden_M h k", "\\sum_(h < n_out) hidden_M k h"
    ),
    # others
    WrongProgram(
        "v of one sender, again and again",
        "propagate_global",
        "\\sum_(k < n_in) phi h k * u_in s k",
        "\\sum_(k < n_in) phi h 0%N * u_in s 0%N",
    ),
    WrongProgram("f twice", "propagate_layerwise", "R := f (hidden_z s h)", "R := f (f (hidden_z s h))"),
    WrongProgram("the slope is added", "adjoint_global", "du s h * slope s h", "du s h + slope s h"),
    WrongProgram("the slope is added, layerwise", "adjoint_layerwise", "dx s h * slope s h", "dx s h + slope s h"),
    WrongProgram("half the slope", "squared_error", "2%:R * scale", "scale", SCALARS),
    WrongProgram("v / (1 + t)", "proximal_l2", "1 + 2%:R * threshold", "1 + threshold", SCALARS),
    WrongProgram("small gradients clipped", "clip", "limit < norm", "norm < limit", SCALARS),
    WrongProgram("the second moment without its correction", "adam", "root * Num.sqrt", "Num.sqrt", SCALARS),
)
