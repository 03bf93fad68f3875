"""The measured tables of the published experiments, read from `benchmarks/*.txt` as numbers."""

from __future__ import annotations

import re
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
Curve = dict[float, float]


def text_of(name: str) -> str:
    return (BENCHMARKS / f"{name}.txt").read_text(encoding="utf-8")


def sparcs_first() -> dict[tuple[str, float], dict[float, tuple[float, float, float, float]]]:
    """(quantity, β) -> α -> (least, median, greatest of our runs, the authors' run)."""
    found: dict[tuple[str, float], dict[float, tuple[float, float, float, float]]] = {}
    for row in re.findall(r"^(‖Γ‖|mean \|λ\|) +([\d.e+ -]+?)  +within ours$", text_of("sparcs-first"), re.MULTILINE):
        beta, alpha, _, least, median, _, greatest, reference, _ = map(float, row[1].split())
        found.setdefault((row[0], beta), {})[alpha] = (least, median, greatest, reference)
    return found


def sparcs_second() -> tuple[dict[str, Curve], dict[str, tuple[str, str]]]:
    """Test loss by hidden neurons for each ranking, and the rows of ours beside the reference."""
    head, curve = text_of("sparcs-second").split("test loss by hidden neurons left\n")
    names, *rows = [re.split(r"\s{2,}", line.strip()) for line in curve.strip().splitlines()]
    curves = {name: {float(row[0]): float(row[k]) for row in rows} for k, name in enumerate(names) if k}
    pairs = [[*re.split(r"\s{2,}", line.strip()), ""][:3] for line in head.splitlines()[1:11]]
    return curves, {name: (ours, reference) for name, ours, reference in pairs}


def pruning(name: str = "pruning") -> dict[tuple[int, str], dict[str, Curve]]:
    """(hidden layers, activation) -> method -> mean accuracy in per cent by the share of neurons trimmed."""
    found: dict[tuple[int, str], dict[str, Curve]] = {}
    for block in text_of(name).strip().split("\n\n")[1:]:
        title, head, *rows = block.splitlines()
        layers, activation = re.findall(r"^(\d) hidden layers? of \d+ neurons, (\w+),", title)[0]
        shares = [float(share) for share in head.split()[2:]]
        for row in rows:
            name, *cells = re.split(r"\s{2,}", row.strip())
            name = re.sub(r" \(\d+\)$", "", name)  # the authors' number of neurons
            values = {share: float(cell.split()[0]) for share, cell in zip(shares, cells, strict=True) if cell != "-"}
            found.setdefault((int(layers), activation), {})[name] = values
    return found


def student_teacher() -> tuple[dict[str, dict[int, list[float]]], dict[str, dict[int, Curve]]]:
    """Student -> width -> effective sizes (least, median, greatest), and the rise of the loss by neurons kept."""
    head, *blocks = text_of("student-teacher").strip().split("\n\n")
    title, *rows = head.splitlines()[1:]
    students = title.split()[1:]
    sizes: dict[str, dict[int, list[float]]] = {student: {} for student in students}
    for row in rows:
        found = re.findall(r"(\d+) / (\d+) / (\d+), loss", row)
        for student, values in zip(students, found, strict=True):
            sizes[student][int(row.split()[0])] = [float(value) for value in values]
    rises: dict[str, dict[int, Curve]] = {}
    for block in blocks:
        first, second, *lines = block.splitlines()
        widths = [int(width) for width in re.findall(r"of (\d+)", second)]
        rows_of = [line.split() for line in lines]
        rises[first.split(":")[0]] = {
            width: {float(row[0]): float(row[k + 1]) for row in rows_of if row[k + 1] != "-"}
            for k, width in enumerate(widths)
        }
    return sizes, rises


def spidernet() -> dict[str, dict[int, tuple[float, float, int]]]:
    """Arm -> share of channels cut in per cent -> (mean accuracy, deviation, parameters)."""
    found: dict[str, dict[int, tuple[float, float, int]]] = {}
    row = r"^([\w-]+) +(\d+)% +([\d.]+) ± ([\d.]+) +([\d,]+)"
    for arm, share, mean, deviation, parameters in re.findall(row, text_of("spidernet"), re.MULTILINE):
        values = (float(mean), float(deviation), int(parameters.replace(",", "")))
        found.setdefault(arm, {})[int(share)] = values
    return found
