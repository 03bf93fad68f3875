"""Rows as Markdown, and the files that hold them: written beside their place, then renamed into it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from benchmarks.rows import Row

MET = {True: "met", False: "**not met**", None: ""}


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def line(row: Row) -> str:
    spread = "{:.3g} to {:.3g}".format(*row["spread"]) if row["spread"] else ""
    figure = f"{row['figure']:.4g} {row['unit']}".rstrip()
    return f"| {cell(row['question'])} | {figure} | {spread} | {cell(row['target'])} | {MET[row['met']]} |"


def markdown(rows: Iterable[Row]) -> str:
    head = ["| question | figure | spread | target or reference | |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(line, rows)]) + "\n"


def between_markers(text: str, name: str, content: str) -> str:
    """Replace the lines between the markers `<!-- name -->` and `<!-- /name -->`."""
    start, stop = f"<!-- {name} -->", f"<!-- /{name} -->"
    if text.count(start) != 1 or text.count(stop) != 1 or text.index(start) > text.index(stop):
        raise ValueError(f"there must be one {start} and, after it, one {stop}")
    before, rest = text.split(start)
    return f"{before}{start}\n{content.strip()}\n{stop}{rest.split(stop)[1]}"


def write(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
