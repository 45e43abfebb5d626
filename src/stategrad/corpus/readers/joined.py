"""Words and tags joined by a character, `word/TAG` or `word_TAG`: a sentence per line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stategrad.corpus.documents import Document, Sentence, Token
from stategrad.corpus.readers.escapes import unescaped
from stategrad.errors import InvalidInputError


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
    for number, line in enumerate(lines, start=1):
        if tokens := line.split():
            yield split_tokens(tokens, separator, f"{where}, line {number}")
