"""Trained models whose memory is known: they must hold a word until it is due, and may let it go after."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from stategrad.corpus.languages.agreement import agreement
from stategrad.corpus.languages.back import steps_back
from stategrad.corpus.languages.brackets import brackets
from stategrad.corpus.languages.copying import copying
from stategrad.corpus.languages.flip_flop import flip_flop
from stategrad.corpus.languages.planted import NEVER, PlantedText
from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_gradients import state_gradients
from stategrad.models.language_model import LanguageModel, ModelConfig
from stategrad.models.training import TrainingConfig, train
from stategrad.swaps.swap_memory import swap_memory
from stategrad.validation.divergence import divergence
from stategrad.validation.record import Check, Curve, Reading

LANGUAGES: dict[str, tuple[Callable[..., PlantedText], int]] = {
    "back-1": (partial(steps_back, 1), 0),
    "back-3": (partial(steps_back, 3), 2),
    "back-6": (partial(steps_back, 6), 5),
    "copy": (partial(copying, 3), 3),
    "flip-flop": (partial(flip_flop, 6), 4),
    "agreement": (partial(agreement, 3), 4),
    "brackets": (partial(brackets, 3), 4),
}
"""For each language its generator, and the delay for which words are followed that must be held just so long."""

AFTER = 6
"""Steps after a word was due, at which it must have been let go: a network forgets over a few."""

FEWEST = 10
"""A language has words that are of no use where so many are followed."""


def held_words(
    name: str, *, streams: int = 512, epochs: int = 15, followed: int = 100, steps: int = 60, seed: int = 0,
    gradients: Callable[..., Any] = state_gradients, swaps: Callable[..., Any] = swap_memory,
) -> Check:  # fmt: skip
    """An LSTM trained on a language where some words must be held up to delay h: held until h, used at h, let go after.

    By three measures: the divergence of predictions and the change of the cell when the word is replaced by its opposite, and
    the rms of gradients against that of the same model before training. That gradients of flip-flops outlive the need for the
    bit, while whole swaps do not, is no error: a saturated gate lets small pushes pass and not large ones.

    Args:
        name: of the language, a key of `LANGUAGES`.
        streams: of the training text.
        epochs: of training.
        followed: streams of the text on which is measured.
        steps: words of each stream.
        seed: of the texts and of the initial weights.
        gradients: what is put to the test, `state_gradients`.
        swaps: what is put to the test, `swap_memory`.
    """
    generate, held = LANGUAGES[name]
    text, own = (generate(streams=count, steps=steps, seed=2 * seed + part) for part, count in enumerate((streams, followed)))
    config = ModelConfig(vocabulary_size=len(text.words), embedding_size=16, hidden_size=48, output_dropout=0.0, init_range=0.2)
    model, untrained = (LanguageModel(config, seed=seed).eval() for _ in range(2))
    recipe = TrainingConfig(
        epochs=epochs, learning_rate=0.01, schedule="linear", optimizer="adam", batch_size=16, steps=30, seed=seed
    )
    train(model, text.streams, own.streams, recipe, show_progress=False)
    delays = held + AFTER + 1
    group = own.held(held)
    used = divergence(model, own.ids, own.swapped, group, delays)
    theta = swaps(
        model, own.ids, delays=delays, swaps=own.swapped, groups={"held": group}, sample=None, show_progress=False
    ).relative()
    moved = theta.sel(group="held").values
    rms = [_relative_rms(gradients, one, own, group, held, delays) for one in (model, untrained)]
    readings = [
        Reading(f"divergence at delay {held}, nats", float(used[held]), at_least=1.0),
        Reading(f"divergence at delay {held + AFTER}, relative to that", float(used[-1] / used[held]), at_most=0.1),
        Reading(f"change by swaps at delay {held}, relative to delay 0", float(moved[held]), at_least=0.5),
        Reading(f"change by swaps at delay {held + AFTER}, relative to delay {held}", float(moved[-1] / moved[held]), at_most=0.5),
    ]
    if held:
        what = f"rms of gradients at delay {held}, relative to delay 0, over untrained"
        readings.append(Reading(what, float(rms[0][held] / rms[1][held]), at_least=1.5))
    free = (own.held_until == NEVER) & (own.swapped != own.ids)
    free[:, -delays - max(own.held_until.max(), 0) :] = False
    if free.sum() >= FEWEST:
        most = float(divergence(model, own.ids, own.swapped, free, delays).max())
        readings.append(
            Reading("largest divergence by words of no use, relative to the first", float(most / used[held]), at_most=0.1)
        )
    curves = {"divergence": used / used.max(), "change by swaps": moved, "rms of gradients": rms[0], "rms, untrained": rms[1]}
    return Check(
        name,
        f"Trained on {text.name}, an LSTM holds a word until delay {held}, where it is due, and lets it go after.",
        tuple(readings),
        tuple(Curve(measure, tuple(map(float, values)), held) for measure, values in curves.items()),
    )


def _relative_rms(
    gradients: Callable[..., Any], model: LanguageModel, text: PlantedText, group: np.ndarray, held: int, delays: int
) -> Float[np.ndarray, " delay"]:
    result = gradients(model, text.ids, delays=delays, groups={"held": group}, sample=2000, show_progress=False)
    assert isinstance(result, StateGradients)
    values = result.memory()["rms"].sel(group="held").values
    return values / values[0]
