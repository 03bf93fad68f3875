"""What `train` prints, and what its results show of themselves."""

from __future__ import annotations

import sys
from types import SimpleNamespace
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


class Bar:
    """What `progress` uses of tqdm's bars."""

    made: list[Bar]

    def __init__(self, desc: str, unit: str) -> None:
        self.title, self.total, self.n, self.texts, self.open = desc, None, 0, [], True
        self.made.append(self)

    def reset(self, total: int) -> None:
        self.total, self.n = total, 0

    def update(self, steps: int) -> None:
        assert self.open
        self.n += steps

    def set_postfix_str(self, text: str, refresh: bool = True) -> None:
        self.texts.append(text)

    def close(self) -> None:
        self.open = False


@pytest.mark.parametrize("kernel", [True, False])
@pytest.mark.parametrize("missing", [None, "ipywidgets", "tqdm.auto"])
def test_a_notebook_shows_one_bar_where_it_can(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kernel: bool, missing: str | None
) -> None:
    """A kernel has a bar with both libraries; a shell of IPython without a kernel, and a kernel without one of them, lines."""
    monkeypatch.setattr(Bar, "made", [], raising=False)
    shell = SimpleNamespace(kernel=object()) if kernel else SimpleNamespace()
    modules = {"IPython": SimpleNamespace(get_ipython=lambda: shell), "ipywidgets": SimpleNamespace()}
    for name, module in {**modules, "tqdm": SimpleNamespace(), "tqdm.auto": SimpleNamespace(tqdm=Bar)}.items():
        monkeypatch.setitem(sys.modules, name, None if name == missing else module)
    loud = train(SpectralNetwork.initialize([1, 3, 1], seed=0), X, np.abs(X), epochs=20, verbose=True)
    error = capsys.readouterr().err
    if not kernel or missing:
        assert not Bar.made
        assert error.startswith("train: begins")
        return
    assert error == ""
    (bar,) = Bar.made
    assert (bar.title, bar.total, bar.n, bar.open) == ("train", 20, 20, False)
    assert "compiled now, once" in bar.texts[0]
    assert bar.texts[1:] == [f"training loss {loss:.4g}" for loss in loud.history.training_loss]


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
