"""What stands at the head of the page: which model read which text, and how far it was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEW_EPOCHS = 5
FAR_FROM_CONVERGED = 1.15
"""A model is young that had fewer epochs than this, or whose perplexity is this many times what is known to be reached."""

CELLS = {"lstm": "LSTM", "gru": "GRU", "rnn": "tanh RNN"}
CORPORA = {
    "brown": "the Brown corpus",
    "ptb": "the Penn Treebank",
    "verwimp": "the authors' Penn Treebank text",
    "treebank": "a treebank",
    "wsj": "the Wall Street Journal",
    "synthetic": "a synthetic language",
    "text": "a text",
    "wikitext": "WikiText",
}
UNKNOWN = "not recorded"


@dataclass(frozen=True)
class Fact:
    """One entry of the strip of facts.

    Attributes:
        label: a few words.
        value: what is known.
        note: what belongs beside it, or empty.
        meaning: a sentence for those who meet the term for the first time.
    """

    label: str
    value: str
    note: str
    meaning: str


def title_of(facts: Mapping[str, Any]) -> str:
    """The model and the text in one line."""
    state, cell = facts.get("state"), CELLS.get(str(facts.get("cell")), "a recurrent model")
    article = "an" if cell == "LSTM" else "" if cell.startswith("a ") else "a"
    model = f"{article} {cell}".strip()
    corpus = str(facts.get("corpus") or "").strip()
    where = f" trained on {CORPORA.get(corpus, corpus)}" if corpus else ""
    return f"What the {f'{state} ' if state else ''}state of {model}{where} remembers"


def subtitle_of(facts: Mapping[str, Any]) -> str:
    """The sizes of the model, and the text that it read."""
    parts = [
        _sized(facts.get("hidden_size"), "unit"),
        _sized(facts.get("layers"), "layer"),
        _sized(facts.get("parameters"), "parameter"),
        _embeddings_of(facts),
        _sized(facts.get("vocabulary"), "word") and f"{_sized(facts.get('vocabulary'), 'word')} in the vocabulary",
    ]
    sizes = ", ".join(part for part in parts if part)
    corpus = str(facts.get("corpus") or "")
    what = str(facts.get("text") or "").replace(f" of {corpus},", f" of {CORPORA.get(corpus, corpus)},")
    text = f"{'it ' if sizes else 'It '}read {what}" if what else ""
    return "; ".join(part for part in (sizes[:1].upper() + sizes[1:], text) if part)


def young_model(facts: Mapping[str, Any]) -> str | None:
    """The sentence that warns of a model that has learned too little to say anything about its kind; None for a trained one.

    It is young, or knows less of the next word than frequencies alone do, as after training that did not converge.

    >>> young_model({"epochs": 2, "training_minutes": 3.4, "perplexity_valid": 312.4, "cell": "gru"})
    'Trained for 3.4 minutes, perplexity 312.4: these curves show how the tool reads a young model, not what GRUs remember.'
    >>> young_model({"epochs": 39, "perplexity_valid": 100.5, "converged_perplexity": 97.0}) is None
    True
    >>> young_model({"epochs": 39, "perplexity_valid": 1198.0, "perplexity_unigram": 248.0, "cell": "rnn"})[:80]
    'Trained for 39 epochs, perplexity 1,198, more than the 248.0 of word frequencies'
    """
    epochs, reached, converged = (facts.get(name) for name in ("epochs", "perplexity_valid", "converged_perplexity"))
    few = epochs is not None and epochs < FEW_EPOCHS
    far = reached is not None and converged is not None and reached > FAR_FROM_CONVERGED * converged
    alone = facts.get("perplexity_unigram")
    lost = reached is not None and alone is not None and reached > alone
    if not (few or far or lost):
        return None
    minutes = facts.get("training_minutes")
    parts = []
    if minutes is not None:
        parts.append(f"Trained for {_time(minutes)}")
    elif epochs is not None:
        parts.append(f"Trained for {_sized(epochs, 'epoch')}")
    if reached is not None:
        known = f" where converged models of this size reach about {converged:.0f}" if converged is not None else ""
        known += f", more than the {_perplexity(alone)} of word frequencies alone" if lost else ""
        parts.append(f"{'perplexity' if parts else 'Perplexity'} {_perplexity(reached)}{known}")
    kind = f"{CELLS.get(str(facts.get('cell')), 'recurrent model')}s"
    reads = "a model that has learned nothing of its text" if lost else "a young model"
    return f"{', '.join(parts)}: these curves show how the tool reads {reads}, not what {kind} remember."


def strip_of(facts: Mapping[str, Any]) -> list[Fact]:
    """The facts that every reader must know, in the order of the page."""
    beside = [
        f"{name} {_perplexity(facts[key])}"
        for name, key in (("word frequencies alone", "perplexity_unigram"), ("untrained", "perplexity_untrained"))
        if facts.get(key) is not None
    ]
    seeds, positions, population = facts.get("seeds"), facts.get("positions"), facts.get("population")
    minutes, steps, cell = facts.get("training_minutes"), facts.get("backpropagation_steps"), facts.get("cell")
    return [
        Fact("Held-out perplexity", _perplexity(facts.get("perplexity_valid")), "; ".join(beside),
             "Exponential of the mean negative log-likelihood, in nats, per word of text the model was not trained on; lower is "
             "better. Beside it what word frequencies alone reach, and the same model untrained."),
        Fact("Epochs", _plain(facts.get("epochs")), _time(minutes) if minutes is not None else "",
             "How many times the model read its training text."),
        *_embeddings(facts),
        Fact("Backpropagation", _plain(steps, " steps"), "in training",
             "Over how many words errors were propagated back in training; beyond them memory was never taught directly."),
        Fact("State", _plain(facts.get("state")), f"of {CELLS.get(str(cell), cell)}" if cell else "",
             "The vector whose memory is measured, of the last layer."),
        *([Fact("Read at", str(facts["at"]), "the word of the state",
                "States are read only where the current word is of this class.")] if facts.get("at") else []),
        Fact("Positions", _plain(positions), f"of {population:,} in the text" if isinstance(population, int) else "",
             "How many input words the gradients are averaged over; a random sample where there are fewer than in the text."),
        Fact("Blocks", _plain(facts.get("blocks")), _interval_note(facts.get("blocks")),
             "Parts of the text that are kept apart, whole documents where there are enough. Intervals are 95 %, around a value "
             "without the bias of a noisy mean. The noise floor is what is left of the mean when half of the blocks count with "
             "a minus sign: what an average of nothing would show."),
        Fact("Seeds", _plain(seeds), "training variation not included" if seeds == 1 else "",
             "How many models were trained. One seed: training variation is not included in anything on this page."),
    ]  # fmt: skip


def _embeddings_of(facts: Mapping[str, Any]) -> str | None:
    """The embeddings and their size in a few words."""
    if facts.get("embedding_size") is None:
        return None
    kind = facts.get("embeddings")
    given = "" if kind in (None, "joint") else "frozen pre-trained " if kind == "pre-trained" else "pre-trained "
    return f"{given}embeddings of size {facts['embedding_size']}"


def _embeddings(facts: Mapping[str, Any]) -> list[Fact]:
    """What the embeddings are, where they were not trained with the model."""
    kind = facts.get("embeddings")
    if kind in (None, "joint"):
        return []
    source, missing = facts.get("embeddings_source"), facts.get("embeddings_missing")
    notes = [source or "", f"{_sized(missing, 'word')} without a vector" if missing else ""]
    meaning = ("The vectors of the words were trained before the model, on what stands beside it" + (
        ", and did not change with it." if kind == "pre-trained" else ", and then further with the model."
    ) + " Words without a vector of their own got one in their place.")  # fmt: skip
    value = "pre-trained, frozen" if kind == "pre-trained" else str(kind)
    return [Fact("Embeddings", value, "; ".join(note for note in notes if note), meaning)]


def _interval_note(blocks: Any) -> str:
    return "noise floor and intervals" if isinstance(blocks, int) and blocks >= 6 else "too few for intervals: 6 are needed"


def _sized(value: Any, unit: str) -> str | None:
    return None if value is None else f"{value:,} {unit}{'s' * (value != 1)}"


def _plain(value: Any, unit: str = "") -> str:
    return UNKNOWN if value is None else f"{value:,}{unit}" if isinstance(value, int) else f"{value}{unit}"


def _time(minutes: float) -> str:
    return "less than a minute" if minutes < 1 else f"{minutes:g} minute{'s' * (minutes != 1)}"


def _perplexity(value: Any) -> str:
    return UNKNOWN if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"
