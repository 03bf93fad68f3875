"""What counts as a formula in hand-written code.

A formula is, in a function, in a lambda or in code of a module,

- a product, a quotient, a power or a matrix product of two expressions, `x *= y` and its like too,
- a call of `sum`, `abs` or of a function of `math` or NumPy that computes: `exp`, `dot`, `mean`, `maximum`, ...

Four things are told apart, each by what stands there and not by what it means:

counting    an operand is a count: a number written out, `len(...)`, `.shape[...]`, a name annotated as `int`, a name of
            `SIZES` (`widths`, `rows`, `mask`, ...), or a sum, difference, product or whole quotient of counts. What is
            summed are counts or conditions.
indexing    places and sizes: inside of `[...]`, and in the arguments of `range`, `reshape`, `zeros` and their like.
formatting  what a text is made of: f-strings, texts and lists that are repeated, names of files behind a folder.
drawing     the modules in `DRAWN`, which place lines and letters on a page and write nothing that is read again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

CALLS = {
    *("dot", "einsum", "outer", "matmul", "inv", "pinv", "solve", "lstsq", "qr", "svd", "eigh", "norm", "det", "trace"),
    *("exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sqrt", "square", "power", "sin", "cos", "tan", "tanh"),
    *("mean", "std", "var", "median", "average", "quantile", "percentile", "cov", "sum", "prod", "cumsum", "cumprod"),
    *("abs", "fabs", "maximum", "minimum", "clip", "softmax", "logsumexp", "erf", "erfc", "hypot", "fsum"),
    *("vdot", "cross", "kron", "interp", "gradient", "diff", "reduceat", "sigmoid", "arctan", "sinh", "cosh"),
}
"""Functions and methods that show a formula by their names."""
UFUNCS = {
    *("multiply", "divide", "true_divide", "add", "subtract", "negative", "reciprocal", "float_power", "sign"),
    *("logaddexp", "heaviside", "cbrt", "inner", "tensordot", "matvec", "vecmat", "vecdot", "convolve", "correlate"),
}
"""Functions of NumPy that show a formula where they stand behind `np.`; `add` alone is a method of sets."""
KERNELS = {"clip"}
"""A name of `CALLS` that is a proven kernel where it stands alone."""
PLACES = {
    "range",
    "reshape",
    "zeros",
    "empty",
    "ones",
    "full",
    "arange",
    "linspace",
    "islice",
    "view",
    "round",
    "indices",
}
"""Calls whose arguments are places and sizes."""
SIZES = {
    *("width", "widths", "size", "sizes", "rows", "batch", "batches", "batch_size", "epochs", "samples"),
    *(
        "mask",
        "masks",
        "live",
        "hidden",
        "n_products",
        "n_neurons",
        "n_outputs",
        "n_inputs",
        "ndim",
        "nbytes",
        "itemsize",
    ),
    *("biases", "seconds", "shape", "is_number", "bool", "layout", "n_samples", "n_out", "n_in", "LINES", "LANES"),
}
"""Names, attributes and functions that say how many, or which."""
FOLDERS = {"home", "folder", "Path"}
OPERATORS = (ast.Mult, ast.Div, ast.Pow, ast.MatMult)
COUNTED = (ast.Compare, ast.BoolOp)
DRAWN = ("reports", "architecture.page", "experiments.*.figure")
"""Packages and modules that draw, by their first words; `*` stands for one name."""


def draws(module: str) -> bool:
    """Whether a module of `spectral_core` only draws."""
    words = module.split(".")
    return any(
        all(
            a in ("*", b) or (number and b.startswith(a))
            for number, (a, b) in enumerate(zip(rule.split("."), words, strict=False))
        )
        and len(words) >= len(rule.split("."))
        for rule in DRAWN
    )


def formula(code: ast.AST, counts: frozenset[str] = frozenset()) -> str:
    """The first expression that shows a formula, as text, or an empty string."""
    counts |= frozenset(_annotated(code))
    return next((ast.unparse(node) for node in _outside(code, counts)), "")


def _annotated(code: ast.AST) -> Iterator[str]:
    """Names annotated as `int`."""
    for node in ast.walk(code):
        if isinstance(node, ast.arg) and isinstance(node.annotation, ast.Name) and node.annotation.id == "int":
            yield node.arg
        if isinstance(node, ast.AnnAssign) and isinstance(node.annotation, ast.Name) and node.annotation.id == "int":
            yield ast.unparse(node.target)


def _outside(node: ast.AST, counts: frozenset[str]) -> Iterator[ast.expr]:
    """Formulas in a piece of code, outside of places, sizes, texts and annotations."""
    if isinstance(node, ast.JoinedStr):
        return
    if isinstance(node, ast.AugAssign) and isinstance(node.op, OPERATORS):
        written = ast.BinOp(node.target, node.op, node.value)
        if _shows(written, counts):
            yield written
            return
    if isinstance(node, ast.expr) and _shows(node, counts):
        yield node
        return
    for name, value in ast.iter_fields(node):
        if name in ("slice", "annotation", "returns", "decorator_list"):
            continue
        if name == "args" and isinstance(node, ast.Call) and _name(node) in PLACES:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _outside(child, counts)


def _shows(node: ast.expr, counts: frozenset[str]) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, OPERATORS):
        if isinstance(node.op, ast.MatMult):
            return True
        if isinstance(node.op, ast.Pow):
            return not isinstance(node.left, ast.Constant) and not is_count(node.left, counts)
        if isinstance(node.op, ast.Div) and _name_of(node.left) in FOLDERS:
            return False
        return not any(is_count(side, counts) or _repeated(side) for side in (node.left, node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KERNELS:
        return False
    if isinstance(node, ast.Call) and _ufunc(node.func) in UFUNCS:
        return not any(is_count(argument, counts) or _repeated(argument) for argument in node.args)
    if isinstance(node, ast.Call) and _name(node) in CALLS:
        return not (_name(node) in ("sum", "cumsum", "prod", "abs") and _counts_conditions(node, counts))
    return False


def _ufunc(function: ast.expr) -> str:
    """`multiply` of `np.multiply` and of `np.multiply.at`; empty where `np` does not stand in front."""
    words = ast.unparse(function).split(".") if isinstance(function, ast.Attribute) else []
    return words[1] if words[:1] in (["np"], ["numpy"]) else ""


def is_count(node: ast.expr, counts: frozenset[str]) -> bool:
    """Whether an expression is a number of things by what stands there."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float)
    if isinstance(node, ast.Name):
        return node.id in counts | SIZES
    if isinstance(node, ast.Call):
        summed = _name(node) == "sum" and _counts_conditions(node, counts)
        return summed or (isinstance(node.func, ast.Name) and node.func.id in ("len", "int", "round"))
    if isinstance(node, ast.Attribute):
        return node.attr in SIZES
    if isinstance(node, ast.Subscript):
        return is_count(node.value, counts) or (isinstance(node.value, ast.Attribute) and node.value.attr == "shape")
    if isinstance(node, ast.Starred):
        return is_count(node.value, counts)
    if isinstance(node, ast.Tuple | ast.List):
        return bool(node.elts) and all(is_count(e, counts) for e in node.elts)
    if isinstance(node, ast.UnaryOp):
        return is_count(node.operand, counts)
    if isinstance(node, ast.BinOp):
        return is_count(node.left, counts) and is_count(node.right, counts)
    return False


def _repeated(node: ast.expr) -> bool:
    """A text or a list, which `*` repeats; a condition, which keeps it or drops it; a path, to which `/` adds."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, ast.List | ast.Tuple | ast.JoinedStr | ast.Compare | ast.BoolOp)


def _counts_conditions(call: ast.Call, counts: frozenset[str]) -> bool:
    """`sum` of conditions or counts, as a function or as a method."""
    if isinstance(call.func, ast.Attribute) and not (
        isinstance(call.func.value, ast.Name) and call.func.value.id in ("np", "math")
    ):
        first: ast.expr = call.func.value
    elif call.args:
        first = call.args[0]
    else:
        return False
    if isinstance(first, ast.Call) and _name(first) == "map" and first.args:
        first = first.args[0]
    if isinstance(first, ast.Name) and first.id == "len":
        return True
    inside = first.elt if isinstance(first, ast.GeneratorExp | ast.ListComp) else first
    if isinstance(inside, ast.UnaryOp) and isinstance(inside.op, ast.Not | ast.Invert):
        return True
    return isinstance(inside, COUNTED) or is_count(inside, counts)


def _name_of(node: ast.expr) -> str:
    """The name that a path begins with."""
    while isinstance(node, ast.BinOp | ast.Call):
        node = node.left if isinstance(node, ast.BinOp) else node.func
    return node.id if isinstance(node, ast.Name) else ""


def _name(call: ast.Call) -> str:
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
