"""Every loop over mini-batches calls the parts of a step in the order of the proven program (O.step), each once.

`problems()` reads the checked-in sources and runs nothing. A part may stand inside of a condition: it is called or left out.
C has one step for one sample, in which each weight moves as soon as its gradient is there; its tests run it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sympy.core.function import AppliedUndef

from derivations.proof.programs import Program
from derivations.theorems.scalar.training_step import STEP

PARTS = {
    "gather": r"(gpu_)?load(_rows|_columns|Rows)?|ImagePass",
    "propagate": r"(gpu_)?propagate\w*|plan propagate|forward",
    "loss": r"output_loss|outputLoss|gpu_loss|loss",
    "adjoint": r"(gpu_)?adjoint\w*|plan adjoint",
    "penalty": r"(gpu_)?add_penalty|addPenalty|_penalise",
    "limit": r"_?(gpu_)?limit_norm|limitNorm",
    "step": r"_?(gpu_)?update",
    "shrink": r"_?(gpu_)?shrink",
}
"""The parts of a step, and the functions that do them in the languages of the loops."""
LOOPS: dict[str, tuple[str, ...]] = {
    "kernels/cpu/dense.py": ("epoch_global", "epoch_layerwise", "epoch_direct"),
    "kernels/cpu/one_hidden.py": ("epoch_2_1", "epoch_3_1", "epoch_4_1", "epoch_3_2"),
    "kernels/cuda/ensemble.py": ("train_global", "train_layerwise", "train_direct"),
    "kernels/cuda/one_hidden.py": ("train_2_1", "train_3_1", "train_4_1", "train_3_2"),
    "kernels/javascript/float32.js": ("epochGlobal", "epochLayerwise", "epochDirect"),
    "kernels/javascript/float64.js": ("epochGlobal", "epochLayerwise", "epochDirect"),
    "backends/cuda.py": ("CudaStepper._plan",),
    "backends/cpu_images.py": ("ImageStepper.epoch",),
}
"""Files below `spectral_core/`, and their loops."""
WITHIN = {"pass_of", "_move"}
"""Functions that do several parts; their own calls stand in the place of theirs."""


def problems(root: Path, program: Program = STEP) -> Iterator[str]:
    """One sentence for each loop that does not follow the program."""
    order = called_by(program)
    for file, loops in LOOPS.items():
        text = (root / "spectral_core" / file).read_text(encoding="utf-8")
        bodies = javascript_calls(text) if file.endswith(".js") else python_calls(text)
        for loop in loops:
            found = [part for call in bodies.get(loop, ()) if (part := part_of(call))]
            if found != order:
                yield f"{file}: {loop} calls {', '.join(found) or 'nothing'}; a step is {', '.join(order)} (O.step)"


def called_by(program: Program) -> list[str]:
    """The functions that a program calls, line by line."""
    calls = (call for assign in program.assignments for call in sorted(assign.value.atoms(AppliedUndef), key=str))
    return [call.func.__name__ for call in calls]


def part_of(call: str) -> str:
    """The part of a step that a call does; empty if none."""
    return next((part for part, names in PARTS.items() if re.fullmatch(names, call)), "")


def python_calls(text: str) -> dict[str, list[str]]:
    """The calls of each function and method by its qualified name, in the order of the text."""
    functions: dict[str, ast.FunctionDef] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            functions |= {f"{node.name}.{part.name}": part for part in node.body if isinstance(part, ast.FunctionDef)}
    short = {name.rpartition(".")[2]: node for name, node in functions.items()}

    def calls(node: ast.FunctionDef) -> Iterator[str]:
        found = [part for statement in node.body for part in ast.walk(statement) if isinstance(part, ast.Call)]
        for call in sorted(found, key=lambda part: (part.end_lineno or 0, part.end_col_offset or 0)):
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if name in WITHIN and name in short:
                yield from calls(short[name])
            else:
                said = [
                    part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)
                ]
                yield " ".join([name, *said])

    return {name: list(calls(node)) for name, node in functions.items()}


def javascript_calls(text: str) -> dict[str, list[str]]:
    """The same of a module of JavaScript; a function ends before the next one."""
    pieces: Sequence[str] = re.split(r"^(?:export )?function (\w+)\(.*$", text, flags=re.MULTILINE)
    return {name: re.findall(r"(\w+)\(", body) for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}
