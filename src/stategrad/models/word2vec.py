"""Word vectors of a text by word2vec, the continuous bag of words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from stategrad.errors import InvalidInputError, Problems, UnavailableError
from stategrad.models.vector_files import WordVectors

_LONGEST_SENTENCE = 1000
"""Longer sentences are cut, as in the original tool, which would otherwise lose their ends."""


def train_word2vec(
    sentences: Iterable[Sequence[str]],
    size: int,
    *,
    min_count: int = 5,
    window: int = 5,
    negative: int = 5,
    sample: float = 1e-3,
    iterations: int = 5,
    alpha: float = 0.05,
    seed: int = 0,
    show_progress: bool = True,
) -> WordVectors:
    """Train cbow vectors: of a word w among its neighbours c, `max Σ ln σ(u_w·x̄_c) + Σ_{negative} ln σ(−u_v·x̄_c)`, x̄ their mean.

    The defaults are those of the original tool (`word2vec -cbow 1`, Mikolov et al. 2013), not of gensim, which does the work: a
    learning rate of 0.05, falling in a straight line to 0.0001 of it. One worker, so that a seed gives the same vectors again.

    Args:
        sentences: of words; read `iterations` + 1 times, one at a time, so that a large text is never held in memory.
        size: E, the length of the vectors.
        min_count: leave out words that are rarer. 5 is the tool's; with 1 every word of the text gets a vector.
        window: the most words on each side; for each word the number is drawn from 1 to this.
        negative: drawn words v that each word is told from.
        sample: words more frequent than this share of the text are skipped at times.
        iterations: passes over the text.
        alpha: the first learning rate.
        seed: of the initial vectors, and of what is drawn.
        show_progress: show a bar.

    Returns:
        The vectors, the most frequent word first.

    Raises:
        UnavailableError: gensim, an optional extra, is not installed.
        InvalidInputError: settings out of range, sentences that can be read once only, or no word that is frequent enough.
    """
    model_class = gensim_class()
    problems = Problems("word2vec")
    counts = {"size": size, "min_count": min_count, "window": window, "negative": negative, "iterations": iterations}
    for name, value in counts.items():
        if value < 1:
            problems.add(f"{name} is {value}; give at least 1")
    if not alpha > 0:
        problems.add(f"alpha is {alpha}; give a number above 0")
    if not 0 <= sample < 1:
        problems.add(f"sample is {sample}; give a share from 0 to below 1")
    if iter(sentences) is iter(sentences):
        problems.add("sentences can be read only once; give a list, or an object whose __iter__ starts anew")
    problems.raise_if_any()
    model = model_class(
        vector_size=size, min_count=min_count, window=window, negative=negative, sample=sample, epochs=iterations,
        alpha=alpha, min_alpha=alpha * 1e-4, sg=0, hs=0, cbow_mean=1, workers=1, seed=seed,
    )  # fmt: skip
    with tqdm(unit="sentence", disable=not show_progress) as bar:
        passes = _Passes(sentences, bar, iterations + 1)
        model.build_vocab(passes)
        if len(model.wv) == 0:
            raise InvalidInputError(f"no word of the text occurs {min_count} times; give more text, or a lower min_count.")
        model.train(passes, total_examples=model.corpus_count, epochs=iterations)
    vectors = np.asarray(model.wv.vectors, dtype=np.float32)
    return WordVectors(tuple(model.wv.index_to_key), vectors, len(vectors))


class _Passes:
    """Sentences for gensim, cut where they are too long, counted on a bar."""

    def __init__(self, sentences: Iterable[Sequence[str]], bar: Any, passes: int) -> None:
        self.sentences = sentences
        self.bar = bar
        self.passes = passes
        self.begun = 0

    def __iter__(self) -> Iterator[Sequence[str]]:
        self.begun += 1
        if self.begun == 2:
            self.bar.total = self.bar.n * self.passes
        what = "counting words" if self.begun == 1 else f"pass {self.begun - 1}/{self.passes - 1}"
        self.bar.set_description_str(f"word2vec, {what}")
        for sentence in self.sentences:
            for start in range(0, len(sentence), _LONGEST_SENTENCE):
                yield sentence[start : start + _LONGEST_SENTENCE]
            self.bar.update()


def gensim_class() -> Any:
    """The class of gensim's models.

    Raises:
        UnavailableError: gensim, an optional extra, is not installed.
    """
    try:
        from gensim.models import Word2Vec
    except ImportError as error:
        raise UnavailableError("word2vec needs gensim, which is not installed: pip install 'stategrad[word2vec]'.") from error
    return Word2Vec
