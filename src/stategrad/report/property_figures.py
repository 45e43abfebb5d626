"""Properties that the settings name, drawn as the paper's two are, and what is said of them."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from stategrad.report.marks import ALL, boundary, chosen_state, completed, delays_of, has, only, subscript
from stategrad.report.style import DASHED, GREY, SERIES, SOLID, Legend, finished
from stategrad.report.wording import signed

TOGETHER = 2
"""Properties in one figure; with more, their bands hide each other."""

FEW = 10
"""With fewer word types on a side a direction may be that of these words."""


def shared_out(names: Sequence[str], facts: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The properties of the paper, and those that the settings name, two by two.

    Args:
        names: of all properties that were tracked, in the order of the table.
        facts: of the run.
    """
    own = [name for name in names if _sides(name, facts)]
    paper = [name for name in names if name not in own]
    return paper, [own[first : first + TOGETHER] for first in range(0, len(own), TOGETHER)]


def on_own(tracking: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """What each property is made of, how well it is remembered, and what permuted labels would show.

    Args:
        tracking: the rows of one state, convention and figure.
        facts: of the run.
    """
    said = []
    for name, part in tracking.groupby("property", sort=False):
        known = (facts.get("properties") or {}).get(name) or {}
        types, sides = known.get("types"), _sides(str(name), facts)
        if sides and types:
            said.append(
                f"The property {name} is the mean embedding of {sides[0]} ({_counted(types[0])}) less that of {sides[1]} "
                f"({_counted(types[1])})."
            )
        if types and min(types) < FEW:
            said.append(f"So few words define a direction that may be their own: {_halves(known.get('reliability'))}.")
        if "relative_memory_null_high" not in part or part["relative_memory_null_high"].isna().all():
            said.append(
                f"The labels of {name} cannot be permuted, since no decile of frequency holds words of both sides: hold it against "
                "random directions instead (columns isotropic of the data)."
            )
    return said + on_tracking(tracking, {})


def _sides(name: str, facts: Mapping[str, Any]) -> list[str] | None:
    sides: list[str] | None = ((facts.get("properties") or {}).get(name) or {}).get("sides")
    return sides


def _counted(types: int) -> str:
    return f"{types:,} word type{'s' * (types != 1)}"


def _halves(reliability: float | None) -> str:
    if reliability is None:
        return "it cannot be told from one word whether others would give the same"
    return f"the directions of two random halves of them have a cosine of {f'{reliability:.2f}'.replace('-', '−')} on average"


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
    properties with permuted labels, bars are 95 % intervals of m without the bias of a noisy mean.

    Args:
        frame: columns delay, property, n, relative_memory, cosine, subspace_share (m alone where the cosine has no values); if
            there are any, state, group, whitened, relative_memory_low and _high, _null_low and _null_high. Only the group `all` is
            drawn.
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
    bars = [
        alt.Chart()
        .transform_filter(f"datum.n == {n} && datum.property == {json.dumps(name)} && isValid(datum.relative_memory_low)")
        .mark_rule(color=colour, opacity=0.55, strokeWidth=1.2, xOffset=offset, clip=True, aria=False)
        .encode(x=x, y=alt.Y("relative_memory_low:Q", scale=scale, axis=axis), y2="relative_memory_high:Q")
        for name, colour, offset in zip(properties, itertools.cycle(SERIES), itertools.cycle((-1.5, 1.5)), strict=False)
        if has(frame, "relative_memory_low")
    ]
    values = {"relative_memory": "m"} | ({"cosine": cosine, "subspace_share": shares[n]} if compared else {})
    said = [alt.Tooltip("property:N", title="property"), alt.Tooltip("delay:Q", title="delay τ")]
    for column, title in values.items():
        said.append(alt.Tooltip(f"{column}:Q", title=title, format=".2f"))
        ends = zip(("low", "high"), ("interval from", "to"), strict=True)
        said += [alt.Tooltip(f"{column}_{end}:Q", title=word, format=".2f") for end, word in ends if has(frame, f"{column}_{end}")]
    points = alt.Chart().transform_filter(f"datum.n == {n}").mark_point(opacity=0, size=90, aria=False)
    points = points.encode(x=x, y="relative_memory:Q", tooltip=said)
    layers = [*nulls, *bars, *curves, *boundary(frame, backpropagation_steps), points]
    choices = chosen_state(frame, state) | {"chosen_whitened": whitened}
    rows = only(ALL, "datum.whitened == chosen_whitened", f"indexof({json.dumps(properties)}, datum.property) >= 0")
    measured = "relative memory m and cosine" if compared else "relative memory m"
    description = f"{measured} of {' and '.join(properties)} against delay in words"
    return finished(frame, layers, transform=rows, choices=choices, description=description)


def on_tracking(tracking: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """Which property is remembered better, and what a mean of nothing would show.

    Args:
        tracking: the rows of one state and convention.
        facts: of the run.
    """
    values = tracking.drop_duplicates(["property", "delay"]).pivot(index="delay", columns="property", values="relative_memory")
    if values.empty:
        return []
    first, names = int(values.index[0]), [str(name) for name in values.columns]
    listed = " and ".join(f"m = {values.loc[first, name]:.2f} for {name}" for name in names)
    said = [f"Relative to the direction that is remembered best, at delay {first} {listed}."]
    if len(names) == 2 and len(values) > 1:
        ahead = (values[names[0]] > values[names[1]]).iloc[1:]
        better = names[0] if ahead.mean() >= 0.5 else names[1]
        times = int(ahead.sum() if better == names[0] else len(ahead) - ahead.sum())
        said.append(f"Afterwards {better} has the larger m at {times} of {len(ahead)} delays.")
    if has(tracking, "relative_memory_low"):
        said.append("Bars are 95 % intervals of m without the bias of a noisy mean.")
    said += _on_chance(tracking)
    if has(tracking, "relative_memory_without_frequency"):
        said.append(_on_frequency(tracking))
    if facts.get("property_cosine") is not None:
        said.append(f"The cosine between the two property vectors is {signed(facts['property_cosine'])}.")
    state, embedding = facts.get("hidden_size"), facts.get("embedding_size")
    if state and embedding:
        noise = math.sqrt(state) / (math.sqrt(state) + math.sqrt(embedding))
        said.append(f"In pure noise m would tend to {noise:.2f}, so that a high m where σ₁ is near its noise floor says nothing.")
    if facts.get("not_whitened"):
        said.append(f"Nothing is shown in whitened space: {facts['not_whitened']}")
    return said


def _has_null(part: pd.DataFrame) -> bool:
    return "relative_memory_null_high" in part and bool(part["relative_memory_null_high"].notna().any())


def _on_chance(tracking: pd.DataFrame) -> list[str]:
    """At how many delays properties lie outside what permuted labels give."""
    placed = [f"{name} lies {_outside(part)}" for name, part in tracking.groupby("property", sort=False) if _has_null(part)]
    return [
        f"With labels permuted among words of like frequency, m would lie in the band 95 % of the time: {'; '.join(placed)}."
    ] * bool(placed)


def _on_frequency(tracking: pd.DataFrame) -> str:
    """What is left of m where the direction of log frequency is projected out of the properties and of their nulls."""
    said = []
    for name, part in tracking.groupby("property", sort=False):
        m = part.sort_values("delay")["relative_memory_without_frequency"].iloc[0]
        said.append(f"{m:.2f} for {name}" + (f" ({_outside(part, '_without_frequency')})" if _has_null(part) else ""))
    return (
        "With the direction projected out along which word vectors move with log frequency, of properties and permuted ones alike, "
        f"m at the first delay is {' and '.join(said)}."
    )


def _outside(part: pd.DataFrame, variant: str = "") -> str:
    """At how many delays m lies above and below its band."""
    curve = part.drop_duplicates("delay")
    m, low, high = (curve[f"relative_memory{end}{variant}"] for end in ("", "_null_low", "_null_high"))
    return f"above it at {int((m > high).sum())} of {len(curve)} delays, below it at {int((m < low).sum())}"
