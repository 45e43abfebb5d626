"""The figures of a report: for each its heading, its table, its charts in every scale, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import pandas as pd

from stategrad.report import figures, sentences, word_figures
from stategrad.report.channel_figures import channels_chart, on_channels
from stategrad.report.divergence_figures import divergence_chart
from stategrad.report.inputs import RunTables
from stategrad.report.marks import has
from stategrad.report.pair_sentences import on_pairs
from stategrad.report.probe_figures import decoding_chart, memories_chart
from stategrad.report.property_figures import on_own, shared_out
from stategrad.report.push_figures import on_pushes, pushes_chart
from stategrad.report.sampling_sentences import on_sampling
from stategrad.report.seed_figures import on_seeds, seeds_chart
from stategrad.report.selectivity_figures import MEASURES, on_selectivity, selectivity_chart
from stategrad.report.unit_figures import units_chart

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
    """The figures that the run has data for, in the order of the page."""
    steps = run.facts.get("backpropagation_steps")
    everything = run.memory[run.memory["group"] == "all"]
    per_state = {state: everything[everything["state"] == state] for state in run.states}

    def memory(**options: Any) -> alt.LayerChart:
        return figures.memory_chart(run.memory, backpropagation_steps=steps, **options)

    def rms(**options: Any) -> alt.LayerChart:
        return figures.rms_chart(run.memory, backpropagation_steps=steps, **options)

    def energy(**options: Any) -> alt.LayerChart:
        return figures.energy_chart(run.memory, backpropagation_steps=steps, **options)

    def parts(state: str) -> list[str]:
        return [] if run.sampling is None else on_sampling(run.sampling[run.sampling["state"] == state], run.facts)

    def horizons(state: str) -> list[str]:
        rows = run.horizon
        said = [] if rows is None else sentences.on_horizon(rows[(rows["state"] == state) & (rows["group"] == "all")])
        laws = run.decay
        return said if laws is None else said + sentences.on_decay(laws[(laws["state"] == state) & (laws["group"] == "all")])

    listed = [
        Figure("figure-1-memory", "Figure 1. Memory against delay", "memory", memory, ("scale", "values"),
               [Saying({"state": state}, sentences.on_memory(rows, run.facts) + parts(state))
                for state, rows in per_state.items()]),
    ]  # fmt: skip
    listed += _seed_figures(run, steps)
    listed += _selectivity_figures(run, steps, per_state)
    if everything["rms"].notna().any():
        listed.append(
            Figure("three-measures", "Three measures of memory", "memory", rms, ("scale",),
                   [Saying({"state": state}, sentences.on_rms(rows) + horizons(state) + sentences.on_controls(rows))
                    for state, rows in per_state.items()])
        )  # fmt: skip
    if everything["divergence"].notna().any():

        def divergence(**options: Any) -> alt.LayerChart:
            return divergence_chart(run.memory, backpropagation_steps=steps, **options)

        saying = Saying({}, sentences.on_divergence(everything))
        heading = "Is it used? The next word after a swap"
        listed.append(Figure("next-word", heading, "memory", divergence, ("scale",), [saying], under="three-measures"))
    if everything["energy_share"].notna().any():
        said = [Saying({"state": state}, sentences.on_energy(rows)) for state, rows in per_state.items()]
        heading = "What the mean stands for"
        listed.append(Figure("energy-in-the-mean", heading, "memory", energy, sayings=said, under="three-measures"))
    return [
        *listed,
        *_push_figures(run),
        *_boundary_figures(run, steps),
        *_unit_figures(run),
        *_channel_figures(run, steps),
        *_tracking_figures(run, steps),
        *_class_figures(run, steps),
        *_word_figures(run),
        *_decoding_figures(run),
    ]


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
    return [Figure("pushes", "Small changes and large ones", "pushes", effects, (), sayings, under="three-measures")]


def _selectivity_figures(run: RunTables, steps: int | None, per_state: Mapping[str, pd.DataFrame]) -> list[Figure]:
    if not all(has(run.memory, name) for name in MEASURES):
        return []

    def spread(**options: Any) -> alt.LayerChart:
        return selectivity_chart(run.memory, backpropagation_steps=steps, **options)

    sayings = [Saying({"state": state}, on_selectivity(rows, run.facts)) for state, rows in per_state.items()]
    heading = "Selectivity: over how many directions memory is spread"
    return [Figure("selectivity", heading, "memory", spread, (), sayings, under="figure-1-memory")]


def _boundary_figures(run: RunTables, steps: int | None) -> list[Figure]:
    bounded = None if run.controls is None else run.controls[run.controls["control"].isin(figures.PLACES)]
    if bounded is None or bounded.empty:
        return []

    def places(**options: Any) -> alt.LayerChart:
        return figures.boundaries_chart(bounded, backpropagation_steps=steps, **options)

    sayings = [Saying({"state": one}, sentences.on_boundaries(bounded[bounded["state"] == one])) for one in run.states]
    name, heading = "sentence-ends", "Across the ends of sentences"
    return [Figure(name, heading, "controls", places, ("scale",), sayings, under="three-measures")]


def _unit_figures(run: RunTables) -> list[Figure]:
    units = run.units
    if units is None or not (units["horizon"].notna() & units["time_constant"].notna()).any():
        return []

    def dots(**options: Any) -> alt.LayerChart:
        return units_chart(units, **options)

    sayings = [Saying({"state": one}, sentences.on_units(units[units["state"] == one])) for one in run.states]
    return [Figure("units", "Single units and their gates", "units", dots, (), sayings, under="three-measures")]


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
            return figures.tracking_chart(run.tracking, properties=names, whitened=whitened, backpropagation_steps=steps, **options)

        sayings = [
            Saying({"state": str(state), "whitened": str(bool(whitened)).lower()}, on(rows, run.facts))
            for (state, whitened), rows in everything[everything["property"].isin(names)].groupby(["state", "whitened"])
        ]
        return Figure(name, heading, "tracking", tracking, (), sayings, under, tuple(run.numbers))

    first = "figure-2-tracking"
    listed = [figure(paper, sentences.on_tracking, first, "Figure 2. Properties that are remembered")] if paper else []
    if listed and run.pairs is not None:
        listed[0].sayings.extend(
            Saying({"state": str(state)}, on_pairs(rows, run.memory[run.memory["state"] == state], run.facts))
            for state, rows in run.pairs.groupby("state", sort=False)
        )
    for number, names in enumerate(own, 1):
        heading = f"Properties of your own: {' and '.join(names)}" if len(names) > 1 else f"A property of your own: {names[0]}"
        listed.append(figure(names, on_own, f"own-properties-{number}", heading, first if paper else ""))
    return listed


def _class_figures(run: RunTables, steps: int | None) -> list[Figure]:
    if run.classes.empty:
        return []
    names = list(dict.fromkeys(run.classes["group"]))

    def dots(**options: Any) -> alt.LayerChart:
        return figures.classes_chart(run.classes, **options)

    def curves(**options: Any) -> alt.LayerChart:
        return figures.class_memory_chart(run.memory, groups=names, backpropagation_steps=steps, **options)

    def said(state: str) -> list[str]:
        compared = None if run.comparisons is None else run.comparisons[run.comparisons["state"] == state]
        return sentences.on_classes(run.classes[run.classes["state"] == state], compared)

    sayings = [Saying({"state": state}, said(state)) for state in run.states]
    listed = [
        Figure("table-1-classes", "Table 1. Word classes at delay 0", "classes", dots, (), sayings),
        Figure("classes-against-delay", "Word classes against delay", "memory", curves, ("scale", "values"),
               [Saying({}, _on_class_curves(run.memory, names))], under="table-1-classes"),
    ]  # fmt: skip
    equal = run.equal
    if equal is not None and not equal.empty:

        def dots_of_equals(**options: Any) -> alt.LayerChart:
            return figures.equal_counts_chart(equal, **options)

        sayings = [
            Saying({"state": str(state), "rule": str(rule)}, sentences.on_equal_counts(rows))
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
        Saying({"state": one}, sentences.on_decoding(decoding[decoding["state"] == one], run.facts.get("decoding_rule")))
        for one in run.states
    ]
    compared = [Saying({}, [sentences.ON_MEMORIES])]
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


def _on_class_curves(memory: pd.DataFrame, names: Sequence[str]) -> list[str]:
    counts = memory[memory["group"].isin(names) & memory["count"].notna()]
    said = ["Each curve averages the gradients towards input words of one class; relative to delay 0 it shows how fast that "
            "class fades, whatever its size at the start."]  # fmt: skip
    if len(counts):
        rare = counts.loc[counts["count"].idxmin()]
        said.append(f"The fewest positions at any delay are {int(rare['count']):,}, of {rare['group']}: "
                    "the fewer there are, the higher lies the noise that the curve ends in.")  # fmt: skip
    return said
