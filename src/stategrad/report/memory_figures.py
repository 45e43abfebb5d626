"""Memory against delay, the paper's figure 1: its chart, and what is said of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from stategrad.report.marks import (
    ALL,
    FLOOR,
    LARGEST,
    SUM,
    boundary,
    chosen_state,
    completed,
    curve,
    delays_of,
    has,
    interval,
    only,
    relative_title,
    shown,
    tooltip,
    vertical,
)
from stategrad.report.style import BLUE, DOTTED, GREY, INK, SOLID, VERMILION, Legend, finished
from stategrad.report.wording import percent

NEAR_FLOOR = 2.0
"""A curve below this many times its noise floor is mostly noise, and nothing is said of it."""


def memory_chart(
    frame: pd.DataFrame,
    *,
    state: str | None = None,
    log: bool = False,
    relative: bool = False,
    backpropagation_steps: int | None = None,
) -> alt.LayerChart:
    """`σ_1` (left axis, solid) and `Σσ` (right axis, dotted) of the mean gradient against delay: the paper's figure 1.

    Args:
        frame: columns delay, sigma_1, sigma_sum; if there are any, state, group, rule, sigma_1_floor, sigma_1_low and
            sigma_1_high (the interval, a band). Only the group `all` is drawn.
        state: which state to draw; default: the first.
        log: logarithmic vertical axes.
        relative: every curve relative to its value at the first delay; both then share one axis, and the floor is
            relative to `σ_1`.
        backpropagation_steps: length of truncated backpropagation in training, marked where it is among the delays.
    """
    frame = completed(frame)
    legend = Legend(
        {LARGEST: (BLUE, SOLID), SUM: (VERMILION, DOTTED)} | ({FLOOR: (GREY, SOLID)} if has(frame, "sigma_1_floor") else {})
    )
    titles = (relative_title(frame),) * 2 if relative else (LARGEST, SUM)
    colours = (INK, INK) if relative else (BLUE, VERMILION)
    x = delays_of(frame)
    curves = [curve(LARGEST, x, vertical("sigma_1", titles[0], log=log, colour=colours[0]), legend)]
    if has(frame, "sigma_1_floor"):
        y = vertical("sigma_1_floor", titles[0], log=log, colour=colours[0])
        curves.insert(0, curve(FLOOR, x, y, legend, thin=True))
    if has(frame, "sigma_1_low"):
        curves.insert(0, interval("sigma_1", x, vertical("sigma_1_low", titles[0], log=log, colour=colours[0]), BLUE))
    total = curve(
        SUM, x, vertical("sigma_sum", titles[1], log=log, colour=colours[1], orient="left" if relative else "right"), legend
    )
    marks = [*boundary(frame, backpropagation_steps), tooltip(frame, x)]
    layers: list[alt.Chart | alt.LayerChart]
    layers = [*curves, total, *marks] if relative else [alt.LayerChart(layer=[*curves, *marks]), total]
    description = f"{LARGEST} and {SUM} of the mean gradient of the state against delay in words"
    rows = [*only(ALL), *shown(frame, relative=relative, log=log)]
    choices = chosen_state(frame, state)
    return finished(frame, layers, transform=rows, choices=choices, description=description, independent=not relative)


def on_memory(memory: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """How fast `σ_1` falls, how selective memory becomes, and how far `σ_1` stays above its noise floor.

    Args:
        memory: the rows of one state and the group `all`.
        facts: of the run.
    """
    curve = memory.set_index("delay").sort_index()
    if curve.empty:
        return []
    first, last = int(curve.index[0]), int(curve.index[-1])
    crossings = f"; {_crossings(curve['sigma_1'])}" if last > first else ""
    said = [
        f"The largest singular value of the mean gradient is {curve.loc[first, 'sigma_1']:.2f}{_interval(curve.loc[first])} "
        f"at delay {first}{crossings}."
    ]
    said += _on_detection(curve)
    floor = curve["sigma_1_floor"] if "sigma_1_floor" in curve else pd.Series(float("nan"), curve.index)
    noisy = curve.index[curve["sigma_1"] < NEAR_FLOOR * floor]
    clear = curve if noisy.empty else curve[curve.index < noisy[0]]
    if len(clear) > 1:
        until = int(clear.index[-1])
        shares = clear["sigma_1"] / clear["sigma_sum"]
        trend = "more selective" if shares.iloc[-1] > shares.iloc[0] else "less selective"
        said.append(
            f"Its share of the sum of all singular values goes from {percent(shares.iloc[0])} at delay {first} to "
            f"{percent(shares.iloc[-1])} at delay {until}: memory becomes {trend} with delay."
        )
    if len(noisy):
        said.append(f"From delay {int(noisy[0])} on it is not everywhere twice its noise floor: do not read the curve beyond.")
    elif floor.loc[last] > 0:
        said.append(f"At delay {last} it is {curve.loc[last, 'sigma_1'] / floor.loc[last]:.1f} times its noise floor.")
    steps = facts.get("backpropagation_steps")
    if steps is not None and steps > last:
        said.append(f"Training propagated errors back over {steps} words, further than the delays shown.")
    return said


def _on_detection(curve: pd.DataFrame) -> list[str]:
    """Up to which delay the blocks of the text agree on any memory."""
    if "detected" not in curve or curve["p_value"].isna().all():
        return []
    detected = curve["detected"].astype(bool)
    if detected.all():
        return ["Memory is detected at every delay: the blocks of the text agree (sign flips, 5 %)."]
    lost = int(curve.index[~detected][0])
    return [f"Memory is not detected at delay {lost} (sign flips over blocks, 5 %): where it is not, σ₁ is an upper bound."]


def _interval(row: pd.Series) -> str:
    low, high = row.get("sigma_1_low"), row.get("sigma_1_high")
    return "" if low is None or pd.isna(low) else f" (95 % interval {low:.2f} to {high:.2f})"


def _crossings(curve: pd.Series) -> str:
    """After how many words a curve has fallen below 1/e and 10 % of its first value."""
    parts = []
    for name, level in (("1/e", math.exp(-1)), ("10 %", 0.1)):
        below = curve.index[curve < level * curve.iloc[0]]
        parts.append(
            f"below {name} of that at delay {int(below[0])}" if len(below) else f"not below {name} by delay {int(curve.index[-1])}"
        )
    return f"it is first {parts[0]}, and {parts[1]}" if parts[0].startswith("below") else f"it falls {parts[0]}, and {parts[1]}"
