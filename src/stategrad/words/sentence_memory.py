"""A sentence word by word: on which of its earlier words the state after each word still depends.

effect(p, t) = ‖s_t - s_t'‖, s' having read the mean embedding in place of word p      σ_1(G_{t,t-p}), of the one gradient

Both are of single positions, so no mean hides anything and no sign cancels, and nothing is said about other sentences.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
import xarray as xr
from jaxtyping import Float, Int

from stategrad.cells.network import StateKey
from stategrad.corpus.corpus import Corpus
from stategrad.corpus.vocabulary import UNKNOWN
from stategrad.errors import InvalidInputError, Problems, check_choice
from stategrad.gradients.by_positions import chunk_size
from stategrad.gradients.provenance import provenance_of
from stategrad.gradients.request import Execution
from stategrad.gradients.tangents import Window
from stategrad.gradients.units import Units, root_of_units
from stategrad.models.embeddings import Embeddings, embeddings_of
from stategrad.swaps.changes import changes
from stategrad.swaps.reading import Reading
from stategrad.swaps.replacements import Replacements, replacements_of

SHORTEST = 10
"""Words, the end of the sentence among them, that a sentence must have to be drawn."""

MEASURES = ("effect", "retained", "sigma_1")


@dataclass(frozen=True, eq=False, repr=False)
class SentenceMemory:
    """On which of its earlier words each state in a sentence still depends.

    Attributes:
        table: a row per sentence, word at `place` p and word at `after` ≥ p that has been read last: `word`, `state_word`, `delay`
            = after - place, `effect`: the change of the state if the mean embedding had been read in place of the word,
            `retained`: the same relative to its value at delay 0, `sigma_1` of the position's own gradient. `sentence` is its
            number in the text, from 0; places count from 0.
        state: which state.
        provenance: versions, hashes and settings, as JSON.
    """

    table: pd.DataFrame
    state: str
    provenance: str

    @property
    def units(self) -> str:
        """Of the inputs of gradients: `paper2018` (the space of the embeddings) or `csl2020` (whitened)."""
        return str(json.loads(self.provenance)["settings"]["units"])

    @property
    def sentences(self) -> dict[int, list[str]]:
        """The words of each sentence by its number."""
        own = self.table[self.table["delay"] == 0]
        return {int(number): rows.sort_values("place")["word"].tolist() for number, rows in own.groupby("sentence", sort=False)}

    def matrix(self, sentence: int, measure: Literal["effect", "retained", "sigma_1"] = "effect") -> xr.DataArray:
        """One sentence as (after, place): rows are states, columns the words that were read; NaN for words still to come.

        Args:
            sentence: its number.
            measure: a column of the table.

        Raises:
            InvalidInputError: a sentence that was not measured, or an unknown measure.
        """
        check_choice("measure", measure, MEASURES)
        if sentence not in self.sentences:
            raise InvalidInputError(f"sentence {sentence} was not measured; there are {', '.join(map(str, self.sentences))}.")
        words, rows = self.sentences[sentence], self.table[self.table["sentence"] == sentence]
        values = np.full((len(words), len(words)), np.nan)
        values[rows["after"], rows["place"]] = rows[measure]
        names = {"state_word": ("after", words), "word": ("place", words)}
        return xr.DataArray(values, dims=("after", "place"), coords=names, name=measure)

    def to_dataframe(self) -> pd.DataFrame:
        """A copy of the table."""
        return self.table.copy()

    def __repr__(self) -> str:
        lines = [f"SentenceMemory of the {self.state} state"]
        lines += [f"  {number}  {' '.join(words)}" for number, words in self.sentences.items()]
        return "\n".join(lines)


def sentence_memory(
    model: Any,
    text: Corpus,
    sentences: int | Sequence[int] = 4,
    *,
    longest: int = 25,
    state: str | StateKey | None = None,
    units: Units = "paper2018",
    embeddings: Embeddings | None = None,
    precision: Literal["float32", "float64"] = "float32",
    seed: int = 0,
    show_progress: bool = True,
    execution: Execution | None = None,
) -> SentenceMemory:
    """`‖s_t - s_t'‖` and `σ_1(G_{t,τ})` for every word of some sentences and every state from there to the sentence's end.

    What was read before the sentence is in the state, as in the text, and is not replaced. In whitened embedding space the second
    is `σ_1(G_{t,τ} D)`, with `D Dᵀ` the covariance of the embeddings; the first does not depend on it.

    Args:
        model: a model that reads the ids of the text, as `state_gradients` takes it.
        text: with its vocabulary.
        sentences: how many to draw, of 10 to `longest` words and those with the fewest unknown words; or the numbers of
            sentences, counted from 0 through the whole text. They stand in the order of the text.
        longest: words of a sentence that is drawn, its end among them.
        state: a state's name, or `(layer, name)`. Default: the cell of an LSTM, else the hidden state, of the last layer.
        units: of the inputs of gradients: `paper2018`, those of the model's own embeddings, or `csl2020`, whitened.
        embeddings: what `csl2020` whitens by. Default: taken from the model and the text.
        precision: of states and gradients.
        seed: of the draw.
        show_progress: show a progress bar.
        execution: how the work is cut.

    Raises:
        InvalidInputError: no text with a vocabulary, no sentence of these lengths, numbers that are not in the text, or embeddings
            that cannot be whitened.
    """
    if not isinstance(text, Corpus):
        raise InvalidInputError(f"the text is a {type(text).__name__}; give a sg.Corpus, which knows its words and sentences.")
    starts, lengths = _sentences(text)
    chosen = _chosen(text, starts, sentences, longest, seed)
    place = np.concatenate([np.arange(lengths[number]) for number in chosen])
    sentence = np.repeat(chosen, lengths[chosen])
    positions, left = starts[sentence] + place, lengths[sentence] - place
    reading = Reading.of(model, text, delays=int(left.max()), state=state, precision=precision, initial_state=None)
    replacements = replacements_of("mean", text, reading.streams, seed)
    root = root_of_units(units, embeddings or embeddings_of(model, text), reading.network.embedding_size)
    effect, sigma_1 = _measure(reading, replacements, positions, left, root, execution, show_progress)
    row, delay = (index.ravel() for index in np.indices(effect.shape))
    inside = delay < left[row]
    row, delay = row[inside], delay[inside]
    ids = np.concatenate([np.asarray(stream) for stream in text.streams])
    words = np.array(text.vocabulary.words, dtype=object)[ids]
    with np.errstate(invalid="ignore", divide="ignore"):  # of a word that is the mean embedding itself: NaN
        retained = effect / effect[:, :1]
    columns = {
        "sentence": sentence[row], "place": place[row], "after": place[row] + delay, "delay": delay,
        "word": words[positions[row]], "state_word": words[positions[row] + delay],
        "effect": effect[row, delay], "retained": retained[row, delay], "sigma_1": sigma_1[row, delay],
    }  # fmt: skip
    numbers = [int(number) for number in chosen]
    facts = provenance_of(model, text, reading.streams, precision=precision, units=units, sentences=numbers)
    return SentenceMemory(
        table=pd.DataFrame(columns),
        state=reading.key[1],
        provenance=json.dumps(facts | {"state": {"layer": reading.key[0], "name": reading.key[1]}}),
    )


def readable_sentences(text: Corpus, longest: int) -> Int[np.ndarray, " sentence"]:
    """The numbers of the sentences of 10 to `longest` words, from which `sentence_memory` draws."""
    _, lengths = _sentences(text)
    return np.flatnonzero((lengths >= SHORTEST) & (lengths <= longest))


def _sentences(text: Corpus) -> tuple[Int[np.ndarray, " sentence"], Int[np.ndarray, " sentence"]]:
    """The first position of each sentence of the text, and its length."""
    numbers = np.concatenate([np.asarray(numbers) for numbers in text.sentences])
    begins = np.zeros(len(numbers), dtype=bool)
    begins[np.cumsum([0, *(len(stream) for stream in text.streams[:-1])])] = True
    begins[1:] |= np.diff(numbers) != 0
    starts = np.flatnonzero(begins)
    return starts, np.diff([*starts, len(numbers)])


def _chosen(
    text: Corpus,
    starts: Int[np.ndarray, " sentence"],
    sentences: int | Sequence[int],
    longest: int,
    seed: int,
) -> Int[np.ndarray, " chosen"]:
    """The numbers of the sentences, in the order of the text."""
    if isinstance(sentences, int | np.integer):
        able = readable_sentences(text, longest)
        if sentences < 1 or not len(able):
            raise InvalidInputError(
                f"sentences is {sentences}, to be drawn of {len(able):,} with {SHORTEST} to {longest} words in {text.name}; "
                "ask for at least one, raise longest, or name sentences by their numbers."
            )
        unknown = np.zeros(text.size, dtype=np.int64)
        if UNKNOWN in text.vocabulary:
            unknown = (np.concatenate([np.asarray(stream) for stream in text.streams]) == text.vocabulary.id(UNKNOWN)).astype(int)
        many = np.add.reduceat(unknown, starts)[able]
        shuffled = np.random.default_rng(seed).permutation(len(able))
        return np.sort(able[shuffled[np.argsort(many[shuffled], kind="stable")[:sentences]]])
    chosen = np.asarray(sentences)
    if chosen.ndim != 1 or (len(chosen) and chosen.dtype.kind not in "iu"):
        raise InvalidInputError(f"sentences are {sentences!r}; give how many, or a list of their numbers.")
    chosen = chosen.astype(np.int64)
    problems = Problems("sentences")
    if not len(chosen) or len(np.unique(chosen)) < len(chosen):
        problems.add(f"sentences are {chosen.tolist()}; name at least one, and each once")
    elif chosen.min() < 0 or chosen.max() >= len(starts):
        problems.add(f"sentences are {chosen.tolist()}; {text.name} has {len(starts):,}, numbered from 0")
    problems.raise_if_any()
    return np.sort(chosen)


def _measure(
    reading: Reading,
    replacements: Replacements,
    positions: Int[np.ndarray, " position"],
    left: Int[np.ndarray, " position"],
    root: Float[np.ndarray, "embedding embedding_"] | None,
    execution: Execution | None,
    show_progress: bool,
) -> tuple[Float[np.ndarray, "position delay"], Float[np.ndarray, "position delay"]]:
    """`effect` and `sigma_1` of each position at the delays that are `left` in its sentence; NaN behind its end.

    The latter of `G D`, with D the `root` where there is one.
    """
    network, key, longest = reading.network, reading.key, reading.longest
    effect, sigma_1 = np.full((2, len(positions), longest), np.nan)
    size = (execution or Execution()).chunk_size or chunk_size(network, network.embedding_size)
    window = Window(network, size)
    start = None if root is None else torch.from_numpy(root.T[:, None].copy()).to(network.device, network.dtype)
    for batch in reading.batches(positions, left, size, what="sentences", show_progress=show_progress):
        row = np.searchsorted(positions, batch.places)
        given = replacements.vectors(batch.places)
        moved = changes(network, key, batch.stretch, batch.rows, batch.remaining, given, longest)
        tangents = window.propagate(batch.stretch, batch.chosen, batch.remaining, longest, start)
        for delay, ((change, _, _), (_, gradients)) in enumerate(zip(moved, tangents, strict=True)):
            inside = row[: len(change)]
            effect[inside, delay] = torch.linalg.vector_norm(change, dim=1, dtype=torch.float64).numpy()
            own = gradients[key][:, : len(change)].permute(1, 2, 0)
            sigma_1[inside, delay] = torch.linalg.matrix_norm(own.cpu(), ord=2).numpy()
    reading.check_finite(np.where(np.arange(longest) < left[:, None], effect, 0), "a swap", "or for precision='float64'")
    return effect, sigma_1
