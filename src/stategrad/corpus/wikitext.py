"""WikiText (Merity et al. 2017): articles of Wikipedia, word by word, rare words as `<unk>` already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stategrad.corpus.documents import Document, Sentence, prepare
from stategrad.corpus.normalisation import Normalisation, Normaliser
from stategrad.corpus.parts import part_files, splits_of
from stategrad.corpus.readers.files import lines
from stategrad.corpus.splits import Splits

_TITLE = re.compile(r"= ([^=].*[^=]|[^=]) =")


def load_wikitext(
    path: str | Path,
    tags: Sequence[str | Path] = (),
    vocabulary_size: int = 10_000,
    normalisation: Normalisation = "none",
    rules: Sequence[str] = (),
) -> Splits:
    """Read `wiki.train.tokens`, `wiki.valid.tokens` and `wiki.test.tokens`, words as they stand there, case and all.

    A line is a paragraph or a heading (`= Title =`, `= = Section = =`), both text to the model as usual, with `<eos>` at its end;
    blank lines are dropped. An article, from its title to the next, is a stream, in which state and gradients flow freely.

    Args:
        path: a folder or zip archive that holds the three files, at any depth.
        tags: tagged files, folders or zip archives; without any the text has no word classes.
        vocabulary_size: the most frequent words that are kept. WikiText-2 has 33,278 with `<eos>`, WikiText-103 267,735.
        normalisation: how words are written, further than they are.
        rules: those of the normalisation that are applied; none named: all.

    Returns:
        The splits; facts hold the number of articles to train on.

    Raises:
        MissingInputError: no such folder, or not all of the three files in it.
        InvalidInputError: files that are empty, not text, or tagged files that do not fit the text.
    """
    files = part_files(path, ["wiki.{}.tokens"], "the folder or zip of WikiText's wiki.*.tokens")
    normaliser = Normaliser(normalisation, rules)
    parts = {part: prepare(_articles(lines(file), part), None, word=str) for part, file in files.items()}
    facts = {"articles": len(parts["train"])}
    return splits_of("wikitext", parts, normaliser, vocabulary_size=vocabulary_size, tags=tags, facts=facts)


def _articles(text: Iterable[str], part: str) -> Iterator[Document]:
    """The articles, named by their titles; text before the first title is named after its part."""
    name, sentences = part, list[Sentence]()
    after_blank = True
    for line in text:
        words = line.split()
        # a paragraph may look like a title too, but only a title follows a blank line
        title = _TITLE.fullmatch(" ".join(words)) if after_blank else None
        if title is not None:
            if sentences:
                yield Document(name, sentences)
            name, sentences = title[1], []
        after_blank = not words
        if words:
            sentences.append([(word, None) for word in words])
    if sentences:
        yield Document(name, sentences)
