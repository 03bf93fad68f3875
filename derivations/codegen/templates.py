"""Functions of kernel modules that carry no formula, taken from template files.

A template file is Python source with one function for each printed one. It is read, not imported. Some names in capitals
stand for text that differs between the printed functions: `VARIANT` in ``predict_VARIANT``, or `VIEWS` on a line of its own.
"""

from __future__ import annotations

import ast
from pathlib import Path

from derivations.codegen.formulas import FormulaPrinter, theorems_of, written


def read(folder: Path, name: str, printer: type[FormulaPrinter] = FormulaPrinter) -> dict[str, str]:
    """Name -> source of every function of a template file in `folder`/templates, its formulas written by the printer."""
    return {function: written(source, printer) for function, source in raw(folder, name).items()}


def raw(folder: Path, name: str) -> dict[str, str]:
    """Name -> source of every function of a template file, as it is written there: formulas are calls of programs."""
    text = (folder / "templates" / f"{name}.py").read_text(encoding="utf-8")
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.get_source_segment(text, node) or "" for node in functions}


def theorems(folder: Path, name: str, variants: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Name of every printed function of a template file whose text calls programs of scalars -> their theorems."""
    found = {function: theorems_of(source) for function, source in raw(folder, name).items()}
    return {
        function.replace("VARIANT", variant): named
        for function, named in found.items()
        for variant in (variants if "VARIANT" in function else ("",))
        if named
    }


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
