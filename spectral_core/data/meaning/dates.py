"""Text as dates, and the numbers that a date becomes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = rf"(?P<name>{'|'.join(MONTHS)})[a-z]*\.?"
_TIME = r"(?:[T ]+(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?P<fraction>\.\d+)?)?\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
FORMS = {
    "year-month": r"(?P<y>\d{4})-(?P<m>\d{1,2})",
    "year-month-day": rf"(?P<y>\d{{4}})-(?P<m>\d{{1,2}})-(?P<d>\d{{1,2}}){_TIME}",
    "year/month/day": rf"(?P<y>\d{{4}})/(?P<m>\d{{1,2}})/(?P<d>\d{{1,2}}){_TIME}",
    "day.month.year": rf"(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<y>\d{{4}}){_TIME}",
    "day/month/year": rf"(?P<d>\d{{1,2}})[/-](?P<m>\d{{1,2}})[/-](?P<y>\d{{4}}){_TIME}",
    "month/day/year": rf"(?P<m>\d{{1,2}})[/-](?P<d>\d{{1,2}})[/-](?P<y>\d{{4}}){_TIME}",
    "day month year": rf"(?P<d>\d{{1,2}})[ -]{_NAME}[ -](?P<y>\d{{4}}){_TIME}",
    "month day, year": rf"{_NAME}\s+(?P<d>\d{{1,2}}),?\s+(?P<y>\d{{4}}){_TIME}",
    "month year": rf"{_NAME}[ -](?P<y>\d{{4}})",
}
"""The forms of dates that are known, each as a pattern; years have four digits, names of months are English."""
_PATTERNS = {form: re.compile(pattern, re.IGNORECASE | re.ASCII) for form, pattern in FORMS.items()}
WHOLE_MONTHS = ("year-month", "month year")
PARTS = ("days", "month", "weekday", "hour")
"""What a date becomes: days since 1970-01-01, the month from 1, the weekday from 0 for Monday, the hour of the day."""


def days(text: str, form: str) -> float | None:
    """Days since 1970-01-01 (UTC, where the text names its zone); None where the text has not this form."""
    found = _PATTERNS[form].fullmatch(text)
    if found is None:
        return None
    parts = found.groupdict()
    month = MONTHS.index(parts["name"].lower()) + 1 if parts.get("name") else int(parts["m"])
    hour = int(parts.get("H") or 0)
    if parts.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (parts["half"].lower() == "pm")
    try:
        moment = datetime(
            int(parts["y"]), month, int(parts.get("d") or 1), hour, int(parts.get("M") or 0), int(parts.get("S") or 0),
            tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None
    seconds = moment.timestamp() + float(parts.get("fraction") or 0) - _offset(parts.get("zone") or "")
    return seconds / 86400


def _offset(zone: str) -> float:
    """Seconds of an offset such as +02:00."""
    if zone in ("", "Z"):
        return 0.0
    digits = zone[1:].replace(":", "")
    return (1 if zone[0] == "+" else -1) * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)


def forms(texts: list[str]) -> list[str]:
    """The forms that all the texts have."""
    possible = list(FORMS)
    for text in texts:
        possible = [form for form in possible if days(text, form) is not None]
        if not possible:
            break
    return possible


def days_of(moments: np.ndarray) -> np.ndarray:
    """Days since 1970-01-01 of datetime64; NaN for NaT."""
    with np.errstate(invalid="ignore"):
        count = moments.astype("datetime64[us]").astype(np.int64) / 86400e6
    return np.where(np.isnat(moments), np.nan, count)


def part(moments: np.ndarray, which: str) -> np.ndarray:
    """One of `PARTS` of days since 1970-01-01; NaN stays NaN."""
    if which == "days":
        return moments
    whole = np.floor(moments)
    if which == "weekday":
        return (whole + 3) % 7  # 1970-01-01 was a Thursday
    if which == "hour":
        return np.round((moments - whole) * 24, 6)
    known = np.where(np.isnan(whole), 0, whole).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.where(np.isnan(whole), np.nan, known % 12 + 1)
