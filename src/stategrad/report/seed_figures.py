"""The curves of other seeds of a recipe beside that of the run."""

from __future__ import annotations

import json

import altair as alt
import pandas as pd

from stategrad.report.marks import boundary, chosen_state, completed, delays_of, only
from stategrad.report.style import BLUE, GREY, SOLID, Legend, finished, value_scale

OWN, OTHER = "this run", "other seeds"


def seeds_chart(
    frame: pd.DataFrame,
    *,
    state: str | None = None,
    log: bool = False,
    backpropagation_steps: int | None = None,
) -> alt.LayerChart:
    """`σ_1` relative to delay 0 of every seed, and a band in which one more would lie in 95 %.

    Args:
        frame: columns measure, delay, seed, own, value, another_low, another_high; if there is one, state.
        state: which state to draw; default: the first.
        log: logarithmic vertical axis; the band is drawn where its lower end is above 0.
        backpropagation_steps: length of truncated backpropagation in training, marked where it is among the delays.
    """
    frame = completed(frame)
    legend = Legend({OWN: (BLUE, SOLID), OTHER: (GREY, SOLID)})
    x, axis = delays_of(frame), alt.Axis(title="σ₁ relative to delay 0", tickCount=5)
    y = alt.Y("value:Q", scale=value_scale(log=log), axis=axis)
    positive = "datum.{} > 0" if log else "isValid(datum.{})"
    tooltip = [
        alt.Tooltip("seed:N", title="run"),
        alt.Tooltip("delay:Q", title="delay τ"),
        alt.Tooltip("value:Q", title="relative σ₁", format=".3f"),
        alt.Tooltip("refit_floor:Q", title="refit floor", format=".3f"),
    ]

    def lines(label: str, own: int, width: float) -> alt.Chart:
        chart = (
            alt.Chart()
            .transform_filter(f"datum.own == {own} && {positive.format('value')}")
            .transform_calculate(curve=json.dumps(label))
        )
        marked: alt.Chart = chart.mark_line(strokeWidth=width).encode(
            x=x, y=y, detail="seed:N", tooltip=tooltip, **legend.encodings("curve")
        )
        return marked

    band = (
        alt.Chart()
        .transform_filter(f"datum.own == 1 && {positive.format('another_low')}")
        .mark_area(color=GREY, opacity=0.16, aria=False)
        .encode(x=x, y=alt.Y("another_low:Q", scale=value_scale(log=log), axis=axis), y2=alt.Y2("another_high:Q"))
    )
    layers = [band, lines(OTHER, 0, 1.2), lines(OWN, 1, 2.0), *boundary(frame, backpropagation_steps)]
    description = "largest singular value σ₁ relative to delay 0 against delay in words, a curve per seed of the recipe"
    rows = only("datum.measure == 'mean'")
    return finished(frame, layers, transform=rows, choices=chosen_state(frame, state), description=description)


def on_seeds(seeds: pd.DataFrame) -> list[str]:
    """How much of the curve is the seed.

    Args:
        seeds: the rows of one state.
    """
    rows = seeds[(seeds["measure"] == "mean") & (seeds["own"] == 1) & seeds["mean"].notna() & (seeds["delay"] > 0)]
    if rows.empty:
        return []
    row = rows.loc[(rows["delay"] - 5).abs().idxmin()]
    count = seeds["seed"].nunique()
    return [
        f"{count} models were trained by this recipe from different seeds; one more would lie in the grey band in 95 %.",
        f"At delay {int(row['delay'])} their mean is {row['mean']:.3f} of the value at delay 0; from seed to seed it varies by "
        f"{row['between_sd']:.3f} (standard deviation), for one seed from text to text by {row['text_sd']:.3f}. Two models that "
        f"differ by less than {row['refit_floor']:.3f} differ by no more than training again does.",
    ]
