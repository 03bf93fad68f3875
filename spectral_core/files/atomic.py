"""Write a whole file or nothing; ask whether a path can be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from spectral_core.errors import InvalidInputError


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Write to a temporary file in the same folder, then rename: the old file or the whole new one, never half."""
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise InvalidInputError(f"cannot write {target}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, target)
    except BaseException as error:
        Path(beside).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InvalidInputError(f"cannot write {target}: {error.strerror}") from None
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise `InvalidInputError` if nothing can be written at a path, without writing: to be asked before long work."""
    there = Path(path).absolute().parent
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise InvalidInputError(f"cannot write {path}: {there} is not a folder that can be written to")
    if Path(path).is_dir():
        raise InvalidInputError(f"cannot write {path}: it is a folder")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file as a whole or not at all."""
    write_atomically(path, lambda file: file.write(text.encode()))
