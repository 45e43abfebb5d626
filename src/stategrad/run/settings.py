"""Settings from files: presets, YAML files of the user's, and the `config.yaml` of a folder."""

from __future__ import annotations

import dataclasses
import re
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

import jsonargparse
import yaml

from stategrad.errors import InvalidInputError, MissingInputError, Problems, suggestion
from stategrad.run.config import RunConfig
from stategrad.run.folder import RunFolder
from stategrad.run.properties import EXPECTED


def preset_names() -> list[str]:
    """The presets that come with stategrad."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _presets().iterdir() if entry.name.endswith(".yaml"))


def read_preset(name: str) -> RunConfig:
    """The settings of a preset, or of a YAML file of the user's.

    Raises:
        InvalidInputError: an unknown preset, or settings that do not exist or have the wrong type.
        MissingInputError: a YAML file that is not there.
    """
    if name in preset_names():
        return parse(
            yaml.safe_load((_presets() / f"{name}.yaml").read_text(encoding="utf-8")),
            preset=name,
            source=f"preset {name}",
        )
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        raise InvalidInputError(f"unknown preset '{name}': {suggestion(name, preset_names())}; or give the path of a YAML file.")
    if not path.is_file():
        raise MissingInputError(f"there is no file {name}; give one, or a preset ({', '.join(preset_names())}).")
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{name} is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(settings, dict):
        raise InvalidInputError(f"{name} holds no settings; expected sections such as corpus, training, gradients.")
    return parse(settings, preset=path.stem, source=name)


def read_folder(path: Path) -> RunConfig:
    """The settings that a run's folder was made with.

    Raises:
        MissingInputError: not the folder of a run.
    """
    folder = RunFolder(path)
    return parse(folder.config(), preset="", source=str(folder.config_path))


def parse(settings: dict[str, Any], *, preset: str, source: str) -> RunConfig:
    """Check nested settings against their dataclasses.

    Args:
        settings: sections of settings.
        preset: the name to run under, unless `settings` bring it.
        source: where they come from, for errors.

    Raises:
        InvalidInputError: an unknown section or setting, with the nearest one, or a value of the wrong type.
    """
    sections = {field.name for field in dataclasses.fields(RunConfig) if dataclasses.is_dataclass(field.default_factory)}
    wrong = [name for name in settings if name in sections and not isinstance(settings[name], dict)]
    if wrong:
        raise InvalidInputError(f"{source}: section {wrong[0]} is {settings[wrong[0]]}; expected settings by name.")
    parser = _SettingsParser(source)
    parser.add_class_arguments(RunConfig, as_positional=False)
    parsed = parser.parse_object({"preset": preset} | settings)
    check_sections(parsed)
    return RunConfig(**vars(parser.instantiate(parsed)))


def check_sections(parsed: Any) -> None:
    """Refuse what the sections of some settings hold, the faults of all sections together.

    Args:
        parsed: the sections that were given, each with its settings by name, of the right types.

    Raises:
        InvalidInputError: values that a section refuses.
    """
    problems = Problems("the settings")
    for field in dataclasses.fields(RunConfig):
        section = parsed.get(field.name)
        kind: Any = field.default_factory
        if section is not None and hasattr(kind, "__dataclass_fields__"):
            values = {name: tuple(value) if isinstance(value, list) else value for name, value in vars(section).items()}
            problems.attempt(kind, **values)
    problems.raise_if_any()


def explain_value(message: str, prefix: str = "") -> str | None:
    """What jsonargparse says of a value of the wrong type, as one sentence with the nearest choice; None where it says else.

    Args:
        message: of jsonargparse, on one line.
        prefix: of a setting's name, where one is shown how a list is given.
    """
    literal = re.search(r"[Kk]ey \"([\w.]+)\".*Literal\[(.*)\]\. Got value: (.*)", message)
    if literal:
        choices = [choice.strip(" '") for choice in literal[2].split(",")]
        return f"unknown {literal[1]} '{literal[3]}': {suggestion(literal[3], choices)}."
    value = re.search(r"[Kk]ey \"([\w.]+)\".*?Expected (.*?)\.? Got value: (.*)", message)
    if value:
        expected = re.sub(r"<class '(\w+)'>", r"\1", value[2]).removeprefix("an ").removeprefix("a ")
        item = value[3] if value[3].isdigit() else f'"{value[3]}"'
        example = f"{prefix}{value[1]} '[{item}]'" if prefix else f"[{item}]"
        return f"{value[1]} is '{value[3]}'; expected {expected.replace('tuple', f'a list, such as {example}')}."
    union = re.search(r'[Kk]ey "([\w.]+)".*Subtypes: \[(.*)\] Errors: .* Given value: (.*)', message)
    if union:
        kinds = re.findall(r"<class '(\w+)'>|Literal\[(.*?)\]", union[2])
        expected = " or ".join((name or choice).replace("NoneType", "null") for name, choice in kinds)
        return f"{union[1]} is '{union[3].removesuffix('.')}'; expected {expected}."
    return None


class _SettingsParser(jsonargparse.ArgumentParser):
    """A parser of settings that raises one sentence with the source in it."""

    def __init__(self, source: str) -> None:
        super().__init__(exit_on_error=False)
        self.source = source

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        text = " ".join(message.split())
        if "analysis.properties" in text:
            raise InvalidInputError(f"{self.source}: {EXPECTED}")
        unknown = re.search(r"(?:Group '(?P<group>[\w.]+)' does not accept o|O)ption '(?P<name>[\w.]+)'", text)
        if unknown:
            name = ".".join(filter(None, (unknown["group"], unknown["name"])))
            names = [option.removeprefix("--") for action in self._actions for option in action.option_strings]
            near = suggestion(name, names).partition("? (")
            hint = f"{near[0]}?" if near[1] else "`stategrad run --help` lists them."
            raise InvalidInputError(f"{self.source} has an unknown setting '{name}': {hint}")
        raise InvalidInputError(f"{self.source}: {explain_value(text) or text.removesuffix('.') + '.'}")


def _presets() -> Any:
    return resources.files("stategrad.run") / "presets"
