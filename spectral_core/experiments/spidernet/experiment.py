"""SpiderNet in small (Geada and McGough, CVPR-NAS 2022): what a search is worth beside chance and beside a network made by hand.

Arms, each with the same images, epochs, batches and rates:

search : `search_images` with the slope score.
random : the same, with random splits.
restart : the search, with all numbers drawn anew after each round: what growth that keeps the function is worth.
published : the same loop with the authors' gates and restarts, and random splits; it has one more round with a split, where the
    others close what does not pay.
hand-made : no search. Two residual separable convolutions in each cell, with channels for as many parameters as searches get
    channels up to, trained for all epochs of the others.

Of each trained network, shares of the hidden channels are cut off and the rest is refitted on training images; the accuracy
on test images is that of the compact network. The published scale, 28 rounds of 49,360 images at widths of 64 to 256, would
take weeks on one core.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from spectral_core import checks
from spectral_core.architecture.image_memory import step_bytes
from spectral_core.architecture.image_options import ImageSearchOptions
from spectral_core.architecture.image_search import search_images
from spectral_core.backends.cpu_images import ALL_KEPT, tables_of
from spectral_core.backends.image_passes import ImagePass
from spectral_core.checks import one_of
from spectral_core.data.augmentation import Augmentation
from spectral_core.data.image_parts import ImageParts, images_of, parts_of, some_of
from spectral_core.data.images import ImageData
from spectral_core.data.metrics import share_found
from spectral_core.networks.cells import OPERATIONS, Cell
from spectral_core.networks.image import ImageNetwork
from spectral_core.resizing.image_channels import IMAGES_OF_A_REFIT, without_channels
from spectral_core.sweeps.experiment import Experiment
from spectral_core.training.image_rounds import train_round

NAME = "spidernet"
ARMS = ("search", "random", "restart", "published", "hand-made")
SHARES = (0.0, 0.25, 0.5, 0.75)
"""Of the hidden channels that are cut off."""
SETTINGS: dict[str, dict[str, Any]] = {
    "quick": {
        "images": 800, "test": 500, "channels": 4, "reductions": 1, "rounds": 1, "epochs": 1, "final_epochs": 8,
        "crop": 0, "cutout": 0, "flip": False, "score_images": 64, "drop_path": 0.0, "parameters": 6000,
    },
    "reduced": {
        "images": 10_000, "test": 5000, "channels": 8, "reductions": 2, "rounds": 3, "epochs": 1, "final_epochs": 12,
        "crop": 2, "cutout": 0, "flip": True, "score_images": 256, "drop_path": 0.0, "parameters": 65_000,
    },
    "full": {
        "images": 40_000, "test": 10_000, "channels": 16, "reductions": 2, "rounds": 8, "epochs": 4, "final_epochs": 40,
        "crop": 4, "cutout": 16, "flip": True, "score_images": 256, "drop_path": 0.1, "parameters": 500_000,
    },
}  # fmt: skip
UNREPORTED = ("seconds", "training_seconds", "score_bytes")
"""What the rows of rounds in the results have not."""
SLOWLY_COMPILED = ("max3", "mean3", "sep5", "dil5")
"""Their kernels take nearly as long to compile as all others: half of the work of two processes."""
QUICKLY_COMPILED = ("identity", "sep3", "dil3")
RUNS = {"quick": 1, "reduced": 5, "full": 5}


def experiment(
    *,
    scale: str = "reduced",
    data: str = "digits",
    size: int | None = None,
    flip: bool = True,
    arms: Sequence[str] | None = None,
    runs: int | None = None,
    seed: int = 0,
) -> Experiment:
    """The experiment or a part of it, for `spectral_core.sweeps.runner.run`.

    Parameters
    ----------
    scale : ``quick``, ``reduced`` or ``full``.
    data : images, as for the command `images`.
    size : rows of the images, by means of 2 × 2 pixels.
    flip : each epoch of the larger scales turns half of the images left to right; not for images such as MNIST's, where left
        and right have a meaning. The built-in digits are never changed.
    """
    one_of(scale, tuple(SETTINGS), "scale")
    chosen = arms or (("search", "random", "hand-made") if scale == "quick" else ARMS)
    points = [{"arm": one_of(arm, ARMS, f"arms[{k}]")} for k, arm in enumerate(chosen)]
    settings = SETTINGS[scale] | {"data": data, "size": size, "split": checks.integer(seed, "seed", 0)}
    if data == "digits":
        settings |= {"flip": False, "crop": 0, "cutout": 0}
    elif not checks.boolean(flip, "flip"):
        settings["flip"] = False
    return Experiment(
        name=NAME,
        settings=settings,
        points=points,
        runs=checks.integer(RUNS[scale] if runs is None else runs, "runs", 1),
        measure=partial(measure, settings),
        dry_run=partial(dry_run, settings, OPERATIONS),
        ahead=(partial(dry_run, settings, QUICKLY_COMPILED), partial(touch_windows, settings, SLOWLY_COMPILED)),
        seed=seed,
    )


def parts(settings: Mapping[str, Any]) -> ImageParts:
    """Training, validation and test images; as many as the settings want."""
    data = images_of(settings["data"], settings["size"])
    wanted = settings["images"] + settings["test"]
    share = min(0.3, settings["test"] / len(data)) if len(data) >= wanted else 0.3
    given = parts_of(settings["data"], data, settings["split"], share, 0.1)
    own = Augmentation(settings["crop"], settings["flip"], settings["cutout"], settings["split"])
    changes = own if own.crop or own.flip or own.cutout else None
    chosen = ImageParts(
        few(settings, given.training, settings["images"]), given.validation,
        few(settings, given.test, settings["test"]), given.rows, given.origin,
    )  # fmt: skip
    return chosen.with_augmentation(changes)


def few(settings: Mapping[str, Any], data: ImageData, count: int) -> ImageData:
    """At most so many images, drawn in proportion by class; of the built-in digits, which come in no order, the first."""
    return data.chosen(slice(0, count)) if settings["data"] == "digits" else some_of(data, count, settings["split"])


def dry_run(settings: Mapping[str, Any], operations: Sequence[str]) -> object:
    """Every kernel of these operations once, on a few images; raises what impossible settings raise."""
    net, data = first_network(settings, operations)
    options = ImageSearchOptions()
    result, _ = train_round(net, net.problem(data, data.labels), options.step(final=False), 1, 0)
    return result.network.compact().forward(data.images)


def touch_windows(settings: Mapping[str, Any], operations: Sequence[str]) -> None:
    """The kernels of these operations alone, once."""
    net, data = first_network(settings, operations)
    problem = net.problem(data, data.labels)
    ImagePass(tables_of(net.layout), net.parameters, problem.x, ALL_KEPT).touch_windows()


def first_network(settings: Mapping[str, Any], operations: Sequence[str]) -> tuple[ImageNetwork, ImageData]:
    """A network with these operations on all edges, and a few images."""
    data = few(settings, parts(settings).training, 70)
    cells = [Cell.minimal(number + 1, operations) for number in range(settings["reductions"] + 1)]
    return ImageNetwork.initialize(
        settings["channels"], settings["reductions"], len(data.classes), image=data.shape, cells=cells
    ), data


def measure(settings: Mapping[str, Any], point: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Accuracy, parameters and products of each share of channels, as ``accuracy@0.25``; bytes of a step; the rounds as JSON."""
    given = parts(settings)
    net, rounds = trained(settings, point["arm"], given, seed % 2**31)
    found: dict[str, Any] = {
        "bytes": step_bytes(net.structure, ImageSearchOptions.batch_size),
        "parameters": net.n_parameters,
    }
    refit = few(settings, given.training, IMAGES_OF_A_REFIT).images
    for share in SHARES:
        cut = without_channels(net, share, images=refit) if share else net
        small = cut.compact()
        found[f"accuracy@{share:g}"] = share_found(small.forward(given.test.images), given.test.labels)
        found[f"parameters@{share:g}"] = small.n_parameters
        found[f"products@{share:g}"] = small.multiply_adds
    return found | {"rounds": json.dumps(rounds)}


def trained(
    settings: Mapping[str, Any], arm: str, given: ImageParts, seed: int
) -> tuple[ImageNetwork, list[dict[str, Any]]]:
    """The network of an arm, and the rows of its rounds."""
    names = ("channels", "reductions", "rounds", "epochs", "final_epochs", "score_images", "drop_path", "parameters")
    own: dict[str, Any] = {name: settings[name] for name in names} | {"seed": seed}
    if arm == "hand-made":
        return made_by_hand(ImageSearchOptions(**own), given), []
    if arm == "published":
        own |= {"gates": "published", "restart": True, "rounds": own["rounds"] + 1}  # as many trainings
    if arm == "restart":
        own |= {"restart": True}
    score = "slope" if arm in ("search", "restart") else "random"
    found = search_images(given.training, validation_data=given.validation, score=score, **own)
    return found.network, [{name: row[name] for name in row if name not in UNREPORTED} for row in found.rows]


def made_by_hand(options: ImageSearchOptions, given: ImageParts) -> ImageNetwork:
    """Two residual separable convolutions in each cell, each cell behind the one before, trained for all epochs.

    It has as many channels as bring its parameters nearest to those that a search may use.

    By hand: the nearest size. Checked by test_spidernet.test_the_network_made_by_hand_has_as_many_parameters_as_a_searched_one.
    """
    data = given.training
    wanted = options.parameters or 0
    channels = 1
    while by_hand(options, given, channels + 1).n_parameters <= wanted:
        channels += 1
    sizes = {count: by_hand(options, given, count).n_parameters for count in (channels, channels + 1)}
    net = by_hand(options, given, min(sizes, key=lambda count: max(sizes[count], wanted) - min(sizes[count], wanted)))
    epochs = round(options.all_epochs)
    result, _ = train_round(net, net.problem(data, data.labels), options.step(final=True), epochs, options.seed)
    return result.network


def by_hand(options: ImageSearchOptions, given: ImageParts, channels: int) -> ImageNetwork:
    """The network made by hand, with this number of channels."""
    data, both = given.training, ("identity", "sep3")
    cells = [
        Cell(number + 1, number + 3, {(number, number + 1): both, (number + 1, number + 2): both})
        for number in range(options.reductions + 1)
    ]
    return ImageNetwork.initialize(
        channels, options.reductions, len(data.classes), image=data.shape, cells=cells, drop_path=options.drop_path or 0.0,
        seed=options.seed,
    )  # fmt: skip
