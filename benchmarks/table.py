"""Rows as Markdown, and the files that hold them: written beside their place, then renamed into it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from benchmarks.rows import Row

START, STOP = "<!-- benchmarks -->", "<!-- /benchmarks -->"
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


def between_markers(text: str, content: str) -> str:
    """The text with the lines between the two markers replaced."""
    if text.count(START) != 1 or text.count(STOP) != 1 or text.index(START) > text.index(STOP):
        raise ValueError(f"there must be one {START} and, after it, one {STOP}")
    before, rest = text.split(START)
    return f"{before}{START}\n{content.strip()}\n{STOP}{rest.split(STOP)[1]}"


def write(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
