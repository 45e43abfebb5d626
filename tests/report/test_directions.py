"""The named directions on the page: words where they are stable, and the reason where there are none."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from report.generated_run import directions_frame, write_run
from stategrad.errors import InvalidInputError
from stategrad.report.directions import named_directions, on_directions
from stategrad.report.inputs import read_run
from stategrad.report.page import render
from stategrad.report.paper import beside_paper
from stategrad.report.sections import figures_of


def test_words_stand_where_a_direction_is_stable_and_the_reason_where_it_is_not(run_folder: Path) -> None:
    run = read_run(run_folder)
    assert run.directions is not None
    cell = named_directions(run.directions)[0]
    assert cell.when == {"state": "cell", "whitened": "false"}
    assert list(cell.delays) == [0, 1, 5]
    named, plane, noise = cell.delays[0]
    assert named == {"mode": "1", "share": "20 %", "unnamed": "", "positive": "so\u00a0· .\u00a0· !",
                     "negative": "an\u00a0· new\u00a0· <b>",
                     "class": "adjectives −0.47", "frequency": "+0.11", "stability": "0.99"}  # fmt: skip
    assert plane["unnamed"] == "one of directions 2–4, which are equally strong: their span is stable, its axes are not"
    assert noise["unnamed"] == "not stable: another text would show another direction"
    assert noise["class"] == noise["frequency"] == "–"


def test_other_reasons_for_no_name() -> None:
    frame = directions_frame(("cell",), (False,))
    blocks = frame.assign(named=False, stability=np.nan)
    assert named_directions(blocks)[0].delays[0][0]["unnamed"] == "too few blocks of text to tell"
    chance = frame.assign(named=False, stability=0.99)
    assert named_directions(chance)[0].delays[0][0]["unnamed"] == "not told from chance"


def test_what_is_said_says_what_the_numbers_say() -> None:
    frame = directions_frame(("cell",), (False,))
    ((when, sentences),) = on_directions(frame)
    assert when == {"state": "cell", "whitened": "false"}
    assert sentences[1].endswith("(stability of at least 0.95; 3 of 9 directions).")
    assert sentences[2] == (
        "The best-remembered direction at delay 0 goes along with adjectives (r = −0.47, log frequency taken out), more than a "
        "random direction may (below 0.43 in 95 %)."
    )
    weak = on_directions(frame.assign(class_partial=0.3, named=True))[0][1][2]
    assert "(r = +0.30, log frequency taken out), no more than a random direction" in weak
    uncounted = on_directions(frame.assign(class_partial=np.nan, class_chance=0.5))[0][1][2]
    assert "(r = −0.44), no more than a random direction may (below 0.50 in 95 %)" in uncounted
    assert len(on_directions(frame.assign(named=False))[0][1]) == 2


def test_the_page_has_a_table_per_state_and_convention_and_escapes_the_words(run_folder: Path) -> None:
    run = read_run(run_folder)
    page = render(run, figures_of(run), beside_paper(run))
    section = page[page.index('<section id="directions">') : page.index('<section id="table-2">')]
    assert section.count("<tbody") == 12  # two states, two conventions, three delays
    assert section.count("<tbody") - len(re.findall("<tbody[^>]* hidden", section)) == 3
    assert "new\u00a0· &lt;b&gt;" in section
    assert "<b>" not in section
    assert 'data-download="directions"' in section


def test_a_run_without_directions_has_no_section_and_a_damaged_table_is_refused(make_run: Callable[..., Path]) -> None:
    folder = make_run(states=("cell",))
    path = folder / "measures" / "directions.csv"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    run = read_run(folder)
    assert run.directions is None
    assert 'id="directions"' not in render(run, figures_of(run), beside_paper(run))
    path.write_text(text.replace("stability", "steadiness"), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"lacks the columns? stability.*; `stategrad analyze .*` makes it anew"):
        read_run(folder)


def test_words_that_look_like_gaps_stay_words(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", states=("cell",), conventions=(False,))
    frame = directions_frame(("cell",), (False,)).assign(positive="NA null")
    frame.to_csv(folder / "measures" / "directions.csv", index=False)
    directions = read_run(folder).directions
    assert directions is not None
    assert set(directions["positive"]) == {"NA null"}
