"""Charts as files: SVG, PNG and PDF, drawn without a browser and without a network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import altair as alt

from stategrad.files import write_bytes, write_text

_TEXT = re.compile(r">([^<>]*[₀-₉][^<>]*)<")
_SUBSCRIPT = re.compile(r"([₀-₉]+)([^₀-₉]*)")
_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def write_chart(chart: alt.LayerChart, path: Path, *, resolution: int = 150) -> list[Path]:
    """Write a chart beside `path` as `.svg`, `.png` and `.pdf`, each whole or not at all.

    Args:
        chart: with its data.
        path: of the files, without a suffix.
        resolution: of the PNG, in pixels per inch: enough for a slide; paper takes the other two.

    Returns:
        The three paths.
    """
    import vl_convert

    svg = svg_of(chart)
    paths = [path.with_name(path.name + suffix) for suffix in (".svg", ".png", ".pdf")]
    write_text(paths[0], svg)
    write_bytes(paths[1], vl_convert.svg_to_png(svg, ppi=resolution))
    write_bytes(paths[2], vl_convert.svg_to_pdf(svg))
    return paths


def svg_of(chart: alt.LayerChart) -> str:
    """A chart as SVG. Its definition is not held against the schema again, which tests do for every kind of chart."""
    import vl_convert

    return with_real_subscripts(vl_convert.vegalite_to_svg(json.dumps(chart.to_dict(validate=False))))


def with_real_subscripts(svg: str) -> str:
    """The SVG with subscript digits set as small, lowered digits, since few fonts have characters for them.

    >>> with_real_subscripts("<text>σ₁ (words)</text>")
    '<text>σ<tspan dy="3" font-size="75%">1</tspan><tspan dy="-3"> (words)</tspan></text>'
    """

    def lowered(text: re.Match[str]) -> str:
        return f">{_SUBSCRIPT.sub(_spans, text[1])}<"

    return _TEXT.sub(lowered, svg)


def _spans(match: re.Match[str]) -> str:
    small = f'<tspan dy="3" font-size="75%">{match[1].translate(_DIGITS)}</tspan>'
    return small + (f'<tspan dy="-3">{match[2]}</tspan>' if match[2] else "")


def page_chart(chart: alt.LayerChart, dataset: str) -> dict[str, Any]:
    """The Vega-Lite definition of a chart for the page: width of its container, data by the name of the data set.

    Args:
        chart: any of the charts of `stategrad.report`.
        dataset: the name under which the page holds the chart's table.
    """
    named = chart.copy(deep=False)
    named.data = alt.NamedData(dataset)
    named.width = "container"
    named.autosize = alt.AutoSizeParams(type="fit-x", contains="padding")
    definition: dict[str, Any] = named.to_dict(validate=False)
    return definition
