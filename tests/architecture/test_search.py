"""The search: what it finds, what it reports, what it refuses. Predictors with it."""

import json
import math
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from spectral_core import InvalidInputError, ModelFileError, Predictor, SpectralNetwork, search, train
from spectral_core.architecture.candidates import Candidate
from spectral_core.architecture.search import PUBLISHED
from spectral_core.architecture.selection import simplest
from spectral_core.architecture.validation import ValidationLoss
from spectral_core.data.datasets import load, sparcs
from spectral_core.data.preparation import prepare
from spectral_core.data.scaling import Scaling
from spectral_core.data.splitting import train_test_split
from spectral_core.networks.paths import path_norms
from spectral_core.networks.predictor import load_any
from spectral_core.resizing.trimming import Tolerance
from spectral_core.training.results import History

QUICK = {"hidden": (20,), "epochs": 30, "eigenvector_penalties": (0.0,), "strategy": "seed"}


def linear_data(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal([5, -100, 0.01], [2, 30, 0.001], (rows, 3))
    return x, 3 * x[:, 0] - 0.1 * x[:, 1] + 500 * x[:, 2] + 7


def test_a_linear_task_keeps_no_hidden_neuron():
    found = search(*linear_data(), hidden=(30, 10), epochs=200, learning_rate=1e-2, seed=1)
    assert found.compact.live[1:3] == (0, 0)
    assert [(b.receiver, b.sender) for b in found.report.blocks] == [(4, 1)]
    assert found.report.validation_score_after > 0.999


@pytest.mark.parametrize(("alpha", "hidden_live"), [(0.0, False), (1.0, True)])
def test_the_published_experiment_switches_the_hidden_layer_on_only_where_it_is_needed(alpha, hidden_live):
    data = load("sparcs", alpha=alpha, beta=5.0)
    found = search(data.x, data.y, validation_data=(data.fresh.x, data.fresh.y), **PUBLISHED)
    assert (found.compact.live[1] > 0) == hidden_live
    fresh = sparcs(alpha, 5.0, seed=99)
    assert found.compact_predictor.score(fresh.x, fresh.y) > 0.999


def test_digits_are_classified_and_the_network_shrinks():
    training, test = train_test_split(load("digits"), 0.3, 0)
    found = search(training.x, training.y, task="classification", seed=0)
    point = found.curve[found.curve.chosen]
    assert (point.weights, point.biases) == (found.report.weights, found.report.biases)
    assert point.weights + point.biases == found.compact.n_weights < 5000
    # The README's figure is 0.97 or more; a bound with room, since another processor rounds otherwise.
    assert found.compact_predictor.score(test.x, test.y) > 0.955
    # Every size of the curve has its network.
    for one, predictor in zip(found.curve, found.at_sizes, strict=True):
        assert predictor.network.n_weights == one.weights + one.biases
    assert found.at(weights=150).network.n_weights <= 150 + 110
    assert found.at(weights=150).score(test.x, test.y) > 0.9
    # The peer of the same data in one line each: nearest class mean, 0.89 or so.
    means = np.array([training.x[training.y == c].mean(0) for c in range(10)])
    nearest = np.square(test.x[:, None] - means).sum(2).argmin(1)
    assert found.compact_predictor.score(test.x, test.y) > (nearest == test.y).mean()


def test_predictions_come_in_the_units_of_the_data():
    x, y = linear_data()
    found = search(x, y, hidden=(), epochs=300, learning_rate=1e-2, batch_size=20)
    np.testing.assert_allclose(found.predict(x), y, atol=0.05 * y.std())
    labels = np.where(y > y.mean(), "high", "low")
    classes = search(x, labels, **QUICK)
    assert set(classes.predict(x)) == {"high", "low"}
    probabilities = classes.predictor.predict_proba(x)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert np.array_equal(np.array(["high", "low"])[probabilities.argmax(axis=1)], classes.predictor.predict(x))
    with pytest.raises(InvalidInputError, match="predict_proba needs a classification model"):
        found.predictor.predict_proba(x)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    x, y = linear_data()
    first, second, other = (search(x, y, seed=seed, **QUICK) for seed in (3, 3, 4))
    assert np.array_equal(first.network.parameters, second.network.parameters)
    assert first.compact.blocks.keys() == second.compact.blocks.keys()
    assert not np.array_equal(first.network.parameters, other.network.parameters)


def test_several_outputs_and_constant_columns():
    x, y = linear_data()
    x = np.c_[x, np.full(len(x), 4.2)]
    found = search(x, np.c_[y, -y, y**2], **QUICK)
    assert found.predict(x).shape == (len(x), 3)
    assert np.isfinite(found.predict(x)).all()


def test_results_are_saved_whole_and_load_again(tmp_path):
    x, y = linear_data()
    found = search(x, y, name="linear", feature_names=("a", "b", "c"), target_names=("t",), **QUICK)
    found.save(tmp_path / "out")
    found.plot(tmp_path / "out" / "network.png")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "model.npz", "compact.npz", "report.json", "report.txt", "history.json", "network.png",
    }  # fmt: skip
    for name, predictor in (("model", found.predictor), ("compact", found.compact_predictor)):
        again = Predictor.load(tmp_path / "out" / f"{name}.npz")
        assert np.array_equal(again.predict(x), predictor.predict(x))
        assert again.feature_names == ("a", "b", "c")
        network, around = load_any(tmp_path / "out" / f"{name}.npz")
        assert around is not None
        assert network.n_parameters == predictor.network.n_parameters
    assert np.array_equal(pickle.loads(pickle.dumps(found.predictor)).predict(x), found.predictor.predict(x))
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["compact_parameters"] == found.compact.n_parameters
    assert report["live"] == list(found.compact.live)


@pytest.mark.parametrize("cut", [0, 1, 100, -1, -100])
def test_a_truncated_model_is_named_as_such(tmp_path, cut):
    found = search(*linear_data(), **QUICK)
    found.predictor.save(tmp_path / "m.npz")
    (tmp_path / "m.npz").write_bytes((tmp_path / "m.npz").read_bytes()[:cut])
    with pytest.raises(ModelFileError, match=r"m\.npz is not a readable model file"):
        Predictor.load(tmp_path / "m.npz")


def test_an_interrupted_search_continues_with_the_same_bits(tmp_path):
    x, y = linear_data()
    options = {"hidden": (20,), "epochs": 12, "eigenvector_penalties": (0.0, 1e-3, 1e-2), "seed": 5, "strategy": "seed"}
    undisturbed = search(x, y, **options)

    def interrupt(done, total, text):
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(x, y, checkpoint=tmp_path / "state", progress=interrupt, **options)
    assert {p.name for p in tmp_path.iterdir()} == {"state.0", "state.1"}
    seen = []
    resumed = search(x, y, checkpoint=tmp_path / "state", progress=lambda *what: seen.append(what[0]), **options)
    assert np.array_equal(resumed.network.parameters, undisturbed.network.parameters)
    assert resumed.history == undisturbed.history
    assert [done for done in seen if done % 12] == [*range(20, 24), *range(25, 36)], "only what was missing is trained"
    assert not list(tmp_path.iterdir())


def test_progress_runs_to_the_end():
    seen = []
    search(*linear_data(), progress=lambda done, total, text: seen.append((done, total)), **QUICK)
    assert seen == sorted(seen)
    assert seen[-1] == (30, 30)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.zeros(300, int)}, "at least two classes; all 300 labels are 0"),
        ({"y": np.zeros(7)}, "equally many rows; got 300 and 7"),
        ({"activation": "sigmoid"}, r"f\(0\) = 0"),
        ({"tolerance": -1}, "tolerance must be at least 0; got -1"),
        ({"task": "ranking"}, "task must be one of auto, regression, classification, multilabel; got 'ranking'"),
        ({"hidden": (0,)}, r"hidden\[0\] must be a whole number of at least 1; got 0"),
        ({"validation_fraction": 0.0}, "validation_fraction must be more than 0"),
        ({"eigenvector_penalties": ()}, "at least one strength"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1"),
        ({"keep": "best"}, "keep must be one of simplest, last; got 'best'"),
        ({"hidden": 2.5}, "hidden must be a sequence; got 2.5"),
        ({"eigenvector_penalties": 0.1}, "eigenvector_penalties must be a sequence"),
        ({"seed": "a"}, "seed must be a whole number"),
        ({"y": np.full(300, 2.5)}, "targets that vary; all of column 0 of y are 2.5"),
        ({"y": np.zeros(300, complex)}, "y must hold numbers or labels; got complex128"),
        ({"y": np.array([None, "a"] * 150, object)}, "labels of one kind, text or numbers; got NoneType, str"),
        ({"y": np.array([b"a", b"b"] * 150)}, "y must hold numbers or labels"),
        (
            {"X": 1.7e308 * np.sign(np.arange(300) - 9.5)[:, None] * np.ones(3)},
            "X column 0 is too large to be standardised",
        ),
        ({"validation_data": (np.ones((3, 2)), np.ones(3))}, r"validation X must have 3 feature column\(s\)"),
    ],
)
def test_wrong_requests_name_the_rule_and_the_value(change, message):
    x, y = linear_data()
    arguments = {"X": x, "y": y, **QUICK, **change}
    with pytest.raises(InvalidInputError, match=message):
        search(**arguments)


def test_a_nan_is_named_with_its_place():
    x, y = linear_data()
    x[17, 2] = np.nan
    with pytest.raises(InvalidInputError, match=r"X\[17, 2\] is nan"):
        search(x, y, **QUICK)


def test_validation_labels_must_be_known():
    x, y = linear_data()
    labels = np.where(y > y.mean(), "b", "a")
    with pytest.raises(InvalidInputError, match="not among the classes: 'c'"):
        search(x, labels, validation_data=(x[:2], np.array(["a", "c"])), **QUICK)


def test_scaling_is_undone_and_a_constant_column_keeps_its_value():
    columns = np.c_[np.arange(5.0), np.full(5, 0.1)]
    scaling = Scaling.fit(columns, "X")
    scaled = scaling.transform(columns)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-15)
    assert scaled[:, 0].std() == pytest.approx(1)
    assert not scaled[:, 1].any()
    assert not scaling.transform(columns + np.array([0, 1e6]))[:, 1].any()
    np.testing.assert_allclose(scaling.inverse_transform(scaled), columns)


@pytest.mark.parametrize("scale", [1e-170, 1e-13, 1.0, 1e13, 1e170])
def test_the_units_of_the_data_do_not_matter(scale):
    """Scores agree to rounding when features and targets are measured in other units."""
    x, y = linear_data()
    found = search(x * scale, y / scale, **QUICK)
    reference = search(x, y, **QUICK)
    assert found.compact_predictor.score(x * scale, y / scale) == pytest.approx(
        reference.compact_predictor.score(x, y), abs=2e-3
    )


def test_scores_want_what_predictions_are():
    x, y = linear_data()
    found = search(x, y, **QUICK).predictor
    assert found.score(x, y) == found.score(x, y[:, None]) > 0.5
    assert np.isnan(found.score(x, np.ones(len(x)))), "R² is not defined on targets that do not vary"
    with pytest.raises(InvalidInputError, match="y must have the shape of the predictions"):
        found.score(x, y[:5])
    labels = np.where(y > y.mean(), "high", "low")
    classifier = search(x, labels, **QUICK).predictor
    assert classifier.score(x, labels) == np.mean(classifier.predict(x) == labels) > 0.8
    with pytest.raises(InvalidInputError, match="not among the classes: 'middle'"):
        classifier.score(x[:1], ["middle"])


def test_a_prediction_out_of_range_is_an_error_and_not_infinity():
    x, y = linear_data()
    found = search(x, y, **QUICK)
    with pytest.raises(InvalidInputError, match=r"too large for float32|is not finite"):
        found.predict(np.full((1, 3), 1e300))


def test_undefined_scores_are_null_in_json_and_a_dash_in_text():
    report = search(*linear_data(), **QUICK).report.with_test_scores(1, float("nan"), float("-inf"))
    assert json.loads(report.to_json(), parse_constant=pytest.fail)["test_score_after"] is None
    assert "test         -            -" in report.to_text()


def test_the_norms_of_the_report_are_those_of_its_blocks():
    found = search(*linear_data(), **QUICK)
    norms = [math.sqrt(sum(w * w for w in block.ravel().tolist())) for block in found.compact.blocks.values()]
    np.testing.assert_allclose([block.norm for block in found.report.blocks], norms, rtol=1e-5)
    assert [block.present for block in found.report.blocks] == [
        np.count_nonzero(b) for b in found.compact.blocks.values()
    ]


@pytest.mark.parametrize("options", [{"sizes": (3, 8)}, {"strategy": "seed", "tolerance": 1.5}])
def test_the_report_has_path_norms_before_and_after(options):
    """‖Γ‖ through the hidden layer, of the trained network and of the chosen one."""
    x = np.random.default_rng(0).uniform(-1, 1, (80, 2))
    found = search(x, np.abs(x[:, 0]), hidden=(6,), epochs=60, **options)
    before, after = (
        np.linalg.norm(np.einsum("kh,hi->khi", blocks[3, 2], blocks[2, 1]))
        for blocks in (found.trained.transfer_blocks(), found.compact.blocks)
    )
    assert found.report.path_norms_before == pytest.approx([before], rel=1e-4)
    assert found.report.path_norms_after == pytest.approx([after], rel=1e-4)
    assert before != pytest.approx(after, rel=1e-3)


def test_the_mean_eigenvalue_of_the_report():
    found = search(*linear_data(), **QUICK)
    values = [abs(value) for layer in found.network.eigenvalues[:-1] for value in layer.tolist()]
    assert found.report.mean_abs_eigenvalue == pytest.approx(sum(values) / len(values), rel=1e-6)


def test_test_scores_come_into_a_new_report():
    x, y = linear_data()
    found = search(x, y, **QUICK)
    scored = found.with_test_scores(x, y, {"name": "peer", "score": 0.5})
    assert (scored.report.test_samples, scored.report.peer["name"]) == (len(x), "peer")
    assert scored.report.test_score_after == found.compact_predictor.score(x, y)
    assert (found.report.test_samples, found.report.peer) == (0, {})
    with pytest.raises(FrozenInstanceError):
        found.report.seed = 1


def test_a_smaller_network_beyond_one_standard_error_is_not_kept():
    """Of a fitting network, a smaller one within chance of it, and a still smaller poor one, the second is taken."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    y = x @ [1.0, 2.0] + 0.5 * rng.normal(size=400)
    data = prepare(x, y, "regression", None, 0.3, False, 0)

    def candidate(outgoing):
        blocks = {(2, 1): np.eye(3, 2), (3, 2): np.array([outgoing]), (3, 1): np.array([[1.0, 2.0]])}
        net = SpectralNetwork(blocks=blocks, parametrization="direct")
        return Candidate(0.0, 1, net, ValidationLoss(data, net)(net), History())

    good, smaller = candidate([1e-3, 1e-3, 0.0]), candidate([0.0, 0.0, 0.0])
    poor = replace(smaller, network=smaller.network.with_parameters(0 * smaller.network.parameters))
    loss = ValidationLoss(data, poor.network)
    poor = replace(poor, loss=loss(poor.network))
    reach = min(good.loss, smaller.loss) + data.standard_error(min(good, smaller, key=lambda c: c.loss).network)
    assert max(good.loss, smaller.loss) <= reach < poor.loss
    chosen, trimmed = simplest([good, smaller, poor], data, loss, Tolerance(0.0))
    assert chosen.loss <= reach
    assert trimmed.compact.n_parameters == 2


def test_scaling_follows_the_training_part_alone():
    x, y = linear_data()
    data = prepare(x, y, "auto", None, 0.3, True, 0)
    np.testing.assert_allclose(data.x.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(data.x.std(axis=0), 1, rtol=1e-9)
    np.testing.assert_allclose((data.y.mean(), data.y.std()), (0, 1), atol=1e-9)
    assert abs(data.x_valid.mean()) > 1e-6


def test_the_rows_of_both_parts_are_kept():
    x, y = linear_data()
    for target in (y, np.where(y > y.mean(), "b", "a")):
        data = prepare(x, target, "auto", None, 0.3, True, 0)
        assert sorted([*data.training_rows, *data.validation_rows]) == list(range(300))
        assert np.array_equal(data.inputs.transform(x[data.training_rows]), data.x)
        assert np.array_equal(data.validation[0], x[data.validation_rows])
    apart = prepare(x, y, "auto", (x[:5], y[:5]), 0.3, True, 0)
    assert (len(apart.training_rows), len(apart.validation_rows)) == (300, 0)


def test_the_simplest_network_within_one_standard_error_is_kept():
    x, y = linear_data()
    noisy = y + np.random.default_rng(1).normal(size=len(y)) * y.std()
    found = search(x, noisy, hidden=(20,), epochs=60, seed=2, strategy="seed")
    losses = [candidate["validation_loss"] for candidate in found.report.candidates]
    assert len(losses) > 4, "the best and the last epochs of four trainings"
    assert found.report.validation_loss_before <= min(losses) * 2
    last = search(x, noisy, hidden=(20,), epochs=60, seed=2, strategy="seed", keep="last")
    assert all(candidate["epoch"] > 54 for candidate in last.report.candidates)
    assert len(last.report.candidates) == 4


@pytest.mark.parametrize(("alpha", "reference"), [(0.0, 6.40793e-05), (1.0, 0.378621)])
def test_the_path_norm_agrees_with_the_published_implementation(alpha, reference):
    """‖Γ‖ of the authors' own run (β = 5, one seed) lies inside the spread of ours, on a logarithmic scale."""
    norms = []
    for seed in range(6):
        data = sparcs(alpha, 5.0, seed=seed)
        net = SpectralNetwork.initialize([2, 300, 1], seed=seed)
        net = train(net, data.x, data.y, epochs=300, batch_size=100, penalty_strength=1e-4, seed=seed).network
        norms.append(path_norms(net.transfer_blocks(), net.widths)[0])
    logarithms = np.log(norms)
    assert abs(np.log(reference) - logarithms.mean()) <= 2.5 * logarithms.std(ddof=1)


def test_a_model_saved_without_names_predicts_from_files(tmp_path):
    from spectral_core.cli.program import main

    x, y = linear_data()
    found = search(x, y, **QUICK)
    assert found.predictor.feature_names == ("x1", "x2", "x3")
    found.save(tmp_path)
    np.savez(tmp_path / "new.npz", X=x, y=y)
    assert (
        main(["predict", str(tmp_path / "model.npz"), str(tmp_path / "new.npz"), "--out", str(tmp_path / "p.csv")]) == 0
    )
    assert np.loadtxt(tmp_path / "p.csv", skiprows=1).tolist() == found.predictor.predict(x).tolist()


@pytest.mark.parametrize("names", ["abc", ("a",), ("a", "a", "b"), ("a", "b", 3)])
def test_names_must_fit_the_columns(names):
    with pytest.raises(InvalidInputError, match="feature_names must"):
        search(*linear_data(), feature_names=names, **QUICK)


def test_the_standard_error_is_that_of_the_mean_and_does_not_depend_on_the_order_of_rows():
    x, y = linear_data()
    for target, loss in ((y, "squared_error"), (np.where(y > y.mean(), "b", "a"), "cross_entropy")):
        data = prepare(x, target, "auto", None, 0.3, True, 0)
        net = SpectralNetwork.initialize([3, 4, data.n_outputs], dtype="float64", seed=1)
        losses = [net.loss(data.x_valid[i : i + 1], data.y_valid[i : i + 1], loss) for i in range(len(data.x_valid))]
        assert ValidationLoss(data, net)(net) == net.loss(data.x_valid, data.y_valid, loss)
        assert ValidationLoss(data, net)(net) == pytest.approx(np.mean(losses), rel=1e-12)
        assert data.standard_error(net) == pytest.approx(np.std(losses, ddof=1) / np.sqrt(len(losses)), rel=1e-12)
        back = replace(data, x_valid=data.x_valid[::-1], y_valid=data.y_valid[::-1])
        assert back.standard_error(net) == pytest.approx(data.standard_error(net), rel=1e-12)


def test_labels_are_text_or_whole_numbers_from_python_as_from_files():
    x, y = linear_data()
    with pytest.raises(InvalidInputError, match=r"needs text or whole numbers; y\[0\] is 0.5"):
        search(x, [0.5, 1.5] * 150, task="classification", **QUICK)
    assert search(x, [0.0, 1.0] * 150, **QUICK).predictor.classes == (0, 1)
    assert search(x, np.array([3, 7] * 150, object), **QUICK).predictor.classes == (3, 7)
    assert search(x, y.astype(object), **QUICK).report.task == "regression"
    with pytest.raises(InvalidInputError, match="standardize must be True or False; got 'no'"):
        search(x, y, standardize="no", **QUICK)
    assert json.loads(search(x, y, standardize=np.True_, **QUICK).report.to_json())["standardized"] is True


def test_probabilities_are_the_softmax():
    x, y = linear_data()
    predictor = search(x, np.where(y > y.mean(), "high", "low"), **QUICK).predictor
    powers = [[math.exp(value) for value in row] for row in predictor.raw(x[:20]).astype(float).tolist()]
    truth = [[value / sum(row) for value in row] for row in powers]
    np.testing.assert_allclose(predictor.predict_proba(x[:20]), truth, rtol=1e-5)


def test_the_constant_loss_is_that_of_the_best_constant():
    x, y = linear_data()
    data = prepare(x, y, "regression", None, 0.2, True, 0)
    losses = [float(np.mean((data.y_valid - data.y.mean() - shift) ** 2)) for shift in (-0.5, 0, 0.5)]
    assert data.constant_loss() == pytest.approx(losses[1], rel=1e-12)
    labels = np.array([0] * 30 + [1] * 10)
    classes = prepare(np.arange(40.0)[:, None], labels, "classification", None, 0.2, True, 0)
    shares = [(np.sum(classes.y == label) + 1) / (len(classes.y) + 2) for label in (0, 1)]
    truth = -np.mean([math.log(shares[label]) for label in classes.y_valid])
    assert classes.constant_loss() == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize("strategy", ["seed", "grow"])
def test_a_feature_that_does_not_vary_in_training_has_no_weight(strategy):
    """Beside a feature that varies: no weight in either network, no influence on predictions, and the report names it."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2))
    y = np.abs(x[:, 0]) + x[:, 1]
    constant = np.hstack([x[:, :1], np.full((120, 1), 5.0), x[:, 1:]])
    other = constant + np.array([0, 1e6, 0])
    names = ("a", "b", "c")
    found = search(
        constant, y, validation_data=(other, y), hidden=(6,), epochs=40, eigenvector_penalties=(0.0,), strategy=strategy,
        feature_names=names,
    )  # fmt: skip
    for predictor in (found.predictor, found.compact_predictor):
        assert np.array_equal(predictor.predict(other), predictor.predict(constant))
    assert 1 not in found.compact.neurons[0]
    assert all(not block[:, 1].any() for (_, j), block in found.network.transfer_blocks().items() if j == 1)
    assert found.report.constant_features == ["b"]
    assert "no weight, since they do not vary in the training part: b\n" in found.report.to_text()
    assert found.report.validation_score_before > 0.5
    without = search(
        x, y, validation_data=(x, y), hidden=(6,), epochs=2, eigenvector_penalties=(0.0,), strategy=strategy
    )
    assert "no weight" not in without.report.to_text()
