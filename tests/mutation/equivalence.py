"""The mutants that compute the same, each with a proof of it; an entry that no longer holds is an error."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation.operators import Mutant

if TYPE_CHECKING:
    from tests.mutation.judge import Verdict

LIST = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Entry:
    """Changes of one line that compute the same, in every function named; the line is named by its text."""

    file: str
    functions: tuple[str, ...]
    line: str
    changes: tuple[str, ...]
    reason: str

    @property
    def keys(self) -> list[tuple[str, str, str, str]]:
        return [(self.file, function, self.line, change) for function in self.functions for change in self.changes]


def load(path: Path = LIST) -> list[Entry]:
    """The entries; every one has a reason."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    items = tomllib.loads(text).get("mutant", [])
    entries = [Entry(**{k: tuple(v) if isinstance(v, list) else v for k, v in item.items()}) for item in items]
    for entry in entries:
        if len(entry.reason.split()) < 4:
            raise ValueError(f"no proof that this computes the same: {entry}")
    return entries


def listed(entries: Sequence[Entry], mutant: Mutant) -> bool:
    return any(mutant.key in entry.keys for entry in entries)


def unmatched(entries: Sequence[Entry], mutants: Sequence[Mutant]) -> list[str]:
    """Entries that name no mutant."""
    known = {mutant.key for mutant in mutants}
    return [f"stale entry in {LIST.name}, no such mutant: {key}" for e in entries for key in e.keys if key not in known]


def noticed(entries: Sequence[Entry], verdicts: Sequence[Verdict]) -> list[str]:
    """Entries whose mutant a judge did notice."""
    return [
        f"wrong entry in {LIST.name}, caught by {v.by} ({v.how}): {v.mutant}"
        for v in verdicts
        if v.by != "nobody" and listed(entries, v.mutant)
    ]
