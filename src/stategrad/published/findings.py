"""Whether something that a paper says in words holds in a run: comparisons of intervals, never of bare values.

What is larger is larger by intervals that do not overlap; where they do, nothing is decided. Of differences between word classes
the intervals of all pairs together are taken.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from stategrad.published.comparability import RULES
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
        interval = "" if math.isnan(self.low) or self.low == self.high else f" ({self.low:.2g} to {self.high:.2g})"
        return f"{self.name} {self.value:.2g}{interval}"


def all_above(pairs: Sequence[tuple[Value, Value]], evidence: str = "") -> Finding:
    """Holds where the first of every pair is above the second, does not hold where one is below.

    >>> all_above([(Value("a", 2.0, 1.9, 2.1), Value("b", 1.0, 0.9, 1.1))])
    Finding(verdict='holds', evidence='a 2 (1.9 to 2.1), b 1 (0.9 to 1.1)')
    """
    said = [first.above(second) for first, second in pairs]
    named = evidence or ", ".join(dict.fromkeys(str(value) for pair in pairs for value in pair))
    return Finding(overall(said), named)


def falls_within(delay: int, level: float) -> Check:
    """`σ_1` of all words falls below a level of its value at delay 0 within so many words."""

    def check(tables: Tables) -> Finding:
        return fall(table_of(tables, "horizon", "horizons were not measured"), "mean", level, delay)

    return check


def fall(horizons: pd.DataFrame, measure: str, level: float, delay: int) -> Finding:
    """Whether a measure of all words is below a level of its value at delay 0 from some delay before this one.

    Args:
        horizons: as they stand in a run folder, of one state.
        measure: mean, rms or swap.
        level: part of the value at delay 0.
        delay: by which it must be below.

    Raises:
        NotMeasuredError: the horizon of that measure at that level is not there.
    """
    rows = horizons[(horizons["group"] == "all") & (horizons["measure"] == measure) & (horizons["level"] - level).abs().lt(1e-9)]
    row = _first(rows, f"the horizon of {'σ₁' if measure == 'mean' else f'the {measure}'} was not measured")
    unreached = (row["horizon_low"], float(row["longest"])), (row["horizon_high"], math.inf)
    low, high = (end if math.isfinite(end) else beyond for end, beyond in unreached)
    reached = bool(row["reached"])
    horizon = Value("below it from delay", row["horizon"] if reached else math.inf, low, high)
    evidence = str(horizon) if reached else f"not below it by delay {int(row['longest'])}"
    return all_above([(exactly("", float(delay)), horizon)], evidence)


def remembered_beyond(delay: int) -> Check:
    """Memory of all words is told from noise at some delay beyond this one; that it is not leaves the question open."""

    def check(tables: Tables) -> Finding:
        memory = table_of(tables, "memory", "memory was not measured")
        rows = memory[(memory["group"] == "all") & (memory["delay"] > delay)]
        if rows.empty:
            raise NotMeasuredError(f"the run has no delays beyond {delay}")
        if rows["detected"].isna().any():
            raise NotMeasuredError("memory was not tested against noise")
        found = rows["delay"][rows["detected"].astype(bool)]
        if found.empty:
            return Finding("undecided", f"not told from noise beyond delay {delay}")
        return Finding("holds", f"told from noise up to delay {int(found.max())}")

    return check


def rises(table: str, measure: str, **chosen: object) -> Check:
    """A measure of all words is larger at the longest delay than at delay 0."""

    def check(tables: Tables) -> Finding:
        rows = rows_of(tables, table, **chosen)
        last = int(rows["delay"].max())
        if last == 0:
            raise NotMeasuredError("the run has no delays beyond 0")
        return all_above([(value_at(rows, measure, last, f"at delay {last}"), value_at(rows, measure, 0, "at delay 0"))])

    return check


def falls_at(delay: int, measure: str, properties: Sequence[str], **chosen: object) -> Check:
    """A measure of each property is smaller at a delay than at the one before."""

    def check(tables: Tables) -> Finding:
        pairs = []
        for name in properties:
            rows = rows_of(tables, "tracking", property=name, **chosen)
            before, after = (value_at(rows, measure, at, f"{name} at {at}") for at in (delay - 1, delay))
            pairs.append((before, after))
        return all_above(pairs)

    return check


def fades(measure: str, properties: Sequence[str], **chosen: object) -> Check:
    """A measure of each property is smaller at the longest delay than at delay 0."""

    def check(tables: Tables) -> Finding:
        pairs = []
        for name in properties:
            rows = rows_of(tables, "tracking", property=name, **chosen)
            last = int(rows["delay"].max())
            if last == 0:
                raise NotMeasuredError("the run has no delays beyond 0")
            pairs.append((value_at(rows, measure, 0, f"{name} at 0"), value_at(rows, measure, last, f"{name} at {last}")))
        return all_above(pairs)

    return check


def below(bound: float, delay: int, measure: str, properties: Sequence[str], **chosen: object) -> Check:
    """A measure of each property is below a bound at every delay beyond this one."""

    def check(tables: Tables) -> Finding:
        pairs = []
        for name in properties:
            rows = rows_of(tables, "tracking", property=name, **chosen)
            late = sorted(int(at) for at in rows["delay"] if at > delay)
            if not late:
                raise NotMeasuredError(f"the run has no delays beyond {delay}")
            pairs += [(exactly("", bound), value_at(rows, measure, at, f"{name} at {at}")) for at in late]
        largest = max((value for _, value in pairs), key=lambda value: value.value)
        return all_above(pairs, f"at most {largest}")

    return check


def dips(first: int, last: int, measure: str, **chosen: object) -> Check:
    """A measure is smallest between two delays, and larger at delay 0 and at the longest delay."""

    def check(tables: Tables) -> Finding:
        rows = rows_of(tables, "tracking", **chosen)
        longest = int(rows["delay"].max())
        if longest <= last:
            raise NotMeasuredError(f"the run has no delays beyond {last}")
        lowest = int(rows.loc[rows[measure].idxmin(), "delay"])
        within = rows[rows["delay"].between(first, last)]
        bottom = int(within.loc[within[measure].idxmin(), "delay"])
        low, *ends = (value_at(rows, measure, at, f"at delay {at}") for at in (bottom, 0, longest))
        found = all_above([(end, low) for end in ends])
        return Finding(found.verdict, f"{found.evidence}; smallest of all at delay {lowest}")

    return check


def beyond_chance(properties: Sequence[str]) -> Check:
    """At the longest delay m of each property lies above what permuted labels give."""

    def check(tables: Tables) -> Finding:
        pairs = []
        for name in properties:
            rows = rows_of(tables, "tracking", property=name)
            row = rows.loc[rows["delay"].idxmax()]
            bound = float(row.get("relative_memory_null_high", math.nan))
            if math.isnan(bound):
                raise NotMeasuredError("chance was not measured")
            delay = int(row["delay"])
            pairs.append((value_at(rows, "relative_memory", delay, f"{name} at {delay}"), exactly("chance up to", bound)))
        return all_above(pairs)

    return check


def ahead(measures: Sequence[str], first: str, second: str, delays: Callable[[pd.Series], pd.Series], **chosen: object) -> Check:
    """One property is above another by every measure at every one of the delays.

    Args:
        measures: columns of the table of tracking.
        first: the property that is above.
        second: the other.
        delays: which delays, of those measured.
        chosen: other columns, with the value they must have.
    """

    def check(tables: Tables) -> Finding:
        one, other = (rows_of(tables, "tracking", property=name, **chosen) for name in (first, second))
        wanted = sorted({int(delay) for delay in one["delay"][delays(one["delay"])]})
        if not wanted:
            raise NotMeasuredError("the run has no such delays")
        said, words = [], []
        for measure in measures:
            pairs = [(value_at(one, measure, at, first), value_at(other, measure, at, second)) for at in wanted]
            found = [a.above(b) for a, b in pairs]
            name = {"relative_memory": "m"}.get(measure, measure)
            if len(wanted) == 1:
                words.append(f"{name}: {pairs[0][0]}, {pairs[0][1]}")
            else:
                words.append(f"{name}: above at {found.count(True)} of {len(wanted)} delays, below at {found.count(False)}")
            said += found
        return Finding(overall(said), "; ".join(words))

    return check


def classes_above(above: Sequence[str], below: Sequence[str], rule: str = "any") -> Check:
    """By `σ_1` at delay 0 each of some word classes is above each of others, with intervals for all pairs together.

    Args:
        above: the classes that are above.
        below: the others.
        rule: how words are put into classes; where the run has not this one, its first. What other rules would say stands in the
            evidence.
    """

    def check(tables: Tables) -> Finding:
        frame = table_of(tables, "comparisons", "differences between classes were not measured")
        frame = frame[frame["measure"] == "sigma_1"]
        used = rule if (frame["rule"] == rule).any() else str(_first(frame, "the run has no word classes")["rule"])
        pairs = list(itertools.product(above, below))
        signs = {name: _signs(frame[frame["rule"] == name]) for name in (used, *frame["rule"].unique())}
        missing = sorted({name for pair in pairs for name in pair if not any(name in key for key in signs[used])})
        if missing:
            raise NotMeasuredError(f"the run has no class {missing[0]}")
        words = [
            f"{name}: above {_listed(signs[used], name, below, True)}, below {_listed(signs[used], name, below, False)}"
            for name in above
        ]
        of_rule = "" if used == rule else f" (by {used} tags)"
        others = [
            f"; with words {RULES.get(name, name)}: {overall([found[pair] for pair in pairs])}"
            for name, found in signs.items()
            if name != used and all(pair in found for pair in pairs)
        ]
        return Finding(overall([signs[used][pair] for pair in pairs]), f"{'; '.join(words)}{of_rule}{''.join(others)}")

    return check


def _signs(comparisons: pd.DataFrame) -> dict[tuple[str, str], bool | None]:
    """For every pair of classes whether the first is above the second, None where the interval of their difference holds 0."""
    signs: dict[tuple[str, str], bool | None] = {}
    for row in comparisons.itertuples():
        sign = True if row.low > 0 else False if row.high < 0 else None
        signs[row.group, row.other] = sign
        signs[row.other, row.group] = None if sign is None else not sign
    return signs


def separable(rows: Sequence[str]) -> Check:
    """A linear classifier tells the classes of each row apart better than always saying the most frequent one."""

    def check(tables: Tables) -> Finding:
        pairs = []
        for name in rows:
            row = accuracy_of(tables, name)
            majority = row["majority_valid"]
            accuracy = Value(name, row["valid"], row["valid_low"], row["valid_high"])
            pairs.append((accuracy, exactly("most frequent class", majority)))
        return all_above(pairs)

    return check


def hardest(row: str) -> Check:
    """The accuracy of one row of table 2 is below that of every other."""

    def check(tables: Tables) -> Finding:
        hard = accuracy_of(tables, row)
        frame = table_of(tables, "separability", "separability was not measured")
        others = frame[frame["valid"].notna() & (frame["row"] != hard["row"])]
        values = [Value(one.row, one.valid, one.valid_low, one.valid_high) for one in others.itertuples()]
        if not values:
            raise NotMeasuredError("the run has no other rows")
        least = min(values, key=lambda value: value.value)
        this = Value(hard["row"], hard["valid"], hard["valid_low"], hard["valid_high"])
        return all_above([(value, this) for value in values], f"{this}, least of the others {least}")

    return check


def better_than_cbow() -> Check:
    """The embeddings reach higher accuracies than cbow vectors of the same text in more than half of the rows of table 2."""

    def check(tables: Tables) -> Finding:
        own = table_of(tables, "separability", "separability was not measured")
        cbow = table_of(tables, "separability_cbow", "cbow vectors of the same text were not searched")
        both = own.merge(cbow, on="row", suffixes=("", "_cbow")).dropna(subset=["valid", "valid_cbow"])
        if both.empty:
            raise NotMeasuredError("no row of table 2 was possible for both")
        said = [
            Value("", row.valid, row.valid_low, row.valid_high).above(
                Value("", row.valid_cbow, row.valid_low_cbow, row.valid_high_cbow)
            )
            for row in both.itertuples()
        ]
        above, below = said.count(True), said.count(False)
        larger = int((both["valid"] > both["valid_cbow"]).sum())
        verdict: Holds = "holds" if 2 * above > len(said) else "does not hold" if 2 * below >= len(said) else "undecided"
        return Finding(verdict, f"above in {above} of {len(said)} rows by intervals, below in {below}; larger in {larger}")

    return check


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


def _first(rows: pd.DataFrame, missing: str) -> pd.Series:
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
    row = _first(rows[rows["delay"] == delay], f"delay {delay} was not measured")
    return Value(name, row[measure], row.get(f"{measure}_low", math.nan), row.get(f"{measure}_high", math.nan))


def accuracy_of(tables: Tables, name: str) -> pd.Series:
    """One row of table 2.

    Raises:
        NotMeasuredError: it is not there, or was not possible.
    """
    frame = table_of(tables, "separability", "separability was not measured")
    rows = frame[frame["row"].str.replace(r" \(\d+\)$", "", regex=True) == name]
    return _first(rows[rows["valid"].notna()], f"the run has no row {name}")


def _listed(signs: Mapping[tuple[str, str], bool | None], name: str, others: Sequence[str], wanted: bool) -> str:
    return ", ".join(other for other in others if signs[name, other] is wanted) or "none"
