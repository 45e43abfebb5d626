"""A sentence word by word: which of its earlier words each state still depends on."""

from __future__ import annotations

import altair as alt
import pandas as pd

from stategrad.report.marks import chosen_state
from stategrad.report.style import BLUE, HEIGHT, finished
from stategrad.report.wording import percent

STRONGEST = 3
"""Words that are named."""

MEASURED = {
    "effect": "change of the state without the word",
    "retained": "part of it that is left",
}
TOOLTIPS = {"effect": ("change of the state", ".3g"), "retained": ("of that at the word itself", ".1%"), "sigma_1": ("σ₁", ".3g")}


def sentence_chart(sentences: pd.DataFrame, *, state: str | None = None, relative: bool = False) -> alt.LayerChart:
    """A column per word of a sentence, a row per state after a word: how far the state would be had the word not been read.

    Args:
        sentences: columns sentence, place, after, word, state_word, effect, retained, sigma_1; if there are any, state.
        state: which state to draw; default: the first.
        relative: relative to the change at the word itself.
    """
    sentences = sentences if "state" in sentences else sentences.assign(state="")
    # words occur twice in a sentence: characters without width make them different and keep their looks
    unique = {"place_label": "datum.word + pad('', datum.place, '\\u200b')",
              "after_label": "datum.state_word + pad('', datum.after, '\\u200b')"}  # fmt: skip
    measure = "retained" if relative else "effect"
    order = {of: alt.EncodingSortField(of, order="ascending") for of in ("place", "after")}
    x = alt.X("place_label:N", sort=order["place"], axis=alt.Axis(title="word that was read", labelAngle=-60, labelLimit=90))
    y = alt.Y("after_label:N", sort=order["after"], axis=alt.Axis(title="state after", labelLimit=90))
    form = ".0%" if relative else ""
    legend = alt.Legend(title=MEASURED[measure], orient="bottom", format=form, gradientLength=220, titleLimit=0, tickCount=4)
    colour = alt.Color(f"{measure}:Q", scale=alt.Scale(range=["#f4f7fb", BLUE], domainMin=0), legend=legend)
    tooltip = [alt.Tooltip("word:N", title="word"), alt.Tooltip("state_word:N", title="state after"),
               alt.Tooltip("delay:Q", title="delay τ"),
               *(alt.Tooltip(f"{name}:Q", title=title, format=form) for name, (title, form) in TOOLTIPS.items()
                 if name in sentences)]  # fmt: skip
    cells = alt.Chart().mark_rect().encode(x=x, y=y, color=colour, tooltip=tooltip)
    first = int(sentences["sentence"].iloc[0]) if len(sentences) else 0
    transform: list[alt.Transform] = [
        alt.FilterTransform("datum.state == chosen_state && datum.sentence == chosen_sentence"),
        *(alt.CalculateTransform(**{"as": name, "calculate": expression}) for name, expression in unique.items()),
    ]
    return finished(
        sentences,
        [cells],
        transform=transform,
        choices=chosen_state(sentences, state) | {"chosen_sentence": first},
        description=f"{MEASURED[measure]}: a column per word of a sentence, a row per state after a word",
        height=int(1.15 * HEIGHT),
    )


def words_of(sentences: pd.DataFrame) -> dict[int, str]:
    """The words of each sentence, by its number."""
    own = sentences[(sentences["delay"] == 0) & (sentences["state"] == sentences["state"].iloc[0])]
    return {int(number): " ".join(rows["word"]) for number, rows in own.groupby("sentence", sort=False)}


def on_sentence(sentence: pd.DataFrame) -> list[str]:
    """What the last state of a sentence still depends on.

    Args:
        sentence: the rows of one sentence and one state.
    """
    opening = (
        "Each cell says how far the state after a word, a row, would be from where it is had the mean embedding been read in place "
        "of the word of its column: one swap in one sentence, so it says nothing of other sentences."
    )
    last = sentence[(sentence["after"] == sentence["after"].max()) & (sentence["delay"] > 0)]
    strongest = last.dropna(subset=["effect"]).nlargest(STRONGEST, "effect")
    if strongest.empty:
        return [opening]
    named = [
        f"“{row['word']}”, {int(row['delay'])} word{'s' * (row['delay'] > 1)} back ({percent(row['retained'])} of what it changed "
        "when it was read)"
        for _, row in strongest.iterrows()
    ]
    return [opening, f"Of the words before the last, the state at the end depends most on {'; '.join(named)}."]
