"""Words one by one against their frequency: how sensitive the state is to them, and what replacing them changes."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from stategrad.report.marks import chosen_state, only
from stategrad.report.style import BLUE, GREY, VERMILION, finished

WHAT = {
    "sigma_1_equal": "largest singular value σ₁ at equal counts",
    "effect": "change of the state by replacing the word",
}
TOOLTIPS = {
    "frequency": ("per million words", ",.0f"),
    "occurrences": ("in this text", ","),
    "sigma_1_equal": ("σ₁ at equal counts", ".3g"),
    "rms_equal": ("rms at equal counts", ".3g"),
    "effect": ("effect", ".3g"),
}


def sensitivity_chart(words: pd.DataFrame, *, state: str | None = None, log: bool = False) -> alt.LayerChart:
    """`σ_1` of every word from equally many positions against its frequency, at the first delay, and the range of any words.

    Args:
        words: columns word, delay, frequency, sigma_1_equal; if there are any, state, sigma_1_any_low and sigma_1_any_high.
        state: which state to draw; default: the first.
        log: logarithmic vertical axis.
    """
    return _against_frequency(words, "sigma_1_equal", "sigma_1_any", BLUE, state=state, log=log)


def effect_chart(words: pd.DataFrame, *, state: str | None = None, log: bool = False) -> alt.LayerChart:
    """The mean change of the state when a word is replaced by the mean embedding, against the word's frequency.

    Args:
        words: columns word, delay, frequency, effect; if there are any, state, effect_any_low and effect_any_high.
        state: which state to draw; default: the first.
        log: logarithmic vertical axis.
    """
    return _against_frequency(words, "effect", "effect_any", VERMILION, state=state, log=log)


def on_sensitivity(correlations: pd.DataFrame) -> list[str]:
    """How sensitivity goes with frequency at the first and the last delay, in two sentences.

    Args:
        correlations: the rows of one state, of `WordMemory.correlations`.
    """
    said = _said(correlations, "sigma_1_equal", "Each dot is a word, with σ₁ of its mean gradient from the same number of "
                 "positions as every other; the grey band holds 95 % of groups of so many positions of any words.")  # fmt: skip
    return said + _reading(
        correlations, "sigma_1_equal", "a small push of a word's vector moves the state {} the rarer the word is"
    )


def on_effect(correlations: pd.DataFrame) -> list[str]:
    """How effect goes with frequency at the first and the last delay, in two sentences.

    Args:
        correlations: the rows of one state, of `WordMemory.correlations`.
    """
    said = _said(correlations, "effect", "How far the state would be from where it is had the mean embedding been read in the "
                 "word's place, in units of the state: a whole step, not a small push. The grey band holds 95 % of groups of "
                 "any words, of as many positions as the rarest word has: means of frequent words vary less.")  # fmt: skip
    return said + _reading(correlations, "effect", "having read the word at all matters {} the rarer it is")


def on_word_classes(classes: pd.DataFrame, measures: Sequence[str]) -> list[str]:
    """Which word classes are told apart at equal frequency by all of some measures, in a sentence.

    Args:
        classes: the rows of one state, of `WordMemory.compare_classes` for each measure.
        measures: which must agree; ratios are those of the first.
    """
    rows = classes[classes["measure"].isin(measures)]
    if rows.empty:
        return []
    first = rows[rows["measure"] == measures[0]]
    sides = rows.assign(above=rows["low"] > 1, below=rows["high"] < 1)
    apart = sides.groupby(["class", "other"], sort=False)[["above", "below"]].all()
    found = first.set_index(["class", "other"])[apart.any(axis=1)]
    words = first.drop_duplicates("class").set_index("class")["words"].to_dict() | first.set_index("other")["other_words"].to_dict()
    name = {"sigma_1_equal": "σ₁", "effect": "the effect"}[measures[0]]
    power = f"{first['frequency_exponent'].iloc[0]:+.2f}".replace("-", "−")
    listed = ", ".join(f"{number} {word_class}" for word_class, number in words.items())
    between = f"Between words of like frequency, where {name} goes as frequency to the power of {power} ({listed}),"
    if found.empty:
        return [f"{between} no two classes are told apart."]
    said = []
    for (one, other), row in found.iterrows():
        ends = row["ratio_at_equal_frequency"], row["low"], row["high"]
        ratio, low, high = ends if row["low"] > 1 else (1 / ends[0], 1 / ends[2], 1 / ends[1])
        better, worse = (one, other) if row["low"] > 1 else (other, one)
        said.append(f"{better} by {ratio:.2f} ({low:.2f} to {high:.2f}) above {worse}")
    return [f"{between} {len(found)} of {len(first)} pairs of classes are told apart: {'; '.join(said)}."]


def _against_frequency(words: pd.DataFrame, column: str, band: str, colour: str, *, state: str | None, log: bool) -> alt.LayerChart:
    words = words if "state" in words else words.assign(state="")
    first = int(words["delay"].min()) if len(words) else 0
    x = alt.X(
        "frequency:Q", scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(title="occurrences per million words", grid=False, format="~s", tickCount=5),
    )  # fmt: skip
    scale = alt.Scale(type="log", nice=True) if log else alt.Scale(zero=False, nice=True)
    y = alt.Y(f"{column}:Q", scale=scale, axis=alt.Axis(title=f"{WHAT[column]}, delay {first}", tickCount=5))
    dots = alt.Chart().mark_circle(color=colour, opacity=0.6, size=32).encode(
        x=x, y=y, tooltip=[alt.Tooltip("word:N"), *(alt.Tooltip(f"{name}:Q", title=title, format=form)
                                                    for name, (title, form) in TOOLTIPS.items() if name in words)],
    )  # fmt: skip
    layers: list[alt.Chart] = [dots]
    if f"{band}_low" in words:
        anything = alt.Chart().transform_aggregate(low=f"min({band}_low)", high=f"max({band}_high)")
        layers.insert(0, anything.mark_rect(color=GREY, opacity=0.2, aria=False).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q")))
    return finished(
        words,
        layers,
        transform=only(f"datum.delay == {first}", f"isValid(datum.{column})", "datum.frequency > 0"),
        choices=chosen_state(words, state),
        description=f"{WHAT[column]} at delay {first} against the frequency of the word, a dot per word",
    )


def _said(correlations: pd.DataFrame, measure: str, opening: str) -> list[str]:
    rows = correlations[(correlations["measure"] == measure) & correlations["rho"].notna()].sort_values("delay")
    if rows.empty:
        return [opening]
    parts = [
        f"{row['rho']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f}) at delay {int(row['delay'])}".replace("-", "−")
        for _, row in rows.iloc[[0, -1] if len(rows) > 1 else [0]].iterrows()
    ]
    return [opening, f"The rank correlation with frequency over {int(rows['words'].iloc[0]):,} words is {' and '.join(parts)}."]


def _reading(correlations: pd.DataFrame, measure: str, sentence: str) -> list[str]:
    """What the correlation at the first delay says, where its interval lies on one side of zero."""
    rows = correlations[correlations["measure"] == measure].sort_values("delay")
    if rows.empty or rows["low"].isna().iloc[0] or rows["low"].iloc[0] <= 0 <= rows["high"].iloc[0]:
        return []
    first = rows.iloc[0]
    more = sentence.format("more" if first["rho"] < 0 else "less")
    return [f"At delay {int(first['delay'])} {more}."]
