"""Mikolov's Penn Treebank text, the benchmark of the paper, with tags by word type from a treebank beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stategrad.corpus.documents import Document, prepare
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.normalisation import Normalisation, Normaliser, mikolov
from stategrad.corpus.normalisation_rules import hyphens
from stategrad.corpus.readers import plain
from stategrad.corpus.readers.files import Readable, lines, open_path, text_files
from stategrad.corpus.splits import PARTS, Splits, choose_vocabulary, count_words, encode_splits
from stategrad.corpus.tag_files import read_lexicon
from stategrad.corpus.vocabulary import END
from stategrad.errors import MissingInputError


def load_ptb(
    path: str | Path,
    tags: Sequence[str | Path] = (),
    vocabulary_size: int = 10_000,
    normalisation: Normalisation = "none",
    rules: Sequence[str] = (),
) -> Splits:
    """Read `ptb.train.txt`, `ptb.valid.txt` and `ptb.test.txt`: each one stream, a sentence per line, `<eos>` at its end.

    Without a normalisation the text is taken as it is. Its 10,000 words, `<unk>` and `<eos>` among them, get their ids in the order
    of first appearance. The words of the tagged files are written as in this text before they are counted
    (`normalisation.mikolov`).

    Args:
        path: a folder or zip archive that holds the three files, at any depth.
        tags: tagged files, folders or zip archives; without any the text has no word classes.
        vocabulary_size: fewer than 10,000 leaves out the rarest words.
        normalisation: how words are written, further than they are; the tagged files' too.
        rules: those of the normalisation that are applied; none named: all.

    Returns:
        The splits; facts hold the coverage of the tags by word types and by tokens of the training part, how many words each rule
        touched in all parts, and the word types of the training part as they are (`types_of_text`) and with hyphens split
        (`types_hyphens_split`).

    Raises:
        MissingInputError: no such folder, or not all of the three files in it.
        InvalidInputError: files that are empty, not text, or tagged files that do not fit the text.
    """
    files = {file.name: file for file in text_files(open_path(path))}
    missing = [f"ptb.{part}.txt" for part in PARTS if f"ptb.{part}.txt" not in files]
    if missing:
        raise MissingInputError(f"{path} holds no {' and no '.join(missing)}; give the folder or zip of Mikolov's ptb.*.txt.")
    normaliser = Normaliser(normalisation, rules)
    raw = {part: _read(files[f"ptb.{part}.txt"], part) for part in PARTS}
    parts = {part: normaliser.documents(documents) for part, documents in raw.items()}
    lexicon: Lexicon | None = None
    facts: dict[str, Any] = {}
    if tags:
        vocabulary = choose_vocabulary(count_words(parts["train"]), vocabulary_size)
        lexicon, facts = read_lexicon(tags, vocabulary, normaliser.type_of(mikolov))
    return encode_splits(
        "ptb",
        parts,
        vocabulary_size=vocabulary_size,
        lexicon=lexicon,
        tag_set=None if lexicon is None else lexicon.tag_set,
        is_gold=False,
        facts=facts | _types(raw["train"]) | normaliser.facts(normalisation),
    )


def _types(documents: Sequence[Document]) -> dict[str, int]:
    """How many word types a text has, and would have if its words were split at hyphens; ends of sentences are none."""
    words = set(count_words(documents)) - {END}
    split = {part for word in words for part, _ in hyphens([(word, None)])}
    return {"types_of_text": len(words), "types_hyphens_split": len(split)}


def _read(file: Readable, part: str) -> list[Document]:
    return prepare(plain.read(lines(file), part, str(file)), None, word=str)
