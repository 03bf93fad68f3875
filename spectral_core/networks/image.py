"""`ImageNetwork`: a network of cells for images, its flat parameter vector, and what is computed from it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spectral_core import checks
from spectral_core.backends import cpu_images
from spectral_core.backends.cpu_images import check_batch
from spectral_core.backends.problem import Problem, of_mean_one
from spectral_core.data.augmentation import Augmentation
from spectral_core.data.image_arrays import in_this_process
from spectral_core.data.images import ImageData
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.files import model_file as files
from spectral_core.kernels.support.image_layout import ImageLayout
from spectral_core.networks.cells import Cell, Edge
from spectral_core.networks.image_growth import split, widened
from spectral_core.networks.image_input import checked_images
from spectral_core.networks.image_start import drawn_whole
from spectral_core.networks.image_structure import ImageStructure
from spectral_core.wording import counted

if TYPE_CHECKING:
    from spectral_core.networks.compact_image import CompactImageNetwork

STATE = ("running_means", "running_variances")
"""The groups that no optimizer moves."""


@dataclass(frozen=True, eq=False)
class ImageNetwork:
    """A stem, cells 0..R that each see the stem and all earlier cells, and a linear classifier behind each cell.

    Node j of a cell is the batch norm of u_j = Σ λ_e op_e(x_i) over the operations e of the edges i → j; cell c has
    channels · 2^c channels, and each but the first halves rows and columns. The operations of an edge are the identity, a
    max and a mean pool of 3 × 3, and separable and dilated convolutions of 3 × 3 and 5 × 5. The λ_e are eigenvalues
    (``spectral``), or gates of 0 or 1 (``published``, Geada and McGough, CVPR-NAS 2022).

    Attributes
    ----------
    structure : channels, classes, image, cells, gates, drop_path.
    parameters : flat, the running statistics of batch norms behind all others.
    frozen : groups that training does not change, the running statistics among them.

    References
    ----------
    Geada and McGough, CVPR-NAS 2022, arXiv 2204.09320; the theorems I1 to I18, G6: `derivations`.

    Examples
    --------
    >>> from spectral_core import ImageNetwork
    >>> net = ImageNetwork.initialize(channels=8, reductions=2, classes=10, image=(3, 16, 16), seed=0)
    >>> net
    ImageNetwork(8 channels, 3 cells, 9 edges, 10 classes, images 3×16×16, 54,757 parameters, float32)
    >>> net.split_edge(1, (0, 2)).structure.cells[1].nodes
    5
    """

    structure: ImageStructure
    layout: ImageLayout
    parameters: np.ndarray
    frozen: tuple[str, ...] = STATE

    def __post_init__(self) -> None:
        # Kernels take places in the parameters from the layout, and do not look whether they exist.
        if self.parameters.shape != (self.layout.size,):
            raise InvalidInputError(f"parameters must have shape ({self.layout.size},); got {self.parameters.shape}")
        if not set(self.layout.select(STATE)) <= set(self.layout.select(self.frozen)):
            raise InvalidInputError(
                f"frozen must contain {' and '.join(STATE)}, which no optimizer moves; got {self.frozen!r}"
            )
        for name, values in self.groups.items():
            if name.startswith("running_variances") and values.min() < 0:
                raise InvalidInputError(f"{name} must not be negative; one is {values.min():g}")

    @classmethod
    def initialize(
        cls,
        channels: int = 8,
        reductions: int = 2,
        classes: int = 10,
        *,
        image: tuple[int, int, int] = (3, 16, 16),
        gates: str | None = None,
        drop_path: float = 0.0,
        cells: Sequence[Cell] | None = None,
        published: bool = False,
        scaled_first: bool | None = None,
        dtype: Any = "float32",
        seed: int = 0,
    ) -> ImageNetwork:
        """A network of minimal cells with random kernels.

        Kernels, weights and towers are uniform in ±1/√n for n numbers that a receiver sums; γ = 1, β = 0; λ = 1.

        Parameters
        ----------
        channels, reductions : channels of the stem; how often rows and columns are halved.
        image : channels, rows, columns of an image; 2^reductions divides rows and columns.
        gates : ``spectral``, the default, or ``published``: an operation counts where the weight of its gate is positive.
        drop_path : the probability that training leaves an operation out for an image; never the identity.
        cells : reductions + 1 cells; minimal ones by default.
        published : the authors' choices: `gates` and `scaled_first`, where they are not given, are ``published`` and True.
        scaled_first : inputs of a cell are brought to its width before rows are skipped, which costs 4 to 16 times as much;
            False by default.

        Raises
        ------
        InvalidInputError : a number breaks its rule; rows or columns that 2^reductions does not divide.

        Examples
        --------
        >>> from spectral_core import ImageNetwork
        >>> ImageNetwork.initialize(channels=64, reductions=2, classes=10, gates="published").n_parameters
        2186397
        """
        count = checks.integer(reductions, "reductions", 0) + 1
        own = (
            [Cell.minimal(number + 1) for number in range(count)] if cells is None else checks.sequence(cells, "cells")
        )
        if len(own) != count:
            raise InvalidInputError(f"{reductions} reductions need {count} cells; got {len(own)}")
        authors = checks.boolean(published, "published")
        chosen = gates if gates is not None else "published" if authors else "spectral"
        first = authors if scaled_first is None else scaled_first
        structure = ImageStructure(channels, classes, image, tuple(own), chosen, drop_path, seed, first)
        return cls.of(structure, dtype, seed)

    @classmethod
    def of(cls, structure: ImageStructure, dtype: Any, seed: int) -> ImageNetwork:
        """A network of the given structure with random kernels."""
        layout = structure.layout()
        return cls(structure, layout, drawn_whole(layout, checks.real_type(dtype), checks.integer(seed, "seed", 0)))

    # --- shape ------------------------------------------------------------------------------------

    @property
    def n_parameters(self) -> int:
        """Numbers that training can change; the running statistics are not among them."""
        return self.layout.trained_size

    @property
    def image(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an image."""
        return self.structure.image

    @property
    def classes(self) -> int:
        """The number of classes."""
        return self.structure.classes

    @property
    def activation(self) -> str:
        return "relu"

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.parameters.dtype

    @property
    def groups(self) -> dict[str, np.ndarray]:
        """All groups by name, views of the parameters."""
        return {name: group.view(self.parameters) for name, group in self.layout.groups.items()}

    def with_parameters(self, flat: np.ndarray) -> ImageNetwork:
        """The same network with a copy of other parameter values."""
        return replace(self, parameters=checks.real_array(flat, "parameters", self.dtype, 1).copy())

    def with_drop_path(self, drop_path: float) -> ImageNetwork:
        """The same network, whose training leaves operations out with another probability."""
        structure = replace(self.structure, drop_path=drop_path)
        return replace(self, structure=structure, layout=structure.layout())

    def split_edge(self, cell: int, edge: Edge, seed: int = 0) -> ImageNetwork:
        """Beside edge i → j of a cell, a new node m with i → m → j, all operations on both edges.

        With ``spectral`` gates the λ of m → j are 0. So the function is unchanged bit for bit, in training mode too unless
        drop-path acts. The slopes of these λ are not 0 (G6). ``published`` gates start open. Drop-path draws for the operations in
        their order, so after a split it leaves out other ones.

        Parameters
        ----------
        cell, edge : the number of the cell, and the pair (i, j).
        seed : of the new kernels, which depend on it, on their names and on the number of nodes alone.

        Raises
        ------
        InvalidInputError : there is no such cell or edge.

        Examples
        --------
        >>> from spectral_core import ImageNetwork
        >>> net = ImageNetwork.initialize(channels=64, reductions=2, classes=10, gates="published")
        >>> net.split_edge(0, (0, 1)).n_parameters
        2250283
        """
        structure, flat = split(self.structure, self.parameters, cell, edge, seed)
        return ImageNetwork(structure, structure.layout(), flat, self.frozen)

    def widen(self, channels: int, seed: int = 0) -> ImageNetwork:
        """The same function with more channels in every cell; new channels are drawn, and no old one reads them (G7).

        Their columns are 0 in every pointwise convolution into an old channel and in every classifier; the slopes of these
        columns are not 0, so training wakes them. Exact in exact arithmetic; a matrix product of another size may round in
        another order, so the last bits can differ.

        Raises
        ------
        InvalidInputError : there are as many channels or more.

        Examples
        --------
        >>> import numpy as np
        >>> from spectral_core import ImageNetwork
        >>> net, X = ImageNetwork.initialize(4, 1, 3, image=(1, 8, 8)), np.ones((2, 1, 8, 8))
        >>> bool(np.abs(net.widen(6).forward(X) - net.forward(X)).max() < 1e-6)
        True
        """
        structure, flat = widened(self.structure, self.parameters, channels, seed)
        return ImageNetwork(structure, structure.layout(), flat, self.frozen)

    def compact(self) -> CompactImageNetwork:
        """The same function in evaluation with fewer numbers: batch norms and eigenvalues folded in, dead parts gone (G5, C1).

        Examples
        --------
        >>> from spectral_core import ImageNetwork
        >>> net = ImageNetwork.initialize(4, 1, 3, image=(1, 8, 8))
        >>> net.compact().n_parameters < net.n_parameters
        True
        """
        from spectral_core.networks.image_folding import folded

        return folded(self.layout, self.parameters)

    # --- computation ------------------------------------------------------------------------------

    def images(self, X: Any, name: str = "X") -> np.ndarray:
        """X, an array or `ImageData`, checked, as (samples, channels, pixels)."""
        return checked_images(X, self.structure.image, self.dtype, name)

    def forward(self, X: Any) -> np.ndarray:
        """Logits (samples, classes) of the last tower, with the running statistics of batch norms.

        Examples
        --------
        >>> import numpy as np
        >>> from spectral_core import ImageNetwork
        >>> net = ImageNetwork.initialize(channels=4, reductions=1, classes=3, image=(1, 8, 8))
        >>> net.forward(np.ones((2, 1, 8, 8))).shape
        (2, 3)
        """
        return cpu_images.predict(self.layout, self.parameters, self.images(X))

    def problem(
        self,
        X: Any,
        y: Any,
        loss: str = "cross_entropy",
        sample_weight: Any = None,
        augmentation: Augmentation | None = None,
    ) -> Problem:
        """Data checked and in the form of the kernels: X (samples, channels, rows, columns), classes y (samples,)."""
        if loss != "cross_entropy":
            raise InvalidInputError(f"an image network learns classes, with loss='cross_entropy'; got {loss!r}")
        augmentation = X.augmentation if isinstance(X, ImageData) else augmentation
        x = self.images(X)
        labels = checks.class_indices(in_this_process(y, "y"), len(x), self.structure.classes)
        given = checks.sample_weights(in_this_process(sample_weight, "sample_weight"), np.float64, len(x))
        none = np.empty((0, self.structure.classes), self.dtype)
        weights = of_mean_one(given).astype(self.dtype)
        return Problem(x, none, labels, weights, loss, augmentation=augmentation)

    def loss(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The cross entropy of the last tower, with running statistics."""
        return cpu_images.loss(self.layout, self.parameters, self.problem(X, y, sample_weight=sample_weight))

    def loss_and_gradients(
        self, X: Any, y: Any, sample_weight: Any = None, *, seed: int | None = None
    ) -> tuple[float, dict[str, np.ndarray]]:
        """The training loss of one batch, and its gradient by group.

        The loss is the cross entropy of the last tower plus 0.4 times that of every other one, in training mode: batch norms
        have the statistics of X, in which each image counts once, whatever its weight. Running statistics stay, and have
        gradient 0.

        Parameters
        ----------
        X, y : (samples, channels, rows, columns) and class indices (samples,).
        seed : of drop-path; without one no operation is left out.

        Raises
        ------
        InvalidInputError : X, y or weights break a rule; one image whose last planes have one pixel.

        Examples
        --------
        >>> import numpy as np
        >>> from spectral_core import ImageNetwork
        >>> net = ImageNetwork.initialize(channels=4, reductions=1, classes=3, image=(1, 8, 8))
        >>> loss, gradients = net.loss_and_gradients(np.random.default_rng(0).random((6, 1, 8, 8)), [0, 1, 2, 0, 1, 2])
        >>> gradients["towers[1]"].shape
        (3, 8)
        """
        problem, drawn = self.problem(X, y, sample_weight=sample_weight), None
        if seed is not None:
            drawn = checks.integer(seed, "seed", 0)
        check_batch(self.layout, len(problem.x), "one image whose last planes have one pixel has one")
        value, flat = cpu_images.loss_and_gradient(self.layout, self.parameters, problem, drawn)
        return value, {name: group.view(flat) for name, group in self.layout.groups.items()}

    # --- records and files ------------------------------------------------------------------------

    def trained_record(self) -> dict[str, Any]:
        """The structure of the trained parameters, for JSON."""
        return {"structure": self.structure.record(), "frozen": list(self.frozen)}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a model file.

        Examples
        --------
        >>> from spectral_core import ImageNetwork
        >>> ImageNetwork.initialize(channels=4, reductions=1, classes=3, image=(1, 8, 8)).save("images.npz")
        >>> ImageNetwork.load("images.npz")
        ImageNetwork(4 channels, 2 cells, 5 edges, 3 classes, images 1×8×8, 5,297 parameters, float32)
        """
        files.save_model(path, "image network", self.trained_record(), {"parameters": self.parameters})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ImageNetwork:
        """Read a network from a model file; raises `ModelFileError`.

        Examples
        --------
        >>> from spectral_core import ImageNetwork
        >>> ImageNetwork.initialize(channels=4, reductions=1, classes=3, image=(1, 8, 8)).save("images.npz")
        >>> ImageNetwork.load("images.npz").structure.reductions
        1
        """
        _, record, stored = files.load_model(path, ("image network",))
        try:
            return cls.from_record(record, stored["parameters"])
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ModelFileError(f"{path} does not hold an image network that fits together: {error}") from None

    @classmethod
    def from_record(cls, record: dict[str, Any], flat: np.ndarray) -> ImageNetwork:
        """The network of a `trained_record` and its parameters; raises what a wrong record makes raise."""
        structure = ImageStructure.from_record(record["structure"])
        values = checks.real_array(flat, "parameters", checks.real_type(flat.dtype), 1)
        return cls(structure, structure.layout(), values.copy(), tuple(checks.sequence(record["frozen"], "frozen")))

    def __repr__(self) -> str:
        structure = self.structure
        edges = sum(len(cell.edges) for cell in structure.cells)
        image = "×".join(map(str, structure.image))
        return (
            f"ImageNetwork({structure.channels} channels, {len(structure.cells)} cells, {edges} edges, {structure.classes} "
            f"classes, images {image}, {counted(self.n_parameters, 'parameter')}, {self.dtype})"
        )
