"""`search --class-weight balanced`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spectral_core import Predictor
from spectral_core.cli.program import main


def test_the_option_reaches_the_search(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(size=285), rng.normal(1.5, 1, size=15)])
    labels = np.repeat(["often", "rare"], [285, 15])
    table = tmp_path / "rare.csv"
    table.write_text("x,y\n" + "".join(f"{v:.6f},{label}\n" for v, label in zip(x, labels, strict=True)))
    command = ["search", str(table), "--hidden", "2", "--sizes", "1", "--epochs", "5", "--class-weight", "balanced"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    found = Predictor.load(tmp_path / "out" / "compact.npz").predict(x[:, None])
    assert (found[labels == "rare"] == "rare").mean() > 0.6
