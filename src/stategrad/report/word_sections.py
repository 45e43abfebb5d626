"""The figures of a report about words: their classes, properties, frequency, single sentences, and what can be decoded of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import altair as alt
import pandas as pd

from stategrad.report.class_figures import (
    class_memory_chart,
    class_paragraphs,
    classes_chart,
    equal_counts_chart,
    on_class_curves,
    on_equal_counts,
)
from stategrad.report.figure import Figure, Saying
from stategrad.report.inputs import RunTables
from stategrad.report.marks import has
from stategrad.report.pair_figures import on_pairs, pairs_chart
from stategrad.report.probe_figures import ON_MEMORIES, decoding_chart, memories_chart, on_decoding
from stategrad.report.property_figures import on_own, on_tracking, shared_out, tracking_chart
from stategrad.report.sentence_figures import on_sentence, sentence_chart, words_of
from stategrad.report.word_figures import effect_chart, on_effect, on_sensitivity, on_word_classes, sensitivity_chart


def conventions(run: RunTables) -> list[bool]:
    """Whether properties and directions are there in embedding space, in whitened space, or in both: False before True."""
    tables = [table for table in (run.tracking, run.directions) if table is not None]
    return sorted({bool(value) for table in tables for value in table["whitened"]})


def opens_whitened(run: RunTables) -> bool:
    """Whether whitened space is shown at first: where the run asks for that convention, or has no other."""
    found = conventions(run)
    return True in found and (False not in found or run.facts.get("convention") == "csl2020")


def class_figures(run: RunTables, steps: int | None) -> list[Figure]:
    """Table 1, classes at equal counts and against delay; none for a text without tags."""
    if run.classes.empty:
        return []
    names = list(dict.fromkeys(run.classes["group"]))

    def dots(**options: Any) -> alt.LayerChart:
        return classes_chart(run.classes, **options)

    def curves(**options: Any) -> alt.LayerChart:
        return class_memory_chart(run.memory, groups=names, backpropagation_steps=steps, **options)

    def said(state: str) -> list[list[str]]:
        compared = None if run.comparisons is None else run.comparisons[run.comparisons["state"] == state]
        return class_paragraphs(run.classes[run.classes["state"] == state], compared)

    sayings = [Saying({"state": state}, paragraph) for state in run.states for paragraph in said(state)]
    listed = [
        Figure("table-1-classes", "Table 1. Word classes at delay 0", "classes", dots, (), sayings),
        Figure("classes-against-delay", "Word classes against delay", "memory", curves, ("scale", "values"),
               [Saying({}, on_class_curves(run.memory, names))], under="table-1-classes"),
    ]  # fmt: skip
    equal = run.equal
    if equal is not None and not equal.empty:

        def dots_of_equals(**options: Any) -> alt.LayerChart:
            return equal_counts_chart(equal, **options)

        sayings = [
            Saying({"state": str(state), "rule": str(rule)}, on_equal_counts(rows))
            for (state, rule), rows in equal.groupby(["state", "rule"], sort=False)
        ]
        name, heading = "classes-at-equal-counts", "Classes at equal counts"
        listed.insert(1, Figure(name, heading, "equal", dots_of_equals, (), sayings, under="table-1-classes"))
    return listed


def tracking_figures(run: RunTables, steps: int | None) -> list[Figure]:
    """Figure 2, pairs of nouns under it, and properties of the run's own."""
    if run.tracking.empty:
        return []
    paper, own = shared_out([str(name) for name in run.tracking["property"].unique()], run.facts)
    everything = run.tracking[run.tracking["group"] == "all"]

    def figure(names: list[str], on: Callable[..., list[str]], name: str, heading: str, under: str = "") -> Figure:
        def tracking(**options: Any) -> alt.LayerChart:
            whitened = opens_whitened(run)
            return tracking_chart(run.tracking, properties=names, whitened=whitened, backpropagation_steps=steps, **options)

        sayings = [
            Saying({"state": str(state), "whitened": str(bool(whitened)).lower()}, on(rows, run.facts))
            for (state, whitened), rows in everything[everything["property"].isin(names)].groupby(["state", "whitened"])
        ]
        return Figure(name, heading, "tracking", tracking, (), sayings, under, tuple(run.numbers))

    first = "figure-2-tracking"
    listed = [figure(paper, on_tracking, first, "Figure 2. Properties that are remembered")] if paper else []
    listed += _pair_figures(run, first if paper else "")
    for number, names in enumerate(own, 1):
        heading = f"Properties of your own: {' and '.join(names)}" if len(names) > 1 else f"A property of your own: {names[0]}"
        listed.append(figure(names, on_own, f"own-properties-{number}", heading, first if paper else ""))
    return listed


def _pair_figures(run: RunTables, under: str) -> list[Figure]:
    pairs = run.pairs
    if pairs is None or not has(pairs, "cosine"):
        return []

    def agreement(**options: Any) -> alt.LayerChart:
        return pairs_chart(pairs, **options)

    sayings = [
        Saying({"state": str(state)}, on_pairs(rows, run.memory[run.memory["state"] == state], run.facts))
        for state, rows in pairs.groupby("state", sort=False)
    ]
    return [Figure("pairs", "Nouns replaced by their own plural or singular", "pairs", agreement, (), sayings, under)]


def word_figures(run: RunTables) -> list[Figure]:
    """Every word against its frequency, where that was measured."""
    words, correlations = run.words, run.word_correlations
    if words is None or correlations is None or words.empty:
        return []

    def sensitivity(**options: Any) -> alt.LayerChart:
        return sensitivity_chart(words, **options)

    def effect(**options: Any) -> alt.LayerChart:
        return effect_chart(words, **options)

    def sayings(of: Callable[[pd.DataFrame], list[str]], *measures: str) -> list[Saying]:
        return [
            Saying({"state": str(state)}, of(rows) + _on_word_classes(run, state, measures))
            for state, rows in correlations.groupby("state", sort=False)
        ]

    name = "words-sensitivity"
    sensitive, effective = sayings(on_sensitivity, "sigma_1_equal", "rms_equal"), sayings(on_effect, "effect")
    return [
        Figure(name, "Words and their frequency", "words", sensitivity, ("scale",), sensitive),
        Figure("words-effect", "What replacing a word changes", "words", effect, ("scale",), effective, name),
    ]


def _on_word_classes(run: RunTables, state: object, measures: Sequence[str]) -> list[str]:
    classes = run.word_classes
    return [] if classes is None or classes.empty else on_word_classes(classes[classes["state"] == state], measures)


def sentence_choices(run: RunTables) -> dict[str, str]:
    """The sentences that were followed, by number: how each begins."""
    if run.sentences is None or run.sentences.empty:
        return {}
    return {str(number): f"“{' '.join(words.split()[:2])} …”" for number, words in words_of(run.sentences).items()}


def sentence_figures(run: RunTables) -> list[Figure]:
    """Sentences word by word, where some were followed."""
    sentences = run.sentences
    if sentences is None or sentences.empty:
        return []

    def cells(**options: Any) -> alt.LayerChart:
        return sentence_chart(sentences, **options)

    sayings = [
        Saying({"state": str(state), "sentence": str(number)}, on_sentence(rows))
        for (state, number), rows in sentences.groupby(["state", "sentence"], sort=False)
    ]
    return [Figure("sentences", "Sentences word by word", "sentences", cells, ("values",), sayings)]


def decoding_figures(run: RunTables) -> list[Figure]:
    """What probes read from the states, where they were trained."""
    decoding, memories = run.decoding, run.memories
    if decoding is None or decoding.empty:
        return []

    def accuracies(**options: Any) -> alt.LayerChart:
        return decoding_chart(decoding, **options)

    sayings = [
        Saying({"state": one}, on_decoding(decoding[decoding["state"] == one], run.facts.get("decoding_rule")))
        for one in run.states
    ]
    decoded = Figure("decoding", "What can be decoded of earlier words", "decoding", accuracies, (), sayings)
    if memories is None:
        return [decoded]

    def relative(**options: Any) -> alt.LayerChart:
        return memories_chart(memories, **options)

    compared = [Saying({}, [ON_MEMORIES])]
    return [decoded, Figure("memories", "Decoded memory beside the others", "memories", relative, (), compared, under="decoding")]
