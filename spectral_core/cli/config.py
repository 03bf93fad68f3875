"""Options from a TOML file: `--config FILE`. An option on the command line wins over the file."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from spectral_core.errors import InvalidInputError


def config_option(parser: argparse.ArgumentParser) -> None:
    """Add the option --config."""
    meaning = "a TOML file of options, such as epochs = 50; options given here win"
    parser.add_argument("--config", metavar="FILE", help=meaning)


def with_config(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> list[str]:
    """The arguments of a command, those of its --config file put before them.

    Raises
    ------
    InvalidInputError : the file cannot be read, names an option that the command does not have, or gives it a wrong value.
    """
    own = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    paths = _values(own, "--config")
    if not paths or "--config" not in parser._option_string_actions:
        return list(arguments)
    path = paths[-1]
    options = _options(parser)
    given = _given(parser, own)
    tokens: list[str] = []
    for key, value in _read(path).items():
        name = key.replace("_", "-")
        if name not in options:
            known = ", ".join(sorted(options))
            raise InvalidInputError(f"{path}: {parser.prog} has no option {key!r}; it has {known}")
        if options[name] not in given:
            tokens += _tokens(options[name], value, f"{path}: {key}")
    return [*tokens, *arguments]


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} is not TOML: {error}") from None


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """The options that a file may hold, by name."""
    left_out = ("--help", "--config", "--version")
    return {
        name[2:]: action
        for name, action in parser._option_string_actions.items()
        if name.startswith("--") and name not in left_out and not _is_negative(action, name)
    }


def _is_negative(action: argparse.Action, name: str) -> bool:
    return isinstance(action, argparse.BooleanOptionalAction) and name.startswith("--no-")


def _given(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> set[argparse.Action]:
    """The options on the command line, written out or shortened, and those that they exclude."""
    words = {word.split("=")[0] for word in arguments if word.startswith("-")}
    given = {
        action
        for name, action in parser._option_string_actions.items()
        if any(name == word or (word.startswith("--") and name.startswith(word)) for word in words)
    }
    for group in parser._mutually_exclusive_groups:
        if given.intersection(group._group_actions):
            given.update(group._group_actions)
    return given


def _values(arguments: Sequence[str], option: str) -> list[str]:
    """The values of an option, given as ``--option VALUE`` or ``--option=VALUE``, written out or shortened."""
    short = [word for word in arguments if len(word.split("=")[0]) > 3 and option.startswith(word.split("=")[0])]
    after = [value for word, value in pairwise(arguments) if word in short and "=" not in word]
    return after + [word.partition("=")[2] for word in short if "=" in word]


def _tokens(action: argparse.Action, value: Any, place: str) -> list[str]:
    """The words of an option on the command line."""
    name = action.option_strings[0]
    if action.nargs == 0:  # a switch
        if not isinstance(value, bool):
            raise InvalidInputError(f"{place} must be true or false; got {value!r}")
        if isinstance(action, argparse.BooleanOptionalAction):
            return [name if value else f"--no-{name[2:]}"]
        return [name] if value else []
    if isinstance(action, argparse._AppendAction):
        several = _entries(value, place)
    else:
        several = [_text(value, place)]
    for text in several:
        _check(action, text, place)
    return [f"{name}={text}" for text in several]


def _entries(value: Any, place: str) -> list[str]:
    """The values of an option that may be repeated: texts, or a table of names and values."""
    if isinstance(value, Mapping):
        return [f"{name}={_text(entry, f'{place}.{name}')}" for name, entry in value.items()]
    return [_text(entry, place) for entry in (value if isinstance(value, list) else [value])]


def _text(value: Any, place: str) -> str:
    """A value as on the command line; a list has commas between its values, a list in a list ``x``."""
    if isinstance(value, list):
        return ",".join(
            "x".join(map(str, entry)) if isinstance(entry, list) else _text(entry, place) for entry in value
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise InvalidInputError(f"{place} must be a text, a number or a list; got {value!r}")


def _check(action: argparse.Action, text: str, place: str) -> None:
    """Refuse what the option would refuse, with the place in the file."""
    kind: Any = action.type or str
    try:
        value = kind(text)
    except (ValueError, TypeError, argparse.ArgumentTypeError):
        what = {"int": "a whole number", "float": "a number"}.get(kind.__name__, kind.__name__)
        raise InvalidInputError(f"{place} must be {what}; got {text!r}") from None
    if action.choices is not None and value not in action.choices:
        raise InvalidInputError(f"{place} must be one of {', '.join(map(str, action.choices))}; got {text!r}")
