import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from report.generated_run import write_run
from stategrad.errors import InvalidInputError, MissingInputError
from stategrad.report import page as pages
from stategrad.report.export import with_real_subscripts, write_chart
from stategrad.report.inputs import read_run
from stategrad.report.memory_figures import memory_chart
from stategrad.report.paper import beside_paper
from stategrad.report.sections import figures_of
from stategrad.report.word_sections import decoding_figures


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the drawing of files out where a test is about the page."""
    monkeypatch.setattr(pages, "write_chart", lambda chart, path: [])


def rendered(folder: Path) -> str:
    run = read_run(folder)
    return pages.render(run, figures_of(run), beside_paper(run))


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run folder and its page."""
    folder = write_run(tmp_path_factory.mktemp("usual") / "run")
    return folder, rendered(folder)


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_figures_tables_and_page_are_written_and_nothing_else(make_run: Callable[..., Path]) -> None:
    folder = make_run(states=("cell", "hidden"), conventions=(False,))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    page = pages.write_report(folder)[0]
    assert page == folder / "report.html"
    names = [
        "figure-1-memory",
        "selectivity",
        "three-measures",
        "next-word",
        "energy-in-the-mean",
        "sentence-ends",
        "units",
        "classes-at-equal-counts",
        "figure-2-tracking",
        "table-1-classes",
        "classes-against-delay",
        "decoding",
        "memories",
    ]
    figures = {f"{name}{state}.{kind}" for name in names for state in ("", "-hidden") for kind in ("svg", "png", "pdf")}
    assert {path.name for path in (folder / "figures").iterdir()} == figures
    kinds = ("table-1", "table-2", "published", "claims", "not-comparable", "not-checked")
    tables = {f"{name}.{kind}" for name in kinds for kind in ("csv", "md", "tex")}
    assert {path.name for path in (folder / "tables").iterdir()} == tables
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json", "config.yaml", "measures", "figures", "tables", "report.html",
    }  # fmt: skip
    assert all(path.read_bytes() == content for path, content in before.items())
    assert page.stat().st_size <= 8_000_000


def test_chart_files_are_of_their_kind(tmp_path: Path, run_folder: Path) -> None:
    paths = write_chart(memory_chart(read_run(run_folder).memory), tmp_path / "figures" / "one.two", resolution=96)
    assert [path.name for path in paths] == ["one.two.svg", "one.two.png", "one.two.pdf"]
    assert [path.read_bytes()[:4] for path in paths] == [b"<svg", b"\x89PNG", b"%PDF"]
    assert "₁" not in re.sub(r'"[^"]*"', "", paths[0].read_text(encoding="utf-8"))


def test_subscripts_leave_attributes_alone() -> None:
    assert with_real_subscripts('<g aria-label="σ₁"><text>x</text></g>') == '<g aria-label="σ₁"><text>x</text></g>'


def test_every_table_is_on_the_page_once_and_whole(usual: tuple[Path, str]) -> None:
    run_folder, page = usual
    tables = data_of(page)["tables"]
    assert set(tables) == set(pages.DOWNLOADS) - {
        "seeds",
        "words",
        "pairs",
        "pushes",
        "channels",
        "horizon",
        "sentences",
    }  # which this run has not
    for name, table in tables.items():
        if name == "memories":  # made of two of the others
            continue
        frame = pd.read_csv(run_folder / "measures" / f"{name}.csv")
        assert len(table["rows"]) == len(frame)
        assert set(frame.columns) <= set(table["columns"])
    charts = data_of(page)["figures"]
    assert '"values":[{"delay"' not in json.dumps(charts).replace(" ", "")
    for figure in charts.values():
        for chart in figure["charts"].values():
            assert all(len(rows) <= 2 for rows in chart.get("datasets", {}).values())  # the ends of a line, no table
            assert chart["data"] == {"name": figure["dataset"]}
            assert chart["width"] == "container"


def test_values_of_the_page_are_those_of_the_table(usual: tuple[Path, str]) -> None:
    run_folder, page = usual
    table = data_of(page)["tables"]["memory"]
    frame = pd.read_csv(run_folder / "measures" / "memory.csv")
    column = table["columns"].index("sigma_1")
    shown = [row[column] for row in table["rows"]]
    assert shown == pytest.approx(list(frame["sigma_1"]), rel=1e-6, abs=1e-9)


def test_nothing_is_fetched_and_scripts_are_those_of_the_page(usual: tuple[Path, str]) -> None:
    _, page = usual
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe-eval" not in policy[1]
    assert policy[1].count("sha256-") == 2


def test_the_order_of_the_page(usual: tuple[Path, str]) -> None:
    _, page = usual
    marks = ['role="note"', "Held-out perplexity", 'id="controls"', "What the mean stands", "Three measures",
             "Table 1. Word", "Word classes against delay", "Figure 2. Prop", "Figure 1. Memory", "Table 2. Linear",
             "Beside the paper", "How to read this page", "Provenance"]  # fmt: skip
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)
    assert '<html lang="en">' in page


def test_a_trained_model_has_no_warning(make_run: Callable[..., Path]) -> None:
    assert 'role="note"' not in rendered(make_run(facts={"epochs": 39, "perplexity_valid": 100.5, "converged_perplexity": 97.0}))


def test_without_facts_and_manifest_there_is_still_a_page(make_run: Callable[..., Path]) -> None:
    folder = make_run(facts={})
    assert "not recorded" in rendered(folder)
    (folder / "manifest.json").unlink()
    (folder / "config.yaml").unlink()
    assert "What the state of a recurrent model remembers" in rendered(folder)


def test_names_are_escaped(make_run: Callable[..., Path]) -> None:
    evil = "</script><script>alert(1)</script>\"'&"
    folder = make_run(facts={"text": evil, "corpus": evil, "state": "cell"})
    measures = folder / "measures"
    for name in ("memory", "classes"):
        frame = pd.read_csv(measures / f"{name}.csv", keep_default_na=False)
        frame.replace({"group": {"nouns": evil}}).to_csv(measures / f"{name}.csv", index=False)
    tracking = pd.read_csv(measures / "tracking.csv", keep_default_na=False)
    tracking.replace({"property": {"common–proper": evil}}).to_csv(measures / "tracking.csv", index=False)
    page = rendered(folder)
    assert "<script>alert" not in page
    assert page.count("<script") == 3
    groups = {
        row[data_of(page)["tables"]["classes"]["columns"].index("group")] for row in data_of(page)["tables"]["classes"]["rows"]
    }
    assert evil in groups


def test_one_state_one_rule_one_convention_need_no_controls_for_them(make_run: Callable[..., Path]) -> None:
    page = rendered(make_run(states=("hidden",), rules=("gold",), conventions=(False,)))
    assert 'name="scale"' in page
    for name in ("state", "rule", "whitened"):
        assert f'name="{name}"' not in page


def test_the_first_state_is_that_of_the_facts(make_run: Callable[..., Path]) -> None:
    run = read_run(make_run(facts={"state": "hidden"}))
    assert run.states == ["hidden", "cell"]


def test_what_is_not_decoded_at_the_first_delay_is_nothing_to_be_relative_to(run_folder: Path) -> None:
    path = run_folder / "measures" / "decoding.csv"
    table = pd.read_csv(path)
    table.loc[(table["reader"] == "memory") & (table["state"] == "cell"), "accuracy_low"] = -0.1
    table.to_csv(path, index=False)
    memories = read_run(run_folder).memories
    assert memories is not None
    assert memories.groupby("state")["decoded"].count().to_dict() == {"cell": 0, "hidden": 4}
    table.loc[table["reader"] == "memory", "accuracy_low"] = -0.1
    table.to_csv(path, index=False)
    run = read_run(run_folder)
    assert run.memories is None
    assert [figure.name for figure in decoding_figures(run)] == ["decoding"]


@pytest.mark.usefixtures("quick")
def test_a_text_without_tags_has_a_page_that_says_so(run_folder: Path) -> None:
    measures = run_folder / "measures"
    for name in ("tracking", "classes"):
        pd.read_csv(measures / f"{name}.csv").iloc[:0].to_csv(measures / f"{name}.csv", index=False)
    memory = pd.read_csv(measures / "memory.csv", keep_default_na=False)
    memory[memory["group"] == "all"].to_csv(measures / "memory.csv", index=False)
    for name in ("separability", "training", "equal"):
        (measures / f"{name}.csv").unlink()
    page = pages.write_report(run_folder)[0].read_text(encoding="utf-8")
    assert "This text has no words with known classes" in page
    assert "<code>stategrad probe embeddings</code>" in page
    assert list(data_of(page)["figures"]) == [
        "energy-in-the-mean", "three-measures", "figure-1-memory", "selectivity", "next-word", "sentence-ends", "units",
        "decoding", "memories",
    ]  # fmt: skip


def test_optional_columns_may_be_missing(run_folder: Path) -> None:
    path = run_folder / "measures" / "memory.csv"
    memory = pd.read_csv(path, keep_default_na=False)
    memory[["state", "group", "rule", "delay", "sigma_1", "sigma_sum"]].to_csv(path, index=False)
    figures = data_of(rendered(run_folder))["figures"]
    assert "three-measures" not in figures
    assert "energy-in-the-mean" not in figures
    assert "figure-1-memory" in figures


@pytest.mark.parametrize("name", ["memory", "tracking", "classes"])
def test_a_missing_table_is_named_with_the_command_that_makes_it(run_folder: Path, name: str) -> None:
    path = run_folder / "measures" / f"{name}.csv"
    path.unlink()
    with pytest.raises(MissingInputError) as raised:
        pages.write_report(run_folder)
    assert str(raised.value) == f"{path} is missing; `stategrad analyze {run_folder}` makes it."
    assert not (run_folder / "report.html").exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError) as raised:
        pages.write_report(tmp_path / "none")
    assert str(raised.value) == f"there is no folder {tmp_path / 'none'}; `stategrad run` makes one."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("group,delay\nall,0\n", "{path} lacks the columns sigma_1, sigma_sum; `stategrad analyze {run}` makes it anew."),
        ("", "{path} is not a table (No columns to parse from file); `stategrad analyze {run}` makes it anew."),
        (
            "group,delay,sigma_1,sigma_sum\nall,0,wide,1\n",
            "{path} has values that are no numbers in the column sigma_1; `stategrad analyze {run}` makes it anew.",
        ),
    ],
)
def test_a_damaged_table_is_named(run_folder: Path, content: str, sentence: str) -> None:
    path = run_folder / "measures" / "memory.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInputError) as raised:
        pages.write_report(run_folder)
    assert str(raised.value) == sentence.format(path=path, run=run_folder)


@pytest.mark.parametrize(("content", "part"), [("{", "is not JSON"), ("[]", "holds no object of facts")])
def test_a_damaged_manifest_is_named(run_folder: Path, content: str, part: str) -> None:
    (run_folder / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInputError) as raised:
        pages.write_report(run_folder)
    assert str(run_folder / "manifest.json") in str(raised.value)
    assert part in str(raised.value)
    assert str(raised.value).endswith("delete the folder and run again.")


@pytest.mark.usefixtures("quick")
def test_a_page_that_would_be_too_large_is_refused(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LARGEST_PAGE", 1_000_000)
    with pytest.raises(InvalidInputError) as raised:
        pages.write_report(run_folder)
    assert re.search(r"would have 1\.\d MB, more than 1 MB; measure fewer states, groups or delays\.$", str(raised.value))
    assert not (run_folder / "report.html").exists()
