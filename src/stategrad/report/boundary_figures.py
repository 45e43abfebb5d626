"""Memory within sentences and across their ends: the chart, and what is said of it."""

from __future__ import annotations

import json

import altair as alt
import pandas as pd

from stategrad.report.marks import (
    LARGEST,
    boundary,
    calculated,
    chosen_state,
    completed,
    delays_of,
    has,
    interval,
    only,
    renamed,
    shown,
    vertical,
)
from stategrad.report.style import BLUE, DASHED, SOLID, VERMILION, Legend, finished
from stategrad.report.wording import amount, near

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


def on_boundaries(controls: pd.DataFrame) -> list[str]:
    """How much less is remembered across the end of a sentence.

    Args:
        controls: the rows `within` and `across` of one state.
    """
    values = controls.pivot(index="delay", columns="control", values="sigma_1").dropna()
    if values.empty or not {"within", "across"} <= set(values):
        return []
    delay = near(values.index, 10)
    within, across = values.loc[delay, "within"], values.loc[delay, "across"]
    return [
        f"At delay {delay} σ₁ is {amount(within)} where both words stand in one sentence and {amount(across)} where a sentence "
        "ends between them. Short sentences have no pairs at long delays, and what is within a sentence there belongs to long ones."
    ]
