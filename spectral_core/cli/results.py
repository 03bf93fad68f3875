"""Folders of results: only the same command on the same data may replace what is in them; states that fit no more are dropped."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.files import atomic
from spectral_core.files.model_file import is_model_file
from spectral_core.wording import counted

if TYPE_CHECKING:
    from spectral_core.data.fingerprints import Origin

T = TypeVar("T")
MARKS = {
    "search": {"strategy"},
    "prune": {"by"},
    "images search": {"image", "rows"},
    "images train": {"image", "history"},
}
"""The entries of report.json that only this command writes together."""
MODELS = {"search": "model.npz", "prune": "pruned.npz", "images search": "model.npz", "images train": "model.npz"}
FILES = {
    "search": (
        "model.npz", "compact.npz", "report.json", "report.txt", "report.html", "history.json", "curve.csv", "sizes.npz",
        "proposal.npz", "network.png", "training.png", "spectrum.png", "curve.png",
    ),
    "prune": ("pruned.npz", "report.json", "report.txt"),
    "images search": ("model.npz", "network.npz", "report.json", "report.txt", "cells.png"),
    "images train": ("model.npz", "report.json", "report.txt", "training.png"),
    "reproduce": ("model.npz", "trimmed.npz", "smallest.npz", "table.txt", "summary.json"),
    "sweep": ("sweep.sqlite", "results.csv", "results.parquet"),
}  # fmt: skip
"""The files that the results of a command consist of."""


def check_file(path: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]] = ()) -> None:
    """Refuse a file to write that belongs to the results in its folder, or that `atomic.check_writable` refuses.

    For the files that a user names. What a command writes to its folder of results is for `check_folder`.

    Raises
    ------
    InvalidInputError : the file is one of these; the message names the command and its folder.
    """
    target = Path(os.path.realpath(path))
    for folder in dict.fromkeys((target.parent, Path(path).parent)):
        for command in (results_in(folder), "sweep" if os.path.exists(folder / "sweep.sqlite") else None):
            held = [folder / name for name in FILES.get(command or "", ())]
            if any(target == Path(os.path.realpath(own)) or atomic.is_same_file(own, path) for own in held):
                raise InvalidInputError(
                    f"cannot write {path}: it belongs to the {command} in {folder}; name another file"
                )
    atomic.check_writable(path, inputs)


def check_folder(home: Path, command: str, origin: Origin | None) -> None:
    """Refuse a folder with results of another command or of other data, and say where the same file had other contents.

    Raises
    ------
    InvalidInputError : the folder holds other results.
    """
    found = results_in(home)
    if found is None:
        return
    if found != command:
        held = f"the results of `{found}`" if found in (*MARKS, "reproduce") else found
        raise InvalidInputError(f"{home} holds {held}; give another folder with --out")
    known = _origin(home / MODELS[command], command.startswith("images")) if command in MODELS else None
    if origin is None or known is None or not known.source or not origin.source:
        return
    if known.source != origin.source:
        raise InvalidInputError(
            f"{home} holds the results for {known.source}, not for {origin.source}; give another folder with --out"
        )
    if known.sha256 != origin.sha256:
        note(f"the results in {home} are replaced; they were made from other contents of {origin.source}")


def results_in(home: Path) -> str | None:
    """The command whose results a folder holds, or words on a report that is not known; None where there are none."""
    if os.path.exists(home / "report.json"):
        report = _report(home / "report.json")
        return next((name for name, mark in MARKS.items() if mark <= report.keys()), "a report.json of another program")
    return "reproduce" if os.path.exists(home / "summary.json") else None


def _report(path: Path) -> dict[str, object]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _origin(path: Path, images: bool) -> Origin | None:
    """The origin that a model file names; None where there is none."""
    from spectral_core.networks.image_model import ImageModel
    from spectral_core.networks.predictor import load_any

    try:
        predictor = ImageModel.load(path) if images else load_any(path)[1]
    except ModelFileError:
        return None
    return None if predictor is None else predictor.origin


def note(text: str) -> None:
    """One line on stderr."""
    print(f"spectral-core: {text}", file=sys.stderr, flush=True)


STATE = re.compile(r"unfinished-[0-9a-f]{8}\.\S+")
"""The names of states that an interrupted command leaves in its folder."""


def drop_other_states(home: Path, state: Path) -> None:
    """Delete the states that commands with other data or options left in a folder; no other file is touched."""
    found = [path for path in home.glob("unfinished-*") if STATE.fullmatch(path.name) and is_model_file(path)]
    drop_states((path for path in found if not path.name.startswith(f"{state.name}.")), "is of other data or options")


def drop_states(files: Iterable[Path], why: str) -> int:
    """Delete states of interrupted work, and say so in one line; returns how many there were."""
    dropped = list(files)
    for path in dropped:
        path.unlink(missing_ok=True)
    if dropped:
        note(f"an unfinished state in {dropped[0].parent} {why}; it is dropped ({counted(len(dropped), 'file')})")
    return len(dropped)


def afresh_where_stale(files: Callable[[], Iterable[Path]], work: Callable[[], T]) -> T:
    """Work that continues from files; where they belong to other work or are damaged, they are dropped and it begins afresh."""
    try:
        return work()
    except ModelFileError:
        if not drop_states(files(), "does not belong to this work or is damaged"):
            raise
        return work()
