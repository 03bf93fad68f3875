"""Model files: one NPZ archive of arrays and a JSON record, with a checksum. There is no pickle in it, so loading one runs no code."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from typing import Any

import numpy as np

from spectral_core import __version__
from spectral_core.errors import ModelFileError
from spectral_core.files import atomic

FORMAT = "spectral-core"
CURVE = "curve of networks"
"""The kind of the file with the networks of all sizes of a search."""
VERSION = 2
"""Version 1 has no checksum and is still read."""
CHECKSUM = b"sha256:"
COMMENT = len(CHECKSUM) + 64
"""Bytes of the archive's comment: the SHA-256 of all bytes before it."""
DAMAGE: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)
"""Exceptions that reading a damaged archive can raise; found by damaging model files at every byte."""


def save_model(path: str | os.PathLike[str], kind: str, record: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Save arrays and a JSON record as one model file of the given kind."""
    header = json.dumps({"format": FORMAT, "version": VERSION, "writer": __version__, "kind": kind, "record": record})
    stored: dict[str, Any] = {"header": np.frombuffer(header.encode(), dtype=np.uint8), **arrays}
    archive = io.BytesIO()
    np.savez(archive, **stored)
    # A ZIP archive ends with the length of its comment, two bytes, which NumPy leaves at 0.
    body = archive.getvalue()[:-2] + struct.pack("<H", COMMENT)
    checksum = _checksum(body)
    atomic.write_atomically(path, lambda file: file.write(body + checksum))


def _checksum(body: bytes) -> bytes:
    return CHECKSUM + hashlib.sha256(body).hexdigest().encode()


def is_model_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file was written by `save_model`, by whatever version and of whatever kind."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            header = json.loads(bytes(archive["header"]).decode())
    except DAMAGE:
        return False
    return isinstance(header, dict) and header.get("format") == FORMAT


def load_model(
    path: str | os.PathLike[str], kinds: tuple[str, ...]
) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
    """Load the kind, the record and the arrays of a model file.

    Raises
    ------
    ModelFileError : the file is missing, unreadable, truncated, damaged at any byte, of another kind, or of a newer version.
    """
    stored = b""
    try:
        with open(path, "rb") as file:
            stored = file.read()
        with np.load(io.BytesIO(stored), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(bytes(arrays.pop("header")).decode())
    except FileNotFoundError:
        raise ModelFileError(f"no such model file: {path}") from None
    except IsADirectoryError:
        raise ModelFileError(f"{path} is a folder; name a model file in it, such as compact.npz") from None
    except PermissionError:
        raise ModelFileError(f"{path} may not be read: permission denied") from None
    except DAMAGE:
        whole = stored[:4] == b"PK\x03\x04" and zipfile.is_zipfile(io.BytesIO(stored))
        why = "it has no header of this package" if whole else "it is no NPZ archive, or a part of one"
        raise ModelFileError(f"{path} is not a readable model file ({why})") from None
    # A readable archive may still be something else, or of another version.
    if not isinstance(header, dict) or header.get("format") != FORMAT or not isinstance(header.get("record"), dict):
        raise ModelFileError(f"{path} is not a {FORMAT} model file")
    _check_version(path, header, stored)
    if header.get("kind") not in kinds:
        message = f"{path} holds a {header.get('kind')}; expected {' or '.join(kinds)}"
        if header.get("kind") == CURVE:
            message += f"; spectral-core choose {os.path.dirname(path) or '.'} --weights N writes one of its networks"
        raise ModelFileError(message)
    return header["kind"], header["record"], arrays


def _check_version(path: str | os.PathLike[str], header: dict[str, Any], stored: bytes) -> None:
    """Refuse a newer format, and a file whose checksum does not fit."""
    version = header.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ModelFileError(f"{path} has no format version; got {version!r}")
    if version > VERSION:
        writer = f"version {header['writer']} of this package" if "writer" in header else "a newer version"
        raise ModelFileError(
            f"{path} has the format {version} and was written by {writer}; version {__version__} reads formats up to "
            f"{VERSION}: update spectral-core"
        )
    if version > 1 and stored[-COMMENT:] != _checksum(stored[:-COMMENT]):
        raise ModelFileError(f"{path} is not a readable model file (its checksum does not fit); it is damaged")
