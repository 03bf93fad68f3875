"""What `train` prints, and what its results show of themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spectral_core import SpectralNetwork, train
from spectral_core.errors import InvalidInputError

X = np.linspace(-1, 1, 40).reshape(-1, 1)


def test_a_training_tells_its_progress_and_gives_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    net, seen = SpectralNetwork.initialize([1, 3, 1], seed=0), []
    options: dict[str, Any] = {"epochs": 20, "validation_data": (X, np.abs(X))}
    quiet = train(net, X, np.abs(X), **options)
    assert capsys.readouterr().err == ""
    loud = train(net, X, np.abs(X), verbose=True, callbacks=[lambda view: seen.append(view.epoch)], **options)
    assert np.array_equal(quiet.network.parameters, loud.network.parameters)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "train: begins; kernels that are not compiled yet are compiled now, once"
    assert len(lines) == 12
    assert lines[-1].startswith(f"train: 100 %, training loss {loud.history.training_loss[-1]:.4g}, validation loss")
    assert seen == list(range(1, 21))
    with pytest.raises(InvalidInputError, match="verbose"):
        train(net, X, np.abs(X), verbose="yes")  # type: ignore[arg-type]


def test_results_of_a_training_are_short_and_drawn(tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    result = train(SpectralNetwork.initialize([1, 3, 1], seed=0), X, np.abs(X), epochs=5)
    for item in (result, result.history, result.state):
        assert len(repr(item).splitlines()) <= 3
        assert len(repr(item)) < 400
    assert (
        repr(result.state)
        == f"TrainingState(epoch 5, step {result.state.step}, {result.network.parameters.size} parameters)"
    )
    result.plot(tmp_path / "training.svg")
    assert "kept: epoch 5" in (tmp_path / "training.svg").read_text(encoding="utf-8")
