"""The section of the page that sets a run beside the paper: its printed numbers, and what it says in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from stategrad.published import check_claims, compare_published, published_numbers
from stategrad.report.facts import CORPORA
from stategrad.report.inputs import RunTables
from stategrad.report.tables import number

VERDICTS = ("replicated", "consistent", "inconsistent", "undecided")


@dataclass(frozen=True)
class BesidePaper:
    """What the section shows, all tables as text.

    Attributes:
        says: its sentences.
        numbers: the published numbers that can be held against the run; without rows where none can.
        claims: what the paper says in words, and whether it holds; without rows where nothing was checked.
        others: the numbers that cannot be held against the run, with the reason.
        unchecked: the statements that were not checked, with the reason.
    """

    says: list[str]
    numbers: pd.DataFrame
    claims: pd.DataFrame
    others: pd.DataFrame
    unchecked: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by the name of its files."""
        return {"published": self.numbers, "claims": self.claims, "not-comparable": self.others, "not-checked": self.unchecked}


def beside_paper(run: RunTables) -> BesidePaper:
    """The printed numbers and the claims of Verwimp et al. 2018 beside a run.

    Args:
        run: its tables and facts.
    """
    compared = compare_published(run.memory, run.tracking, run.classes, run.separability, run.facts)
    tables = {name: getattr(run, name) for name in ("memory", "horizon", "comparisons", "tracking", "separability")}
    claims = check_claims(tables, run.facts)
    judged, checked = compared["verdict"] != "not comparable", claims["verdict"] != "not checked"
    return BesidePaper(
        says=_says(run, compared, claims),
        numbers=_numbers(compared[judged]).drop(columns="model"),
        claims=_claims(claims[checked]),
        others=_numbers(compared[~judged]).drop(columns="verdict"),
        unchecked=_claims(claims[~checked]).drop(columns="here"),
    )


def _says(run: RunTables, compared: pd.DataFrame, claims: pd.DataFrame) -> list[str]:
    paper, corpus = published_numbers(), run.facts.get("corpus")
    name = CORPORA.get(str(corpus), corpus)
    counts = {verdict: int((compared["verdict"] == verdict).sum()) for verdict in VERDICTS}
    listed = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    if listed:
        said = [
            f"Of {len(compared)} published numbers, {sum(counts.values())} can be held against this run: {_enumerated(listed)}.",
            "A number is consistent where its 95 % interval here holds what could have been printed so, replicated where the run "
            "also read the authors' own files, undecided without an interval; intervals leave the variation of training out.",
        ]
    else:
        reasons = compared.loc[compared["verdict"] == "not comparable", "reason"].value_counts()
        reason = str(reasons.index[0]).replace(f"the run read {corpus},", f"the run read {name},")
        said = [f"No published number can be held against this run: {reason}."]
    answers = {"holds": ("holds", "hold"), "does not hold": ("does not", "do not"), "undecided": ("is undecided", "are undecided")}
    found = [(int((claims["verdict"] == verdict).sum()), words) for verdict, words in answers.items()]
    checked = sum(count for count, _ in found)
    if checked:
        parts = [f"{count} {one if count == 1 else several}" for count, (one, several) in found if count]
        said.append(f"Of the {checked} statements in words that this run can answer, {_enumerated(parts)}.")
        if corpus not in (paper.corpus, *paper.near):
            said.append(f"That is about this model of {name or 'its text'}, and says nothing for or against the paper.")
        if run.facts.get("at"):
            said.append(f"States were read only at {run.facts['at']} here, at every word in the paper.")
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
    said = [f"{row.claim} Asked here: {row.reading}." if row.reading else row.claim for row in claims.itertuples()]
    columns = {"here": claims["verdict"], "the paper says": said, "why": claims["evidence"], "place": claims["place"]}
    return pd.DataFrame(columns, dtype=object)


def _enumerated(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
