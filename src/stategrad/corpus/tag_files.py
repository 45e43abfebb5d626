"""Tagged files beside a text: what they say of its word types, and of how many."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stategrad.corpus.documents import Document, Token, count_tokens, prepare
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.readers.tagged import TaggedText, read_tagged
from stategrad.corpus.tags import TagSet, detect_tag_set, knows
from stategrad.corpus.vocabulary import Vocabulary
from stategrad.errors import InvalidInputError

_LEAST_COVERAGE = 0.01


@dataclass(frozen=True)
class TaggedDocuments:
    """Gold-tagged documents in memory.

    Attributes:
        documents: prepared, with words as asked for and normal tags.
        tag_set: of the tags.
        facts: the format, and how many tokens have a tag that the tag set does not know.
    """

    documents: tuple[Document, ...]
    tag_set: TagSet
    facts: Mapping[str, Any]


def read_documents(path: str | Path, word: Callable[[str], str] = str.lower) -> TaggedDocuments:
    """All documents of a file, folder or archive of tagged text.

    Args:
        path: of the file, folder or archive.
        word: how words are written.

    Raises:
        MissingInputError: nothing there.
        InvalidInputError: files of no format, tags of no tag set.
    """
    text = read_tagged(path)
    held = [dataclasses.replace(document, sentences=tuple(document.sentences)) for document in text.documents()]
    tag_set, foreign = _tag_set_of(text, count_tokens(held))
    return TaggedDocuments(tuple(prepare(held, tag_set, word)), tag_set, {"format": text.format, "foreign_tags": foreign})


def read_lexicon(
    paths: Sequence[str | Path], vocabulary: Vocabulary, word: Callable[[str], str | None]
) -> tuple[Lexicon, dict[str, Any]]:
    """The tags of word types from any number of tagged files, which are read one document at a time.

    Args:
        paths: files, folders or zip archives; one text in several formats is counted once.
        vocabulary: the words of the text that the tags are for.
        word: turns a word of the files into one of the text; None leaves it out.

    Returns:
        The lexicon, and the facts about it.

    Raises:
        MissingInputError: nothing there.
        InvalidInputError: no paths, files of no format, tags of no set or of different sets, files that hold fewer than 1 % of
            the text's words.
    """
    if not paths:
        raise InvalidInputError("there are no tagged files to read; give at least one.")
    lexicons: list[Lexicon] = []
    names, foreign = [], 0
    for path in paths:
        text = read_tagged(path)
        tokens = count_tokens(text.documents())
        tag_set, foreign_here = _tag_set_of(text, tokens)
        if lexicons and tag_set != lexicons[0].tag_set:
            raise InvalidInputError(
                f"{path} is tagged in tag set {tag_set} and {paths[0]} in {lexicons[0].tag_set}; give files of one tag set."
            )
        lexicon = Lexicon.from_tokens(tokens, tag_set, word)
        coverage = lexicon.coverage(vocabulary)
        if coverage < _LEAST_COVERAGE:
            raise InvalidInputError(
                f"the tagged words of {path} are not those of the text: its {len(lexicon.counts):,} word types hold "
                f"{coverage:.1%} of the {len(vocabulary):,} words of the text; give tagged text of the same language."
            )
        lexicons.append(lexicon)
        names.append(f"{Path(path).name} ({text.format})")
        foreign += foreign_here
    return lexicons[0].merge(*lexicons[1:]), {"tag_files": ", ".join(names), "foreign_tags": foreign}


def _tag_set_of(text: TaggedText, tokens: Mapping[Token, int]) -> tuple[TagSet, int]:
    """The tag set, and how many tokens have a tag that it does not know."""
    tags: Counter[str] = Counter()
    for (_, tag), number in tokens.items():
        if tag is not None:
            tags[tag] += number
    if not tags:
        raise InvalidInputError(f"{text.path} is read as {text.format} and has no tag on any word; give tagged text.")
    tag_set = detect_tag_set(tags, text.path)
    return tag_set, sum(number for tag, number in tags.items() if not knows(tag, tag_set))
