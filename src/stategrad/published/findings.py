"""Whether something that a paper says in words holds in a run: comparisons of intervals, never of bare values.

Of differences between word classes the intervals of all pairs together are taken.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from stategrad.published.comparability import RULES
from stategrad.published.evidence import (
    Check,
    Finding,
    Holds,
    NotMeasuredError,
    Tables,
    Value,
    accuracy_of,
    all_above,
    exactly,
    first_row,
    overall,
    rows_of,
    table_of,
    value_at,
)


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
    row = first_row(rows, f"the horizon of {'σ₁' if measure == 'mean' else f'the {measure}'} was not measured")
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
        used = rule if (frame["rule"] == rule).any() else str(first_row(frame, "the run has no word classes")["rule"])
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


def _listed(signs: Mapping[tuple[str, str], bool | None], name: str, others: Sequence[str], wanted: bool) -> str:
    return ", ".join(other for other in others if signs[name, other] is wanted) or "none"
