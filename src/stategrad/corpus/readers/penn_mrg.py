"""The Penn Treebank's trees, `.mrg`: `(S (NP (DT the) (NN cat)) (VP (VBD sat)))`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from stategrad.corpus.documents import Document, Sentence, Token
from stategrad.corpus.readers.escapes import unescaped
from stategrad.corpus.readers.penn_pos import NOTICE
from stategrad.corpus.tags import NO_WORDS
from stategrad.errors import InvalidInputError

_PART = re.compile(r"[()]|[^\s()]+")
_BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LCB-": "{", "-RCB-": "}", "-LSB-": "[", "-RSB-": "]"}


def read(lines: Iterable[str], name: str, where: str) -> Iterator[Document]:
    r"""One document of a `.mrg` file: a sentence per tree, with `\/` and `-LRB-` unescaped.

    Traces (`-NONE-`), marks of disfluency (`-DFL-`) and the treebank's notice of copyright are left out.

    Args:
        lines: of the file.
        name: of the document.
        where: the file, for errors, which come while the sentences are read.
    """
    yield Document(name, _sentences(lines, where))


def _sentences(lines: Iterable[str], where: str) -> Iterator[Sentence]:
    depth, start = 0, 0
    sentence: list[Token] = []
    atoms: list[str] = []  # since the last bracket: two of them before a closing one are a leaf, (TAG word)
    for number, line in enumerate(lines, start=1):
        for part in _PART.findall("" if line.startswith(NOTICE) else line):
            if depth == 0 and part not in "()":
                raise InvalidInputError(
                    f"{where}, line {number}: '{line.strip()[:40]}' stands outside of all trees; give trees alone."
                )
            if part == "(":
                if len(atoms) > 1:
                    raise _not_a_leaf(atoms, where, number)
                start = start if depth else number
                depth, atoms = depth + 1, []
            elif part != ")":
                atoms.append(part)
            elif depth == 0:
                raise InvalidInputError(f"{where}, line {number}: a bracket closes that was never opened; give whole trees.")
            elif len(atoms) > 2:
                raise _not_a_leaf(atoms, where, number)
            else:
                if len(atoms) == 2 and atoms[0] not in NO_WORDS:
                    word = _BRACKETS.get(atoms[1], unescaped(atoms[1]))
                    sentence.append((word, atoms[0]))
                depth, atoms = depth - 1, []
                if depth == 0 and sentence:
                    yield sentence
                    sentence = []
    if depth:
        raise InvalidInputError(f"{where}: the tree that begins in line {start} is cut off; give whole trees.")


def _not_a_leaf(atoms: list[str], where: str, line: int) -> InvalidInputError:
    return InvalidInputError(f"{where}, line {line}: '({' '.join(atoms)}' is not (TAG word); give trees with a tag on every word.")
