"""The backslashes of the Penn Treebank, which its files and texts taken from it have before slashes and stars."""

from __future__ import annotations


def unescaped(word: str) -> str:
    r"""A word without them.

    >>> unescaped(r"1\/2"), unescaped(r"\*\*"), unescaped("and/or")
    ('1/2', '**', 'and/or')
    """
    return word.replace("\\/", "/").replace("\\*", "*")
