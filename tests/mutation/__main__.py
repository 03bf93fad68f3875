"""`python -m tests.mutation`: break the derivations and the kernels one place at a time, and count who notices.

Works on a copy of the project. Exits 1 if a mutant survives that `equivalent.toml` does not list, or if an entry there
is wrong: matches no mutant any more, or one that a judge does notice.
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutation import equivalence, report
from tests.mutation.operators import Mutant

HOME = Path(__file__).resolve().parents[2]
COPIED = ("derivations", "spectral_core", "tests", "pyproject.toml")
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sample",
        type=int,
        nargs=2,
        metavar=("N", "M"),
        help="N mutants of the kernels and M of the derivations by chance",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="only mutants with one of these in file:function")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write mutation.md and mutation.json there")
    parser.add_argument("--verbose", action="store_true", help="one line for every mutant")
    parser.add_argument("--in-copy", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main() -> int:
    options = parse()
    if options.in_copy:
        return judge_all(options)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        for name in COPIED:
            copy = shutil.copytree if (HOME / name).is_dir() else shutil.copy2
            copy(HOME / name, Path(folder) / name)
        compileall.compile_dir(folder, quiet=1)
        given = sys.argv[1:]
        if options.out is not None:
            given += ["--out", str(options.out.resolve())]
        command = [sys.executable, "-m", "tests.mutation", "--in-copy", *given]
        return subprocess.run(command, cwd=folder, env=os.environ | ENVIRONMENT, check=False).returncode


def meant(only: Sequence[str], mutant: Mutant) -> bool:
    return any(text in f"{mutant.file}:{mutant.function}" for text in only)


def sample(chosen: list[Mutant], sizes: Sequence[int], seed: int, kernels: set[str]) -> list[Mutant]:
    """A number of mutants from the kernels and one from the derivations; all of them where there are fewer.

    The order of a hash decides, so that a mutant stays in the sample, or out of it, whatever changes elsewhere.
    """

    def order(mutant: Mutant) -> bytes:
        return hashlib.sha256(f"{seed} {mutant.id}".encode()).digest()

    result: list[Mutant] = []
    for size, of_kernels in zip(sizes, (True, False), strict=True):
        pool = [mutant for mutant in chosen if (mutant.file in kernels) == of_kernels]
        result += sorted(pool, key=order)[:size]
    return result


def judge_all(options: argparse.Namespace) -> int:
    """Judge, print, write; the exit code."""
    from tests.mutation import judge

    judge.warm()
    start = time.monotonic()
    targets = judge.targets()
    if options.only:
        targets = [target for target in targets if any(meant(options.only, mutant) for mutant in target.mutants)]
    everything = [mutant for target in targets for mutant in target.mutants]
    entries = equivalence.load()
    if options.only:
        entries = [entry for entry in entries if entry.file in {target.file for target in targets}]
    problems = equivalence.unmatched(entries, everything)
    if options.only:
        everything = [mutant for mutant in everything if meant(options.only, mutant)]
    chosen = everything
    if options.sample is not None:
        free = [mutant for mutant in everything if not equivalence.listed(entries, mutant)]
        chosen = sample(free, options.sample, options.seed, set(judge.KERNELS))
    files = {target.file: target for target in targets}
    judge.unmutated(targets)
    print(f"{len(chosen)} of {len(everything)} mutants in {len(targets)} files, {options.jobs} at a time", flush=True)

    verdicts: list[judge.Verdict] = []
    for mutant, by, how in judge.judge([(files[m.file], m) for m in chosen], options.jobs):
        assert mutant is not None
        verdicts.append(judge.Verdict(mutant, by, how))
        if options.verbose or by == "nobody":
            print(f"{by:15} {mutant.id} {mutant} {how}", flush=True)
        if len(verdicts) % 100 == 0:
            used = time.monotonic() - start
            left = used / len(verdicts) * (len(chosen) - len(verdicts))
            print(f"  {len(verdicts)} of {len(chosen)}, {used / 60:.1f} min, {left / 60:.1f} min left", flush=True)

    problems += equivalence.noticed(entries, verdicts)
    survivors = [v for v in verdicts if v.by == "nobody" and not equivalence.listed(entries, v.mutant)]
    there = Counter(mutant.file for mutant in everything)
    record = report.record(verdicts, entries, options, time.monotonic() - start, there)
    text = report.markdown(record)
    print(text)
    if options.out is not None:
        report.write(options.out, record, text)
    for problem in problems:
        print(problem)
    for verdict in sorted(survivors, key=lambda v: (v.mutant.file, v.mutant.line)):
        print(f"survived: {verdict.mutant.id} {verdict.mutant}")
    return 1 if problems or survivors else 0


if __name__ == "__main__":
    sys.exit(main())
