"""Parts of an HTML page that stands alone: no script, no request to any host, light and dark, narrow and wide."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spectral_core.errors import MissingDependencyError
from spectral_core.reports.style import svg_text

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may load for the page: nothing."""
STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --faint: #5f6368; --line: #dcdcdc; --paper: #ffffff; --mark: #f3f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --faint: #a4a8ad; --line: #3a3d40; --paper: #161719; --mark: #222427; }
  .picture svg { filter: invert(1) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.2rem 1rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.6rem 0 0.3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 0.5rem; padding-top: 0.7rem; border-top: 1px solid var(--line); }
p { margin: 0.4rem 0; overflow-wrap: anywhere; }
.lead { font-size: 1.1rem; }
.note { border-left: 4px solid #d55e00; background: var(--mark); padding: 0.5rem 0.8rem; margin: 0.8rem 0; }
.faint, figcaption, caption { color: var(--faint); font-size: 0.9rem; }
figure { margin: 0.8rem 0; min-width: 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1.5rem; }
.picture, .wide { overflow-x: auto; }
.picture svg { display: block; width: 100%; height: auto; min-width: 21rem; max-width: 42rem; }
.large svg { min-width: 27rem; max-width: none; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.25rem 1.2rem 0.25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--faint); font-weight: 600; font-size: 0.9rem; }
.number { text-align: right; white-space: nowrap; }
td { overflow-wrap: break-word; min-width: 3rem; }
td.bar { width: 40%; min-width: 6rem; }
.bar span { display: block; height: 0.7rem; margin-top: 0.4rem; background: #0072b2; border-radius: 2px; }
pre { background: var(--mark); padding: 0.7rem 0.9rem; border-radius: 4px; font-size: 0.85rem; line-height: 1.4; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 40rem) { th, td { padding-right: 0.6rem; font-size: 0.88rem; } }
"""


def escaped(text: object) -> str:
    """Text for a place in HTML, between tags or in quotation marks.

    Examples
    --------
    >>> escaped('a < b & "c"')
    'a &lt; b &amp; &quot;c&quot;'
    """
    return html.escape(str(text), quote=True)


def document(title: str, parts: Iterable[str]) -> str:
    """A whole page; the parts are HTML, the title is text."""
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A section with a heading; nothing without parts."""
    inside = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escaped(title)}</h2>\n{inside}\n</section>" if inside else ""


def paragraph(text: object, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f"<p{_class(kind)}>{escaped(text)}</p>"


def code(text: str) -> str:
    """Lines of code."""
    return f"<pre><code>{escaped(text)}</code></pre>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> str:
    """A table of text; the columns `numbers` stand to the right."""
    kinds = ["number" if place in numbers else "" for place in range(len(head))]

    def row(tag: str, cells: Sequence[object]) -> str:
        inside = "".join(
            f"<{tag}{_class(kind)}>{escaped(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)
        )
        return f"<tr>{inside}</tr>"

    body = "\n".join(row("td", cells) for cells in rows)
    return f'<div class="wide"><table>\n<thead>{row("th", head)}</thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def bars(head: tuple[str, str], rows: Sequence[tuple[str, float]]) -> str:
    """A table of names and positive numbers, each with a bar relative to the largest."""
    largest = max((value for _, value in rows), default=0.0) or 1.0
    body = "\n".join(
        f'<tr><td>{escaped(name)}</td><td class="number">{value:.3g}</td>'
        f'<td class="bar"><span style="width:{100 * value / largest:.1f}%"></span></td></tr>'
        for name, value in rows
    )
    top = f'<tr><th>{escaped(head[0])}</th><th class="number">{escaped(head[1])}</th><th></th></tr>'
    return f'<div class="wide"><table>\n<thead>{top}</thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def picture(draw: Callable[[], Any], alternative: str, caption: str = "", kind: str = "picture") -> str:
    """A figure of matplotlib in the page; where matplotlib is not installed a sentence that says so."""
    try:
        drawn = svg_text(draw())
    except MissingDependencyError as error:
        return paragraph(f"{alternative}: {error}", "faint")
    drawn = drawn.replace("<svg ", f'<svg role="img" aria-label="{escaped(alternative)}" ', 1)
    below = f"<figcaption>{escaped(caption)}</figcaption>" if caption else ""
    return f'<figure><div class="{kind}">{drawn}</div>{below}</figure>'


def notebook(text: str, draw: Callable[[], Any], alternative: str) -> str:
    """Text and a picture for a cell of a notebook."""
    try:
        drawn = svg_text(draw()).replace("<svg ", f'<svg role="img" aria-label="{escaped(alternative)}" ', 1)
    except MissingDependencyError:
        drawn = ""
    return f"<div><pre>{escaped(text)}</pre>{drawn}</div>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
