"""Models without pruning, of scikit-learn: MLPs, gradient boosting, linear models."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.quality.records import Result
from benchmarks.quality.sets import LARGE, Split

WIDTHS, PENALTIES = (5, 500), (1e-5, 1.0)
"""The random search draws from these ranges, evenly in the logarithm."""


def fitted(model: Any, data: Split) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(data.x, data.y)


def mlp_model(data: Split, hidden: int, alpha: float, seed: int) -> Any:
    home = MLPClassifier if data.classifies else MLPRegressor
    epochs = 300 if len(data.x) < LARGE else 30
    return home(hidden_layer_sizes=(hidden,), alpha=alpha, max_iter=epochs, random_state=seed)


def counted(method: str, model: Any, data: Split, seconds: float) -> Result:
    """The result of an MLP; the numbers of weights and biases are those of its matrices."""
    weights, biases = (sum(part.size for part in parts) for parts in (model.coefs_, model.intercepts_))
    neurons = sum(part.size for part in model.intercepts_[:-1])
    return Result(method, 0, model.score(data.x_test, data.y_test), seconds, weights, biases, neurons)


def mlp(data: Split, hidden: int, seed: int) -> list[Result]:
    """scikit-learn's MLP with its own settings, but up to 300 epochs, or 30 on many rows."""
    data = data.scaled()
    begin = time.process_time()
    model = fitted(mlp_model(data, hidden, 1e-4, seed), data)
    return [counted(f"MLP {hidden}", model, data, time.process_time() - begin)]


def mlp_random_search(data: Split, budget: float, seed: int) -> list[Result]:
    """An MLP of the width and penalty that 3 folds prefer, among as many as fit into `budget` seconds with the last fit."""
    data = data.scaled()
    rng = np.random.default_rng(seed)
    folds = (StratifiedKFold if data.classifies else KFold)(3, shuffle=True, random_state=seed)
    best, chosen, longest = -np.inf, None, 0.0
    begin = time.process_time()
    while chosen is None or time.process_time() - begin + 1.5 * longest < budget:
        start = time.process_time()
        hidden, alpha = (float(np.exp(rng.uniform(*np.log(span)))) for span in (WIDTHS, PENALTIES))
        model = mlp_model(data, round(hidden), alpha, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            score = cross_val_score(model, data.x, data.y, cv=folds).mean()
        longest = max(longest, time.process_time() - start)
        if score > best:
            best, chosen = score, model
    model = fitted(chosen, data)
    return [counted("MLP, random search", model, data, time.process_time() - begin)]


def boosting(data: Split, seed: int) -> list[Result]:
    """Gradient boosting of histograms with its own settings; its size is that of its trees, not of weights."""
    begin = time.process_time()
    home = HistGradientBoostingClassifier if data.classifies else HistGradientBoostingRegressor
    model = home(random_state=seed).fit(data.x, data.y)
    seconds = time.process_time() - begin
    return [Result("gradient boosting", 0, model.score(data.x_test, data.y_test), seconds)]


def linear(data: Split) -> list[Result]:
    """Logistic regression, or ridge regression, with their own settings but for the number of iterations."""
    data = data.scaled()
    begin = time.process_time()
    iterations = 1000 if len(data.x) < LARGE else 100
    model = fitted(LogisticRegression(max_iter=iterations) if data.classifies else Ridge(), data)
    seconds = time.process_time() - begin
    score = model.score(data.x_test, data.y_test)
    return [Result("linear", 0, score, seconds, np.size(model.coef_), np.size(model.intercept_), 0)]
