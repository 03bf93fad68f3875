"""The CUDA kernels without a GPU: simulated against the loops from the papers, and what happens where a GPU is asked for and
there is none. Where there is one, the same checks run on it too. `test_compiled.py` compiles the kernels."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba_cuda", reason="numba-cuda is there for Linux and Windows only")

from benchmarks import cuda_kernels
from benchmarks import gpu as gpu_benchmark
from spectral_core import search
from spectral_core.backends import choice
from spectral_core.backends.cpu_images import tables_of
from spectral_core.errors import BackendError, InvalidInputError
from spectral_core.networks.cells import Cell
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import compact
from spectral_core.training import mini_batches
from spectral_core.training.ensemble import train_ensemble
from spectral_core.training.trainer import train
from tests.builders import ROOT
from tests.kernels.cuda.simulated import CHECKS

WHY_NOT = choice.unavailable_because()


TRAININGS = (
    "device-arrays", "corners", "continued", "images-spectral", "images-published", "images-training-spectral",
    "images-training-published",
)  # fmt: skip
"""Checks of `train`, beside those named "wide"."""


BROKEN = """
import importlib.util, runpy, sys
name, path, *names = sys.argv[1:]
class Broken:
    @staticmethod
    def find_spec(wanted, *_):
        return importlib.util.spec_from_file_location(name, path) if wanted == name else None
sys.meta_path.insert(0, Broken)
sys.argv[1:] = names
runpy.run_module("tests.kernels.cuda.simulated", run_name="__main__", alter_sys=True)
"""
"""A process in which one module is another file; all others, and their compiled kernels, are those of the package."""


def simulate(names: list[str], broken: Path | None = None) -> dict[str, Any]:
    """{check: error} of a process in which numba-cuda simulates the GPU, and the names of the kernels it launched."""
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(ROOT)}
    what = ["-m", "tests.kernels.cuda.simulated"]
    if broken is not None:
        what = ["-c", BROKEN, f"spectral_core.kernels.cuda.{broken.stem}", str(broken)]
    command = [sys.executable, "-W", "ignore", *what, *names]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [record["name"] for record in records[-1:]] == ["launched"], done.stderr[-2000:]
    return {record["name"]: record.get("error", record.get("kernels")) for record in records}


@pytest.fixture(scope="module")
def simulated() -> dict[str, Any]:
    return simulate([])


@pytest.mark.parametrize("name", [name for name in CHECKS if name.startswith("wide") or name in TRAININGS])
def test_trainings_on_the_device_are_those_of_the_processor(simulated: dict[str, Any], name: str) -> None:
    """And those of the loops from the papers."""
    assert simulated[name] == ""


@pytest.mark.parametrize("name", [name for name in CHECKS if not name.startswith("wide") and name not in TRAININGS])
def test_an_ensemble_is_its_trainings_one_by_one(simulated: dict[str, Any], name: str) -> None:
    """In their own mini-batches, which a block finds from the seed."""
    assert simulated[name] == ""


def test_every_kernel_is_simulated(simulated: dict[str, Any]) -> None:
    """Those of the table, which are all of them (test_compiled.py)."""
    assert set(simulated["launched"]) == {key.split()[0] for key in cuda_kernels.written(cuda_kernels.CAPABILITIES[-1])}


@pytest.mark.skipif(bool(WHY_NOT), reason=f"no GPU: {WHY_NOT}; the simulated twins run above")
@pytest.mark.parametrize("name", CHECKS)
def test_on_a_gpu(name: str) -> None:
    CHECKS[name]()


SABOTAGE = {
    "the sign of the linear path": ("parts.py", "-v[s * n_out + h] + x[s * n_out + h]", "v[s * n_out + h] + x[s * n_out + h]", "wide-global-tanh-squared_error-group-adam"),
    "a step size": ("parts.py", "step_size = rate / correction1", "step_size = rate", "ensemble-3_1-relu-squared_error-group-adam"),
    "the factor of a threshold": ("parts.py", "threshold = factor * thresholds[group]", "threshold = thresholds[group]", "ensemble-2_1-relu-huber-l2-proximal-adam"),
    "the factor of a rate on the grid": ("wide.py", "moved = factors[batch] * rate", "moved = rate", "wide-global-tanh-squared_error-group-adam"),
    "the norm of all threads": ("parts.py", "squares = gpu_sum(rank, count, share, room)\n    for", "squares = share\n    for", "ensemble-3_2-swish-cross_entropy-group-proximal-adam"),
    "a decay": ("wide.py", "parameters, moved * decay)", "parameters, moved)", "wide-global-swish+tanh-cross_entropy-l1-proximal-nesterov"),
    "a smoothed label": ("parts.py", "spread = smoothing / output.dtype.type(n_out)", "spread = smoothing", "wide-global-swish+tanh-cross_entropy-l1-proximal-nesterov"),
    "a neuron's share": ("one_hidden.py", "dlam_in1_0 += dM1_0 * phi1_0", "dlam_in1_0 = dM1_0 * phi1_0", "ensemble-3_1-relu-squared_error-group-adam"),
    "the order of samples": ("parts.py", "r % 2 == 1", "r % 2 == 0", "ensemble-3_1-relu-squared_error-group-adam"),
    "a sum over an odd number of threads": ("parts.py", "half = (length + 1) // 2", "half = length // 2", "ensemble-3_1-relu-squared_error-group-adam"),
    "which data are whose": ("one_hidden.py", "y_data[y_of[replica]]", "y_data[x_of[replica]]", "ensemble-3_1-relu-squared_error-group-adam"),
    "the lanes of a line": ("wide.py", "for other in range(LANES):", "for other in range(1):", "wide-global-tanh-squared_error-group-adam"),
    "the start of a mini-batch": ("wide.py", "order[batch * batch_size :]", "order[0:]", "wide-global-tanh-squared_error-group-adam"),
    "a penalty on the grid": ("wide.py", "if keep:", "if not keep:", "wide-global-tanh-squared_error-group-adam"),
    "the barrier behind a part": ("parts.py", "gpu_propagate_global_1(rank, count, n_out, n_in, M, lam_in, lam_out, phi)\n        cuda.syncthreads()", "gpu_propagate_global_1(rank, count, n_out, n_in, M, lam_in, lam_out, phi)", "ensemble-global-tanh-squared_error-group-adam"),
    "the barrier behind the outputs": ("one_hidden.py", "output_0\n    cuda.syncthreads()", "output_0", "ensemble-3_1-relu-squared_error-group-adam"),
}  # fmt: skip


@pytest.mark.parametrize("what", SABOTAGE)
def test_a_broken_kernel_is_noticed(what: str, tmp_path: Path) -> None:
    file, old, new, check = SABOTAGE[what]
    text = (ROOT / "spectral_core" / "kernels" / "cuda" / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
    assert simulate([check], tmp_path / file)[check] != ""


# --- no GPU -----------------------------------------------------------------------------------------------------------

NET = SpectralNetwork.initialize([2, 3, 1], seed=0)
X, Y = np.linspace(-1, 1, 12).reshape(6, 2), np.linspace(0, 1, 6)


def test_a_gpu_that_is_not_there_is_an_error_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "_driver", lambda: False)
    why = "there is no driver for a CUDA device"
    for call in (
        lambda: train(NET, X, Y, backend="cuda"),
        lambda: train_ensemble([NET], X, Y, seeds=[0], backend="cuda"),
    ):
        with pytest.raises(BackendError, match=f"backend 'cuda' cannot be used: {why}"):
            call()


def test_an_array_on_a_gpu_where_none_is_taken() -> None:
    there = SimpleNamespace(__cuda_array_interface__={})
    with pytest.raises(InvalidInputError, match="X lies on a GPU, which is for `train` and for networks' own methods"):
        search(there, Y)
    with pytest.raises(InvalidInputError, match="a CompactNetwork picks columns of X in this process; X lies on a GPU"):
        train(compact(NET), there, Y)
    if WHY_NOT:
        with pytest.raises(BackendError, match="backend 'cuda' cannot be used"):
            NET.forward(there)


def test_auto_is_the_processor_where_there_is_no_gpu_or_little_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "unavailable_because", lambda: "no device")
    assert choice.resolve("auto") == choice.resolve("cpu") == "cpu"
    monkeypatch.setattr(choice, "unavailable_because", lambda: "")
    assert choice.resolve("auto") == choice.resolve("cuda") == "cuda"
    assert choice.resolve("auto", choice.multiply_adds((3, 300, 1), 100)) == "cpu"
    assert choice.resolve("auto", choice.multiply_adds((20, 2000, 2000, 20), 1024)) == "cuda"
    cells = [Cell(1, 3, {(0, 1): ("sep3", "identity"), (1, 2): ("dil5", "max3")})]
    net = ImageNetwork.initialize(2, 0, 3, image=(3, 4, 6), cells=cells)
    products = 24 * (9 * 3 * 2 + 2 * (2 * 2 + 2 * 9) + 2 * 2 + 2 * 25)  # the stem, two halves of sep3, dil5
    assert choice.image_multiply_adds(tables_of(net.layout), 5) == 3 * 5 * products
    problem = net.problem(np.zeros((2, 3, 4, 6)), [0, 1])
    enough = -(-choice.WORTH_A_GPU_FOR_IMAGES // (3 * products))
    found = [mini_batches._backend(net, problem, None, size, "auto") for size in (enough - 1, enough)]
    assert found == ["cpu", "cuda"]
    with pytest.raises(InvalidInputError, match="backend must be one of auto, cpu, cuda; got 'gpu'"):
        choice.resolve("gpu")


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice.importlib.util, "find_spec", lambda name: None)
    assert choice.unavailable_because() == "numba-cuda is not installed: pip install '.[cuda]' in the sources"


def test_a_library_that_is_not_whole_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """CuPy is there, and the library it multiplies with is not."""
    from spectral_core.backends import gpu
    from spectral_core.kernels.support import device

    class Library:
        ones = staticmethod(np.ones)

        @staticmethod
        def matmul(a: Any, b: Any) -> None:
            raise ImportError("libcublas.so.13: cannot open shared object file")

    monkeypatch.setattr(gpu, "array_module", Library)
    monkeypatch.setattr(device.cuda, "is_available", lambda: True)
    monkeypatch.setattr(gpu.importlib.util, "find_spec", lambda name: True)
    gpu._library_fails.cache_clear()
    assert gpu.unavailable_because() == "CuPy cannot multiply matrices: libcublas.so.13: cannot open shared object file"
    gpu._library_fails.cache_clear()


def test_auto_does_not_import_numba_cuda_where_there_is_no_driver() -> None:
    code = (
        "import sys, numpy as np, spectral_core as s\n"
        "from spectral_core.backends import choice\n"
        "choice._driver = lambda: False\n"
        "assert choice.multiply_adds((1000, 1000), 50) > choice.WORTH_A_GPU\n"
        "net = s.SpectralNetwork.initialize([1000, 1000], bias=False)\n"
        "s.train(net, np.zeros((50, 1000)), np.zeros((50, 1000)), epochs=1)\n"
        "print('spectral_core.backends.gpu' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False\n"


def test_nothing_touches_cuda_before_it_is_asked_for() -> None:
    """Not the import, nor a training that `auto` leaves to the processor."""
    code = (
        "import sys, numpy as np, spectral_core as s\n"
        "from spectral_core.training import trainer; from spectral_core.architecture import search as architecture; from spectral_core.training import ensemble as ensembles; from spectral_core.cli import program as cli\n"
        "net = s.SpectralNetwork.initialize([2, 3, 1])\n"
        "s.train(net, np.zeros((4, 2)), np.zeros(4), epochs=1)\n"
        "print([name for name in sys.modules if name.startswith(('numba.cuda', 'numba_cuda.', 'cupy', 'cuda.'))])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    before = subprocess.run(
        [sys.executable, "-c", code.replace("import sys", "import numba, sys", 1).split("from spectral_core")[0] + code.splitlines()[-1]],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert ast.literal_eval(done.stdout) == ast.literal_eval(before.stdout)


def test_an_ensemble_on_the_processor_is_train_one_by_one() -> None:
    nets = [SpectralNetwork.initialize([2, 3, 1], seed=seed) for seed in (1, 2)]
    told: list[tuple[int, int]] = []
    result = train_ensemble(
        nets, X, [Y, 2 * Y], seeds=[3, 4], epochs=2, options=[{"learning_rate": 0.1}, {"learning_rate": 0.2}], backend="cpu",
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert result.backend == "cpu"
    assert told == [(2, 4), (4, 4)]
    for i, (y, rate) in enumerate(((Y, 0.1), (2 * Y, 0.2))):
        alone = train(nets[i], X, y, epochs=2, seed=3 + i, learning_rate=rate)
        found = result.networks[i]
        assert found is not None
        np.testing.assert_array_equal(found.parameters, alone.network.parameters)
        np.testing.assert_array_equal(result.training_loss[i], alone.history.training_loss)
        assert result.loss[i] == alone.network.loss(X, y)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"nets": []}, "an ensemble needs networks, and as many seeds; got 0 and 1"),
        ({"seeds": [0, 1]}, "an ensemble needs networks, and as many seeds; got 1 and 2"),
        ({"nets": [NET, SpectralNetwork.initialize([2, 4, 1])], "seeds": [0, 1]}, "must be of one shape; nets[1] is "),
        ({"options": [{}, {}]}, "options must be one mapping, or one for each of 1 networks; got 2"),
        ({"X": SimpleNamespace(__cuda_array_interface__={})}, "X lies on a GPU; an ensemble takes arrays of this process"),
        ({"y": [SimpleNamespace(__cuda_array_interface__={})]}, "y lies on a GPU; an ensemble"),
        ({"options": {"rate": 1}}, "options must be of batch_size, optimizer, "),
        ({"y": [Y, Y]}, "y must be one array, or a list of 1; got 2"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
        ({"nets": [NET, NET], "seeds": [0, 0], "X": [X, X[:3]], "y": [Y, Y[:3]]}, "must have as many rows each; got [3, 6]"),
    ],
)  # fmt: skip
def test_wrong_requests_for_ensembles(given: dict[str, Any], message: str) -> None:
    chosen = {"nets": [NET], "X": X, "y": Y, "seeds": [0], "epochs": 1} | given
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        train_ensemble(chosen.pop("nets"), chosen.pop("X"), chosen.pop("y"), **chosen)


def test_the_examples_of_the_page_on_gpus() -> None:
    """docs/gpu.md, word for word; the first one wants CuPy."""
    text = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
    first, second = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(second, "docs/gpu.md", "exec"), {})
    compile(first, "docs/gpu.md", "exec")
    if not WHY_NOT:
        exec(compile(first, "docs/gpu.md", "exec"), {})


def test_the_command_that_measures_runs_in_the_simulator() -> None:
    """Small: agreement with the processor, then the first experiment through the engine."""
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.gpu", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "0 beyond their tolerance" in done.stdout
    assert re.search(r"P1: 2 trainings \| [\d.]+ s", done.stdout)


def test_without_a_gpu_the_command_that_measures_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(choice, "_driver", lambda: False)
    assert gpu_benchmark.main([]) == 2
    assert capsys.readouterr().err == "no GPU: there is no driver for a CUDA device\n"
