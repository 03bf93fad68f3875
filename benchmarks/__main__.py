"""`python -m benchmarks [NAME ...]`: run the measurements; all of them also write results.md, results.json, README's table.

With names, the tables are only printed: figures in the files are always those of one run.
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
    "startup", "steps", "scaling", "memory", "sparcs_training", "sparcs_spread", "search_quality", "growth",
    "exponential_exhaustive",
)  # fmt: skip
IN_README = ("startup", "steps", "scaling", "memory", "sparcs_training")
"""The questions whose rows with a target are shown in the README."""
LIBRARIES = ("numpy", "numba", "scipy", "scikit-learn", "torch", "jax")
CONDITIONS = """\
Figures are medians; spread is the least and the greatest turn, of a ratio that of two turns side by side. float32
everywhere. Peers and ours take turns in one process, which is tied to the cores named and has as many BLAS, OpenMP and
XLA threads; steps are counted without what `train` does between epochs, and so are those of the peers. The ratios are of
steps, not of what is learned: dense networks and scikit-learn's have no skip connections and no eigenvalues to trim by."""
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
        publish(record, HOME / "results.json", HOME / "results.md", HOME.parent / "README.md")
    return 0


def publish(record: dict[str, object], as_json: Path, as_markdown: Path, readme: Path) -> None:
    """The three files, each replaced in one move; the README's has the rows with a target of the questions in it."""
    where = f"Measured {record['date']} on {record['machine']}."
    chosen = [row for row in record["rows"] if row["name"] in IN_README and row["met"] is not None]
    read = between_markers(readme.read_text(encoding="utf-8"), f"{where}\n\n{markdown(chosen)}")
    write(as_json, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    write(as_markdown, f"{where} {CONDITIONS}\n\n{markdown(record['rows'])}")
    write(readme, read)


if __name__ == "__main__":
    sys.exit(main())
