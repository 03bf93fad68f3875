"""The options of `search` on the command line, under the names of its keywords."""

from __future__ import annotations

import argparse
import math
from typing import Any

from spectral_core.cli.console import backend_option, seed_option
from spectral_core.errors import InvalidInputError


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add all keywords of `search` that are not about its data."""
    _add_sizes(parser.add_argument_group("the network, and how small it gets"))
    _add_rates(parser.add_argument_group("the training"))
    backend_option(parser)
    seed_option(parser, "splits, start and shuffling")


def _add_sizes(group: Any) -> None:
    # Not at the top of the file: an interrupt during the import of NumPy should meet `main`.
    from spectral_core.kernels.tables import ZERO_AT_ZERO

    width = "greatest width of each hidden layer; 50x20 is two layers, none is a linear model (default: 300)"
    group.add_argument("--hidden", default="300", metavar="N[xN...]", help=width)
    functions = "one name, or one for each hidden layer, relu,tanh; " + ", ".join(ZERO_AT_ZERO) + " (default: relu)"
    group.add_argument(
        "--activation", default="relu", choices=NameLists(ZERO_AT_ZERO), metavar="NAME[,NAME...]", help=functions
    )
    group.add_argument("--bias", action=argparse.BooleanOptionalAction, help="constant 1 in every layer (default: yes)")
    rise = (
        "how much worse than the best still counts as good: a share of the variance or of the samples (default: what "
    )
    rise += (
        "validation rows cannot tell apart); seed, grow: the rise of the loss that trimming may cost (default: 0.01)"
    )
    group.add_argument("--tolerance", type=float, help=rise)
    group.add_argument(
        "--sizes",
        metavar="N[,N...]",
        help="numbers of weights at which the curve has a point (default: 1, 2, 3, 4, 6, then 10, 15, 25, 40, 60 times powers of ten)",
    )
    group.add_argument(
        "--flash",
        type=int,
        metavar="BYTES",
        help="greatest size on a chip: constants and code of NAME_class or NAME_raw",
    )
    group.add_argument("--ram", type=int, metavar="BYTES", help="greatest stack on a chip")
    group.add_argument(
        "--operations", type=int, metavar="N", help="greatest number of weights that a prediction multiplies"
    )
    counted = "count flash, ram and operations for export --c --int8 (default: float32)"
    group.add_argument("--int8", action="store_true", default=None, help=counted)
    strategy = "smallest: the whole curve of sizes by refits; neurons: the fewest hidden neurons; seed: start wide and linear, "
    strategy += "trim; grow: start with no hidden neuron (default: smallest; published: seed)"
    group.add_argument("--strategy", choices=("smallest", "neurons", "seed", "grow"), help=strategy)
    group.add_argument("--keep", choices=("simplest", "last"), help="seed, grow: the network kept (default: simplest)")


def _add_rates(group: Any) -> None:
    protocol = "training settings; published is the default for sparcs; options given here win"
    group.add_argument("--protocol", choices=("tuned", "published"), help=protocol)
    group.add_argument("--epochs", type=int, default=300, help="largest number of epochs (default: 300)")
    group.add_argument("--batch-size", type=int, metavar="N", help="default: 32, and 100 from 10,000 samples on")
    group.add_argument("--learning-rate", type=float, metavar="RATE", help="default: 0.001")
    group.add_argument("--eigenvalue-learning-rate", type=float, metavar="RATE", help="default: 0.01; seed, grow: 0.05")
    group.add_argument("--penalty", choices=("group", "l1", "l2"), help="on eigenvalues (default: group)")
    group.add_argument("--penalty-strength", type=float, metavar="S", help="default: 0.001")
    several = "seed, grow: strengths of the penalty on eigenvectors to try"
    group.add_argument("--eigenvector-penalties", metavar="S[,S...]", help=several)
    group.add_argument("--patience", type=int, metavar="EPOCHS", help="seed: stop when validation no longer improves")
    share = "share of the training samples that only judges (default: 0.2)"
    group.add_argument("--validation-fraction", type=float, metavar="SHARE", help=share)
    scale = "scale features and targets (default: yes; published: no)"
    group.add_argument("--standardize", action=argparse.BooleanOptionalAction, help=scale)
    group.add_argument("--dtype", choices=("float32", "float64"), help="numbers of the trainings (default: float32)")


class NameLists(tuple[str, ...]):
    """Names that an option takes: one of them, or several with commas between."""

    def __contains__(self, given: object) -> bool:
        return isinstance(given, str) and all(name in tuple(self) for name in given.split(","))


PLAIN = (
    "bias",
    "strategy",
    "flash",
    "ram",
    "operations",
    "int8",
    "keep",
    "batch_size",
    "learning_rate",
    "eigenvalue_learning_rate",
    "penalty",
    "penalty_strength",
    "patience",
    "validation_fraction",
    "standardize",
    "dtype",
)
"""The options that are handed on as they are, where they were given."""


def training_keywords(options: argparse.Namespace) -> dict[str, Any]:
    """The keywords of `search` that were given; the others keep their defaults, or those of the published protocol."""
    keywords: dict[str, Any] = {
        "hidden": read_widths(options.hidden),
        "activation": read_names(options.activation),
        "tolerance": options.tolerance,
        "epochs": options.epochs,
        "seed": options.seed,
        "backend": options.backend,
    }
    keywords |= {name: getattr(options, name) for name in PLAIN if getattr(options, name) is not None}
    if options.sizes is not None:
        keywords["sizes"] = tuple(map(_integer("--sizes", options.sizes), options.sizes.split(",")))
    if options.eigenvector_penalties is not None:
        keywords["eigenvector_penalties"] = _strengths(options.eigenvector_penalties)
    return keywords


def with_protocol(keywords: dict[str, Any], protocol: str) -> dict[str, Any]:
    """The keywords, and the published settings beside them; a wrong value is an error before the work begins."""
    from spectral_core.architecture.options import SearchOptions
    from spectral_core.architecture.search import PUBLISHED

    settings = (PUBLISHED if protocol == "published" else {}) | keywords
    of_the_data = ("validation_fraction", "standardize")
    SearchOptions(**{name: value for name, value in settings.items() if name not in of_the_data})
    return settings


def read_widths(text: str) -> tuple[int, ...]:
    """The widths of hidden layers: ``50x20`` or ``50,20`` are two layers, ``none`` is no layer.

    Examples
    --------
    >>> read_widths("50x20"), read_widths("none")
    ((50, 20), ())
    """
    if text.strip().lower() in ("none", ""):
        return ()
    read = _integer("--hidden", text)
    widths = tuple(map(read, text.replace("x", ",").split(",")))
    if min(widths) < 1:
        raise InvalidInputError(f"--hidden must be widths of at least 1, or none for no hidden layer; got {text!r}")
    return widths


def read_names(text: str) -> str | tuple[str, ...]:
    """One name, or several with commas between.

    Examples
    --------
    >>> read_names("relu"), read_names("relu,tanh")
    ('relu', ('relu', 'tanh'))
    """
    names = tuple(text.split(","))
    return names if len(names) > 1 else text


def _integer(option: str, whole: str) -> Any:
    shape = "N, or NxN for two layers" if option == "--hidden" else "N, with commas between several"

    def read(part: str) -> int:
        try:
            return int(part)
        except ValueError:
            raise InvalidInputError(f"{option} must be whole numbers ({shape}); got {whole!r}") from None

    return read


def _strengths(text: str) -> tuple[float, ...]:
    try:
        values = tuple(map(float, text.split(",")))
    except ValueError:
        raise InvalidInputError(f"--eigenvector-penalties must be numbers with commas between; got {text!r}") from None
    if not all(map(math.isfinite, values)):
        raise InvalidInputError(f"--eigenvector-penalties must be finite; got {text!r}")
    return values
