"""The parts of an exported model as short JavaScript: exponential, activations, erfc, in each format."""

from __future__ import annotations

import json
import re

from derivations.codegen import elementwise, plain, templates
from derivations.codegen.elementwise import value_and_slope
from derivations.codegen.expressions import indent, typed_constants
from derivations.codegen.javascript.module import FOLDER, scaling_from_table
from derivations.codegen.javascript.translate import Translator
from derivations.theorems.scalar import exponential
from derivations.theorems.scalar.activations import ACTIVATIONS, Activation, normal_cdf

HEADER = '''"""Parts of exported JavaScript modules, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

By format: the exponential with its table of powers of two, erfc, and the activations by name. `exchange.javascript` adds the
numbers of a network.
"""

'''
PLACES = {"float32": 80, "float64": 640}
"""Where 2^0 stands in the table of powers of two of an exponential: float32 needs those from 2^-76 to 2^76, float64 those from
2^-540 to 2^540."""
NAMES = {
    "exponential_float32": "exp", "exponential_float64": "exp64", "POWERS": "P", "expm1": "m1", "value": "y",
    "half": "h", "rest": "l", "s1": "b", "s2": "c", "q2": "v", "c0": "c",
}  # fmt: skip
"""Short names in place of those of the program."""


def table(form: exponential.Format, name: str) -> str:
    """2^n at NAME[n + places], for the exponential in a format."""
    n = PLACES[form.name]
    fill = f"{name}[{n}+n]=2*{name}[{n - 1}+n],{name}[{n}-n]={name}[{n + 1}-n]/2"
    return f"const {name}=new Float64Array({2 * n + 1});{name}[{n}]=1;for(let n=1;n<{n};n++){fill};"


def activation(item: Activation) -> str:
    """f(z) of one number, as plain Python."""
    printer = plain.FlatPrinter()
    lines = [line for line in value_and_slope(printer, item) if not line.startswith("slope")]
    # What only the slope needs is left out.
    wanted = {"value"}
    kept: list[str] = []
    for line in reversed(lines):
        target, value = line.split(" = ", 1)
        if wanted & set(target.split(", ")):
            kept.insert(0, line)
            wanted |= set(re.findall(r"\w+", value))
    constants = {
        name: number
        for name, number in printer.constants.items()
        if any(re.search(rf"\b{name}\b", line) for line in kept)
    }
    lines = indent([*typed_constants(constants, "z"), *kept, "return value"])
    return "\n".join(["def g(z):", *lines])


def short(source: str, rounded: str, form: str) -> str:
    """A plain Python function as JavaScript without spaces and long names."""
    text = Translator(rounded, form, fround="f", short=True).function(source, exported=False)
    for long, brief in NAMES.items():
        text = re.sub(rf"\b{long}\b", brief, text)
    text = re.sub(r"\s*\n\s*", "", text)
    text = re.sub(r";}", "}", re.sub(r" ?([=+\-*/<>?:;,{}()|&!]+) ?", r"\1", text))
    while (joined := re.sub(r"((?:const|let) [^;{}]*);(?:const|let) ", r"\1,", text)) != text:
        text = joined
    text = re.sub(r",power=(.*),difference=(.*);m1=difference;return power}", r";m1=\2;return \1}", text)
    text = re.sub(r"let y=([^;]*);return y}", r"return \1}", text)
    text = re.sub(r",y=([^;]*);return y}", r";return \1}", text)
    text = text.replace("e-0", "e-")
    return re.sub(r"(?<![\w.])0\.", ".", text).replace("const ", "let ")


def of_format(form: exponential.Format) -> dict[str, str]:
    """The parts in one format, by name."""

    def exponential_in(one: exponential.Format, name: str) -> str:
        """The exponential in a format, with the table of this name."""
        source = scaling_from_table(one, elementwise.exponential_function(one), PLACES[one.name])
        return short(source, one.name, one.name).replace("P[", f"{name}[")

    erfc = short(templates.read(FOLDER, "special")["erfc"], "float64", form.name)
    double = exponential.FLOAT64
    # In float32 erfc has the exponential in float64, and its longer table, beside the other.
    parts = {
        "exponential": f"{table(form, 'P')}let m1;\n{exponential_in(form, 'P')}",
        "erfc": erfc if form is double else f"{table(double, 'Q')}\n{exponential_in(double, 'Q')}\n{erfc}",
    }
    if form is exponential.FLOAT64:
        parts = {name: text.replace("exp64(", "exp(") for name, text in parts.items()}
    for item in ACTIVATIONS:
        text = short(activation(item), form.name, form.name)
        parts[item.name] = text.replace("exp64(", "exp(") if form is exponential.FLOAT64 else text
    return parts


def needs(item: Activation) -> tuple[str, ...]:
    """The other parts that an activation calls."""
    return (*(["exponential"] if item.exponent is not None else []), *(["erfc"] if item.value.has(normal_cdf) else []))


def parts_module() -> str:
    """The text of `spectral_core/exchange/printed_javascript.py`."""
    lines = ["PARTS: dict[str, dict[str, str]] = {"]
    for form in exponential.FORMATS:
        lines.append(f"    {json.dumps(form.name)}: {{")
        for name, text in of_format(form).items():
            lines += [f'        "{name}": r"""{text}""",']
        lines.append("    },")
    lines += ["}", "NEEDS: dict[str, tuple[str, ...]] = {"]
    lines += [f"    {json.dumps(item.name)}: {_tuple(needs(item))}," for item in ACTIVATIONS]
    lines += ["}", '"""The other parts that an activation calls, in their order."""']
    return HEADER + "\n".join(lines) + "\n"


def _tuple(names: tuple[str, ...]) -> str:
    return repr(names).replace("'", '"')
