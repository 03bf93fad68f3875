"""Write a whole file or nothing; check that a path can be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from spectral_core.errors import InvalidInputError


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Write to a temporary file in the same folder, then rename it: the path holds the old file or the whole new one."""
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise InvalidInputError(f"cannot write {target}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InvalidInputError(f"cannot write {target}: {error.strerror}") from None
        raise


def _umask() -> int:
    """The permissions that new files of this process lack; reading them means setting them."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise `InvalidInputError` if the path cannot be written; writes nothing. Call it before long work."""
    folder = Path(path).absolute().parent
    while not folder.exists():  # the folders that do not exist yet are made when the file is written
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidInputError(f"cannot write {path}: {folder} is not a folder that can be written to")
    if Path(path).is_dir():
        raise InvalidInputError(f"cannot write {path}: it is a folder")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file (UTF-8), whole or not at all."""
    write_atomically(path, lambda file: file.write(text.encode()))
