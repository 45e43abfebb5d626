"""Swaps of real pairs: which words they replace, by what, and how far the states go where the mean gradient says."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

import stategrad as sg
from naive import state_sequence
from stategrad.corpus.corpus import Corpus
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.noun_pairs import plurals
from stategrad.corpus.vocabulary import Vocabulary

QUIET = {"show_progress": False}
WORDS = ("<unk>", "<eos>", "year", "the", "years", "man", "men", "run", "news", "new", "city", "cities", "sheep", "runs", "glass")
TAGS = {
    "year": {"NN": 9}, "years": {"NNS": 9}, "man": {"NN": 5, "VB": 1}, "men": {"NNS": 3}, "run": {"VB": 5, "NN": 2},
    "news": {"NN": 4}, "new": {"JJ": 4}, "glass": {"NN": 1},
    "city": {"NN": 4}, "cities": {"NNS": 4}, "sheep": {"NN": 2, "NNS": 2}, "runs": {"VBZ": 3}, "the": {"DT": 9},
}  # fmt: skip


def text(size=60, seed=0, lexicon=TAGS):
    generator = np.random.default_rng(seed)
    streams = tuple(generator.integers(1, len(WORDS), length) for length in (size, size // 3))
    sentences = tuple(np.zeros(len(stream), dtype=np.int64) for stream in streams)
    known = None if lexicon is None else Lexicon(lexicon, "penn")
    return Corpus("test", Vocabulary(WORDS), streams, sentences, lexicon=known, tag_set="penn")


def model_of():
    config = sg.models.language_model.ModelConfig(
        vocabulary_size=len(WORDS), embedding_size=4, hidden_size=6, output_dropout=0.0, init_range=1.0
    )
    return sg.LanguageModel(config, seed=1).eval()


def test_plurals_are_found_by_tags_and_spelling():
    assert sg.noun_pairs(text()) == (("year", "years"), ("man", "men"), ("city", "cities"))


@pytest.mark.parametrize(
    ("word", "plural"),
    [("cat", "cats"), ("boy", "boys"), ("bush", "bushes"), ("church", "churches"), ("hero", "heroes"), ("photo", "photos"),
     ("leaf", "leaves"), ("roof", "roofs"), ("knife", "knives"), ("child", "children"), ("basis", "bases"), ("german", "germans")],
)  # fmt: skip
def test_the_spelling_of_a_plural_is_among_those_tried(word, plural):
    assert plural in plurals(word)


def test_a_plural_belongs_to_the_more_frequent_of_two_singulars():
    tags = {"ax": {"NN": 2}, "axe": {"NN": 2}, "axes": {"NNS": 2}}
    corpus = text()
    words = Vocabulary(("<unk>", "axe", "axes", "ax"))
    both = Corpus("test", words, corpus.streams, corpus.sentences, lexicon=Lexicon(tags, "penn"), tag_set="penn")
    assert sg.noun_pairs(both) == (("axe", "axes"),)


def test_a_text_without_tags_has_no_pairs():
    with pytest.raises(sg.InvalidInputError, match=r"corpus test has no tags, so its singular and plural .*; give pairs of words"):
        sg.noun_pairs(text(lexicon=None))
    with pytest.raises(sg.InvalidInputError, match=r"the corpus is a str; give a tagged sg.Corpus, or all parts of one"):
        sg.noun_pairs("abc")


def test_words_of_pairs_are_replaced_both_ways_and_no_others():
    corpus = text()
    swaps = sg.paired_swaps(corpus, [("year", "years"), (5, 6)])
    assert swaps.pairs == (("year", "years"), ("man", "men"))
    partner = {2: 4, 4: 2, 5: 6, 6: 5}
    for own, other, possible in zip(corpus.streams, swaps.streams, swaps.possible, strict=True):
        assert other.tolist() == [partner.get(word, word) for word in own.tolist()]
        assert possible.tolist() == [word in partner for word in own.tolist()]
    used = sum(int(mask.sum()) for mask in swaps.possible)
    assert repr(swaps) == f"PairedSwaps of 2 pairs: {used} of 80 words have a partner"


def test_only_positions_with_a_partner_count_and_they_go_where_a_rerun_goes():
    corpus, model = text(), model_of().double()
    swaps = sg.paired_swaps(corpus, sg.noun_pairs(corpus))
    options = {"delays": [0, 2], "groups": {}, "precision": "float64"} | QUIET
    gradients = sg.state_gradients(model, corpus, **options)
    result = sg.swap_memory(model, corpus, swaps=swaps, gradients=gradients, blocks=2, sample=None, **options)
    agreement = result.agreement()
    table, moved = model.embedding.weight.detach(), {0: [], 2: []}
    for own, other, possible in zip(corpus.streams, swaps.streams, swaps.possible, strict=True):
        original = state_sequence(model.lstm, table[own], (0, "cell"))
        for p in np.flatnonzero(possible):
            changed = own.copy()
            changed[p] = other[p]
            again = state_sequence(model.lstm, table[changed], (0, "cell"))
            cause = (table[other[p]] - table[own[p]]).numpy()
            for delay in moved:
                if p + delay < len(own):
                    moved[delay].append(((again[p + delay] - original[p + delay]).detach().numpy(), cause))
    for delay, both in moved.items():
        change, cause = (np.array(values) for values in zip(*both, strict=True))
        predicted = cause @ gradients.mean.sel(group="all", delay=delay).values.T
        here = {"group": "all", "delay": delay}
        assert int(result.count.sel(here)) == len(both)
        assert float(result.theta.sel(here)) == pytest.approx(np.linalg.norm(change, axis=1).mean(), rel=1e-9)
        cosine = (change * predicted).sum() / np.sqrt((change**2).sum() * (predicted**2).sum())
        assert float(agreement["cosine"].sel(here)) == pytest.approx(cosine, rel=1e-9)
        validity = 1 - ((change - predicted) ** 2).sum() / (change**2).sum()
        assert float(agreement["validity"].sel(here)) == pytest.approx(validity, rel=1e-9)
        assert float(result.validity.sel(here)) == pytest.approx(validity, rel=1e-9)
    assert agreement["cosine_low"].isnull().all()  # two blocks


def test_where_and_sample_go_with_pairs():
    corpus, model = text(300), model_of()
    swaps = sg.paired_swaps(corpus, [("year", "years")])
    first = [stream == 2 for stream in corpus.streams]
    options = {"delays": 1, "swaps": swaps, "groups": {}, "sample": None} | QUIET
    one_way = sg.swap_memory(model, corpus, where=first, **options)
    assert int(one_way.count[0, 0]) == sum(int(mask.sum()) for mask in first)
    sampled = sg.swap_memory(model, corpus, **options | {"sample": 50})
    # a sample is drawn among the words that have a partner
    whole = sg.swap_memory(model, corpus, **options)
    assert int(sampled.population[0, 0]) == int(whole.count[0, 0]) == sum(int(mask.sum()) for mask in swaps.possible) > 50
    assert int(sampled.count[0, 0]) == pytest.approx(50, abs=5)


def test_the_cosine_of_a_linear_network_is_one_and_its_interval_that_of_the_blocks():
    module, x = nn.LSTM(3, 5).eval(), torch.randn(600, 3)
    gradients = sg.state_gradients(module, x, delays=2, **QUIET)
    result = sg.swap_memory(module, x, delays=2, gradients=gradients, sample=None, **QUIET)
    agreement = result.agreement().sel(group="all", delay=0)
    assert 0 < agreement["cosine_low"] < agreement["cosine"] < agreement["cosine_high"] < 1
    assert agreement["cosine"] ** 2 >= agreement["validity"]
    parts = result.block_agreement.sel(group="all", delay=0)
    of_blocks = 1 - parts.sel(part="left") / parts.sel(part="square")
    half = stats.t.ppf(0.975, 9) * float(of_blocks.std(ddof=1)) / np.sqrt(10)
    assert float(agreement["validity_high"] - agreement["validity_low"]) / 2 == pytest.approx(half, rel=0.1)
    linear = nn.RNN(3, 4, nonlinearity="relu").eval().double()
    linear.weight_hh_l0.data.uniform_(0, 0.25)
    linear.bias_hh_l0.data.fill_(50.0)
    gradients = sg.state_gradients(linear, x, delays=2, precision="float64", **QUIET)
    result = sg.swap_memory(linear, x, delays=2, gradients=gradients, precision="float64", **QUIET)
    np.testing.assert_allclose(result.agreement()["cosine"], 1, atol=1e-12)


def test_agreement_needs_gradients():
    result = sg.swap_memory(nn.LSTM(3, 4).eval(), torch.randn(40, 3), delays=1, **QUIET)
    with pytest.raises(sg.InvalidInputError, match="agreement is with mean gradients, and there are none; pass gradients to"):
        result.agreement()
    assert "cosine" not in result.to_dataframe()


REFUSALS = {
    "no pairs": ([], r"there are no pairs; give at least one, such as \('year', 'years'\)"),
    "a word alone": (["year"], "'year' is no pair; give two words"),
    "three words": ([("year", "years", "man")], "is no pair; give two words"),
    "a misspelt word": ([("yeer", "years")], r"'yeer' of \('yeer', 'years'\) is not in the vocabulary; did you mean 'year'\?"),
    "an unknown word": ([("zzz", "years")], "'zzz' of .* is not in the vocabulary; give words of its 15"),
    "an id that is none": ([(2, 99)], r"'99' of \(2, 99\) is not in the vocabulary"),
    "a word and itself": ([("year", "year")], "is a word and itself; give two words"),
    "a word twice": ([("year", "years"), ("man", "years")], "'years' stands in two pairs; leave one out"),
    "several": ([("yeer", "years"), "man"], "2 problems with pairs: 'yeer' of .* Also: 'man' is no pair"),
    "words that are not there": ([(0, 14)], "no word of the pairs is in test; give pairs of words that it holds"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_names_the_culprit_and_what_to_do(case, shapes_unchecked):
    pairs, sentence = REFUSALS[case]
    corpus = text()
    if case == "words that are not there":
        corpus = Corpus("test", corpus.vocabulary, (np.array([2, 3, 4]),), (np.zeros(3, dtype=np.int64),))
    with pytest.raises(sg.InvalidInputError, match=sentence):
        sg.paired_swaps(corpus, pairs)
