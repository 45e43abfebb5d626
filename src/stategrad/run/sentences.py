"""The stage that follows some sentences of a run's text word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stategrad.errors import InvalidInputError
from stategrad.words.sentence_memory import sentence_memory

if TYPE_CHECKING:
    from stategrad.run.folder import StageRecord
    from stategrad.run.run import Run


def follow_sentences(run: Run, record: StageRecord) -> None:
    """What every state in some sentences depends on, `measures/sentences.csv`; nothing where the text has no such sentences."""
    settings, frames = run.config.words, []
    if not settings.sentences:
        return
    for state in run.states:
        try:
            result = sentence_memory(
                run.model, run.text, settings.sentences, longest=settings.longest_sentence, state=state, seed=settings.seed
            )
        except InvalidInputError as error:
            run.say(f"sentences: none are followed: {error}")
            return
        frames.append(result.to_dataframe().assign(state=state))
    record.outputs.append(run.folder.write_measures("sentences", pd.concat(frames)))
