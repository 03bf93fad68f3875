"""The HTML page of a search: whole, escaped, without scripts or requests, and readable in a browser."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectral_core
from spectral_core import SpectralNetwork
from spectral_core.architecture.result import SearchResult
from spectral_core.architecture.search import search
from spectral_core.cli.program import main
from spectral_core.reports import page

pytest.importorskip("matplotlib")
NASTY = """<script>alert('x')</script>" onload='y' & é $x_1$"""


class Reader(HTMLParser):
    """Tags, attributes and texts of a page, and the tags that are open."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


@cache
def found() -> SearchResult:
    x = np.random.default_rng(0).normal(size=(120, 3))
    labels = np.where(x[:, 0] > 0, NASTY, "b")
    settings: dict[str, Any] = {"hidden": (5,), "epochs": 10, "strategy": "seed", "eigenvector_penalties": (0.0,)}
    result = search(x, labels, feature_names=["a<b", NASTY, "c"], target_names=["t&t"], name=NASTY, **settings)
    columns = [{"column": NASTY, "kind": "text", "became": "left out: <b>", "remark": "& so on"}]
    return result.with_test_scores(x, labels).with_columns(columns, ["read <as> it is"]).with_command(NASTY)


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    reader = read(found().to_html())
    assert {"script", "link", "iframe", "object", "embed", "img", "base", "form"}.isdisjoint(reader.tags)
    for tag, name, value in reader.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("src", "href", "xlink:href", "action", "srcset", "data"):
            assert value.startswith("#"), (tag, name, value)
        elif not name.startswith("xmlns") and name != "content":
            assert "url(" not in value.replace("url(#", ""), (tag, name, value)
    style = re.findall(r"<style[^>]*>(.*?)</style>", found().to_html(), re.DOTALL)
    assert style
    assert not any("url(" in text or "@import" in text for text in style)
    assert ("meta", "content", page.POLICY) in reader.attributes
    assert page.POLICY.startswith("default-src 'none'")


def test_every_name_stands_as_text() -> None:
    reader = read(found().to_html())
    whole = " ".join(reader.texts)
    assert NASTY in reader.texts, "the column, the class and the command"
    for text in ("left out: <b>", "& so on", "Read <as> it is.", "classification of t&t"):
        assert text in whole


@given(st.text(min_size=1, max_size=30))
def test_any_text_comes_back_from_the_page(text: str) -> None:
    table = page.table(("name",), [(text,)])
    reader = read(f'<div title="{page.escaped(text)}">{table}{page.bars(("a", "b"), [(text, 1.0)])}</div>')
    assert "".join(reader.texts).count(text) >= 2
    assert ("div", "title", text) in reader.attributes


def test_what_the_page_says() -> None:
    text = " ".join(read(found().to_html()).texts)
    result = found()
    for title in (
        "What was asked",
        "The network",
        "Scores",
        "Inputs by importance",
        "Training",
        "Spectrum",
        "How to use it",
    ):
        assert title in text
    assert "best constant" in text
    assert f"{result.report.balanced_accuracy:.5g}" in text
    assert "ROC AUC" in text
    assert "Predictor.load" in text
    assert "Score and size" not in text, "this strategy has no curve"
    curved = replace(
        result.report,
        curve=[
            {
                "weights": 2,
                "biases": 1,
                "neurons": 0,
                "bytes": 12,
                "score": 0.5,
                "error": 0.1,
                "best": True,
                "chosen": True,
            }
        ],
    )
    assert "Score and size" in replace(result, report=curved).to_html()


def test_a_page_without_matplotlib_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    reader = read(found().to_html())
    assert "svg" not in reader.tags
    assert any("pictures need matplotlib" in text for text in reader.texts)
    assert "<svg" not in found()._repr_html_()


def test_notebooks_show_text_and_picture() -> None:
    net = SpectralNetwork.initialize([2, 3, 1], seed=0)
    for item in (found(), found().predictor, found().compact, net):
        reader = read(item._repr_html_())
        assert "svg" in reader.tags
        assert "pre" in reader.tags
        assert "script" not in reader.tags


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found().save(tmp_path / "home")
    assert main(["report", str(tmp_path / "home")]) == 0
    assert (tmp_path / "home" / "report.html").read_text(encoding="utf-8") == SearchResult.load(
        tmp_path / "home"
    ).to_html()
    assert main(["report", str(tmp_path / "home"), "--out", str(tmp_path / "other.html")]) == 0
    assert (tmp_path / "other.html").exists()
    assert "other.html" in capsys.readouterr().out
    assert main(["report", str(tmp_path / "home"), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["report", str(tmp_path / "home"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == str(tmp_path / "home" / "report.html")
    assert main(["report", str(tmp_path / "home"), "--out", str(tmp_path / "page.txt")]) == 2
    assert main(["report", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


BROWSER = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)


@pytest.mark.skipif(BROWSER is None, reason="needs the package chromium")
@pytest.mark.parametrize("width", [400, 1280])
def test_a_browser_shows_the_page(width: int, tmp_path: Path) -> None:
    """The browser is given no network; nothing sticks out of the page to the right."""
    text = found().to_html()
    probe = (
        "<script>document.title = 'sticks out by ' + (document.documentElement.scrollWidth - innerWidth)"
        " + ', sections ' + document.querySelectorAll('section').length</script>"
    )
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text).replace("</body>", probe + "</body>")
    (tmp_path / "page.html").write_text(free, encoding="utf-8")
    frame = f"<iframe id=f src=page.html width={width} height=900></iframe>"
    tell = "<script>onload = () => { document.title = f.contentDocument.title }</script>"
    (tmp_path / "frame.html").write_text(f"<!DOCTYPE html><title></title>{frame}{tell}", encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--dump-dom"]
    options += [f"--user-data-dir={tmp_path / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command = [str(BROWSER), *options, (tmp_path / "frame.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    match = re.search(r"<title>sticks out by (-?\d+), sections (\d+)", done.stdout)
    assert match is not None, done.stdout[:300]
    assert int(match[1]) <= 0
    assert int(match[2]) >= 8


def test_the_call_that_repeats_a_search_names_all_that_was_asked() -> None:
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(60, 2)), rng.uniform(0.5, 2, 60)
    labels = (x[:, 0] > 0.3).astype(int)
    asked: dict[str, Any] = {
        "hidden": (2,), "epochs": 3, "sizes": (1, 2), "standardize": False, "validation_fraction": 0.4, "class_weight": {0: 1.0, 1: 2.5},
    }  # fmt: skip
    found = search(x, labels, sample_weight=weights, **asked)
    page = html.unescape(found.to_html())
    call = next(line for line in re.findall(r"spectral_core\.search\(.*\)", page))
    again = eval(call, {"spectral_core": spectral_core, "X": x, "y": labels, "sample_weight": weights})
    assert np.array_equal(again.predict_proba(x), found.predict_proba(x))
    assert "validation_data=validation_data" in html.unescape(
        search(x, labels, validation_data=(x[:9], labels[:9]), **asked | {"validation_fraction": 0.2}).to_html()
    )
    assert (
        "standardize"
        not in html.unescape(search(x, labels, hidden=(), epochs=3, sizes=(1,)).to_html()).split("repeat")[-1]
    )
    assert json.loads(found.report.to_json())["settings"]["class_weight"] == [[0, 1.0], [1, 2.5]]
    assert any("validation scores count rows by the weights of their classes" in one for one in found.report.remarks)
