"""Model files: every kind of predictor comes back, every damage is refused, newer formats and older ones are told apart."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import ModelFileError, Predictor, SpectralNetwork, __version__, compact
from spectral_core.data.fingerprints import Origin
from spectral_core.data.scaling import Scaling
from spectral_core.files import model_file
from spectral_core.files.provenance import certificates_hash
from spectral_core.networks.predictor import FORMS, PARTS, load_any
from tests.builders import PARAMETRIZATIONS, ROOT, random_network

LABELS: list[tuple[Any, ...]] = [("a", "b"), ("é ", "", "\n"), (False, True), (-(2**60), 0, 7), tuple("01234")]


@st.composite
def predictors(draw: st.DrawFn) -> Predictor:
    """Any predictor that this package makes."""
    classes = draw(st.sampled_from([(), *LABELS]))
    outputs = len(classes) or draw(st.integers(1, 3))
    widths = [draw(st.integers(1, 3)), *draw(st.lists(st.integers(1, 4), max_size=2)), outputs]
    bias, seed = draw(st.booleans()), draw(st.integers(0, 99))
    network: Any = random_network(draw(st.sampled_from(PARAMETRIZATIONS)), widths, "tanh", seed, bias)
    if draw(st.booleans()):
        network = compact(network)
    numbers = st.floats(-1e300, 1e300) | st.just(0.0)
    columns = draw(st.lists(st.tuples(numbers, numbers), min_size=widths[0], max_size=widths[0]))
    rows = {part: np.arange(draw(st.integers(0, 5))) for part in draw(st.sets(st.sampled_from(PARTS)))}
    prints = {part: np.array(draw(st.lists(st.integers(0, 2**64 - 1), max_size=3)), np.uint64) for part in PARTS[:2]}
    seeds = st.none() | st.integers(0, 2**63)
    origin = draw(st.none() | st.builds(Origin, st.text(), st.text(), seeds, st.just(prints)))
    return Predictor(
        network,
        "classification" if classes else "regression",
        Scaling(*np.array(columns).T),
        Scaling.none(1) if classes else Scaling(np.full(outputs, 3.0), np.full(outputs, 0.1)),
        classes,
        tuple(draw(st.lists(st.text(), max_size=3))),
        ("y",),
        rows,
        origin=origin,
        form=draw(st.sampled_from(sorted(FORMS))),
    )


def same(one: Predictor, other: Predictor) -> None:
    """Both predictors agree in every bit."""
    assert type(one.network) is type(other.network)
    assert one.network.record() == other.network.record()
    assert one.network.parameters.tobytes() == other.network.parameters.tobytes()
    for name in ("task", "classes", "feature_names", "target_names", "form"):
        assert getattr(one, name) == getattr(other, name), name
        assert type(getattr(one, name)) is type(getattr(other, name))
    assert [type(label) for label in one.classes] == [type(label) for label in other.classes]
    for scaling in ("inputs", "outputs"):
        for part in ("mean", "deviation"):
            assert getattr(getattr(one, scaling), part).tobytes() == getattr(getattr(other, scaling), part).tobytes()
    assert {part: rows.tolist() for part, rows in one.rows.items()} == {p: r.tolist() for p, r in other.rows.items()}
    assert (one.origin is None) == (other.origin is None)
    if one.origin is not None and other.origin is not None:
        assert replace(one.origin, prints={}).__dict__ == replace(other.origin, prints={}).__dict__
        assert {part: prints.tolist() for part, prints in one.origin.prints.items()} == {
            part: prints.tolist() for part, prints in other.origin.prints.items()
        }


@given(predictors())
@settings(deadline=None, max_examples=60)
def test_every_predictor_comes_back_bit_for_bit(tmp_path_factory: Any, model: Predictor) -> None:
    path = tmp_path_factory.getbasetemp() / "round.npz"
    model.save(path)
    same(Predictor.load(path), model)
    network, around = load_any(path)
    assert around is not None
    assert network.parameters.tobytes() == model.network.parameters.tobytes()
    content = path.read_bytes()
    model.save(path)
    assert path.read_bytes() == content, "the same model is the same file"


def predictor() -> Predictor:
    net = SpectralNetwork.initialize([2, 3, 2], seed=1)
    rows = {"training": np.arange(5), "test": np.array([5, 6])}
    origin = Origin("t.csv", "ab" * 32, 3, {"training": np.arange(5, dtype=np.uint64)})
    return Predictor(
        net, "classification", Scaling.none(2), Scaling.none(1), ("a", "b"), ("u", "v"), ("t",), rows, origin=origin
    )


def test_a_change_of_any_byte_is_refused(tmp_path: Path) -> None:
    """All bytes of one file, one after the other; NumPy alone reads many such files, some with other numbers."""
    path = tmp_path / "m.npz"
    predictor().save(path)
    content = path.read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(ModelFileError, match=r"m\.npz"):
            Predictor.load(path)
    for longer in (content + b"\0", b"\0" + content, content + content):
        path.write_bytes(longer)
        with pytest.raises(ModelFileError, match=r"m\.npz"):
            Predictor.load(path)


def test_arrays_of_another_file_are_refused(tmp_path: Path) -> None:
    """A whole archive with one array exchanged: every part of it is sound, the checksum is not."""
    path = tmp_path / "m.npz"
    predictor().save(path)
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["parameters"] = arrays["parameters"] + 1
    np.savez(path, **arrays)
    with pytest.raises(ModelFileError, match="checksum does not fit"):
        Predictor.load(path)


def rewritten(path: Path, **changes: Any) -> None:
    """The file with entries of its header changed, and a checksum that fits."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(bytes(arrays.pop("header")).decode()) | changes
    stored = {"header": np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays}
    if header["version"] == 1:
        np.savez(path, **stored)
        return
    archive = io.BytesIO()
    np.savez(archive, **stored)
    body = archive.getvalue()[:-2] + model_file.COMMENT.to_bytes(2, "little")
    path.write_bytes(body + model_file._checksum(body))


def test_a_newer_format_is_named_and_an_older_one_loads(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    predictor().save(path)
    rewritten(path, version=2)
    same(Predictor.load(path), predictor())
    rewritten(path, version=3, writer="0.9.0")
    message = f"has the format 3 and was written by version 0.9.0 of this package; version {__version__} reads formats up to 2: update"
    with pytest.raises(ModelFileError, match=message):
        Predictor.load(path)
    # Version 1 had neither checksum nor origin nor form.
    predictor().save(path)
    with np.load(path) as archive:
        record = json.loads(bytes(archive["header"]).decode())["record"]
    for name in ("split", "form", "versions", "certificates"):
        del record[name]
    rewritten(path, version=1, record=record)
    same(Predictor.load(path), replace(predictor(), origin=None, form=""))


def test_the_record_names_what_made_the_file(tmp_path: Path) -> None:
    predictor().save(tmp_path / "m.npz")
    _, record, _ = model_file.load_model(tmp_path / "m.npz", ("predictor",))
    assert record["versions"] == {"spectral_core": __version__, "numpy": np.__version__}
    assert record["split"] == {"source": "t.csv", "sha256": "ab" * 32, "seed": 3}
    assert record["certificates"] == certificates_hash()


PROOFS = entry_points(group="spectral_core.commands", name="verify")


@pytest.mark.skipif(not PROOFS, reason="the proofs are not installed: pip install -e '.'")
def test_the_hash_of_the_certificates_is_that_of_their_file() -> None:
    import hashlib

    assert certificates_hash() == hashlib.sha256((ROOT / "derivations/certificates.json").read_bytes()).hexdigest()
