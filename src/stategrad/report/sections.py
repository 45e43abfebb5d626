"""The figures of a report in their order, those about curves here: headings, tables, charts, and what is said about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from stategrad.report.boundary_figures import PLACES, boundaries_chart, on_boundaries
from stategrad.report.channel_figures import channels_chart, on_channels
from stategrad.report.divergence_figures import divergence_chart, on_divergence
from stategrad.report.figure import Figure, Saying
from stategrad.report.horizon_figures import horizons_chart, on_decay, on_horizon
from stategrad.report.inputs import RunTables
from stategrad.report.marks import has
from stategrad.report.measure_figures import energy_chart, on_controls, on_energy, on_rms, rms_chart
from stategrad.report.memory_figures import memory_chart, on_memory
from stategrad.report.push_figures import explained_chart, on_pushes, pushes_chart
from stategrad.report.sampling_sentences import on_sampling
from stategrad.report.seed_figures import on_seeds, seeds_chart
from stategrad.report.selectivity_figures import MEASURES, on_selectivity, selectivity_chart
from stategrad.report.unit_figures import on_units, units_chart
from stategrad.report.word_sections import class_figures, decoding_figures, sentence_figures, tracking_figures, word_figures


def figures_of(run: RunTables) -> list[Figure]:
    """The figures that the run has data for, in the order of the page: first how far the mean can be trusted, then what it says."""
    steps = run.facts.get("backpropagation_steps")
    everything = run.memory[run.memory["group"] == "all"]
    per_state = {state: everything[everything["state"] == state] for state in run.states}
    return [
        *_energy_figures(run, steps, per_state),
        *_measure_figures(run, steps, per_state),
        *_horizon_figures(run),
        *class_figures(run, steps),
        *tracking_figures(run, steps),
        *_memory_figures(run, steps, per_state),
        *_divergence_figures(run, steps, everything),
        *_push_figures(run),
        *_boundary_figures(run, steps),
        *_unit_figures(run),
        *_channel_figures(run, steps),
        *word_figures(run),
        *sentence_figures(run),
        *decoding_figures(run),
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
