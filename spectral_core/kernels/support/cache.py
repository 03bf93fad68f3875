"""Where compiled kernels are kept, for an installation that its user cannot write to.

Numba keeps them beside the sources, or in the user's home. Where neither can be written, they go to a folder of the user
among the temporary files; where there is none either, every process compiles anew.
"""

from __future__ import annotations

import os
import stat
import tempfile
import warnings
from pathlib import Path

import numba
from numba.core.dispatcher import Dispatcher


def use_writable_cache() -> None:
    """Let Numba keep compiled kernels somewhere; warn once where that is not its usual place."""
    try:
        numba.njit(cache=True)(_nothing)  # Numba looks for a folder now, and compiles later
    except RuntimeError:
        folder = _temporary_folder()
        if folder is None:
            # Numba has no option for this: `cache=True` stands in every kernel.
            Dispatcher.enable_caching = _do_not_cache  # type: ignore[method-assign, assignment]
            place = "every start compiles them anew; NUMBA_CACHE_DIR can name a folder"
        else:
            os.environ["NUMBA_CACHE_DIR"] = folder  # for processes that this one starts
            numba.config.CACHE_DIR = folder  # type: ignore[attr-defined]
            place = f"they are kept in {folder}"
        warnings.warn(
            f"compiled kernels cannot be kept beside the package or in the home folder; {place}", stacklevel=2
        )


def _temporary_folder() -> str | None:
    """A folder that only this user can write to, since a kept kernel is code; None where there is none."""
    try:
        folder = (
            Path(tempfile.gettempdir()) / f"spectral-core-kernels-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
        )
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and (not hasattr(os, "getuid") or found.st_uid == os.getuid())
    if private and hasattr(os, "getuid"):
        private = not stat.S_IMODE(found.st_mode) & 0o022
    return str(folder) if private and os.access(folder, os.W_OK | os.X_OK) else None


def _nothing() -> None:
    """A function to try Numba's cache with."""


def _do_not_cache(dispatcher: object) -> None:
    """Stand in for `Dispatcher.enable_caching` where nothing can be kept."""


use_writable_cache()
