"""The text of a file: compression and encoding."""

from __future__ import annotations

import codecs
import gzip
import zlib

from spectral_core.data.columns import Source, one_line
from spectral_core.errors import DataFileError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(source: Source, encoding: str) -> tuple[str, list[str]]:
    """The text of a file, which may be compressed by gzip, and remarks on its encoding.

    A mark at the beginning or `encoding` says the encoding; else it is UTF-8 if the bytes are, and Windows-1252 (Latin-1
    where that has no character) if they are not.

    Raises
    ------
    DataFileError : the file cannot be read, is not in the encoding that was stated, or holds zero bytes.
    """
    try:
        with open(source, "rb") as file:
            content = file.read()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(f"{source} cannot be read: {one_line(error)}") from None
    text, remarks = _decoded(source, content, encoding)
    if "\0" in text:
        hint = "" if encoding else "; --encoding utf-16-le reads text of two bytes a character"
        raise DataFileError(f"{source} holds zero bytes, so it is no text file{hint}")
    return text, remarks


def _decoded(source: Source, content: bytes, encoding: str) -> tuple[str, list[str]]:
    marked = next((name for mark, name in MARKS if content.startswith(mark)), "")
    remarks = (
        [f"the encoding is {marked.removesuffix('-sig')}, by its mark"] if marked == "utf-16" and not encoding else []
    )
    try:
        text = content.decode(encoding or marked or "utf-8")
        return text.removeprefix("\ufeff"), remarks
    except UnicodeDecodeError as error:
        if encoding or marked:
            line = content[: error.start].count(b"\n") + 1
            raise DataFileError(
                f"{source}, line {line}: the bytes are not {encoding or marked}: {error.reason}"
            ) from None
    try:
        text, name = content.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, name = content.decode("latin-1"), "Latin-1"
    return text, [f"the text is not UTF-8: read as {name}; --encoding states another"]
