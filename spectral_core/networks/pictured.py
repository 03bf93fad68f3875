"""Networks that draw themselves."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Blocks = Mapping[tuple[int, int], np.ndarray]


class Pictured(ABC):
    """A network with a picture of its own, in a file, in axes of matplotlib, and in notebooks."""

    @abstractmethod
    def _drawn(self, inputs: Sequence[str]) -> tuple[tuple[int, ...], Blocks, dict[str, Any]]:
        """Widths, blocks, and keywords of `network_picture`; `inputs` are the names of all features."""

    def plot(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        ax: Any = None,
        inputs: Sequence[str] = (),
        outputs: Sequence[str] = (),
        **options: Any,
    ) -> Any:
        """Draw the network; returns the figure.

        Parameters
        ----------
        path : the picture, PNG unless it ends in .svg or .pdf. Without it no file is written.
        ax : axes of matplotlib to draw into.
        inputs, outputs : the names of features and of outputs.
        options : of `network_picture`: title, subtitle, names, scale.

        Examples
        --------
        >>> from spectral_core import SpectralNetwork
        >>> figure = SpectralNetwork.initialize([2, 3, 1], seed=0).plot("network.svg", inputs=["age", "income"])
        >>> len(figure.axes)
        1
        """
        from spectral_core.reports.network import network_picture

        widths, blocks, keywords = self._drawn(inputs)
        return network_picture(path, widths, blocks, outputs=outputs, ax=ax, **keywords | options)

    def _repr_html_(self) -> str:
        from spectral_core.reports.page import notebook

        return notebook(repr(self), self.plot, f"picture of {self!r}")
