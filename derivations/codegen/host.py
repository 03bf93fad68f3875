"""Programs of scalars as functions of Python, for numbers and NumPy arrays alike: `spectral_core/kernels/formulas.py`."""

from __future__ import annotations

import sympy as sp

from derivations.codegen.formulas import FORMULAS, FormulaPrinter

HOST = (
    *("sample_scale", "output_scale", "mean_of", "chunk_share", "of_share", "bias_correction", "threshold_of"),
    *("warm_up", "cosine_rise", "cosine_fall", "tower_share"),
)  # fmt: skip
"""The programs that the host needs, by name."""
HEADER = '''"""Formulas of a step for the host, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations
certificates  sha256 {digest}

Scalars may be numbers or NumPy arrays.
"""

from typing import Any

import numpy as np'''


class HostPrinter(FormulaPrinter):
    """Whole numbers stay whole, so that a formula may be given fractions."""

    def constant(self, number: sp.Expr) -> str:
        return str(number) if number.is_Integer else repr(float(number))

    def _print_Pi(self, e: sp.Expr) -> str:
        return "np.pi"

    def _print_cos(self, e: sp.Expr) -> str:
        return f"np.cos({self._print(e.args[0])})"


def host_functions() -> dict[str, tuple[str, ...]]:
    """Name of each function -> the theorems it rests on."""
    return {name: FORMULAS[name].theorems for name in HOST}


def host_module(digest: str) -> str:
    """The text of `spectral_core/kernels/formulas.py`."""
    return "\n\n\n".join([HEADER.format(digest=digest), *map(_function, HOST)]) + "\n"


def _function(name: str) -> str:
    program = FORMULAS[name]
    (assign,) = program.assignments
    text = HostPrinter({scalar: scalar for scalar in program.scalars}).doprint(assign.value)
    arguments = ", ".join(f"{scalar}: Any" for scalar in program.scalars)
    lines = [
        f'"""{program.summary[0].upper()}{program.summary[1:]}.',
        "",
        f"Theorem: {', '.join(program.theorems)}",
        '"""',
        f"return {text}",
    ]
    return "\n".join([f"def {name}({arguments}) -> Any:", *(f"    {line}" if line else "" for line in lines)])
