"""What the figures are put together from: their rows, curves, axes and tooltips."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

import altair as alt
import pandas as pd

from stategrad.report.style import DASHED, GREY, INK, Legend, delay_axis, value_scale

LARGEST, SUM = "largest singular value σ₁", "sum of singular values Σσ"
FLOOR, RMS, SWAP = "noise floor of σ₁", "root mean square of the gradients", "change of the state by a word swap"
UNTRAINED, SHUFFLED = "σ₁ of the untrained model", "σ₁ on shuffled text"
SHARE, VALIDITY = "energy in the mean", "effect of a word swap that it explains"
VALIDITY_OWN = "effect that each position's own gradient explains"

RULES = {
    "gold": "by gold tags",
    "any": "any class a word can have",
    "most": "most frequent class of a word",
    "": "of the text",
}
"""How the rules for word classes are named in figures and on the page."""


DEFAULTS = {"state": "", "group": "all", "rule": "", "whitened": False}
"""What holds for a table that lacks one of the key columns."""

ALL = "datum.group == 'all'"
"""The rows of all positions."""


def completed(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with the key columns that it lacks: one unnamed state, group `all`, no rule, not whitened."""
    return frame.assign(**{name: value for name, value in DEFAULTS.items() if name not in frame})


def has(frame: pd.DataFrame, column: str) -> bool:
    """Whether a column is there and has a value."""
    return column in frame and bool(frame[column].notna().any())


def delays_of(frame: pd.DataFrame) -> alt.X:
    """The axis from the first delay of a table to its last."""
    return delay_axis(*((int(frame["delay"].min()), int(frame["delay"].max())) if len(frame) else (0, 1)))


def relative_title(frame: pd.DataFrame) -> str:
    """What relative values are relative to."""
    return f"relative to delay {int(frame['delay'].min()) if len(frame) else 0}"


def chosen_state(frame: pd.DataFrame, state: str | None) -> dict[str, str]:
    """The parameter that names the state to draw; default: the first state of the table."""
    return {"chosen_state": state if state is not None else str(frame["state"].iloc[0]) if len(frame) else ""}


def chosen_rule(frame: pd.DataFrame, rule: str | None) -> dict[str, str]:
    """The parameter that names the rule for word classes; default: the first rule of the table."""
    rules = [str(name) for name in frame.loc[frame["group"] != "all", "rule"].unique()]
    return {"chosen_rule": rule if rule is not None else (rules or [""])[0]}


def only(*conditions: str) -> list[alt.Transform]:
    """The rows of the chosen state that meet all conditions."""
    return [alt.FilterTransform(filter=" && ".join(f"({one})" for one in ("datum.state == chosen_state", *conditions)))]


def shown(frame: pd.DataFrame, *, relative: bool, log: bool) -> list[alt.Transform]:
    """The columns that are drawn, `shown_…`: as they are or relative to the first delay; nothing ≤ 0 on a log axis."""
    own = {"sigma_1": "sigma_1", "sigma_sum": "sigma_sum", "rms": "rms", "swap": "swap"}
    own |= {name: name for name in ("sigma_1_untrained", "sigma_1_shuffled")}
    own |= {"sigma_1_floor": "sigma_1", "sigma_1_low": "sigma_1", "sigma_1_high": "sigma_1"}
    own |= {f"{name}_{end}": name for name in ("rms", "swap") for end in ("low", "high")}
    own = {name: reference for name, reference in own.items() if name in frame}
    steps: list[alt.Transform] = []
    if relative and len(frame):
        at_first = f"datum.delay == {int(frame['delay'].min())}"
        references = list(dict.fromkeys(own.values()))
        steps += [calculated(f"at_{name}", f"{at_first} ? datum.{name} : null") for name in references]
        joined = [alt.JoinAggregateFieldDef(op="max", field=f"at_{name}", **{"as": f"first_{name}"}) for name in references]
        steps.append(alt.JoinAggregateTransform(joinaggregate=joined, groupby=["group"]))
    for name, reference in own.items():
        value = f"datum.{name} / datum.first_{reference}" if relative else f"datum.{name}"
        present = f"isValid(datum.{name})" + (f" && datum.{name} > 0" if log else "")
        steps.append(calculated(f"shown_{name}", f"{present} ? {value} : null"))
    return steps


def calculated(column: str, expression: str) -> alt.Transform:
    """A column from an expression on each row."""
    return alt.CalculateTransform(calculate=expression, **{"as": column})


def vertical(column: str, title: str, *, log: bool, colour: str = INK, orient: Literal["left", "right"] = "left") -> alt.Y:
    """The vertical axis of a column that `shown` prepares; grid lines belong to the left axis."""
    axis = alt.Axis(title=title, titleColor=colour, orient=orient, grid=orient == "left", tickCount=5)
    return alt.Y(f"shown_{column}:Q", scale=value_scale(log=log), axis=axis)


def curve(label: str, x: alt.X, y: alt.Y, legend: Legend, *, thin: bool = False, clip: bool = False) -> alt.Chart:
    """A line that is one entry of the legend; `clip` cuts it off where the axes end."""
    line = alt.Chart().transform_calculate(curve=json.dumps(label)).mark_line(strokeWidth=1.2 if thin else 2, clip=clip)
    encoded: alt.Chart = line.encode(x=x, y=y, **legend.encodings("curve"))
    return encoded


def interval(column: str, x: alt.X, y: alt.Y, colour: str) -> alt.Chart:
    """The interval of a curve, `shown_…_low` to `shown_…_high`, as a band behind it."""
    band = alt.Chart().mark_area(color=colour, opacity=0.16, aria=False)
    encoded: alt.Chart = band.encode(x=x, y=y, y2=alt.Y2(f"shown_{column}_high:Q"))
    return encoded


def boundary(frame: pd.DataFrame, steps: int | None) -> list[alt.Chart]:
    """A dashed line at the length of truncated backpropagation, with its name, where it is among the delays."""
    if steps is None or not len(frame) or not frame["delay"].min() < steps <= frame["delay"].max():
        return []
    place = alt.Chart(alt.InlineData(values=[{"delay": steps}])).encode(x="delay:Q")
    # the name stands on the side of the line that has room for it
    late = steps - frame["delay"].min() > 0.5 * (frame["delay"].max() - frame["delay"].min())
    text = place.mark_text(align="right" if late else "left", baseline="top", dx=-5 if late else 5, color=GREY, fontSize=11)
    return [
        place.mark_rule(strokeDash=DASHED, color=GREY),
        text.encode(y=alt.value(2), text=alt.value(f"backpropagation in training: {steps} words")),
    ]


TOOLTIPS: Mapping[str, tuple[str, str]] = {
    "sigma_1": ("σ₁", ".3g"),
    "sigma_1_floor": ("noise floor of σ₁", ".3g"),
    "sigma_sum": ("Σσ", ".3g"),
    "sigma_1_low": ("σ₁, interval from", ".3g"),
    "sigma_1_high": ("to", ".3g"),
    "rms": ("rms", ".3g"),
    "swap": ("swap", ".3g"),
    "sigma_1_untrained": ("σ₁, untrained model", ".3g"),
    "sigma_1_shuffled": ("σ₁, shuffled text", ".3g"),
    "validity": ("validity", ".2%"),
    "validity_own": ("validity of the own gradient", ".2%"),
    "energy_share": ("energy in the mean", ".2%"),
    "count": ("positions", ","),
}


def tooltip(frame: pd.DataFrame, x: alt.X, named: Mapping[str, tuple[str, str]] = TOOLTIPS) -> alt.Chart:
    """Unseen bars over the whole height, one per delay, that say all the values there."""
    values = [alt.Tooltip(f"{name}:Q", title=title, format=form) for name, (title, form) in named.items() if name in frame]
    steps = max(1, frame["delay"].nunique() - 1)
    rule = alt.Chart().mark_rule(opacity=0, strokeWidth=alt.ExprRef(f"width / {steps}"), aria=False)
    bars: alt.Chart = rule.encode(x=x, tooltip=[alt.Tooltip("delay:Q", title="delay τ"), *values])
    return bars


def subscript(number: int) -> str:
    """A number in subscript digits."""
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def renamed(column: str, names: Mapping[str, str]) -> str:
    """An expression for a column with its values replaced by names."""
    expression = f"datum.{column}"
    for value, name in names.items():
        expression = f"datum.{column} == {json.dumps(value)} ? {json.dumps(name)} : {expression}"
    return expression
