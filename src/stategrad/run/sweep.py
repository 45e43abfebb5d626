"""A sweep: a run for every combination of some settings' values, and the page that sets them side by side."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stategrad.corpus.sources import CorpusConfig
from stategrad.corpus.sources import load as load_corpus
from stategrad.corpus.splits import Splits
from stategrad.errors import ForeignOutputError, InvalidInputError, Problems, StategradError, UnavailableError
from stategrad.run.checks import check_run
from stategrad.run.config import RunConfig
from stategrad.run.grid import Combination, combinations, read_grid
from stategrad.run.run import Run
from stategrad.run.settings import read_preset


@dataclass(frozen=True)
class Sweep:
    """What became of a sweep.

    Attributes:
        folders: by name the folders of the runs that are whole.
        failures: by name what the others failed of, a sentence each.
        page: the comparison of the whole runs; None where fewer than two are.
    """

    folders: dict[str, Path]
    failures: dict[str, str]
    page: Path | None

    def __str__(self) -> str:
        """What is whole, what failed and where the page lies, a line each."""
        lines = [f"{len(self.folders)} of {len(self.folders) + len(self.failures)} runs are whole."]
        lines += [f"failed: {name}: {sentence}" for name, sentence in self.failures.items()]
        page = "No comparison was written: it takes two whole runs." if self.page is None else f"The page: {self.page}"
        return "\n".join([*lines, page])


def sweep(
    preset: str | RunConfig, grid: str | Path | Mapping[str, Any], out: str | Path, *, show_progress: bool = True
) -> Sweep:  # fmt: skip
    """Run every combination of a grid in a folder of its own, then compare them.

    Runs that would train the same model share it: the first that needs it trains, the others take a copy. A run that is whole is
    not run again, one that was interrupted resumes, and after one that fails the next begins.

    Args:
        preset: name of a preset, path of a YAML file with settings, or settings.
        grid: by setting a list of values, such as `{"network.hidden_size": [64, 128], "network.cell": ["lstm", "gru"]}`; also as
            text in YAML, or the path of a YAML file. `{"network.cell, network.hidden_size": [["lstm", 128], ["gru", 160]]}`
            changes two settings together.
        out: folder for `NAME=VALUE_…/` of every run, and `comparison.html` with its tables and figures.
        show_progress: show progress bars, which run of how many it is, and about how long the rest will take.

    Raises:
        StategradError: a grid or settings that cannot be run, before anything is written.
    """
    from stategrad.report.comparison import compare_runs, other_views
    from stategrad.report.comparison_page import page_path, write_comparison

    base = preset if isinstance(preset, RunConfig) else read_preset(preset)
    axes, folder = read_grid(grid), Path(out)
    page_path(folder / "comparison.html")
    if folder.exists() and not folder.is_dir():
        raise ForeignOutputError(f"{folder} is a file; give a folder for the sweep.")
    combined = combinations(base, axes)
    try:
        texts = _texts(combined)
    except UnavailableError as error:
        if base.fallback is None:
            raise
        _say(f"{error} Preset {base.fallback} runs instead.", show=True)
        combined = combinations(read_preset(base.fallback), axes)
        texts = _texts(combined)
    runs = _checked(combined, texts, folder, show_progress=show_progress)
    failures = _execute(runs, show_progress=show_progress)
    whole = {name: run.folder.path for name, run in runs.items() if name not in failures}
    page = None
    if len(whole) > 1:
        comparison = compare_runs(list(whole.values()), list(whole))
        page = write_comparison(comparison, folder, views=other_views(comparison, list(whole.values())))[0]
    return Sweep(whole, failures, page)


def _texts(combined: tuple[Combination, ...]) -> dict[CorpusConfig, Splits]:
    """Every text of the runs, read once."""
    return {corpus: load_corpus(corpus) for corpus in dict.fromkeys(one.config.corpus for one in combined)}


def _checked(
    combined: tuple[Combination, ...], texts: Mapping[CorpusConfig, Splits], out: Path, *, show_progress: bool
) -> dict[str, Run]:
    """The runs by name, each held against its text and model."""
    runs: dict[str, Run] = {}
    refused: dict[str, str] = {}
    for one in combined:
        run = Run(one.config, out / one.name, show_progress=False)
        run.corpus = texts[one.config.corpus]
        try:
            check_run(run)
        except InvalidInputError as error:
            refused.setdefault(str(error).removesuffix("."), one.name)
        run.show_progress = show_progress
        runs[one.name] = run
    problems = Problems("the runs of the grid")
    for sentence, name in refused.items():
        problems.add(f"{name}: {sentence}")
    problems.raise_if_any()
    return runs


def _execute(runs: dict[str, Run], *, show_progress: bool) -> dict[str, str]:
    """Run what is not whole, one after the other; by name what failed, in a sentence."""
    trainers = _trainers(runs)
    failures: dict[str, str] = {}
    todo = [name for name, run in runs.items() if not run.is_finished]
    durations: list[float] = []
    for number, (name, run) in enumerate(runs.items(), start=1):
        if name not in todo:
            _say(f"sweep: run {number} of {len(runs)}, {name}: whole already", show=show_progress)
            continue
        left = _left(durations, len(todo) - todo.index(name))
        _say(f"sweep: run {number} of {len(runs)}, {name}{left}", show=show_progress)
        start = time.perf_counter()
        trainer = trainers[run.fingerprint("train")]
        try:
            if trainer in failures and not runs[trainer].is_trained:
                failures[name] = f"the model that it shares with {trainer} could not be trained."
                continue
            if trainer != name:
                run.borrow_training(runs[trainer].folder)
            run.execute()
        except Exception as error:
            failures[name] = _sentence(error)
            _say(f"sweep: {name} failed: {failures[name]}", show=show_progress)
        durations.append(time.perf_counter() - start)
    return failures


def _trainers(runs: dict[str, Run]) -> dict[str, str]:
    """For each training the run that it belongs to: one that has done it, else the first that needs it."""
    trainers: dict[str, str] = {}
    for name, run in sorted(runs.items(), key=lambda item: not item[1].is_trained):
        trainers.setdefault(run.fingerprint("train"), name)
    return trainers


def _sentence(error: Exception) -> str:
    """An error on one line; one that nobody foresaw with its kind."""
    text = " ".join(str(error).split())
    return text if isinstance(error, StategradError) else f"{type(error).__name__}: {text}"


def _left(durations: list[float], runs: int) -> str:
    """About how long the runs that are left will take, from those that were run."""
    if not durations:
        return ""
    seconds = sum(durations) / len(durations) * runs
    said = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
    return f"; about {said} left"


def _say(line: str, *, show: bool) -> None:
    if show:
        print(line, file=sys.stderr, flush=True)
