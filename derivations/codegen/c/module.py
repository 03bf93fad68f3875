"""The module `spectral_core/exchange/printed_c.py`: the proven parts of an exported C file as text."""

from __future__ import annotations

import textwrap
from pathlib import Path

import sympy as sp

from derivations.codegen import templates
from derivations.codegen.c import training
from derivations.codegen.c.expressions import REALS, CPrinter, Lines, Real, declared
from derivations.codegen.c.functions import Function
from derivations.codegen.expressions import add, indent
from derivations.proof.assignments import Assign, flatten
from derivations.proof.programs import Program
from derivations.theorems.scalar.activations import ACTIVATIONS, Activation, E, m
from derivations.theorems.scalar.exponential_error import THEOREMS as EXPONENTIALS
from derivations.theorems.spectral import propagation

TEMPLATES = Path(__file__).parent / "templates"
PLACES = {"DENSE": {"W": "w[j]", "x_source": "x[j]"}, "SPARSE": {"W": "*w", "x_source": "*sender"}}
IN_INTEGERS = {"DENSE": {"W": "*w", "x_source": "*x"}, "SPARSE": {"W": "*w", "x_source": "*x"}}
"""Where a form of the file keeps the arrays of the direct network."""
HEADER = '''"""Parts of exported C files, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

By type: the parts in the order of the file, and the activations; `exchange.c` adds the numbers of a network.
"""

'''


def sections(name: str) -> dict[str, str]:
    """Name -> text of every part of a template."""
    parts = (TEMPLATES / f"{name}.c").read_text(encoding="utf-8").split("//// ")[1:]
    return {name: body.strip("\n") for name, _, body in (part.partition("\n") for part in parts)}


def error_complement(real: Real) -> str:
    """erfc(x) by the operations of `special.erfc`, all in one type."""
    source = templates.raw(TEMPLATES.parents[1] / "javascript", "special")["erfc"]
    title = "/* erfc(x): the rational approximations of fdlibm (Sun Microsystems, 1993). No theorem covers it. */"
    return f"{title}\n{Function(real).definition(source, 'error_complement')}"


def activation_function(item: Activation, real: Real) -> str:
    """f(z) of one activation."""
    printer = CPrinter(real)
    lines = []
    if item.exponent is not None:
        exponent = printer.doprint(item.exponent)
        both = item.value if item.denominator is None else item.value + item.denominator
        lines += [
            f"const {real.name} {symbol} = exponential({exponent}, {minus_one});"
            for symbol, minus_one in ((E, 0), (m, 1))
            if both.has(symbol)
        ]
    if item.denominator is not None:
        lines.append(f"const {real.name} d = {printer.doprint(1 / item.denominator)};")
    common, (value,) = sp.cse([printer.name_irrationals(item.value)], symbols=sp.numbered_symbols("c"))
    lines += [declared(printer, name, e) for name, e in common]
    body = indent([*lines, f"return {printer.doprint(value)};"])
    title = f"/* f(z) = {item.function}. Theorem F.{item.name}. */"
    return "\n".join([title, f"static {real.name} activation({real.name} z)", "{", *body, "}"])


def exponential_function(real: Real) -> str:
    """exp(x), or expm1(x) where `minus_one`, by the lines of the theorem."""
    theorem = EXPONENTIALS[REALS.index(real)]
    *lines, power, difference = Lines(real).statements(real.form.lines)
    value, less = (line.removeprefix(f"{real.name} ").rstrip(";").split(" = ", 1)[1] for line in (power, difference))
    statement = textwrap.wrap(f"exp(x), or exp(x) - 1 where minus_one: {theorem.statement}. Theorem {theorem.id}.", 110)
    title = "\n   ".join(statement)
    body = indent([*lines, f"return minus_one ? {less} : {value};"])
    return "\n".join(
        [f"/* {title} */", f"static {real.name} exponential({real.name} x, int minus_one)", "{", *body, "}"]
    )


def accumulation(program: Program, real: Real, places: dict[str, str]) -> str:
    """`z += W x` of the direct network, with its arrays at their places."""
    (assign,) = (a for a in flatten(program.body) if isinstance(a, Assign) and a.accumulate)
    value = assign.value.xreplace({o: sp.Symbol(places[str(o.base)]) for o in assign.operands})
    return f"{add(assign.name, CPrinter(real).doprint(value))};"


def words(real: Real) -> dict[str, str]:
    """What the words of the template stand for in one type."""
    size = {"uint32_t": 32, "uint64_t": 64}[real.bits]
    mantissa = real.form.bits - 1
    suffix = "u" if size == 32 else "ull"
    return {
        "EXPONENTIAL": exponential_function(real),
        "ERROR_COMPLEMENT": error_complement(real),
        **{word: accumulation(propagation.DIRECT, real, places) for word, places in PLACES.items()},
        "REAL": real.name,
        "BITS": real.bits,
        "SIGN": f"0x{1 << (size - 1):x}{suffix}",
        "INFINITE": f"0x{((1 << (size - 1 - mantissa)) - 1) << mantissa:x}{suffix}",
        "ZERO": real.literal(0.0),
        "ONE": real.literal(1.0),
    }


def parts(real: Real) -> dict[str, str]:
    """The parts of a file in one type."""
    result = sections("network") | {f"train_{name}": text for name, text in sections("training").items()}
    # The longest words first: some are parts of others.
    every = words(real) | training.words(real)
    for word, text in sorted(every.items(), key=lambda pair: -len(pair[0])):
        result = {name: body.replace(word, text) for name, body in result.items()}
    return result


def integer_parts() -> dict[str, str]:
    """The parts of a file in integers."""
    result = sections("integers")
    for word, places in IN_INTEGERS.items():
        line = accumulation(propagation.DIRECT, REALS[0], places)
        result = {name: body.replace(word, line) for name, body in result.items()}
    return result


def c_module() -> str:
    """The text of `spectral_core/exchange/printed_c.py`."""
    lines = ["PARTS: dict[str, dict[str, str]] = {"]
    for kind, texts in {**{real.name: parts(real) for real in REALS}, "int8": integer_parts()}.items():
        lines.append(f'    "{kind}": {{')
        for name, text in texts.items():
            lines += [f'        "{name}": """{escaped(text)}""",']
        lines.append("    },")
    for title, function in (("ACTIVATIONS", activation_function), ("WITH_SLOPES", training.activation_function)):
        lines += ["}", f"{title}: dict[str, dict[str, str]] = {{"]
        for real in REALS:
            lines.append(f'    "{real.name}": {{')
            lines += [f'        "{item.name}": """{escaped(function(item, real))}""",' for item in ACTIVATIONS]
            lines.append("    },")
    return HEADER + "\n".join([*lines, "}"]) + "\n"


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"""')
