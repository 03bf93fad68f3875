"""The pictures of the course: `python -m docs.course.pictures` writes them beside the lessons, as SVG.

Every number in a picture comes from the network of the course, which `example()` returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from spectral_core import SpectralNetwork

FOLDER = Path(__file__).parent / "pictures"
INK, BLUE, ORANGE, PALE = "#1f2933", "#1d6fb8", "#c2570c", "#e8eef5"
Place = tuple[float, float]
Weights = Mapping[tuple[int, int], np.ndarray]


def example() -> SpectralNetwork:
    """The 2-2-1 network of the course."""
    return SpectralNetwork([[[1, 2], [3, 1]], [[1, -1]]], [[1, 2], [0, 3], [1]], dtype="float64")


def seed() -> SpectralNetwork:
    """The network of the course with the eigenvalues of the linear seed."""
    return SpectralNetwork([[[1, 2], [3, 1]], [[1, -1]]], [[0, 0], [0, 0], [1]], dtype="float64")


# --- parts of a picture -----------------------------------------------------------------------------------------------


def text(at: Place, words: str, colour: str = INK, size: int = 15, anchor: str = "middle") -> str:
    return f'<text x="{at[0]:g}" y="{at[1] + 5:g}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">{words}</text>'


def box(at: Place, width: float, height: float, fill: str = "white", stroke: str = INK) -> str:
    x, y = at[0] - width / 2, at[1] - height / 2
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="1.5"/>'
    )


def circle(at: Place, words: str, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    shape = f'<circle cx="{at[0]:g}" cy="{at[1]:g}" r="22" fill="white" stroke="{INK}" stroke-width="1.5"{dash}/>'
    return shape + text(at, words)


def arrow(start: Place, end: Place, colour: str = INK, dashed: bool = False, bend: float = 0) -> str:
    """An arrow that ends before the circle or the box at its end; `bend` moves its middle down."""
    (x1, y1), (x2, y2) = start, end
    middle = ((x1 + x2) / 2, (y1 + y2) / 2 + 2 * bend)
    x, y = x2 - middle[0], y2 - middle[1]
    short = 26 / max((x * x + y * y) ** 0.5, 1)
    tip = (x2 - short * x, y2 - short * y)
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return (
        f'<path d="M{x1:.1f} {y1:.1f} Q{middle[0]:.1f} {middle[1]:.1f} {tip[0]:.1f} {tip[1]:.1f}" fill="none" '
        f'stroke="{colour}" stroke-width="2" marker-end="url(#tip-{colour[1:]})"{dash}/>'
    )


def label(start: Place, end: Place, words: str, colour: str = INK, share: float = 0.5, bend: float = 0) -> str:
    at = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]) + bend)
    return box(at, 9 * len(words) + 8, 20, "white", "none") + text(at, words, colour)


def svg(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    tips = "".join(
        f'<marker id="tip-{c[1:]}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="6" markerHeight="6" orient="auto">'
        f'<path d="M0 0L10 5L0 10z" fill="{c}"/></marker>'
        for c in (INK, BLUE, ORANGE)
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" role="img" aria-label="{title}"><title>{title}</title><defs>{tips}</defs>'
    )
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="white"/>', *parts, "</svg>", ""])


# --- networks ---------------------------------------------------------------------------------------------------------

INPUTS: tuple[Place, Place] = ((60, 60), (60, 180))
HIDDEN: tuple[Place, Place] = ((230, 60), (230, 180))
OUTPUT: Place = (400, 120)
SHARES = {(0, 0): 0.5, (0, 1): 0.28, (1, 0): 0.28, (1, 1): 0.5}


def network_parts(weights: Weights, silent: Sequence[int] = ()) -> list[str]:
    """The 2-2-1 network with numbers at its links: blue between neighbours, orange from layer 1 to 3; silent neurons dashed."""
    links, words = [], []
    for k, start in enumerate(INPUTS):
        for h, end in enumerate(HIDDEN):
            if value := weights[2, 1][h, k]:
                links.append(arrow(start, end, BLUE))
                words.append(label(start, end, _written(value), BLUE, SHARES[h, k]))
        if (3, 1) in weights and (value := weights[3, 1][0, k]):
            bend = -55 if k == 0 else 55
            links.append(arrow(start, OUTPUT, ORANGE, bend=bend))
            words.append(label(start, OUTPUT, _written(value), ORANGE, 0.6, bend))
    for h, start in enumerate(HIDDEN):
        if (value := weights[3, 2][0, h]) and h not in silent:
            links.append(arrow(start, OUTPUT, BLUE))
            words.append(label(start, OUTPUT, _written(value), BLUE))
    names = [circle(at, name) for at, name in zip(INPUTS, "ab", strict=True)]
    names += [circle(at, name, h in silent) for h, (at, name) in enumerate(zip(HIDDEN, "cd", strict=True))]
    return [*links, *words, *names, circle(OUTPUT, "e")]


def grid(
    matrix: Sequence[Sequence[str]], at: Place, colours: Mapping[tuple[int, int], str], cell: int = 38
) -> list[str]:
    """Numbers in cells; `colours` fills some of them."""
    parts = []
    for row, values in enumerate(matrix):
        for column, value in enumerate(values):
            place = (at[0] + (column + 0.5) * cell, at[1] + (row + 0.5) * cell)
            parts.append(box(place, cell - 2, cell - 2, colours.get((row, column), "white"), "#b7c3d0"))
            parts.append(text(place, value))
    return parts


def numbers(matrix: np.ndarray) -> list[list[str]]:
    return [[_written(value) for value in row] for row in matrix]


def _written(value: float) -> str:
    return f"{value + 0.0:g}".replace("-", "−")


def lettered(matrix: np.ndarray, at: Place, colours: Mapping[tuple[int, int], str]) -> list[str]:
    """A matrix over the five neurons, with their letters at rows and columns."""
    letters = [text((at[0] - 16, at[1] + 38 * (n + 0.5)), name) for n, name in enumerate("abcde")]
    letters += [text((at[0] + 38 * (n + 0.5), at[1] - 14), name) for n, name in enumerate("abcde")]
    return [*letters, *grid(numbers(matrix), at, colours)]


NEIGHBOURS = dict.fromkeys([(2, 0), (2, 1), (3, 0), (3, 1), (4, 2), (4, 3)], "#d5e8f7")
SKIPS = {(4, 0): "#fbe3d2", (4, 1): "#fbe3d2"}
DIAGONAL = {(n, n): "#dff0d8" for n in range(5)}


# --- the pictures -----------------------------------------------------------------------------------------------------


def chain(title: str, rows: Sequence[Sequence[str]], backwards: bool = False) -> str:
    """Rows of boxes with arrows from each box to the next one of its row."""
    width = 200 * max(map(len, rows)) + 10
    parts = []
    for row, words in enumerate(rows):
        places = [(105 + 200 * n, 40 + 70 * row) for n in range(len(words))]
        for left, right in pairwise(places):
            start, end = (
                ((right[0] - 75, right[1]), (left[0] + 51, left[1]))
                if backwards
                else (
                    (left[0] + 75, left[1]),
                    (right[0] - 51, right[1]),
                )
            )
            parts.append(arrow(start, end, ORANGE if backwards else BLUE))
        parts += [box(at, 150, 44, PALE) + text(at, word) for at, word in zip(places, words, strict=True)]
    return svg(width, 70 * len(rows) + 20, title, parts)


def pascal(rows: int) -> str:
    parts = []
    row = [1]
    for n in range(rows):
        for k, value in enumerate(row):
            at = (230 + 56 * (k - n / 2), 30 + 42 * n)
            parts.append(box(at, 50, 34, "#fbe3d2" if n and k else "white", "#b7c3d0") + text(at, str(value)))
        row = [1, *(a + b for a, b in pairwise(row)), 1]
    return svg(460, 42 * rows + 20, "Pascal's triangle; the numbers behind the first of each row are marked", parts)


def bars(title: str, values: Sequence[float], names: Sequence[str]) -> str:
    parts, highest = [], max(values)
    for n, (value, name) in enumerate(zip(values, names, strict=True)):
        x, height = 60 + 90 * n, 120 * value / highest
        parts.append(box((x, 150 - height / 2), 50, height, "#d5e8f7", BLUE))
        parts += [text((x, 168), name), text((x, 138 - height), f"{value:.2f}")]
    return svg(90 * len(values) + 30, 185, title, parts)


def pictures() -> dict[str, str]:
    """The text of every picture by its file name."""
    net, linear = example(), seed()
    phi, inverse = net.eigenvector_matrix(), np.linalg.inv(net.eigenvector_matrix())
    weights, phis = net.transfer_blocks(), net.eigenvectors
    neighbours = {pair: weights[pair] for pair in ((2, 1), (3, 2))}
    new = (230.0, 290.0)
    grown = [arrow(INPUTS[1], new, BLUE), *network_parts(neighbours), circle(new, "new", dashed=True)]
    paths = {(2, 1): phis[0], (3, 2): phis[1], (3, 1): phis[1] @ phis[0]}
    scores = [float(np.linalg.norm(weights[2, 1][h]) * abs(weights[3, 2][0, h])) for h in range(2)]
    side = (480.0, 40.0)
    return {
        "01-matrix.svg": svg(
            690, 250, "The network and its matrix: each arrow is one number below the diagonal",
            [*network_parts(weights), *lettered(net.adjacency(), side, NEIGHBOURS | SKIPS)],
        ),
        "02-eigenvalues.svg": svg(
            470, 250, "The matrices Φ and A are lower triangular; the eigenvalues stand on the diagonal of A",
            [*lettered(phi, (30, 40), NEIGHBOURS), *lettered(net.adjacency(), (260, 40), DIAGONAL)],
        ),
        "03-pascal.svg": pascal(5),
        "03-inverse.svg": svg(
            470, 250, "Φ on the left, its inverse on the right",
            [*lettered(phi, (30, 40), NEIGHBOURS), *lettered(inverse.round(), (260, 40), NEIGHBOURS | SKIPS)],
        ),
        "04-skip.svg": svg(450, 260, "Entries of φ at the links; the path products from a and b to e in orange", network_parts(paths)),
        "05-propagation.svg": chain(
            "The values that run through the network for the input (1, 1)",
            [["u_1 = (1, 1)", "z_2 = (5, −7)", "x_2 = (5, 0)"], ["v_2 = (3, 4)", "u_2 = (2, −4)", "z_3 = 6"]],
        ),
        "06-backward.svg": chain(
            "Derivatives run from the last layer back to the first",
            [["z_2", "u_2", "z_3", "loss"], ["z̄_2 = ū_2 ∘ f′", "ū_2 = M_3ᵀ z̄_3", "z̄_3", "1"]], backwards=True,
        ),
        "07-seed.svg": svg(450, 260, "The linear seed: both hidden neurons receive 0, only the skip connections act", network_parts(linear.transfer_blocks(), silent=(0, 1))),
        "09-scores.svg": bars("The path scores of the two hidden neurons", scores, ["c", "d"]),
        "10-growing.svg": svg(450, 320, "A new hidden neuron that sends nothing: the function stays the same", grown),
        "12-kernels.svg": chain(
            "From a formula over its proof and its program to the kernels",
[["formula", "proof", "program", "kernels"], ["M7", "checked steps", "assignments", "four languages"]],
        ),
    }  # fmt: skip


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        (FOLDER / name).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
