"""Parts of the search for the smallest network: values of samples, variants that may win, sizes."""

from __future__ import annotations

import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.architecture import smallest, variants
from spectral_core.architecture.curve import Judged, JudgingRows
from spectral_core.architecture.judgements import Judgements, SplitJudgement, judging_rows, values
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.smallest import HOPE, find_smallest
from spectral_core.architecture.variants import Split, Trainings, Variant, sizes_below
from spectral_core.data.metrics import standard_error
from spectral_core.data.preparation import PreparedData, prepare
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.samples import Samples
from spectral_core.training.loop import TrainingLoop
from tests.builders import sparse_network, sparse_samples


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.booleans(), st.integers(1, 3), st.sampled_from(["float32", "float64"]))
def test_the_mean_of_the_values_is_the_score(seed: int, labelled: bool, outputs: int, dtype: str) -> None:
    net = sparse_network(seed, (3, 2, outputs), density=0.8, dtype=dtype)
    samples = sparse_samples(seed, net, "cross_entropy" if labelled else "squared_error", rows=12)
    got, z = values(samples, net), samples.forward(net).astype(np.float64)
    if labelled:
        right = [max(range(outputs), key=lambda c: z[s, c]) == samples.labels[s] for s in range(12)]
        assert got.tolist() == [float(one) for one in right]
        return
    residual, spread = ((samples.y - z) ** 2).sum(axis=0), ((samples.y - samples.y.mean(axis=0)) ** 2).sum(axis=0)
    assert got.mean() == pytest.approx(
        np.mean([1 - a / b for a, b in zip(residual, spread, strict=True)]), rel=1e-5, abs=1e-5
    )


ROWS = st.lists(st.sampled_from([0.0, 1.0]), min_size=8, max_size=8)


@given(st.lists(st.tuples(ROWS, ROWS), min_size=2, max_size=6))
def test_a_variant_may_win_within_its_paired_error(table: list[tuple[list[float], list[float]]]) -> None:
    """Two sizes, and eight rows in two splits of four."""
    judged = {
        Variant("linear", float(i)): [
            [Judged(size, np.array(rows[part]), i) for size, rows in zip((10, 20), both, strict=True)]
            for part in (slice(0, 4), slice(4, 8))
        ]
        for i, both in enumerate(table)
    }
    best = max((rows for both in table for rows in both), key=sum)
    wanted = []
    for i, both in enumerate(table):
        near = False
        for candidate in both:
            differences = [b - r for b, r in zip(best, candidate, strict=True)]
            mean = sum(differences) / 8
            error = math.sqrt(sum((d - mean) ** 2 for d in differences) / 7 / 8)
            near |= mean <= HOPE * error + 1e-12
        if near and any(sum(both[size]) == max(sum(other[size]) for other in table) for size in (0, 1)):
            wanted.append(i)
    assert [int(variant.l2) for variant in smallest._promising(judged)] == wanted


def test_the_sizes_are_round_numbers_between_both_ends() -> None:
    assert sizes_below(100, 1) == [60, 40, 25, 15, 10, 6, 4, 3, 2, 1]
    assert sizes_below(1001, 250) == [1000, 600, 400, 250]
    assert sizes_below(1, 1) == []


def small_data(seed: int) -> PreparedData:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 3))
    return prepare(x, (x[:, 0] + 0.5 * rng.normal(size=60) > 0).astype(int), "auto", None, 0.2, True, 0)


def test_the_score_of_the_proposal_is_its_mean_over_the_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "EPOCHS", 2)
    monkeypatch.setattr(variants, "LEAST_STEPS", 1)
    monkeypatch.setattr(Trainings, "variants", lambda *_: [Variant("linear", 1e-2)])
    data, scores = small_data(0), []
    propose = Trainings.propose

    def spied(self: Trainings, samples: Samples, split: int, state: Path | None) -> object:
        result = propose(self, samples, split, state)
        if len(samples) < 60:  # not the last training, on all rows
            for one in judging:
                if len(one.fitting) == len(samples) and np.array_equal(one.fitting.x_rows, samples.x_rows):
                    output = result.network.forward(one.judging.x_rows[:3].T)
                    scores.append(float((output.argmax(axis=1) == one.judging.labels).mean()))
        return result

    options = SearchOptions(hidden=(3,), seed=0)
    splits = smallest._splits
    judging: list[Split] = []

    def noted(*arguments: object) -> list[Split]:
        judging.extend(splits(*arguments))  # type: ignore[arg-type]
        return list(judging)

    monkeypatch.setattr(Trainings, "propose", spied)
    monkeypatch.setattr(smallest, "_splits", noted)
    found = find_smallest(data, options)
    assert len(scores) == len(judging) == 5
    assert found.proposal_score == pytest.approx(np.mean(scores))
    assert [point.weights for point in found.curve] == sorted({point.weights for point in found.curve})


def test_sizes_are_judged_on_the_other_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Final networks are fitted to all rows; the points have the scores of networks of the splits, on the other rows."""
    monkeypatch.setattr(Trainings, "variants", lambda *_: [Variant("woken", 1e-2)])
    networks, real_splits = Trainings.networks, smallest._splits
    fitted: list[tuple[Samples, dict[int, SparseNetwork]]] = []
    splits: list[Split] = []

    def noted(self: Trainings, samples: Samples, *others: Any) -> dict[Variant, dict[int, SparseNetwork]]:
        found = networks(self, samples, *others)
        fitted.extend((samples, sized) for sized in found.values())
        return found

    def noted_splits(*given: Any) -> list[Split]:
        splits.extend(real_splits(*given))
        return list(splits)

    monkeypatch.setattr(Trainings, "networks", noted)
    monkeypatch.setattr(smallest, "_splits", noted_splits)
    x = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    data = prepare(x, np.abs(x[:, 0]) + x[:, 1] ** 3, "auto", None, 0.2, True, 0)
    found = find_smallest(data, SearchOptions(hidden=(4,), epochs=20, seed=0, sizes=(2, 4, 8)))
    by_rows = {rows_of(samples): sized for samples, sized in fitted}
    whole = frozenset(map(tuple, np.concatenate([data.x, data.x_valid]).astype(np.float32).tolist()))
    assert set(by_rows) == {rows_of(split.fitting) for split in splits} | {whole}
    assert all(rows_of(split.judging) == whole - rows_of(split.fitting) for split in splits)
    # The score of a size is the mean of its values on the judging rows of all splits.
    assert len(found.curve) > 1
    for point, net in zip(found.curve, found.networks, strict=True):
        sizes = [size for size, one in by_rows[whole].items() if one.keep(one.weights != 0).n_products == point.weights]
        (size,) = (size for size in sizes if np.isin(net.weights, by_rows[whole][size].weights).all())
        judged = [values(split.judging, by_rows[rows_of(split.fitting)][size]) for split in splits]
        assert point.score == pytest.approx(np.concatenate(judged).mean(), abs=1e-9)


def test_a_row_that_judges_in_several_splits_is_one_row() -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    data = prepare(x, np.abs(x[:, 0]) + x[:, 1] ** 3, "auto", None, 0.5, True, 0)
    everything = smallest._all_samples(data, SearchOptions(hidden=()))
    splits = smallest._splits(data, everything, SearchOptions(hidden=()))
    assert len(splits) == 5
    for split in splits:
        assert np.array_equal(split.judging.y, everything.y[split.judges.numbers])
    joined = JudgingRows.joined([split.judges for split in splits])
    value = np.random.default_rng(1).normal(size=40)  # of each row, the same in every split it judges
    judged = Judged(1, value[joined.numbers], 0, replace(joined, spread=np.ones((len(joined.numbers), 1))))
    times = np.bincount(joined.numbers, minlength=40)
    kept = times > 0
    assert judged.error == pytest.approx(standard_error(value[kept], times[kept]))
    assert judged.error > 1.2 * Judged(1, judged.rows, 0).error


def test_a_target_that_does_not_vary_is_judged_by_its_variance_on_all_rows() -> None:
    """A split whose judging rows have one target is left out; where it is the only one, R² is not defined."""
    x = np.random.default_rng(0).normal(size=(30, 3))
    y = np.full(30, 0.1)
    y[:4] = [1.3, 2.7, 3.1, 0.9]
    for seed in range(6):
        data = prepare(x, y, "regression", None, 0.2, True, seed)
        everything = smallest._all_samples(data, SearchOptions(hidden=()))
        splits = smallest._splits(data, everything, SearchOptions(hidden=(), seed=seed))
        assert splits
        assert all(split.judges.defined for split in splits), seed
        found = find_smallest(data, SearchOptions(hidden=(), epochs=2, seed=seed))
        assert found.constant is not None
        assert found.constant.mean == pytest.approx(0, abs=1e-6)
        assert abs(found.curve[0].score) < 100
    apart = prepare(x, y, "regression", (x[:6], np.full(6, 0.3)), 0.2, True, 0)
    everything = smallest._all_samples(apart, SearchOptions(hidden=(), dtype="float64"))
    (split,) = smallest._splits(apart, everything, SearchOptions(hidden=()))
    assert not split.judges.defined
    assert split.judges.variance == pytest.approx(everything.y.var(axis=0), rel=1e-6)
    undefined = find_smallest(apart, SearchOptions(hidden=(), epochs=2, seed=0))
    assert undefined.constant is None
    assert abs(undefined.curve[0].score) < 100


def rows_of(samples: Samples) -> frozenset[tuple[float, ...]]:
    """The rows without the constant."""
    return frozenset(map(tuple, samples.x_rows[:-1].T.tolist()))


@pytest.mark.parametrize(("errors", "place"), [(0.45, 0), (0.55, 1)])
def test_half_a_standard_error_decides(errors: float, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest size is so many standard errors of the paired difference below the best, which all others are."""
    monkeypatch.setattr(smallest, "SPLITS", ())
    monkeypatch.setattr(Trainings, "variants", lambda *_: [Variant("linear", 1e-2)])
    judge = Judgements.of

    def constructed(self: Judgements, split: Split, tried: list[Variant]) -> SplitJudgement:
        n = len(split.judging)
        noise = np.resize([1.0, -1.0], n)
        below = noise / noise.std(ddof=1) + errors / math.sqrt(n)  # of standard error 1/√n
        (found,) = judge(self, split, tried).curves.values()
        least = min(one.size for one in found)
        judged = [Judged(one.size, -below if one.size == least else np.zeros(n), 0) for one in found]
        return SplitJudgement({tried[0]: judged}, 0.0)

    monkeypatch.setattr(Judgements, "of", constructed)
    found = find_smallest(small_data(0), SearchOptions(hidden=(3,), epochs=2, seed=0, sizes=(1, 2, 4)))
    assert found.curve[0].score < found.curve[1].score == 0
    assert found.curve.chosen == place


def test_no_bit_depends_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "EPOCHS", 2)
    monkeypatch.setattr(variants, "LEAST_STEPS", 30)
    found = []
    for cores in (1, 3):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        found.append(find_smallest(small_data(2), SearchOptions(hidden=(4,), seed=0, sizes=(2, 5, 12))))
    assert found[0].curve.points == found[1].curve.points
    for one, other in zip(*(each.networks for each in found), strict=True):
        assert one.weights.tobytes() == other.weights.tobytes()
        assert one.senders.tobytes() == other.senders.tobytes()


def test_an_interrupted_search_continues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "LONG", 0.0)
    data, whole = small_data(1), find_smallest(small_data(1), SearchOptions(hidden=(3,), seed=0))
    options = SearchOptions(hidden=(3,), seed=0, checkpoint=tmp_path / "state")
    propose, calls = Trainings.propose, []

    def stopped(self: Trainings, samples: Samples, split: int, state: Path) -> object:
        calls.append(split)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return propose(self, samples, split, state)

    with monkeypatch.context() as patch:
        patch.setattr(Trainings, "propose", stopped)
        with pytest.raises(KeyboardInterrupt):
            find_smallest(data, options)
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "state.0",
            "state.0-proposal",
            "state.1",
            "state.1-proposal",
        ]
        # Another search is not continued from these files.
        other = SearchOptions(hidden=(3,), seed=1, checkpoint=tmp_path / "state", keep_checkpoint=True)
        calls[:] = [0] * 5
        assert find_smallest(data, other).curve.points != whole.curve.points
    calls.clear()
    with monkeypatch.context() as patch:
        patch.setattr(Trainings, "propose", lambda self, *given: calls.append(given[1]) or propose(self, *given))
        again = find_smallest(data, SearchOptions(hidden=(3,), seed=1, checkpoint=tmp_path / "state"))
    assert calls == [0]  # the last training, on all rows
    assert again.curve.points == find_smallest(data, SearchOptions(hidden=(3,), seed=1)).curve.points
    assert not list(tmp_path.iterdir())


def test_short_proposals_begin_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, options = small_data(1), SearchOptions(hidden=(3,), seed=0, checkpoint=tmp_path / "state")
    propose, proposal, begun = Trainings.propose, Trainings._proposal, []

    def noted(self: Trainings, samples: Samples, split: int, state: Path | None) -> object:
        begun.append((split, threading.current_thread() is threading.main_thread(), state))
        return proposal(self, samples, split, state)

    def stopped(self: Trainings, samples: Samples, split: int, state: Path | None) -> object:
        if split == 2:
            raise KeyboardInterrupt
        return propose(self, samples, split, state)

    monkeypatch.setattr(Trainings, "_proposal", noted)
    with monkeypatch.context() as patch:
        patch.setattr(Trainings, "propose", stopped)
        with pytest.raises(KeyboardInterrupt):
            find_smallest(data, options)
    # The first one runs in this thread, where kernels are compiled and an interrupt is served.
    assert begun[0] == (0, True, tmp_path / "state.0-proposal")
    assert {(in_main, state) for _, in_main, state in begun[1:]} == {(False, None)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state.0", "state.0-proposal", "state.1"]
    begun.clear()
    # Those of judged splits do not begin again.
    found = find_smallest(data, options)
    assert sorted(split for split, _, _ in begun) == [0, 2, 3, 4]  # 0 is the last proposal too, on all rows
    # A proposal of 50 epochs on 60 rows: products of 4 x 3 and 3 x outputs, twice forward and four times back.
    brief = SearchOptions(hidden=(3,), seed=0, epochs=50)
    everything = smallest._all_samples(data, brief)
    assert Trainings(data, brief)._work(everything) == 50 * 60 * 6 * (4 * 3 + 3 * data.n_outputs)
    monkeypatch.setattr(variants, "LONG", 0.0)
    assert found.curve.points == find_smallest(data, SearchOptions(hidden=(3,), seed=0)).curve.points
    assert {in_main for _, in_main, _ in begun[4:]} == {True}


def test_one_variant_is_trained_on_all_rows_beside_its_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    """In another thread, with the same bits; where trainings are long, one after the other."""
    x = np.random.default_rng(3).uniform(-1, 1, (200, 2))
    data = prepare(x, np.abs(x[:, 0]) + np.maximum(x[:, 1] - 0.3, 0), "auto", None, 0.2, True, 0)
    options, propose, apart = SearchOptions(strategy="neurons", hidden=(6,), seed=0), Trainings.propose, []

    def noted(self: Trainings, samples: Samples, split: int, state: Path | None) -> object:
        if len(samples) == 200:
            apart.append(threading.current_thread() is not threading.main_thread())
        return propose(self, samples, split, state)

    monkeypatch.setattr(Trainings, "propose", noted)
    found = [find_smallest(data, options)]
    monkeypatch.setattr(variants, "LONG", 0.0)
    found.append(find_smallest(data, options))
    assert apart == [True, False]  # it waits for the proposal that began beside the first one
    assert found[0].curve.points == found[1].curve.points
    assert found[0].networks[0].weights.tobytes() == found[1].networks[0].weights.tobytes()
    assert found[0].proposal.network.parameters.tobytes() == found[1].proposal.network.parameters.tobytes()


def test_a_training_of_its_own_leaves_those_beside_it() -> None:
    """A split whose judgements are another search's is trained in this thread, while others run."""
    options = SearchOptions(hidden=(3,), seed=0, epochs=2)
    everything = smallest._all_samples(small_data(1), options)
    one, two, other = (everything.part(np.arange(k, 40 + k)) for k in range(3))
    trainings = Trainings(small_data(1), options)
    with ThreadPoolExecutor(1) as threads:
        trainings.begin_proposals(threads, [(one, 0), (two, 1)])
        for samples, number in ((one, 0), (other, 2)):
            trainings.propose(samples, number, None)
        assert list(trainings._begun) == [two]
        trainings.propose(two, 1, None)
    assert not trainings._begun


@pytest.mark.parametrize(("strategy", "rows", "count"), [("smallest", 50, 5), ("neurons", 60, 5), ("neurons", 59, 1)])
def test_neurons_are_scored_once_where_there_are_many_rows(
    strategy: str, rows: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smallest, "SCORED_ONCE", rows)
    data, options = small_data(0), SearchOptions(strategy=strategy)
    assert len(smallest._splits(data, smallest._all_samples(data, options), options)) == count


def test_a_size_counts_where_every_split_has_it() -> None:
    """The search for the fewest neurons has a size of its own in each split; they are judged together."""
    good, bad = np.array([1.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0])
    judged = {
        Variant("linear", 0.1): [[Judged(5, bad, 0), Judged(9, good, 0)], [Judged(5, bad, 0)]],
        Variant("neurons", 0.0): [[Judged(7, good, 1)], [Judged(8, bad, 1)]],
    }
    found = smallest._envelope(judged)
    assert [(one.size, one.variant, one.rows.tolist()) for one in found] == [
        (5, 0, [*bad, *bad]),
        (8, 1, [*good, *bad]),
    ]


def test_an_interrupted_proposal_is_kept_and_another_search_replaces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first judgement too; it continues with the same bits."""
    monkeypatch.setattr(variants, "LONG", 0.0)
    monkeypatch.setattr(variants, "EPOCHS", 5)
    monkeypatch.setattr(variants, "LEAST_STEPS", 1)
    monkeypatch.setattr(smallest, "SPLITS", ())
    monkeypatch.setattr(Trainings, "variants", lambda *_: [Variant("linear", 1e-2)])
    real, epochs, state = TrainingLoop._epoch, [], tmp_path / "state"

    def stopped(self: object, epoch: int) -> None:
        epochs.append(epoch)
        if len(epochs) == 4:
            raise KeyboardInterrupt
        real(self, epoch)  # type: ignore[arg-type]

    def search_with(seed: int, state: Path | None) -> object:
        return find_smallest(small_data(1), SearchOptions(hidden=(3,), seed=seed, checkpoint=state)).curve.points

    with monkeypatch.context() as patch:
        patch.setattr(TrainingLoop, "_epoch", stopped)
        with pytest.raises(KeyboardInterrupt):
            search_with(0, state)
        assert [path.name for path in tmp_path.iterdir()] == ["state.0-proposal"]
        kept = (tmp_path / "state.0-proposal").read_bytes()
        epochs[:] = [0] * 4
        assert search_with(0, state) == search_with(0, None)
        assert epochs[4:6] == [4, 5], "three epochs were kept"
        assert not list(tmp_path.iterdir())
        (tmp_path / "state.0-proposal").write_bytes(kept)
        assert search_with(1, state) == search_with(1, None)


@pytest.mark.parametrize(
    ("labelled", "rows", "hidden", "tried"),
    [(True, 40, (3,), True), (True, 39, (3,), False), (False, 40, (3,), False), (True, 40, (), False)],
)
def test_many_labelled_rows_start_afresh_too(
    labelled: bool, rows: int, hidden: tuple[int, ...], tried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From `FRESH_ROWS` on, the woken neurons also start with random weights; their networks are not those of the woken start."""
    monkeypatch.setattr(variants, "FRESH_ROWS", 40)
    x = np.random.default_rng(0).normal(size=(rows, 3))
    y = (x[:, 0] * x[:, 1] > 0).astype(int) if labelled else x[:, 0] * x[:, 1]
    task = "classification" if labelled else "regression"
    options = SearchOptions(hidden=hidden, epochs=2)
    trainings = Trainings(prepare(x, y, task, None, 0.2, True, 0), options)
    samples = Samples.of(x, y if labelled else y[:, None], "cross_entropy" if labelled else "squared_error", True)
    found = trainings.variants(samples)
    assert ("fresh" in {variant.start for variant in found}) == tried
    if tried:
        proposal = trainings.propose(samples, 0, None).network
        pair = [Variant("woken", 1e-2), Variant("fresh", 1e-2)]
        woken, fresh = (trainings.networks(samples, proposal, [one], 0)[one] for one in pair)
        largest = max(woken)
        assert largest in fresh
        assert not np.array_equal(woken[largest].weights, fresh[largest].weights)


def test_tiny_targets_are_judged_by_no_variance_of_zero() -> None:
    """Squares of 1e-200 are 0 in float64."""
    rng = np.random.default_rng(0)
    samples = Samples.of(rng.normal(size=(9, 2)), 1e-200 * rng.normal(size=(9, 1)), "squared_error", True, "float64")
    judges = judging_rows(samples, np.arange(9), samples)
    assert judges.variance.tolist() == [1.0]
    assert np.isfinite(judges.spread).all()


def test_the_first_split_shares_the_scaled_table() -> None:
    data = small_data(0)
    data = replace(data, x=np.ascontiguousarray(data.x, np.float32))
    (split, *_) = smallest._splits(data, smallest._all_samples(data, SearchOptions()), SearchOptions())
    assert np.shares_memory(split.fitting.by_sample(np.arange(data.x.shape[1])), data.x)
