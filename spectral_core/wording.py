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
