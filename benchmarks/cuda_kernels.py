"""Every CUDA kernel compiled for two compute capabilities, without a GPU: `python -m benchmarks.cuda_kernels`.

Kernels are compiled to PTX with the types they are launched with, assembled by ptxas, and what that says of each goes into
`benchmarks/cuda-kernels.txt`: registers, bytes spilled, shared memory, and whether a float32 kernel has float64 instructions.
`--check` writes nothing and exits 1 where the table differs. The table names a hash of the sources, so a test that compiles
only some kernels notices that others have changed. Needs numba-cuda and nvidia-cuda-nvcc (the extra `test`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

TABLE = Path(__file__).parent / "cuda-kernels.txt"
SOURCES = Path(__file__).parents[1] / "spectral_core" / "kernels"
CAPABILITIES = ("8.0", "9.0")
TYPES = ("float32", "float64")


def recorded(dtype: str) -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Every kernel with the arguments it is launched with: trainings are planned, and nothing runs."""
    from spectral_core import SpectralNetwork
    from spectral_core.backends import gpu
    from spectral_core.backends.cuda import CudaStepper
    from spectral_core.backends.cuda_ensemble import CudaEnsemble, Schedule
    from spectral_core.backends.cuda_images import CudaImageStepper
    from spectral_core.networks.image import ImageNetwork
    from spectral_core.networks.image_structure import GATES
    from spectral_core.training.options import StepOptions
    from spectral_core.training.step_arrays import step_arrays

    found: dict[str, tuple[Any, tuple[Any, ...]]] = {}

    def note(kernel: Any, given: tuple[Any, ...], batch: bool = False) -> None:
        found.setdefault(kernel.py_func.__name__, (kernel, (*given, *([0] if batch else []))))

    def add(plan: Any, kernel: Any, blocks: int, threads: int, given: tuple[Any, ...], numbered: bool) -> None:
        if not numbered:
            given = tuple(value.reshape(-1) if isinstance(value, np.ndarray) else value for value in given)
        note(kernel, given, numbered)

    gpu.array_module, gpu.to_device, gpu.to_host = (lambda: np), np.array, np.array
    gpu.Plan.add = add  # type: ignore[method-assign]
    gpu.launch = lambda kernel, blocks, threads, shared, given: note(kernel, given)
    shapes = [("global", (2, 4, 3, 1)), ("layerwise", (2, 4, 3, 1)), ("direct", (2, 4, 3, 1))]
    shapes += [("global", (inputs, 4, outputs)) for inputs, outputs in ((2, 1), (3, 1), (4, 1), (3, 2))]
    for parametrization, widths in shapes:
        net = SpectralNetwork.initialize(widths, parametrization=parametrization, bias=False, dtype=dtype)
        x, y = np.zeros((4, widths[0]), dtype), np.zeros((4, widths[-1]), dtype)
        problem = net.problem(x, y, "squared_error")
        for proximal in (False, True):
            options = StepOptions(penalty_strength=1.0, eigenvector_penalty=1.0, proximal=proximal, clip_norm=1.0)
            arrays = step_arrays(net, problem, options)
            moments = np.zeros_like(net.parameters), np.zeros_like(net.parameters)
            stepper = CudaStepper(arrays, net.parameters.copy(), *moments)
            stepper._send()
            stepper._buffers(4, 1)
            stepper._plan(4)
        ensemble = CudaEnsemble([arrays], [net.parameters], Schedule(1, True, False, np.ones(1)))
        ensemble.run(np.zeros((1, 1, 24), np.uint32), 1)
    for gates in GATES:
        net = ImageNetwork.initialize(1, 1, 2, image=(1, 2, 4), gates=gates, drop_path=0.1, dtype=dtype)
        closing = {} if gates == "published" else {"penalty": "l1", "penalty_strength": 1.0, "proximal": True}
        arrays = step_arrays(net, net.problem(np.zeros((4, 1, 2, 4), dtype), np.arange(4) % 2), StepOptions(**closing))
        moments = np.zeros_like(net.parameters), np.zeros_like(net.parameters)
        images = CudaImageStepper(arrays, net.parameters.copy(), *moments)
        images._send()
        images._buffers(4, 1)
        images._plan(4)
    return found


@dataclass(frozen=True)
class Compiled:
    """`rows` {kernel type: what ptxas says}, and a hash of what they follow from: the sources and the types of arguments."""

    rows: dict[str, dict[str, int]]
    sources: str


def compiled(capability: str, only: Sequence[str] = ()) -> Compiled:
    """The kernels, or `only` some ("name type"), in a process whose NUMBA_FORCE_CUDA_CC is the capability."""
    from cuda.pathfinder import find_nvidia_binary_utility
    from numba import cuda, typeof
    from numba.cuda import dispatcher

    major, minor = (int(part) for part in capability.split("."))

    class Device:
        compute_capability = (major, minor)

    dispatcher.get_current_device = lambda: Device  # device functions ask for one; there is none
    ptxas = find_nvidia_binary_utility("ptxas")
    if ptxas is None:
        raise SystemExit("ptxas was not found: pip install nvidia-cuda-nvcc")
    rows = {}
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SOURCES.rglob("*.py"))))
    for dtype in TYPES:
        for name, (kernel, given) in sorted(recorded(dtype).items()):
            signature, key = tuple(typeof(value) for value in given), f"{name} {dtype}"
            sources.update(f"{key} {signature}".encode())
            if only and key not in only:
                continue
            ptx, _ = cuda.compile(
                kernel.py_func, signature, cc=(major, minor), device=False, abi="numba", output="ptx",
                launch_bounds=kernel.targetoptions["launch_bounds"],
            )  # fmt: skip
            rows[key] = assembled(str(ptxas), ptx, capability)
    return Compiled(rows, sources.hexdigest()[:16])


def assembled(ptxas: str, ptx: str, capability: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "kernel.ptx"
        source.write_text(ptx, encoding="utf-8")
        arch = f"-arch=sm_{capability.replace('.', '')}"
        done = subprocess.run(
            [ptxas, "-v", arch, str(source), "-o", str(source.with_suffix(".cubin"))], capture_output=True, text=True
        )
    if done.returncode:
        raise SystemExit(f"ptxas: {done.stderr.strip()}")
    numbers = {"registers": r"Used (\d+) registers", "stores": r"(\d+) bytes spill stores"}
    numbers |= {"loads": r"(\d+) bytes spill loads", "shared": r"(\d+) bytes smem", "stack": r"(\d+) bytes stack frame"}
    found = {name: re.search(pattern, done.stderr) for name, pattern in numbers.items()}
    row = {name: int(match.group(1)) if match else 0 for name, match in found.items()}
    return row | {"float64": len(re.findall(r"^\s+[a-z][\w.]*\.f64", ptx, re.MULTILINE))}


def everything(capabilities: Sequence[str] = CAPABILITIES, only: Sequence[str] = ()) -> dict[str, Compiled]:
    """By capability, each in a process of its own: numba-cuda compiles a device function once."""
    found = {}
    for capability in capabilities:
        environment = os.environ | {"NUMBA_FORCE_CUDA_CC": capability}
        environment.pop("NUMBA_ENABLE_CUDASIM", None)
        command = [sys.executable, "-m", "benchmarks.cuda_kernels", "--capability", capability, "--only", *only]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        found[capability] = Compiled(**json.loads(done.stdout))
    return found


def head(sources: str) -> str:
    """What stands above the table: the versions of the compilers, the hash of the sources, and what its columns are."""
    heads = ("kernel", "type", *(f"{what} {cc}" for cc in CAPABILITIES for what in ("regs", "spill")), "smem", "f64")
    lines = [
        f"Compiled without a GPU by numba-cuda {version('numba-cuda')} and libNVVM {version('nvidia-nvvm')}, ptxas",
        f"{version('nvidia-cuda-nvcc')}; written by `python -m benchmarks.cuda_kernels`. regs: registers of a thread; spill: bytes",
        "stored and loaded by a thread that found none free; smem: bytes of shared memory of a block, beside what a launch asks",
        "for; f64: float64 instructions.",
        "Each of these kernels runs in the simulator against brute force in tests/kernels/cuda/test_cuda.py.",
        f"Hash of the sources and of the types of arguments: {sources}.",
        "",
        "{:<28} {:<8} {:>9} {:>9} {:>9} {:>9} {:>6} {:>5}".format(*heads),
    ]
    return "\n".join(lines) + "\n"


def table(found: dict[str, Compiled]) -> str:
    lines = []
    for key in found[CAPABILITIES[0]].rows:
        name, dtype = key.split()
        rows = [found[capability].rows[key] for capability in CAPABILITIES]
        numbers = [number for row in rows for number in (row["registers"], row["stores"] + row["loads"])]
        lines.append(
            "{:<28} {:<8} {:>9} {:>9} {:>9} {:>9} {:>6} {:>5}".format(
                name, dtype, *numbers, rows[-1]["shared"], rows[-1]["float64"]
            )
        )
    return head(found[CAPABILITIES[0]].sources) + "\n".join(lines) + "\n"


def written(capability: str) -> dict[str, tuple[int, int, int]]:
    """{kernel type: registers, bytes spilled, float64 instructions} of a capability, as the table has them."""
    column, lines = 2 + 2 * CAPABILITIES.index(capability), TABLE.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("kernel ")) + 1
    rows = [line.split() for line in lines[first:]]
    return {" ".join(row[:2]): (int(row[column]), int(row[column + 1]), int(row[-1])) for row in rows}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cuda_kernels", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the table differs")
    parser.add_argument("--capability", help=argparse.SUPPRESS)
    parser.add_argument("--only", nargs="*", default=(), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.capability:
        print(json.dumps(asdict(compiled(options.capability, options.only))))
        return 0
    text = table(everything())
    if options.check:
        same = TABLE.exists() and TABLE.read_text(encoding="utf-8") == text
        print(
            "the table of kernels is up to date"
            if same
            else f"{TABLE.name} differs; run: python -m benchmarks.cuda_kernels"
        )
        return 0 if same else 1
    TABLE.write_text(text, encoding="utf-8")
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
