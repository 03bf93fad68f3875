"""`ImageModel`: raw images in, classes out, and the file that keeps all of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spectral_core import ImageNetwork, load_images
from spectral_core.data.image_parts import ImageParts, images_of, parts_of, pixels_of, prints_of
from spectral_core.errors import DataFileError, InvalidInputError, ModelFileError
from spectral_core.networks.image_model import ImageModel


def colours(count: int = 24, size: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Images (samples, rows, columns, 3) in bytes, each class with its own channel bright."""
    generator = np.random.default_rng(seed)
    kinds = np.arange(count) % 3
    images = generator.integers(0, 120, (count, size, size, 3), dtype=np.uint8)
    images[np.arange(count), :, :, kinds] += 100
    return images, np.array(["red", "green", "blue"])[kinds]


def saved(path: Path, count: int = 24) -> Path:
    images, labels = colours(count)
    np.savez(path, X=images, y=labels)
    return path


def parts(tmp_path: Path, seed: int = 0) -> ImageParts:
    path = str(saved(tmp_path / "colours.npz"))
    return parts_of(path, images_of(path, 4), seed, 0.25, 0.2)


def model(tmp_path: Path) -> ImageModel:
    given = parts(tmp_path)
    net = ImageNetwork.initialize(2, 1, 3, image=given.training.shape, seed=1)
    return ImageModel.of(net, given.training, given.rows, given.origin)


def test_a_model_takes_raw_images(tmp_path: Path) -> None:
    """Larger images become means of 2 × 2 pixels, and have the scale of the training images."""
    own, (images, labels) = model(tmp_path), colours(9, seed=5)
    small = images.reshape(9, 4, 2, 4, 2, 3).mean((2, 4)).transpose(0, 3, 1, 2) / 255
    scaled = (small - own.means[:, None, None]) / own.deviations[:, None, None]
    np.testing.assert_allclose(own.prepared(images), scaled, atol=1e-6)
    names = np.array(["blue", "green", "red"])[own.network.forward(scaled).argmax(1)]
    assert own.predict(images).tolist() == names.tolist()
    assert own.score(images, labels) == np.mean(names == labels)


def test_channels_that_may_be_first_or_last_can_be_named() -> None:
    """4×4×4 images: what `load_images` asks for, predictions take too."""
    images, labels = np.random.default_rng(0).random((6, 4, 4, 4)), ["a", "b"] * 3
    data = load_images((images, labels), channels="last")
    own = ImageModel.of(ImageNetwork.initialize(1, 0, 2, image=data.shape), data)
    with pytest.raises(InvalidInputError, match="say channels='first' or 'last'"):
        own.predict(images)
    truth = own.network.forward(data.images)
    assert own.predict(images, channels="last").tolist() == np.array(["a", "b"])[truth.argmax(1)].tolist()
    assert own.predict_proba(images, channels="last").tolist() == own.probabilities(truth).tolist()
    assert own.score(images, labels, channels="last") == np.mean(truth.argmax(1) == data.labels)


def test_probabilities_are_the_softmax(tmp_path: Path) -> None:
    own, (images, _) = model(tmp_path), colours(5)
    logits = own.network.forward(own.prepared(images)).astype(np.float64)
    truth = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(own.predict_proba(images), truth, rtol=1e-12)


def test_a_file_keeps_classes_scale_size_split_and_seed(tmp_path: Path) -> None:
    own, (images, _) = model(tmp_path), colours(5)
    own.save(tmp_path / "model.npz")
    loaded = ImageModel.load(tmp_path / "model.npz")
    assert (loaded.predict_proba(images) == own.predict_proba(images)).all()
    assert loaded.classes == ("blue", "green", "red")
    assert loaded.network.structure == own.network.structure
    assert {name: rows.tolist() for name, rows in loaded.rows.items()} == {n: r.tolist() for n, r in own.rows.items()}
    assert own.origin is not None
    assert loaded.origin is not None
    assert (loaded.origin.source, loaded.origin.sha256, loaded.origin.seed) == ("colours.npz", own.origin.sha256, 0)
    own.network.save(tmp_path / "network.npz")
    with pytest.raises(ModelFileError, match="holds a image network; expected image model"):
        ImageModel.load(tmp_path / "network.npz")


def test_parts_cover_the_images_once_and_the_training_images_give_the_scale(tmp_path: Path) -> None:
    given = parts(tmp_path)
    assert sorted(np.concatenate(list(given.rows.values())).tolist()) == list(range(24))
    assert (len(given.test), len(given.validation), len(given.training)) == (6, 4, 14)
    assert np.bincount(given.test.labels).tolist() == [2, 2, 2]
    np.testing.assert_allclose(given.training.images.mean((0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(given.training.images.std((0, 2, 3)), 1, atol=1e-5)
    assert np.abs(given.test.images.mean((0, 2, 3))).min() > 1e-6
    assert parts(tmp_path, seed=1).rows["test"].tolist() != given.rows["test"].tolist()


def test_digits_are_read_for_predictions_as_for_training() -> None:
    assert (pixels_of("digits") == images_of("digits").images[:, 0] * 255).all()
    assert pixels_of("digits").dtype == np.uint8


def test_equal_images_of_one_class_have_equal_prints() -> None:
    data = load_images(colours(6), standardise=False)
    twice = data.chosen(np.array([0, 0, 1]))
    first, again, other = prints_of(twice).tolist()
    assert first == again != other


def test_what_does_not_fit_the_model_is_named(tmp_path: Path) -> None:
    own = model(tmp_path)
    with pytest.raises(InvalidInputError, match="12×12 pixels do not become 4 rows"):
        own.prepared(np.zeros((2, 3, 12, 12)))
    with pytest.raises(InvalidInputError, match="`like` has 3 channels; the images have 1"):
        own.prepared(np.zeros((2, 8, 8)))
    with pytest.raises(InvalidInputError, match="the model takes images of 3×4×4"):
        own.prepared(np.zeros((2, 3, 8, 16)))
    with pytest.raises(InvalidInputError, match="classes must be 3"):
        ImageModel(own.network, ("a", "b"), own.means, own.deviations)
    with pytest.raises(InvalidInputError, match="test_fraction must be more than 0"):
        parts_of("digits", images_of("digits"), 0, 0.0)


def test_pictures_without_classes_are_read_from_a_folder(tmp_path: Path) -> None:
    """In the order of their names; a folder of folders gives all of them."""
    pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    images, labels = colours(6)
    for k, (image, label) in enumerate(zip(images, labels, strict=True)):
        for folder in (tmp_path / "flat", tmp_path / "deep" / str(label)):
            folder.mkdir(parents=True, exist_ok=True)
            pillow.fromarray(image).save(folder / f"{k}.png")
    assert (pixels_of(str(tmp_path / "flat")) == images).all()
    assert (pixels_of(str(tmp_path / "deep")) == images[np.argsort(labels, kind="stable")]).all()
    (tmp_path / "none").mkdir()
    with pytest.raises(DataFileError, match="must hold PNG or JPEG files; it holds none"):
        pixels_of(str(tmp_path / "none"))
    (tmp_path / "flat" / "9.png").write_bytes(b"no picture")
    with pytest.raises(DataFileError, match=r"9\.png cannot be read as a picture"):
        pixels_of(str(tmp_path / "flat"))
