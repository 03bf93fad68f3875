"""The command `images train`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core import checks
from spectral_core.cli import console, image_options
from spectral_core.cli.results import FILES
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted

if TYPE_CHECKING:
    from spectral_core.data.image_parts import ImageParts
    from spectral_core.networks.image import ImageNetwork
    from spectral_core.networks.image_model import ImageModel
    from spectral_core.training.results import TrainingResult


def add_parsers(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "train",
        help="train a network of cells on images",
        description="Trains the first network of a search, or with MODEL that network further, and writes model.npz, "
        "report.json, report.txt and training.png. The model keeps classes, scale and split: with MODEL on its own data the "
        "test images stay those of MODEL; on other data, images that trained MODEL are no test images. After Ctrl-C or "
        "SIGTERM the same command continues.",
        epilog="examples: spectral-core images train digits --channels 4 --reductions 1; "
        "spectral-core images train results/cifar/model.npz cifar10.npz --size 16 --epochs 20 --flip --out results/longer",
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        help="model.npz of a search: its cells are trained further; it stands directly before DATA",
    )
    image_options.add_data_options(parser)
    image_options.add_network_options(parser)
    group = parser.add_argument_group("the training")
    group.add_argument("--epochs", type=int, default=10, help="default: 10")
    image_options.add_rate_options(group)
    drop = "training leaves each operation out for an image with this probability (default: 0)"
    group.add_argument("--drop-path", type=float, default=0.0, metavar="P", help=drop)
    console.backend_option(parser)
    console.seed_option(parser, "split, start and order")
    parser.add_argument("--out", metavar="DIR", help="folder for the results (default: results/<data>)")
    console.output_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train a network, score it on test images, and write everything."""
    # Errors come before the work.
    checks.integer(options.epochs, "--epochs", 1)
    model = _model(options)
    parts = image_options.load_parts(options, model)
    home = image_options.folder(options, parts, FILES["images train"])
    net = _start(options, parts, model)
    pictures = console.pictures_can_be_drawn()
    # Training, from a checkpoint where there is one.
    image_options.written(
        options,
        parts,
        home,
        lambda checkpoint, progress: _trained(options, parts, net, checkpoint, progress),
        lambda result: write(options, parts, result, home, pictures),
    )
    return 0


def _model(options: argparse.Namespace) -> ImageModel | None:
    """The model that is trained further; its cells and channels are given with it."""
    from spectral_core.networks.compact_image import CompactImageNetwork
    from spectral_core.networks.image_model import ImageModel

    if options.model is None:
        return None
    for name in ("channels", "reductions"):
        if getattr(options, name) is not None:
            raise InvalidInputError(
                f"--{name} is for a new network; {options.model} has its own {name}: leave the option out"
            )
    model = ImageModel.load(options.model)
    if isinstance(model.network, CompactImageNetwork):
        raise InvalidInputError(
            f"{options.model} is compact: it has no batch norms to train; give the model it was made from"
        )
    return model


def _start(options: argparse.Namespace, parts: ImageParts, model: ImageModel | None) -> ImageNetwork:
    """The network that training begins with: a new one, or that of a model for images of the same shape and classes."""
    from spectral_core.networks.image import ImageNetwork

    data = parts.training
    if model is None:
        given = {name: getattr(options, name) for name in ("channels", "reductions")}
        return ImageNetwork.initialize(
            **{name: value for name, value in given.items() if value is not None}, classes=len(data.classes),
            image=data.shape, drop_path=options.drop_path, seed=options.seed,
        )  # fmt: skip
    assert isinstance(model.network, ImageNetwork)
    if model.network.image != data.shape or model.classes != data.classes:
        raise InvalidInputError(
            f"{options.model} is for images of {'×'.join(map(str, model.network.image))} in the classes "
            f"{', '.join(map(str, model.classes))}; {options.data} has {image_options.shape_text(data)} in "
            f"{', '.join(map(str, data.classes))}"
        )
    return model.network.with_drop_path(options.drop_path)


def _trained(
    options: argparse.Namespace, parts: ImageParts, net: ImageNetwork, checkpoint: Path, progress: Any
) -> TrainingResult[Any]:
    from spectral_core.training.trainer import train

    data, judging = parts.training, parts.validation
    return train(
        net,
        data,
        data.labels,
        epochs=options.epochs,
        validation_data=(judging, judging.labels) if len(judging) else None,
        callbacks=[lambda p: progress(p.epoch, p.epochs, f"loss {p.history.training_loss[-1]:.3g}")],
        checkpoint=checkpoint,
        keep_checkpoint=True,
        backend=options.backend,
        **image_options.step_keywords(options),
    )


def write(
    options: argparse.Namespace, parts: ImageParts, result: TrainingResult[Any], home: Path, pictures: bool
) -> None:
    """Write the model, its report and its picture, and tell what they are."""
    from spectral_core.files import atomic
    from spectral_core.networks.image_model import ImageModel
    from spectral_core.reports.curves import training_picture

    net, data = result.network, parts.training
    model = ImageModel.of(net, data, parts.rows, parts.origin)
    model.save(home / "model.npz")
    accuracy = {name: accuracy_of(net, part) for name, part in (("test", parts.test), ("validation", parts.validation))}
    record = {
        "image": list(data.shape),
        "data": parts.origin.source,
        "classes": list(data.classes),
        "images": image_options.shares(parts),
        "parameters": net.n_parameters,
        "epochs": len(result.history),
        "accuracy": accuracy,
        "history": asdict(result.history),
        "network": net.structure.record(),
    }
    text = (
        f"{net!r}\n{counted(len(result.history), 'epoch')} on {counted(len(data), 'image')}\n{accuracy_text(accuracy)}"
    )
    atomic.write_text(home / "report.json", console.as_json(record))
    atomic.write_text(home / "report.txt", text)
    written = ["model.npz", "report.json", "report.txt"]
    if pictures:
        training_picture(home / "training.png", _losses(result), title=f"{parts.origin.source}: training")
        written.append("training.png")
    console.tell(options, f"{text}written to {home}: {', '.join(written)}\n", record)


def _losses(result: TrainingResult[Any]) -> Any:
    """The history without norms: a network of cells has one for each edge, too many for a picture."""
    from spectral_core.training.results import History

    own = result.history
    return History(own.training_loss, own.validation_loss, own.penalty, [])


def accuracy_of(net: ImageNetwork, data: Any) -> float | None:
    """The share of images whose class the network finds; None without images."""
    from spectral_core.data.metrics import share_found

    return share_found(net.forward(data.images), data.labels) if len(data) else None


def accuracy_text(accuracy: dict[str, float | None]) -> str:
    """One line for each part that has images."""
    lines = [f"{name} accuracy {value:.4f}" for name, value in accuracy.items() if value is not None]
    return "\n".join(lines) + "\n"
