"""IR -> Numba source for the CPU: the programs of image networks on planes.

Three kinds of functions. On planes: one plane of one channel of one sample is a vector, whatever has an index of the channel
or of the sample alone is a number. On taps: a window of k × k taps is k² slices of a flat scratch plane (I18), each a
read at a fixed distance, and no index can be negative, so the loop over positions is vectorised. On numbers: what a batch
norm computes once for each channel, in float64.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import sympy as sp

from derivations.codegen import templates
from derivations.codegen.cpu.layers import DECORATOR, HELPER
from derivations.codegen.expressions import RealPrinter, add, indent, typed_constants
from derivations.proof.assignments import Assign, flatten
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.theorems.images import (
    batch_norm,
    convolution,
    evaluation,
    gates,
    geometry,
    graph,
    max_pool,
    statistics,
    towers,
)
from derivations.theorems.images import notation as n

TAPS = (3, 5)
"""The sides of windows that have functions of their own: 9 and 25 accumulators fit into the registers, 49 do not."""
FOLDER = Path(__file__).parent
TEMPLATES = ("image_planes", "image_convolutions", "image_nodes", "image_norms", "image_towers")
"""Files of functions without a formula, in the order in which they are printed: the helpers come first."""
NUMBERS = {
    "batch_norm_merge": statistics.MERGE,
    "batch_norm_coefficients": batch_norm.COEFFICIENTS,
    "batch_norm_running": statistics.RUNNING,
    "batch_norm_evaluation": evaluation.EVALUATION,
    "batch_norm_adjoint_coefficients": batch_norm.ADJOINT_COEFFICIENTS,
}
PLANES = {
    "batch_norm_sums": batch_norm.SUMS,
    "batch_norm": batch_norm.VALUE,
    "batch_norm_adjoint_sums": batch_norm.ADJOINT_SUMS,
    "batch_norm_adjoint": batch_norm.ADJOINT,
    "relu_load": evaluation.LOAD,
    "relu_adjoint": evaluation.LOAD_ADJOINT,
    "gate_adjoint": gates.GATE_ADJOINT,
    "arrive": graph.NODE,
    "fan_out": graph.FAN_OUT,
    "global_mean": towers.GLOBAL_MEAN,
    "global_mean_adjoint": towers.GLOBAL_MEAN_ADJOINT,
}
IN_PLACE = {"batch_norm_adjoint": {"dx": "dnormed"}, "relu_adjoint": {"dnormed": "dheld"}}
"""Results that are written over what they are made of: with two names for one plane the loop would not be vectorised."""

WINDOWS = {
    "flat": geometry.FLAT,
    "flat_weights": geometry.FLAT_WEIGHTS,
    "spread": convolution.DEPTHWISE_PHASES_ADJOINT,
    "greatest": geometry.FLAT_GREATEST,
    "winner": max_pool.MAX_POOL_WINNER,
    "selected": max_pool.MAX_POOL_ADJOINT,
    "selected_spread": max_pool.MAX_POOL_PHASES_ADJOINT,
    "scan": max_pool.SCAN,
    "clamp": gates.CLAMP,
}
"""Programs whose functions are printed for a number of taps; `scan` is how a greatest value is printed."""


def programs() -> list[Program]:
    """Every program that is printed here."""
    return [*NUMBERS.values(), *PLANES.values(), *WINDOWS.values()]


def functions() -> dict[str, tuple[str, ...]]:
    """Name of each printed function -> the theorems it rests on."""
    table = {name: program.theorems for name, program in (NUMBERS | PLANES).items()}
    for taps in TAPS:
        table |= {f"flat_{taps}": ("I2", "I18"), f"flat_weights_{taps}": ("I2", "I18"), f"spread_{taps}": ("I2", "I18")}
    table |= {"greatest_3": ("I7", "I18"), "winner_3": ("I7", "I18")}
    table |= {"selected_3": ("I7", "I18"), "selected_spread_3": ("I7", "I18"), "clamp": ("I13",)}
    written = {name: source for file in TEMPLATES for name, source in templates.raw(FOLDER, file).items()}
    for name, source in written.items():
        stated = [line for line in source.splitlines() if line.startswith("    Theorem: ")]
        named = tuple(theorem for line in stated for theorem in line.removeprefix("    Theorem: ").split(", "))
        if not named:  # written by hand
            continue
        table |= {name.replace("TAPS", str(taps)): named for taps in (TAPS if "TAPS" in name else (0,))}
    return table


def sources() -> list[str]:
    """All printed functions."""
    printed = [number_function(name, program) for name, program in NUMBERS.items()]
    printed += [plane_function(name, program) for name, program in PLANES.items()]
    for taps in TAPS:
        printed += [flat_function(taps), weights_function(taps), spread_function(taps)]
    return [
        *printed,
        greatest_function(3),
        winner_function(3),
        selected_function(3),
        selected_spread(3),
        clamp_function(),
    ]


def written(
    name: str,
    arguments: Iterable[str],
    summary: str,
    theorems: tuple[str, ...],
    body: list[str],
    decorator: str = HELPER,
) -> str:
    """A function as text."""
    doc = [f'"""{summary}.', "", f"Theorem: {', '.join(theorems)}", '"""']
    return "\n".join([decorator, f"def {name}({', '.join(arguments)}):", *indent([*doc, *body])])


# --- on numbers -------------------------------------------------------------------------------------------------------


def number_function(name: str, program: Program) -> str:
    """A program of numbers, one for each channel: arguments are what it reads, results what it gives."""
    printer, lines, results = RealPrinter(), [], []
    given: dict[str, None] = {}
    read: dict[str, None] = {}
    for line in program.assignments:
        value = line.value.xreplace({e: sp.Symbol(str(e.base)) for e in line.operands})
        read |= {symbol.name: None for symbol in sorted(value.free_symbols, key=str) if symbol.name not in given}
        given[line.name] = None
        results.append(line.name)
        lines.append(f"{line.name} = {printer.doprint(value)}")
    constants = [f"{name} = {value}" for name, value in sorted(printer.constants.items())]
    body = [*constants, *lines, f"return {', '.join(results)}"]
    return written(name, sorted(read), program.summary, program.theorems, body, DECORATOR)


# --- on planes --------------------------------------------------------------------------------------------------------

PIXEL = {n.r, n.q, n.i, n.j}


def on_plane(element: sp.Indexed) -> sp.Symbol:
    """An element as a number of the plane at position p, or as a number of the channel or the sample."""
    name = str(element.base)
    return sp.Symbol(f"{name}[p]" if PIXEL & set(element.indices) else name)


def plane_function(name: str, program: Program) -> str:
    """A program on one plane of one channel: sums over pixels are results, sums over samples are the caller's."""
    printer, loops, results = RealPrinter(), [], []
    arguments: dict[str, None] = {}
    lines = [line for line in flatten(program.body) if not (line.value == 0 and line.target.has(s))]
    one_plane = {sp.Symbol(f"{a}[p]"): sp.Symbol(f"{b}[p]") for a, b in IN_PLACE.get(name, {}).items()}
    for line in lines:
        value = line.value.xreplace({e: on_plane(e) for e in line.operands})
        target = line.target if isinstance(line.target, sp.Symbol) else on_plane(line.target)
        target = one_plane.get(target, target)
        arguments |= {symbol.name: None for symbol in value.free_symbols if symbol.name not in results}
        if line.over:
            factor, inner = value.as_independent(
                *[v for v in value.free_symbols if v.name.endswith("[p]")], as_Add=False
            )
            loops += [f"{target} = {printer.constant(sp.S.Zero)}", *loop(add(str(target), printer.doprint(inner)))]
            if factor != 1:
                loops.append(f"{target} = {printer.doprint(factor * target)}")
            results.append(target.name)
        else:
            arguments[target.name] = None
            text = printer.doprint(value)
            loops += loop(add(target.name, text) if line.accumulate else f"{target.name} = {text}")
    planes = sorted({a.removesuffix("[p]") for a in arguments if a.endswith("[p]")})
    numbers = sorted(a for a in arguments if not a.endswith("[p]"))
    body = [*typed_constants(printer.constants, planes[0]), f"n = {planes[0]}.size"]
    body += [f"{plane} = {plane}[:n]" for plane in planes[1:]]
    body += [*loops, *([f"return {', '.join(results)}"] if results else [])]
    return written(name, [*planes, *numbers], f"{program.summary}; one plane", program.theorems, body)


def loop(line: str) -> list[str]:
    """A loop over all positions."""
    return ["for p in range(n):", f"    {line}"]


# --- on taps ----------------------------------------------------------------------------------------------------------


def slices(taps: int, array: str, letter: str = "s", offsets: str = "offsets") -> list[str]:
    """The plane as every tap reads it: slices, whose index is never negative."""
    return [f"{letter}{t} = {array}[{offsets}[{t}] : {offsets}[{t}] + n]" for t in range(taps * taps)]


def of_tap(line: Assign, taps: int, tap: int, names: dict[str, str]) -> sp.Expr:
    """The line's value at one tap: every array by the name of its slice or number there; a delta of phases is 1.

    Which phase and place a tap reads is in the offsets.
    """
    value = line.value.xreplace({e: sp.Symbol(names[str(e.base)].format(tap)) for e in line.operands})
    phases = {d: sp.S.One for d in value.atoms(sp.KroneckerDelta) if d.args and d.has(n.e, n.g)}
    at = {n.rho: sp.Integer(tap // taps), n.kappa: sp.Integer(tap % taps), n.taps: sp.Integer(taps)}
    return value.xreplace(phases).xreplace(at)


def tap_lines(line: Assign, taps: int, names: dict[str, str], printer: RealPrinter) -> list[str]:
    """The printed value at each tap."""
    return [printer.doprint(of_tap(line, taps, tap, names)) for tap in range(taps * taps)]


def numbers_of(taps: int, array: str = "kernel") -> list[str]:
    """The numbers of a kernel, each in a name of its own."""
    return [f"w{t} = {array}[{t}]" for t in range(taps * taps)]


def flat_function(taps: int) -> str:
    """`geometry.FLAT`, one line over all taps; with the turned kernel it is the adjoint at stride 1."""
    program = WINDOWS["flat"]
    (line,) = program.assignments
    terms = tap_lines(line, taps, {"kernel": "w{}", "flat": "s{}[p]"}, RealPrinter())
    body = ["n = result.size", *slices(taps, "flat"), *numbers_of(taps), *loop(f"result[p] = {' + '.join(terms)}")]
    summary = f"{program.summary}, {taps} x {taps} taps"
    return written(f"flat_{taps}", ("flat", "offsets", "kernel", "result"), summary, ("I2", "I18"), body)


def weights_function(taps: int) -> str:
    """`geometry.FLAT_WEIGHTS`: one sum for each tap, all in one loop."""
    program = WINDOWS["flat_weights"]
    (line,) = program.assignments
    terms = tap_lines(line, taps, {"dflat": "dflat[p]", "flat": "s{}[p]"}, RealPrinter())
    count = range(taps * taps)
    body = ["n = dflat.size", "zero = dflat.dtype.type(0.0)", *slices(taps, "flat"), *(f"d{t} = zero" for t in count)]
    # A row of taps a loop: all 25 sums at once would leave the registers.
    for row in range(taps):
        own = range(row * taps, (row + 1) * taps)
        body += ["for p in range(n):", *(f"    {add(f'd{t}', terms[t])}" for t in own)]
    body += [f"dkernel[{t}] += d{t}" for t in count]
    summary = f"{program.summary}, {taps} x {taps} taps"
    return written(f"flat_weights_{taps}", ("flat", "offsets", "dflat", "dkernel"), summary, ("I2", "I18"), body)


def spread_function(taps: int) -> str:
    """`convolution.DEPTHWISE_PHASES_ADJOINT`, tap by tap: what each gives to the phase and place that it reads."""
    program = WINDOWS["spread"]
    (line,) = program.assignments
    terms = tap_lines(line, taps, {"w": "w{}", "dy": "dflat[p]"}, RealPrinter())
    body = ["n = dflat.size", *slices(taps, "dphases"), *numbers_of(taps)]
    body += [text for t, term in enumerate(terms) for text in loop(f"s{t}[p] += {term}")]
    return written(f"spread_{taps}", ("dphases", "offsets", "kernel", "dflat"), program.summary, ("I2", "I18"), body)


def scanned(line: Assign, taps: int, names: dict[str, str]) -> list[str]:
    """A reduction "max" or "argmax" over all taps: the scan's lines, from the first tap on."""
    place, kept = WINDOWS["scan"].assignments
    values = tap_lines(line, taps, names, RealPrinter())
    steps = (place, kept) if line.reduce == "argmax" else (kept,)
    given = {"best": values[0], "number": "number0"}
    first = [str(step.target) for step in reversed(steps)]
    lines = [f"{', '.join(first)} = {', '.join(given[name] for name in first)}"]
    for tap in range(1, taps * taps):
        here = {max_pool.value: sp.Symbol(values[tap]), max_pool.tap: sp.Symbol(f"number{tap}")}
        lines += [f"{step.target} = {RealPrinter().doprint(step.value.xreplace(here))}" for step in steps]
    return lines


def greatest_function(taps: int) -> str:
    """`geometry.FLAT_GREATEST`, the greatest value by `max_pool.SCAN`."""
    program = WINDOWS["greatest"]
    (line,) = program.assignments
    body = ["n = result.size", *slices(taps, "flat"), "for p in range(n):"]
    body += [f"    {text}" for text in scanned(line, taps, {"flat": "s{}[p]"})]
    arguments = ("flat", "offsets", "result")
    return written(f"greatest_{taps}", arguments, program.summary, ("I7", "I18"), [*body, "    result[p] = best"])


def winner_function(taps: int) -> str:
    """`max_pool.MAX_POOL_WINNER`: the first tap of the greatest value by `max_pool.SCAN`."""
    program = WINDOWS["winner"]
    (line,) = program.assignments
    body = ["n = winner.size", "real = winner.dtype.type", *slices(taps, "flat")]
    body += [f"number{t} = real({t})" for t in range(taps * taps)]
    body += ["for p in range(n):", *(f"    {text}" for text in scanned(line, taps, {"x": "s{}[p]"}))]
    arguments = ("flat", "offsets", "winner")
    return written(f"winner_{taps}", arguments, program.summary, ("I7", "I18"), [*body, "    winner[p] = number"])


def selected_terms(program: Program, taps: int, names: dict[str, str]) -> list[str]:
    """What each tap gives where it wins."""
    (line,) = program.assignments
    terms = []
    for tap in range(taps * taps):
        value = of_tap(line, taps, tap, names)
        (delta,) = value.atoms(sp.KroneckerDelta)
        number, place = sorted(delta.args, key=lambda a: not a.is_number)
        bar = value.xreplace({delta: sp.S.One})
        terms.append(f"({bar} if {place} == number{number} else zero)")
    return terms


def selected_function(taps: int) -> str:
    """`max_pool.MAX_POOL_ADJOINT`: a pixel gets the bars of the windows that it wins, at stride 1."""
    program = WINDOWS["selected"]
    terms = selected_terms(program, taps, {"winner": "m{}[p]", "dy": "s{}[p]"})
    body = ["n = result.size", "real = result.dtype.type", "zero = real(0.0)"]
    body += [f"number{t} = real({t})" for t in range(taps * taps)]
    body += [*slices(taps, "dflat"), *slices(taps, "winner", "m", "places"), *loop(f"result[p] = {' + '.join(terms)}")]
    arguments = ("dflat", "winner", "offsets", "places", "result")
    return written(f"selected_{taps}", arguments, program.summary, ("I7", "I18"), body)


def selected_spread(taps: int) -> str:
    """`max_pool.MAX_POOL_PHASES_ADJOINT`, tap by tap."""
    program = WINDOWS["selected_spread"]
    terms = selected_terms(program, taps, {"winner": "winner[p]", "dy": "dflat[p]"})
    body = ["n = dflat.size", "real = dflat.dtype.type", "zero = real(0.0)", *slices(taps, "dphases")]
    body += [f"number{t} = real({t})" for t in range(taps * taps)]
    body += [text for t, term in enumerate(terms) for text in loop(f"s{t}[p] += {term}")]
    arguments = ("dphases", "offsets", "winner", "dflat")
    return written(f"selected_spread_{taps}", arguments, program.summary, ("I7", "I18"), body)


def clamp_function() -> str:
    """`gates.CLAMP` on all weights of gates."""
    program = WINDOWS["clamp"]
    (line,) = program.assignments
    value = line.value.replace(sp.Min, sp.Function("min")).replace(sp.Max, sp.Function("max"))
    value = value.xreplace({gates.weights.element: gates.w})
    body = ["for g in range(weights.size):", "    w = weights[g]", f"    weights[g] = {value}"]
    return written("clamp", ("weights", "limit"), program.summary, program.theorems, body, DECORATOR)
