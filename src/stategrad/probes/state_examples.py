"""What probes on states learn from: states, the words in between, and the class of the word some steps earlier."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import nn

from stategrad.cells.network import StateKey
from stategrad.corpus.corpus import Corpus
from stategrad.corpus.lexicon import Rule
from stategrad.corpus.tags import CLASSES
from stategrad.errors import InvalidInputError
from stategrad.gradients.groups import flat
from stategrad.gradients.labels import distinct_labels
from stategrad.gradients.streams import Streams
from stategrad.gradients.stretches import stretches
from stategrad.models.frozen import frozen_weights
from stategrad.models.language_model import LanguageModel
from stategrad.models.pretrained import untrained

MOST_WORDS = 8
"""Of more words in between, those nearest to the probed one are read: what follows a word says most about it."""


@dataclass(frozen=True)
class Targets:
    """What is predicted of every position.

    Attributes:
        names: of the classes.
        of_position: the class of each position's word, -1 for none.
        types: the word type of each position, which a split keeps on one side; positions themselves where there are no words.
    """

    names: tuple[str, ...]
    of_position: Int[np.ndarray, " position"]
    types: Int[np.ndarray, " position"]

    @property
    def has_types(self) -> bool:
        """Whether words occur more than once, so that there are types to speak of."""
        return len(np.unique(self.types)) < len(self.types)


def targets_of(labels: Any, inputs: Any, streams: Streams, rule: Rule | None) -> Targets:
    """The classes of a corpus's words, or labels of one's own.

    Args:
        labels: in the shape of the ids (None or NaN: not probed), or None for the word classes of a corpus.
        inputs: of the analysis.
        streams: as they were read.
        rule: by which words have classes; default: gold tags where there are any, else the most frequent tag.

    Raises:
        InvalidInputError: no labels and no corpus with tags, a shape that does not fit, fewer than two classes.
    """
    if labels is None:
        if not isinstance(inputs, Corpus) or not inputs.rules:
            raise InvalidInputError("there are no labels to probe for; pass labels, one per position, or a corpus with tags.")
        groups = inputs.groups(rule or decoding_rule(inputs))
        names = [name for name in CLASSES if name in groups]
        of_position = np.full(streams.size, -1)
        for number, name in reversed(list(enumerate(names))):
            of_position[np.concatenate(groups[name])] = number
    else:
        names, of_position = distinct_labels(flat(labels, streams.lengths, "labels"))
    if len(names) < 2:
        raise InvalidInputError(f"a probe tells classes apart, and the labels have {len(names)}; give at least two.")
    ids = [None if tensor.is_floating_point() else tensor.cpu().numpy() for tensor in streams.tensors]
    types = np.arange(streams.size) if ids[0] is None else np.concatenate([one for one in ids if one is not None])
    return Targets(tuple(names), of_position.astype(np.int64), types.astype(np.int64))


def decoding_rule(text: Corpus) -> Rule:
    """The rule that puts each word into one class: gold tags, else its most frequent tag, else the first of its classes."""
    return next(rule for rule in ("gold", "most", "any") if rule in text.rules)


def steps_of(streams: Streams, longest: int, sample: int, generator: np.random.Generator) -> Int[np.ndarray, " step"]:
    """Steps whose state is read, each with all delays behind it in its own stream: the same for every delay."""
    own = np.concatenate([np.arange(length) for length in streams.lengths])
    possible = np.flatnonzero(own >= longest)
    return np.sort(generator.permutation(possible)[:sample])


def states_at(
    streams: Streams, steps: Int[np.ndarray, " step"], key: StateKey, initial_state: Any = None
) -> Float[np.ndarray, "step state"]:
    """The state of a layer after each of some steps, sorted."""
    network = streams.network
    initial = network.initial_state(initial_state, len(streams.lengths))
    found = np.empty((len(steps), network.state_size(key)), dtype=np.float32)
    for stretch in stretches(streams, steps, 0, initial):
        states = stretch.states[key[0]][key[1]][torch.from_numpy(stretch.rows)]
        found[np.searchsorted(steps, stretch.positions)] = states.cpu().numpy()
    return found


def words_between(streams: Streams, steps: Int[np.ndarray, " step"], delay: int) -> Float[np.ndarray, "step feature"]:
    """The input vectors `x_{t-τ+1} … x_t` side by side, at most eight of them, those nearest to the probed word."""
    vectors = np.concatenate([streams.vectors(n, 0, int(length)).cpu().numpy() for n, length in enumerate(streams.lengths)])
    first = steps - delay + 1
    return np.concatenate([vectors[first + place] for place in range(min(delay, MOST_WORDS))], axis=1)


def untrained_of(model: Any, seed: int) -> Any | None:
    """A model of the same architecture with its initial weights, frozen ones kept; None where they are not known.

    They are known where a part with `reset_parameters` holds them, as PyTorch's own layers do. Frozen weights are there before
    training, unless all are frozen, which says that nobody trains any longer.

    Args:
        model: the trained one.
        seed: of the initial weights.
    """
    if isinstance(model, LanguageModel):
        return untrained(model, seed)
    if not isinstance(model, nn.Module):
        return None
    fresh = copy.deepcopy(model)
    kept = {parameter: parameter.detach().clone() for parameter in frozen_weights(fresh)}
    # children first, so that a part which draws the weights of its children has the last word
    resets = {part: reset for part in reversed(list(fresh.modules())) if callable(reset := getattr(part, "reset_parameters", None))}
    known = {*kept, *(parameter for part in resets for parameter in part.parameters())}
    if not resets or not known.issuperset(fresh.parameters()):
        return None
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for reset in resets.values():
            reset()
        for parameter, value in kept.items():
            parameter.copy_(value)
    return fresh


def control_labels(
    targets: Targets, classes: Sequence[int] | np.ndarray, generator: np.random.Generator
) -> Int[np.ndarray, " type"]:
    """A random class for every word type, classes as frequent as among `classes`: the control task of Hewitt & Liang (2019)."""
    share = np.bincount(classes, minlength=len(targets.names)) / len(classes)
    return generator.choice(len(share), size=int(targets.types.max()) + 1, p=share)
