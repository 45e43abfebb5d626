"""The Brown corpus: 1.16 M words of American English of 1961, in 500 samples of 15 genres, every word tagged by hand.

Francis, W. N., and Kučera, H. (1979), A Standard Corpus of Present-Day Edited American English, Brown University.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path
from typing import cast

import numpy as np

from stategrad.corpus.brown_files import find_brown
from stategrad.corpus.documents import Document, prepare
from stategrad.corpus.partition import by_documents
from stategrad.corpus.readers import joined
from stategrad.corpus.readers.files import Readable, lines, open_path, text_files
from stategrad.corpus.splits import Splits, encode_splits
from stategrad.corpus.vocabulary import UNKNOWN
from stategrad.errors import ChecksumError, MissingInputError

TEXT_SHA256 = "ceabf56fb06dfbcf27db6d94c30903d43f06f0a5738db8d63455f85d1bcd8916"
"""Of the 500 samples: the hash over each one's name, a zero byte, and the hash of its content, in the order of their names."""

_SAMPLE = re.compile(r"c[a-r]\d\d")
_SAMPLES = 500


def load_brown(path: str | Path | None = None, vocabulary_size: int = 10_000) -> Splits:
    """Read the Brown corpus: a stream per document, documents in the order of genres, words in lower case, gold tags.

    Of every genre the documents 3, 13, 23, … validate, 6, 16, 26, … test, and the others train.

    Args:
        path: a folder or zip archive with the 500 samples and `cats.txt`; default: where `brown_files.find_brown` finds them.
        vocabulary_size: the most frequent words of the training part that are kept; others become `<unk>`.

    Returns:
        The splits; facts hold the rate of `<unk>` among all words and among proper nouns.

    Raises:
        UnavailableError: it is nowhere to be had.
        MissingInputError: a path that is not there or does not hold the corpus.
        ChecksumError: samples that differ from the published ones.
    """
    documents = read_brown(find_brown() if path is None else path)
    splits = encode_splits(
        "brown",
        by_documents(documents),
        vocabulary_size=vocabulary_size,
        tag_set="brown",
        is_gold=True,
        facts={"documents": len(documents), "genres": len({document.genre for document in documents})},
    )
    return dataclasses.replace(splits, facts={**splits.facts, "unk_rate_proper_nouns": _unknown_proper_nouns(splits)})


def read_brown(path: str | Path) -> list[Document]:
    """The 500 documents with their genres, prepared: words in lower case, normal tags.

    Raises:
        MissingInputError: nothing there, or not the whole corpus.
        ChecksumError: samples that differ from the published ones.
    """
    samples = sorted((file for file in text_files(open_path(path)) if _SAMPLE.fullmatch(file.name)), key=lambda f: f.name)
    categories = cast(Readable, samples[0].parent) / "cats.txt" if samples else None
    if len(samples) != _SAMPLES or categories is None or not categories.is_file():
        raise MissingInputError(
            f"{path} holds {len(samples)} of the {_SAMPLES} samples of the Brown corpus (ca01 … cr09, with cats.txt beside them); "
            "give the whole corpus, or leave the path out to have it fetched."
        )
    _verify(samples, path)
    genres = dict(line.split() for line in lines(categories) if line.strip())
    read = (
        dataclasses.replace(document, genre=genres[sample.name])
        for sample in samples
        for document in joined.read_slashed(lines(sample), sample.name, str(sample))
    )
    return prepare(read, "brown")


def _verify(samples: list[Readable], path: str | Path) -> None:
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(sample.name.encode() + b"\0" + hashlib.sha256(sample.read_bytes()).digest())
    if digest.hexdigest() != TEXT_SHA256:
        raise ChecksumError(
            f"the Brown corpus at {path} differs from the published text (SHA-256 {digest.hexdigest()[:12]}… where "
            f"{TEXT_SHA256[:12]}… is expected); delete that copy, and it will be fetched again."
        )


def _unknown_proper_nouns(splits: Splits) -> float:
    masks = splits.train.groups("gold")["proper nouns"]
    ids = np.concatenate([stream[mask] for stream, mask in zip(splits.train.streams, masks, strict=True)])
    return round(float((ids == splits.vocabulary.id(UNKNOWN)).mean()), 4)
