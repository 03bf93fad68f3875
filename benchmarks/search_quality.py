"""How good and how small are the networks that `search` finds, beside scikit-learn's MLP of the same widths?

Eight random splits of each built-in set, 30 % for the test. The MLP trains on all the rest; the search holds a fifth
of it back to judge by. The default settings of `search` were chosen on these four sets, which is to its advantage.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.rows import Row, row
from spectral_core import search
from spectral_core.data.datasets import load
from spectral_core.data.splitting import train_test_split

SEEDS = range(8)
SETS = ("digits", "wine", "breast_cancer", "diabetes")


def one(name: str, seed: int) -> tuple[float, float, float, float, float]:
    """Test score of the trimmed network and of the MLP, hidden neurons left, weights left, seconds."""
    training, test = train_test_split(load(name), 0.3, seed)
    classifies = training.task == "classification"
    labels = np.asarray(training.classes)
    target, truth = (labels[training.y], labels[test.y]) if classifies else (training.y, test.y)
    found = search(training.x, target, task=training.task, seed=seed)
    home = MLPClassifier if classifies else MLPRegressor
    peer = make_pipeline(StandardScaler(), home(hidden_layer_sizes=(300,), max_iter=1000, random_state=seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer.fit(training.x, target.ravel())
    score = found.compact_predictor.score(test.x, truth)
    return (
        score,
        peer.score(test.x, truth.ravel()),
        found.compact.live[1],
        found.compact.n_parameters,
        found.report.seconds,
    )


def measure() -> list[Row]:
    """Means over the splits."""
    rows = []
    for name in SETS:
        one(name, 0)  # compiles
        score, peer, live, weights, seconds = np.mean([one(name, seed) for seed in SEEDS], axis=0)
        measure = "R²" if name == "diabetes" else "accuracy"
        rows += [
            row(f"{name}: test {measure} of the trimmed network", score, "", f"{peer:.3g} (MLP, 300 hidden)"),
            row(f"{name}: hidden neurons left of 300", live),
            row(f"{name}: weights left", weights),
            row(f"{name}: time of a search", seconds, "s"),
        ]
    return rows
