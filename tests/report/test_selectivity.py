"""Over how many directions memory is spread: the figure and its sentences."""

import json
import re

import numpy as np
import pandas as pd
import vl_convert

from report.generated_run import FACTS, memory_frame
from stategrad.report.selectivity_figures import on_selectivity, selectivity_chart

MEMORY = memory_frame(("cell", "hidden"), ("any",))
ALL = MEMORY[(MEMORY["group"] == "all") & (MEMORY["state"] == "cell")]


def texts(frame: pd.DataFrame) -> set[str]:
    svg = vl_convert.vegalite_to_svg(json.dumps(selectivity_chart(frame).to_dict()))
    return {part.split("</text>")[0].split(">")[-1] for part in svg.split("<text")[1:]}


def test_the_figure_names_its_three_measures_their_axes_and_what_noise_shows() -> None:
    names = {"effective rank", "participation ratio", "selectivity σ₁/Σσ"}
    assert names | {f"{name} of noise" for name in names} | {"directions", "delay τ (words)"} <= texts(MEMORY)
    bare = MEMORY[["delay", "group", "state", "effective_rank", "participation_ratio", "selectivity"]]
    assert names <= texts(bare)
    assert not any("noise" in text for text in texts(bare))


def test_every_curve_is_drawn_for_the_chosen_state_alone() -> None:
    def curves(frame: pd.DataFrame, **options: str) -> list[str]:
        svg = vl_convert.vegalite_to_svg(json.dumps(selectivity_chart(frame, **options).to_dict()))
        return re.findall(r'<g class="mark-line[^>]*>\s*<path[^>]* d="([^"]*)"', svg)

    moved = MEMORY.assign(effective_rank=MEMORY["effective_rank"].where(MEMORY["state"] == "cell", 3.0))
    assert len(curves(moved)) == 6
    assert curves(moved, state="cell") == curves(moved) != curves(moved, state="hidden")


def test_the_sentences_give_figures_intervals_and_the_limit_of_noise() -> None:
    said = " ".join(on_selectivity(ALL, FACTS))
    assert "55 (53.9 to 56.1) directions by effective rank and 40 (39.2 to 40.8) by participation ratio at delay 0" in said
    assert "at delay 5; " in said
    assert "11 (10.8 to 11.2) by participation ratio at delay 29 (in brackets 95 % intervals" in said
    assert "62 of at most 64 directions by the one, 51 by the other, and a selectivity of 2.4 %." in said


def test_without_intervals_or_sizes_the_sentences_say_less() -> None:
    bare = ALL[["delay", "effective_rank", "participation_ratio"]]
    said = on_selectivity(bare, {})
    assert said[-1].endswith("11 by participation ratio at delay 29.")
    assert "noise" not in " ".join(said)
    assert on_selectivity(bare.assign(participation_ratio=np.nan), {}) == []
    assert on_selectivity(bare.iloc[:0], {}) == []


def test_nothing_is_said_of_delays_where_no_memory_is_detected_and_wide_intervals_stay_in_the_figure() -> None:
    lost = ALL["delay"] >= 12
    faint = ALL.assign(detected=~lost, p_value=0.01, effective_rank=ALL["effective_rank"].where(ALL["delay"] < 20))
    said = " ".join(on_selectivity(faint, FACTS))
    assert "at delay 11 (in brackets" in said
    assert "nan" not in said
    wide = MEMORY.assign(effective_rank_high=1e9, effective_rank_low=-1e9)
    assert {"60"} <= texts(wide)
    assert not any("," in text and text.replace(",", "").isdigit() for text in texts(wide))
    assert "(−1e+09 to 1e+09)" in " ".join(on_selectivity(wide[wide["state"] == "cell"].query("group == 'all'"), FACTS))
