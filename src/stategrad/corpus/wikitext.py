"""WikiText (Merity et al. 2017): articles of Wikipedia, word by word, rare words as `<unk>` already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from stategrad.corpus.documents import Document, Sentence, prepare
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.readers.files import Readable, lines, open_path, text_files
from stategrad.corpus.splits import PARTS, Splits, choose_vocabulary, count_words, encode_splits
from stategrad.corpus.tag_files import read_lexicon
from stategrad.errors import MissingInputError

_TITLE = re.compile(r"= ([^=].*[^=]|[^=]) =")


def load_wikitext(path: str | Path, tags: Sequence[str | Path] = (), vocabulary_size: int = 10_000) -> Splits:
    """Read `wiki.train.tokens`, `wiki.valid.tokens` and `wiki.test.tokens`, words as they stand there, case and all.

    A line is a paragraph or a heading (`= Title =`, `= = Section = =`), both text to the model as usual, with `<eos>` at its end;
    blank lines are dropped. An article, from its title to the next, is a stream, in which state and gradients flow freely.

    Args:
        path: a folder or zip archive that holds the three files, at any depth.
        tags: tagged files, folders or zip archives; without any the text has no word classes.
        vocabulary_size: the most frequent words that are kept. WikiText-2 has 33,278 with `<eos>`, WikiText-103 267,735.

    Returns:
        The splits; facts hold the number of articles to train on.

    Raises:
        MissingInputError: no such folder, or not all of the three files in it.
        InvalidInputError: files that are empty, not text, or tagged files that do not fit the text.
    """
    files = {file.name: file for file in text_files(open_path(path))}
    missing = [f"wiki.{part}.tokens" for part in PARTS if f"wiki.{part}.tokens" not in files]
    if missing:
        raise MissingInputError(f"{path} holds no {' and no '.join(missing)}; give the folder or zip of WikiText's wiki.*.tokens.")
    parts = {part: _read(files[f"wiki.{part}.tokens"], part) for part in PARTS}
    lexicon: Lexicon | None = None
    facts: dict[str, Any] = {}
    if tags:
        lexicon, facts = read_lexicon(tags, choose_vocabulary(count_words(parts["train"]), vocabulary_size), str)
    return encode_splits(
        "wikitext",
        parts,
        vocabulary_size=vocabulary_size,
        lexicon=lexicon,
        tag_set=None if lexicon is None else lexicon.tag_set,
        is_gold=False,
        facts={"articles": len(parts["train"])} | facts,
    )


def _read(file: Readable, part: str) -> list[Document]:
    return prepare(_articles(lines(file), part), None, word=str)


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
