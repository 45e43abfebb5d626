"""CoNLL-U, the format of Universal Dependencies: ten columns between tabs, `# newdoc id = ...` where a document begins.

The tag of a word is its UPOS with its features, `NOUN|Number=Plur`. Words split from one token (`1-2  don't`) are read as
words; empty nodes (`1.1`) are left out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from stategrad.corpus.documents import Document, Sentence, Token
from stategrad.errors import InvalidInputError

_NEW_DOCUMENT = re.compile(r"#\s*newdoc\b(?:\s+id\s*=\s*(?P<id>.+))?")


def read(lines: Iterable[str], name: str, where: str) -> Iterator[Document]:
    """The documents of a file: one per `# newdoc`, or one in all. Read each before the next is asked for.

    Args:
        lines: of the file.
        name: of the document where the file names none.
        where: the file, for errors, which come while the sentences are read.
    """
    numbered = _sentences(lines, name, where)
    for (_, document), group in itertools.groupby(numbered, key=lambda item: item[0]):
        yield Document(document, (sentence for _, sentence in group))


def _sentences(lines: Iterable[str], name: str, where: str) -> Iterator[tuple[tuple[int, str], Sentence]]:
    """Sentences, each with the number and name of its document."""
    document = (0, name)
    sentence: list[Token] = []
    for number, line in enumerate(lines, start=1):
        columns = line.split("\t")
        if match := _NEW_DOCUMENT.match(line):
            document = (document[0] + 1, (match["id"] or f"{name}-{document[0] + 1}").strip())
        elif not line.strip():
            if sentence:
                yield document, sentence
            sentence = []
        elif line.startswith("#"):
            continue
        elif len(columns) != 10:
            raise InvalidInputError(f"{where}, line {number}: {len(columns)} columns where CoNLL-U has 10, tabs between them.")
        elif columns[0].isdigit():
            sentence.append((columns[1].replace(" ", "_"), _tag(columns[3], columns[5])))
    if sentence:
        yield document, sentence


def _tag(kind: str, features: str) -> str | None:
    if kind == "_":
        return None
    return kind if features == "_" else f"{kind}|{features}"
