"""The words and numbers on the pages: each theorem M1 to M24 has both, and every sum in an example is right."""

from __future__ import annotations

import ast
import re
from fractions import Fraction

import pytest

from derivations.theorems.catalogue import THEOREMS
from derivations.theorems.words import EXAMPLES, IDEAS

PAGES = [t.id for t in THEOREMS if re.match(r"M\d", t.id) and int(re.findall(r"\d+", t.id)[0]) <= 24]
TERM = r"-?[\d.(][\d.()+\-·/² ]*"


def number(text: str) -> Fraction:
    """A sum of products of numbers."""
    plain = text.strip().rstrip(".").replace("·", "*").replace("²", "**2")
    tree = ast.parse(re.sub(r"\d+(\.\d+)?", lambda m: f"N('{m[0]}')", plain.replace("**2", "**TWO")), mode="eval")
    return Fraction(eval(compile(tree, "example", "eval"), {"N": Fraction, "TWO": 2}))


def equations(text: str) -> list[list[str]]:
    """Chains of numbers that are said to be equal: 2·(5 - 1) = 8."""
    chains = re.findall(rf"(?<![\w^_]){TERM}(?: = {TERM})+", text)
    found = [[side for side in chain.split(" = ") if side.strip()] for chain in chains]
    # What is cut out of a list of names and numbers, such as φ^(1) = 2, is no equation of numbers.
    return [chain for chain in found if all(side.count("(") == side.count(")") for side in chain)]


def test_every_theorem_has_words_and_numbers() -> None:
    assert list(IDEAS) == list(EXAMPLES) == PAGES


@pytest.mark.parametrize("theorem", PAGES)
def test_the_numbers_of_an_example_are_right(theorem: str) -> None:
    for chain in equations(EXAMPLES[theorem]):
        values = {number(side) for side in chain}
        assert len(values) == 1, chain


def test_equations_are_found_in_the_examples() -> None:
    found = {theorem for theorem in PAGES if equations(EXAMPLES[theorem])}
    assert len(found) >= 24
    with pytest.raises(AssertionError):
        assert len({number(side) for side in equations("2·(5 - 1) = 9")[0]}) == 1
