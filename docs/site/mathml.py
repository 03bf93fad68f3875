"""Mathematics of the site as MathML, which browsers draw without a script and without a network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

# latex2mathml draws these as letters.
REPLACED = {r"\tfrac": r"\frac", r"\textstyle": "", r"\displaystyle": ""}


def mathml(text: str, display: str) -> str:
    """A formula in LaTeX as an element of MathML."""
    for command, other in REPLACED.items():
        text = text.replace(command, other)
    return str(convert(text, display=display))


def visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode
