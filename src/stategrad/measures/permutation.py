"""The default null of a property: its labels dealt out anew among words of like frequency."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stategrad.errors import InvalidInputError, Problems
from stategrad.measures.properties import Property
from stategrad.models.embeddings import Embeddings

BINS = 10


def permuted_directions(
    embeddings: Embeddings,
    prop: Property,
    frequencies: Float[np.ndarray, " word"],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Float[np.ndarray, "draw embedding"]:
    """`d* = Σ_w c_{π(w)} e_w` for random permutations π of the word types within deciles of frequency.

    `c_w = α_w/n_a - β_w/n_b` is the weight of word w in the property's own `d = Σ_w c_w e_w`; it stands α_w times in class a
    (of `n_a` entries) and β_w times in b. A type keeps its whole label, so that words with two tags, and words of both classes,
    are as many in every draw as they are in d. Deciles are those of the property's own types; words of equal frequency
    share one.

    Args:
        embeddings: the vectors that the property was made of.
        prop: the property, with its members.
        frequencies: of every word of `embeddings`: counts in the text, or anything that orders the words alike.
        draws: how many directions.
        seed: of the permutations.

    Returns:
        A direction a row, to be tracked as the property is.

    Raises:
        InvalidInputError: frequencies or members that do not fit the embeddings, or deciles that each hold one kind of label, so
            that there is nothing to permute.
    """
    _check(embeddings, prop, frequencies, draws)
    words, vectors = len(embeddings.words), embeddings.vectors
    weight = np.bincount(prop.a, minlength=words) / len(prop.a) - np.bincount(prop.b, minlength=words) / len(prop.b)
    types = np.unique([*prop.a, *prop.b])
    decile = frequency_bins(frequencies[types])
    generator = np.random.default_rng(seed)
    directions = np.zeros((draws, embeddings.size))
    mixed = False
    for members in (types[decile == number] for number in np.unique(decile)):
        dealt = generator.permuted(np.tile(weight[members], (draws, 1)), axis=1)
        directions += dealt @ vectors[members]
        mixed = mixed or len(np.unique(weight[members])) > 1
    if not mixed:
        raise InvalidInputError(
            f"the labels of property '{prop.name}' cannot be permuted: no decile of frequency holds words of both classes; "
            "give it more words, or compare with isotropic directions."
        )
    return directions


def frequency_bins(frequencies: Float[np.ndarray, " word"], bins: int = BINS) -> np.ndarray:
    """The quantile bin of each word, 0 the rarest; equal frequencies share a bin, so that there may be fewer than `bins`.

    >>> frequency_bins(np.array([1.0, 1.0, 1.0, 9.0]), bins=2)
    array([0, 0, 0, 1])
    """
    edges = np.quantile(frequencies, np.arange(1, bins) / bins)
    return np.searchsorted(edges, frequencies, side="left")


def _check(embeddings: Embeddings, prop: Property, frequencies: np.ndarray, draws: int) -> None:
    problems = Problems(f"the permutation of property '{prop.name}'")
    words = len(embeddings.words)
    if frequencies.shape != (words,):
        problems.add(f"frequencies have shape {frequencies.shape} for {words} words; give one per word")
    elif not np.isfinite(frequencies).all():
        problems.add("frequencies hold NaN or infinity; give counts")
    if not prop.a or not prop.b or min(*prop.a, *prop.b) < 0 or max(*prop.a, *prop.b) >= words:
        problems.add(f"the members of property '{prop.name}' are not rows of these {words} embeddings; make it from them")
    if draws < 1:
        problems.add(f"draws is {draws}; give at least 1")
    problems.raise_if_any()
