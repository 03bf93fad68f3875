"""Images from files, folders and arrays; their classes, sizes and random changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core.data.augmentation import Augmentation
from spectral_core.data.images import load_images
from spectral_core.errors import DataFileError, InvalidInputError

GENERATOR = np.random.default_rng(0)
COLOURED = GENERATOR.integers(0, 256, (6, 8, 12, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def test_arrays_files_and_folders_give_the_same_images(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image")
    truth = load_images((COLOURED, LABELS))
    assert truth.remarks == ("the last axis of X, of 3, is that of the channels",)
    np.savez(tmp_path / "coloured.npz", X=COLOURED.transpose(0, 3, 1, 2), y=LABELS)
    for number, (picture, label) in enumerate(zip(COLOURED, LABELS, strict=True)):
        (tmp_path / "by_class" / f"class{label}").mkdir(parents=True, exist_ok=True)
        pillow.fromarray(picture).save(tmp_path / "by_class" / f"class{label}" / f"{number}.png")
    stored, pictures = load_images(tmp_path / "coloured.npz"), load_images(tmp_path / "by_class")
    assert (stored.images == truth.images).all()
    assert pictures.classes == ("class0", "class1", "class2")
    order = np.argsort(LABELS, kind="stable")
    np.testing.assert_allclose(pictures.images, truth.images[order], atol=1e-5)
    assert (pictures.labels == LABELS[order]).all()


def test_idx_files_have_their_labels_beside_them(tmp_path: Path) -> None:
    grey = COLOURED[..., 0]
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(grey))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS.astype(np.uint8)))
    data = load_images(tmp_path / "train-images-idx3-ubyte", standardise=False)
    assert data.shape == (1, 8, 12)
    np.testing.assert_allclose(data.images[:, 0] * 255, grey, atol=1e-4)
    assert (data.labels == LABELS).all()


def test_standardised_channels_and_test_data_like_them() -> None:
    data = load_images((COLOURED, LABELS), size=4)
    assert data.shape == (3, 4, 6)
    np.testing.assert_allclose(data.images.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(data.images.std((0, 2, 3)), 1, atol=1e-4)
    blocks = (
        COLOURED[:, ::2, ::2].astype(float) + COLOURED[:, 1::2, ::2] + COLOURED[:, ::2, 1::2] + COLOURED[:, 1::2, 1::2]
    )
    means = blocks.transpose(0, 3, 1, 2) / (4 * 255)
    plain = load_images((COLOURED, LABELS), size=4, standardise=False)
    np.testing.assert_allclose(plain.images, means, atol=1e-6)
    other = load_images((COLOURED[:2], [2, 1]), size=4, like=data)
    assert (other.images == data.images[:2]).all()
    assert other.labels.tolist() == [2, 1]
    constant = load_images((np.zeros((2, 1, 2, 2)), ["cat", "dog"]))
    assert (constant.images == 0).all()


@given(st.integers(0, 3), st.booleans(), st.integers(0, 5), st.integers(0, 2**70), st.integers(0, 50))
def test_changes_stay_in_their_limits(crop: int, flip: bool, cutout: int, seed: int, step: int) -> None:
    changes = Augmentation(crop, flip, cutout, seed).changes(step, 40, (6, 9))
    assert np.abs(changes[:, :2]).max() <= crop
    assert set(changes[:, 2]) <= ({0, 1} if flip else {0})
    for column, extent in ((3, 6), (5, 9)):
        assert (changes[:, column + 1] - changes[:, column] == cutout).all()
        middle = changes[:, column] + cutout // 2
        assert middle.min() >= 0
        assert middle.max() < extent
    assert (changes == Augmentation(crop, flip, cutout, seed).changes(step, 40, (6, 9))).all()


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ((COLOURED, LABELS * 2), {}, "classes must be 0 to 4 without a gap; class 1 has no image"),
        ((COLOURED, LABELS + 1), {}, "class 0 has no image"),
        ((COLOURED, LABELS * 0), {}, "two classes or more; all images are of class 0"),
        ((COLOURED, LABELS[:3]), {}, r"y must have shape \(6,\)"),
        ((COLOURED, LABELS), {"size": 3}, "8×12 pixels do not become 3 rows"),
        ((np.full((2, 1, 2, 2), np.nan), [0, 1]), {}, "X must be finite"),
        ((np.zeros((2, 4)), [0, 1]), {}, r"X must be \(samples, channels, rows, columns\)"),
        ((COLOURED, LABELS), {"crop": -1}, "crop must"),
        ((COLOURED, [0, 1, 2, 0, 1, 3]), {"like": load_images((COLOURED, LABELS))}, "3 is none of them"),
        ((COLOURED[..., :1], LABELS), {"like": load_images((COLOURED, LABELS))}, "`like` has 3 channels; the images have 1"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_named(source: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        load_images(source, **options)


def test_files_that_hold_no_images_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="must hold a folder of PNG or JPEG files for each class"):
        load_images(tmp_path)
    with pytest.raises(DataFileError, match="must be an NPZ file, a folder, or an IDX file"):
        load_images(tmp_path / "pictures.csv")
    pytest.importorskip("PIL.Image")
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(DataFileError, match=r"broken.png cannot be read as a picture"):
        load_images(tmp_path)
