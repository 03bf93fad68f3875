"""The command `export`: a model as a file for other software."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from spectral_core.cli import data_options
from spectral_core.cli.console import output_options, tell
from spectral_core.cli.results import check_file
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted

Writer = Callable[[Any, str, argparse.Namespace], None]


def _onnx(model: Any, path: str, options: argparse.Namespace) -> None:
    from spectral_core.exchange.onnx import export_onnx

    export_onnx(model, path, double=options.double)


def _safetensors(model: Any, path: str, options: argparse.Namespace) -> None:
    from spectral_core.exchange.tensors import export_safetensors

    export_safetensors(model, path)


def _torch(model: Any, path: str, options: argparse.Namespace) -> None:
    from spectral_core.exchange.tensors import export_torch

    export_torch(model, path)


def _c(model: Any, path: str, options: argparse.Namespace) -> None:
    from spectral_core.exchange.c import export_c

    calibration = None
    if options.calibrate is not None:
        found = data_options.load_for(model, options.calibrate, options)
        data_options.note(found.remarks, found.name)
        # The rows are encoded.
        model, calibration = replace(model, encoder=None), (found.x, found.labels)
    name = options.name or "net"
    given = {"double": options.double, "int8": options.int8, "trainable": options.trainable}
    export_c(model, path, calibration=calibration, name=name, **given)


def _js(model: Any, path: str, options: argparse.Namespace) -> None:
    from spectral_core.exchange.javascript import export_javascript

    export_javascript(model, path)


FORMATS: dict[str, tuple[str, str, Writer]] = {
    "onnx": ("an ONNX model: labels and probabilities, or numbers in their units", "onnx", _onnx),
    "safetensors": ("weights as safetensors, scaling included", "safetensors.numpy", _safetensors),
    "torch": ("the same weights as a PyTorch state_dict in an NPZ file", "", _torch),
    "c": ("one C99 file that needs no library", "", _c),
    "js": ("one ES module for a web page or Node, without dependency", "", _js),
}
"""By option: what it writes, the library that it needs, and the function."""


DENSE = ("network", "compact network", "predictor")
IMAGES = ("image model", "image network", "compact image network")
"""Kinds of model files, by the command that exports them: `export` and `images export`."""


def check_kind(path: str, own: tuple[str, ...], others: tuple[str, ...], what: str, command: str) -> str:
    """The kind of a model file; a file of the `others` is refused, and the message names their command.

    Raises
    ------
    InvalidInputError : the model is one of the others. ModelFileError : the file is no model file.
    """
    from spectral_core.files import model_file

    kind, _, _ = model_file.load_model(path, (*own, *others))
    if kind in others:
        raise InvalidInputError(f"{path} holds a model {what}; use spectral-core {command} {path} --onnx FILE")
    return kind


def _put(content: bytes, file: BinaryIO) -> None:
    file.write(content)


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "export",
        help="a saved model as a file for other software",
        description="Writes a model in one format or several. Pages on the formats: docs/models.md, docs/devices.md, docs/javascript.md.",
        epilog="example: spectral-core export results/wine/compact.npz --c wine.c --js wine.js",
    )
    parser.add_argument("model", metavar="MODEL", help="any model file of this package; of images: `images export`")
    for name, (meaning, _, _) in FORMATS.items():
        parser.add_argument(f"--{name}", metavar="FILE", help=meaning)
    parser.add_argument("--double", action="store_true", help="ONNX, C: numbers in float64 (default: float32)")
    parser.add_argument("--name", help="C: the prefix of the functions (default: net)")
    parser.add_argument("--int8", action="store_true", help="C: integers alone, for chips without floating point")
    calibrate = "C, --int8: a file with the model's columns and its target, or a built-in name; its rows set the scales"
    parser.add_argument("--calibrate", metavar="DATA", help=calibrate)
    parser.add_argument(
        "--trainable", action="store_true", help="C: weights that a device adapts, one step for each sample"
    )
    data_options.add_column_options(parser, split=False, rows=False)
    data_options.add_file_options(parser)
    output_options(parser, "the names of the files")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the files that were asked for."""
    from spectral_core import checks
    from spectral_core.files import atomic
    from spectral_core.networks.predictor import load_any

    # Errors come before the first file.
    wanted = {name: getattr(options, name) for name in FORMATS if getattr(options, name) is not None}
    if not wanted:
        raise InvalidInputError(f"export needs a format: {' or '.join(f'--{name} FILE' for name in FORMATS)}")
    if options.double and not {"onnx", "c"} & wanted.keys():
        raise InvalidInputError("--double belongs to --onnx or --c")
    for option in ("name", "int8", "calibrate", "trainable"):
        if getattr(options, option) and "c" not in wanted:
            raise InvalidInputError(f"--{option} belongs to --c")
    if options.int8 and options.calibrate is None:
        raise InvalidInputError("--int8 needs --calibrate DATA, whose rows set the scales of the integers")
    if options.calibrate is not None and not options.int8:
        raise InvalidInputError("--calibrate belongs to --int8")
    check_kind(options.model, DENSE, IMAGES, "of images", "images export")
    network, predictor = load_any(options.model)
    if options.calibrate is not None and predictor is None:
        raise InvalidInputError(
            f"{options.model} is a network without the scaling of its data; --calibrate needs a model with it"
        )
    if len({Path(path).resolve() for path in wanted.values()}) < len(wanted):
        raise InvalidInputError(f"the files must be different; got {', '.join(wanted.values())}")
    for name, path in wanted.items():
        library = FORMATS[name][1]
        if library:
            checks.optional(library, f"--{name}", "exchange")
        check_file(path, inputs=[options.model, *([options.calibrate] if options.calibrate else [])])
    contents: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            FORMATS[name][2](network if predictor is None else predictor, str(Path(folder) / name), options)
            contents[name] = (Path(folder) / name).read_bytes()
    for name, path in wanted.items():
        atomic.write_atomically(path, partial(_put, contents[name]))
    # The JavaScript module encodes raw rows itself.
    encoded = predictor is not None and predictor.encoder is not None and set(wanted) != {"js"}
    remark = (
        f"the input is the encoded features, {counted(network.n_features, 'column')}, not the raw ones\n"
        if encoded
        else ""
    )
    record = {"model": options.model, "written": wanted, "remark": remark.strip()}
    tell(options, f"written: {', '.join(wanted.values())}\n{remark}", record)
    return 0
