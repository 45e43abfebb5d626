"""The report of a run: figures and tables as files, and one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import altair as alt
import jinja2
import pandas as pd
from markupsafe import Markup

from stategrad.errors import InvalidInputError
from stategrad.files import write_text
from stategrad.report import facts, tables
from stategrad.report.contexts import on_context
from stategrad.report.directions import has_classes, named_directions, on_directions
from stategrad.report.embedding_sentences import on_embeddings
from stategrad.report.export import page_chart, write_chart
from stategrad.report.figure import Figure
from stategrad.report.follow_up import BesideFollowUp, beside_follow_up
from stategrad.report.inputs import RunTables, read_run
from stategrad.report.marks import RULES
from stategrad.report.paper import BesidePaper, beside_paper
from stategrad.report.sections import figures_of
from stategrad.report.separability_sentences import on_separability
from stategrad.report.tag_sentences import on_tags
from stategrad.report.text_sentences import on_text
from stategrad.report.word_sections import conventions, opens_whitened, sentence_choices

LARGEST_PAGE = 8_000_000
"""Bytes; a page beyond it would be slow to open and to send."""

DOWNLOADS = (
    "memory", "tracking", "directions", "horizon", "seeds", "pairs", "pushes", "classes", "controls", "equal", "units", "channels",
    "decoding", "memories", "separability", "tags", "training", "words", "sentences",
)  # fmt: skip
"""The tables that a page carries."""

CAPTIONS = {
    "table-1": "Largest singular value σ_1 of the mean gradient at delay 0 by word class; in brackets its share of the sum over "
    "the listed classes.",
    "table-2": "Accuracy of logistic regression on word embeddings.",
    "published": "Published numbers that can be held against this run. Measured values are plain, as the paper's; their 95 % "
    "intervals lie around the value without the bias of a noisy mean; those of accuracies are over words of the validation part.",
    "claims": "What the paper says in words, and whether it holds here by 95 % intervals.",
    "not-comparable": "Published numbers that cannot be held against this run, and why.",
    "not-checked": "What the paper says in words and this run cannot answer.",
    "follow-up": "What the 2020 follow-up says in words, what is asked of this run, and whether it holds here by 95 % intervals.",
}


def write_report(folder: Path) -> list[Path]:
    """Write `figures/`, `tables/` and `report.html` of a run folder, from its manifest and its tables of measures.

    Args:
        folder: of a run that was analysed.

    Returns:
        The paths of all that was written, first that of the page: one file that works without a network.

    Raises:
        MissingInputError: no such folder, or a table of measures that is not there.
        InvalidInputError: a damaged manifest or table, or tables too large for a page.
    """
    run = read_run(folder)
    drawn, written = figures_of(run), []
    for figure in drawn:
        for state in run.states:
            suffix = "" if state == run.states[0] else f"-{state}"
            chart = next(iter(figure.variants(state).values()))
            written += write_chart(chart, folder / "figures" / f"{figure.name}{suffix}")
    first, second = _tables(run)
    if first is not None:
        written += tables.write_table(first, folder / "tables" / "table-1", CAPTIONS["table-1"])
    if second is not None:
        written += tables.write_table(second, folder / "tables" / "table-2", CAPTIONS["table-2"])
    paper = beside_paper(run)
    for name, table in paper.tables.items():
        written += tables.write_table(table, folder / "tables" / name, CAPTIONS[name])
    follow_up = beside_follow_up(run)
    if follow_up is not None:
        written += tables.write_table(follow_up.rows, folder / "tables" / "follow-up", CAPTIONS["follow-up"])
    page = render(run, drawn, paper, follow_up)
    size = len(page.encode())
    if size > LARGEST_PAGE:
        raise InvalidInputError(
            f"the page of {folder} would have {size / 1e6:.1f} MB, more than {LARGEST_PAGE / 1e6:.0f} MB; "
            "measure fewer states, groups or delays."
        )
    path = folder / "report.html"
    write_text(path, page)
    return [path, *written]


def render(run: RunTables, drawn: list[Figure], paper: BesidePaper, follow_up: BesideFollowUp | None = None) -> str:
    """The page as text.

    Args:
        run: tables and facts.
        drawn: the figures, in their order.
        paper: the run beside the paper's numbers and claims.
        follow_up: the run beside the follow-up's sentences, None where these are not asked.
    """
    bundle = Markup(_bundle())
    script = Markup(static_text("report.js"))
    first, second = _tables(run)
    named = [] if run.directions is None else named_directions(run.directions)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stategrad.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters["unbroken"] = unbroken
    environment.filters["coded"] = coded
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":"), "allow_nan": False}
    return environment.get_template("report.html.j2").render(
        title=facts.title_of(run.facts),
        subtitle=facts.subtitle_of(run.facts),
        warning=facts.young_model(run.facts),
        strip=facts.strip_of(run.facts),
        context=on_embeddings(run.facts) + on_context(run.facts),
        controls=_controls(run),
        figures=drawn,
        defaults=_defaults(run),
        data=_page_data(run, drawn),
        table_1=first,
        table_2=second,
        rules=RULES,
        captions={name: caption.replace("σ_1", "σ₁") for name, caption in CAPTIONS.items()},
        on_separability=[] if run.separability is None else on_separability(run.separability),
        on_tags=[] if run.tags is None else on_tags(run.tags),
        paper=paper,
        follow_up=follow_up,
        on_text=on_text(run.facts),
        text_columns=("quantity", "measured", "the paper says", "why"),
        directions=named,
        on_directions=[] if run.directions is None else on_directions(run.directions),
        has_tracking=not run.tracking.empty,
        has_classes=has_classes(named),
        rules_known=bool(run.facts.get("tag_rules")),
        training=run.training,
        number=tables.number,
        versions=run.manifest.get("versions") or {},
        version=run.manifest.get("stategrad"),
        preset=run.manifest.get("preset"),
        all_facts={name: _fact(value) for name, value in run.facts.items() if value is not None},
        settings=run.settings,
        css=Markup(static_text("report.css")),
        bundle=bundle,
        script=script,
        script_hashes=" ".join(f"'sha256-{_digest(text)}'" for text in (bundle, script)),
    )


def unbroken(text: str) -> str:
    r"""The text with numbers kept on one line with their signs.

    >>> unbroken("m = 0.5, 10 %") == "m\u00a0=\u00a00.5, 10\u00a0%"
    True
    """
    return text.replace(" %", "\u00a0%").replace(" = ", "\u00a0=\u00a0").replace("± ", "±\u00a0")


def coded(text: str) -> Markup:
    r"""The text as HTML, with what stands between backticks as code.

    >>> coded("it takes a sweep: `stategrad sweep <PRESET>`")
    Markup('it takes a sweep: <code>stategrad sweep &lt;PRESET&gt;</code>')
    """
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else Markup.escape(part) for number, part in enumerate(parts)
    )


def _tables(run: RunTables) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    first = None if run.classes.empty else tables.table_1(run.classes)
    return first, None if run.separability is None or run.separability.empty else tables.table_2(
        run.separability, run.separability_cbow
    )


def _controls(run: RunTables) -> dict[str, tuple[str, dict[str, str]]]:
    """Per control its name and its choices, value → label; those with one choice only are left out."""
    what = "Properties in" if len(run.tracking) else "Directions in"
    controls = {
        "state": ("State", {state: state or "state" for state in run.states}),
        "scale": ("Vertical axes", {"linear": "linear", "log": "logarithmic"}),
        "values": ("Values", {"absolute": "absolute", "relative": "relative to delay 0"}),
        "rule": ("Class curves", {rule: RULES.get(rule, rule) for rule in run.rules}),
        "whitened": (what, {str(value).lower(): "whitened space" if value else "embedding space" for value in conventions(run)}),
        "sentence": ("Sentence", sentence_choices(run)),
        "n": ("Cosine to", {f"n={n}": f"{n} direction{'s' * (n > 1)}" for n in sorted(run.numbers)}),
    }
    return {name: control for name, control in controls.items() if len(control[1]) > 1}


def _defaults(run: RunTables) -> dict[str, str]:
    return {"state": run.states[0] if run.states else "", "scale": "linear", "values": "absolute",
            "rule": run.rules[0] if run.rules else "", "whitened": str(opens_whitened(run)).lower(),
            "n": f"n={run.numbers[0]}" if run.numbers else "", "sentence": next(iter(sentence_choices(run)), "")}  # fmt: skip


def _page_data(run: RunTables, drawn: list[Figure]) -> dict[str, Any]:
    """What the script of the page reads: every table once, and the charts that refer to them by name."""
    named: Mapping[str, pd.DataFrame | None] = {name: getattr(run, name) for name in DOWNLOADS}
    state = run.states[0] if run.states else ""
    with alt.data_transformers.disable_max_rows():
        charts = {
            figure.name: {key: page_chart(chart, figure.dataset) for key, chart in figure.variants(state).items()}
            for figure in drawn
        }
    return {
        "defaults": _defaults(run),
        "tables": {
            name: {"columns": list(frame.columns), "rows": rows_of(frame)} for name, frame in named.items() if frame is not None
        },
        "figures": {figure.name: {"dataset": figure.dataset, "charts": charts[figure.name]} for figure in drawn},
    }


def rows_of(frame: pd.DataFrame) -> list[list[Any]]:
    """The rows of a table for the page: numbers to 10 significant digits, however small; None for what is missing.

    >>> rows_of(pd.DataFrame({"delay": [1], "sigma_1": [1.23456789012e-13], "rule": [float("nan")]}))
    [[1, 1.23456789e-13, None]]
    """

    def plain(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.10g}") if math.isfinite(value) else None
        return None if value is None or value is pd.NA else value

    columns = [[plain(value) for value in frame[name].tolist()] for name in frame]
    return [list(row) for row in zip(*columns, strict=True)]


def _fact(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else (
        json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    )  # fmt: skip


@cache
def _bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script that brings all it needs."""
    import vl_convert

    script: str = vl_convert.javascript_bundle(static_text("embed.js"))
    return script


def static_text(name: str) -> str:
    """A file that goes into every page as it is."""
    return resources.files("stategrad.report").joinpath("static", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
