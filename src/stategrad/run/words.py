"""The stage that measures every word of a run's text on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.tags import CLASSES
from stategrad.run.convention import marked
from stategrad.words.class_ratios import COLUMNS
from stategrad.words.result import WordMemory
from stategrad.words.word_memory import word_memory

if TYPE_CHECKING:
    from stategrad.run.folder import StageRecord
    from stategrad.run.run import Run

COMPARED = ("sigma_1_equal", "rms_equal", "effect")
"""The measures in which word classes are compared."""


def measure_words(run: Run, record: StageRecord) -> None:
    """Sensitivity and effect of every word, `measures/words.csv`, how they and their horizons go with frequency, and word classes.

    Nothing if not asked for. Sensitivity is in the units of the run.
    """
    settings = run.config.words
    if not settings.enabled:
        return
    frames, correlations, horizons, classes = [], [], [], []
    for state in run.states:
        result = word_memory(
            run.model,
            run.text,
            minimum=settings.minimum,
            most=settings.most,
            words=settings.words,
            delays=settings.delays,
            state=state,
            draws=settings.draws,
            counted_in=run.corpus.train,
            units=run.config.analysis.convention,
            seed=settings.seed,
            show_progress=run.show_progress,
        )
        frames.append(beside_any(result).assign(state=state))
        correlations.append(result.correlations().assign(state=state))
        horizons.append(result.horizon_correlations().assign(state=state))
        classes.append(between_classes(result, run.text).assign(state=state))
        record.facts.update(words=len(result.words))
    tables = {"words": frames, "word_correlations": correlations, "word_horizons": horizons, "word_classes": classes}
    for name, parts in tables.items():
        record.outputs.append(run.folder.write_measures(name, marked(run.config, pd.concat(parts))))


def beside_any(result: WordMemory) -> pd.DataFrame:
    """The table of words with the range of groups of any words of equal size: `sigma_1_any_low`, `_high`, and so for the others."""
    band = result.band()
    band = band[band["count"] == result.equal].drop(columns="count")
    renamed = {name: name.replace("_low", "_any_low").replace("_high", "_any_high") for name in band if name != "delay"}
    return result.table.merge(band.rename(columns=renamed), on="delay", how="left")


def between_classes(result: WordMemory, text: Corpus) -> pd.DataFrame:
    """Ratios of the word classes at equal frequency and counts, at the first delay: a row per measure and pair.

    A word is of the class of its most frequent tag; where that is not known, words of several classes are left out.
    """
    rows = []
    if text.lexicon is not None:
        rule = text.lexicon.rules[-1]
        classes: dict[str, list[str]] = {name: [] for name in CLASSES}
        for word in result.words:
            for name in text.lexicon.classes(word, rule) & set(CLASSES):
                classes[name].append(word)
        rows = [result.compare_classes(classes, measure).assign(measure=measure, rule=rule) for measure in COMPARED]
    return pd.concat(rows) if rows else pd.DataFrame(columns=[*COLUMNS, "measure", "rule"])
