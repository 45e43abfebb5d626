"""The section of the page that sets a run beside the paper: its printed numbers, and what it says in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml

from stategrad.published import beside_recipe, check_claims, compare_published, published_numbers
from stategrad.published.comparability import RULES
from stategrad.report.facts import CORPORA
from stategrad.report.inputs import RunTables
from stategrad.report.tables import ABSENT, number

CLAIM_TABLES = ("memory", "horizon", "comparisons", "tracking", "separability", "separability_cbow", "classes")
"""The tables of a run that claims are checked with."""

VERDICTS = ("replicated", "consistent", "inconsistent", "undecided")


@dataclass(frozen=True)
class BesidePaper:
    """What the section shows, all tables as text.

    Attributes:
        says: its sentences.
        differs: what differs between the run and the paper; empty where no number can be held against the run.
        numbers: the published numbers that can be held against the run; without rows where none can.
        claims: what the paper says in words, and whether it holds; without rows where nothing was checked.
        others: the numbers that cannot be held against the run, with the reason.
        unchecked: the statements that were not checked, with the reason.
    """

    says: list[str]
    differs: list[str]
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
    compared = compare_published(run.memory, run.tracking, run.classes, run.separability, run.facts, cbow=run.separability_cbow)
    tables = {name: getattr(run, name) for name in CLAIM_TABLES}
    claims = check_claims(tables, run.facts)
    judged, checked = compared["verdict"] != "not comparable", claims["verdict"] != "not checked"
    return BesidePaper(
        says=_says(run, compared, claims),
        differs=on_differences(run.facts, yaml.safe_load(run.settings) or {}) if judged.any() else [],
        numbers=_of_models(_numbers(compared[judged]), _own_model(run.facts)),
        claims=on_claims(claims[checked]),
        others=_numbers(compared[~judged]).drop(columns=["verdict", "difference"]),
        unchecked=on_claims(claims[~checked]).drop(columns="here"),
    )


def on_differences(facts: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """What differs between a run on the paper's text and the paper: text, tags, model, recipe, positions, seeds.

    Args:
        facts: of the run.
        settings: of the run, as its `config.yaml` has them.
    """
    paper = published_numbers()
    listed = []
    if facts.get("corpus") != paper.corpus:
        normalised = facts.get("corpus_normalisation")
        text = f"Mikolov's text{f', written as {normalised},' if normalised else ''} in place of the authors' own normalisation"
        listed.append(f"{text} ({facts['vocabulary']:,} words in the vocabulary)" if facts.get("vocabulary") else text)
        if facts.get("corpus_tag_files"):
            covered = facts.get("corpus_coverage_types")
            share = "" if covered is None else f", which cover {covered:.0%} of the vocabulary".replace("%", " %")
            listed.append(f"tags of word types from {facts['corpus_tag_files']}{share}")
    recipe = beside_recipe(paper, facts, settings)
    listed += [f"{one.what} {one.here:g} where the paper has {one.published:g}" for one in recipe if one.differs]
    if settings.get("model") is not None:
        listed.append("a model that was given, whose training this run does not know")
    perplexity = facts.get("perplexity_valid")
    if perplexity is not None and facts.get("corpus") != paper.corpus:
        listed.append(
            f"a validation perplexity of {perplexity:.1f}, which is of other words than the paper's and stands beside none of its"
        )
    used, of = facts.get("positions"), facts.get("population")
    if used is not None and of is not None and used < of:
        listed.append(f"a sample of {used:,} of {of:,} positions, which the intervals include")
    return [f"What differs from the paper: {'; '.join(listed)}."] if listed else []


def _says(run: RunTables, compared: pd.DataFrame, claims: pd.DataFrame) -> list[str]:
    paper, corpus = published_numbers(), run.facts.get("corpus")
    name = CORPORA.get(str(corpus), corpus)
    counts = {verdict: int((compared["verdict"] == verdict).sum()) for verdict in VERDICTS}
    listed = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    if listed:
        judged = compared[compared["verdict"] != "not comparable"]
        held, rows = len(judged.drop_duplicates(["place", "what", "model"])), len(judged)
        beside = "" if rows == held else f", in {rows} ways"
        said = [
            f"Of {len(paper.numbers)} published numbers, {held} can be held against this run{beside}: {_enumerated(listed)}.",
            "A number is consistent where its 95 % interval here holds what could have been printed so, replicated where the run "
            "also read the authors' own files, undecided without an interval; intervals leave the variation of training out.",
        ]
        if (judged["how"] == f"rule {paper.rule}").any():
            said.append(f"Rule {paper.rule}: words are counted {RULES[paper.rule]}, as in the paper.")
        if (judged["how"] == "split by rows").any():
            said.append("Accuracies stand in two ways: with words split into parts, so that none is on both sides, and with rows "
                        "split, as the paper's authors did, where a word with several tags may be on both.")  # fmt: skip
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


def _own_model(facts: Mapping[str, Any]) -> str:
    return str(facts.get("embeddings_text") or facts.get("embeddings") or "joint")


def _of_models(numbers: pd.DataFrame, own: str) -> pd.DataFrame:
    """Numbers without the column of their models; those of another than the run's own say so beside their quantity."""
    named = [
        quantity if model in ("any", own) else f"{quantity}, {model}"
        for quantity, model in zip(numbers["quantity"], numbers["model"], strict=True)
    ]
    return numbers.assign(quantity=named).drop(columns="model")


def _numbers(compared: pd.DataFrame) -> pd.DataFrame:
    rows = list(compared.itertuples())
    return pd.DataFrame(
        {
            "verdict": compared["verdict"],
            "quantity": [f"{row.what} ({row.how})" if row.how else row.what for row in rows],
            "model": compared["model"],
            "published": compared["printed"],
            "measured": [_measured(row.printed, row.measured, row.low, row.high, row.debiased) for row in rows],
            "difference": [_difference(row.printed, row.published, _judged(row)) for row in rows],
            "why": compared["reason"],
            "place": compared["place"],
        },
        dtype=object,
    )


def _measured(printed: str, value: float, low: float, high: float, debiased: float = math.nan) -> str:
    """A measured value in the unit of the printed one, with its interval; where that leaves it out, the value without noise too.

    >>> _measured("1.95", 1.8290, 1.75, 1.91), _measured("42.39 %", 0.4698, math.nan, math.nan)
    ('1.829 (1.750 to 1.910)', '46.98 %')
    >>> _measured("16 %", 0.128, 0.137, 0.167, 0.152)
    '12.8 %; 15.2 % without noise (13.7 to 16.7 %)'
    """
    form, factor, unit = _unit(printed)
    shown = number(value * factor, f",{form}") + unit * (not pd.isna(value))
    if pd.isna(low) or pd.isna(high):
        return shown
    if _is_left_out(value, low, high, debiased):
        shown += f"; {number(debiased * factor, f',{form}')}{unit} without noise"
    return f"{shown} ({number(low * factor, f',{form}')} to {number(high * factor, f',{form}')}{unit})"


def _judged(row: Any) -> float:
    """The value that stands beside the printed one: the plain one, or that without noise where the interval leaves it out."""
    return float(row.debiased if _is_left_out(row.measured, row.low, row.high, row.debiased) else row.measured)


def _is_left_out(value: float, low: float, high: float, debiased: float) -> bool:
    """Whether an interval lies clear of the plain value, whose noise is then most of what is wrong with it."""
    return not (pd.isna(low) or pd.isna(high) or pd.isna(debiased) or low <= value <= high)


def _difference(printed: str, published: float, value: float) -> str:
    """How far a measured value lies above the printed one, of shares in percentage points; a dash beside thousands and bounds.

    >>> _difference("1.95", 1.95, 1.829), _difference("16 %", 0.16, 0.1711), _difference("900k", 900_000.0, 887_521.0)
    ('-0.121', '+1.1 points', '–')
    """
    is_exact = printed[0] in "-0123456789" and printed[-1] in "%0123456789"
    if pd.isna(value) or not is_exact:
        return ABSENT
    form, factor, unit = _unit(printed)
    return format((value - published) * factor, f"+,{form}") + (" points" if unit else "")


def _unit(printed: str) -> tuple[str, float, str]:
    """How a measured value stands beside a printed one: its format, what a share is multiplied with, and the unit behind it.

    >>> _unit("1.95"), _unit("35.99 %"), _unit("16 %"), _unit("900k"), _unit("more than 20")
    (('.3f', 1.0, ''), ('.2f', 100.0, ' %'), ('.1f', 100.0, ' %'), ('.0f', 1.0, ''), ('.0f', 1.0, ''))
    """
    percent = printed.endswith("%")
    decimals = len(printed.removesuffix(" %").partition(".")[2])
    places = max(decimals, 1) if percent else decimals + (decimals > 0)
    return f".{places}f", 100.0 if percent else 1.0, " %" * percent


def on_claims(claims: pd.DataFrame) -> pd.DataFrame:
    """Claims as text: whether each holds, what the paper says and what was asked, why, and where it stands."""
    said = [f"{row.claim} Asked here: {row.reading}." if row.reading else row.claim for row in claims.itertuples()]
    columns = {"here": claims["verdict"], "the paper says": said, "why": claims["evidence"], "place": claims["place"]}
    return pd.DataFrame(columns, dtype=object)


def _enumerated(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
