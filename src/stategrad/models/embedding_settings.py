"""Where the embeddings of a language model come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from stategrad.errors import Problems, suggestion

EmbeddingSource = Literal["joint", "pre-trained", "authors"]
_CHOICES = {"source": EmbeddingSource, "format": Literal["plain", "wsj"], "missing": Literal["mean", "initial"]}


@dataclass(frozen=True, kw_only=True)
class EmbeddingsConfig:
    """Whether embeddings are trained with the language model or before it, and on what.

    Attributes:
        source: `joint` (trained with the language model), `pre-trained` (read from `file`, else cbow vectors of `corpus`), or
            `authors` (the vectors that lie beside the texts of corpus verwimp).
        file: word vectors in a format of word2vec, another model, `X.safetensors` with `vocabulary.txt` beside it, or an array
            `X.npy` with its dictionary beside it, as the paper's authors keep theirs.
        corpus: text to train cbow vectors on: a file, folder or zip archive, streamed; written as the language model's own text
            is. None for that text itself.
        format: of that text: `plain`, a sentence per line, or `wsj`, CSR LM-1 files, packed or not, written as `wsj-norm`.
        train: train pre-trained vectors further with the model; else they are frozen, as in the paper.
        missing: what words without a vector get: the `mean` of the others, or `initial` weights as of a joint model.
        most_missing: the largest share of the vocabulary that may be without.
        min_count: cbow leaves out words that are rarer in its text; None for 5 in `corpus`, 1 in the model's own text.
        window: cbow looks at this many words on each side, at most.
        negative: drawn words that cbow tells each word from.
        sample: cbow skips words that are more frequent than this share of the text at times.
        iterations: passes of cbow over its text.
        alpha: first learning rate of cbow.
        seed: of cbow.
    """

    source: EmbeddingSource = "joint"
    file: str | None = None
    corpus: str | None = None
    format: Literal["plain", "wsj"] = "plain"
    train: bool = False
    missing: Literal["mean", "initial"] = "mean"
    most_missing: float = 0.25
    min_count: int | None = None
    window: int = 5
    negative: int = 5
    sample: float = 1e-3
    iterations: int = 5
    alpha: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        problems = Problems("embeddings")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in get_args(choices):
                near = suggestion(getattr(self, name), get_args(choices))
                problems.add(f"unknown embeddings.{name} '{getattr(self, name)}': {near}")
        for name in ("file", "corpus"):
            if self.source in ("joint", "authors") and getattr(self, name) is not None:
                problems.add(
                    f"embeddings.{name} is {getattr(self, name)} and embeddings.source {self.source}; "
                    "add --embeddings.source pre-trained"
                )
        if self.file is not None and self.corpus is not None:
            problems.add("embeddings.file and embeddings.corpus are both given; give ready vectors, or a text to train them on")
        if self.format != "plain" and self.corpus is None:
            problems.add(f"embeddings.format is {self.format} and there is no embeddings.corpus; give the text, or leave it out")
        for name in ("window", "negative", "iterations", "min_count"):
            value = getattr(self, name)
            if value is not None and value < 1:
                problems.add(f"embeddings.{name} is {value}; give at least 1")
        if not 0 <= self.most_missing < 1:
            problems.add(f"embeddings.most_missing is {self.most_missing}; give a share from 0 to below 1")
        if not 0 <= self.sample < 1:
            problems.add(f"embeddings.sample is {self.sample}; give a share from 0 to below 1")
        if not self.alpha > 0:
            problems.add(f"embeddings.alpha is {self.alpha}; give a number above 0")
        if self.seed < 0:
            problems.add(f"embeddings.seed is {self.seed}; give 0 or more")
        problems.raise_if_any()
