import re
from collections import Counter

import pytest

from stategrad.corpus.tags import CLASSES
from stategrad.errors import InvalidInputError
from stategrad.probes.rows import ROWS
from stategrad.published.comparability import _OF_MODEL, RULES
from stategrad.published.numbers import published_numbers
from stategrad.run.properties import PAPER_PROPERTIES

PAPER = published_numbers()


def of(place, model):
    return [n for n in PAPER.numbers if n.place == place and n.model == model]


def test_tables_are_whole():
    assert Counter((n.place, n.model) for n in PAPER.numbers if n.place.startswith("table")) == {
        ("table 1", "joint"): 12,
        ("table 1", "pre-trained"): 12,
        ("table 2", "any"): 2,
        **{("table 2", model): 8 for model in ("cbow on PTB", "joint", "pre-trained", "LM on WSJ")},
    }
    for model in ("joint", "pre-trained"):
        assert [n.compared.group for n in of("table 1", model)] == [*CLASSES, *CLASSES]
    assert [n.compared.row for n in of("table 2", "joint")] == list(ROWS)


@pytest.mark.parametrize("model", ["joint", "pre-trained"])
def test_bracketed_shares_of_table_1_are_those_of_its_values(model):
    values, shares = of("table 1", model)[:6], of("table 1", model)[6:]
    total = sum(n.published for n in values)
    for value, share in zip(values, shares, strict=True):
        assert abs(value.published / total - share.published) < 0.0075  # the paper divided unrounded values


def test_every_number_is_compared_or_says_why_not():
    for number in PAPER.numbers:
        assert (number.compared is None) != (number.unclear is None), number
        assert number.model == "any" or number.model in _OF_MODEL, number
        assert round(number.published, number.decimals) == number.published or number.decimals < 0, number
        if number.compared and number.compared.table == "tracking":
            assert number.compared.property is None or number.compared.property in PAPER_PROPERTIES
    assert PAPER.rule in RULES


def test_printed_numbers_stand_in_the_text(shared):
    text = re.sub(r"\s", "", (shared / "paper.md").read_text())
    shown = []
    for number in PAPER.numbers:
        printed = number.printed.replace(",", "").replace(" ", "")
        shown.append(printed.removesuffix("%") if number.place == "table 2" else printed)
    assert len(shown) > 80
    assert [s for s in shown if s not in text] == []
    settings = {one.published for one in PAPER.recipe}
    assert {64, 256, 5, 20, 50, 1, 6, 0.8} < settings
    others = {0.5: "50%", 0.0: "notusedropoutontheembeddings", 1987: "87–94", 1994: "87–94"}
    assert [s for s in settings if others.get(s, f"{s:g}") not in text] == []


def test_an_unknown_paper_is_refused():
    with pytest.raises(InvalidInputError) as error:
        published_numbers("verwimp2017")
    assert str(error.value) == "unknown paper 'verwimp2017': did you mean 'verwimp2018'? (choices: verwimp2018)."
