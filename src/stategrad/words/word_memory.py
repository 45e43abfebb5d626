"""Sensitivity and effect of every word of a text, against its frequency."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Int

from stategrad.cells.network import StateKey
from stategrad.corpus.corpus import Corpus
from stategrad.errors import InvalidInputError, Problems
from stategrad.gradients.group_spectra import GroupSpectra
from stategrad.gradients.request import Execution
from stategrad.gradients.state_gradients import delays_of, state_gradients
from stategrad.gradients.units import Units
from stategrad.models.embeddings import Embeddings
from stategrad.swaps.swap_memory import swap_memory
from stategrad.words.result import WordMemory
from stategrad.words.selection import Selection, select

FULL = ("sigma_1", "sigma_1_debiased", "sigma_1_low", "sigma_1_high", "detected", "rms")
Positions = Mapping[str, Int[np.ndarray, " _"]]


def word_memory(
    model: Any,
    text: Corpus,
    *,
    minimum: int = 20,
    most: int = 200,
    words: int | None = None,
    delays: int | Sequence[int] = (0, 1, 2, 5, 10),
    state: str | StateKey | None = None,
    equal: int | None = None,
    draws: int = 40,
    counted_in: Corpus | None = None,
    units: Units = "paper2018",
    embeddings: Embeddings | None = None,
    precision: Literal["float32", "float64"] = "float32",
    seed: int = 0,
    show_progress: bool = True,
    execution: Execution | None = None,
) -> WordMemory:
    """`σ_1(Ḡ_τ)`, rms and effect `E‖s_t^swap - s_t‖` of each word, at equal counts, and beside groups of any words.

    Sensitivity and effect are not the same: the first is how much a small push of the word's vector would move the state, the
    second how much the state would be another if the mean embedding had been read in its place. Sensitivity has the units of the
    inputs: in whitened space, the convention of the follow-up, it is `σ_1(Ḡ_τ D)` with `D Dᵀ` the covariance of the embeddings, of
    every word and of groups of any words alike. Effect does not depend on them.

    Args:
        model: a model that reads the ids of the text, as `state_gradients` takes it.
        text: with its vocabulary; `<unk>` and `<eos>` are not among the words.
        minimum: positions that a word must have.
        most: positions that are used of a word, drawn at random.
        words: this many, at even steps of the ranks of frequency; None for all.
        delays: n for 0, 1, …, n-1, or a sequence of delays. Positions too near their stream's end for the longest are not used.
        state: a state's name, or `(layer, name)`. Default: the cell of an LSTM, else the hidden state, of the last layer.
        equal: positions per word at equal counts, at most `minimum`, the default.
        draws: pseudo-words of each size, positions of any words: sizes double from `equal` on, as far as the text reaches.
        counted_in: the text in which frequencies are counted, such as the one the model was trained on; default: `text`.
        units: of the inputs of gradients: `paper2018`, those of the model's own embeddings, or `csl2020`, whitened.
        embeddings: what `csl2020` whitens by. Default: taken from the model and the text.
        precision: of gradients and states.
        seed: of the draws.
        show_progress: show progress bars.
        execution: how the work is cut.

    Raises:
        InvalidInputError: counts that contradict each other, no word with enough positions, a text with another vocabulary, or
            embeddings that cannot be whitened.

    Source: Verwimp et al., Computer Speech & Language 61, 2020.
    """
    equal = minimum if equal is None else equal
    _check(text, counted_in, minimum=minimum, most=most, equal=equal, words=words, draws=draws)
    lengths = np.array([len(stream) for stream in text.streams])
    delay_list = delays_of(delays, int(lengths.max()))
    chosen = select(text, longest=int(delay_list[-1]), minimum=minimum, most=most, equal=equal, words=words, draws=draws, seed=seed)
    options: dict[str, Any] = {
        "delays": delay_list.tolist(), "state": state, "precision": precision, "show_progress": show_progress,
        "execution": execution,
    }  # fmt: skip

    def spectra(positions: Positions) -> pd.DataFrame:
        labels = _labels(positions, lengths)
        result = state_gradients(model, text, groups=labels, keep="spectrum", units=units, embeddings=embeddings, **options)
        assert isinstance(result, GroupSpectra)
        provenance.append(result.provenance)
        return result.to_dataframe()

    provenance: list[str] = []
    full = {str(word): positions for word, positions in zip(chosen.words, chosen.full, strict=True)}
    pseudo = {f"any {size} {draw}": positions for (size, draw), positions in chosen.pseudo.items()}
    table = spectra(full)[["group", "delay", "count", *FULL]]
    if most > equal:
        same = spectra({str(word): positions for word, positions in zip(chosen.words, chosen.equal, strict=True)})
    else:
        same = table
    renamed = {"sigma_1": "sigma_1_equal", "rms": "rms_equal"}
    table = table.merge(same[["group", "delay", *renamed]].rename(columns=renamed), on=["group", "delay"])
    sizes = pd.DataFrame([(f"any {size} {draw}", size, draw) for size, draw in chosen.pseudo], columns=["group", "count", "draw"])
    of_any = spectra(pseudo)[["group", "delay", "sigma_1", "rms"]].merge(sizes, on="group")
    effect = _effects(model, text, full | pseudo, lengths, seed=seed, **options)
    table, of_any = (frame.merge(effect, on=["group", "delay"]) for frame in (table, of_any))
    for name in ("sigma_1", "rms"):
        table[f"{name}_pseudo"] = _reference(of_any, table, name)
    by_frequency = _frequencies(text, text if counted_in is None else counted_in, chosen)
    table = by_frequency.merge(table.drop(columns="detected").assign(detected=table["detected"].astype(bool)), on="group")
    of_state = json.loads(provenance[0])
    of_state["settings"] |= {"minimum": minimum, "most": most, "equal": equal, "words": words, "draws": draws, "word_seed": seed}
    return WordMemory(
        table=table.drop(columns="group"),
        pseudo=of_any.sort_values(["count", "draw", "delay"])[["count", "draw", "delay", "sigma_1", "rms", "effect"]].reset_index(
            drop=True
        ),
        equal=equal,
        state=str(of_state["state"]["name"]),
        provenance=json.dumps(of_state),
    )


def _effects(
    model: Any, text: Corpus, positions: Positions, lengths: Int[np.ndarray, " stream"], *, seed: int, **options: Any
) -> pd.DataFrame:
    """The effect of each group of positions: a row per group and delay."""
    size, cuts = int(lengths.sum()), np.cumsum(lengths)[:-1]
    masks = {}
    everywhere = np.zeros(size, dtype=bool)
    for label, own in positions.items():
        mask = np.zeros(size, dtype=bool)
        mask[own] = True
        everywhere |= mask
        masks[label] = np.split(mask, cuts)
    result = swap_memory(
        model, text, swaps="mean", groups=masks, where=np.split(everywhere, cuts), sample=None, seed=seed, **options
    )
    names = {"theta": "effect", "theta_low": "effect_low", "theta_high": "effect_high"}
    return result.to_dataframe()[["group", "delay", *names]].rename(columns=names)


def _labels(positions: Positions, lengths: Int[np.ndarray, " stream"]) -> list[np.ndarray]:
    labels = np.full(int(lengths.sum()), None, dtype=object)
    for label, own in positions.items():
        labels[own] = label
    return np.split(labels, np.cumsum(lengths)[:-1])


def _reference(of_any: pd.DataFrame, table: pd.DataFrame, name: str) -> np.ndarray:
    """The mean of pseudo-words at each row's count and delay, between their sizes on logarithmic scales; NaN beyond the largest."""
    mean = of_any.groupby(["delay", "count"])[name].mean()
    values = np.full(len(table), np.nan)
    for delay in table["delay"].unique():
        own, rows = mean[delay], (table["delay"] == delay).to_numpy()
        wanted, known = (np.log(counts.to_numpy(dtype=np.float64)) for counts in (table.loc[rows, "count"], own.index))
        values[rows] = np.exp(np.interp(wanted, known, np.log(own.to_numpy()), right=np.nan))
    return values


def _frequencies(text: Corpus, counted_in: Corpus, chosen: Selection) -> pd.DataFrame:
    size = len(text.vocabulary)
    occurrences, counted = (
        np.bincount(np.concatenate([np.asarray(stream) for stream in one.streams]), minlength=size) for one in (text, counted_in)
    )
    ids = np.array(chosen.words)
    frequency = 1e6 * counted[ids] / counted.sum()
    with np.errstate(divide="ignore"):
        log_frequency = np.log(frequency)
    return pd.DataFrame(
        {
            "group": [str(word) for word in ids], "word": [text.vocabulary.words[word] for word in ids],
            "occurrences": occurrences[ids], "frequency": frequency, "log_frequency": log_frequency,
        }
    )  # fmt: skip


def _check(text: Corpus, counted_in: Corpus | None, *, minimum: int, most: int, equal: int, words: int | None, draws: int) -> None:
    if not isinstance(text, Corpus):
        raise InvalidInputError(f"the text is a {type(text).__name__}; give a sg.Corpus, which knows its words.")
    problems = Problems("the analysis of words")
    for name, value in (("minimum", minimum), ("equal", equal), ("draws", draws), ("words", words)):
        if value is not None and value < 1:
            problems.add(f"{name} is {value}; give at least 1")
    if equal > minimum:
        problems.add(f"equal is {equal} and minimum {minimum}; a word must have as many positions as are drawn of it")
    if most < equal:
        problems.add(f"most is {most}, fewer than the {equal} that are drawn of each word; raise most, or lower minimum")
    if counted_in is not None and counted_in.vocabulary.words != text.vocabulary.words:
        problems.add(f"{counted_in.name} and {text.name} have different vocabularies; count in a text that was encoded alike")
    problems.raise_if_any()
