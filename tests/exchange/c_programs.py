"""C files of many networks, compiled together once and called through ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99")
PACKAGES = {
    "gcc": "gcc",
    "g++": "g++",
    "clang": "clang",
    "clang++": "clang",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi and libnewlib-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
}


def needs(*tools: str) -> pytest.MarkDecorator:
    """A mark that skips where a tool is missing, and says which package brings it."""
    missing = [
        f"{name} is not installed: Debian has it in {PACKAGES[name]}" for name in tools if shutil.which(name) is None
    ]
    return pytest.mark.skipif(bool(missing), reason="; ".join(missing))


def run(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def library(folder: Path, sources: dict[str, str], tool: str = "gcc", flags: tuple[str, ...] = STRICT) -> ctypes.CDLL:
    """A shared library of files, in one call of the compiler."""
    suffix = "cpp" if "++" in tool else "c"
    paths = []
    for name, text in sources.items():
        paths.append(folder / f"{name}.{suffix}")
        external = 'extern "C" {\n' + text + "}\n" if suffix == "cpp" else text
        paths[-1].write_text(external.replace('extern "C" {\n#', "#"), encoding="utf-8")
    target = folder / f"{tool}-{abs(hash(flags))}.so"
    run(tool, *flags, "-shared", "-fPIC", "-o", target, *paths)
    return ctypes.CDLL(str(target))


def called(
    home: ctypes.CDLL, function: str, x: np.ndarray, outputs: int, out: type = np.float32
) -> tuple[np.ndarray, np.ndarray]:
    """The outputs (samples, outputs) of a function for every row of x, and what it returns."""
    results, returned = np.zeros((len(x), outputs), out), np.zeros(len(x), np.int64)
    call = getattr(home, function)
    x = np.ascontiguousarray(x)
    for s in range(len(x)):
        returned[s] = call(ctypes.c_void_p(x[s].ctypes.data), ctypes.c_void_p(results[s].ctypes.data))
    return results, returned
