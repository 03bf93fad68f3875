"""What a model file says of the program that wrote it: versions, and the hash of the certificates of the proofs."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import __version__

CERTIFICATES = "certificates.json"


def provenance() -> dict[str, Any]:
    """Versions by package, and the SHA-256 of the installed certificates; None where the proofs are not installed."""
    versions = {"spectral_core": __version__, "numpy": np.__version__}
    return {"versions": versions, "certificates": certificates_hash()}


@cache
def certificates_hash() -> str | None:
    """SHA-256 of the certificates beside the command `verify`, which the proofs offer through an entry point."""
    for entry in entry_points(group="spectral_core.commands", name="verify"):
        spec = find_spec(entry.module.split(".")[0])
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            path = Path(folder) / CERTIFICATES
            if path.is_file():
                return hashlib.sha256(path.read_bytes()).hexdigest()
    return None
