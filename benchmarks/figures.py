"""The charts of a benchmark: milliseconds per position by method, and how the cost grows."""

from __future__ import annotations

import altair as alt
import pandas as pd

from stategrad.report.style import BLUE, GREY, INK, LOOK, VERMILION


def methods_chart(frame: pd.DataFrame) -> alt.LayerChart:
    """Bars of ms per position on a logarithmic axis, the slowest on top.

    Args:
        frame: columns method, milliseconds, kind (engine, ceiling, peer).
    """
    floor = 10.0 ** int(f"{frame.milliseconds.min() / 1.5:e}".split("e")[1])
    scale = alt.Scale(type="log", domain=[floor, frame.milliseconds.max() * 2], nice=False)
    drawn = frame.assign(floor=floor, label=[f"{value:.3g}" for value in frame.milliseconds])
    base = alt.Chart(drawn).encode(
        y=alt.Y("method:N", sort=alt.EncodingSortField("milliseconds", order="descending"), axis=alt.Axis(title=None, labelLimit=0)),
        x=alt.X("milliseconds:Q", scale=scale, axis=alt.Axis(title="ms per position, with all its delays (log)", grid=True)),
    )
    colours = alt.Scale(domain=["engine", "ceiling", "peer"], range=[BLUE, VERMILION, GREY])
    bars = base.mark_bar(height={"band": 0.7}).encode(
        x2="floor:Q", color=alt.Color("kind:N", scale=colours, legend=alt.Legend(title=None, orient="bottom", symbolType="square"))
    )
    labels = base.mark_text(align="left", dx=4, color=INK).encode(text="label:N")
    return alt.layer(bars, labels, width=480, height=alt.Step(26), config=LOOK)


def costs_chart(frame: pd.DataFrame) -> alt.ConcatChart:
    """The measured cost against what is varied, a panel each, with the straight line through it.

    Args:
        frame: of `growth`.
    """
    panels = []
    for _, part in frame.groupby("grid", sort=False):
        x = alt.X("x:Q", scale=alt.Scale(zero=True), axis=alt.Axis(title=part.axis.iloc[0], grid=False, tickCount=5, tickMinStep=1))
        y = alt.Y("cost:Q", scale=alt.Scale(zero=True), axis=alt.Axis(title=part.unit.iloc[0], tickCount=5))
        base = alt.Chart(part)
        line = base.mark_line(color=GREY, strokeWidth=1.5).encode(x=x, y="line:Q")
        points = base.mark_point(color=BLUE, filled=True, size=50, opacity=1).encode(x=x, y=y)
        panels.append(alt.layer(line, points, width=230, height=170))
    return alt.concat(*panels, columns=3, config=LOOK)
