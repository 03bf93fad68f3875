"""Broken programs of image networks are refused by their arguments, and so are broken statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import sympy as sp

from derivations.proof.programs import Program
from derivations.proof.theorem import Proof, ProofError
from derivations.theorems.images import (
    batch_norm,
    channels,
    convolution,
    evaluation,
    gates,
    geometry,
    graph,
    growth,
    max_pool,
    mean_pool,
    pointwise,
    sample_gradients,
    spectral_channels,
    statistics,
    towers,
)
from derivations.theorems.images import notation as n
from tests.derivations.mutants import mutants

Check = Callable[[Proof, Program], None]


def as_part(argument: Callable[..., None], name: str) -> Check:
    """The argument with the program in the place of one of its own."""
    return lambda proof, program: argument(proof, **{name: program})


def in_tuple(argument: Callable[..., None], name: str, programs: tuple[Any, ...], place: int) -> Check:
    """The same for one of several programs."""

    def check(proof: Proof, program: Program) -> None:
        argument(proof, **{name: (*programs[:place], program, *programs[place + 1 :])})

    return check


def one_pair(place: int) -> Check:
    """One of the mean pools, with the convolution that it is a case of."""

    def check(proof: Proof, program: Program) -> None:
        pairs = list(mean_pool.PAIRS)
        pairs[place] = program, pairs[place][1]
        mean_pool.mean_argument(proof, pairs=tuple(pairs))

    return check


def table(argument: Callable[..., None], **programs: Program) -> dict[str, tuple[Program, Check]]:
    return {program.name: (program, as_part(argument, name)) for name, program in programs.items()}


PROGRAMS: dict[str, tuple[Program, Check]] = {
    **table(
        convolution.plain_argument,
        value=convolution.DEPTHWISE,
        adjoint=convolution.DEPTHWISE_ADJOINT,
        weights=convolution.DEPTHWISE_WEIGHTS,
    ),
    **table(
        convolution.phases_argument,
        phases=convolution.PHASES,
        value=convolution.DEPTHWISE_PHASES,
        adjoint=convolution.DEPTHWISE_PHASES_ADJOINT,
        weights=convolution.DEPTHWISE_PHASES_WEIGHTS,
        joined=convolution.PHASES_JOINED,
    ),
    **table(
        pointwise.pointwise_argument,
        value=pointwise.POINTWISE,
        adjoint=pointwise.POINTWISE_ADJOINT,
        weights=pointwise.POINTWISE_WEIGHTS,
    ),
    **table(pointwise.stem_argument, value=pointwise.STEM, weights=pointwise.STEM_WEIGHTS, patches=pointwise.PATCHES),
    **table(pointwise.subsample_argument, value=pointwise.SUBSAMPLE, adjoint=pointwise.SUBSAMPLE_ADJOINT),
    **{pool.name: (pool, one_pair(at)) for at, (pool, _) in enumerate(mean_pool.PAIRS)},
    **table(mean_pool.mean_argument, inside=mean_pool.MEAN_POOL_INSIDE),
    **table(
        max_pool.max_argument,
        greatest=max_pool.MAX_POOL,
        first=max_pool.MAX_POOL_WINNER,
        adjoint=max_pool.MAX_POOL_ADJOINT,
        phased=max_pool.MAX_POOL_PHASES_ADJOINT,
    ),
    **table(
        batch_norm.training_argument,
        statistics=batch_norm.SUMS,
        coefficients=batch_norm.COEFFICIENTS,
        value=batch_norm.VALUE,
        sums=batch_norm.ADJOINT_SUMS,
        adjoint_coefficients=batch_norm.ADJOINT_COEFFICIENTS,
        adjoint=batch_norm.ADJOINT,
    ),
    **table(statistics.blocks_argument, merge=statistics.MERGE, running=statistics.RUNNING),
    **table(
        evaluation.evaluation_argument,
        coefficients=evaluation.EVALUATION,
        fold=evaluation.FOLD,
        reader=evaluation.FOLD_READER,
    ),
    **table(evaluation.relu_argument, load=evaluation.LOAD, adjoint=evaluation.LOAD_ADJOINT),
    **table(towers.mean_argument, value=towers.GLOBAL_MEAN, adjoint=towers.GLOBAL_MEAN_ADJOINT),
    **table(towers.tower_argument, value=towers.TOWER, adjoint=towers.TOWER_ADJOINT),
    **table(gates.gate_argument, value=gates.GATE, adjoint=gates.GATE_ADJOINT, slope=gates.GATE_SLOPE),
    **table(gates.drop_argument, value=gates.DROP_PATH, adjoint=gates.DROP_PATH_ADJOINT),
    **table(graph.node_argument, value=graph.NODE, adjoint=graph.NODE_ADJOINT, fan_out=graph.FAN_OUT),
    **table(
        geometry.flat_argument, value=geometry.FLAT, weights=geometry.FLAT_WEIGHTS, greatest=geometry.FLAT_GREATEST
    ),
    **table(
        geometry.phases_argument,
        value=geometry.FLAT_PHASES,
        adjoint=geometry.FLAT_PHASES_ADJOINT,
        weights=geometry.FLAT_PHASES_WEIGHTS,
    ),
    **table(
        spectral_channels.spectral_argument, mix=spectral_channels.SPECTRAL, adjoint=spectral_channels.SPECTRAL_ADJOINT
    ),
    **table(sample_gradients.frozen_argument, frozen=sample_gradients.FROZEN_ADJOINT),
    **{
        p.name: (p, in_tuple(sample_gradients.samples_argument, "programs", sample_gradients.APART, at))
        for at, p in enumerate(sample_gradients.APART)
    },
}


MOST = 12
"""How many broken versions of a program are tried, spread evenly over all of them: there are 2,035, of about 0.1 s each."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_broken_lines_are_refused(name: str) -> None:
    program, check = PROGRAMS[name]
    check(Proof("right"), program)
    survivors, broken = [], list(mutants(program))
    chosen = broken[:: -(-len(broken) // MOST)]
    for what, position, line in chosen:
        try:
            check(Proof("broken"), program.with_assignment(position, line))
        except (ProofError, ValueError, LookupError, StopIteration):
            continue
        survivors.append(f"{what}: {line}")
    assert survivors == []
    assert len(chosen) >= 3


def refused(argument: Callable[[Proof], None]) -> None:
    with pytest.raises((ProofError, ValueError)):
        argument(Proof("broken"))


def changed(program: Program, old: sp.Expr, new: sp.Expr) -> Program:
    (line,) = program.assignments
    value = line.value.xreplace({old: new})
    assert value != line.value
    return program.with_assignment(0, replace(line, value=value))


def test_a_kernel_that_is_not_turned_and_a_padding_off_by_one_are_refused() -> None:
    back = convolution.DEPTHWISE_ADJOINT
    straight = changed(back, n.w.at(n.c, n.taps - 1 - n.rho, n.taps - 1 - n.kappa), n.w.element)
    refused(partial(convolution.plain_argument, adjoint=straight))
    (line,) = back.assignments
    moved = back.with_assignment(0, replace(line, value=line.value.subs(n.padding, n.padding + 1)))
    refused(partial(convolution.plain_argument, adjoint=moved))
    (line,) = convolution.DEPTHWISE.assignments
    moved = convolution.DEPTHWISE.with_assignment(0, replace(line, value=line.value.subs(n.padding, n.padding - 1)))
    refused(partial(convolution.plain_argument, value=moved))


def test_broken_masks() -> None:
    """A mask that lets a read beside a row find a pixel, or hides one from a read inside it."""
    geometry.copies_argument(Proof("I18"))
    refused(partial(geometry.copies_argument, mask=lambda column, right: column + right))
    refused(partial(geometry.copies_argument, mask=lambda column, right: column))
    refused(partial(geometry.copies_argument, mask=lambda column, right: column - right - 1))


def test_a_wrong_window_geometry_is_refused() -> None:
    right = geometry.own_padding, geometry.output_rows
    geometry.geometry_argument(Proof("I1"), *right)
    refused(partial(geometry.geometry_argument, choice=lambda k, d, t: right[0](k, d, t) + 1))
    refused(partial(geometry.geometry_argument, choice=lambda k, d, t: sp.floor(sp.expand(d * (k - 1) + 1 - t) / 2)))
    refused(partial(geometry.geometry_argument, size=lambda h, k, d, t, p: right[1](h, k, d, t, p) - 1))
    refused(partial(geometry.geometry_argument, size=lambda h, k, d, t, p: right[1](h, k, d, t, p / 2)))


def test_the_last_of_equal_values_does_not_win() -> None:
    max_pool.max_argument(Proof("I7"))
    place, kept = max_pool.SCAN.assignments
    for position, line, equal in ((0, place, max_pool.tap), (1, kept, max_pool.value)):
        not_strict = sp.Piecewise((equal, max_pool.value >= max_pool.best), (line.target, True))
        if position == 0:  # of equal values the last wins; which of them is kept as the best does not matter
            refused(
                partial(max_pool.max_argument, scan=max_pool.SCAN.with_assignment(0, replace(line, value=not_strict)))
            )
        least = sp.Piecewise((equal, max_pool.value < max_pool.best), (line.target, True))
        refused(
            partial(max_pool.max_argument, scan=max_pool.SCAN.with_assignment(position, replace(line, value=least)))
        )


def test_a_batch_norm_without_its_share_or_with_another_variance_is_refused() -> None:
    b = batch_norm
    first, second = b.ADJOINT_COEFFICIENTS.assignments
    for position, line in ((0, first), (1, second)):
        without = replace(line, value=line.value.subs(n.count, 1))
        refused(
            partial(b.training_argument, adjoint_coefficients=b.ADJOINT_COEFFICIENTS.with_assignment(position, without))
        )
    root = b.COEFFICIENTS.assignments[0]
    unbiased = replace(root, value=sp.sqrt(b.squares.element / (n.count - 1) + b.epsilon))
    refused(partial(b.training_argument, coefficients=b.COEFFICIENTS.with_assignment(0, unbiased)))
    running = statistics.RUNNING.assignments[1]
    biased = replace(running, value=running.value.subs(n.count - 1, n.count))
    refused(partial(statistics.blocks_argument, running=statistics.RUNNING.with_assignment(1, biased)))


def test_a_clamp_that_moves_what_is_within_the_limit_is_refused() -> None:
    low, high = gates.limit, gates.weights.element
    (line,) = gates.CLAMP.assignments
    for value in (sp.Max(0, sp.Min(low, high)), sp.Min(low, high), sp.Max(-low, high)):
        wrong = gates.CLAMP.with_assignment(0, replace(line, value=value))
        refused(partial(gates.gate_argument, clamp=wrong))


def test_a_graph_that_forgets_or_renumbers_wrongly_is_refused() -> None:
    graph.graph_argument(Proof("I16"))
    for value in (
        graph.bar.element,
        graph.jacobian.element * graph.bar_j,
        graph.bar.element - graph.jacobian.element * graph.bar_j,
    ):
        refused(partial(graph.graph_argument, back=replace(graph.BACK, value=value)))
    refused(partial(graph.graph_argument, moved=lambda node: node))
    refused(partial(graph.graph_argument, moved=lambda node: node + 2))
    for constant in (n.ZERO, 2 * batch_norm.beta.element):
        refused(partial(graph.live_argument, constant=constant))


def test_what_a_batch_norm_hides_has_the_right_sign_and_border() -> None:
    spectral_channels.hidden_argument(Proof("G2"))
    refused(partial(spectral_channels.hidden_argument, sign=1))
    channels.removal_argument(Proof("G3"))
    refused(partial(channels.removal_argument, row=1))


def test_an_edge_that_begins_at_another_eigenvalue_is_refused() -> None:
    growth.split_argument(Proof("G6"))
    refused(partial(growth.split_argument, start=sp.S.One))
    growth.slope_argument(Proof("G8"))
    for score in (growth.slope**2, growth.slope**2 / growth.length, growth.SCORE / 2, growth.slope / growth.length**2):
        refused(partial(growth.slope_argument, score=score))


def test_a_channel_that_is_mixed_with_others_keeps_no_width() -> None:
    channels.width_argument(Proof("G4"))
    refused(partial(channels.width_argument, along=(*channels.ALONG_CHANNELS, pointwise.POINTWISE)))


def test_the_sum_of_the_logits_contains_no_value_of_the_batch() -> None:
    sample_gradients.known_sum_argument(Proof("S6"))
    refused(partial(sample_gradients.known_sum_argument, shift=batch_norm.beta.element))
    refused(partial(sample_gradients.known_sum_argument, shift=batch_norm.shift.element))
