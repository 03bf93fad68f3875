"""Kernels compile where neither the package nor the home folder can be written to, with one line that says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from spectral_core.data.scaling import Scaling
from spectral_core.kernels.support import cache
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from tests.builders import ROOT

TRAIN = "from spectral_core.kernels.support.shuffling import shuffled; "
TRAIN += "print(sorted(shuffled(3, 1, 10, 10).tolist()) == list(range(10)))"

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs users and permissions")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with a copy of the package in which no folder `__pycache__` can be made, not by an administrator either."""
    shutil.copytree(ROOT / "spectral_core", tmp_path / "spectral_core", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in (tmp_path / "spectral_core").rglob("*"):
        if folder.is_dir():
            (folder / "__pycache__").touch()
    return tmp_path


def run(installed: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code where the home folder cannot be made."""
    (installed / "temporary").mkdir(exist_ok=True)
    left_out = {"NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment |= {"HOME": "/dev/null/home", "TMPDIR": str(installed / "temporary")}
    command = [sys.executable, "-B", "-c", code]
    return subprocess.run(command, cwd=installed, env=environment, capture_output=True, text=True, check=False)


def test_kernels_are_kept_among_the_temporary_files(installed: Path) -> None:
    for _ in range(2):
        done = run(installed, TRAIN)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "True\n"
        assert "compiled kernels cannot be kept beside the package" in done.stderr
    folder = next((installed / "temporary").glob("spectral-core-kernels-*"))
    assert list(folder.rglob("*.nbc"))
    assert folder.stat().st_mode & 0o777 == 0o700


def test_kernels_compile_where_nothing_can_be_written(installed: Path) -> None:
    done = run(installed, "import tempfile; tempfile.gettempdir = lambda: '/dev/null/temporary'; " + TRAIN)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "True\n"
    assert "every start compiles them anew" in done.stderr


def test_the_command_says_it_in_one_line(installed: Path) -> None:
    """And nothing else is told, above all no traceback. A prediction compiles the fewest kernels."""
    x = np.arange(6.0).reshape(3, 2)
    net = SpectralNetwork.initialize([2, 3, 1], seed=0)
    scaling = Scaling.fit(x, True), Scaling.fit(x[:, :1], True)
    Predictor(net, "regression", *scaling, (), ("a", "b"), ("y",)).save(installed / "m.npz")
    (installed / "d.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    code = "import sys; from spectral_core.cli.program import main; sys.exit(main(['predict', 'm.npz', 'd.csv']))"
    done = run(installed, code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("y\n")
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("spectral-core: compiled kernels cannot be kept")
    picture = (
        "import sys; from spectral_core.cli.program import main; sys.exit(main(['inspect', 'm.npz', '--out', 'p']))"
    )
    done = run(installed, picture)  # matplotlib has a folder of its own in the home folder
    assert done.returncode == 0, done.stderr
    assert "mkdir" not in done.stderr
    assert (installed / "p" / "network.png").is_file()


@pytest.mark.parametrize("kind", ["open to all", "a link", "a file", "of another user"])
def test_a_folder_that_others_can_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A kept kernel is code."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / f"spectral-core-kernels-{os.getuid()}"
    if kind == "open to all":
        folder.mkdir()
        folder.chmod(0o777)
    elif kind == "a link":
        (tmp_path / "other").mkdir()
        folder.symlink_to(tmp_path / "other")
    elif kind == "a file":
        folder.touch()
    else:
        real = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: real + 1)
        (tmp_path / f"spectral-core-kernels-{real + 1}").mkdir()
    assert cache._temporary_folder() is None


def test_a_folder_of_the_user_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = cache._temporary_folder()
    assert folder == str(tmp_path / f"spectral-core-kernels-{os.getuid()}")
    assert cache._temporary_folder() == folder
