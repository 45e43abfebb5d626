"""An untrained model: what it remembers follows from its weights, and no property of words is special to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from stategrad.gradients.result import StateGradients
from stategrad.gradients.state_gradients import state_gradients
from stategrad.measures.properties import Property, property_vector
from stategrad.models.embeddings import Embeddings
from stategrad.models.language_model import LanguageModel, ModelConfig
from stategrad.validation.record import Check, Reading

OUTSIDE = 0.05


def untrained_model(
    *, words: int = 300, tokens: int = 3000, properties: int = 200, delay: int = 5, seed: int = 0,
    gradients: Callable[..., Any] = state_gradients,
) -> Check:  # fmt: skip
    """`Ḡ_τ ≈ J^τ B` with `J = ½ I + ¼ W_g`, `B = ½ U_g`: an LSTM with weights near 0, linearised at rest, where every gate is ½.

    Words of random vectors have no classes; of properties made by dealing words into two classes at random, 5 % lie outside the
    range of their permuted labels by chance. One made along the direction that is remembered best must lie above it.

    Args:
        words: of the vocabulary, drawn by Zipf's law.
        tokens: of the text.
        properties: how many random ones.
        delay: at which properties are tracked, from 1.
        seed: of the weights, the text and the properties.
        gradients: what is put to the test, `state_gradients`.
    """
    generator = np.random.default_rng(seed)
    model = LanguageModel(ModelConfig(vocabulary_size=words, embedding_size=24, hidden_size=48), seed=seed).eval()
    share = 1 / (np.arange(words) + 3.7)
    ids = generator.choice(words, p=share / share.sum(), size=(10, tokens // 10))
    embeddings = Embeddings(
        model.embedding.weight.detach().double().numpy(), tuple(f"word-{number}" for number in range(words)),
        frequencies=np.bincount(ids.ravel(), minlength=words).astype(np.float64),
    )  # fmt: skip
    result = gradients(model, ids, delays=delay + 1, embeddings=embeddings, show_progress=False)
    assert isinstance(result, StateGradients)
    truth = _at_rest(model, delay + 1)
    error = np.linalg.norm(result.mean.values[0] - truth, axis=(1, 2)) / np.linalg.norm(truth, axis=(1, 2))
    last = result.sel(delay=delay)
    random = [_random_property(embeddings, generator, str(number)) for number in range(properties)]
    best = np.linalg.svd(truth[-1])[2][0]
    along = np.argsort(embeddings.vectors @ best)
    planted = property_vector(embeddings, along[words // 2 :].tolist(), along[: words // 2].tolist(), name="planted")
    tracked = last.track({one.name: one for one in (*random, planted)}).sel(group="all", delay=delay)
    m, low, high = (tracked[f"relative_memory{end}"].values for end in ("", "_null_low", "_null_high"))
    inside = (low <= m) & (m <= high)
    # a failure is wrong one time in a thousand at most: three standard errors of a share
    chance = OUTSIDE + 3 * float(np.sqrt(OUTSIDE * (1 - OUTSIDE) / properties))
    sign = 1 if m[-1] > high[-1] else -1
    return Check(
        "untrained",
        "An untrained LSTM forgets as its gates say, by about a half per step, and keeps no property of words beyond chance.",
        (
            Reading("largest error of the mean gradient against its gates, relative", float(error.max()), at_most=0.02),
            Reading("σ₁ at delay 1 over σ₁ at delay 0", _decay(result), at_least=0.45, at_most=0.6),
            Reading("random properties outside their band", float(1 - inside[:-1].mean()), at_most=chance),
            Reading("planted property above its band (1) or not (-1)", float(sign), at_least=1.0),
        ),
    )


def _decay(result: StateGradients) -> float:
    values = result.memory()["sigma_1"].sel(group="all").values
    return float(values[1] / values[0])


def _at_rest(model: LanguageModel, delays: int) -> Float[np.ndarray, "delay state embedding"]:
    hidden = model.config.hidden_size
    W, U = (
        model.recurrent.get_parameter(name).detach().double().numpy()[2 * hidden : 3 * hidden]
        for name in ("weight_hh_l0", "weight_ih_l0")
    )
    J = np.eye(hidden) / 2 + W / 4
    return np.stack([np.linalg.matrix_power(J, delay) @ U / 2 for delay in range(delays)])


def _random_property(embeddings: Embeddings, generator: np.random.Generator, name: str) -> Property:
    chosen = generator.permutation(len(embeddings.words)).tolist()
    half = len(chosen) // 4
    return property_vector(embeddings, chosen[:half], chosen[half : 2 * half], name=name)
