"""The figures of probes on states: what can be decoded, and how that memory falls beside the others."""

from __future__ import annotations

import altair as alt
import pandas as pd

from stategrad.report.marks import RULES, chosen_state, completed, delays_of, only, tooltip
from stategrad.report.style import BLUE, DASHED, DOTTED, GREEN, GREY, INK, SOLID, VERMILION, Legend, finished
from stategrad.report.wording import percent

READERS = {
    "state": ("the state", BLUE, SOLID),
    "words between": ("the words in between", VERMILION, DASHED),
    "untrained": ("the state of the untrained model", GREY, DASHED),
    "majority": ("most frequent class", GREY, DOTTED),
}
MEMORIES = {
    "decoded": ("decoded beyond the words in between", GREEN, SOLID),
    "sigma_1": ("σ₁", BLUE, DASHED),
    "swap": ("word swap", VERMILION, DOTTED),
}


def decoding_chart(frame: pd.DataFrame, *, state: str | None = None) -> alt.LayerChart:
    """Accuracy of a linear probe for the class of the word τ steps earlier, by what it reads.

    Args:
        frame: columns delay, reader, accuracy; if there are any, state, accuracy_low and accuracy_high.
        state: which state to draw; default: the first.
    """
    frame = completed(frame)
    drawn = {name: entry for name, entry in READERS.items() if (frame["reader"] == name).any()}
    legend = Legend({label: (colour, dashes) for label, colour, dashes in drawn.values()})
    x, axis = delays_of(frame), alt.Axis(title="accuracy", format="%", tickCount=5)
    scale = alt.Scale(domain=[0, 1])
    y = alt.Y("accuracy:Q", scale=scale, axis=axis)
    layers = []
    for name, (label, colour, _) in drawn.items():
        rows = alt.Chart().transform_filter(f"datum.reader == '{name}'")
        if colour != GREY:
            band = rows.mark_area(color=colour, opacity=0.13, clip=True, aria=False)
            layers.append(band.encode(x=x, y=alt.Y("accuracy_low:Q", scale=scale, axis=axis), y2="accuracy_high:Q"))
        line = rows.transform_calculate(curve=f"'{label}'").mark_line(point=alt.OverlayMarkDef(size=22, filled=True))
        layers.append(line.encode(x=x, y=y, **legend.encodings("curve")))
    said = [alt.Tooltip("reader:N", title="reads"), alt.Tooltip("delay:Q", title="delay τ"),
            alt.Tooltip("accuracy:Q", title="accuracy", format=".1%"),
            alt.Tooltip("balanced:Q", title="mean over classes", format=".1%")]  # fmt: skip
    points = alt.Chart().transform_filter(f"indexof({list(drawn)}, datum.reader) >= 0").mark_point(opacity=0, size=90, aria=False)
    layers.append(points.encode(x=x, y=y, tooltip=said))
    description = "accuracy of linear probes for the class of an earlier word against delay in words, by what they read"
    return finished(frame, layers, transform=only(), choices=chosen_state(frame, state), description=description)


def memories_chart(frame: pd.DataFrame, *, state: str | None = None) -> alt.LayerChart:
    """What can be decoded beyond the words in between, `σ_1` and swap, each relative to its value at the first delay.

    Args:
        frame: columns delay, decoded, sigma_1, swap, all relative; if there are any, state, decoded_low and decoded_high.
        state: which state to draw; default: the first.
    """
    frame = completed(frame)
    drawn = {name: entry for name, entry in MEMORIES.items() if name in frame and frame[name].notna().any()}
    legend = Legend({label: (colour, dashes) for label, colour, dashes in drawn.values()})
    x = delays_of(frame)
    axis = alt.Axis(title=f"relative to delay {int(frame['delay'].min()) if len(frame) else 0}", tickCount=5)
    layers: list[alt.Chart] = []
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=INK, strokeWidth=0.6, aria=False)
    for name, (label, colour, _) in drawn.items():
        if f"{name}_low" in frame:
            band = alt.Chart().mark_area(color=colour, opacity=0.13, aria=False)
            layers.append(band.encode(x=x, y=alt.Y(f"{name}_low:Q", axis=axis), y2=f"{name}_high:Q"))
        line = alt.Chart().transform_calculate(curve=f"'{label}'").mark_line(point=alt.OverlayMarkDef(size=22, filled=True))
        layers.append(line.encode(x=x, y=alt.Y(f"{name}:Q", axis=axis), **legend.encodings("curve")))
    layers += [zero.encode(y="at:Q"), tooltip(frame, x)]
    description = "what can be decoded, σ₁ and the effect of a word swap against delay in words, relative to the first delay"
    return finished(frame, layers, transform=only(), choices=chosen_state(frame, state), description=description)


ON_MEMORIES = (
    "Each curve is relative to its first delay: the accuracy that the state gains over the words in between, σ₁ of the mean "
    "gradient, and the change of the state by a word swap. What a state depends on, and what a linear reader finds in it, are two "
    "things, and they end at different delays."
)


def on_decoding(decoding: pd.DataFrame, rule: str | None) -> list[str]:
    """Up to which delay a probe on the state finds more than the words in between tell.

    Args:
        decoding: the rows of one state.
        rule: by which words have classes, where that is known.
    """
    table = decoding.pivot_table(index="delay", columns="reader", values="accuracy").sort_index()
    gain = decoding[decoding["reader"] == "memory"].set_index("delay").sort_index()
    if "state" not in table or gain.empty:
        return []
    first, last = int(table.index[0]), int(table.index[-1])
    classes = f" ({RULES[rule]})" if rule in RULES else ""
    said = [
        f"A linear classifier reads the class{classes} of the word τ steps earlier from the state; the words that it is tested on "
        f"were not in its training. At delay {first} it is right for {percent(table.loc[first, 'state'])} of the words, always "
        f"saying the most frequent class for {percent(table.loc[first, 'majority'])}; at delay {last} for "
        f"{percent(table.loc[last, 'state'])} and {percent(table.loc[last, 'majority'])}.",
    ]
    above = gain.index[(gain["accuracy_low"] > 0).to_numpy()]
    if gain["accuracy_low"].notna().any():
        until = int(above.max()) if len(above) else None
        said.append(
            "More than the words in between tell is found at no delay, by intervals over seeds (95 %)."
            if until is None
            else f"More than the words in between tell is found up to delay {until}, by intervals over seeds (95 %)."
        )
    selectivity = decoding[(decoding["reader"] == "selectivity") & (decoding["delay"] == first)]
    if len(selectivity):
        more = float(selectivity["accuracy"].iloc[0])
        beside = f"{percent(abs(more))} {'less' if more >= 0 else 'more'} than for the true classes on the same words"
        said.append(
            f"With a random class for every word it would learn by heart {percent(table.loc[first, 'control'])} at delay {first}, "
            f"{beside}{'.' if more > 0 else ': what it finds is no more than can be learnt by heart.'}"
        )
    return said
