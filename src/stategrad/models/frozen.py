"""Which weights of a model training leaves as they are."""

from __future__ import annotations

from torch import nn

from stategrad.models.language_model import LanguageModel


def frozen_weights(model: nn.Module) -> list[nn.Parameter]:
    """The weights that training leaves as they are; none where all are frozen, as they are for an analysis."""
    weights = list(model.parameters())
    return [weight for weight in weights if not weight.requires_grad] if any(weight.requires_grad for weight in weights) else []


def has_frozen_embeddings(model: LanguageModel) -> bool:
    """Whether training leaves the embedding of `model` as it is."""
    return any(weight is model.embedding.weight for weight in frozen_weights(model))
