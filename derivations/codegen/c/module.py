"""The modules `spectral_core/exchange/printed_c*.py`: the proven parts of an exported C file as text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import sympy as sp

from derivations.codegen import templates
from derivations.codegen.c import images, training
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
HEADER = '''"""{what}, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

{how}
"""

'''
WHAT = {
    "network": "Parts of exported C files that predict",
    "training": "Parts of exported C files that train",
    "images": "Parts of exported C files of image networks",
    "integers": "Parts of exported C files in integers",
}
"""The templates: each is printed as a file of its own."""
HOW = (
    "PARTS are in the order of the file, once for all types: `exchange.c_parts` puts the WORDS of a type in, those of "
    "`printed_c_network` too; `exchange` adds the numbers of a network."
)
FUNCTIONS = ("Functions of one variable of exported C files in {type}", "WITH_SLOPES are those of a file that trains.")


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
    statement = textwrap.wrap(f"exp(x), or exp(x) - 1 where minus_one: {theorem.words}. Theorem {theorem.id}.", 110)
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
        **{word: accumulation(propagation.DIRECT, real, places) for word, places in PLACES.items()},
        "REAL": real.name,
        "BITS": real.bits,
        "SIGN": f"0x{1 << (size - 1):x}{suffix}",
        "INFINITE": f"0x{((1 << (size - 1 - mantissa)) - 1) << mantissa:x}{suffix}",
        "ZERO": real.literal(0.0),
        "ONE": real.literal(1.0),
    }


def texts(
    template: str, words_of: Callable[[Real], dict[str, str]]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The parts of a template, and by type the words in them that are not the same in every type."""
    result, by_type = sections(template), {real.name: words_of(real) for real in REALS}
    first, *others = by_type.values()
    same = {word for word, text in first.items() if all(other[word] == text for other in others)}
    for word in same:
        result = {name: with_word(body, word, first[word]) for name, body in result.items()}
    return result, {
        kind: {word: text for word, text in own.items() if word not in same} for kind, own in by_type.items()
    }


def with_word(body: str, word: str, text: str) -> str:
    """A part with what a whole word stands for."""
    return re.sub(rf"\b{word}\b", lambda _: text, body)


def integer_parts() -> dict[str, str]:
    """The parts of a file in integers."""
    result = sections("integers")
    for word, places in IN_INTEGERS.items():
        line = accumulation(propagation.DIRECT, REALS[0], places)
        result = {name: with_word(body, word, line) for name, body in result.items()}
    return result


def c_modules() -> dict[str, str]:
    """The texts of `spectral_core/exchange/printed_c_TEMPLATE.py` and, for each type, `printed_c_TYPE.py`."""
    printed = {
        "network": texts("network", words),
        "training": texts("training", training.words),
        "images": texts("images", images.words),
        "integers": (integer_parts(), {}),
    }
    return {f"printed_c_{name}": module(WHAT[name], HOW, common(*own)) for name, own in printed.items()} | {
        f"printed_c_{real.name}": module(FUNCTIONS[0].format(type=real.name), FUNCTIONS[1], functions(real))
        for real in REALS
    }


def common(parts: dict[str, str], by_type: dict[str, dict[str, str]]) -> list[str]:
    """The parts of a template, and by type the words in them that are not the same in every type."""
    lines = table("PARTS", parts)
    if any(by_type.values()):
        words_of = (line for kind, own in by_type.items() for line in (f'    "{kind}": {{', *entries(own, 8), "    },"))
        lines += ["WORDS: dict[str, dict[str, str]] = {", *words_of, "}"]
    return lines


def functions(real: Real) -> list[str]:
    """The exponential, erfc, and activations with and without their slopes."""
    helpers = {"exponential": exponential_function(real), "error_complement": error_complement(real)}
    return [
        *table("HELPERS", helpers),
        *table("ACTIVATIONS", {item.name: activation_function(item, real) for item in ACTIVATIONS}),
        *table("WITH_SLOPES", {item.name: training.activation_function(item, real) for item in ACTIVATIONS}),
    ]


def module(what: str, how: str, lines: list[str]) -> str:
    """A printed file."""
    return HEADER.format(what=what, how=textwrap.fill(how, 120)) + "\n".join(lines) + "\n"


def table(name: str, texts: dict[str, str]) -> list[str]:
    """The lines of a table of texts."""
    return [f"{name}: dict[str, str] = {{", *entries(texts, 4), "}"]


def entries(texts: dict[str, str], columns: int) -> list[str]:
    """The lines of the entries of a table."""
    return [f'{" " * columns}"{name}": """{escaped(text)}""",' for name, text in texts.items()]


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"""')
