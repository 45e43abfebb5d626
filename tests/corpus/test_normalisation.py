import pytest
from hypothesis import given
from hypothesis import strategies as st

from stategrad.corpus.documents import Document
from stategrad.corpus.normalisation import NORMALISATIONS, Normaliser, mikolov
from stategrad.corpus.normalisation_rules import ON_RULES, RULES, is_number
from stategrad.corpus.ptb import load_ptb
from stategrad.corpus.sources import CorpusConfig, load
from stategrad.corpus.text import load_text
from stategrad.corpus.treebank import load_treebank
from stategrad.errors import InvalidInputError
from stategrad.report.text_sentences import on_text

WORDS = st.sampled_from(
    [
        "The",
        "company-owned",
        "-",
        "--",
        "1,000",
        "N",
        "<unk>",
        "twenty",
        "five",
        "ONE",
        "million",
        "and",
        "hundred",
        "point",
        ",",
        "post-",
        "%",
        "10-year",
    ]
)
SENTENCES = st.lists(st.tuples(WORDS, st.sampled_from([None, "NN", "CD"])), max_size=12)


@given(SENTENCES, st.sampled_from(["ptb-norm", "wsj-norm"]))
def test_a_normalised_sentence_stays_as_it_is(sentence, normalisation):
    once = Normaliser(normalisation).sentence(sentence)
    again = Normaliser(normalisation)
    assert again.sentence(once) == once
    assert sum(again.touched.values()) == 0


@given(SENTENCES, st.sampled_from(sorted(RULES)))
def test_words_that_no_rule_knows_keep_their_tags(sentence, rule):
    plain = [("<unk>", "NN"), ("of", "IN"), ("N", "CD")]
    assert RULES[rule]([*plain, *sentence])[:3] == plain


@given(SENTENCES)
def test_splitting_at_hyphens_keeps_the_letters(sentence):
    split = RULES["hyphens"](sentence)
    letters = ["".join(word for word, _ in tokens).replace("-", "") for tokens in (sentence, split)]
    assert letters[0] == letters[1]
    assert all(is_number(word) or "-" not in word.strip("-") for word, _ in split)


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("nineteen eighty seven", "N"),
        ("seven point four percent", "N percent"),
        ("one point up", "one point up"),
        ("two and three", "two and three"),
        ("five hundred and six", "N"),
        ("twenty five million dollars", "N million dollars"),
        ("a hundred", "a hundred"),
        ("ten", "N"),
        ("nine", "nine"),
        ("six hundred and counting", "N and counting"),
    ],
)
def test_numbers_in_words(spoken, written):
    tokens = RULES["spelled_numbers"]([(word, None) for word in spoken.split()])
    assert " ".join(word for word, _ in tokens) == written


def test_every_rule_counts_the_words_that_it_touches():
    normaliser = Normaliser("ptb-norm")
    sentence = [("The", "DT"), ("10-year", "JJ"), ("3.5", "CD"), ("note", "NN"), (",", ","), ("N", "CD")]
    assert normaliser.sentence(sentence) == [("the", "DT"), ("N", None), ("year", None), ("N", "CD"), ("note", "NN"), ("N", "CD")]
    assert dict(normaliser.touched) == {"punctuation": 1, "hyphens": 1, "lower_case": 1, "numbers": 2, "percent": 0}
    spelled = Normaliser("wsj-norm", ("spelled_numbers",))
    spelled.sentence([(word, None) for word in ["the", "twenty", "five", "or", "ten"]])
    assert dict(spelled.touched) == {"spelled_numbers": 3}


def test_a_quotation_mark_is_told_from_a_genitive_by_its_tag():
    said = [("'", "``"), ("Traders", "NNS"), ("'", "POS"), ("gains", "NNS"), ("'", "''"), ("rose", "VBD"), ("5", "CD"), ("%", "NN")]
    written = [("traders", "NNS"), ("'", "POS"), ("gains", "NNS"), ("rose", "VBD"), ("N", "CD"), ("N", None)]
    assert Normaliser("ptb-norm").sentence(said) == written
    assert Normaliser("ptb-norm", ("numbers",)).sentence(said)[-1] == ("%", "NN")


def test_a_sentence_without_words_is_left_out():
    [document] = Normaliser("ptb-norm").documents([Document("d", ([(".", ".")], [("A", "DT")]), "news")])
    assert (document.name, document.sentences, document.genre) == ("d", ((("a", "DT"),),), "news")


def test_every_rule_of_a_normalisation_is_there_and_has_words_for_the_page():
    assert {rule for rules in NORMALISATIONS.values() for rule in rules} == set(RULES) == set(ON_RULES)


def test_the_word_type_of_a_tagged_word():
    normalised = Normaliser("ptb-norm").type_of(mikolov)
    assert [normalised(word) for word in ("Owned", "company-owned", "1/2", ",", "1/2-year")] == ["owned", None, "N", None, None]
    assert normalised("%") is None, "the word N has the tags of numbers"
    assert Normaliser().type_of(mikolov)("company-owned") == "company-owned"


@pytest.mark.usefixtures("shapes_unchecked")
def test_rules_that_do_not_exist():
    with pytest.raises(InvalidInputError, match=r"unknown normalisation 'ptb_norm': did you mean 'ptb-norm'"):
        Normaliser("ptb_norm")
    with pytest.raises(InvalidInputError, match=r"unknown rule of ptb-norm 'hyphen': did you mean 'hyphens'"):
        Normaliser("ptb-norm", ("hyphen",))
    with pytest.raises(InvalidInputError, match=r"rules hyphens are given, and the normalisation is none; give normalisation ptb"):
        Normaliser("none", ("hyphens",))
    with pytest.raises(InvalidInputError, match=r"corpus brown is written in one way, but was given normalisation wsj-norm"):
        load(CorpusConfig("brown", normalisation="wsj-norm"))
    with pytest.raises(InvalidInputError, match=r"rules is the string 'hyphens'; give a list of names"):
        load(CorpusConfig("text", "x", rules="hyphens"))


def test_split_words_of_a_treebank_lose_their_tags_and_their_parts_keep_their_own(tmp_path):
    (tmp_path / "a.pos").write_text("A/DT company-owned/JJ shop/NN was/VBD owned/VBN for/IN 5/CD years/NNS ./.\n\n" * 20)
    splits = load_treebank(tmp_path / "a.pos", normalisation="ptb-norm")
    words = splits.vocabulary.decode(splits.valid.streams[0][:10])
    assert words == ("a", "company", "owned", "shop", "was", "owned", "for", "N", "years", "<eos>")
    assert splits.valid.tags[0][:10] == ("DT", None, None, "NN", "VBD", "VBN", "IN", "CD", "NNS", None)
    assert dict(splits.lexicon.counts["owned"]) == {"VBN": 16}
    assert "company" not in splits.lexicon.counts
    assert splits.train.size == 16 * 10
    assert splits.facts["touched_hyphens"] == 20
    assert splits.facts["coverage_types"] == pytest.approx(7 / 8, abs=1e-4)


def test_the_tags_of_a_text_follow_its_normalisation(ptb_folder, tmp_path):
    (ptb_folder / "ptb.train.txt").write_text(" the well-fed cat \n the fed cat was well \n" * 3)
    (tmp_path / "tags.pos").write_text("The/DT well-fed/JJ cat/NN was/VBD fed/VBN ./.\n")
    as_it_is, split = (load_ptb(ptb_folder, [tmp_path / "tags.pos"], normalisation=name) for name in ("none", "ptb-norm"))
    assert as_it_is.lexicon.counts["well-fed"] == {"JJ": 1}
    assert "well-fed" not in split.vocabulary
    assert "well-fed" not in split.lexicon.counts
    assert split.lexicon.counts["fed"] == {"VBN": 1}
    assert (split.train.size, as_it_is.train.size) == (33, 30)
    assert [s.facts["types_of_text"] for s in (as_it_is, split)] == [6, 6]
    assert as_it_is.facts["types_hyphens_split"] == 5


def test_plain_text_is_normalised_by_chosen_rules(tmp_path):
    (tmp_path / "a.txt").write_text("A well-fed Cat , 5 years\n" * 20)
    splits = load_text(tmp_path / "a.txt", normalisation="ptb-norm", rules=("hyphens", "numbers"))
    assert splits.vocabulary.words == ("<unk>", "A", "well", "fed", "Cat", ",", "N", "years", "<eos>")
    assert splits.facts["rules"] == "hyphens, numbers"
    assert "normalisation" not in load_text(tmp_path / "a.txt").facts


def test_mikolovs_text_has_too_few_words_for_the_papers_vocabulary(shared):
    splits = load_ptb(shared / "data" / "ptb.zip", normalisation="ptb-norm", rules=("hyphens",))
    assert splits.facts["types_of_text"] == 9_999
    assert splits.facts["types_hyphens_split"] == 9_742
    assert len(splits.vocabulary) == 9_742 + 1, "and the end of a sentence"
    assert splits.train.size > 929_589, "a split word is several tokens"
    facts = {f"corpus_{name}": value for name, value in splits.facts.items()} | {"corpus": "ptb"}
    first, second = on_text(facts)
    assert first.startswith("The text was written as ptb-norm: words split at hyphens (")
    assert "10,921 words cannot come from Mikolov's text" in second
    assert "9,999 word types besides the end of a sentence, and 9,742 with its words split" in second


def test_nothing_is_said_of_a_text_that_is_read_as_it_is():
    assert on_text({"corpus": "brown"}) == []
