"""Whether something that a paper says of its two models beside each other holds in a run with each kind of embeddings.

As in `findings`, what is larger is larger by intervals that do not overlap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from stategrad.published.evidence import (
    Finding,
    NotMeasuredError,
    Tables,
    Value,
    all_above,
    rows_of,
    table_of,
    value_at,
)

PairCheck = Callable[[Tables, Tables], Finding]
"""Asks the tables of a run with joint embeddings, and those of one with pre-trained embeddings."""

JOINT, PRE_TRAINED = "joint", "pre-trained"


def smaller_and_slower(delay: int) -> PairCheck:
    """With pre-trained embeddings `σ_1` is smaller at delay 0, and at another delay a larger share of what it is there."""

    def check(joint: Tables, pretrained: Tables) -> Finding:
        first, other = rows_of(joint, "memory"), rows_of(pretrained, "memory")
        at_0 = [value_at(rows, "sigma_1", 0, f"{name} at 0") for rows, name in ((first, JOINT), (other, PRE_TRAINED))]
        later = [_relative(rows, delay, f"{name} at {delay}, relative") for rows, name in ((other, PRE_TRAINED), (first, JOINT))]
        return all_above([(at_0[0], at_0[1]), (later[0], later[1])])

    return check


def more_selective() -> PairCheck:
    """With pre-trained embeddings `σ_1/Σσ` is larger at the longest delay."""

    def check(joint: Tables, pretrained: Tables) -> Finding:
        first, other = rows_of(joint, "memory"), rows_of(pretrained, "memory")
        last = _longest(first, other)
        return all_above(
            [
                (
                    value_at(other, "selectivity", last, f"{PRE_TRAINED} at {last}"),
                    value_at(first, "selectivity", last, f"{JOINT} at {last}"),
                )
            ]
        )

    return check


def classes_differ_more() -> PairCheck:
    """With pre-trained embeddings the largest and the smallest share of the word classes lie farther apart."""

    def check(joint: Tables, pretrained: Tables) -> Finding:
        first, other = (table_of(tables, "classes", "the run has no word classes") for tables in (joint, pretrained))
        rules = [rule for rule in first["rule"].unique() if rule in set(other["rule"])]
        if not rules:
            raise NotMeasuredError("the runs give classes to words by different rules")
        first, other = (rows[rows["rule"] == rules[0]] for rows in (first, other))
        if set(first["group"]) != set(other["group"]):
            raise NotMeasuredError("the runs have different word classes")
        return all_above([(_spread(other, PRE_TRAINED), _spread(first, JOINT))])

    return check


def properties_differ_less(one: str, two: str) -> PairCheck:
    """With pre-trained embeddings `m` of two properties differs less at the longest delay."""

    def check(joint: Tables, pretrained: Tables) -> Finding:
        curves = [[rows_of(tables, "tracking", property=name) for name in (one, two)] for tables in (joint, pretrained)]
        last = _longest(*(rows for pair in curves for rows in pair))
        of_joint, of_pretrained = (
            _apart(f"{name} at {last}", *(value_at(rows, "relative_memory", last, "") for rows in pair))
            for pair, name in zip(curves, (JOINT, PRE_TRAINED), strict=True)
        )
        return all_above([(of_joint, of_pretrained)])

    return check


def _relative(rows: pd.DataFrame, delay: int, name: str) -> Value:
    """`σ_1` as a share of its value at delay 0."""
    found, first = value_at(rows, "sigma_1", delay, name), value_at(rows, "sigma_1", 0, "").value
    return replace(found, value=found.value / first, low=found.low / first, high=found.high / first)


def _longest(*curves: pd.DataFrame) -> int:
    """The longest delay that all curves have."""
    common = set.intersection(*(set(rows["delay"]) for rows in curves))
    if not common or max(common) == 0:
        raise NotMeasuredError("the runs have no delays beyond 0 in common")
    return int(max(common))


def _spread(classes: pd.DataFrame, name: str) -> Value:
    """The largest share less the smallest; its interval from the ends of the two."""
    most, least = classes.loc[classes["normalised"].idxmax()], classes.loc[classes["normalised"].idxmin()]
    low = most["normalised_low"] - least["normalised_high"]
    high = most["normalised_high"] - least["normalised_low"]
    return Value(name, most["normalised"] - least["normalised"], low, high)


def _apart(name: str, one: Value, two: Value) -> Value:
    """How far two values lie apart, whichever is larger; the interval from the ends of the two."""
    low, high = one.low - two.high, one.high - two.low
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return Value(name, abs(one.value - two.value), least, max(abs(low), abs(high)))
