"""How far is the float32 exponential from the truth, over all inputs there are?

`python -m benchmarks.exponential_exhaustive --all` runs through all 2^32 bit patterns, some minutes; `measure` takes
every 61st. The reference is NumPy in float64. Errors are relative, in units of u = 2^-24, where the proof speaks of
them: for normal results.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import numpy as np
from numba import njit

from benchmarks.rows import Row, row
from derivations.theorems.scalar.accuracy import CLAIMS
from derivations.theorems.scalar.exponential import FLOAT32
from spectral_core.kernels.cpu import dense

CHUNK = 1 << 20


@njit(fastmath={"contract", "reassoc", "nsz"}, error_model="numpy")
def both(x: np.ndarray, power: np.ndarray, difference: np.ndarray) -> None:
    for i in range(x.size):
        power[i], difference[i] = dense.exponential(x[i])


def worst(computed: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    """The greatest relative error in units of u."""
    where &= abs(truth) >= np.finfo(np.float32).smallest_normal
    return float(abs(computed[where] / truth[where] - 1).max(initial=0)) * 2**24


def errors(x: np.ndarray) -> Iterator[tuple[str, float]]:
    """Name and greatest error of each function over one piece of the inputs, NaN left out."""
    power, difference = np.empty_like(x), np.empty_like(x)
    both(x, power, difference)
    exact, (first, last) = x.astype(np.float64), map(float, FLOAT32.normal)
    inside = (exact >= first) & (exact <= last)
    with np.errstate(over="ignore", under="ignore"):
        truth = np.exp(exact)
        yield "exp", worst(power, truth, inside.copy())
        yield "expm1", worst(difference, np.expm1(exact), exact <= last)
        if not np.array_equal(power[exact >= 89], np.full(np.sum(exact >= 89), np.inf)) or power[exact <= -104].any():
            raise ArithmeticError("exp does not end in 0 and infinity")
        below = exact < first
        smallest = float(np.finfo(np.float32).smallest_subnormal)
        yield "exp below the normal numbers", float(abs(power[below] - truth[below]).max(initial=0)) / smallest
        for name in ("tanh", "sigmoid"):
            slope, value = x[None].copy(), np.empty_like(x)[None]
            dense.activate(dense.ACTIVATIONS.index(name), slope, value)
            half = exact / 2 if name == "sigmoid" else exact
            near = abs(half) < 43 if name == "tanh" else abs(half) < 43.5
            true_slope = 1 / np.cosh(half) ** 2 / (4 if name == "sigmoid" else 1)
            true_value = np.tanh(exact) if name == "tanh" else 1 / (1 + np.exp(-exact))
            yield f"{name}, value", worst(value[0], true_value, near if name == "sigmoid" else exact <= np.inf)
            yield f"{name}, slope", worst(slope[0], true_slope, near)


def greatest(step: int) -> dict[str, float]:
    """The greatest error of each function over every `step`-th bit pattern."""
    result: dict[str, float] = {}
    for start in range(0, 1 << 32, CHUNK * step):
        patterns = np.arange(start, min(start + CHUNK * step, 1 << 32), step, dtype=np.uint64).astype(np.uint32)
        x = patterns.view(np.float32)
        for name, error in errors(x[~np.isnan(x)]):
            result[name] = max(result.get(name, 0.0), error)
    return result


def measure(step: int = 61) -> list[Row]:
    proven = {"exp": FLOAT32.exp, "expm1": FLOAT32.expm1}
    proven |= {f"{name}, {what}": claim for (name, what), claim in CLAIMS.items()}
    inputs = "all inputs" if step == 1 else f"every {step}th input"
    rows = []
    for name, error in greatest(step).items():
        text = f"float32 {name}: greatest error over {inputs}"
        if name in proven:
            rows.append(row(text, error, "u = 2^-24", "proven", at_most=float(proven[name])))
        else:
            rows.append(row(text, error, "2^-149", "0.5 and a little"))
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="all 2^32 inputs")
    for result in measure(1 if parser.parse_args().all else 61):
        print(f"{result['question']}: {result['figure']:.4f} {result['unit']} ({result['target']})")
    sys.exit(0)
