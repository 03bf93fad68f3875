"""Write the figures one can touch as self-contained pages: `python docs/figures/build.py FOLDER`.

A page that is opened as a file cannot import a second file. So each page holds the kernels of `float64.js`, the style and
its own program.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
KERNELS = HERE.parents[1] / "spectral_core" / "kernels" / "javascript" / "float64.js"
FIGURES = {
    "matrix": "A network as a matrix",
    "training": "A network that grows from the linear seed",
    "pruning": "Pruning by spectrum",
}
"""File name and title of each page."""
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main id="{name}">
<h1>{title}</h1>
{body}</main>
<script type="module">
{kernels}
{{ // a scope of its own: the figure may name its values like those of the kernels
{tools}
{program}}}
</script>
</body>
</html>
"""


def read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def page(name: str) -> str:
    """One figure as a page that needs no other file."""
    kernels = KERNELS.read_text(encoding="utf-8").replace("\nexport ", "\n")
    return PAGE.format(
        name=name,
        title=FIGURES[name],
        style=read("figures.css"),
        body=read(f"{name}.html"),
        kernels=kernels,
        tools=read("tools.js"),
        program=read(f"{name}.js"),
    )


def build(folder: Path) -> list[Path]:
    """Write every figure into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.html" for name in FIGURES]
    for name, path in zip(FIGURES, paths, strict=True):
        path.write_text(page(name), encoding="utf-8")
    return paths


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("name the folder for the pages: python docs/figures/build.py FOLDER")
    print(*build(Path(sys.argv[1])), sep="\n")
