"""Nothing is replaced or emptied without a word: links, pipes, devices, permissions, inputs."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.errors import InvalidInputError
from spectral_core.files import atomic
from tests.builders import ROOT

POSIX = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


def failing(file: BinaryIO) -> None:
    file.write(b"half")
    raise ZeroDivisionError


@given(links=st.integers(0, 4), relative=st.booleans(), exists=st.booleans(), folder=st.booleans())
@settings(max_examples=30, deadline=None)
def test_links_stay_links_and_their_target_is_written(
    tmp_path_factory: Any, links: int, relative: bool, exists: bool, folder: bool
) -> None:
    """Also where the last link leads to nothing yet, and where the folder is a link."""
    home = tmp_path_factory.mktemp("links")
    (home / "real").mkdir()
    target = home / "real" / "target.txt"
    if exists:
        target.write_text("old", encoding="utf-8")
    name = target
    for number in range(links):
        link = home / f"link{number}"
        link.symlink_to(os.path.relpath(name, home) if relative else name)
        name = link
    if folder and not links:
        (home / "alias").symlink_to("real" if relative else home / "real")
        name = home / "alias" / "target.txt"
    atomic.write_text(name, "new")
    assert target.read_text(encoding="utf-8") == "new"
    assert not target.is_symlink()
    assert all((home / f"link{number}").is_symlink() for number in range(links))
    assert sorted(path.name for path in (home / "real").iterdir()) == ["target.txt"]


@POSIX
def test_a_pipe_stays_a_pipe_and_its_reader_gets_the_bytes(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    atomic.write_text(pipe, "text")
    reader.join()
    assert read == [b"text"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@POSIX
def test_a_pipe_gets_nothing_of_a_file_that_fails(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(ZeroDivisionError):
        atomic.write_atomically(pipe, failing)
    assert os.read(reader, 10) == b""
    os.close(reader)


def test_a_file_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ZeroDivisionError):
        atomic.write_atomically(path, failing)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="needs /dev/null")
def test_devices_stay_devices(tmp_path: Path) -> None:
    before = os.stat("/dev/null")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("/dev/null", tmp_path / "link"):
        atomic.write_text(name, "text")
        after = os.stat("/dev/null")
        assert (after.st_ino, after.st_rdev, after.st_mode) == (before.st_ino, before.st_rdev, before.st_mode)
        assert stat.S_ISCHR(after.st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_device_is_one_message() -> None:
    with pytest.raises(InvalidInputError, match="cannot write /dev/full: No space left on device"):
        atomic.write_text("/dev/full", "text")


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs /proc")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_standard_output_by_its_name(tmp_path: Path, name: str, kind: str) -> None:
    """What was printed before stays, and what is printed later follows."""
    if name == "link":
        (tmp_path / "link").symlink_to("/dev/stdout")
        name = str(tmp_path / "link")
    code = (
        "import sys; from spectral_core.files import atomic; print('before', flush=True); "
        f"atomic.write_text({name!r}, 'text\\n'); print('after')"
    )
    command = [sys.executable, "-c", code]
    if kind == "pipe":
        text = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    else:
        with open(tmp_path / "out", "w", encoding="utf-8") as file:
            subprocess.run(command, cwd=ROOT, stdout=file, check=True)
        text = (tmp_path / "out").read_text(encoding="utf-8")
    assert text == "before\ntext\nafter\n"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_a_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")
    path.chmod(mode)
    atomic.write_text(path, "new")
    assert (path.read_text(encoding="utf-8"), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


def test_a_read_only_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a folder that can be written to. An administrator may write everything, so the system's answer is given."""
    path = tmp_path / "file"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "access", lambda name, mode: os.fspath(name) != str(path))
    with pytest.raises(InvalidInputError, match="it is read-only"):
        atomic.write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"


def test_an_input_is_refused_by_all_its_names(tmp_path: Path) -> None:
    source, other = tmp_path / "in.csv", tmp_path / "other.csv"
    source.write_text("a\n", encoding="utf-8")
    other.write_text("a\n", encoding="utf-8")
    (tmp_path / "link").symlink_to(source)
    os.link(source, tmp_path / "hard")
    for name in (source, tmp_path / "link", tmp_path / "hard", tmp_path / "." / "in.csv"):
        with pytest.raises(InvalidInputError, match="the command reads this file"):
            atomic.check_writable(name, inputs=[other, source])
    atomic.check_writable(other, inputs=[source, "digits", tmp_path / "missing"])


def test_folders_sockets_and_what_lies_under_a_file_are_refused(tmp_path: Path) -> None:
    import socket

    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="it is a folder"):
        atomic.write_text(tmp_path, "text")
    with pytest.raises(InvalidInputError, match="is not a folder that can be written to"):
        atomic.write_text(tmp_path / "file" / "deeper", "text")
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(os.path.relpath(tmp_path / "s"))
        with pytest.raises(InvalidInputError, match="it is a socket"):
            atomic.write_text(tmp_path / "s", "text")


def test_names_that_are_no_text_do_not_end_the_writing(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "report.txt", "t\udce9.csv: ‖Γ‖\n")
    assert (tmp_path / "report.txt").read_text(encoding="utf-8") == "t\\udce9.csv: ‖Γ‖\n"
