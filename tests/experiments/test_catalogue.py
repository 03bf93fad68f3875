"""The catalogue of published experiments agrees with the experiments themselves."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from spectral_core.experiments.catalogue import PUBLISHED, PublishedExperiment


def test_names_are_unique() -> None:
    assert len({published.name for published in PUBLISHED}) == len(PUBLISHED)


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.name)
def test_options_are_keywords_of_the_experiment(published: PublishedExperiment) -> None:
    functions = published.load()
    keywords = set(inspect.signature(functions.experiment).parameters)
    assert {option.name.replace("-", "_") for option in published.options} | {"runs", "epochs", "seed"} == keywords
    whole = functions.experiment()
    assert (whole.name, whole.runs) == (published.name, published.runs)
    assert f"epochs of each training (default: {whole.settings['epochs']}, as published)" == published.epochs_help
    assert (whole.measure_batch is not None) == published.on_gpu


def test_the_catalogue_imports_no_experiment() -> None:
    code = "import sys, spectral_core.experiments.catalogue as c; print('numba' in sys.modules, len(c.PUBLISHED))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", str(len(PUBLISHED))]
