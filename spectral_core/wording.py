"""Words for reports and messages."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """``1 weight``, ``1,200 weights``.

    Examples
    --------
    >>> counted(1, "bias", "biases"), counted(1200, "weight")
    ('1 bias', '1,200 weights')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def undergoing(count: int, one: str, where: str, fate: str) -> str:
    """``1 row without 'y' was left out``, ``12 rows without 'y' were left out``: a number of things, and what was done to them.

    Examples
    --------
    >>> undergoing(1, "row", "without 'y'", "left out"), undergoing(2, "line", "with # in front", "skipped")
    ("1 row without 'y' was left out", '2 lines with # in front were skipped')
    """
    return f"{counted(count, one)} {where} {'was' if count == 1 else 'were'} {fate}"


def acting(count: int, one: str, *verbs: str) -> str:
    """``1 sample judges and gives``, ``12 samples judge and give``: a number of things, and what they do.

    Examples
    --------
    >>> acting(1, "sample", "judge"), acting(12, "sample", "judge", "give")
    ('1 sample judges', '12 samples judge and give')
    """
    return f"{counted(count, one)} {' and '.join(verb + 's' * (count == 1) for verb in verbs)}"
