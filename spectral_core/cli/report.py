"""The command `report`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from spectral_core.cli.console import output_options, tell
from spectral_core.cli.results import check_file
from spectral_core.errors import InvalidInputError


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "report",
        help="one HTML page on a finished search, for a colleague",
        description="Writes one HTML page on the results of `search`: what was asked, what was found, the network, scores beside the best "
        "constant's, inputs by importance, columns, learning curves, the spectrum, how to use and how to repeat it. The page has "
        "no script and loads nothing. Its pictures need matplotlib.",
        epilog="example: spectral-core report results/wine",
    )
    parser.add_argument("directory", metavar="DIR", help="the folder that a search has written")
    parser.add_argument("--out", metavar="FILE", help="the page (default: DIR/report.html)")
    output_options(parser, "the name of the page")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the page."""
    from spectral_core.architecture.result import SearchResult
    from spectral_core.files import atomic

    home = Path(options.directory)
    out = Path(options.out) if options.out else home / "report.html"
    if out.suffix.lower() not in (".html", ".htm"):
        raise InvalidInputError(f"--out must end in .html; got {out}")
    (atomic.check_writable if out == home / "report.html" else check_file)(out)
    SearchResult.load(home).to_html(out)
    tell(options, f"written: {out}\n", {"directory": str(home), "written": str(out)})
    return 0
