"""Completion in shells: what is offered, and that the shells read the scripts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from spectral_core.cli import completion
from spectral_core.cli.program import build_parser, main
from spectral_core.data import datasets

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed: Debian's package is bash")


def offered(script: Path, *words: str) -> set[str]:
    """What bash offers for the last of these words."""
    listed = " ".join(f"'{word}'" for word in ("spectral-core", *words))
    code = f"source {script}; COMP_WORDS=({listed}); COMP_CWORD={len(words)}; _spectral_core; "
    code += 'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "--norc", "-c", code], cwd=script.parent, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bash") / "spectral-core.bash"
    path.write_text(completion.SCRIPTS["bash"](build_parser()), encoding="utf-8")
    (path.parent / "houses.csv").touch()
    return path


def test_bash_offers_commands(script: Path) -> None:
    commands = completion.inner(build_parser())
    assert offered(script, "") == {*commands, "--version", "--help", "-h"}
    assert offered(script, "sw") == {"sweep", "sweep-merge", "sweep-export"}
    assert offered(script, "reproduce", "sparcs") == {"sparcs-first", "sparcs-second"}


@pytest.mark.parametrize("parser", [*completion.leaves(build_parser())], ids=lambda parser: parser.prog)
def test_bash_offers_every_option_and_every_value(script: Path, parser: object) -> None:
    words = parser.prog.split()[1:]  # type: ignore[attr-defined]
    options = parser._option_string_actions  # type: ignore[attr-defined]
    assert offered(script, *words, "--") == {name for name in options if name.startswith("--")}
    for name, action in options.items():
        if action.choices:
            assert offered(script, *words, name, "") == set(action.choices)


def test_bash_offers_data_sets_and_files(script: Path) -> None:
    assert set(completion.DATA_SETS) == set(datasets.BUILT_IN)
    assert offered(script, "search", "w") == {"wine"}
    assert offered(script, "search", "hou") == {"houses.csv"}
    assert offered(script, "search", "--seed", "1", "dig") == {"digits"}
    assert offered(script, "search", "--out", "hou") == {"houses.csv"}


@pytest.mark.parametrize("shell", list(completion.SCRIPTS))
def test_the_shell_reads_its_script(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    for command in completion.inner(build_parser()):
        assert command in text
    if shutil.which(shell) is None:
        return  # the text alone is looked at
    (tmp_path / "script").write_text(text, encoding="utf-8")
    subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)


def test_fish_has_a_line_for_every_option() -> None:
    text = completion.SCRIPTS["fish"](build_parser())
    for parser in completion.leaves(build_parser()):
        last = parser.prog.split()[-1]
        lines = [line for line in text.splitlines() if f"__fish_seen_subcommand_from {last}'" in line]
        for name in parser._option_string_actions:
            assert any(
                f"-l {name[2:]}" in line if name.startswith("--") else f"-s {name[1:]}" in line for line in lines
            )
        assert all(line.count("'") % 2 == 0 for line in lines)
