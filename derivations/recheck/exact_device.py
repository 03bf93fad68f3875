"""Epochs of the CUDA kernels in numba-cuda's simulator, in a process beside this one.

The simulator holds for a whole process, and takes as long as a compilation or two: it is started first and asked last.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WIDE = ("global", "layerwise", "direct")
TRAININGS = (*WIDE, "2_1", "3_1", "4_1", "3_2")
PROGRAMS = (*(f"wide_{name}" for name in WIDE), *(f"train_{name}" for name in TRAININGS))
"""What the process compares, in its order: one network on the whole device, and trainings in one block of threads."""
MISSING = "CUDA kernels not run: numba-cuda is not installed"


def start() -> subprocess.Popen[str] | None:
    """The process, or None where numba-cuda is not installed."""
    if importlib.util.find_spec("numba_cuda") is None:
        return None
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "derivations.recheck.exact_epochs"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def results(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """The evidence for each program; one that the process did not come to has its last error as failure."""
    output, errors = process.communicate()
    found = {row["kernel"]: row for row in map(json.loads, output.splitlines())}
    last = (errors.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
    nothing = {"method": "", "equalities": 0, "approximations": 0, "allowed": 0.0, "worst": 0.0, "seconds": 0.0}
    return [found.get(name, {"kernel": name, **nothing, "failure": f"not compared: {last}"}) for name in PROGRAMS]


def stop(process: subprocess.Popen[str] | None) -> None:
    """End a process whose results are not needed."""
    if process is not None and process.poll() is None:
        process.kill()
        process.communicate()
