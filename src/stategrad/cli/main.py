"""The entry point: reads the command line, loads the settings that it starts from, and turns errors into one sentence."""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import jsonargparse

from stategrad import __version__
from stategrad.cli import commands
from stategrad.corpus.sources import CorpusConfig
from stategrad.errors import StategradError, suggestion
from stategrad.run.config import RunConfig
from stategrad.run.properties import EXPECTED
from stategrad.run.settings import check_sections, explain_value, preset_names, read_folder, read_preset

COMMANDS: dict[str, Callable[..., None]] = {
    "run": commands.run,
    "train": commands.train,
    "gradients": commands.gradients,
    "swap": commands.swap,
    "controls": commands.controls,
    "analyze": commands.analyze,
    "probe": commands.probe,
    "sweep": commands.sweep,
    "seeds": commands.seeds,
    "words": commands.words,
    "report": commands.report,
    "compare": commands.compare,
    "validate": commands.validate,
    "corpus": commands.corpus,
}


class Parser(jsonargparse.ArgumentParser):
    """A parser whose errors are one sentence, with the nearest option or choice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, allow_abbrev=False, **kwargs)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print what is wrong and exit with 2."""
        fail(self.explain(" ".join(message.split())))

    def explain(self, message: str) -> str:
        """A message of the parser's, with "did you mean" where something was misspelt."""
        if re.search(r"[Kk]ey \"analysis\.properties", message):
            return EXPECTED
        unknown = re.search(r"[Uu]nrecognized arguments:.*?(--\S+)|Key \"?([\w.]+)\"? is not expected", message)
        if unknown:
            name = (unknown[1] or f"--{unknown[2]}").split("=")[0]
            near = suggestion(name, self.options()).split("? (")[0]
            hint = f"{near}?" if near.startswith("did you mean") else f"`{self.prog} --help` lists the options."
            return f"unknown option '{name}': {hint}"
        choice = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if choice:
            return f"unknown command '{choice[1]}': {suggestion(choice[1], re.findall(r'[a-z]+', choice[2]))}."
        wrong = explain_value(message, prefix="--")
        if wrong:
            return wrong.replace("unknown what ", "unknown kind of probe ")
        section = re.search(r'Parser key "([\w]+)": Unable to load config "(.*)"', message)
        if section:
            return f"--{section[1]} is a group of settings; give one of them, such as --{self.setting_of(section[1])}."
        missing = re.search(r"arguments are required: \w+\.(\w+)", message)
        if missing:
            what = {"runs": "two or more runs", "out": "an --out", "grid": "a --grid", "others": "the --others"}.get(
                missing[1], f"a {missing[1]}"
            )
            return f"`{self.prog}` needs {what}; see --help."
        return f"{message.removesuffix('.')}."

    def setting_of(self, section: str) -> str:
        """The first setting of a section."""
        return next(option for option in self.options() if option.startswith(f"--{section}.")).removeprefix("--")

    def options(self) -> list[str]:
        """Every option of this parser and of the commands below it."""
        below = [parser for action in self._actions for parser in (getattr(action, "_name_parser_map", None) or {}).values()]
        own = [option for action in self._actions for option in action.option_strings]
        return list(dict.fromkeys(own + [option for parser in below for option in parser.options()]))


def fail(sentence: str) -> NoReturn:
    """Print one sentence on standard error and exit with 2."""
    print(f"stategrad: {sentence}", file=sys.stderr)
    raise SystemExit(2)


def build(command: str, base: RunConfig | None) -> Parser:
    """The parser of one command; the defaults of its options come from `base` where it is given."""
    function = COMMANDS[command]
    parser = Parser(prog=f"stategrad {command}", description=_summary(function))
    if command == "corpus":
        parser.add_class_arguments(CorpusConfig, as_positional=False)
        return parser
    if command == "compare":
        parser.add_argument("runs", nargs="+", type=Path, help="folders of two or more runs")
        parser.add_function_arguments(function, skip={"runs"}, as_group=False)
        return parser
    parser.add_function_arguments(function, skip={"base", "settings"}, as_group=False, as_positional=True)
    for action in parser._actions:
        if action.dest == "preset":
            action.help = f"{action.help} Presets: {', '.join(preset_names())}."
    if "settings" in inspect.signature(function).parameters:
        parser.add_class_arguments(RunConfig, as_group=False, as_positional=False, skip={"preset", "fallback"})
    if base is not None:
        settings = base.to_dict()
        for name in _sections(function) & set(settings):
            value = settings[name]
            parser.set_defaults({f"{name}.{key}": v for key, v in value.items()} if isinstance(value, dict) else {name: value})
    return parser


def _sections(function: Callable[..., None]) -> set[str]:
    """What a command takes of the settings of a run; `**settings` is all."""
    names = set(inspect.signature(function).parameters)
    every = {field.name for field in dataclasses.fields(RunConfig)}
    return (every if "settings" in names else names) - {"preset", "fallback"}


def _top_parser(bases: dict[str, RunConfig]) -> Parser:
    parser = Parser(prog="stategrad", description="What the state of a recurrent model remembers of its inputs, and for how long.")
    parser.add_argument("--version", action="version", version=f"stategrad {__version__}", help="show the version and exit")
    below = parser.add_subcommands(dest="command", metavar="COMMAND")
    for name, function in COMMANDS.items():
        below.add_subcommand(name, build(name, bases.get(name)), help=_summary(function).splitlines()[0])
    return parser


def _summary(function: Callable[..., None]) -> str:
    return (inspect.getdoc(function) or "").split("\n\nArgs:")[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits with 2 and one sentence where the input is at fault."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        _dispatch(words)
    except StategradError as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("interrupted; the same command goes on where it stopped.")
    except BrokenPipeError:  # whoever read the output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")


def _dispatch(words: list[str]) -> None:
    parser = _top_parser({})
    given = parser.parse_args(words)
    command = given.command
    if command == "corpus":
        commands.corpus(CorpusConfig(**vars(given[command])))
        return
    if command in ("validate", "compare"):
        COMMANDS[command](**vars(parser.instantiate(given)[command]))
        return
    base = read_preset(given[command].preset) if "preset" in given[command] else read_folder(given[command].folder)
    parser = _top_parser({command: base})
    parsed = parser.parse_args(words)
    check_sections(parsed[command])
    chosen = parser.instantiate(parsed)[command]
    COMMANDS[command](base, **vars(chosen))


if __name__ == "__main__":
    main()
