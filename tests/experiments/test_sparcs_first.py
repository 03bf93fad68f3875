"""The first published experiment: what one training gives, curves and comparison by hand, the figure."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core.cli.program import main
from spectral_core.data.datasets import sparcs
from spectral_core.errors import InvalidInputError
from spectral_core.experiments import catalogue
from spectral_core.experiments.sparcs_first import experiment as sparcs_first
from spectral_core.experiments.sparcs_first import figure, results
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.sweeps import runner

SHORT: dict[str, Any] = sparcs_first.SETTINGS | {"points": 400, "hidden": 12, "epochs": 3}


def test_the_whole_experiment_has_4200_trainings() -> None:
    whole = sparcs_first.experiment()
    tasks = whole.tasks()
    assert len(tasks) == len({task.seed for task in tasks}) == 4200
    assert tasks[1].name == '{"alpha":0.05,"beta":5,"run":0}'
    assert sparcs_first.ALPHAS[3] == 0.15
    assert whole.settings["epochs"] == 300
    part = sparcs_first.experiment(alphas=[1, 0.15], betas=[1000], runs=2)
    assert {task.name: task.seed for task in part.tasks()}.items() <= {task.name: task.seed for task in tasks}.items()


@pytest.mark.parametrize(
    "options",
    [
        {"alphas": []},
        {"alphas": [0.5, 0.5]},
        {"alphas": [1.5]},
        {"betas": [0]},
        {"runs": 0},
        {"epochs": 0},
        {"seed": -1},
    ],
)
def test_parts_that_break_a_rule(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(options)).rstrip("s")):
        sparcs_first.experiment(**options)


def test_what_one_training_gives() -> None:
    """Against the definitions: Γ_abc from the blocks, all |λ| of the first two layers."""
    point, seed = {"alpha": 1.0, "beta": 5.0}, 4
    row = sparcs_first.measure(SHORT, point, seed)
    net, data = sparcs_first.train_network(SHORT, point, seed)
    assert (data.x == sparcs(1.0, 5.0, 400, seed=0).x).all(), "one draw of points for all trainings"
    w = {pair: np.asarray(block, np.float64) for pair, block in net.transfer_blocks().items()}
    gamma = [[w[3, 2][0, b] * w[2, 1][b, a] for a in range(3)] for b in range(12)]
    assert row["path_norm"] == pytest.approx(np.sqrt(sum(g * g for some in gamma for g in some)), rel=1e-6)
    assert row["skip_norm"] == pytest.approx(np.sqrt((w[3, 1] ** 2).sum()), rel=1e-6)
    values = [abs(float(v)) for some in net.eigenvalues[:2] for v in some]
    assert len(values) == 3 + 12
    assert row["mean_abs_eigenvalue"] == pytest.approx(statistics.fmean(values), rel=1e-12)
    assert row["loss"] == pytest.approx(((net.forward(data.x) - data.y) ** 2).mean(), rel=1e-5)
    assert row["hidden_neurons"] == sum(any(abs(g) >= 0.01 for g in some) for some in gamma)


@pytest.mark.parametrize("seed", range(5))
def test_drawn_edges_against_all_paths(seed: int) -> None:
    generator = np.random.default_rng(seed)
    blocks = {
        (2, 1): generator.normal(0, 0.1, (6, 3)),
        (3, 2): generator.normal(0, 0.1, (1, 6)),
        (3, 1): generator.normal(0, 0.01, (1, 3)),
    }
    net = SpectralNetwork(blocks=blocks, bias=True, parametrization="direct")
    edges = sparcs_first.strong_edges(net, 0.01)
    paths = {(a, b) for a in range(3) for b in range(6) if abs(blocks[3, 2][0, b] * blocks[2, 1][b, a]) >= 0.01}
    assert {(int(a), int(b)) for b, a in np.argwhere(edges[2, 1])} == paths
    assert {int(b) for _, b in np.argwhere(edges[3, 2])} == {b for _, b in paths}
    assert (edges[3, 1] == np.where(np.abs(blocks[3, 1]) >= 0.01, blocks[3, 1], 0)).all()


def rows_of(values: dict[tuple[float, float], list[float]], quantity: str = "path_norm") -> list[dict[str, Any]]:
    other = {"path_norm": "mean_abs_eigenvalue"}.get(quantity, "path_norm")
    return [
        {"beta": beta, "alpha": alpha, "run": run, quantity: v, other: 1.0, "failure": None}
        for (beta, alpha), some in values.items()
        for run, v in enumerate(some)
    ]


def test_curves_and_comparisons_by_hand() -> None:
    values = {(5, 0): [1e-5, 2e-5], (5, 1): [0.2, 0.3, 0.7], (1000, 1): [0.1]}
    rows = [*rows_of(values), {"beta": 5, "alpha": 1, "run": 9, "failure": "it diverged"}]
    curve = results.curves(rows)[0]
    assert (curve.beta, curve.quantity, curve.alphas.tolist(), curve.runs.tolist()) == (5, "path_norm", [0, 1], [2, 3])
    assert curve.means == pytest.approx([1.5e-5, 0.4])
    assert curve.errors[1] == pytest.approx(statistics.stdev([0.2, 0.3, 0.7]) / 3**0.5)
    assert curve.largest == pytest.approx(0.4)
    alone = results.curves(rows)[2]
    assert (alone.beta, alone.means.tolist()) == (1000, [0.1])
    assert np.isnan(alone.errors).all()
    found = {(c.beta, c.alpha, c.quantity): c for c in results.comparisons(rows)}
    assert set(found) == {(b, a, q) for b, a in values for q in results.QUANTITIES}
    one = found[5, 1, "path_norm"]
    assert (one.reference, one.least, one.median, one.greatest, one.runs, one.beyond) == (
        0.378621,
        0.2,
        0.3,
        0.7,
        3,
        False,
    )
    assert one.deviations == pytest.approx((0.378621 - 0.4) / statistics.stdev([0.2, 0.3, 0.7]))
    assert found[5, 0, "path_norm"].beyond
    assert found[1000, 1, "path_norm"].beyond
    assert np.isnan(found[1000, 1, "path_norm"].deviations)


def test_the_table_says_where_the_reference_lies() -> None:
    text = results.table(rows_of({(5, 0): [1e-5, 2e-5], (5, 1): [0.2, 0.7], (1000, 1): [0.5, 0.6]}))
    verdicts = [line.split("  ")[-1].strip() for line in text.splitlines()[1:4]]
    assert verdicts == ["above all ours", "within ours", "below all ours"]
    assert "5 of 6 values of the reference lie beyond the spread of our runs; chance alone would put 4 there" in text
    assert "nothing" not in text
    assert results.table([]) == "no α and β in common with the reference\n"


def test_the_reference_is_whole() -> None:
    lines = results.reference()
    assert [(line["beta"], line["alpha"]) for line in lines] == [
        (b, a) for b in (5, 1000) for a in (0, 0.3, 0.5, 0.7, 1)
    ]
    assert lines[4] == {
        "beta": 5,
        "alpha": 1,
        "path_norm": 0.378621,
        "mean_abs_eigenvalue": 0.00349101,
        "loss": 8.41e-06,
    }


def test_the_emergent_network_is_the_one_that_was_measured() -> None:
    chosen = sparcs_first.experiment(alphas=[0.5, 1], betas=[5], runs=1, epochs=2)
    rows = runner.run(chosen, jobs=1).rows
    for point, row in zip(chosen.points, rows, strict=True):
        assert int(sparcs_first.emergent_edges(chosen, point)[3, 2].any(axis=0).sum()) == row["hidden_neurons"]


def test_the_median_and_the_band_of_the_runs() -> None:
    values = [0.5, 0.1, 0.9, 0.3, 0.2]
    curve = results.curves(rows_of({(5, 0.5): values, (5, 1): [2.0]}))[0]
    assert curve.medians.tolist() == [statistics.median(values), 2.0]
    # 5 % of the way through five ordered values lies 0.2 of the way from the first to the second.
    assert curve.low[0] == pytest.approx(0.1 + 0.2 * (0.2 - 0.1))
    assert curve.high[0] == pytest.approx(0.9 - 0.2 * (0.9 - 0.5))
    assert curve.low[1] == curve.high[1] == 2.0


@pytest.mark.parametrize("runs", [1, 3])
def test_the_figure(tmp_path: Path, runs: int) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    from matplotlib.image import imread

    from spectral_core.experiments.sparcs_first.figure import figure

    generator = np.random.default_rng(0)
    rows = rows_of({(b, a): generator.uniform(0, a, runs).tolist() for b in (5, 1000) for a in (0, 0.5, 1)})
    nothing = {(2, 1): np.zeros((9, 3)), (3, 2): np.zeros((1, 9)), (3, 1): np.zeros((1, 3))}
    full = {pair: generator.normal(size=block.shape) for pair, block in nothing.items()}
    networks = {(5, 0): nothing, (5, 1): full, (1000, 1): full}
    for name in ("a.png", "b.png"):
        figure(tmp_path / name, rows, networks)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    image = imread(tmp_path / "a.png")
    assert image.shape[0] > 900
    assert (image[:8, :, :3] == 1).all(), "something runs out of the top"
    assert (image[:, -8:, :3] == 1).all(), "something runs out on the right"
    figure(tmp_path / "c.svg", rows, {})
    text = (tmp_path / "c.svg").read_text(encoding="utf-8")
    assert "mean |λ|" in text
    assert f"median of {runs} run{'s' * (runs > 1)}, band 5-95 %" in text


def test_other_sizes_are_not_compared_with_the_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in the table, nor in the summary, nor in the figure; and the table says why."""
    functions = next(one for one in catalogue.PUBLISHED if one.name == "sparcs-first").load()
    assert functions.differences(functions.experiment()) == []
    assert functions.differences(functions.experiment(alphas=[1], betas=[5], runs=2, seed=3)) == []
    assert functions.differences(functions.experiment(points=500, epochs=10)) == [
        "points 500, not 10000",
        "epochs 10, not 300",
    ]
    arguments = ["reproduce", "sparcs-first", "--points", "300", "--hidden", "4", "--epochs", "1", "--alphas", "0,1"]
    assert main([*arguments, "--runs", "1", "--jobs", "1", "--out", str(tmp_path)]) == 0
    text = (tmp_path / "table.txt").read_text(encoding="utf-8")
    assert text.startswith("the reference is left out: points 300, not 10000, hidden 4, not 300, epochs 1, not 300\n")
    assert "values of the reference lie beyond" not in text
    assert len(text.splitlines()) == 2 + 2 * 2 * 2
    assert capsys.readouterr().out.endswith(f"written to {tmp_path}: sweep.sqlite, results.csv, results.parquet, table.txt, "
                                            "summary.json, sparcs-first.png\n")  # fmt: skip
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["comparisons"] == []


@pytest.mark.parametrize("compared", [True, False])
def test_the_figure_shows_the_reference_where_it_is_compared(tmp_path: Path, compared: bool) -> None:
    rows = rows_of({(5, 0): [0.1, 0.2], (5, 1): [0.3, 0.4]})
    edges = {(2, 1): np.ones((1, 3)), (3, 2): np.ones((1, 1)), (3, 1): np.ones((1, 3))}
    figure.figure(tmp_path / "f.svg", rows, {(5, 1): edges}, compared=compared)
    assert ("reference, one run each" in (tmp_path / "f.svg").read_text(encoding="utf-8")) == compared
