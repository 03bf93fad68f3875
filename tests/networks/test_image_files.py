"""Files of image networks: what does not fit together is refused before a kernel reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.files import model_file
from spectral_core.networks.cells import Cell
from spectral_core.networks.image import ImageNetwork

NET = ImageNetwork.initialize(2, 1, 3, image=(1, 4, 4))


def written(path: Path, edit: Callable[[dict[str, Any]], None] | None = None, values: Any = None) -> Path:
    """A file of the network with an edited record or other parameters."""
    record = json.loads(json.dumps(NET.trained_record()))
    if edit is not None:
        edit(record)
    parameters = NET.parameters if values is None else values
    model_file.save_model(path / "images.npz", "image network", record, {"parameters": parameters})
    return path / "images.npz"


@given(size=st.integers(0, 3 * NET.parameters.size).filter(lambda size: size != NET.parameters.size))
def test_a_file_has_as_many_parameters_as_its_structure(size: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Kernels would read the memory behind the array."""
    path = written(tmp_path_factory.mktemp("file"), values=np.resize(NET.parameters, size))
    with pytest.raises(
        ModelFileError, match=r"images.npz does not hold an image network that fits together: parameters"
    ):
        ImageNetwork.load(path)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("channels", 3, "parameters must have shape"),
        ("channels", 2.5, "channels must be a whole number"),
        ("channels", 10**30, "fits together"),
        ("classes", 10**12, "parameters must have shape"),
        ("image", [1, 4, 8], ""),
        ("image", "abc", "image must be"),
        ("cells", [], "cells must be"),
        ("cells", [1], "fits together"),
        ("drop_path", 2, "drop_path must be"),
        ("scaled_first", "yes", "scaled_first must be True or False"),
        ("extra", 1, "extra"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(field: str, value: Any, message: str, tmp_path: Path) -> None:
    path = written(tmp_path, lambda record: record["structure"].__setitem__(field, value))
    if not message:  # other images have the same parameters
        assert ImageNetwork.load(path).structure.image == tuple(value)
        return
    with pytest.raises(ModelFileError, match=message):
        ImageNetwork.load(path)


@pytest.mark.parametrize("frozen", [[], ["running_means"], ["no_such_group"], "kernels", [1]])
def test_a_record_freezes_the_running_statistics(frozen: Any, tmp_path: Path) -> None:
    path = written(tmp_path, lambda record: record.__setitem__("frozen", frozen))
    with pytest.raises(ModelFileError, match=r"frozen must|no parameter group"):
        ImageNetwork.load(path)


@pytest.mark.parametrize("nodes", [3.0, "a", True, None])
def test_the_nodes_of_a_stored_cell_are_a_whole_number(nodes: Any, tmp_path: Path) -> None:
    path = written(tmp_path, lambda record: record["structure"]["cells"][0].__setitem__("nodes", nodes))
    with pytest.raises(ModelFileError, match="nodes must be a whole number"):
        ImageNetwork.load(path)


def test_a_variance_is_not_negative(tmp_path: Path) -> None:
    values = NET.parameters.copy()
    values[-1] = -5
    with pytest.raises(ModelFileError, match=r"running_variances\[1,3\] must not be negative; one is -5"):
        ImageNetwork.load(written(tmp_path, values=values))
    with pytest.raises(InvalidInputError, match="must not be negative"):
        NET.with_parameters(values)


def test_no_network_has_parameters_that_do_not_fit_its_layout() -> None:
    with pytest.raises(InvalidInputError, match="parameters must have shape"):
        replace(NET, parameters=NET.parameters[:-1])
    with pytest.raises(InvalidInputError, match="frozen must contain running_means and running_variances"):
        replace(NET, frozen=())
    assert replace(NET, frozen=(*NET.frozen, "kernels")).frozen[-1] == "kernels"


def test_a_network_of_numpy_numbers_can_be_stored(tmp_path: Path) -> None:
    cell = Cell(np.int64(1), np.int64(2), {(np.int64(0), np.int64(1)): ["identity", np.str_("dil3")]})
    net = ImageNetwork.initialize(
        np.int64(2), np.int64(0), np.unique([0, 1, 2]).size, image=np.array([1, 4, 4]), cells=[cell],
        drop_path=np.float32(0.25), seed=np.int64(3),
    ).split_edge(np.int64(0), (np.int64(0), np.int64(1)))  # fmt: skip
    json.dumps(net.trained_record())
    net.save(tmp_path / "images.npz")
    assert ImageNetwork.load(tmp_path / "images.npz").structure == net.structure


def test_an_unknown_group_is_named_with_the_families_that_there_are() -> None:
    """Not with all names, of which an image network has hundreds."""
    families = "eigenvalues, kernels, running_means, running_variances, scales, shifts, tower_biases, towers, weights"
    with pytest.raises(InvalidInputError, match=f"no parameter group 'kernel'; an image network has {families}$"):
        replace(NET, frozen=(*NET.frozen, "kernel"))
