"""From results to the tidy tables of a run: what the paper's figures and tables show, for every state and rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.lexicon import TYPE_RULES, Rule
from stategrad.corpus.tags import CLASSES
from stategrad.errors import InvalidInputError
from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_statistics import StateStatistics
from stategrad.measures.properties import Property, property_cosine, property_vector
from stategrad.models.embeddings import Embeddings
from stategrad.run.channels import has_subspaces
from stategrad.run.properties import PAPER_PROPERTIES, Side, described

Results = Mapping[str, StateGradients]

ROUNDING = 1e-5
"""The part of a swap's first effect below which single precision keeps no direction of it."""

DIRECTIONS = ["state", "group", "rule", "whitened", "delay", "mode", "stability", "named", "positive", "negative"]
"""The columns of a table of directions that has no rows."""


def rules_of(text: Corpus) -> tuple[Rule, ...]:
    """The rules under which classes are reported: gold tags where tokens have them, else both rules for word types."""
    return ("gold",) if "gold" in text.rules else text.rules


def labelled_groups(text: Corpus) -> dict[str, Any] | None:
    """The word classes under each rule as groups: `nouns` by gold tags, `nouns (any)`, `nouns (most)` by word type."""
    groups = {
        label_of(word_class, rule): masks
        for rule in rules_of(text)
        for word_class, masks in text.groups(rule).items()
        if any(mask.any() for mask in masks)
    }
    return groups or None


def label_of(word_class: str, rule: Rule) -> str:
    """The label of a word class under a rule, as a group."""
    return word_class if rule == "gold" else f"{word_class} ({rule})"


def split_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """The column group as class and rule: empty for `all`, gold for a bare label."""
    parts = frame["group"].str.extract(r"^(?P<group>.*?)(?: \((?P<rule>any|most)\))?$")
    rule = parts["rule"].where(parts["rule"].notna(), np.where(parts["group"] == "all", "", "gold"))
    frame = frame.assign(group=parts["group"], rule=rule)
    return frame[["state", "group", "rule", *(name for name in frame if name not in ("state", "group", "rule"))]]


def memory_table(results: Results) -> pd.DataFrame:
    """The memory curves (the paper's figure 1, with rms and floor): a row per state, group, rule and delay."""
    return split_labels(pd.concat([result.to_dataframe().assign(state=state) for state, result in results.items()]))


def with_swaps(memory: pd.DataFrame, swaps: pd.DataFrame) -> pd.DataFrame:
    """The memory curves with swap memory beside them: `swap` is θ, with its interval.

    `validity` is that of the mean gradient, `validity_own` that of the positions' own; where a swap moves the state by less than
    `ROUNDING` of what it does at the first delay, single precision keeps no direction of it, and there is neither. `divergence`,
    that of the next word, is the same for every state.
    """
    renamed = swaps.rename(columns={"theta": "swap", "theta_low": "swap_low", "theta_high": "swap_high"})
    keys = ["state", "group", "rule", "delay"]
    first = renamed.groupby(keys[:-1], dropna=False)["swap"].transform("first")
    validities = [name for name in ("validity", "validity_own") if name in renamed]
    renamed[validities] = renamed[validities].where(renamed["swap"] > ROUNDING * first)
    measured = ["swap", "swap_low", "swap_high", *validities, "divergence", "divergence_low", "divergence_high"]
    return memory.merge(renamed[[*keys, *(name for name in measured if name in renamed)]], on=keys, how="left")


def with_controls(memory: pd.DataFrame, controls: pd.DataFrame) -> pd.DataFrame:
    """The memory curves with those of the untrained model and of the shuffled text beside them, for all words."""
    for control in ("untrained", "shuffled"):
        curves = controls[controls["control"] == control].assign(group="all")
        curves = curves[["state", "group", "delay", "sigma_1", "rms"]]
        named = {measure: f"{measure}_{control}" for measure in ("sigma_1", "rms")}
        memory = memory.merge(curves.rename(columns=named), on=["state", "group", "delay"], how="left")
    return memory


def tracking_table(
    results: Results, whitened: Results, properties: Mapping[str, Property], directions: Sequence[int]
) -> pd.DataFrame:
    """Property tracking (the paper's figure 2): a row per convention, state, group, property, delay and n.

    Of embeddings of fewer than 6 dimensions relative memory alone, with n = 0.
    """
    sizes = {result.mean.sizes["embedding"] for result in results.values()}
    counts = list(directions) if all(has_subspaces(size) for size in sizes) else []
    frames = [
        _tracked(result.sel(group="all"), properties, counts).assign(state=state, whitened=is_whitened)
        for is_whitened, convention in ((False, results), (True, whitened))
        for state, result in convention.items()
        if properties
    ]
    if not frames:
        measured = ["relative_memory", "cosine", "subspace_share", "whitened"]
        return pd.DataFrame(columns=["state", "group", "rule", "property", "delay", "n", *measured])
    frame = pd.concat(frames)
    return split_labels(frame if counts else frame.assign(n=0, cosine=np.nan, subspace_share=np.nan))


def _tracked(result: StateGradients, properties: Mapping[str, Property], counts: list[int]) -> pd.DataFrame:
    """Rows per property, delay and n; `_without_frequency` is m, its interval and its null with frequency projected out."""
    frame = result.track(properties, counts).to_dataframe().reset_index()
    try:
        without = result.track(properties, [], project_out="frequency")
    except InvalidInputError:
        return frame  # no frequencies that vary: nothing to project out
    names = [f"relative_memory{suffix}" for suffix in ("", "_low", "_high", "_null_low", "_null_high")]
    columns = without.to_dataframe().filter(names).add_suffix("_without_frequency")
    return frame.merge(columns.reset_index(), on=list(without.dims), how="left")


def directions_table(results: Results, whitened: Results) -> pd.DataFrame:
    """The words at the ends of the leading directions: a row per convention, state, group (whitened: `all`), delay and mode."""
    frames = [
        result.name_directions(min(3, *result.mean.shape[-2:])).assign(state=state, whitened=is_whitened)
        for is_whitened, convention in (
            (False, results),
            (True, {state: result.sel(group="all") for state, result in whitened.items()}),
        )
        for state, result in convention.items()
    ]
    return split_labels(pd.concat(frames, ignore_index=True))


def classes_table(memory: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """The paper's table 1: `σ_1` at delay 0 per word class, and its share of the sum over the listed classes.

    Args:
        memory: the table of memory curves.
        shares: `shares_table` of the same results.
    """
    first = memory[(memory["delay"] == 0) & memory["group"].isin(CLASSES) & (memory["count"] > 0)]
    table = first.rename(columns={"count": "positions"})
    table = table.merge(shares, on=["state", "rule", "group"], how="left")
    measured = ("sigma_1", "rms", "normalised")
    intervals = [f"{name}{end}" for name in measured for end in ("_low", "_high", "_debiased") if f"{name}{end}" in table]
    names = [
        "state",
        "rule",
        "group",
        "positions",
        "population",
        "sigma_1",
        "normalised",
        "sigma_1_floor",
        "rms",
        "rank_limited",
        *intervals,
    ]
    return table[names].reset_index(drop=True)


def with_type_rules(classes: pd.DataFrame, by_type: Results) -> pd.DataFrame:
    """Table 1 with the classes by word type below those by gold tags, where there are any."""
    if not by_type:
        return classes
    return pd.concat([classes, classes_table(memory_table(by_type), shares_table(by_type))], ignore_index=True)


def shares_table(results: Results) -> pd.DataFrame:
    """The share of each class in the sum of `σ_1` at delay 0, which the paper's table 1 has in brackets; a row per class."""
    frame = _between_classes(results, StateGradients.share_groups, ["group", "share", "share_low", "share_high"])
    return frame.rename(columns=lambda name: name.replace("share", "normalised"))


def comparisons_table(results: Results) -> pd.DataFrame:
    """Which classes are remembered better than which at delay 0: a row per state, rule, measure and pair of classes."""
    return _between_classes(results, StateGradients.compare_groups, ["measure", "group", "other", "difference", "low", "high"])


def _between_classes(
    results: Results, taken: Callable[[StateGradients, list[str]], pd.DataFrame], columns: list[str]
) -> pd.DataFrame:
    """What is taken from all classes of a rule together, under each state and rule that has several."""
    frames = []
    for state, result in results.items():
        for rule in ("gold", *TYPE_RULES):
            labels = {label_of(name, rule): name for name in CLASSES if label_of(name, rule) in result.groups}
            labels = {label: name for label, name in labels.items() if result.count.sel(group=label, delay=0) > 0}
            if len(labels) > 1:
                frame = taken(result, list(labels))
                named = {name: frame[name].map(labels) for name in ("group", "other") if name in frame}
                frames.append(frame.assign(**named, state=state, rule=rule))
    columns = ["state", "rule", *columns]
    return pd.concat(frames)[columns] if frames else pd.DataFrame(columns=columns)


def horizon_table(results: Results, of_swaps: pd.DataFrame) -> pd.DataFrame:
    """How far back memory reaches: a row per state, group, rule, measure (mean, rms, swap) and level."""
    frames = [split_labels(result.horizon().assign(state=state)) for state, result in results.items()]
    return pd.concat([*frames, of_swaps], ignore_index=True)


def decay_table(results: Results, of_swaps: pd.DataFrame) -> pd.DataFrame:
    """By which law memory of all words decays: a row per state, measure (mean, rms, swap) and law."""
    frames = [result.sel(group="all").decay_laws().assign(state=state) for state, result in results.items()]
    swaps = of_swaps[of_swaps["group"] == "all"].drop(columns="rule")
    return pd.concat([frame for frame in (*frames, swaps) if len(frame)] or frames, ignore_index=True)


def units_table(results: Results, statistics: Mapping[str, StateStatistics]) -> pd.DataFrame:
    """What each unit remembers of all words, beside its gate: a row per state and unit."""
    frames = []
    for state, result in results.items():
        memory = result.sel(group="all").unit_memory(statistics[state]).squeeze("group", drop=True)
        given = {name: memory[name].values if name in memory else np.nan for name in ("horizon", "time_constant")}
        columns = {"unit": memory["state"].values, "row_norm": memory["row_norm"].isel(delay=0).values}
        frames.append(pd.DataFrame(columns | given).assign(state=state, sd=statistics[state].sd.values))
    return pd.concat(frames, ignore_index=True)


def paper_properties(embeddings: Embeddings) -> dict[str, Property]:
    """The two properties of the paper's section 3.4, those of them that have word types on both sides."""
    return {
        name: property_vector(embeddings, a, b, name=name)
        for name, (a, b) in PAPER_PROPERTIES.items()
        if embeddings.classes.get(a) and embeddings.classes.get(b)
    }


def property_facts(
    properties: Mapping[str, Property], embeddings: Embeddings, own: Mapping[str, Sequence[Side]] | None = None
) -> dict[str, Any]:
    """What the page says about the properties: their members, their reliability, the cosine between the two of the paper.

    Args:
        properties: all that are tracked.
        embeddings: of their word types.
        own: the sides of those that the settings name.
    """
    facts: dict[str, Any] = {
        "properties": {
            name: {
                "types": [len(d.a), len(d.b)],
                "reliability": None if np.isnan(d.reliability) else round(d.reliability, 3),
            }
            | ({"sides": [described(side) for side in own[name]]} if own and name in own else {})
            for name, d in properties.items()
        }
    }
    paper = [properties[name] for name in PAPER_PROPERTIES if name in properties]
    if len(paper) == 2:
        cosine, low, high = property_cosine(embeddings, *paper)
        facts |= {"property_cosine": round(cosine, 3), "property_cosine_low": round(low, 3), "property_cosine_high": round(high, 3)}
    return facts
