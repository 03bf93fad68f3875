"""The documentation site: its pages, its code, its proofs and its pictures, without Sphinx."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import spectral_core
from docs.course import pictures
from docs.figures import build as figures
from docs.site import cells, proofs
from docs.site.cells import Cell
from tests.builders import ROOT

DOCS = ROOT / "docs"
SITE_PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *DOCS.rglob("*.md"),
        *(ROOT / "benchmarks").glob("*.md"),
    ]
)
LESSONS = sorted(page for page in (DOCS / "course").rglob("*.md") if page.name != "index.md")
DIRECTIVE = re.compile(r"^```\{(?P<name>[\w-]+)\} ?(?P<argument>.*)\n(?P<body>(?:.*\n)*?)```$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]*)#([^)\s]+)\)")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def directives(name: str) -> list[tuple[Path, str, str]]:
    """(page, argument, body) of every directive with a name."""
    found = [(page, match) for page in SITE_PAGES for match in DIRECTIVE.finditer(page.read_text(encoding="utf-8"))]
    return [(page, match["argument"], match["body"]) for page, match in found if match["name"] == name]


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


# --- pages ------------------------------------------------------------------------------------------------------------


def test_every_page_is_in_one_table_of_contents() -> None:
    listed = []
    for page, _, body in directives("toctree"):
        entries = [line for line in body.splitlines() if line and not line.startswith(":")]
        names = [re.sub(r".*<(.*)>", r"\1", entry) for entry in entries]
        listed += [(page.parent / f"{name}.md").resolve() for name in names]
    assert sorted(listed) == [page for page in SITE_PAGES if page != DOCS / "index.md"]


@pytest.mark.parametrize("page", SITE_PAGES, ids=name_of)
def test_every_link_to_a_heading_finds_it(page: Path) -> None:
    missing = []
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target and (not target or target.endswith(".md")):
            text = (page.parent / target).read_text(encoding="utf-8") if target else page.read_text(encoding="utf-8")
            if anchor not in map(slug, re.findall(r"^#+ (.*)$", text, re.MULTILINE)):
                missing.append(f"{target}#{anchor}")
    assert missing == []


def test_every_theorem_has_its_sentence() -> None:
    text = (DOCS / "theorems.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (M\d+)$", text, re.MULTILINE) == [f"M{number}" for number in range(1, 25)]


def test_a_sentence_names_the_condition_on_the_activation() -> None:
    """Without f(0) = 0 the sentence of M12 would be false; the certificates say which theorems assume it."""
    sections = re.split(r"^## (M\d+)$", (DOCS / "theorems.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    sentence = dict(zip(sections[1::2], sections[2::2], strict=True))
    records = json.loads((ROOT / "derivations" / "certificates.json").read_text(encoding="utf-8"))
    assuming = {record["id"].split(".")[0] for record in records if "f(0) = 0" in record["assumptions"]}
    assert assuming & sentence.keys() >= {"M10", "M12", "M14"}
    assert [name for name in sorted(assuming & sentence.keys()) if "f(0) = 0" not in sentence[name]] == []


def test_every_public_name_is_in_the_reference() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    listed = {*re.findall(r"auto\w+:: (\w+)", text), *(n for n in dir(spectral_core) if n.endswith("Error"))}
    assert [name for name in dir(spectral_core) if name not in listed and not name.startswith("_")] == []


# --- what lessons embed -----------------------------------------------------------------------------------------------


def test_every_proof_and_idea_of_the_pages_exists() -> None:
    for _, name, body in directives("proof"):
        assert proofs.proof(name, body).count("$$") >= 2
    for _, name, _ in directives("idea"):
        assert proofs.idea(name)


def test_every_figure_of_the_pages_exists() -> None:
    named = {name for _, name, _ in directives("touch")}
    assert named == set(figures.FIGURES)


def test_a_proof_prints_the_forms_of_its_steps() -> None:
    text = proofs.proof("M4", "below -- Words of the author.\n")
    assert "Words of the author." in text
    assert r"A_{i,\,j} = \left(-1\right)^{i - j - 1}" in text
    assert r"L_{d + j + 1} (\Phi^{-1})_{d + j + 1,\,j} + \varphi^{(d + j)} L_{d + j} (\Phi^{-1})_{d + j,\,j}" in text


def test_steps_that_show_nothing_are_one_sentence() -> None:
    text = proofs.proof("M1", "powers")
    assert "both sides are 0 if" in text
    assert "0 = 0" not in text
    assert "- *k = 0, the case $i = j$*:" in text
    assert "- *From k to k + 1, the case $i = j + k + 1$*:" in text


@pytest.mark.parametrize(
    ("name", "claim", "message"),
    [("M99", "below", "no theorem M99"), ("M4", "beside", "no claim 'beside'; it has below")],
)
def test_a_proof_that_does_not_exist_is_named(name: str, claim: str, message: str) -> None:
    with pytest.raises(proofs.ProofTextError, match=message):
        proofs.proof(name, claim)


def test_every_included_line_of_a_source_is_there() -> None:
    for page, path, body in directives("literalinclude"):
        source = (page.parent / path).read_text(encoding="utf-8")
        options = {name: value.strip('"') for name, value in re.findall(r"^:([\w-]+): ?(.*)$", body, re.MULTILINE)}
        if name := options.get("pyobject"):
            tree = [node for node in ast.parse(source).body if getattr(node, "name", None) == name]
            assert len(tree) == 1, f"{page.name}: {name} is not in {path}"
            source = ast.get_source_segment(source, tree[0]) or ""
        for option in ("start-at", "start-after", "end-at", "end-before"):
            if option in options:
                assert options[option] in source, f"{page.name}: {options[option]!r} is not in {path}"
                source = source[source.index(options[option]) :]


def test_the_pictures_are_those_of_the_script() -> None:
    drawn = pictures.pictures()
    assert sorted(drawn) == sorted(path.name for path in pictures.FOLDER.iterdir())
    for name, text in drawn.items():
        assert (pictures.FOLDER / name).read_text(encoding="utf-8") == text, (
            f"run python -m docs.course.pictures: {name}"
        )


# --- code -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", LESSONS, ids=name_of)
def test_the_code_of_a_lesson_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    assert "\n".join(cells.differences(page.read_text(encoding="utf-8"), tmp_path)) == ""


def test_cells_are_blocks_with_their_output() -> None:
    text = "```{proof} M1\npowers\n```\nA\n```python\nprint(1)\n```\n\n```\n1\n```\n\n```console\n$ spectral-core x\nno\n(exit code 2)\n```\n```\nfree\n```\n"
    assert cells.cells(text) == [
        Cell("python", "print(1)\n", "1\n", 5),
        Cell("console", "spectral-core x", "no\n\n", 13, 2),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\nprint(1)\n```\n```\n2\n```\n", "the code prints\n1\n"),
        ("```python\nprint(1)\n```\n", "the code prints\n1\n"),
        ("```python\n1 / 0\n```\n", "ZeroDivisionError"),
        ("```console\n$ spectral-core verify --formula 'L(1)'\n```\n", "exit code 2"),
        ("```console\n$ rm x\n```\n", "only spectral-core is run"),
    ],
)
def test_another_output_is_a_difference(text: str, message: str, tmp_path: Path) -> None:
    found = cells.differences(text, tmp_path)
    assert len(found) == 1
    assert message in found[0]


def test_a_page_whose_output_is_right_has_no_difference(tmp_path: Path) -> None:
    page = (
        "```python\nx = 1\n```\nwords\n```python\nprint(x + 1)\n```\n```\n2\n```\n"
        "```console\n$ spectral-core verify --formula 'phi(3)*phi(2)) = P(4,2)'\n"
        'spectral-core: formula, column 14 (near ")"): expected an operator ("+", "-", "*", "^") or "="\n(exit code 2)\n```\n'
    )
    assert cells.differences(page, tmp_path) == []
