"""What the 2020 follow-up says in words, sentence by sentence, beside what a run shows: as sensitivity and as effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import pandas as pd
import yaml

from stategrad.published.evidence import Finding, NotMeasuredError, Tables
from stategrad.published.follow_up_checks import CHECKS, SEEN_AS, Asked

COLUMNS = ["says", "asks", "seen_as", "rule", "verdict", "evidence"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is asked of a run about a sentence.

    Attributes:
        asks: in words.
        check: the name of the function that asks it; None for what one run cannot say.
        given: values that it takes.
        by_class: whether it is asked for each rule by which words have classes.
        between: for what one run cannot say, what several must differ in: `texts` or `sizes` of one text.
        needs: the same in words.
        command: makes such runs.
    """

    asks: str
    check: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    by_class: bool = False
    between: str = ""
    needs: str = ""
    command: str = ""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A sentence of the follow-up and its readings."""

    says: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """The follow-up's sentences and where they stand.

    Attributes:
        source: authors, title, journal, article and year.
        statements: in their order.
    """

    source: Mapping[str, Any]
    statements: tuple[Statement, ...]

    @property
    def citation(self) -> str:
        """The source as it is cited."""
        return "{authors}, {title}, {journal} ({year}) {article}".format(**self.source)


@cache
def follow_up() -> FollowUp:
    """The sentences of the follow-up.

    >>> follow_up().statements[2].says
    'nouns are remembered best'
    """
    file = resources.files("stategrad.published").joinpath("statements", "verwimp2020.yaml")
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    statements = tuple(
        Statement(says=one["says"], readings=tuple(Reading(**reading) for reading in one["readings"]))
        for one in content["statements"]
    )
    return FollowUp(source=content["source"], statements=statements)


def check_follow_up(tables: Tables, *, state: str = "cell", rules: Sequence[str] = ()) -> pd.DataFrame:
    """Every sentence of the follow-up about the model that a run has, and whether it holds there.

    As sensitivity by `σ_1` of the mean and by the root mean square, both in whitened space, as the follow-up's; as effect by the
    change of the state when a word is replaced, which has no such units. `holds` and `does not hold` are by 95 % intervals, each
    for itself, over blocks of the text or over words; the variation of training is left out.

    Args:
        tables: `horizon`, `decay`, `words`, `word_correlations`, `word_horizons`, `equal` and `swaps` as they stand in a run
            folder; None or absent where a run has them not.
        state: which state.
        rules: by which words have classes; none for a text without tags.

    Returns:
        Columns says, asks, seen_as, rule, verdict, evidence; a row per reading and measure, and per rule where it is about classes.

    Source: Verwimp et al., Computer Speech & Language 61, 2020.
    """
    of_state = {
        name: frame[frame["state"] == state] if frame is not None and "state" in frame else frame for name, frame in tables.items()
    }
    rows = []
    for statement in follow_up().statements:
        for reading in statement.readings:
            if reading.check is None:
                rows.append([statement.says, reading.asks, "", "", "not checked", f"{reading.needs}: `{reading.command}`"])
                continue
            for rule in rules if reading.by_class and rules else ("",):
                for seen_as in SEEN_AS:
                    found = _found(reading, Asked(of_state, seen_as, rule))
                    rows.append([statement.says, reading.asks, seen_as, rule, found.verdict, found.evidence])
    return pd.DataFrame(rows, columns=COLUMNS)


def _found(reading: Reading, asked: Asked) -> Finding:
    assert reading.check is not None
    try:
        return CHECKS[reading.check](asked, **reading.given)
    except NotMeasuredError as missing:
        return Finding("not checked", str(missing))
