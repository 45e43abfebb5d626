"""The measure of a run that stands beside a published number, looked up in the tables of a run folder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from stategrad.published.numbers import Compared, PublishedNumber

NOT_MEASURED = {
    "memory": "memory was not measured",
    "classes": "the run has no word classes",
    "tracking": "no property was tracked",
    "separability": "separability was not measured",
}

WHITENED = "the run measures in whitened embedding space, the paper does not"


def is_whitened(table: pd.DataFrame) -> bool:
    """Whether the curves or classes of a table are those of whitened embedding space."""
    return "whitened" in table and bool(table["whitened"].astype(bool).all())


class Measured(NamedTuple):
    """One measured number.

    Attributes:
        value: the number, NaN where the run does not have it.
        low: lower end of its 95 % interval, NaN where there is none.
        high: upper end.
        rule: under which words were put into classes, empty where there are none.
        split: by what words were split into parts, `words` or `rows`; empty where they were not.
        debiased: the value without the bias of a noisy mean, NaN where there is none.
        missing: why the run does not have the number, in one clause; None where it has it.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    rule: str = ""
    split: str = ""
    debiased: float = math.nan
    missing: str | None = None


def measured(
    number: PublishedNumber, state: str, tables: Mapping[str, pd.DataFrame | None], facts: Mapping[str, Any]
) -> list[Measured]:
    """What a run has beside a number: one entry, or one per rule where words are put into classes, and one per way to split them.

    Of several delays it is the mean, and the ends of its interval are the means of the ends: neighbouring delays are correlated,
    and no interval of a mean is wider than that.

    Args:
        number: the published number.
        state: which state.
        tables: `memory`, `tracking`, `classes`, `separability`, as they stand in a run folder.
        facts: of the run.
    """
    compared = number.compared
    if compared is None:
        return [_missing("no measure stands beside it")]
    if compared.table == "facts":
        value = facts.get(compared.measure)
        if value is None:
            return [_missing(f"the run did not record {compared.measure.removeprefix('corpus_').replace('_', ' ')}")]
        low, high = (float(facts.get(f"{compared.measure}_{end}", math.nan)) for end in ("low", "high"))
        return [Measured(float(value), low, high)]
    table = tables[compared.table]
    if table is None or table.empty:
        return [_missing(NOT_MEASURED[compared.table])]
    if compared.table == "separability":
        return _accuracy(table, compared)
    if compared.table in ("memory", "classes") and is_whitened(table):
        return [_missing(WHITENED)]
    table = table[table["state"] == state]
    if table.empty:
        return [_missing(f"the run did not measure the {state} state")]
    if compared.table == "classes":
        return _of_class(table, compared)
    return [_reach(table, compared, number.published) if compared.measure == "reach" else _of_curve(table, compared)]


def _accuracy(table: pd.DataFrame, compared: Compared) -> list[Measured]:
    rows = table[table["row"].str.replace(r" \(\d+\)$", "", regex=True) == compared.row]
    if rows.empty:
        return [_missing(f"the run has no row {compared.row}")]
    row = rows.iloc[0]
    if compared.measure == "classes":
        return [Measured(float(row["classes"]))]
    if math.isnan(row["valid"]):
        return [_missing(f"the run has too few words of these classes for {compared.row}")]
    other = row["classes"] != compared.classes
    reason = f"the run tells {row['classes']} classes apart, the paper {compared.classes}" if other else None
    found = []
    for split, column in (("words", compared.measure), ("rows", f"{compared.measure}_by_example")):
        value, low, high = (float(row.get(f"{column}{end}", math.nan)) for end in ("", "_low", "_high"))
        if not math.isnan(value):
            found.append(Measured(value, low, high, split=split, missing=reason))
    return found


def _of_class(table: pd.DataFrame, compared: Compared) -> list[Measured]:
    rows = table[table["group"] == compared.group].sort_values("rule")
    found = [_with_ends(rows[rows["rule"] == rule], compared.measure)._replace(rule=rule) for rule in rows["rule"]]
    return found or [_missing(f"the run has no class {compared.group}")]


def _of_curve(table: pd.DataFrame, compared: Compared) -> Measured:
    table = table[table["group"] == (compared.group or "all")]
    if compared.table == "tracking":
        table = table[~table["whitened"].astype(bool)]
    for name in ("property", "n"):
        if name not in table or table.empty:
            continue
        wanted = getattr(compared, name)
        table = table[table[name] == (table[name].iloc[0] if wanted is None else wanted)]
        if table.empty:
            return _missing(f"the run has no {name} {wanted}")
    first, last = compared.delays or (0, 0)
    table = table[table["delay"].between(first, last)]
    if table["delay"].nunique() < last - first + 1:
        asked = f"delay {first} was not" if first == last else f"delays {first} to {last} were not all"
        return _missing(f"{asked} measured")
    return _with_ends(table, compared.measure)


def _reach(table: pd.DataFrame, compared: Compared, published: float) -> Measured:
    table = table[table["group"] == compared.group].sort_values("delay")
    if table.empty or table["delay"].max() <= published:
        return _missing(f"the run has no delays beyond {published:g}")
    if table["detected"].isna().any():
        return _missing("memory was not tested against noise")
    told = table["delay"][table["detected"].astype(bool).cummin()]
    return Measured(float(told.max())) if len(told) else _missing("memory is not told from noise at any delay")


def _with_ends(rows: pd.DataFrame, measure: str) -> Measured:
    columns = (measure, f"{measure}_low", f"{measure}_high", f"{measure}_debiased")
    value, low, high, debiased = (float(rows[name].mean(skipna=False)) if name in rows else math.nan for name in columns)
    return Measured(value, low, high, debiased=debiased)


def _missing(reason: str) -> Measured:
    return Measured(math.nan, missing=reason)
