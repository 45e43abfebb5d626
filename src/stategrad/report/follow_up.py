"""The section of the page that asks the sentences of the 2020 follow-up of a run."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pandas as pd

from stategrad.published.follow_up import check_follow_up, follow_up
from stategrad.report.inputs import RunTables
from stategrad.report.marks import RULES

TABLES = ("horizon", "decay", "words", "word_correlations", "word_horizons", "equal", "swaps")


@dataclass(frozen=True)
class BesideFollowUp:
    """What the section shows.

    Attributes:
        says: its sentences for each state.
        rows: a row per state, sentence, reading and measure, all text: state, the follow-up says, asked here, seen as, here, why.
        source: the follow-up, as it is cited.
    """

    says: dict[str, list[str]]
    rows: pd.DataFrame
    source: str

    def sentences(self, state: str) -> list[tuple[str, list[tuple[str, list[list[str]]]]]]:
        """The rows of one state as the page has them: by sentence, and in it by reading, of each the last three columns."""
        rows = self.rows[self.rows["state"] == state].drop(columns="state").to_numpy().tolist()
        return [
            (says, [(asked, [row[2:] for row in own]) for asked, own in itertools.groupby(group, key=lambda row: row[1])])
            for says, group in itertools.groupby(rows, key=lambda row: row[0])
        ]


def beside_follow_up(run: RunTables) -> BesideFollowUp | None:
    """The sentences of the follow-up beside a run in its convention; None for a run in the space of the embeddings.

    Args:
        run: its tables and facts.
    """
    if run.facts.get("convention") != "csl2020":
        return None
    tables = {name: getattr(run, name) for name in TABLES}
    rules = [str(rule) for rule in run.facts.get("tag_rules") or ()]
    checked = {state: check_follow_up(tables, state=state, rules=rules) for state in run.states}
    frame = pd.concat([_shown(found).assign(state=state) for state, found in checked.items()], ignore_index=True)
    rows = frame[["state", *(name for name in frame if name != "state")]]
    return BesideFollowUp({state: _says(found) for state, found in checked.items()}, rows, follow_up().citation)


def _shown(checked: pd.DataFrame) -> pd.DataFrame:
    seen_as = [f"{row.seen_as} ({RULES.get(row.rule, row.rule)})" if row.rule else row.seen_as for row in checked.itertuples()]
    columns = {"the follow-up says": checked["says"], "asked here": checked["asks"], "seen as": seen_as, "here": checked["verdict"],
               "why": checked["evidence"]}  # fmt: skip
    return pd.DataFrame(columns, dtype=object)


def _says(checked: pd.DataFrame) -> list[str]:
    counts = checked["verdict"].value_counts()
    answered = int(counts.drop("not checked", errors="ignore").sum())
    answers = {"holds": ("holds", "hold"), "does not hold": ("does not", "do not"), "undecided": ("is undecided", "are undecided")}
    parts = [
        f"{counts[verdict]} {one if counts[verdict] == 1 else several}"
        for verdict, (one, several) in answers.items()
        if verdict in counts
    ]
    said = (
        [f"Of {answered} answers about this model, {' and '.join(filter(None, [', '.join(parts[:-1]), parts[-1]]))}."]
        if parts
        else []
    )
    return [
        "The sentences are those of the 2020 follow-up; how each is asked is this page’s reading.",
        "Sensitivity says how far the state moves by a push of one standard deviation of the embeddings, by the mean gradient or "
        "the root mean square; effect how far it moves when the word is replaced: by another word in curves, by the mean "
        "embedding for words and classes.",
        *said,
        "An answer is by 95 % intervals, each for itself, over blocks of the text or over words. It leaves the variation of "
        "training out, and says nothing for or against the follow-up’s own models.",
    ]
