"""From the files of a text's parts to its splits: what the texts have in common whose words are tagged by type, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.normalisation import Normaliser
from stategrad.corpus.partition import Parts
from stategrad.corpus.readers.files import Readable, open_path, text_files
from stategrad.corpus.readers.tagged import refuse_tagged
from stategrad.corpus.splits import PARTS, Splits, choose_vocabulary, count_words, encode_splits
from stategrad.corpus.tag_files import read_lexicon
from stategrad.errors import MissingInputError


def part_files(path: str | Path, patterns: Sequence[str], whose: str) -> dict[str, Readable]:
    """The file of each part, told by its name.

    Args:
        path: a folder or zip archive that holds the files, at any depth.
        patterns: of names, `{}` standing for `train`, `valid` or `test`; the first that there is counts.
        whose: what to give instead, for errors.

    Raises:
        MissingInputError: no such folder, or not all of the files in it.
        InvalidInputError: files that are tagged, empty or no text.
    """
    files = {file.name: file for file in text_files(open_path(path))}
    names = {part: [pattern.format(part) for pattern in patterns] for part in PARTS}
    missing = [listed[0] for listed in names.values() if not any(name in files for name in listed)]
    if missing:
        raise MissingInputError(f"{path} holds no {' and no '.join(missing)}; give {whose}.")
    chosen = {part: next(files[name] for name in listed if name in files) for part, listed in names.items()}
    for file in chosen.values():
        refuse_tagged(file)
    return chosen


def splits_of(
    name: str,
    parts: Parts,
    normaliser: Normaliser,
    *,
    vocabulary_size: int,
    tags: Sequence[str | Path] = (),
    word: Callable[[str], str] = str,
    lexicon: Lexicon | None = None,
    facts: Mapping[str, Any],
) -> Splits:
    """Normalise the documents of each part and encode them, with the tags of their words by type.

    Args:
        name: of the corpus.
        parts: documents by part.
        normaliser: how words are written, further than they are.
        vocabulary_size: the most frequent words of the training part that are kept; others become `<unk>`.
        tags: tagged files, folders or zip archives.
        word: turns a word of the tagged files into one of the text, before it is normalised.
        lexicon: tags that are known already, in place of tagged files.
        facts: what is known already; those of the tags and of the normalisation are added.

    Raises:
        MissingInputError: tagged files that are not there.
        InvalidInputError: a part without words, a vocabulary too small, tagged files that do not fit the text.
    """
    normalised = {part: normaliser.documents(documents) for part, documents in parts.items()}
    known = dict(facts)
    if tags:
        counts = count_words(normalised["train"])
        vocabulary = choose_vocabulary(counts, vocabulary_size)
        lexicon, of_tags = read_lexicon(tags, vocabulary, normaliser.type_of(word), counts)
        known |= of_tags
    return encode_splits(
        name, normalised, vocabulary_size=vocabulary_size, lexicon=lexicon, is_gold=False, facts=known | normaliser.facts()
    )
