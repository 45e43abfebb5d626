import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from report.generated_run import FACTS, write_run
from stategrad.report import page as pages

DRAWN = "!document.querySelector('[aria-busy]')"
FIGURES = 13


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_run(tmp_path_factory.mktemp("page") / "run", facts=FACTS | {"backpropagation_steps": 20})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "write_chart", lambda chart, path: [])
        return pages.write_report(folder)[0]


@dataclass
class Opened:
    """A page in the browser, and all that it said or asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def chart(self, name: str) -> str:
        markup: str = self.page.inner_html(f"#chart-{name} svg")
        return markup

    def choose(self, control: str, value: str) -> None:
        self.page.check(f'#controls input[name="{control}"][value="{value}"]')
        self.page.wait_for_function(DRAWN)


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[Callable[[int], Opened]]:
    """Opens the page at a width, without a network."""
    contexts = []

    def at(width: int) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        one = Opened(page)
        page.on("console", lambda message: one.said.append(message.text))
        page.on("pageerror", lambda error: one.said.append(str(error)))
        page.on("request", lambda request: one.asked.append(request.url))
        page.goto(report.as_uri())
        page.wait_for_function(DRAWN)
        return one

    yield at
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_draws_every_figure_silently_and_alone(opened: Callable[[int], Opened], report: Path, width: int) -> None:
    one = opened(width)
    marks = one.page.eval_on_selector_all(
        ".chart", "all => all.map(e => e.querySelectorAll('svg .mark-line path, svg .mark-symbol path').length)"
    )
    assert len(marks) == FIGURES
    assert min(marks) >= 1
    assert one.said == []
    assert [url for url in one.asked if not url.startswith(("data:", "blob:"))] == [report.as_uri()]


def test_marks_with_data_of_their_own_are_drawn(opened: Callable[[int], Opened]) -> None:
    one = opened(1440)
    for name in ("figure-1-memory", "three-measures", "figure-2-tracking"):
        assert "backpropagation in training: 20 words" in one.chart(name)
    assert one.chart("units").count("stroke-dasharray") == 1


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_is_wider_than_the_window_and_no_legend_is_cut(opened: Callable[[int], Opened], width: int) -> None:
    one = opened(width)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= width
    cut = """all => all.filter(svg => {
        const box = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].some(text => {
            const inner = text.getBoundingClientRect();
            return inner.width && (inner.bottom > box.bottom + 1 || inner.left < box.left - 1 || inner.right > box.right + 1);
        });
    }).length"""
    assert one.page.eval_on_selector_all(".chart svg.marks", cut) == 0


def test_a_window_that_is_made_narrow_keeps_its_figures_whole(opened: Callable[[int], Opened]) -> None:
    one = opened(1440)
    one.page.set_viewport_size({"width": 390, "height": 900})
    one.page.wait_for_function("document.querySelector('#chart-figure-1-memory svg').getBoundingClientRect().width < 390")
    one.page.wait_for_timeout(200)
    one.page.wait_for_function(DRAWN)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert one.said == []


@pytest.mark.parametrize(
    ("control", "value", "changed"),
    [
        ("state", "hidden", {"figure-1-memory", "three-measures", "table-1-classes", "classes-against-delay"}),
        ("scale", "log", {"figure-1-memory", "three-measures", "classes-against-delay"}),
        ("values", "relative", {"figure-1-memory", "classes-against-delay"}),
        ("rule", "most", {"classes-against-delay"}),
        ("whitened", "true", {"figure-2-tracking"}),
        ("n", "n=1", {"figure-2-tracking"}),
    ],
)
def test_each_control_changes_its_figures_and_no_other(
    opened: Callable[[int], Opened], control: str, value: str, changed: set[str]
) -> None:
    one = opened(1440)
    names = ["figure-1-memory", "three-measures", "figure-2-tracking", "table-1-classes", "classes-against-delay"]
    before = {
        name: one.page.eval_on_selector_all(f"#chart-{name} svg path", "all => all.map(e => e.getAttribute('d'))") for name in names
    }
    one.choose(control, value)
    after = {
        name: one.page.eval_on_selector_all(f"#chart-{name} svg path", "all => all.map(e => e.getAttribute('d'))") for name in names
    }
    assert {name for name in names if before[name] != after[name]} == changed
    assert one.said == []


def test_words_and_table_follow_the_state(opened: Callable[[int], Opened]) -> None:
    one = opened(1440)
    visible = "all => all.filter(e => !e.hidden).map(e => e.textContent)"
    before = one.page.eval_on_selector_all("[data-when]", visible)
    one.choose("state", "hidden")
    after = one.page.eval_on_selector_all("[data-when]", visible)
    assert len(before) == len(after)
    assert set(before).isdisjoint(set(after) - set(before))
    assert "is 1.50 (95\u00a0% interval 1.47 to 1.53) at delay 0" in " ".join(before)
    assert "is 0.63 (95\u00a0% interval 0.62 to 0.65) at delay 0" in " ".join(after)


def test_relative_and_logarithmic_go_together_and_back(opened: Callable[[int], Opened]) -> None:
    one = opened(1440)
    before = one.chart("figure-1-memory")
    for control, value in (("scale", "log"), ("values", "relative"), ("state", "hidden")):
        one.choose(control, value)
    assert "relative to delay 0" in one.chart("figure-1-memory")
    for control, value in (("state", "cell"), ("values", "absolute"), ("scale", "linear")):
        one.choose(control, value)
    paths = [[part.split('"')[0] for part in text.split(' d="')[1:]] for text in (before, one.chart("figure-1-memory"))]
    assert paths[0] == paths[1]


def test_the_csv_of_a_figure_holds_its_table(opened: Callable[[int], Opened], report: Path) -> None:
    one = opened(1440)
    with one.page.expect_download() as waiting:
        one.page.click("#figure-1-memory button[data-download]")
    download = waiting.value
    assert download.suggested_filename == "memory.csv"
    rows = list(csv.DictReader(io.StringIO(Path(download.path()).read_text(encoding="utf-8"))))
    table = pd.read_csv(report.parent / "measures" / "memory.csv", keep_default_na=False)
    assert len(rows) == len(table)
    assert [float(row["sigma_1"]) for row in rows] == pytest.approx(list(table["sigma_1"]), rel=1e-6, abs=1e-9)
    assert [row["group"] for row in rows] == list(table["group"])


def test_the_menu_of_a_chart_saves_images_and_leads_nowhere_else(opened: Callable[[int], Opened]) -> None:
    one = opened(1440)
    links = one.page.eval_on_selector_all("#chart-figure-1-memory .vega-actions a", "all => all.map(a => a.textContent)")
    assert links == ["Save as SVG", "Save as PNG"]
    one.page.click("#chart-figure-1-memory summary")
    with one.page.expect_download() as waiting:
        one.page.click("#chart-figure-1-memory .vega-actions a >> nth=0")
    assert waiting.value.suggested_filename == "figure-1-memory.svg"
    assert Path(waiting.value.path()).read_text(encoding="utf-8").startswith("<svg")
    assert one.said == []


def test_every_figure_and_table_has_a_name_for_those_who_do_not_see_it(opened: Callable[[int], Opened]) -> None:
    page = opened(1440).page
    assert (
        page.eval_on_selector_all(
            ".chart svg.marks", "all => all.filter(e => e.closest('.chart').querySelector('[aria-label*=\"delay\"]')).length"
        )
        == FIGURES
    )
    assert page.eval_on_selector_all("table", "all => all.filter(t => !t.caption).length") == 0
    assert page.eval_on_selector_all("#controls input", "all => all.filter(i => !i.labels.length).length") == 0


def test_hovering_a_curve_says_its_values(opened: Callable[[int], Opened]) -> None:
    page = opened(1440).page
    page.locator("#chart-figure-1-memory").scroll_into_view_if_needed()
    box = page.locator("#chart-figure-1-memory svg.marks").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.wait_for_selector("#vg-tooltip-element.visible")
    text = page.inner_text("#vg-tooltip-element")
    assert "delay τ" in text
    assert "noise floor of σ₁" in text
