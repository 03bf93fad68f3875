"""Every loop over mini-batches calls the parts of a step in the order of the proven program (O.step).

`problems()` reads the checked-in sources and runs nothing. The calls must stand in one loop, each once, and under no condition but
`GUARDS`. It does not see what is passed to a part, nor what else changes the parameters: published image networks clamp their gates
behind the step. `verify` runs the loops. C has one step for one sample, in which each weight moves as soon as its gradient is there.
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
    "gather": r"(gpu_)?load(_rows|_columns|Rows)?|loaded",
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
    "backends/cuda_images.py": ("CudaImageStepper._plan",),
    "backends/cpu_images.py": ("ImageStepper.epoch",),
}
"""Files below `spectral_core/`, and their loops."""
GUARDS = {"learning", "samples not in self.plans"}
"""Conditions around calls: whether a training only evaluates, whether a plan is there already."""
WITHIN = {"pass_of", "_move"}
"""Functions that do several parts; their own calls stand in the place of theirs."""


Call = tuple[str, object]
"""What is called, and the place around it."""


def problems(root: Path, program: Program = STEP) -> Iterator[str]:
    """One sentence for each loop that does not follow the program."""
    order = called_by(program)
    for file, loops in LOOPS.items():
        path = root / "spectral_core" / file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        bodies = javascript_calls(text) if file.endswith(".js") else python_calls(text)
        for loop in loops:
            found = [(part, around) for call, around in bodies.get(loop, ()) if (part := part_of(call))]
            if [part for part, _ in found] != order:
                called = ", ".join(part for part, _ in found) or "nothing"
                yield f"{file}: {loop} calls {called}; a step is {', '.join(order)} (O.step)"
            elif len({str(around) for _, around in found}) > 1:
                yield f"{file}: {loop} calls the parts of a step in several loops or under conditions (O.step)"


def called_by(program: Program) -> list[str]:
    """The functions that a program calls, line by line."""
    calls = (call for assign in program.assignments for call in sorted(assign.value.atoms(AppliedUndef), key=str))
    return [call.func.__name__ for call in calls]


def part_of(call: str) -> str:
    """The part of a step that a call does; empty if none."""
    return next((part for part, names in PARTS.items() if re.fullmatch(names, call)), "")


def python_calls(text: str) -> dict[str, list[Call]]:
    """The calls of each function and method by its qualified name, in the order of the text."""
    functions: dict[str, ast.FunctionDef] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            functions |= {f"{node.name}.{part.name}": part for part in node.body if isinstance(part, ast.FunctionDef)}
    short = {name.rpartition(".")[2]: node for name, node in functions.items()}

    def calls(node: ast.FunctionDef) -> Iterator[Call]:
        for call, around in sorted(_within(node, ()), key=lambda pair: (pair[0].end_lineno, pair[0].end_col_offset)):
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if name in WITHIN and name in short:
                yield from ((inner, around) for inner, _ in calls(short[name]))
            else:
                said = [
                    part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)
                ]
                yield " ".join([name, *said]), around

    return {name: list(calls(node)) for name, node in functions.items()}


def _within(node: ast.AST, around: tuple[int, ...]) -> Iterator[tuple[ast.Call, tuple[int, ...]]]:
    """The calls below a node, each with the lines of the loops and conditions around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, around
        loop = isinstance(child, (ast.For, ast.While))
        condition = isinstance(child, (ast.If, ast.IfExp)) and ast.unparse(child.test) not in GUARDS
        yield from _within(child, (*around, child.lineno) if loop or condition else around)  # type: ignore[attr-defined]


def javascript_calls(text: str) -> dict[str, list[Call]]:
    """The same of a module of JavaScript, without its comments; the place is the number of open braces."""
    bare = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    pieces: Sequence[str] = re.split(r"^(?:export )?function (\w+)\(.*$", bare, flags=re.MULTILINE)
    return {name: list(_at_depths(body)) for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}


def _at_depths(body: str) -> Iterator[Call]:
    depth = 0
    for found in re.finditer(r"[{}]|(\w+)\(", body):
        depth += (found[0] == "{") - (found[0] == "}")
        if found[1]:
            yield found[1], depth
