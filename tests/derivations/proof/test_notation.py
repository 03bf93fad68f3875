"""The table of indices: one role, one size and one place in the storage order for each."""

from __future__ import annotations

import pytest
import sympy as sp

from derivations.proof.notation import INDICES, h, k, p, s, shape, size, storage_order


def test_every_index_has_one_entry() -> None:
    assert [index.symbol for index in INDICES] == [s, h, k, p]
    for names in ([index.role for index in INDICES], [index.size for index in INDICES]):
        assert len(set(names)) == len(INDICES)
        assert all(names)


def test_sizes_and_shapes() -> None:
    assert [size(index) for index in (s, h, k, p)] == ["n_samples", "n_out", "n_in", "size"]
    assert shape(()) == ""
    assert shape((k,)) == "n_in"
    assert shape((s, h)) == "n_samples, n_out"
    assert shape((h, s)) == "n_out, n_samples"


def test_the_storage_order_is_that_of_the_table() -> None:
    assert storage_order([]) == []
    assert storage_order([k, s, k]) == [s, k]
    assert storage_order(iter((p, k, h, s))) == [s, h, k, p]
    with pytest.raises(ValueError, match=r"no entry in the table of indices: \['a', 'b'\]"):
        storage_order([s, sp.Symbol("b"), sp.Symbol("a")])
