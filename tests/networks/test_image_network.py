"""Image networks: the tiny network's reference numbers, counts of parameters, growth, files, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spectral_core.backends import cpu_images
from spectral_core.backends.image_passes import ImagePass
from spectral_core.data import counters
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.kernels.support.image_layout import OPERATION_COLUMNS, VALUE_COLUMNS
from spectral_core.networks.cells import Cell
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.spectral import SpectralNetwork
from tests import oracles_images as oracle

TINY = Cell(1, 2, {(0, 1): ("identity", "max3", "mean3", "sep3", "dil3")})
PLACES = {"input": "0,0", "sep1": "0,0,1,sep3,0", "sep2": "0,0,1,sep3,1", "dil": "0,0,1,dil3,0", "output": "0,1"}
FAMILIES = {"kernel": "kernels", "matrix": "weights", "gamma": "scales", "beta": "shifts"}
WHOLE = {"gates": "eigenvalues[0,0,1]", "tower.matrix": "towers[0]", "tower.bias": "tower_biases[0]"}


def group_of(name: str) -> str:
    """The group of a parameter of the oracle's network."""
    place, _, what = name.partition(".")
    return WHOLE.get(name) or f"{FAMILIES[what]}[{PLACES.get(place, place)}]"


def tiny() -> ImageNetwork:
    net = ImageNetwork.initialize(3, 0, 4, image=(1, 6, 6), cells=[TINY], dtype="float64")
    for name, values in oracle.tiny_parameters().items():
        net.groups[group_of(name)][...] = values
    return net


def grown(dtype: str = "float64", **options: object) -> ImageNetwork:
    """Two cells with all operations and a split in each; every group random, so that nothing is at its start."""
    net = ImageNetwork.initialize(2, 1, 3, image=(2, 8, 8), dtype=dtype, seed=3, **options)  # type: ignore[arg-type]
    net = net.split_edge(1, (0, 2), seed=1).split_edge(0, (0, 1), seed=2)
    generator = np.random.default_rng(0)
    for name, values in net.groups.items():
        if name.startswith(("scales", "shifts", "eigenvalues")):
            values += generator.uniform(-0.4, 0.4, values.shape).astype(dtype)
    return net


def batch(samples: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(samples, 2, 8, 8)), generator.integers(0, 3, samples)


def test_the_tiny_network_has_its_reference_numbers() -> None:
    loss, gradients = tiny().loss_and_gradients(*oracle.tiny_images())
    assert abs(loss - 1.354872232651312) < 1e-12
    norms = {
        "stem.kernel": 0.176163834563, "sep1.kernel": 0.0185907130551, "sep2.matrix": 0.0171702388968,
        "dil.kernel": 0.0498799974488, "tower.matrix": 0.114542805837,
    }  # fmt: skip
    for name, norm in norms.items():
        assert abs(np.linalg.norm(gradients[group_of(name)]) - norm) < 1e-12
    slopes = [0.0122646552323, 0.0188664382323, 0.00879826079102, 0.0187347696905, 0.0165383008106]
    np.testing.assert_allclose(np.abs(gradients["eigenvalues[0,0,1]"]), slopes, rtol=0, atol=1e-12)
    for stem in ("shifts[stem]", f"shifts[{PLACES['sep2']}]", f"shifts[{PLACES['dil']}]"):
        assert np.abs(gradients[stem]).max() < 1e-15  # a constant that the node's batch norm removes
    assert np.abs(gradients["scales[stem]"]).max() < 1e-6  # of the size of ε: a batch norm behind a batch norm


def test_every_gradient_of_the_tiny_network_is_that_of_the_oracle() -> None:
    (x, labels), parameters = oracle.tiny_images(), oracle.tiny_parameters()
    network = oracle.TinyNetwork()
    truth = network.derivatives(lambda p: oracle.cross_entropy(network.logits(x, p), labels), parameters)
    _, gradients = tiny().loss_and_gradients(x, labels)
    for name, slopes in truth.items():
        np.testing.assert_allclose(gradients[group_of(name)].ravel(), slopes.ravel(), rtol=0, atol=1e-15)


@pytest.mark.parametrize("options", [{}, {"scaled_first": True}, {"drop_path": 0.4}])
def test_gradients_of_a_grown_network_are_those_of_differences(options: dict[str, object]) -> None:
    """Two towers, two reductions of the rows, splits, drop-path: along random directions."""
    net, (x, y) = grown(**options), batch()
    _, gradients = net.loss_and_gradients(x, y, seed=5)
    generator = np.random.default_rng(1)
    for name, values in net.groups.items():
        if name.startswith("running"):
            assert (gradients[name] == 0).all()
            continue
        direction, h, kept = generator.normal(size=values.shape), 1e-6, values.copy()
        losses = []
        for sign in (1, -1):
            values[...] = kept + sign * h * direction
            losses.append(net.loss_and_gradients(x, y, seed=5)[0])
        values[...] = kept
        assert abs((losses[0] - losses[1]) / (2 * h) - (gradients[name] * direction).sum()) < 1e-6, name


def test_the_published_network_has_the_published_count() -> None:
    first = ImageNetwork.initialize(64, 2, 10, gates="published")
    assert (sum(len(c.edges) for c in first.structure.cells), first.n_parameters) == (9, 2_186_397)
    assert first.split_edge(0, (0, 1)).n_parameters == 2_250_283
    assert sum(v.size for n, v in first.groups.items() if n.startswith("gates")) == 63


@pytest.mark.parametrize(("cell", "edge"), [(0, (0, 1)), (0, (1, 2)), (1, (1, 2)), (1, (2, 3))])
def test_a_split_keeps_the_function_bit_for_bit(cell: int, edge: tuple[int, int]) -> None:
    """In training mode, so with the statistics of the batch; the new eigenvalues have slopes."""
    net = ImageNetwork.initialize(2, 1, 3, image=(2, 8, 8), seed=1)
    x, y = batch()
    before, old = net.loss_and_gradients(x, y)
    split = net.split_edge(cell, edge, seed=4)
    after, new = split.loss_and_gradients(x, y)
    assert before == after
    assert (new["towers[1]"] == old["towers[1]"]).all()
    assert (net.forward(x) == split.forward(x)).all()
    assert np.abs(new[f"eigenvalues[{cell},{edge[1]},{edge[1] + 1}]"]).min() > 0
    assert split.n_parameters > net.n_parameters


@pytest.mark.parametrize(("channels", "published"), [(3, False), (8, True)])
def test_more_channels_keep_the_function(channels: int, published: bool) -> None:
    """In training mode too, within rounding; the columns of the new channels have slopes (G7)."""
    net, (x, y) = grown(published=published), batch()
    wide = net.widen(channels, seed=5)
    before, old = net.loss_and_gradients(x, y)
    after, new = wide.loss_and_gradients(x, y)
    assert abs(before - after) < 1e-13
    np.testing.assert_allclose(net.forward(x), wide.forward(x), rtol=0, atol=1e-13)
    width = old["towers[1]"].shape[1]
    np.testing.assert_allclose(new["towers[1]"][:, :width], old["towers[1]"], rtol=0, atol=1e-13)
    assert np.abs(new["towers[1]"][:, width:]).min() > 0
    assert wide.structure.channels == channels
    with pytest.raises(InvalidInputError, match=f"channels must be more than {channels}"):
        wide.widen(channels)


@pytest.mark.parametrize("splits", [[], [(0, (0, 1)), (1, (2, 3)), (0, (1, 2))]])
def test_bars_that_are_needed_at_once_do_not_overlap(splits: list[tuple[int, tuple[int, int]]]) -> None:
    """By brute force: backward, each number of the buffer belongs to a bar from its zeros to the value's own operations."""
    net = ImageNetwork.initialize(2, 2, 3, image=(1, 8, 8))
    for cell, edge in splits:
        net = net.split_edge(cell, edge)
    tables = cpu_images.tables_of(net.layout)
    starts, size, born = tables.bars
    values = [dict(zip(VALUE_COLUMNS, row, strict=True)) for row in tables.values.tolist()]
    operations = [dict(zip(OPERATION_COLUMNS, row, strict=True)) for row in tables.operations.tolist()]
    owner = np.full(size, -1)
    rooms = [slice(start, start + value["reach"]) for start, value in zip(starts, values, strict=True)]
    for value in born[-1]:
        owner[rooms[value]] = value
    assert all((owner[rooms[value]] == value).all() for value in tables.towers[:, 0].tolist())
    for number in reversed(range(len(values))):
        for value in born[number]:
            owner[rooms[value]] = value
        for operation in operations:
            if operation["receiver"] == number:
                for value in {number, operation["sender"]} - {-1}:
                    assert (owner[rooms[value]] == value).all(), (number, value)
    assert sorted(value for own in born for value in own) == list(range(len(values)))
    assert size < 0.5 * tables.numbers_of_a_sample


def test_a_closed_published_gate_keeps_its_slope() -> None:
    net, (x, y) = ImageNetwork.initialize(2, 0, 3, image=(2, 8, 8), gates="published", dtype="float64"), batch()
    gates = net.groups["gates[0,0,1]"]
    gates[1] = -0.01
    closed, slopes = net.loss_and_gradients(x, y)
    gates[:] = [0.003, 0, *gates[2:]]  # of a gate only the sign counts
    assert net.loss_and_gradients(x, y)[0] == closed
    assert slopes["gates[0,0,1]"][1] != 0


def test_a_file_brings_back_the_network(tmp_path: Path) -> None:
    net, (x, _) = grown(gates="published", drop_path=0.2), batch()
    net.save(tmp_path / "images.npz")
    loaded = ImageNetwork.load(tmp_path / "images.npz")
    assert loaded.structure == net.structure
    assert (loaded.forward(x) == net.forward(x)).all()
    SpectralNetwork.initialize([2, 3, 1]).save(tmp_path / "dense.npz")
    with pytest.raises(ModelFileError, match="holds a network; expected image network"):
        ImageNetwork.load(tmp_path / "dense.npz")


def test_the_start_is_uniform_by_fan_in() -> None:
    groups = ImageNetwork.initialize(16, 1, 10, image=(3, 8, 8)).groups
    for name, summed in (
        ("kernels[stem]", 27),
        ("weights[1,0]", 16),
        ("kernels[0,0,1,sep5,0]", 25),
        ("towers[1]", 32),
    ):
        largest = np.abs(groups[name]).max()
        assert 0.9 / np.sqrt(summed) < largest <= 1 / np.sqrt(summed), name


def test_drop_path_keeps_the_share_that_it_should() -> None:
    net = ImageNetwork.initialize(4, 1, 3, image=(1, 8, 8), drop_path=0.3)
    kept = cpu_images.drawn(net.layout.tables, 2000, 0, 7)  # type: ignore[arg-type]
    assert kept.shape == (5 * 6, 2000)  # all operations of five edges but the identity
    assert abs(kept.mean() - 0.7) < 0.01
    assert not (kept == cpu_images.drawn(net.layout.tables, 2000, 0, 8)).all()  # type: ignore[arg-type]
    assert (counters.words(counters.key_of(1), 3, 4) == counters.words(counters.key_of(1), 0, 7)[3:]).all()


def test_an_edge_may_be_any_pair_of_whole_numbers() -> None:
    net = ImageNetwork.initialize(4, 1, 3)
    assert net.split_edge(0, [0, 1]).structure == net.split_edge(0, (0, 1)).structure  # type: ignore[arg-type]


def test_a_value_that_no_convolution_writes_starts_at_zero() -> None:
    """Whatever its memory held before, also where nothing at all arrives."""
    net = ImageNetwork.initialize(2, 0, 3, image=(1, 4, 4), cells=[Cell(1, 2, {(0, 1): ("dil3",)})])
    tables, value = cpu_images.tables_of(net.layout), 1
    rows = tables.operations[:, OPERATION_COLUMNS.index("receiver")] != value
    unreached = ImagePass(
        replace(tables, operations=tables.operations[rows]), net.parameters, np.ones((2, 1, 16), np.float32),
        cpu_images.ALL_KEPT,
    )  # fmt: skip
    unreached.z[value][...] = np.nan
    unreached.forward(training=False)
    assert (unreached.z[value] == 0).all()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ImageNetwork.initialize(4, 3, 10, image=(1, 28, 28)), "28 rows allow 2 reductions, 3 asked"),
        (lambda: ImageNetwork.initialize(0), "channels must be"),
        (lambda: ImageNetwork.initialize(4, 1, 1), "classes must be"),
        (lambda: ImageNetwork.initialize(4, 1, 3, image=(8, 8)), r"image must be \(channels, rows, columns\)"),
        (lambda: ImageNetwork.initialize(4, 1, 3, cells=[Cell.minimal(1)]), "1 reductions need 2 cells; got 1"),
        (lambda: ImageNetwork.initialize(4, 1, 3, cells=[Cell.minimal(1)] * 2), "cell 1 must have 2 inputs; it has 1"),
        (lambda: ImageNetwork.initialize(4, 1, 3).split_edge(0, (0, 2)), r"the cell has no edge \(0, 2\)"),
        (lambda: ImageNetwork.initialize(4, 1, 3).split_edge(2, (0, 1)), "cell must be 0 to 1; got 2"),
        (lambda: grown().forward(np.ones((2, 8, 8, 2))), r"X must have shape \(samples, 2, 8, 8\)"),
        (lambda: grown().forward(np.full((1, 2, 8, 8), np.nan)), "X must be finite"),
        (lambda: grown().loss_and_gradients(batch()[0], [0, 1, 2, 3, 0, 0]), "y must lie in 0..2"),
        (lambda: grown().problem(*batch(), "huber"), "loss='cross_entropy'; got 'huber'"),
        (lambda: ImageNetwork.initialize(2, 1, 3, image=(2, 2, 2)).loss_and_gradients(np.ones((1, 2, 2, 2)), [0]), "a batch norm needs two values"),
        (lambda: Cell(1, 3, {(0, 1): ("identity",), (0, 2): ("identity",)}), "node 1 must be reached by an edge and read by one"),
        (lambda: Cell(1, 2, {(1, 0): ("identity",)}), "must run upwards"),
        (lambda: Cell(1, 2, {(0, 1): ("sep7",)}), "sep7"),
        (lambda: Cell(1, 2, {(0, 1): ()}), r"edge \(0, 1\) must hold operations, each once; got \(\)"),
        (lambda: Cell(1, 2, {(0, 1): ("sep3", "sep3")}), r"edge \(0, 1\) must hold operations, each once; got \('sep3', 'sep3'\)"),
        (lambda: Cell(1, 2, {(0, 1): "sep3"}), r"the operations of edge \(0, 1\) must be a sequence; got 'sep3'"),
        (lambda: Cell(1, 1, {}), "nodes must be a whole number of at least 2; got 1"),
        (lambda: Cell(0, 1, {}), "inputs must be a whole number of at least 1; got 0"),
        (lambda: Cell(1, 2.0, {(0, 1): ("sep3",)}), "nodes must be a whole number of at least 2; got 2.0"),
        (lambda: Cell(1, 2, [(0, 1)]), r"edges must be a mapping \{\(i, j\): operations\}"),
        (lambda: Cell(1, 2, {0: ("sep3",)}), r"an edge must be a pair \(i, j\) of nodes; got 0"),
        (lambda: Cell(1, 2, {(0, 1, 1): ("sep3",)}), r"an edge must be a pair \(i, j\) of nodes; got \(0, 1, 1\)"),
        (lambda: Cell(1, 2, {(0, "b"): ("sep3",)}), r"an edge must be a pair \(i, j\) of nodes; got \(0, 'b'\)"),
        (lambda: ImageNetwork.initialize(4, 1, 3).split_edge(0, 5), r"an edge must be a pair \(i, j\) of nodes; got 5"),
        (lambda: ImageNetwork.initialize(4, 1, 3).split_edge(0, (0,)), r"an edge must be a pair \(i, j\) of nodes; got \(0,\)"),
        (lambda: ImageNetwork.initialize(4, 1, 3, cells=3), "cells must be a sequence; got 3"),
        (lambda: ImageNetwork.initialize(4, 0, 3, cells=["a"]), r"cells\[0\] must be a Cell; got 'a'"),
        (lambda: ImageNetwork.initialize(4, 1, 3, published=3), "published must be True or False; got 3"),
        (lambda: ImageNetwork.initialize(4, 1, 3, seed=-1), "seed must be"),
        (lambda: ImageNetwork.initialize(4, 1, 3).split_edge(0, (0, 1), seed=-1), "seed must be"),
        (lambda: grown().loss_and_gradients(*batch(), seed=-1), "seed must be"),
        (lambda: grown(drop_path=0.1).loss_and_gradients(*batch(), seed="a"), "seed must be"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_named(build: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        build()  # type: ignore[operator]


def test_published_is_every_choice_of_the_authors_that_is_not_made_otherwise() -> None:
    def chosen(**options: object) -> tuple[str, bool]:
        structure = ImageNetwork.initialize(2, 1, 3, image=(1, 4, 4), **options).structure  # type: ignore[arg-type]
        return structure.gates, structure.scaled_first

    assert chosen() == ("spectral", False)
    assert chosen(published=True) == ("published", True)
    assert chosen(published=True, gates="spectral") == ("spectral", True)
    assert chosen(published=True, scaled_first=False) == ("published", False)
    assert chosen(scaled_first=True) == ("spectral", True)


@pytest.mark.parametrize("edges", [[(0, 1), (0, 1)], [(0, 1), (1, 2)], [(1, 2), (0, 1), (0, 1)]])
def test_no_two_random_groups_are_equal_after_splits_with_one_seed(edges: list[tuple[int, int]]) -> None:
    """A copy of a kernel would be drawn once, and stay what its original is until a step tells them apart."""
    net = ImageNetwork.initialize(4, 1, 3, image=(1, 8, 8))
    for edge in edges:
        net = net.split_edge(0, edge)
    random = {n: v.tobytes() for n, v in net.groups.items() if n.startswith(("kernels", "weights", "towers"))}
    assert len(set(random.values())) == len(random)
    again = ImageNetwork.initialize(4, 1, 3, image=(1, 8, 8))
    for edge in edges:
        again = again.split_edge(0, edge)
    assert (again.parameters == net.parameters).all()
    other = ImageNetwork.initialize(4, 1, 3, image=(1, 8, 8)).split_edge(0, edges[0], seed=1)
    assert (
        other.parameters != ImageNetwork.initialize(4, 1, 3, image=(1, 8, 8)).split_edge(0, edges[0]).parameters
    ).any()
