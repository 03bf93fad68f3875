"""Programs with one thing wrong in them, and the arguments that must refuse them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from derivations.proof.assignments import Assign, Layers, Sources, When
from derivations.proof.notation import W, entries_of_difference, x_in, x_source
from derivations.proof.notation import lam_in as lam_in_array
from derivations.proof.notation import lam_out as lam_out_array
from derivations.proof.notation import phi as phi_array
from derivations.proof.programs import Program
from derivations.proof.theorem import Proof, ProofError
from derivations.theorems.scalar import decay_and_clipping, losses, optimizers, penalties, proximal, smoothing
from derivations.theorems.spectral import adjoint, propagation, reverse_accumulation

Argument = Callable[[Proof], None]

ENTRIES = entries_of_difference()
PAIRS = {
    "propagate_global": (propagation.GLOBAL, adjoint.GLOBAL),
    "propagate_layerwise": (propagation.LAYERWISE, adjoint.LAYERWISE),
    "propagate_direct": (propagation.DIRECT, adjoint.DIRECT),
}
SIMPLE: dict[str, Any] = {
    "propagate_layerwise": (x_in, (phi_array, lam_in_array, lam_out_array), ENTRIES),
    "propagate_direct": (x_source, (W,), W.element),
}
OTHERS = {
    **losses.ARGUMENTS,
    **proximal.ARGUMENTS,
    "penalty_group": penalties.group_argument,
    "penalty_l1": penalties.l1_argument,
    "penalty_l2": penalties.l2_argument,
    "adam": optimizers.adam_argument,
    "sgd": optimizers.sgd_argument,
    "smooth_targets": smoothing.smoothing_argument,
    "decay": decay_and_clipping.decay_argument,
    "squared_norm": decay_and_clipping.squares_argument,
    "clip": decay_and_clipping.clip_argument,
}


def arguments(program: Program) -> list[Argument]:
    """Every argument about a program; all of them must hold before a kernel is written."""
    name = program.name
    if name in OTHERS:
        return [lambda proof: OTHERS[name](proof, program=program)]
    forward, backward = PAIRS[name.replace("adjoint", "propagate")]
    if name.startswith("adjoint"):
        return [reverse_accumulation.argument_for(forward, program)]
    if name == "propagate_global":
        own = propagation.argument_for(program)
    else:
        own = propagation.simple_argument_for(program, *SIMPLE[name])
    return [own, reverse_accumulation.argument_for(program, backward)]


def refused(make: Callable[[], Program]) -> bool:
    """The program cannot be built, or an argument about it fails; any other exception is an error of the prover."""
    try:
        program = make()
        for argument in arguments(program):
            argument(Proof("mutant"))
    except (ProofError, ValueError, LookupError):
        return True
    return False


def value_mutants(value: sp.Expr) -> Iterator[tuple[str, sp.Expr]]:
    """The value with one thing wrong in it."""
    yield "negated", -value
    yield "doubled", 2 * value
    parts = list(dict.fromkeys(sp.preorder_traversal(value)))
    for part in parts:
        if isinstance(part, sp.Indexed):
            yield from _index_mutants(value, part)
        elif isinstance(part, (sp.Add, sp.Mul)):
            for number, dropped in enumerate(part.args):
                rest = part.func(*part.args[:number], *part.args[number + 1 :])
                yield f"{dropped} dropped", value.xreplace({part: rest})
                yield (
                    f"sign of {dropped} flipped",
                    value.xreplace({part: part.func(*part.args[:number], -dropped, *part.args[number + 1 :])}),
                )
        elif isinstance(part, sp.Function) and len(part.args) == 1:
            yield f"{part.func} dropped", value.xreplace({part: part.args[0]})
        elif part.is_Number and part not in (0, 1, -1):
            yield f"{part} doubled", value.xreplace({part: 2 * part})


def _index_mutants(value: sp.Expr, element: sp.Indexed) -> Iterator[tuple[str, sp.Expr]]:
    if len(element.indices) == 2:
        yield f"{element} transposed", value.xreplace({element: element.base[element.indices[::-1]]})
    others = sorted(
        {i for e in value.atoms(sp.Indexed) for i in e.indices if i.is_Symbol} - {*element.indices}, key=str
    )
    for index in others:
        for place in range(len(element.indices)):
            indices = (*element.indices[:place], index, *element.indices[place + 1 :])
            if len(set(indices)) == len(indices):
                yield f"{element} at {indices}", value.xreplace({element: element.base[indices]})


def mutants(program: Program) -> Iterator[tuple[str, int, Assign]]:
    """Every assignment with one thing wrong; what is no change is left out."""
    for position, assign in enumerate(program.assignments):
        for what, value in value_mutants(assign.value):
            if sp.expand(value - assign.value) != 0:
                yield what, position, replace(assign, value=value)
        yield "accumulate flipped", position, replace(assign, accumulate=not assign.accumulate)
        if assign.over:
            yield "over dropped", position, replace(assign, over=(), reduce="sum")
            yield "reduction exchanged", position, replace(assign, reduce="max" if assign.reduce == "sum" else "sum")


def _replace_node(body: tuple[Any, ...], old: Any, new: tuple[Any, ...]) -> tuple[Any, ...]:
    result: list[Any] = []
    for node in body:
        if node is old:
            result.extend(new)
        elif isinstance(node, Assign):
            result.append(node)
        else:
            result.append(replace(node, body=_replace_node(node.body, old, new)))
    return tuple(result)


def _nodes(body: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for node in body:
        yield body, node
        if not isinstance(node, Assign):
            yield from _nodes(node.body)


def structural_mutants(program: Program) -> Iterator[tuple[str, Callable[[], Program]]]:
    """Loops turned round, sources left out, conditions added or removed, neighbours swapped, storage shared."""

    def with_body(old: Any, *new: Any) -> Callable[[], Program]:
        return lambda: replace(program, body=_replace_node(program.body, old, new))

    layered = any(isinstance(node, Layers) for node in program.body)
    for block, node in list(_nodes(program.body)):
        if isinstance(node, Layers):
            yield "reversed", with_body(node, replace(node, reverse=not node.reverse))
        elif isinstance(node, Sources):
            yield "sources", with_body(node, replace(node, hidden=not node.hidden))
        elif isinstance(node, When):
            yield f"not only {node.condition}", with_body(node, *node.body)
        elif isinstance(node, Assign) and layered:
            for condition in ("hidden", "last", "sender hidden"):
                yield f"{condition} only: {node}", with_body(node, When(condition, (node,)))
        following = block[block.index(node) + 1 :][:1]
        if following:
            swapped = (*block[: block.index(node)], following[0], node, *block[block.index(node) + 2 :])
            parent = next((n for _, n in _nodes(program.body) if not isinstance(n, Assign) and n.body is block), None)
            if parent is None:
                yield f"swapped: {node}", lambda swapped=swapped: replace(program, body=swapped)
            else:
                yield f"swapped: {node}", with_body(parent, replace(parent, body=swapped))
    for array in program.arrays:
        for other in program.arrays:
            if other is not array and other.kind == array.kind and other.indices == array.indices:
                arrays = tuple(replace(a, store=other.store or other.name) if a is array else a for a in program.arrays)
                if arrays != program.arrays:
                    yield f"{array.name} kept in {other.name}", lambda arrays=arrays: replace(program, arrays=arrays)
