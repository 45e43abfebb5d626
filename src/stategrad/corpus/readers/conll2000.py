"""Words in columns, as in CoNLL-2000: a `word TAG CHUNK` line per word, a blank line between sentences.

The columns after the second are not used, whatever their number: `word TAG` alone, and CoNLL-2003's `word TAG CHUNK ENTITY`, whose
`-DOCSTART-` lines begin a document, are read too. Where lines hold tabs, columns lie between these, else between white space.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from stategrad.corpus.documents import Document, Sentence, Token
from stategrad.corpus.readers.breaks import check_length
from stategrad.corpus.readers.escapes import unescaped
from stategrad.errors import InvalidInputError

_NEW_DOCUMENT = "-DOCSTART-"


def read(lines: Iterable[str], name: str, where: str) -> Iterator[Document]:
    """The documents of a file: one per `-DOCSTART-`, or one in all. Read each before the next is asked for.

    Args:
        lines: of the file.
        name: of the document; several are numbered behind it.
        where: the file, for errors, which come while the sentences are read.
    """
    for document, group in itertools.groupby(_sentences(lines, where), key=lambda item: item[0]):
        yield Document(f"{name}-{document}" if document else name, (sentence for _, sentence in group))


def columns(line: str) -> list[str]:
    r"""The columns of a line.

    >>> columns("New York\tNNP"), columns("the DT B-NP")
    (['New York', 'NNP'], ['the', 'DT', 'B-NP'])
    """
    return [column.strip() for column in line.rstrip().split("\t")] if "\t" in line.rstrip() else line.split()


def begins_document(line: str) -> bool:
    """Whether a line stands between documents and holds no word."""
    return line.startswith(_NEW_DOCUMENT)


def _sentences(lines: Iterable[str], where: str) -> Iterator[tuple[int, Sentence]]:
    """Sentences, each with the number of its document, 0 before the first mark."""
    document, width = 0, 0
    sentence: list[Token] = []
    for number, line in enumerate(lines, start=1):
        row = [] if begins_document(line) else columns(line)
        if row:
            width = width or len(row)
            if len(row) != width or width < 2 or not row[0] or not row[1]:
                expected = (
                    f"{width} columns, as the lines before it" if width > 1 else "word TAG, and what else is known of the word"
                )
                raise InvalidInputError(
                    f"{where}, line {number}: '{line.strip()}' does not have {expected}; give columns on every line."
                )
            sentence.append((unescaped("_".join(row[0].split())), row[1]))
            check_length(sentence, where, number)
        elif sentence:
            yield document, sentence
            sentence = []
        document += begins_document(line)
    if sentence:
        yield document, sentence
