"""Words as language-modelling texts write them."""

from __future__ import annotations

import re

NUMBER = "N"
"""The word that stands for all numbers in Mikolov's Penn Treebank text."""

_NUMBER = re.compile(r"[-+]?(?:\d+|\d*[.,:/]\d+)(?:[.,:/-]\d+)*\.?")


def mikolov(word: str) -> str:
    r"""A word of the Penn Treebank as Mikolov's `ptb.*.txt` write it: in lower case, a number as `N`, slash and star escaped.

    Words with digits among letters stay (`1980s`, `10-year`). His text also has `N` for the percent sign, and no punctuation; here
    `%` and punctuation stay as they are and match nothing in his text, so that `N` has the tags of numbers alone.

    >>> [mikolov(word) for word in ("Vinken", "1,000", "1/2", "1980s", "1/2-year")]
    ['vinken', 'N', 'N', '1980s', '1\\/2-year']
    """
    return NUMBER if _NUMBER.fullmatch(word) else word.lower().replace("/", "\\/").replace("*", "\\*")
