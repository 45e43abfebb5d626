import numpy as np
import pytest

from corpus.tagged_formats import SENTENCES, WRITERS, make_zip, slashed
from stategrad.corpus.normalisation import mikolov
from stategrad.corpus.sources import CorpusConfig, load
from stategrad.errors import InvalidInputError, MissingInputError

RAN = ("and", "mary", "ran", "quickly")


@pytest.mark.parametrize("is_zipped", [False, True])
def test_ptb_is_read_as_it_is(ptb_folder, tmp_path, is_zipped):
    path = make_zip(ptb_folder, tmp_path / "ptb.zip") if is_zipped else ptb_folder
    splits = load(CorpusConfig("ptb", str(path)))
    assert splits.vocabulary.words == ("the", "cat", "sat", "<eos>", "N", "dogs", *RAN, "<unk>", "is", "good", "on", "it")
    [stream] = splits.valid.streams
    assert " ".join(splits.vocabulary.decode(stream[:9])) == "the cat sat <eos> N dogs and mary ran"
    assert splits.valid.sentences[0][:5].tolist() == [0, 0, 0, 0, 1]
    assert (splits.valid.rules, splits.lexicon, splits.valid.name) == ((), None, "ptb/valid")
    assert splits.facts["unk_rate"] == pytest.approx(1 / 14, abs=1e-4)


def test_tags_by_type_from_files_written_otherwise(ptb_folder, tmp_path):
    (tmp_path / "tags.pos").write_text("The/DT cat/NN sat/VBD 3.5/CD dogs/NNS Mary/NNP is/VBZ %/NN ./.\n")
    splits = load(CorpusConfig("ptb", str(ptb_folder), (str(tmp_path / "tags.pos"),)))
    assert splits.valid.rules == ("any", "most")
    assert [splits.vocabulary.words[i] for i in splits.lexicon.pairs(splits.vocabulary, "nouns")] == ["cat", "dogs", "mary"]
    assert dict(splits.lexicon.counts["N"]) == {"CD": 1}
    assert splits.facts["tag_files"] == "tags.pos (pos; 53.8% of the word types)"
    parts = {part: getattr(splits, part) for part in ("train", "valid", "test")}
    assert {part: splits.facts[f"words_{part}"] for part in parts} == {name: part.facts["words"] for name, part in parts.items()}
    assert splits.facts["coverage_types"] == pytest.approx(7 / 13, abs=1e-4)
    assert splits.facts["coverage_tokens"] == pytest.approx(7 / 14, abs=1e-4), "of all words, <unk> among them"


def test_several_tag_files_are_counted_together(ptb_folder, tmp_path):
    (tmp_path / "a.txt").write_text("the/DT cat/NN sat/VBD\n")
    (tmp_path / "b.txt").write_text("cat NN B-NP\ngood JJ O\nbad ODD O\n" + "the DT O\n" * 200)
    one = load(CorpusConfig("ptb", str(ptb_folder), (str(tmp_path / "a.txt"), str(tmp_path / "b.txt"))))
    assert one.lexicon.counts["cat"] == {"NN": 2}
    assert one.lexicon.counts["good"] == {"JJ": 1}
    assert one.facts["foreign_tags"] == 1
    assert one.facts["tag_files"] == "a.txt (word/TAG; 23.1% of the word types), b.txt (conll2000; 23.1% of the word types)"


def test_numbers_and_escapes_as_in_mikolovs_text():
    assert [mikolov(word) for word in ("1,000.50", "1/2", "8:30", "-3", "3-4", "10.")] == ["N"] * 6
    assert [mikolov(word) for word in ("1980s", "10-year", "B-2", "n", "%", "And/Or")] == [
        "1980s",
        "10-year",
        "b-2",
        "n",
        "%",
        "and\\/or",
    ]


def test_text_in_one_file_is_cut_by_lines(tmp_path):
    (tmp_path / "novel.txt").write_text("".join(f"Word {i % 3} here\n" for i in range(100)))
    splits = load(CorpusConfig("text", str(tmp_path / "novel.txt")))
    assert [part.facts["sentences"] for part in (splits.train, splits.valid, splits.test)] == [80, 10, 10]
    assert splits.vocabulary.words == ("<unk>", "word", "0", "here", "<eos>", "1", "2")
    assert splits.vocabulary.decode(splits.valid.streams[0][:4]) == ("word", "2", "here", "<eos>")
    assert splits.valid.documents == ("novel",)


def test_text_in_three_files(tmp_path):
    for name, text in (("my-train.txt", "a b\na b\n"), ("dev.txt", "b\n"), ("latest_test.txt", "c a\n")):
        (tmp_path / name).write_text(text)
    splits = load(CorpusConfig("text", str(tmp_path), vocabulary_size=3))
    assert splits.vocabulary.words == ("<unk>", "a", "<eos>")
    assert splits.vocabulary.decode(splits.test.streams[0]) == ("<unk>", "a", "<eos>")
    assert splits.facts["unk_rate"] == 0.5


def test_text_files_that_are_not_one_per_part(tmp_path):
    (tmp_path / "train.txt").write_text("a\n")
    (tmp_path / "other.txt").write_text("a\n")
    with pytest.raises(MissingInputError, match=r"holds 2 files and none with 'valid' in its name; give one file, or one each"):
        load(CorpusConfig("text", str(tmp_path)))
    (tmp_path / "train2.txt").write_text("a\n")
    with pytest.raises(InvalidInputError, match=r"holds several files for 'train', train.txt and train2.txt; leave one of them"):
        load(CorpusConfig("text", str(tmp_path)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInputError, match=r"there are no text files in .*empty; give a text"):
        load(CorpusConfig("text", str(tmp_path / "empty")))


def test_a_text_too_short_to_be_split(tmp_path):
    (tmp_path / "a.txt").write_text("a b\nb a\n")
    with pytest.raises(
        InvalidInputError, match=r"corpus text has no words in its part valid and test; give a text with at least ten"
    ):
        load(CorpusConfig("text", str(tmp_path / "a.txt")))


@pytest.mark.parametrize("name", WRITERS)
def test_a_treebank_brings_gold_tags(tmp_path, name):
    file_name, write = WRITERS[name]
    (tmp_path / file_name).write_text(write(SENTENCES * 10))
    splits = load(CorpusConfig("treebank", str(tmp_path)))
    assert splits.tag_set == splits.valid.tag_set == ("universal" if name == "conllu" else "penn")
    assert splits.valid.rules == ("gold", "any", "most")
    assert {k: int(masks[0].sum()) for k, masks in splits.valid.groups().items()} == {
        "pronouns": 2,
        "nouns": 3,
        "verbs": 3,
        "adjectives": 1,
        "adverbs": 1,
        "conjunctions/prepositions": 2,
        "singular nouns": 2,
        "plural nouns": 1,
        "common nouns": 2,
        "proper nouns": 1,
    }
    assert (splits.facts["format"], splits.facts["documents"]) == (name, 1)


def test_many_tagged_files_are_split_as_whole_documents(tmp_path):
    for number in range(1, 21):
        (tmp_path / f"d{number:02d}.txt").write_text(slashed(SENTENCES))
    splits = load(CorpusConfig("treebank", str(tmp_path)))
    assert splits.valid.documents == ("d03", "d13")
    assert splits.test.documents == ("d06", "d16")
    assert len(splits.train.streams) == 16


def test_tagged_text_with_tags_of_no_set(tmp_path):
    (tmp_path / "a.pos").write_text("a/QQ b/QQ\n")
    with pytest.raises(InvalidInputError, match=r"the tags of .* are of no known tag set"):
        load(CorpusConfig("treebank", str(tmp_path)))
    (tmp_path / "a.pos").unlink()
    (tmp_path / "a.conllu").write_text("\t".join(["1", "a", *"________"]) + "\n")
    with pytest.raises(InvalidInputError, match=r"is read as conllu and has no tag on any word"):
        load(CorpusConfig("treebank", str(tmp_path)))


def test_tag_files_of_another_language_or_another_tag_set(ptb_folder, tmp_path):
    (tmp_path / "foreign.txt").write_text("der/DT Hund/NN N/CD\n")
    with pytest.raises(
        InvalidInputError,
        match=r"foreign.txt are not those of the text: its 3 word types hold 0 of the 12 words with letters of the text, 0.0% of",
    ):
        load(CorpusConfig("ptb", str(ptb_folder), (str(tmp_path / "foreign.txt"),)))
    (tmp_path / "rare.txt").write_text("the/DT\n")
    (tmp_path / "long").write_text("".join(f"the word{i}x\n" * 2 for i in range(200)))
    with pytest.raises(
        InvalidInputError, match=r"the 1 word types of .*rare.txt hold 0.6% of the 163 words of the text; give more tagged"
    ):
        load(CorpusConfig("text", str(tmp_path / "long"), (str(tmp_path / "rare.txt"),)))
    (tmp_path / "penn.txt").write_text("the/DT cat/NN\n")
    (tmp_path / "brown.txt").write_text("the/at cat/nn\n")
    with pytest.raises(InvalidInputError, match=r"brown.txt is tagged in tag set brown and .*penn.txt in penn; give files of one"):
        load(CorpusConfig("ptb", str(ptb_folder), (str(tmp_path / "penn.txt"), str(tmp_path / "brown.txt"))))
    with pytest.raises(InvalidInputError, match=r"ptb.test.txt matches no format of tagged text"):
        load(CorpusConfig("ptb", str(ptb_folder), (str(ptb_folder),)))


def test_ptb_that_is_tagged(ptb_folder):
    (ptb_folder / "ptb.valid.txt").write_text(slashed(SENTENCES))
    with pytest.raises(InvalidInputError, match=r"ptb.valid.txt is tagged text \(word/TAG\) and not plain"):
        load(CorpusConfig("ptb", str(ptb_folder)))


def test_ptb_without_all_its_files(ptb_folder):
    (ptb_folder / "ptb.valid.txt").unlink()
    (ptb_folder / "ptb.test.txt").unlink()
    with pytest.raises(MissingInputError, match=r"holds no ptb.valid.txt and no ptb.test.txt; give the folder or zip of Mikolov's"):
        load(CorpusConfig("ptb", str(ptb_folder)))


def test_synthetic_takes_its_size_from_the_settings():
    splits = load(CorpusConfig("synthetic", tokens=4000, vocabulary_size=150, seed=1))
    assert splits.name == "synthetic"
    assert len(splits.vocabulary) <= 150
    assert splits.facts["seed"] == 1


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (CorpusConfig("ptb"), "corpus ptb needs a path; give the folder or zip that holds ptb.train.txt"),
        (CorpusConfig("treebank"), "corpus treebank needs a path; give a file, folder or zip of tagged text"),
        (CorpusConfig("text"), "corpus text needs a path; give a text file, or a folder"),
        (CorpusConfig("synthetic", "x"), "corpus synthetic is generated and takes no path, but was given x; leave it out"),
        (CorpusConfig("brown", tags=("a", "b")), "corpus brown has its own tags, but was given tags a, b; leave them out"),
        (CorpusConfig("brown", vocabulary_size=2), "vocabulary_size is 2; give at least 3"),
        (CorpusConfig("synthetic", "x", vocabulary_size=1), "2 problems with the corpus settings: .* Also: vocabulary_size is 1"),
    ],
)
def test_settings_that_do_not_go_together(config, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        load(config)


@pytest.mark.usefixtures("shapes_unchecked")
def test_settings_of_the_wrong_kind(ptb_folder):
    with pytest.raises(InvalidInputError, match=r"unknown corpus 'bronw': did you mean 'brown'"):
        load(CorpusConfig("bronw"))
    with pytest.raises(InvalidInputError, match=r"tags is the string 'tags.zip'; give a list of paths"):
        load(CorpusConfig("ptb", str(ptb_folder), "tags.zip"))
    with pytest.raises(InvalidInputError, match=r"the corpus is given as 'ptb'; give its settings, such as sg.CorpusConfig\(name="):
        load("ptb")
    with pytest.raises(
        InvalidInputError, match=r"2 problems .* vocabulary_size is 2.5; give a whole number. Also: tokens is 'many'"
    ):
        load(CorpusConfig("synthetic", tokens="many", vocabulary_size=2.5))


@pytest.mark.parametrize("name", ["ptb", "treebank", "text", "brown"])
def test_a_path_that_is_not_there(name, tmp_path):
    with pytest.raises(MissingInputError, match=r"there is no file or folder .*nowhere"):
        load(CorpusConfig(name, str(tmp_path / "nowhere")))


def test_a_tag_file_that_is_not_there(ptb_folder):
    with pytest.raises(MissingInputError, match=r"there is no file or folder nowhere.zip"):
        load(CorpusConfig("ptb", str(ptb_folder), ("nowhere.zip",)))


def test_the_training_part_can_be_cut_short_with_the_same_words():
    whole = load(CorpusConfig(name="synthetic", tokens=6_000))
    part = load(CorpusConfig(name="synthetic", tokens=6_000, train_words=1_000))
    assert part.train.size == 1_000
    ids = np.concatenate(whole.train.streams)[:1_000]
    np.testing.assert_array_equal(np.concatenate(part.train.streams), ids)
    assert [len(numbers) for numbers in part.train.sentences] == [len(stream) for stream in part.train.streams]
    assert len(part.train.documents) == len(part.train.streams)
    assert part.vocabulary.words == whole.vocabulary.words
    assert (part.valid.sha256, part.test.sha256) == (whole.valid.sha256, whole.test.sha256)
    assert part.train.facts["tokens"] == 1_000
    assert part.train.facts["words"] + part.train.facts["sentences"] == 1_000
    if whole.train.tags is not None:
        assert [len(tags) for tags in part.train.tags] == [len(stream) for stream in part.train.streams]
    assert load(CorpusConfig(name="synthetic", tokens=6_000, train_words=whole.train.size)).train.sha256 == whole.train.sha256


def test_more_words_to_train_on_than_there_are_are_refused():
    with pytest.raises(InvalidInputError, match=r"train_words is 900,000; synthetic/train has [\d,]+ words, leave it out"):
        load(CorpusConfig(name="synthetic", tokens=6_000, train_words=900_000))
    with pytest.raises(InvalidInputError, match="train_words is 0; give at least 1"):
        load(CorpusConfig(name="synthetic", train_words=0))
