"""What the 2020 follow-up says of texts, asked of several runs: do models of other texts, or of more of one, differ beyond seeds?

    y_r = mean over delays of a curve of run r,     ȳ_A - ȳ_B ± √((t s)² + h_A² + h_B²),     s² = s_A² / n_A + s_B² / n_B

for recipes A and B of n_A and n_B runs that differ in their seeds alone: s_A their standard deviation, t Student's quantile at
Welch's degrees of freedom and the level that holds all pairs together, h_A the mean half-width of the bands of A's curves, which
says what another text of the kind would change. Without two seeds of each there is no interval, and nothing is decided.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from stategrad.published.evidence import Finding
from stategrad.published.follow_up import COLUMNS, follow_up
from stategrad.published.follow_up_checks import NOT_WHITENED, SEEN_AS

MEAN, RMS, EFFECT = SEEN_AS
BESIDE = ("preset", "analysis.converged_perplexity")
"""Settings that make no other model: a name, and what the page says of one."""

SIZE = "corpus.train_words"

Settings = Mapping[str, Any]
"""The settings of a run by dotted name, or of a recipe, without seeds."""


@dataclass(frozen=True)
class Between:
    """What two recipes must differ in to answer a reading, and what they are compared by.

    Attributes:
        tells: whether settings that differ are of that kind.
        curves: by quantity of a comparison the measure that it is.
    """

    tells: Callable[[set[str]], bool]
    curves: Mapping[str, str]


BETWEEN = {
    "texts": Between(
        lambda names: bool(names) and SIZE not in names and all(name.startswith("corpus.") for name in names),
        {"sigma_1": MEAN, "rms": RMS, "swap": EFFECT},
    ),
    "sizes": Between(lambda names: names == {SIZE}, {"selectivity": MEAN}),
}
"""By the names that the sentences use."""


@dataclass(frozen=True)
class Recipe:
    """Runs that differ in their seeds alone.

    Attributes:
        settings: of all of them, without seeds and what makes no other model.
        runs: their names.
    """

    settings: Settings
    runs: tuple[str, ...]

    def differing(self, other: Recipe) -> set[str]:
        """The settings in which two recipes differ."""
        names = {*self.settings, *other.settings}
        return {name for name in names if self.settings.get(name) != other.settings.get(name)}

    def called(self, names: set[str]) -> str:
        """Its values of some settings."""
        return ", ".join(f"{name.rpartition('.')[2]}={self.settings.get(name)}" for name in sorted(names))


Pair = tuple[Recipe, Recipe]


def check_follow_up_runs(table: pd.DataFrame, settings: Mapping[str, Settings], *, whitened: bool) -> pd.DataFrame:
    """The sentences of the follow-up that take several runs, and whether they hold between these.

    Args:
        table: of a comparison: columns run, quantity, delay, value, low, high; curves relative to delay 0, and selectivity.
        settings: of each run, by dotted name.
        whitened: whether gradients are those of whitened space, as the follow-up's, in all runs.

    Returns:
        Columns as of `check_follow_up`; a row per reading and measure, for readings that any two of the runs can answer.

    Source: Verwimp et al., Computer Speech & Language 61, 2020.
    """
    recipes = _recipes(settings)
    rows = []
    for statement in follow_up().statements:
        for reading in statement.readings:
            if not reading.between:
                continue
            between = BETWEEN[reading.between]
            pairs = [pair for pair in itertools.combinations(recipes, 2) if between.tells(pair[0].differing(pair[1]))]
            for quantity, seen_as in between.curves.items() if pairs else ():
                curves = table[(table["quantity"] == quantity) & table["delay"].gt(0 if quantity != "selectivity" else -1)]
                asked = whitened or seen_as == EFFECT
                found = _compared(curves, pairs) if asked else Finding("not checked", NOT_WHITENED)
                rows.append([statement.says, reading.asks, seen_as, "", found.verdict, found.evidence])
    return pd.DataFrame(rows, columns=COLUMNS)


def is_seed(name: str) -> bool:
    """Whether a setting is a seed that leaves the text as it is; that of a generated language makes another."""
    return name.endswith(".seed") and name != "corpus.seed"


def _recipes(settings: Mapping[str, Settings]) -> list[Recipe]:
    listed: list[Recipe] = []
    for run, own in settings.items():
        kept = {name: value for name, value in own.items() if not is_seed(name) and name not in BESIDE}
        same = next((number for number, recipe in enumerate(listed) if recipe.settings == kept), None)
        if same is None:
            listed.append(Recipe(kept, (run,)))
        else:
            listed[same] = Recipe(kept, (*listed[same].runs, run))
    return listed


def _compared(curves: pd.DataFrame, pairs: Sequence[Pair]) -> Finding:
    """Whether the recipes of any pair lie apart, with intervals that hold all pairs together."""
    runs = {run for pair in pairs for recipe in pair for run in recipe.runs}
    curves = curves[curves["run"].isin(runs) & curves["low"].notna() & curves["high"].notna()]
    delays = [delay for delay, rows in curves.groupby("delay") if set(rows["run"]) == runs]
    if not delays:
        return Finding("not checked", "the runs have no delay at which all curves have bands")
    curves = curves[curves["delay"].isin(delays)].assign(half=(curves["high"] - curves["low"]) / 2)
    means = curves.groupby("run")[["value", "half"]].mean()
    words, apart = [], []
    for one, other in pairs:
        names = one.differing(other)
        difference, half = _difference(*(means.loc[list(recipe.runs)] for recipe in (one, other)), level=1 - 0.05 / len(pairs))
        sides = [f"{recipe.called(names)}: {means.loc[list(recipe.runs), 'value'].mean():.3g}" for recipe in (one, other)]
        if math.isnan(half):
            words.append(f"{' and '.join(sides)}, from too few seeds to tell the part of the text: two of each, better four")
            continue
        ends = f"{difference:+.3g} ({difference - half:+.3g} to {difference + half:+.3g})".replace("-", "−")
        words.append(f"{' and '.join(sides)}, difference {ends}")
        apart.append(abs(difference) > half)
    return Finding("holds" if any(apart) else "undecided", f"mean over {len(delays)} delays: {'; '.join(words)}")


def _difference(one: pd.DataFrame, other: pd.DataFrame, *, level: float) -> tuple[float, float]:
    """The difference between the means of two sets of runs, and the half-width of its interval: NaN with one run on a side."""
    difference = float(other["value"].mean() - one["value"].mean())
    counts = np.array([len(one), len(other)])
    if counts.min() < 2:
        return difference, math.nan
    squares = np.array([side["value"].var(ddof=1) for side in (one, other)]) / counts
    total = squares.sum()
    freedom = total**2 / np.sum(squares**2 / (counts - 1)) if total > 0 else counts.sum() - 2
    of_seeds = stdtrit(freedom, (1 + level) / 2) * math.sqrt(total)
    return difference, math.sqrt(of_seeds**2 + one["half"].mean() ** 2 + other["half"].mean() ** 2)
