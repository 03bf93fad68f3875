"""The command `choose`: another size of a finished search as a model file."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spectral_core import checks
from spectral_core.cli.console import output_options, tell
from spectral_core.cli.results import FILES, check_file
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "choose",
        help="another size of a finished search as a model file",
        description="A search keeps a network of every size of its curve. This command writes one of them as a model file for `predict`, "
        "`score`, `inspect`, `prune` and `export`. Without --weights and --score it lists the sizes.",
        epilog="example: spectral-core choose results/digits --weights 250",
    )
    parser.add_argument("directory", metavar="DIR", help="the folder that a search has written")
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--weights",
        type=int,
        metavar="N",
        help="the largest network of at most N weights; one is passed over that scores measurably less than a smaller one",
    )
    size.add_argument(
        "--score", type=float, metavar="S", help="the smallest network whose score on validation rows is at least S"
    )
    parser.add_argument("--out", metavar="FILE", help="the model file (default: DIR/weights-N.npz, N its own weights)")
    output_options(parser, "the sizes, or what was chosen")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the sizes, or write one."""
    from spectral_core.architecture.report_text import curve_lines
    from spectral_core.architecture.result import NO_CURVE, SearchResult

    home = Path(options.directory)
    if options.weights is not None:
        checks.integer(options.weights, "weights", 0)
    if options.score is not None:
        checks.real_number(options.score, "score", -math.inf)
    found = SearchResult.load(home)
    if found.curve is None:
        raise InvalidInputError(f"{home}: {NO_CURVE}")
    if options.weights is None and options.score is None:
        if options.out:
            raise InvalidInputError("--out needs --weights or --score: without them the sizes are listed")
        tell(options, "\n".join(curve_lines(found.report)), {"directory": str(home), "curve": found.report.curve})
        return 0
    index = found.curve.index(options.weights, options.score)
    point = found.curve[index]
    out = Path(options.out) if options.out else home / f"weights-{point.weights}.npz"
    check_file(out, inputs=[home / name for name in FILES["search"]])
    found.at_sizes[index].save(out)
    text = (
        f"{counted(point.weights, 'weight')}, {counted(point.biases, 'bias', 'biases')}, {counted(point.neurons, 'hidden neuron')}: "
        f"{found.report.score_name} {point.score:.4f} on validation rows\nwritten: {out}\n"
    )
    tell(options, text, {"directory": str(home), "written": str(out), "point": asdict(point)})
    return 0
