"""Properties that the settings name, drawn as the paper's two are, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stategrad.report.sentences import on_tracking

TOGETHER = 2
"""Properties in one figure; with more, their bands hide each other."""

FEW = 10
"""With fewer word types on a side a direction may be that of these words."""


def shared_out(names: Sequence[str], facts: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The properties of the paper, and those that the settings name, two by two.

    Args:
        names: of all properties that were tracked, in the order of the table.
        facts: of the run.
    """
    own = [name for name in names if _sides(name, facts)]
    paper = [name for name in names if name not in own]
    return paper, [own[first : first + TOGETHER] for first in range(0, len(own), TOGETHER)]


def on_own(tracking: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """What each property is made of, how well it is remembered, and what permuted labels would show.

    Args:
        tracking: the rows of one state, convention and figure.
        facts: of the run.
    """
    said = []
    for name, part in tracking.groupby("property", sort=False):
        known = (facts.get("properties") or {}).get(name) or {}
        types, sides = known.get("types"), _sides(str(name), facts)
        if sides and types:
            said.append(
                f"The property {name} is the mean embedding of {sides[0]} ({_counted(types[0])}) less that of {sides[1]} "
                f"({_counted(types[1])})."
            )
        if types and min(types) < FEW:
            said.append(f"So few words define a direction that may be their own: {_halves(known.get('reliability'))}.")
        if "relative_memory_null_high" not in part or part["relative_memory_null_high"].isna().all():
            said.append(
                f"The labels of {name} cannot be permuted, since no decile of frequency holds words of both sides: hold it against "
                "random directions instead (columns isotropic of the data)."
            )
    return said + on_tracking(tracking, {})


def _sides(name: str, facts: Mapping[str, Any]) -> list[str] | None:
    sides: list[str] | None = ((facts.get("properties") or {}).get(name) or {}).get("sides")
    return sides


def _counted(types: int) -> str:
    return f"{types:,} word type{'s' * (types != 1)}"


def _halves(reliability: float | None) -> str:
    if reliability is None:
        return "it cannot be told from one word whether others would give the same"
    return f"the directions of two random halves of them have a cosine of {f'{reliability:.2f}'.replace('-', '−')} on average"
