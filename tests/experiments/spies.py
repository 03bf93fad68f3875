"""A spy on trainings, for the tests of experiments."""

from __future__ import annotations

from typing import Any

import pytest


def trainings(monkeypatch: pytest.MonkeyPatch, module: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The network and the options of every training that a module asks for."""
    seen: list[tuple[Any, dict[str, Any]]] = []
    original = module.train

    def spy(net: Any, *data: Any, **options: Any) -> Any:
        seen.append((net, options))
        return original(net, *data, **options)

    monkeypatch.setattr(module, "train", spy)
    return seen
