"""Tagged files beside a text: what they say of its word types, and of how many."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stategrad.corpus.documents import Document, Token, count_tokens, prepare
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.normalisation_rules import NUMBER
from stategrad.corpus.readers.tagged import TaggedText, read_tagged
from stategrad.corpus.tags import TagSet, classes_of, detect_tag_set, foreign_tags, knows, listed
from stategrad.corpus.vocabulary import END, UNKNOWN, Vocabulary
from stategrad.errors import InvalidInputError

_LEAST_COVERAGE = 0.01
_LEAST_OVERLAP = 0.05
_MOST_LISTED = 20
_NO_WORDS = (UNKNOWN, END, NUMBER)


@dataclass(frozen=True)
class TaggedDocuments:
    """Gold-tagged documents in memory.

    Attributes:
        documents: prepared, with words as asked for and normal tags.
        files: for each document the name of its file.
        tag_set: of the tags.
        facts: the format, how many files, and which tags the tag set does not know.
    """

    documents: tuple[Document, ...]
    files: tuple[str, ...]
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
    held = [
        (file.name, dataclasses.replace(document, sentences=tuple(document.sentences)))
        for file in text.files
        for document in text.documents_of(file)
    ]
    names, documents = [name for name, _ in held], [document for _, document in held]
    tokens = count_tokens(documents)
    tag_set, foreign = _tag_set_of(text, tokens)
    untagged = sum(number for (_, tag), number in tokens.items() if tag is None)
    facts = _about(text) | {"files": len(text.files)} | ({"untagged_words": untagged} if untagged else {}) | _about_foreign(foreign)
    facts |= _about_number({tag for _, tag in tokens}, tag_set)
    return TaggedDocuments(tuple(prepare(documents, tag_set, word)), tuple(names), tag_set, facts)


def read_lexicon(
    paths: Sequence[str | Path], vocabulary: Vocabulary, word: Callable[[str], str | None], counts: Mapping[str, int] | None = None
) -> tuple[Lexicon, dict[str, Any]]:
    """The tags of word types from any number of tagged files, which are read one document at a time.

    Args:
        paths: files, folders or zip archives; one text in several formats is counted once.
        vocabulary: the words of the text that the tags are for.
        word: turns a word of the files into one of the text; None leaves it out.
        counts: how often each word occurs in the text; default: all alike.

    Returns:
        The lexicon, and the facts about it.

    Raises:
        MissingInputError: nothing there.
        InvalidInputError: no paths, files of no format, tags of no set or of different sets, a file that holds fewer than 5 %
            of the text's words with letters, repetitions counted (numbers and punctuation are the same in many languages), or files
            that hold fewer than 1 % of its word types.
    """
    if not paths:
        raise InvalidInputError("there are no tagged files to read; give at least one.")
    words = counts or dict.fromkeys(vocabulary.words, 1)
    lettered = {word: words.get(word, 0) for word in vocabulary.words if word not in _NO_WORDS and any(map(str.isalpha, word))}
    lexicons: list[Lexicon] = []
    names, foreign = [], Counter[str]()
    for path in paths:
        text = read_tagged(path)
        tokens = count_tokens(text.documents())
        tag_set, foreign_here = _tag_set_of(text, tokens)
        if lexicons and tag_set != lexicons[0].tag_set:
            raise InvalidInputError(
                f"{path} is tagged in tag set {tag_set} and {paths[0]} in {lexicons[0].tag_set}; give files of one tag set."
            )
        lexicon = Lexicon.from_tokens(tokens, tag_set, word)
        _check_overlap(path, lexicon, lettered)
        lexicons.append(lexicon)
        names.append(f"{Path(path).name} ({_described(text)}; {lexicon.coverage(vocabulary):.1%} of the word types)")
        foreign.update(foreign_here)
    lexicon = lexicons[0].merge(*lexicons[1:])
    coverage = lexicon.coverage(vocabulary)
    if coverage < _LEAST_COVERAGE:
        raise InvalidInputError(
            f"the {len(lexicon.counts):,} word types of {', '.join(map(str, paths))} hold {coverage:.1%} of the "
            f"{len(vocabulary):,} words of the text; give more tagged text."
        )
    facts = {"tag_files": ", ".join(names), **_about_foreign(foreign)}
    return lexicon, facts | _about_number({tag for tags in lexicon.counts.values() for tag in tags}, lexicon.tag_set)


def _check_overlap(path: str | Path, lexicon: Lexicon, words: Mapping[str, int]) -> None:
    """Refuse tagged text whose words are not those of the text."""
    shared = [word for word in words if lexicon.has(word)]
    overlap = sum(words[word] for word in shared) / max(sum(words.values()), 1)
    if words and overlap < _LEAST_OVERLAP:
        raise InvalidInputError(
            f"the words of {path} are not those of the text: its {len(lexicon.counts):,} word types hold {len(shared):,} of the "
            f"{len(words):,} words with letters of the text, {overlap:.1%} of them with repetitions; give tagged text in the "
            "language and spelling of the text."
        )


def _about(text: TaggedText) -> dict[str, str | int]:
    """What is to be said of a text's files: their format, the column of the tags unless it is UPOS, and that some are not read."""
    facts: dict[str, str | int] = {"format": text.format}
    if text.column == "XPOS":
        facts["tag_column"] = "XPOS, since no word has a UPOS"
    if text.left_out:
        facts["files_left_out"] = f"{text.left_out:,} file{'s' * (text.left_out != 1)} of other formats"
    return facts


def _described(text: TaggedText) -> str:
    """What `_about` says in a few words, the format first."""
    about = _about(text)
    others = [f"{name.replace('_', ' ')}: {value}" for name, value in about.items() if name != "format"]
    return "; ".join([str(about["format"]), *others])


def _about_number(tags: Iterable[str | None], tag_set: TagSet) -> dict[str, str]:
    """That singular and plural nouns are not told apart, where there are nouns and none is said to be either."""
    classes = frozenset[str]().union(*(classes_of(tag, tag_set) for tag in tags if tag is not None and knows(tag, tag_set)))
    if "nouns" not in classes or classes & {"singular nouns", "plural nouns"}:
        return {}
    return {"number_of_nouns": "not told: no noun has a feature Number"}


def _about_foreign(foreign: Mapping[str, int]) -> dict[str, str | int]:
    """How many tokens have tags that the tag set does not know, and which these are."""
    total: dict[str, str | int] = {"foreign_tags": sum(foreign.values())}
    return total | {"which_foreign_tags": listed(foreign, _MOST_LISTED)} if foreign else total


def _tag_set_of(text: TaggedText, tokens: Mapping[Token, int]) -> tuple[TagSet, dict[str, int]]:
    """The tag set, and how many tokens have each tag that it does not know."""
    tags: Counter[str] = Counter()
    for (_, tag), number in tokens.items():
        if tag is not None:
            tags[tag] += number
    if not tags:
        raise InvalidInputError(f"{text.path} is read as {text.format} and has no tag on any word; give tagged text.")
    tag_set = detect_tag_set(tags, text.path)
    return tag_set, foreign_tags(tags, tag_set)
