"""M12, M13, M14: how layers and neurons come and go without a jump in the function.

A network with one layer less or more has other paths and other signs, so its blocks are computed anew: a block is
(-1)^(steps - 1) [φ L - L φ] P with the last step's φ and eigenvalues. Layer m is the one that is removed or inserted;
b = j below it and a = m + 1 or above. Blocks between two layers on one side of m contain nothing that changes.
"""

from collections.abc import Callable

import sympy as sp

from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import activation, eigenvalues, path, phi, sign
from derivations.proof.assignments import Array
from derivations.proof.claims import Claim
from derivations.proof.notation import W, f, h, k, lam_in, lam_out, u_in, x_in, x_source
from derivations.proof.notation import phi as phi_array
from derivations.proof.programs import Program
from derivations.proof.stated import at, definition
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral import propagation
from derivations.theorems.spectral.blocks import entries, transfer
from derivations.theorems.spectral.silence import ZERO_AT_ZERO

c = sp.Symbol("c")
d, e = sp.symbols("d e", integer=True, nonnegative=True)
i, a, m = sp.symbols("i a m", integer=True, positive=True)


@definition(
    "network_block",
    r"(-1)^{{{0} - 1}}\left[{1}\,{2} - {3}\,{1}\right] {4}",
    "(-1)^({0} - 1) [{1} {2} - {3} {1}] {4}",
)
def block(steps: sp.Expr, last: sp.Expr, sender: sp.Expr, receiver: sp.Expr, before: sp.Expr) -> sp.Expr:
    """W = (-1)^(steps - 1) [last · sender - receiver · last] · before, for a path of `steps` steps."""
    return sign(steps - 1) * (last * sender - receiver * last) * before


def equal(*layers: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """All eigenvalues of these layers are c: L = c I."""
    return {eigenvalues(layer): c for layer in layers}


def silent_sender() -> Claim:
    """A layer whose incoming weights are 0 sends f(0): with any weights from any layer j, here of one sender."""
    received = next(iter(propagation.every_layer(propagation.DIRECT, (W, x_source))))[2]["z"]
    return Claim(
        "silent",
        f(at(received, {W.element: 0})),
        sp.S.Zero,
        words="a layer all of whose incoming weights are 0 sends",
        assumes=(ZERO_AT_ZERO,),
    )


SILENT = silent_sender()
SENDS_NOTHING = Claim(
    "same sums",
    at(transfer(a, m) * activation(m), {activation(m): 0}),
    sp.S.Zero,
    (a, m),
    (a - m - 1,),
    words="every later z_a is the same sum over all b but m, layer after layer; the term of m is",
)


def silence(proof: Proof) -> None:
    proof.case(SILENT, rule="convention", cites=("M10",), given=(ZERO_AT_ZERO,))
    proof.case(SENDS_NOTHING, {a: m + 1 + d})


# --- M12 --------------------------------------------------------------------------------------------------------------

Shortcut = Callable[[sp.Expr, sp.Expr], sp.Expr]


def shortcut(i: sp.Expr, below: sp.Expr) -> sp.Expr:
    """φ' = -φ^(i) φ^(i-1), the block that replaces layer i."""
    return -phi(i) * phi(i - 1)


def collapse_claims(new: Shortcut = shortcut) -> tuple[Claim, Claim, Claim]:
    """Layer m is removed; the block of paths from m-1 to m+1 is `new`. L_m = L_{m-1} = c I."""
    flat, over, below = equal(m, m - 1), (m, j), (m - j - 1,)
    replacement = new(m, j)
    through = path(a - 1, m + 1) * replacement * path(m - 1, j)
    longer = block(a - j - 1, phi(a - 1), eigenvalues(a - 1), eigenvalues(a), through)
    last = block(m - j, replacement, eigenvalues(m - 1), eigenvalues(m + 1), path(m - 1, j))
    return (
        Claim("layer m", at(transfer(m, j), flat), sp.S.Zero, over, below, words="L_m = L_{m-1} = c:"),
        Claim("next layer", at(last, flat), at(transfer(m + 1, j), flat), over, below, words="φ' is the last step:"),
        Claim(
            "later layers", at(longer, flat), at(transfer(a, j), flat), (a, m, j), (m - j - 1, a - m - 2),
            words="one step less, one sign more:",
        ),
    )  # fmt: skip


def collapse_argument(proof: Proof, new: Shortcut = shortcut) -> None:
    layer, following, later = collapse_claims(new)
    proof.case(layer, {m: j + d + 1}, cites=("M4",))
    proof.case(following, {m: j + d + 1}, cites=("M4",))
    proof.case(later, {m: j + d + 1, a: j + d + 3 + e}, cites=("M4",))
    silence(proof)


# --- M14 --------------------------------------------------------------------------------------------------------------


def depth_claims(
    new: sp.Expr = -sp.S.One, own: Callable[[sp.Expr], sp.Expr] = eigenvalues
) -> tuple[Claim, Claim, Claim, Claim]:
    """Layer n is inserted between i and i + 1: φ_new = -I, then the old φ^(i); L_n = `own(i)`.

    j lies below i, or is i itself, which may be layer 1.
    """
    arriving = block(i + 1 - j, new, eigenvalues(i), own(i), path(i, j))
    through = new * path(i, j)
    next_one = block(i + 2 - j, phi(i), own(i), eigenvalues(i + 1), through)
    later = block(a - j + 1, phi(a - 1), eigenvalues(a - 1), eigenvalues(a), path(a - 1, i) * through)
    # The first step away from silence: the weights of layer n are differences of eigenvalues.
    waking = at(entries(), {phi_array.at(h, k): -sp.KroneckerDelta(h, k)})
    return (
        Claim("new layer", arriving, sp.S.Zero, (i, j), (i - j,), words="the new layer is silent, W_nj:"),
        Claim("next layer", next_one, transfer(i + 1, j), (i, j), (i - j,), words="one step more, one sign more:"),
        Claim(
            "later layers", later, transfer(a, j), (a, i, j), (i - j, a - i - 2), words="one step more, one sign more:"
        ),
        Claim(
            "waking",
            waking,
            sp.KroneckerDelta(h, k) * (lam_out.at(h) - lam_in.at(k)),
            words="it wakes continuously, W_ni:",
        ),
    )


def depth_argument(proof: Proof, new: sp.Expr = -sp.S.One, own: Callable[[sp.Expr], sp.Expr] = eigenvalues) -> None:
    layer, following, later, waking = depth_claims(new, own)
    for place in ({i: j + d + 1}, {i: j}):
        proof.case(layer, place)
        proof.case(following, place, cites=("M4",))
        proof.case(later, place | {a: place[i] + 2 + e}, cites=("M4",))
    silence(proof)
    proof.case(waking)


# --- M13 --------------------------------------------------------------------------------------------------------------

Variant = tuple[Program, tuple[Array, ...], sp.Expr]
WEIGHTS = (phi_array, lam_in, lam_out)
WIDTH_VARIANTS: tuple[Variant, ...] = (
    (propagation.GLOBAL, (*WEIGHTS, u_in), phi_array.element),
    (propagation.LAYERWISE, (*WEIGHTS, x_in), phi_array.element),
    (propagation.DIRECT, (W, x_source), W.element),
)
"""The programs of the propagation, what they read of the layer before, and the outgoing weight of neuron k."""


def width_claims(variants: tuple[Variant, ...] = WIDTH_VARIANTS) -> tuple[Claim, ...]:
    """What a sender k adds to z and v is 0 where its outgoing column is, in every program of the propagation."""
    return tuple(
        Claim(
            f"{name} of {program.name}, {where}",
            at(values[name], {outgoing: 0}),
            sp.S.Zero,
            words="sender k adds",
            kind=kind,
        )
        for program, known, outgoing in variants
        for where, kind, values in propagation.every_layer(program, known)
        for name in ("z", "v")
        if name in values
    )


def width_argument(proof: Proof, variants: tuple[Variant, ...] = WIDTH_VARIANTS) -> None:
    """The terms of a new neuron k in every program of the propagation."""
    for claim in width_claims(variants):
        proof.case(claim, rule="program", cites=("M7",))
    for program, known, _ in variants:
        proof.reads(program)
        for where, _, values in propagation.every_layer(program, known):
            whole = [values[name].unfolded() for name in ("z", "v") if name in values]
            read = {str(leaf.base) for value in whole for leaf in value.atoms(sp.Indexed)}
            proof.same(f"{program.name}, {where}: all that is read of the layer before", read, {x.name for x in known})


M12 = Theorem(
    id="M12",
    title="collapse",
    claims=(*collapse_claims(), SILENT, SENDS_NOTHING),
    method="path products, cases",
    argument=collapse_argument,
    assumptions=(ZERO_AT_ZERO,),
)
M13 = Theorem(
    id="M13",
    title="width growth",
    claims=width_claims(),
    method="evaluation on symbols",
    argument=width_argument,
)
M14 = Theorem(
    id="M14",
    title="depth growth",
    claims=(*depth_claims(), SILENT, SENDS_NOTHING),
    method="path products, cases",
    argument=depth_argument,
    assumptions=(ZERO_AT_ZERO,),
)
