"""The figures of a run: pure functions from a tidy table to an Altair chart.

Each chart reads its rows by expressions on the parameters `chosen_state`, `chosen_rule` and `chosen_whitened`, so that a
page can change them; in a file they have their defaults. Nothing is drawn or shown here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

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
    delay_axis,
    finished,
    value_scale,
)  # fmt: skip

DEFAULTS = {"state": "", "group": "all", "rule": "", "whitened": False}

LARGEST, SUM = "largest singular value σ₁", "sum of singular values Σσ"
FLOOR, RMS = "noise floor of σ₁", "root mean square of the gradients"


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
        frame: columns delay, sigma_1, sigma_sum; if there are any, state, group, rule, sigma_1_floor. Only the group
            `all` is drawn.
        state: which state to draw; default: the first.
        log: logarithmic vertical axes.
        relative: every curve relative to its value at the first delay; both then share one axis, and the floor is
            relative to `σ_1`.
        backpropagation_steps: length of truncated backpropagation in training, marked where it is among the delays.
    """
    frame = completed(frame)
    legend = Legend(
        {LARGEST: (BLUE, SOLID), SUM: (VERMILION, DOTTED)}
        | ({FLOOR: (GREY, SOLID)} if _has(frame, "sigma_1_floor") else {})
    )
    left, right = ("relative to delay 0", "relative to delay 0") if relative else (LARGEST, SUM)
    x, scale = _delays(frame), value_scale(log=log)
    curves = [_curve("sigma_1", LARGEST, x, left, legend, scale, "normal" if relative else BLUE)]
    if _has(frame, "sigma_1_floor"):
        curves.insert(0, _curve("sigma_1_floor", FLOOR, x, left, legend, scale, "normal" if relative else BLUE, width=1.2))
    total = _curve("sigma_sum", SUM, x, right, legend, scale, "normal" if relative else VERMILION)
    marks = [*_boundary(frame, backpropagation_steps), _tooltip(frame, x)]
    layers = [*curves, total, *marks] if relative else [alt.layer(*curves, *marks), total]
    chart = _of_state(alt.layer(*layers, data=frame), frame, state)
    chart = _shown(chart.transform_filter("datum.group == 'all'"), frame, relative=relative, log=log)
    description = f"{LARGEST} and {SUM} of the mean gradient of the state against delay in words"
    return finished(chart.resolve_scale(y="shared" if relative else "independent"), description)


def rms_chart(
    frame: pd.DataFrame,
    *,
    state: str | None = None,
    log: bool = False,
    backpropagation_steps: int | None = None,
) -> alt.LayerChart:
    """Mean against root mean square: `σ_1(Ḡ_τ)` and `√λ_1(E[GᵀG])`, each relative to its value at the first delay.

    Signs cancel in the mean and cannot in the root mean square; the distance of the two curves shows how much they do.

    Args:
        frame: as for `memory_chart`, with a column rms.
        state: which state to draw; default: the first.
        log: logarithmic vertical axis.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    entries = {"sigma_1": (LARGEST, BLUE, SOLID), "rms": (RMS, GREEN, DASHED), "sigma_1_floor": (FLOOR, GREY, SOLID)}
    drawn = {name: entry for name, entry in entries.items() if _has(frame, name)}
    legend = Legend({label: (colour, dashes) for label, colour, dashes in drawn.values()})
    x, scale = _delays(frame), value_scale(log=log)
    curves = [
        _curve(name, label, x, "relative to delay 0", legend, scale, width=1.2 if name == "sigma_1_floor" else 2.0)
        for name, (label, _, _) in reversed(drawn.items())
    ]
    layers = [*curves, *_boundary(frame, backpropagation_steps), _tooltip(frame, x)]
    chart = _of_state(alt.layer(*layers, data=frame), frame, state).transform_filter("datum.group == 'all'")
    description = f"{LARGEST} of the mean gradient and {RMS} against delay in words, each relative to delay 0"
    return finished(_shown(chart, frame, relative=True, log=log), description)


def energy_chart(
    frame: pd.DataFrame, *, state: str | None = None, backpropagation_steps: int | None = None
) -> alt.LayerChart:
    """`‖Ḡ_τ‖²_F / E‖G‖²_F`, the share of the gradients' energy that is in their mean, against delay.

    Args:
        frame: columns delay, energy_share; if there are any, state, group, rule.
        state: which state to draw; default: the first.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    x = _delays(frame)
    y = alt.Y("energy_share:Q", scale=alt.Scale(zero=True), axis=alt.Axis(title="share in the mean", format="%", tickCount=4))
    curve = alt.Chart().mark_line(color=INK).encode(x=x, y=y)
    layers = [curve, *_boundary(frame, backpropagation_steps), _tooltip(frame, x)]
    chart = _of_state(alt.layer(*layers, data=frame), frame, state).transform_filter("datum.group == 'all'")
    description = "share of the energy of the gradients that is in their mean, against delay in words"
    return finished(chart, description, height=HEIGHT // 2)


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
    x, title = _delays(frame), "σ₁ relative to delay 0" if relative else LARGEST
    line = alt.Chart().mark_line().encode(
        x=x, y=alt.Y("shown_sigma_1:Q", scale=value_scale(log=log), axis=alt.Axis(title=title, tickCount=5)),
        tooltip=[alt.Tooltip("group:N", title="class"), alt.Tooltip("delay:Q", title="delay τ"),
                 alt.Tooltip("sigma_1:Q", title="σ₁", format=".3g"), alt.Tooltip("count:Q", title="positions", format=",")],
        **Legend(entries).encodings("group"),
    )  # fmt: skip
    chart = _of_state(alt.layer(line, *_boundary(frame, backpropagation_steps), data=frame), frame, state)
    chart = _of_rule(chart, frame, rule, "datum.group == 'all' || datum.rule == chosen_rule")
    chart = chart.transform_filter(alt.FieldOneOfPredicate(field="group", oneOf=list(entries)))
    description = f"{LARGEST} of the mean gradient against delay in words, a curve per word class"
    return finished(_shown(chart, frame, relative=relative, log=log), description)


def tracking_chart(
    frame: pd.DataFrame,
    *,
    n: int | None = None,
    state: str | None = None,
    whitened: bool = False,
    backpropagation_steps: int | None = None,
) -> alt.LayerChart:
    """Relative memory `m` (solid) and cosine to `H_n` (dashed) of properties against delay: the paper's figure 2.

    In grey the share `Σ_{i≤n} σ_i / Σσ` of the n largest singular values, solid for 1, dashed for n.

    Args:
        frame: columns delay, property, n, relative_memory, cosine, subspace_share; if there are any, state, group,
            whitened. Only the group `all` is drawn.
        n: the number of directions of the cosine; default: 5 where the table has it, else its largest.
        state: which state to draw; default: the first.
        whitened: draw the measures in whitened embedding space.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    numbers = sorted({int(number) for number in frame["n"]})
    n = n if n is not None else 5 if 5 in numbers or not numbers else numbers[-1]
    properties = [str(name) for name in frame["property"].unique()]
    cosine = f"cosine, n = {n}"
    shares = {number: f"share of σ₁ … σ{_subscript(number)}" if number > 1 else "share of σ₁" for number in dict.fromkeys((1, n))}
    entries: dict[str, tuple[str, Sequence[int]]] = {}
    for name, colour in zip(properties, SERIES * (1 + len(properties) // len(SERIES)), strict=False):
        entries |= {f"{name}: m": (colour, SOLID), f"{name}: {cosine}": (colour, DASHED)}
    entries |= {shares[number]: (GREY, SOLID if number == 1 else DASHED) for number in shares if number in numbers}
    legend, x, one = Legend(entries), _delays(frame), json.dumps(properties[0] if properties else "")
    axis = alt.Axis(title="m, cosine, share of Σσ", tickCount=5)
    curves = [
        alt.Chart()
        .transform_filter(f"datum.n == {number}")
        .transform_calculate(curve=f"datum.property + {json.dumps(suffix)}")
        .mark_line()
        .encode(x=x, y=alt.Y(f"{column}:Q", scale=value_scale(log=False, domain=(0, 1)), axis=axis), **legend.encodings("curve"))
        for number, column, suffix in ((min(numbers, default=1), "relative_memory", ": m"), (n, "cosine", f": {cosine}"))
    ]
    curves = [
        alt.Chart()
        .transform_filter(f"datum.n == {number} && datum.property == {one}")
        .transform_calculate(curve=json.dumps(label))
        .mark_line(strokeWidth=1.5)
        .encode(x=x, y=alt.Y("subspace_share:Q", axis=axis), **legend.encodings("curve"))
        for number, label in shares.items()
        if number in numbers
    ] + curves
    fields = ("property:N", "relative_memory:Q", "cosine:Q", "subspace_share:Q")
    titles = ("property", "m", cosine, shares[n])
    hover = _hover(x, fields, titles).transform_filter(f"datum.n == {n}")
    points = hover.mark_point(opacity=0, size=90, aria=False).encode(y="relative_memory:Q")
    chart = _of_state(alt.layer(*curves, *_boundary(frame, backpropagation_steps), points, data=frame), frame, state)
    chart = chart.add_params(alt.param(name="chosen_whitened", value=whitened)).transform_filter(
        "datum.group == 'all' && datum.whitened == chosen_whitened"
    )
    description = f"relative memory m and cosine of {' and '.join(properties)} against delay in words"
    return finished(chart, description)


def classes_chart(frame: pd.DataFrame, *, state: str | None = None) -> alt.LayerChart:
    """`σ_1` at delay 0 of each word class as dots, under each rule, with its noise floor: the paper's table 1.

    Dots are hollow for classes with fewer positions than dimensions of the embedding.

    Args:
        frame: columns group, sigma_1; if there are any, state, rule, positions, sigma_1_floor, rank_limited.
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
                 alt.Tooltip("sigma_1:Q", title="σ₁", format=".3f"), alt.Tooltip("sigma_1_floor:Q", title="noise floor", format=".3f"),
                 alt.Tooltip("positions:Q", title="positions", format=",")],
    )  # fmt: skip
    floor = alt.Chart().mark_tick(color=GREY, thickness=2, size=12).encode(x="sigma_1_floor:Q", y=y, **offset)
    layers = [floor, dots] if _has(frame, "sigma_1_floor") else [dots]
    chart = _of_state(alt.layer(*layers, data=frame), frame, state).transform_calculate(rule_name=_renamed("rule", names))
    description = f"{LARGEST} at delay 0 for each word class, with its noise floor"
    return finished(chart, description, height=(34 if len(rules) < 2 else 40) * max(1, frame["group"].nunique()))


RULES = {
    "gold": "by gold tags",
    "any": "by word type, every class a word can have",
    "most": "by word type, its most frequent class",
    "": "of the text",
}
"""How the rules for word classes are named in figures and on the page."""


def completed(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with the key columns that it lacks: one unnamed state, group `all`, no rule, not whitened."""
    return frame.assign(**{name: value for name, value in DEFAULTS.items() if name not in frame})


def _has(frame: pd.DataFrame, column: str) -> bool:
    return column in frame and bool(frame[column].notna().any())


def _delays(frame: pd.DataFrame) -> alt.X:
    return delay_axis(*((int(frame["delay"].min()), int(frame["delay"].max())) if len(frame) else (0, 1)))


def _of_state(chart: alt.LayerChart, frame: pd.DataFrame, state: str | None) -> alt.LayerChart:
    chosen = state if state is not None else str(frame["state"].iloc[0]) if len(frame) else ""
    parameter = alt.param(name="chosen_state", value=chosen)
    return chart.add_params(parameter).transform_filter("datum.state == chosen_state")


def _of_rule(chart: alt.LayerChart, frame: pd.DataFrame, rule: str | None, condition: str) -> alt.LayerChart:
    rules = [str(name) for name in frame.loc[frame["group"] != "all", "rule"].unique()]
    chosen = rule if rule is not None else (rules or [""])[0]
    return chart.add_params(alt.param(name="chosen_rule", value=chosen)).transform_filter(condition)


def _shown(chart: alt.LayerChart, frame: pd.DataFrame, *, relative: bool, log: bool) -> alt.LayerChart:
    """The columns that are drawn, `shown_…`: as they are or relative to the first delay; nothing ≤ 0 on a log axis."""
    own = {"sigma_1": "sigma_1", "sigma_sum": "sigma_sum", "rms": "rms", "sigma_1_floor": "sigma_1"}
    own = {name: reference for name, reference in own.items() if name in frame}
    if relative and len(frame):
        first = int(frame["delay"].min())
        for reference in dict.fromkeys(own.values()):
            chart = chart.transform_calculate(**{f"at_{reference}": f"datum.delay == {first} ? datum.{reference} : null"})
        joined = [
            alt.JoinAggregateFieldDef(op="max", field=f"at_{name}", **{"as": f"first_{name}"})
            for name in dict.fromkeys(own.values())
        ]
        chart = chart.transform_joinaggregate(joinaggregate=joined, groupby=["group"])
    for name, reference in own.items():
        value = f"datum.{name} / datum.first_{reference}" if relative else f"datum.{name}"
        present = f"isValid(datum.{name})" + (f" && datum.{name} > 0" if log else "")
        chart = chart.transform_calculate(**{f"shown_{name}": f"{present} ? {value} : null"})
    return chart


def _curve(
    name: str,
    label: str,
    x: alt.X,
    title: str,
    legend: Legend,
    scale: alt.Scale,
    title_colour: str = "normal",
    *,
    width: float = 2.0,
) -> alt.Chart:
    colour = INK if title_colour == "normal" else title_colour
    orient = "right" if name == "sigma_sum" and title == SUM else "left"
    axis = alt.Axis(title=title, titleColor=colour, orient=orient, grid=orient == "left", tickCount=5)
    y = alt.Y(f"shown_{name}:Q", scale=scale, axis=axis)
    curve = alt.Chart().transform_calculate(curve=json.dumps(label)).mark_line(strokeWidth=width)
    return curve.encode(x=x, y=y, **legend.encodings("curve"))


def _boundary(frame: pd.DataFrame, steps: int | None) -> list[alt.Chart]:
    """A dashed line at the length of truncated backpropagation, with its name, where it is among the delays."""
    if steps is None or not len(frame) or not frame["delay"].min() < steps <= frame["delay"].max():
        return []
    place = alt.Chart(alt.InlineData(values=[{"delay": steps}])).encode(x="delay:Q")
    text = place.mark_text(align="right", baseline="top", dx=-5, color=GREY, fontSize=11)
    return [
        place.mark_rule(strokeDash=DASHED, color=GREY),
        text.encode(y=alt.value(2), text=alt.value(f"backpropagation in training: {steps} words")),
    ]


TOOLTIPS: Mapping[str, tuple[str, str]] = {
    "sigma_1": ("σ₁", ".3g"),
    "sigma_1_floor": ("noise floor of σ₁", ".3g"),
    "sigma_sum": ("Σσ", ".3g"),
    "rms": ("rms", ".3g"),
    "energy_share": ("energy in the mean", ".2%"),
    "count": ("positions", ","),
}


def _tooltip(frame: pd.DataFrame, x: alt.X) -> alt.Chart:
    """Unseen bars over the whole height, one per delay, that say all the values there."""
    values = [alt.Tooltip(f"{name}:Q", title=title, format=form) for name, (title, form) in TOOLTIPS.items() if name in frame]
    rule = alt.Chart().mark_rule(opacity=0, strokeWidth=14, aria=False)
    return rule.encode(x=x, tooltip=[alt.Tooltip("delay:Q", title="delay τ"), *values])


def _hover(x: alt.X, fields: Sequence[str], titles: Sequence[str]) -> alt.Chart:
    values = [alt.Tooltip(field, title=title) for field, title in zip(fields, titles, strict=True)]
    formatted = [value if str(field).endswith(":N") else alt.Tooltip(field, title=title, format=".2f")
                 for value, field, title in zip(values, fields, titles, strict=True)]  # fmt: skip
    return alt.Chart().encode(x=x, tooltip=[alt.Tooltip("delay:Q", title="delay τ"), *formatted])


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _renamed(column: str, names: Mapping[str, str]) -> str:
    """An expression that replaces the values of a column."""
    expression = f"datum.{column}"
    for value, name in names.items():
        expression = f"datum.{column} == {json.dumps(value)} ? {json.dumps(name)} : {expression}"
    return expression
