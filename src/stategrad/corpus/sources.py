"""The named corpora, and what is to be said of each to have it read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from stategrad.corpus.brown import load_brown
from stategrad.corpus.normalisation import Normalisation
from stategrad.corpus.ptb import load_ptb
from stategrad.corpus.splits import Splits, shortened
from stategrad.corpus.synthetic import load_synthetic
from stategrad.corpus.text import load_text
from stategrad.corpus.treebank import load_treebank
from stategrad.corpus.verwimp import load_verwimp
from stategrad.corpus.wikitext import load_wikitext
from stategrad.corpus.wsj import load_wsj
from stategrad.errors import InvalidInputError, Problems, suggestion

SourceName = Literal["brown", "ptb", "verwimp", "treebank", "wsj", "text", "wikitext", "synthetic"]
SOURCES: tuple[SourceName, ...] = get_args(SourceName)

_NEEDED_PATHS = {
    "ptb": "the folder or zip that holds ptb.train.txt, ptb.valid.txt and ptb.test.txt",
    "verwimp": "the folder that holds ptb_train.txt, ptb_valid.txt, ptb_test.txt and ptb_words+pos.txt",
    "treebank": "a file, folder or zip of tagged text",
    "wsj": "a file or folder of CSR LM-1 text",
    "text": "a text file, or a folder with one file each to train, validate and test",
    "wikitext": "the folder or zip that holds wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens",
}
_SYNTHETIC_WORDS = 2_000
_WITH_TAGS = {"ptb": load_ptb, "wsj": load_wsj, "text": load_text, "wikitext": load_wikitext}
"""Texts whose tags come from other files."""
_TAGGED = {"verwimp": load_verwimp, "treebank": load_treebank}
"""Texts that bring their own."""


@dataclass(frozen=True)
class CorpusConfig:
    """Which text is read, and how.

    Attributes:
        name: brown (hand-tagged English, fetched where needed), ptb (Mikolov's Penn Treebank text), verwimp (the
            files of the paper's authors), treebank (tagged text of your own), wsj (CSR LM-1 text), text (plain text of your own),
            wikitext (articles of Wikipedia, from wiki.*.tokens), or synthetic (a generated language).
        path: file, folder or zip archive of the text; brown finds its own, synthetic has none.
        tags: files, folders or zip archives of tagged text that give the words of ptb, wsj, wikitext or text their tags.
        vocabulary_size: words to keep, the most frequent of the training part, `<unk>` and `<eos>` included; synthetic has 2,000
            at most.
        normalisation: how words are written: `none` (as each source says), `ptb-norm` (split at hyphens, numbers and `%` as
            `N`, lower case, no punctuation) or `wsj-norm` (numbers, spelled ones too, as `N`, lower case).
        rules: those of the normalisation that are applied; none named: all.
        tokens: size of the synthetic text, about.
        train_words: keep only the first so many words of the training part, ends of sentences included; None for all. The
            vocabulary is that of the whole part, so that models of more and less text know the same words.
        seed: of the synthetic language; no other source draws at random.
    """

    name: SourceName = "brown"
    path: str | None = None
    tags: tuple[str, ...] = ()
    vocabulary_size: int = 10_000
    normalisation: Normalisation = "none"
    rules: tuple[str, ...] = ()
    tokens: int = 300_000
    train_words: int | None = None
    seed: int = 0


def load(config: CorpusConfig) -> Splits:
    """Read a named corpus.

    Raises:
        InvalidInputError: settings that do not go together, or a text that cannot be used.
        MissingInputError: a path that is not there, or does not hold what it should.
        ChecksumError: a copy of Brown that differs from the published one.
        UnavailableError: Brown, where it is nowhere to be had.
    """
    if not isinstance(config, CorpusConfig):
        raise InvalidInputError(
            f"the corpus is given as {config!r}; give its settings, such as sg.CorpusConfig(name='ptb', path='ptb.zip')."
        )
    _check(config)
    whole = _read(config)
    return whole if config.train_words is None else shortened(whole, config.train_words)


def _read(config: CorpusConfig) -> Splits:
    path, size = config.path or "", config.vocabulary_size
    if config.name in _WITH_TAGS:
        return _WITH_TAGS[config.name](path, config.tags, size, config.normalisation, config.rules)
    if config.name in _TAGGED:
        return _TAGGED[config.name](path, size, config.normalisation, config.rules)
    if config.name == "synthetic":
        return load_synthetic(config.tokens, words=min(size, _SYNTHETIC_WORDS), seed=config.seed)
    return load_brown(config.path, size)


def _check(config: CorpusConfig) -> None:
    problems = Problems("the corpus settings")
    name = config.name
    if name not in SOURCES:
        problems.add(f"unknown corpus '{name}': {suggestion(name, SOURCES)}")
    if name in _NEEDED_PATHS and not config.path:
        problems.add(f"corpus {name} needs a path; give {_NEEDED_PATHS[name]}")
    if name == "synthetic" and config.path:
        problems.add(f"corpus synthetic is generated and takes no path, but was given {config.path}; leave it out")
    if _is_string(config.tags):
        problems.add(f"tags is the string '{config.tags}'; give a list of paths")
    elif config.tags and name in ("brown", "verwimp", "treebank", "synthetic"):
        problems.add(f"corpus {name} has its own tags, but was given tags {', '.join(config.tags)}; leave them out")
    if name in ("brown", "synthetic") and config.normalisation != "none":
        problems.add(f"corpus {name} is written in one way, but was given normalisation {config.normalisation}; leave it out")
    if _is_string(config.rules):
        problems.add(f"rules is the string '{config.rules}'; give a list of names")
    whole = {field: getattr(config, field) for field in ("vocabulary_size", "tokens", "seed", "train_words")}
    if config.train_words is None:
        del whole["train_words"]
    strange = {field: value for field, value in whole.items() if not isinstance(value, int) or isinstance(value, bool)}
    for field, value in strange.items():
        problems.add(f"{field} is {value!r}; give a whole number")
    if "train_words" in whole and "train_words" not in strange and whole["train_words"] < 1:
        problems.add(f"train_words is {config.train_words}; give at least 1")
    if "vocabulary_size" not in strange and config.vocabulary_size < 3:
        problems.add(f"vocabulary_size is {config.vocabulary_size}; give at least 3")
    problems.raise_if_any()


def _is_string(value: object) -> bool:
    """Whether a caller gave one path where several are expected: its letters would be taken for paths."""
    return isinstance(value, str)
