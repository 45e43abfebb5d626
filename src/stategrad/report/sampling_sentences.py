"""What the page says about the two parts of an interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd


def on_sampling(sampling: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """How wide the intervals of `σ_1` are, and how wide they would be if all positions of the text were used.

    Args:
        sampling: the rows of one state; none where all positions are used.
        facts: of the run.
    """
    positions, population = facts.get("positions"), facts.get("population")
    if not isinstance(positions, int) or not isinstance(population, int):
        return []
    if positions >= population:
        return ["All positions of the text are used: its intervals are what only more text would narrow."]
    known = sampling[sampling["text"].notna() & (sampling["sigma_1"] > 0)]
    if known.empty:
        return []
    parts = [
        f"± {_percent(row.half_width / row.sigma_1)} at delay {int(row.delay)} and would be ± {_percent(row.text / row.sigma_1)}"
        for row in known.itertuples()
    ]
    return [
        f"Of σ₁ the interval is {parts[0]} if all {population:,} positions were used and not {positions:,} of them"
        + "".join(f"; it is {part}" for part in parts[1:])
        + ". What is left only more text would narrow."
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
