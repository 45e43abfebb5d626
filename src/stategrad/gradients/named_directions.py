"""What the remembered directions are: the words at their two ends, and what their scores of words go along with.

    score of a word      v_iᵀ (e_w - ē)           in the whitened convention   v_iᵀ D⁻¹ (e_w - ē)
    pattern              v_i                                                   D v_i
    read-out             v_i                                                   D⁻ᵀ v_i

The read-out is what scores words; the pattern is the input that excites the direction and no other (Haufe et al., NeuroImage 87,
2014). `ē` and all correlations are over word types: without `<unk>`, which stands for many, and without types that occur fewer than
`least_count` times, whose vectors have hardly left their initial values.

Sign: scores correlate positively with log frequency; without frequencies the largest entry of `v_i` is positive.

Frequency is a confound, since training moves frequent words most: beside the correlation of the scores with membership in a class
stands the partial one, log frequency taken out of both. A direction of no meaning correlates too, as far as the vectors do:
`chance` is what 95 % of random directions stay below.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Bool, Float, Int

from stategrad.corpus.vocabulary import UNKNOWN
from stategrad.errors import InvalidInputError, Problems
from stategrad.measures.stability import Stability, split_half_stability
from stategrad.models.embeddings import Embeddings

if TYPE_CHECKING:
    from stategrad.gradients.result import StateGradients

USUAL_DELAYS = (0, 1, 5)
FEWEST_TYPES = 5
DRAWS = 1000


@dataclass(frozen=True, eq=False)
class WordScores:
    """What scores words along directions, and what the scores are held against.

    Attributes:
        words: that take part, `<unk>` and rare types left out.
        centred: their vectors less the mean, in the coordinates of the directions.
        log_frequency: of each, or None.
        members: for each class with at least 5 types inside and outside, which words are in it.
    """

    words: np.ndarray
    centred: Float[np.ndarray, "word embedding"]
    log_frequency: Float[np.ndarray, " word"] | None
    members: Mapping[str, Bool[np.ndarray, " word"]]

    @classmethod
    def of(cls, embeddings: Embeddings, root: Float[np.ndarray, "embedding embedding"] | None, least_count: int) -> WordScores:
        """Of embeddings, in whitened coordinates where the root D of their covariance is given.

        Raises:
            InvalidInputError: fewer than 10 words are left.
        """
        kept = np.array([word != UNKNOWN for word in embeddings.words])
        if embeddings.frequencies is not None:
            kept &= embeddings.frequencies >= least_count
        rows = np.flatnonzero(kept)
        if len(rows) < 2 * FEWEST_TYPES:
            raise InvalidInputError(
                f"{len(rows)} of {len(kept)} words occur at least {least_count} times; directions need 10 words to be named, "
                "give a smaller least_count."
            )
        centred = embeddings.vectors[rows] - embeddings.vectors[rows].mean(0)
        centred = centred if root is None else np.linalg.solve(root, centred.T).T
        frequency = None if embeddings.frequencies is None else np.log(embeddings.frequencies[rows])
        masks = {name: np.isin(rows, members) for name, members in embeddings.classes.items()}
        masks = {name: mask for name, mask in masks.items() if FEWEST_TYPES <= mask.sum() <= len(rows) - FEWEST_TYPES}
        return cls(np.array(embeddings.words, dtype=object)[rows], centred, frequency, masks)

    def oriented(self, directions: Float[np.ndarray, "embedding mode"]) -> Float[np.ndarray, " mode"]:
        """The sign of each direction under the convention above."""
        if self.log_frequency is None:
            extreme = np.take_along_axis(directions, np.abs(directions).argmax(0, keepdims=True), 0)[0]
            return np.where(extreme < 0, -1.0, 1.0)
        return np.where(correlations(self.centred @ directions, self.log_frequency[:, None])[:, 0] < 0, -1.0, 1.0)

    def against(
        self, directions: Float[np.ndarray, "embedding mode"]
    ) -> tuple[Float[np.ndarray, " mode"], Float[np.ndarray, "mode class"], Float[np.ndarray, "mode class"]]:
        """Correlations of the scores with log frequency and with each class, and the partial ones with each class."""
        scores = self.centred @ directions
        nothing = np.full(directions.shape[1], np.nan)
        classes = np.array([mask.astype(np.float64) for mask in self.members.values()]).reshape(-1, len(self.words)).T
        plain = correlations(scores, classes)
        if self.log_frequency is None:
            return nothing, plain, np.full(plain.shape, np.nan)
        frequency = self.log_frequency[:, None]
        return correlations(scores, frequency)[:, 0], plain, correlations(without(scores, frequency), without(classes, frequency))

    @cached_property
    def chance(self) -> dict[str, float]:
        """What 95 % of random directions stay below: |r| with log frequency, and the largest |r| over classes."""
        drawn = np.random.default_rng(0).standard_normal((self.centred.shape[1], DRAWS))
        frequency, plain, partial = (np.abs(part) for part in self.against(drawn))
        largest = [part.max(1) if part.shape[1] else np.full(DRAWS, np.nan) for part in (plain, partial)]
        names = ("log_frequency_chance", "class_chance", "class_partial_chance")
        return {name: float(np.quantile(values, 0.95)) for name, values in zip(names, (frequency, *largest), strict=True)}


def correlations(a: Float[np.ndarray, "word x"], b: Float[np.ndarray, "word y"]) -> Float[np.ndarray, "x y"]:
    """Pearson's r of every column of a with every column of b; NaN for a column that does not vary."""
    a, b = a - a.mean(0), b - b.mean(0)
    lengths = np.outer(np.linalg.norm(a, axis=0), np.linalg.norm(b, axis=0))
    return np.asarray(np.divide(a.T @ b, lengths, out=np.full(lengths.shape, np.nan), where=lengths > 0))


def without(values: Float[np.ndarray, "word x"], removed: Float[np.ndarray, "word 1"]) -> Float[np.ndarray, "word x"]:
    """What a straight line in `removed` leaves of each column."""
    values, removed = values - values.mean(0), removed - removed.mean(0)
    return np.asarray(values - removed * ((removed.T @ values) / max(float((removed**2).sum()), np.finfo(np.float64).tiny)))


def check_naming(embeddings: Embeddings | None, *, words: int, least_count: int) -> Embeddings:
    """The embeddings, or the faults of a request for names.

    Raises:
        InvalidInputError: no embeddings, fewer than 1 word per end, a least count below 1.
    """
    if embeddings is None:
        raise InvalidInputError(
            "directions are named by words, and this result holds no embeddings; give state_gradients(embeddings=…), or a text "
            "with its words."
        )
    problems = Problems("names of directions")
    for name, value in (("words", words), ("least_count", least_count)):
        if value < 1:
            problems.add(f"{name} is {value}; give at least 1")
    problems.raise_if_any()
    return embeddings


def named_modes(
    right: Float[np.ndarray, "embedding mode"],
    values: Float[np.ndarray, " all_modes"],
    stability: Stability,
    scores: WordScores,
    words: int,
) -> pd.DataFrame:
    """The rows of one mean gradient, one per mode."""
    modes = right.shape[1]
    known = np.isfinite(right).all()
    right = scores.oriented(right) * right if known else np.zeros(right.shape)
    projected = scores.centred @ right
    order = np.argsort(-projected, axis=0, kind="stable")
    count = min(words, len(order) // 2)
    frequency, plain, partial = scores.against(right)
    judged = plain if scores.log_frequency is None else partial
    best = _largest(judged)
    names = list(scores.members)
    named = stability.named & known
    total = values.sum()

    def ends(end: Int[np.ndarray, "word mode"]) -> list[str]:
        return [" ".join(scores.words[end[:, mode]]) if named[mode] else "" for mode in range(modes)]

    columns = {
        "mode": np.arange(1, modes + 1),
        "sigma": values[:modes],
        "sigma_share": values[:modes] / total if total > 0 else np.full(modes, np.nan),
        "stability": stability.own,
        "set": [f"{a}" if a == b else f"{a}–{b}" for a, b in zip(stability.first, stability.last, strict=True)],
        "set_stability": stability.of_set,
        "named": named,
        "positive": ends(order[:count]),
        "negative": ends(order[::-1][:count]),
        "log_frequency": frequency,
        "log_frequency_chance": scores.chance["log_frequency_chance"],
        "class": [names[column] if column >= 0 else "" for column in best],
        "class_correlation": _taken(plain, best),
        "class_partial": _taken(partial, best),
        "class_chance": scores.chance["class_chance"],
        "class_partial_chance": scores.chance["class_partial_chance"],
    }
    columns |= {f"correlation {name}": plain[:, column] for column, name in enumerate(names)}
    columns |= {f"partial {name}": partial[:, column] for column, name in enumerate(names)}
    return pd.DataFrame(columns)


def _largest(values: Float[np.ndarray, "mode class"]) -> Int[np.ndarray, " mode"]:
    """The class with the largest absolute value, -1 where there is none."""
    if values.shape[1] == 0 or np.isnan(values).all():
        return np.full(len(values), -1)
    sizes = np.where(np.isnan(values), -1.0, np.abs(values))
    return np.where(sizes.max(1) < 0, -1, sizes.argmax(1))


def _taken(values: Float[np.ndarray, "mode class"], column: Int[np.ndarray, " mode"]) -> Float[np.ndarray, " mode"]:
    return np.array([values[mode, at] if at >= 0 else np.nan for mode, at in enumerate(column)])


def names_of_directions(result: StateGradients, n: int, words: int, delays: Sequence[int] | int | None, least: int) -> pd.DataFrame:
    """The rows of every group, condition and delay of a result; the arguments are those of `StateGradients.name_directions`."""
    embeddings = check_naming(result.embeddings, words=words, least_count=least)
    chosen = result.sel(delay=usual_delays(result.delays, delays))
    scores = WordScores.of(embeddings, None if result.whitening is None else result.whitening.values, least)
    cases, dims = chosen._arrays, chosen._cases
    _, values, right = cases.decomposed
    frames = []
    for case, labels in zip(np.ndindex(values.shape[:-1]), _labels(chosen, dims), strict=True):
        stability = split_half_stability(cases.block_mean[case], cases.block_count[case], n)
        rows = named_modes(right[case][:, :n], values[case], stability, scores, words)
        frames.append(pd.DataFrame(labels, index=rows.index).join(rows))
    return pd.concat(frames, ignore_index=True)


def leading_directions(result: StateGradients, n: int, delays: Sequence[int] | int | None, least: int) -> xr.Dataset:
    """The vectors behind the names; the arguments are those of `StateGradients.leading_directions`."""
    chosen = result.sel(delay=usual_delays(result.delays, delays))
    cases = chosen._arrays
    left, values, right = (part[..., :n] for part in cases.decomposed)
    shape = values.shape[:-1]
    found = [split_half_stability(cases.block_mean[case], cases.block_count[case], n) for case in np.ndindex(shape)]
    if result.embeddings is not None:
        scores = WordScores.of(result.embeddings, None if result.whitening is None else result.whitening.values, least)
        signs = np.array([scores.oriented(right[case]) for case in np.ndindex(shape)]).reshape(*shape, 1, n)
        left, right = left * signs, right * signs
    pattern = readout = right
    if result.whitening is not None:
        root = result.whitening.values
        pattern, readout = root @ right, np.linalg.inv(root).T @ right
    columns = {
        "singular_values": (("mode",), values),
        "image": (("state", "mode"), left),
        "pattern": (("embedding", "mode"), pattern),
        "readout": (("embedding", "mode"), readout),
        "stability": (("mode",), np.array([one.own for one in found]).reshape(*shape, n)),
        "named": (("mode",), np.array([one.named for one in found]).reshape(*shape, n)),
    }
    return chosen._dataset(columns, mode=np.arange(1, n + 1))


def usual_delays(measured: Sequence[int], wanted: Sequence[int] | int | None) -> list[int]:
    """The delays asked for; default: those of 0, 1 and 5 that were measured, or the first that was."""
    if wanted is None:
        return [delay for delay in USUAL_DELAYS if delay in measured] or list(measured[:1])
    return [wanted] if isinstance(wanted, int) else list(wanted)


def _labels(result: StateGradients, dims: Sequence[str]) -> list[dict[str, object]]:
    axes = [result.mean[name].values.tolist() for name in dims]
    return [dict(zip(dims, labels, strict=True)) for labels in itertools.product(*axes)]
