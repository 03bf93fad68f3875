"""`ImageModel`: an image network with the classes and the scale of its images, so that it takes raw images."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import softmax

from spectral_core.data.fingerprints import Origin
from spectral_core.data.image_parts import like
from spectral_core.data.images import ImageData
from spectral_core.data.metrics import share_found
from spectral_core.data.targets import encode_labels
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.files import model_file as files
from spectral_core.files.provenance import provenance
from spectral_core.networks.compact_image import CompactImageNetwork
from spectral_core.networks.image import ImageNetwork

KIND = "image model"
PARTS = ("training", "validation", "test")


@dataclass(frozen=True, eq=False)
class ImageModel:
    """Predictions of classes for raw images.

    Parameters
    ----------
    network : an image network, or its compact form.
    classes : labels in the order of the network's classes.
    means, deviations : (channels,), by which images were standardised; empty if they were not.
    divisor : by which the numbers of an image are divided first, 255 for bytes, else 1; None where that is not known.
    rows : row numbers of the data by part, ``training``, ``validation`` and ``test``.
    origin : the data that the model was made from, with the seed of the split.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import ImageNetwork, load_images
    >>> from spectral_core.networks.image_model import ImageModel
    >>> X, y = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8), ["a", "b", "c", "a", "b", "c"]
    >>> data = load_images((X, y), size=4)
    >>> model = ImageModel.of(ImageNetwork.initialize(2, 1, 3, image=data.shape), data)
    >>> model.predict(X).shape
    (6,)
    """

    network: ImageNetwork | CompactImageNetwork
    classes: tuple[Any, ...]
    means: np.ndarray
    deviations: np.ndarray
    rows: Mapping[str, np.ndarray] = field(default_factory=dict)
    origin: Origin | None = None
    divisor: float | None = None

    task = "classification"

    def __post_init__(self) -> None:
        if len(self.classes) != self.network.classes:
            raise InvalidInputError(
                f"classes must be {self.network.classes}, as the network's outputs; got {len(self.classes)}"
            )
        if len(self.means) not in (0, self.network.image[0]) or self.means.shape != self.deviations.shape:
            raise InvalidInputError("means and deviations must have one number for each channel of an image")

    @classmethod
    def of(
        cls,
        network: ImageNetwork | CompactImageNetwork,
        data: ImageData,
        rows: Mapping[str, np.ndarray] | None = None,
        origin: Origin | None = None,
    ) -> ImageModel:
        """The model of a network that was trained on these images."""
        return cls(network, data.classes, data.means, data.deviations, rows or {}, origin, data.divisor)

    @property
    def reference(self) -> ImageData:
        """No images, with the classes and the scale of those that the model was trained on."""
        images = np.empty((0, *self.network.image), np.float32)
        none = np.empty(0, np.int64)
        return ImageData(images, none, self.classes, self.means, self.deviations, divisor=self.divisor)

    def prepared(self, X: Any, channels: str | None = None) -> np.ndarray:
        """Raw images in the size and the scale of the network (samples, channels, rows, columns).

        channels : which axis of X is that of the channels, ``first`` or ``last``; None as in `load_images`.

        Raises
        ------
        InvalidInputError : means of 2 × 2 pixels do not reach the size of the network, or the channels are others.
        """
        number, rows, columns = self.network.image
        images = like(self.reference, rows, X, channels)
        if images.shape[1:] != (number, rows, columns):
            raise InvalidInputError(
                f"the model takes images of {number}×{rows}×{columns} (channels, rows, columns), or larger ones that means "
                f"of 2 × 2 pixels bring to this; these become {'×'.join(map(str, images.shape[1:]))}"
            )
        return images

    def predict_proba(self, X: Any, channels: str | None = None) -> np.ndarray:
        """Class probabilities (samples, classes) of raw images, the softmax of the last tower; `prepared` explains X."""
        return self.probabilities(self.network.forward(self.prepared(X, channels)))

    @staticmethod
    def probabilities(logits: np.ndarray) -> np.ndarray:
        """Class probabilities (samples, classes) of logits.

        By hand: SciPy's, once per prediction. Checked by test_image_model.test_probabilities_are_the_softmax.
        """
        return softmax(logits.astype(np.float64), axis=1)

    def predict(self, X: Any, channels: str | None = None) -> np.ndarray:
        """The class (samples,) of each raw image; `prepared` explains X."""
        return np.asarray(self.classes)[self.network.forward(self.prepared(X, channels)).argmax(1)]

    def score(self, X: Any, y: Any, channels: str | None = None) -> float:
        """The accuracy on raw images X with labels y (samples,); `prepared` explains X."""
        truth, _ = encode_labels(y, "y", self.classes)
        return share_found(self.network.forward(self.prepared(X, channels)), truth)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the model as an ONNX model (opset 17) that can be used alone: the compact network with its scaling, in float32.

        Input ``X``: raw images (samples, channels, rows, columns) of the network's size, in float32; bytes are the numbers 0 to
        255. Outputs: ``label`` (samples,), a class as it stands in the data, and ``probabilities`` (samples, classes), as
        `predict` and `predict_proba` give them. The metadata hold `task`, and as JSON `classes`, `image` (channels, rows,
        columns) and `divisor`. A model that does not know its divisor takes images that are divided already.

        Raises
        ------
        MissingDependencyError : onnx is not installed.
        InvalidInputError : the file cannot be written.

        Examples
        --------
        >>> import numpy as np
        >>> from spectral_core import ImageNetwork, load_images
        >>> from spectral_core.networks.image_model import ImageModel
        >>> data = load_images((np.random.default_rng(0).random((6, 1, 4, 4)), ["a", "b", "c"] * 2))
        >>> ImageModel.of(ImageNetwork.initialize(2, 1, 3, image=data.shape), data).to_onnx("model.onnx")
        >>> import onnx
        >>> [output.name for output in onnx.load("model.onnx").graph.output]
        ['label', 'probabilities']
        """
        from spectral_core.networks.image_onnx import write_image_onnx

        write_image_onnx(self.network, path, self.reference)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write network, classes, scale and split to one model file."""
        own, compact = self.network, isinstance(self.network, CompactImageNetwork)
        network = own.record() if isinstance(own, CompactImageNetwork) else own.trained_record()
        record = {
            "compact": compact,
            "network": network,
            "classes": list(self.classes),
            "divisor": self.divisor,
            **provenance(),
        }
        if self.origin is not None:
            record["split"] = {"source": self.origin.source, "sha256": self.origin.sha256, "seed": self.origin.seed}
        stored = own.stored() if isinstance(own, CompactImageNetwork) else {"parameters": own.parameters}
        stored |= {"means": self.means, "deviations": self.deviations}
        stored |= {f"{part}_rows": numbers for part, numbers in self.rows.items()}
        stored |= {f"{part}_prints": prints for part, prints in (self.origin.prints if self.origin else {}).items()}
        files.save_model(path, KIND, record, stored)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ImageModel:
        """Read a model; raises `ModelFileError`."""
        _, record, stored = files.load_model(path, (KIND,))
        try:
            network: ImageNetwork | CompactImageNetwork
            if record["compact"]:
                network = CompactImageNetwork.from_record(record["network"], stored)
            else:
                network = ImageNetwork.from_record(record["network"], stored["parameters"])
            rows, prints = (
                {part: stored[f"{part}_{what}"] for part in PARTS if f"{part}_{what}" in stored}
                for what in ("rows", "prints")
            )
            origin = Origin(**record["split"], prints=prints) if "split" in record else None
            scale = stored["means"], stored["deviations"]
            return cls(network, tuple(record["classes"]), *scale, rows, origin, record.get("divisor"))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ModelFileError(f"{path} does not describe a model of images: {error}") from None

    def __repr__(self) -> str:
        return (
            f"ImageModel({', '.join(map(str, self.classes[:5]))}{', ...' * (len(self.classes) > 5)}: {self.network!r})"
        )
