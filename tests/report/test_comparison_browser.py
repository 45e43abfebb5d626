"""The page of a comparison in a browser: whole, silent, alone, and no wider than the window."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from report.generated_run import write_run
from stategrad.report import comparison_page as pages
from stategrad.report.comparison import compare_runs


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of one recipe and a run of another."""
    root = tmp_path_factory.mktemp("compared")
    folders = [
        write_run(root / name) for name in ("network.cell=lstm_seed=0", "network.cell=lstm_seed=1", "network.cell=gru_seed=0")
    ]
    for folder, (cell, seed) in zip(folders, (("lstm", 0), ("lstm", 1), ("gru", 0)), strict=True):
        folder.joinpath("config.yaml").write_text(f"network:\n  cell: {cell}\n  seed: {seed}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "write_chart", lambda chart, path: [])
        views = [
            compare_runs(folders, state="hidden"),
            compare_runs(folders, group="nouns"),
            compare_runs(folders, state="hidden", group="nouns"),
        ]
        return pages.write_comparison(compare_runs(folders), root / "side.html", views=views)[0]


@pytest.fixture(params=[390, 1440])
def opened(request: pytest.FixtureRequest, browser: Any, compared: Path) -> Iterator[tuple[Any, list[str], list[str]]]:
    """The page at a width and without a network, what it said, and what it asked for."""
    context = browser.new_context(viewport={"width": request.param, "height": 900}, offline=True)
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda asks: asked.append(asks.url))
    page.goto(compared.as_uri())
    yield page, said, asked
    context.close()


def test_every_chart_is_drawn_and_the_page_is_silent_and_alone(opened: tuple[Any, list[str], list[str]], compared: Path) -> None:
    page, said, asked = opened
    marks = page.eval_on_selector_all(
        "figure", "all => all.map(e => e.querySelectorAll('svg .mark-line path, svg .mark-symbol path').length)"
    )
    assert len(marks) == 4 * 8 + 2 * 3
    assert min(marks) >= 2
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [compared.as_uri()]


def test_a_choice_of_state_and_words_shows_the_charts_of_that_choice_alone(opened: tuple[Any, list[str], list[str]]) -> None:
    page, said, _ = opened
    visible = "all => all.filter(e => e.offsetParent).map(e => e.id)"
    plain = [f"{of}-{name}" for of in ("memory", "seeds") for name in ("sigma_1", "rms", "swap", "selectivity")]
    whole = ["classes", "property-1", "property-2"]
    suffixes = {("cell", "all"): "", ("hidden", "all"): "-1", ("cell", "nouns"): "-2", ("hidden", "nouns"): "-3"}
    for (state, group), suffix in suffixes.items():
        page.check(f'#controls input[value="{state}"]')
        page.check(f'#controls input[value="{group}"]')
        others = "" if state == "cell" else "-1"
        expected = {f"{name}{suffix}" for name in plain} | {f"{name}{others}" for name in whole}
        assert set(page.eval_on_selector_all("figure", visible)) == expected
        assert page.eval_on_selector_all("figure", visible)[-3:] == [f"{name}{others}" for name in whole]
        assert page.locator(".subtitle:visible").count() == 1
        assert (group in page.inner_text(".subtitle:visible")) == (group != "all")
        assert f"{state} state" in page.inner_text(".subtitle:visible")
    assert said == []


def test_no_page_is_wider_than_the_window_and_no_text_of_a_chart_is_cut(opened: tuple[Any, list[str], list[str]]) -> None:
    page, _, _ = opened
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    cut = """all => all.filter(svg => {
        const box = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].some(text => {
            const inner = text.getBoundingClientRect();
            return inner.width && (inner.bottom > box.bottom + 1 || inner.left < box.left - 1 || inner.right > box.right + 1);
        });
    }).length"""
    assert page.eval_on_selector_all("figure svg", cut) == 0


def test_every_chart_has_a_name_for_those_who_do_not_see_it(opened: tuple[Any, list[str], list[str]]) -> None:
    page, _, _ = opened
    assert page.eval_on_selector_all("figure svg", "all => all.filter(e => !e.querySelector('[aria-label]')).length") == 0
    assert page.eval_on_selector_all("table", "all => all.filter(t => !t.caption).length") == 0
