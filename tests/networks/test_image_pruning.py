"""Closed operations go, and what nobody reads with them; the function stays, in training too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.networks.cells import OPERATIONS
from spectral_core.networks.image import STATE, ImageNetwork
from spectral_core.networks.image_pruning import gates_of, without
from tests.networks.test_image_network import batch, grown


def with_gates(net: ImageNetwork, values: dict[object, float]) -> ImageNetwork:
    family = "eigenvalues" if net.structure.gates == "spectral" else "gates"
    net = net.with_parameters(net.parameters)
    for number, cell in enumerate(net.structure.cells):
        for (i, j), names in cell.edges:
            own = [values.get((number, (i, j), name)) for name in names]
            group = net.groups[f"{family}[{number},{i},{j}]"]
            group[...] = [old if new is None else new for old, new in zip(group, own, strict=True)]
    return net


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1), st.sampled_from(["spectral", "published"]))
def test_operations_with_eigenvalue_0_go_and_the_function_stays_bit_for_bit(
    seed: int, share: float, gates: str
) -> None:
    net, (x, y) = grown(gates=gates), batch()
    generator = np.random.default_rng(seed)
    closing = {place for place in gates_of(net) if generator.random() < share}
    net = with_gates(net, dict.fromkeys(closing, 0.0))
    pruned = without(net, closing)
    before, old = net.loss_and_gradients(x, y)
    after, new = pruned.network.loss_and_gradients(x, y)
    assert before == after
    assert (net.forward(x) == pruned.network.forward(x)).all()
    assert (old["towers[1]"] == new["towers[1]"]).all()
    assert set(pruned.closed).isdisjoint(pruned.refused)
    assert closing <= {*pruned.closed, *pruned.refused}
    assert len(gates_of(pruned.network)) == len(gates_of(net)) - len(pruned.closed)


def test_a_gate_that_would_cut_the_output_is_refused() -> None:
    """The largest eigenvalue stays on the way to the output, and one on the way to each node that is then read."""
    net = ImageNetwork.initialize(2, 0, 3, image=(2, 8, 8), dtype="float64")
    net.groups["eigenvalues[0,1,2]"][...] = [0.1, 0.2, -3, 0.3, 0.1, 0.1, 0.1]
    pruned = without(net, set(gates_of(net)))
    assert set(pruned.refused) == {(0, (1, 2), "mean3"), (0, (0, 1), "identity")}
    assert pruned.network.structure.cells[0].edges == (((0, 1), ("identity",)), ((1, 2), ("mean3",)))
    assert pruned.network.groups["eigenvalues[0,1,2]"].tolist() == [-3]


def test_a_node_that_nobody_reads_goes_with_what_it_reads() -> None:
    """The new node of a split, once its edge to the receiver is closed: the cell is that before the split."""
    net = ImageNetwork.initialize(2, 1, 3, image=(2, 8, 8), dtype="float64", seed=1)
    split = net.split_edge(1, (1, 2), seed=3)
    pruned = without(split, {(1, (2, 3), name) for name in OPERATIONS})
    assert pruned.network.structure.cells == net.structure.cells
    assert (pruned.network.parameters == net.parameters).all()
    assert len(pruned.closed) == 14
    assert pruned.refused == ()


def test_an_input_that_nobody_reads_has_no_parameters() -> None:
    net, (x, y) = grown(), batch()
    own = [place for place in gates_of(net) if place[0] == 1 and place[1][0] == 1]
    net = with_gates(net, dict.fromkeys(own, 0.0))
    pruned = without(net, set(own))
    assert any(name.startswith(("weights[1,1]", "scales[1,1]")) for name in net.groups)
    assert not any(name.startswith(("weights[1,1]", "scales[1,1]")) for name in pruned.network.groups)
    assert net.loss_and_gradients(x, y)[0] == pruned.network.loss_and_gradients(x, y)[0]


@pytest.mark.parametrize("gates", ["spectral", "published"])
def test_nothing_closed_is_the_same_network(gates: str) -> None:
    net = grown(gates=gates)
    pruned = without(net, set())
    assert pruned.network.structure == net.structure
    assert (pruned.network.parameters == net.parameters).all()
    assert pruned.closed == pruned.refused == ()


def test_frozen_groups_keep_their_names_through_splits_and_pruning() -> None:
    """Node 1 becomes node 2 when edge 0 → 1 is split; without the new node it is node 1 again; what is gone is not frozen."""
    net = ImageNetwork.initialize(2, 0, 3, image=(1, 8, 8))
    net = replace(net, frozen=(*net.frozen, "eigenvalues[0,1,2]", "shifts[0,1]"))
    split = net.split_edge(0, (0, 1))
    assert split.frozen == (*STATE, "eigenvalues[0,2,3]", "shifts[0,2]")
    more = replace(split, frozen=(*split.frozen, "eigenvalues[0,0,1]", "kernels[0,0,2,sep3,0]"))
    new_node = {(0, edge, name) for edge in ((0, 1), (1, 2)) for name in OPERATIONS}
    assert without(more, new_node | {(0, (0, 2), "sep3")}).network.frozen == net.frozen
    assert without(more, {(0, (0, 2), "sep3")}).network.frozen == more.frozen[:-1]
