"""The files of the paper's authors: their normalised Penn Treebank text, and the tags that each of its words can have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stategrad.corpus.documents import Token, prepare
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.normalisation import Normalisation, Normaliser
from stategrad.corpus.parts import part_files, splits_of
from stategrad.corpus.readers import plain
from stategrad.corpus.readers.files import Readable, lines, open_path, text_files
from stategrad.corpus.splits import Splits
from stategrad.corpus.tags import detect_tag_set
from stategrad.corpus.vocabulary import UNKNOWN
from stategrad.errors import InvalidInputError

TAGS_FILE = "ptb_words+pos.txt"
UNTAGGED = ["not", "in", "list"]
"""What stands behind a word of which the authors found no tag."""


def load_verwimp(
    path: str | Path, vocabulary_size: int = 20_000, normalisation: Normalisation = "none", rules: Sequence[str] = ()
) -> Splits:
    """Read `ptb_train.txt`, `ptb_valid.txt` and `ptb_test.txt`, with the tags of `ptb_words+pos.txt`.

    Each file is one stream, a sentence per line, `<eos>` at its end; `<UNK>` is `<unk>`, as the authors read it. The list of tags
    says which tags a word can have and not how often: its lexicon is not counted, and words have classes by the rule `any` alone.

    Args:
        path: a folder or zip archive with the files, at any depth; the texts may be named `train.txt` and so on.
        vocabulary_size: words to keep; the paper has 10,921.
        normalisation: how words are written, further than they are.
        rules: those of the normalisation that are applied; none named: all.

    Raises:
        MissingInputError: no such folder, or not all of the texts in it.
        InvalidInputError: files that are empty or not text, a line of tags that is none, tags of no tag set.

    Source: https://github.com/lverwimp/state_gradients names the files and reads them.
    """
    normaliser = Normaliser(normalisation, rules)
    files = part_files(path, ["ptb_{}.txt", "{}.txt"], "the folder of the authors' files")
    parts = {part: prepare(plain.read(lines(file), part, str(file)), None, word=as_here) for part, file in files.items()}
    listed = next((file for file in text_files(open_path(path)) if file.name == TAGS_FILE), None)
    lexicon, facts = (None, {}) if listed is None else _tags(listed)
    return splits_of("verwimp", parts, normaliser, vocabulary_size=vocabulary_size, lexicon=lexicon, facts=facts)


def as_here(word: str) -> str:
    """A word of the authors' files as it is written here: their `<UNK>` is `<unk>`."""
    return UNKNOWN if word == "<UNK>" else word


def _tags(file: Readable) -> tuple[Lexicon, dict[str, Any]]:
    """The tags of every word, each counted once, and the facts about them."""
    tags, untagged = read_word_tags(lines(file), str(file))
    totals = Counter(tag for listed in tags.values() for tag in listed)
    tag_set = detect_tag_set(totals, str(file))
    tokens: dict[Token, int] = {(word, tag): 1 for word, listed in tags.items() for tag in listed}
    lexicon = Lexicon.from_tokens(tokens, tag_set, word=str, is_counted=False)
    facts = {
        "tag_files": file.name,
        "tags": len({tag for listed in lexicon.counts.values() for tag in listed}),
        "untagged_words": untagged,
    }
    return lexicon, facts


def read_word_tags(content: Iterable[str], where: str) -> tuple[dict[str, list[str]], int]:
    r"""The tags of each word of a list, and how many words are said to have none.

    Args:
        content: lines with a word and its tags, in any of these spellings; a word may stand on several lines:
            `word NN VB`, `word NN,VB`, `word NN|VB`, `word ['NN', 'VB']`, `word/NN`; `word not in list` has no tag.
        where: the file, for errors.

    Raises:
        InvalidInputError: a line without a tag, or no tag at all.

    >>> read_word_tags(["run\t['NN', 'VB|VBP']", "zyx not in list"], "a list")
    ({'run': ['NN', 'VB', 'VBP']}, 1)
    """
    tags: defaultdict[str, dict[str, None]] = defaultdict(dict)
    untagged = 0
    for number, line in enumerate(content, start=1):
        fields = line.split()
        if len(fields) == 1:
            word, _, joined = fields[0].rpartition("/")
            fields = [word, joined] if word and joined else fields
        if not fields:
            continue
        if fields[1:] == UNTAGGED:
            untagged += 1
            continue
        found = [tag for field in fields[1:] for part in field.strip("[]").split("|") for tag in _plain(part)]
        if not found:
            raise InvalidInputError(f"line {number} of {where} is '{line.strip()[:40]}'; expected a word and its tags.")
        tags[fields[0]].update(dict.fromkeys(found))
    if not tags:
        raise InvalidInputError(f"{where} has no word with a tag; expected a word and its tags in each line.")
    return {word: list(found) for word, found in tags.items()}, untagged


def _plain(field: str) -> list[str]:
    """The tags between commas and quotation marks; a comma or a colon alone is itself a tag."""
    if field in (",", "``", "''"):
        return [field]
    return [tag for part in field.split(",") if (tag := part.strip("'\""))]
