"""Charts of results, returned and never shown behind your back: save them with `chart.save("memory.svg")`."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from stategrad.gradients.result import StateGradients
from stategrad.gradients.tracked_directions import Direction
from stategrad.measures.properties import Property
from stategrad.report.class_figures import class_memory_chart
from stategrad.report.measure_figures import rms_chart
from stategrad.report.memory_figures import memory_chart
from stategrad.report.property_figures import tracking_chart


def memory(result: StateGradients, *, log: bool = False, relative: bool = False) -> alt.LayerChart:
    """`σ_1` and `Σσ` of all positions against delay, with the noise floor: the paper's figure 1.

    Args:
        result: the state gradients.
        log: logarithmic vertical axes.
        relative: relative to the first delay.
    """
    return memory_chart(result.to_dataframe(), log=log, relative=relative)


def rms(result: StateGradients, *, log: bool = False) -> alt.LayerChart:
    """`σ_1` of the mean beside the rms, both relative to the first delay: what cancels in the mean.

    Args:
        result: the state gradients, with second moments.
        log: logarithmic vertical axis.
    """
    return rms_chart(result.to_dataframe(), log=log)


def classes(result: StateGradients, *, log: bool = False, relative: bool = False) -> alt.LayerChart:
    """`σ_1` of every group against delay.

    Args:
        result: the state gradients of several groups.
        log: logarithmic vertical axis.
        relative: every curve relative to its own value at the first delay.
    """
    return class_memory_chart(result.to_dataframe(), log=log, relative=relative)


def tracking(result: StateGradients, properties: Property | Mapping[str, Direction], *, n: int = 5) -> alt.LayerChart:
    """Relative memory and cosine of properties against delay: the paper's figure 2.

    Args:
        result: the state gradients.
        properties: one property, or directions by name.
        n: how many of the best-remembered directions the cosine compares with.
    """
    named = {properties.name: properties} if isinstance(properties, Property) else properties
    tracked = result.track(named, sorted({1, n})).to_dataframe().reset_index()
    return tracking_chart(tracked, n=n)
