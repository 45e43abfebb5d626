"""The figure of pushes: what a change of a word's vector does to the state, beside what the mean gradient predicts."""

from __future__ import annotations

import json
from typing import Literal

import altair as alt
import pandas as pd

from stategrad.report.marks import chosen_state, completed, delays_of, has, only
from stategrad.report.style import BLUE, DASHED, DOTTED, GREY, HEIGHT, INK, SERIES, SOLID, VERMILION, Legend, finished

CURVES = {
    "rms": ("change of the state, root mean square", VERMILION, DOTTED),
    "predicted": ("predicted by the mean gradient", INK, DASHED),
    "projection": ("mean change, along the prediction", BLUE, SOLID),
}

AT_LEAST = "(datum.linear_throughout ? 'at least ' : '')"
"""Of a range that no tested size ends."""


def pushes_chart(frame: pd.DataFrame, *, state: str | None = None, direction: str | None = None) -> alt.LayerChart:
    """The effect of pushes along one direction at the first delay against their size, and the line that the gradient predicts.

    A vertical line marks the size up to which a word's own gradient tells nine tenths of its effect.

    Args:
        frame: columns direction, delay, size, rms, predicted, projection, linear_up_to; if there is one, state.
        state: which state to draw; default: the first.
        direction: which direction; default: the first leading one, else the first.
    """
    frame = completed(frame)
    direction = direction if direction is not None else drawn_direction(frame)
    first = int(frame["delay"].min())
    legend = Legend({label: (colour, dashes) for label, colour, dashes in CURVES.values()})
    ends = [float(frame["size"].min()), float(frame["size"].max())]
    sizes = alt.Scale(type="log", domain=ends, nice=False)
    x = alt.X(
        "size:Q",
        scale=sizes,
        axis=alt.Axis(title="size of the push (typical word swaps)", grid=False, values=sorted(set(frame["size"])), format="~g"),
    )
    ticks = [digit * 10.0**power for power in range(-6, 4) for digit in (1, 2, 5)]
    axis = alt.Axis(title=f"change of the state at delay {first}", values=ticks, format="~g")
    scale = alt.Scale(type="log", nice=False, padding=24)
    layers: list[alt.Chart] = []
    for name, (label, _, _) in CURVES.items():
        line = alt.Chart().transform_filter(f"datum.{name} > 0").transform_calculate(curve=json.dumps(label))
        line = line.mark_line(point=alt.OverlayMarkDef(size=22, filled=True))
        layers.append(line.encode(x=x, y=alt.Y(f"{name}:Q", scale=scale, axis=axis), **legend.encodings("curve")))
    limit = alt.Chart().transform_filter(f"datum.size == {ends[0]} && datum.linear_up_to > 0")
    at, middle = alt.X("linear_up_to:Q", scale=sizes), (ends[0] * ends[1]) ** 0.5
    layers.append(limit.mark_rule(strokeDash=DASHED, color=GREY).encode(x=at))
    sides: tuple[Literal["left", "right"], ...] = ("left", "right")
    for align in sides:
        text = limit.transform_filter(f"datum.linear_up_to {'<' if align == 'left' else '>='} {middle}")
        text = text.transform_calculate(
            name=f"'one word’s own gradient holds up to ' + {AT_LEAST} + format(datum.linear_up_to, '.2f')"
        )
        text = text.mark_text(align=align, baseline="bottom", dx=5 if align == "left" else -5, dy=-4, color=GREY, fontSize=11)
        layers.append(text.encode(x=at, y=alt.value("height"), text="name:N"))
    said = [alt.Tooltip("size:Q", title="size", format="~g")]
    said += [alt.Tooltip(f"{name}:Q", title=label, format=".3g") for name, (label, _, _) in CURVES.items()]
    said.append(alt.Tooltip("explained:Q", title="share explained by the mean gradient", format=".1%"))
    bars = alt.Chart().mark_rule(opacity=0, strokeWidth=40, aria=False)
    layers.append(bars.encode(x=x, tooltip=said))
    rows = only(f"datum.direction == {json.dumps(direction, ensure_ascii=False)}", f"datum.delay == {first}")
    description = f"the effect of pushes along {direction} on the state against their size, measured and predicted"
    return finished(frame, layers, transform=rows, choices=chosen_state(frame, state), description=description)


def explained_chart(frame: pd.DataFrame, *, state: str | None = None) -> alt.LayerChart:
    """How much of the effect of the smallest pushes the mean gradient explains, `1 - E‖Δs - a Ḡ d‖² / E‖Δs‖²`, against delay.

    Args:
        frame: columns direction, delay, size, explained; if there are any, state, explained_low, explained_high.
        state: which state to draw; default: the first.
    """
    frame = completed(frame)
    names = [str(name) for name in frame["direction"].unique()]
    entries = {name: (SERIES[number % len(SERIES)], SOLID) for number, name in enumerate(names)}
    legend = Legend(entries, shown="replace(datum.label, 'v_1', 'v₁')")
    x, axis = delays_of(frame), alt.Axis(title="share of the effect explained", format="%", tickCount=5)
    y = alt.Y("explained:Q", axis=axis)
    said = [alt.Tooltip("direction:N", title="along"), alt.Tooltip("delay:Q", title="delay τ"),
            alt.Tooltip("explained:Q", title="explained by the mean gradient", format=".1%"),
            alt.Tooltip("cosine:Q", title="cosine with it", format=".2f"),
            alt.Tooltip("linear_up_to:Q", title="a word’s own gradient holds up to", format=".2f")]  # fmt: skip
    line = alt.Chart().mark_line(point=alt.OverlayMarkDef(size=30, filled=True))
    layers = [line.encode(x=x, y=y, tooltip=said, **legend.encodings("direction"))]
    if has(frame, "explained_low"):
        bars = alt.Chart().transform_filter("isValid(datum.explained_low)").mark_rule(strokeWidth=1.5, aria=False)
        layers.insert(
            0, bars.encode(x=x, y=alt.Y("explained_low:Q", axis=axis), y2="explained_high:Q", color=legend.colour("direction"))
        )
    description = f"the share of the effect of small pushes along {', '.join(names)} that the mean gradient explains, against delay"
    rows = only(f"datum.size == {float(frame['size'].min()) if len(frame) else 0}")
    return finished(frame, layers, transform=rows, choices=chosen_state(frame, state), description=description, height=HEIGHT // 2)


def drawn_direction(frame: pd.DataFrame) -> str:
    """The direction that the figure is of: the first leading one, else the first."""
    names = [str(name) for name in frame["direction"].unique()]
    return next((name for name in names if name.startswith("v_")), names[0])


def on_pushes(pushes: pd.DataFrame) -> list[str]:
    """What pushes say about gradients: how well the mean gradient predicts their effects, and up to which size any does.

    Args:
        pushes: the rows of one state.
    """
    if pushes.empty:
        return []
    name = drawn_direction(pushes)
    drawn = pushes[pushes["direction"] == name].sort_values(["delay", "size"])
    at_first = drawn[drawn["delay"] == drawn["delay"].min()]
    small, large = at_first.iloc[0], at_first.iloc[-1]
    said = [
        f"A gradient tells of small changes. Here the vectors of words are pushed along a direction, {_named(name)}, forth and "
        "back, and the states compared; a push of size 1 is as long as the way from a word to another that might stand there.",
        f"Where the push is small ({small['size']:g}), the mean change of the state points where the mean gradient says "
        f"(cosine {small['cosine']:.2f}) and has {_share(small['projection'] / small['predicted'])} of its length; where it is "
        f"large ({large['size']:g}), {_share(large['projection'] / large['predicted'])}.",
    ]
    ranges, beyond = [], True
    for direction, rows in pushes[pushes["delay"] == pushes["delay"].min()].groupby("direction", sort=False):
        row = rows.iloc[0]
        largest = "at least " if bool(row.get("linear_throughout", False)) else ""
        reach = f"up to {largest}{row['linear_up_to']:.2f}"
        if pd.isna(row["linear_up_to"]):
            reach = f"not even up to {rows['size'].min():g}"
        beyond = beyond and not row["linear_up_to"] >= 1
        ranges.append(f"{reach} along {_named(str(direction))}")
    explained = [
        f"{_share(max(float(rows['explained'].iloc[0]), 0))} at delay {delay}"
        for delay, rows in drawn.groupby("delay")
        if delay in (drawn["delay"].min(), drawn["delay"].max())
    ]
    return [
        *said,
        "One word's own gradient tells nine tenths of what a push of it does (the share of the squared change) "
        f"{', '.join(ranges)}{'; a whole word swap lies beyond' if beyond else ''}.",
        f"What differs from word to word the mean gradient cannot tell: even of the smallest pushes it explains "
        f"{' and '.join(dict.fromkeys(explained))}.",
    ]


def _named(direction: str) -> str:
    return direction.replace("v_1", "v₁")


def _share(part: float) -> str:
    return f"{100 * part:.0f} %"
