"""CoNLL-U, the format of Universal Dependencies: ten columns between tabs, `# newdoc id = ...` where a document begins.

The tag of a word is its UPOS with its features, `NOUN|Number=Plur`; in texts where no word has a UPOS it is the XPOS. Words split
from one token (`1-2  don't`) are read as words; empty nodes (`1.1`) are left out. A first line `# global.columns = ID FORM …` names
other columns (CoNLL-U Plus).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from stategrad.corpus.documents import Document, Sentence, Token
from stategrad.errors import InvalidInputError

TagColumn = Literal["UPOS", "XPOS"]

_COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_NAMED_COLUMNS = re.compile(r"#\s*global\.columns\s*=(?P<names>.*)")
_NEW_DOCUMENT = re.compile(r"#\s*newdoc\b(?:\s+id\s*=\s*(?P<id>.+))?")


def read(lines: Iterable[str], name: str, where: str, column: TagColumn = "UPOS") -> Iterator[Document]:
    """The documents of a file: one per `# newdoc`, or one in all. Read each before the next is asked for.

    Args:
        lines: of the file.
        name: of the document where the file names none.
        where: the file, for errors, which come while the sentences are read.
        column: which holds the tags.
    """
    numbered = _sentences(lines, name, where, column)
    for (_, document), group in itertools.groupby(numbered, key=lambda item: item[0]):
        yield Document(document, (sentence for _, sentence in group))


def names_columns(line: str) -> bool:
    """Whether a line names the columns of a file of CoNLL-U Plus."""
    return _NAMED_COLUMNS.match(line) is not None


def tag_column(lines: Iterable[str], where: str) -> TagColumn | None:
    """The column that holds tags: UPOS if any word has one, else XPOS if any has one, else None.

    Args:
        lines: of a file, read up to the first word with a UPOS.
        where: the file, for errors.
    """
    found: TagColumn | None = None
    for row in _rows(lines, where):
        if isinstance(row, dict) and row["ID"].isdigit():
            if row["UPOS"] != "_":
                return "UPOS"
            found = "XPOS" if row["XPOS"] != "_" else found
    return found


def _sentences(lines: Iterable[str], name: str, where: str, column: TagColumn) -> Iterator[tuple[tuple[int, str], Sentence]]:
    """Sentences, each with the number and name of its document."""
    document = (0, name)
    sentence: list[Token] = []
    for row in _rows(lines, where):
        if isinstance(row, dict):
            if row["ID"].isdigit():
                tag = _universal(row["UPOS"], row["FEATS"]) if column == "UPOS" else row["XPOS"]
                sentence.append((row["FORM"].replace(" ", "_"), None if tag == "_" else tag))
        elif match := _NEW_DOCUMENT.match(row):
            document = (document[0] + 1, (match["id"] or f"{name}-{document[0] + 1}").strip())
        elif not row:
            if sentence:
                yield document, sentence
            sentence = []
    if sentence:
        yield document, sentence


def _rows(lines: Iterable[str], where: str) -> Iterator[dict[str, str] | str]:
    """A word's columns by name, or a line that holds no word, empty where it is blank."""
    names: Sequence[str] = _COLUMNS
    for number, line in enumerate(lines, start=1):
        if match := _NAMED_COLUMNS.match(line):
            names = match["names"].split()
            lacking = [name for name in ("ID", "FORM", "UPOS") if name not in names]
            if lacking:
                raise InvalidInputError(
                    f"{where}, line {number}: there is no column {' and no '.join(lacking)}; give ID, FORM and UPOS."
                )
        elif line.startswith("#") or not line.strip():
            yield line.strip()
        else:
            columns = line.split("\t")
            if len(columns) != len(names):
                raise InvalidInputError(
                    f"{where}, line {number}: {len(columns)} column{'s' * (len(columns) != 1)} where CoNLL-U has {len(names)}, "
                    "tabs between them."
                )
            yield dict.fromkeys(_COLUMNS, "_") | dict(zip(names, columns, strict=True))


def _universal(kind: str, features: str) -> str:
    return kind if "_" in (kind, features) else f"{kind}|{features}"
