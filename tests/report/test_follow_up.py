"""The section of the page that asks the follow-up's sentences of a run."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from stategrad.published import follow_up
from stategrad.report import page as pages
from stategrad.report.follow_up import BesideFollowUp, beside_follow_up
from stategrad.report.inputs import read_run


def in_convention(folder: Path, convention: str) -> Path:
    """The run with its measures of that convention."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["facts"] |= {"convention": convention}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for name in ("horizon", "decay", "equal"):
        path = folder / f"measures/{name}.csv"
        if path.is_file():
            pd.read_csv(path, keep_default_na=False, na_values=[""]).assign(whitened=convention == "csl2020").to_csv(
                path, index=False
            )
    return folder


def shown(folder: Path) -> BesideFollowUp:
    found = beside_follow_up(read_run(folder))
    assert found is not None
    return found


def test_a_run_in_the_space_of_the_embeddings_is_not_asked(make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "write_chart", lambda chart, path: [])
    folder = in_convention(make_run(), "paper2018")
    assert beside_follow_up(read_run(folder)) is None
    assert "follow-up’s findings" not in pages.write_report(folder)[0].read_text(encoding="utf-8")
    assert not (folder / "tables/follow-up.csv").exists()


def test_every_answer_has_a_row_and_they_are_counted(make_run: Callable[..., Path]) -> None:
    found = shown(in_convention(make_run(), "csl2020"))
    assert list(found.says) == ["cell", "hidden"]
    rows = found.rows[found.rows["state"] == "cell"]
    counts = rows["here"].value_counts()
    answered = counts.sum() - counts["not checked"]
    assert answered > 0
    assert f"Of {answered} answers about this model" in " ".join(found.says["cell"])
    assert "sensitivity, mean (any class a word can have)" in list(rows["seen as"])
    assert "sensitivity, rms (most frequent class of a word)" in list(rows["seen as"])
    nested = found.sentences("cell")
    assert [says for says, _ in nested] == [one.says for one in follow_up().statements]
    assert sum(len(own) for _, readings in nested for _, own in readings) == len(rows)


def test_the_page_and_the_files_carry_all_of_it(make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "write_chart", lambda chart, path: [])
    folder = in_convention(make_run(), "csl2020")
    found = shown(folder)
    page = pages.write_report(folder)[0].read_text(encoding="utf-8")
    section = page[page.index('<section id="follow-up">') :]
    section = section[: section.index("</section>")]
    assert section.count('<th scope="row">') == len(found.rows)
    assert section.count('<th scope="rowgroup"') == 2 * len(follow_up().statements)
    assert section.count(" hidden>") == 1 + len(follow_up().statements), "those of the other state"
    assert "Computer Speech &amp; Language 61 (2020) 101034" in section
    assert "<code>stategrad sweep csl2020 --grid &#39;{corpus.train_words" in section
    assert len(pd.read_csv(folder / "tables/follow-up.csv")) == len(found.rows)


def test_where_nothing_can_be_answered_no_answers_are_counted(make_run: Callable[..., Path]) -> None:
    folder = in_convention(make_run(), "csl2020")
    for name in ("horizon", "decay", "equal"):
        (folder / f"measures/{name}.csv").unlink(missing_ok=True)
    found = shown(folder)
    assert set(found.rows["here"]) == {"not checked"}
    assert "answers about this model" not in " ".join(found.says["cell"])
