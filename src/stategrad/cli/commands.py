"""The commands: thin functions on paths and settings, from whose signatures the command line is generated.

Settings come from a preset or from the run's folder; a command's own sections override them.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from stategrad.corpus.sources import CorpusConfig
from stategrad.corpus.sources import load as load_corpus
from stategrad.errors import UnavailableError
from stategrad.models.embedding_settings import EmbeddingsConfig
from stategrad.models.training import TrainingConfig
from stategrad.probes.grid import ProbeConfig
from stategrad.run.config import (
    AnalysisConfig,
    ControlsConfig,
    DecodingConfig,
    GradientsConfig,
    NetworkConfig,
    PushConfig,
    RunConfig,
    SentencesConfig,
    SwapConfig,
    WordsConfig,
)
from stategrad.run.run import Run
from stategrad.run.seeds import seeds_table
from stategrad.run.settings import read_preset
from stategrad.run.summary import corpus_summary, run_summary
from stategrad.run.sweep import sweep as run_sweep


def run(
    base: RunConfig,
    preset: str,
    *,
    out: Path | None = None,
    progress: bool = True,
    **settings: Any,
) -> None:
    """The whole analysis, from raw text to report.html, in one folder.

    What was done before with the same settings is not done again; what was interrupted resumes.

    Args:
        base: the settings of the preset.
        preset: name of a preset, or path of a YAML file with settings.
        out: folder of the run; default: runs/PRESET.
        progress: show progress.
        settings: the sections of `RunConfig`, and `model`, in place of those of the base.
    """
    config = dataclasses.replace(base, **settings)
    one = Run(config, out or _default_folder(preset), show_progress=progress)
    try:
        one.corpus  # noqa: B018 - read now, so that the fallback is chosen before the folder is claimed
    except UnavailableError as error:
        if config.fallback is None:
            raise
        print(f"{error} Preset {config.fallback} runs instead.", file=sys.stderr)
        one = Run(read_preset(config.fallback), one.folder.path, show_progress=progress)
    one.execute()
    print(run_summary(one.folder))


def train(
    base: RunConfig,
    preset: str,
    *,
    out: Path | None = None,
    corpus: CorpusConfig,
    network: NetworkConfig,
    embeddings: EmbeddingsConfig,
    training: TrainingConfig,
    progress: bool = True,
) -> None:
    """Only the first stage of a run: the language model.

    Args:
        base: the settings of the preset.
        preset: name of a preset, or path of a YAML file with settings.
        out: folder of the run; default: runs/PRESET.
        corpus: the text.
        network: the language model.
        embeddings: where its embeddings come from.
        training: how it is trained.
        progress: show progress.
    """
    config = dataclasses.replace(base, corpus=corpus, network=network, embeddings=embeddings, training=training)
    Run(config, out or _default_folder(preset), show_progress=progress).execute(["train"])


def gradients(base: RunConfig, folder: Path, *, gradients: GradientsConfig, progress: bool = True) -> None:
    """Compute the state gradients of a trained run again, with other settings.

    Args:
        base: the settings of the folder.
        folder: of the run.
        gradients: what is measured, and where.
        progress: show progress.
    """
    Run(dataclasses.replace(base, gradients=gradients), folder, show_progress=progress).execute(["train", "gradients"])


def swap(base: RunConfig, folder: Path, *, swap: SwapConfig, push: PushConfig, progress: bool = True) -> None:
    """Measure a run's swap memory: replace words, or push them along directions, run on, compare the states.

    Args:
        base: the settings of the folder.
        folder: of the run.
        swap: how swap memory is measured.
        push: how pushes along directions are measured.
        progress: show progress.
    """
    stages = ["train", "gradients", "swap", "pairs", "push"]
    Run(dataclasses.replace(base, swap=swap, push=push), folder, show_progress=progress).execute(stages)


def controls(base: RunConfig, folder: Path, *, controls: ControlsConfig, progress: bool = True) -> None:
    """Measure what a run's curves are held against: an untrained model, shuffled text, sentence ends, equal counts.

    Args:
        base: the settings of the folder.
        folder: of the run.
        controls: what the curves are held against.
        progress: show progress.
    """
    stages = ["train", "gradients", "controls"]
    Run(dataclasses.replace(base, controls=controls), folder, show_progress=progress).execute(stages)


def analyze(base: RunConfig, folder: Path, *, analysis: AnalysisConfig, progress: bool = True) -> None:
    """Take the measures from a run's state gradients: the tables in measures/.

    Args:
        base: the settings of the folder.
        folder: of the run.
        analysis: which measures are taken.
        progress: show progress.
    """
    stages = ["train", "gradients", "swap", "controls", "analyze"]
    Run(dataclasses.replace(base, analysis=analysis), folder, show_progress=progress).execute(stages)


def probe(
    base: RunConfig,
    what: Literal["embeddings", "states"],
    folder: Path,
    *,
    probe: ProbeConfig,
    decoding: DecodingConfig,
    progress: bool = True,
) -> None:
    """Train linear classifiers on a run's embeddings (are classes separable?) or states (what can be decoded of earlier words?).

    Args:
        base: the settings of the folder.
        what: embeddings or states.
        folder: of the run.
        probe: how linear separability is searched.
        decoding: what is read from the states.
        progress: show progress.
    """
    config = dataclasses.replace(base, probe=probe, decoding=decoding)
    Run(config, folder, show_progress=progress).execute(["train", "probe" if what == "embeddings" else "decode"])


def words(base: RunConfig, folder: Path, *, words: WordsConfig, sentences: SentencesConfig, progress: bool = True) -> None:
    """Measure every word of a run's text on its own, sensitivity and effect against frequency, and follow some sentences.

    Args:
        base: the settings of the folder.
        folder: of the run.
        words: how every word is measured on its own.
        sentences: which are followed word by word.
        progress: show progress.
    """
    config = dataclasses.replace(base, words=dataclasses.replace(words, enabled=True), sentences=sentences)
    Run(config, folder, show_progress=progress).execute(["train", "words", "sentences"])


def report(base: RunConfig, folder: Path, *, progress: bool = True) -> None:
    """Write the figures, tables and report.html of a run again, and whatever they lack.

    Args:
        base: the settings of the folder.
        folder: of the run.
        progress: show progress.
    """
    one = Run(base, folder, show_progress=progress)
    one.folder.forget("report")
    one.execute()
    print(run_summary(one.folder))


def sweep(
    base: RunConfig,
    preset: str,
    *,
    grid: str,
    out: Path,
    progress: bool = True,
    **settings: Any,
) -> None:
    """A run for every combination of some settings' values, and the page that compares them; exits with 1 where a run fails.

    Runs that only differ in later stages share one training. What is done is not done again; what was interrupted resumes.

    Args:
        base: the settings of the preset.
        preset: name of a preset, or path of a YAML file with settings.
        grid: lists of values by setting, such as '{network.hidden_size: [64, 128], network.cell: [lstm, gru]}', or a YAML file.
        out: folder of the sweep: a folder for every run, and comparison.html.
        progress: show progress.
        settings: the sections of `RunConfig`, and `model`, in place of those of the base.
    """
    config = dataclasses.replace(base, **settings)
    done = run_sweep(config, grid, out, show_progress=progress)
    print(done)
    if done.failures:
        raise SystemExit(1)


def seeds(base: RunConfig, folder: Path, *, others: tuple[Path, ...], progress: bool = True) -> None:
    """Set a run beside runs of the same settings from other seeds: measures/seeds.csv, and a band on its page.

    Args:
        base: the settings of the folder.
        folder: of the run.
        others: folders of the other runs, such as '[runs/seed-1, runs/seed-2]'.
        progress: show progress.
    """
    one = Run(base, folder, show_progress=progress)
    one.folder.write_measures("seeds", seeds_table(folder, others, one.states))
    one.folder.forget("report")
    one.execute()
    print(run_summary(one.folder))


def compare(
    runs: Sequence[Path], *, out: Path, labels: tuple[str, ...] = (), state: str | None = None, group: str = "all"
) -> None:  # fmt: skip
    """Set runs side by side on one page: memory relative to delay 0, horizons, classes, properties, and what differs in settings.

    Args:
        runs: folders of two or more runs.
        out: the page, NAME.html, or a folder for comparison.html; tables and figures lie beside it.
        labels: what the runs are called, such as '[small, large]'; default: the names of their folders.
        state: which state the page opens with, such as hidden; default: the one that the page of each run opens with.
        group: whose curves and horizons it opens with, such as nouns.
    """
    from stategrad.report.comparison import compare_runs, other_views
    from stategrad.report.comparison_page import page_path, write_comparison

    page_path(out)
    comparison = compare_runs(runs, labels, state=state, group=group)
    print(write_comparison(comparison, out, views=other_views(comparison, runs))[0])


def validate(*, checks: str | None = None, out: Path | None = None, seed: int = 0, progress: bool = True) -> None:
    """Put the measures to tests whose answers are known; exits with 1 where one fails.

    Networks with known gradients, pure noise, an untrained model, and small LSTMs trained on languages whose memory is known.

    Args:
        checks: names of some, with commas between them; default: all.
        out: folder for validation.html, validation.json and tables; default: none is written.
        seed: of everything that is drawn.
        progress: show progress.
    """
    from stategrad.report.validation import check_folder, write_validation
    from stategrad.validation import validate as run_checks

    if out is not None:
        check_folder(out)
    names = None if checks is None else [name.strip() for name in checks.split(",") if name.strip()]
    validation = run_checks(names, seed=seed, show_progress=progress)
    print(validation)
    if out is not None:
        print(write_validation(validation, out)[0])
    if not validation.passed:
        raise SystemExit(1)


def corpus(corpus: CorpusConfig) -> None:
    """Show what a corpus holds: its parts, vocabulary, tags and classes.

    Args:
        corpus: the text.
    """
    print(corpus_summary(load_corpus(corpus)))


def _default_folder(preset: str) -> Path:
    return Path("runs") / Path(preset).stem
