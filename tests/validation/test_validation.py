"""The suite, its table and page, and the command."""

import json

import pandas as pd
import pytest

from stategrad.cli.main import main
from stategrad.errors import ForeignOutputError, InvalidInputError
from stategrad.report.validation import page_of, write_validation
from stategrad.validation import CHECKS, Check, Reading, Validation, suite, validate
from stategrad.validation.record import Curve

GOOD = Check("good", "It holds.", (Reading("a share", 0.5, 0.25, 1.0),), (Curve("divergence", (0.0, 1.0, 0.1), 1),), 1.5)
BAD = Check("bad", "It does not hold.", (Reading("a share", 2.0, at_most=1.0), Reading("another", float("nan"), at_least=0.0)))


@pytest.fixture
def stubs(monkeypatch):
    monkeypatch.setattr(suite, "CHECKS", {"good": lambda seed: GOOD, "bad": lambda seed: BAD})


def test_a_reading_is_inside_its_range_or_not():
    assert Reading("x", 1.0, 0.0, 1.0).passed
    assert not Reading("x", 1.1, 0.0, 1.0).passed
    assert not Reading("x", -0.1, 0.0).passed
    assert not Reading("x", float("nan")).passed
    assert Reading("x", 3.0).expected == "any number"


def test_a_check_without_readings_has_not_passed():
    assert not Check("empty", "Nothing.", ()).passed
    assert not Validation(()).passed


def test_every_language_and_law_is_checked():
    assert list(CHECKS) == [
        "linear", "stein", "noise", "untrained", "back-1", "back-3", "back-6", "copy", "flip-flop", "agreement", "brackets",
    ]  # fmt: skip


def test_the_named_checks_are_made_once_each_in_their_order(stubs):
    result = validate(["bad", "good", "bad"], show_progress=False)
    assert [check.name for check in result.checks] == ["bad", "good"]
    assert not result.passed
    assert validate(["good"], show_progress=False).passed


def test_the_table_has_a_row_per_reading(stubs):
    frame = validate(show_progress=False).to_dataframe()
    assert frame["check"].tolist() == ["good", "bad", "bad"]
    assert frame["passed"].tolist() == [True, False, False]
    assert frame["expected"].tolist() == ["0.25 to 1", "at most 1", "at least 0"]


def test_the_text_marks_what_failed():
    text = str(Validation((GOOD, BAD)))
    assert "passed  good (1.5 s): It holds." in text
    assert "FAILED  bad (0.0 s): It does not hold." in text
    assert "      ! a share           2  expected at most 1" in text
    assert text.endswith("1 of 2 checks passed in 2 s.")


def test_files_and_page_hold_what_was_measured(tmp_path):
    validation = Validation((GOOD, BAD))
    paths = write_validation(validation, tmp_path / "out")
    assert [path.name for path in paths] == ["validation.html", "validation.json", "validation.csv", "curves.csv"]
    written = json.loads(paths[1].read_text(encoding="utf-8"))
    assert written["passed"] is False
    assert written["checks"][1]["readings"][1]["measured"] is None
    assert pd.read_csv(paths[2])["measured"].tolist()[:2] == [0.5, 2.0]
    assert pd.read_csv(paths[3])["value"].tolist() == [0.0, 1.0, 0.1]
    page = paths[0].read_text(encoding="utf-8")
    assert "<title>Validation of stategrad" in page
    assert "Failed: bad." in page
    assert page.count("<svg") > len(validation.checks) - 1
    assert "http" not in page.replace("http://www.w3.org", "").replace("http-equiv", "")
    write_validation(validation, tmp_path / "out")


def test_a_page_without_curves_has_no_charts():
    assert "<svg" not in page_of(Validation((BAD,)))
    assert "The measures find what is there" in page_of(Validation((GOOD,)))


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ForeignOutputError, match="is there and holds no validation; name an empty folder"):
        write_validation(Validation((GOOD,)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_unknown_checks_none_and_negative_seeds_are_refused():
    with pytest.raises(InvalidInputError, match=r"^unknown check 'lineer': did you mean 'linear'\?"):
        validate(["lineer"])
    with pytest.raises(InvalidInputError, match=r"^checks is empty; name at least one, or leave it out for all\.$"):
        validate([])
    with pytest.raises(InvalidInputError, match=r"^seed is -1; give 0 or more\.$"):
        validate(["linear"], seed=-1)


def test_the_command_writes_and_says_what_it_found(tmp_path, capsys):
    main(["validate", "--checks", "linear, stein", "--out", str(tmp_path / "out"), "--progress", "false"])
    said = capsys.readouterr().out
    assert "2 of 2 checks passed" in said
    assert str(tmp_path / "out" / "validation.html") in said


def test_the_command_exits_with_1_where_a_check_fails(stubs, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["validate", "--out", str(tmp_path / "out"), "--progress", "false"])
    assert stopped.value.code == 1
    assert (tmp_path / "out" / "validation.json").exists()
    assert "1 of 2 checks passed" in capsys.readouterr().out


def test_the_command_refuses_before_it_works(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("")
    for words, sentence in ((["--out", str(tmp_path)], "holds no validation"), (["--checks", "lin"], "unknown check 'lin'")):
        with pytest.raises(SystemExit) as stopped:
            main(["validate", *words])
        assert stopped.value.code == 2
        assert sentence in capsys.readouterr().err
