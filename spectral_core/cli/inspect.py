"""The command `inspect`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli.console import printable, say
from spectral_core.cli.results import results_in
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.networks.spectral import SpectralNetwork

Blocks = Mapping[tuple[int, int], "np.ndarray"]


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "inspect",
        help="layers, live neurons, blocks and eigenvalues of a saved model",
        description="Prints tables of layers, blocks and eigenvalues.",
        epilog="example: spectral-core inspect results/digits/model.npz --out pictures",
    )
    parser.add_argument("model", metavar="MODEL", help="any model file of this package")
    parser.add_argument(
        "--out", metavar="DIR", help="also write network.png, and spectrum.png if it has eigenvalues, to this folder"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the tables of a model, and draw its pictures if a folder is given."""
    from spectral_core.files import atomic
    from spectral_core.networks.compact import CompactNetwork
    from spectral_core.networks.predictor import FORMS, load_any
    from spectral_core.networks.sparse import SparseNetwork
    from spectral_core.reports.curves import spectrum_picture
    from spectral_core.reports.style import require_matplotlib

    network, predictor = load_any(options.model)
    if options.out:
        require_matplotlib()
        for name in ("network.png", "spectrum.png"):
            atomic.check_writable(Path(options.out) / name, inputs=[options.model])
        if results_in(Path(options.out)) == "search":
            raise InvalidInputError(f"{options.out} holds the pictures of a search; give another folder with --out")
    if isinstance(network, CompactNetwork):
        direct, numbers = network.direct, network.layers
    else:
        direct, numbers = network, tuple(range(1, network.n_layers + 1))
    blocks = direct.transfer_blocks()
    groups = {n: g.view(direct.parameters) for n, g in direct.layout.groups.items() if n.startswith("eigenvalues")}
    lines = [repr(network)]
    if predictor is not None:
        targets = ", ".join(predictor.target_names) or "y"
        made = f"; {FORMS[predictor.form]}" if predictor.form else ""
        lines.append(f"{predictor.task} of {targets} from {counted(network.n_features, 'feature')}{made}")
    lines += _layer_table(direct, blocks, numbers) + _block_table(blocks, numbers) + _eigenvalue_table(groups)
    present = SparseNetwork.of(network.expanded() if isinstance(network, CompactNetwork) else network)
    numbers_in = f"{counted(present.n_products, 'weight')} and {counted(present.n_biases, 'bias', 'biases')} not 0"
    lines += ["", f"{counted(network.n_parameters, 'parameter')}, {numbers_in}, {network.dtype.name}"]
    if options.out:
        home, title = Path(options.out), printable(Path(options.model).name)
        (network if predictor is None else predictor).plot(home / "network.png", title=title)
        if groups:
            spectrum_picture(home / "spectrum.png", list(groups.values()), title=title, labels=list(groups))
        lines.append(f"written to {home}: network.png{', spectrum.png' * bool(groups)}")
    say("\n".join(lines) + "\n")
    return 0


def _layer_table(direct: SpectralNetwork, blocks: Blocks, numbers: Sequence[int]) -> list[str]:
    from spectral_core.networks.paths import path_scores
    from spectral_core.resizing.compaction import live_masks

    live, scores = live_masks(blocks, direct.widths), path_scores(blocks, direct.widths)
    lines = ["", "layer      neurons   live   largest path score   (live: has weights on both sides)"]
    for i, width in enumerate(direct.widths):
        score = f"{scores[i - 1].max():>14.4g}" if 0 < i < direct.n_layers - 1 else ""
        lines.append(f"{numbers[i]:<11}{width:>7}{int(live[i].sum()):>7}{score}")
    return lines


def _block_table(blocks: Blocks, numbers: Sequence[int]) -> list[str]:
    import numpy as np

    lines = ["", "block        shape          norm"]
    for (i, j), block in blocks.items():
        name, shape = f"W_{numbers[i - 1]},{numbers[j - 1]}", f"{block.shape[0]}x{block.shape[1]}"
        lines.append(f"{name:<12} {shape:<12} {np.linalg.norm(block):>8.4g}")
    return lines


def _eigenvalue_table(groups: Mapping[str, np.ndarray]) -> list[str]:
    import numpy as np

    lines = ["", "eigenvalues          least     median   greatest    ‖·‖₂"] if groups else []
    for name, v in groups.items():
        lines.append(f"{name:<17}{v.min():>9.4g}{np.median(v):>11.4g}{v.max():>11.4g}{np.linalg.norm(v):>9.4g}")
    return lines
