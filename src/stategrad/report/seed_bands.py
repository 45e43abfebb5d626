"""Runs of one recipe among those compared: the mean of their curves, and how far apart seeds alone bring them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stategrad.published.follow_up_runs import is_seed

MOST_NAMED = 3
"""Settings that a recipe is named by, at most."""


def recipes_of(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Runs by recipe, where at least one recipe has several: those whose settings differ in nothing but seeds.

    >>> recipes_of({"a": {"network.cell": "lstm", "network.seed": 0}, "b": {"network.cell": "lstm", "network.seed": 1},
    ...             "c": {"network.cell": "gru", "network.seed": 0}})
    {'cell=lstm': ('a', 'b'), 'c': ('c',)}

    Args:
        settings: of each run, by dotted name. The seed of a generated language is part of the recipe: it makes another text.

    Returns:
        By name the runs of each recipe: a recipe of several runs is named by what tells it from the others, one of a single run as
        that run. Nothing where no two runs are of one recipe.
    """
    kept = {run: {name: value for name, value in own.items() if not is_seed(name)} for run, own in settings.items()}
    bundles: list[list[str]] = []
    for run in kept:
        same = next((bundle for bundle in bundles if kept[bundle[0]] == kept[run]), None)
        if same is None:
            bundles.append([run])
        else:
            same.append(run)
    if len(bundles) == len(kept):
        return {}
    names = dict.fromkeys(name for own in kept.values() for name in own)
    telling = [name for name in names if any(kept[bundle[0]].get(name) != kept[bundles[0][0]].get(name) for bundle in bundles)]
    return {_name(bundle, kept[bundle[0]], telling): tuple(bundle) for bundle in bundles}


def seed_bands(table: pd.DataFrame, recipes: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The mean over the runs of each recipe, and their lowest and highest value.

    Args:
        table: of a comparison, with columns run, quantity, label, delay, value.
        recipes: runs by recipe.

    Returns:
        Columns run (the recipe), quantity, label, delay, value (the mean), low and high (of the runs, missing where there is one).
    """
    of = {run: recipe for recipe, runs in recipes.items() for run in runs}
    rows = table[table["run"].isin(list(of)) & table["delay"].notna()]
    rows = rows.assign(run=rows["run"].map(of).astype(str))
    bands = rows.groupby(["run", "quantity", "label", "delay"], sort=False)["value"].agg(["mean", "min", "max", "count"])
    several = bands["count"] > 1
    frame = bands.assign(value=bands["mean"], low=bands["min"].where(several), high=bands["max"].where(several)).reset_index()
    return frame[["run", "quantity", "label", "delay", "value", "low", "high"]]


def on_seeds(bands: pd.DataFrame, recipes: Mapping[str, Sequence[str]], titles: Mapping[str, str]) -> list[str]:
    """How far the seeds of each recipe spread, a sentence per recipe and curve.

    Args:
        bands: as `seed_bands` gives them.
        recipes: runs by recipe.
        titles: of the curves, by quantity.
    """
    sentences = []
    for recipe, runs in recipes.items():
        for quantity, title in titles.items():
            rows = bands[(bands["run"] == recipe) & (bands["quantity"] == quantity) & (bands["delay"] > 0) & bands["low"].notna()]
            if rows.empty:
                continue
            widest = rows.loc[(rows["high"] - rows["low"]).idxmax()]
            sentences.append(
                f"{recipe}, {len(runs)} runs that differ only in seeds: relative to delay 0, {title} differs most between them at "
                f"delay {widest['delay']:.0f}, from {widest['low']:.2f} to {widest['high']:.2f} around {widest['value']:.2f}."
            )
    return sentences


def _name(bundle: Sequence[str], settings: Mapping[str, Any], telling: Sequence[str]) -> str:
    if len(bundle) == 1:
        return bundle[0]
    if not telling:
        return f"all {len(bundle)} runs"
    if len(telling) > MOST_NAMED:
        return f"{bundle[0]} and {len(bundle) - 1} more"
    return ", ".join(f"{name.rpartition('.')[2]}={settings.get(name)}" for name in telling)
