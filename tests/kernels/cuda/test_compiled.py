"""The CUDA kernels compiled without a GPU: `python -m benchmarks.cuda_kernels` compiles all of them for two capabilities; here
a sample is compiled for the newer one, and the hash in the table tells whether the sources are those that it was written of."""

from __future__ import annotations

import ast
import random

import pytest

pytest.importorskip("numba_cuda", reason="numba-cuda is there for Linux and Windows only")

from benchmarks import cuda_kernels
from tests.builders import ROOT

KERNELS = ROOT / "spectral_core" / "kernels" / "cuda"
CAPABILITY = cuda_kernels.CAPABILITIES[-1]
SAMPLE = 10
STALE = "the table of kernels differs; run: python -m benchmarks.cuda_kernels"


def test_no_kernel_is_left_out_of_the_table() -> None:
    """What is decorated as a kernel stands in it, in both types."""
    decorated = {
        node.name
        for file in ("parts.py", "ensemble.py", "one_hidden.py", "wide.py", "images.py")
        for node in ast.parse((KERNELS / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(d).startswith("kernel(") for d in node.decorator_list)
    }
    assert set(cuda_kernels.written(CAPABILITY)) == {
        f"{name} {dtype}" for name in decorated for dtype in cuda_kernels.TYPES
    }


def test_the_table_says_what_of() -> None:
    """It was written of these sources, under these compilers, and a sample of the kernels compiles to what it says."""
    written = cuda_kernels.written(CAPABILITY)
    sample = random.Random(2026).sample(sorted(written), SAMPLE)
    found = cuda_kernels.everything([CAPABILITY], sample)[CAPABILITY]
    assert cuda_kernels.TABLE.read_text(encoding="utf-8").startswith(cuda_kernels.head(found.sources)), STALE
    rows = {key: (row["registers"], row["stores"] + row["loads"], row["float64"]) for key, row in found.rows.items()}
    assert rows == {key: written[key] for key in sample}, STALE


def test_no_float32_kernel_spills_or_computes_in_float64() -> None:
    for key, (_, spills, doubles) in cuda_kernels.written(CAPABILITY).items():
        if key.endswith("float32"):
            statistics = key.startswith("image_norm")  # of batch norms, which are sums in float64
            assert (spills, doubles > 0) == (0, statistics), key
    assert cuda_kernels.written(CAPABILITY)["wide_update float64"][2] > 100  # the count sees them where they are


@pytest.mark.parametrize("capability", cuda_kernels.CAPABILITIES)
def test_two_blocks_of_the_first_experiment_share_a_multiprocessor(capability: str) -> None:
    """Of its 65,536 registers each warp takes some for each thread, rounded up to eight."""
    registers, spills, _ = cuda_kernels.written(capability)["train_3_1 float32"]
    assert spills == 0
    assert 2 * 160 * (-(-registers // 8) * 8) <= 65_536
