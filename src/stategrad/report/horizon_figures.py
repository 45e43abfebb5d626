"""How far back memory reaches, and by which law it decays: the chart, and what is said of it."""

from __future__ import annotations

import math

import altair as alt
import numpy as np
import pandas as pd

from stategrad.report.marks import ALL, calculated, chosen_state, completed, only, renamed
from stategrad.report.style import BLUE, GREEN, INK, VERMILION, finished

MEASURES = {"mean": "σ₁ of the mean gradient", "rms": "root mean square", "swap": "word swap"}
COLOURS = {"mean": BLUE, "rms": GREEN, "swap": VERMILION}
LEVELS = {"1/e of delay 0": math.exp(-1), "10 % of delay 0": 0.1}

POOR_FIT = 4
"""A score above it says that a law misses by more than twice what blocks scatter."""


def horizons_chart(frame: pd.DataFrame, *, state: str | None = None) -> alt.LayerChart:
    """The delays where each measure has fallen to 1/e and to a tenth of its value at delay 0, with intervals.

    A triangle stands at the longest delay for a measure that stays above the level; an interval that does not end within the delays
    goes to the longest, too.

    Args:
        frame: columns measure, level, horizon, horizon_low, horizon_high, longest; if there are any, state and group. Only the
            group `all` is drawn.
        state: which state to draw; default: the first.
    """
    frame = completed(frame)
    measures = [name for name in MEASURES if (frame["measure"] == name).any()]
    drawn = frame[frame["measure"].isin(measures) & (frame["group"] == "all")]
    last = int(drawn["longest"].max()) if len(drawn) else 1
    names = list(LEVELS)
    level = f"abs(datum.level - {LEVELS[names[1]]}) < 1e-6 ? '{names[1]}' : '{names[0]}'"
    rows = [
        *only(ALL, f"indexof({measures}, datum.measure) >= 0"),
        calculated("measured", renamed("measure", MEASURES)),
        calculated("share", level),
        calculated("beyond", "!isValid(datum.horizon)"),
        calculated("shown", "isValid(datum.horizon) ? datum.horizon : datum.longest"),
        calculated("end", "isValid(datum.horizon_high) ? datum.horizon_high : datum.longest"),
        calculated("mark", "datum.beyond ? 'stays above' : datum.share"),
    ]
    y = alt.Y(
        "measured:N",
        sort=[MEASURES[name] for name in measures],
        axis=alt.Axis(title=None, grid=True, ticks=False, domain=False, labelFontSize=12.5, labelLimit=220, labelPadding=8),
    )
    offset = alt.YOffset("share:N", sort=names)
    axis = alt.Axis(title="delay τ (words)", grid=False, tickMinStep=1, format="d")
    x = alt.X("shown:Q", scale=alt.Scale(domain=[0, last], nice=False), axis=axis)
    colour = alt.Color(
        "measured:N",
        scale=alt.Scale(domain=[MEASURES[name] for name in measures], range=[COLOURS[name] for name in measures]),
        legend=None,
    )
    beyond = bool(drawn["horizon"].isna().any())
    marks = [*names, "stays above"] if beyond else names
    shape = alt.Shape(
        "mark:N",
        scale=alt.Scale(domain=marks, range=["circle", "diamond", "triangle-right"][: len(marks)]),
        legend=alt.Legend(
            title=None,
            orient="bottom",
            symbolFillColor=INK,
            symbolStrokeWidth=0,
            labelLimit=0,
            columns=alt.ExprRef("width < 300 ? 1 : 3"),
        ),
    )
    bars = alt.Chart().transform_filter("isValid(datum.horizon_low)").mark_rule(strokeWidth=2, aria=False)
    said = [alt.Tooltip("measured:N", title="measure"), alt.Tooltip("share:N", title="falls to"),
            alt.Tooltip("horizon:Q", title="at delay", format=".1f"),
            alt.Tooltip("horizon_low:Q", title="interval from", format=".1f"),
            alt.Tooltip("horizon_high:Q", title="to", format=".1f")]  # fmt: skip
    points = alt.Chart().mark_point(filled=True, size=80, opacity=1)
    layers = [
        bars.encode(x=alt.X("horizon_low:Q"), x2="end:Q", y=y, yOffset=offset, color=colour),
        points.encode(x=x, y=y, yOffset=offset, color=colour, shape=shape, tooltip=said),
    ]
    description = "the delay where each measure of memory has fallen to 1/e and to a tenth of its value at delay 0, with intervals"
    choices = chosen_state(frame, state)
    return finished(frame, layers, transform=rows, choices=choices, description=description, height=52 * max(1, len(measures)))


def on_horizon(horizon: pd.DataFrame) -> list[str]:
    """After how many words each measure has fallen below 1/e of its value at delay 0, with intervals.

    Args:
        horizon: the rows of one state and the group `all`.
    """
    names = {"mean": "the mean", "rms": "the root mean square", "swap": "swaps"}
    rows = horizon[np.isclose(horizon["level"], math.exp(-1))]
    parts = []
    for row in rows.itertuples():
        if pd.isna(row.horizon):
            reach = f"not within {int(row.longest)}"
        else:
            ends = [f"{end:.1f}" if pd.notna(end) else f"over {int(row.longest)}" for end in (row.horizon_low, row.horizon_high)]
            known = pd.notna(row.horizon_low) or pd.notna(row.horizon_high)
            reach = f"{row.horizon:.1f}" + (f" ({ends[0]} to {ends[1]})" if known else "")
        parts.append(f"{reach} by {names.get(row.measure, row.measure)}")
    if not parts or (horizon["longest"] == 0).all():
        return []
    said = "The horizon, the delay where a measure falls below 1/e of its value at delay 0, is"
    return [f"{said} {', '.join(parts)} (95 % intervals)."]


def on_decay(decay: pd.DataFrame) -> list[str]:
    """By which law `σ_1` decays, and how a single exponential does.

    Args:
        decay: the rows of one state and the group `all`.
    """
    laws = decay[decay["measure"] == "mean"].set_index("law")
    if laws.empty:
        return []
    chosen = laws[laws["preferred"].astype(bool)].iloc[0]
    shapes = {
        "exponential": "exponentially, with a time constant of {time:.1f} words",
        "power": "as a power of the delay, (τ + 1) to the −{exponent:.2f} (−{exponent_high:.2f} to −{exponent_low:.2f})",
        "stretched": "as a stretched exponential, of exponent {exponent:.2f} ({exponent_low:.2f} to {exponent_high:.2f})",
        "two exponentials": "as the sum of two exponentials, with time constants of {time:.1f} and {time_2:.1f} words",
    }
    said = [f"Judged on blocks that the fit has not seen, σ₁ decays {shapes[str(chosen.name)].format(**chosen)}"]
    if chosen["score"] > POOR_FIT:
        said.append(
            f"the best of four laws, of which none holds: it misses by {math.sqrt(chosen['score']):.1f} times what blocks scatter"
        )
    if chosen.name != "exponential" and laws.loc["exponential", "difference_low"] > 0:
        times = math.sqrt(laws.loc["exponential", "score"] / chosen["score"])
        said.append(f"a single exponential misses by {times:.1f} times as much")
    return ["; ".join(said) + "."]
