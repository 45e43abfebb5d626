import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stategrad.corpus.tags import CLASSES, NOUN_KINDS, TAG_SETS, WORD_CLASSES, classes_of, detect_tag_set, knows, normalise
from stategrad.errors import InvalidInputError

PLAIN_BROWN = (
    "nn nn$ nns nns$ np np$ nps nps$ nr nr$ nrs vb vbd md* doz* hv bez* jj jjt rb ql * cc cs in to rp pn pp$ ppss wps -- , ."
)
brown = st.sampled_from(PLAIN_BROWN.split())
marks = st.lists(st.sampled_from(["-tl", "-hl", "-nc"]), unique=True).map("".join)


@pytest.mark.parametrize(
    ("word_class", "tag_set", "tags"),
    [
        ("pronouns", "penn", "PRP PRP$ WP WP$"),
        ("nouns", "penn", "NN NNS NNP NNPS"),
        ("verbs", "penn", "VB VBD VBG VBN VBP VBZ MD"),
        ("adjectives", "penn", "JJ JJR JJS"),
        ("adverbs", "penn", "RB RBR RBS WRB"),
        ("conjunctions/prepositions", "penn", "CC IN"),
        ("pronouns", "brown", "ppss ppo pps pp$ pp$$ ppl ppls pn pn$ wps wpo wp$"),
        ("nouns", "brown", "nn nn$ nns nns$ np np$ nps nps$ nr nr$ nrs"),
        ("verbs", "brown", "vb vbz be* bez bedz* do dod* hvz md md*"),
        ("adjectives", "brown", "jj jjr jjs jjt"),
        ("adverbs", "brown", "rb rbr rbt rn ql qlp wql wrb *"),
        ("conjunctions/prepositions", "brown", "cc cs in"),
        ("pronouns", "universal", "PRON"),
        ("nouns", "universal", "NOUN PROPN NOUN|Number=Plur"),
        ("verbs", "universal", "VERB AUX"),
        ("conjunctions/prepositions", "universal", "CCONJ SCONJ ADP CONJ"),
        ("verbs", "penn", "BES HVS"),
        ("nouns", "universal-12", "NOUN NOUN|Number=Plur"),
        ("verbs", "universal-12", "VERB"),
        ("conjunctions/prepositions", "universal-12", "ADP CONJ"),
    ],
)
def test_a_tag_is_in_its_class_and_in_no_other(word_class, tag_set, tags):
    for tag in tags.split():
        assert classes_of(tag, tag_set) & set(CLASSES) == {word_class}, tag


@pytest.mark.parametrize(
    ("tag", "tag_set", "kinds"),
    [
        ("NN", "penn", {"singular nouns", "common nouns"}),
        ("NNPS", "penn", {"plural nouns", "proper nouns"}),
        ("nns$", "brown", {"plural nouns", "common nouns"}),
        ("np", "brown", {"singular nouns", "proper nouns"}),
        ("nr", "brown", {"singular nouns"}),
        ("nrs", "brown", {"plural nouns"}),
        ("NN-TL", "brown", {"singular nouns"}),
        ("nps-tl", "brown", {"plural nouns"}),
        ("NOUN", "universal", {"common nouns"}),
        ("PROPN|Case=Gen|Number=Plur", "universal", {"plural nouns", "proper nouns"}),
        ("NOUN|Number=Ptan", "universal", {"plural nouns", "common nouns"}),
        ("NOUN|Number=Dual", "universal", {"common nouns"}),
        ("NOUN", "universal-12", set()),
        ("NOUN|Number=Plur", "universal-12", {"plural nouns"}),
        ("VERB|Number=Sing", "universal", set()),
    ],
)
def test_kinds_of_nouns(tag, tag_set, kinds):
    assert classes_of(tag, tag_set) & set(NOUN_KINDS) == kinds


@pytest.mark.parametrize(
    ("tag", "tag_set"),
    [("TO", "penn"), ("RP", "penn"), ("WDT", "penn"), ("CD", "penn"), ("to", "brown"), ("rp", "brown"), ("DET", "universal")],
)
def test_tags_of_the_set_that_are_in_no_class(tag, tag_set):
    assert classes_of(tag, tag_set) == frozenset()


@pytest.mark.parametrize(
    ("raw", "tag_set", "plain"),
    [
        ("VBG|NN", "penn", ("VBG", "NN")),
        ("-NONE-", "penn", ()),
        ("-DFL-", "penn", ()),
        ("-LRB-", "penn", ("-LRB-",)),
        ("fw-nn-tl", "brown", ("nn-tl",)),
        ("FW-IN+AT-T", "brown", ("in",)),
        ("ppss+ber-n", "brown", ("ppss",)),
        ("wdt+ber+pp", "brown", ("wdt",)),
        ("jj-tl-hl", "brown", ("jj",)),
        ("nns$-tl-hl", "brown", ("nns$-tl",)),
        ("---hl", "brown", ("--",)),
        (",-nc", "brown", (",",)),
        ("*-tl", "brown", ("*",)),
        ("fw-*", "brown", ("*",)),
        ("nil", "brown", ()),
        ("nn+bez-tl", "brown", ("nn-tl",)),
        ("NOUN|Case=Nom|Number=Plur", "universal", ("NOUN|Number=Plur",)),
        ("VERB|Number=Sing", "universal", ("VERB",)),
        ("_", "universal", ()),
    ],
)
def test_normal_tags(raw, tag_set, plain):
    assert normalise(raw, tag_set) == plain


@given(tag=brown, mark=marks, foreign=st.booleans())
def test_marks_change_a_brown_tag_only_by_the_title_of_nouns(tag, mark, foreign):
    raw = f"{'fw-' if foreign else ''}{tag}{mark}"
    plain = classes_of(tag, "brown")
    lost = {"common nouns", "proper nouns"} if "-tl" in mark else set()
    assert classes_of(raw, "brown") == plain - lost
    assert normalise(*normalise(raw, "brown"), "brown") == normalise(raw, "brown")


def test_an_undecided_tag_has_the_classes_of_both():
    assert classes_of("VBG|NN", "penn") == classes_of("VBG", "penn") | classes_of("NN", "penn")


def test_a_tag_outside_the_set_is_refused_by_name():
    with pytest.raises(
        InvalidInputError, match=r"tag 'XYZ' is not in tag set penn; check which of penn, brown, universal, universal-12 the"
    ):
        classes_of("XYZ", "penn")
    assert not knows("xyz-tl", "brown")
    assert not knows("XYZ|Number=Sing", "universal")


@pytest.mark.usefixtures("shapes_unchecked")
def test_an_unknown_tag_set_is_refused():
    with pytest.raises(InvalidInputError, match=r"unknown tag set 'pen': did you mean 'penn'"):
        normalise("NN", "pen")


@pytest.mark.parametrize(
    ("counts", "tag_set"),
    [
        ({"NN": 5, "DT": 3, "-NONE-": 2}, "penn"),
        ({"nn": 5, "at": 3, "np-tl": 1}, "brown"),
        ({"NN": 5, "AT": 3, "NP-TL": 1}, "brown"),
        ({"NOUN": 5, "DET": 3}, "universal"),
        ({"NOUN": 5, "PROPN": 1, "CONJ": 3, "PART": 1, "PUNCT": 1}, "universal"),
        ({"NOUN": 5, "CONJ": 1, "PRT": 1, ".": 3}, "universal-12"),
        ({"NOUN": 5, "CONJ": 1, "PRT": 1, "PUNCT": 3}, "universal-12"),
    ],
)
def test_the_tag_set_is_found(counts, tag_set):
    assert detect_tag_set(counts, "x") == tag_set
    assert tag_set in TAG_SETS


def test_a_foreign_tag_in_a_hundred_is_let_through_and_more_are_named():
    assert detect_tag_set({"NN": 99, "ODD": 1}, "x") == "penn"
    with pytest.raises(
        InvalidInputError, match=r"the tags of x are of no known tag set .*: penn knows 90% of the 10 tokens and not ODD 1; "
    ):
        detect_tag_set({"NN": 9, "ODD": 1}, "x")
    with pytest.raises(InvalidInputError, match=r"penn knows 98% of the 1,000 tokens and not ODD 9, EVEN 2; give text"):
        detect_tag_set({"NN": 989, "EVEN": 2, "ODD": 9}, "x")
    with pytest.raises(InvalidInputError, match=r"universal-12\): none knows A 1, B 1, C 1, D 1, E 1, and 1 more; give text"):
        detect_tag_set(dict.fromkeys("ABCDEF", 1), "x")


def test_the_documented_tags_are_those_of_the_classes():
    text = (Path(__file__).parents[2] / "docs/corpora.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    table = {row[0]: row[1:] for row in rows if row[0] in WORD_CLASSES}
    assert list(table) == list(WORD_CLASSES)
    for word_class, cells in table.items():
        for tag_set, cell in zip(TAG_SETS, cells, strict=True):
            for tag in re.sub(r"`.*?`|, and with .*|, all .*|, and|–|,", "", cell).split():
                assert word_class in classes_of(tag, tag_set), (tag, tag_set)
