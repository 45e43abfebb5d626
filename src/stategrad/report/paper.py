"""The section of the page that sets a run beside the paper: its printed numbers, and what it says in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from stategrad.published import check_claims, compare_published, published_numbers
from stategrad.report.inputs import RunTables
from stategrad.report.tables import ABSENT, number

VERDICTS = ("replicated", "consistent", "inconsistent", "undecided")


@dataclass(frozen=True)
class BesidePaper:
    """What the section shows.

    Attributes:
        says: its sentences.
        numbers: the published numbers that can be held against the run, as text; without rows where none can.
        others: those that cannot, with the reason.
        claims: what the paper says in words, as text.
    """

    says: list[str]
    numbers: pd.DataFrame
    others: pd.DataFrame
    claims: pd.DataFrame


def beside_paper(run: RunTables) -> BesidePaper:
    """The printed numbers and the claims of Verwimp et al. 2018 beside a run.

    Args:
        run: its tables and facts.
    """
    compared = compare_published(run.memory, run.tracking, run.classes, run.separability, run.facts)
    tables = {name: getattr(run, name) for name in ("memory", "horizon", "comparisons", "tracking", "separability")}
    claims = check_claims(tables, run.facts)
    judged = compared["verdict"] != "not comparable"
    numbers, others = _numbers(compared[judged]), _numbers(compared[~judged])
    return BesidePaper(_says(run, compared, claims), numbers, others.drop(columns="verdict"), _claims(claims))


def _says(run: RunTables, compared: pd.DataFrame, claims: pd.DataFrame) -> list[str]:
    paper = published_numbers()
    counts = compared["verdict"].value_counts()
    listed = [f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts.get(verdict)]
    corpus = run.facts.get("corpus")
    if listed:
        said = [
            f"Of {len(compared)} rows, {sum(counts.get(verdict, 0) for verdict in VERDICTS)} can be held against this run: "
            f"{_enumerated(listed)}.",
            "A number is consistent where its 95 % interval here holds what could have been printed so, replicated where the run "
            "also read the authors' own files, undecided without an interval; intervals leave the variation of training out.",
        ]
    else:
        reasons = compared.loc[compared["verdict"] == "not comparable", "reason"].value_counts()
        said = [f"No published number can be held against this run: {reasons.index[0]}."]
    answered = claims["verdict"].value_counts()
    found = [f"{answered[verdict]} {verdict}" for verdict in ("holds", "does not hold", "undecided") if answered.get(verdict)]
    if found:
        said.append(f"Of {len(claims)} statements in words: {_enumerated(found)}, the others concern other models.")
    if found and corpus not in (paper.corpus, *paper.near):
        said.append(
            f"That is about this model of {corpus or 'its text'}: neither agreement nor its lack says anything about the paper."
        )
    return said


def _numbers(compared: pd.DataFrame) -> pd.DataFrame:
    decimals = [_decimals(value) for value in compared["published"]]
    return pd.DataFrame(
        {
            "place": compared["place"],
            "quantity": compared["what"],
            "model": compared["model"],
            "published": [number(value, f",.{places}f") for value, places in zip(compared["published"], decimals, strict=True)],
            "measured": [
                _with_interval(row.measured, row.low, row.high, places)
                for row, places in zip(compared.itertuples(), decimals, strict=True)
            ],
            "verdict": compared["verdict"],
            "why": compared["reason"],
        },
        dtype=object,
    )


def _with_interval(value: float, low: float, high: float, places: int) -> str:
    form = f",.{places}f"
    return (
        number(value, form)
        if pd.isna(low) or pd.isna(high)
        else f"{number(value, form)} ({number(low, form)} to {number(high, form)})"
    )


def _decimals(published: float) -> int:
    """As many places as the number needs to be told from its neighbours: none for counts, three for shares."""
    return 0 if float(published).is_integer() and abs(published) >= 5 else 1 if published >= 10 else 3


def _claims(claims: pd.DataFrame) -> pd.DataFrame:
    said = [f"{row.claim} ({row.reading}.)" if row.reading else row.claim for row in claims.itertuples()]
    columns = {
        "place": claims["place"],
        "model": claims["model"],
        "the paper says": said,
        "here": claims["verdict"],
        "why": claims["evidence"],
    }
    return pd.DataFrame({name: [value or ABSENT for value in values] for name, values in columns.items()}, dtype=object)


def _enumerated(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
