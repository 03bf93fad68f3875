"""Every public function has an example, and it prints what its docstring shows."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path
from typing import Any

import pytest

import spectral_core
from spectral_core import exchange
from spectral_core.architecture.image_result import ImageSearchResult
from spectral_core.architecture.result import SearchResult
from spectral_core.exchange.javascript import javascript, shortest
from spectral_core.exchange.tensors import state_dict
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.image_model import ImageModel
from spectral_core.networks.spectral import SpectralNetwork

METHODS = (
    *("initialize", "forward", "loss", "loss_and_gradients", "transfer_blocks", "adjacency", "eigenvector_matrix"),
    *("balanced", "save", "load"),
)
IMAGE_METHODS = ("initialize", "split_edge", "widen", "compact", "forward", "loss_and_gradients", "save", "load")
PUBLIC: dict[str, Any] = {
    name: getattr(spectral_core, name)
    for name in dir(spectral_core)
    if callable(getattr(spectral_core, name)) and not name.endswith("Error")
} | {f"SpectralNetwork.{name}": getattr(SpectralNetwork, name) for name in METHODS}
FURTHER: dict[str, Any] = {
    "SearchResult": SearchResult,
    "ImageSearchResult": ImageSearchResult,
    "ImageModel": ImageModel,
    "ImageModel.to_onnx": ImageModel.to_onnx,
    "exchange.state_dict": state_dict,
    **{f"ImageNetwork.{name}": getattr(ImageNetwork, name) for name in IMAGE_METHODS},
    "exchange.export_javascript": exchange.export_javascript,
    "exchange.javascript.javascript": javascript,
    "exchange.javascript.shortest": shortest,
    **{
        f"exchange.{name}": getattr(exchange, name) for name in ("from_sklearn", "from_keras", "from_torch", "export_c")
    },
}


def test_every_public_function_is_listed() -> None:
    assert len(PUBLIC) == 17 + len(METHODS)


@pytest.mark.parametrize("name", [*PUBLIC, *FURTHER])
def test_an_example_prints_what_it_shows(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = inspect.cleandoc((PUBLIC | FURTHER)[name].__doc__ or "")
    assert "\nExamples\n--------\n" in text, f"{name} has no section `Examples` in its docstring"
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert any(part.want for part in example.examples), f"the example of {name} shows no output"
    assert len(example.examples) < 8, f"the example of {name} is too long"
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert report == [], "".join(report)
