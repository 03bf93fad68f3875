"""Counts in reports, messages and pictures: 1 weight is no plural."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core.wording import acting, counted
from tests.builders import ROOT

PLURAL = ("weights", "biases", "neurons", "rows", "samples", "epochs", "trainings", "parameters", "features", "inputs",
          "layers", "runs", "files", "columns", "values", "categories", "others")  # fmt: skip
BETWEEN = ("training", "validation", "test", "hidden", "more", "trained", "further", "different")
NEVER_ONE = {
    ("cli/predict.py", "{len(bad)} rows"),  # more than 20
    ("resizing/report.py", "{LATENCY_ROWS} samples"),
    ("architecture/minimality.py", "{len(hidden)} hidden layers"),  # more than one
}


@given(st.integers(0, 10**6))
def test_one_thing_is_no_plural(count: int) -> None:
    assert counted(count, "row") == ("1 row" if count == 1 else f"{count:,} rows")
    verbs = "judges and gives" if count == 1 else "judge and give"
    assert acting(count, "row", "judge", "give") == f"{counted(count, 'row')} {verbs}"


def plain_counts(path: Path) -> list[str]:
    """Counts, by `len` or with thousands, that an f-string puts before a plural."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for value, text in zip(node.values, node.values[1:], strict=False) if isinstance(node, ast.JoinedStr) else ():
            if not isinstance(value, ast.FormattedValue) or not isinstance(text, ast.Constant):
                continue
            shown = ast.unparse(value.value)
            a_count = shown.startswith("len(") or (value.format_spec and ast.unparse(value.format_spec) == "f','")
            words = [word.strip(".,;:)") for word in str(text.value).split()]
            while words[:1] and words[0] in BETWEEN:
                words = words[1:]
            if a_count and str(text.value).startswith(" ") and words[:1] and words[0] in PLURAL:
                middle = str(text.value).split(words[0])[0]
                found.append(f"{{{shown}}}{middle}{words[0]}")
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "spectral_core").rglob("*.py")), ids=str)
def test_counts_are_put_into_words_by_counted(path: Path) -> None:
    if "kernels" in path.parts:
        return
    place = path.relative_to(ROOT / "spectral_core").as_posix()
    assert [text for text in plain_counts(path) if (place, text) not in NEVER_ONE] == []


def test_a_plain_count_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('f"{len(x)} hidden neurons, {n:,} weights; {name} rows"')
    assert plain_counts(tmp_path / "a.py") == ["{len(x)} hidden neurons", "{n:,} weights".replace(":,", "")]
