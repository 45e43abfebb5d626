"""The figure of use: how far a word swap moves the prediction of the next word."""

from __future__ import annotations

import altair as alt
import pandas as pd

from stategrad.report.marks import boundary, completed, delays_of
from stategrad.report.style import HEIGHT, VERMILION, finished, value_scale
from stategrad.report.wording import amount, near


def divergence_chart(
    frame: pd.DataFrame, *, state: str | None = None, log: bool = False, backpropagation_steps: int | None = None
) -> alt.LayerChart:
    """Divergence of the next word's distribution, in nats, against the delay of the word that is swapped.

    Args:
        frame: columns delay, divergence; if there are any, group, divergence_low, divergence_high. It is of the model as a whole:
            rows of states for which it was not computed again are left out.
        state: is not asked for.
        log: logarithmic vertical axis.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    x, axis = delays_of(frame), alt.Axis(title="divergence (nats)", tickCount=5)
    y = alt.Y("divergence:Q", scale=value_scale(log=log), axis=axis)
    known = "datum.group == 'all' && isValid(datum.divergence)" + (" && datum.divergence > 0" if log else "")
    layers = [alt.Chart().mark_line(color=VERMILION, point=alt.OverlayMarkDef(size=16, filled=True, color=VERMILION)).encode(
        x=x, y=y, tooltip=[alt.Tooltip("delay:Q", title="delay τ"), alt.Tooltip("divergence:Q", title="nats", format=".3g")],
    )]  # fmt: skip
    if "divergence_low" in frame:
        band = alt.Chart().transform_filter("datum.divergence_low > 0" if log else "isValid(datum.divergence_low)")
        band = band.mark_area(color=VERMILION, opacity=0.16, aria=False)
        layers.insert(
            0, band.encode(x=x, y=alt.Y("divergence_low:Q", scale=value_scale(log=log), axis=axis), y2="divergence_high:Q")
        )
    layers += boundary(frame, backpropagation_steps)
    rows: list[alt.Transform] = [alt.FilterTransform(filter=known)]
    description = "how far a word swap moves the distribution of the next word, in nats, against delay in words"
    return finished(frame, layers, transform=rows, choices={}, description=description, height=3 * HEIGHT // 4)


def on_divergence(memory: pd.DataFrame) -> list[str]:
    """How far a swap moves the next word's distribution, in nats.

    Args:
        memory: the rows of the group `all`.
    """
    curve = memory[memory["divergence"].notna()].drop_duplicates("delay").set_index("delay")["divergence"].sort_index()
    if curve.empty:
        return []
    delays = list(dict.fromkeys([int(curve.index[0]), near(curve.index, 5), near(curve.index, 10), int(curve.index[-1])]))
    values = [f"{amount(curve[delay])} at delay {delay}" for delay in delays]
    return [
        "A state may keep a word of which nothing is made. Here one word is replaced by another, and the distribution of the next "
        "word compared with what it was: the Kullback–Leibler divergence in nats, 0 where the prediction does not care.",
        f"It is {', '.join(values)}.",
    ]
