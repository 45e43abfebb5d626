"""Where sentences end in files with a word per line."""

from __future__ import annotations

from stategrad.corpus.documents import Sentence
from stategrad.errors import InvalidInputError

_LONGEST = 2_000


def check_length(sentence: Sentence, where: str, line: int) -> None:
    """Refuse a sentence that goes on and on: its file has a word per line and nothing that ends a sentence.

    Raises:
        InvalidInputError: a sentence of more than 2,000 words.
    """
    if len(sentence) > _LONGEST:
        raise InvalidInputError(
            f"{where} has a word per line and, up to line {line}, no blank line after {_LONGEST:,} words; "
            "put a blank line after each sentence."
        )
