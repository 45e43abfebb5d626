"""The named directions of a run, as the page shows and tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from stategrad.measures.stability import STABLE
from stategrad.report.tables import number


@dataclass(frozen=True)
class NamedDirections:
    """The directions of one state in one convention.

    Attributes:
        when: control → value; shown where all of them are chosen.
        delays: for each delay the rows of its directions, best remembered first.
    """

    when: dict[str, str]
    delays: dict[int, list[dict[str, str]]]


def named_directions(directions: pd.DataFrame) -> list[NamedDirections]:
    """The rows of the page's table of directions, all text.

    Args:
        directions: `measures/directions.csv`; only the group `all` is shown.
    """
    listed = []
    for (state, whitened), rows in directions[directions["group"] == "all"].groupby(["state", "whitened"], sort=False):
        delays = {int(str(delay)): [_row(row) for _, row in part.iterrows()] for delay, part in rows.groupby("delay")}
        listed.append(NamedDirections({"state": str(state), "whitened": str(bool(whitened)).lower()}, delays))
    return listed


def has_classes(tables: Sequence[NamedDirections]) -> bool:
    """Whether any direction has a class that fits: none has in a text without tags."""
    return any(row["class"] != number(None) for table in tables for rows in table.delays.values() for row in rows)


def _row(row: pd.Series) -> dict[str, str]:
    return {
        "mode": str(int(row["mode"])),
        "share": f"{100 * row['sigma_share']:.0f} %" if pd.notna(row["sigma_share"]) else number(None),
        "positive": row["positive"].replace(" ", "\u00a0· "),
        "negative": row["negative"].replace(" ", "\u00a0· "),
        "unnamed": "" if row["named"] else _why_not(row),
        "class": f"{row['class']} {signed(_judged(row))}" if row["class"] else number(None),
        "frequency": signed(row["log_frequency"]),
        "stability": number(row["stability"]),
    }


def _why_not(row: pd.Series) -> str:
    if pd.isna(row["stability"]):
        return "too few blocks of text to tell"
    if "–" in str(row["set"]) and row["set_stability"] >= STABLE > row["stability"]:
        return f"one of directions {row['set']}, which are equally strong: their span is stable, its axes are not"
    if row["stability"] >= STABLE:
        return "not told from chance"
    return "not stable: another text would show another direction"


def _judged(row: pd.Series) -> float:
    """The correlation with the best class, log frequency taken out where it is known."""
    return float(row["class_correlation"] if pd.isna(row["class_partial"]) else row["class_partial"])


def signed(value: float) -> str:
    """A correlation with its sign, a dash for none.

    >>> signed(0.456), signed(-0.3), signed(float("nan"))
    ('+0.46', '−0.30', '–')
    """
    return number(value, "+.2f").replace("-", "−")


def on_directions(directions: pd.DataFrame) -> list[tuple[dict[str, str], list[str]]]:
    """How to read the table, and what the direction that is remembered best is, per state and convention.

    Args:
        directions: `measures/directions.csv`.
    """
    said = []
    for (state, whitened), rows in directions[directions["group"] == "all"].groupby(["state", "whitened"], sort=False):
        sentences = [
            "Each row is a direction of embedding space that the state keeps, the best-remembered first: the words at its two ends "
            "are those that the state tells apart most.",
            f"Words are given where another text as long would show the same direction (stability of at least {STABLE:.2f}; "
            f"{int(rows['named'].sum())} of {len(rows)} directions).",
        ]
        first = rows.iloc[0]
        if first["named"] and first["class"]:
            value, chance = _judged(first), _chance(first)
            beyond = "more than" if abs(value) > chance else "no more than"
            taken = ", log frequency taken out" if pd.notna(first["class_partial"]) else ""
            sentences.append(
                f"The best-remembered direction at delay {int(first['delay'])} goes along with {first['class']} "
                f"(r = {signed(value)}{taken}), {beyond} a random direction "
                f"may (below {chance:.2f} in 95 %)."
            )
        said.append(({"state": str(state), "whitened": str(bool(whitened)).lower()}, sentences))
    return said


def _chance(row: pd.Series) -> float:
    return float(row["class_chance"] if pd.isna(row["class_partial"]) else row["class_partial_chance"])
