"""Fresh processes: as many cores and BLAS threads as wanted, and nothing left of other measurements."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

CHOICES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Dropped: they make OpenBLAS compute as on another processor (to get its bits), and nothing else that is measured here."""


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def python(arguments: list[str], threads: int = 1, environment: dict[str, str] | None = None, text: str = "") -> str:
    """What `python ARGUMENTS` prints, on `threads` cores where the system can tie a process to them (Linux).

    The tie also binds JAX, which takes a thread for each core it may use and has no setting of its own for it.
    """
    code = "import os, sys\nif hasattr(os, 'sched_setaffinity'):\n    cores = sorted(os.sched_getaffinity(0))\n"
    code += f"    os.sched_setaffinity(0, cores[:{threads}])\nos.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    variables = {name: value for name, value in os.environ.items() if name not in CHOICES}
    variables |= {**dict.fromkeys(THREADS, str(threads)), **(environment or {})}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=variables, check=True, stdout=subprocess.PIPE, input=text, text=True).stdout


def resident(name: str) -> int:
    """Bytes of this process by Linux: VmRSS, or their peak VmHWM.

    Not getrusage: ru_maxrss keeps, across fork and exec, what the parent process had.
    """
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def forget_peak() -> None:
    """The peak counts from here."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
