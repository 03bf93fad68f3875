"""Epochs against the loop of the papers: errors in the code around the formulas are noticed, on the CPU and for CUDA."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from derivations import verify
from derivations.recheck import exact_device
from derivations.recheck.exact import compare
from derivations.recheck.exact_epochs import FORMS
from spectral_core.cli import console
from spectral_core.kernels import tables
from spectral_core.kernels.cpu import dense, one_hidden
from tests.builders import ROOT


def edited(function: Any, old: str, new: str) -> Callable[..., Any]:
    """A compiled function as plain Python, with one change of its text."""
    lines = inspect.getsource(function.py_func).splitlines()
    source = "\n".join(line for line in lines if not line.startswith("@"))
    assert old in source
    space: dict[str, Any] = {}
    exec(source.replace(old, new), vars(dense), space)
    return space[function.__name__]


ATTACKS = {
    "J1": ("epoch_4_1", "update", "** step)", "** (step + 1))"),
    "J2": ("epoch_3_2", "output_loss", "(batch_weight * output.shape[1])", "batch_weight"),
    "J3": ("epoch_4_1", "shrink", "factor * thresholds[group]", "factor * thresholds[group] * thresholds[group]"),
    "rate": ("epoch_2_1", "update", "factor * rates[group]", "rates[group]"),
    "decay": ("epoch_2_1", "update", "rate * decays[group]", "decays[group]"),
    "smoothing": ("epoch_3_2", "output_loss", "smoothing / output.shape[1]", "smoothing"),
}
"""Of the audit, and of their kind: the program that notices it, the function, what stands there, what is written."""


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_wrong_formula_between_the_parts_is_noticed(attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, name, old, new = ATTACKS[attack]
    assert compare(kernel).failure is None
    monkeypatch.setattr(one_hidden, name, edited(getattr(dense, name), old, new))
    assert compare(kernel).failure is not None
    if attack != "rate":  # the check of the function alone has one factor for all
        monkeypatch.setattr(dense, name, edited(getattr(dense, name), old, new))
        assert compare(name).failure is not None


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("epoch_4_1", "        loss_sum += value * batch_weight", "        loss_sum += value"),
        ("epoch_4_1", "        step += 1", "        step += 2"),
        ("epoch_4_1", "        limit_norm(settings[CLIP_NORM], trainable, gradient)\n", ""),
        ("epoch_3_2", "penalty_sum / batches, step", "penalty_sum / max(batches, 3), step"),
    ],
)
def test_a_wrong_loop_is_noticed(name: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = inspect.getsource(getattr(one_hidden, name).py_func)
    text = "\n".join(line for line in source.splitlines() if not line.startswith("@"))
    assert old in text
    space: dict[str, Any] = {}
    exec(text.replace(old, new), vars(one_hidden), space)
    monkeypatch.setattr(one_hidden, name, space[name])
    assert compare(name).failure is not None


def test_the_forms_have_every_loss_penalty_and_optimizer() -> None:
    assert {form.loss for form in FORMS} == set(tables.LOSSES)
    assert {form.penalty for form in FORMS} == set(tables.PENALTIES)
    assert {form.optimizer for form in FORMS} == {"adam", "sgd", "nesterov"}
    assert {form.proximal for form in FORMS} == {False, True}


def simulated(folder: Path, *names: str) -> list[dict[str, Any]]:
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "derivations.recheck.exact_epochs", *names]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_sum_on_cuda_that_misses_the_first_neuron_is_noticed(tmp_path: Path) -> None:
    """H2 of the audit, and a wrong scale of the wide kernels."""
    for name in ("derivations", "spectral_core"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    assert [row["failure"] for row in simulated(tmp_path, "train_2_1")] == [None]
    path = tmp_path / "spectral_core/kernels/cuda/one_hidden.py"
    text = path.read_text(encoding="utf-8")
    assert "for n in range(rank, n_hidden, count)" in text
    path.write_text(
        text.replace("for n in range(rank, n_hidden", "for n in range(rank + 1, n_hidden"), encoding="utf-8"
    )
    path = tmp_path / "spectral_core/kernels/formulas.py"
    text = path.read_text(encoding="utf-8")
    assert "return 1 - beta ** step" in text
    path.write_text(text.replace("1 - beta ** step", "1 - beta ** (step + 1)"), encoding="utf-8")
    rows = simulated(tmp_path, "train_2_1", "wide_global")
    assert [row["kernel"] for row in rows if row["failure"]] == ["train_2_1", "wide_global"]


def test_verify_says_what_the_simulator_found(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Also of a program that the process did not come to."""
    good = {"kernel": "wide_global", "method": "== on 3", "seconds": 0.5, "failure": None}
    script = f"import sys; print({json.dumps(good)!r}); sys.exit('out of memory')"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=-1, stderr=-1, text=True)
    rows = exact_device.results(process)
    assert [row["kernel"] for row in rows] == list(exact_device.PROGRAMS)
    assert [row["failure"] for row in rows[:2]] == [None, "not compared: out of memory"]
    verify._print_epochs(rows, console.say)
    out = capsys.readouterr().out
    assert "wide_global" in out
    assert "FAILED" in out
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert exact_device.start() is None
