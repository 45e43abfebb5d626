"""Inputs of a few dimensions: what reaches the state from each channel, and what is said of it."""

from __future__ import annotations

import altair as alt
import pandas as pd

from stategrad.report.marks import boundary, calculated, chosen_state, completed, delays_of, has, only
from stategrad.report.style import DASHED, DOTTED, GREY, SERIES, SOLID, Legend, finished, value_scale

FLOOR = "noise floors"


def channels_chart(
    frame: pd.DataFrame, *, state: str | None = None, log: bool = False, backpropagation_steps: int | None = None
) -> alt.LayerChart:
    """`‖Ḡ_τ e_i‖`, the norm of each column of the mean gradient, against delay, with intervals and noise floors.

    Args:
        frame: columns delay, channel, column_norm; if there are any, state, column_norm_low, _high and _floor.
        state: which state to draw; default: the first.
        log: logarithmic vertical axis.
        backpropagation_steps: length of truncated backpropagation in training, marked where it is among the delays.
    """
    frame = completed(frame)
    styles = [(colour, dashes) for dashes in (SOLID, DASHED, DOTTED) for colour in SERIES]
    names = {int(number): f"channel {number}" for number in sorted(frame["channel"].unique())}
    entries = {name: styles[index % len(styles)] for index, name in enumerate(names.values())}
    floored = has(frame, "column_norm_floor")
    legend = Legend(entries | ({FLOOR: (GREY, SOLID)} if floored else {}))
    x = delays_of(frame)

    def y(column: str) -> alt.Y:
        axis = alt.Axis(title="state per unit of the channel", tickCount=5)
        return alt.Y(f"shown_{column}:Q", scale=value_scale(log=log), axis=axis)

    layers = []
    if has(frame, "column_norm_low"):
        for number, name in names.items():
            band = (
                alt.Chart()
                .transform_filter(f"datum.channel == {number}")
                .mark_area(color=entries[name][0], opacity=0.16, aria=False)
            )
            layers.append(band.encode(x=x, y=y("column_norm_low"), y2=alt.Y2("shown_column_norm_high:Q")))
    if floored:
        floor = alt.Chart().transform_calculate(curve=f"'{FLOOR}'").mark_line(strokeWidth=1.2)
        layers.append(floor.encode(x=x, y=y("column_norm_floor"), detail="channel:N", **legend.encodings("curve")))
    line = (
        alt.Chart().transform_calculate(curve="'channel ' + datum.channel").mark_line(point=alt.OverlayMarkDef(opacity=0, size=90))
    )
    layers.append(
        line.encode(
            x=x, y=y("column_norm"), **legend.encodings("curve"),
            tooltip=[alt.Tooltip("channel:N", title="channel"), alt.Tooltip("delay:Q", title="delay τ"),
                     alt.Tooltip("column_norm:Q", title="norm", format=".3g")],
        )
    )  # fmt: skip
    present = [name for name in frame if name.startswith("column_norm")]
    shown = [
        calculated(f"shown_{name}", f"isValid(datum.{name}){f' && datum.{name} > 0' if log else ''} ? datum.{name} : null")
        for name in present
    ]
    description = "norm of each column of the mean gradient against delay in words, a curve per channel of the input"
    layers += boundary(frame, backpropagation_steps)
    return finished(frame, layers, transform=[*only(), *shown], choices=chosen_state(frame, state), description=description)


def on_channels(channels: pd.DataFrame) -> list[str]:
    """Why channels are shown, and which of them is remembered best.

    Args:
        channels: the rows of one state.
    """
    values = channels.pivot(index="delay", columns="channel", values="column_norm").sort_index()
    if values.empty:
        return []
    said = [
        f"The embeddings have {values.shape[1]} dimensions, where every direction lies near a subspace of a few by chance: cosines "
        "to subspaces are left out, and each channel of the input is shown on its own, by the change of the state per unit of it."
    ]
    first, later = int(values.index[0]), min((int(delay) for delay in values.index), key=lambda delay: abs(delay - 5))
    best = [f"channel {values.loc[delay].idxmax()} ({values.loc[delay].max():.2g})" for delay in dict.fromkeys((first, later))]
    said.append(f"Best remembered is {best[0]} at delay {first}" + (f", {best[1]} at delay {later}." if len(best) > 1 else "."))
    return said
