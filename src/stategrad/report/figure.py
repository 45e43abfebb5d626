"""One figure of a report: its charts in every scale, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import altair as alt

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
