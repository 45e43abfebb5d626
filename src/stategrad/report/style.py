"""How every figure looks: palette, type, axes and legends, the same on the page and in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#007A5A", "#AA4499", "#B87800", "#3A9BDC"
GREY, INK = "#767676", "#222222"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
"""Colours told apart with any kind of colour vision, after Okabe and Ito, darkened where they must carry thin lines."""

SOLID, DASHED, DOTTED = [1, 0], [6, 4], [2, 3]

WIDTH, HEIGHT = 560, 320
"""Size of the plotting area in files, in pixels; on the page the width is that of the column."""

FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"


class Legend:
    """One legend for several curves: for each label its colour and its dashes.

    Args:
        entries: label → (colour, dashes), in the order of the legend.
        shown: an expression of `datum.label`, for labels that are written otherwise than they stand in the table.
    """

    def __init__(self, entries: Mapping[str, tuple[str, Sequence[int]]], *, shown: str | None = None) -> None:
        labels = list(entries)
        # a legend does not wrap by itself: in one row where it fits, some 5.6 pixels a letter and 58 for line and gap
        widths = [5.6 * len(label) + 58 for label in labels]
        longest = max(widths, default=1)
        columns = alt.ExprRef(f"width > {sum(widths):.0f} ? {len(labels)} : max(1, floor(width / {longest:.0f}))")
        written = alt.Undefined if shown is None else shown
        self._legend = alt.Legend(title=None, orient="bottom", columns=columns, labelLimit=0, symbolSize=500, labelExpr=written)
        self._colours = alt.Scale(domain=labels, range=[colour for colour, _ in entries.values()])
        self._dashes = alt.Scale(domain=labels, range=[list(dashes) for _, dashes in entries.values()])

    def colour(self, column: str) -> alt.Color:
        """Colour of marks whose labels stand in a column."""
        return alt.Color(f"{column}:N", scale=self._colours, legend=self._legend)

    def encodings(self, column: str) -> dict[str, Any]:
        """Colour and dashes of curves whose labels stand in a column."""
        return {
            "color": self.colour(column),
            "strokeDash": alt.StrokeDash(f"{column}:N", scale=self._dashes, legend=self._legend),
        }


def delay_axis(first: int, last: int) -> alt.X:
    """The horizontal axis of every curve: delay τ in words."""
    return alt.X(
        "delay:Q",
        scale=alt.Scale(domain=[first, last], nice=False),
        axis=alt.Axis(title="delay τ (words)", grid=False, tickMinStep=1, format="d"),
    )


def value_scale(*, log: bool) -> alt.Scale:
    """The scale of a vertical axis, from zero unless logarithmic."""
    return alt.Scale(type="log", nice=False) if log else alt.Scale(zero=True)


LOOK = alt.Config(
    font=FONT,
    background="white",
    padding=4,
    view=alt.ViewConfig(stroke=None),
    axis=alt.AxisConfig(
        labelColor=INK, titleColor=INK, titleFontWeight="normal", titleFontSize=12.5, labelFontSize=11.5, domainColor=INK,
        tickColor=INK, tickSize=4, gridColor="#e6e6e6", titlePadding=8, labelFlush=False,
    ),
    legend=alt.LegendConfig(
        labelColor=INK, labelFontSize=12, symbolStrokeWidth=2, symbolType="stroke", columnPadding=18, rowPadding=5, offset=10,
    ),
    line=alt.LineConfig(strokeWidth=2, strokeCap="butt"),
)  # fmt: skip
"""The look that all figures have in common."""


def finished(
    frame: pd.DataFrame,
    layers: Sequence[alt.Chart | alt.LayerChart],
    *,
    transform: Sequence[alt.Transform],
    choices: Mapping[str, Any],
    description: str,
    height: int = HEIGHT,
    independent: bool = False,
) -> alt.LayerChart:
    """A chart of layers that share one table, with its size, its text alternative and the common look.

    Args:
        frame: the table.
        layers: from back to front.
        transform: from the rows of the table to those that are drawn.
        choices: the parameters that expressions in `transform` refer to, with their values.
        description: what the figure shows, for those who do not see it.
        height: of the plotting area, in pixels.
        independent: every layer has a vertical axis of its own.
    """
    # in one call, since each method of a chart copies all of it
    return alt.LayerChart(
        data=frame,
        layer=list(layers),
        transform=list(transform),
        params=[alt.VariableParameter(name=name, value=value) for name, value in choices.items()],
        description=description,
        width=WIDTH,
        height=height,
        resolve=alt.Resolve(scale=alt.ScaleResolveMap(y="independent" if independent else "shared")),
        config=LOOK,
    )
