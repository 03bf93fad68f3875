"""The form of a text file, as far as it is stated and not to be found."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from spectral_core.errors import InvalidInputError

SEPARATORS = (",", ";", "\t", "|", " ")
NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " ", "blank": " ", "pipe": "|"}


@dataclass(frozen=True)
class FileForm:
    """What is known of a file before it is read; None and ``''`` are to be found.

    Attributes
    ----------
    separator : one of `SEPARATORS`; a blank stands for any number of blanks.
    decimal : ``.`` or ``,``.
    encoding : a name that Python knows.
    header : whether the first row holds names.
    missing : the texts that mean a missing value, besides the empty one.
    """

    separator: str = ""
    decimal: str = ""
    encoding: str = ""
    header: bool | None = None
    missing: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "separator", NAMES.get(self.separator.lower(), self.separator))
        if self.separator and self.separator not in SEPARATORS:
            shown = ", ".join(map(repr, SEPARATORS))
            raise InvalidInputError(f"the separator must be one of {shown} or tab; got {self.separator!r}")
        if self.decimal not in ("", ".", ","):
            raise InvalidInputError(f"the decimal sign must be '.' or ','; got {self.decimal!r}")
        if self.decimal and self.decimal == self.separator:
            raise InvalidInputError(f"{self.decimal!r} cannot be both the separator and the decimal sign")
        if self.encoding:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise InvalidInputError(f"{self.encoding!r} is no encoding that Python knows") from None


UNKNOWN = FileForm()
"""Everything is to be found."""
