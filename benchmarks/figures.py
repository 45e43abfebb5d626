"""The charts of a benchmark: milliseconds per position by method, and how the cost grows."""

from __future__ import annotations

import altair as alt
import pandas as pd

from stategrad.report.style import BLUE, GREY, INK, LOOK, VERMILION


def three_digits(value: float) -> str:
    """A number with three digits, without an exponent: 0.33, 12.3, 1,150."""
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def methods_chart(frame: pd.DataFrame) -> alt.LayerChart:
    """Bars of ms per position on a logarithmic axis, the slowest on top.

    Args:
        frame: columns method, milliseconds, kind (engine, ceiling, peer).
    """
    floor = 10.0 ** int(f"{frame.milliseconds.min() / 1.5:e}".split("e")[1])
    scale = alt.Scale(type="log", domain=[floor, frame.milliseconds.max() * 2], nice=False)
    drawn = frame.assign(floor=floor, label=[three_digits(value) for value in frame.milliseconds])
    slowest_first = alt.EncodingSortField("milliseconds", order="descending")
    base = alt.Chart(drawn).encode(
        y=alt.Y("method:N", sort=slowest_first, axis=alt.Axis(title=None, labelLimit=0)),
        x=alt.X("milliseconds:Q", scale=scale, axis=alt.Axis(title="ms per position, with all its delays (log)", grid=True)),
    )
    colours = alt.Scale(domain=["engine", "ceiling", "peer"], range=[BLUE, VERMILION, GREY])
    bars = base.mark_bar(height={"band": 0.7}).encode(
        x2="floor:Q", color=alt.Color("kind:N", scale=colours, legend=alt.Legend(title=None, orient="bottom", symbolType="square"))
    )
    labels = base.mark_text(align="left", dx=4, color=INK).encode(text="label:N")
    return alt.LayerChart(layer=[bars, labels], width=480, height=alt.Step(26), config=LOOK)


def costs_chart(frame: pd.DataFrame) -> alt.ConcatChart:
    """The measured cost against what is varied, a panel each, with the straight line through it.

    Args:
        frame: of `growth`.
    """
    panels = []
    for _, part in frame.groupby("grid", sort=False):
        ticks = alt.Axis(title=part.axis.iloc[0], grid=False, values=list(part.x), labelOverlap=True, format=",d")
        x = alt.X("x:Q", scale=alt.Scale(zero=True), axis=ticks)
        y = alt.Y("cost:Q", scale=alt.Scale(zero=True), axis=alt.Axis(title=part.unit.iloc[0], tickCount=5))
        base = alt.Chart()
        line = base.mark_line(color=GREY, strokeWidth=1.5).encode(x=x, y="line:Q")
        points = base.mark_point(color=BLUE, filled=True, size=50, opacity=1).encode(x=x, y=y)
        panels.append(alt.LayerChart(data=part, layer=[line, points], width=230, height=170))
    return alt.concat(*panels, columns=3, config=LOOK)
