"""Pieces of C source: numbers, tables, names, comments."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from spectral_core.errors import InvalidInputError

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def checked_name(name: str) -> str:
    """A prefix for the functions of a file."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidInputError(
            f"name must be lower-case letters, digits and _, a letter first, at most 31; got {name!r}"
        )
    return name


def decimals(value: Any) -> str:
    """The shortest decimals that read back to the same float32 or float64."""
    text = str(value)
    return f"{text if any(mark in text for mark in '.en') else text + '.0'}{'f' if value.dtype == np.float32 else ''}"


def table(kind: str, name: str, values: Iterable[Any], size: str = "") -> str:
    """A constant array, wrapped."""
    texts = [decimals(v) if isinstance(v, np.floating) else str(int(v)) for v in values]
    body = textwrap.fill(", ".join(texts), 112, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
    return f"static const {kind} {name}[{size or len(texts)}] = {{\n{body}}};"


def unsigned(values: np.ndarray) -> str:
    """The smallest unsigned type that holds all values."""
    greatest = int(values.max()) if len(values) else 0
    return "uint8_t" if greatest < 256 else "uint16_t" if greatest < 65536 else "uint32_t"


def size_of(kind: str) -> int:
    """Bytes of a type."""
    bits = {"float": 32, "double": 64}.get(kind) or int(re.findall(r"\d+", kind)[0])
    return bits // 8


def string(text: str) -> str:
    """A literal of the text in UTF-8; octal escapes end after three digits, so that nothing runs on."""
    plain = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in text.encode())
    return f'"{plain}"'


def comment(lines: Iterable[str]) -> str:
    """A block of sentences; what would end it is taken apart."""
    safe = [line.replace("*/", "* /").replace("/*", "/ *") for line in lines]
    wrapped = [part for line in safe for part in textwrap.wrap(line, 114, subsequent_indent="  ") or [""]]
    return "/* " + "\n   ".join(wrapped) + " */"


def called_parts(parts: Mapping[str, str], text: str) -> str:
    """The helper functions that a text calls, and those that these call, in the order of `parts`."""
    chosen: list[str] = []
    for name, body in reversed(list(parts.items())):
        if re.search(rf"\b{name}\(", text):
            chosen.insert(0, body)
            text += body
    return "\n".join(chosen)


def renamed(code: str, name: str) -> str:
    """Code with another prefix than `net` of its public names. It has no labels or names of the data: they stay as they are."""
    return re.sub(r"\bNET_(?=[A-Z])", f"{name.upper()}_", re.sub(r"\bnet_(?=[a-z])", f"{name}_", code))


def substituted(text: str, words: Mapping[str, str]) -> str:
    """A text with whole words replaced."""
    for word, value in words.items():
        text = re.sub(rf"\b{word}\b", lambda _, value=value: value, text)  # type: ignore[misc]
    return text


def labels_function(labels: list[str], name: str) -> str:
    """The function that names a class."""
    if wrong := [label for label in labels if "\0" in label]:
        raise InvalidInputError(f"the class {wrong[0]!r} has a character 0, which ends a text in C")
    names, count = ", ".join(map(string, labels)), f"{name.upper()}_OUTPUTS"
    return "\n".join(
        [
            "/* The label of a class; of any other number an empty text. */",
            f"const char *{name}_label(int number)",
            "{",
            f"    static const char *const label[{count}] = {{{names}}};",
            f'    return number < 0 || number >= {count} ? "" : label[number];',
            "}",
        ]
    )
