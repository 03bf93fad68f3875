"""Text as numbers: signs, separators of thousands, decimal commas, currencies, percent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

SPACES = " '’\u00a0\u202f"
"""Signs between thousands, besides the other decimal sign."""
UNITS = r"[$€£¥₹]|USD|EUR|GBP|CHF|JPY|%"
_NUMBER = re.compile(
    rf"(?P<open>\()?(?P<sign>[+\-−])?\s*(?P<before>{UNITS})?\s*(?P<inner>[+\-−])?\s*"
    rf"(?P<body>[\d.,{SPACES}]*\d[.,]?)(?P<power>[eE][+-]?\d+)?\s*(?P<after>{UNITS})?(?P<close>\))?",
    re.ASCII,
)
_GROUPS = {
    ".": re.compile(
        rf"(?:\d+|\d{{1,3}}(?:,\d{{2,3}})*,\d{{3}}|\d{{1,3}}(?:[{SPACES}]\d{{3}})+)(?:\.\d*)?|\.\d+", re.ASCII
    ),
    ",": re.compile(rf"(?:\d+|\d{{1,3}}(?:\.\d{{3}})+|\d{{1,3}}(?:[{SPACES}]\d{{3}})+)(?:,\d*)?|,\d+", re.ASCII),
}
"""A number without its sign, by decimal sign. A group of thousands does not begin with 0."""
_CODE = re.compile(r"[+-]?(?:0\d+|\d{16,})", re.ASCII)


def is_code(text: str) -> bool:
    """Whether digits are a code and no number: they begin with a 0, or a float would lose some of them."""
    return _CODE.fullmatch(text) is not None


def plain_number(text: str) -> float | None:
    """The number of a text in the form of programs, such as -1.5e3; None for all else."""
    try:
        return None if "_" in text or not text.isascii() else float(text)
    except ValueError:
        return None


def plain_numbers(texts: Sequence[str]) -> np.ndarray | None:
    """The numbers of texts that all have the form of programs, at once; None where one has not."""
    whole = "".join(texts)
    if "_" in whole or not whole.isascii():
        return None
    try:
        return np.array(texts, dtype=object).astype(np.float64)
    except ValueError:
        return None


def number(text: str, decimal: str) -> float | None:
    """The number that a person reads, with this decimal sign; None where the text is none."""
    if decimal == "." and (found := plain_number(text)) is not None:
        return found
    parts = _NUMBER.fullmatch(text)
    if parts is None or (parts["open"] is None) != (parts["close"] is None):
        return None
    body = parts["body"].strip()
    signs = [sign for sign in (parts["sign"], parts["inner"]) if sign] + ["-"] * (parts["open"] is not None)
    if len(signs) > 1 or (parts["before"] and parts["after"]) or not _GROUPS[decimal].fullmatch(body):
        return None
    if body[0] == "0" and re.match(rf"0[,.{SPACES}]\d{{3}}", body) and body[1] != decimal:
        return None  # 0,773 has no thousands
    digits = body.translate({ord(mark): None for mark in SPACES + (",.".replace(decimal, ""))}).replace(decimal, ".")
    value = float(digits + (parts["power"] or ""))
    return -value if signs and signs[0] in "-−" else value


def unit(text: str) -> str:
    """The sign of a currency, or %, beside a number; ``''`` where there is none."""
    parts = _NUMBER.fullmatch(text)
    return "" if parts is None else parts["before"] or parts["after"] or ""


def decimals(texts: Iterable[str]) -> set[str]:
    """The decimal signs with which all the texts are numbers: a set of ``.`` and ``,``, empty if there is none."""
    possible = {".", ","}
    for text in texts:
        possible = {sign for sign in possible if number(text, sign) is not None}
        if not possible:
            break
    return possible
