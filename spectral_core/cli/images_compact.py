"""The command `images compact`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core import checks
from spectral_core.cli import console, image_options
from spectral_core.cli.results import check_file
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.data.fingerprints import Origin
    from spectral_core.networks.image import ImageNetwork
    from spectral_core.networks.image_model import ImageModel


def add_parsers(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "compact",
        help="the same model with fewer numbers, or with fewer channels",
        description="Folds batch norms and eigenvalues into the convolutions and leaves out what is dead: the same function "
        "within rounding. With --channels a share of the hidden channels goes too, which changes the function; with --data the "
        "others are refitted on its training images, at most 512 of all classes; of data that the model does not know, any images.",
        epilog="examples: spectral-core images compact results/digits/model.npz; "
        "spectral-core images compact results/digits/model.npz --channels 0.5 --data digits --out small.npz",
    )
    parser.add_argument("model", metavar="MODEL", help="model.npz of `images search` or `images train`")
    share = "share of the hidden channels of each separable convolution that goes (default: 0)"
    parser.add_argument("--channels", type=float, default=0.0, metavar="SHARE", help=share)
    ranking = "which channels go: path, with --data, or eigenvalue (default: path with --data)"
    parser.add_argument("--by", choices=("path", "eigenvalue"), help=ranking)
    parser.add_argument("--data", metavar="DATA", help=f"images for the refit: {image_options.IMAGES}")
    parser.add_argument("--out", metavar="FILE", help="default: MODEL with -compact in its name")
    console.output_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the compact model, and say how large both are and how far their outputs differ.

    By hand: a share of numbers. Checked by test_images_command.test_compact_is_the_same_function_and_channels_go.
    """
    from spectral_core.networks.image import ImageNetwork
    from spectral_core.networks.image_model import ImageModel

    checks.real_number(options.channels, "--channels", 0, 1, open_high=True)
    for name in ("by", "data"):
        if getattr(options, name) is not None and not options.channels:
            raise InvalidInputError(f"--{name} is for channels that go: give a share with --channels, or leave it out")
    model = ImageModel.load(options.model)
    if not isinstance(model.network, ImageNetwork):
        raise InvalidInputError(f"{options.model} is compact already")
    path = Path(options.model)
    out = Path(options.out) if options.out else path.with_name(f"{path.stem}-compact{path.suffix}")
    check_file(out, inputs=[options.model, *([options.data] if options.data else [])])
    cut, origin, sentence = _cut(options, model, model.network)
    small = cut.compact()
    replace(model, network=small, origin=origin).save(out)
    before, after = model.network.n_parameters, small.n_parameters
    record: dict[str, Any] = {"parameters_before": before, "parameters": after, "multiply_adds": small.multiply_adds}
    text = f"{counted(before, 'parameter')} -> {after:,}, {counted(small.multiply_adds, 'multiply-add')} for an image\n"
    console.tell(options, f"{text}{sentence}written to {out}\n", record | {"out": str(out)})
    return 0


def _cut(options: argparse.Namespace, model: ImageModel, net: ImageNetwork) -> tuple[ImageNetwork, Origin | None, str]:
    """The network without the channels that go, the origin that knows the images of a refit, and what was done in words."""
    from spectral_core.resizing.image_channels import hidden_channels, without_channels

    if not options.channels:
        return net, model.origin, "the same function within rounding\n"
    if not hidden_channels(net):
        return net, model.origin, "no separable convolution is left: there is no channel to cut\n"
    refit, by = _Refit.of(model, options.data) if options.data else None, options.by
    cut = without_channels(
        net, options.channels, by=by or ("path" if refit else "eigenvalue"), images=refit.images if refit else None
    )
    share = f"{options.channels:g} of the hidden channels"
    # Where no channel went nothing was refitted, and the images have trained nothing.
    if (cut.parameters == net.parameters).all():
        return net, model.origin, f"{share} is less than one of each convolution: none is gone\n"
    said = f"the function has changed: {share} are gone; `images score` says what it costs\n"
    if refit is None:
        return cut, model.origin, said
    origin = None if model.origin is None else model.origin.having_seen({"training": refit.prints})
    return cut, origin, f"{said}refitted on {refit.sentence}\n"


@dataclass(frozen=True, eq=False)
class _Refit:
    """Images of a refit in the scale of a model, their prints, and a sentence on what they are."""

    images: np.ndarray
    prints: np.ndarray
    sentence: str

    @classmethod
    def of(cls, model: ImageModel, data: str) -> _Refit:
        """Some training images of the model, drawn by class; of all images where its rows are not those of the data."""
        from spectral_core.data.fingerprints import origin_of
        from spectral_core.data.image_parts import images_of, prints_of, some_of, standardised
        from spectral_core.resizing.image_channels import IMAGES_OF_A_REFIT

        found, what = images_of(data, model.network.image[1], model.reference), f"of {data}"
        origin = origin_of(data, found.images, found.labels, None)
        if model.origin is not None and origin.sha256 == model.origin.sha256 and "training" in model.rows:
            found, kind = found.chosen(model.rows["training"]), "training image"
        else:
            kind, what = "image", f"{what}, which is not the data of the model; they count as training images now"
        used = some_of(found, IMAGES_OF_A_REFIT, 0)
        scaled = standardised(used, model.reference).images
        return cls(scaled, prints_of(used), f"{counted(len(used), kind)} {what}")
