"""`python -m benchmarks [NAME ...]`: run the measurements; a complete run also writes results.md and results.json.

With names, the tables are only printed, so that all figures in the files are from one run. `minimal_size`,
`search_quality`, `images`, `javascript` and `one_shot`, which are no part of a complete run, have options of their own, which follow a single name:
`python -m benchmarks search_quality --help`. `devices` has too, and writes devices.md.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.children import cores, python
from benchmarks.table import between_markers, markdown, write

NAMES = (
    "startup", "steps", "scaling", "memory", "sparcs_training", "sparcs_spread", "minimal_size", "search_quality", "growth",
    "training_stability", "exponential_exhaustive",
)  # fmt: skip
WITH_OPTIONS = ("minimal_size", "search_quality", "javascript", "images", "one_shot")
LIBRARIES = ("numpy", "numba", "scipy", "scikit-learn", "torch", "jax")
PEERS = ("torch", "jax", "scikit-learn")
KERNELS = """
import numpy, scipy.linalg, threadpoolctl
libraries = threadpoolctl.threadpool_info()
print(*sorted({library["architecture"] for library in libraries if library["internal_api"] == "openblas"}))
"""
HOME = Path(__file__).parent


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def machine() -> str:
    """Processor, cores, the kernels that OpenBLAS chose, versions."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":")[1].strip() if lines else model
    libraries = ", ".join(f"{name} {installed(name)}" for name in LIBRARIES if installed(name))
    blas = python(["-c", KERNELS]).strip()
    return f"{model}, {cores()} cores, OpenBLAS kernels for {blas}, Python {platform.python_version()}, {libraries}"


def main() -> int:
    if sys.argv[1:2] == ["devices"]:  # writes a page of its own
        importlib.import_module("benchmarks.devices").measure(sys.argv[2:])
        return 0
    if sys.argv[1:2] and sys.argv[1] in WITH_OPTIONS:
        print(markdown(importlib.import_module(f"benchmarks.{sys.argv[1]}").measure(sys.argv[2:])), flush=True)
        return 0
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, help=f"of {', '.join(NAMES)} (default: all)")
    names = parser.parse_args().names
    for name in names:
        if name not in NAMES:
            parser.error(f"no benchmark {name!r}; there are {', '.join(NAMES)}")
    missing = [name for name in PEERS if not installed(name)]
    if missing and {"steps", "scaling"} & set(names):
        parser.error(f"the peers need {', '.join(missing)}: pip install -e '.[full,bench]'")
    rows = []
    for name in names:
        found = importlib.import_module(f"benchmarks.{name}").measure()
        print(markdown(found), flush=True)
        rows += [{"name": name, **row} for row in found]
    if set(names) == set(NAMES):
        record = {"date": datetime.date.today().isoformat(), "machine": machine(), "rows": rows}
        publish(record, HOME / "results.json", HOME / "results.md")
    return 0


def publish(record: dict[str, object], as_json: Path, as_markdown: Path) -> None:
    """Replace both files, each in one move; the page keeps the text around its two tables."""
    where = f"Measured {record['date']} on {record['machine']}."
    judged = [row for row in record["rows"] if row["met"] is not None]
    page = as_markdown.read_text(encoding="utf-8")
    page = between_markers(page, "targets", f"{where}\n\n{markdown(judged)}")
    page = between_markers(page, "all figures", markdown(record["rows"]))
    write(as_json, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    write(as_markdown, page)


if __name__ == "__main__":
    sys.exit(main())
