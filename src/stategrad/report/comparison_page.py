"""The page of a comparison: curves, horizons, classes and properties of several runs, and what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import altair as alt
import jinja2
import pandas as pd
from markupsafe import Markup

from stategrad.errors import ForeignOutputError
from stategrad.files import write_text
from stategrad.published.follow_up import follow_up
from stategrad.report.comparison import MEASURES, SELECTIVITY, Comparison
from stategrad.report.export import svg_of, write_chart
from stategrad.report.page import static_text, unbroken
from stategrad.report.style import DASHED, DOTTED, LOOK, SERIES, SOLID, delay_axis

BY_GROUP = ("memory-", "seeds-", "horizons")
"""Beginnings of the names of charts that show one group; the others show all of them."""

MARK = '<meta name="generator" content="stategrad compare">'
_WIDTH, _HEIGHT = 290, 190


@dataclass(frozen=True)
class View:
    """One choice of state and group on the page: its comparison, its charts, and what sets its names apart."""

    comparison: Comparison
    charts: dict[str, tuple[str, alt.LayerChart]]
    suffix: str

    @property
    def state(self) -> str:
        """The states that are shown, as one choice."""
        return " or ".join(dict.fromkeys(self.comparison.states.values()))

    @property
    def by_state(self) -> Markup:
        """The attributes of what is shown for its state."""
        return Markup('data-state="{}"').format(self.state)

    @property
    def attributes(self) -> Markup:
        """The attributes of what is shown for its state and group."""
        return Markup('{} data-group="{}"').format(self.by_state, self.comparison.group)


def write_comparison(comparison: Comparison, out: Path, *, views: Sequence[Comparison] = ()) -> list[Path]:
    """Write the page, the tidy table, what differs, and every figure as SVG, PNG and PDF.

    Args:
        comparison: of the runs.
        out: the page, `NAME.html`, or a folder in which it is `comparison.html`; tables and `NAME-figures/` lie beside it.
        views: of the same runs by other states and groups, between which the page lets one choose.

    Returns:
        The paths, the page's first.

    Raises:
        ForeignOutputError: a file of that name that is something else.
    """
    page = page_path(out)
    drawn = charts_of(comparison)
    texts = {
        page: render_comparison(comparison, drawn, views),
        page.with_suffix(".csv"): comparison.table.to_csv(index=False),
        page.with_name(f"{page.stem}-settings.csv"): comparison.settings.to_csv(index_label="setting"),
    }
    if len(comparison.follow_up):
        texts[page.with_name(f"{page.stem}-follow-up.csv")] = comparison.follow_up.drop(columns="rule").to_csv(index=False)
    if len(comparison.claims):
        texts[page.with_name(f"{page.stem}-claims.csv")] = comparison.claims.to_csv(index=False)
    for path, text in texts.items():
        write_text(path, text)
    folder = page.with_name(f"{page.stem}-figures")
    return [*texts, *(path for name, (_, chart) in drawn.items() for path in write_chart(chart, folder / name))]


def page_path(out: Path) -> Path:
    """The file of the page.

    Raises:
        ForeignOutputError: it is there, and no comparison.
    """
    page = out if out.suffix == ".html" else out / "comparison.html"
    if page.exists() and (not page.is_file() or MARK not in page.read_text(encoding="utf-8", errors="replace")):
        raise ForeignOutputError(f"{page} is there and is no comparison; give another --out.")
    if out != page and out.exists() and not out.is_dir():
        raise ForeignOutputError(f"{out} is a file and no page; give a folder, or a name that ends in .html.")
    return page


def charts_of(comparison: Comparison) -> dict[str, tuple[str, alt.LayerChart]]:
    """By file name the title and the chart of whatever the runs have in common."""
    axes = dict.fromkeys(MEASURES, "relative to delay 0") | dict.fromkeys(SELECTIVITY, "σ₁/Σσ")
    charts = {
        f"memory-{name}": (f"{title[0].upper()}{title[1:]}", _lines(comparison.labels, comparison.of(name), axes[name]))
        for name, title in (MEASURES | SELECTIVITY).items()
        if len(comparison.of(name))
    }
    for name, title in (MEASURES | SELECTIVITY).items():
        rows = comparison.seeds[comparison.seeds["quantity"] == name]
        if len(rows):
            drawn = _lines(list(rows["run"].unique()), rows, axes[name])
            charts[f"seeds-{name}"] = (f"{title[0].upper()}{title[1:]}: mean over seeds", drawn)
    if len(comparison.of("horizon")):
        charts["horizons"] = ("Horizon", _dots(comparison.labels, comparison.of("horizon"), "horizon (words)"))
    if len(comparison.of("class share")):
        charts["classes"] = ("Classes at delay 0", _dots(comparison.labels, comparison.of("class share"), "share of the sum of σ₁"))
    properties = comparison.of("relative memory")
    for number, name in enumerate(properties["label"].unique(), start=1):
        rows = properties[properties["label"] == name]
        charts[f"property-{number}"] = (f"Property {name}", _lines(comparison.labels, rows, "relative memory m"))
    return charts


def render_comparison(
    comparison: Comparison, drawn: dict[str, tuple[str, alt.LayerChart]], views: Sequence[Comparison] = ()
) -> str:  # fmt: skip
    """The page as text: one file without scripts, the charts drawn in it; a choice of state and group hides those of the others."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stategrad.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters["unbroken"] = unbroken
    shown = [View(comparison, drawn, ""), *(View(one, charts_of(one), f"-{n}") for n, one in enumerate(views, start=1))]
    of_states = {view.state: view for view in reversed(shown)}  # classes and properties are the same for every group
    charts = [
        (f"{name}{view.suffix}", title, Markup(svg_of(chart)), attributes)
        for view in shown
        for name, (title, chart) in view.charts.items()
        for attributes in [view.attributes if name.startswith(BY_GROUP) else view.by_state]
        if name.startswith(BY_GROUP) or of_states[view.state] is view
    ]
    charts.sort(key=lambda chart: not chart[0].startswith(BY_GROUP))
    controls = {
        "state": ("State", list(dict.fromkeys(view.state for view in shown))),
        "group": ("Words", list(dict.fromkeys(view.comparison.group for view in shown))),
    }
    template = environment.get_template("comparison.html.j2")
    return template.render(
        comparison=comparison,
        charts=charts,
        views=shown,
        controls={name: control for name, control in controls.items() if len(control[1]) > 1},
        source=follow_up().citation,
        css=Markup(static_text("report.css")),
        mark=Markup(MARK),
    )


def _looks(labels: Sequence[str]) -> dict[str, tuple[str, list[int]]]:
    """Colour and dashes of each run; where colours are used up, dashes tell the runs apart."""
    dashes = (SOLID, DASHED, DOTTED)
    count = len(SERIES)
    return {label: (SERIES[i % count], dashes[i // count % len(dashes)]) for i, label in enumerate(labels)}


def _colour(labels: Sequence[str]) -> alt.Color:
    looks = _looks(labels)
    legend = alt.Legend(title=None, orient="bottom", columns=1, labelLimit=260, symbolOpacity=1)
    return alt.Color("run:N", scale=alt.Scale(domain=list(looks), range=[colour for colour, _ in looks.values()]), legend=legend)


def _lines(labels: Sequence[str], rows: pd.DataFrame, title: str) -> alt.LayerChart:
    """A curve and its band per run, against delay."""
    looks = _looks(labels)
    x, colour = delay_axis(int(rows["delay"].min()), int(rows["delay"].max())), _colour(labels)
    dash = alt.StrokeDash("run:N", scale=alt.Scale(domain=list(looks), range=[d for _, d in looks.values()]), legend=None)
    y, scale = alt.Axis(title=title, tickCount=5), alt.Scale(domain=[0, max(1.0, float(rows["value"].max()))])
    banded = alt.Chart(rows[rows["low"].notna()]).mark_area(opacity=0.16, clip=True)
    band = banded.encode(x=x, y=alt.Y("low:Q", axis=y, scale=scale), y2="high:Q", color=colour)
    line = alt.Chart(rows).mark_line(clip=True).encode(
        x=x, y=alt.Y("value:Q", axis=y, scale=scale), color=colour, strokeDash=dash
    )  # fmt: skip
    return _chart([band, line], f"{title} against delay in words, a curve per run", _HEIGHT)


def _dots(labels: Sequence[str], rows: pd.DataFrame, title: str) -> alt.LayerChart:
    """A row per label and in it a dot and an interval per run; a triangle is a value beyond the delays that were measured."""
    names = list(rows["label"].unique())
    y = alt.Y("label:N", sort=names, axis=alt.Axis(title=None, labelLimit=170, ticks=False))
    offset, colour = alt.YOffset("run:N", sort=list(labels)), _colour(labels)
    x = alt.Axis(title=title, tickCount=5)
    whiskers = alt.Chart(rows[rows["low"].notna()]).mark_rule(strokeWidth=1.5)
    interval = whiskers.encode(x=alt.X("low:Q", axis=x), x2="high:Q", y=y, yOffset=offset, color=colour)
    shape = alt.Shape("beyond:N", scale=alt.Scale(domain=[False, True], range=["circle", "triangle-right"]), legend=None)
    points = alt.Chart(rows).mark_point(filled=True, size=45, opacity=1)
    dots = points.encode(x=alt.X("value:Q", axis=x, scale=alt.Scale(zero=True)), y=y, yOffset=offset, color=colour, shape=shape)
    return _chart([interval, dots], f"{title}, a dot per run", len(names) * (12 + 9 * len(labels)))


def _chart(layers: list[alt.Chart], description: str, height: int) -> alt.LayerChart:
    return alt.LayerChart(layer=layers, width=_WIDTH, height=height, description=description, config=LOOK)
