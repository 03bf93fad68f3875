"""The command `images`, which has commands of its own."""

from __future__ import annotations

from typing import Any

from spectral_core.cli import images_compact, images_export, images_score, images_search, images_train

COMMANDS = (images_search, images_train, images_score, images_compact, images_export)
"""Files of commands; each adds its parsers and runs its commands."""


def add_parser(commands: Any) -> None:
    """Add the command, and its own commands."""
    images = commands.add_parser(
        "images",
        help="networks of cells for images: search, train, score, predict, compact, export",
        description="Networks of cells for images with classes (SpiderNet, CVPR-NAS 2022).",
        epilog="example: spectral-core images search digits --quick",
    )
    inner = images.add_subparsers(dest="images_command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parsers(inner)
