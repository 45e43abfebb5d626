"""The figure of single units: how long each remembers, beside what its own gate would keep."""

from __future__ import annotations

import altair as alt
import pandas as pd

from stategrad.report.marks import chosen_state, completed, only
from stategrad.report.style import BLUE, DASHED, GREY, finished


def units_chart(frame: pd.DataFrame, *, state: str | None = None) -> alt.LayerChart:
    """The horizon of each unit against the time constant of its gate, both in words; on the dashed line they are equal.

    Args:
        frame: columns unit, horizon, time_constant, row_norm; if there is one, state. Units without either number are left out.
        state: which state to draw; default: the first.
    """
    frame = completed(frame)
    known = frame[frame["horizon"].gt(0) & frame["time_constant"].gt(0)]
    both = pd.concat([known["horizon"], known["time_constant"]])
    ends = [float(both.min()) * 0.9, float(both.max()) * 1.1] if len(both) else [0.5, 50.0]
    scale = alt.Scale(type="log", domain=ends, nice=False)
    x = alt.X(
        "time_constant:Q", scale=scale, axis=alt.Axis(title="time constant of the unit's own gate, −1/ln f̄ (words)", grid=False)
    )
    y = alt.Y("horizon:Q", scale=scale, axis=alt.Axis(title="horizon of the unit (words)", tickCount=5))
    line = alt.Chart(alt.InlineData(values=[{"at": end} for end in ends])).mark_line(strokeDash=DASHED, color=GREY, aria=False)
    line = line.encode(x=alt.X("at:Q", scale=scale), y=alt.Y("at:Q", scale=scale))
    dots = alt.Chart().mark_point(size=26, filled=True, opacity=0.55, color=BLUE).encode(
        x=x, y=y, tooltip=[alt.Tooltip("unit:Q", title="unit"), alt.Tooltip("horizon:Q", title="horizon", format=".2f"),
                           alt.Tooltip("time_constant:Q", title="time constant", format=".2f"),
                           alt.Tooltip("row_norm:Q", title="row norm at delay 0", format=".3g")],
    )  # fmt: skip
    rows = only("datum.horizon > 0", "datum.time_constant > 0")
    description = "the horizon of each unit of the state against the time constant of its own gate"
    return finished(frame, [line, dots], transform=rows, choices=chosen_state(frame, state), description=description)
