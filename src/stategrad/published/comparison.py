"""The numbers of a paper beside those of a run, with a verdict on each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from stategrad.published.comparability import CBOW, cbow_facts, is_authors_text, obstacle, other_embeddings, other_rule
from stategrad.published.measured import Measured, measured
from stategrad.published.numbers import Paper, PublishedNumber, published_numbers
from stategrad.published.verdicts import Verdict, verdict, verdict_beyond

COLUMNS = ["place", "what", "how", "model", "published", "printed", "measured", "low", "high", "debiased", "verdict", "reason"]


def compare_published(
    memory: pd.DataFrame,
    tracking: pd.DataFrame,
    classes: pd.DataFrame,
    separability: pd.DataFrame | None,
    facts: Mapping[str, Any],
    *,
    cbow: pd.DataFrame | None = None,
    paper: str = "verwimp2018",
) -> pd.DataFrame:
    """Every number that a paper prints beside that of a run, with a verdict: `replicated`, `consistent`, `inconsistent`, ….

    A number has one row, and one per rule where words are put into classes: those under other rules than the paper's are shown
    and not comparable. An accuracy has one row per way to split: by words, so that none stands on both sides, and by rows, as the
    paper's authors did. Beside a number of another model than the run's nothing is shown. Measured values are plain, as the
    paper's; intervals are 95 %, over blocks of this text, around values without the bias of a noisy mean. They leave the
    variation of training out: `inconsistent` speaks of this trained model, not of all that the recipe could give.

    Args:
        memory: `measures/memory.csv` of a run folder.
        tracking: `measures/tracking.csv`.
        classes: `measures/classes.csv`.
        separability: `measures/separability.csv`, None where it was not measured.
        facts: of the run, from its manifest; `embeddings` is `joint` where it is not given, or `pre-trained`.
        cbow: `measures/separability_cbow.csv`, None where it was not measured.
        paper: its name.

    Returns:
        A row per number and rule or split, in the order of the paper: `place`, `what`, `how` (`rule any`, `split by words`; or
        empty), `model`, `published`, `printed` (as the paper writes it: `42.39 %`), `measured`, `low`, `high` (NaN where there is
        none; shares, where the paper prints percent), `debiased` (the value that the interval lies around, NaN where there is no
        such), `verdict`, `reason` (one clause).

    Raises:
        InvalidInputError: no such paper.
    """
    source = published_numbers(paper)
    tables = {"memory": memory, "tracking": tracking, "classes": classes, "separability": separability}
    rows = []
    for number in source.numbers:
        of_cbow = number.model == CBOW and cbow is not None
        known = cbow_facts(source, facts) if of_cbow else facts
        held = tables | {"separability": cbow} if of_cbow else tables
        elsewhere = other_embeddings(number, known)
        beside = [Measured(math.nan, missing=elsewhere)] if elsewhere else measured(number, source.state, held, known)
        rows += [_row(source, number, found, known) for found in beside]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(paper: Paper, number: PublishedNumber, found: Measured, facts: Mapping[str, Any]) -> list[Any]:
    judged = _judge(paper, number, found, facts)
    how = f"rule {found.rule}" if found.rule else f"split by {found.split}" if found.split else ""
    published = [number.place, number.what, how, number.model, number.published, number.printed]
    return [*published, found.value, found.low, found.high, found.debiased, judged.value, judged.reason]


def _judge(paper: Paper, number: PublishedNumber, found: Measured, facts: Mapping[str, Any]) -> Verdict:
    not_a_number = "the run's value is NaN" if math.isnan(found.value) else None
    comparable = obstacle(paper, number, facts) or found.missing or other_rule(paper, found.rule) or not_a_number
    same_data = is_authors_text(paper, facts)
    if number.relation == "more than":
        return verdict_beyond(number.published, found.value, same_data, comparable)
    used, of = facts.get("positions"), facts.get("population")
    of_gradients = number.compared is not None and number.compared.table in ("memory", "classes", "tracking")
    is_sample = of_gradients and used is not None and of is not None and used < of
    return verdict(number.published, number.decimals, found.value, found.low, found.high, same_data, comparable, is_sample)
