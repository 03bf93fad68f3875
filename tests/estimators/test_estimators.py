"""What the estimators have beyond scikit-learn's MLP."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GridSearchCV

from spectral_core import (
    InvalidInputError,
    Predictor,
    SpectralClassifier,
    SpectralNetwork,
    SpectralRegressor,
    prune,
    train,
)
from spectral_core.backends import cpu
from spectral_core.estimators import plain
from spectral_core.estimators.objective import FitData
from spectral_core.estimators.searching import unique_rows
from spectral_core.resizing.predicting import PrunedPredictor
from spectral_core.resizing.request import AMOUNTS
from spectral_core.training.schedules import RateSchedule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
X, y = load_iris(return_X_y=True)
GIVEN: dict[str, Any] = {"search": False, "hidden_layer_sizes": 8, "solver": "lbfgs", "max_iter": 60, "random_state": 0}
FOUND: dict[str, Any] = {"hidden_layer_sizes": 4, "max_iter": 20, "search_options": {"sizes": (8,)}, "random_state": 0}


def forward(model: Any, x: np.ndarray) -> np.ndarray:
    """z_K from coefs_, intercepts_ and skip_coefs_ alone, for relu."""
    values = [x]
    for i, (weights, biases) in enumerate(zip(model.coefs_, model.intercepts_, strict=True), 2):
        z = values[-1] @ weights + biases
        z = z + sum(values[k - 1] @ block for (j, k), block in model.skip_coefs_.items() if j == i)
        values.append(np.maximum(z, 0))
    return z


@pytest.mark.parametrize(
    "options",
    [
        GIVEN,
        FOUND,
        GIVEN | {"parametrization": "global"},
        GIVEN | {"skip_connections": True, "hidden_layer_sizes": (6, 4)},
    ],
)
def test_the_weights_are_those_of_the_predictions_in_the_units_of_the_data(options: dict[str, Any]) -> None:
    model = SpectralClassifier(**options).fit(X, y)
    assert np.allclose(forward(model, X), model.decision_function(X), atol=1e-4)
    target = 50 + 3 * X[:, 0] * X[:, 1]
    fitted = SpectralRegressor(**options).fit(X, target)
    assert np.allclose(forward(fitted, X)[:, 0], fitted.predict(X), atol=1e-3)


@pytest.mark.parametrize("options", [GIVEN, FOUND, GIVEN | {"skip_connections": True, "hidden_layer_sizes": (3, 2)}])
def test_importances_are_shares_and_a_feature_without_weights_has_none(options: dict[str, Any]) -> None:
    rows = np.column_stack([RNG.normal(size=(80, 2)), np.full(80, 2.0)])
    model = SpectralRegressor(**options).fit(rows, 5 * rows[:, 0] + 0.1 * rows[:, 1])
    shares = model.feature_importances_
    assert shares.shape == (3,)
    assert shares.min() >= 0
    assert shares.sum() == pytest.approx(1)
    assert shares[0] > 2 * shares[1]
    if options is FOUND:
        assert shares[2] == 0, "a feature that does not vary has no weight after a search"
    elif not options.get("skip_connections"):
        first, last = model.coefs_
        scores = [sum((a * b) ** 2 for a, b in zip(row, last[:, 0], strict=True)) ** 0.5 for row in first]
        assert shares == pytest.approx(np.array(scores) / sum(scores))
    chosen = SelectFromModel(model, prefit=True, threshold=0.5).transform(rows)
    assert chosen.tolist() == rows[:, :1].tolist()


def test_a_network_without_weights_gives_every_feature_the_importance_zero() -> None:
    model = SpectralRegressor(**GIVEN).fit(X, y)
    model.network_ = model.network_.with_parameters(np.zeros_like(model.network_.parameters))
    assert model.feature_importances_.tolist() == [0, 0, 0, 0]


def test_own_validation_rows_are_measured_and_stop() -> None:
    model = SpectralClassifier(search=False, early_stopping=True, random_state=0, max_iter=30, n_iter_no_change=3)
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_) == model.score(X[1::2], y[1::2])
    only = SpectralClassifier(search=False, random_state=0, max_iter=3).fit(X, y, X_val=X, y_val=y)
    assert len(only.validation_loss_curve_) == 3
    assert only.validation_scores_ is None
    with pytest.raises(InvalidInputError, match="belong together"):
        only.fit(X, y, X_val=X)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 0.5}])
def test_class_weights_are_sample_weights(class_weight: Any) -> None:
    two, labels = X[40:150], (y[40:150] > 0).astype(int)
    table = {0: 110 / 20, 1: 110 / 200} if class_weight == "balanced" else class_weight
    weights = np.array([table[label] for label in labels])
    one = SpectralClassifier(class_weight=class_weight, **GIVEN).fit(two, labels)
    other = SpectralClassifier(**GIVEN).fit(two, labels, sample_weight=weights)
    assert np.allclose(one.predict_proba(two), other.predict_proba(two), atol=1e-6)


def test_a_search_keeps_result_and_report() -> None:
    model = SpectralClassifier(**FOUND).fit(X, y)
    assert model.score(X, y) > 0.9
    assert np.array_equal(model.predict(X), model.result_.predict(X))
    assert model.report_.weights == model.compact_.n_weights - model.report_.biases
    assert model.n_iter_ == len(model.loss_curve_)


@pytest.mark.parametrize("strategy", ["grow", "seed"])
def test_the_other_strategies(strategy: str) -> None:
    options = {"hidden_layer_sizes": 4, "max_iter": 60, "learning_rate_init": 0.02, "random_state": 0}
    model = SpectralRegressor(search=strategy, **options).fit(X[:, :3], X[:, 3])
    assert model.score(X[:, :3], X[:, 3]) > 0.8


@pytest.mark.parametrize("options", [GIVEN, FOUND])
def test_pruning_gives_a_smaller_copy(options: dict[str, Any]) -> None:
    model = SpectralRegressor(**options | {"hidden_layer_sizes": 8}).fit(X[:, :3], X[:, 3])
    before = model.predict(X[:, :3])
    smaller = model.prune(X[:, :3], X[:, 3], fraction=1.0)
    assert smaller.compact_.live[1:-1] == (0,)
    assert np.array_equal(model.predict(X[:, :3]), before)
    assert smaller.score(X[:, :3], X[:, 3]) > 0.8  # the linear path is refitted


def uneven(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features and targets in units that differ by far from 1."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3)) * [1, 100, 0.01] + [5, 0, 1]
    return x, 1000 + 200 * np.tanh(x[:, 0] - 5 + x[:, 1] / 100) + 20 * rng.normal(size=rows)


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("options", [GIVEN, FOUND | {"search": "seed", "search_options": {}}])
def test_pruning_judges_as_that_of_the_predictor(options: dict[str, Any], labelled: bool) -> None:
    """Judging rows and their targets, text labels too, are in the units of X and y, as for the predictor of the same network."""
    (x, target), (x_judging, target_judging) = uneven(200, 0), uneven(100, 1)
    model: Any = SpectralRegressor(**options)
    if labelled:
        target, target_judging = (np.where(values > 1000, "more", "less") for values in (target, target_judging))
        model = SpectralClassifier(**options)
    model.fit(x, target)
    chosen: dict[str, Any] = {"tolerance": 0.2, "validation_data": (x_judging, target_judging)}
    found = model.prune(x, target, **chosen).report_
    expected = prune(model.predictor_, X=x, y=target, **chosen).report
    assert found.limit == pytest.approx(expected.limit, rel=1e-6)
    assert found.live == expected.live
    assert found.limit != pytest.approx(model.prune(x, target, tolerance=0.2).report_.limit, rel=1e-3)
    # A retraining stops by rows in these units too.
    training = {"epochs": 40, "learning_rate": 0.05, "patience": 2, "validation_data": (x_judging, target_judging)}
    trained = model.prune(x, target, fraction=0.5, retrain=training)
    whole = prune(model.predictor_, X=x, y=target, fraction=0.5, retrain=training)
    assert trained.report_.retrained_epochs == whole.report.retrained_epochs
    assert isinstance(whole, PrunedPredictor)
    one, other = trained.predict(x), whole.predict(x)
    assert np.mean(one != other) < 0.02 if labelled else np.allclose(one, other.ravel(), rtol=1e-3)


@pytest.mark.parametrize("options", [GIVEN, FOUND])
def test_pruning_takes_each_amount(options: dict[str, Any]) -> None:
    x, target = X[:, :3], X[:, 3]
    model = SpectralRegressor(**options).fit(x, target)
    amounts: dict[str, Any] = {"fraction": 1.0, "threshold": 0.1, "tolerance": 0.5, "weights": 2}
    assert set(amounts) == set(AMOUNTS)
    for name, amount in amounts.items():
        unit = {"unit": "weight"} if name == "weights" else {}
        report = model.prune(x, target, **{name: amount}, **unit).report_
        assert (report.limit is None) == (name != "tolerance"), name
    assert report.weights_after == 2
    assert model.prune(x, target).report_.limit is not None, "a tolerance is the default"


def test_pruning_takes_a_loss() -> None:
    x, target = X[:, :3], X[:, 3]
    model = SpectralRegressor(**GIVEN).fit(x, target)
    found, squared = (model.prune(x, target, loss=loss, tolerance=0.5).report_ for loss in ("huber", "squared_error"))
    expected = prune(model.network_, X=x, y=target[:, None], loss="huber", tolerance=0.5).report
    assert (found.limit, found.live) == (expected.limit, expected.live)
    assert found.limit < squared.limit == model.prune(x, target, tolerance=0.5).report_.limit
    with pytest.raises(InvalidInputError, match="loss must be one of"):
        model.prune(x, target, loss="least")


def test_pruning_refuses_judging_rows_that_do_not_fit() -> None:
    model = SpectralClassifier(**GIVEN).fit(X, np.array(["a", "b", "c"])[y])
    with pytest.raises(InvalidInputError, match="validation_data must be a pair"):
        model.prune(X, np.array(["a", "b", "c"])[y], validation_data=X)
    with pytest.raises(InvalidInputError, match="y has classes that are not among"):
        model.prune(X, np.array(["a", "b", "c"])[y], validation_data=(X, np.full(len(X), "d")))
    with pytest.raises(NotFittedError):
        SpectralClassifier(**GIVEN).prune(X, y)


@pytest.mark.parametrize("options", [GIVEN, FOUND])
def test_files_and_pictures(options: dict[str, Any], tmp_path: Path) -> None:
    import onnxruntime

    model = SpectralRegressor(**options).fit(X[:, :3], X[:, 3])
    expected = model.predict(X[:, :3])
    model.save(tmp_path / "model.npz")
    assert np.allclose(np.ravel(Predictor.load(tmp_path / "model.npz").predict(X[:, :3])), expected, atol=1e-6)
    model.to_onnx(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert np.allclose(np.ravel(session.run(None, {"X": X[:, :3].astype(np.float32)})[0]), expected, atol=1e-4)
    model.plot(tmp_path / "network.png")
    assert (tmp_path / "network.png").stat().st_size > 1000


def test_several_labels_of_a_given_network(tmp_path: Path) -> None:
    x, labels = make_multilabel_classification(50, random_state=0)
    model = SpectralClassifier(**GIVEN).fit(x, labels)
    assert model.predict(x).shape == model.predict_proba(x).shape == labels.shape
    model.save(tmp_path / "m.npz")
    assert np.array_equal(Predictor.load(tmp_path / "m.npz").predict(x), model.predict(x))


@pytest.mark.parametrize("loss", ["huber", "poisson"])
def test_further_losses(loss: str) -> None:
    x = RNG.normal(size=(200, 1))
    counts = RNG.poisson(np.exp(x[:, 0]))
    model = SpectralRegressor(loss=loss, **GIVEN).fit(x, counts)
    grid = np.array([[0.0], [1.0]])
    assert np.allclose(model.predict(grid), np.exp(grid[:, 0]), atol=0.5)
    with pytest.raises(InvalidInputError, match=f"{loss} needs search=False"):
        SpectralRegressor(loss=loss).fit(x, counts)


def test_equal_rows_and_weights_are_one_thing() -> None:
    x, target = RNG.integers(0, 3, (30, 2)).astype(float), RNG.integers(0, 2, 30)
    counts = RNG.integers(0, 4, 30)
    weighted = unique_rows(FitData(x, target, counts.astype(float)))
    repeated = unique_rows(FitData(np.repeat(x, counts, axis=0), np.repeat(target, counts), None))
    assert np.array_equal(weighted.x, repeated.x)
    assert np.array_equal(weighted.y, repeated.y)
    assert np.array_equal(weighted.weights, repeated.weights)
    assert len({(*row, label) for row, label in zip(weighted.x.tolist(), weighted.y.tolist(), strict=True)}) == len(
        weighted
    )


UNKNOWN: list[tuple[str, Any]] = [
    ("label_smoothing", 2.0),
    ("label_smoothing", -1),
    ("label_smoothing", "x"),
    ("learning_rate", "foo"),
    ("learning_rate_init", -1),
    ("batch_size", 0),
    ("shuffle", "yes"),
    ("early_stopping", "yes"),
    ("power_t", -1),
    ("tol", -1),
    ("max_iter", 0),
    ("max_fun", 0),
    ("n_iter_no_change", 0),
    ("beta_1", 2),
    ("momentum", -1),
    ("nesterovs_momentum", "yes"),
    ("alpha", -1),
]
"""Values that each solver refuses, also where it does not read the parameter."""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"search": "fast"}, "search"),
        ({"search": False, "solver": "newton"}, "solver"),
        ({"search": False, "activation": "step"}, "activation"),
        ({"search": False, "activation": ("relu", "tanh")}, "one for each hidden layer: 1 here; got 2, relu,tanh"),
        ({"search": False, "activation": ("relu", 3), "hidden_layer_sizes": (5, 5)}, r"activation\[1\]"),
        ({"search": "grow", "activation": ("relu", "tanh"), "hidden_layer_sizes": (5, 5)}, "strategy='grow'"),
        ({"search": False, "learning_rate": "slow"}, "learning_rate"),
        ({"search": False, "hidden_layer_sizes": (5, 0)}, r"hidden_layer_sizes\[1\]"),
        ({"search": False, "batch_size": "all"}, "batch_size"),
        ({"search": False, "alpha": -1.0}, "alpha"),
        ({"search": False, "solver": "lbfgs", "penalty_strength": 0.1}, "penalty_strength"),
        *(
            ({"search": False, "solver": solver, name: value}, name)
            for solver in ("adam", "sgd", "lbfgs")
            for name, value in UNKNOWN
        ),
    ],
)
def test_parameters_that_mean_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        SpectralClassifier(**options).fit(X, y)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lbfgs_smooths_labels_as_train_does(dtype: Any, several: bool) -> None:
    """Without hidden neurons the minimum is one: that of `train` on the same labels. The loss is that of the smoothed labels."""
    smoothing, x = 0.25, X.astype(dtype)
    labels = np.eye(3)[y][:, :2].astype(int) if several else y
    options = GIVEN | {
        "hidden_layer_sizes": (),
        "alpha": 0.0,
        "max_iter": 500,
        "label_smoothing": smoothing,
        "tol": 1e-6,
    }
    model = SpectralClassifier(**options).fit(x, labels)
    chances = model.predict_proba(x)
    net = SpectralNetwork.initialize([4, chances.shape[1]], bias=True, parametrization="direct", seed=0)
    loss = "binary_cross_entropy" if several else "cross_entropy"
    trained = train(net, x, labels, loss=loss, epochs=500, optimizer="lbfgs", label_smoothing=smoothing)
    output = trained.network.forward(x)
    assert np.allclose(chances, expit(output) if several else softmax(output, axis=1), atol=2e-3)
    soft = (1 - smoothing) * (labels if several else np.eye(3)[y]) + smoothing / (2 if several else 3)
    entropies = -soft * np.log(chances) - several * (1 - soft) * np.log(1 - chances)
    assert model.loss_ == pytest.approx(entropies.sum(axis=1).mean(), rel=1e-5)


def test_schedules_fall_and_are_for_adam_too() -> None:
    fitted = [
        SpectralRegressor(search=False, learning_rate=rate, max_iter=5, random_state=0).fit(X[:, :3], X[:, 3])
        for rate in ("constant", "cosine", "one_cycle")
    ]
    assert len({model.loss_ for model in fitted}) == 3


def noted_factors(patch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The factors of the steps of each later epoch on the processor."""
    seen: list[np.ndarray] = []
    run = cpu.CpuStepper.epoch

    def epoch(stepper: Any, order: np.ndarray, factors: np.ndarray) -> tuple[float, float]:
        seen.append(factors.astype(np.float64))
        return run(stepper, order, factors)

    patch.setattr(cpu.CpuStepper, "epoch", epoch)
    return seen


@pytest.mark.parametrize("rate", ["cosine", "one_cycle"])
def test_mini_batches_without_weight_count_in_a_schedule(rate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, weights = noted_factors(monkeypatch), np.repeat([0.0, 1.0, 0.0, 1.0], [50, 40, 20, 40])
    model = SpectralRegressor(search=False, learning_rate=rate, max_iter=4, batch_size=10, shuffle=False)
    model.fit(X[:, :3], X[:, 3], sample_weight=weights)
    every = RateSchedule(rate, 0.3 if rate == "one_cycle" else 0.0, 0.0, 60).factors(0, 60).reshape(4, 15)
    np.testing.assert_allclose(seen, every[:, weights.reshape(15, 10).any(axis=1)], rtol=1e-6)


def rates_of(solver: str, rate: str, calls: bool, patch: pytest.MonkeyPatch) -> tuple[list[float], Any]:
    """The rate of each epoch where nothing counts as better but the first epoch, and the model."""
    seen = noted_factors(patch)
    options: dict[str, Any] = {"learning_rate": rate, "learning_rate_init": 6e-6, "tol": 100.0, "n_iter_no_change": 2}
    model = SpectralRegressor(
        hidden_layer_sizes=(), search=False, solver=solver, max_iter=30, random_state=0, **options
    )
    for _ in range(30 if calls else 1):
        (model.partial_fit if calls else model.fit)(X[:, :3], X[:, 3])
    assert all((factors == factors[0]).all() for factors in seen)
    return [6e-6 * factors[0] for factors in seen], model


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("calls", [False, True])
def test_plateau_halves_as_adaptive_divides_by_five(solver: str, calls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four epochs, then three for each rate; a training ends at a rate of 1e-6, and calls of `partial_fit` stay at it."""
    seen, model = rates_of(solver, "plateau", calls, monkeypatch)
    waits = [4, 3, 3, 20 if calls else 3]
    np.testing.assert_allclose(seen, np.repeat([6e-6, 3e-6, 1.5e-6, 0.75e-6], waits), rtol=1e-6)
    assert model._optimizer.learning_rate == pytest.approx(0.75e-6)
    seen, _ = rates_of(solver, "adaptive", calls, monkeypatch)
    rest = 26 if calls else 3
    expected = np.repeat([6e-6, 1.2e-6, 0.24e-6], [4, 3, rest - 3 if calls else 3])
    if solver == "adam":  # whose rate is constant, as in scikit-learn
        expected = np.full(30 if calls else 4, 6e-6)
    np.testing.assert_allclose(seen, expected, rtol=1e-6)


@pytest.mark.parametrize("rate", ["cosine", "one_cycle"])
def test_calls_of_partial_fit_have_no_schedule_that_ends(rate: str) -> None:
    """Also after a fit, whose schedule has ended."""
    model = SpectralRegressor(search=False, learning_rate=rate, max_iter=2, random_state=0)
    with pytest.raises(InvalidInputError, match=f"partial_fit does not support learning_rate='{rate}'"):
        model.partial_fit(X, y)
    with pytest.raises(InvalidInputError, match="how many calls will follow is not known"):
        model.fit(X, y).partial_fit(X, y)
    assert model.set_params(learning_rate="plateau").partial_fit(X, y).t_ == 3 * len(X)


def test_a_halved_rate_leaves_the_moments_of_adam() -> None:
    """Adam's moments have no rate in them: the steps after a halving are those of half the rate from the same state."""
    options: dict[str, Any] = {
        "search": False,
        "tol": 100.0,
        "n_iter_no_change": 1,
        "random_state": 0,
        "shuffle": False,
    }
    x, target = X[:, :3], X[:, 3]
    model = SpectralRegressor(hidden_layer_sizes=(), learning_rate="plateau", **options)
    for _ in range(3):
        model.partial_fit(x, target)
    other = SpectralRegressor(hidden_layer_sizes=(), learning_rate="constant", **options)
    for _ in range(3):
        other.partial_fit(x, target)
    assert model._optimizer.learning_rate == other._optimizer.learning_rate / 2
    before = other.network_.parameters.copy()
    assert before.tobytes() == model.network_.parameters.tobytes()
    moved, half = (one.partial_fit(x, target).network_.parameters - before for one in (other, model))
    np.testing.assert_allclose(half, moved / 2, rtol=1e-6, atol=1e-12)


# --- an activation for each hidden layer ------------------------------------------------------------------------------

LAYERS = GIVEN | {"hidden_layer_sizes": (6, 4), "activation": ("tanh", "logistic")}


def test_each_hidden_layer_has_its_own_activation() -> None:
    model = SpectralClassifier(**LAYERS).fit(X, y)
    first, second, last = zip(model.coefs_, model.intercepts_, strict=True)
    z = np.tanh(X @ first[0] + first[1]) @ second[0] + second[1]
    np.testing.assert_allclose(1 / (1 + np.exp(-z)) @ last[0] + last[1], model.decision_function(X), atol=1e-9)
    assert model.network_.activation == ("tanh", "sigmoid")
    assert model.score(X, y) > 0.9


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_equal_names_are_one_name_bit_by_bit(solver: str) -> None:
    options = LAYERS | {"solver": solver, "max_iter": 5}
    one, two = (SpectralClassifier(**options | {"activation": name}).fit(X, y) for name in ("relu", ("relu", "relu")))
    assert one.network_.parameters.tobytes() == two.network_.parameters.tobytes()


def test_the_start_is_that_of_each_layer() -> None:
    """A sigmoid has the smaller start, for the weights into its layer and into the output behind it."""

    def start(activation: Any) -> list[np.ndarray]:
        net = plain.start([4, 3, 3, 2], activation, np.float64, np.random.RandomState(0))
        return [net.blocks[i, i - 1] if i > 2 else net.blocks[2, 1] for i in (2, 3, 4)]

    shares = [
        [float(np.abs(a / b).max()) for a, b in zip(start(names), start("relu"), strict=True)]
        for names in (("sigmoid", "relu"), ("relu", "sigmoid"), "sigmoid")
    ]
    root = float(np.sqrt(2 / 6))
    np.testing.assert_allclose(shares, [[root, 1, 1], [1, root, root], [root, root, root]])


def test_a_grid_search_over_activations_clones_and_pickles() -> None:
    names = ["relu", ("tanh", "relu"), ("relu", "logistic")]
    grid = GridSearchCV(SpectralClassifier(**LAYERS | {"max_iter": 10}), {"activation": names}, cv=2).fit(X, y)
    assert grid.best_params_["activation"] in names
    model = SpectralClassifier(**LAYERS)
    assert model.get_params()["activation"] == ("tanh", "logistic")
    assert clone(model).get_params()["activation"] == ("tanh", "logistic")
    fitted = pickle.loads(pickle.dumps(model.fit(X, y)))
    np.testing.assert_array_equal(fitted.decision_function(X), model.decision_function(X))


def test_a_search_has_the_activations_of_its_layers() -> None:
    options = FOUND | {"hidden_layer_sizes": (4, 3), "activation": ("relu", "tanh")}
    model = SpectralRegressor(**options).fit(X[:, :3], X[:, 3])
    assert model.network_.activation == ("relu", "tanh")
    assert model.result_.report.activation == "relu,tanh"
