"""The grid of a sweep: values for some settings, and from them the settings and the name of every combination."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import re
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stategrad.errors import InvalidInputError, MissingInputError, Problems, StategradError, suggestion
from stategrad.run.config import RunConfig
from stategrad.run.settings import parse

Axes = dict[str, list[Any]]
"""By the dotted name of a setting, or of several with commas between them that change together, the values that it takes."""


@dataclass(frozen=True)
class Combination:
    """One run of a sweep.

    Attributes:
        name: of its folder, such as `hidden_size=64_cell=gru`.
        config: its settings.
    """

    name: str
    config: RunConfig


def read_grid(grid: str | Path | Mapping[str, Any]) -> Axes:
    """The axes of a grid, each setting by its dotted name.

    >>> read_grid("{network: {hidden_size: [64, 128]}, gradients.delays: [30, 200]}")
    {'network.hidden_size': [64, 128], 'gradients.delays': [30, 200]}

    >>> read_grid("{'network.cell, network.hidden_size': [[lstm, 128], [gru, 160]]}")
    {'network.cell, network.hidden_size': [['lstm', 128], ['gru', 160]]}

    Args:
        grid: lists by setting, dotted or nested: a mapping, its text in YAML, or the path of a YAML file. Settings that change
            together stand with commas between them, their values as lists of one for each.

    Raises:
        MissingInputError: a file that is not there.
        InvalidInputError: no YAML, no axes, or an axis that is no list or an empty one.
    """
    given = grid if isinstance(grid, Mapping) else _read(str(grid))
    axes = _flat("", given)
    problems = Problems("the grid")
    for name, values in axes.items():
        if not isinstance(values, list | tuple):
            problems.add(f"{name} is {values} in the grid; give a list of its values, such as [{values}]")
        elif not values:
            problems.add(f"{name} has no values in the grid; give at least one, or leave it out")
    problems.raise_if_any()
    if not axes:
        raise InvalidInputError("the grid has no axes; give values for a setting, such as '{network.cell: [lstm, gru]}'.")
    return {name: list(values) for name, values in axes.items()}


def combinations(base: RunConfig, axes: Axes) -> tuple[Combination, ...]:
    """Every combination of the values, the last axis fastest.

    Args:
        base: the settings that no axis touches.
        axes: values by setting, as `read_grid` gives them.

    Raises:
        InvalidInputError: unknown settings, values of a wrong type or that settings refuse, or two of one name, all together.
    """
    problems = Problems("the grid")
    known = _settings(base)
    settings = [name for axis in axes for name in _linked(axis)]
    for name in dict.fromkeys(settings):
        if name not in known:
            near = suggestion(name, known).partition("? (")
            hint = f"{near[0]}?" if near[1] else "`stategrad run --help` lists the settings of a run"
            problems.add(f"unknown setting '{name}' in the grid: {hint}")
        elif settings.count(name) > 1:
            problems.add(f"{name} is in two axes of the grid; name it in one")
    changes = [_changes(axis, values, problems) for axis, values in axes.items()]
    for change in itertools.chain(*changes):
        for name, value in change.items():
            if value is None and not known.get(name, True):
                problems.add(f"{name} is null in the grid; give a value")
    problems.raise_if_any()
    short = dict(zip(settings, _short(settings), strict=True))
    parts = [
        [
            "_".join(f"{short[name]}={_word(value, number)}" for name, value in change.items())
            for number, change in enumerate(one, 1)
        ]
        for one in changes
    ]
    for axis, listed in zip(axes, parts, strict=True):
        for part in dict.fromkeys(part for part in listed if listed.count(part) > 1):
            word = part if "," in axis else part.partition("=")[2]
            problems.add(f"{axis} has two values named '{word}' in the grid, so two runs would have one name; give each once")
    names = ["_".join(chosen) for chosen in itertools.product(*parts)]
    configs, refused = _configs(base, [_united(combined) for combined in itertools.product(*changes)])
    if refused:  # a combination tells of one fault only: look at each value on its own too
        refused += _configs(base, list(itertools.chain(*changes)))[1]
    for sentence in dict.fromkeys(refused):
        problems.add(sentence)
    problems.raise_if_any()
    return tuple(Combination(name, config) for name, config in zip(names, configs, strict=True))


def _linked(axis: str) -> list[str]:
    """The settings of an axis: several, with commas between them, change together."""
    return [name.strip() for name in axis.split(",")]


def _changes(axis: str, values: Sequence[Any], problems: Problems) -> list[dict[str, Any]]:
    """What each value of an axis sets."""
    names = _linked(axis)
    if len(names) == 1:
        return [{names[0]: value} for value in values]
    changes = []
    for value in values:
        if not isinstance(value, list | tuple) or len(value) != len(names):
            problems.add(f"{axis} has the value {value} in the grid; give a list of {len(names)}, one for each setting")
        else:
            changes.append(dict(zip(names, value, strict=True)))
    return changes


def _united(changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for change in changes for name, value in change.items()}


def _read(text: str) -> Any:
    if text.endswith((".yaml", ".yml")):
        if not Path(text).is_file():
            raise MissingInputError(f"there is no file {text}; give a grid, or a YAML file of one.")
        source, text = text, Path(text).read_text(encoding="utf-8")
    else:
        source = "the grid"
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInputError(f"{source} is not YAML: {' '.join(str(error).split())}.") from error
    if given is not None and not isinstance(given, dict):
        raise InvalidInputError(f"{source} is '{text.strip()}'; expected lists, such as '{{network.cell: [lstm, gru]}}'.")
    return given or {}


def _flat(prefix: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Axes by dotted name; a section may hold its settings below it."""
    axes: dict[str, Any] = {}
    for key, value in given.items():
        name = f"{prefix}{key}"
        axes |= _flat(f"{name}.", value) if isinstance(value, Mapping) else {name: value}
    return axes


def _settings(base: RunConfig) -> dict[str, bool]:
    """By dotted name every setting that may be an axis, and whether it may be null."""
    sections = {field.name: getattr(base, field.name) for field in dataclasses.fields(base)}
    hints = {
        f"{name}.{setting}": hint
        for name, section in sections.items()
        if dataclasses.is_dataclass(section)
        for setting, hint in typing.get_type_hints(type(section)).items()
    }
    return {name: type(None) in typing.get_args(hint) for name, hint in hints.items()} | {"model": True}


def _configs(base: RunConfig, changes: Sequence[Mapping[str, Any]]) -> tuple[list[RunConfig], list[str]]:
    """The settings with each of the changes, and in a sentence each what is refused of them."""
    configs, refused = [], []
    for change in changes:
        try:
            configs.append(_with(base, change))
        except StategradError as error:
            refused.append(str(error).removesuffix("."))
    return configs, refused


def _with(base: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    settings = base.to_dict()
    for name, value in values.items():
        section, _, setting = name.rpartition(".")
        (settings[section] if section else settings)[setting] = copy.deepcopy(value)
    return parse(settings, preset=base.preset, source="the grid")


def _short(names: Sequence[str]) -> list[str]:
    """The settings without their sections, where that tells them apart."""
    last = [name.rpartition(".")[2] for name in names]
    return last if len(set(last)) == len(last) else list(names)


def _word(value: Any, number: int) -> str:
    """A value as part of a folder's name; settings by name have but a number."""
    if isinstance(value, dict):
        return str(number)
    if isinstance(value, list | tuple):
        return "+".join(_word(item, number) for item in value) or "none"
    plain = {"None": "none", "True": "true", "False": "false"}.get(str(value), str(value))
    return re.sub(r"[^\w.+-]+", "-", plain).strip("-.") or str(number)
