import io
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from report.generated_run import classes_frame, memory_frame, separability_frame
from stategrad.report.tables import table_1, table_2, to_latex, to_markdown, write_table

CLASSES = classes_frame(memory_frame(("cell",), ("any", "most")))
CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=8)


def test_table_1_has_a_row_per_class_and_shares_that_add_up() -> None:
    table = table_1(CLASSES)
    assert list(table.columns) == ["state", "rule", "class", "σ_1 (share)", "95 %", "noise floor", "rms", "positions"]
    assert len(table) == 12
    for _, rows in table.groupby("rule"):
        shares = [float(text.split("(")[1].rstrip(")")) for text in rows["σ_1 (share)"]]
        assert abs(sum(shares) - 1) <= 0.005 * len(shares)


def test_table_1_shows_intervals_and_of_how_many_positions_a_sample_is() -> None:
    table = table_1(CLASSES.assign(sigma_1_low=1.234, sigma_1_high=2.345, positions=1200, population=[3400] + [1200] * 11))
    assert set(table["95 %"]) == {"1.23 to 2.35"}
    assert (table["positions"][0], table["positions"][1]) == ("1,200 of 3,400", "1,200")
    assert set(table_1(CLASSES[["group", "sigma_1"]])["95 %"]) == {"–"}


def test_table_1_marks_classes_with_too_few_positions() -> None:
    table = table_1(CLASSES.assign(rank_limited=CLASSES["group"] == "adverbs"))
    assert {name for name in table["class"] if name.endswith("*")} == {"adverbs*"}


def test_table_1_shows_what_is_missing_as_a_dash() -> None:
    table = table_1(CLASSES[["group", "sigma_1"]])
    assert set(table["noise floor"]) == set(table["rms"]) == set(table["positions"]) == {"–"}
    assert table["σ_1 (share)"][0] == f"{CLASSES['sigma_1'][0]:.2f} (–)"


def test_table_2_is_in_percent_and_keeps_the_note_of_a_row_that_was_not_possible() -> None:
    table = table_2(separability_frame())
    assert table["validation %"][0] == "42.4"
    assert table["chosen"][0] == "L2, C = 0.1, multinomial"
    assert table["validation %"].iloc[-1] == "–"
    assert "at least 10" in table["note"].iloc[-1]


def test_table_2_has_a_column_for_cbow_vectors_where_they_were_searched() -> None:
    frame = separability_frame()
    table = table_2(frame, frame.assign(valid=0.36).iloc[1:])
    assert list(table["cbow %"]) == ["–", *["36.0"] * 7]
    assert "cbow %" not in table_2(frame)


def test_table_2_without_settings_or_with_an_unset_strength() -> None:
    assert set(table_2(separability_frame()[["row", "valid"]])["chosen"]) == {"–"}
    assert set(table_2(separability_frame().assign(C=np.nan))["chosen"]) == {"–"}


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
def test_markdown_and_latex_keep_one_line_a_row_and_one_cell_a_column(rows: list[tuple[str, str]]) -> None:
    table = pd.DataFrame(rows, columns=["a", "b"])
    lines = to_markdown(table, "C.").splitlines()[2:]
    assert len(lines) == len(rows) + 2
    assert all(line.replace("\\|", "").count("|") == 3 for line in lines)
    body = to_latex(table, "C.").split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert len(body) == len(rows)
    assert all(line.replace(r"\&", "").count("&") == 1 for line in body)


def test_latex_writes_the_symbol_in_mathematics() -> None:
    text = to_latex(table_1(CLASSES), "Largest σ_1 at τ = 0, 100 % of it.")
    assert r"\caption{Largest $\sigma_1$ at $\tau$ = 0, 100 \% of it.}" in text
    assert r"$\sigma_1$ (share)" in text


def test_files_are_written_and_the_csv_can_be_read_back(tmp_path: Path) -> None:
    table = table_1(CLASSES)
    paths = write_table(table, tmp_path / "tables" / "table-1", "Caption.")
    assert [path.name for path in paths] == ["table-1.csv", "table-1.md", "table-1.tex"]
    again = pd.read_csv(io.StringIO(paths[0].read_text(encoding="utf-8")), dtype=str, keep_default_na=False)
    assert again.equals(table.astype(again.dtypes.to_dict()))
    assert sorted(path.name for path in paths[0].parent.iterdir()) == [path.name for path in paths]
