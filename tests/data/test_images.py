"""Images from files, folders and arrays; their classes, sizes and random changes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spectral_core.data.augmentation import Augmentation
from spectral_core.data.idx import from_idx
from spectral_core.data.image_parts import pixels_of, some_of
from spectral_core.data.images import load_images
from spectral_core.data.npz import from_npz
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
    assert load_images((COLOURED, LABELS), channels="last").remarks == ()
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


WHOLE = ("uint8", "int16", "int64", "float32", "float64")


@given(st.sampled_from(WHOLE), st.sampled_from([None, 4]))
def test_test_data_have_the_scale_of_the_training_data_whatever_their_type(dtype: str, size: int | None) -> None:
    like = load_images((COLOURED, LABELS), size=size)
    assert like.divisor == 255
    other = load_images((COLOURED.astype(dtype), LABELS), size=size, like=like)
    np.testing.assert_allclose(other.images, like.images, rtol=0, atol=1e-6)
    assert other.divisor == 255


def test_a_scale_that_cannot_be_that_of_the_training_data_is_refused() -> None:
    byte, real = load_images((COLOURED, LABELS)), load_images((COLOURED / 255, LABELS))
    assert real.divisor == 1
    with pytest.raises(InvalidInputError, match="X holds numbers up to 1 and `like` was read from bytes, 0 to 255"):
        load_images((COLOURED / 255, LABELS), like=byte)
    with pytest.raises(InvalidInputError, match="X holds bytes and `like` was read from numbers that are not bytes"):
        load_images((COLOURED, LABELS), like=real)
    dark = np.zeros_like(COLOURED, dtype=np.int64)
    assert (
        load_images((dark, LABELS), like=byte).images == load_images((dark.astype(np.uint8), LABELS), like=byte).images
    ).all()


@pytest.mark.parametrize("dtype", WHOLE)
def test_whole_numbers_that_are_not_bytes_are_remarked(dtype: str) -> None:
    data = load_images((COLOURED.astype(dtype), LABELS), standardise=False)
    remark = f"X holds whole numbers up to {COLOURED.max()} as {dtype}, which are not divided by 255; bytes (uint8) are"
    assert (remark in data.remarks) == (dtype != "uint8")
    assert data.images.max() == COLOURED.max() / (255 if dtype == "uint8" else 1)


@given(st.tuples(*[st.integers(1, 6)] * 3), st.sampled_from([None, "first", "last"]))
def test_the_shorter_of_both_axes_is_that_of_the_channels(size: tuple[int, int, int], channels: str | None) -> None:
    """Unless it is said; between two axes of one length nobody can tell."""
    first, rows, last = size
    images = np.arange(2.0 * first * rows * last).reshape(2, *size) / 1000
    if channels is None and first == last <= 4:
        message = (
            rf"X of shape \(2, {first}, {rows}, {last}\) may be {first}×{rows}×{last} with channels first, or last"
        )
        with pytest.raises(InvalidInputError, match=message):
            load_images((images, [0, 1]), standardise=False)
        return
    data = load_images((images, [0, 1]), channels=channels, standardise=False)
    front = channels == "first" or (channels is None and not (last <= 4 and (last < first or first > 4)))
    expected = images if front else images.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(data.images, expected.astype(np.float32))
    assert any("channels" in remark for remark in data.remarks) == (channels is None and not front)


def test_grey_images_have_one_channel_whatever_is_said() -> None:
    assert load_images((COLOURED[..., 0], LABELS), channels="last").shape == (1, 8, 12)


@given(st.lists(st.integers(-3, 6), min_size=2, max_size=8))
def test_classes_are_the_numbers_from_0_without_a_gap(labels: list[int]) -> None:
    found = sorted(set(labels))
    images = np.zeros((len(labels), 1, 3, 3))
    if found == list(range(len(found))) and len(found) > 1:
        assert load_images((images, labels)).labels.tolist() == labels
        return
    with pytest.raises(
        InvalidInputError, match=r"two classes or more|y must hold classes 0, 1, \.\.\.; it holds -|without a gap"
    ):
        load_images((images, labels))


def test_a_wrong_label_is_named_at_once() -> None:
    """Not after a list of thirty million classes."""
    begin = time.process_time()
    with pytest.raises(InvalidInputError, match="classes must be 0 to 30000002 without a gap; class 0 has no image"):
        load_images((COLOURED, LABELS + 30_000_000))
    with pytest.raises(InvalidInputError, match="class 3 has no image"):
        load_images((COLOURED, [0, 1, 2, 0, 1, 2**62]))
    assert time.process_time() - begin < 2


def test_an_idx_file_and_its_labels_are_named_where_they_differ(tmp_path: Path) -> None:
    (tmp_path / "t-images-idx3-ubyte").write_bytes(idx(COLOURED[..., 0]))
    (tmp_path / "t-labels-idx1-ubyte").write_bytes(idx(LABELS[:3].astype(np.uint8)))
    with pytest.raises(DataFileError, match=r"t-images-idx3-ubyte must hold images, and .*t-labels-idx1-ubyte as many"):
        load_images(tmp_path / "t-images-idx3-ubyte")


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.full((2, 1, 3, 3), np.nan), [0, 1], "X must be finite"),
        (COLOURED, LABELS[:3], r"y must have shape \(6,\)"),
        (COLOURED.reshape(6, -1), LABELS, "X must be"),
        (COLOURED, LABELS * 2, "classes must be 0 to 4"),
        (COLOURED, LABELS * 0, "y must hold two classes or more"),
    ],
)
def test_an_error_from_a_file_names_the_file(images: Any, labels: Any, message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "some.npz", X=images, y=labels)
    with pytest.raises(DataFileError, match=rf"some\.npz: {message}"):
        load_images(tmp_path / "some.npz")


@pytest.mark.parametrize("name", ["none.npz", "none-images-idx3-ubyte", "none-images-idx3-ubyte.gz", "none"])
def test_a_file_that_is_not_there_is_said_to_be_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=rf"{name}: no such file"):
        load_images(tmp_path / name)
    (tmp_path / "t-images-idx3-ubyte").write_bytes(idx(COLOURED[..., 0]))
    with pytest.raises(DataFileError, match="t-labels-idx1-ubyte: no such file"):
        load_images(tmp_path / "t-images-idx3-ubyte")
    for read in (from_npz, from_idx):
        with pytest.raises(DataFileError, match="no such file"):
            read(tmp_path / "none-images")


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
        ([COLOURED, LABELS], {}, r"source must be a file, a folder or a pair \(X, y\); got list"),
        (5, {}, "source must be a file, a folder or a pair"),
        (None, {}, "source must be a file, a folder or a pair"),
        ((COLOURED, LABELS), {"like": 5}, "like must be ImageData, of `load_images`; got int"),
        ((COLOURED, LABELS), {"channels": "middle"}, "channels must be one of first, last"),
        ((COLOURED, -LABELS - 1), {}, "y must hold classes 0, 1, ...; it holds -3"),
        ((COLOURED, [0, 1, np.nan, 0, 1, 1.0]), {}, r"y must be finite; y\[2\] is nan"),
        ((COLOURED, [0, 1, np.inf, 0, 1, 1.0]), {}, r"y must be finite; y\[2\] is inf"),
        ((COLOURED, np.array([0, 1, float("nan"), 0, 1, 1], object)), {}, r"y must be finite; y\[2\] is nan"),
        ((COLOURED, np.array([0, 1, None, 0, 1, 1], object)), {}, r"y must hold numbers, or text; y\[2\] is None"),
        ((COLOURED, np.array([0, "a", 1, 0, 1, 1], object)), {}, r"y must hold numbers, or text; y\[0\] is 0, y\[1\] 'a'"),
        ((COLOURED, np.array([0, 1, 2, 0, 1, 2j])), {}, r"y must hold numbers, or text; y\[0\] is 0j"),
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
    (tmp_path / "pictures.csv").write_text("1,2")
    with pytest.raises(DataFileError, match="must be an NPZ file, a folder, or an IDX file"):
        load_images(tmp_path / "pictures.csv")
    pytest.importorskip("PIL.Image")
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(DataFileError, match=r"broken.png cannot be read as a picture"):
        load_images(tmp_path)


def test_labels_of_bytes_are_text(tmp_path: Path) -> None:
    """Reports and model files hold text; bytes that are no text are refused."""
    names = np.array(["cat", "dög", "cat", "dög", "cat", "dög"])
    encoded = np.char.encode(names, "utf-8")
    np.savez(tmp_path / "bytes.npz", X=COLOURED, y=encoded)
    for source in ((COLOURED, encoded), tmp_path / "bytes.npz"):
        data = load_images(source)
        assert data.classes == ("cat", "dög")
        assert (data.labels == load_images((COLOURED, names)).labels).all()
        assert (load_images(source, like=data).labels == data.labels).all()
    with pytest.raises(InvalidInputError, match="y must hold numbers, or text in UTF-8; it holds bytes"):
        load_images((COLOURED, np.array([b"cat", b"\xff"] * 3)))


def test_hidden_files_are_no_pictures_and_deep_ones_are_refused(tmp_path: Path) -> None:
    """A hidden folder is no class; 16 bits would saturate as 8."""
    pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    for place in ("a/1.png", "b/2.png", ".trash/3.png", "a/._1.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        pillow.fromarray(COLOURED[0]).save(tmp_path / place)
    data = load_images(tmp_path)
    assert data.classes == ("a", "b")
    assert len(data) == len(pixels_of(str(tmp_path))) == 2
    assert len(pixels_of(str(tmp_path / "a"))) == 1
    deep = np.arange(96, dtype=np.uint16).reshape(8, 12) * 600
    pillow.fromarray(deep).save(tmp_path / "a/4.png")
    with pytest.raises(InvalidInputError, match=r"4\.png must have 8 bits a colour; it has more \(Pillow's mode I"):
        load_images(tmp_path)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=60), st.integers(1, 60), st.integers(0, 9))
def test_some_images_are_of_all_classes(labels: list[int], count: int, seed: int) -> None:
    """As many as are wanted; one of each class at least, where there are enough."""
    assume(len(set(labels)) > 1)
    data = load_images((np.zeros((len(labels), 2, 2)), np.array([f"class {label}" for label in labels])))
    some = some_of(data, count, seed)
    assert len(some) == min(count, len(labels))
    if count >= len(set(labels)):
        assert set(some.labels.tolist()) == set(data.labels.tolist())
