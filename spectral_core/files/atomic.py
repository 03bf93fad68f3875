"""Write a whole file or nothing; check that a path can be written.

A link stays a link: the file that it names is written. A pipe or a device stays what it is: the bytes go straight to it.
"""

from __future__ import annotations

import io
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from spectral_core.errors import InvalidInputError

OPEN_FILES = re.compile(r"/proc/(self|thread-self|\d+(/task/\d+)?)/fd|/dev/fd")
"""Folders whose entries are the open files of a process; ``/dev/stdout`` is a link to one of them."""


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Write to a temporary file in the same folder, then rename it: the path holds the old file or the whole new one.

    A pipe or a device gets all bytes at once, when `write` has ended without an error.
    """
    check_writable(path)
    try:
        if _is_stream(path):
            _write_through(path, write)
        else:
            _replace(Path(os.path.realpath(path)), write)
    except OSError as error:
        raise InvalidInputError(f"cannot write {path}: {error.strerror or error}") from None


def _replace(target: Path, write: Callable[[BinaryIO], object]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}."[:100], dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        # A file that was there keeps its permissions.
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _write_through(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    memory = io.BytesIO()
    write(memory)
    number = _open_file(path)
    # A name such as /dev/stdout is opened as a copy, since opening it anew would empty the file behind it.
    with open(path if number is None else os.dup(number), "wb") as file:
        file.write(memory.getbuffer())


def _is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether the path is a pipe, a device, or the name of an open file."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or _open_file(path) is not None


def _open_file(path: str | os.PathLike[str]) -> int | None:
    """The number of this process's open file that the path names; None for every other path."""
    name = os.path.abspath(path)
    for _ in range(40):  # the system follows no more links than this
        folder, entry = os.path.realpath(os.path.dirname(name)), os.path.basename(name)
        if OPEN_FILES.fullmatch(folder) and entry.isdigit():
            own = folder in ("/dev/fd", os.path.realpath("/proc/self/fd"))
            return int(entry) if own else None
        name = os.path.join(folder, entry)
        if not os.path.islink(name):
            return None
        name = os.path.abspath(os.path.join(folder, os.readlink(name)))
    return None


def _umask() -> int:
    """The permissions that new files of this process lack; reading them means setting them."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_writable(path: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]] = ()) -> None:
    """Raise `InvalidInputError` if the path cannot be written, or is one of the files that the command reads.

    Writes nothing. Call it before long work.
    """
    if Path(path).is_dir():
        raise InvalidInputError(f"cannot write {path}: it is a folder")
    if Path(path).is_socket():
        raise InvalidInputError(f"cannot write {path}: it is a socket")
    for source in inputs:
        if is_same_file(path, source):
            raise InvalidInputError(f"cannot write {path}: the command reads this file; name another one")
    # What is there already must be writable itself, also where its folder would let it be replaced.
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise InvalidInputError(f"cannot write {path}: it is read-only")
    if _is_stream(path):
        return
    folder = Path(os.path.realpath(path)).parent
    while not folder.exists():  # the folders that do not exist yet are made when the file is written
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidInputError(f"cannot write {path}: {folder} is not a folder that can be written to")


def is_same_file(path: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths name one regular file, by whatever links."""
    try:
        return os.path.samefile(path, other) and stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file (UTF-8), whole or not at all; bytes of file names that are no text are written as \\udcXX."""
    data = text.encode(errors="backslashreplace")
    write_atomically(path, lambda file: file.write(data))
