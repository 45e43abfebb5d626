"""The stage that follows some sentences of a run's text word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stategrad.run.convention import marked
from stategrad.words.sentence_memory import SHORTEST, readable_sentences, sentence_memory

if TYPE_CHECKING:
    from stategrad.run.folder import StageRecord
    from stategrad.run.run import Run


def follow_sentences(run: Run, record: StageRecord) -> None:
    """What every state in some sentences depends on, `measures/sentences.csv`; nothing where the text has no such sentences."""
    settings, text = run.config.sentences, run.text
    if not settings.count:
        return
    if not len(readable_sentences(text, settings.longest)):
        run.say(f"sentences: {text.name} has none of {SHORTEST} to {settings.longest} words")
        return
    frames = []
    for state in run.states:
        result = sentence_memory(
            run.model,
            text,
            settings.count,
            longest=settings.longest,
            state=state,
            units=run.config.analysis.convention,
            seed=settings.seed,
            show_progress=run.show_progress,
        )
        frames.append(result.to_dataframe().assign(state=state))
    record.outputs.append(run.folder.write_measures("sentences", marked(run.config, pd.concat(frames))))
