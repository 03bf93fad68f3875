"""Plain Python as JavaScript: what is said, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from derivations.codegen import elementwise
from derivations.codegen.javascript import parts
from derivations.codegen.javascript.module import scaling_from_table
from derivations.codegen.javascript.translate import Translator
from derivations.theorems.scalar import exponential
from tests.builders import ROOT
from tests.kernels.javascript.node import call, needs_node


def body(source: str, form: str = "float64") -> list[str]:
    lines = "\n".join(["def some_function(a, b, x_all, n_in):", *(f"    {line}" for line in source.splitlines())])
    return [line.strip() for line in Translator(form, form).function(lines).splitlines()[1:-1]]


# Source, as it is in float64, as it is in float32.
@pytest.mark.parametrize(
    ("source", "double", "single"),
    [
        ("return a - (b - a)", "return a - (b - a);", "return fround(a - fround(b - a));"),
        ("return (a - b) - a", "return a - b - a;", "return fround(fround(a - b) - a);"),
        ("return a / (b * a)", "return a / (b * a);", "return fround(a / fround(b * a));"),
        ("return -a * b", "return -a * b;", "return fround(-a * b);"),
        ("return a - -b", "return a - (-b);", "return fround(a - (-b));"),
        ("return (a if a > b else b) * a", "return (a > b ? a : b) * a;", "return fround((a > b ? a : b) * a);"),
        ("x_all[n_in * 2 + 1] += a * b", "xAll[nIn * 2 + 1] += a * b;", "xAll[nIn * 2 + 1] += fround(a * b);"),
        ("return part(x_all, n_in, 3)", "return xAll.subarray(nIn, nIn + 3);", "return xAll.subarray(nIn, nIn + 3);"),
        ("return math.sqrt(a)", "return Math.sqrt(a);", "return fround(Math.sqrt(a));"),
        ("return n_in // 2", "return Math.floor(nIn / 2);", "return Math.floor(nIn / 2);"),
    ],
)
def test_expressions(source: str, double: str, single: str) -> None:
    def plainly(lines: list[str]) -> list[str]:
        return [line.replace("(a > b) ?", "a > b ?") for line in lines]

    assert plainly(body(source)) == [double]
    assert plainly(body(source, "float32")) == [single]


def test_constants_are_written_in_their_format() -> None:
    source = "tenth = x_all.dtype.type(0.1)\nreturn tenth * a"
    assert body(source) == ["return 0.1 * a;"]
    assert body(source, "float32") == ["return fround(0.10000000149011612 * a);"]


def test_names_are_declared_where_they_are_set() -> None:
    source = "c = a\nd = a\nfor i in range(3):\n    e = c\n    d = d + e\nreturn d"
    assert body(source) == [
        "const c = a;", "let d = a;", "for (let i = 0; i < 3; i++) {", "const e = c;", "d = d + e;", "}", "return d;",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        "return a ** b",
        "return {}",
        "import os",
        "return [x for x in a]",
        "return a < b < a",
        "return a.real()",
    ],
)
def test_what_is_not_known_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="no JavaScript for"):
        body(source)


def test_another_exponential_is_refused() -> None:
    with pytest.raises(ValueError, match="has no lines that scale"):
        scaling_from_table(exponential.FLOAT64, elementwise.exponential_function(exponential.FLOAT32))


@needs_node
@pytest.mark.parametrize("form", exponential.FORMATS, ids=lambda form: form.name)
def test_the_short_exponential_is_the_long_one(form: exponential.Format, tmp_path: Path) -> None:
    """Short names may not collide: both give the same bits."""
    text = parts.of_format(form)["exponential"]
    head = "const f=Math.fround;" if form.name == "float32" else ""
    many = "export const many=v=>Array.from(v).flatMap(x=>[exp(x),m1]);"
    (tmp_path / "short.js").write_text(f"{head}\n{text}\n{many}", encoding="utf-8")
    long = (ROOT / "spectral_core" / "kernels" / "javascript" / f"{form.name}.js").read_text(encoding="utf-8")
    name = f"exponential{form.name.capitalize()}"
    many = f"export const many=v=>Array.from(v).flatMap(x=>[{name}(x),expm1]);"
    (tmp_path / "long.js").write_text(f"{long}\n{many}", encoding="utf-8")
    x = np.concatenate([np.linspace(-110, 95, 500), np.linspace(-1e-3, 1e-3, 51), [-800.0, 800.0]]).astype(form.name)
    assert call(tmp_path / "short.js", "many", x)[0] == call(tmp_path / "long.js", "many", x)[0]
