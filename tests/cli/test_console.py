"""What the command line prints: on outputs that cannot show every character, for programs, without optional libraries."""

from __future__ import annotations

import csv
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import Predictor, train
from spectral_core.cli import console
from spectral_core.cli.program import main
from spectral_core.data.scaling import Scaling
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.wording import counted
from tests.builders import ROOT

SEARCH = ["search", "wine", "--hidden", "4", "--epochs", "5", "--strategy", "seed"]
LABELS = ("Zürich", "北京", "naïve ‖Γ‖")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of three classes beyond ASCII, and its data."""
    home = tmp_path_factory.mktemp("labels")
    x = np.arange(30.0).reshape(15, 2)
    net = SpectralNetwork.initialize([2, 4, 3], seed=0)
    net = train(net, x, np.arange(15) % 3, loss="cross_entropy", epochs=1).network
    scaling = Scaling.fit(x, True)
    outputs = Scaling.fit(np.zeros((2, 3)), False)
    Predictor(net, "classification", scaling, outputs, LABELS, ("größe", "b"), ("Ort",)).save(home / "m.npz")
    with open(home / "d.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("größe", "b"), *x.tolist()])
    return home


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "spectral_core", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, check=False)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_reports_are_shown_on_every_output(model: Path, tmp_path: Path, encoding: str) -> None:
    for arguments in (("inspect", model / "m.npz"), ("search", "--help"), ("verify", "--formula", "A(i,i) = L(i)")):
        done = run(*arguments, PYTHONIOENCODING=encoding)
        assert (done.returncode, done.stderr) == (0, b""), done.stderr
        done.stdout.decode(encoding)
    assert (b"\\u2016" in run("inspect", model / "m.npz", PYTHONIOENCODING=encoding).stdout) == (encoding != "utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_data_are_utf8_on_every_output(model: Path, encoding: str) -> None:
    done = run("predict", model / "m.npz", model / "d.csv", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    header, *rows = done.stdout.decode("utf-8").splitlines()
    assert header == "Ort"
    assert len(rows) == 15
    assert set(rows) <= set(LABELS)
    assert run("predict", "--proba", model / "m.npz", model / "d.csv", PYTHONIOENCODING=encoding).stdout.startswith(
        ",".join(LABELS).encode()
    )


def test_predictions_as_json_hold_those_of_the_csv(model: Path, tmp_path: Path, capfdbinary: Any) -> None:
    assert main(["predict", str(model / "m.npz"), str(model / "d.csv"), "--json"]) == 0
    rows = json.loads(capfdbinary.readouterr().out)
    assert main(["predict", str(model / "m.npz"), str(model / "d.csv"), "--out", str(tmp_path / "p.csv")]) == 0
    with open(tmp_path / "p.csv", encoding="utf-8", newline="") as file:
        assert rows == list(csv.DictReader(file))
    assert capfdbinary.readouterr().out == b""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_predictions_into_links_pipes_and_devices(model: Path, tmp_path: Path, capfd: Any) -> None:
    """A link keeps its target, a pipe its reader, a device its nature; the data themselves are never replaced."""
    target, link, pipe = tmp_path / "target.csv", tmp_path / "link.csv", tmp_path / "pipe"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    os.mkfifo(pipe)
    data, arguments = model / "d.csv", ["predict", str(model / "m.npz"), str(model / "d.csv"), "--out"]
    assert main([*arguments, str(link)]) == 0
    assert link.is_symlink()
    text = target.read_bytes()
    assert text.startswith(b"Ort\n")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert main([*arguments, str(pipe)]) == 0
    reader.join()
    assert read == [text]
    for device in ("/dev/null", "/dev/stdout"):
        assert main([*arguments, device]) == 0
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert capfd.readouterr().out.encode() == text
    before = data.read_bytes()
    (tmp_path / "alias.csv").symlink_to(data)
    for name in (data, tmp_path / "alias.csv", model / "m.npz"):
        assert main([*arguments, str(name)]) == 2
        assert "the command reads this file" in capfd.readouterr().err
    assert data.read_bytes() == before


def test_a_search_does_not_replace_its_data(tmp_path: Path, capsys: Any) -> None:
    rows = "\n".join(f"{i},{i % 7},{i + i % 7}" for i in range(40))
    (tmp_path / "curve.csv").write_text(f"a,b,y\n{rows}\n", encoding="utf-8")
    before = (tmp_path / "curve.csv").read_bytes()
    assert main(["search", str(tmp_path / "curve.csv"), "--out", str(tmp_path)]) == 2
    assert "the command reads this file" in capsys.readouterr().err
    assert (tmp_path / "curve.csv").read_bytes() == before


def test_quiet_prints_nothing_and_json_the_report(tmp_path: Path, capfd: Any) -> None:
    assert main([*SEARCH, "--quiet", "--out", str(tmp_path / "q")]) == 0
    assert capfd.readouterr() == ("", "")
    assert main([*SEARCH, "--json", "--out", str(tmp_path / "q")]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out) == json.loads((tmp_path / "q" / "report.json").read_text(encoding="utf-8"))
    assert "search wine: 100 %" in err
    prune = ["prune", str(tmp_path / "q" / "model.npz"), "wine", "--out", str(tmp_path / "p")]
    assert main([*prune, "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")
    assert main([*prune, "--json", "--out", str(tmp_path / "other")]) == 0
    assert "loss_after" in json.loads(capfd.readouterr().out)


@pytest.mark.parametrize("command", ["search", "prune", "sweep"])
def test_without_optional_libraries_one_line_says_what_is_left_out(
    tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main([*SEARCH, "--out", str(tmp_path / "s")]) == 0
    err = capfd.readouterr().err
    assert err.count("pictures are left out, since matplotlib is not installed: pip install '.[full]'") == 1
    assert not list((tmp_path / "s").glob("*.png"))
    if command == "prune":
        assert main(["prune", str(tmp_path / "s" / "model.npz"), "wine", "--out", str(tmp_path / "p")]) == 0
        assert "left out" not in capfd.readouterr().err
    if command == "sweep":
        monkeypatch.setitem(sys.modules, "pyarrow", None)  # here, since scikit-learn's scores look at the entry
        arguments = ["sweep", "wine", "--grid", "hidden=2,none", "--grid", "epochs=1", "--jobs", "1"]
        assert main([*arguments, "--out", str(tmp_path / "w")]) == 0
        out, err = capfd.readouterr()
        assert "hidden=None" in out
        assert err.count("results.parquet is left out, since pyarrow is not installed") == 1
        assert {path.name for path in (tmp_path / "w").iterdir()} == {"sweep.sqlite", "results.csv"}


def test_help_loads_no_heavy_library() -> None:
    code = "import sys; from spectral_core.cli.program import main\ntry:\n    main(['search', '--help'])\nexcept SystemExit:\n"
    code += (
        "    print([m for m in ('sklearn', 'matplotlib', 'pyarrow', 'sympy', 'numba', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("libraries", [("sympy",), ("sympy", "matplotlib", "pyarrow", "rich")])
def test_only_verify_needs_sympy(tmp_path: Path, libraries: tuple[str, ...]) -> None:
    """A search, with its predictions and its pruning, imports none of what it does not need."""
    # A finder that refuses them, as where they are not installed; scikit-learn looks for entries in sys.modules.
    code = "import sys\nclass Missing:\n    def find_spec(self, name, path=None, target=None):\n"
    code += f"        if name.split('.')[0] in {libraries!r}:\n            raise ModuleNotFoundError(name, name=name)\n"
    code += "sys.meta_path.insert(0, Missing())\n"
    code += "from spectral_core.cli.program import main\n"
    code += f"assert main([*{SEARCH!r}, '--out', 'o', '--quiet']) == 0\n"
    code += "assert main(['prune', 'o/model.npz', 'wine', '--out', 'p', '--quiet']) == 0\n"
    code += "assert main(['predict', 'p/pruned.npz', 'wine', '--out', 'p.csv']) == 0\n"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names of files")
def test_names_of_files_that_are_no_text(model: Path, tmp_path: Path, capsys: Any) -> None:
    name = os.fsdecode(b"m\xe9.npz")
    (tmp_path / name).write_bytes((model / "m.npz").read_bytes())
    assert main(["inspect", str(tmp_path / name), "--out", str(tmp_path / os.fsdecode(b"\xfc"))]) == 0
    assert "written to" in capsys.readouterr().out
    assert (tmp_path / os.fsdecode(b"\xfc") / "network.png").is_file()
    assert console.printable(name) == r"m\udce9.npz"


def test_verify_without_sympy_is_one_line() -> None:
    code = "import sys; sys.modules['sympy'] = None\nfrom spectral_core.cli.program import main\nsys.exit(main(['verify']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "spectral-core: verify needs sympy, which is not installed: pip install sympy\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colours_only_on_a_terminal_that_wants_them(variables: dict[str, str], coloured: bool) -> None:
    """A colour is ESC [ 3x m; NO_COLOR and a terminal without colours are respected."""
    import pty

    code = "from spectral_core.cli import console\nwith console.progress('work') as report:\n"
    code += "    for i in range(3):\n        report(i + 1, 3, 'text')\n"
    controller, terminal = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)} | variables
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        while chunk := _read(controller):
            shown += chunk
    os.close(controller)
    assert process.returncode == 0
    assert b"work" in shown
    assert (b"\x1b[38" in shown or b"\x1b[3" in shown.replace(b"\x1b[3m", b"")) == coloured, shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the process has ended, and with it the terminal
        return b""


def test_nothing_is_coloured_in_a_file(tmp_path: Path) -> None:
    done = run(*SEARCH, "--out", tmp_path)
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(("number", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12345, "12,345 rows")])
def test_one_thing_is_no_plural(number: int, text: str) -> None:
    assert counted(number, "row") == text
