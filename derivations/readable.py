"""The proofs for people: each theorem with its steps as LaTeX or Markdown, from the certificate objects themselves.

Formulas are printed from the very expressions that were checked, so that text and proof cannot part.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from derivations.formula_printer import case_row, claim_formula, forms, formula, lines_of
from derivations.proof.certificates import Certificate
from derivations.proof.claims import Claim
from derivations.proof.steps import RULES, Step
from derivations.theorems.words import EXAMPLES, IDEAS, NOTATION

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


def grounds(step: Step) -> str:
    return ", ".join([step.rule, *step.cites])


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown(certificate: Certificate, functions: list[str]) -> str:
    """One theorem as a page: the claim, the idea in words, every step, an example in numbers."""
    lines = [
        f"# {certificate.id}: {certificate.title}",
        "",
        "> " + plain(certificate.statement).replace("*", r"\*"),
        "",
    ]
    lines += [f"**Idea.** {plain(IDEAS[certificate.id])}", ""] if certificate.id in IDEAS else []
    lines += [f"**In words**, which nothing checks: {plain(certificate.words)}", ""] if certificate.words else []
    lines += [_facts(certificate, functions, str)]
    claims = {claim.name: claim for claim in certificate.claims}
    for number, step in enumerate(certificate.steps, 1):
        before = certificate.steps[number - 2] if number > 1 else None
        if step.part not in ("", step.claim) and (before is None or before.part != step.part):
            lines += ["", *_cases(step.part, claims, certificate.steps)]
        lines += ["", f"**{number}.** {step.claim} *({grounds(step)})*"]
        lines += ["", "$$", formula(step), "$$"] if formula(step) else []
        lines += ["", "That is,"] if forms(step) else []
        lines += [line for chain in forms(step) for line in ("", "$$", chain, "$$")]
        if program := lines_of(step):
            lines += ["", "where the program says", *(line for text in program for line in ("", "$$", text, "$$"))]
    lines += ["", f"**In numbers.** {plain(EXAMPLES[certificate.id])}"] if certificate.id in EXAMPLES else []
    return "\n".join([*lines, "", _rules(certificate, str), ""])


def _cases(part: str, claims: dict[str, Claim], steps: tuple[Step, ...]) -> list[str]:
    """The claim that the next steps show, and the table of its cases."""
    claim = claims.get(part)
    lines = [f"**Now to show: {part}.**", *(("", "$$", claim_formula(claim), "$$") if claim else ())]
    rows = [case_row(step) for step in steps if step.part == part and step.where]
    if len(rows) > 1:
        lines += ["", "| case | the left side is | the right side is |", "|---|---|---|"]
        lines += ["| " + " | ".join(f"${cell.replace('|', _BAR)}$" for cell in row) + " |" for row in rows]
    return lines


_BAR = r"\vert "


def markdown_index(certificates: list[Certificate]) -> str:
    rows = [
        f"| [{c.id}]({c.id}.md) | {c.title}{' (definition)' * c.by_definition} | {c.scope} | {len(c.steps)} |"
        for c in certificates
    ]
    return "\n".join(
        [
            "# Theorems",
            "",
            "## Notation",
            "",
            *notation(),
            "",
            "## All theorems",
            "",
            "| theorem | what | scope | steps |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def notation() -> list[str]:
    """The symbols of the theorems as a table in Markdown."""
    return ["| symbol | meaning |", "|---|---|", *(f"| {symbol} | {meaning} |" for symbol, meaning in NOTATION)]


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
    lines += [rf"\textbf{{Idea.}} {plain(IDEAS[certificate.id])}", ""] if certificate.id in IDEAS else []
    words = rf"\textbf{{In words}}, which nothing checks: {plain(certificate.words)}"
    lines += [words, ""] if certificate.words else []
    lines += [_facts(certificate, functions, plain), "", r"\begin{enumerate}"]
    for step in certificate.steps:
        lines += [rf"\item {{}}{plain(step.claim)} \emph{{({plain(grounds(step))})}}"]
        # A formula inside text breaks into lines by itself.
        shown = [text for text in (formula(step), *forms(step), *lines_of(step)) if text]
        lines += [line for text in shown for line in (r"\par", rf"$\displaystyle {text}$")]
    example = ["", rf"\textbf{{In numbers.}} {plain(EXAMPLES[certificate.id])}"] if certificate.id in EXAMPLES else []
    return "\n".join([*lines, r"\end{enumerate}", *example, "", _rules(certificate, plain), ""])


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
