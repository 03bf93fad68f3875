"""Template files: functions by name, words replaced by their texts."""

from __future__ import annotations

from pathlib import Path

from derivations.codegen import templates

SOURCE = '''"""A template."""
# fmt: off


def run_VARIANT(rows):
    """SUMMARY of VARIANT."""
    total = 0  # kept
    for row in rows:
        BODY
    return total


def other():
    return "BODY"
'''


def functions(folder: Path) -> dict[str, str]:
    (folder / "templates").mkdir()
    (folder / "templates" / "made.py").write_text(SOURCE, encoding="utf-8")
    return templates.read(folder, "made")


def test_functions_are_read_as_they_are_written(tmp_path: Path) -> None:
    found = functions(tmp_path)
    assert list(found) == ["run_VARIANT", "other"]
    assert "\n\n\n".join(found.values()) + "\n" == SOURCE.partition("# fmt: off\n\n\n")[2]


def test_a_word_is_replaced_inside_a_line_or_by_lines_of_its_own(tmp_path: Path) -> None:
    run, other = functions(tmp_path).values()
    text = templates.specialise(run, "@fast", VARIANT="a_1", SUMMARY="Sum", BODY="if row:\n    total += row")
    assert text.startswith('@fast\ndef run_a_1(rows):\n    """Sum of a_1."""\n    total = 0  # kept\n')
    assert text.endswith("    for row in rows:\n        if row:\n            total += row\n    return total")
    assert templates.specialise(other, "@fast") == f"@fast\n{other}"
    assert templates.specialise(other, "@slow", BODY="text", VARIANT="b") == '@slow\ndef other():\n    return "text"'


def test_no_text_removes_the_line_of_a_word(tmp_path: Path) -> None:
    run = functions(tmp_path)["run_VARIANT"]
    assert "for row in rows:\n    return total" in templates.specialise(run, "@fast", BODY="")


def test_no_word_is_left_in_a_printed_module() -> None:
    """Every template is specialised in full."""
    words = (
        "VARIANT",
        "PROPAGATE",
        "ADJOINT",
        "ELEMENTWISE",
        "THEOREMS",
        "SUMMARY",
        "STORE",
        "VIEWS",
        "INPUTS",
        "OUTPUT",
    )
    kernels = Path(templates.__file__).parents[2] / "spectral_core" / "kernels"
    for path in [*kernels.glob("cpu/*.py"), *kernels.glob("cuda/*.py")]:
        text = path.read_text(encoding="utf-8")
        assert [word for word in words if word in text] == [], path
