"""The CUDA kernels compiled without a GPU, for the newer capability of the table; `python -m benchmarks.cuda_kernels` compiles
them for both."""

from __future__ import annotations

import ast
from typing import Any

import pytest

pytest.importorskip("numba_cuda", reason="numba-cuda is there for Linux and Windows only")

from benchmarks import cuda_kernels
from tests.builders import ROOT

KERNELS = ROOT / "spectral_core" / "kernels" / "cuda"
CAPABILITY = cuda_kernels.CAPABILITIES[-1]


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    return cuda_kernels.everything([CAPABILITY])[CAPABILITY]


def test_every_kernel_compiles_and_the_table_says_what_of(compiled: dict[str, Any]) -> None:
    """None is left out: what is decorated as a kernel is compiled and stands in the table, under the compilers' versions."""
    decorated = {
        node.name
        for file in ("parts.py", "ensemble.py", "one_hidden.py", "wide.py", "images.py")
        for node in ast.parse((KERNELS / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(d).startswith("kernel(") for d in node.decorator_list)
    }
    assert {key.split()[0] for key in compiled} == decorated
    stale = "the table of kernels differs; run: python -m benchmarks.cuda_kernels"
    assert cuda_kernels.TABLE.read_text(encoding="utf-8").startswith(cuda_kernels.head()), stale
    found = {key: (row["registers"], row["stores"] + row["loads"]) for key, row in compiled.items()}
    assert found == cuda_kernels.written(CAPABILITY), stale


def test_no_float32_kernel_spills_or_computes_in_float64(compiled: dict[str, Any]) -> None:
    for key, row in compiled.items():
        if key.endswith("float32"):
            statistics = key.startswith("image_norm")  # of batch norms, which are sums in float64
            assert (row["stores"], row["loads"], row["float64"] > 0) == (0, 0, statistics), key
    assert compiled["wide_update float64"]["float64"] > 100  # the count sees them where they are


@pytest.mark.parametrize("capability", cuda_kernels.CAPABILITIES)
def test_two_blocks_of_the_first_experiment_share_a_multiprocessor(capability: str) -> None:
    """Of its 65,536 registers each warp takes some for each thread, rounded up to eight."""
    registers, spills = cuda_kernels.written(capability)["train_3_1 float32"]
    assert spills == 0
    assert 2 * 160 * (-(-registers // 8) * 8) <= 65_536
