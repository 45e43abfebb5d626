"""The rules by which texts are written alike, each a function of a sentence.

A rule takes the tokens of a sentence and gives those that stand in their place. A token that it leaves alone keeps its tag, and so
does one that is only spelt otherwise. The parts of a split word and a number put together from several words have no tag: nobody
tagged them. `<unk>` and the number word `N` are left alone by every rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from stategrad.corpus.documents import Token
from stategrad.corpus.vocabulary import UNKNOWN

NUMBER = "N"
"""The word that stands for all numbers in Mikolov's Penn Treebank text."""

Rule = Callable[[Sequence[Token]], list[Token]]

_NUMBER = re.compile(r"[-+]?(?:\d+|\d*[.,:/]\d+)(?:[.,:/-]\d+)*\.?")
_MARKS = ". , : ; ? ! ... -- - ` `` '' \" ( ) [ ] { } -LRB- -RRB- -LCB- -RCB- -LSB- -RSB- -lrb- -rrb- -lcb- -rcb-"
_TEN_AND_MORE = (
    "zero oh ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty "
    "seventy eighty ninety"
)
_PUNCTUATION = frozenset(_MARKS.split())
_QUOTES = frozenset({("'", "''"), ("'", "``")})
_ONES = frozenset({"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"})
_TENS = frozenset(_TEN_AND_MORE.split())
_SPELLED = _ONES | _TENS | {"point", "hundred", "thousand", "and"}


def is_number(word: str) -> bool:
    r"""Whether a word is written in digits alone, with signs, points, commas, colons, dashes or slashes between them.

    >>> [is_number(word) for word in ("1,000", "1/2", r"1\/2", "1980s", "N")]
    [True, True, True, False, False]
    """
    return _NUMBER.fullmatch(word.replace("\\", "")) is not None


def punctuation(tokens: Sequence[Token]) -> list[Token]:
    """Punctuation is left out, as in Mikolov's text; `$`, `#`, `%` and `&` stay, which are read aloud.

    A lone `'` is punctuation where its tag says that it closes a quotation, and stays where it marks a genitive.

    >>> punctuation([("no", "UH"), (",", ","), ("$", "$")])
    [('no', 'UH'), ('$', '$')]
    """
    return [token for token in tokens if token[0] not in _PUNCTUATION and token not in _QUOTES]


def hyphens(tokens: Sequence[Token]) -> list[Token]:
    """A word is split at its hyphens: `company-owned` is `company owned`, the paper's own example.

    >>> hyphens([("company-owned", "JJ"), ("shops", "NNS"), ("--", ":")])
    [('company', None), ('owned', None), ('shops', 'NNS'), ('--', ':')]
    """
    split: list[Token] = []
    for token in tokens:
        word = token[0]
        parts = (
            [part for part in word.split("-") if part] if "-" in word and word not in _PUNCTUATION and not is_number(word) else []
        )
        split += [(part, None) for part in parts] if len(parts) > 1 else [(parts[0], token[1])] if parts else [token]
    return split


def lower_case(tokens: Sequence[Token]) -> list[Token]:
    """A word is written in lower case.

    >>> lower_case([("The", "DT"), ("N", "CD"), ("<unk>", "NN")])
    [('the', 'DT'), ('N', 'CD'), ('<unk>', 'NN')]
    """
    return [token if token[0] in (NUMBER, UNKNOWN) else (token[0].lower(), token[1]) for token in tokens]


def numbers(tokens: Sequence[Token]) -> list[Token]:
    """A number in digits is `N`: 1,000, 3.5, 1/2 and 8:30, not 1980s.

    >>> numbers([("3.5", "CD"), ("1980s", "NNS")])
    [('N', 'CD'), ('1980s', 'NNS')]
    """
    return [(NUMBER, token[1]) if is_number(token[0]) else token for token in tokens]


def percent(tokens: Sequence[Token]) -> list[Token]:
    """The percent sign is `N`, as in Mikolov's text, where `5.5 %` is `N N`; it loses its tag, so that `N` has those of numbers.

    >>> percent([("5.5", "CD"), ("%", "NN")])
    [('5.5', 'CD'), ('N', None)]
    """
    return [(NUMBER, None) if token[0] == "%" else token for token in tokens]


def spelled_numbers(tokens: Sequence[Token]) -> list[Token]:
    """A number in words is one `N`, since a text with verbalised numbers has no digits: `twenty five point three` is `N`.

    A lone `one` … `nine` stays, which newspapers write out; `million` and more stay, as in Mikolov's `$ N million`.
    `and`, `point`, `hundred` and `thousand` belong to a number only between or after its words.

    >>> spelled_numbers([(word, None) for word in "one of TWENTY FIVE million and five hundred and six".split()])
    [('one', None), ('of', None), ('N', None), ('million', None), ('and', None), ('N', None)]
    """
    replaced: list[Token] = []
    start = 0
    while start < len(tokens):
        stop = _end_of_number(tokens, start)
        if stop - start > 1 or (stop > start and tokens[start][0].lower() in _TENS):
            replaced.append((NUMBER, tokens[start][1] if stop - start == 1 else None))
            start = stop
        else:
            replaced.append(tokens[start])
            start += 1
    return replaced


def _end_of_number(tokens: Sequence[Token], start: int) -> int:
    """Where the number that begins at `start` ends; `start` itself where none does."""
    if tokens[start][0].lower() not in _ONES | _TENS:
        return start
    stop = end = start
    while stop < len(tokens) and (word := tokens[stop][0].lower()) in _SPELLED:
        stop += 1
        if word not in ("and", "point"):
            end = stop
        elif word == "and" and tokens[stop - 2][0].lower() not in ("hundred", "thousand"):
            break
    return end


RULES: Mapping[str, Rule] = {
    "punctuation": punctuation,
    "hyphens": hyphens,
    "lower_case": lower_case,
    "spelled_numbers": spelled_numbers,
    "numbers": numbers,
    "percent": percent,
}
"""Every rule by its name, in the order in which they are applied."""

ON_RULES = {
    "punctuation": "punctuation left out",
    "hyphens": "words split at hyphens",
    "lower_case": "words put in lower case",
    "spelled_numbers": "words of spelled numbers put together as N",
    "numbers": "numbers written as N",
    "percent": "percent signs written as N",
}
"""What a rule does, in a few words that a count stands before."""
