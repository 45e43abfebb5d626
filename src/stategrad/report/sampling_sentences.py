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
    first, *others = (_part(row.half_width / row.sigma_1, row.text / row.sigma_1, int(row.delay)) for row in known.itertuples())
    return [
        f"With all {population:,} positions in place of {positions:,} the interval of σ₁ would narrow from {first}"
        + "".join(f", from {part}" for part in others)
        + "; what is left only more text would narrow."
    ]


def _part(half_width: float, text: float, delay: int) -> str:
    """Where sampling is nearly all of it, what is left cannot be told from nothing."""
    left = f"about ± {_percent(text)}" if text > 0.5 * half_width else f"less than ± {_percent(0.5 * half_width)}"
    return f"± {_percent(half_width)} to {left} at delay {delay}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
