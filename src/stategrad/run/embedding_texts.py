"""The texts that word vectors are trained on, as sentences that can be gone through any number of times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.readers.files import Readable, lines, open_path, text_files
from stategrad.corpus.vocabulary import END
from stategrad.corpus.wsj import iterate_wsj
from stategrad.errors import MissingInputError


class TextSentences:
    """The sentences of a text, `<eos>` at their ends, read anew and one at a time whenever they are iterated.

    Args:
        path: a file, or a folder or zip archive whose text files are read in the order of their paths.
        is_wsj: whether they are CSR LM-1 files, packed or not, whose words are written as `wsj-norm`; else a sentence per line.

    Raises:
        MissingInputError: no such path, or no text in it.
    """

    def __init__(self, path: str | Path, *, is_wsj: bool = False) -> None:
        self.wsj = iterate_wsj(path) if is_wsj else None
        self.files: Sequence[Readable] = text_files(open_path(path)) if self.wsj is None else self.wsj.files
        if not self.files:
            raise MissingInputError(f"there are no text files in {path}; give text to train word vectors on.")

    def __iter__(self) -> Iterator[list[str]]:
        plain = (line.split() for file in self.files for line in lines(file))
        for words in plain if self.wsj is None else self.wsj:
            if words:
                yield [*words, END]


class CorpusSentences:
    """The sentences of an encoded text as words, `<eos>` at their ends."""

    def __init__(self, text: Corpus) -> None:
        self.text = text

    def __iter__(self) -> Iterator[list[str]]:
        end = self.text.vocabulary.id(END)
        for stream in self.text.streams:
            start = 0
            for stop in [*(stream == end).nonzero()[0] + 1, len(stream)]:
                if stop > start:
                    yield list(self.text.vocabulary.decode(stream[start:stop]))
                start = stop
