"""Word classes, the paper's table 1: charts at delay 0, at equal counts and against delay, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from stategrad.report.marks import (
    ALL,
    LARGEST,
    RULES,
    boundary,
    calculated,
    chosen_rule,
    chosen_state,
    completed,
    delays_of,
    has,
    only,
    relative_title,
    renamed,
    shown,
)
from stategrad.report.style import BLUE, DASHED, DOTTED, GREY, INK, SERIES, SOLID, Legend, finished, value_scale


def classes_chart(frame: pd.DataFrame, *, state: str | None = None) -> alt.LayerChart:
    """`σ_1` at delay 0 of each word class as dots, under each rule, with its noise floor: the paper's table 1.

    Dots are hollow for classes with fewer positions than dimensions of the embedding; bars are intervals.

    Args:
        frame: columns group, sigma_1; if there are any, state, rule, positions, sigma_1_floor, sigma_1_low, sigma_1_high,
            rank_limited.
        state: which state to draw; default: the first.
    """
    frame = completed(frame)
    rules = [str(rule) for rule in frame["rule"].unique()]
    names = {rule: RULES.get(rule, rule) for rule in rules}
    y = alt.Y(
        "group:N",
        sort=alt.EncodingSortField(field="sigma_1", op="max", order="descending"),
        axis=alt.Axis(title=None, grid=True, ticks=False, domain=False, labelFontSize=12.5, labelLimit=220, labelPadding=8),
    )
    scale = alt.Scale(domain=[names[rule] for rule in rules], range=list(SERIES[: len(rules)]))
    columns = alt.ExprRef("width < 480 ? 1 : 2")
    legend = alt.Legend(title=None, orient="bottom", symbolType="circle", columns=columns, labelLimit=0) if len(rules) > 1 else None
    offset = {"yOffset": alt.YOffset("rule:N", sort=rules)} if len(rules) > 1 else {}
    x = alt.X("sigma_1:Q", scale=alt.Scale(zero=True), axis=alt.Axis(title=f"{LARGEST} at delay 0", grid=False, tickCount=6))
    dots = alt.Chart().mark_point(size=70, strokeWidth=2, opacity=1).encode(
        x=x, y=y, **offset,
        color=alt.Color("rule_name:N", scale=scale, legend=legend),
        fill=alt.condition("datum.rank_limited", alt.value("white"), alt.Fill("rule_name:N", scale=scale, legend=legend)),
        tooltip=[alt.Tooltip("group:N", title="class"), alt.Tooltip("rule_name:N", title="classes"),
                 alt.Tooltip("sigma_1:Q", title="σ₁", format=".3f"),
                 alt.Tooltip("sigma_1_floor:Q", title="noise floor", format=".3f"),
                 alt.Tooltip("positions:Q", title="positions", format=",")],
    )  # fmt: skip
    floor = alt.Chart().mark_tick(color=GREY, thickness=2, size=12).encode(x="sigma_1_floor:Q", y=y, **offset)
    layers = [floor, dots] if has(frame, "sigma_1_floor") else [dots]
    if has(frame, "sigma_1_low"):
        bars = alt.Chart().mark_rule(strokeWidth=2, aria=False).encode(
            x=alt.X("sigma_1_low:Q"), x2="sigma_1_high:Q", y=y, **offset, color=alt.Color("rule_name:N", scale=scale, legend=legend)
        )  # fmt: skip
        layers.insert(0, bars)
    rows = [*only(), calculated("rule_name", renamed("rule", names))]
    height = (34 if len(rules) < 2 else 40) * max(1, frame["group"].nunique())
    description = f"{LARGEST} at delay 0 for each word class, with its noise floor"
    choices = chosen_state(frame, state)
    return finished(frame, layers, transform=rows, choices=choices, description=description, height=height)


def class_memory_chart(
    frame: pd.DataFrame,
    *,
    groups: Sequence[str] | None = None,
    state: str | None = None,
    rule: str | None = None,
    log: bool = False,
    relative: bool = False,
    backpropagation_steps: int | None = None,
) -> alt.LayerChart:
    """`σ_1` of the mean gradient of each word class against delay, beside that of all positions.

    Args:
        frame: columns delay, group, sigma_1; if there are any, state, rule.
        groups: which groups to draw; default: every one but `all`.
        state: which state to draw; default: the first.
        rule: the rule by which words have classes; default: the first.
        log: logarithmic vertical axis.
        relative: every curve relative to its own value at the first delay.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    names = list(groups) if groups is not None else [name for name in frame["group"].unique() if name != "all"]
    # as thin lines the last two colours look like the second and the first
    styles = [(colour, DASHED if number > 3 else SOLID) for number, colour in enumerate(SERIES)]
    styles += [(colour, dashes) for dashes in (DOTTED, DASHED) for colour in SERIES[:4]]
    entries = {name: styles[number % len(styles)] for number, name in enumerate(names)} | {"all": (INK, DOTTED)}
    x, title = delays_of(frame), f"σ₁ {relative_title(frame)}" if relative else LARGEST
    line = alt.Chart().mark_line().encode(
        x=x, y=alt.Y("shown_sigma_1:Q", scale=value_scale(log=log), axis=alt.Axis(title=title, tickCount=5)),
        tooltip=[alt.Tooltip("group:N", title="class"), alt.Tooltip("delay:Q", title="delay τ"),
                 alt.Tooltip("sigma_1:Q", title="σ₁", format=".3g"), alt.Tooltip("count:Q", title="positions", format=",")],
        **Legend(entries).encodings("group"),
    )  # fmt: skip
    rows = only(f"{ALL} || datum.rule == chosen_rule", f"indexof({json.dumps(list(entries))}, datum.group) >= 0")
    rows += shown(frame, relative=relative, log=log)
    choices = chosen_state(frame, state) | chosen_rule(frame, rule)
    layers = [line, *boundary(frame, backpropagation_steps)]
    description = f"{LARGEST} of the mean gradient against delay in words, a curve per word class"
    return finished(frame, layers, transform=rows, choices=choices, description=description)


def equal_counts_chart(frame: pd.DataFrame, *, state: str | None = None, rule: str | None = None) -> alt.LayerChart:
    """`σ_1` at delay 0 of word classes from equally many positions, beside the range of groups of any words.

    Args:
        frame: columns group, sigma_1, count; groups `any 1`, `any 2`, … hold any words; if there are any, state, rule,
            sigma_1_low and sigma_1_high.
        state: which state to draw; default: the first.
        rule: the rule by which words have classes; default: the first.
    """
    frame = completed(frame)
    names = [name for name in frame["group"].unique() if not name.startswith("any ")]
    is_class = f"indexof({json.dumps(names)}, datum.group) >= 0"
    y = alt.Y(
        "group:N",
        sort=alt.EncodingSortField(field="sigma_1", op="max", order="descending"),
        axis=alt.Axis(title=None, grid=True, ticks=False, domain=False, labelFontSize=12.5, labelLimit=220, labelPadding=8),
    )
    x = alt.X("sigma_1:Q", scale=alt.Scale(zero=True), axis=alt.Axis(title=f"{LARGEST} at delay 0", grid=False, tickCount=6))
    anything = (
        alt.Chart()
        .transform_filter(f"!({is_class})")
        .transform_aggregate(low="min(sigma_1)", high="max(sigma_1)")
        .mark_rect(color=GREY, opacity=0.2)
        .encode(x="low:Q", x2="high:Q", tooltip=[alt.Tooltip("low:Q", title="any words, from", format=".3f"),
                                                 alt.Tooltip("high:Q", title="to", format=".3f")])
    )  # fmt: skip
    dots = alt.Chart().transform_filter(is_class).mark_point(size=70, filled=True, opacity=1, color=BLUE).encode(
        x=x, y=y, tooltip=[alt.Tooltip("group:N", title="class"), alt.Tooltip("sigma_1:Q", title="σ₁", format=".3f"),
                           alt.Tooltip("count:Q", title="positions", format=",")],
    )  # fmt: skip
    bars = alt.Chart().transform_filter(is_class).mark_rule(strokeWidth=2, color=BLUE, aria=False)
    bars = bars.encode(x="sigma_1_low:Q", x2="sigma_1_high:Q", y=y)
    layers = [anything, *([bars] if has(frame, "sigma_1_low") else []), dots]
    choices = chosen_state(frame, state) | chosen_rule(frame, rule)
    description = f"{LARGEST} at delay 0 for word classes of equally many positions, and the range of groups of any words"
    rows = only("datum.rule == chosen_rule")
    return finished(frame, layers, transform=rows, choices=choices, description=description, height=34 * max(1, len(names)))


def on_classes(classes: pd.DataFrame, comparisons: pd.DataFrame | None = None) -> list[str]:
    """All sentences of `class_paragraphs`."""
    return [sentence for paragraph in class_paragraphs(classes, comparisons) for sentence in paragraph]


def class_paragraphs(classes: pd.DataFrame, comparisons: pd.DataFrame | None = None) -> list[list[str]]:
    """The order of the classes by `σ_1` and by rms, and whether a ranking can be claimed, for each rule, and what the marks mean.

    Args:
        classes: the rows of one state.
        comparisons: the differences between its classes, None where they were not taken.
    """
    paragraphs: list[list[str]] = []
    several = classes["rule"].nunique() > 1
    for rule, part in classes.groupby("rule", sort=False):
        by_mean = list(part.sort_values("sigma_1", ascending=False, kind="stable")["group"])
        under = f" ({RULES.get(str(rule), str(rule))})" if several else ""
        said = [f"By σ₁{under}: {', '.join(by_mean)}."]
        if part["rms"].notna().all():
            by_rms = list(part.sort_values("rms", ascending=False, kind="stable")["group"])
            said += [] if by_mean == by_rms else [f"The root mean square gives another order: {', '.join(by_rms)}."]
        said.append(_claimed(by_mean, None if comparisons is None else comparisons[comparisons["rule"] == rule]))
        paragraphs.append(said)
    marks = []
    if paragraphs and classes["sigma_1_floor"].notna().any():
        marks.append("Grey ticks: noise floor, which is higher for classes with fewer positions.")
    if "rank_limited" in classes and classes["rank_limited"].fillna(False).astype(bool).any():
        marks.append("Hollow dots and *: fewer positions than dimensions of the embedding.")
    return paragraphs + ([marks] if marks else [])


def _claimed(order: Sequence[str], comparisons: pd.DataFrame | None) -> str:
    """Which classes are above which: those that differ by both measures in the same direction, by intervals that hold all pairs."""
    if comparisons is None or comparisons[["low", "high"]].isna().all(axis=None):
        return "Without intervals no ranking is claimed."
    above: dict[str, dict[str, set[str]]] = {measure: {name: set() for name in order} for measure in ("sigma_1", "rms")}
    for row in comparisons.itertuples():
        if row.low > 0:
            above[row.measure][row.group].add(row.other)
        elif row.high < 0:
            above[row.measure][row.other].add(row.group)
    both = {name: [other for other in order if other in above["sigma_1"][name] & above["rms"][name]] for name in order}
    tiers = _tiers(order, both)
    within = {name: [other for other in tier if other in both[name]] for tier in tiers for name in tier}
    pairs = [f"{name} above {', '.join(below)}" for name, below in within.items() if below]
    if len(tiers) == 1 and not pairs:
        return "No class is above another by both measures with intervals for all pairs (95 %): no ranking is claimed."
    chain = [" > ".join(", ".join(tier) for tier in tiers)] if len(tiers) > 1 else []
    said = "; ".join(chain + pairs)
    return f"What holds by both measures, with intervals for all pairs (95 %): {said}. Nothing else of the order is claimed."


def _tiers(order: Sequence[str], above: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The classes in their order, cut wherever all before the cut are above all behind it.

    >>> _tiers("abcd", {"a": "cd", "b": "cd", "c": "d", "d": ""})
    [['a', 'b'], ['c'], ['d']]
    """
    tiers: list[list[str]] = [[]]
    for number, name in enumerate(order):
        if number and all(set(order[number:]) <= set(above[before]) for before in order[:number]):
            tiers.append([])
        tiers[-1].append(name)
    return tiers


def on_class_curves(memory: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """What the curves of classes are, and how few positions the rarest of them has."""
    counts = memory[memory["group"].isin(names) & memory["count"].notna()]
    said = ["Each curve averages the gradients towards input words of one class; relative to delay 0 it shows how fast that "
            "class fades, whatever its size at the start."]  # fmt: skip
    if len(counts):
        rare = counts.loc[counts["count"].idxmin()]
        said.append(f"The fewest positions at any delay are {int(rare['count']):,}, of {rare['group']}: "
                    "the fewer there are, the higher lies the noise that the curve ends in.")  # fmt: skip
    return said


def on_equal_counts(equal: pd.DataFrame) -> list[str]:
    """The order of the classes when each has equally many positions, beside words that have nothing in common.

    Args:
        equal: the rows of one state and rule.
    """
    any_words = equal["group"].str.startswith("any ")
    classes, nothing = equal[~any_words].sort_values("sigma_1", ascending=False, kind="stable"), equal[any_words]
    if classes.empty or nothing.empty:
        return []
    low, high = nothing["sigma_1"].min(), nothing["sigma_1"].max()
    above = list(classes.loc[classes["sigma_1"] > high, "group"])
    said = f"From {int(classes['count'].iloc[0]):,} positions each, in order: {', '.join(classes['group'])}."
    return [
        said,
        f"As many positions of any words give σ₁ from {low:.2f} to {high:.2f} (the grey band)"
        + (f"; above it lie {', '.join(above)}." if above else "; no class lies above it."),
    ]
