"""The command `completion`: scripts for shells, written from the parsers of all commands.

A script answers by itself. It does not start Python, so it answers at once.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spectral_core.cli.console import say

PROGRAM = "spectral-core"
DATA_SETS = ("breast_cancer", "diabetes", "digits", "sparcs", "wine")


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "completion",
        help="a script with which a shell completes commands and options",
        description="Prints a script. A shell that has read it completes commands, options, their values and file names.",
        epilog="example: spectral-core completion bash >> ~/.bashrc; for fish: "
        "spectral-core completion fish > ~/.config/fish/completions/spectral-core.fish",
    )
    parser.add_argument("shell", choices=tuple(SCRIPTS), help="the shell")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the script; `options.parser` is that of all commands."""
    say(SCRIPTS[options.shell](options.parser))
    return 0


def inner(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the commands of a parser, by name; none for a command without commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parsers of all commands that have no commands of their own."""
    below = inner(parser)
    for one in below.values():
        yield from leaves(one)
    if not below:
        yield parser


@dataclass(frozen=True)
class _Word:
    """A word that can follow: an option or a command, the values that it takes, and one line about it."""

    names: tuple[str, ...]
    help: str
    takes_value: bool = False
    values: tuple[str, ...] = ()


def _paths(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], list[_Word]]]:
    """Each command as its words, with the words that can follow it."""
    words = [
        _Word(
            tuple(action.option_strings), _plain(action.help), action.nargs != 0, tuple(map(str, action.choices or ()))
        )
        for action in parser._actions
        if action.option_strings and action.help != argparse.SUPPRESS
    ]
    below = inner(parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help for choice in action._choices_actions}
            words += [_Word((name,), _plain(helps.get(name))) for name in below]
        elif not action.option_strings:
            choices = action.choices or (DATA_SETS if action.metavar == "DATA" else ())
            words += [_Word((str(name),), "") for name in choices]
    yield path, words
    for name, one in below.items():
        yield from _paths(one, (*path, name))


def _plain(text: str | None) -> str:
    """A help text on one line, without quotes and other characters that mean something to a shell."""
    return re.sub(r"\s+", " ", re.sub(r"[^\w\s.,;:()/+=-]", " ", (text or "").replace("%%", " percent"))).strip()


def _bash(parser: argparse.ArgumentParser) -> str:
    """For bash: the words after each command, and the values of each option."""
    follow, values = [], []
    for path, words in _paths(parser):
        names = " ".join(name for word in words for name in word.names)
        follow.append(f'    "{" ".join(path)}") words="{names}" ;;')
        for word in words:
            for name in word.names if word.takes_value else ():
                values.append(f'    "{" ".join([*path, name])}") words="{" ".join(word.values)}"; value=1 ;;')
    known = " ".join(f'"{" ".join(path)}"' for path, _ in _paths(parser) if path)
    cases, options = "\n".join(follow), "\n".join(values)
    return f"""# bash completion of {PROGRAM}
_spectral_core() {{
  local word path="" words="" value="" current="${{COMP_WORDS[COMP_CWORD]}}" i previous
  local known=({known})
  # The command that is named.
  for ((i = 1; i < COMP_CWORD; i++)); do
    for word in "${{known[@]}}"; do
      [ "$word" = "${{path:+$path }}${{COMP_WORDS[i]}}" ] && {{ path="$word"; break; }}
    done
  done
  # The values of the option before the cursor; otherwise what can follow the command.
  previous="${{COMP_WORDS[COMP_CWORD - 1]}}"
  case "${{path:+$path }}$previous" in
{options}
  esac
  if [ -z "$value" ]; then
    case "$path" in
{cases}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ "${{current:0:1}}" != "-" ] && [ -n "$path" ] && [ -z "$value" -o -z "$words" ]; then
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}}
complete -o filenames -F _spectral_core {PROGRAM}
"""


def _zsh(parser: argparse.ArgumentParser) -> str:
    """For zsh, which can read the script for bash."""
    start = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n"
    return f"{start}{_bash(parser)}"


def _fish(parser: argparse.ArgumentParser) -> str:
    """For fish: one line for each word."""
    lines = [f"# fish completion of {PROGRAM}"]
    for path, words in _paths(parser):
        below = [one for one, _ in _paths(parser) if len(one) == len(path) + 1 and one[: len(path)] == path]
        seen = [f"__fish_seen_subcommand_from {name}" for name in path]
        free = [f"not __fish_seen_subcommand_from {' '.join(one[-1] for one in below)}"] if below else []
        condition = "; and ".join([*seen, *free]) or "true"
        for word in words:
            lines.append(f"complete -c {PROGRAM} -n '{condition}' {_fish_word(word)}".rstrip())
    return "\n".join(lines) + "\n"


def _fish_word(word: _Word) -> str:
    about = f" -d '{word.help}'" if word.help else ""
    if not word.names[0].startswith("-"):
        return f"-a '{word.names[0]}'{about}"
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in word.names)
    values = f" -x -a '{' '.join(word.values)}'" if word.values else " -r" if word.takes_value else ""
    return f"{names}{values}{about}"


SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
"""The writers of scripts, by shell."""
