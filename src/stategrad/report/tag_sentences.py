"""Which tags make the classes of Table 2's first row."""

from __future__ import annotations

import pandas as pd

PAPER_TAGS = 34
"""Classes of the paper's row `all`. Source: Verwimp et al. 2018, table 2."""


def on_tags(tags: pd.DataFrame) -> list[str]:
    r"""How many tags there are beside the paper's, and which of them have too few word types to be split in like proportion.

    Args:
        tags: columns tag, types, stratified.

    >>> on_tags(pd.DataFrame({"tag": ["NN", "JJ", "EX"], "types": [20, 12, 1], "stratified": [True, True, False]}))[1]
    'With at least 10 word types: NN\xa020, JJ\xa012. With fewer, and not split in like proportion: EX\xa01.'
    """
    if tags.empty:
        return []
    enough = tags["stratified"].astype(bool)
    kept, rare = (", ".join(_listed(row.tag, row.types) for row in tags[mask].itertuples()) for mask in (enough, ~enough))
    number = len(tags)
    same = "The paper has as many, and does not list them." if number == PAPER_TAGS else (
        f"The paper has {PAPER_TAGS} and does not list them, so that this row and the paper's do not tell the same tags apart."
    )  # fmt: skip
    listed = f"With at least 10 word types: {kept or 'none'}." + (
        f" With fewer, and not split in like proportion: {rare}." if rare else ""
    )
    signs = sum(not _is_of_words(tag) for tag in tags["tag"])
    kinds = f" ({number - signs} of words, {signs} of signs alone)" if signs else ""
    return [f"The first row has {number} tags{kinds}, a word counting once for each tag that it can have. {same}", listed]


def _listed(tag: object, types: int) -> str:
    """A tag and its word types on one line; a tag of punctuation alone in quotation marks."""
    return f"{tag if _is_of_words(tag) else f'“{tag}”'}\u00a0{types:,}"


def _is_of_words(tag: object) -> bool:
    return any(letter.isalpha() for letter in str(tag))
