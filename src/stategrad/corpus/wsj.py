"""The Wall Street Journal text of CSR LM-1, 110 million words, from which the paper trained its word2vec vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stategrad.corpus.documents import prepare
from stategrad.corpus.normalisation import Normalisation, Normaliser
from stategrad.corpus.partition import partition
from stategrad.corpus.parts import splits_of
from stategrad.corpus.readers import csr
from stategrad.corpus.readers.files import Readable, lines, open_path, stem, text_files
from stategrad.corpus.readers.tagged import refuse_tagged
from stategrad.corpus.splits import Splits
from stategrad.errors import MissingInputError


@dataclass(frozen=True)
class WsjSentences:
    """The sentences of a corpus as lists of words, to be gone through any number of times; one sentence is in memory at a time.

    Attributes:
        files: in the order in which they are read.
        normalisation: how words are written.
        rules: those of the normalisation that are applied; none named: all.
    """

    files: tuple[Readable, ...]
    normalisation: Normalisation = "wsj-norm"
    rules: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[list[str]]:
        """The sentences from the first file on; those that have no word after normalisation are left out."""
        normaliser = Normaliser(self.normalisation, self.rules)
        for file in self.files:
            for _, words in csr.sentences(lines(file), str(file)):
                if written := normaliser.sentence([(word, None) for word in words]):
                    yield [word for word, _ in written]


def iterate_wsj(folder: str | Path, normalisation: Normalisation = "wsj-norm", rules: Sequence[str] = ()) -> WsjSentences:
    """The sentences of CSR LM-1 text with non-verbalised punctuation, normalised, for training word vectors.

    Args:
        folder: a file, a folder of files or of years, or a zip archive, compressed (`.gz`, `.bz2`, `.xz`, `.Z`) or not.
        normalisation: how words are written; the paper's is `wsj-norm`.
        rules: those of the normalisation that are applied; none named: all.

    Raises:
        MissingInputError: nothing there.
        InvalidInputError: an unknown normalisation or rule; when it is read, a damaged file or a sentence without an end.
        UnavailableError: when it is read, a `.Z` file without a program to unpack it.
    """
    Normaliser(normalisation, rules)
    return WsjSentences(_files(folder), normalisation, tuple(rules))


def load_wsj(
    path: str | Path,
    tags: Sequence[str | Path] = (),
    vocabulary_size: int = 10_000,
    normalisation: Normalisation = "none",
    rules: Sequence[str] = (),
) -> Splits:
    """Read CSR LM-1 text into memory, an article a document; words are turned to lower case unless there is a normalisation.

    Of ten articles or more every tenth validates and every tenth tests; of fewer the sentences are cut 80 : 10 : 10. A word takes
    about 30 bytes: give one year, or a few, where the memory does not hold all. `iterate_wsj` holds one sentence.

    Args:
        path: a file, a folder of files or of years, or a zip archive, compressed (`.gz`, `.bz2`, `.xz`, `.Z`) or not.
        tags: tagged files, folders or zip archives; without any the text has no word classes.
        vocabulary_size: the most frequent words of the training part that are kept; others become `<unk>`.
        normalisation: how words are written.
        rules: those of the normalisation that are applied; none named: all.

    Raises:
        MissingInputError: nothing there.
        InvalidInputError: a damaged file, a sentence without an end, a text too short to be split, tags that do not fit.
        UnavailableError: a `.Z` file without a program to unpack it.
    """
    normaliser = Normaliser(normalisation, rules)
    word = str if normaliser.names else str.lower
    files = _files(path)
    refuse_tagged(files[0])
    articles = (one for file in files for one in csr.read(lines(file), stem(file), str(file)))
    documents = prepare(articles, None, word)
    facts = {"text": Path(path).name, "files": len(files), "articles": len(documents)}
    parts = partition(documents)
    return splits_of("wsj", parts, normaliser, vocabulary_size=vocabulary_size, tags=tags, word=word, facts=facts)


def _files(path: str | Path) -> tuple[Readable, ...]:
    files = tuple(text_files(open_path(path)))
    if not files:
        raise MissingInputError(f"there are no text files at {path}; give a file, or a folder of files or of years.")
    return files
