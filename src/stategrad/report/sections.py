"""The figures of a report: for each its heading, its table, its charts in every scale, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import pandas as pd

from stategrad.report import word_figures
from stategrad.report.boundary_figures import PLACES, boundaries_chart, on_boundaries
from stategrad.report.channel_figures import channels_chart, on_channels
from stategrad.report.class_figures import (
    class_memory_chart,
    classes_chart,
    equal_counts_chart,
    on_class_curves,
    on_classes,
    on_equal_counts,
)
from stategrad.report.divergence_figures import divergence_chart, on_divergence
from stategrad.report.horizon_figures import horizons_chart, on_decay, on_horizon
from stategrad.report.inputs import RunTables
from stategrad.report.marks import has
from stategrad.report.measure_figures import energy_chart, on_controls, on_energy, on_rms, rms_chart
from stategrad.report.memory_figures import memory_chart, on_memory
from stategrad.report.pair_figures import on_pairs, pairs_chart
from stategrad.report.probe_figures import ON_MEMORIES, decoding_chart, memories_chart, on_decoding
from stategrad.report.property_figures import on_own, on_tracking, shared_out, tracking_chart
from stategrad.report.push_figures import explained_chart, on_pushes, pushes_chart
from stategrad.report.sampling_sentences import on_sampling
from stategrad.report.seed_figures import on_seeds, seeds_chart
from stategrad.report.selectivity_figures import MEASURES, on_selectivity, selectivity_chart
from stategrad.report.sentence_figures import on_sentence, sentence_chart, words_of
from stategrad.report.unit_figures import on_units, units_chart

Drawer = Callable[..., alt.LayerChart]

SCALES = {"linear": {"log": False}, "log": {"log": True}}
VALUES = {"absolute": {"relative": False}, "relative": {"relative": True}}


@dataclass(frozen=True)
class Saying:
    """Sentences that hold for one choice of the controls.

    Attributes:
        when: control → value; shown where all of them are chosen.
        sentences: in their order.
    """

    when: dict[str, str]
    sentences: list[str]


@dataclass(frozen=True)
class Figure:
    """One figure of the page, and of the folder `figures/`.

    Attributes:
        name: of its files and its place in the page.
        heading: as on the page.
        dataset: the name of its table, `measures/<dataset>.csv`.
        draw: makes the chart; takes `state` and the keywords of the options.
        options: keywords of `draw` per control that changes them.
        sayings: what is said about it.
        under: the name of the figure in whose section it stands; empty for one with a section of its own.
        numbers: of directions n that can be chosen, the one to open with first; none where `draw` takes no n.
    """

    name: str
    heading: str
    dataset: str
    draw: Drawer
    options: tuple[str, ...] = ()
    sayings: list[Saying] = field(default_factory=list)
    under: str = ""
    numbers: tuple[int, ...] = ()

    def variants(self, state: str) -> dict[str, alt.LayerChart]:
        """A chart per combination of scale, values and n; the key names those of them that matter to this figure."""
        made: dict[str, alt.LayerChart] = {}
        counts: dict[str, dict[str, int]] = {f"n={n}": {"n": n} for n in self.numbers} or {"": {}}
        for scale, log in SCALES.items() if "scale" in self.options else [("", {})]:
            for value, relative in VALUES.items() if "values" in self.options else [("", {})]:
                for n, count in counts.items():
                    made[" ".join(filter(None, (scale, value, n)))] = self.draw(state=state, **log, **relative, **count)
        return made


def conventions(run: RunTables) -> list[bool]:
    """Whether properties and directions are there in embedding space, in whitened space, or in both: False before True."""
    tables = [table for table in (run.tracking, run.directions) if table is not None]
    return sorted({bool(value) for table in tables for value in table["whitened"]})


def opens_whitened(run: RunTables) -> bool:
    """Whether whitened space is shown at first: where the run asks for that convention, or has no other."""
    found = conventions(run)
    return True in found and (False not in found or run.facts.get("convention") == "csl2020")


def figures_of(run: RunTables) -> list[Figure]:
    """The figures that the run has data for, in the order of the page: first how far the mean can be trusted, then what it says."""
    steps = run.facts.get("backpropagation_steps")
    everything = run.memory[run.memory["group"] == "all"]
    per_state = {state: everything[everything["state"] == state] for state in run.states}
    return [
        *_energy_figures(run, steps, per_state),
        *_measure_figures(run, steps, per_state),
        *_horizon_figures(run),
        *_class_figures(run, steps),
        *_tracking_figures(run, steps),
        *_memory_figures(run, steps, per_state),
        *_divergence_figures(run, steps, everything),
        *_push_figures(run),
        *_boundary_figures(run, steps),
        *_unit_figures(run),
        *_channel_figures(run, steps),
        *_word_figures(run),
        *_sentence_figures(run),
        *_decoding_figures(run),
    ]


def _of(table: pd.DataFrame | None, state: str) -> pd.DataFrame | None:
    """The rows of one state and all positions."""
    return None if table is None else table[(table["state"] == state) & (table["group"] == "all")]


def _energy_figures(run: RunTables, steps: int | None, per_state: Mapping[str, pd.DataFrame]) -> list[Figure]:
    if not has(run.memory, "energy_share"):
        return []

    def energy(**options: Any) -> alt.LayerChart:
        return energy_chart(run.memory, backpropagation_steps=steps, **options)

    said = [Saying({"state": state}, on_energy(rows)) for state, rows in per_state.items()]
    return [Figure("energy-in-the-mean", "What the mean stands for", "memory", energy, sayings=said)]


def _measure_figures(run: RunTables, steps: int | None, per_state: Mapping[str, pd.DataFrame]) -> list[Figure]:
    if not has(run.memory, "rms"):
        return []

    def rms(**options: Any) -> alt.LayerChart:
        return rms_chart(run.memory, backpropagation_steps=steps, **options)

    said = [Saying({"state": state}, on_rms(rows) + on_controls(rows)) for state, rows in per_state.items()]
    return [Figure("three-measures", "Three measures of memory", "memory", rms, ("scale",), said)]


def _horizon_figures(run: RunTables) -> list[Figure]:
    horizon = run.horizon
    if horizon is None or not (horizon["longest"] > 0).any():
        return []

    def reaches(**options: Any) -> alt.LayerChart:
        return horizons_chart(horizon, **options)

    def said(state: str) -> list[str]:
        rows, laws = _of(horizon, state), _of(run.decay, state)
        return ([] if rows is None else on_horizon(rows)) + ([] if laws is None else on_decay(laws))

    sayings = [Saying({"state": state}, said(state)) for state in run.states]
    return [Figure("horizons", "How far back memory reaches", "horizon", reaches, (), sayings)]


def _memory_figures(run: RunTables, steps: int | None, per_state: Mapping[str, pd.DataFrame]) -> list[Figure]:
    def memory(**options: Any) -> alt.LayerChart:
        return memory_chart(run.memory, backpropagation_steps=steps, **options)

    def parts(state: str) -> list[str]:
        return [] if run.sampling is None else on_sampling(run.sampling[run.sampling["state"] == state], run.facts)

    said = [Saying({"state": state}, on_memory(rows, run.facts) + parts(state)) for state, rows in per_state.items()]
    first = Figure("figure-1-memory", "Figure 1. Memory against delay", "memory", memory, ("scale", "values"), said)
    return [first, *_seed_figures(run, steps), *_selectivity_figures(run, steps, per_state)]


def _divergence_figures(run: RunTables, steps: int | None, everything: pd.DataFrame) -> list[Figure]:
    if not has(everything, "divergence"):
        return []

    def divergence(**options: Any) -> alt.LayerChart:
        return divergence_chart(run.memory, backpropagation_steps=steps, **options)

    said = [Saying({}, on_divergence(everything))]
    return [Figure("next-word", "Is it used? The next word after a swap", "memory", divergence, ("scale",), said)]


def _seed_figures(run: RunTables, steps: int | None) -> list[Figure]:
    seeds = run.seeds
    if seeds is None or seeds.empty:
        return []

    def curves(**options: Any) -> alt.LayerChart:
        return seeds_chart(seeds, backpropagation_steps=steps, **options)

    sayings = [Saying({"state": one}, on_seeds(seeds[seeds["state"] == one])) for one in run.states]
    return [Figure("other-seeds", "Other seeds of the recipe", "seeds", curves, ("scale",), sayings, under="figure-1-memory")]


def _push_figures(run: RunTables) -> list[Figure]:
    pushes = run.pushes
    if pushes is None or pushes.empty:
        return []

    def effects(**options: Any) -> alt.LayerChart:
        return pushes_chart(pushes, **options)

    sayings = [Saying({"state": one}, on_pushes(pushes[pushes["state"] == one])) for one in run.states]
    listed = [Figure("pushes", "Small changes and large ones", "pushes", effects, (), sayings)]
    if pushes["delay"].nunique() > 1:

        def explained(**options: Any) -> alt.LayerChart:
            return explained_chart(pushes, **options)

        said = (
            f"What the mean gradient explains of the effect of the smallest pushes, of size {pushes['size'].min():g}, by direction."
        )
        small = [Saying({}, [said])]
        listed.append(Figure("pushes-by-delay", "Small changes against delay", "pushes", explained, (), small, under="pushes"))
    return listed


def _selectivity_figures(run: RunTables, steps: int | None, per_state: Mapping[str, pd.DataFrame]) -> list[Figure]:
    if not all(has(run.memory, name) for name in MEASURES):
        return []

    def spread(**options: Any) -> alt.LayerChart:
        return selectivity_chart(run.memory, backpropagation_steps=steps, **options)

    sayings = [Saying({"state": state}, on_selectivity(rows, run.facts)) for state, rows in per_state.items()]
    heading = "Selectivity: over how many directions memory is spread"
    return [Figure("selectivity", heading, "memory", spread, (), sayings, under="figure-1-memory")]


def _boundary_figures(run: RunTables, steps: int | None) -> list[Figure]:
    bounded = None if run.controls is None else run.controls[run.controls["control"].isin(PLACES)]
    if bounded is None or bounded.empty:
        return []

    def places(**options: Any) -> alt.LayerChart:
        return boundaries_chart(bounded, backpropagation_steps=steps, **options)

    sayings = [Saying({"state": one}, on_boundaries(bounded[bounded["state"] == one])) for one in run.states]
    name, heading = "sentence-ends", "Across the ends of sentences"
    return [Figure(name, heading, "controls", places, ("scale",), sayings)]


def _unit_figures(run: RunTables) -> list[Figure]:
    units = run.units
    if units is None or not (units["horizon"].notna() & units["time_constant"].notna()).any():
        return []

    def dots(**options: Any) -> alt.LayerChart:
        return units_chart(units, **options)

    sayings = [Saying({"state": one}, on_units(units[units["state"] == one])) for one in run.states]
    return [Figure("units", "Single units and their gates", "units", dots, (), sayings)]


def _channel_figures(run: RunTables, steps: int | None) -> list[Figure]:
    channels = run.channels
    if channels is None or channels.empty:
        return []

    def columns(**options: Any) -> alt.LayerChart:
        return channels_chart(channels, backpropagation_steps=steps, **options)

    sayings = [Saying({"state": one}, on_channels(channels[channels["state"] == one])) for one in run.states]
    return [Figure("channels", "Channels of the input", "channels", columns, ("scale",), sayings)]


def _tracking_figures(run: RunTables, steps: int | None) -> list[Figure]:
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


def _class_figures(run: RunTables, steps: int | None) -> list[Figure]:
    if run.classes.empty:
        return []
    names = list(dict.fromkeys(run.classes["group"]))

    def dots(**options: Any) -> alt.LayerChart:
        return classes_chart(run.classes, **options)

    def curves(**options: Any) -> alt.LayerChart:
        return class_memory_chart(run.memory, groups=names, backpropagation_steps=steps, **options)

    def said(state: str) -> list[str]:
        compared = None if run.comparisons is None else run.comparisons[run.comparisons["state"] == state]
        return on_classes(run.classes[run.classes["state"] == state], compared)

    sayings = [Saying({"state": state}, said(state)) for state in run.states]
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


def _decoding_figures(run: RunTables) -> list[Figure]:
    decoding, memories = run.decoding, run.memories
    if decoding is None or memories is None:
        return []

    def accuracies(**options: Any) -> alt.LayerChart:
        return decoding_chart(decoding, **options)

    def relative(**options: Any) -> alt.LayerChart:
        return memories_chart(memories, **options)

    sayings = [
        Saying({"state": one}, on_decoding(decoding[decoding["state"] == one], run.facts.get("decoding_rule")))
        for one in run.states
    ]
    compared = [Saying({}, [ON_MEMORIES])]
    return [
        Figure("decoding", "What can be decoded of earlier words", "decoding", accuracies, (), sayings),
        Figure("memories", "Decoded memory beside the others", "memories", relative, (), compared, under="decoding"),
    ]


def _word_figures(run: RunTables) -> list[Figure]:
    words, correlations = run.words, run.word_correlations
    if words is None or correlations is None or words.empty:
        return []

    def sensitivity(**options: Any) -> alt.LayerChart:
        return word_figures.sensitivity_chart(words, **options)

    def effect(**options: Any) -> alt.LayerChart:
        return word_figures.effect_chart(words, **options)

    def sayings(of: Callable[[pd.DataFrame], list[str]]) -> list[Saying]:
        return [Saying({"state": str(state)}, of(rows)) for state, rows in correlations.groupby("state", sort=False)]

    name = "words-sensitivity"
    return [
        Figure(name, "Words and their frequency", "words", sensitivity, ("scale",), sayings(word_figures.on_sensitivity)),
        Figure("words-effect", "What replacing a word changes", "words", effect, ("scale",), sayings(word_figures.on_effect), name),
    ]


def sentence_choices(run: RunTables) -> dict[str, str]:
    """The sentences that were followed, by number: how each begins."""
    if run.sentences is None or run.sentences.empty:
        return {}
    return {str(number): f"“{' '.join(words.split()[:2])} …”" for number, words in words_of(run.sentences).items()}


def _sentence_figures(run: RunTables) -> list[Figure]:
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
