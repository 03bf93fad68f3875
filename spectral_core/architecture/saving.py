"""The files of a search, written and read."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from spectral_core.architecture.curve import Curve, CurvePoint
from spectral_core.architecture.numbers import Block
from spectral_core.architecture.report import SearchReport
from spectral_core.errors import ModelFileError
from spectral_core.files import atomic, model_file
from spectral_core.files.tables import write_csv
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.results import History


def write(
    directory: str | os.PathLike[str],
    report: SearchReport,
    history: History,
    predictors: tuple[Predictor, Predictor],
    at_sizes: Sequence[Predictor],
    proposal: Predictor | None,
) -> None:
    """Write the files of a search; `predictors` are that of the network and that of the compact network."""
    home = Path(directory)
    texts = {
        "report.json": report.to_json(),
        "report.txt": report.to_text(),
        "history.json": json.dumps(asdict(history)) + "\n",
    }
    for name, predictor in zip(("model", "compact"), predictors, strict=True):
        predictor.save(home / f"{name}.npz")
    for name, text in texts.items():
        atomic.write_text(home / name, text)
    if at_sizes:
        write_csv(home / "curve.csv", report.curve)
        networks = [predictor.network for predictor in at_sizes]
        arrays = {f"parameters[{i}]": network.parameters for i, network in enumerate(networks)}
        record = {"networks": [network.record() for network in networks]}
        model_file.save_model(home / "sizes.npz", model_file.CURVE, record, arrays)
    if proposal is not None:
        proposal.save(home / "proposal.npz")


def read(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """The fields of a `SearchResult` by name.

    Raises
    ------
    ModelFileError : a file is missing, damaged, or of another version; the message names it.
    """
    home = Path(directory)
    if not home.is_dir():
        raise ModelFileError(f"no such folder: {home}")
    if not (home / "model.npz").exists():
        raise ModelFileError(f"{home} holds no results of a search: model.npz is not there")
    predictor, compact = (Predictor.load(home / f"{name}.npz") for name in ("model", "compact"))
    if not isinstance(predictor.network, SpectralNetwork) or not isinstance(compact.network, CompactNetwork):
        raise ModelFileError(f"{home} holds other networks than a search writes into model.npz and compact.npz")
    record, history = (_json(home / f"{name}.json") for name in ("report", "history"))
    known: dict[str, Any] = {
        "network": predictor.network,
        "compact": compact.network,
        "report": _report(home / "report.json", record),
        "history": _history(home / "history.json", history),
        "predictor": predictor,
        "compact_predictor": compact,
    }
    if not record.get("curve"):
        return known
    if not (home / "sizes.npz").exists():
        raise ModelFileError(
            f"{home} has no sizes.npz, which earlier versions did not write; Predictor.load reads its model.npz"
        )
    networks = _networks(home / "sizes.npz")
    known["curve"] = _curve(home / "report.json", record["curve"])
    known["at_sizes"] = tuple(replace(compact, network=network) for network in networks)
    known["proposal"] = Predictor.load(home / "proposal.npz")
    if len(networks) != len(known["curve"]):
        raise ModelFileError(f"{home / 'sizes.npz'} does not belong to the curve of report.json")
    return known


def _json(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelFileError(f"no such file of a search: {path}") from None
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path} is not readable JSON: {error}") from None
    if not isinstance(record, dict):
        raise ModelFileError(f"{path} does not hold a record")
    return record


def _report(path: Path, record: dict[str, Any]) -> SearchReport:
    names = {field.name for field in fields(SearchReport)}
    unknown = sorted(record.keys() - names)
    if unknown:
        raise ModelFileError(
            f"{path} has entries that this version does not know: {', '.join(unknown)}; update spectral-core"
        )
    try:
        return SearchReport(**record | {"blocks": [Block(**block) for block in record["blocks"]]})
    except (KeyError, TypeError) as error:
        raise ModelFileError(f"{path} is not the report of a search: {error}") from None


def _history(path: Path, record: dict[str, Any]) -> History:
    try:
        return History(**record)
    except TypeError as error:
        raise ModelFileError(f"{path} is not the history of a training: {error}") from None


def _curve(path: Path, rows: list[dict[str, Any]]) -> Curve:
    """The curve of the rows of a report, which mark the best and the chosen point."""
    names = [field.name for field in fields(CurvePoint)]
    try:
        points = tuple(CurvePoint(**{name: row[name] for name in names if name in row}) for row in rows)
        best, chosen = ([row[mark] for row in rows].index(True) for mark in ("best", "chosen"))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path} has no whole curve: {error}") from None
    return Curve(points, best, chosen)


def _networks(path: Path) -> list[CompactNetwork]:
    _, record, arrays = model_file.load_model(path, (model_file.CURVE,))
    return [
        CompactNetwork.from_record(network, arrays.get(f"parameters[{i}]"), path)
        for i, network in enumerate(record["networks"])
    ]
