"""The Sphinx extension of the site: MathML, proofs and ideas of theorems, links to theorems, code that is run."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from derivations import readable
from docs.figures import build as figures
from docs.site import cells, mathml, proofs

THEOREM = re.compile(r"\bM(?:1\d|2[0-4]|[1-9])\b")
UNLINKED = (nodes.reference, nodes.literal, nodes.literal_block, nodes.title, nodes.math, nodes.math_block, nodes.raw)
THEOREMS_PAGE = "docs/theorems"
RUN = "docs/course/"


class Proof(SphinxDirective):
    """`{proof} M4` with lines `claim -- words`."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(proofs.proof(self.arguments[0], "\n".join(self.content)))


class Idea(SphinxDirective):
    """`{idea} M4`: why it is so, and an example in numbers."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(proofs.idea(self.arguments[0]))


class Notation(SphinxDirective):
    """`{notation}`: the symbols of the theorems."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(readable.notation()))


class Touch(SphinxDirective):
    """`{touch} matrix`: a figure of docs/figures inside the page, and a link to it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if name not in figures.FIGURES:
            raise self.error(f"there is no figure {name}; there are {', '.join(figures.FIGURES)}")
        up = "../" * self.env.docname.count("/")
        title = figures.FIGURES[name]
        html = (
            f'<iframe class="touch" src="{up}figures/{name}.html" title="{title}" loading="lazy"></iframe>\n'
            f'<p class="touch"><a href="{up}figures/{name}.html">Open this figure on a page of its own.</a></p>'
        )
        return [nodes.raw("", html, format="html")]


def write_figures(app: Sphinx, error: Exception | None) -> None:
    """The figures as pages beside the site."""
    if error is None:
        figures.build(Path(app.outdir) / "figures")


def run_code(app: Sphinx, docname: str, source: list[str]) -> None:
    """Runs the code of a lesson; a block that prints something else than the page shows is a warning."""
    if not docname.startswith(RUN):
        return
    with tempfile.TemporaryDirectory() as folder:
        for message in cells.differences(source[0], Path(folder)):
            logging.getLogger(__name__).warning(message, location=docname)


def link_theorems(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Every M1 to M24 in the text of a page leads to the sentence that states it."""
    if docname == THEOREMS_PAGE:
        return
    home = app.builder.get_relative_uri(docname, THEOREMS_PAGE)
    for text in list(doctree.findall(nodes.Text)):
        found = list(THEOREM.finditer(text))
        ancestors, node = [], text.parent
        while node is not None:
            ancestors.append(node)
            node = node.parent
        if not found or any(isinstance(a, UNLINKED) for a in ancestors):
            continue
        parts: list[nodes.Node] = []
        at = 0
        for match in found:
            parts.append(nodes.Text(text[at : match.start()]))
            parts.append(nodes.reference(match[0], match[0], refuri=f"{home}#{match[0].lower()}"))
            at = match.end()
        text.parent.replace(text, [*parts, nodes.Text(text[at:])])


def escape_bars(app: Sphinx, what: str, name: str, subject: Any, options: Any, lines: list[str]) -> None:
    """|x| in a docstring is an absolute value; reStructuredText would read a substitution."""
    lines[:] = [
        "``".join(part if n % 2 else part.replace("|", "\\|") for n, part in enumerate(line.split("``")))
        for line in lines
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("proof", Proof)
    app.add_directive("idea", Idea)
    app.add_html_math_renderer("mathml", (mathml.visit_inline, None), (mathml.visit_block, None))
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
    app.add_directive("notation", Notation)
    app.add_directive("touch", Touch)
    app.connect("build-finished", write_figures)
    app.connect("source-read", run_code)
    app.connect("doctree-resolved", link_theorems)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
