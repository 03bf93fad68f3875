"""Mathematics of the site as MathML, which browsers draw without a script and without a network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

# The brackets of a matrix are borders in site.css: browsers stretch brackets only where a mathematical font is installed.
REPLACED = {"pmatrix": "matrix"}


def mathml(text: str, display: str) -> str:
    """A formula in LaTeX as an element of MathML."""
    for name, other in REPLACED.items():
        text = text.replace(name, other)
    return str(convert(text, display=display))


def visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode
