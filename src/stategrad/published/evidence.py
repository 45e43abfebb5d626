"""What a statement about a run rests on: values with their intervals, and rows of the run's tables.

What is larger is larger by intervals that do not overlap; where they do, nothing is decided.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from stategrad.published.measured import WHITENED, is_whitened

Holds = Literal["holds", "does not hold", "undecided", "not checked"]
Tables = Mapping[str, pd.DataFrame | None]


@dataclass(frozen=True)
class Finding:
    """What a run says about a claim.

    Attributes:
        verdict: whether it holds.
        evidence: the values behind it, or why it was not checked, in one clause.
    """

    verdict: Holds
    evidence: str


Check = Callable[[Tables], Finding]


class NotMeasuredError(Exception):
    """A run lacks what a claim is checked with; its text says what, in one clause."""


@dataclass(frozen=True)
class Value:
    """A measured value with its interval, NaN where there is none."""

    name: str
    value: float
    low: float
    high: float

    def above(self, other: Value) -> bool | None:
        """Whether it is larger, by intervals; None where these overlap or are missing."""
        if self.low > other.high:
            return True
        return False if self.high < other.low else None

    def __str__(self) -> str:
        """Its interval in brackets, and told apart where noise carries the plain value out of it.

        >>> print(Value("at delay 0", 0.5, 0.4, 0.6)); print(Value("at delay 9", 0.5, 0.6, 0.7))
        at delay 0 0.5 (0.4 to 0.6)
        at delay 9 0.5, without noise 0.6 to 0.7
        """
        said, interval = f"{self.name} {self.value:.2g}", f"{self.low:.2g} to {self.high:.2g}"
        if math.isnan(self.low) or self.low == self.high:
            return said
        return f"{said} ({interval})" if self.low <= self.value <= self.high else f"{said}, without noise {interval}"


def all_above(pairs: Sequence[tuple[Value, Value]], evidence: str = "") -> Finding:
    """Holds where the first of every pair is above the second, does not hold where one is below.

    >>> all_above([(Value("a", 2.0, 1.9, 2.1), Value("b", 1.0, 0.9, 1.1))])
    Finding(verdict='holds', evidence='a 2 (1.9 to 2.1), b 1 (0.9 to 1.1)')
    """
    said = [first.above(second) for first, second in pairs]
    named = evidence or ", ".join(dict.fromkeys(str(value) for pair in pairs for value in pair))
    return Finding(overall(said), named)


def exactly(name: str, value: float) -> Value:
    """A value without uncertainty."""
    return Value(name, value, value, value)


def overall(said: Sequence[bool | None]) -> Holds:
    """Holds where all do, does not where one does not, else undecided."""
    if False in said:
        return "does not hold"
    return "undecided" if None in said else "holds"


def table_of(tables: Tables, name: str, missing: str) -> pd.DataFrame:
    """A table of a run.

    Raises:
        NotMeasuredError: there is none, for the reason `missing`, or it is of whitened embedding space.
    """
    frame = tables.get(name)
    if frame is None or frame.empty:
        raise NotMeasuredError(missing)
    if name in ("memory", "classes", "comparisons", "horizon") and is_whitened(frame):
        raise NotMeasuredError(WHITENED)
    return frame


def first_row(rows: pd.DataFrame, missing: str) -> pd.Series:
    """The first of some rows.

    Raises:
        NotMeasuredError: there is none, for the reason `missing`.
    """
    if rows.empty:
        raise NotMeasuredError(missing)
    return rows.iloc[0]


def rows_of(tables: Tables, table: str, **chosen: object) -> pd.DataFrame:
    """The curve of all words in one table, a row per delay.

    Raises:
        NotMeasuredError: it is not there.
    """
    missing = "no property was tracked" if table == "tracking" else "memory was not measured"
    rows = table_of(tables, table, missing)
    rows = rows[rows["group"] == "all"]
    if table == "tracking":
        rows = rows[~rows["whitened"].astype(bool)]
    for name, value in chosen.items():
        if rows[rows[name] == value].empty:
            raise NotMeasuredError(f"the run has no {name} {value}")
        rows = rows[rows[name] == value]
    return rows.drop_duplicates("delay")


def value_at(rows: pd.DataFrame, measure: str, delay: int, name: str) -> Value:
    """A measure at one delay.

    Raises:
        NotMeasuredError: that delay is not there.
    """
    row = first_row(rows[rows["delay"] == delay], f"delay {delay} was not measured")
    return Value(name, row[measure], row.get(f"{measure}_low", math.nan), row.get(f"{measure}_high", math.nan))


def accuracy_of(tables: Tables, name: str) -> pd.Series:
    """One row of table 2.

    Raises:
        NotMeasuredError: it is not there, or was not possible.
    """
    frame = table_of(tables, "separability", "separability was not measured")
    rows = frame[frame["row"].str.replace(r" \(\d+\)$", "", regex=True) == name]
    return first_row(rows[rows["valid"].notna()], f"the run has no row {name}")
