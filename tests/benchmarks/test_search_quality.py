"""The comparison of networks at each size: jobs, results, means and paired differences."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import search_quality
from benchmarks.quality import baselines, driver, jobs, sets
from benchmarks.quality.comparison import Comparison, Mean, overview, page, rows
from benchmarks.quality.ours import ours
from benchmarks.quality.records import Job, Known, Result
from benchmarks.quality.sets import CHOOSING, JUDGING, Split, sizes, split


def lines(found: dict[tuple[str, str, int], list[float]], weights: float = 10.0, seconds: float = 1.0) -> list[dict]:
    """Lines of a results file: scores of the splits 0, 1, ... by set, method and size."""
    return [
        Result(method, size, score, seconds, weights, 1, 2).line(Job(name, number, method, size))
        for (name, method, size), scores in found.items()
        for number, score in enumerate(scores)
    ]


@pytest.fixture
def tiny() -> Split:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    y = (x[:, 0] + 0.1 * rng.normal(size=300) > 0).astype(int)
    return Split(x[:200], y[:200], x[200:], y[200:], "classification")


def test_a_mean_has_its_standard_error() -> None:
    mean = Mean.of([1.0, 2.0, 3.0])
    assert (mean.value, mean.error, mean.count) == (2.0, pytest.approx(1 / math.sqrt(3)), 3)
    assert str(Mean.of([0.5])) == "0.5000"


def test_differences_are_paired_by_split() -> None:
    found = Comparison(lines({("wine", "our curve", 10): [0.9, 0.8, 0.7], ("wine", "gradual Fisher", 10): [0.8, 0.7]}))
    ahead = found.difference("wine", ("our curve", 10), ("gradual Fisher", 10))
    assert ahead is not None
    assert (ahead.value, ahead.error, ahead.count) == (pytest.approx(0.1), pytest.approx(0), 2)
    assert found.difference("wine", ("our curve", 10), ("gradual Fisher", 25)) is None


def test_the_page_keeps_the_sets_that_chose_defaults_apart() -> None:
    text = page(Comparison(lines({(name, "ours", 0): [0.9, 1.0] for name in ("wine", "spam")})))
    chosen, judging = text.split("## Sets that judge")
    assert "### wine" in chosen
    assert "### spam" in judging
    assert "| ours | 2 | 0.9500 ± 0.0500 | 0.0000 ± 0.0000 | 10 | 1 | 44 | 2 | 1.00 |" in chosen


def test_a_size_behind_is_named_and_one_standard_error_is_given_at_the_two_largest() -> None:
    """At 100 the peer is ahead by less than the standard error of the difference, at 25 by little but always."""
    ours, theirs = "our curve", "gradual magnitude"
    found = {
        ("spam", ours, 25): [0.80, 0.80], ("spam", theirs, 25): [0.81, 0.81],
        ("spam", ours, 50): [0.85, 0.85], ("spam", theirs, 50): [0.80, 0.80],
        ("spam", ours, 100): [0.90, 0.90], ("spam", theirs, 100): [0.95, 0.86],
    }  # fmt: skip
    table = {row["question"]: row for row in rows(Comparison(lines(found)))}
    row = table["judging half: sizes behind gradual magnitude"]
    assert (row["figure"], row["met"]) == (1, False)
    assert "of 3: spam 25" in row["target"]


def test_the_chosen_network_is_measured_against_the_mlp() -> None:
    found = lines({("spam", "ours", 0): [0.90, 0.92]}, 10, 3.0) + lines(
        {("spam", "MLP 100", 0): [0.91, 0.92]}, 600, 1.0
    )
    table = {row["question"]: row for row in rows(Comparison(found))}
    ahead = table["judging half: the chosen network less MLP 100, mean of 1 sets"]
    assert (ahead["figure"], ahead["met"]) == (pytest.approx(-0.005), False)
    assert table["judging half: its share of the weights, median set"]["figure"] == pytest.approx(1 / 60)
    assert table["judging half: its share of the time, median set"]["met"] is False


def test_a_set_counts_once_in_the_shares_whatever_its_splits() -> None:
    """Two splits of one set at a tenth, one split of another at a half: the median of the sets lies between."""
    found = lines({("spam", "ours", 0): [0.9, 0.9]}, 60) + lines({("spam", "MLP 100", 0): [0.9, 0.9]}, 600)
    found += lines({("cells", "ours", 0): [0.9]}, 300) + lines({("cells", "MLP 100", 0): [0.9]}, 600)
    table = {row["question"]: row for row in rows(Comparison(found))}
    assert table["judging half: its share of the weights, median set"]["figure"] == pytest.approx((0.1 + 0.5) / 2)
    text = overview(Comparison(found), ["spam", "cells"]).splitlines()
    assert text[2] == "| spam | 2 | 0.9000 | 0.9000 | 0.0000 ± 0.0000 | - | - | - | 60 | 600 | 1.0 | 1.0 |"


def test_the_curve_is_measured_at_a_thirtieth_of_the_mlp_and_at_its_score() -> None:
    """The curve of spam has the score of the MLP with a sixtieth of its weights, that of cells at no size: that counts as 1."""
    mlp = lines({("spam", "MLP 100", 0): [0.90, 0.92], ("cells", "MLP 100", 0): [0.90]}, 600)
    ours = {
        ("spam", "our curve", 5): [0.80, 0.80], ("spam", "our curve", 10): [0.892, 0.926], ("spam", "our curve", 20): [0.90, 0.93],
        ("spam", "our curve", 25): [0.95, 0.95], ("cells", "our curve", 10): [0.88],
    }  # fmt: skip
    table = {row["question"]: row for row in rows(Comparison(mlp + lines(ours)))}
    ahead = table["judging half: the curve with a thirtieth of the weights of MLP 100 less it, mean of 2 sets"]
    assert (ahead["figure"], ahead["met"]) == (pytest.approx((0.005 - 0.02) / 2), False)
    share = table[
        "judging half: share of the weights of MLP 100 with which the curve has its score less 0.002, median set"
    ]
    assert share["figure"] == pytest.approx((10 / 600 + 1) / 2)


def test_the_tables_of_the_page_are_those_of_the_results() -> None:
    text = search_quality.PAGE.read_text(encoding="utf-8")
    found = Comparison(driver.read(search_quality.RESULTS))
    assert search_quality.published(found, text) == text, "run: python -m benchmarks search_quality --tables --publish"


def test_the_most_valuable_jobs_come_first_and_every_set_before_the_next_split() -> None:
    found = jobs.all_jobs(["wine", "digits"], jobs.METHODS, 2)
    assert len(found) == len(set(found))
    kinds = [
        next(i for i, group in enumerate((jobs.FIRST, jobs.SECOND, jobs.THIRD)) if j.method in group) for j in found
    ]
    assert kinds == sorted(kinds)
    first = [job.split for job, kind in zip(found, kinds, strict=True) if kind == 0]
    assert first == sorted(first)
    assert {job.size for job in found if job.method == "gradual Fisher" and job.set == "wine"} == set(
        sizes("wine", 100)
    )
    assert {job.size for job in found if not job.method.startswith("gradual")} == {0}


def test_no_job_begins_after_the_end_and_none_before_what_it_needs() -> None:
    waiting = [Job("wine", 0, "torch-pruning"), Job("wine", 0, "linear")]
    assert driver.next_job(waiting, {}, None) == waiting[1]
    assert driver.next_job(waiting, {("wine", 0): Known(1.0, 3)}, None) == waiting[0]
    assert driver.next_job(waiting, {}, 0.0) is None
    assert driver.next_job(waiting[:1], {}, None) is None


def test_halves_do_not_overlap_and_splits_are_stratified() -> None:
    assert not set(CHOOSING) & set(JUDGING)
    data = split("wine", 0)
    assert len(data.x) == 142
    shares = [np.bincount(y) / len(y) for y in (data.y, data.y_test)]
    np.testing.assert_allclose(*shares, atol=0.03)
    assert not np.array_equal(split("wine", 1).x, data.x)


def test_scaled_inputs_have_mean_0_and_deviation_1_and_constant_ones_stay_finite(tiny: Split) -> None:
    tiny.x[:, 2] = 7
    scaled = tiny.scaled()
    np.testing.assert_allclose(scaled.x.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.x.std(axis=0), [1, 1, 0], atol=1e-6)
    assert scaled.score(np.eye(2)[tiny.y_test]) == 1.0


def test_a_run_goes_on_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A line that a stopped run left unfinished counts as not there, and no job runs twice."""
    path = tmp_path / "results.jsonl"
    given = ["--sets", "wine", "--splits", "1", "--jobs", "1", "--results", str(path), "--methods"]
    search_quality.measure([*given, "linear"])
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole + '{"job": {"set": "wi', encoding="utf-8")
    search_quality.measure([*given, "linear", "gradient boosting"])
    found = driver.read(path)
    assert [line["method"] for line in found] == ["linear", "gradient boosting"]
    assert json.dumps(found[0]) + "\n" == whole
    assert found[0]["score"] > 0.9
    assert "1 of 2 jobs are to run" in capsys.readouterr().out


def test_our_curve_has_the_sizes_compared(tiny: Split) -> None:
    found = ours(tiny, [2, 5], 0)
    assert [result.method for result in found[:3]] == ["ours", "ours, best", "ours, one error"]
    assert found[2].weights <= found[0].weights <= found[1].weights
    by_size = {result.size: result for result in found[3:]}
    assert by_size.keys() <= {2, 5}
    assert all(result.weights <= size for size, result in by_size.items())
    assert found[0].score >= 0.8


def test_an_mlp_counts_its_weights_and_a_random_search_keeps_its_time(tiny: Split) -> None:
    (result,) = baselines.mlp(tiny, 7, 0)
    assert (result.weights, result.biases, result.neurons) == (3 * 7 + 7, 7 + 1, 7)
    (searched,) = baselines.mlp_random_search(tiny, 0.0, 0)
    assert searched.score > 0.5
    assert "weights" not in baselines.boosting(tiny, 0)[0].line(Job("wine", 0, "gradient boosting"))


@pytest.mark.parametrize("saliency", ["magnitude", "Fisher"])
def test_gradual_pruning_reaches_its_size_and_the_polish_keeps_the_weights(tiny: Split, saliency: str) -> None:
    pytest.importorskip("torch", reason="torch is not installed: pip install -e '.[bench]'")
    from benchmarks.quality import gradual

    trained, polished = gradual.gradual(tiny, 12, saliency, 10, 0)
    assert trained.weights <= 12
    assert polished.weights == trained.weights
    assert polished.method == f"gradual {saliency}, polished"
    assert trained.score > 0.8


def test_a_sparse_copy_computes_what_the_torch_network_does(tiny: Split) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install -e '.[bench]'")
    from benchmarks.quality import gradual
    from spectral_core.refitting.samples import Samples

    scaled = tiny.scaled()
    dense = gradual.Dense(scaled, 6, 0)
    dense.train(15, "magnitude", gradual.Effort(10, 20))
    net = dense.sparse()
    assert net.n_products <= 15
    output = Samples.of(scaled.x_test, scaled.y_test, "cross_entropy", True).forward(net)
    with torch.no_grad():
        np.testing.assert_allclose(output, dense.net(torch.tensor(scaled.x_test)).numpy(), atol=1e-5)


def test_torch_pruning_leaves_the_wanted_neurons(tiny: Split) -> None:
    pytest.importorskip("torch_pruning", reason="torch-pruning is not installed: pip install -e '.[bench]'")
    from benchmarks.quality.structured import torch_pruning

    (result,) = torch_pruning(tiny, 3, 10, 0)
    assert result.neurons <= 3


def test_sets_without_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "FOLDER", tmp_path)
    assert sets.available("wine")
    assert not sets.available("spam")
    assert not sets.available("fashion_10000")
    np.savez(tmp_path / "spam.npz", x=np.ones((4, 1)), y=np.arange(4) % 2, task="classification")
    assert sets.available("spam")
