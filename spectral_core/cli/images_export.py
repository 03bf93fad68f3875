"""The command `images export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from spectral_core import checks
from spectral_core.cli import console
from spectral_core.cli.export import DENSE, IMAGES, check_kind
from spectral_core.cli.results import check_file
from spectral_core.errors import InvalidInputError


def add_parsers(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "export",
        help="a saved model as a file for other software",
        description="Writes the compact form of a model as an ONNX model (opset 17) that can be used alone, or as one C99 file "
        "without libraries. The input X of the ONNX model takes raw images of the model's size, (samples, channels, rows, columns) in "
        "float32; its outputs are label and probabilities. Of a network without its classes the output is z, the logits. The C file "
        "has NAME_raw (logits), NAME_class and NAME_predict (probabilities) of one raw image, and of a model NAME_label of a class.",
        epilog="example: spectral-core images export results/digits/model.npz --c digits.c --name digits",
    )
    parser.add_argument(
        "model", metavar="MODEL", help="model.npz of `images search`, `images train` or `images compact`"
    )
    parser.add_argument("--onnx", metavar="FILE", help="the ONNX model; its folder is made if needed")
    parser.add_argument("--c", metavar="FILE", help="a C99 file for any compiler; its folder is made if needed")
    parser.add_argument("--double", action="store_true", help="C: numbers in float64 (default: float32)")
    parser.add_argument("--name", help="C: the prefix of the functions (default: net)")
    console.output_options(parser, "the name of the file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the files."""
    from spectral_core.exchange.c import c_source
    from spectral_core.exchange.onnx import export_onnx
    from spectral_core.files import atomic
    from spectral_core.networks.compact_image import CompactImageNetwork
    from spectral_core.networks.image import ImageNetwork
    from spectral_core.networks.image_model import ImageModel

    if options.onnx is None and options.c is None:
        raise InvalidInputError("name a file: --onnx FILE or --c FILE, or both")
    if options.c is None and (options.double or options.name is not None):
        raise InvalidInputError(f"{'--double' if options.double else '--name'} belongs to --c")
    kind = check_kind(options.model, IMAGES, DENSE, "without images", "export")
    loaders: dict[str, Any] = dict(zip(IMAGES, (ImageModel, ImageNetwork, CompactImageNetwork), strict=True))
    model = loaders[kind].load(options.model)
    written = {form: path for form, path in (("onnx", options.onnx), ("c", options.c)) if path is not None}
    if len({Path(path).resolve() for path in written.values()}) < len(written):
        raise InvalidInputError(f"the files must be different; got {', '.join(written.values())}")
    for path in written.values():
        check_file(path, inputs=[options.model])
    # What may be refused comes before the first file.
    text = "" if options.c is None else c_source(model, double=options.double, name=options.name or "net")
    if options.onnx is not None:
        checks.optional("onnx", "--onnx", "onnx")
        export_onnx(model, options.onnx)
    if options.c is not None:
        atomic.write_text(options.c, text)
    remark = ""
    if isinstance(model, ImageModel) and model.divisor is None:
        remark = "the model does not know whether its images were bytes: it takes images divided by 255 if they were\n"
    record = {"model": options.model, "written": written, "remark": remark.strip()}
    console.tell(options, f"written: {', '.join(written.values())}\n{remark}", record)
    return 0
