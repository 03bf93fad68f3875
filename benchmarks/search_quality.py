"""How good and how small are the networks that `search` finds, beside those of others? At each size, and as a whole.

`python -m benchmarks search_quality [--sets ...] [--splits N] [--methods ...] [--jobs N] [--minutes M] [--results FILE]`
runs what the results file does not hold yet, the most valuable jobs first, and prints the tables. `--tables` prints them
without a run, `--publish` puts them into search_quality.md. The real tables come from `python -m benchmarks.quality.real_tables`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality import driver
from benchmarks.quality.comparison import Comparison, page, rows
from benchmarks.quality.jobs import METHODS, USUAL_SPLITS, all_jobs, runnable
from benchmarks.quality.sets import SETS, available
from benchmarks.rows import Row
from benchmarks.table import between_markers, markdown, write

RESULTS, PAGE = (Path(__file__).parent / name for name in ("search-quality.jsonl", "search_quality.md"))


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks search_quality", description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, metavar="SET", help=", ".join(SETS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, metavar="M", help=", ".join(METHODS))
    parser.add_argument("--splits", type=int, default=USUAL_SPLITS, help="at most so many splits of each set")
    parser.add_argument("--jobs", type=int, default=driver.default_workers(), help="processes, one core each")
    parser.add_argument("--minutes", type=float, help="start no job after so many minutes")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file of results, one JSON line each")
    parser.add_argument("--publish", action="store_true", help="put the tables into search_quality.md too")
    parser.add_argument("--tables", action="store_true", help="only the tables of what was found before")
    return parser.parse_args(arguments)


def measure(arguments: Sequence[str] = ()) -> list[Row]:
    """Run what is left to run; the figures with targets."""
    given = options(arguments)
    if not given.tables:
        here = [name for name in given.sets if available(name)]
        missing = [name for name in given.sets if name not in here]
        if missing:
            print(f"{', '.join(missing)} left out: python -m benchmarks.quality.real_tables fetches them", flush=True)
        methods = runnable(given.methods)
        if len(methods) < len(given.methods):
            left_out = ", ".join(method for method in given.methods if method not in methods)
            print(f"{left_out} left out: pip install -e '.[bench]'", flush=True)
        jobs = all_jobs(here, methods, given.splits)
        driver.run_all(jobs, given.results, given.jobs, given.minutes, lambda text: print(text, flush=True))
    found = Comparison(driver.read(given.results))
    text = page(found)
    print(text, flush=True)
    if given.publish:
        write(PAGE, published(found, PAGE.read_text(encoding="utf-8")))
    return rows(found)


def published(found: Comparison, text: str) -> str:
    """The page with the tables of these results; the text around them stays."""
    for name, table in (("targets", markdown(rows(found))), ("all tables", page(found))):
        text = between_markers(text, name, table)
    return text
