"""The figures one can touch, driven in a browser without a network: their numbers are those of the oracles."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import oracles
from tests.builders import ROOT

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright, of the extra test")
BROWSER = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)
FIGURES = runpy.run_path(str(ROOT / "docs" / "figures" / "build.py"))
WIDTHS = (400, 1280)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs the Debian package chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as library:
        options = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"]
        opened = library.chromium.launch(executable_path=shutil.which(str(BROWSER)), args=options)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("figures")
    assert [path.name for path in FIGURES["build"](built)] == [f"{name}.html" for name in FIGURES["FIGURES"]]
    return built


def opened(browser: Any, folder: Path, name: str, width: int = 1280, scheme: str = "light") -> tuple[Any, list[str]]:
    """The page of a figure, and the list to which its errors and requests are added."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: faults.append(str(error)))
    address = (folder / f"{name}.html").as_uri()
    page.on("request", lambda sent: None if sent.url in (address, "data:,") else faults.append(sent.url))
    page.goto(address)
    return page, faults


def value(page: Any, element: str) -> float:
    return float(page.locator(element).get_attribute("data-value"))


def numbers(page: Any, element: str) -> np.ndarray:
    return np.array(page.locator(element).get_attribute("data-parameters").split(), dtype=float)


@pytest.mark.parametrize("name", FIGURES["FIGURES"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_needs_nothing_and_fits_its_window(
    browser: Any, folder: Path, name: str, width: int, scheme: str
) -> None:
    page, faults = opened(browser, folder, name, width, scheme)
    assert page.locator("#words").inner_text() != ""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unnamed = "[...document.querySelectorAll('input, select')].filter(e => !e.labels.length).length"
    assert page.evaluate(unnamed) == 0
    assert faults == []
    page.close()


def test_the_matrix_follows_the_sliders(browser: Any, folder: Path) -> None:
    page, faults = opened(browser, folder, "matrix")
    rng = np.random.default_rng(0)
    for activation in ("relu", "tanh", "identity"):
        page.locator("#activation").select_option(activation)
        lam, phi, x = (np.round(rng.uniform(-2, 2, size), 1) for size in (5, 6, 2))
        names = [
            *(f"#lambda{i + 1}" for i in range(5)),
            *(f"#phi{ij}" for ij in (31, 32, 41, 42, 53, 54)),
            "#x1",
            "#x2",
        ]
        for name, number in zip(names, (*lam, *phi, *x), strict=True):
            page.locator(name).fill(f"{number:.1f}")
        blocks, parts = [phi[:4].reshape(2, 2), phi[4:].reshape(1, 2)], [lam[:2], lam[2:4], lam[4:]]
        shown = np.array([[value(page, f"#A-{i}-{j}") for j in range(1, 6)] for i in range(1, 6)])
        np.testing.assert_allclose(shown, oracles.dense_adjacency(blocks, parts), atol=1e-12)
        inverse = np.array([[value(page, f"#Inverse-{i}-{j}") for j in range(1, 6)] for i in range(1, 6)])
        np.testing.assert_allclose(inverse, np.linalg.inv(oracles.eigenvector_matrix(blocks)), atol=1e-12)
        weights = oracles.global_blocks(blocks, parts)
        z, _ = oracles.forward(weights, lambda z, name=activation: oracles.activation(name, z), x[None], (2, 2, 1))
        assert value(page, "#output") == pytest.approx(float(z[0, 0]), abs=1e-12)
        assert value(page, "#summed") == pytest.approx(float(z[0, 0]), abs=1e-12)
    assert faults == []
    page.close()


def test_the_keyboard_moves_a_slider_and_the_words_say_what_changed(browser: Any, folder: Path) -> None:
    page, _ = opened(browser, folder, "matrix")
    before = value(page, "#A-1-1")
    page.locator("#lambda1").focus()
    page.keyboard.press("ArrowRight")
    assert value(page, "#A-1-1") == pytest.approx(before + 0.1)
    page.locator("#linear").click()
    assert "the network is linear" in page.locator("#words").inner_text()
    page.locator("#start").click()
    assert value(page, "#A-1-1") == before
    page.close()


def global_network(parameters: np.ndarray, widths: tuple[int, ...]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """φ and λ of a `global` network from its flat parameters: all blocks, then the eigenvalues layer by layer."""
    at, phi, lam = 0, [], []
    for rows, columns in zip(widths[1:], widths, strict=False):
        phi.append(parameters[at : at + rows * columns].reshape(rows, columns))
        at += rows * columns
    for width in widths:
        lam.append(parameters[at : at + width])
        at += width
    assert at == len(parameters)
    return phi, lam


def test_a_network_is_trained_in_the_page(browser: Any, folder: Path) -> None:
    widths, grid = (2, 8, 8, 1), np.linspace(-1, 1, 101)
    page, faults = opened(browser, folder, "training")
    assert "the network is a line" in page.locator("#words").inner_text()
    first = value(page, "#loss")
    page.locator("#train").click()
    page.wait_for_function("Number(document.getElementById('epoch').textContent) >= 600")
    assert page.locator("#train").inner_text() == "Train"
    phi, lam = global_network(numbers(page, "#plot"), widths)
    x = oracles.with_constant(grid[:, None], bias=True)
    z, _ = oracles.forward(oracles.global_blocks(phi, lam), np.tanh, x, widths)
    loss = float(((z[:, 0] - (2 * np.abs(grid) - 1)) ** 2).mean())
    assert value(page, "#loss") == pytest.approx(loss, rel=1e-9)
    assert loss < first / 20
    on = [int((np.abs(values) > 0.02).sum()) for values in lam[1:3]]
    assert on[0] > 0
    for number, count in enumerate(on, 1):
        said = f"Hidden layer {number}: {count} of 8 eigenvalues are on." if count else f"Hidden layer {number}: off."
        assert said in page.locator("#words").inner_text()
    assert faults == []
    page.close()


def test_a_straight_target_wakes_nothing(browser: Any, folder: Path) -> None:
    page, _ = opened(browser, folder, "training")
    page.locator("#alpha").fill("0")
    page.locator("#train").click()
    page.wait_for_function("Number(document.getElementById('epoch').textContent) >= 600")
    assert "the network is a line" in page.locator("#words").inner_text()
    assert value(page, "#loss") < 1e-6
    page.close()


def test_a_target_is_drawn_with_the_pointer(browser: Any, folder: Path) -> None:
    page, faults = opened(browser, folder, "training")
    widths, grid = (2, 8, 8, 1), np.linspace(-1, 1, 101)
    box = page.locator("#plot").bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.9 * box["height"])
    page.mouse.up()
    assert page.locator("#shape").input_value() == "drawn"
    # From (0.2, 0.1) to (0.8, 0.9) of the plot, whose height shows 1.5 to -1.5; beside the line the shape from before stays.
    target = 2 * np.abs(grid) - 1
    target[20:81] = np.linspace(1.2, -1.2, 61)
    phi, lam = global_network(numbers(page, "#plot"), widths)
    x = oracles.with_constant(grid[:, None], bias=True)
    z, _ = oracles.forward(oracles.global_blocks(phi, lam), np.tanh, x, widths)
    # The pointer stands on whole pixels, less than a hundredth of the plot away.
    assert value(page, "#loss") == pytest.approx(((z[:, 0] - target) ** 2).mean(), rel=0.02)
    assert faults == []
    page.close()


def test_pruning_follows_the_slider(browser: Any, folder: Path) -> None:
    page, faults = opened(browser, folder, "pruning")
    grid = np.linspace(-1, 1, 101)
    x, hidden = oracles.with_constant(grid[:, None], bias=True), 20
    target = 1.2 * np.abs(grid + 0.4) - 1.6 * np.maximum(0, grid - 0.1) - 0.6
    whole, losses = numbers(page, "#plot"), []
    for kept in (20, 7, 3, 0):
        page.locator("#kept").fill(str(kept))
        parameters = numbers(page, "#plot")
        first, second = parameters[: 2 * hidden].reshape(hidden, 2), parameters[2 * hidden : 3 * hidden]
        rest = parameters[3 * hidden :]
        pairs = [(rest[:2], rest[2 : 2 + hidden]), (rest[2 + hidden : 2 + 2 * hidden], rest[2 + 2 * hidden :])]
        weights = oracles.layerwise_blocks([first, second[None]], pairs)
        z, _ = oracles.forward(weights, lambda z: np.maximum(z, 0), x, (2, hidden, 1))
        losses.append(float(((z[:, 0] - target) ** 2).mean()))
        assert value(page, "#loss") == pytest.approx(losses[-1], rel=1e-9)
        eigenvalues, all_of_them = np.abs(pairs[0][1]), np.abs(whole[3 * hidden + 2 : 4 * hidden + 2])
        assert sorted(eigenvalues, reverse=True)[:kept] == sorted(all_of_them, reverse=True)[:kept]
        assert (eigenvalues > 0).sum() == kept
    assert losses[2] < losses[0] + 0.001 < losses[3]
    assert "3 would be enough" in page.locator("#words").inner_text()
    assert faults == []
    page.close()
