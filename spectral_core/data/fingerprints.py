"""What identifies data: a hash of a file, and a short hash of each row, so that a model knows the rows that it was made from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

ROW_BYTES = 8
CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class Origin:
    """The data that a model was made from.

    source : name of the file, or of the built-in set; empty for arrays. sha256 : of the file, else of the arrays. seed : of the
    split. prints : `row_prints` by part, ``training`` and ``validation``, in no order.
    """

    source: str = ""
    sha256: str = ""
    seed: int | None = None
    prints: Mapping[str, np.ndarray] = field(default_factory=dict)

    def seen(self, prints: np.ndarray, part: str) -> np.ndarray:
        """Which rows, given by their prints, are rows of this part."""
        return np.isin(prints, self.prints.get(part, np.zeros(0, np.uint64)))

    def having_seen(self, prints: Mapping[str, np.ndarray]) -> Origin:
        """The same origin with further rows by part."""
        both = {
            part: np.union1d(self.prints.get(part, np.zeros(0, np.uint64)), prints.get(part, np.zeros(0, np.uint64)))
            for part in {*self.prints, *prints}
        }
        return replace(self, prints=both)


def row_prints(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A hash of 64 bits of each row: its features (samples, features) and its targets or its label, (samples, ...).

    Equal rows have equal prints. Numbers are compared as float64, labels as text.
    """
    real = np.asarray(y).dtype.kind == "f"
    targets = np.ascontiguousarray(y, np.float64) + 0.0 if real else None
    labels = None if real else [str(label).encode() for label in np.asarray(y).tolist()]
    prints = np.empty(len(x), np.uint64)
    for row, values in enumerate(np.asarray(x)):
        features = values.astype(np.float64) + 0.0  # -0 is 0
        digest = hashlib.blake2b(features.tobytes(), digest_size=ROW_BYTES)
        digest.update(targets[row].tobytes() if targets is not None else (labels or [])[row])
        prints[row] = int.from_bytes(digest.digest(), "little")
    return prints


def array_hash(x: np.ndarray, y: Any) -> str:
    """SHA-256 of the rows of arrays, in their order."""
    return hashlib.sha256(row_prints(x, np.asarray(y)).tobytes()).hexdigest()


def file_hash(path: str | os.PathLike[str]) -> str:
    """SHA-256 of the bytes of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def origin_of(source: str | os.PathLike[str], x: np.ndarray, y: np.ndarray, seed: int | None) -> Origin:
    """The origin of data from a file, or of a built-in set with the arrays x and y."""
    if Path(source).is_file():
        return Origin(Path(source).name, file_hash(source), seed)
    return Origin(str(source), array_hash(x, y), seed)
