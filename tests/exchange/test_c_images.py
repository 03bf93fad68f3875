"""Exported C of image networks computes what the compact network computes."""

from __future__ import annotations

import ctypes
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError
from spectral_core.exchange import export_c
from spectral_core.exchange.c import c_source
from spectral_core.exchange.c_images import ImageForm
from spectral_core.kernels.support.image_layout import KINDS
from spectral_core.networks.cells import OPERATIONS, Cell
from spectral_core.networks.compact_image import ABSENT, CompactImageNetwork, Step
from spectral_core.networks.image import ImageNetwork
from tests.cli.test_shrink import refused, said
from tests.exchange.c_programs import STRICT, called, library, needs
from tests.networks.test_image_onnx import model_of, random_network

NETWORKS = st.builds(
    random_network, st.integers(0, 2), st.integers(0, 2), st.integers(0, 999), st.just((2, 4, 8)),
    dtype=st.just("float64"), published=st.booleans(),
)  # fmt: skip


def closed(reductions: int, splits: int, seed: int, share: float) -> ImageNetwork:
    """A network of whose operations a share is closed."""
    net, generator = random_network(reductions, splits, seed, (2, 4, 8), dtype="float64"), np.random.default_rng(seed)
    for name, values in net.groups.items():
        if name.startswith("eigenvalues"):
            values[generator.random(values.shape) < share] = 0
    return net


def agrees(
    folder: Path, nets: list[Any], double: bool = True, tool: str = "gcc", flags: tuple[str, ...] = STRICT
) -> None:
    """The logits of all networks, in one compilation."""
    real: Any = np.float64 if double else np.float32
    sources = {f"n{k}": c_source(net, double=double, name=f"n{k}") for k, net in enumerate(nets)}
    home = library(folder, sources, tool, flags)
    for k, net in enumerate(nets):
        x = np.random.default_rng(k).normal(size=(5, *net.image)).astype(real)
        found, _ = called(home, f"n{k}_raw", x.reshape(5, -1), net.classes, real)
        expected = net.forward(x.astype(net.dtype))
        room = (1e-12 if double else 1e-4) * (1 + np.abs(expected).max())
        np.testing.assert_allclose(found, expected, rtol=0, atol=room)


@needs("gcc")
@settings(max_examples=8, deadline=None)
@given(NETWORKS)
def test_gcc_computes_what_the_compact_network_computes(tmp_path_factory: Any, net: ImageNetwork) -> None:
    """All operations, reductions 0 to 2, with and without splits, in both forms; the second call begins anew."""
    agrees(tmp_path_factory.mktemp("c"), [net, net.compact()])


@needs("gcc")
def test_every_operation_alone_in_both_types(tmp_path: Path) -> None:
    """On an edge of its own, with stride 1 and 2, so that no other operation hides a wrong border."""
    nets = []
    for name in OPERATIONS:
        first, second = Cell(1, 2, {(0, 1): (name,)}), Cell(2, 3, {(0, 2): (name,), (1, 2): (name,)})
        nets += [
            random_network(stride - 1, seed=4, image=(1, 4, 4), cells=[first, second][:stride], dtype="float64")
            for stride in (1, 2)
        ]
    for double in (True, False):
        (home := tmp_path / str(double)).mkdir()
        agrees(home, nets, double)


@needs("clang", "g++")
@pytest.mark.parametrize("tool", ["clang", "g++"])
def test_other_compilers(tool: str, tmp_path: Path) -> None:
    flags = ("-Wall", "-Wextra", "-Werror", "-O2", *(() if "++" in tool else ("-std=c99", "-pedantic")))
    agrees(tmp_path, [random_network(1, 1, dtype="float64")], tool=tool, flags=flags)


@needs("gcc")
@pytest.mark.parametrize("share", [0.7, 0.8, 1.0])
def test_planes_that_nothing_reaches_are_zeros(share: float, tmp_path: Path) -> None:
    """Most of these networks have a plane that a step reads and no step writes."""
    nets = [closed(*of, share) for of in ((0, 1, 2), (0, 2, 8), (1, 0, 5), (1, 2, 7), (2, 0, 7), (2, 2, 5))]
    if share < 1:
        steps = [net.compact().steps for net in nets]
        assert sum(bool({s.sender for s in one} - {s.receiver for s in one} - {ABSENT}) for one in steps) >= 3
    agrees(tmp_path, nets)


@needs("gcc")
def test_every_convolution_may_have_a_bias(tmp_path: Path) -> None:
    net, generator = random_network(1, 1, dtype="float64").compact(), np.random.default_rng(0)
    steps, arrays = list(net.steps), list(net.arrays[:-2])
    for number, step in enumerate(net.steps):
        if step.matrix != ABSENT:
            steps[number] = replace(step, bias=len(arrays))
            arrays.append(generator.normal(size=net.planes[step.receiver][0]))
    agrees(tmp_path, [replace(net, steps=tuple(steps), arrays=(*arrays, *net.arrays[-2:]))])


@needs("gcc")
@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("scale", ["bytes", "numbers"])
def test_raw_images_are_scaled_as_the_model_scales_them(scale: str, standardise: bool, tmp_path: Path) -> None:
    """Probabilities, classes and labels of a model, for raw images."""
    model, x = model_of(random_network(1), 1, standardise, scale)
    home = library(tmp_path, {"m": c_source(model, name="m")})
    rows = x.astype(np.float32).reshape(len(x), -1)
    expected = model.predict_proba(x, channels="first")
    found, _ = called(home, "m_predict", rows, 3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    _, number = called(home, "m_class", rows, 3)
    second, first = np.sort(expected, axis=1)[:, -2:].T
    clear = first - second > 1e-4
    assert clear.any()
    home.m_label.restype = ctypes.c_char_p
    labels = [home.m_label(int(k)).decode() for k in number]
    assert [labels[s] for s in np.flatnonzero(clear)] == model.predict(x, channels="first")[clear].tolist()
    assert home.m_label(3) == b""


@settings(max_examples=30, deadline=None)
@given(NETWORKS | st.builds(closed, st.integers(0, 2), st.integers(0, 2), st.integers(0, 99), st.just(0.7)))
def test_planes_that_are_needed_at_once_do_not_overlap(net: ImageNetwork) -> None:
    """By brute force: each number of the buffer belongs to the plane that was written there, whenever a step reads it."""
    small = net.compact()
    form = ImageForm.of(small, double=False)
    places, size = form.places
    owner, begun = np.full(size, -1), set()

    def whole(plane: int) -> slice:
        return slice(places[plane], places[plane] + int(np.prod(small.planes[plane])))

    for step in small.steps:
        read = [] if step.kind == KINDS["stem"] else [step.sender]
        for plane in (*read, step.receiver):
            if plane not in begun:
                begun.add(plane)
                owner[whole(plane)] = plane
        for plane in (*read, step.receiver):
            assert (owner[whole(plane)] == plane).all()
    if small.output not in begun:
        owner[whole(small.output)] = small.output
    assert (owner[whole(small.output)] == small.output).all()
    assert size <= sum(int(np.prod(plane)) for plane in small.planes)


@needs("gcc")
def test_the_plane_of_the_classifier_keeps_its_room(tmp_path: Path) -> None:
    """Here it is the first plane, and planes begin after its last reader."""
    generator, link = np.random.default_rng(0), KINDS["link"]
    arrays = tuple(generator.normal(size=size) for size in ((2, 9), (3, 2), (3,)))
    steps = (Step(KINDS["stem"], ABSENT, 0, 3, matrix=0), Step(link, 0, 1), Step(link, 1, 2), Step(link, 2, 3))
    agrees(tmp_path, [CompactImageNetwork((1, 4, 4), 3, ((2, 4, 4),) * 4, steps, arrays, 0)])


def test_a_plane_takes_the_room_of_those_that_are_read_no_more() -> None:
    small = random_network(1, 2).compact()
    assert ImageForm.of(small, False).places[1] < sum(int(np.prod(plane)) for plane in small.planes) / 2


def test_the_head_says_what_it_takes() -> None:
    small = random_network(1).compact()
    text = c_source(small, name="small")
    (numbers,) = re.findall(r"weight\[(\d+)\]", text.split("= {")[0])
    (planes,) = re.findall(r"SMALL_NUMBERS = (\d+)", text)
    assert f"Constants without labels: {4 * int(numbers):,} bytes. Static memory: {4 * int(planes):,} bytes" in text
    # The numbers of the network, and a and b of each channel of an image.
    assert int(numbers) == sum(array.size for array in small.arrays) + 2 * small.image[0]
    assert "malloc" not in text
    assert "#include <math" not in text


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    net = random_network(0).compact()
    for options, said_so in (
        ({"int8": True}, "int8 is for networks of features"),
        ({"trainable": True}, "trainable is for"),
    ):
        with pytest.raises(InvalidInputError, match=said_so):
            export_c(net, tmp_path / "n.c", **options)
    with pytest.raises(InvalidInputError, match="name must be lower-case"):
        export_c(net, tmp_path / "n.c", name="Net")
    wide = CompactImageNetwork(
        net.image,
        net.classes,
        net.planes,
        net.steps,
        tuple(a.astype(np.float64) * 1e300 for a in net.arrays),
        net.output,
    )
    with pytest.raises(InvalidInputError, match="beyond the range of float"):
        export_c(wide, tmp_path / "n.c")
    step = next(k for k, step in enumerate(net.steps) if step.kind >= KINDS["link"])
    steps = (*net.steps[:step], replace(net.steps[step], factor=1e39), *net.steps[step + 1 :])
    with pytest.raises(InvalidInputError, match=f"step {step} has a factor beyond the range of float"):
        export_c(replace(net, steps=steps), tmp_path / "n.c")
    model, _ = model_of(random_network(0))
    far = replace(model, means=np.full(2, 100.0, np.float32), deviations=np.ones(2, np.float32))
    with pytest.raises(InvalidInputError, match="channel 0 has the mean 100 and the deviation 1"):
        export_c(far, tmp_path / "n.c")
    with pytest.raises(InvalidInputError, match="has a character 0"):
        export_c(replace(model, classes=("a", "b\0c", "d")), tmp_path / "n.c")
    assert not list(tmp_path.iterdir())
    export_c(wide, tmp_path / "n.c", double=True)


@needs("gcc")
def test_the_command_writes_both_files(tmp_path: Path, capsys: Any) -> None:
    model, x = model_of(random_network(0))
    path, out = tmp_path / "m.npz", tmp_path / "new" / "m.c"
    model.save(path)
    assert said(capsys, "images", "export", path, "--c", out, "--name", "cats") == f"written: {out}\n"
    found, _ = called(library(tmp_path, {"m": out.read_text()}), "cats_predict", x.astype(np.float32).reshape(9, -1), 3)
    np.testing.assert_allclose(found, model.predict_proba(x, channels="first"), rtol=0, atol=1e-5)
    both = json.loads(said(capsys, "images", "export", path, "--c", out, "--onnx", tmp_path / "m.onnx", "--json"))
    assert both["written"] == {"onnx": str(tmp_path / "m.onnx"), "c": str(out)}
    same = refused(capsys, "images", "export", path, "--c", out, "--onnx", out)
    assert "the files must be different" in same
    for wrong in ("--double", "--name=a"):
        assert f"{wrong.partition('=')[0]} belongs to --c" in refused(
            capsys, "images", "export", path, "--onnx", tmp_path / "m.onnx", wrong
        )
