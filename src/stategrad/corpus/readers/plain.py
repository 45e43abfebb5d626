"""Plain text: a sentence per line, words between white space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stategrad.corpus.documents import Document, Sentence


def read(lines: Iterable[str], name: str, where: str) -> Iterator[Document]:
    """One document whose sentences are the lines that are not blank; no word has a tag.

    Args:
        lines: of the file.
        name: of the document.
        where: the file, for errors.
    """
    yield Document(name, _sentences(lines))


def _sentences(lines: Iterable[str]) -> Iterator[Sentence]:
    for line in lines:
        if words := line.split():
            yield [(word, None) for word in words]
