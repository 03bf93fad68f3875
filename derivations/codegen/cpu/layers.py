"""IR -> Numba source for the CPU.

A contraction becomes `np.dot` into its destination (BLAS); everything else becomes loops. Neighbouring
assignments over the same indices share one loop nest. Loops run in the storage order (sample, neuron,
sender), so the innermost one is contiguous; a sum over an outer index adds into its target row by row.
"""

from __future__ import annotations

from itertools import groupby

import sympy as sp

from derivations.codegen.expressions import RealPrinter
from derivations.proof.notation import df, f, h, k, p, s
from derivations.proof.programs import Array, Assign, Layers, Node, Program, Rows, Sources, When, flatten, name_of
from derivations.proof.rules import leaves
from derivations.theorems.spectral.propagation import ACTIVATE

ORDER = (s, h, k, p)
SIZES = {s: "n_samples", h: "n_out", k: "n_in", p: "size"}
_OPTIONS = 'cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}'
RUNNER = f"@njit({_OPTIONS})"
# Inlined for the sake of equal bits: a called function exists twice, compiled alone and with its caller, and a
# process that compiles runs the one where a process that loads from the cache runs the other.
DECORATOR = f"@njit({_OPTIONS}, forceinline=True)"
CONDITIONS = {"hidden": "i < n_layers - 1", "last": "i == n_layers - 1", "sender hidden": "i > 1"}
OFFSETS = {"phi": "PHI", "lam_in": "LAMBDA_IN", "lam_out": "LAMBDA_OUT"}
LAYER = {"in": "i - 1", "out": "i", "source": "j"}


def indent(lines: list[str], depth: int = 1) -> list[str]:
    return [f"{'    ' * depth}{line}" if line else "" for line in lines]


class CpuPrinter:
    """Prints one program as one function."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.arrays = {array.name: array for array in program.arrays}
        self.printer = RealPrinter()
        self.storage: dict[str, None] = {}

    # --- the function -----------------------------------------------------------------------------

    def function(self) -> str:
        """Decorator, signature, docstring with theorem ids and shapes, body."""
        program = self.program
        body = self.block(program.body, set())
        constants = self.constants()
        names = self.signature()
        lines = [DECORATOR, f"def {program.name}({', '.join(names)}):"]
        return "\n".join([*lines, *indent(self.docstring()), *indent(constants + self.zeroed() + body + self.result())])

    def signature(self) -> list[str]:
        layered = any(isinstance(node, Layers) for node in self.program.body)
        arguments = {a.store or a.name: None for a in self.program.arrays if a.kind == "argument"}
        names = [*arguments, *self.program.scalars]
        if layered:
            calls_f = any(a.value.func == f for a in self.program.assignments)
            names += ["layout", *(["activation"] if calls_f else []), "n_samples", *sorted(self.storage)]
        return names

    def docstring(self) -> list[str]:
        lines = [
            f'"""{self.program.summary}.',
            "",
            f"Theorem: {', '.join(self.program.theorems)}",
            "",
        ]
        for array in self.program.arrays:
            shape = ", ".join(SIZES[index] for index in array.indices)
            lines.append(f"{array.name} ({shape}) {array.meaning}")
        return [*lines, '"""']

    def constants(self) -> list[str]:
        first = next(iter(self.storage), None) or next(a.name for a in self.program.arrays if not a.integer)
        return typed_constants(self.printer.constants, first)

    def zeroed(self) -> list[str]:
        """Clear what the first assignment to it only adds to."""
        seen: dict[str, bool] = {}
        for assign in self.program.assignments:
            seen.setdefault(str(getattr(assign.target, "base", assign.target)), assign.accumulate)
        lines = []
        for name in [n for n, adds in seen.items() if adds and n in self.arrays]:
            array = self.arrays[name]
            if array.kind != "argument":
                target = "gradient" if array.kind == "gradient" else f"{array.store or name}_all"
                lines.append(f"{target}[:] = 0")
        if seen.get(self.program.result):
            lines.append(f"{self.program.result} = 0.0")
        given = [array for array in self.program.arrays if array.kind == "argument"]
        for index in sorted({index for array in given for index in array.indices}, key=ORDER.index):
            array = next(array for array in given if index in array.indices)
            lines.append(f"{SIZES[index]} = {array.store or array.name}.shape[{array.indices.index(index)}]")
        lines += [f"{array.name} = {array.store}" for array in given if array.store]
        return list(dict.fromkeys(lines))

    def result(self) -> list[str]:
        return [f"return {self.program.result}"] if self.program.result else []

    # --- nodes ------------------------------------------------------------------------------------

    def block(self, body: tuple[Node, ...], open_loops: set[sp.Symbol]) -> list[str]:
        lines: list[str] = []
        runs = groupby(body, key=lambda node: isinstance(node, Assign))
        for plain, nodes in runs:
            if plain:
                lines += self.assignments(tuple(nodes), open_loops)  # type: ignore[arg-type]
            else:
                for node in nodes:
                    lines += self.loop(node, open_loops)
        return lines

    def loop(self, node: Node, open_loops: set[sp.Symbol]) -> list[str]:
        if isinstance(node, Layers):
            order = "range(n_layers - 1, 0, -1)" if node.reverse else "range(1, n_layers)"
            sizes = ["n_out = layout[i, WIDTH]"]
            if not any(isinstance(inner, Sources) for inner in node.body):
                sizes.append("n_in = layout[i - 1, WIDTH]")
            return [
                "n_layers = layout.shape[0]",
                f"for i in {order}:  # layer i+1 of the formulas",
                *indent(sizes + self.views(node.body) + self.block(node.body, open_loops)),
            ]
        if isinstance(node, Sources):
            first = 1 if node.hidden else 0
            return [
                f"for j in range({first}, i):  # sent by layer j+1",
                "    if layout[i, BLOCKS + j] >= 0:  # the block exists",
                *indent(
                    [
                        "n_in = layout[j, WIDTH]",
                        *self.views(node.body, source=True),
                        *self.block(node.body, open_loops),
                    ],
                    2,
                ),
            ]
        if isinstance(node, When):
            return [f"if {CONDITIONS[node.condition]}:", *indent(self.block(node.body, open_loops))]
        if isinstance(node, Rows):
            return ["for s in range(n_samples):", *indent(self.block(node.body, {s}))]
        raise TypeError(f"no code for {node}")

    # --- arrays -----------------------------------------------------------------------------------

    def views(self, body: tuple[Node, ...], source: bool = False) -> list[str]:
        """Name the parts of the flat storage that a loop body works on."""
        nested = [a for node in body if isinstance(node, Sources) for a in flatten(node.body)]
        outside = {n for a in nested for n in self.names(a) if k in self.arrays[n].indices}
        used = dict.fromkeys(n for a in flatten(body) for n in self.names(a) if n not in outside)
        if source:
            used = {n: None for n in used if k in self.arrays[n].indices}
        lines: list[str] = []
        placed: dict[tuple[str, str, str], str] = {}
        for name in used:
            array = self.arrays[name]
            place = (array.store or name, array.layer, array.kind)
            if place in placed:
                lines.append(f"{name} = {placed[place]}")
            else:
                placed[place] = name
                lines.append(f"{name} = {self.view(array)}")
        return lines

    def names(self, assign: Assign) -> list[str]:
        operands = [str(operand.base) for operand in assign.operands]
        return [*operands, str(assign.target.base)] if isinstance(assign.target, sp.Indexed) else operands

    def view(self, array: Array) -> str:
        sizes = ", ".join(SIZES[index] for index in array.indices)
        shape = "matrix" if len(array.indices) == 2 else "vector"
        if array.kind in ("parameter", "gradient"):
            flat = "parameters" if array.kind == "parameter" else "gradient"
            name = (array.store or array.name).removeprefix("d") if array.kind == "gradient" else array.name
            at = f"layout[i, {OFFSETS[name]}]" if name in OFFSETS else "layout[i, BLOCKS + j]"
        elif array.kind == "state":
            flat = f"{array.store or array.name}_all"
            at = f"n_samples * layout[{LAYER[array.layer]}, START]"
        else:
            samples = s in array.indices
            flat = "sample_scratch" if samples else "block_scratch"
            mates = [a.name for a in self.program.arrays if a.kind == "scratch" and (s in a.indices) == samples]
            if samples and len(mates) > 1:
                raise ValueError(f"{flat} has room for one of {mates}")
            at = ("0", f"{flat}.size // 2")[mates.index(array.name)]
        self.storage[flat] = None
        return f"{shape}({flat}, {at}, {sizes})"

    # --- assignments ------------------------------------------------------------------------------

    def assignments(self, run: tuple[Assign, ...], open_loops: set[sp.Symbol]) -> list[str]:
        lines: list[str] = []
        for nest in self.nests(run):
            head = nest[0]
            if head.contraction:
                lines += [f"# {head}", *self.product(head)]
            elif head.value.func == f:
                self.require_activation(head, run)
                lines.append("activate(activation, z, x)  # x = f(z), slope = f'(z) in the place of z")
            else:
                lines += self.nest(nest, open_loops)
        return lines

    @staticmethod
    def require_activation(assign: Assign, run: tuple[Assign, ...]) -> None:
        """`activate` computes x = f(z) with slope = f'(z) in the place of z, and nothing else."""
        if (assign, run[run.index(assign) + 1 :][:1]) != (ACTIVATE[0], (ACTIVATE[1],)):
            raise ValueError(f"no code for {assign}")

    def nests(self, run: tuple[Assign, ...]) -> list[list[Assign]]:
        """Neighbours over the same indices, unless one reads what another has not finished summing."""
        result: list[list[Assign]] = []
        for assign in run:
            if assign.value.func == df:
                continue  # printed with f, by `activate`
            if result and self.fits(assign, result[-1]):
                result[-1].append(assign)
            else:
                result.append([assign])
        return result

    def fits(self, assign: Assign, nest: list[Assign]) -> bool:
        """Whether an assignment may stand in the loops of those before it."""
        indices = {*assign.free, *assign.over}
        if any(a.contraction or a.value.func == f or {*a.free, *a.over} != indices for a in (assign, *nest)):
            return False
        unfinished = {a.name for a in nest if a.over}
        reads = set(map(name_of, leaves(assign.value)))
        before = {self.stored(str(o.base)) for a in nest for o in a.operands}
        rewrites = assign.over and assign.free and self.stored(assign.name) in before
        return not unfinished & reads and not rewrites

    def stored(self, name: str) -> tuple[str, str]:
        return (self.arrays[name].store or name, self.arrays[name].layer)

    def product(self, assign: Assign) -> list[str]:
        """One matrix product into its destination."""
        left, right = assign.contraction  # type: ignore[misc]
        (row, column), (inner,) = assign.free, assign.over
        a = f"{left.base}" if left.indices == (row, inner) else f"{left.base}.T"
        b = f"{right.base}" if right.indices == (inner, column) else f"{right.base}.T"
        if not assign.accumulate:
            return [f"np.dot({a}, {b}, {assign.target.base})"]
        self.storage["sample_scratch"] = None
        if s not in assign.free:
            raise ValueError(f"sample_scratch has no room for the product: {assign}")
        if any(a.kind == "scratch" and s in a.indices for a in self.program.arrays):
            raise ValueError(f"the product would overwrite scratch: {assign}")
        return [
            f"product = matrix(sample_scratch, 0, {', '.join(SIZES[index] for index in assign.free)})",
            f"np.dot({a}, {b}, product)",
            *self.nest([Assign(assign.target, sp.IndexedBase("product")[assign.free], accumulate=True)], set()),
        ]

    def nest(self, nest: list[Assign], open_loops: set[sp.Symbol]) -> list[str]:
        """One loop nest for assignments over the same indices."""
        indices = sorted({*nest[0].free, *nest[0].over} - open_loops, key=ORDER.index)
        before, inside, after = [], [], []
        scalar_level = len(indices)
        for number, assign in enumerate(nest):
            value = self.printer.doprint(assign.value)
            target = self.printer.doprint(assign.target)
            inner_sum = assign.over and assign.over[-1] == indices[-1]
            if inner_sum:
                if len(assign.over) > 1 and not assign.accumulate:
                    raise ValueError(f"a sum over an outer index must accumulate: {assign}")
                name = f"sum_{number}" if isinstance(assign.target, sp.Indexed) or assign.accumulate else target
                scalar_level = len(indices) - 1
                if assign.reduce == "max":
                    self.printer.constants["lowest"] = "-math.inf"
                    before.append(f"{name} = lowest")
                    inside.append(f"{name} = max({name}, {value})")
                else:
                    before.append(f"{name} = {self.printer.constant(sp.S.Zero)}")
                    inside.append(add(name, value))
                if name != target:
                    after.append(f"{target} {'+=' if assign.accumulate else '='} {name}")
            else:
                if assign.over and not assign.accumulate:
                    raise ValueError(f"a sum over an outer index must accumulate: {assign}")
                inside.append(add(target, value) if assign.accumulate else f"{target} = {value}")
        return self._loops(indices, scalar_level, before, inside, after)

    @staticmethod
    def _loops(
        indices: list[sp.Symbol], level: int, before: list[str], inside: list[str], after: list[str]
    ) -> list[str]:
        lines = inside
        for depth in reversed(range(len(indices))):
            lines = [f"for {indices[depth]} in range({SIZES[indices[depth]]}):", *indent(lines)]
            if depth == level:
                lines = [*before, *lines, *after]
        return lines


def choice(name: str, value: object, number: int, count: int) -> str:
    """The head of branch `number` of `count`; the last one takes all that is left."""
    if number == count - 1:
        return "else:"
    return f"{'elif' if number else 'if'} {name} == {value}:"


def add(target: str, value: str) -> str:
    """`target += value`, a leading minus written as `-=`."""
    if value.startswith("-") and " + " not in value and " - " not in value:
        return f"{target} -= {value[1:]}"
    return f"{target} += {value}"


def typed_constants(constants: dict[str, str], array: str) -> list[str]:
    """Numbers in the type of an array, so that float32 work stays float32."""
    return [f"{name} = {array}.dtype.type({value})" for name, value in sorted(constants.items())]


def function(program: Program) -> str:
    """The Numba source of one program."""
    return CpuPrinter(program).function()


def signature(program: Program) -> list[str]:
    """The argument names of the printed function."""
    printer = CpuPrinter(program)
    printer.function()
    return printer.signature()
