r"""The columns of CoNLL-2000: a `word TAG CHUNK` line per word, a blank line between sentences, `\/` for a slash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stategrad.corpus.documents import Document, Sentence, Token
from stategrad.corpus.readers.escapes import unescaped
from stategrad.errors import InvalidInputError


def read(lines: Iterable[str], name: str, where: str) -> Iterator[Document]:
    """One document; the chunks are not used.

    Args:
        lines: of the file.
        name: of the document.
        where: the file, for errors, which come while the sentences are read.
    """
    yield Document(name, _sentences(lines, where))


def _sentences(lines: Iterable[str], where: str) -> Iterator[Sentence]:
    sentence: list[Token] = []
    for number, line in enumerate(lines, start=1):
        columns = line.split()
        if len(columns) == 3:
            sentence.append((unescaped(columns[0]), columns[1]))
        elif columns:
            raise InvalidInputError(f"{where}, line {number}: '{line.strip()}' is not word TAG CHUNK; give three columns.")
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence
