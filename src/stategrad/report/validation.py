"""The page of a validation: what was expected beside what was measured, and the curves of memory that is known."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import jinja2
import pandas as pd
from markupsafe import Markup

from stategrad.errors import ForeignOutputError
from stategrad.files import write_text
from stategrad.report.export import svg_of
from stategrad.report.page import static_text, unbroken
from stategrad.report.style import BLUE, DASHED, DOTTED, GREEN, GREY, INK, LOOK, SOLID, VERMILION, delay_axis
from stategrad.validation.record import Validation

LINES = {
    "divergence": ("divergence of predictions, relative to its largest", INK, SOLID),
    "change by swaps": ("change of the state by swaps, relative to delay 0", BLUE, SOLID),
    "rms of gradients": ("rms of gradients, relative to delay 0", VERMILION, SOLID),
    "rms, untrained": ("the same before training", GREEN, DASHED),
}
"""The measures that are drawn: how they are called on the page, their colours and dashes."""

_NAME = "validation"


def write_validation(validation: Validation, folder: Path) -> list[Path]:
    """Write `validation.json`, `validation.csv` (a row per reading), `curves.csv` and the page `validation.html`.

    Args:
        validation: what was found.
        folder: made if it is not there; an earlier validation in it is replaced.

    Returns:
        The paths, the page's first.

    Raises:
        ForeignOutputError: the folder holds something else.
    """
    check_folder(folder)
    texts = {
        "validation.html": page_of(validation),
        "validation.json": validation.to_json(),
        "validation.csv": validation.to_dataframe().to_csv(index=False),
        "curves.csv": validation.curves().to_csv(index=False),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def check_folder(folder: Path) -> None:
    """Refuse a folder that is not empty and holds no validation.

    Raises:
        ForeignOutputError: such a folder, or a file of that name.
    """
    if not folder.exists():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / f"{_NAME}.json").exists()):
        raise ForeignOutputError(f"{folder} is there and holds no validation; name an empty folder, or one that is to be made.")


def page_of(validation: Validation) -> str:
    """The page as text: one file without scripts, the charts drawn in it."""
    curves = validation.curves()
    drawn = [check for check in validation.checks if check.curves]
    charts = {check.name: Markup(svg_of(curve_chart(curves[curves["check"] == check.name]))) for check in drawn}
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stategrad.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters["unbroken"] = unbroken
    return environment.get_template("validation.html.j2").render(
        validation=validation, charts=charts, lines=LINES, css=Markup(static_text("report.css"))
    )


def curve_chart(curves: pd.DataFrame) -> alt.LayerChart:
    """The measures of one check against delay, with a line at the delay where the word is due.

    Args:
        curves: the rows of one check, of `Validation.curves`.
    """
    colour = alt.Scale(domain=list(LINES), range=[colour for _, colour, _ in LINES.values()])
    dash = alt.Scale(domain=list(LINES), range=[dashes for _, _, dashes in LINES.values()])
    due = alt.Chart(curves.head(1)).mark_rule(color=GREY, strokeDash=DOTTED, strokeWidth=1.5).encode(x="held_until:Q")
    lines = alt.Chart(curves).mark_line(point=alt.OverlayMarkDef(size=18)).encode(
        x=delay_axis(0, int(curves["delay"].max())),
        y=alt.Y("value:Q", title="relative", scale=alt.Scale(zero=True)),
        color=alt.Color("measure:N", scale=colour, legend=None),
        strokeDash=alt.StrokeDash("measure:N", scale=dash, legend=None),
    )  # fmt: skip
    described = f"Memory of {curves['check'].iloc[0]} against delay, due at delay {int(curves['held_until'].iloc[0])}."
    return alt.LayerChart(layer=[due, lines], width=270, height=170, description=described, config=LOOK)
