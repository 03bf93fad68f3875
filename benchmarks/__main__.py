"""`python -m benchmarks [NAME ...]`: run the measurements and write benchmarks/results.md and results.json."""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

NAMES = ("startup", "sparcs_training", "sparcs_spread", "search_quality", "exponential_exhaustive")
HOME = Path(__file__).parent


def machine() -> str:
    """Processor, cores, versions."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":")[1].strip() if lines else model
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "scipy"))
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {libraries}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, help=f"of {', '.join(NAMES)} (default: all)")
    names = parser.parse_args().names
    rows = []
    for name in names:
        if name not in NAMES:
            parser.error(f"no benchmark {name!r}; there are {', '.join(NAMES)}")
        rows += importlib.import_module(f"benchmarks.{name}").measure()
    record = {"date": datetime.date.today().isoformat(), "machine": machine(), "rows": rows}
    lines = [
        f"Measured {record['date']} on {record['machine']}.",
        "",
        "| question | figure | target or reference |",
        "|---|---|---|",
    ]
    for row in rows:
        question = row["question"].replace("|", "\\|")
        lines.append(f"| {question} | {row['figure']:.4g} {row['unit']} | {row['target']} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if set(names) == set(NAMES):
        (HOME / "results.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (HOME / "results.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
