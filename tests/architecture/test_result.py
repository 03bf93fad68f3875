"""The result of a search as an object: it predicts, scores, prunes, comes back from its files, and is exported."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spectral_core import InvalidInputError, ModelFileError, Predictor, prune, search
from spectral_core.architecture.result import SearchResult
from spectral_core.architecture.starts import SMALL_START
from spectral_core.exchange.c import export_c
from spectral_core.exchange.javascript import export_javascript
from spectral_core.networks.paths import path_scores
from spectral_core.resizing.predicting import PrunedPredictor
from spectral_core.resizing.request import AMOUNTS

X = np.random.default_rng(0).normal(size=(150, 2)) * [1, 100] + [3, 50]
LABELS = np.where(X[:, 0] + X[:, 1] / 100 > 3.5, "right", "left")
NUMBERS = 40 * np.abs(X[:, 0] - 3) + X[:, 1]


@pytest.fixture(scope="module", params=["smallest", "seed"])
def classes(request: Any) -> SearchResult:
    return search(X, LABELS, hidden=(6,), epochs=25, strategy=request.param, feature_names=("u", "v"))


@pytest.fixture(scope="module")
def numbers() -> SearchResult:
    return search(X, NUMBERS, hidden=(12,), epochs=60, strategy="seed")


def test_a_result_predicts_and_scores(classes: SearchResult, numbers: SearchResult) -> None:
    assert classes.predict(X).tolist() == classes.compact_predictor.predict(X).tolist()
    assert np.array_equal(classes.predict_proba(X), classes.compact_predictor.predict_proba(X))
    assert classes.score(X, LABELS) == np.mean(classes.predict(X) == LABELS) > 0.9
    assert numbers.score(X, NUMBERS) == numbers.compact_predictor.score(X, NUMBERS)
    with pytest.raises(InvalidInputError, match="predict_proba needs a classification model"):
        numbers.predict_proba(X)


def test_a_result_comes_back_whole(classes: SearchResult, tmp_path: Path) -> None:
    classes.save(tmp_path)
    again = SearchResult.load(tmp_path)
    for name in ("predictor", "compact_predictor", "proposal"):
        one, other = getattr(again, name), getattr(classes, name)
        assert (one is None) == (other is None)
        if other is not None:
            assert np.array_equal(one.raw(X), other.raw(X))
            assert one.form == other.form
    assert again.report.to_json() == classes.report.to_json()
    assert again.report.to_text() == classes.report.to_text()
    assert again.history == classes.history
    assert again.cut == classes.cut
    assert again.trained.widths == classes.trained.widths
    if classes.curve is None:
        assert again.curve is None
        return
    assert again.curve is not None
    assert (again.curve.points, again.curve.best, again.curve.chosen) == (
        classes.curve.points,
        classes.curve.best,
        classes.curve.chosen,
    )
    for point in classes.curve:
        assert np.array_equal(again.at(weights=point.weights).raw(X), classes.at(weights=point.weights).raw(X))


def test_a_folder_that_is_not_whole_is_refused(classes: SearchResult, tmp_path: Path) -> None:
    classes.save(tmp_path / "whole")
    for path in sorted((tmp_path / "whole").iterdir()):
        if path.name in ("report.txt", "curve.csv"):  # for people
            continue
        shutil.copytree(tmp_path / "whole", tmp_path / path.stem)
        (tmp_path / path.stem / path.name).unlink()
        with pytest.raises(ModelFileError, match=path.name):
            SearchResult.load(tmp_path / path.stem)
    for name, text in {"report.json": "{}", "history.json": '{"what": 1}', "report.json ": '{"more": 1}'}.items():
        classes.save(tmp_path / "broken")
        (tmp_path / "broken" / name.strip()).write_text(text, encoding="utf-8")
        with pytest.raises(ModelFileError, match=name.strip()):
            SearchResult.load(tmp_path / "broken")


def test_the_data_of_a_search_are_not_pickled(numbers: SearchResult) -> None:
    again = pickle.loads(pickle.dumps(numbers))
    assert numbers.data is not None
    assert again.data is None
    assert np.array_equal(again.predict(X), numbers.predict(X))
    with pytest.raises(InvalidInputError, match="has no data: give X and y"):
        again.prune()
    assert isinstance(again.prune(X=X, y=NUMBERS, fraction=0.2), PrunedPredictor)


def by_hand(found: SearchResult, fraction: float) -> Predictor:
    """What a person had to write before: scaled data, the loss, and the predictor put together again."""
    assert found.data is not None
    model, data = found.compact_predictor, found.data
    validation = (data.x_valid, data.y_valid)
    result = prune(model.network, fraction=fraction, X=data.x, y=data.y, loss=data.loss, validation_data=validation)
    return Predictor(result.compact, model.task, model.inputs, model.outputs, model.classes)


def test_pruning_a_result_is_pruning_its_network_on_its_data(
    classes: SearchResult, numbers: SearchResult, tmp_path: Path
) -> None:
    for found, y in ((classes, LABELS), (numbers, NUMBERS)):
        pruned = found.prune(fraction=0.5)
        assert np.array_equal(pruned.predictor.raw(X), by_hand(found, 0.5).raw(X))
        assert np.array_equal(pruned.predict(X), prune(found, fraction=0.5).predict(X))  # type: ignore[attr-defined]
        assert pruned.score(X, y) == pruned.predictor.score(X, y)
        assert pruned.report.samples.endswith("of these trained the network")
        pruned.save(tmp_path / found.report.task)
        again = Predictor.load(tmp_path / found.report.task / "pruned.npz")
        assert np.array_equal(again.predict(X), pruned.predict(X))
        assert again.form == "pruned"
    assert "refitted on 120 training samples; 30 validation samples judge" in numbers.prune(fraction=0.5).report.samples
    assert "none of these trained the network" in numbers.prune(fraction=0.5).report.samples
    assert numbers.prune().report.limit is not None, "a tolerance is the default"


def test_the_rows_that_judge_after_a_refit_on_all_rows_are_said_to_have_trained() -> None:
    found = search(X, LABELS, hidden=(4,), epochs=15)
    samples = found.prune(fraction=0.5).report.samples
    assert samples.endswith("30 of these trained the network")


def test_a_predictor_is_pruned_in_the_units_of_its_data(classes: SearchResult, numbers: SearchResult) -> None:
    for found, y in ((classes, LABELS), (numbers, NUMBERS)):
        assert found.data is not None
        model = found.compact_predictor
        data = {"X": model.scaled(X), "y": model.scaled_targets(y), "loss": found.data.loss}
        expected = prune(model.network, fraction=0.5, **data).compact
        pruned = prune(model, fraction=0.5, X=X, y=y)
        assert isinstance(pruned, PrunedPredictor)
        assert np.array_equal(pruned.compact.direct.parameters, expected.direct.parameters)
        trained = len(model.rows["training"])
        assert (
            pruned.report.samples
            == f"refitted on 150 samples; they judge too; {trained} of the judging ones trained the model"
        )
        apart = prune(model, fraction=0.5, X=X[:100], y=y[:100], validation_data=(X[100:], y[100:]))
        assert "50 others judge" in apart.report.samples
    with pytest.raises(InvalidInputError, match="a label that is not among the classes: 'up'"):
        prune(classes.compact_predictor, fraction=0.5, X=X, y=np.full(150, "up"))
    with pytest.raises(InvalidInputError, match="validation_data comes with X and y"):
        numbers.prune(fraction=0.5, validation_data=(X, NUMBERS))


def test_a_result_is_exported(classes: SearchResult, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    classes.to_onnx(tmp_path / "m.onnx")
    session = runtime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    label, probabilities = session.run(None, {"X": X.astype(np.float32)})
    assert np.mean(np.asarray(label) == classes.predict(X)) > 0.99
    np.testing.assert_allclose(probabilities, classes.predict_proba(X), rtol=0, atol=1e-3)
    pytest.importorskip("safetensors", reason="safetensors is not installed: pip install -e '.[exchange]'")
    classes.to_safetensors(tmp_path / "m.safetensors")
    assert (tmp_path / "m.safetensors").stat().st_size > 100


def test_a_result_is_written_as_source_code(classes: SearchResult, tmp_path: Path) -> None:
    """The compact network, as the functions of `exchange` write it, with their options."""
    classes.to_c(tmp_path / "one.c", name="bend", double=True)
    export_c(classes.compact_predictor, tmp_path / "two.c", name="bend", double=True)
    classes.to_js(tmp_path / "one.js")
    export_javascript(classes.compact_predictor, tmp_path / "two.js")
    for kind in ("c", "js"):
        one, two = ((tmp_path / f"{name}.{kind}").read_text(encoding="utf-8") for name in ("one", "two"))
        assert one == two
    assert "double" in (tmp_path / "one.c").read_text(encoding="utf-8")


def test_a_report_names_a_network_that_is_nearly_as_good() -> None:
    """Scores of 0.99 less 0.0005 with 15 weights: a tolerance of 0.001 would choose them; with 0.002 less it would not."""
    x = np.random.default_rng(0).normal(size=(80, 2))
    report = search(x, np.abs(x[:, 0]), hidden=(4,), epochs=5, sizes=(2, 4, 8)).report
    points = [dict(report.curve[0]), dict(report.curve[0])]
    for nearly, said in ((0.9895, True), (0.988, False)):
        points[0] |= {"weights": 15, "score": nearly, "best": False, "chosen": False}
        points[1] |= {"weights": 150, "score": 0.99, "best": True, "chosen": True}
        text = replace(report, curve=points).to_text()
        assert ("a tolerance of 0.001 would choose 15 weights, whose score is 0.98950" in text) == said


@pytest.mark.parametrize("strategy", ["smallest", "seed"])
def test_the_report_has_the_names_of_the_predictor(strategy: str) -> None:
    """Those of a frame, of the keywords, or numbers; each feature of the report is one of the predictor's."""
    x = np.random.default_rng(0).normal(size=(80, 3))
    x[:, 2] = 5
    y = np.abs(x[:, :2])
    columns = ("age", "income", "constant")
    frame, targets = (pd.DataFrame(values, columns=names) for values, names in ((x, columns), (y, ("price", "rent"))))
    quick: dict[str, Any] = {"strategy": strategy, "hidden": (4,), "epochs": 20}
    for found, names, target in (
        (search(frame, targets["price"], **quick), columns, "price"),
        (search(frame, targets, **quick), columns, "price, rent"),
        (search(frame, targets["price"], feature_names=("a", "b", "c"), **quick), ("a", "b", "c"), "price"),
        (search(frame, y[:, 0], target_names=np.array(["t"]), **quick), columns, "t"),
        (search(x, y, **quick), ("x1", "x2", "x3"), "y1, y2"),
    ):
        report, predictor = found.report, found.compact_predictor
        assert predictor.feature_names == names
        assert {row["name"] for row in report.inputs} <= set(names[:2])
        assert report.inputs
        assert report.constant_features == [names[2]]
        assert report.target == ", ".join(predictor.target_names) == target
        assert f"regression of {target}," in repr(found)
    # Features that an encoder made.
    frame = frame.assign(town=np.where(x[:, 0] > 0, "Rome", "Bonn"))
    found = search(frame, targets["price"], **quick)
    assert {row["name"] for row in found.report.inputs} <= {"age", "income", "town=Rome", "town=Bonn"}


def test_a_result_is_pruned_by_every_amount(numbers: SearchResult) -> None:
    """The amounts are those of `prune`; a tolerance is the default of none."""
    with pytest.raises(InvalidInputError, match=f"prune takes one of {', '.join(AMOUNTS)}; got none"):
        prune(numbers.network)
    for found in (numbers.prune(unit="weight", weights=3), prune(numbers, unit="weight", weights=3)):
        assert found.report.weights_after <= 3
    on_rows = numbers.prune(X, NUMBERS, unit="weight", weights=3)
    assert on_rows.report.weights_after <= 3
    assert numbers.prune(threshold=0.0).report.limit is None
    with pytest.raises(InvalidInputError, match="got fraction, weights"):
        numbers.prune(fraction=0.5, unit="weight", weights=3)


def test_the_loss_of_a_pruning_is_the_one_asked_for(classes: SearchResult, numbers: SearchResult) -> None:
    """squared_error, the default of `prune`, stands for the loss of the task, as for a predictor."""
    model, data = numbers.compact_predictor, numbers.data
    assert data is not None
    judging = (data.x_valid, data.y_valid)
    for loss in ("huber", "squared_error"):
        pruned = numbers.prune(fraction=0.5, loss=loss)
        expected = prune(model.network, fraction=0.5, loss=loss, X=data.x, y=data.y, validation_data=judging)
        assert np.array_equal(pruned.compact.direct.parameters, expected.compact.direct.parameters)
        assert pruned.report.loss_after == pytest.approx(expected.compact.expanded().loss(*judging, loss), rel=1e-6)
    huber, squared = (numbers.prune(fraction=0.5, loss=loss) for loss in ("huber", "squared_error"))
    assert huber.report.loss_after != squared.report.loss_after
    assert np.array_equal(
        classes.prune(fraction=0.5, loss="squared_error").predict(X), classes.prune(fraction=0.5).predict(X)
    )
    with pytest.raises(InvalidInputError, match="loss must be one of"):
        numbers.prune(fraction=0.5, loss="least")
    with pytest.raises(InvalidInputError, match="other losses need y of shape"):
        classes.prune(fraction=0.5, loss="huber")


def test_a_pruning_says_that_weights_of_samples_do_not_count() -> None:
    found = search(X, NUMBERS, hidden=(4,), epochs=15, strategy="seed", sample_weight=np.arange(150) % 3)
    assert "; the weights of the search do not count here" in found.prune(fraction=0.5).report.samples


def test_the_cut_is_that_of_the_woken_start() -> None:
    """Its number of neurons follows the rows that fit, 880 of 1,100."""
    x = np.random.default_rng(0).normal(size=(1_100, 2))
    found = search(x, np.abs(x[:, 0]) + x[:, 1] ** 2, hidden=(40,), epochs=1, sizes=(5,), seed=0)
    scores = np.concatenate(path_scores(found.trained.transfer_blocks(), found.trained.widths))
    assert found.cut is not None
    assert np.count_nonzero(scores >= found.cut) == SMALL_START


def test_targets_are_taken_by_name_wherever_they_are_compared() -> None:
    targets = pd.DataFrame({"u": 2 * X[:, 0], "v": X[:, 1] + 5})
    found = search(X, targets, hidden=(), epochs=5, sizes=(2, 4))
    turned = targets[["v", "u"]]
    assert found.predictor.score(X, turned) == pytest.approx(found.predictor.score(X, targets))
    report = found.with_test_scores(X, turned).report
    assert report.test_score_after == pytest.approx(1, abs=0.01)
    assert report.sentences == []
    said = [prune(found.predictor, fraction=0.0, X=X, y=y).report.to_text() for y in (targets, turned)]
    assert "150 of the judging ones trained the model" in said[0]
    assert said[0].splitlines()[-1] == said[1].splitlines()[-1]
    named = search(X, targets, hidden=(), epochs=5, sizes=(2, 4), target_names=("p", "q"))
    assert named.predictor.score(X, targets) == pytest.approx(found.predictor.score(X, targets))


def test_rows_that_stop_a_retraining_are_in_the_units_of_the_data(classes: SearchResult) -> None:
    own = X[:40], LABELS[:40]
    retrain = {"epochs": 5, "patience": 1, "validation_data": own}
    given = prune(classes, fraction=0.0, retrain=retrain).compact
    data = classes.data
    assert data is not None
    scaled = {**retrain, "validation_data": (classes.compact_predictor.scaled(own[0]), (own[1] == "right").astype(int))}
    alone = prune(
        classes.compact_predictor.network, fraction=0.0, X=data.x, y=data.y, loss="cross_entropy",
        validation_data=(data.x_valid, data.y_valid), retrain=scaled,
    ).compact  # fmt: skip
    assert given.blocks.keys() == alone.blocks.keys()
    assert all(np.array_equal(given.blocks[pair], alone.blocks[pair]) for pair in alone.blocks)
