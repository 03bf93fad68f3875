"""Words of matrices: transposes turn them round, inverses cancel where they stand beside what they invert."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.proof.matrices import TRANSPOSE, inverse, matrix, transpose
from derivations.proof.rules import INVERSE, normal_form

A, B, C = map(matrix, "ABC")
scalar = sp.Symbol("c")


@pytest.mark.parametrize(
    ("product", "left"),
    [
        (A * inverse(A), 1),
        (inverse(A) * A, 1),
        (B * A * inverse(A) * C, B * C),
        (inverse(A * B) * A * B, 1),
        (C * A * B * inverse(A * B), C),
        (A * B * inverse(B) * inverse(A), 1),
        (inverse(B) * inverse(A) * A * B, 1),
        (A * A * inverse(A**2), 1),
        (inverse(A) * inverse(A) * A**3, A),
        (transpose(A) * A * inverse(transpose(A) * A), 1),
        (inverse(A) * B * A, inverse(A) * B * A),
        (inverse(A * B) * A, inverse(A * B) * A),
        (inverse(A * B) * B * A, inverse(A * B) * B * A),
        (B * inverse(A * B), B * inverse(A * B)),
    ],
)
def test_an_inverse_cancels_only_what_it_inverts(product: sp.Expr, left: sp.Expr) -> None:
    assert sp.expand(normal_form(product) - left) == 0


def test_a_transpose_turns_words_round() -> None:
    assert transpose(2 * A * B - scalar * C) == 2 * TRANSPOSE(B) * TRANSPOSE(A) - scalar * TRANSPOSE(C)
    assert transpose(A * B, {A}) == TRANSPOSE(B) * A
    assert transpose(transpose(A * inverse(B) * C)) == A * inverse(B) * C
    assert transpose(inverse(A * B)) == INVERSE(TRANSPOSE(B) * TRANSPOSE(A))
    assert transpose(A**2) == TRANSPOSE(A) ** 2
    for wrong, message in ((A**-1, "no repeated product"), (sp.Function("f", commutative=False)(A), "is no matrix")):
        with pytest.raises(ValueError, match=message):
            transpose(wrong)


LETTERS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "A": lambda a, b: a,
    "B": lambda a, b: b,
    "inverse(A)": lambda a, b: np.linalg.inv(a),
    "inverse(B)": lambda a, b: np.linalg.inv(b),
    "inverse(A*B)": lambda a, b: np.linalg.inv(a @ b),
}
SYMBOLS = {"A": A, "B": B, "inverse(A)": inverse(A), "inverse(B)": inverse(B), "inverse(A*B)": inverse(A * B)}


def value(word: sp.Expr, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of numbers that a word stands for."""
    result = np.eye(2)
    for factor in word.args_cnc()[1]:
        base, times = factor.as_base_exp()
        result = result @ np.linalg.matrix_power(LETTERS[str(base)](a, b), int(times))
    return result


@settings(deadline=None)
@given(st.lists(st.sampled_from([*SYMBOLS]), max_size=8), st.integers(0, 2**32 - 1))
def test_a_normal_form_is_the_same_product_of_numbers(letters: list[str], seed: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = (np.eye(2) + 0.3 * generator.uniform(-1, 1, size=(2, 2)) for _ in range(2))
    word = sp.Mul(*[SYMBOLS[letter] for letter in letters])
    np.testing.assert_allclose(value(normal_form(word), a, b), value(word, a, b), rtol=1e-9, atol=1e-9)
