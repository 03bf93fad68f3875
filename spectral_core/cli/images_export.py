"""The command `images export`."""

from __future__ import annotations

import argparse
from typing import Any

from spectral_core import checks
from spectral_core.cli import console
from spectral_core.cli.export import DENSE, IMAGES, check_kind


def add_parsers(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "export",
        help="a saved model as a file for other software",
        description="Writes the compact form of a model as an ONNX model (opset 17) that can be used alone. Its input X takes "
        "raw images of the model's size, (samples, channels, rows, columns) in float32; its outputs are label and probabilities. "
        "Of a network without its classes the output is z, the logits.",
        epilog="example: spectral-core images export results/digits/model.npz --onnx digits.onnx",
    )
    parser.add_argument(
        "model", metavar="MODEL", help="model.npz of `images search`, `images train` or `images compact`"
    )
    parser.add_argument("--onnx", metavar="FILE", required=True, help="the ONNX model; its folder is made if needed")
    console.output_options(parser, "the name of the file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the file."""
    from spectral_core.exchange.onnx import export_onnx
    from spectral_core.files import atomic
    from spectral_core.networks.compact_image import CompactImageNetwork
    from spectral_core.networks.image import ImageNetwork
    from spectral_core.networks.image_model import ImageModel

    kind = check_kind(options.model, IMAGES, DENSE, "without images", "export")
    loaders: dict[str, Any] = dict(zip(IMAGES, (ImageModel, ImageNetwork, CompactImageNetwork), strict=True))
    model = loaders[kind].load(options.model)
    checks.optional("onnx", "--onnx", "onnx")
    atomic.check_writable(options.onnx, inputs=[options.model])
    export_onnx(model, options.onnx)
    remark = ""
    if isinstance(model, ImageModel) and model.divisor is None:
        remark = "the model does not know whether its images were bytes: X takes images divided by 255 if they were\n"
    record = {"model": options.model, "written": {"onnx": options.onnx}, "remark": remark.strip()}
    console.tell(options, f"written: {options.onnx}\n{remark}", record)
    return 0
