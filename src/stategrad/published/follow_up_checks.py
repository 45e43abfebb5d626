"""Whether something that the 2020 follow-up says holds in a run, by one of three measures: comparisons of intervals.

    sensitivity, mean    σ_1(Ḡ D)              how far a small push of the word's vector moves the state, on average over signs
    sensitivity, rms     √λ_1(Dᵀ E[GᵀG] D)     the same without cancelling
    effect               E‖s_t' - s_t‖         how far the state moves when the word is replaced

Sensitivity is that of whitened space, as the follow-up's. Effects have no such units.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from stategrad.corpus.tags import CLASSES
from stategrad.published.evidence import Finding, NotMeasuredError, Tables, Value, all_above, exactly
from stategrad.published.findings import fall
from stategrad.published.measured import is_whitened

NOT_WHITENED = (
    "the run measures in the space of the embeddings, the follow-up in whitened space; analysis.convention csl2020 does so here"
)
WORDS = "words were not measured on their own; words.enabled does so"
LAWS = {"power": "a power law", "stretched": "a stretched one", "two exponentials": "a sum of two"}
NEAR_ONE = (0.9, 1.1)
"""Exponents of a stretched exponential that make it one for all that matters; the second is also the most of a misfit that does."""


class Columns(NamedTuple):
    """Where a measure stands in the tables: the name of its curve, its column of words, and that of classes."""

    curve: str
    of_words: str
    of_classes: str


SEEN_AS = {
    "sensitivity, mean": Columns("mean", "sigma_1_equal", "sigma_1"),
    "sensitivity, rms": Columns("rms", "rms_equal", "rms"),
    "effect": Columns("swap", "effect", "theta"),
}


@dataclass(frozen=True)
class Asked:
    """What a question is asked of.

    Attributes:
        tables: of the run, those rows that are about the state.
        seen_as: the measure, a key of `SEEN_AS`.
        rule: by which words have classes, empty where they have none.
    """

    tables: Tables
    seen_as: str
    rule: str = ""

    @property
    def columns(self) -> Columns:
        """Where the measure stands."""
        return SEEN_AS[self.seen_as]

    def table(self, name: str, missing: str) -> pd.DataFrame:
        """A table of the run, in whitened space where the measure depends on that.

        Raises:
            NotMeasuredError: it is not there, or in the space of the embeddings.
        """
        frame = self.tables.get(name)
        if frame is None or frame.empty:
            raise NotMeasuredError(missing)
        if self.seen_as != "effect" and not is_whitened(frame):
            raise NotMeasuredError(NOT_WHITENED)
        return frame


def falls_within(asked: Asked, delay: int, level: float = math.exp(-1)) -> Finding:
    """The measure of all words falls below a level of its value at delay 0 within so many words."""
    frame = asked.table("horizon", "horizons were not measured")
    return fall(frame, asked.columns.curve, level, delay)


def is_not_exponential(asked: Asked) -> Finding:
    """A single exponential is told from the best law by its misfit on held-out blocks.

    That it cannot be told decides nothing by itself, and a long text tells apart what matters little: it does not hold where a
    stretched exponential has an exponent of 1, within a tenth, by its interval, and the single one misses by at most a tenth more.
    """
    frame = asked.table("decay", "decay laws were not fitted")
    laws = frame[frame["measure"] == asked.columns.curve]
    laws = laws[laws["group"] == "all"].set_index("law") if "group" in laws else laws.set_index("law")
    if "exponential" not in laws.index:
        raise NotMeasuredError("too few delays with memory, or blocks, to fit laws of decay")
    single, best = laws.loc["exponential"], str(laws["score"].idxmin())
    words, near = "", False
    if "stretched" in laws.index:
        stretched = laws.loc["stretched"]
        low, high = stretched["exponent_low"], stretched["exponent_high"]
        words = f"; the exponent of a stretched one is {stretched['exponent']:.2f} ({low:.2f} to {high:.2f})"
        near = low >= NEAR_ONE[0] and high <= NEAR_ONE[1]
    told, times = single["difference_low"] > 0, math.sqrt(single["score"] / laws.loc[best, "score"])
    if told:
        said = f"a single exponential misses by {times:.2f} times as much as {LAWS[best]}"
    else:
        said = "no law does better than a single exponential" if best == "exponential" else f"not told from {LAWS[best]}"
    if near and (not told or times < NEAR_ONE[1]):
        return Finding("does not hold", f"{said}{words}")
    return Finding("holds" if told else "undecided", f"{said}{words}")


def is_larger_for_rare_words(asked: Asked) -> Finding:
    """Over words of equally many positions the measure at the first delay has a negative rank correlation with frequency."""
    frame, column = asked.table("word_correlations", WORDS), asked.columns.of_words
    rows = frame[frame["measure"] == column]
    first, *_, last = sorted(rows["delay"].unique()) * 2
    at = {int(delay): _correlation(rows[rows["delay"] == delay].iloc[0]) for delay in (first, last)}
    words = ", ".join(f"ρ = {_signed(rho)} at delay {delay}" for delay, rho in at.items())
    return all_above([(exactly("", 0.0), at[int(first)])], words + _beside_any(asked, column))


def lasts_longer_for_rare_words(asked: Asked) -> Finding:
    """Over words of equally many positions the horizon has a negative rank correlation with frequency."""
    frame, column = asked.table("word_horizons", WORDS), asked.columns.of_words
    row = frame[frame["measure"] == column].iloc[0]
    rho = _correlation(row)
    beyond = f"; {int(row['beyond'])} of {int(row['words'])} words stay above it" if row["beyond"] else ""
    return all_above([(exactly("", 0.0), rho)], f"ρ = {_signed(rho)}{beyond}")


def is_largest_for_class(asked: Asked, name: str) -> Finding:
    """At delay 0 a class is above each of the others by the measure, and above groups of any words."""
    if not asked.rule:
        raise NotMeasuredError("the words of the text have no classes; corpus.tags names tagged files that give them theirs")
    values = _effects_of_classes(asked) if asked.seen_as == "effect" else _classes_at_equal_counts(asked)
    if name not in values or len(values) < 2:
        raise NotMeasuredError(f"the run has no class {name} to compare with others")
    own, others = values.pop(name), list(values.values())
    said = {other.name: own.above(other) for other in others}
    parts = [f"{way} {', '.join(names)}" for way, sign in (("above", True), ("below", False))
             if (names := [other for other, found in said.items() if found is sign])]  # fmt: skip
    largest = max(others, key=lambda other: other.value)
    found = all_above([(own, other) for other in others])
    words = f"{_three(own)}, largest of the others {_three(largest)}; {'; '.join(parts) or 'told from none of them'}"
    return Finding(found.verdict, words)


def _classes_at_equal_counts(asked: Asked) -> dict[str, Value]:
    """The classes from equally many positions, and the largest of the groups of any words."""
    missing = "classes were not measured at equal counts (controls.kinds), or states were read at one class alone"
    frame = asked.table("equal", missing)
    rows, column = frame[frame["rule"] == asked.rule], asked.columns.of_classes
    anything = rows[rows["group"].str.startswith("any ")]
    chosen = [rows[rows["group"] == name] for name in CLASSES] + [anything.nlargest(1, column)]
    listed = [one.iloc[0] for one in chosen if len(one)]
    names = ["any words" if row["group"].startswith("any ") else str(row["group"]) for row in listed]
    return {name: _value(row, column, name) for name, row in zip(names, listed, strict=True)}


def _effects_of_classes(asked: Asked) -> dict[str, Value]:
    """What the mean embedding in the place of words of each class changes at delay 0, and of all words."""
    frame = asked.table("swaps", "swaps were not measured")
    frame = frame[(frame["kind"] == "mean") & (frame["delay"] == 0)]
    if frame.empty:
        raise NotMeasuredError("words were not replaced by the mean embedding (swap.kinds)")
    of_rule = {str(row["group"]): row for _, row in frame[frame["rule"] == asked.rule].iterrows()}
    values = {name: _value(of_rule[name], "theta", name) for name in CLASSES if name in of_rule}
    everything = frame[frame["group"] == "all"]
    return values | ({"any words": _value(everything.iloc[0], "theta", "any words")} if values and len(everything) else {})


def _beside_any(asked: Asked, column: str) -> str:
    """How many of the rarer words, and of the others, lie above what as many positions of any words show, at the first delay."""
    frame, band = asked.tables.get("words"), column.replace("_equal", "") + "_any_high"
    if frame is None or frame.empty or band not in frame:
        return ""
    rows = frame[(frame["delay"] == frame["delay"].min()) & frame[band].notna() & frame[column].notna()]
    rare = rows["frequency"] <= rows["frequency"].median()
    if not rare.any() or rare.all():
        return ""
    shares = [f"{(half[column] > half[band]).mean():.0%}".replace("%", " %") for half in (rows[rare], rows[~rare])]
    return f"; {shares[0]} of the rarer half and {shares[1]} of the others lie above groups of any words"


def _correlation(row: pd.Series) -> Value:
    if math.isnan(row["rho"]):
        raise NotMeasuredError("too few words, or none with a value, for a correlation")
    return Value("ρ", row["rho"], row["low"], row["high"])


def _signed(value: Value) -> str:
    return f"{value.value:+.2f} ({value.low:+.2f} to {value.high:+.2f})".replace("-", "−")


def _three(value: Value) -> str:
    return f"{value.name} {value.value:.3g} ({value.low:.3g} to {value.high:.3g})"


def _value(row: pd.Series, column: str, name: str) -> Value:
    return Value(name, row[column], row.get(f"{column}_low", math.nan), row.get(f"{column}_high", math.nan))


CHECKS: dict[str, Callable[..., Finding]] = {
    check.__name__: check
    for check in (falls_within, is_not_exponential, is_larger_for_rare_words, lasts_longer_for_rare_words, is_largest_for_class)
}
"""By the names that the sentences use."""
