"""Options from a TOML file: read as on the command line, which wins; what is unknown or wrong is refused with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.cli import completion
from spectral_core.cli.config import with_config
from spectral_core.cli.program import build_parser, main
from spectral_core.cli.training_options import PLAIN, read_widths, training_keywords
from spectral_core.errors import InvalidInputError

COMMANDS = {parser.prog: parser for parser in completion.leaves(build_parser())}
SEARCH = COMMANDS["spectral-core search"]


def options_of(text: str, tmp_path: Path, *arguments: str) -> Any:
    """The options of a search with this file."""
    path = tmp_path / "c.toml"
    path.write_text(text, encoding="utf-8")
    return SEARCH.parse_args(with_config(SEARCH, ["wine", "--config", str(path), *arguments]))


def test_every_kind_of_value(tmp_path: Path) -> None:
    text = 'hidden = [50, 20]\nepochs = 7\nlearning_rate = 1e-2\n"test-fraction" = 0.25\nstrategy = "seed"\n'
    text += "sizes = [10, 20]\neigenvector-penalties = [0.0, 1e-3]\nbias = false\nquiet = true\ncompare = false\n"
    options = options_of(text, tmp_path)
    keywords = training_keywords(options)
    assert keywords["hidden"] == (50, 20)
    assert (options.epochs, options.learning_rate, options.test_fraction) == (7, 0.01, 0.25)
    assert keywords["sizes"] == (10, 20)
    assert keywords["eigenvector_penalties"] == (0.0, 1e-3)
    assert (options.bias, options.quiet, options.compare) == (False, True, False)


def test_the_command_line_wins(tmp_path: Path) -> None:
    """Written out, shortened, with = or a blank, before or after --config; also an option that excludes that of the file."""
    for words in (["--epochs", "3"], ["--epochs=3"], ["--epo", "3"]):
        assert options_of("epochs = 9\nseed = 4\n", tmp_path, *words).epochs == 3
        assert options_of("epochs = 9\nseed = 4\n", tmp_path, *words).seed == 4
    assert options_of("bias = true", tmp_path, "--no-bias").bias is False
    options = options_of("quiet = true", tmp_path, "--json")
    assert (options.json, options.quiet) == (True, False)
    prune = COMMANDS["spectral-core prune"]
    (tmp_path / "c.toml").write_text("tolerance = 0.5", encoding="utf-8")
    words = ["m.npz", "wine", "--fraction", "0.1", f"--config={tmp_path / 'c.toml'}"]
    options = prune.parse_args(with_config(prune, words))
    assert (options.fraction, options.tolerance) == (0.1, None)


def test_a_grid_as_texts_or_as_a_table(tmp_path: Path) -> None:
    sweep = COMMANDS["spectral-core sweep"]
    for text in ('grid = ["hidden=3,4x2", "epochs=2"]', "grid = { hidden = [3, [4, 2]], epochs = 2 }"):
        (tmp_path / "c.toml").write_text(text, encoding="utf-8")
        assert sweep.parse_args(with_config(sweep, ["wine", "--config", str(tmp_path / "c.toml")])).grid == [
            "hidden=3,4x2",
            "epochs=2",
        ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "has no option 'epoch'; it has activation, .*epochs"),
        ("help = true", "has no option 'help'"),
        ("config = 'x'", "has no option 'config'"),
        ("[search]\nepochs = 3", "has no option 'search'"),
        ("epochs = 'many'", "epochs must be a whole number; got 'many'"),
        ("epochs = 1.5", "epochs must be a whole number; got '1.5'"),
        ("strategy = 'best'", "strategy must be one of smallest, neurons, seed, grow; got 'best'"),
        ("quiet = 1", "quiet must be true or false; got 1"),
        ("tolerance = 2026-01-01", "tolerance must be a text, a number or a list"),
        ("epochs = ", "is not TOML"),
        ("\x00", "is not TOML"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, capsys: Any, text: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"c\.toml.*{message}"):
        options_of(text, tmp_path)
    assert main(["search", "wine", "--config", str(tmp_path / "c.toml"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there(tmp_path: Path, capsys: Any) -> None:
    assert main(["search", "wine", "--config", str(tmp_path / "none.toml")]) == 2
    assert "cannot read" in capsys.readouterr().err
    assert main(["search", "wine", "--config", str(tmp_path)]) == 2
    assert "cannot read" in capsys.readouterr().err


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.booleans() | st.text(max_size=5), max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_file_is_read_or_refused(tmp_path_factory: Any, record: dict[str, Any]) -> None:
    """JSON strings are TOML strings, apart from what TOML does not allow in them."""
    lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in record.items()]
    path = tmp_path_factory.mktemp("any") / "c.toml"
    path.write_text("\n".join(lines), encoding="utf-8", errors="backslashreplace")
    try:
        words = with_config(SEARCH, ["wine", "--config", str(path)])
    except InvalidInputError:
        return
    assert words[-3:] == ["wine", "--config", str(path)]


def test_all_keywords_of_search_can_be_given() -> None:
    """Those about data and files belong to other options; the command sets these itself."""
    import inspect

    from spectral_core import search

    of_the_command = {"X", "y", "validation_data", "name", "feature_names", "target_names", "progress", "checkpoint"}
    of_the_command |= {"keep_checkpoint", "sample_weight", "verbose"}  # --weight names a column
    names = set(inspect.signature(search).parameters) - of_the_command
    assert {name for name in names if f"--{name.replace('_', '-')}" not in SEARCH._option_string_actions} == set()
    given = ["--bias", "--strategy", "seed", "--keep", "last", "--batch-size", "8", "--learning-rate", "0.1"]
    given += ["--eigenvalue-learning-rate", "0.2", "--penalty", "l1", "--penalty-strength", "0.3", "--patience", "9"]
    given += ["--validation-fraction", "0.25", "--standardize", "--dtype", "float64"]
    given += ["--flash", "9000", "--ram", "900", "--operations", "99", "--int8"]
    assert training_keywords(SEARCH.parse_args(["wine", *given])).keys() >= set(PLAIN)
    assert training_keywords(SEARCH.parse_args(["wine"])).keys().isdisjoint(PLAIN)


@pytest.mark.parametrize(("text", "widths"), [("5", (5,)), ("50x20", (50, 20)), ("50,20", (50, 20)), ("none", ())])
def test_widths_are_read(text: str, widths: tuple[int, ...]) -> None:
    assert read_widths(text) == widths


@pytest.mark.parametrize("text", ["0", "5x0", "-1", "five", "5x", "5;6", "1.5"])
def test_widths_that_are_none(text: str) -> None:
    with pytest.raises(InvalidInputError, match="--hidden must be"):
        read_widths(text)
