import json
import pickle

import numpy as np
import pytest

from corpus.authors_files import WORDS, write_authors_folder
from corpus.tagged_formats import make_zip
from stategrad.corpus.lexicon import Lexicon
from stategrad.corpus.sources import CorpusConfig, load
from stategrad.corpus.verwimp import read_word_tags
from stategrad.corpus.verwimp_embeddings import read_rows, verwimp_embeddings
from stategrad.errors import InvalidInputError, MissingInputError
from stategrad.probes.state_examples import decoding_rule
from stategrad.run.settings import read_preset


@pytest.fixture
def folder(tmp_path):
    return write_authors_folder(tmp_path / "authors")


@pytest.mark.parametrize("is_zipped", [False, True])
def test_the_authors_texts_and_tags(folder, tmp_path, is_zipped):
    splits = load(CorpusConfig("verwimp", str(make_zip(folder, tmp_path / "authors.zip") if is_zipped else folder)))
    assert set(splits.vocabulary.words) == {*WORDS, "<unk>", "shop", "<eos>"}
    assert (splits.name, splits.tag_set, len(splits.valid.streams)) == ("verwimp", "penn", 1)
    assert splits.vocabulary.decode(splits.test.streams[0][:3]) == ("the", "cat", "dogs")
    assert splits.lexicon.counts["saw"] == {"VBD": 1, "NN": 1, "VB": 1}
    nouns = [splits.vocabulary.words[i] for i in splits.lexicon.pairs(splits.vocabulary, "nouns")]
    assert nouns == ["cat", "dogs", "mary", "runs", "saw"]
    assert splits.facts["untagged_words"] == 1
    assert splits.facts["tags"] == 13
    assert splits.facts["coverage_types"] == pytest.approx(12 / 13, abs=1e-4)


def test_a_list_without_counts_knows_no_most_frequent_tag(folder):
    splits = load(CorpusConfig("verwimp", str(folder)))
    assert splits.valid.rules == ("any",)
    assert decoding_rule(splits.valid) == "any"
    assert not splits.lexicon.merge(Lexicon({"cat": {"NN": 2}}, "penn")).is_counted
    with pytest.raises(InvalidInputError, match=r"unknown rule for word types 'most': choices: any"):
        splits.lexicon.classes("saw", "most")


def test_texts_under_their_other_names_without_tags(folder):
    for part in ("train", "valid", "test"):
        (folder / f"ptb_{part}.txt").rename(folder / f"{part}.txt")
    (folder / "train.txt").write_text("the <UNK> ran\n" * 3)
    (folder / "ptb_words+pos.txt").unlink()
    splits = load(CorpusConfig("verwimp", str(folder)))
    assert splits.vocabulary.words == ("the", "<unk>", "ran", "<eos>")
    assert splits.valid.rules == ()
    (folder / "valid.txt").unlink()
    (folder / "test.txt").unlink()
    with pytest.raises(
        MissingInputError, match=r"holds no ptb_valid.txt and no ptb_test.txt; give the folder of the authors' files"
    ):
        load(CorpusConfig("verwimp", str(folder)))


@pytest.mark.parametrize(
    "spelling",
    ["saw VBD NN", "saw VBD,NN", "saw VBD|NN", "saw ['VBD', 'NN']", "saw\tVBD\tNN", "saw VBD\nsaw NN", "saw/VBD\nsaw/NN"],
)
def test_spellings_of_tags(spelling):
    assert read_word_tags([*spelling.split("\n"), "", ", ,", "zyx not in list"], "x") == ({"saw": ["VBD", "NN"], ",": [","]}, 1)


def test_lists_of_tags_that_are_none(folder):
    with pytest.raises(InvalidInputError, match=r"line 2 of x is 'alone'; expected a word and its tags"):
        read_word_tags(["a DT", "alone"], "x")
    with pytest.raises(InvalidInputError, match=r"x has no word with a tag; expected a word and its tags in each line"):
        read_word_tags(["a not in list"], "x")
    (folder / "ptb_words+pos.txt").write_text("cat QQ\n")
    with pytest.raises(InvalidInputError, match=r"the tags of .*words\+pos.txt are of no known tag set"):
        load(CorpusConfig("verwimp", str(folder)))


@pytest.mark.usefixtures("shapes_unchecked")
def test_settings_of_the_authors_corpus():
    with pytest.raises(InvalidInputError, match=r"corpus verwimp needs a path; give the folder that holds ptb_train.txt"):
        load(CorpusConfig("verwimp"))
    with pytest.raises(InvalidInputError, match=r"corpus verwimp has its own tags, but was given tags a"):
        load(CorpusConfig("verwimp", "x", tags=("a",)))
    config = read_preset("paper-ptb-authors")
    assert (config.corpus.name, config.corpus.vocabulary_size) == ("verwimp", 20_000), "which holds the paper's 10,921"


SPELLED = {
    "cbow.dict": lambda rows: "".join(f"{word}\t{row}\n" for word, row in rows.items()),
    "dict.txt": lambda rows: "".join(f"{row} {word}\n" for word, row in rows.items()),
    "cbow.json": json.dumps,
    "my_dict.json": lambda rows: json.dumps(sorted(rows, key=rows.get)),
}


@pytest.mark.parametrize("name", SPELLED)
def test_vectors_and_their_words(folder, name):
    rows = dict(zip(WORDS, range(len(WORDS)), strict=True))
    (folder / "cbow_wsj.dict").unlink()
    (folder / name).write_text(SPELLED[name](rows))
    words, vectors = verwimp_embeddings(folder)
    assert words == tuple(WORDS)
    np.testing.assert_array_equal(vectors, np.load(folder / "cbow_wsj_all.npy"))
    assert vectors.dtype == np.float64


def test_rows_of_no_word_are_left_out_and_the_order_is_that_of_the_rows(folder):
    (folder / "cbow_wsj.dict").write_text("b 5\na 2\n7 0\n")
    words, vectors = verwimp_embeddings(folder)
    assert words == ("7", "a", "b")
    np.testing.assert_array_equal(vectors, np.load(folder / "cbow_wsj_all.npy")[[0, 2, 5]])


def test_pickles_are_refused(folder):
    np.save(folder / "cbow_wsj_all.npy", np.array([{"the": [1.0]}], dtype=object))
    with pytest.raises(InvalidInputError, match=r"holds pickled Python objects, which can run code .* convert it once: a = numpy"):
        verwimp_embeddings(folder)
    (folder / "cbow_wsj.dict").write_bytes(pickle.dumps({"the": 0}))
    with pytest.raises(InvalidInputError, match=r"cbow_wsj.dict is pickled, .* write it as lines of a word and its row: for word"):
        read_rows(folder / "cbow_wsj.dict")


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros(3), r"has an array \(3,\); expected numbers by word and dimension"),
        (np.array([["a"]]), r"has an array \(1, 1\); expected numbers"),
        (np.array([[0.0], [np.nan]]), r"row 1 of .* has values that are NaN or infinite; get the file again"),
    ],
)
def test_arrays_that_are_no_vectors(folder, array, sentence):
    np.save(folder / "cbow_wsj_all.npy", array)
    with pytest.raises(InvalidInputError, match=sentence):
        verwimp_embeddings(folder)


def test_a_file_cut_off(folder):
    path = folder / "cbow_wsj_all.npy"
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(InvalidInputError, match=r"is not a whole array of numbers \(.*\); get it again"):
        verwimp_embeddings(folder)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("cbow.dict", "the 0 1\n", r"has the line 'the 0 1'; expected a word and its row in each"),
        ("cbow.dict", "the 0\ncat x\n", r"has the line 'cat x'; expected a word and its row, a number from 0"),
        ("cbow.dict", "the 0\ncat 0\n", r"gives row 0 to 'the' and to 'cat'; give each word a row of its own"),
        ("cbow.dict", "the 99\n", r"the dictionary gives 'the' row 99, and cbow_wsj_all.npy has 12 rows, from 0"),
        ("cbow.json", "{", r"cbow.json is not JSON \(.*\); give a word and its row per line"),
        ("cbow.json", '{"the": "0"}', r"holds no words with rows; expected JSON such as \{\"the\": 0\}"),
    ],
)
def test_dictionaries_that_do_not_fit(folder, name, text, sentence):
    (folder / "cbow_wsj.dict").unlink()
    (folder / name).write_text(text)
    with pytest.raises(InvalidInputError, match=sentence):
        verwimp_embeddings(folder)


def test_files_that_are_not_there(folder, tmp_path):
    (folder / "second.dict").write_text("the 0\n")
    with pytest.raises(InvalidInputError, match=r"holds several dictionaries, cbow_wsj.dict and second.dict; leave one of them"):
        verwimp_embeddings(folder)
    for name in ("cbow_wsj.dict", "second.dict"):
        (folder / name).unlink()
    with pytest.raises(MissingInputError, match=r"holds no dictionary of cbow_wsj_all.npy; put it there as cbow_wsj_all.dict"):
        verwimp_embeddings(folder)
    (folder / "cbow_wsj_all.npy").unlink()
    with pytest.raises(MissingInputError, match=r"holds no cbow_wsj_all.npy; give the folder of the authors' vectors"):
        verwimp_embeddings(folder)
    with pytest.raises(
        MissingInputError, match=r"there is no file or folder .*nowhere; give the path of a file, a folder or a zip archive"
    ):
        verwimp_embeddings(tmp_path / "nowhere")


def test_vectors_in_an_archive_and_beside_an_array(folder, tmp_path):
    words, vectors = verwimp_embeddings(folder)
    for path in (make_zip(folder, tmp_path / "authors.zip"), folder / "cbow_wsj_all.npy"):
        again, same = verwimp_embeddings(path)
        assert again == words
        np.testing.assert_array_equal(same, vectors)


def test_the_authors_unknown_word_is_written_as_in_their_texts(folder):
    (folder / "cbow_wsj.dict").write_text("<UNK> 1\nthe 0\n")
    assert verwimp_embeddings(folder)[0] == ("the", "<unk>")
    (folder / "cbow_wsj.dict").write_text("<UNK> 1\n<unk> 0\n")
    assert verwimp_embeddings(folder)[0] == ("<unk>", "<UNK>"), "which are two words then"


@pytest.mark.parametrize(("name", "text"), [("cbow.dict", "the 0\nthe 1\n"), ("cbow.json", '{"the": 0, "the": 1}')])
def test_a_word_with_two_rows(folder, name, text):
    (folder / "cbow_wsj.dict").unlink()
    (folder / name).write_text(text)
    with pytest.raises(InvalidInputError, match=r"gives 'the' row 0 and row 1; give each word one row"):
        verwimp_embeddings(folder)
