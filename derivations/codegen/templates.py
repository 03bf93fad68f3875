"""Functions of kernel modules that carry no formula, taken from template files.

A template file is Python source with one function for each printed one. It is read, not imported. Some names in capitals
stand for text that differs between the printed functions: `VARIANT` in ``predict_VARIANT``, or `VIEWS` on a line of its own.
"""

from __future__ import annotations

import ast
from pathlib import Path


def read(folder: Path, name: str) -> dict[str, str]:
    """Name -> source of every function of a template file in `folder`/templates."""
    text = (folder / "templates" / f"{name}.py").read_text(encoding="utf-8")
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.get_source_segment(text, node) or "" for node in functions}


def specialise(source: str, decorator: str, **words: str) -> str:
    """The function with its decorator and every word replaced by its text.

    A word that is a line of its own becomes the lines of its text, indented like the word; no text removes the line.
    """
    lines = source.split("\n")
    for word, text in words.items():
        lines = [new for line in lines for new in _replaced(line, word, text)]
    return "\n".join([decorator, *lines])


def _replaced(line: str, word: str, text: str) -> list[str]:
    if line.strip() != word:
        return [line.replace(word, text)]
    return [line.replace(word, part) for part in text.splitlines()]
