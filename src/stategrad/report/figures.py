"""The figures of a run: pure functions from a tidy table to an Altair chart.

Each chart reads its rows by expressions on the parameters `chosen_state`, `chosen_rule` and `chosen_whitened`, so that a
page can change them; in a file they have their defaults. Nothing is drawn or shown here.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import altair as alt
import pandas as pd

from stategrad.report.marks import (
    FLOOR,
    LARGEST,
    RMS,
    RULES,
    SHARE,
    SHUFFLED,
    SUM,
    SWAP,
    UNTRAINED,
    VALIDITY,
    boundary,
    calculated,
    chosen_rule,
    chosen_state,
    completed,
    curve,
    delays_of,
    has,
    interval,
    only,
    relative_title,
    renamed,
    shown,
    subscript,
    tooltip,
    vertical,
)  # fmt: skip
from stategrad.report.style import (
    BLUE,
    DASHED,
    DOTTED,
    GREEN,
    GREY,
    HEIGHT,
    INK,
    SERIES,
    SOLID,
    VERMILION,
    Legend,
    finished,
    value_scale,
)  # fmt: skip

ALL = "datum.group == 'all'"


def memory_chart(
    frame: pd.DataFrame,
    *,
    state: str | None = None,
    log: bool = False,
    relative: bool = False,
    backpropagation_steps: int | None = None,
) -> alt.LayerChart:
    """`σ_1` (left axis, solid) and `Σσ` (right axis, dotted) of the mean gradient against delay: the paper's figure 1.

    Args:
        frame: columns delay, sigma_1, sigma_sum; if there are any, state, group, rule, sigma_1_floor, sigma_1_low and
            sigma_1_high (the interval, a band). Only the group `all` is drawn.
        state: which state to draw; default: the first.
        log: logarithmic vertical axes.
        relative: every curve relative to its value at the first delay; both then share one axis, and the floor is
            relative to `σ_1`.
        backpropagation_steps: length of truncated backpropagation in training, marked where it is among the delays.
    """
    frame = completed(frame)
    legend = Legend(
        {LARGEST: (BLUE, SOLID), SUM: (VERMILION, DOTTED)} | ({FLOOR: (GREY, SOLID)} if has(frame, "sigma_1_floor") else {})
    )
    titles = (relative_title(frame),) * 2 if relative else (LARGEST, SUM)
    colours = (INK, INK) if relative else (BLUE, VERMILION)
    x = delays_of(frame)
    curves = [curve(LARGEST, x, vertical("sigma_1", titles[0], log=log, colour=colours[0]), legend)]
    if has(frame, "sigma_1_floor"):
        y = vertical("sigma_1_floor", titles[0], log=log, colour=colours[0])
        curves.insert(0, curve(FLOOR, x, y, legend, thin=True))
    if has(frame, "sigma_1_low"):
        curves.insert(0, interval("sigma_1", x, vertical("sigma_1_low", titles[0], log=log, colour=colours[0]), BLUE))
    total = curve(
        SUM, x, vertical("sigma_sum", titles[1], log=log, colour=colours[1], orient="left" if relative else "right"), legend
    )
    marks = [*boundary(frame, backpropagation_steps), tooltip(frame, x)]
    layers: list[alt.Chart | alt.LayerChart]
    layers = [*curves, total, *marks] if relative else [alt.LayerChart(layer=[*curves, *marks]), total]
    description = f"{LARGEST} and {SUM} of the mean gradient of the state against delay in words"
    rows = [*only(ALL), *shown(frame, relative=relative, log=log)]
    choices = chosen_state(frame, state)
    return finished(frame, layers, transform=rows, choices=choices, description=description, independent=not relative)


def rms_chart(
    frame: pd.DataFrame,
    *,
    state: str | None = None,
    log: bool = False,
    backpropagation_steps: int | None = None,
) -> alt.LayerChart:
    """The three measures, each relative to its value at the first delay: mean `σ_1(Ḡ_τ)`, rms `√λ_1(E[GᵀG])` and swap `θ(τ)`.

    Signs cancel in the mean and cannot in the root mean square; a swap changes a whole word and linearises nothing.

    Args:
        frame: as for `memory_chart`, with columns rms and swap if there are any, and their intervals, and for comparison
            sigma_1_untrained and sigma_1_shuffled.
        state: which state to draw; default: the first.
        log: logarithmic vertical axis.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    entries = {
        "sigma_1": (LARGEST, BLUE, SOLID),
        "rms": (RMS, GREEN, DASHED),
        "swap": (SWAP, VERMILION, DOTTED),
        "sigma_1_untrained": (UNTRAINED, GREY, DASHED),
        "sigma_1_shuffled": (SHUFFLED, GREY, DOTTED),
        "sigma_1_floor": (FLOOR, GREY, SOLID),
    }
    drawn = {name: entry for name, entry in entries.items() if has(frame, name)}
    legend = Legend({label: (colour, dashes) for label, colour, dashes in drawn.values()})
    x, title = delays_of(frame), relative_title(frame)
    bands = [
        interval(name, x, vertical(f"{name}_low", title, log=log), colour)
        for name, (_, colour, _) in drawn.items()
        if has(frame, f"{name}_low")
    ]
    curves = [
        curve(label, x, vertical(name, title, log=log), legend, thin=colour == GREY)
        for name, (label, colour, _) in reversed(drawn.items())
    ]
    layers = [*bands, *curves, *boundary(frame, backpropagation_steps), tooltip(frame, x)]
    description = f"{', '.join(label for label, _, _ in drawn.values())} against delay in words, each relative to the first delay"
    rows = [*only(ALL), *shown(frame, relative=True, log=log)]
    return finished(frame, layers, transform=rows, choices=chosen_state(frame, state), description=description)


def energy_chart(frame: pd.DataFrame, *, state: str | None = None, backpropagation_steps: int | None = None) -> alt.LayerChart:
    """How much the mean stands for, against delay: its share of the gradients' energy, and its validity.

    The share is `‖Ḡ_τ‖²_F / E‖G‖²_F`; the validity `1 - E‖Δs - Ḡ Δx‖² / E‖Δs‖²` over word swaps.

    Args:
        frame: columns delay, energy_share; if there are any, validity, state, group, rule.
        state: which state to draw; default: the first.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    entries = {"validity": (VALIDITY, VERMILION, DOTTED), "energy_share": (SHARE, INK, SOLID)}
    drawn = {name: entry for name, entry in entries.items() if has(frame, name)}
    legend = Legend({label: (colour, dashes) for label, colour, dashes in drawn.values()})
    x, axis = delays_of(frame), alt.Axis(title="share", format="%", tickCount=4)
    curves = [
        curve(label, x, alt.Y(f"{name}:Q", scale=alt.Scale(zero=True), axis=axis), legend) for name, (label, _, _) in drawn.items()
    ]
    layers = [*curves, *boundary(frame, backpropagation_steps), tooltip(frame, x)]
    description = f"{', '.join(label for label, _, _ in drawn.values())}, against delay in words"
    choices = chosen_state(frame, state)
    return finished(frame, layers, transform=only(ALL), choices=choices, description=description, height=HEIGHT // 2)


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
    styles = [(colour, dashes) for dashes in (SOLID, DASHED, DOTTED) for colour in SERIES]
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


def tracking_chart(
    frame: pd.DataFrame,
    *,
    properties: Sequence[str] | None = None,
    n: int | None = None,
    state: str | None = None,
    whitened: bool = False,
    backpropagation_steps: int | None = None,
) -> alt.LayerChart:
    """Relative memory `m` (solid) and cosine to `H_n` (dashed) of properties against delay: the paper's figure 2.

    In grey the share `Σ_{i≤n} σ_i / Σσ` of the n largest singular values, solid for 1, dashed for n. Bands hold 95 % of the m of
    properties with permuted labels.

    Args:
        frame: columns delay, property, n, relative_memory, cosine, subspace_share (m alone where the cosine has no values); if
            there are any, state, group, whitened, relative_memory_null_low and _high. Only the group `all` is drawn.
        properties: which to draw; default: all.
        n: the number of directions of the cosine; default: 5 where the table has it, else its largest.
        state: which state to draw; default: the first.
        whitened: draw the measures in whitened embedding space.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    numbers = sorted({int(number) for number in frame["n"]})
    n = n if n is not None else 5 if 5 in numbers or not numbers else numbers[-1]
    properties = [str(name) for name in (frame["property"].unique() if properties is None else properties)]
    compared = has(frame, "cosine")
    cosine = f"cosine, n = {n}"
    shares = {number: f"share of σ₁ … σ{subscript(number)}" if number > 1 else "share of σ₁" for number in dict.fromkeys((1, n))}
    entries: dict[str, tuple[str, Sequence[int]]] = {}
    for name, colour in zip(properties, itertools.cycle(SERIES), strict=False):
        entries |= {f"{name}: m": (colour, SOLID)} | ({f"{name}: {cosine}": (colour, DASHED)} if compared else {})
    entries |= {shares[number]: (GREY, SOLID if number == 1 else DASHED) for number in shares if number in numbers and compared}
    legend, x, one = Legend(entries), delays_of(frame), json.dumps(properties[0] if properties else "")
    axis = alt.Axis(title="m, cosine, share of Σσ" if compared else "relative memory m", tickCount=5)
    scale = alt.Scale(domain=[0, 1])
    curves = [
        alt.Chart()
        .transform_filter(f"datum.n == {number}")
        .transform_calculate(curve=f"datum.property + {json.dumps(suffix)}")
        .mark_line()
        .encode(x=x, y=alt.Y(f"{column}:Q", scale=scale, axis=axis), **legend.encodings("curve"))
        for number, column, suffix in ((min(numbers, default=1), "relative_memory", ": m"), (n, "cosine", f": {cosine}"))
        if compared or column != "cosine"
    ]
    curves = [
        alt.Chart()
        .transform_filter(f"datum.n == {number} && datum.property == {one}")
        .transform_calculate(curve=json.dumps(label))
        .mark_line(strokeWidth=1.5)
        .encode(x=x, y=alt.Y("subspace_share:Q", axis=axis), **legend.encodings("curve"))
        for number, label in shares.items()
        if number in numbers and compared
    ] + curves
    nulls = [
        alt.Chart()
        .transform_filter(f"datum.n == {n} && datum.property == {json.dumps(name)}")
        .mark_area(color=colour, opacity=0.13, aria=False)
        .encode(x=x, y=alt.Y("relative_memory_null_low:Q", scale=scale, axis=axis), y2="relative_memory_null_high:Q")
        for name, colour in zip(properties, itertools.cycle(SERIES), strict=False)
        if has(frame, "relative_memory_null_low")
    ]
    values = {"relative_memory": "m"} | ({"cosine": cosine, "subspace_share": shares[n]} if compared else {})
    said = [alt.Tooltip("property:N", title="property"), alt.Tooltip("delay:Q", title="delay τ")]
    said += [alt.Tooltip(f"{column}:Q", title=title, format=".2f") for column, title in values.items()]
    points = alt.Chart().transform_filter(f"datum.n == {n}").mark_point(opacity=0, size=90, aria=False)
    points = points.encode(x=x, y="relative_memory:Q", tooltip=said)
    layers = [*nulls, *curves, *boundary(frame, backpropagation_steps), points]
    choices = chosen_state(frame, state) | {"chosen_whitened": whitened}
    rows = only(ALL, "datum.whitened == chosen_whitened", f"indexof({json.dumps(properties)}, datum.property) >= 0")
    measured = "relative memory m and cosine" if compared else "relative memory m"
    description = f"{measured} of {' and '.join(properties)} against delay in words"
    return finished(frame, layers, transform=rows, choices=choices, description=description)


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


PLACES = {"within": "both words in one sentence", "across": "a sentence end between them"}


def boundaries_chart(
    frame: pd.DataFrame, *, state: str | None = None, log: bool = False, backpropagation_steps: int | None = None
) -> alt.LayerChart:
    """`σ_1` of the mean gradient against delay, within sentences and across their ends, with intervals.

    Args:
        frame: columns control (`within` and `across` are drawn), delay, sigma_1; if there are any, state, sigma_1_low and _high.
        state: which state to draw; default: the first.
        log: logarithmic vertical axis.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    legend = Legend({PLACES["within"]: (BLUE, SOLID), PLACES["across"]: (VERMILION, DASHED)})
    x, y = delays_of(frame), vertical("sigma_1", LARGEST, log=log)
    bands = [
        interval("sigma_1", x, vertical("sigma_1_low", LARGEST, log=log), colour).transform_filter(f"datum.control == '{place}'")
        for place, colour in (("within", BLUE), ("across", VERMILION))
    ]
    line = alt.Chart().mark_line(point=alt.OverlayMarkDef(opacity=0, size=90)).encode(
        x=x, y=y, **legend.encodings("place"),
        tooltip=[alt.Tooltip("place:N", title="pairs of words"), alt.Tooltip("delay:Q", title="delay τ"),
                 alt.Tooltip("sigma_1:Q", title="σ₁", format=".3g"), alt.Tooltip("count:Q", title="positions", format=",")],
    )  # fmt: skip
    rows = [*only(f"indexof({json.dumps(list(PLACES))}, datum.control) >= 0"), calculated("place", renamed("control", PLACES))]
    rows += shown(frame, relative=False, log=log)
    layers = [*(bands if has(frame, "sigma_1_low") else []), line, *boundary(frame, backpropagation_steps)]
    description = f"{LARGEST} against delay in words, within sentences and across their ends"
    return finished(frame, layers, transform=rows, choices=chosen_state(frame, state), description=description)


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
