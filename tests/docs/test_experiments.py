"""The pages of the published experiments: their numbers stand in the measured tables, and their pictures are drawn from them."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import matplotlib
import pytest

from docs.experiments import pictures, tables
from spectral_core.experiments.catalogue import PUBLISHED
from spectral_core.experiments.sparcs_first import results as first_results
from spectral_core.experiments.sparcs_second.results import REFERENCE
from tests.builders import ROOT

FOLDER = ROOT / "docs" / "experiments"
NAMES = ["sparcs-first", "sparcs-second", *(one.name for one in PUBLISHED[1:]), "spidernet"]
PARTS = ("What differs", "Run it yourself")


def page(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """The rows of the tables of a page, by their first cell."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {first: others for first, *others in cells}


def says(name: str, *phrases: str) -> None:
    """Each phrase, which holds computed numbers, stands on the page."""
    text = " ".join(page(name).split())
    assert [phrase for phrase in phrases if phrase not in text] == []


def test_every_experiment_has_its_page() -> None:
    listed = re.findall(r"^\| \[`([\w-]+)`\]\(\1\.md\)", page("index"), re.MULTILINE)
    assert sorted(listed) == sorted(NAMES)
    assert sorted([*NAMES, "pruning-fashion-mnist"]) == sorted(pictures.PICTURES)
    assert "(pictures/pruning-fashion-mnist.svg)" in page("pruning")
    for name in NAMES:
        headings = re.findall(r"^## (.*)$", page(name), re.MULTILINE)
        assert [part for part in PARTS if part not in headings] == []
        assert f"(pictures/{name}.svg)" in page(name)
        assert f"(../../benchmarks/{name}.txt)" in page(name)


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_a_picture_is_drawn_from_the_table(name: str, tmp_path: Path) -> None:
    """Byte for byte, where matplotlib is the one that drew the file; another version draws other bytes."""
    pictures.PICTURES[name](tmp_path / f"{name}.svg")
    drawn, kept = ((folder / f"{name}.svg").read_text(encoding="utf-8") for folder in (tmp_path, pictures.FOLDER))
    if f"Matplotlib v{matplotlib.__version__}," in kept:
        assert drawn == kept, "run python -m docs.experiments.pictures"
    assert drawn.count("<path") == pytest.approx(kept.count("<path"), rel=0.2)


def test_another_table_gives_another_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(tables.BENCHMARKS, tmp_path / "benchmarks", ignore=shutil.ignore_patterns("*.py", "peers", "*.md"))
    monkeypatch.setattr(tables, "BENCHMARKS", tmp_path / "benchmarks")
    mean, deviation, parameters = tables.spidernet()["hand-made"][0]
    changed = tables.text_of("spidernet").replace(f"{mean} ± {deviation}", f"22.5 ± {deviation}")
    (tmp_path / "benchmarks" / "spidernet.txt").write_text(changed, encoding="utf-8")
    assert tables.spidernet()["hand-made"][0] == (22.5, deviation, parameters)
    pictures.spidernet(tmp_path / "spidernet.svg")
    assert (tmp_path / "spidernet.svg").read_bytes() != (pictures.FOLDER / "spidernet.svg").read_bytes()


def test_the_tables_are_read_whole() -> None:
    first = tables.sparcs_first()
    assert sorted(first) == [(q, beta) for q in ("mean |λ|", "‖Γ‖") for beta in (5, 1000)]
    assert sum(map(len, first.values())) == 2 * len(first_results.reference()) == 20
    curves, pairs = tables.sparcs_second()
    assert len(curves) == 6
    assert len(pairs) == 10
    assert {len(curve) for curve in curves.values()} == {29}
    assert sorted(tables.pruning()) == [(layers, f) for layers in (1, 2) for f in ("elu", "relu", "tanh")]
    sizes, rises = tables.student_teacher()
    assert [sorted(widths) for widths in (*sizes.values(), *rises.values())] == [[10, 20, 40, 60, 100, 200, 500]] * 6
    assert [len(shares) for shares in tables.spidernet().values()] == [4, 4, 4, 4]


def test_the_numbers_of_the_first_experiment() -> None:
    found = tables.sparcs_first()
    text, shown = page("sparcs-first"), re.compile(r"^\| ([\d.]+) \| (\d+) \| (.*) \| ([\d.]+) \|$", re.MULTILINE)
    lines = shown.findall(text)
    assert len(lines) == 7
    for alpha, beta, ours, reference in lines:
        least, median, greatest, authors = found["‖Γ‖", float(beta)][float(alpha)]
        assert [float(value) for value in ours.split(",")] == [least, median, greatest]
        assert float(reference) == authors
    assert all(least <= authors <= greatest for c in found.values() for least, _, greatest, authors in c.values())
    says("sparcs-first", "All 20 values of the reference lie within the spread of our 100 runs")


def test_the_numbers_of_the_second_experiment() -> None:
    curves, pairs = tables.sparcs_second()
    shown = rows(page("sparcs-second"))
    for mine, theirs in (
        ("hidden layers left", "hidden layers left"),
        ("hidden neurons left", "hidden neurons left"),
        ("eigenvalues trimmed", "eigenvalues trimmed"),
        ("test loss after trimming", "test loss, trimmed"),
        ("change of the loss by trimming", "rise by trimming"),
        ("R² on test points", "R² on test points"),
        ("linear regression, R²", "linear regression: R²"),
        ("hidden neurons at a test loss of at most 0.0001", "hidden neurons at test loss <= 0.0001"),
    ):
        assert shown[mine] == [*pairs[theirs]]
    assert float(shown["test loss after trimming"][1]) == REFERENCE["test_loss"]
    refit, bare = curves["path + M15"], curves["path"]
    says("sparcs-second", f"with a test loss of {refit[20]:.3g}", f"the loss is {refit[19]:.3g}, forty times as much")
    says("sparcs-second", f"with 20 neurons is {bare[20]:.3g}, two hundred times as much")
    assert 38 < refit[19] / refit[20] < 42
    assert 195 < bare[20] / refit[20] < 210


def test_the_numbers_of_pruning() -> None:
    found = tables.pruning()
    one = {f: found[1, f] for f in ("relu", "elu", "tanh")}
    shown = rows(page("pruning"))
    for row, method, share in (
        ("spectral, ours on digits", "spectral", 90),
        ("spectral, the authors on MNIST", "MNIST, spectral", 90),
        ("dense, ours on digits", "dense", 90),
        ("dense, the authors on MNIST", "MNIST, dense", 90),
        ("alternate, ours on digits", "alternate", 90),
        ("alternate, the authors on MNIST", "MNIST, alternate", 90),
        ("pivoted QR with a refit (M15), on digits", "pivoted_qr + M15", 90),
        ("no neuron trimmed, spectral on digits", "spectral", 0),
    ):
        assert [float(cell) for cell in shown[row]] == [methods[method][share] for methods in one.values()]
    *five, sixth = sorted(round(m["spectral"][0] - m["pivoted_qr + M15"][90], 1) for m in found.values())
    bare = [m[name][0] - m[name][90] for m in found.values() for name in ("spectral", "dense")]
    says("pruning", f"*spectral* and *dense* lose {min(bare):.0f} to {max(bare):.0f} points")
    says("pruning", f"stays within {max(five)} points", f"in five of six cases, and within {sixth} points in the sixth")

    def kept(share: int, *names: str) -> list[float]:
        return [m[name][share] for m in found.values() for name in names]

    two = ("spectral, retrained", "dense, retrained")
    cut, both, alone = kept(90, *two), kept(97, "pivoted_qr + M15, retrained"), kept(97, *two)
    says("pruning", f"brings those two back to {min(cut)} to {max(cut)} %")
    says(
        "pruning", f"keep {min(both)} to {max(both)} %", f"with retraining keep {min(alone):.0f} to {max(alone):.0f} %"
    )
    says("pruning", "every method loses more than 40 points in some case")
    ours = [name for name in found[1, "relu"] if not name.startswith("MNIST")]
    assert all(min(m[name][99] for m in found.values()) < 96.6 - 40 for name in ours)


def test_the_numbers_of_pruning_on_fashion_mnist() -> None:
    """Ours of as many neurons as the authors' beside them, and ours of 500 alone."""
    wide, narrow = tables.pruning("pruning-fashion-mnist-2000"), tables.pruning("pruning-fashion-mnist")
    ours = [wide[1, f] for f in ("relu", "elu", "tanh") if (1, f) in wide]
    small, shown = [narrow[1, f] for f in ("relu", "elu", "tanh")], rows(page("pruning"))
    for row, method, share in (
        ("spectral, ours", "spectral", 90),
        ("spectral, the authors", "Fashion-MNIST, spectral", 90),
        ("dense, ours", "dense", 90),
        ("dense, the authors", "Fashion-MNIST, dense", 90),
        ("alternate, ours", "alternate", 90),
        ("alternate, the authors", "Fashion-MNIST, alternate", 90),
        ("pivoted QR with a refit (M15)", "pivoted_qr + M15", 90),
        ("spectral, retrained", "spectral, retrained", 90),
        ("dense, retrained", "dense, retrained", 90),
        ("pivoted QR with a refit, retrained", "pivoted_qr + M15, retrained", 90),
        ("no neuron trimmed, spectral", "spectral", 0),
    ):
        alone = ["-"] * 3 if "authors" in row else [f"{methods[method][share]}" for methods in small]
        assert shown[row] == [*(f"{methods[method][share]}" for methods in ours), *alone]

    def at(method: str, some: list[dict[str, tables.Curve]], share: int = 90) -> list[float]:
        return [methods[method][share] for methods in some]

    def span(values: list[float]) -> str:
        return f"{min(values)} to {max(values)} %" if min(values) < max(values) else f"{min(values)} %"

    def near(some: list[dict[str, tables.Curve]]) -> str:
        """How far from the authors' values ours are at most."""
        names, shares = ("spectral", "dense", "alternate"), (50, 80, 90, 95)
        far = [[own[name][s] - own[f"Fashion-MNIST, {name}"][s] for own in some for s in shares] for name in names]
        most = [max(abs(round(one, 1)) for one in values) for values in far]
        return f"they lie within {most[0]}, {most[1]} and {most[2]} points"

    says("pruning", f"{near(ours[:2]).removeprefix('they ')} of the authors' values", near(ours[2:]))
    says(
        "pruning", f"keeps {ours[2]['spectral'][90]} %, where the authors have {at('Fashion-MNIST, spectral', ours)[2]}"
    )
    pairs = zip(at("Fashion-MNIST, spectral", ours), at("Fashion-MNIST, dense", ours), strict=True)
    best, kept = [max(pair) for pair in pairs], at("pivoted_qr + M15", ours)
    assert min(kept) > max(best)
    says("pruning", f"keeps {span(kept)}, where the authors' better ranking keeps {span(best)}")
    says("pruning", f"The untrimmed network has {span(at('spectral', ours, 0))}.")
    says("pruning", f"it keeps {span(at('pivoted_qr + M15', small))} of {span(at('spectral', small, 0))}: 50 neurons")
    names, theirs = ("spectral", "dense", "pivoted_qr + M15"), at("Fashion-MNIST, alternate", ours)
    retrained = [max(of) for of in zip(*(at(f"{name}, retrained", ours) for name in names), strict=True)]
    for mine, other in zip(retrained, theirs, strict=True):
        ahead = round(mine - other, 1)
        says("pruning", f"{abs(ahead)} points {'above' if ahead >= 0 else 'below'}")
    leads = [round(a - b) for a, b in zip(at("spectral", small), at("dense", small), strict=True)]
    says("pruning", f"by {leads[1]} and {leads[2]} points; with relu the two lie within {abs(leads[0])} points")
    for name, own in ((f, wide[1, f]) for f in ("relu", "elu", "tanh") if (1, f) in wide):
        lead = round(own["dense"][90] - own["spectral"][90])
        says(
            "pruning", f"the ranking by weights is {abs(lead)} points {'ahead' if lead >= 0 else 'behind'} with {name}"
        )


def test_the_numbers_of_student_and_teacher() -> None:
    sizes, rises = tables.student_teacher()
    widths, shown = (40, 60, 100, 200, 500), rows(page("student-teacher"))
    for row, student in (
        ("spectral, as published", "spectral"),
        ("direct, as published", "direct"),
        ("proximal steps, merging, pivoted QR, refit", "proximal"),
    ):
        assert [int(cell) for cell in shown[row]] == [sizes[student][width][1] for width in widths]
    least, greatest = sorted({int(size) for width in widths for size in sizes["proximal"][width]})
    says(
        "student-teacher",
        f"Our size is {least} or {greatest} in every run, for widths from {widths[0]} to {widths[-1]}",
    )
    most, some, few = ([rises["proximal"][width][kept] for width in widths] for kept in (23, 21, 14))
    thousandths = [math.ceil(1000 * max(rise)) / 1000 for rise in (most, some)]
    says("student-teacher", "at most {} with 23 neurons, by at most {} with 21".format(*thousandths))
    says("student-teacher", f"by {min(few):.2f} to {max(few):.2f} with 14")


def test_the_numbers_of_spidernet() -> None:
    shown = rows(page("spidernet"))
    arms = {"search": "search", "random splits": "random", "drawn anew after each round": "restart"}
    for row, arm in (arms | {"made by hand": "hand-made"}).items():
        found = tables.spidernet()[arm]
        cells = [(f"{found[share][0]} ± {found[share][1]} %", f"{found[share][2]:,}") for share in (0, 50)]
        assert shown[row] == [*cells[0], *cells[1]]
    found = tables.spidernet()
    lost = {arm: round(found[arm][0][0] - found[arm][50][0], 1) for arm in ("hand-made", "search")}
    says("spidernet", f"{lost['search']} points are lost by the search and {lost['hand-made']} by hand")
    says(
        "spidernet",
        f"{round(found['search'][50][0] - found['hand-made'][50][0], 1)} points ahead with half of them gone",
    )
    assert found["search"][0][0] > found["restart"][0][0]
    assert found["search"][0][2] < found["restart"][0][2] / 2
