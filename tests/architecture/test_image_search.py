"""`search_images`: rounds, splits and closed operations, budgets, and what continues after an interrupt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spectral_core import ImageNetwork, load_images, search_images
from spectral_core.architecture import image_rounds, image_splits, image_time, train_free
from spectral_core.architecture.image_memory import sized, step_bytes
from spectral_core.architecture.image_options import ImageSearchOptions
from spectral_core.architecture.image_result import ImageSearchResult, SearchState
from spectral_core.architecture.image_rounds import ImageSearch
from spectral_core.architecture.train_free import TrainFree
from spectral_core.data.images import ImageData
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.networks.image_pruning import gates_of
from spectral_core.progress import lines
from spectral_core.training.image_rounds import train_round

SMALL = {
    "channels": 1,
    "reductions": 1,
    "rounds": 2,
    "epochs": 1,
    "final_epochs": 1,
    "batch_size": 16,
    "score_images": 8,
}
FEW = TrainFree(channels=1, samples=4, batches=2, repeats=1, regions=20)


def bars(count: int = 48, **changes: Any) -> ImageData:
    """Rows or columns of light, 4 × 4."""
    generator = np.random.default_rng(0)
    images, labels = generator.normal(0, 0.3, (count, 1, 4, 4)), np.arange(count) % 2
    for k in range(count):
        if labels[k]:
            images[k, 0, k % 4] += 2
        else:
            images[k, 0, :, k % 4] += 2
    return load_images((images, labels), **changes)


def ticking(monkeypatch: pytest.MonkeyPatch, seconds: Callable[[float, int], float]) -> None:
    """A clock that trainings alone move: by `seconds` of what it shows and of the images that the training sees in all."""
    clock = [0.0]

    def slow(net: Any, problem: Any, step: Any, epochs: int, *rest: Any) -> Any:
        clock[0] += seconds(clock[0], epochs * len(problem.x))
        return train_round(net, problem, step, epochs, *rest)

    monkeypatch.setattr(image_rounds, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(image_rounds, "train_round", slow)


def numbers(result: ImageSearchResult) -> list[dict[str, Any]]:
    """The rows without the time."""
    return [{name: value for name, value in row.items() if "seconds" not in name} for row in result.rows]


def same(one: ImageSearchResult, other: ImageSearchResult) -> bool:
    return numbers(one) == numbers(other) and bool((one.network.parameters == other.network.parameters).all())


@pytest.mark.parametrize("score", ["slope", "ntk", "random"])
def test_each_round_splits_every_cell_once_and_one_seed_gives_one_result(score: str) -> None:
    options = SMALL | {"score": score, "train_free": FEW, "penalty_strength": 0.0}
    found = search_images(bars(), **options)
    assert [row["edges"] for row in found.rows] == [5, 9, 13, 13]
    assert [len(row["splits"]) for row in found.rows] == [2, 2, 0, 0]
    assert [row["final"] for row in found.rows] == [False, False, False, True]
    assert same(found, search_images(bars(), **options))
    assert not same(found, search_images(bars(), **options, seed=1))


def test_a_row_says_what_the_network_is() -> None:
    data = bars()
    found = search_images(data.chosen(slice(0, 32)), validation_data=data.chosen(slice(32, 48)), **SMALL)
    net, row = found.network, found.rows[-1]
    right = net.forward(data.images[32:]).argmax(1) == data.labels[32:]
    assert row["validation_accuracy"] == found.accuracy == right.mean()
    assert row["parameters"] == net.n_parameters
    assert row["operations"] == len(gates_of(net)) == len(row["gates"])
    assert row["bytes"] == step_bytes(net.structure, 16)
    assert row["cells"] == [cell.record() for cell in net.structure.cells]
    text = found.to_text()
    assert "final" in text
    assert f"{net.n_parameters:,}" in text


def test_an_interrupted_search_continues_with_the_same_bits(tmp_path: Path) -> None:
    """The state is that after the last round; a file of another search is refused."""
    path, data = tmp_path / "state.npz", bars(crop=1, flip=True)
    whole = search_images(data, **SMALL)

    def stop(done: int, total: int, text: str) -> None:
        if text.startswith("round 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search_images(data, checkpoint=path, progress=stop, **SMALL)
    assert path.exists()
    with pytest.raises(ModelFileError, match="belongs to another search"):
        search_images(data, checkpoint=path, **SMALL, seed=3)
    said: list[str] = []
    rest = search_images(data, checkpoint=path, progress=lambda done, total, text: said.append(text), **SMALL)
    assert same(whole, rest)
    assert said[0].startswith("round 2")
    assert not path.exists()


def test_an_l1_penalty_closes_operations_exactly() -> None:
    """A strong one closes nearly all; of each node that is read one operation stays, and the report says so."""
    strong = search_images(bars(), **SMALL, penalty_strength=50.0)
    assert sum(len(row["closed"]) for row in strong.rows) > 20
    assert sum(len(row["refused"]) for row in strong.rows) > 0
    assert "stayed, since a node that is read would have had no input" in strong.to_text()
    free = search_images(bars(), **SMALL, penalty_strength=0.0)
    assert [row["closed"] for row in free.rows] == [[], [], [], []]
    assert free.network.n_parameters > strong.network.n_parameters


def test_the_last_splits_can_close_before_the_final_training() -> None:
    """With eigenvalues one more round has no split. Published gates have none."""
    found = search_images(bars(), **SMALL, penalty_strength=2.0)
    assert [bool(row["splits"]) for row in found.rows] == [True, True, False, False]
    assert any("0" in str(row["closed"]) for row in found.rows[2:3])
    published = search_images(bars(), **SMALL, gates="published", score="random")
    assert [bool(row["splits"]) for row in published.rows] == [True, True, False]


def test_channels_come_before_the_final_training_up_to_the_parameters() -> None:
    """As many as fit, and none without the option or where there is no room."""
    plain = search_images(bars(), **SMALL)
    assert [row["channels"] for row in plain.rows] == [1, 1, 1, 1]
    limit = 4 * plain.rows[2]["parameters"]
    wide = search_images(bars(), **SMALL, parameters=limit)
    assert numbers(wide)[:3] == numbers(plain)[:3]
    net = wide.network
    assert net.structure.channels == wide.rows[-1]["channels"] > 1
    assert net.n_parameters <= limit < net.widen(net.structure.channels + 1).n_parameters
    assert search_images(bars(), **SMALL, parameters=1).network.structure.channels == 1
    bounded = search_images(bars(), **SMALL, parameters=limit, memory=plain.rows[1]["bytes"])
    assert bounded.rows[-1]["bytes"] <= plain.rows[1]["bytes"]


def test_gates_that_were_closed_go_as_published() -> None:
    """Open in less than a quarter of the batches of a round."""
    data = bars(64)
    net = ImageNetwork.initialize(1, 0, 2, image=(1, 4, 4), gates="published")
    net.groups["gates[0,0,1]"][...] = [-0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]
    step = ImageSearchOptions(gates="published", batch_size=16, learning_rate=1e-20, weight_decay=0.0).step(True)
    _, opened = train_round(net, net.problem(data, data.labels), step, 2, 0)
    assert opened.tolist() == [0.0] + [1.0] * 13
    found = search_images(data, **SMALL, published=True, train_free=FEW, learning_rate=2.0)
    assert found.network.structure.scaled_first
    assert sum(len(row["closed"]) for row in found.rows) > 0
    assert any("rounding error" in remark for remark in found.remarks)
    assert same(found, search_images(data, **SMALL, published=True, train_free=FEW, learning_rate=2.0))


def test_published_decay_is_in_the_gradient() -> None:
    """The slope of s ‖θ‖² is 2 s θ: one step of SGD from θ moves by rate · decay · θ, gates included."""
    net = ImageNetwork.initialize(1, 0, 2, image=(1, 4, 4), gates="published")
    data = bars(16)
    moved = []
    for decay in (0.0, 0.5):
        options = ImageSearchOptions(published=True, batch_size=16, learning_rate=0.1, weight_decay=decay)
        step = options.step(False, net.layout.groups)
        moved.append(train_round(net, net.problem(data, data.labels), step, 1, 0)[0].network.groups)
    for name in ("gates[0,0,1]", "kernels[stem]", "shifts[0,1]"):
        np.testing.assert_allclose(
            moved[0][name] - moved[1][name], 0.1 * 0.5 * net.groups[name], rtol=1e-3, atol=1e-7, err_msg=name
        )


def test_the_final_training_rises_to_twice_the_rate_but_not_as_published() -> None:
    plain, published = ImageSearchOptions(learning_rate=0.03), ImageSearchOptions(learning_rate=0.03, published=True)
    peaks = []
    for own, final in ((plain, False), (plain, True), (published, True)):
        step = own.step(final)
        peaks.append((step.learning_rate * float(step.rate_schedule(100).factors(0, 100).max()), step.schedule))
    assert peaks == [(0.03, "cosine"), (0.06, "one_cycle"), (0.03, "cosine")]
    assert plain.step(True).rate_schedule(100).factors(0, 1)[0] < 0.1


@pytest.mark.parametrize("score", ["slope", "random"])
def test_growth_keeps_the_function_bit_for_bit(score: str) -> None:
    """Outputs before and after all splits of a round, in training mode, so with the statistics of the batch (G6)."""
    data = bars()
    search = ImageSearch(ImageSearchOptions(**SMALL, score=score), data, data, lambda done, total, text: None)
    state = search.start()
    search.round(state)
    grown, splits = search.split(state, state.net, 1)
    assert len(splits) == 2
    assert grown.n_parameters > state.net.n_parameters
    before, after = (net.loss_and_gradients(data.images, data.labels) for net in (state.net, grown))
    assert before[0] == after[0]
    assert (before[1]["towers[1]"] == after[1]["towers[1]"]).all()
    assert (state.net.forward(data.images) == grown.forward(data.images)).all()


@pytest.mark.parametrize("score", ["slope", "ntk", "published"])
def test_the_split_with_the_best_score_is_made(score: str) -> None:
    """The steepest slope, the least mean change of the condition over the draws, or the least published choice."""
    data = bars()
    options = ImageSearchOptions(**SMALL, score=score, train_free=replace(FEW, repeats=2))
    search = ImageSearch(options, data, data, lambda done, total, text: None)
    net, seed = search.start().net, 7919
    rows = np.random.default_rng((seed, 3)).permutation(len(data))
    if score == "slope":
        found = train_free.slope_scores(net, data.images[rows[:8]], data.labels[rows[:8]], seed)
        best = {split: -value for split, value in found.items()}
    else:
        splits = train_free.splits_of(net)
        given = (net, splits, data.images[rows], options.train_free)
        draws = train_free.kernel_scores(*given, options.statistics, seed)
        best = {split: sum(values) / 2 for split, values in draws.items()}
        if score == "published":
            best = train_free.published_choice(draws, train_free.region_scores(*given, seed))
    _, made = search.split(search.start(), net, 0)
    for number, i, j in made:
        assert best[number, (i, j)] == min(value for split, value in best.items() if split[0] == number)


def test_open_and_closed_gates_become_eigenvalues_of_the_same_function() -> None:
    """The slope score sees networks with published gates so."""
    net = ImageNetwork.initialize(2, 1, 3, image=(1, 4, 4), gates="published", dtype="float64", seed=2)
    generator = np.random.default_rng(0)
    for name, values in net.groups.items():
        if name.startswith("gates"):
            values[...] = generator.choice([-0.3, 0.0, 0.4], values.shape)
    images = generator.normal(size=(5, 1, 4, 4))
    spectral = image_splits.as_spectral(net)
    np.testing.assert_allclose(spectral.forward(images), net.forward(images), rtol=1e-12)
    shared = [name for name in spectral.groups if name.startswith("eigenvalues")]
    assert {float(value) for name in shared for value in spectral.groups[name]} == {0.0, 1.0}


def test_a_restart_draws_all_numbers_anew() -> None:
    data = bars()
    for restart in (False, True):
        search = ImageSearch(ImageSearchOptions(**SMALL, restart=restart), data, data, lambda done, total, text: None)
        state = search.start()
        search.round(state)
        stem = ImageNetwork.initialize(1, 1, 2, image=(1, 4, 4), seed=1).groups["kernels[stem]"]
        assert bool((state.net.groups["kernels[stem]"] == stem).all()) is restart


def test_a_budget_of_memory_stops_splits_and_names_channels_that_fit() -> None:
    first = ImageNetwork.initialize(1, 1, 2, image=(1, 4, 4))
    need = step_bytes(first.structure, 16)
    found = search_images(bars(), **SMALL, memory=need)
    assert [row["splits"] for row in found.rows] == [[], [], [], []]
    assert all(row["bytes"] <= need for row in found.rows)
    assert "no split in cell 0: a step would need" in found.remarks[0]
    with pytest.raises(InvalidInputError, match=r"memory: the first network needs .* given: 1 channel would fit"):
        search_images(bars(), **SMALL | {"channels": 8}, memory=need)
    with pytest.raises(InvalidInputError, match="a smaller batch_size or smaller images may fit"):
        search_images(bars(), **SMALL, memory="1 KB")


def test_a_budget_of_time_ends_the_rounds() -> None:
    found = search_images(bars(), **SMALL | {"rounds": 50, "final_epochs": 7}, time=1e-6)
    assert [row["final"] for row in found.rows] == [False, False, True]
    assert found.rows[-1]["epochs"] == 1
    first, second, third = found.remarks
    assert "ended the search after 1 round with splits" in first
    assert "leaves 1 of 7 epochs for the final training" in second
    assert third.endswith("s, and the budget was 1e-06 s")
    assert search_images(bars(), **SMALL, time="1h").remarks == ()


def test_short_time_leaves_a_round_in_which_splits_can_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds a training and eight a budget of 35: two rounds fit, and the splits of both get a penalty."""
    ticking(monkeypatch, lambda clock, images: 10.0)
    found = search_images(bars(), **SMALL | {"rounds": 9}, time=60)
    splits = [bool(row["splits"]) for row in found.rows]
    assert splits[-2:] == [False, False]
    assert splits[0]
    assert found.rows[-1]["final"]
    assert f"ended the search after {sum(splits)} round" in found.remarks[0]


def test_the_last_split_that_time_leaves_out_leaves_no_round_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds a training: before the second round 50 are too few, and what closes then needs no further round."""
    ticking(monkeypatch, lambda clock, images: 10.0)
    found = search_images(bars(), **SMALL, time=50)
    assert [(bool(row["splits"]), row["final"]) for row in found.rows] == [(True, False), (False, False), (False, True)]
    assert "ended the search after 1 round with splits" in found.remarks[0]


@pytest.mark.parametrize(("time", "given"), [(0.5, True), (0.5, False), ("1h", True)])
def test_progress_ends_at_its_total(time: float | str, given: bool) -> None:
    """With a budget below a second, and with one that is not used."""
    said: list[tuple[int, int]] = []
    own = {name: value for name, value in SMALL.items() if given or "epochs" not in name}
    tell = lines("a search")

    def heard(done: int, total: int, text: str) -> None:
        said.append((done, total))
        tell(done, total, text)

    search_images(bars(), **own, time=time, progress=heard)
    assert said[-1][0] == said[-1][1] > 0
    assert [done for done, _ in said] == sorted(done for done, _ in said)


def test_a_round_may_see_a_share_of_the_images() -> None:
    """Whole batches of different images, drawn anew in each round; a share of 1 is not less than an epoch."""
    data = bars()
    search = ImageSearch(ImageSearchOptions(**SMALL | {"epochs": 0.4}), data, data, lambda done, total, text: None)
    draws = [search._seen(0.4, turn) for turn in (0, 1)]
    assert [(len(seen), epochs) for seen, epochs in draws] == [(16, 1), (16, 1)]
    assert (draws[0][0].images != draws[1][0].images).any()
    assert len(np.unique(draws[0][0].images, axis=0)) == 16
    assert [len(search._seen(share, 0)[0]) for share in (0.001, 0.6, 0.999)] == [16, 32, 48]
    assert search._seen(2, 0)[0] is data
    found = search_images(data, **SMALL | {"epochs": 0.5, "final_epochs": 2})
    assert [row["epochs"] for row in found.rows] == [16 / 43, 16 / 43, 16 / 43, 2]
    assert same(found, search_images(data, **SMALL | {"epochs": 0.5, "final_epochs": 2}))


def test_rounds_are_as_long_as_the_time_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training takes 0.01 s an image: the rounds get a tenth of the time and the final training what is left."""
    ticking(monkeypatch, lambda clock, images: 0.01 * images)
    monkeypatch.setattr(image_time, "STEPS", 1)
    own = {name: value for name, value in SMALL.items() if name not in ("epochs", "final_epochs")}
    data = bars(480)
    said: list[tuple[int, int]] = []
    found = search_images(data, **own, time=20.0, progress=lambda done, total, text: said.append((done, total)))
    epoch = 0.01 * 432
    share = 0.1 * 20 / 2 / epoch  # three trainings, of which two count half
    assert [row["epochs"] for row in found.rows[:-1]] == [round(share * 432 / 16) * 16 / 432] * 3
    rounds = sum(row["seconds"] for row in found.rows[:-1])
    assert rounds <= 0.3 * 20  # later rounds take as long as the first here, and some batches are timed
    assert found.rows[-1]["final"]
    assert found.rows[-1]["epochs"] > 1
    assert sum(row["seconds"] for row in found.rows) <= 20
    assert {total for _, total in said} == {20}
    assert [done for done, _ in said] == sorted(done for done, _ in said)
    assert said[-1] == (20, 20)


def test_operations_may_have_more_parameters_than_channels_are_added_up_to() -> None:
    found = search_images(bars(), **SMALL, parameters=10)
    assert found.remarks == (
        f"the operations that stayed have {found.network.n_parameters:,} parameters, more than the 10 up to which channels are added",
    )


def test_a_new_node_lies_before_its_receiver() -> None:
    """No two nodes behind the inputs lie in one place, and no old one moves."""
    state = SearchState.first(ImageNetwork.initialize(1, 1, 2, image=(1, 4, 4)))
    assert state.nodes == [[[0, 0], [0.5, 0], [1, 0]], [[0, 0], [0, 0], [0.5, 0], [1, 0]]]
    state.born(0, (1, 2), 1)
    assert state.nodes[0] == [[0, 0], [0.5, 0], [0.75, 1], [1, 0]]
    state.born(0, (0, 2), 2)
    assert state.nodes[0] == [[0, 0], [0.5, 0], [0.625, 2], [0.75, 1], [1, 0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": -1}, "rounds must be"),
        ({"parameters": 0}, "parameters must be"),
        ({"score": "best"}, "score must be one of slope, ntk, published, random"),
        ({"gates": "open"}, "gates must be one of"),
        ({"memory": "much"}, "memory must be a number with a unit"),
        ({"reductions": 3}, "4 rows allow 2 reductions, 3 asked"),
        ({"learning_rate": -1.0}, "learning_rate must be more than 0; got -1.0"),
        ({"learning_rate": "fast"}, "learning_rate must be a number; got 'fast'"),
        ({"train_free": {"samples": 8}}, r"train_free must be a TrainFree; got \{'samples': 8\}"),
        (
            {"published": True, "score": "slope"},
            "published makes all choices of the authors, score published among them",
        ),
        ({"published": True, "gates": "spectral"}, "gates published among them; got gates spectral"),
        ({"published": True, "restart": False}, "restart True among them; got restart False"),
        (
            {"gates": "published", "penalty_strength": 1.0},
            "penalty_strength closes eigenvalues, and published gates have",
        ),
        ({"statistics": "batch"}, "statistics belong to the scores ntk and published; got batch with slope"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
        ({"epochs": 0.0}, "epochs must be a whole number of at least 1, or a share of the images below 1; got 0.0"),
        ({"epochs": 1.5}, "epochs must be a whole number of at least 1, or a share of the images below 1; got 1.5"),
        ({"epochs": float("nan")}, "epochs must be finite"),
        (
            {"epochs": np.float32(1.5)},
            "epochs must be a whole number of at least 1, or a share of the images below 1; got 1.5",
        ),
        ({"epochs": True}, "epochs must be a whole number"),
        ({"final_epochs": 0}, "final_epochs must be a whole number of at least 1; got 0"),
        ({"colour": 1}, "search_images has no option 'colour'; it has channels, reductions"),
    ],
)
def test_what_breaks_a_rule_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        search_images(bars(), **SMALL | options)


def test_data_must_be_images() -> None:
    with pytest.raises(InvalidInputError, match="data must be the images of load_images; got ndarray"):
        search_images(np.zeros((4, 1, 4, 4)))  # type: ignore[arg-type]
    other = load_images((np.zeros((4, 8, 8)), [0, 1, 0, 1]))
    with pytest.raises(InvalidInputError, match="validation_data must be images like the training images"):
        search_images(bars(), validation_data=other, **SMALL)


def test_a_last_batch_of_one_image_is_refused_before_the_first_round() -> None:
    """Its last planes of one pixel give a batch norm one value of a channel."""
    data = bars(33)
    for options in ({}, {"rounds": 0}):
        with pytest.raises(InvalidInputError, match=r"the last batch of an epoch has one image.*another batch_size"):
            search_images(data, validation_data=data, **SMALL | {"reductions": 2} | options)
    net = ImageNetwork.initialize(1, 2, 2, image=(1, 4, 4))
    step = ImageSearchOptions(batch_size=16).step(True)
    with pytest.raises(InvalidInputError, match="the last batch of an epoch has one image"):
        train_round(net, net.problem(data, data.labels), step, 1, 0)


def test_scores_without_training_are_refused_before_the_first_round() -> None:
    """Too few images for the batches of the kernel, or images smaller than the crops of the regions."""
    said: list[str] = []

    def refused(data: ImageData, message: str, **options: Any) -> None:
        with pytest.raises(InvalidInputError, match=message):
            search_images(data, progress=lambda done, total, text: said.append(text), **SMALL | options)

    for score in ("ntk", "published"):
        refused(
            bars(100), r"score \w+ needs 192 training images, 3 batches of 64 \(train_free\); there are 90", score=score
        )
    small = replace(bars(), images=bars().images[:, :, :2, :2].copy())
    own = {"published": True, "train_free": FEW}
    refused(small, "counts linear regions on 4×4 pixels; the images have 2×2", **own)
    refused(small, "counts linear regions on 3×3 pixels; the images have 2×2", reductions=0, **own)
    assert said == []


def test_equal_images_leave_the_kernel_score_no_choice_and_the_report_says_so() -> None:
    """Two equal images make every condition infinite."""
    data = bars(48)
    same_images = replace(data, images=np.repeat(data.images[:1], 48, axis=0))
    found = search_images(same_images, **SMALL | {"score": "ntk", "train_free": FEW, "rounds": 1})
    assert "does not tell the edges of cell 0 apart, for the tangent kernel is singular" in found.remarks[0]
    assert [tuple(split) for split in found.rows[0]["splits"]] == [(0, 0, 1), (1, 0, 2)]


def test_the_published_score_has_the_published_statistics() -> None:
    for given, wanted in (
        ({"score": "published"}, "published"), ({"score": "published", "statistics": "frozen"}, "frozen"),
        ({"score": "ntk"}, "frozen"),
    ):  # fmt: skip
        assert ImageSearchOptions.of(given).statistics == wanted


def test_compilation_is_no_time_of_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first training compiles for 100 seconds here; the others take one. A budget of 60 leaves all rounds.

    Some batches are timed twice before the second round, for it and the final training, and once before that.
    """
    ticking(monkeypatch, lambda clock, images: 100.0 if clock == 0 else 1.0)
    found = search_images(bars(), **SMALL, time=60)
    assert [row["final"] for row in found.rows] == [False, False, False, True]
    assert [row["seconds"] for row in found.rows] == [1.0, 3.0, 1.0, 2.0]
    assert found.remarks == ()
    assert numbers(found) == numbers(search_images(bars(), **SMALL))


def test_the_report_says_what_the_slope_score_takes() -> None:
    """All splits at once on more images than a batch take more than a step; a budget of memory bounds the score."""
    options = SMALL | {"batch_size": 4, "score_images": 40, "rounds": 1}
    found = search_images(bars(), **options)
    taken, step = found.rows[0]["score_bytes"], found.rows[-1]["bytes"]
    assert taken > step
    assert f"the slope score, which sees all splits at once, took {sized(taken)}" in found.to_text()
    bounded = search_images(bars(), **options, memory=taken // 2)
    assert bounded.rows[0]["score_bytes"] <= taken // 2
    assert search_images(bars(), **options, score="random").rows[0]["score_bytes"] == 0
