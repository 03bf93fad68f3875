"""Programs of exported networks for the host and for emulated Cortex-M chips."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

HOME = Path(__file__).parent


@dataclass(frozen=True)
class Core:
    """A chip, the machine of qemu that has it, and the nanoseconds of one tick of its clock."""

    name: str
    flags: tuple[str, ...]
    machine: str
    tick: float


CORES = (
    Core("M3", ("-mcpu=cortex-m3",), "mps2-an385", 40.0),
    Core("M0", ("-mcpu=cortex-m0",), "microbit", 62.5),
    Core("M4F", ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"), "mps2-an386", 40.0),
)
LINKED = (
    "-mthumb", "-Os", "-std=gnu11", "-ffunction-sections", "-fdata-sections", "-nostartfiles", "-Wl,--gc-sections",
    "--specs=nano.specs", f"-T{HOME / 'link.ld'}",
)  # fmt: skip
INSTRUCTION = 64.0
"""Nanoseconds that qemu counts for one, with shift=6."""


@dataclass(frozen=True, eq=False)
class Case:
    """A network of a program: its file, one of its functions, and the samples that it gets."""

    name: str
    source: str
    function: str
    samples: np.ndarray
    outputs: int
    real: bool = True

    @property
    def types(self) -> tuple[str, str]:
        return ("float", "float") if self.real else ("int16_t", "int32_t")


def cases_header(cases: list[Case]) -> str:
    """The text of cases.h: samples as bits, and `all`, which runs them."""
    heads, bodies = [], []
    for case in cases:
        kind, out = case.types
        bits = np.ascontiguousarray(case.samples).view("u4" if case.real else "u2")
        stored = "uint32_t" if case.real else "uint16_t"
        rows, columns = bits.shape
        numbers = ", ".join(f"{value}u" for value in bits.ravel())
        heads.append(
            f"int {case.function}(const {kind} *, {out} *);"
            if "class" in case.function
            else f"void {case.function}(const {kind} *, {out} *);"
        )
        heads.append(f"static const {stored} {case.name}_samples[{rows}][{columns}] = {{{numbers}}};")
        bodies += [
            f"    for (i = 0; i < {rows}; i++) {{",
            f"        {kind} input[{columns}];",
            f"        {out} output[{case.outputs}];",
            "        uint32_t start;",
            f"        memcpy(input, {case.name}_samples[i], sizeof input);",
            "        start = TICKS;",
            f"        {case.function}(input, output);",
            "        ticks += (start - TICKS) & 0xffffff;",
            f"        for (j = 0; j < {case.outputs}; j++) {{",
            "            uint32_t bits;",
            "            memcpy(&bits, &output[j], 4);",
            "            word(bits);",
            "        }",
            "    }",
        ]  # fmt: skip
    tail = ["    word(ticks);", "}"]
    return (
        "\n".join([*heads, "static void all(void)", "{", "    int i, j;", "    uint32_t ticks = 0;", *bodies, *tail])
        + "\n"
    )


def built(
    folder: Path, cases: list[Case], compiler: str, flags: tuple[str, ...], start: bool, libraries: tuple[str, ...] = ()
) -> Path:
    """The program of all cases in one call of the compiler."""
    folder.mkdir(exist_ok=True)
    (folder / "cases.h").write_text(cases_header(cases), encoding="utf-8")
    paths = []
    for case in cases:
        paths.append(folder / f"{case.name}.c")
        paths[-1].write_text(case.source, encoding="utf-8")
    program = folder / "program"
    own = [HOME / "run.c", *([HOME / "start.c"] if start else [])]
    command = [compiler, *flags, f"-I{folder}", "-o", program, *own, *paths, *libraries]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return program


def emulated(program: Path, core: Core) -> str:
    """What a program prints on an emulated chip."""
    command = [
        "qemu-system-arm", "-M", core.machine, "-nographic", "-monitor", "none", "-serial", "null",
        "-semihosting-config", "enable=on,target=native", "-icount", "shift=6,align=off,sleep=off", "-kernel", str(program),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stderr


def values(text: str, cases: list[Case]) -> tuple[list[np.ndarray], int]:
    """The outputs (samples, outputs) of every case, and the ticks of all calls."""
    words = np.array([int(line, 16) for line in text.split()], np.uint32)
    results: list[Any] = []
    at = 0
    for case in cases:
        count = len(case.samples) * case.outputs
        bits = words[at : at + count].reshape(-1, case.outputs)
        results.append(bits.view(np.float32 if case.real else np.int32))
        at += count
    assert len(words) == at + 1
    return results, int(words[at])


def size_of(program: Path) -> int:
    """Bytes of text and data of a linked program."""
    done = subprocess.run(["arm-none-eabi-size", program], capture_output=True, text=True, check=True)
    text, data, *_ = done.stdout.splitlines()[1].split()
    return int(text) + int(data)


def linked_bytes(
    folder: Path, cases: list[Case], core: Core, include: tuple[str, ...] = (), libraries: tuple[str, ...] = ()
) -> int:
    """Bytes that the functions of the cases add to a program that calls empty ones in their place."""
    flags = (*core.flags, *LINKED, *include)
    full = size_of(built(folder / "full", cases, "arm-none-eabi-gcc", flags, True, libraries))
    empty = [
        replace(case, source=f"void {case.function}(const void *a, void *b) {{ (void)a; (void)b; }}\n")
        for case in cases
    ]
    return full - size_of(built(folder / "empty", empty, "arm-none-eabi-gcc", flags, start=True))


def stack_bytes(folder: Path, case: Case, core: Core, include: tuple[str, ...] = ()) -> int:
    """Bytes of stack of all functions of a file together, as the compiler counts them; those of libgcc not."""
    path = folder / f"{case.name}.c"
    path.write_text(case.source, encoding="utf-8")
    command = [
        "arm-none-eabi-gcc",
        *core.flags,
        *include,
        "-mthumb",
        "-Os",
        "-fstack-usage",
        "-c",
        path,
        "-o",
        folder / "o.o",
    ]
    subprocess.run(list(map(str, command)), capture_output=True, check=True)
    return sum(int(line.split("\t")[1]) for line in (folder / "o.su").read_text(encoding="utf-8").splitlines())
