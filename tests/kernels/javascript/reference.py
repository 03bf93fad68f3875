"""The printed functions as plain Python over NumPy scalars, in the order of the JavaScript modules."""

from __future__ import annotations

import math
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from derivations.codegen.javascript.module import plain_text


@cache
def reference(form: str) -> dict[str, Any]:
    """The functions in `float32` or `float64`."""
    real = np.dtype(form).type
    space: dict[str, Any] = {
        "np": SimpleNamespace(
            float32=np.float32, float64=np.float64, int32=np.int32, int64=np.int64, empty=lambda n: np.zeros(n, real)
        ),
        "part": lambda flat, at, size: flat[at : at + size],
        "float32": lambda x: float(np.float32(x)),
        **dict(zip(("WIDTH", "START", "PHI", "LAMBDA_IN", "LAMBDA_OUT"), range(5), strict=True)),
        "BLOCKS": 2,
    }
    exec(plain_text(), space)
    space["exponential"] = space[f"exponential_{form}"]

    def outside(name: str) -> Any:
        return lambda x: real(space[name](float(x)))

    space["math"] = SimpleNamespace(
        log=outside("log"), log1p=outside("log1p"), erfc=outside("erfc"), sqrt=np.sqrt,
        inf=math.inf, nan=math.nan, isfinite=math.isfinite,
    )  # fmt: skip
    return space
