"""Words and tags joined by a character, `word/TAG` or `word_TAG`: a sentence per line, or a word per line.

Where each of the first lines holds one word, lines are words, and a blank line ends a sentence.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from stategrad.corpus.documents import Document, Sentence, Token
from stategrad.corpus.readers.breaks import check_length
from stategrad.corpus.readers.escapes import unescaped
from stategrad.errors import InvalidInputError

_SAMPLE_LINES = 50


def read_slashed(lines: Iterable[str], name: str, where: str) -> Iterator[Document]:
    """One document from lines of `word/TAG`.

    Args:
        lines: of the file.
        name: of the document.
        where: the file, for errors.
    """
    yield Document(name, _sentences(lines, "/", where))


def read_underscored(lines: Iterable[str], name: str, where: str) -> Iterator[Document]:
    """One document from lines of `word_TAG`.

    Args:
        lines: of the file.
        name: of the document.
        where: the file, for errors.
    """
    yield Document(name, _sentences(lines, "_", where))


def split_tokens(tokens: Iterable[str], separator: str, where: str) -> list[Token]:
    r"""The word and tag of every token, split at its last separator; `\/` in a word is a slash, `\*` a star.

    Raises:
        InvalidInputError: a token without separator, word or tag.
    """
    split = [token.rpartition(separator) for token in tokens]
    for word, found, tag in split:
        if not word or not tag:
            raise InvalidInputError(f"{where}: '{word}{found}{tag}' is not word{separator}TAG; tag every word.")
    return [(unescaped(word), tag) for word, _, tag in split]


def _sentences(lines: Iterable[str], separator: str, where: str) -> Iterator[Sentence]:
    numbered = enumerate(lines, start=1)
    first = list(itertools.islice(numbered, _SAMPLE_LINES))
    has_word_lines = {len(line.split()) for _, line in first} <= {0, 1}
    sentence: list[Token] = []
    for number, line in itertools.chain(first, numbered):
        tokens = split_tokens(line.split(), separator, f"{where}, line {number}")
        if tokens and has_word_lines:
            sentence += tokens
            check_length(sentence, where, number)
        elif tokens or sentence:
            yield tokens or sentence
            sentence = []
    if sentence:
        yield sentence
