"""The three measures of memory side by side, and what the mean stands for: charts, and what is said of them."""

from __future__ import annotations

import altair as alt
import pandas as pd

from stategrad.report.marks import (
    ALL,
    FLOOR,
    LARGEST,
    RMS,
    SHARE,
    SHUFFLED,
    SWAP,
    UNTRAINED,
    VALIDITY,
    VALIDITY_OWN,
    boundary,
    chosen_state,
    completed,
    curve,
    delays_of,
    has,
    interval,
    only,
    relative_title,
    shown,
    tooltip,
    vertical,
)
from stategrad.report.style import BLUE, DASHED, DOTTED, GREEN, GREY, HEIGHT, INK, SOLID, VERMILION, Legend, finished
from stategrad.report.wording import near, percent


def rms_chart(
    frame: pd.DataFrame,
    *,
    state: str | None = None,
    log: bool = False,
    backpropagation_steps: int | None = None,
) -> alt.LayerChart:
    """The three measures, each relative to its value at the first delay: mean `σ_1(Ḡ_τ)`, rms `√λ_1(E[GᵀG])` and swap `θ(τ)`.

    Signs cancel in the mean and cannot in the root mean square; a swap changes a whole word and linearises nothing.

    Args:
        frame: as for `memory_chart`, with columns rms and swap if there are any, and their intervals, and for comparison
            sigma_1_untrained and sigma_1_shuffled.
        state: which state to draw; default: the first.
        log: logarithmic vertical axis.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    entries = {
        "sigma_1": (LARGEST, BLUE, SOLID),
        "rms": (RMS, GREEN, DASHED),
        "swap": (SWAP, VERMILION, DOTTED),
        "sigma_1_untrained": (UNTRAINED, GREY, DASHED),
        "sigma_1_shuffled": (SHUFFLED, GREY, DOTTED),
        "sigma_1_floor": (FLOOR, GREY, SOLID),
    }
    drawn = {name: entry for name, entry in entries.items() if has(frame, name)}
    legend = Legend({label: (colour, dashes) for label, colour, dashes in drawn.values()})
    x, title = delays_of(frame), relative_title(frame)
    bands = [
        interval(name, x, vertical(f"{name}_low", title, log=log), colour)
        for name, (_, colour, _) in drawn.items()
        if has(frame, f"{name}_low")
    ]
    curves = [
        curve(label, x, vertical(name, title, log=log), legend, thin=colour == GREY)
        for name, (label, colour, _) in reversed(drawn.items())
    ]
    layers = [*bands, *curves, *boundary(frame, backpropagation_steps), tooltip(frame, x)]
    description = f"{', '.join(label for label, _, _ in drawn.values())} against delay in words, each relative to the first delay"
    rows = [*only(ALL), *shown(frame, relative=True, log=log)]
    return finished(frame, layers, transform=rows, choices=chosen_state(frame, state), description=description)


def energy_chart(frame: pd.DataFrame, *, state: str | None = None, backpropagation_steps: int | None = None) -> alt.LayerChart:
    """How much the mean stands for, against delay: its share of the gradients' energy, and its validity.

    The share is `‖Ḡ_τ‖²_F / E‖G‖²_F`; the validity `1 - E‖Δs - Ḡ Δx‖² / E‖Δs‖²` over word swaps, and that of the positions' own G.
    A validity below zero, of a prediction that is worse than none, is not drawn.

    Args:
        frame: columns delay, energy_share; if there are any, validity, validity_own, state, group, rule.
        state: which state to draw; default: the first.
        backpropagation_steps: as for `memory_chart`.
    """
    frame = completed(frame)
    entries = {
        "validity": (VALIDITY, VERMILION, DOTTED),
        "validity_own": (VALIDITY_OWN, BLUE, DASHED),
        "energy_share": (SHARE, INK, SOLID),
    }
    followed = frame[frame["group"] == "all"]
    drawn = {name: entry for name, entry in entries.items() if has(followed, name) and (followed[name] > 0).any()}
    legend = Legend({label: (colour, dashes) for label, colour, dashes in drawn.values()})
    x, axis = delays_of(frame), alt.Axis(title="share", format="%", tickCount=4)
    curves = [
        curve(label, x, alt.Y(f"{name}:Q", scale=alt.Scale(domainMin=0, nice=True), axis=axis), legend, clip=True)
        for name, (label, _, _) in drawn.items()
    ]
    layers = [*curves, *boundary(frame, backpropagation_steps), tooltip(frame, x)]
    description = f"{', '.join(label for label, _, _ in drawn.values())}, against delay in words"
    choices = chosen_state(frame, state)
    return finished(frame, layers, transform=only(ALL), choices=choices, description=description, height=HEIGHT // 2)


def on_rms(memory: pd.DataFrame) -> list[str]:
    """How much more of the gradients is left in their root mean square than in their mean.

    Args:
        memory: the rows of one state and the group `all`.
    """
    curve = memory.set_index("delay").sort_index()
    if curve.empty or curve["rms"].isna().all():
        return []
    first = int(curve.index[0])
    later = near(curve.index, 5)
    said = []
    if later > first:
        measures = [name for name in ("sigma_1", "rms", "swap") if name in curve]
        kept = curve.loc[later, measures] / curve.loc[first, measures]
        said.append(
            f"At delay {later} the mean gradient keeps {percent(kept['sigma_1'])} of its value at delay {first}, the root mean "
            f"square {percent(kept['rms'])}: gradients of different sign cancel in the mean and cannot in the root mean square."
        )
        if pd.notna(kept.get("swap")):
            said.append(
                f"Replacing the word by another moves the state by {percent(kept['swap'])} of what it does at delay {first}."
            )
    return said


def on_energy(memory: pd.DataFrame) -> list[str]:
    """How much of the gradients, and of what a swap does, the mean stands for.

    Args:
        memory: the rows of one state and the group `all`.
    """
    curve = memory.set_index("delay").sort_index()
    first, later = int(curve.index[0]), near(curve.index, 5)
    said = []
    share = curve["energy_share"]
    if share.notna().all():
        held = {first: f"{percent(share.loc[first])} of the energy of the gradients at delay {first}"}
        held[later] = held.get(later, f"{percent(share.loc[later])} at delay {later}")
        said.append(
            f"The mean holds {' and '.join(held.values())}; the rest is what differs from word to word, which the mean says "
            "nothing about."
        )
    validity = curve.get("validity")
    if validity is not None and validity.loc[[first, later]].notna().all():
        shares = {delay: validity.loc[delay] for delay in (first, later)}
        explained = [f"{percent(share) if share > 0 else 'nothing'} at delay {delay}" for delay, share in shares.items()]
        said.append(f"Of what a real word swap does to the state, the mean gradient explains {' and '.join(explained)}.")
    return said + _on_own_gradients(curve, first, later)


def _on_own_gradients(curve: pd.DataFrame, first: int, later: int) -> list[str]:
    """How much of a swap the gradient at the very position explains, and what it means where that is little or nothing."""
    if "validity_own" not in curve or curve["validity_own"].loc[[first, later]].isna().any():
        return []
    shares = {delay: curve["validity_own"].loc[delay] for delay in (first, later)}
    explained = [f"{percent(share) if share > 0 else 'nothing'} at delay {delay}" for delay, share in shares.items()]
    said = [f"The gradient at the word's own position explains {' and '.join(explained)}."]
    if min(shares.values()) <= 0:
        said.append(
            "Nothing means that to predict no change at all would err less: a whole word is then farther than a gradient reaches, "
            "and only the swap tells what it does."
        )
    return said


def on_controls(memory: pd.DataFrame) -> list[str]:
    """What is left of `σ_1` in the untrained model and on shuffled text, where both were measured.

    Args:
        memory: the rows of one state and the group `all`.
    """
    curve = memory.set_index("delay").sort_index()
    names = {"sigma_1": "here", "sigma_1_untrained": "in the untrained model", "sigma_1_shuffled": "on shuffled text"}
    there = {name: label for name, label in names.items() if name in curve and curve[name].notna().all()}
    if len(there) < 2 or len(curve) < 2:
        return []
    first, later = int(curve.index[0]), near(curve.index, 5)
    kept = [f"{percent(curve.loc[later, name] / curve.loc[first, name])} {label}" for name, label in there.items()]
    return [f"At delay {later} σ₁ is {', '.join(kept[:-1])} and {kept[-1]}, of its own value at delay {first}."]
