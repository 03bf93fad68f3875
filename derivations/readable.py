"""The proofs for people: each theorem with its steps as LaTeX or Markdown, from the certificate objects themselves.

Formulas are printed from the very expressions that were checked, so that text and proof cannot part.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

from derivations.proof.notation import df
from derivations.proof.rules import RULES, Step
from derivations.proof.theorem import Certificate

# A table to read across: one entry a line would fill a page.
NAMES = {
    "phi": r"\varphi", "lam_in": r"\lambda^{\mathrm{in}}", "lam_out": r"\lambda^{\mathrm{out}}", "u_in": "u^{-}",
    "x_in": "x^{-}", "x_source": "x^{j}", "slope": r"f'(z)", "output": "z", "target": "y", "weight": "w",
    "label": r"\mathrm{label}", "value": "v", "parameter": r"\theta", "gradient": "g", "first": "m", "second": "v",
    "rho": r"\rho", "beta1": r"\beta_1", "beta2": r"\beta_2", "epsilon": r"\varepsilon", "momentum": r"\mu",
    "Δ": r"\Delta", "deviation": r"\sigma",
}  # fmt: skip
"""Array names as the formulas write them; `d...` is a cotangent and gets a bar, `^-` marks the layer before."""

# A table to read across, as above.
CHARACTERS = {
    "φ": r"\varphi", "Φ": r"\Phi", "λ": r"\lambda", "Λ": r"\Lambda", "Γ": r"\Gamma", "Σ": r"\textstyle\sum", "∂": r"\partial",
    "ℓ": r"\ell", "‖": r"\|", "∘": r"\circ", "ρ": r"\rho", "β": r"\beta", "θ": r"\theta", "ε": r"\varepsilon", "μ": r"\mu",
    "√": r"\surd", "½": r"\tfrac12", "·": r"\cdot", "≥": r"\ge",
    "≤": r"\le", "±": r"\pm", "×": r"\times", "∞": r"\infty", "α": r"\alpha", "δ": r"\delta", "σ": r"\sigma", "→": r"\to",
    "⟨": r"\langle", "⟩": r"\rangle", "<": "<", ">": ">", "|": "|", "−": "-",
    "π": r"\pi", "η": r"\eta", "≠": r"\ne", "∈": r"\in", "≈": r"\approx", "κ": r"\kappa", "Δ": r"\Delta", "⊥": r"\perp",
    "γ": r"\gamma", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "←": r"\leftarrow", "°": r"^\circ",
}  # fmt: skip
SMALL = {"⁻¹": "^{-1}", "²": "^{2}", "³": "^{3}", "ᵀ": "^{T}", "₀": "_{0}", "₁": "_{1}", "₂": "_{2}"}
ACCENTS = {"\u0304": r"\bar", "\u0302": r"\hat"}
ESCAPED = {
    "_": r"\_",
    "^": r"\^{}",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "\\": r"\textbackslash{}",
}


class Formula(LatexPrinter):
    """SymPy's printer with the notation of the project: sums first, paths of one step as φ."""

    def _print_Function(self, expr: sp.Expr, exp: Any = None) -> str:
        name, arguments = type(expr).__name__, [self._print(a) for a in expr.args]
        if name == "P":
            one_step = sp.expand(expr.args[0] - expr.args[1] - 1) == 0
            text = rf"\varphi^{{({arguments[1]})}}" if one_step else f"P_{{{', '.join(arguments)}}}"
        elif name in ("L", "x"):
            text = f"{name}_{{{arguments[0]}}}"
        elif expr.func == df:
            text = rf"f'\left({arguments[0]}\right)"
        elif name in ("transpose", "inverse"):
            inner = arguments[0] if expr.args[0].is_Symbol else rf"\left({arguments[0]}\right)"
            text = f"{inner}^{{{'T' if name == 'transpose' else '-1'}}}"
        elif name == "normal_cdf":
            text = rf"\mathrm{{cdf}}\left({arguments[0]}\right)"
        else:
            return str(super()._print_Function(expr, exp))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    _print_P = _print_L = _print_x = _print_df = _print_normal_cdf = _print_Function
    _print_transpose = _print_inverse = _print_Function

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        places = " " if all(index.is_Atom for index in expr.indices) else ", "
        return f"{array_name(str(expr.base))}_{{{places.join(map(self._print, expr.indices))}}}"

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        if expr.name.startswith("Σ_"):
            return rf"\sum_{{{self._print(sp.Symbol(expr.name[2:]))}}}"
        return NAMES.get(expr.name) or str(super()._print_Symbol(expr, style))

    def _print_Mul(self, expr: sp.Mul) -> str:
        """A marker is a sum and comes first; what it sums is a product, or stands in brackets."""
        sums = sorted((a for a in expr.args if isinstance(a, sp.Symbol) and a.name.startswith("Σ_")), key=str)
        if not sums:
            return str(super()._print_Mul(expr))
        rest = sp.Mul(*[a for a in expr.args if a not in sums], evaluate=False)
        number, rest = rest.as_coeff_Mul()
        text = self._print(rest)
        inner = rf"\left({text}\right)" if rest.is_Add else text
        sign = "- " if number == -1 else "" if number == 1 else f"{self._print(number)} "
        return sign + " ".join(map(self._print, sums)) + f" {inner}"


def array_name(name: str) -> str:
    """ASCII array name to symbol."""
    if name in NAMES:
        return NAMES[name]
    if name.startswith("d") and len(name) > 1:
        return rf"\bar{{{array_name(name.removeprefix('d').removeprefix('_'))}}}"
    return name if len(name) == 1 else rf"\mathrm{{{name}}}".replace("_", r"\_")


def formula(step: Step) -> str:
    """The step's formula in LaTeX, empty for a condition or two lists."""
    if step.rule in ("decided", "computed") or isinstance(step.left, tuple):
        return ""
    printer = Formula({"mul_symbol": None})
    if step.rule in ("bound", "error analysis"):  # exact rationals of many digits; twelve are enough to read
        return rf"{sp.latex(sp.Float(step.left, 12))} \le {sp.latex(sp.Float(step.right, 12))}"
    return f"{printer.doprint(step.left)} = {printer.doprint(step.right)}"


def grounds(step: Step) -> str:
    return ", ".join([step.rule, *step.cites])


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown(certificate: Certificate, functions: list[str]) -> str:
    """One theorem as a page."""
    lines = [
        f"# {certificate.id}: {certificate.title}",
        "",
        f"> {certificate.statement}",
        "",
        _facts(certificate, functions, str),
    ]
    for number, step in enumerate(certificate.steps, 1):
        lines += ["", f"**{number}.** {step.claim} *({grounds(step)})*"]
        if text := formula(step):
            lines += ["", "$$", text, "$$"]
        elif isinstance(step.left, tuple) and step.left:
            lines += ["", *(f"- `{item}`" for item in step.left)]
    return "\n".join([*lines, "", _rules(certificate, str), ""])


def markdown_index(certificates: list[Certificate]) -> str:
    rows = [f"| [{c.id}]({c.id}.md) | {c.title} | {c.scope} | {len(c.steps)} |" for c in certificates]
    return "\n".join(["# Theorems", "", "| theorem | what | scope | steps |", "|---|---|---|---|", *rows, ""])


# --- LaTeX ------------------------------------------------------------------------------------------------------------


SCRIPTS = r"(?:[_^](?:\{[^{}]*\}|\([^()]*\)|[A-Za-z0-9]+))+"
TOKEN = re.compile(rf"(?P<base>[^\s_^()\[\]{{}},=/|]+|[)\]|])(?P<scripts>{SCRIPTS})|(?P<one>(?s:.)[\u0302\u0304]?)")


def plain(text: str) -> str:
    """A line of Unicode text as LaTeX: symbols and scripts of the notation as little formulas, the rest as it is."""
    for small, script in SMALL.items():
        text = text.replace(small, script)
    apart = unicodedata.normalize("NFD", text).replace("=\u0338", "≠")  # letters and their accents apart, signs whole
    return TOKEN.sub(_token, apart).replace("$$", " ")


def _token(match: re.Match[str]) -> str:
    if match["one"]:
        symbol = _symbol(match["one"])
        return f"${symbol}$" if match["one"][0] in CHARACTERS or len(match["one"]) == 2 else ESCAPED.get(symbol, symbol)
    word = re.fullmatch("[A-Za-z][A-Za-z.]{2,}", match["base"])
    if word and "^" not in match["scripts"]:  # the name of an array or a function
        return "".join(ESCAPED.get(c, c) for c in match[0])
    base = (
        rf"\mathrm{{{word[0]}}}" if word else "".join(map(_symbol, re.findall("(?s:.)[\u0302\u0304]?", match["base"])))
    )
    scripts = re.findall(r"([_^])(\{[^{}]*\}|\([^()]*\)|[A-Za-z0-9]+)", match["scripts"])
    inner = [f"{mark}{{{''.join(map(_symbol, group.strip('{}')))}}}" for mark, group in scripts]
    return f"${base}{''.join(inner)}$"


def _symbol(character: str) -> str:
    """One character, perhaps with an accent, inside a formula; ends in a space where letters may follow."""
    letter = f"{CHARACTERS[character[0]]} " if character[0] in CHARACTERS else character[0]
    return f"{ACCENTS[character[1]]}{{{letter}}}" if len(character) == 2 else letter


def latex(certificate: Certificate, functions: list[str]) -> str:
    """One theorem as a section, to be included in a document with `amsmath`."""
    title = plain(f"{certificate.id}: {certificate.title}")
    lines = [rf"\section*{{{title}}}", r"\begin{quote}", plain(certificate.statement), r"\end{quote}", ""]
    lines += [_facts(certificate, functions, plain), "", r"\begin{enumerate}"]
    for step in certificate.steps:
        lines += [rf"\item {{}}{plain(step.claim)} \emph{{({plain(grounds(step))})}}"]
        if text := formula(step):
            lines += [r"\par", rf"$\displaystyle {text}$"]  # a formula inside text breaks into lines by itself
        elif isinstance(step.left, tuple) and step.left:
            lines += [r"\begin{itemize}", *(rf"\item {{}}{plain(str(item))}" for item in step.left), r"\end{itemize}"]
    return "\n".join([*lines, r"\end{enumerate}", "", _rules(certificate, plain), ""])


def latex_document(certificates: list[Certificate]) -> str:
    head = [r"\documentclass{article}", r"\usepackage[a4paper,margin=2.5cm]{geometry}", r"\usepackage{amsmath}"]
    inputs = [rf"\input{{{c.id}.tex}}" for c in certificates]
    return "\n".join([*head, r"\begin{document}", r"\raggedright", *inputs, r"\end{document}", ""])


def _facts(certificate: Certificate, functions: list[str], text: Callable[[str], str]) -> str:
    facts = [f"Holds for {certificate.scope}.", f"Method: {certificate.method}.", f"Source: {certificate.reference}."]
    facts += [f"Assumes: {assumption}." for assumption in certificate.assumptions]
    facts += [f"{', '.join(names)}: {what}." for what, names in certificate.symbols.items()]
    facts += [f"Kernels that rely on it: {', '.join(functions)}."] if functions else []
    return "\n".join(text(fact) for fact in facts)


def _rules(certificate: Certificate, text: Callable[[str], str]) -> str:
    return "\n".join(["Rules:", *(text(f"{name}: {RULES[name]}.") for name in certificate.rules)])
