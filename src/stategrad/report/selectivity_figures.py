"""Over how many directions memory is spread: the figure and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from stategrad.measures.noise_spectrum import noise_effective_rank, noise_participation_ratio, noise_selectivity
from stategrad.report.marks import (
    boundary,
    calculated,
    chosen_state,
    completed,
    curve,
    delays_of,
    has,
    interval,
    only,
    tooltip,
    vertical,
)  # fmt: skip
from stategrad.report.style import BLUE, DASHED, DOTTED, GREEN, GREY, INK, SOLID, VERMILION, Legend, finished

MEASURES: Mapping[str, tuple[str, str, Sequence[int]]] = {
    "effective_rank": ("effective rank", BLUE, SOLID),
    "participation_ratio": ("participation ratio", GREEN, DASHED),
    "selectivity": ("selectivity σ₁/Σσ", VERMILION, DOTTED),
}
"""For each column its name, colour and dashes."""

TOOLTIPS = {
    "effective_rank": ("effective rank", ".3g"),
    "effective_rank_low": ("interval from", ".3g"),
    "effective_rank_high": ("to", ".3g"),
    "participation_ratio": ("participation ratio", ".3g"),
    "selectivity": ("σ₁/Σσ", ".3g"),
    "count": ("positions", ","),
}


def selectivity_chart(frame: pd.DataFrame, *, state: str | None = None, backpropagation_steps: int | None = None) -> alt.LayerChart:
    """Effective rank and participation ratio (left axis, in directions) and selectivity `σ_1/Σσ` (right axis) against delay.

    Bands are the intervals of the values without the bias of a noisy mean; grey lines what a mean of nothing shows.

    Args:
        frame: columns delay, effective_rank, participation_ratio, selectivity; if there are any, state, group, rule, and of each
            the columns _low, _high and _floor. Only the group `all` is drawn.
        state: which state to draw; default: the first.
        backpropagation_steps: length of truncated backpropagation in training, marked where it is among the delays.
    """
    frame = completed(frame)
    entries = {label: (colour, dashes) for label, colour, dashes in MEASURES.values()}
    entries |= {f"{label} of noise": (GREY, dashes) for name, (label, _, dashes) in MEASURES.items() if has(frame, f"{name}_floor")}
    legend, x = Legend(entries), delays_of(frame)
    layers: dict[str, list[alt.Chart]] = {"left": [], "right": []}
    # intervals of what is nearly nothing may be wider than the figure is high
    tops = {"left": _top(frame, "effective_rank"), "right": _top(frame, "selectivity")}
    for name, (label, colour, _) in MEASURES.items():
        side, title, ink = ("right", label, VERMILION) if name == "selectivity" else ("left", "directions", INK)

        def axis(column: str, *, title: str = title, ink: str = ink, side: Any = side) -> alt.Y:
            return vertical(column, title, log=False, colour=ink, orient=side).scale(domain=[0, tops[side]], clamp=True)

        if has(frame, f"{name}_low"):
            layers[side].append(interval(name, x, axis(f"{name}_low"), colour))
        if has(frame, f"{name}_floor"):
            layers[side].append(curve(f"{label} of noise", x, axis(f"{name}_floor"), legend, thin=True))
        layers[side].append(curve(label, x, axis(name), legend))
    layers["left"] += [*boundary(frame, backpropagation_steps), tooltip(frame, x, TOOLTIPS)]
    drawn = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high", "_floor") if f"{name}{end}" in frame]
    rows = [*only("datum.group == 'all'"), *(calculated(f"shown_{name}", f"datum.{name}") for name in drawn)]
    return finished(
        frame,
        [alt.LayerChart(layer=layers["left"]), alt.LayerChart(layer=layers["right"])],
        transform=rows,
        choices=chosen_state(frame, state),
        description="effective rank, participation ratio and selectivity of the mean gradient against delay in words",
        independent=True,
    )


def _top(frame: pd.DataFrame, name: str) -> float:
    """A little more than the largest value of a measure and of its noise."""
    rows = frame.loc[frame["group"] == "all", [column for column in (name, f"{name}_floor") if column in frame]]
    top = float(rows.max().max()) if len(rows) else 1.0
    return 1.15 * top if top > 0 else 1.0


def on_selectivity(memory: pd.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    """Over how many directions memory is spread at the first delay and later, and what noise would show.

    Args:
        memory: the rows of one state and the group `all`.
        facts: of the run.
    """
    curves = memory.set_index("delay").sort_index()
    if curves.empty or not has(memory, "effective_rank") or not has(memory, "participation_ratio"):
        return []
    curves = _clear(curves)
    first = int(curves.index[0])
    later = min((int(delay) for delay in curves.index), key=lambda delay: abs(delay - 5))
    delays = list(dict.fromkeys([first, later, int(curves.index[-1])]))
    values = [
        f"{_counted(curves.loc[delay], 'effective_rank')} directions by effective rank and "
        f"{_counted(curves.loc[delay], 'participation_ratio')} by participation ratio at delay {delay}"
        for delay in delays
    ]
    said = [
        "The effective rank and the participation ratio count the directions of embedding space over which memory is spread, 1 "
        "where a single one is kept; selectivity is the share of the best-remembered one. The participation ratio "
        "weighs strong directions more.",
        f"Memory is spread over {'; '.join(values)}"
        + (" (in brackets 95 % intervals without the bias of noise)." if has(memory, "effective_rank_low") else "."),
    ]
    state, embedding = facts.get("hidden_size"), facts.get("embedding_size")
    if state and embedding:
        said.append(
            "Grey: what the blocks differ in, which is what a curve turns into where σ₁ nears its noise floor. "
            f"Noise that is alike in all entries would have {noise_effective_rank(state, embedding):.0f} of at most "
            f"{min(state, embedding)} directions by the one, {noise_participation_ratio(state, embedding):.0f} by the other, and a "
            f"selectivity of {100 * noise_selectivity(state, embedding):.2g} %."
        )
    return said


def _clear(curves: pd.DataFrame) -> pd.DataFrame:
    """The delays before the first at which no memory is detected; the first delay at least."""
    known = curves["effective_rank"].notna() & curves["participation_ratio"].notna()
    if has(curves, "detected") and has(curves, "p_value"):
        known &= curves["detected"].astype(bool)
    return curves[: max(1, int(known.to_numpy().argmin()) if not known.all() else len(curves))]


def _counted(row: pd.Series, name: str) -> str:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    interval = "" if low is None or pd.isna(low) else f" ({low:.3g} to {high:.3g})".replace("-", "−")
    return f"{row[name]:.3g}{interval}"
