"""What the page says of embeddings that were there before the model was trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FILLED = {"mean": "the mean of all others", "initial": "random initial weights"}


def on_embeddings(facts: Mapping[str, Any]) -> list[str]:
    """Where the vectors come from, and which words had none; nothing for embeddings trained with the model.

    Args:
        facts: of the run.

    >>> on_embeddings({"embeddings": "pre-trained", "embeddings_source": "v.bin", "embeddings_missing": 0})
    ['The embeddings are pre-trained (v.bin) and stayed as they were while the model was trained.',
     'Every word has a vector of its own.']
    """
    kind, source = facts.get("embeddings"), facts.get("embeddings_source")
    if kind in (None, "joint"):
        return []
    named = f" ({source})" if source else ""
    after = "stayed as they were while the model was trained" if kind == "pre-trained" else "were trained further with the model"
    said = [f"The embeddings are pre-trained{named} and {after}."]
    missing = facts.get("embeddings_missing")
    if missing is None:
        return said
    return [*said, _on_missing(missing, facts) if missing else "Every word has a vector of its own."]


def _on_missing(missing: int, facts: Mapping[str, Any]) -> str:
    words, share = list(facts.get("embeddings_missing_words") or []), facts.get("embeddings_missing_share")
    of_text = "" if share is None else f", {_percent(share)} of the training text,"
    filled = FILLED.get(str(facts.get("embeddings_filled")), "another vector")
    listed = ", ".join(f"“{word}”" for word in words)
    rest = f" and {missing - len(words):,} more (measures/missing_words.csv)" if missing > len(words) else ""
    place = f"{missing:,} words{of_text} had none and got" if missing > 1 else f"One word{of_text} had none and got"
    return f"{place} {filled}: {listed}{rest}."


def _percent(share: float) -> str:
    return "under 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"
