"""What every reader yields: documents of sentences of tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stategrad.corpus.tags import TagSet, knows, normalise

Token = tuple[str, str | None]
"""A word and its tag, None where the text has none."""

Sentence = Sequence[Token]


@dataclass(frozen=True)
class Document:
    """One text of a corpus.

    Attributes:
        name: such as `"ca01"`.
        sentences: each a sequence of (word, tag); from a reader they come lazily and can be read once.
        genre: such as `"news"`, where it is known.
    """

    name: str
    sentences: Iterable[Sentence]
    genre: str | None = None


def prepare(documents: Iterable[Document], tag_set: TagSet | None, word: Callable[[str], str] = str.lower) -> list[Document]:
    """Documents held in memory, with normalised words and tags; equal tokens share one object.

    A token with two tags keeps both, joined as `"VBG|NN"`. A tag that `tag_set` does not know becomes None.
    """
    shared = _Prepared(tag_set, word)
    return [
        Document(
            document.name,
            tuple(tuple([shared[token] for token in sentence]) for sentence in document.sentences),
            document.genre,
        )
        for document in documents
    ]


class _Prepared(dict[Token, Token]):
    """The prepared form of every token seen so far; most tokens of a text are such."""

    def __init__(self, tag_set: TagSet | None, word: Callable[[str], str]) -> None:
        super().__init__()
        self.tag_set = tag_set
        self.word = word

    def __missing__(self, raw: Token) -> Token:
        word, tag = raw
        tags: tuple[str, ...] = ()
        if tag is not None and self.tag_set is not None and knows(tag, self.tag_set):
            tags = normalise(tag, self.tag_set)
        self[raw] = (self.word(word), "|".join(tags) or None)
        return self[raw]


def count_tokens(documents: Iterable[Document]) -> Counter[Token]:
    """How often each (word, tag) occurs."""
    counts: Counter[Token] = Counter()
    for document in documents:
        for sentence in document.sentences:
            counts.update(sentence)
    return counts
