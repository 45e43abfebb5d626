r"""The Penn Treebank's tagged files, `.pos`: `[ the/DT cat/NN ]`, chunks in brackets, `\/` for a slash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stategrad.corpus.documents import Document, Sentence, Token
from stategrad.corpus.readers.joined import split_tokens

NOTICE = "*x*"
"""How lines begin that are no text."""

_CLOSERS = frozenset(("''", "'", ")", "-RRB-"))


def read(lines: Iterable[str], name: str, where: str) -> Iterator[Document]:
    """One document of a `.pos` file.

    The files break lines anywhere, and leave blank lines inside sentences too. A sentence therefore ends at a blank line only
    after a token tagged `.`, closing quotes and brackets included, and always at a line of `=`. Lines that begin with `*x*`, the
    treebank's notice of copyright, are left out.

    Args:
        lines: of the file.
        name: of the document.
        where: the file, for errors.
    """
    yield Document(name, _sentences(lines, where))


def _sentences(lines: Iterable[str], where: str) -> Iterator[Sentence]:
    sentence: list[Token] = []
    is_complete = False  # so far as known: a closing quote may follow below the blank line
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text.startswith("===="):
            if sentence:
                yield sentence
            sentence, is_complete = [], False
            continue
        if text.startswith(NOTICE):
            continue
        if not text:
            is_complete = is_complete or _ends(sentence)
            continue
        tokens = [token for token in text.split() if token not in ("[", "]")]
        for token in split_tokens(tokens, "/", f"{where}, line {number}"):
            if is_complete and token[1] not in _CLOSERS:
                yield sentence
                sentence, is_complete = [], False
            sentence.append(token)
    if sentence:
        yield sentence


def _ends(sentence: Sentence) -> bool:
    for _, tag in reversed(sentence):
        if tag not in _CLOSERS:
            return tag == "."
    return False
