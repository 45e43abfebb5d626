"""One run: its stages in their order, each only where its inputs have changed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.sources import load as load_corpus
from stategrad.corpus.splits import Splits
from stategrad.files import sha256_of_text
from stategrad.gradients.provenance import model_hash
from stategrad.models.checkpoints import load_model
from stategrad.models.language_model import Architecture, LanguageModel
from stategrad.models.pretrained import AlignedVectors
from stategrad.run import stages
from stategrad.run.checks import check_folder, check_run
from stategrad.run.config import RunConfig
from stategrad.run.convention import is_whitened
from stategrad.run.embeddings import given_vectors, is_pretrained, source_fingerprint
from stategrad.run.folder import RunFolder, fingerprint_of
from stategrad.run.pairs import swap_pairs
from stategrad.run.pushes import push
from stategrad.run.sentences import follow_sentences
from stategrad.run.type_rules import other_rules
from stategrad.run.words import measure_words

IDENTITY = ("preset", "corpus", "network", "embeddings", "training", "model")
"""The settings that a folder is bound to; the others may change, and the stages that depend on them run again."""

STAGES = {
    "train": stages.train_model,
    "gradients": stages.measure_gradients,
    "swap": stages.swap,
    "pairs": swap_pairs,
    "push": push,
    "controls": stages.control,
    "analyze": stages.analyze,
    "probe": stages.probe,
    "decode": stages.decode,
    "words": measure_words,
    "sentences": follow_sentences,
    "report": stages.report,
}


class Run:
    """A run in its folder: the settings, and what the stages share.

    Args:
        config: the settings.
        path: of the folder.
        show_progress: show progress bars and a line per stage.
    """

    def __init__(self, config: RunConfig, path: Path, *, show_progress: bool = True) -> None:
        self.config = config
        self.folder = RunFolder(path)
        self.show_progress = show_progress

    @cached_property
    def corpus(self) -> Splits:
        """The text, read when a stage first needs it."""
        return load_corpus(self.config.corpus)

    @cached_property
    def model(self) -> LanguageModel:
        """The trained model of the folder, in evaluation mode."""
        return load_model(self.folder.model_path)[0].eval()

    @cached_property
    def given_model(self) -> tuple[LanguageModel, tuple[str, ...]]:
        """The trained model that takes the place of training, with its words."""
        assert self.config.model is not None
        return load_model(self.config.model)

    @property
    def training_sha256(self) -> str:
        """The hash of the texts that training reads."""
        return sha256_of_text(self.corpus.train.sha256, self.corpus.valid.sha256)

    @cached_property
    def embeddings_sha256(self) -> str:
        """The hash of what pre-trained embeddings come from."""
        return source_fingerprint(self)

    @cached_property
    def given_vectors(self) -> AlignedVectors | None:
        """The vectors that the embedding starts from, where files hold them."""
        return given_vectors(self)

    @property
    def is_trained(self) -> bool:
        """Whether the folder holds the model that these settings make."""
        return self.folder.config_path.is_file() and self.folder.is_current("train", self._fingerprints["train"])

    @property
    def architecture(self) -> Architecture:
        """The sizes of the model that is analysed: of the given one, else of the one to be trained."""
        return self.config.network if self.config.model is None else self.given_model[0].config

    @property
    def states(self) -> tuple[str, ...]:
        """The states that are followed, by default all of the last layer."""
        return self.config.gradients.states or self.architecture.states

    @property
    def text(self) -> Corpus:
        """The part of the corpus whose words are followed."""
        text: Corpus = getattr(self.corpus, self.config.gradients.text)
        return text

    @property
    def swap_kinds(self) -> tuple[str, ...]:
        """The kinds of swaps that the text allows: without tags no word has others of its class."""
        return tuple(kind for kind in self.config.swap.kinds if kind != "same class" or self.text.rules)

    def execute(self, names: Iterable[str] = tuple(STAGES)) -> None:
        """Run stages in their order; one whose inputs have not changed is left as it is.

        Raises:
            StategradError: whatever a stage cannot work with. Settings that do not fit the text or the model are refused before
                anything is written.
        """
        self.say(f"corpus: {self.corpus.name}, {self.corpus.train.size:,} words to train on")
        check_run(self)
        check_folder(self)
        fingerprints = self._fingerprints
        self._claim()
        for name in names:
            fingerprint = fingerprints[name]
            if self.folder.is_current(name, fingerprint):
                self.say(f"{name}: unchanged, not run again")
                continue
            start = time.perf_counter()
            with self.folder.recording(name, fingerprint) as record:
                STAGES[name](self, record)
            self.say(f"{name}: {time.perf_counter() - start:.0f} s")

    @property
    def is_finished(self) -> bool:
        """Whether every stage has run with these settings."""
        return all(self.folder.is_current(name, fingerprint) for name, fingerprint in self._fingerprints.items())

    def fingerprint(self, stage: str) -> str:
        """The hash of all that the result of a stage depends on."""
        return self._fingerprints[stage]

    def borrow_training(self, other: RunFolder) -> None:
        """Take the model of another run that was trained in the same way, in place of training it again."""
        self._claim()
        if self.folder.borrow("train", other, self.fingerprint("train")):
            self.say(f"train: the model of {other.path.name}")

    def _claim(self) -> None:
        """Make the folder this run's."""
        self.folder.claim(self.config.to_dict(), IDENTITY, RunConfig(preset="").to_dict())

    def say(self, line: str) -> None:
        """Tell the user, beside the progress bars."""
        if self.show_progress:
            print(line, file=sys.stderr, flush=True)

    @cached_property
    def _fingerprints(self) -> dict[str, str]:
        """For each stage the hash of all that its result depends on: its settings and what it reads."""
        settings, corpus = self.config.to_dict(), self.corpus
        if self.config.model is None:
            source = fingerprint_of(settings["network"], settings["training"], corpus.train.sha256)
            if is_pretrained(self):
                source = fingerprint_of(source, settings["embeddings"], self.embeddings_sha256)
        else:
            source = fingerprint_of(self.given_model[1], model_hash(self.given_model[0]))
        lexicon = None if corpus.lexicon is None else corpus.lexicon.sha256
        by_type = other_rules(self.text)
        trained = fingerprint_of(source, corpus.valid.sha256, corpus.test.sha256)
        measured = fingerprint_of(trained, settings["gradients"], self.states, lexicon, *([by_type] if by_type else []))
        of_swaps = {name: value for name, value in settings["swap"].items() if name != "pairs"}
        space = ["whitened throughout"] if is_whitened(self.config) else []
        swapped = fingerprint_of(measured, of_swaps, "with decay laws")
        paired = fingerprint_of(measured, "pairs", settings["swap"]["pairs"], settings["swap"]["seed"])
        pushed = fingerprint_of(measured, settings["push"])
        controlled = fingerprint_of(measured, settings["controls"], *space)
        analyzed = fingerprint_of(swapped, controlled, settings["analysis"])
        of_cbow = [settings["embeddings"]] if self.config.probe.cbow else []
        probed = fingerprint_of(trained, settings["probe"], lexicon, *of_cbow)
        decoded = fingerprint_of(trained, settings["decoding"], settings["gradients"]["text"], self.states, lexicon)
        worded = fingerprint_of(trained, settings["words"], self.states, settings["gradients"]["text"], corpus.train.sha256,
                                "with horizons", *space)  # fmt: skip
        followed = fingerprint_of(trained, settings["sentences"], self.states, settings["gradients"]["text"], *space)
        reported = fingerprint_of(analyzed, paired, pushed, probed, decoded, worded, followed)
        prints = trained, measured, swapped, paired, pushed, controlled, analyzed, probed, decoded, worded, followed, reported
        return dict(zip(STAGES, prints, strict=True))
