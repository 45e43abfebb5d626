"""The seeds of one recipe: runs that differ in nothing else, as a table of the first one's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stategrad.errors import InvalidInputError, Problems
from stategrad.gradients.result import StateGradients
from stategrad.gradients.stacking import stack
from stategrad.run.convention import in_convention
from stategrad.run.folder import RunFolder
from stategrad.run.measures import split_labels
from stategrad.run.settings import read_folder

COLUMNS = ["measure", "delay", "seed", "own", "value", "mean", "mean_low", "mean_high", "another_low", "another_high", "between_sd",
           "text_sd", "refit_floor"]  # fmt: skip


def seeds_table(folder: Path, others: Sequence[Path], states: Sequence[str]) -> pd.DataFrame:
    """Memory curves relative to delay 0 of a run and of others of its recipe, and what seeds differ by.

    Args:
        folder: of the run.
        others: folders of runs with the same settings but for their seeds.
        states: which states.

    Returns:
        For the group `all` a row per state, measure, delay and run (`seed`, the name of its folder; `own` is 1 for `folder`), with
        what `StackedMemory.curves` says of them together.

    Raises:
        MissingInputError: a folder without settings, or without the gradients of a state.
        InvalidInputError: a folder given twice, or runs that are not seeds of one recipe, with what they differ in.
    """
    folders = [Path(path).resolve() for path in (folder, *others)]
    if len(set(folders)) < len(folders):
        raise InvalidInputError(f"the runs {', '.join(map(str, folders))} name a folder twice; give each run once.")
    names = [path.name for path in folders]
    names = names if len(set(names)) == len(names) else [str(path) for path in folders]
    _check_recipe(folders)
    config, frames = read_folder(folders[0]), []
    for state in states:
        loaded = [StateGradients.load(RunFolder(path).gradients_path(state)).sel(group="all") for path in folders]
        results = [in_convention(config, result) for result in loaded]
        frame = stack(results, labels=names).to_dataframe()
        frame = frame[frame["values"] == "relative"].assign(state=state)
        frames.append(frame.assign(own=(frame["seed"] == names[0]).astype(int)))
    return split_labels(pd.concat(frames, ignore_index=True))[["state", "group", "rule", *COLUMNS]]


def _check_recipe(folders: Sequence[Path]) -> None:
    """Raise one `InvalidInputError` that names every setting, but for seeds, in which a run differs from the first."""
    recipes = [_recipe(path) for path in folders]
    problems = Problems("seeds of one recipe")
    for path, recipe in zip(folders[1:], recipes[1:], strict=True):
        for name, value in recipe.items():
            if value != recipes[0][name]:
                problems.add(f"{path} has {name} = {value}, {folders[0]} {recipes[0][name]}; give runs that differ in their seeds")
    problems.raise_if_any()


def _recipe(folder: Path) -> dict[str, Any]:
    """The settings by which a model was trained, without seeds, and what of the text is measured, by dotted name."""
    settings = read_folder(folder).to_dict()
    sections = ("corpus", "network", "embeddings", "training")
    measured = {f"gradients.{name}": settings["gradients"][name] for name in ("text", "at")}
    measured["analysis.convention"] = settings["analysis"]["convention"]
    return measured | {
        f"{section}.{name}": value
        for section in sections
        for name, value in settings[section].items()
        if (section, name) not in {("network", "seed"), ("training", "seed"), ("embeddings", "seed")}
    }
