"""CSR LM-1 text: sentences between `<s …>` and `</s>`, in paragraphs `<p …>`, in articles `<art …>`.

A sentence may go over several lines, and several may stand in one. Words outside of all sentences are one sentence per line: a file
without any marks is plain text. In an article they must stand in a paragraph, or between `<text>` and `</text>`: its number,
date and headline before these are left out.

Source: Linguistic Data Consortium, CSR-III Text (LM-1), https://catalog.ldc.upenn.edu/LDC95T6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from stategrad.corpus.documents import Document, Sentence
from stategrad.errors import InvalidInputError

_MARK = re.compile(r"<(?P<end>/?)(?P<name>s|p|art|doc|text)(?=[\s.>=_-])[^<>]*>", re.IGNORECASE)


def sentences(lines: Iterable[str], where: str) -> Iterator[tuple[bool, list[str]]]:
    """The sentences of a file, read line by line: whether an article begins before it, and its words.

    Args:
        lines: of the file.
        where: the file, for errors.

    Raises:
        InvalidInputError: a sentence that begins within another, or does not end; articles without any sentence.

    >>> list(sentences(["<art.870324-0002>", "<p.1>", "<s.1>", "A B", "C </s> <s> D </s>", "</p>", "</art>"], "a file"))
    [(True, ['A', 'B', 'C']), (False, ['D'])]
    """
    words: list[str] = []
    is_open, is_new, begun = False, False, 0
    in_article, in_body, found = False, False, False
    for number, line in enumerate(lines, start=1):
        at = 0
        for mark in _MARK.finditer(line):
            words += line[at : mark.start()].split()
            at = mark.end()
            name, is_end = mark["name"].lower(), bool(mark["end"])
            if name == "s" and not is_end and is_open:
                raise InvalidInputError(
                    f"line {number} of {where} begins a sentence within that of line {begun}; expected </s> before it."
                )
            if is_open and name != "s":
                raise InvalidInputError(
                    f"line {number} of {where} has {mark[0]} within the sentence of line {begun}; expected </s> before it."
                )
            if words and (is_open or in_body or not in_article):
                yield is_new, words
                is_new, found = False, True
            words = []
            if name == "s":
                is_open, begun = not is_end, number
            elif name in ("art", "doc"):
                is_new, in_article, in_body = True, not is_end, False
            else:
                in_body = not is_end
        words += line[at:].split()
        if not is_open:
            if words and (in_body or not in_article):
                yield is_new, words
                is_new, found = False, True
            words = []
    if is_new and not found:
        raise InvalidInputError(f"{where} has articles and no sentences in them; expected <s> … </s>, or words in <p> … </p>.")
    if is_open:
        raise InvalidInputError(f"{where} ends within the sentence of line {begun}; get the whole file.")


def read(lines: Iterable[str], name: str, where: str) -> Iterator[Document]:
    """A document per article, or one for a file without articles, each held in memory; no word has a tag.

    Args:
        lines: of the file.
        name: of the file; articles are numbered behind it.
        where: the file, for errors.
    """
    held: list[Sentence] = []
    number = 0
    for is_new, words in sentences(lines, where):
        if is_new and held:
            yield Document(f"{name}-{number}", held)
            held = []
        number += is_new
        held.append([(word, None) for word in words])
    if held:
        yield Document(f"{name}-{number}" if number else name, held)
