"""The stage that replaces nouns of a run's text by their own plural or singular, and holds the effects against the gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stategrad.corpus.noun_pairs import noun_pairs
from stategrad.gradients.result import StateGradients
from stategrad.run.contexts import steps_of
from stategrad.run.measures import labelled_groups, split_labels
from stategrad.swaps.paired import paired_swaps
from stategrad.swaps.swap_memory import swap_memory

if TYPE_CHECKING:
    from stategrad.run.folder import StageRecord
    from stategrad.run.run import Run

NUMBERS = ("singular nouns", "plural nouns")


def swap_pairs(run: Run, record: StageRecord) -> None:
    """Swaps of singular and plural nouns in every state, `measures/pairs.csv`; nothing for a text in which no pair is found.

    With gold tags only tokens that are nouns are replaced; without, all tokens of words that are nouns for the most part.
    """
    settings, text = run.config.swap, run.text
    pairs = noun_pairs(text) if text.lexicon is not None and settings.pairs else ()
    present = {text.vocabulary.words[number] for stream in text.streams for number in set(stream.tolist())}
    pairs = tuple(pair for pair in pairs if present.intersection(pair))
    if not pairs:
        if settings.pairs:
            run.say("pairs: the tags of the corpus show no singular and plural nouns of one stem")
        return
    groups = {label: masks for label, masks in (labelled_groups(text) or {}).items() if label.startswith(NUMBERS)}
    gold = [groups[label] for label in NUMBERS if label in groups]
    where = [sum(masks) > 0 for masks in zip(*gold, strict=True)] if gold else None
    frames = []
    for state in run.states:
        result = swap_memory(
            run.model,
            text,
            delays=run.config.gradients.delays,
            state=state,
            swaps=paired_swaps(text, pairs),
            groups=groups,
            where=where,
            at=steps_of(text, run.config.gradients.at),
            blocks=run.config.gradients.blocks,
            sample=settings.pairs,
            gradients=StateGradients.load(run.folder.gradients_path(state)),
            seed=settings.seed,
            show_progress=run.show_progress,
        )
        frames.append(result.to_dataframe().assign(state=state))
    record.outputs.append(run.folder.write_measures("pairs", split_labels(pd.concat(frames))))
    record.facts.update(noun_pairs=len(pairs), noun_pair=list(pairs[0]))
