"""One run: its stages in their order, each only where its inputs have changed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from stategrad.corpus.sources import load as load_corpus
from stategrad.corpus.splits import Splits
from stategrad.errors import MissingInputError
from stategrad.files import sha256
from stategrad.models.checkpoints import load_model
from stategrad.models.language_model import LanguageModel
from stategrad.run import stages
from stategrad.run.config import RunConfig
from stategrad.run.folder import RunFolder, fingerprint_of

IDENTITY = ("preset", "corpus", "network", "training", "model")
"""The settings that a folder is bound to; the others may change, and the stages that depend on them run again."""

STAGES = {
    "train": stages.train_model,
    "gradients": stages.measure_gradients,
    "analyze": stages.analyze,
    "probe": stages.probe,
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

    def execute(self, names: Iterable[str] = tuple(STAGES)) -> None:
        """Run stages in their order; one whose inputs have not changed is left as it is.

        Raises:
            StategradError: whatever a stage cannot work with. A text that cannot be read leaves no folder behind.
        """
        self.say(f"corpus: {self.corpus.name}, {self.corpus.train.size:,} words to train on")
        self.folder.claim(self.config.to_dict(), IDENTITY)
        for name in names:
            fingerprint = self._fingerprints[name]
            if self.folder.is_current(name, fingerprint):
                self.say(f"{name}: unchanged, not run again")
                continue
            start = time.perf_counter()
            with self.folder.recording(name, fingerprint) as record:
                STAGES[name](self, record)
            self.say(f"{name}: {time.perf_counter() - start:.0f} s")

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
        else:
            source = _hash_of_model(Path(self.config.model))
        lexicon = None if corpus.lexicon is None else corpus.lexicon.sha256
        trained = fingerprint_of(source, corpus.valid.sha256, corpus.test.sha256)
        measured = fingerprint_of(trained, settings["gradients"], lexicon)
        analyzed = fingerprint_of(measured, settings["analysis"])
        probed = fingerprint_of(trained, settings["probe"], lexicon)
        reported = fingerprint_of(analyzed, probed)
        return dict(zip(STAGES, (trained, measured, analyzed, probed, reported), strict=True))


def _hash_of_model(path: Path) -> str:
    if not path.exists():
        raise MissingInputError(
            f"there is no model at {path}; give the path of a safetensors file, or leave --model out to train one."
        )
    return sha256(path if path.is_file() else path / "model.safetensors")
