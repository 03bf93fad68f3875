"""Model files: one NPZ archive of arrays and a JSON record. There is no pickle in it, so loading one runs no code."""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from typing import Any

import numpy as np

from spectral_core.errors import ModelFileError
from spectral_core.files import atomic

FORMAT = "spectral-core"
VERSION = 1
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
    header = json.dumps({"format": FORMAT, "version": VERSION, "kind": kind, "record": record})
    stored: dict[str, Any] = {"header": np.frombuffer(header.encode(), dtype=np.uint8), **arrays}
    atomic.write_atomically(path, lambda file: np.savez(file, **stored))


def load_model(
    path: str | os.PathLike[str], kinds: tuple[str, ...]
) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
    """Load the kind, the record and the arrays of a model file.

    Raises
    ------
    ModelFileError : the file is missing, unreadable, truncated, or has another kind or version.
    """
    try:
        # Opened here, since np.load leaves its own handle open when the archive is damaged.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(bytes(arrays.pop("header")).decode())
    except FileNotFoundError:
        raise ModelFileError(f"no such model file: {path}") from None
    except DAMAGE as error:
        raise ModelFileError(
            f"{path} is not a readable model file ({type(error).__name__}); it may be truncated"
        ) from None
    # A readable archive may still be something else.
    if not isinstance(header, dict) or header.get("format") != FORMAT or not isinstance(header.get("record"), dict):
        raise ModelFileError(f"{path} is not a {FORMAT} model file")
    if header.get("version") != VERSION:
        raise ModelFileError(f"{path} has format version {header.get('version')}; this package reads version {VERSION}")
    if header.get("kind") not in kinds:
        raise ModelFileError(f"{path} holds a {header.get('kind')}; expected {' or '.join(kinds)}")
    return header["kind"], header["record"], arrays
