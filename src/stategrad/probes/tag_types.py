"""Which tags the row `all` of Table 2 tells apart, and how many word types each has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pandas as pd

from stategrad.probes.rows import LEAST_TYPES, Pair, task


def tag_types(pairs: Sequence[Pair], most: Sequence[Pair] | None, classes: Callable[[str], frozenset[str]]) -> pd.DataFrame:
    """The tags of the row `all`, those of most word types first.

    Args:
        pairs: (word, tag), one per tag that a word can have.
        most: (word, tag), one per word, its most frequent tag; None where that is not known.
        classes: the word classes of a tag.

    Returns:
        Columns tag, types, types_most (words whose most frequent tag it is), stratified: whether it has enough word types to be
        split in like proportion into parts.
    """
    counts = Counter(task("all", pairs, classes).labels)
    first = None if most is None else Counter(task("all", most, classes).labels)
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return pd.DataFrame(
        {
            "tag": [tag for tag, _ in rows],
            "types": [number for _, number in rows],
            "types_most": [float("nan") if first is None else first[tag] for tag, _ in rows],
            "stratified": [number >= LEAST_TYPES for _, number in rows],
        }
    )
