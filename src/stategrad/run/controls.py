"""The controls of a run: the same curves where there is nothing to learn from, across boundaries, and at equal counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stategrad.corpus.corpus import Corpus
from stategrad.corpus.tags import CLASSES
from stategrad.gradients.equal_groups import equal_groups
from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_gradients import state_gradients
from stategrad.models.language_model import LanguageModel
from stategrad.models.pretrained import untrained
from stategrad.run.contexts import steps_of
from stategrad.run.convention import in_convention
from stategrad.run.measures import label_of, rules_of, split_labels

if TYPE_CHECKING:
    from stategrad.run.run import Run

COLUMNS = ("count", "detected", "sigma_1", "sigma_1_debiased", "sigma_1_low", "sigma_1_high", "sigma_1_floor", "rms", "rms_low",
           "rms_high")  # fmt: skip


def control_curves(run: Run) -> pd.DataFrame:
    """Memory curves of all words: of the untrained model, of the model on shuffled text, within sentences and across their ends.

    Returns:
        A row per control, state and delay; `control` is `untrained`, `shuffled`, `within` or `across`.
    """
    settings, text = run.config.controls, run.text
    at = steps_of(text, run.config.gradients.at)
    frames = []
    if "untrained" in settings.kinds:
        frames.append(_curves(run, untrained(run.model, run.config.network.seed), text, at=at).assign(control="untrained"))
    if "shuffled" in settings.kinds:
        moved = None if at is None else in_random_order(at, settings.seed)
        frames.append(_curves(run, run.model, shuffled(text, settings.seed), at=moved).assign(control="shuffled"))
    if "boundaries" in settings.kinds and any(sentence.any() for sentence in text.sentences):
        bounded = _curves(run, run.model, text, at=at, segments=list(text.sentences))
        frames.append(bounded[bounded["boundary"] != "any"].rename(columns={"boundary": "control"}))
    columns = ["control", "state", "delay", *COLUMNS]
    return pd.concat(frames)[columns] if frames else pd.DataFrame(columns=columns)


def equal_classes(run: Run) -> pd.DataFrame:
    """The word classes at delay 0, each from the same number of positions, beside groups of any words.

    Nothing where states are read at one class alone: at delay 0 the word that is read is that of the state.

    Returns:
        A row per state, rule and group.
    """
    settings, text = run.config.controls, run.text
    frames = []
    everywhere = run.config.gradients.at is None
    for rule in rules_of(text) if "equal counts" in settings.kinds and everywhere else ():
        classes = {name: masks for name, masks in text.groups(rule).items() if name in CLASSES}
        count = min(settings.sample, *(sum(int(mask.sum()) for mask in masks) for masks in classes.values()))
        drawn = equal_groups(classes, count, seed=settings.seed)
        groups = {label_of(name, rule): masks for name, masks in drawn.items()}
        anywhere = [np.any(masks, axis=0) for masks in zip(*drawn.values(), strict=True)]
        frames.append(_curves(run, run.model, text, groups=groups, where=anywhere, delays=1, sample=None, all_groups=True))
    columns = ["state", "group", "rule", *COLUMNS]
    if not frames:
        return pd.DataFrame(columns=columns)
    frame = split_labels(pd.concat(frames))
    return frame.loc[frame["group"] != "all", columns]


def shuffled(text: Corpus, seed: int) -> Corpus:
    """The same words in a random order, streams as long as before: each word follows others by frequency alone."""
    streams = in_random_order(text.streams, seed)
    return dataclasses.replace(text, name=f"{text.name}, shuffled", streams=streams, tags=None, lexicon=None)


def in_random_order(values: Sequence[np.ndarray], seed: int) -> tuple[np.ndarray, ...]:
    """Values per position in the order into which `shuffled` brings the words, streams as long as before."""
    together = np.concatenate(values)
    order = np.random.default_rng(seed).permutation(len(together))
    return tuple(np.split(together[order], np.cumsum([len(stream) for stream in values])[:-1]))


def _curves(run: Run, model: LanguageModel, text: Corpus, *, all_groups: bool = False, **options: Any) -> pd.DataFrame:
    settings = run.config.gradients
    given: dict[str, Any] = {"delays": settings.delays, "sample": run.config.controls.sample, "groups": {}} | options
    results = state_gradients(
        model,
        text,
        state=list(run.states),
        blocks=settings.blocks,
        precision=settings.precision,
        seed=run.config.controls.seed,
        show_progress=run.show_progress,
        **given,
    )
    assert isinstance(results, dict)
    frames = []
    for (_, state), result in results.items():
        assert isinstance(result, StateGradients)
        kept = in_convention(run.config, result if all_groups else result.sel(group="all"))
        frames.append(kept.to_dataframe().assign(state=state))
    return pd.concat(frames)
